"""Grids of equal households: a proposal to look at, and the step that takes it into a plan."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geo.crs import area_m2, length_m
from geo.lattice import Coordinates, Geometries, Keys
from geo.partition import Excess, Partition, partition
from geo.partition_graph import UnitGraph, buildings_graph, cells_graph
from geo.partition_patch import draw_parts, relabel
from geo.patch import Cell, Patch, outlines_of
from grids import drafts, overlay
from grids.access import require, require_territory
from grids.db import statement
from grids.drafts import Plan
from grids.errors import BadValue, NotFound
from grids.model import Level, NewUnit, Viewer
from grids.numbering import next_codes, order_west_east_north_south
from grids.overlay import Overlay
from grids.plan_import import reserve_cells
from grids.plan_make import Outcome, make

Mode = Literal["cells", "buildings", "lines"]
MODES: tuple[Mode, ...] = ("cells", "buildings", "lines")
MOST_TRIES = 50

# Free lines are simplified until they can be read: about the width of a yard.
_SMOOTH_M = 12.0

# Land decides which grid goes on only where no household does.
_LAND_COUNTS = 1e-6


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be balanced, and how.

    Attributes
    ----------
    area
        Code of a village (all its grids but exclusive ones), of a grid, or codes of grids of one
        village. Free land stays free.
    parts, households
        How many grids there shall be, or about how many households in each: one of the two.
    mode
        cells: whole sub-groups; buildings: lines between buildings; lines: as buildings, and then
        simplified together so that they can be read.
    tries
        How many divisions are made, of which the best is proposed.
    seed
        The same seed gives the same answer.
    barriers
        Lines of positions [lon, lat] that grids should not reach across: a river, a railway.
    """

    area: str | Sequence[str]
    parts: int | None = None
    households: int | None = None
    mode: Mode = "buildings"
    tries: int = 1
    seed: int = 0
    barriers: Sequence[Sequence[Sequence[float]]] = ()


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
class _Area:
    """The cells that are balanced, their village, and where its households are."""

    village: str
    here: Overlay
    divided: NDArray[np.bool_]
    at: Coordinates
    cell: Keys

    @property
    def cells(self) -> list[Cell]:
        return [c for c, own in zip(self.here.cells(), self.divided, strict=True) if own]

    @property
    def codes(self) -> list[str]:
        return sorted(set(self.here.grid[self.divided]))


@dataclass(frozen=True, eq=False)
class _Draft:
    """A division that is ready to be shown or made."""

    area: _Area
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


def by_village(conn: Connection, viewer: Viewer, wish: Wish) -> list[Wish]:
    """Return the wishes for the villages of a township or county that together fulfil one for it.

    A given number of parts goes to the villages so that the most crowded ones get the next part;
    each village has one at least. Villages without households are left out. A village, a grid or
    a list of grids is its own wish.

    Raises
    ------
    BadValue
        If there are fewer parts than villages, or as `propose`.
    NotFound
        If the area has no village in the viewer's territory.
    """
    if not isinstance(wish.area, str) or len(wish.area) >= Level.VILLAGE.digits:
        return [wish]
    _require_sound(wish)
    require_territory(viewer, wish.area, "unit")
    span = {"area": wish.area, "beyond": wish.area + "~"}
    lived = {
        row.code: row.n_households
        for row in conn.execute(statement("villages", "balance"), span)
        if row.n_households
    }
    if not lived:
        raise NotFound(what="unit", key=wish.area)
    if wish.households is not None:
        return [replace(wish, area=code) for code in lived]
    assert wish.parts is not None
    if wish.parts < len(lived):
        reason = f"{len(lived)} villages need one each"
        raise BadValue(field="parts", given=wish.parts, reason=reason)
    share = dict.fromkeys(lived, 1)
    crowd = [(-float(n), code) for code, n in lived.items()]
    heapq.heapify(crowd)
    for _ in range(wish.parts - len(lived)):
        _, code = heapq.heappop(crowd)
        share[code] += 1
        heapq.heappush(crowd, (-lived[code] / share[code], code))
    return [replace(wish, area=code, parts=k) for code, k in share.items()]


def _draft(
    conn: Connection, viewer: Viewer, plan: Plan, wish: Wish, numbers: Iterator[int]
) -> _Draft:
    _require_sound(wish)
    area = _area(conn, viewer, plan, wish.area)
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


def _require_sound(wish: Wish) -> None:
    if (wish.parts is None) == (wish.households is None):
        raise BadValue(field="parts", given=wish.parts, reason="either parts or households")
    for field, given in (("parts", wish.parts), ("households", wish.households)):
        if given is not None and given < 1:
            raise BadValue(field=field, given=given, reason="at least 1")
    if wish.mode not in MODES:
        raise BadValue(field="mode", given=wish.mode, reason=", ".join(MODES))
    if not 1 <= wish.tries <= MOST_TRIES:
        raise BadValue(field="tries", given=wish.tries, reason=f"1 to {MOST_TRIES}")
    if any(len(line) < 2 for line in wish.barriers):
        raise BadValue(field="barriers", given=1, reason="two positions [lon, lat] or more")


def _area(conn: Connection, viewer: Viewer, plan: Plan, asked: str | Sequence[str]) -> _Area:
    """Return the cells to balance; of a village all grids but those of their own premises."""
    codes = [asked] if isinstance(asked, str) else sorted(set(asked))
    villages = {code[: Level.VILLAGE.digits] for code in codes}
    lengths = {len(code) for code in codes}
    if len(villages) != 1 or not (
        lengths == {Level.GRID.digits} or (len(codes) == 1 and lengths == {Level.VILLAGE.digits})
    ):
        reason = "a village, a grid, or grids of one village"
        raise BadValue(field="area", given=", ".join(codes), reason=reason)
    (village,) = villages
    for code in codes:
        require_territory(viewer, code, "unit")
    here = overlay.read(conn, viewer.scope, plan.plan_id, villages=[village])
    if codes == [village]:
        wanted = {g for g in here.grid if g and here.names[g].kind != "exclusive"}
    else:
        wanted = set(codes)
        missing = sorted(wanted - set(here.grid))
        if missing:
            raise NotFound(what="grid", key=missing[0])
    divided = np.array([grid in wanted for grid in here.grid], np.bool_)
    if not divided.any():
        raise NotFound(what="unit", key=village)
    homes = overlay.homes(conn, [village])
    cell = overlay.cell_of(homes, here.outline, here.grid, here.subgroup)
    lying = cell >= 0
    return _Area(village, here, divided, shapely.get_coordinates(homes[lying]), cell[lying])


def _graph(area: _Area, wish: Wish) -> UnitGraph:
    barriers = [LineString(line) for line in wish.barriers]
    if wish.mode == "cells":
        outlines = area.here.outline[area.divided]
        return cells_graph(outlines, area.here.n_households[area.divided], barriers=barriers)
    land = shapely.coverage_union_all(area.here.outline[area.divided])
    return buildings_graph(land, area.at[area.divided[area.cell]], barriers=barriers)


def _codes(
    conn: Connection, area: _Area, graph: UnitGraph, part: Keys, k: int
) -> tuple[list[str], tuple[NewUnit, ...]]:
    """Return the code of each part, and the units of those that are new."""
    former = area.codes
    stays = _overlap(area, graph, part, k)
    codes = [""] * k
    for p, g in zip(*linear_sum_assignment(stays, maximize=True), strict=True):
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


def _overlap(area: _Area, graph: UnitGraph, part: Keys, k: int) -> NDArray[np.float64]:
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
