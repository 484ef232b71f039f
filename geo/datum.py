"""Datums at the door: what a sender declares, brought to CGCS2000 and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError, ProjError

from geo.errors import BadPosition, UndeclaredDatum, UnsupportedDatum
from geo.position import Position

Coordinates: TypeAlias = NDArray[np.float64]


class Datum(StrEnum):
    """The four datums that degrees in China come in."""

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


@dataclass(frozen=True, slots=True)
class Epsg:
    """A coordinate system of the EPSG registry, x (east or longitude) first."""

    code: int

    def __str__(self) -> str:
        """Return `EPSG:n`, which `parse_datum` reads back."""
        return f"EPSG:{self.code}"


CHOICES = "wgs84, cgcs2000, gcj02, bd09, EPSG:n"

_CGCS2000 = 4490
_WGS84 = 4326
_EPSG = re.compile(r"(?:urn:ogc:def:crs:)?epsg:(?:[\d.]*:)?(\d{1,7})", re.IGNORECASE)
# Geographic systems of old Chinese surveys. PROJ shifts them to CGCS2000 by nothing at all, without
# a warning; the real parameters are held by the county's survey office.
_LOCAL_DATUMS = {4610: "Xian 1980", 4214: "Beijing 1954", 4555: "New Beijing"}

# The community's formula of the Chinese offset, on the Krassowsky ellipsoid.
_A = 6378245.0
_EE = 0.00669342162296594323
_BOX = (72.004, 0.8293, 137.8347, 55.8271)
_BD_TURN = np.pi * 3000 / 180
_BD_SHIFT = (0.0065, 0.006)

_ENOUGH_DEG = 1e-13
_MOST_ROUNDS = 40  # 8 are needed at 105 E, where the offset has a cusp, 6 elsewhere


def parse_datum(text: str | None) -> Datum | Epsg:
    """Return the datum that a sender declares.

    Parameters
    ----------
    text
        `wgs84`, `cgcs2000`, `gcj02`, `bd09` in any case and with any punctuation (`GCJ-02`), or
        `EPSG:n`, or the same as a URN.

    Raises
    ------
    UndeclaredDatum
        If nothing, or nothing known, is declared. A datum is never guessed from the numbers.
    UnsupportedDatum
        If the EPSG code does not exist, is no map coordinate system, or has no truthful
        transformation (Xian 1980 and Beijing 1954 need local parameters).

    Examples
    --------
    >>> parse_datum("GCJ-02")
    <Datum.GCJ02: 'gcj02'>
    >>> parse_datum("epsg:4542")
    Epsg(code=4542)
    """
    given = (text or "").strip()
    code = _EPSG.fullmatch(given)
    if code:
        declared = Epsg(int(code[1]))
        _transformer(declared)
        return declared
    name = re.sub(r"[\W_]", "", given).lower()
    if name in {datum.value for datum in Datum}:
        return Datum(name)
    raise UndeclaredDatum(choices=CHOICES, given=given)


def to_cgcs2000(lon: float, lat: float, datum: Datum | Epsg) -> Position:
    """Return the CGCS2000 position of coordinates given in another datum.

    Parameters
    ----------
    lon, lat
        Degrees in `datum`, longitude first; for a projected `Epsg`, metres east and north.
    datum
        What the sender declares. WGS84 and CGCS2000 are passed on as they are (they differ by
        decimetres).

    Raises
    ------
    BadPosition
        If the coordinates are not finite or are no place on Earth.
    UnsupportedDatum
        If `datum` is an EPSG code that cannot be converted truthfully.

    Notes
    -----
    GCJ-02 and BD-09 are undone by fixed-point rounds to 1e-12 degree (one round: up to 3.6 m off).
    The offset exists in a rectangle around China only; within 700 m of its edge two places can
    have the same GCJ-02 coordinates, and the one inside is returned.

    Examples
    --------
    >>> p = to_cgcs2000(116.42703, 39.90245, Datum.GCJ02)
    >>> round(p.lon, 4), round(p.lat, 4)
    (116.4208, 39.9011)
    """
    ((x, y),) = to_cgcs2000_array(np.array([[lon, lat]]), datum).tolist()
    if np.isnan(x):
        raise BadPosition(lon=lon, lat=lat)
    return Position(x, y)


def to_cgcs2000_array(xy: NDArray[Any], datum: Datum | Epsg) -> Coordinates:
    """Return the CGCS2000 degrees, shape (n, 2), of coordinates given in another datum.

    Rows that are no place on Earth come back as NaN, so that one bad row never stops the others.
    Otherwise as `to_cgcs2000`.
    """
    given = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    if isinstance(datum, Epsg):
        return _on_earth(_transformed(given, datum, TransformDirection.FORWARD))
    given = _on_earth(given)
    if datum is Datum.BD09:
        given = _undone(given, _bd09_of_gcj02)
    if datum in (Datum.GCJ02, Datum.BD09):
        shifted_back = _undone(given, lambda p: p + _offset(p))
        given = np.where(_in_box(shifted_back)[:, None], shifted_back, given)
    return _on_earth(given)


def from_cgcs2000(position: Position, datum: Datum | Epsg) -> tuple[float, float]:
    """Return the coordinates (x, y) of a CGCS2000 position in another datum.

    Raises
    ------
    BadPosition
        If a projected system does not reach the position.
    """
    ((x, y),) = from_cgcs2000_array(np.array([[position.lon, position.lat]]), datum).tolist()
    if np.isnan(x):
        raise BadPosition(lon=position.lon, lat=position.lat)
    return x, y


def from_cgcs2000_array(xy: NDArray[Any], datum: Datum | Epsg) -> Coordinates:
    """Return the coordinates, shape (n, 2), of CGCS2000 degrees in another datum; NaN for none."""
    degrees = _on_earth(np.asarray(xy, dtype=np.float64).reshape(-1, 2))
    if isinstance(datum, Epsg):
        return _transformed(degrees, datum, TransformDirection.INVERSE)
    if datum in (Datum.GCJ02, Datum.BD09):
        degrees = np.where(_in_box(degrees)[:, None], degrees + _offset(degrees), degrees)
    if datum is Datum.BD09:
        degrees = _bd09_of_gcj02(degrees)
    return degrees


def _on_earth(degrees: Coordinates) -> Coordinates:
    there = (np.abs(degrees) <= (180.0, 90.0)).all(axis=1, keepdims=True)
    return np.where(there, degrees, np.nan)


def _in_box(degrees: Coordinates) -> NDArray[np.bool_]:
    west, south, east, north = _BOX
    lon, lat = degrees.T
    return np.asarray((west <= lon) & (lon <= east) & (south <= lat) & (lat <= north))


def _offset(degrees: Coordinates) -> Coordinates:
    """Return how far GCJ-02 lies from WGS84 at WGS84 degrees, in degrees."""
    lon, lat = degrees.T
    x, y, sin, pi = lon - 105, lat - 35, np.sin, np.pi
    wave = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + wave
    north_m += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    north_m += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + wave
    east_m += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    east_m += (150 * sin(x / 12 * pi) + 300 * sin(x * pi / 30)) * 2 / 3
    radians = np.radians(lat)
    m = 1 - _EE * sin(radians) ** 2
    east = east_m * 180 / (_A / np.sqrt(m) * np.cos(radians) * pi)
    north = north_m * 180 / (_A * (1 - _EE) / (m * np.sqrt(m)) * pi)
    return np.column_stack((east, north))


def _bd09_of_gcj02(degrees: Coordinates) -> Coordinates:
    x, y = degrees.T
    radius = np.hypot(x, y) + 2e-5 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _BD_TURN)
    return np.column_stack((radius * np.cos(angle), radius * np.sin(angle))) + _BD_SHIFT


def _undone(target: Coordinates, forward: Callable[[Coordinates], Coordinates]) -> Coordinates:
    """Return the degrees that `forward` takes to `target`, by fixed-point rounds."""
    found = target.copy()
    for _ in range(_MOST_ROUNDS):
        error = forward(found) - target
        found -= error
        if not (np.abs(error) > _ENOUGH_DEG).any():  # NaN rows are done
            break
    return found


def _transformed(given: Coordinates, system: Epsg, direction: TransformDirection) -> Coordinates:
    if system.code in (_CGCS2000, _WGS84):
        return given.copy()
    x, y = _transformer(system).transform(given[:, 0], given[:, 1], direction=direction)
    result = np.column_stack((x, y))
    return np.where(np.isfinite(result).all(axis=1, keepdims=True), result, np.nan)


@lru_cache(maxsize=64)
def _transformer(system: Epsg) -> Transformer:
    """Return the transformer from a system to CGCS2000 degrees, x first in both.

    Systems on another datum go to WGS84 by the best transformation that PROJ knows there, and
    WGS84 is taken for CGCS2000. Straight to CGCS2000, PROJ would silently shift them by nothing.
    """
    try:
        crs = CRS.from_epsg(system.code)
    except CRSError:
        raise UnsupportedDatum(given=str(system), reason="there is no such EPSG code") from None
    base = crs.geodetic_crs
    if base is None or len(crs.axis_info) != 2 or not (crs.is_geographic or crs.is_projected):
        raise UnsupportedDatum(given=str(system), reason="it is no system of map coordinates")
    base_code = base.to_epsg()
    if base_code in _LOCAL_DATUMS:
        raise UnsupportedDatum(
            given=str(system),
            reason=f"{_LOCAL_DATUMS[base_code]} needs local parameters from the survey office, "
            "without them positions would be tens of metres off",
        )
    target = _CGCS2000 if base_code == _CGCS2000 else _WGS84
    try:
        return Transformer.from_crs(crs, target, always_xy=True, allow_ballpark=False)
    except ProjError:
        raise UnsupportedDatum(
            given=str(system), reason="no transformation from its datum to WGS84 is known"
        ) from None
