"""What a test moves in a draft: chosen by geometry, so that every county has some."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations, permutations

import shapely
import shapely.ops
from shapely import LineString, Polygon
from shapely.geometry import shape


@dataclass(frozen=True)
class Place:
    """A cell or a grid: its code, its name, a position well inside."""

    code: str
    name: str
    at: tuple[float, float]


@dataclass(frozen=True)
class Transfer:
    """A sub-group's cell that can go from its grid to a neighbour without cutting either apart."""

    cell_id: int
    label: str
    at: tuple[float, float]
    n_households: int
    source: Place
    target: Place


@dataclass(frozen=True)
class Cut:
    """A grid and a line that cuts it into exactly two parts."""

    grid: Place
    line: tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Bend:
    """Two grids and a line of three points from their border to their border, bent into one."""

    a: Place
    b: Place
    line: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Tear:
    """A cell that joins its grid's ends: whoever gives it to the target cuts the grid in two."""

    cell_id: int
    at: tuple[float, float]
    source: Place
    target: Place


@dataclass(frozen=True)
class Bite:
    """A ring round a corner of a grid, at its border to the grid that shall have it."""

    grid: Place
    ring: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Node:
    """A place where borders meet and may move, and a place on one of them."""

    at: tuple[float, float]
    on: tuple[float, float]
    n_borders: int


def _inside(outline: Polygon) -> tuple[float, float]:
    """Return the centre of the widest circle: a pixel beside it is still inside."""
    at = shapely.maximum_inscribed_circle(outline).coords[0]
    return float(at[0]), float(at[1])


def _by_grid(features: list[dict]) -> dict[str, list[tuple[dict, Polygon]]]:
    cells = defaultdict(list)
    for feature in features:
        facts = feature["properties"]
        if facts["grid_code"]:
            cells[facts["grid_code"]].append((facts, shape(feature["geometry"])))
    return cells


def _place(cells: list[tuple[dict, Polygon]]) -> Place:
    facts, outline = max(cells, key=lambda cell: cell[1].area)
    return Place(facts["grid_code"], facts["grid_name"], _inside(outline))


def transfer(features: list[dict]) -> Transfer:
    """Return the largest inhabited cell of a village that can change its grid."""
    grids = _by_grid(features)
    whole = {code: shapely.union_all([c for _, c in cells]) for code, cells in grids.items()}
    found = []
    for source, target in permutations(grids, 2):
        for facts, cell in grids[source]:
            rest = whole[source].difference(cell)
            joined = shapely.union_all([whole[target], cell])
            if (
                facts["n_households"]
                and isinstance(rest, Polygon)
                and not rest.is_empty
                and isinstance(joined, Polygon)
                and cell.intersection(whole[target]).length > 0
            ):
                found.append((cell.area, facts, cell, source, target))
    _, facts, cell, source, target = max(found, key=lambda one: one[0])
    return Transfer(
        facts["cell_id"],
        f"{facts['grid_name']} {facts['subgroup_name']}",
        _inside(cell),
        facts["n_households"],
        _place([one for one in grids[source] if one[0] is not facts]),
        _place(grids[target]),
    )


def cut(features: list[dict], spared: set[str]) -> Cut:
    """Return a straight cut through the largest grid that allows one, leaving out some grids."""
    grids = {code: cells for code, cells in _by_grid(features).items() if code not in spared}
    order = sorted(grids, key=lambda code: -sum(cell.area for _, cell in grids[code]))
    for code in order:
        outline = shapely.union_all([cell for _, cell in grids[code]])
        west, south, east, north = outline.bounds
        reach = math.hypot(east - west, north - south)
        x, y = outline.centroid.coords[0]
        for angle in range(0, 180, 15):
            dx, dy = (f(math.radians(angle)) * reach / 2 for f in (math.cos, math.sin))
            inside = LineString([(x - dx, y - dy), (x + dx, y + dy)]).intersection(outline)
            if not isinstance(inside, LineString) or inside.is_empty:
                continue
            # A little beyond the grid at both ends, by no more than a tenth of the cut.
            (ax, ay), (bx, by) = inside.coords[0], inside.coords[-1]
            more = 0.1
            line = LineString(
                [
                    (ax - (bx - ax) * more, ay - (by - ay) * more),
                    (bx + (bx - ax) * more, by + (by - ay) * more),
                ]
            )
            parts = shapely.get_parts(shapely.ops.split(outline, line))
            if len(parts) == 2 and min(part.area for part in parts) > outline.area / 5:
                (p, q) = line.coords
                return Cut(_place(grids[code]), ((p[0], p[1]), (q[0], q[1])))
    raise AssertionError("no grid of this village can be cut by a straight line")


