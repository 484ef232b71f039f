"""What grids and sub-groups share on their way from a file into force: rows, repair, plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, update

from geo.coverage import adjacency
from geo.lattice import Geometries
from geo.repair_account import Repair
from geo.repair_faces import FREE
from grids import intake, plans, publishing
from grids.initials import initials
from grids.model import Level, NewCell, NewUnit, Viewer
from grids.publications import Publication, outlines_in_force
from grids.schema import unit
from importers import row_problems
from importers.codes import new_codes
from importers.former_free_land import FormerFreeLand
from importers.options import ImportOptions
from importers.outline_repair import repair_outlines
from importers.rows import open_batch
from importers.unit_rows import KnownUnits, UnitRow, UnitRows, find_parents, read_units
from importers.units import NoParents, check_codes, in_order, match_existing

_KINDS = ("base", "exclusive", "micro")
_LISTED = 200
_SAME = 2e-7  # two lattice steps along the whole border: what noding may bend


def prepare(
    conn: Connection,
    viewer: Viewer,
    level: Level,
    files: Sequence[Path],
    options: ImportOptions,
) -> UnitRows:
    """Return the rows of outline files with parents, and our code where the unit exists.

    Raises
    ------
    NoParents
        If no unit of the level above is there.
    Refusal
        If a file cannot be read.
    """
    assert level.parent is not None
    found = read_units(f"{level.value}s", files, options, "outlines")
    for row in found.rows:
        if row.outline is None:
            found.refuse(row, "outline", row_problems.NoOutline())
        kind = row.texts.get("kind", "")
        if kind not in ("", *_KINDS):
            problem = row_problems.NotAChoice(given=kind, choices=", ".join(_KINDS))
            found.refuse(row, "kind", problem)
    found.keep()
    if options.codes == "national":
        check_codes(found, level)
    parents = KnownUnits.of(conn, level.parent)
    if not parents.in_force and found.rows:
        raise NoParents(parent=level.parent.value)
    find_parents(conn, found, parents, viewer)
    match_existing(found, KnownUnits.of(conn, level), options)
    return found


def outlines_of(rows: Sequence[UnitRow]) -> Geometries:
    """Return the outlines of rows as an array."""
    outlines = np.empty(len(rows), dtype=np.object_)
    outlines[:] = [row.outline for row in rows]
    return outlines


def n_cells(result: Repair, n_rows: int) -> NDArray[np.int64]:
    """Return how many cells a repair gave to each of the rows, which were its first outlines."""
    owned = (result.owner != FREE) & (result.owner < n_rows)
    return np.bincount(result.owner[owned], minlength=n_rows)


def repaired(
    found: UnitRows, options: ImportOptions, beside: FormerFreeLand | None = None, **settings: Any
) -> Repair:
    """Return the rows' outlines as a coverage, and write what was changed into the report.

    The work is done in a child process. Rows that got no land are refused.

    Parameters
    ----------
    beside
        Free land that takes part, its polygons after the rows.
    settings
        As `geo.repair.repair` takes them.

    Raises
    ------
    TooHard
        If the outlines are too tangled.
    Unrepairable
        If no coverage came of it.
    """
    outlines, labels = outlines_of(found.rows), [row.label for row in found.rows]
    if beside is not None:
        outlines, labels = np.concatenate((outlines, beside.left)), labels + beside.labels()
    result = repair_outlines(outlines, labels, tolerance_m=options.tolerance_m, **settings)
    _tell(found, result)
    if options.show_repair is not None:
        options.show_repair(outlines, result)
    of = {copy: kept for kept, copy in result.duplicates}
    for index in result.lost:
        if index >= len(found.rows):
            continue
        why = (
            row_problems.RepeatsOutline(unit=result.ids[of[index]])
            if index in of
            else row_problems.CoveredByOthers()
        )
        found.refuse(found.rows[index], "outline", why)
    return result


def _tell(found: UnitRows, result: Repair) -> None:
    account = result.as_dict()
    report = found.report
    mended = {i: reason for i, reason in result.mended.items() if i < len(found.rows)}
    report.repaired += len(mended)
    for index, reason in mended.items():
        row = found.rows[index]
        report.note("outline.mended", row=row.row, unit=row.label, reason=reason)
    report.note(
        "coverage.fitted",
        snap_m=result.snap_m,
        moved_m=account["moved_m"],
        n_moved=len(account["changes"]),
        n_overlaps=result.n_overlaps,
        n_gaps=result.n_gaps,
    )
    if account["changes"]:
        moved = sorted(account["changes"], key=lambda one: -one["moved_m"])
        report.note("coverage.moved", n=len(moved), units=moved[:_LISTED])
    if result.places:
        places = account["places"]
        report.note("coverage.places", n=len(places), places=places[:_LISTED])
    n_parts = n_cells(result, len(found.rows))
    many = [
        {"unit": found.rows[i].label, "n_parts": int(n_parts[i])}
        for i in np.flatnonzero(n_parts > 1).tolist()
    ]
    if many:
        report.note("units.multipart", units=many)


def unchanged_rows(
    conn: Connection, level: Level, rows: Sequence[UnitRow], after: Sequence[BaseGeometry | None]
) -> set[int]:
    """Return the indices of rows whose outline is in force already, to two lattice steps."""
    existing = [i for i, row in enumerate(rows) if row.our_code]
    if not existing:
        return set()
    in_force = outlines_in_force(conn, level)
    land = dict(zip(in_force.code.tolist(), in_force.outline.tolist(), strict=True))
    both = [(i, after[i], land[rows[i].our_code]) for i in existing if rows[i].our_code in land]
    both = [(i, new, old) for i, new, old in both if new is not None]
    if not both:
        return set()
    index, new, old = (list(column) for column in zip(*both, strict=True))
    off = shapely.area(shapely.symmetric_difference(new, old))
    return {i for i, same in zip(index, off <= _SAME * shapely.length(old), strict=True) if same}


def rename(conn: Connection, rows: Iterable[UnitRow], known: KnownUnits) -> set[str]:
    """Give existing units the names of their rows and return the codes of those that differed."""
    renamed = set()
    for row in rows:
        if row.our_code in known.names and known.names[row.our_code] != row.name:
            renamed.add(row.our_code)
            conn.execute(
                update(unit)
                .where(unit.c.code == row.our_code)
                .values(name=row.name, initials=initials(row.name))
            )
    return renamed


def number_new(
    conn: Connection, rows: Sequence[UnitRow], level: Level, n_parts: NDArray[np.int64]
) -> list[NewUnit]:
    """Return the units that do not exist yet, their rows numbered from west to east.

    Parameters
    ----------
    n_parts
        How many cells each row has.
    """
    known = KnownUnits.of(conn, level)
    groups: dict[tuple[str, str], list[UnitRow]] = defaultdict(list)
    for row in rows:
        if not row.our_code:
            groups[row.parent_code, row.texts.get("kind") or "base"].append(row)
    assigned = [row for those in groups.values() for row in those]
    for (parent, kind), those in groups.items():
        codes = new_codes(conn, parent, level, len(those), kind=kind)
        for row, code in zip(in_order(those), codes, strict=True):
            row.our_code = code
    ours = {id(row) for row in assigned}
    return [
        NewUnit(
            code=row.our_code,
            name=row.name,
            kind=row.texts.get("kind") or "base",
            initials=initials(row.name),
            source_code=row.code or None if id(row) in ours else None,
            n_parts=max(1, int(n)),
        )
        for row, n in zip(rows, n_parts.tolist(), strict=True)
        if row.our_code not in known.names
    ]


def free_villages(result: Repair, villages: Sequence[str]) -> dict[int, str]:
    """Return the village that each free cell falls to: the one it shares the longest border with.

    Parameters
    ----------
    villages
        Village of each row.
    """
    free = set(np.flatnonzero(result.owner == FREE).tolist())
    border: dict[int, dict[str, float]] = {cell: defaultdict(float) for cell in free}
    pairs = adjacency(result.cells)
    for i, j, metres in zip(pairs.i.tolist(), pairs.j.tolist(), pairs.border_m, strict=True):
        for cell, other in ((i, j), (j, i)):
            if cell in free and other not in free:
                border[cell][villages[int(result.owner[other])]] += float(metres)
    return {
        cell: max(sorted(shares), key=lambda code: shares[code])
        for cell, shares in border.items()
        if shares
    }


def put_in_force(
    conn: Connection,
    viewer: Viewer,
    title: str,
    cells: Sequence[NewCell],
    units: Sequence[NewUnit],
    replaces: Iterable[str],
    gone: Iterable[int] = (),
) -> Publication:
    """Publish cells and units of an import as a plan of their own.

    Parameters
    ----------
    replaces, gone
        As `plans.add_import` takes them.

    Raises
    ------
    Forbidden
        If the viewer may not publish.
    Unproven, Torn, StalePlan
        If they do not fit into what is in force.
    """
    plan = plans.create(conn, viewer, title, source="import")
    plans.add_import(conn, plan.plan_id, cells, units, replaces=replaces, gone=gone)
    return publishing.publish(conn, viewer, plan.plan_id, title)


def close(
    conn: Connection, viewer: Viewer, found: UnitRows, files: Sequence[Path], datum: str | None
) -> None:
    """Write the account of the import down beside the hash of each file."""
    found.report.file = None
    for path in files:
        batch_id = open_batch(conn, viewer, found.report.kind, path, datum)
        intake.close_batch(conn, batch_id, found.report.as_dict())
