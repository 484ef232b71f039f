"""County, townships and villages: the units above the grids, with or without an outline.

Their outlines are kept beside them as their file drew them: they find parents and are compared
with the grids, but what is in force is made of cells alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from geoalchemy2.shape import from_shape, to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from geo.errors import Refusal
from geo.lattice import snap
from geo.repair_mend import mend
from grids import access, intake
from grids.initials import initials
from grids.model import Level, Viewer
from grids.numbering import order_west_east_north_south
from grids.schema import unit, unit_frame
from importers import row_problems, sandbox
from importers.codes import ASSIGNED_COUNTY, national_code, new_codes, oddity_of, problem_of
from importers.options import ImportOptions, Progress, no_progress
from importers.report import ImportReport
from importers.row_problems import RowProblem
from importers.rows import open_batch
from importers.unit_rows import KnownUnits, UnitRow, UnitRows, find_parents, read_units

LEVELS = (Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE)
_SRID = 4490


class LevelMissing(Refusal):
    """Nobody says which level the units in a file are of."""

    code = "import.level_missing"
    sentence = "Say which level the units are of with --level: county, township or village."


class NoParents(Refusal):
    """The units above those in the file are not there yet."""

    code = "import.no_parents"
    sentence = "There is no {parent} yet: import it first (wangge import units --level {parent})."


def import_units(
    conn: Connection,
    viewer: Viewer,
    files: Sequence[Path],
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in units of one level above the grids and return the account of every row.

    With national codes a code says which unit is meant and what its parent is; with codes assigned
    by us the file's own code does, or the name under its parent, and new units are numbered from
    west to east in rows from the north. A unit that exists gets the name and outline of the file.

    Where no county exists yet, townships bring it along: under assigned codes as county 900001,
    under national codes when all share their first six digits and a column names the county.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    LevelMissing, NoParents
        If the level is not said, or the one above is empty.
    Refusal
        If a file cannot be read.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    level = _level(options.level)
    progress(0, 3, "read")
    found = read_units("units", files, options, "units")
    if options.codes == "national":
        check_codes(found, level)
    _mend_outlines(found)
    progress(1, 3, "parents")
    if level.parent is not None:
        parents = KnownUnits.of(conn, level.parent)
        if not parents.in_force and level is Level.TOWNSHIP and found.rows:
            _create_county(conn, found, options)
            parents = KnownUnits.of(conn, level.parent)
        if not parents.in_force and found.rows:
            raise NoParents(parent=level.parent.value)
        find_parents(conn, found, parents, viewer)
    progress(2, 3, "save")
    _save(conn, found, level, options, source=", ".join(path.name for path in files))
    report = found.report
    for path in files:
        batch_id = open_batch(conn, viewer, "units", path, options.datum)
        intake.close_batch(conn, batch_id, report.as_dict())
    progress(3, 3, "save")
    return report


def _level(given: str | None) -> Level:
    if given not in {level.value for level in LEVELS}:
        raise LevelMissing()
    return Level(given)


def check_codes(found: UnitRows, level: Level) -> None:
    """Find our code and the parent's in the national code of each row; refuse those without one."""
    odd = []
    for row in found.rows:
        code = national_code(row.code, level)
        problem = problem_of(code, level)
        if problem:
            found.refuse(row, "code", problem)
            continue
        row.our_code = code
        oddity = oddity_of(code, level)
        if oddity:
            odd.append(oddity)
        if level.parent is not None:
            given = national_code(row.texts.get("parent", ""), level.parent)
            row.parent_code = ""
            if given and given != code[: level.parent.digits]:
                found.refuse(row, "parent", row_problems.NotTheParent(parent=given, given=code))
            row.texts = {**row.texts, "parent": code[: level.parent.digits]}
    if odd:
        found.report.note("codes.unusual", codes=odd)
    found.keep()


def _mend_outlines(found: UnitRows) -> None:
    """Make outlines valid multipolygons on the lattice; refuse those of which nothing is left."""
    drawn = [row for row in found.rows if row.outline is not None]
    if not drawn:
        return
    outlines = np.array([row.outline for row in drawn], dtype=np.object_)
    mended, why = sandbox.run(mend, outlines, what="mending the outlines")
    snapped, _ = mend(snap(mended))
    for index, row in enumerate(drawn):
        reason = why.get(index)
        if snapped[index].is_empty:
            found.refuse(row, "outline", _nothing_left(reason))
            continue
        if reason is not None:
            found.report.repaired += 1
            found.report.note("outline.mended", row=row.row, unit=row.label, reason=reason)
        row.outline = shapely.multipolygons(shapely.get_parts(snapped[index]))
    found.keep()


def _nothing_left(reason: str | None) -> RowProblem:
    """Return the problem of an outline that mending has used up; the reason is as GEOS gives it."""
    fault, bracket, place = (reason or "None").partition("[")
    return row_problems.NothingLeft(geometry_fault=fault, place=bracket + place)


def _create_county(conn: Connection, found: UnitRows, options: ImportOptions) -> None:
    names = {row.texts.get("county_name", "") for row in found.rows} - {""}
    if options.codes == "assign":
        code, name = ASSIGNED_COUNTY, names.pop() if len(names) == 1 else "县"
    else:
        prefixes = {row.our_code[:6] for row in found.rows}
        if len(prefixes) != 1 or len(names) != 1:
            return
        code, name = prefixes.pop(), names.pop()
    _insert(conn, code, Level.COUNTY, name, None, None, 1)
    found.report.note("county.created", unit=code, name=name)


