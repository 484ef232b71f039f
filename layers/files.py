"""Tables and outlines written to files that others open; the format is the extension."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from geo.errors import Refusal
from geo.lattice import Geometries
from grids.spreadsheet import disarmed

# What dBASE allows for the name of a field.
DBF_NAME_BYTES = 10
OUTLINE_FORMATS = (".gpkg", ".geojson", ".shp.zip", ".kml", ".xlsx", ".csv", ".parquet")


class UnknownFormat(Refusal):
    """An extension that no writer is known for."""

    code = "export.format"
    sentence = "{file}: give one of {formats}."


def extension(path: Path) -> str:
    """Return the extension that decides, `.shp.zip` counted as one.

    Raises
    ------
    UnknownFormat
        If nothing is written under it.
    """
    name = path.name.lower()
    for known in OUTLINE_FORMATS:
        if name.endswith(known):
            return known
    raise UnknownFormat(file=path.name, formats=" ".join(OUTLINE_FORMATS))


def write(path: Path, columns: Mapping[str, Sequence[Any]], shapes: Geometries | None) -> None:
    """Write rows, with their shapes where the format has any, so that no half file is left behind.

    Parameters
    ----------
    columns
        Heading -> values, all of one length. Codes are text and stay text.
    shapes
        In CGCS2000 degrees (EPSG:4490); none for a plain table. KML is written in WGS84, from
        which CGCS2000 differs by decimetres.

    Raises
    ------
    UnknownFormat
        If the extension is none of ours.
    """
    kind = extension(path)
    partial = path.with_name(f".{path.name}.part{kind}")
    try:
        if kind == ".csv":
            _write_csv(partial, columns)
        elif kind == ".xlsx":
            _write_xlsx(partial, columns)
        else:
            _write_shapes(partial, path, kind, columns, shapes)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows(
            [disarmed(value) for value in row] for row in zip(*columns.values(), strict=True)
        )


def _write_xlsx(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for j, heading in enumerate(columns):
            sheet.write_string(0, j, heading)
        for i, row in enumerate(zip(*columns.values(), strict=True), start=1):
            for j, value in enumerate(row):
                if isinstance(value, bool | int | float):
                    sheet.write(i, j, value)
                elif value is not None:
                    sheet.write_string(i, j, str(value))


def _write_shapes(
    partial: Path,
    path: Path,
    kind: str,
    columns: Mapping[str, Sequence[Any]],
    shapes: Geometries | None,
) -> None:
    import geopandas  # noqa: PLC0415  pandas takes half a second to import

    frame = geopandas.GeoDataFrame(dict(columns), geometry=shapes, crs="EPSG:4490")
    # GDAL would name the layer after the unfinished file.
    layer = path.name.removesuffix(kind)
    if kind == ".parquet":
        frame.to_parquet(partial)
    elif kind == ".kml":
        frame.to_crs("EPSG:4326").to_file(partial, driver="KML", layer=layer)
    elif kind == ".geojson":
        # RFC 7946 knows no other datum; seven decimals are the lattice.
        frame.to_file(partial, driver="GeoJSON", layer=layer, COORDINATE_PRECISION=7)
    elif kind == ".shp.zip":
        short = dict(zip(columns, short_names(columns), strict=True))
        frame.rename(columns=short).to_file(
            partial, driver="ESRI Shapefile", layer=layer, encoding="UTF-8"
        )
    else:
        frame.to_file(partial, driver="GPKG", layer=layer)


def short_names(headings: Iterable[str]) -> list[str]:
    """Return headings as a Shapefile can hold them: at most ten bytes, each of its own.

    Ours lose the words for their kind (`parent_code` becomes `parent`); others are cut, never
    inside a character, and numbered where that would make two the same.
    """
    found: list[str] = []
    for heading in headings:
        plain = heading.removeprefix("n_").removesuffix("_code") or heading
        name = _cut(plain, DBF_NAME_BYTES)
        number = 1
        while name.casefold() in (taken.casefold() for taken in found):
            number += 1
            name = _cut(plain, DBF_NAME_BYTES - len(str(number))) + str(number)
        found.append(name)
    return found


def _cut(text: str, n_bytes: int) -> str:
    return text.encode()[:n_bytes].decode(errors="ignore")
