"""Random boundary work on a county: what people try with every tool, and the cells after it."""

from __future__ import annotations

import itertools
import time
from collections import Counter, defaultdict

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from geo.arcs import arcs
from geo.errors import Refusal
from geo.patch import Cell, Multipart, assign, merge
from geo.patch_draw import draw_grid
from geo.patch_move import move_vertex, redraw_arcs
from geo.patch_nibble import nibble
from geo.patch_reshape import reshape
from geo.patch_split import split

_REINDEX = 300  # changed cells are searched one by one until there are this many


def cells_of(made):
    """The cells of an invented county."""
    named = zip(made.cells, made.grid_of, made.village_of, strict=True)
    return tuple(
        Cell(k, f"v{village}", f"g{grid}", f"s{k}", outline)
        for k, (outline, grid, village) in enumerate(named)
    )


class Ground:
    """The cells of a county while they are edited, found by place and by grid."""

    def __init__(self, cells):
        self.cells = {cell.id: cell for cell in cells}
        self.members = defaultdict(set)
        for cell in cells:
            self.members[cell.grid].add(cell.id)
        self._index()

    def _index(self):
        self._ids = np.array(sorted(self.cells))
        self._tree = shapely.STRtree([self.cells[k].outline for k in self._ids.tolist()])
        self._changed = set()

    def touching(self, shape):
        """The cells that meet a shape, by id."""
        found = set(self._ids[self._tree.query(shape, predicate="intersects")].tolist())
        found = (found & self.cells.keys()) - self._changed
        changed = [k for k in self._changed if k in self.cells]
        found |= {k for k in changed if self.cells[k].outline.intersects(shape)}
        return [self.cells[k] for k in sorted(found)]

    def land(self, grid):
        return shapely.coverage_union_all([self.cells[k].outline for k in self.members[grid]])

    def apply(self, patch):
        for cell in patch.old:
            assert self.cells.pop(cell.id) == cell
            self.members[cell.grid].discard(cell.id)
        for cell in patch.new:
            assert cell.id not in self.cells
            self.cells[cell.id] = cell
            self.members[cell.grid].add(cell.id)
        self._changed |= {cell.id for cell in (*patch.old, *patch.new)}
        for grid in {cell.grid for cell in patch.old}:
            if not self.members[grid]:
                del self.members[grid]
        if len(self._changed) > _REINDEX:
            self._index()


