"""The application that the server program loads: streams to the hub, all else to the views."""

from __future__ import annotations

from web.hub.address import STREAM
from web.hub.forward import forward
from web.tile_door import TileDoor
from web.wsgi import app as views
from web.wsgi_bridge import Receive, Scope, Send, WsgiBridge

THREADS = 8

_views = TileDoor(WsgiBridge(views, THREADS))


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one HTTP request."""
    if scope["path"] == STREAM and scope["method"] == "GET":
        await forward(scope, receive, send)
    else:
        await _views(scope, receive, send)
