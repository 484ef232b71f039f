"""The desk of incidents: what screens, feeds and the command line ask of them."""

from __future__ import annotations

from grids.incident_card import Card, Step, get
from grids.incident_intake import Taken, receive, receive_many
from grids.incident_links import LookAlike, similar
from grids.incident_position import Resolved, Spot, move, preview
from grids.incident_report import IncidentReport, KeyReused, MatterNotAdmitted, Reporter
from grids.incident_rows import Receipt
from grids.incident_steps import Given, reassign, step
from grids.incident_view import Filter, Incident, Owner, list_all, list_page

__all__ = [
    "Card",
    "Filter",
    "Given",
    "Incident",
    "IncidentReport",
    "KeyReused",
    "LookAlike",
    "MatterNotAdmitted",
    "Owner",
    "Receipt",
    "Reporter",
    "Resolved",
    "Spot",
    "Step",
    "Taken",
    "get",
    "list_all",
    "list_page",
    "move",
    "preview",
    "reassign",
    "receive",
    "receive_many",
    "similar",
    "step",
]