class Hand:
    """Somebody who edits: picks a grid and a tool, and says what becomes of loose pieces."""

    def __init__(self, ground, rng, new_ids=None):
        self.ground = ground
        self.rng = rng
        self.new_ids = new_ids or itertools.count(10**6)
        self.outcomes = Counter()
        self.refusals = []
        self.seconds = defaultdict(list)

    def try_one(self, tool):
        """A patch by a tool, None if it was refused."""
        try:
            patch = getattr(self, tool)()
        except Refusal as refused:
            self.outcomes[tool, refused.code] += 1
            self.refusals.append(refused)
            return None
        self.outcomes[tool, "ok"] += 1
        return patch

    def a_grid(self):
        grids = sorted(grid for grid in self.ground.members if grid is not None)
        return grids[self.rng.integers(len(grids))]

    def a_pair(self):
        """A grid and one that touches it, if there is any in its village."""
        grid = self.a_grid()
        land = self.ground.land(grid)
        around = self.ground.touching(land)
        village = next(c.village for c in around if c.grid == grid)
        others = sorted({c.grid for c in around if c.grid and c.village == village} - {grid})
        other = others[self.rng.integers(len(others))] if others else grid
        both = shapely.union(land, self.ground.land(other))
        return grid, other, self.ground.touching(both)

    def call(self, tool, *given, **more):
        """What a tool answers; its seconds of processor time are kept by its name."""
        start = time.process_time()
        try:
            return tool(*given, **more)
        finally:
            self.seconds[tool.__name__].append(time.process_time() - start)

    def asked(self, tool, *given):
        """The patch of a tool that asks about loose pieces: mostly given to a neighbour."""
        try:
            return self.call(tool, *given)
        except Multipart as refused:
            piece = next(p for p in refused.facts["pieces"] if p["loose"])
            if not piece["neighbours"] or self.rng.random() < 0.3:
                raise
            return self.call(tool, *given, loose=piece["neighbours"][0]["grid"])

    def assign(self):
        grid, other, around = self.a_pair()
        own = [cell.id for cell in around if cell.grid == grid]
        return self.asked(assign, around, [own[self.rng.integers(len(own))]], other)

    def free(self):
        grid, _, around = self.a_pair()
        own = [cell.id for cell in around if cell.grid == grid]
        return self.asked(assign, around, [own[self.rng.integers(len(own))]], None)

    def merge(self):
        grid, other, around = self.a_pair()
        return self.call(merge, around, grid, other)

    def split(self):
        grid = self.a_grid()
        land = self.ground.land(grid)
        codes = [f"n{next(self.new_ids)}" for _ in range(3)]
        line = a_line_through(land, self.rng)
        return self.call(
            split,
            self.ground.touching(land),
            grid,
            line,
            codes[0],
            self.new_ids,
            further_grids=codes[1:],
        )

    def reshape(self):
        grid, other, around = self.a_pair()
        line = a_line_beside(self.ground.land(grid), self.ground.land(other), self.rng)
        return self.asked(reshape, around, grid, other, line, self.new_ids)

    def nibble(self):
        grid = self.a_grid()
        land = self.ground.land(grid)
        blob = a_blob(land, self.rng)
        around = self.around(shapely.union(land, blob.convex_hull))
        return self.asked(nibble, around, grid, blob, self.new_ids)

    def move(self):
        xy = shapely.get_coordinates(self.ground.land(self.a_grid()))
        at = xy[self.rng.integers(len(xy))]
        to = at + self.rng.normal(size=2) * self.rng.choice([3e-5, 3e-4])
        return self.asked(
            move_vertex, self.around(shapely.Point(at)), tuple(at), tuple(to), self.new_ids
        )

    def redraw(self):
        around = self.ground.touching(self.ground.land(self.a_grid()))
        inner = [arc.line for arc in arcs(around) if arc.right is not None]
        line = inner[self.rng.integers(len(inner))]
        xy = shapely.get_coordinates(line)
        bent = shapely.get_coordinates(shapely.segmentize(line, line.length / 3))
        bent[1:-1] += self.rng.normal(size=bent[1:-1].shape) * line.length * 0.03
        bent[[0, -1]] = xy[[0, -1]]
        return self.asked(redraw_arcs, self.around(line), [(line, LineString(bent))], self.new_ids)

    def draw(self):
        free = sorted(self.ground.members.get(None, ()))
        place = (
            self.ground.cells[free[self.rng.integers(len(free))]].outline
            if free
            else self.ground.land(self.a_grid())
        )
        blob = a_blob(place, self.rng)
        return self.call(
            draw_grid, self.around(blob.convex_hull), blob, f"n{next(self.new_ids)}", self.new_ids
        )

    def around(self, shape):
        """The cells that meet a shape, the rest of their grids, and all that touch these."""
        met = {c.grid for c in self.ground.touching(shape)} - {None}
        lands = [self.ground.land(grid) for grid in sorted(met)]
        return self.ground.touching(shapely.union_all([*lands, shape]))


TOOLS = ("assign", "free", "merge", "split", "reshape", "nibble", "move", "redraw", "draw")


def a_line_through(outline, rng):
    west, south, east, north = outline.bounds
    centre = np.array(outline.point_on_surface().coords[0])
    turn = rng.uniform(0, np.pi)
    reach = np.array([np.cos(turn), np.sin(turn)]) * np.hypot(east - west, north - south)
    shake = rng.normal(size=(2, 2)) * np.hypot(*reach) * 0.03
    return LineString(
        [
            centre - reach,
            centre - reach * 0.2 + shake[0],
            centre + reach * 0.25 + shake[1],
            centre + reach,
        ]
    )


def a_line_beside(mine, theirs, rng):
    """A crooked line from one place on the border of two lands to another."""
    border = shapely.line_merge(shapely.intersection(mine.boundary, theirs.boundary))
    lines = [line for line in shapely.get_parts(border) if line.geom_type == "LineString"]
    if not lines:
        return a_line_through(mine, rng)
    longest = max(lines, key=lambda line: line.length)
    along = np.linspace(*np.sort(rng.uniform(0, 1, 2)), rng.integers(3, 8))
    xy = shapely.get_coordinates(shapely.line_interpolate_point(longest, along, normalized=True))
    xy[1:-1] += rng.normal(size=(len(xy) - 2, 2)) * longest.length * 0.08
    return LineString(xy)


def a_blob(outline, rng):
    """A star around a vertex of an outline, up to a quarter of its size."""
    xy = shapely.get_coordinates(outline)
    reach = np.sqrt(outline.area) * rng.uniform(0.08, 0.25)
    turn = np.sort(rng.uniform(0, 2 * np.pi, 9))
    ray = np.column_stack((np.cos(turn), np.sin(turn))) * rng.uniform(0.6, 1.2, (9, 1))
    return Polygon(xy[rng.integers(len(xy))] + ray * reach)
