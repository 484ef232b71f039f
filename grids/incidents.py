"""The desk of incidents: what screens, feeds and the command line ask of them."""

from __future__ import annotations

from grids.incident_intake import Receipt, Taken, receive, receive_many
from grids.incident_report import IncidentReport, KeyReused
from grids.incident_steps import reassign, step
from grids.incident_view import Card, Filter, Incident, Owner, Step, get, list_page

__all__ = [
    "Card",
    "Filter",
    "Incident",
    "IncidentReport",
    "KeyReused",
    "Owner",
    "Receipt",
    "Step",
    "Taken",
    "get",
    "list_page",
    "reassign",
    "receive",
    "receive_many",
    "step",
]
