"""An area as somebody redrew it elsewhere, fitted to the borders that are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.crs import area_m2
from geo.errors import GeoError
from geo.lattice import Geometries, snap
from geo.polygon import is_polygonal

# A length of one degree of a meridian: what turns a tolerance in metres into degrees.
_DEGREE_M = 111_000.0


class NoArea(GeoError):
    """What was sent as an area encloses none."""

    code = "redrawn.no_area"
    sentence = "The outline cannot be used: {reason}."


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A clean outline on the lattice; `mended` says what was invalid about it as it came."""

    outline: BaseGeometry
    mended: str | None


def fitted(wkb: bytes, around: Sequence[BaseGeometry], tolerance_m: float = 0.5) -> Redrawn:
    """Return an outline made valid, with its vertices on those of the borders around.

    Parameters
    ----------
    wkb
        The outline as it came, in CGCS2000 degrees: possibly invalid, broken or endless. Call
        this in a process apart.
    around
        Outlines in force near it.
    tolerance_m
        How near an edge has to pass to a vertex in force to run through it. Programs that
        reproject move every vertex by a little; none of that is a change of a border.

    Raises
    ------
    NoArea
        If nothing of it is an area on Earth.
    """
    try:
        given = shapely.force_2d(shapely.from_wkb(wkb))
    except shapely.GEOSException as error:
        raise NoArea(reason=str(error)) from None
    if given is None or not np.isfinite(shapely.get_coordinates(given)).all():
        raise NoArea(reason="it has no places")
    west, south, east, north = shapely.bounds(given).tolist()
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise NoArea(reason="it lies outside the world")
    mended = None
    if not given.is_valid:
        mended = shapely.is_valid_reason(given)
        given = _valid(given)
    borders = shapely.union_all(shapely.boundary(np.asarray(around, dtype=np.object_)))
    near = shapely.snap(given, borders, tolerance_m / _DEGREE_M)
    (outline,) = snap([_valid(near)])
    outline = _valid(outline)
    if outline.is_empty:
        raise NoArea(reason="it encloses nothing")
    return Redrawn(outline, mended)


def differences(
    outline: BaseGeometry, former: BaseGeometry, tolerance_m: float = 0.5
) -> tuple[list[Polygon], list[Polygon]]:
    """Return the pieces of land that an outline takes in and those that it gives up.

    Pieces that are thinner than the tolerance on average are noise and left out.

    Parameters
    ----------
    outline, former
        Valid areas in degrees, as they shall be and as they are.
    """
    return (
        _pieces(shapely.difference(outline, former), tolerance_m),
        _pieces(shapely.difference(former, outline), tolerance_m),
    )


def _pieces(land: BaseGeometry, tolerance_m: float) -> list[Polygon]:
    parts: Geometries = shapely.get_parts(land)
    pieces = [part for part in parts[is_polygonal(parts)] if part.area > 0]
    if not pieces:
        return []
    length_m = shapely.length(np.asarray(pieces)) * _DEGREE_M
    width_m = 2 * area_m2(pieces) / length_m
    return [piece for piece, metres in zip(pieces, width_m, strict=True) if metres > tolerance_m]


def _valid(geom: BaseGeometry) -> BaseGeometry:
    """Return the areas of a geometry, valid; lines and points of it are none."""
    if geom.is_valid and geom.geom_type in ("Polygon", "MultiPolygon"):
        return geom
    made = shapely.make_valid(geom, method="structure", keep_collapsed=False)
    areas = [part for part in shapely.get_parts(made) if part.geom_type.endswith("Polygon")]
    united: BaseGeometry = shapely.union_all(areas)
    return united
