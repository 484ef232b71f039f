"""What people draw: lines and areas in degrees, brought to the lattice steps of some cells."""

from __future__ import annotations

import re

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import GeoError
from geo.lattice import SCALE, Coordinates, keys
from geo.patch_faces import Ground

_PLACE = re.compile(r"\[(\S+) (\S+)\]")


class BadSketch(GeoError):
    """What was drawn is not the line or the area that it has to be."""

    code = "sketch.invalid"
    sentence = "The sketch cannot be used: {reason}."


class TooSmall(GeoError):
    """What was drawn has hardly any land in it."""

    code = "sketch.too_small"
    sentence = "There are only {area_m2} square metres in the sketch; {min_area_m2} are needed."


def tied(land: Ground, xy: Coordinates) -> Coordinates:
    """Return places in degrees as lattice steps, on the vertex that is within one step of each.

    A sketch that passes a vertex this closely would be torn from it by rounding.
    """
    keys(xy)  # refuses what is no place in the world
    steps: Coordinates = xy * SCALE - land.origin
    vertices = shapely.get_coordinates(land.flat)
    vertices = vertices[np.argsort(vertices[:, 0])]
    begin, end = (np.searchsorted(vertices[:, 0], steps[:, 0] + reach) for reach in (-1, 1))
    for k in np.flatnonzero(begin < end).tolist():
        near = vertices[begin[k] : end[k]]
        away = np.hypot(*(near - steps[k]).T)
        if away.min() <= 1:
            steps[k] = near[away.argmin()]
    return steps


def area_of(land: Ground, blob: Polygon) -> BaseGeometry:
    """Return a drawn area in lattice steps.

    Raises
    ------
    BadSketch
        If it is no polygon, or crosses itself; with the place.
    """
    if blob.geom_type != "Polygon" or blob.is_empty:
        raise BadSketch(reason=f"it is a {blob.geom_type}{' without places' * blob.is_empty}")
    area = shapely.transform(blob, lambda xy: tied(land, np.asarray(xy)))
    where = _PLACE.search(shapely.is_valid_reason(area))
    if where:
        at = land.place(np.array([float(where[1]), float(where[2])]))
        raise BadSketch(reason="its outline crosses or touches itself", at=at)
    return area
