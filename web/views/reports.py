"""Reports: the list of what is kept, and the figures of one."""

from __future__ import annotations

from dataclasses import asdict

from flask import jsonify

from grids import kept_reports
from layers.reports import figures
from web.board_bodies import ReportQuery, ReportsQuery
from web.clock import now
from web.door import Blueprint
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("reports", __name__, url_prefix="/reports", description="Kept reports.")

KIND = "<any(daily, weekly, hotspot):kind>"


@blp.get("")
@blp.arguments(ReportsQuery, location="query")
@blp.response(200, description="The kept reports of the territory, the latest day first.")
@needs("export.run")
def list_reports(asked):
    """Return which reports are kept, each with the digest of its figures."""
    with begin(viewer()) as conn:
        kept = kept_reports.list_kept(conn, viewer(), asked["limit"])
    return jsonify({"reports": [asdict(one) for one in kept]})


@blp.get(f"/{KIND}")
@blp.arguments(ReportQuery, location="query")
@blp.response(200, description="The figures, kept from the first time on where the day is over.")
@blp.alt_response(404, description="The area lies outside the territory.")
@needs("export.run")
def show(asked, kind):
    """Return the figures of a report that ends with a day."""
    with begin(viewer()) as conn:
        found = figures.get(conn, viewer(), kind, asked["on"], now(), area=asked.get("area"))
    return jsonify(asdict(found))
