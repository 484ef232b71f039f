"""What limits are counted by: the calendar of working days, the limits, the rules of colour."""

from __future__ import annotations

from dataclasses import asdict

from flask import jsonify

from grids import colours, deadlines, holidays
from grids.colours import ColourRule
from grids.deadlines import Limit
from grids.holidays import CalendarDay
from web.door import Blueprint
from web.incident_bodies import CalendarBody, IncidentRulesBody, YearQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint(
    "calendar", __name__, url_prefix="", description="Working days, limits and the three colours."
)


@blp.get("/calendar")
@blp.arguments(YearQuery, location="query")
@blp.response(200, description="The days of a year that differ from their weekday.")
@needs("incident.see")
def show(asked):
    """Return the listed days of a year."""
    with begin(viewer()) as conn:
        days = holidays.list_year(conn, asked["year"])
    return jsonify({"year": asked["year"], "days": [asdict(day) for day in days]})


@blp.put("/calendar")
@blp.arguments(CalendarBody)
@blp.response(200, description="The listed days as they are then.")
@needs("people.manage")
def replace(body):
    """Make these the listed days of a year."""
    given = [CalendarDay(**day) for day in body["days"]]
    with begin(viewer()) as conn:
        days = holidays.replace_year(conn, viewer(), body["year"], given)
    return jsonify({"year": body["year"], "days": [asdict(day) for day in days]})


@blp.get("/incident-rules")
@blp.response(200, description="Limits by stage, and what makes an incident yellow or red.")
@needs("incident.see")
def rules():
    """Return the limits and the rules of colour."""
    with begin(viewer()) as conn:
        return _rules(conn)


@blp.put("/incident-rules")
@blp.arguments(IncidentRulesBody)
@blp.response(200, description="The rules as they are then.")
@needs("people.manage")
def set_rules(body):
    """Replace all limits, change rules of colour, or both."""
    with begin(viewer()) as conn:
        if "limits" in body:
            deadlines.replace_limits(conn, viewer(), [Limit(**one) for one in body["limits"]])
        if "colours" in body:
            colours.replace(conn, viewer(), [ColourRule(**one) for one in body["colours"]])
        return _rules(conn)


def _rules(conn):
    return jsonify(
        {
            "limits": [asdict(one) for one in deadlines.list_limits(conn)],
            "colours": [asdict(one) for one in colours.load(conn)],
        }
    )
