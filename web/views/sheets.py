"""Map sheets to keep, mail and print: one HTML file each, which needs neither us nor a network."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Response, request

from grids import audit
from layers import county_hotspots, hotspot_answers, hotspot_files
from layers.county_counts import named
from layers.styles import word
from web.door import Blueprint
from web.headers import SHEET_POLICY
from web.locale import tag
from web.parse import HotspotsQuery
from web.session import needs, viewer
from web.transaction import begin
from web.views.hotspots import HotspotQuestion, question, with_period

blp = Blueprint("sheets", __name__)

TYPES = {
    "png": "image/png",
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@blp.get("/hotspots/sheet")
@blp.arguments(HotspotsQuery, location="query")
@needs("hotspot.see")
def hotspot_sheet(asked):
    """Return a period's hotspot map as a file to download; who took it is written down."""
    who, since, until = viewer(), asked["since"], asked["until"]
    matter, area, method = asked.get("matter"), asked.get("area"), asked["method"]
    with begin(who) as conn:
        page = county_hotspots.sheet(
            conn, who, since, until, matter=matter, area=area, method=method, locale=tag()
        )
        audit.record(
            conn,
            who,
            "hotspot.export",
            "hotspots",
            territory=area or who.scope,
            facts={"since": since, "until": until, "matter": matter, "method": method},
            client=request.remote_addr,
        )
    answer = Response(page, mimetype="text/html")
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"hotspots-{since}-{until}.html"
    )
    answer.headers["Content-Security-Policy"] = SHEET_POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blp.get("/hotspots/file.<any(png, csv, geojson, gpkg, xlsx):kind>")
@blp.arguments(HotspotQuestion, location="query")
@needs("hotspot.see")
def hotspot_file(asked, kind):
    """Return an answer of any method as a picture, a table or features; who took it is noted."""
    who = viewer()
    with begin(who) as conn:
        wanted = question(with_period(conn, asked))
        answer = hotspot_answers.prepare(conn, who, wanted)
        place = named(conn, wanted.area or who.scope) or word("sheet.everywhere", tag())
    document = answer.document(tag())
    # What is known by its month alone is answered by whole months.
    window = answer.counted.window
    # After the answer: a transaction that has written is not answered from what is held.
    with begin(who) as conn:
        facts = {"since": window.since, "until": window.until, "matter": wanted.matter}
        audit.record(
            conn,
            who,
            "hotspot.export",
            "hotspots",
            territory=wanted.area or who.scope,
            facts={**facts, "method": wanted.method, "kind": kind},
            client=request.remote_addr,
        )
    name = f"hotspots-{wanted.method}-{window.since}-{window.until}.{kind}"
    title = word("sheet.title", tag(), place=place)
    with TemporaryDirectory() as folder:
        file = Path(folder) / name
        hotspot_files.write(file, document, answer.outlines(), title, tag())
        reply = Response(file.read_bytes(), mimetype=TYPES[kind])
    reply.headers.set("Content-Disposition", "attachment", filename=name)
    reply.headers["Cache-Control"] = "no-store"
    return reply
