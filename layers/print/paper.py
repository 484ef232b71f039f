"""Paper: sizes, boxes in points, and the round scale at which an area fits a frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely

from geo.crs import Coordinates, Geometries, MetricFrame

MM = 72 / 25.4
_POINTS_PER_METRE = 72 / 0.0254

# Millimetres, upright.
PAPERS = {"A4": (210, 297), "A3": (297, 420), "A1": (594, 841), "A0": (841, 1189)}

# Scales that are easily read off a ruler, within a power of ten.
_ROUND = (1, 1.1, 1.2, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 7.5, 8, 9)


class Box(NamedTuple):
    """A rectangle on paper, in points from its lower left corner."""

    west: float
    south: float
    east: float
    north: float

    @property
    def width(self) -> float:
        """Return the extent from west to east."""
        return self.east - self.west

    @property
    def height(self) -> float:
        """Return the extent from south to north."""
        return self.north - self.south

    @property
    def centre(self) -> tuple[float, float]:
        """Return the middle."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    def inset(self, by: float) -> Box:
        """Return the box smaller by so much on each side."""
        return Box(self.west + by, self.south + by, self.east - by, self.north - by)

    def meets(self, other: Box) -> bool:
        """Return whether the boxes share more than an edge."""
        return (
            self.west < other.east
            and other.west < self.east
            and self.south < other.north
            and other.south < self.north
        )

    def holds(self, other: Box) -> bool:
        """Return whether another box lies inside, edges included."""
        return (
            self.west <= other.west
            and self.south <= other.south
            and other.east <= self.east
            and other.north <= self.north
        )


def around(x: float, y: float, width: float, height: float) -> Box:
    """Return the box of a size around its middle."""
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def round_scale(least: float) -> int:
    """Return the smallest round scale denominator that is not below `least`."""
    power = 10 ** math.floor(math.log10(least))
    steps = (*(step * power for step in _ROUND), 10 * power)
    return round(next(step for step in steps if step >= least * (1 - 1e-9)))


@dataclass(frozen=True)
class MapView:
    """A map frame on paper at a scale: Gauss-Krueger metres become points.

    Attributes
    ----------
    frame
        Where the map is drawn.
    centre
        Metres east and north in the middle of the frame.
    scale
        Denominator, such as 10 000.
    zone
        The plane of the metres.
    """

    frame: Box
    centre: tuple[float, float]
    scale: int
    zone: MetricFrame

    @classmethod
    def fit(cls, shapes: Geometries, frame: Box, *, margin: float = 6 * MM) -> MapView:
        """Return the view that shows shapes, in degrees, as large as a round scale lets them be.

        `margin` points stay free around them.
        """
        lon = (shapely.total_bounds(shapes)[0] + shapely.total_bounds(shapes)[2]) / 2
        zone = MetricFrame.at(float(lon))
        west, south, east, north = shapely.total_bounds(zone.project(shapes))
        least = max(
            (east - west) / (frame.width - 2 * margin),
            (north - south) / (frame.height - 2 * margin),
        )
        scale = round_scale(float(least) * _POINTS_PER_METRE)
        return cls(frame, (float(west + east) / 2, float(south + north) / 2), scale, zone)

    @property
    def points_per_metre(self) -> float:
        """Return the length on paper of a metre of the ground."""
        return _POINTS_PER_METRE / self.scale

    def xy(self, degrees: Coordinates) -> Coordinates:
        """Return points on paper, shape (n, 2), of CGCS2000 degrees."""
        metres = self.zone.project_xy(degrees)
        return (metres - self.centre) * self.points_per_metre + self.frame.centre

    def shapes(self, degrees: Geometries) -> Geometries:
        """Return shapes on paper of shapes in degrees."""
        array = np.empty(len(degrees), dtype=np.object_)
        array[:] = degrees
        moved: Geometries = shapely.transform(array, self.xy)
        return moved

    def degrees(self) -> tuple[float, float, float, float]:
        """Return what the frame shows as west, south, east, north in degrees."""
        box = self.frame
        corners = np.array(
            [(x, y) for x in (box.west, box.centre[0], box.east) for y in (box.south, box.north)]
        )
        metres = (corners - box.centre) / self.points_per_metre + self.centre
        west, south = self.zone.unproject_xy(metres).min(axis=0)
        east, north = self.zone.unproject_xy(metres).max(axis=0)
        return float(west), float(south), float(east), float(north)