def bend(features: list[dict], spared: set[str]) -> Bend:
    """Return a line that takes a bay from one grid for its neighbour and cuts neither apart."""
    grids = {code: cells for code, cells in _by_grid(features).items() if code not in spared}
    whole = {code: shapely.union_all([c for _, c in cells]) for code, cells in grids.items()}
    found = []
    for a, b in combinations(sorted(grids), 2):
        border = shapely.line_merge(whole[a].boundary.intersection(whole[b].boundary))
        if not isinstance(border, LineString) or border.is_closed:
            continue
        start, end = (border.interpolate(part, normalized=True) for part in (0.25, 0.75))
        (ax, ay), (bx, by) = start.coords[0], end.coords[0]
        for side in (1, -1):
            # The summit of the bay: half as far from the chord as the chord is long.
            top = ((ax + bx) / 2 - side * (by - ay) / 2, (ay + by) / 2 + side * (bx - ax) / 2)
            line = LineString([(ax, ay), top, (bx, by)])
            bay = shapely.Polygon([(ax, ay), top, (bx, by)]).intersection(whole[b])
            rest, joined = whole[b].difference(bay), whole[a].union(bay)
            inner = line.difference(border.buffer(border.length / 50))
            if (
                whole[b].contains(inner)
                and isinstance(rest, Polygon)
                and isinstance(joined, Polygon)
                and 0.02 < bay.area / whole[b].area < 0.3
            ):
                found.append((border.length, a, b, tuple(line.coords)))
    if not found:
        raise AssertionError("no two grids of this village share a border that can be bent")
    _, a, b, line = max(found)
    return Bend(_place(grids[a]), _place(grids[b]), line)


def border(arcs: list[dict]) -> list[tuple[float, float]]:
    """Return the longest border between two grids of which a vertex between its ends can move."""
    able = [
        one["geometry"]["coordinates"]
        for one in arcs
        if one["properties"]["kind"] == "grid"
        and not one["properties"]["locked"]
        and len(one["geometry"]["coordinates"]) > 2
    ]
    return [tuple(at) for at in max(able, key=lambda line: LineString(line).length)]


def node(arcs: list[dict]) -> Node:
    """Return the node of free borders whose shortest one is longest: its handles lie apart."""
    meeting = defaultdict(list)
    for one in arcs:
        for end in ("start", "end"):
            meeting[one["properties"][end]].append(one)
    free = {
        key: met
        for key, met in meeting.items()
        if len(met) > 2
        and not any(one["properties"]["locked"] for one in met)
        and any(one["properties"]["kind"] == "grid" for one in met)
    }
    key = max(free, key=lambda key: min(_length(one) for one in free[key]))
    border = max((one for one in free[key] if one["properties"]["kind"] == "grid"), key=_length)
    line = border["geometry"]["coordinates"]
    at = line[0] if border["properties"]["start"] == key else line[-1]
    on = LineString(line).interpolate(0.5, normalized=True).coords[0]
    return Node(tuple(at), (float(on[0]), float(on[1])), len(free[key]))


def _length(arc: dict) -> float:
    length: float = LineString(arc["geometry"]["coordinates"]).length
    return length


def tear(features: list[dict]) -> Tear:
    """Return the largest cell that a neighbour can take only by cutting its grid in two."""
    grids = _by_grid(features)
    whole = {code: shapely.union_all([c for _, c in cells]) for code, cells in grids.items()}
    found = [
        (cell.area, facts, cell, source, target)
        for source, target in permutations(grids, 2)
        for facts, cell in grids[source]
        if cell.intersection(whole[target]).length > 0
        and len(shapely.get_parts(whole[source].difference(cell))) == 2
        and isinstance(shapely.union_all([whole[target], cell]), Polygon)
    ]
    _, facts, cell, source, target = max(found, key=lambda one: one[0])
    rest = [one for one in grids[source] if one[0] is not facts]
    return Tear(facts["cell_id"], _inside(cell), _place(rest), _place(grids[target]))


def bite(features: list[dict]) -> Bite:
    """Return a ring at the middle of a border that takes a bay and cuts neither grid apart."""
    grids = _by_grid(features)
    whole = {code: shapely.union_all([c for _, c in cells]) for code, cells in grids.items()}
    found = []
    for a, b in permutations(grids, 2):
        border = shapely.line_merge(whole[a].boundary.intersection(whole[b].boundary))
        if not isinstance(border, LineString) or border.is_closed or border.is_empty:
            continue
        middle = border.interpolate(0.5, normalized=True)
        ring = middle.buffer(border.length / 4, quad_segs=2)
        bay = ring.intersection(whole[b])
        if (
            whole[a].union(whole[b]).contains(ring)
            and isinstance(bay, Polygon)
            and isinstance(whole[b].difference(ring), Polygon)
        ):
            found.append((bay.area, a, ring))
    _, code, ring = max(found, key=lambda one: one[0])
    corners = tuple((float(x), float(y)) for x, y in ring.exterior.coords[:-1])
    return Bite(_place(grids[code]), corners)


def box(features: list[dict]) -> tuple[float, float, float, float]:
    """Return west, south, east, north of cells."""
    west, south, east, north = shapely.union_all([shape(f["geometry"]) for f in features]).bounds
    return float(west), float(south), float(east), float(north)