def _save(
    conn: Connection, found: UnitRows, level: Level, options: ImportOptions, source: str
) -> None:
    known = KnownUnits.of(conn, level)
    match_existing(found, known, options)
    existing = {row.our_code for row in found.rows if row.our_code in known.names}
    _number(conn, found, level, options)
    frames = _frames(conn, existing)
    report = found.report
    many = []
    for row in found.rows:
        n_parts = 1 if row.outline is None else len(shapely.get_parts(row.outline))
        if n_parts > 1:
            many.append({"unit": row.label, "code": row.our_code, "n_parts": n_parts})
        source_code = row.code or None if options.codes == "assign" else None
        changed = row.our_code not in existing
        if changed:
            _insert(
                conn, row.our_code, level, row.name, row.parent_code or None, source_code, n_parts
            )
        elif known.names[row.our_code] != row.name:
            changed = True
            conn.execute(
                update(unit)
                .where(unit.c.code == row.our_code)
                .values(name=row.name, initials=initials(row.name))
            )
        if row.outline is not None and not _same(frames.get(row.our_code), row.outline):
            changed = True
            _draw(conn, row.our_code, row.outline, n_parts, source)
        report.taken += changed
        report.unchanged += not changed
    if many:
        report.note("units.multipart", units=many)


def match_existing(found: UnitRows, known: KnownUnits, options: ImportOptions) -> None:
    """Find the units that exist already; refuse rows that mean a retired one or have no name."""
    by_name: dict[tuple[str, str], list[str]] = defaultdict(list)
    for code in known.in_force:
        parent = code[: known.level.parent.digits] if known.level.parent else ""
        by_name[parent, known.names[code]].append(code)
    for row in found.rows:
        if not row.name:
            found.refuse(row, "name", row_problems.Nameless())
            continue
        if options.codes == "assign" and not row.our_code:
            namesakes = by_name[row.parent_code, row.name] if not row.code else []
            row.our_code = known.by_source.get(row.code, "") if row.code else ""
            if len(namesakes) == 1:
                row.our_code = namesakes[0]
        if row.our_code in known.names and row.our_code not in known.in_force:
            found.refuse(row, "code", row_problems.UnitRetired(unit=row.our_code))
        elif row.our_code and not row.our_code.startswith(row.parent_code):
            parent = row.our_code[: len(row.parent_code)]
            found.refuse(row, "parent", row_problems.UnitMoved(unit=row.label, parent=parent))
    found.keep()


def _number(conn: Connection, found: UnitRows, level: Level, options: ImportOptions) -> None:
    """Give codes to the new units of each parent, from west to east in rows from the north."""
    new: dict[str, list[UnitRow]] = defaultdict(list)
    for row in found.rows:
        if not row.our_code:
            new[row.parent_code].append(row)
    if level is Level.COUNTY and options.codes == "assign":
        for number, row in enumerate(new[""], start=int(ASSIGNED_COUNTY)):
            row.our_code = str(number)
        return
    for parent, rows in new.items():
        for row, code in zip(
            in_order(rows), new_codes(conn, parent, level, len(rows)), strict=True
        ):
            row.our_code = code


def in_order(rows: Sequence[UnitRow]) -> list[UnitRow]:
    """Return rows from west to east in bands from the north; as they stand where one is undrawn."""
    if any(row.outline is None for row in rows):
        return list(rows)
    outlines = np.array([row.outline for row in rows], dtype=np.object_)
    places = shapely.get_coordinates(shapely.point_on_surface(outlines))
    order = order_west_east_north_south(places, shapely.bounds(outlines)[:, 0])
    return [rows[i] for i in order]


def _insert(
    conn: Connection,
    code: str,
    level: Level,
    name: str,
    parent: str | None,
    source_code: str | None,
    n_parts: int,
) -> None:
    conn.execute(
        insert(unit).values(
            code=code,
            level=level.value,
            name=name,
            initials=initials(name),
            parent_code=parent,
            source_code=source_code,
            n_parts=n_parts,
        )
    )


def _frames(conn: Connection, codes: set[str]) -> dict[str, BaseGeometry]:
    rows = conn.execute(
        select(unit_frame.c.unit_code, unit_frame.c.outline).where(
            unit_frame.c.unit_code.in_(sorted(codes))
        )
    )
    return {str(row.unit_code): to_shape(row.outline) for row in rows}


def _same(one: BaseGeometry | None, other: BaseGeometry) -> bool:
    return one is not None and bool(shapely.equals_exact(one, other, 0, normalize=True))


def _draw(conn: Connection, code: str, outline: BaseGeometry, n_parts: int, source: str) -> None:
    drawn = upsert(unit_frame).values(
        unit_code=code, outline=from_shape(outline, srid=_SRID), source=source
    )
    conn.execute(
        drawn.on_conflict_do_update(
            index_elements=["unit_code"],
            set_={"outline": drawn.excluded.outline, "source": source, "at": func.now()},
        )
    )
    conn.execute(update(unit).where(unit.c.code == code).values(n_parts=n_parts))
