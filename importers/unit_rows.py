"""Rows that name units, out of tables and outline files alike, and the parents they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, select

from geo.errors import Refusal
from geo.lattice import Geometries
from grids.model import Level, Viewer
from grids.schema import unit, unit_frame, unit_outline
from importers import row_problems
from importers.fields import known_headings, match, translate
from importers.options import ImportOptions
from importers.outlines import read_outlines
from importers.report import ImportReport
from importers.table import Value, as_text, is_spoiled_code, read_table

_TABLES = (".csv", ".csv.gz", ".xlsx", ".xlsm", ".ods", ".txt", ".tsv")


@dataclass(slots=True)
class UnitRow:
    """One unit as its file gives it; texts are trimmed, an absent field is empty.

    `parent_code` and `our_code` are found by the importer.
    """

    file: str | None
    row: int
    given: Mapping[str, Value]
    texts: Mapping[str, str]
    outline: BaseGeometry | None = None
    our_code: str = ""
    parent_code: str = ""

    @property
    def code(self) -> str:
        """The file's own code."""
        return self.texts.get("code", "")

    @property
    def name(self) -> str:
        """The name; the code where the file has none."""
        return self.texts.get("name") or self.code

    @property
    def label(self) -> str:
        """What the sender knows the row by."""
        return self.code or self.name or f"row {self.row}"


@dataclass(slots=True)
class UnitRows:
    """The usable rows of an import, and its report with the others."""

    rows: list[UnitRow] = field(default_factory=list)
    report: ImportReport = field(default_factory=lambda: ImportReport("units"))

    def refuse(self, row: UnitRow, name: str | None, problem: Refusal) -> None:
        """Refuse a row."""
        self.report.file = row.file
        self.report.refuse(row.row, name, problem, row.given)

    def keep(self) -> None:
        """Let go of the rows that were refused since."""
        self.rows = [row for row in self.rows if not self.is_refused(row)]

    def is_refused(self, row: UnitRow) -> bool:
        """Return whether a row was refused."""
        self.report.file = row.file
        return self.report.is_refused(row.row)

    def hold_back(self) -> None:
        """Refuse all rows that are left: a coverage is taken whole or not at all."""
        for row in self.rows:
            self.refuse(row, None, row_problems.HeldBack())
        self.rows = []


def read_units(kind: str, files: Sequence[Path], options: ImportOptions, columns: str) -> UnitRows:
    """Return the rows of all files, read as tables or as outlines by what they are.

    Parameters
    ----------
    kind
        For the report: units, grids or subgroups.
    columns
        Which headings are known: `units` or `outlines`.

    Raises
    ------
    Refusal
        If a file cannot be read at all.
    """
    found = UnitRows(report=ImportReport(kind))
    for path in files:
        file = path.name if len(files) > 1 else None
        if path.name.lower().endswith(_TABLES):
            _read_table(found, path, file, options, columns)
        else:
            _read_outlines(found, path, file, options, columns)
    _refuse_repeated(found)
    found.keep()
    return found


def _read_table(
    found: UnitRows, path: Path, file: str | None, options: ImportOptions, columns: str
) -> None:
    known = [*known_headings(columns), *options.declared.fields.values()]
    table = read_table(path, encoding=options.encoding, sheet=options.layer, known=known)
    names = match(columns, table.headings, options.declared)
    for i, number in enumerate(table.row_numbers):
        given = {heading: table.columns[heading][i] for heading in table.headings}
        _add(found, columns, options, names, UnitRow(file, number, given, {}))


def _read_outlines(
    found: UnitRows, path: Path, file: str | None, options: ImportOptions, columns: str
) -> None:
    table = read_outlines(path, layer=options.layer, encoding=options.encoding, datum=options.datum)
    names = match(columns, list(table.columns), options.declared)
    for note in table.notes:
        found.report.note(**(note if file is None else {**note, "file": file}))
    for i, number in enumerate(table.rows):
        _add(
            found,
            columns,
            options,
            names,
            UnitRow(file, number, table.given(i), {}, table.outlines[i]),
        )
    for bad in table.refusals:
        row = UnitRow(file, bad.row, table.given(bad.row - 1), {})
        found.refuse(row, "outline", bad.problem)


def _add(
    found: UnitRows,
    columns: str,
    options: ImportOptions,
    names: Mapping[str, str],
    row: UnitRow,
) -> None:
    found.report.read += 1
    found.rows.append(row)
    if any(is_spoiled_code(row.given[names[name]]) for name in ("code", "parent") if name in names):
        found.refuse(row, "code", row_problems.SpoiledCode())
    row.texts = {
        name: translate(columns, name, as_text(row.given[heading]), options.declared)
        for name, heading in names.items()
    }


def _refuse_repeated(found: UnitRows) -> None:
    first: dict[str, UnitRow] = {}
    for row in found.rows:
        earlier = first.setdefault(row.code, row) if row.code else row
        if earlier is not row:
            said = {"given": row.code, "at": earlier.row}
            problem = (
                row_problems.RepeatedInFile(file=earlier.file, **said)
                if earlier.file
                else row_problems.Repeated(**said)
            )
            found.refuse(row, "code", problem)


