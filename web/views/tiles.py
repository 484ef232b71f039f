"""Vector tiles: outlines for everybody who is signed in, points inside the viewer's territory."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from flask import Blueprint, Response, request
from isal import igzip

from grids import publications
from layers import tiles
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("tiles", __name__, url_prefix="/tiles")

MIME = "application/vnd.mapbox-vector-tile"
FOREVER = "private, max-age=31536000, immutable"


class _UnitTiles:
    """Packed unit tiles of the publications lately asked for, kept in the process."""

    def __init__(self, size: int) -> None:
        self.get = lru_cache(maxsize=size)(self._make)

    @staticmethod
    def _make(publication: int, z: int, x: int, y: int) -> bytes:
        with begin(None) as conn:
            return igzip.compress(tiles.units_tile(conn, z, x, y), compresslevel=2)


_units = _UnitTiles(size=4096)


def _answer(packed: bytes, etag: str, caching: str) -> Response:
    answer = Response(packed, mimetype=MIME)
    answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Cache-Control"] = caching
    answer.headers["Vary"] = "Cookie, Authorization"
    answer.set_etag(etag)
    return answer.make_conditional(request)


@blp.get("/<int:publication>/units/<int:z>/<int:x>/<int:y>.mvt")
@needs("unit.see")
def units_tile(publication: int, z: int, x: int, y: int) -> Response:
    """Return a tile of unit outlines; the number in the address is the cache's only rule.

    A number that is no longer in force answers with what is in force, uncached: the page that
    asks is about to learn of the new publication.
    """
    tiles.require_address("units", z, x, y)
    with begin(None) as conn:
        current = publications.require_current(conn).number
    packed = _units.get(current, z, x, y)
    caching = FOREVER if publication == current else "no-store"
    return _answer(packed, f"{current}-{z}-{x}-{y}", caching)


def _points(layer: str, z: int, x: int, y: int) -> Response:
    who = viewer()
    tiles.require_address(layer, z, x, y)
    with begin(who) as conn:
        plain = tiles.points_tile(conn, layer, who.scope, z, x, y)
    digest = hashlib.sha256(plain).hexdigest()[:20]
    return _answer(
        igzip.compress(plain, compresslevel=2), f"{who.scope}-{digest}", "private, no-cache"
    )


@blp.get("/<int:publication>/households/<int:z>/<int:x>/<int:y>.mvt")
@needs("household.see")
def households_tile(publication: int, z: int, x: int, y: int) -> Response:
    """Return a tile of the viewer's households, from street zooms only."""
    return _points("households", z, x, y)


@blp.get("/<int:publication>/cameras/<int:z>/<int:x>/<int:y>.mvt")
@needs("camera.see")
def cameras_tile(publication: int, z: int, x: int, y: int) -> Response:
    """Return a tile of the viewer's cameras."""
    return _points("cameras", z, x, y)


@blp.get("/<int:publication>/incidents/<int:z>/<int:x>/<int:y>.mvt")
@needs("incident.see")
def incidents_tile(publication: int, z: int, x: int, y: int) -> Response:
    """Return a tile of open incidents in the viewer's territory, counted per field when far."""
    return _points("incidents", z, x, y)
