"""Grids of equal households: a proposal to look at, and the step that takes it into a plan."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import scipy  # its parts are imported when first used: optimize takes half a second
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geo.crs import area_m2, length_m
from geo.lattice import Geometries, Keys
from geo.partition import Excess, Partition, partition
from geo.partition_graph import UnitGraph, buildings_graph, cells_graph
from geo.partition_patch import draw_parts, relabel
from geo.patch import Patch, outlines_of
from grids import drafts, overlay
from grids.access import require
from grids.drafts import Plan
from grids.model import NewUnit, Viewer
from grids.numbering import next_codes, order_west_east_north_south
from grids.plan_balance_area import (
    Area,
    Mode,
    Wish,
    read_area,
    require_sound,
)
from grids.plan_import import reserve_cells
from grids.plan_make import Outcome, make

# Free lines are simplified until they can be read: about the width of a yard.
_SMOOTH_M = 12.0

# Land decides which grid goes on only where no household does.
_LAND_COUNTS = 1e-6


@dataclass(frozen=True, slots=True)
class Part:
    """A grid of a proposal; `is_new` where it gets a code and a name of its own.

    `compactness` is 4 pi area / perimeter^2; `cell_ids` are the cells as they are now, where the
    mode leaves them whole.
    """

    grid_code: str
    name: str
    is_new: bool
    n_households: int
    area_m2: float
    compactness: float
    cell_ids: tuple[int, ...]
    outline: BaseGeometry


@dataclass(frozen=True, slots=True)
class Proposal:
    """How an area would be divided; nothing is written.

    Attributes
    ----------
    parts
        The grids, by code.
    max_mean, min_mean
        The most and the fewest households of a grid over the mean; `was_max_mean` of the grids as
        the plan has them now.
    ends
        Codes of grids that would have no land left.
    n_split_buildings
        Buildings whose households would be in two grids: only simplified lines do that.
    n_across
        Grids that reach over a barrier because there was no better way.
    excess
        Buildings or cells with more households than a grid should have. They cannot be divided,
        and the rest is balanced around them.
    """

    mode: Mode
    seed: int
    parts: tuple[Part, ...]
    max_mean: float
    min_mean: float
    was_max_mean: float | None
    ends: tuple[str, ...]
    n_split_buildings: int
    n_across: int
    excess: tuple[Excess, ...]


@dataclass(frozen=True, eq=False)
class _Draft:
    """A division that is ready to be shown or made."""

    area: Area
    patch: Patch
    units: tuple[NewUnit, ...]
    codes: list[str]
    graph: UnitGraph
    found: Partition


def propose(conn: Connection, viewer: Viewer, plan_id: UUID, wish: Wish) -> Proposal:
    """Return how an area of a plan would be divided into grids of about equal households.

    Nothing is written and no code is reserved; `balance` with the same wish makes this division
    as long as the plan is the same.

    Raises
    ------
    BadValue
        For an area that is no village, grid or list of grids of one village, and for numbers
        outside their limits.
    Forbidden, NotFound, CodesUsedUp
    geo.partition.NobodyThere, geo.partition.TooManyParts, geo.partition.Scattered
    geo.patch.NotAPatch
        If lines would come too near to each other to be told apart on the lattice.
    """
    require(viewer, "plan.edit")
    plan = drafts.get(conn, viewer, plan_id)
    draft = _draft(conn, viewer, plan, wish, itertools.count(-1, -1))
    return _proposal(draft, wish)


def balance(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    wish: Wish,
    *,
    version: int | None = None,
) -> Outcome:
    """Divide an area of a plan into grids of about equal households, as one step.

    The code of a grid goes on where most of its households stay. Other grids are new, named after
    the grid that most of their households come from; grids that lose all their land end.
    Sub-groups follow their land.

    Raises
    ------
    PlanClosed, PlanConflict
        As `drafts.lock`; otherwise as `propose`.
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    numbers = (reserve_cells(conn, 1)[0] for _ in itertools.count())
    draft = _draft(conn, viewer, plan, wish, numbers)
    params: dict[str, Any] = {
        "area": wish.area if isinstance(wish.area, str) else list(wish.area),
        "parts": len(draft.codes),
        "mode": wish.mode,
        "tries": wish.tries,
        "seed": wish.seed,
        "new": [unit.code for unit in draft.units],
    }
    if wish.barriers:
        params["barriers"] = [[list(at) for at in line] for line in wish.barriers]
    return make(conn, viewer, plan, "balance", params, draft.patch, draft.area.here, draft.units)


