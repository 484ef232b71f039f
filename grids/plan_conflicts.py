"""What a plan and later publications both changed: what merges by itself, what a person decides.

Three states of each cell are compared: the one the plan took (base), the one in force (theirs) and
the one the plan holds (mine). Cells that only one side touched merge by themselves, because patches
on different cells commute. A border that moved belongs to the cells on both its sides, so cells
whose edges moved together, in the plan or in what was published, can only be decided together:
these are the groups. Cells of which only the label changed are each decided alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sqlalchemy import Connection

from geo.coverage import half_edges, residue
from geo.crs import area_m2
from geo.lattice import Geometries
from grids import drafts, overlay, plan_rows, returning
from grids.db import statement
from grids.model import Level, Viewer
from grids.plan_rows import CellRow, State
from grids.territory import code_range

# A new vertex on a border lies within a lattice step of it: what that shifts is no transfer.
_NO_LAND_M2 = 5.0


@dataclass(frozen=True, slots=True)
class Author:
    """Who published what is in conflict, when and why."""

    publication: int
    at: datetime
    person: str | None
    memo: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A cell that a plan and another publication changed in different ways.

    Attributes
    ----------
    group
        Number of the cells that can only be decided together, from 1.
    unit, name
        What the cell belongs to, as the plan has it.
    at
        A place [lon, lat] to look at.
    base, theirs, mine
        The cell as the plan took it, as it is in force, and as the plan holds it; none where there
        is no such cell.
    by
        The publication that changed the cell, or that ended a unit which the plan gives land to.
    """

    group: int
    cell_id: int
    unit: str
    name: str
    at: tuple[float, float]
    base: CellRow | None
    theirs: CellRow | None
    mine: CellRow | None
    by: Author | None


@dataclass(frozen=True, eq=False)
class Meeting:
    """A plan beside what was published since it took its cells.

    Attributes
    ----------
    held
        The rows of the plan.
    base, theirs, mine
        Every cell that either side changed; none where a side has no such cell.
    groups
        Cells in conflict, those together that can only be decided together.
    around
        For each group every cell that follows its decision, those in conflict included.
    merged
        Cells that both sides touched and that merge by themselves, as the plan then holds them;
        none where it then holds nothing.
    """

    held: State
    base: State
    theirs: State
    mine: State
    groups: tuple[tuple[int, ...], ...]
    around: tuple[tuple[int, ...], ...]
    merged: State

    @cached_property
    def group_of(self) -> dict[int, int]:
        """Return the index of the group of each cell in conflict."""
        return {cell: k for k, cells in enumerate(self.groups) for cell in cells}


def conflicts(conn: Connection, viewer: Viewer, plan_id: UUID) -> list[Conflict]:
    """Return what a person has to decide before a plan can be published, group by group.

    Raises
    ------
    Forbidden, NotFound
        As `drafts.get`.
    """
    plan = drafts.get(conn, viewer, plan_id)
    if not plan.is_open:
        return []
    return describe(conn, plan_id, meet(conn, plan_id, viewer.scope))


def meet(conn: Connection, plan_id: UUID, scope: str) -> Meeting:
    """Return a plan beside what was published meanwhile, as far as a territory shows it."""
    key = {"plan_id": plan_id}
    if not conn.execute(statement("is_stale", "conflicts"), key).scalar():
        return Meeting({}, {}, {}, {}, (), (), {})
    held = plan_rows.state_of(conn.execute(statement("mine", "conflicts"), key))
    taken = plan_rows.state_of(conn.execute(statement("bases", "conflicts"), key))
    base: State = dict.fromkeys(held) | taken
    theirs = plan_rows.in_force(conn, held)
    mine: State = {k: row if row and not row.gone else None for k, row in held.items()}
    stale = {k for k, row in held.items() if row and row.base_publication != _version(theirs[k])}
    others = _changed_by_others(conn, stale, base, scope)
    base |= {k: row for k, row in others.items() if k not in held}
    theirs |= plan_rows.in_force(conn, others.keys() - held.keys())
    mine |= {k: row for k, row in others.items() if k not in held}
    lost = returning.ended(conn, (code for row in mine.values() if row for code in _labels(row)))
    bearers = {
        k
        for k in held
        if lost.intersection(_labels(mine[k])) and _labels(mine[k]) != _labels(base[k])
    }
    groups: list[tuple[int, ...]] = []
    around: list[tuple[int, ...]] = []
    merged: State = {}
    for component in _together(base, theirs, mine, stale=stale, bearers=bearers, lost=lost):
        met = [k for k in component if k in stale]
        result = None if bearers.intersection(component) else _merge(met, base, theirs, mine)
        if result is not None:
            merged |= result
        else:
            groups.append(tuple(k for k in component if k in stale or k in bearers))
            around.append(component)
    return Meeting(held, base, theirs, mine, tuple(groups), tuple(around), merged)


def describe(conn: Connection, plan_id: UUID, meeting: Meeting) -> list[Conflict]:
    """Return the conflicts of a meeting with names, places and authors."""
    cells = sorted(meeting.group_of)
    changed = conn.execute(statement("who_changed", "conflicts"), {"cells": cells})
    by: dict[int | str, Author] = {
        r.cell_id: Author(r.number, r.at, r.person, r.memo) for r in changed
    }
    units = {k: _unit(meeting.mine[k] or meeting.theirs[k] or meeting.base[k]) for k in cells}
    named = set(units.values()) | {c for k in cells for c in _labels(meeting.mine[k]) if c}
    ended = conn.execute(statement("who_ended", "conflicts"), {"codes": sorted(named)})
    by |= {r.code: Author(r.number, r.at, r.person, r.memo) for r in ended}
    names = overlay.names_of(conn, plan_id, units.values())
    return [
        Conflict(
            group=meeting.group_of[k] + 1,
            cell_id=k,
            unit=units[k],
            name=names[units[k]].name if units[k] in names else units[k],
            at=_place(meeting.mine[k] or meeting.theirs[k] or meeting.base[k]),
            base=meeting.base[k],
            theirs=meeting.theirs[k],
            mine=meeting.mine[k],
            by=_author(k, meeting, by),
        )
        for k in sorted(cells, key=lambda k: (meeting.group_of[k], k))
    ]


def same(one: CellRow | None, other: CellRow | None) -> bool:
    """Return whether two states of a cell have the same outline and labels, or are both none."""
    if one is None or other is None:
        return one is other
    return one.outline == other.outline and _labels(one) == _labels(other)


def _changed_by_others(conn: Connection, stale: Collection[int], base: State, scope: str) -> State:
    """Return every cell changed since the plan took those that are stale, as it was then.

    A plan may have taken some later than others: then the proof decides whether there is a state
    that its version of the cells can go back to.
    """
    if not stale:
        return {}
    cells = sorted(stale)
    versions = [_version(base[k]) for k in cells]
    common: int = conn.execute(
        statement("last_common", "conflicts"), {"cells": cells, "bases": versions}
    ).scalar_one()
    values = code_range(scope) | {"number": common}
    changed = list(conn.execute(statement("changed_since", "conflicts"), values).scalars())
    then = conn.execute(statement("as_of", "conflicts"), {"number": common, "cells": changed})
    return dict.fromkeys(changed) | plan_rows.state_of(then)


