"""A position: CGCS2000 longitude and latitude, and the distance between two of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pyproj import Geod

from geo.errors import BadPosition

# The CGCS2000 ellipsoid: a as in GRS80, 1/f = 298.257222101 (EPSG:1024).
GEOD = Geod(a=6378137.0, rf=298.257222101)


@dataclass(frozen=True, slots=True)
class Position:
    """A point in CGCS2000 degrees, longitude first.

    Raises
    ------
    BadPosition
        If either number is not finite or lies outside the world.
    """

    lon: float
    lat: float

    def __post_init__(self) -> None:
        if not (
            math.isfinite(self.lon)
            and math.isfinite(self.lat)
            and abs(self.lon) <= 180
            and abs(self.lat) <= 90
        ):
            raise BadPosition(lon=self.lon, lat=self.lat)


def distance_m(a: Position, b: Position) -> float:
    """Return the geodesic distance between two positions in metres."""
    _, _, metres = GEOD.inv(a.lon, a.lat, b.lon, b.lat)
    return float(metres)
