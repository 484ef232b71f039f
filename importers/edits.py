"""Edits from the inbox: foreign outlines are repaired in a process apart, then become a plan."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geo.errors import Refusal
from geo.redrawn import Redrawn, fitted
from grids import inbox, publications, redraw
from grids.model import Level, Viewer
from grids.redraw import Draft
from importers import sandbox

# An outline of some thousand vertices takes milliseconds; whatever needs seconds is no border.
CPU_S = 20


def take(conn: Connection, viewer: Viewer, edit_ids: Sequence[UUID], title: str) -> Draft:
    """Return the plan that waiting edits make together, and the report of each.

    Raises
    ------
    Forbidden, NotFound
        If the viewer may not edit plans, or an edit is not waiting in the viewer's territory.
    """
    came = inbox.claim(conn, viewer, edit_ids)
    outlines: dict[UUID, BaseGeometry] = {}
    told: dict[UUID, dict[str, object]] = {}
    for edit_id, wkb in came.items():
        code = inbox.get(conn, viewer, edit_id).unit_code
        village = code[: Level.VILLAGE.digits]
        around = publications.cells_in_force(conn, village).outline
        try:
            found: Redrawn = sandbox.run(
                fitted,
                wkb,
                around,
                redraw.TOLERANCE_M,
                what=f"the outline of {code}",
                cpu_s=CPU_S,
            )
        except Refusal as refusal:
            at = shapely.union_all(around).representative_point()
            told[edit_id] = {"faults": [{**refusal.as_dict(), "at": [at.x, at.y]}]}
            continue
        outlines[edit_id] = found.outline
        told[edit_id] = {"mended": found.mended} if found.mended else {}
    return redraw.draft(conn, viewer, title, outlines, told)
