"""Vector tiles: outlines for everybody who is signed in, points inside the viewer's territory."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from threading import Lock

from flask import Blueprint, Flask, Response, current_app, request
from isal import igzip

from layers import tiles
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("tiles", __name__, url_prefix="/tiles")

MIME = "application/vnd.mapbox-vector-tile"
FOREVER = "private, max-age=31536000, immutable"
KEPT_TILES = 4096
_STORE = "wangge.unit_tiles"


class _Kept:
    """The packed tiles last asked for."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._tiles: dict[Hashable, bytes] = {}
        self._lock = Lock()

    def get(self, key: Hashable) -> bytes | None:
        """Return a tile, which becomes the youngest; none if it is not kept."""
        with self._lock:
            tile = self._tiles.pop(key, None)
            if tile is not None:
                self._tiles[key] = tile
            return tile

    def put(self, key: Hashable, tile: bytes) -> None:
        """Keep a tile; the oldest goes when there are too many."""
        with self._lock:
            self._tiles[key] = tile
            if len(self._tiles) > self._size:
                del self._tiles[next(iter(self._tiles))]


def keep_tiles(app: Flask) -> None:
    """Give the application a store of packed tiles; what it serves is of its own database."""
    app.extensions[_STORE] = _Kept(KEPT_TILES)


def _pack(plain: bytes) -> bytes:
    """Compress a tile; without the time in it, equal tiles are equal bytes."""
    return igzip.compress(plain, compresslevel=2, mtime=0)


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

    A number of the past answers with the county as it was; one that there is not (yet) with what
    is in force, uncached: the page that asks is about to learn of a new publication.
    """
    return units_answer(publication, z, x, y)


def units_answer(
    publication: int, z: int, x: int, y: int, *, scope: str = "", caching: str = FOREVER
) -> Response:
    """Answer with a tile of unit outlines, of a territory's only if one is given.

    `caching` is said of what was asked for; what is in force in its place is not to be kept.
    """
    tiles.require_address("units", z, x, y)
    kept = current_app.extensions[_STORE]
    packed = kept.get((publication, z, x, y, scope))
    shown: int | None = publication
    if packed is None:
        with begin(None) as conn:
            made = tiles.units_tile(conn, z, x, y, publication, scope=scope)
        packed, shown = _pack(made.plain), made.publication
        kept.put((shown, z, x, y, scope), packed)
    tag = "-".join(str(part) for part in (shown, z, x, y, *filter(None, [scope])))
    return _answer(packed, tag, caching if shown == publication else "no-store")


def _points(layer: str, z: int, x: int, y: int) -> Response:
    who = viewer()
    with begin(who) as conn:
        plain = tiles.points_tile(conn, layer, who.scope, z, x, y)
    digest = hashlib.sha256(plain).hexdigest()[:20]
    return _answer(_pack(plain), f"{who.scope}-{digest}", "private, no-cache")


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
