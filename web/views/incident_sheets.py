"""Incidents on paper and in spreadsheets: the ledger, the timeline of one, its slip with a code."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Response, current_app, render_template, request

from grids import audit, incidents
from grids.local_time import CHINA
from layers import files, ledger
from layers.print.slip import incident_slip
from web.clock import now, today
from web.config import Config
from web.door import Blueprint
from web.incident_bodies import FilterQuery
from web.limits import limiter
from web.locale import tag
from web.session import needs, viewer
from web.transaction import begin
from web.words import WORDS

blp = Blueprint("incident_sheets", __name__, url_prefix="", description="Incidents to keep.")

LEDGERS = "12/minute"
SLIPS = "60/minute"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blp.get("/incidents.xlsx")
@blp.arguments(FilterQuery, location="query")
@blp.response(200, content_type=XLSX, description="The ledger in the county's column names.")
@limiter.limit(LEDGERS)
@needs("export.run")
def ledger_file(asked):
    """Return the incidents asked for as a workbook; who took it is written down."""
    who = viewer()
    with begin(who) as conn:
        table = ledger.read(conn, who, incidents.Filter(**asked), now())
        facts = {"rows": len(table), "filter": {key: str(said) for key, said in asked.items()}}
        audit.record(
            conn,
            who,
            "incident.export",
            "incidents",
            territory=asked.get("unit") or who.scope,
            facts=facts,
            client=request.remote_addr,
        )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.xlsx"
        files.write(file, table.columns, None)
        answer = Response(file.read_bytes(), mimetype=XLSX)
    name = f"incidents-{today().isoformat()}.xlsx"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blp.get("/incidents/<uuid:incident_id>/timeline")
@blp.response(200, content_type="text/html", description="Its whole history, to print.")
@needs("incident.see")
def timeline(incident_id):
    """Return what became of an incident, from the report to its end, as a page to print."""
    moment = now()
    with begin(viewer()) as conn:
        card = incidents.get(conn, viewer(), incident_id, moment)
    page = render_template(
        "incident_timeline.html",
        card=card,
        row=card.incident,
        steps=WORDS["step"],
        deeds=WORDS["action"],
        kinds=WORDS["sheet_kind"],
        states=WORDS["sheet_state"],
        printed_at=moment,
        language=tag(),
    )
    answer = Response(page, mimetype="text/html")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blp.get("/incidents/<uuid:incident_id>/slip.pdf")
@blp.response(200, content_type="application/pdf", description="A slip on A5 with a code.")
@limiter.limit(SLIPS)
@needs("incident.see")
def slip(incident_id):
    """Return the slip of an incident; its code opens the desk on it."""
    who = viewer()
    config: Config = current_app.extensions["wangge.config"]
    moment = now()
    with begin(who) as conn:
        card = incidents.get(conn, who, incident_id, moment)
        audit.record(
            conn,
            who,
            "print.slip",
            f"incident {incident_id}",
            territory=card.incident.territory_code,
            client=request.remote_addr,
        )
    address = (config.maps.address or request.url_root).rstrip("/")
    pdf = incident_slip(card, f"{address}/incidents?id={incident_id}&step=all", tag(), moment)
    answer = Response(pdf, mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "inline", filename=f"{card.incident.number}.pdf")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blp.app_template_filter("china")
def in_china(at: datetime) -> str:
    """Return a moment as the clocks in China show it."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
