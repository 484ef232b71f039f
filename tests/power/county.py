"""A county of settlements whose rates are known, since they are made here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Voronoi

from geo.hotspots.weights import Weights, contiguity
from geo.hotspots.zones import Zones, circles

Floats = npt.NDArray[np.float64]
Null = Literal["N0", "N1", "N2"]

DAYS, WEEK, CASES = 90, 7, 20_000
GRIDS, HOUSEHOLDS, AREA_KM2 = 2_110, 95_945, 3_800
REACH_M = 3_000

# What a null supposes of the rates per household.
NULLS: dict[Null, str] = {
    "N0": "the same everywhere",
    "N1": "gamma(4) of its own in every grid",
    "N2": "a smooth surface, log-normal, sd 0.5",
}


@dataclass(frozen=True, eq=False)
class County:
    """Grids with their centroids in metres, households and neighbours.

    `shape` has the relative rate of each grid under each null.
    """

    xy: Floats
    households: Floats
    weights: Weights
    zones: Zones
    shape: dict[Null, Floats]

    def usual(self, null: Null) -> Floats:
        """Return the cases a day that each grid expects."""
        weight = self.households * self.shape[null]
        return weight / weight.sum() * CASES / DAYS


@cache
def county(seed: int = 7) -> County:
    """Return the county of a seed: one town, 19 seats, 400 hamlets and a rural floor."""
    random = np.random.default_rng(seed)
    outline = _outline()
    west, south, east, north = outline.bounds

    def anywhere(n: int) -> Floats:
        found = np.empty((0, 2))
        while len(found) < n:
            tried = random.uniform((west, south), (east, north), (2 * n, 2))
            found = np.concatenate((found, tried[shapely.contains_xy(outline, *tried.T)]))
        return found[:n]

    seats = np.concatenate((np.zeros((1, 2)), anywhere(19)))
    places = np.concatenate((seats, anywhere(400)))
    weight = np.concatenate(
        ([0.22], random.uniform(0.008, 0.02, 19), random.gamma(1.2, 0.0006, 400))
    )
    spread = np.concatenate(
        ([2200.0], random.uniform(500, 1000, 19), random.uniform(150, 450, 400))
    )
    weight /= weight.sum()

    def settled(n: int, share_rural: float) -> Floats:
        near = random.choice(len(places), n, p=weight)
        at = places[near] + random.normal(size=(n, 2)) * spread[near, np.newaxis]
        rural = random.random(n) < share_rural
        at[rural] = anywhere(int(rural.sum()))
        astray = ~shapely.contains_xy(outline, *at.T)
        at[astray] = anywhere(int(astray.sum()))
        return at

    town = int(GRIDS * 0.55)
    sites = np.concatenate((settled(town, 0.1), anywhere(GRIDS - town)))
    for _ in range(2):
        sites = shapely.get_coordinates(shapely.centroid(_cells(sites, outline)))
    cells = _cells(sites, outline)
    tree = shapely.STRtree(cells)
    home, grid = tree.query(shapely.points(settled(HOUSEHOLDS, 0.04)), predicate="intersects")
    households = np.bincount(grid[np.unique(home, return_index=True)[1]], minlength=GRIDS)
    touching = tree.query(cells, predicate="intersects").T
    xy = shapely.get_coordinates(shapely.centroid(cells))
    return County(
        xy=xy,
        households=households.astype(np.float64),
        weights=contiguity(touching, GRIDS),
        zones=circles(xy, REACH_M),
        shape={
            "N0": np.ones(GRIDS),
            "N1": random.gamma(4, 0.25, GRIDS),
            "N2": _smooth(xy, random),
        },
    )


def _outline() -> shapely.Polygon:
    angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    radius = 1 + 0.12 * np.sin(3 * angle + 0.5) + 0.08 * np.sin(5 * angle + 1.2)
    plain = shapely.polygons(
        np.column_stack((np.cos(angle), 1.05 * np.sin(angle))) * radius[:, None]
    )
    return shapely.transform(plain, lambda at: at * np.sqrt(AREA_KM2 * 1e6 / plain.area))


def _cells(sites: Floats, outline: shapely.Polygon) -> Any:
    """Return the Voronoi cells of sites, cut to the outline."""
    far = 5e5 * np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])
    diagram = Voronoi(np.concatenate((sites, far)))
    rings = [
        diagram.vertices[diagram.regions[region]] for region in diagram.point_region[: len(sites)]
    ]
    return shapely.intersection([shapely.Polygon(ring) for ring in rings], outline)


def _smooth(xy: Floats, random: np.random.Generator) -> Floats:
    field = np.zeros(len(xy))
    for centre in xy[random.integers(0, len(xy), 60)]:
        field += random.normal() * np.exp(-((xy - centre) ** 2).sum(axis=1) / (2 * 3500.0**2))
    return np.asarray(np.exp(0.5 * (field - field.mean()) / field.std()), dtype=np.float64)
