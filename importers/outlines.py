"""Outlines out of files, in CGCS2000, with everything that could not be taken and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.datum import CHOICES, Datum, Epsg, parse_datum, to_cgcs2000_array
from geo.errors import Refusal, UndeclaredDatum, UnsupportedDatum
from geo.lattice import Geometries
from importers import sandbox
from importers.outline_features import MAX_VERTICES, PROBLEMS, Features
from importers.outline_files import read_features
from importers.row_problems import RowProblem
from importers.table import Value

DEGREES = {4326, 4490}


class ConflictingDatum(Refusal):
    """Degrees were declared for a file in metres, or the other way round."""

    code = "datum.conflict"
    sentence = "{declared} was declared, but the file says {found}: one counts degrees, one metres."


@dataclass(frozen=True, slots=True)
class BadFeature:
    """A feature that could not be read: its row in the file and what is wrong with it."""

    row: int
    problem: RowProblem

    @property
    def code(self) -> str:
        """The code of the problem."""
        return self.problem.code

    @property
    def message(self) -> str:
        """The English sentence, worded to stand inside another."""
        said = self.problem.message.removesuffix(".")
        return said[0].lower() + said[1:]


@dataclass(frozen=True, eq=False)
class OutlineTable:
    """Features of a file, all of them, in file order.

    Attributes
    ----------
    rows
        Row numbers, 1 for the first feature.
    outlines
        Polygons and multipolygons in CGCS2000 degrees, valid or not; None where refused.
    columns
        Attribute values by heading, one for each row.
    refusals
        The features without an outline.
    datum
        What the coordinates were read as; `declared` says whether the sender said so or the file.
    notes
        What the reader should know: `{"code", ...facts}`.
    """

    rows: tuple[int, ...]
    outlines: Geometries
    columns: dict[str, list[Value]]
    refusals: tuple[BadFeature, ...]
    datum: Datum | Epsg
    declared: bool
    encoding: str | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of features, refused ones counted."""
        return len(self.rows)

    def given(self, index: int) -> dict[str, Value]:
        """Return the attributes of a feature as they stood in the file."""
        return {heading: column[index] for heading, column in self.columns.items()}


def read_outlines(
    path: Path,
    *,
    name: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    datum: str | None = None,
) -> OutlineTable:
    """Return the outlines of a GeoPackage, GeoJSON, shapefile or KML, plain, zipped or gzipped.

    Parameters
    ----------
    name
        What the sender called the file, when it lies under another name.
    layer
        Of a file with several.
    encoding
        Of a shapefile's texts; found by trying when not given.
    datum
        What the sender declares (`wgs84`, `cgcs2000`, `gcj02`, `bd09`, `EPSG:n`). It counts more
        than what the file says, for files of shifted coordinates say WGS84 as a rule. When nothing
        is declared, what the file says is taken.

    Raises
    ------
    UndeclaredDatum
        If neither the sender nor the file says what the coordinates are.
    UnsupportedDatum, ConflictingDatum
        If the coordinates cannot be brought to CGCS2000 truthfully.
    UnsupportedFormat, UnsafeFile, UnreadableOutlines, ChooseLayer
        If the file cannot be read as outlines.
    TooHard
        If reading it took more than 60 s of computing or 4 GiB, or broke the reader.
    """
    name = name or path.name
    chosen = parse_datum(datum) if datum else None
    features: Features = sandbox.run(
        read_features,
        str(path.resolve()),
        name,
        layer,
        encoding,
        what=f"reading {name}",
        without=("geopandas", "pandas", "pyarrow"),
    )
    system = _system(features.crs)
    used = _agreed(chosen, system, features.crs)
    outlines, problems = _placed(features, used)
    notes = [{"code": "datum.used", "datum": str(used), "declared": chosen is not None}]
    if features.encoding not in (None, "utf-8"):
        notes.append({"code": "file.encoding", "encoding": features.encoding})
    if chosen is not None and system is not None and not _agree(chosen, system):
        notes.append({"code": "datum.differs", "declared": str(chosen), "file": str(system)})
    return OutlineTable(
        rows=tuple(range(1, len(outlines) + 1)),
        outlines=outlines,
        columns=features.columns,
        refusals=tuple(
            BadFeature(i + 1, PROBLEMS[code](**features.facts_of(i)))
            for i, code in enumerate(problems)
            if code
        ),
        datum=used,
        declared=chosen is not None,
        encoding=features.encoding,
        notes=notes + features.notes,
    )


def _system(crs: str | None) -> Epsg | None:
    """Return the coordinate system that a file names, if it is one of the registry."""
    if not crs:
        return None
    try:
        known = CRS.from_user_input(crs)
    except CRSError:
        return None
    code = 4326 if "CRS84" in crs.upper() else known.to_epsg() or known.to_epsg(min_confidence=25)
    return Epsg(code) if code else None


def _agreed(chosen: Datum | Epsg | None, system: Epsg | None, crs: str | None) -> Datum | Epsg:
    if chosen is not None:
        if system is not None and _counts_degrees(chosen) != _counts_degrees(system):
            raise ConflictingDatum(declared=str(chosen), found=str(system))
        return chosen
    if system is not None:
        return parse_datum(str(system))
    if crs:
        raise UnsupportedDatum(
            given=crs[:80], reason="the registry does not know it; declare EPSG:n instead."
        )
    raise UndeclaredDatum(choices=CHOICES)


def _counts_degrees(datum: Datum | Epsg) -> bool:
    return not isinstance(datum, Epsg) or bool(CRS.from_epsg(datum.code).is_geographic)


def _agree(chosen: Datum | Epsg, system: Epsg) -> bool:
    if chosen in (Datum.WGS84, Datum.CGCS2000):
        return system.code in DEGREES
    return chosen == system


def _placed(features: Features, datum: Datum | Epsg) -> tuple[Geometries, Sequence[str | None]]:
    """Return the outlines in CGCS2000; one with a point that is nowhere on Earth is refused."""
    outlines = np.empty(len(features.outlines), dtype=np.object_)
    outlines[:] = features.outlines
    problems = list(features.problems)
    xy, owner = shapely.get_coordinates(outlines, return_index=True)
    assert len(xy) <= MAX_VERTICES
    degrees = to_cgcs2000_array(xy, datum)
    nowhere = np.unique(owner[np.isnan(degrees).any(axis=1)])
    placed = shapely.set_coordinates(outlines, np.nan_to_num(degrees))
    for index in nowhere.tolist():
        placed[index] = None
        problems[index] = "position.bad"
    return placed, problems
