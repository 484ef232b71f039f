"""What lets a phone install its page and start it without a network: worker and manifest."""

from __future__ import annotations

import hashlib

import orjson
from flask import Blueprint, Response, request, url_for
from flask_babel import gettext

from web import assets
from web.locale import tag
from web.session import open_to_all

blp = Blueprint("phone", __name__)

# Browsers ask for it again at each start and take the new one when a byte differs.
_ASK_AGAIN = "no-cache"
_ICONS = (
    ("icon-192.png", 192, "any"),
    ("icon-512.png", 512, "any"),
    ("mask-512.png", 512, "maskable"),
)


@blp.get("/sw.js")
@open_to_all
def worker():
    """Return the service worker: the list of the page's files, then its program.

    It stands at the root because it looks after every page's sign-in and sign-out.
    """
    files = [url_for("static", filename=f"build/{name}") for name in assets.files("me")]
    program = assets.program("src/worker/worker.ts")
    text = b"self.SHELL = " + orjson.dumps(files) + b";\n" + program
    answer = Response(text, mimetype="text/javascript")
    answer.headers["Cache-Control"] = _ASK_AGAIN
    answer.set_etag(hashlib.sha256(text).hexdigest()[:32])
    return answer.make_conditional(request)


@blp.get("/manifest.webmanifest")
@open_to_all
def manifest():
    """Return the web app manifest, named in the reader's language."""
    name = gettext("My grid")
    body = {
        "id": "/me",
        "name": f"{name} · {gettext('Wangge')}",
        "short_name": name,
        "lang": tag(),
        "start_url": "/me",
        "scope": "/",
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#f3f1eb",
        "theme_color": "#14283a",
        "icons": [
            {
                "src": url_for("static", filename="icon.svg"),
                "sizes": "any",
                "type": "image/svg+xml",
            },
            *(
                {
                    "src": url_for("static", filename=f"icons/{file}"),
                    "sizes": f"{side}x{side}",
                    "type": "image/png",
                    "purpose": purpose,
                }
                for file, side, purpose in _ICONS
            ),
        ],
    }
    answer = Response(orjson.dumps(body), mimetype="application/manifest+json")
    answer.headers["Cache-Control"] = _ASK_AGAIN
    return answer