def _together(
    base: State,
    theirs: State,
    mine: State,
    *,
    stale: Collection[int],
    bearers: Collection[int],
    lost: Collection[str],
) -> list[tuple[int, ...]]:
    """Return the cells in sets that can only be decided together, where a decision is due.

    Two cells are tied when one side moved an edge that both have, or when both would bear a unit
    that has ended.
    """
    cells = sorted(base)
    place = {k: index for index, k in enumerate(cells)}
    ties: list[NDArray[np.int64]] = []
    n_nodes = len(cells)
    for side in (mine, theirs):
        moved = _moved_edges(cells, base, side)
        edges, edge = np.unique(moved[:, 1:], axis=0, return_inverse=True)
        ties.append(np.column_stack((moved[:, 0], n_nodes + edge.reshape(-1))))
        n_nodes += len(edges)
    units = {code: n_nodes + index for index, code in enumerate(sorted(_wholes(lost)))}
    borne = [
        (place[k], units[code])
        for k in sorted(bearers)
        for code in _labels(mine[k])
        if code in units
    ]
    ties.append(np.array(borne, dtype=np.int64).reshape(-1, 2))
    cell, knot = np.concatenate(ties).T
    size = n_nodes + len(units)
    graph = coo_array((np.ones(len(cell), np.int8), (cell, knot)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    sets: dict[int, list[int]] = {}
    for k in cells:
        sets.setdefault(int(label[place[k]]), []).append(k)
    wanted = {int(label[place[k]]) for k in (*stale, *bearers)}
    return [tuple(members) for number, members in sets.items() if number in wanted]


def _wholes(lost: Collection[str]) -> set[str]:
    """Return the ended units without those whose parent has ended as well."""
    return {c for c in lost if len(c) == Level.GRID.digits or c[: Level.GRID.digits] not in lost}


def _moved_edges(cells: Sequence[int], base: State, side: State) -> NDArray[np.int64]:
    """Return (index of the cell, two lattice keys) for each edge that cells gain or lose."""
    owner, weight, outline = [], [], []
    for index, k in enumerate(cells):
        before, after = base[k], side[k]
        if before and after and before.outline == after.outline:
            continue
        for row, times in ((before, -1), (after, 1)):
            if row is not None:
                owner.append(index)
                weight.append(times)
                outline.append(row.outline)
    if not owner:
        return np.empty((0, 3), np.int64)
    u, v, of = half_edges(_shapes(outline))
    turn = np.where(u < v, 1, -1) * np.array(weight)[of]
    rows = np.column_stack((np.array(owner)[of], np.minimum(u, v), np.maximum(u, v)))
    edges, edge = np.unique(rows, axis=0, return_inverse=True)
    net = np.bincount(edge.reshape(-1), turn)
    return np.asarray(edges[net != 0], dtype=np.int64)


def _merge(met: Sequence[int], base: State, theirs: State, mine: State) -> State | None:
    """Return what the plan holds of cells that both sides changed; none if a person must decide."""
    merged: State = {}
    alike = [k for k in met if same(mine[k], theirs[k])]
    if _chain(mine, alike) != _chain(base, alike):
        return None  # both took the same land, but for something else
    for k in met:
        if k in alike or same(mine[k], base[k]):
            merged[k] = None
            continue
        row = _both(base[k], theirs[k], mine[k])
        if row is None:
            return None
        merged[k] = row
    return merged


def _both(base: CellRow | None, theirs: CellRow | None, mine: CellRow | None) -> CellRow | None:
    """Return a cell with the changes of both sides, where one moved no land and one no label."""
    if base is None or theirs is None:
        return None
    version = theirs.base_publication
    if same(theirs, base):  # changed and changed back
        return replace(mine, base_publication=version) if mine else replace(theirs, gone=True)
    if mine is None:
        return None
    if mine.outline == base.outline and _labels(theirs) == _labels(base) and _land(base, theirs):
        return replace(
            theirs, grid_code=mine.grid_code, subgroup_code=mine.subgroup_code, gone=False
        )
    if theirs.outline == base.outline and _labels(mine) == _labels(base) and _land(base, mine):
        return replace(
            mine,
            base_publication=version,
            grid_code=theirs.grid_code,
            subgroup_code=theirs.subgroup_code,
        )
    return None


def _land(one: CellRow, other: CellRow) -> bool:
    """Return whether two outlines enclose the same land, but for new vertices on the border."""
    apart = shapely.symmetric_difference(one.polygon(), other.polygon())
    return float(area_m2([apart])[0]) <= _NO_LAND_M2


def _chain(side: State, cells: Iterable[int]) -> object:
    return residue(_shapes(row.outline for k in cells if (row := side[k]) is not None))


def _shapes(outlines: Iterable[str]) -> Geometries:
    shapes: Geometries = np.asarray(shapely.from_wkb(list(outlines)), dtype=np.object_)
    return shapes


def _version(row: CellRow | None) -> int | None:
    return row.base_publication if row else None


def _labels(row: CellRow | None) -> tuple[str | None, str | None]:
    return (row.grid_code, row.subgroup_code) if row else (None, None)


def _unit(row: CellRow | None) -> str:
    assert row is not None  # a cell of a conflict is there on one side at least
    return row.subgroup_code or row.grid_code or row.village_code


def _place(row: CellRow | None) -> tuple[float, float]:
    assert row is not None
    at = row.polygon().representative_point()
    return round(at.x, 7), round(at.y, 7)


def _author(k: int, meeting: Meeting, by: dict[int | str, Author]) -> Author | None:
    """Return who changed the cell; where nobody did, who ended the unit that it would belong to."""
    if not same(meeting.theirs[k], meeting.base[k]):
        return by.get(k)
    return next((by[code] for code in _labels(meeting.mine[k]) if code in by), None)
