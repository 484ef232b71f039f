"""What a file looks like before anything of it is taken: format, columns, first rows, places.

Strange files are read in a child process; what comes back are plain values. The child starts with
the imports of this module, so they are few: neither the database nor the importers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import python_calamine
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.datum import Datum, Epsg, parse_datum, to_cgcs2000_array
from importers import sandbox
from importers.fields import Declared, fields_of, known_headings, propose
from importers.outline_files import ChooseLayer, read_features
from importers.positions import read_positions
from importers.sandbox import UnsafeFile, check_archive
from importers.table import Value, as_text, read_table

SHOWN_ROWS = 50
SHOWN_PLACES = 500
TABLES = (".csv", ".csv.gz", ".txt", ".tsv", ".xlsx", ".xlsm", ".ods")
SHAPES = (".gpkg", ".geojson", ".json", ".kml", ".zip", ".geojson.gz", ".json.gz")
_WORKBOOKS = (".xlsx", ".xlsm", ".ods")
_WIDEST = 200  # letters of a cell that a screen shows


@dataclass(frozen=True, slots=True)
class Recognised:
    """How a file is understood; all of it fit for JSON.

    Attributes
    ----------
    format
        `table` or `outlines`.
    encoding
        Of a CSV or shapefile, found or as it was given.
    layers, layer
        Layers of a GeoPackage, sheets of a workbook, and the one that was read; none yet where
        somebody has to choose.
    headings
        In the order of the file.
    first_row
        Number of the first row under the headings, as a spreadsheet counts; 1 for outlines.
    fields
        The fields of the kind: `{"name", "label", "required"}`.
    columns
        Our field -> heading, as far as it is known.
    crs
        What the file itself says of its coordinates, as `EPSG:n`.
    needs_datum
        Whether there are coordinates and the file does not say of what datum.
    rows
        The first 50 rows as text, each led by its number.
    places
        Up to 500 positions spread over the file, as they stand in it.
    """

    format: str
    encoding: str | None
    layers: list[str]
    layer: str | None
    headings: list[str]
    n_rows: int
    first_row: int
    fields: list[dict[str, Any]]
    columns: dict[str, str]
    crs: str | None
    needs_datum: bool
    rows: list[list[str]] = field(default_factory=list)
    places: list[list[float]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return asdict(self)


def columns_of(kind: str) -> str:
    """Return under which name the headings of a kind are known."""
    return "outlines" if kind in ("grids", "subgroups") else kind


def recognise(
    path: Path,
    kind: str,
    *,
    declared: Declared | None = None,
    layer: str | None = None,
    encoding: str | None = None,
) -> Recognised:
    """Return how a file would be read as rows or outlines of a kind.

    Raises
    ------
    UnknownField
        If a declared field or heading does not exist.
    UnreadableTable, UnsupportedFormat, UnsafeFile, UnreadableOutlines
        If it cannot be read as this kind.
    TooHard
        If reading it takes more than it is worth.
    """
    is_table = path.name.lower().endswith(TABLES)
    found: Recognised = sandbox.run(
        _table if is_table else _outlines,
        path.resolve(),
        kind,
        declared or Declared(),
        layer,
        encoding,
        what=f"reading {path.name}",
        without=("geopandas", "pandas", "pyarrow"),
    )
    return found


def placed(places: Sequence[Sequence[float]], datum: Datum | Epsg) -> NDArray[np.float64]:
    """Return positions of a file in CGCS2000 degrees, those that are nowhere on Earth left out."""
    given = np.array(places, dtype=np.float64).reshape(-1, 2)
    xy = to_cgcs2000_array(given, datum)
    on_earth = (np.abs(xy[:, 0]) <= 180) & (np.abs(xy[:, 1]) <= 90)
    return xy[on_earth]


def _table(
    path: Path, kind: str, declared: Declared, layer: str | None, encoding: str | None
) -> Recognised:
    name = path.name.lower()
    sheets: list[str] = []
    if name.endswith(_WORKBOOKS):
        check_archive(path)
        sheets = _sheets(path)
        if layer is None and sheets:
            layer = sheets[0]
    elif not name.endswith(".gz"):
        with path.open("rb") as file:
            if b"\0" in file.read(4096):
                raise UnsafeFile(file=path.name, reason="it is no text")
    known = columns_of(kind)
    words = [*known_headings(known), *declared.fields.values()]
    table = read_table(path, encoding=encoding, sheet=layer, known=words)
    columns = propose(known, table.headings, declared)
    texts = [table.columns[heading][:SHOWN_ROWS] for heading in table.headings]
    numbers = [str(number) for number in table.row_numbers[:SHOWN_ROWS]]
    places: list[list[float]] = []
    if "lon" in columns and "lat" in columns:
        places = _places(table.columns[columns["lon"]], table.columns[columns["lat"]])
    return Recognised(
        format="table",
        encoding=table.encoding,
        layers=sheets,
        layer=layer,
        headings=list(table.headings),
        n_rows=len(table),
        first_row=table.row_numbers[0] if len(table) else 2,
        fields=_fields(known),
        columns=columns,
        crs=None,
        needs_datum=bool(places),
        rows=[list(row) for row in zip(numbers, *map(_shown, texts), strict=True)],
        places=places,
    )


def _sheets(path: Path) -> list[str]:
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise UnsafeFile(file=path.name, reason=f"it is no workbook: {error}") from None
    return list(book.sheet_names)


def _outlines(
    path: Path, kind: str, declared: Declared, layer: str | None, encoding: str | None
) -> Recognised:
    known = columns_of(kind)
    try:
        features = read_features(str(path), path.name, layer, encoding)
    except ChooseLayer as refusal:
        return Recognised(
            format="outlines",
            encoding=None,
            layers=str(refusal.facts["layers"]).split(", "),
            layer=None,
            headings=[],
            n_rows=0,
            first_row=1,
            fields=_fields(known),
            columns={},
            crs=None,
            needs_datum=False,
        )
    headings = list(features.columns)
    numbers = [str(i + 1) for i in range(min(SHOWN_ROWS, len(features.outlines)))]
    texts = [features.columns[heading][:SHOWN_ROWS] for heading in headings]
    crs = _epsg(features.crs)
    shapes = np.array([shape for shape in features.outlines if shape is not None], dtype=np.object_)
    bounds = shapely.bounds(shapes[_spread(len(shapes))]) if len(shapes) else np.empty((0, 4))
    middles = np.column_stack([bounds[:, [0, 2]].mean(axis=1), bounds[:, [1, 3]].mean(axis=1)])
    return Recognised(
        format="outlines",
        encoding=features.encoding,
        layers=[] if layer is None else [layer],
        layer=layer,
        headings=headings,
        n_rows=len(features.outlines),
        first_row=1,
        fields=_fields(known),
        columns=propose(known, headings, declared),
        crs=crs,
        needs_datum=crs is None,
        rows=[list(row) for row in zip(numbers, *map(_shown, texts), strict=True)],
        places=middles[np.isfinite(middles).all(axis=1)].tolist(),
    )


def _epsg(crs: str | None) -> str | None:
    if not crs:
        return None
    if "CRS84" in crs.upper():
        return "EPSG:4326"
    try:
        code = CRS.from_user_input(crs).to_epsg(min_confidence=25)
    except CRSError:
        return None
    return f"EPSG:{code}" if code else None


def _fields(known: str) -> list[dict[str, Any]]:
    """Return the fields of a kind; the label is the first Chinese heading known for it."""
    return [
        {
            "name": name,
            "label": next((h for h in one.headings if not h.isascii()), name),
            "required": one.required,
        }
        for name, one in fields_of(known).items()
    ]


def _shown(column: Sequence[Value]) -> list[str]:
    return [as_text(value)[:_WIDEST] for value in column]


def _spread(n: int) -> NDArray[np.intp]:
    """Return at most 500 of n indices, evenly spread."""
    return np.unique(np.linspace(0, n - 1, min(n, SHOWN_PLACES)).astype(np.intp))


def _places(xs: list[Value], ys: list[Value]) -> list[list[float]]:
    filled = [i for i, x in enumerate(xs) if as_text(x)]
    chosen = [filled[i] for i in _spread(len(filled))] if filled else []
    found = read_positions(
        [xs[i] for i in chosen], [ys[i] for i in chosen], parse_datum(Datum.CGCS2000.value)
    ).given
    return found[np.isfinite(found).all(axis=1)].tolist()  # type: ignore[no-any-return]
