"""Alerts of new clusters: the list, and the step that says somebody has looked."""

from __future__ import annotations

from dataclasses import asdict

from flask import jsonify

from grids import alerts
from web.board_bodies import AcknowledgeBody, AlertsQuery
from web.clock import now
from web.door import Blueprint
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("alerts", __name__, url_prefix="/alerts", description="Alerts of new clusters.")


@blp.get("")
@blp.arguments(AlertsQuery, location="query")
@blp.response(200, description="Alerts of the territory, and the night that was looked at last.")
@needs("hotspot.see")
def list_alerts(asked):
    """Return what the last night found, or with `all` the alerts of a year.

    An alert is a cluster that chance alone would show less often than once in `threshold_days`.
    """
    with begin(viewer()) as conn:
        found = alerts.list_alerts(conn, viewer(), everything=asked["all"])
        night = alerts.last_night(conn)
    return jsonify(
        {
            "alerts": [asdict(one) for one in found],
            "night": asdict(night) if night else None,
        }
    )


@blp.post("/<uuid:alert_id>/acknowledge")
@blp.arguments(AcknowledgeBody)
@blp.response(200, description="The alert as it is then.")
@blp.alt_response(404, description="No such alert in the territory.")
@needs("hotspot.see")
def acknowledge(body, alert_id):
    """Write down what was found and decided about an alert."""
    with begin(viewer()) as conn:
        found = alerts.acknowledge(conn, viewer(), alert_id, body["note"], now())
    return jsonify(asdict(found))