def _draft(
    conn: Connection, viewer: Viewer, plan: Plan, wish: Wish, numbers: Iterator[int]
) -> _Draft:
    require_sound(wish)
    area = read_area(conn, viewer, plan, wish.area)
    inside = area.divided[area.cell]
    k = wish.parts or max(1, round(int(inside.sum()) / (wish.households or 1)))
    graph = _graph(area, wish)
    found = partition(graph, k, seed=wish.seed, tries=wish.tries)
    codes, units = _codes(conn, area, graph, found.part, k)
    if wish.mode == "cells":
        number = {c.id: codes[p] for c, p in zip(area.cells, found.part.tolist(), strict=True)}
        return _Draft(area, relabel(area.cells, number), units, codes, graph, found)
    lands = _united(graph.outlines, found.part, k)
    patch = draw_parts(
        overlay.with_neighbours(conn, viewer.scope, plan.plan_id, [area.village], None)[1],
        area.here.cell_id[area.divided].tolist(),
        lands,
        codes,
        numbers,
        smooth_m=_SMOOTH_M if wish.mode == "lines" else None,
    )
    return _Draft(area, patch, units, codes, graph, found)


def _graph(area: Area, wish: Wish) -> UnitGraph:
    barriers = [LineString(line) for line in wish.barriers]
    if wish.mode == "cells":
        outlines = area.here.outline[area.divided]
        return cells_graph(outlines, area.here.n_households[area.divided], barriers=barriers)
    land = shapely.coverage_union_all(area.here.outline[area.divided])
    return buildings_graph(land, area.at[area.divided[area.cell]], barriers=barriers)


def _codes(
    conn: Connection, area: Area, graph: UnitGraph, part: Keys, k: int
) -> tuple[list[str], tuple[NewUnit, ...]]:
    """Return the code of each part, and the units of those that are new."""
    former = area.codes
    stays = _overlap(area, graph, part, k)
    codes = [""] * k
    for p, g in zip(*scipy.optimize.linear_sum_assignment(stays, maximize=True), strict=True):
        if stays[p, g] > 0:
            codes[p] = former[g]
    fresh = [p for p in range(k) if not codes[p]]
    if not fresh:
        return codes, ()
    # Numbered as for the first time: rows from the north, each from the west.
    corners = [shapely.get_coordinates(graph.outlines[part == p]) for p in fresh]
    centre = np.array([xy.mean(axis=0) for xy in corners])
    kinds = [area.here.names[former[int(stays[p].argmax())]].kind for p in fresh]
    units = []
    taken = {name.name for name in area.here.names.values()}
    given = {
        kind: iter(next_codes(conn, area.village, kinds.count(kind), kind=kind))
        for kind in set(kinds)
    }
    for index in order_west_east_north_south(centre).tolist():
        p, kind = fresh[index], kinds[index]
        codes[p] = next(given[kind])
        name = _another(area.here.names[former[int(stays[p].argmax())]].name, taken)
        taken.add(name)
        units.append(NewUnit(codes[p], name, kind))
    return codes, tuple(units)


