"""Where an invented county lies and where its people live."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.lattice import snap

Metres: TypeAlias = NDArray[np.float64]
Settlements: TypeAlias = NDArray[np.float64]
Shape = TypeVar("Shape", bound=BaseGeometry)

_M_PER_DEGREE = 111_000.0
_OUTLINE_VERTICES = 1_500
_HAMLETS_PER_VILLAGE = 4
_IN_THE_OPEN = 0.3  # share of the sub-groups that keep to no settlement


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """Metres east and north of a place, good enough to draw shapes of the right proportions."""

    lon: float
    lat: float

    @classmethod
    def around(cls, shape: BaseGeometry) -> LocalPlane:
        """Return the plane at the middle of a shape."""
        return cls(*shapely.get_coordinates(shapely.centroid(shape))[0].tolist())

    @property
    def _scale(self) -> Metres:
        return np.array((math.cos(math.radians(self.lat)) * _M_PER_DEGREE, _M_PER_DEGREE))

    def to_metres(self, degrees: NDArray[np.float64]) -> Metres:
        """Return metres of degrees."""
        return np.asarray((degrees - (self.lon, self.lat)) * self._scale)

    def to_degrees(self, metres: Metres) -> NDArray[np.float64]:
        """Return degrees of metres."""
        return np.asarray(metres / self._scale + (self.lon, self.lat))

    def flatten(self, shape: Shape) -> Shape:
        """Return a shape in metres."""
        return shapely.transform(shape, self.to_metres)

    def raise_up(self, shape: Shape) -> Shape:
        """Return a shape in degrees."""
        return shapely.transform(shape, self.to_degrees)

    def flatten_settlements(self, settlements: Settlements) -> Settlements:
        """Return settlements in metres, their weights made to sum to 1."""
        rows = np.asarray(settlements, dtype=np.float64)
        return np.column_stack((self.to_metres(rows[:, :2]), rows[:, 2] / rows[:, 2].sum()))

    def unflatten_settlements(self, homes: Settlements) -> Settlements:
        """Return settlements in degrees."""
        return np.column_stack((self.to_degrees(homes[:, :2]), homes[:, 2]))


def invented_outline(
    centre: tuple[float, float] = (99.6, 24.83), radius_km: float = 34.8, seed: int = 0
) -> shapely.Polygon:
    """Return a natural-looking county outline on the lattice that exists nowhere.

    Parameters
    ----------
    centre
        Longitude and latitude in CGCS2000 degrees.
    radius_km
        Of the circle of the same area; the default makes 3,800 km2.
    seed
        Of its shape.
    """
    rng = np.random.default_rng(seed)
    turn = np.linspace(0, 2 * np.pi, _OUTLINE_VERTICES, endpoint=False)
    radius = np.ones_like(turn)
    for wave in range(2, 240):
        radius += rng.normal() * 0.22 / wave**1.3 * np.cos(wave * turn + rng.uniform(0, 2 * np.pi))
    xy = np.column_stack((np.cos(turn), np.sin(turn))) * np.maximum(radius, 0.3)[:, None]
    for axis in (0, 1):  # a gentle shear that never folds: bays and spurs instead of a star
        bend = rng.uniform(2, 4)
        xy[:, axis] += 0.6 / bend * np.sin(bend * xy[:, 1 - axis] + rng.uniform(0, 2 * np.pi))
    shape = shapely.Polygon(xy)
    xy = (xy - shapely.get_coordinates(shape.centroid)) * math.sqrt(math.pi / shape.area)
    plane = LocalPlane(*centre)
    outline: shapely.Polygon = snap([plane.raise_up(shapely.Polygon(xy * radius_km * 1000))])[0]
    return outline


def settle(
    ground: shapely.Polygon, villages_per_township: Sequence[int], rng: np.random.Generator
) -> Settlements:
    """Return invented settlements in metres: market towns, villages and their hamlets."""
    n_villages = sum(villages_per_township)
    shapely.prepare(ground)
    villages = _scattered(ground, n_villages, rng)
    weight = rng.lognormal(0, 0.5, n_villages)
    weight[: len(villages_per_township)] *= 4  # the first sites lie farthest apart: the towns
    weight[0] *= 3
    reach = 0.35 * math.sqrt(ground.area / n_villages)
    around = np.repeat(villages, _HAMLETS_PER_VILLAGE, axis=0)
    hamlets = around + rng.normal(0, reach, around.shape)
    hamlet_weight = np.repeat(rng.lognormal(-1, 0.4, n_villages), _HAMLETS_PER_VILLAGE)
    inside = shapely.contains_xy(ground, hamlets)
    sites = np.concatenate((villages, hamlets[inside]))
    weights = np.concatenate((weight, hamlet_weight[inside]))
    return np.column_stack((sites, weights / weights.sum()))


def gather(ground: shapely.Polygon, homes: Settlements, n: int, rng: np.random.Generator) -> Metres:
    """Return n different places inside the ground, most of them around the settlements."""
    shapely.prepare(ground)
    typical_m = math.sqrt(ground.area / n)
    places = np.empty((0, 2))
    while len(places) < n:
        home = homes[rng.choice(len(homes), n, p=homes[:, 2])]
        spread = typical_m * np.sqrt(home[:, 2:] * n) * rng.choice((0.1, 0.3, 0.8), (n, 1))
        near = home[:, :2] + rng.normal(size=(n, 2)) * spread
        west, south, east, north = ground.bounds
        anywhere = rng.uniform((west, south), (east, north), (n, 2))
        drawn = np.where(rng.random((n, 1)) < _IN_THE_OPEN, anywhere, near)
        drawn = np.round(drawn[shapely.contains_xy(ground, drawn)], 1)
        places = np.concatenate((places, drawn))
        _, first = np.unique(places, axis=0, return_index=True)
        places = places[np.sort(first)]
    return places[:n]


def _scattered(ground: shapely.Polygon, n: int, rng: np.random.Generator) -> Metres:
    """Return n places, each the farthest from those before among some random ones."""
    west, south, east, north = ground.bounds
    chosen = np.empty((0, 2))
    while len(chosen) < n:
        tries = rng.uniform((west, south), (east, north), (40, 2))
        tries = tries[shapely.contains_xy(ground, tries)]
        if len(tries) == 0:
            continue
        away = np.hypot(*(tries[:, None] - chosen[None]).T).min(axis=0, initial=np.inf)
        chosen = np.concatenate((chosen, tries[[int(np.argmax(away))]]))
    return chosen
