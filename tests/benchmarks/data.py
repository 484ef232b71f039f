"""What is measured on: the invented county at full scale, and points in it."""

from __future__ import annotations

from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.county import NestedCounty, invented_outline, make_county
from geo.coverage import outlines
from geo.lattice import Geometries

VILLAGES = [10] * 7 + [9] * 6


@cache
def county() -> NestedCounty:
    """Return 13 townships, 124 villages, 2,110 grids and 10,386 sub-groups."""
    return make_county(invented_outline(seed=1), VILLAGES, 2110, 10386, 1)


@cache
def grids() -> Geometries:
    """Return the outlines of the 2,110 grids, in the order of their numbers."""
    united = outlines(county().cells, county().grid_of)
    array = np.empty(len(united), dtype=np.object_)
    array[:] = [united[number] for number in sorted(united)]
    return array


@cache
def points(n: int) -> NDArray[np.float64]:
    """Return n positions on the lattice: most near settlements, 8 % anywhere, some outside."""
    rng = np.random.default_rng(7)
    homes = county().settlements
    west, south, east, north = county().outline.bounds
    chosen = rng.choice(len(homes), n, p=homes[:, 2] / homes[:, 2].sum())
    xy = homes[chosen, :2] + rng.normal(size=(n, 2)) * rng.choice([0.001, 0.005], (n, 1))
    anywhere = rng.random(n) < 0.08
    xy[anywhere] = rng.uniform([west, south], [east, north], (anywhere.sum(), 2))
    return np.round(xy, 7)


def adversarial(polygons: Geometries, n: int, seed: int) -> NDArray[np.float64]:
    """Return n positions of each kind: vertices, points on edges, neighbours by one bit, ..."""
    rng = np.random.default_rng(seed)
    xy = shapely.get_coordinates(polygons)
    k = rng.integers(0, len(xy) - 1, n)
    middle = (xy[k] + xy[k + 1]) / 2
    west, south, east, north = shapely.total_bounds(polygons)
    level = np.column_stack([rng.uniform(west, east, n), xy[k, 1]])
    upright = np.column_stack([xy[k, 0], rng.uniform(south, north, n)])
    by_one_bit = np.nextafter(xy[k], xy[k] + rng.choice([-1, 1], (n, 2)))
    near_middle = middle * (1 + rng.uniform(-3e-16, 3e-16, (n, 2)))
    rounded = np.round(xy[k] + rng.normal(0, 1e-5, (n, 2)), 6)
    return np.concatenate([xy[k], middle, level, upright, by_one_bit, near_middle, rounded])