@dataclass(slots=True)
class KnownUnits:
    """The units of one level that exist, by our code and by the sender's."""

    level: Level
    names: dict[str, str]
    in_force: frozenset[str]
    by_source: dict[str, str]

    @classmethod
    def of(cls, conn: Connection, level: Level) -> KnownUnits:
        """Read the units of a level."""
        rows = conn.execute(
            select(
                unit.c.code,
                unit.c.name,
                unit.c.source_code,
                func.upper_inf(unit.c.valid).label("in_force"),
            ).where(unit.c.level == level.value)
        ).all()
        return cls(
            level,
            {str(row.code): row.name for row in rows},
            frozenset(str(row.code) for row in rows if row.in_force),
            {row.source_code: str(row.code) for row in rows if row.source_code is not None},
        )

    def find(self, code: str) -> str | None:
        """Return our code of a unit in force by either code."""
        for ours in (code, self.by_source.get(code), _trimmed(code, self.level)):
            if ours in self.in_force:
                return ours
        return None


def _trimmed(code: str, level: Level) -> str:
    return code[: level.digits] if set(code[level.digits :]) == {"0"} else code


def find_parents(conn: Connection, found: UnitRows, parents: KnownUnits, viewer: Viewer) -> None:
    """Find the parent of each row: by the parent column, else by the land; refuse those without.

    Land decides by the parent outline that covers the row's representative point, or else the one
    with the largest overlap. A county is everybody's parent when there is only one.
    """
    only = next(iter(parents.in_force)) if len(parents.in_force) == 1 else None
    if parents.level is not Level.COUNTY:
        only = None
    by_land = []
    for row in found.rows:
        named = row.texts.get("parent", "")
        if row.parent_code:
            continue
        if named:
            row.parent_code = parents.find(named) or ""
            if not row.parent_code:
                problem = row_problems.ParentUnknown(unit_level=parents.level.value, given=named)
                found.refuse(row, "parent", problem)
        elif only:
            row.parent_code = only
        else:
            by_land.append(row)
    _find_by_land(conn, found, parents, by_land)
    for row in found.rows:
        if row.parent_code and not row.parent_code.startswith(viewer.scope):
            level = parents.level.value
            found.refuse(row, "parent", row_problems.ParentHidden(unit_level=level))
    found.keep()


def _find_by_land(
    conn: Connection, found: UnitRows, parents: KnownUnits, rows: Sequence[UnitRow]
) -> None:
    drawn = [row for row in rows if row.outline is not None]
    codes, shapes = land_of(conn, parents.level) if drawn else ([], np.empty(0, np.object_))
    if drawn and len(shapes):
        tree = shapely.STRtree(shapes)
        outlines = np.array([row.outline for row in drawn], dtype=np.object_)
        at, over = tree.query(shapely.point_on_surface(outlines), predicate="intersects")
        times = Counter(at.tolist())
        for index, parent in zip(at.tolist(), over.tolist(), strict=True):
            if times[index] == 1:
                drawn[index].parent_code = codes[parent]
        for row in drawn:
            if not row.parent_code:
                row.parent_code = _most_overlapped(row.outline, tree, shapes, codes)
    for row in rows:
        if not row.parent_code:
            found.refuse(row, "parent", row_problems.NoParent(unit_level=parents.level.value))


def _most_overlapped(
    outline: Any, tree: shapely.STRtree, shapes: Geometries, codes: Sequence[str]
) -> str:
    near = tree.query(outline)
    if len(near) == 0:
        return ""
    valid = outline if outline.is_valid else shapely.make_valid(outline, method="structure")
    common = shapely.area(shapely.intersection(shapes[near], valid))
    best = int(np.argmax(common))
    return codes[int(near[best])] if common[best] > 0 else ""


def land_of(
    conn: Connection, level: Level, *, drawn_only: bool = False
) -> tuple[list[str], Geometries]:
    """Return codes and outlines of a level's units: in force where published, else as drawn."""
    in_force = (
        select(unit_outline.c.unit_code, func.ST_AsBinary(unit_outline.c.outline).label("wkb"))
        .where(unit_outline.c.level == level.value, func.upper_inf(unit_outline.c.valid))
        .order_by(unit_outline.c.unit_code)
    )
    drawn = (
        select(unit_frame.c.unit_code, func.ST_AsBinary(unit_frame.c.outline).label("wkb"))
        .join(unit, unit.c.code == unit_frame.c.unit_code)
        .where(unit.c.level == level.value, func.upper_inf(unit.c.valid))
        .order_by(unit_frame.c.unit_code)
    )
    land = {str(row.unit_code): bytes(row.wkb) for row in conn.execute(drawn)}
    if not drawn_only:
        land |= {str(row.unit_code): bytes(row.wkb) for row in conn.execute(in_force)}
    shapes: Geometries = np.asarray(shapely.from_wkb(list(land.values())), dtype=np.object_)
    return list(land), shapes
