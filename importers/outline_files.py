"""Opening outline files: GeoPackage, GeoJSON, shapefile and KML, plain, zipped or gzipped.

`read_features` is what the child process runs. It trusts neither names nor contents: a file is
what its first bytes say, it is copied under a name of ours, and GDAL may use the one driver of
that format.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import Refusal
from importers.outline_features import Features, UnreadableOutlines, from_geojson, judged
from importers.sandbox import MAX_UNPACKED, UnsafeFile, unpack
from importers.table import Value

FORMATS = ".gpkg, .geojson, .json, .shp, .kml, or one of them as .zip or .gz"
_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_CODE_PAGES = {
    "65001": "utf-8",
    "936": "gb18030",
    "cp936": "gb18030",
    "ansi 936": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
}
_CHINESE_LDID = (0x4D, 0x7A)


class UnsupportedFormat(Refusal):
    """A format that outlines are not read from."""

    code = "file.unsupported"
    sentence = "{file}: outlines are read from {formats}; save it as one of these."


class ChooseLayer(Refusal):
    """A file with several layers, and none or an unknown one named."""

    code = "file.choose_layer"
    sentence = "{file} has the layers {layers}: say which one with --layer."


def read_features(path: str, name: str, layer: str | None, encoding: str | None) -> Features:
    """Return the features of a file; run this in a child process.

    Parameters
    ----------
    path
        Where the file lies.
    name
        What it was called by its sender.

    Raises
    ------
    UnsupportedFormat, UnsafeFile, UnreadableOutlines, ChooseLayer
        If the file cannot be read as outlines.
    """
    # Read when the drivers are registered, that is when pyogrio is imported; never another format.
    os.environ["OGR_SKIP"] = os.environ["GDAL_SKIP"] = "VRT,OGR_VRT"
    os.environ["SHAPE_RESTORE_SHX"] = "YES"
    os.environ["GDAL_DISABLE_READDIR_ON_OPEN"] = "EMPTY_DIR"
    os.environ["CPL_VSIL_CURL_ALLOWED_EXTENSIONS"] = "none"
    with tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        source, reader = _prepared(Path(path), name, Path(folder))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about M values and rings, all of which we judge
            return reader(source, name, layer, encoding)


_Reader = Callable[[Path, str, str | None, str | None], Features]


def _prepared(path: Path, name: str, folder: Path) -> tuple[Path, _Reader]:
    """Return the file to read, in the folder under a name of ours, and what reads it."""
    if "/vsi" in str(path) or path.stat().st_size > MAX_UNPACKED:
        raise UnsafeFile(file=name, reason="it is no plain file of at most 512 MiB")
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"PK"):
        (folder / "unpacked").mkdir()
        return _of_several(unpack(path, folder / "unpacked"), name, folder)
    if head.startswith(b"\x1f\x8b"):
        inner = folder / "unpacked"
        _gunzip(path, inner, name)
        return _prepared(inner, name.removesuffix(".gz"), _made(folder / "inner"))
    if path.suffix.lower() == ".shp" or head[:4] == b"\x00\x00\x27\x0a":
        return _of_several(_siblings(path), name, folder)
    return _single(path, head, name, folder)


def _single(path: Path, head: bytes, name: str, folder: Path) -> tuple[Path, _Reader]:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"SQLite format 3\x00"):
        return _copied(path, folder / "outlines.gpkg"), _read_geopackage
    if text.startswith(b"{"):
        return path, _read_geojson
    if text.startswith(b"<") and b"<kml" in path.read_bytes()[:4096]:
        return _copied(path, folder / "outlines.kml"), _read_kml
    raise UnsupportedFormat(file=name, formats=FORMATS)


def _of_several(files: list[Path], name: str, folder: Path) -> tuple[Path, _Reader]:
    """Return the one readable file of a folder or archive."""
    shapes = [file for file in files if file.suffix.lower() == ".shp"]
    others = [
        file for file in files if file.suffix.lower() in (".gpkg", ".geojson", ".json", ".kml")
    ]
    if len(shapes) + len(others) != 1:
        raise UnreadableOutlines(
            file=name, reason="it must hold exactly one .gpkg, .geojson, .json, .shp or .kml"
        )
    if others:
        with others[0].open("rb") as file:
            return _single(others[0], file.read(512), name, folder)
    own = _made(folder / "shapefile")
    for file in files:
        same = file.stem.lower() == shapes[0].stem.lower()
        if same and file.suffix.lower() in _SHAPEFILE_PARTS:
            _copied(file, own / f"outlines{file.suffix.lower()}")
    with (own / "outlines.shp").open("rb") as file:
        if file.read(4) != b"\x00\x00\x27\x0a":
            raise UnreadableOutlines(file=name, reason="its .shp is no shapefile")
    return own / "outlines.shp", _read_shapefile


def _siblings(path: Path) -> list[Path]:
    """Return the files that make up the shapefile a path belongs to."""
    return [
        other
        for other in path.parent.iterdir()
        if other.stem.lower() == path.stem.lower() and other.suffix.lower() in _SHAPEFILE_PARTS
    ]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _copied(source: Path, target: Path) -> Path:
    shutil.copyfile(source, target)
    return target


def _gunzip(path: Path, target: Path, name: str) -> None:
    left = MAX_UNPACKED
    try:
        with gzip.open(path) as packed, target.open("wb") as out:
            while chunk := packed.read(1 << 20):
                left -= len(chunk)
                if left < 0:
                    raise UnsafeFile(file=name, reason="it unpacks to more than 512 MiB")
                out.write(chunk)
    except (gzip.BadGzipFile, EOFError) as error:
        raise UnreadableOutlines(file=name, reason=str(error)) from None


def _read_geojson(path: Path, name: str, layer: str | None, encoding: str | None) -> Features:
    raw = path.read_bytes()
    if encoding:
        try:
            raw = raw.decode(encoding).encode()
        except (UnicodeDecodeError, LookupError) as error:
            raise UnreadableOutlines(file=name, reason=str(error)) from None
    return from_geojson(raw.removeprefix(b"\xef\xbb\xbf"), name)


def _read_geopackage(path: Path, name: str, layer: str | None, encoding: str | None) -> Features:
    import pyogrio  # noqa: PLC0415 - after the drivers were chosen

    try:
        layers = [str(row[0]) for row in pyogrio.list_layers(path) if row[1] is not None]
    except pyogrio.errors.DataSourceError as error:
        raise UnreadableOutlines(file=name, reason=str(error)) from None
    if layer is None and len(layers) == 1:
        layer = layers[0]
    if layer not in layers:
        raise ChooseLayer(file=name, layers=", ".join(layers))
    return _read_layer(path, name, "GPKG", layer, "utf-8")


def _read_kml(path: Path, name: str, layer: str | None, encoding: str | None) -> Features:
    """Return the placemarks of every folder; what a reader gives by default is the first alone."""
    import pyogrio  # noqa: PLC0415 - after the drivers were chosen

    try:
        folders = [str(row[0]) for row in pyogrio.list_layers(path)]
    except pyogrio.errors.DataSourceError as error:
        raise UnreadableOutlines(file=name, reason=str(error)) from None
    whole = Features([], [], {}, None, "utf-8")
    for folder in folders if layer is None else [layer]:
        if folder not in folders:
            raise ChooseLayer(file=name, layers=", ".join(folders))
        read = _read_layer(path, name, "LIBKML", folder, "utf-8")
        n = len(whole.outlines)
        whole.details |= {n + at: detail for at, detail in read.details.items()}
        for heading, values in read.columns.items():
            whole.columns.setdefault(heading, [None] * n).extend(values)
        whole.outlines += read.outlines
        whole.problems += read.problems
        for column in whole.columns.values():
            column.extend([None] * (len(whole.outlines) - len(column)))
    return whole


def _read_shapefile(path: Path, name: str, layer: str | None, encoding: str | None) -> Features:
    table = path.with_suffix(".dbf")
    code_page = path.with_suffix(".cpg")
    told = code_page.read_text("latin-1").strip() if code_page.exists() else None
    with_table = table.exists() and table.stat().st_size > 32
    ldid = table.read_bytes()[29] if with_table else 0
    code_page.unlink(missing_ok=True)
    restored = not path.with_suffix(".shx").exists()
    features = _read_layer(path, name, "ESRI Shapefile", None, "ISO-8859-1")
    features.columns, features.encoding = _decoded(features.columns, encoding, told, ldid, name)
    if restored:
        features.notes.append({"code": "shapefile.no_shx"})
    if not with_table:
        features.notes.append({"code": "shapefile.no_dbf"})
        features.columns = {}
    return features


def _read_layer(path: Path, name: str, driver: str, layer: str | None, encoding: str) -> Features:
    import pyogrio  # noqa: PLC0415 - after the drivers were chosen

    try:
        info = pyogrio.read_info(path, layer=layer, encoding=encoding)
        if info["driver"] != driver:
            raise UnsafeFile(file=name, reason=f"it is a file of the format {info['driver']}")
        meta, _, blobs, values = pyogrio.raw.read(
            path,
            layer=layer,
            encoding=encoding,
            columns=None if len(info["fields"]) else [],
            datetime_as_string=True,
        )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise UnreadableOutlines(file=name, reason=str(error)) from None
    if blobs is None:
        raise UnreadableOutlines(file=name, reason="the layer has no shapes")
    absent = np.array([blob is None for blob in blobs], dtype=np.bool_)
    shapes = shapely.from_wkb(blobs, on_invalid="ignore")
    features = judged(list(shapes), "outline.unreadable")
    features.problems = [
        "outline.missing" if missing else problem
        for missing, problem in zip(absent, features.problems, strict=True)
    ]
    features.columns = {
        str(heading): [_plain(value) for value in column.tolist()]
        for heading, column in zip(meta["fields"], values, strict=True)
    }
    features.crs, features.encoding = meta["crs"], encoding.lower()
    return features


def _plain(value: Any) -> Value:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and np.isnan(value):
        return None
    return value  # type: ignore[no-any-return]


def _decoded(
    columns: dict[str, list[Value]], given: str | None, told: str | None, ldid: int, name: str
) -> tuple[dict[str, list[Value]], str]:
    """Return names and texts of a shapefile in their own letters, and the encoding found.

    They come as Latin-1, which keeps every byte. The user's word is obeyed; the code page file is
    believed when it fits, but often it does not, so strict UTF-8 and then GB18030 are tried.
    """
    raw = [heading.encode("latin-1") for heading in columns]
    raw += [
        value.encode("latin-1", "ignore")
        for column in columns.values()
        for value in column
        if isinstance(value, str)
    ]
    used = _encoding(raw, given, told, ldid, name)

    def letters(value: Value) -> Value:
        if not isinstance(value, str):
            return value
        # A name cut in the middle of a letter by the ten bytes it may have loses that letter.
        return value.encode("latin-1", "ignore").decode(used, "ignore")

    return {
        str(letters(heading)): [letters(value) for value in column]
        for heading, column in columns.items()
    }, used


def _encoding(raw: list[bytes], given: str | None, told: str | None, ldid: int, name: str) -> str:
    if given:
        if not _fits(raw, given):
            raise UnreadableOutlines(file=name, reason=f"its texts are not in {given}")
        return given
    told = _CODE_PAGES.get((told or "").lower(), told)
    if told and told.isdigit():
        told = f"cp{told}"
    beyond = [text for text in raw if not text.isascii()]
    if not beyond:
        return "utf-8"
    candidates = ["utf-8"]
    if told and told.lower() not in ("oem", "utf-8", "utf8"):
        candidates.insert(0, told)
    for candidate in candidates:
        if _fits(beyond, candidate):
            return candidate
    if _fits(beyond, "gb18030") and (ldid in _CHINESE_LDID or _looks_chinese(beyond)):
        return "gb18030"
    return "cp1252" if _fits(beyond, "cp1252") else "latin-1"


def _fits(raw: list[bytes], encoding: str) -> bool:
    try:
        for text in raw:
            text.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        # The last letter may have been cut by the ten bytes of a name or the 254 of a text.
        if encoding not in ("utf-8", "gb18030"):
            return False
        return all(_fits_but_for_its_end(text, encoding) for text in raw)
    return True


def _fits_but_for_its_end(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start >= len(text) - 3 and len(text) in (9, 10, 253, 254)
    return True


def _looks_chinese(raw: list[bytes]) -> bool:
    """Return whether most letters beyond ASCII are common Chinese ones.

    Western accents stand alone between plain letters; read as GB18030 they make rare ideographs.
    """
    letters = [
        letter
        for text in raw
        for letter in text.decode("gb18030", "ignore")
        if not letter.isascii()
    ]
    common: NDArray[np.bool_] = np.array([_is_common(letter) for letter in letters], dtype=np.bool_)
    return bool(common.size and common.mean() >= 0.5)


def _is_common(letter: str) -> bool:
    try:
        return len(letter.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False