def _overlap(area: Area, graph: UnitGraph, part: Keys, k: int) -> NDArray[np.float64]:
    """Return the households that each part would have of each grid, with a trace of its land."""
    former = {code: index for index, code in enumerate(area.codes)}
    own = area.divided[area.cell]
    grid = np.array([former.get(g, -1) for g in area.here.grid])
    shared = np.zeros((k, len(former)))
    if len(graph.unit_of):  # buildings, whose land may lie in several grids
        np.add.at(shared, (part[graph.unit_of], grid[area.cell[own]]), 1)
        inner = shapely.point_on_surface(graph.outlines)
        place, cell = shapely.STRtree(area.here.outline).query(inner, predicate="intersects")
        place, cell = place[grid[cell] >= 0], cell[grid[cell] >= 0]
    else:
        np.add.at(shared, (part, grid[area.divided]), graph.weight)
        place, cell = np.arange(len(part)), np.flatnonzero(area.divided)
    land = np.zeros_like(shared)
    np.add.at(land, (part[place], grid[cell]), graph.area_m2[place])
    return np.asarray(shared + _LAND_COUNTS * land / graph.area_m2.sum())


def _another(name: str, taken: set[str]) -> str:
    return next(new for n in itertools.count(2) if (new := f"{name} {n}") not in taken)


def _united(outlines: Geometries, part: Keys, k: int) -> Geometries:
    lands = np.empty(k, np.object_)
    for p in range(k):
        lands[p] = shapely.coverage_union_all(outlines[part == p])
    return lands


def _proposal(draft: _Draft, wish: Wish) -> Proposal:
    area = draft.area
    old = {cell.id for cell in draft.patch.old}
    after = [c for c in area.cells if c.id not in old]
    after += [c for c in draft.patch.new if c.village == area.village and c.grid in draft.codes]
    own = area.divided[area.cell]
    homes = np.asarray(shapely.points(area.at[own]))
    cell = overlay.cell_of(
        homes, outlines_of(after), [c.grid for c in after], [c.subgroup for c in after]
    )
    number = {code: p for p, code in enumerate(draft.codes)}
    part_of = np.array([number[c.grid] for c in after if c.grid])
    home = np.where(cell >= 0, part_of[cell], -1)  # on the rim somebody else may answer now
    counts = np.bincount(home[home >= 0], minlength=len(draft.codes))
    outlines = _united(outlines_of(after), part_of, len(draft.codes))
    areas = area_m2(outlines)
    roundness = 4 * np.pi * areas / length_m(outlines) ** 2
    new = {unit.code: unit.name for unit in draft.units}
    whole = wish.mode == "cells"
    parts = [
        Part(
            grid_code=code,
            name=new.get(code) or area.here.names[code].name,
            is_new=code in new,
            n_households=int(counts[p]),
            area_m2=round(float(areas[p]), 1),
            compactness=round(float(roundness[p]), 3),
            cell_ids=tuple(c.id for c, q in zip(after, part_of, strict=True) if q == p)
            if whole
            else (),
            outline=outlines[p],
        )
        for p, code in enumerate(draft.codes)
    ]
    before = np.unique(area.here.grid[area.cell[own]].astype(str), return_counts=True)[1]
    return Proposal(
        mode=wish.mode,
        seed=wish.seed,
        parts=tuple(sorted(parts, key=lambda part: part.grid_code)),
        max_mean=round(float(counts.max() / counts.mean()), 3),
        min_mean=round(float(counts.min() / counts.mean()), 3),
        was_max_mean=round(float(before.max() / (before.sum() / len(area.codes))), 3),
        ends=tuple(sorted(set(area.codes) - set(draft.codes))),
        n_split_buildings=0 if whole else _n_split(draft.graph.unit_of, home),
        n_across=draft.found.n_across,
        excess=draft.found.excess,
    )


def _n_split(unit_of: Keys, part: Keys) -> int:
    """Return how many units have positions in several parts."""
    pairs = np.unique(np.column_stack((unit_of, part)), axis=0)
    return int((np.bincount(pairs[:, 0]) > 1).sum())
