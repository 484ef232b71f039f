"""Hypothesis strategies for geometry; shapes are small, on the lattice, near a county in Yunnan."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.coverage import adjacency
from geo.datum import Datum
from geo.lattice import Geometries, snap
from geo.position import Position

HOME = (99.6, 24.8)
STEP_DEG = 0.004


def seeds() -> st.SearchStrategy[int]:
    return st.integers(0, 2**32 - 1)


def datums() -> st.SearchStrategy[Datum]:
    return st.sampled_from(Datum)


def positions(
    west: float = -180, south: float = -90, east: float = 180, north: float = 90
) -> st.SearchStrategy[Position]:
    return st.builds(Position, st.floats(west, east), st.floats(south, north))


def positions_in_china() -> st.SearchStrategy[Position]:
    """Well inside the rectangle in which GCJ-02 is shifted."""
    return positions(73, 2, 137, 55)


@st.composite
def polygons(draw: st.DrawFn, with_holes: bool = True) -> shapely.Polygon:
    """A valid star-shaped polygon on the lattice, some with a hole."""
    rng = np.random.default_rng(draw(seeds()))
    n = draw(st.integers(3, 12))
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False) + rng.uniform(0, 2 * np.pi)
    ray = np.column_stack((np.cos(angle), np.sin(angle)))
    shell = HOME + ray * rng.uniform(0.5, 1, (n, 1)) * STEP_DEG
    hole = HOME + ray * 0.1 * STEP_DEG
    inner = [hole] if with_holes and draw(st.booleans()) else []
    return snap([shapely.Polygon(shell, inner)])[0]


@st.composite
def coverages(draw: st.DrawFn, most: int = 5) -> Geometries:
    """Cells that cover their union exactly: crooked quadrilaterals, some merged to odd shapes."""
    n_columns, n_rows = draw(st.integers(2, most)), draw(st.integers(2, most))
    n_merges = draw(st.integers(0, n_columns * n_rows // 3))
    return crooked_coverage(n_columns, n_rows, draw(seeds()), n_merges)


def crooked_coverage(n_columns: int, n_rows: int, seed: int, n_merges: int = 0) -> Geometries:
    """A grid of quadrilaterals with moved corners and two extra vertices on each side."""
    rng = np.random.default_rng(seed)
    corner = np.stack(np.meshgrid(np.arange(n_columns + 1), np.arange(n_rows + 1)), axis=-1)
    corner = corner + rng.uniform(-0.2, 0.2, corner.shape)
    sides: dict[tuple[tuple[int, int], tuple[int, int]], NDArray[np.float64]] = {}

    def side(a: tuple[int, int], b: tuple[int, int]) -> NDArray[np.float64]:
        if (b, a) in sides:
            return sides[b, a][::-1]
        along = np.array([[0], [1 / 3], [2 / 3], [1]])
        line = corner[a[1], a[0]] * (1 - along) + corner[b[1], b[0]] * along
        line[1:3] += rng.uniform(-0.05, 0.05, (2, 2))
        return sides.setdefault((a, b), line)

    cells = []
    for x in range(n_columns):
        for y in range(n_rows):
            turn = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y)]
            ring = np.vstack([side(a, b)[:-1] for a, b in pairwise(turn)])
            cells.append(shapely.Polygon(np.array(HOME) + ring * STEP_DEG))
    return _merged(snap(cells), n_merges, rng)


def _merged(cells: Geometries, n_merges: int, rng: np.random.Generator) -> Geometries:
    for _ in range(n_merges):
        pairs = adjacency(cells)
        pick = rng.integers(len(pairs.i))
        i, j = pairs.i[pick], pairs.j[pick]
        both = shapely.coverage_union_all(cells[[i, j]])
        rest = np.delete(cells, [i, j])
        if shapely.get_num_interior_rings(both) or len(rest) == 0:
            continue
        cells = np.append(rest, both)
    return cells
