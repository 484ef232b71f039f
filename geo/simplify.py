"""A coverage simplified together for the scale of a map: borders stay shared, the proof holds.

Simplify the cells once for each zoom and unite the results: then every level of units agrees with
every other at that zoom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.coverage import BrokenCoverage, Proof, outlines, prove
from geo.errors import GeoError
from geo.lattice import SCALE, Geometries, from_lattice, snap, to_lattice
from geo.polygon import require_polygonal
from geo.position import GEOD

_TILE_PX = 256
_MOST_TRIES = 12
_STEP_M = math.radians(1 / SCALE) * GEOD.a  # of the lattice, north-south


class NotACoverage(GeoError):
    """Polygons that overlap or whose shared borders differ cannot be simplified together."""

    code = "simplify.not_a_coverage"
    sentence = (
        "The polygons are no exact coverage: {invalid} invalid, {off_lattice} not on the lattice, "
        "{n_half_edges} edges without a partner."
    )


def pixel_m(zoom: float, lat: float) -> float:
    """Return the ground size of a 256-pixel web map's pixel in metres at a latitude."""
    return 2 * math.pi * GEOD.a * math.cos(math.radians(lat)) / (_TILE_PX * 2**zoom)


def simplify(
    polygons: Sequence[BaseGeometry] | Geometries, zoom: float, *, lat: float | None = None
) -> Geometries:
    """Return the same number of polygons, simplified for a web map zoom, on the lattice.

    Parameters
    ----------
    polygons
        An exact coverage in degrees on the lattice; holes in its union are kept.
    zoom
        Of 256-pixel web Mercator tiles. Triangles smaller than a pixel go.
    lat
        Where a pixel is measured; by default in the middle of the polygons. A part of a coverage
        that is to come out as it does in the whole needs the latitude of the whole.

    Raises
    ------
    NotACoverage
        If the polygons are no exact coverage of their own union.

    Notes
    -----
    Visvalingam and Whyatt (1993) on the shared edges (GEOS CoverageSimplifier); nodes where three
    cells meet stay. Latitudes are stretched first, so that a pixel is as wide as it is high. The
    result is rounded to the lattice and proven. If rounding brings two lines of a narrow place
    together, the tolerance is halved until the proof holds; at last nothing is simplified.
    """
    require_polygonal(polygons)
    cells = np.empty(len(polygons), dtype=np.object_)
    cells[:] = polygons
    if len(cells) == 0:
        return cells
    proof = _proof(cells)
    if not proof.exact:
        raise NotACoverage(
            invalid=len(proof.invalid),
            off_lattice=len(proof.off_lattice),
            n_half_edges=proof.extra + proof.missing,
        )
    steps, origin = to_lattice(cells)
    if lat is None:
        _, south, _, north = shapely.total_bounds(cells).tolist()
        lat = (south + north) / 2
    stretch = np.array((math.cos(math.radians(lat)), 1.0))
    plane = shapely.transform(steps, lambda xy: xy * stretch)
    tolerance = pixel_m(zoom, lat) / _STEP_M
    for _ in range(_MOST_TRIES):
        simpler = shapely.coverage_simplify(plane, tolerance)
        rounded = snap(from_lattice(shapely.transform(simpler, lambda xy: xy / stretch), origin))
        if _proof(rounded).exact:
            return rounded
        tolerance /= 2
    return cells


def _proof(cells: Geometries) -> Proof:
    """Return the proof against the union's own outline, whose holes are meant."""
    try:
        (whole,) = outlines(cells, [None] * len(cells)).values()
    except BrokenCoverage:
        return prove(cells)
    return prove(cells, whole)
