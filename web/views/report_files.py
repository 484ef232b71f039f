"""Reports as files: HTML, DOCX, XLSX and PDF, each bearing who took it."""

from __future__ import annotations

from flask import Response, request

from grids import audit, kept_reports
from layers.reports import figures, files
from layers.reports.page import Copy, page_of
from web.board_bodies import ReportQuery
from web.clock import now, today
from web.door import Blueprint
from web.headers import SHEET_POLICY
from web.home import home_folder
from web.limits import limiter
from web.locale import tag
from web.session import needs, viewer
from web.transaction import begin
from web.views.reports import KIND

blp = Blueprint("report_files", __name__)

TAKEN = "30/minute"
_OFFICE = "application/vnd.openxmlformats-officedocument."
MEDIA = {
    "html": "text/html",
    "docx": _OFFICE + "wordprocessingml.document",
    "xlsx": _OFFICE + "spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@blp.get(f"/reports/{KIND}.<any(html, docx, xlsx, pdf):form>")
@blp.arguments(ReportQuery, location="query")
@limiter.limit(TAKEN)
@needs("export.run")
def take(asked, kind, form):
    """Return a report as a file; who took it stands in it and in the audit trail."""
    who, on = viewer(), asked["on"]
    with begin(who) as conn:
        found = figures.get(conn, who, kind, on, now(), area=asked.get("area"))
        serial = kept_reports.serial(found, str(who.person_id or who.name), today())
        audit.record(
            conn,
            who,
            "report.export",
            f"report {kind} {on}",
            territory=found.area,
            facts={"serial": serial, "format": form, "digest": found.digest},
            client=request.remote_addr,
        )
    page = page_of(found, Copy(who.name, today(), serial), asked.get("lang") or tag())
    answer = Response(files.write(page, form, home_folder() / files.OWN), mimetype=MEDIA[form])
    name = f"{kind}-{found.area}-{on}.{form}"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Content-Security-Policy"] = SHEET_POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer
