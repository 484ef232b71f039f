"""Outlines redrawn elsewhere become the steps of one plan, each a proven patch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geo.crs import area_m2
from geo.errors import GeoError, Refusal
from geo.lattice import Geometries
from geo.patch import Patch
from geo.patch_draw import draw_grid
from geo.patch_nibble import nibble
from geo.redrawn import differences
from grids import drafts, inbox, overlay
from grids.drafts import Plan
from grids.errors import GridsError
from grids.inbox import Edit
from grids.model import Level, NewUnit, Viewer
from grids.numbering import CodesUsedUp, next_codes
from grids.overlay import Overlay
from grids.plan_import import reserve_cells
from grids.plan_make import make

TOLERANCE_M = 0.5

# Less land than this is the rounding of a border, not a claim.
_NOISE_M2 = 5.0


class BeyondVillage(GridsError):
    """An outline takes in land of another village, which only a change of codes could give."""

    code = "inbox.beyond_village"
    sentence = "{area_m2} m² of the outline lie beyond the village of {unit}: left where they are."


class ClaimedTwice(GridsError):
    """Two edits of one take claim the same land; the later one got it."""

    code = "inbox.claimed_twice"
    sentence = "{unit} and {other} both claim {area_m2} m²; the one that was sent later got them."


class NobodyBeside(GridsError):
    """An outline gives up land that no other grid of the village borders on."""

    code = "inbox.nobody_beside"
    sentence = "{unit} gives up {area_m2} m² that no other grid of the village borders on."


@dataclass(frozen=True, slots=True)
class Draft:
    """The plan that came of edits, none if nothing could; and the report of each by its key."""

    plan: Plan | None
    reports: Mapping[UUID, dict[str, Any]]


def draft(
    conn: Connection,
    viewer: Viewer,
    title: str,
    outlines: Mapping[UUID, BaseGeometry],
    told: Mapping[UUID, dict[str, Any]],
) -> Draft:
    """Return one plan made of clean outlines, its steps those of the boundary studio.

    Land that an outline takes in goes to its grid; land that it gives up to the grid with the
    longest common border. Sub-groups follow. Every piece that no step can give is a fault with a
    code, a sentence and its place in the edit's report; the rest is done. An edit of which nothing
    came keeps waiting, with its report.

    Parameters
    ----------
    outlines
        By edit: valid areas on the lattice (`geo.redrawn.fitted`).
    told
        What is to stand in each report besides; edits without an outline are only reported.
    """
    reports = {key: {"steps": 0, "faults": [], **facts} for key, facts in told.items()}
    nested = conn.begin_nested()
    plan = drafts.create(conn, viewer, title, source="api")
    work = _Work(conn, viewer, plan.plan_id)
    edits = [inbox.get(conn, viewer, key) for key in outlines]
    for edit in sorted(edits, key=lambda one: (one.at, one.edit_id)):
        reports[edit.edit_id] |= work.take(edit, outlines[edit.edit_id])
    made = any(report["steps"] for report in reports.values())
    nested.commit() if made else nested.rollback()
    for key, report in reports.items():
        taken = bool(report["steps"])
        state = "taken" if taken else "waiting"
        inbox.decide(conn, viewer, key, state, report, plan.plan_id if taken else None)
    return Draft(drafts.get(conn, viewer, plan.plan_id) if made else None, reports)


class _Work:
    """Turns outlines into steps of one plan."""

    def __init__(self, conn: Connection, viewer: Viewer, plan_id: UUID) -> None:
        self._conn = conn
        self._viewer = viewer
        self._plan_id = plan_id
        self._claimed: dict[str, BaseGeometry] = {}

    def take(self, edit: Edit, outline: BaseGeometry) -> dict[str, Any]:
        """Return the report of an edit: its steps, what changed hands, and its faults."""
        report: dict[str, Any] = {"steps": 0, "gained_m2": 0.0, "lost_m2": 0.0, "faults": []}
        village = edit.unit_code[: Level.VILLAGE.digits]
        if edit.unit_code == village:
            for piece in _polygons(outline):
                self._attempt(report, "gained_m2", piece, lambda p: self._found(edit, p))
            return report
        here = self._village(village)
        gains, losses = differences(outline, _land(here, edit.unit_code), TOLERANCE_M)
        self._compare(report, edit, outline)
        whole = shapely.coverage_union_all(here.outline)
        for gain in gains:
            for piece in _polygons(gain.difference(whole)):
                _blame(report, BeyondVillage(unit=edit.unit_code, area_m2=_area(piece)), piece)
            for piece in _polygons(gain.intersection(whole)):
                self._attempt(
                    report, "gained_m2", piece, lambda p: self._give(edit, edit.unit_code, p)
                )
        for piece in losses:
            self._attempt(report, "lost_m2", piece, lambda p: self._yield(edit, p))
        return report

    def _attempt(
        self,
        report: dict[str, Any],
        sum_of: str,
        piece: Polygon,
        step: Callable[[Polygon], None],
    ) -> None:
        nested = self._conn.begin_nested()
        try:
            step(piece)
        except (GeoError, GridsError, CodesUsedUp) as refusal:
            nested.rollback()
            _blame(report, refusal, piece)
            return
        nested.commit()
        report["steps"] += 1
        report[sum_of] = round(report[sum_of] + _area(piece), 1)

    def _compare(self, report: dict[str, Any], edit: Edit, outline: BaseGeometry) -> None:
        for other, claimed in self._claimed.items():
            for piece in _polygons(outline.intersection(claimed)):
                facts = {"unit": edit.unit_code, "other": other, "area_m2": _area(piece)}
                _blame(report, ClaimedTwice(**facts), piece)
        self._claimed[edit.unit_code] = outline

    def _give(self, edit: Edit, grid: str, piece: Polygon) -> None:
        """Give a piece of the village's land to a grid."""
        here = self._around(grid, piece)
        patch = nibble(here.cells(), grid, piece, _numbers(self._conn))
        self._make(edit, "nibble", {"grid_code": grid}, piece, patch, here)

    def _yield(self, edit: Edit, piece: Polygon) -> None:
        """Give a piece that a grid gives up to the grid with the longest common border.

        Raises
        ------
        NobodyBeside
            If only free land or the village's border is beside it.
        """
        here = self._village(edit.unit_code[: Level.VILLAGE.digits])
        border: dict[str, float] = {}
        for grid, outline in zip(here.grid, here.outline, strict=True):
            if grid is not None and grid != edit.unit_code:
                common = shapely.length(piece.boundary.intersection(outline))
                border[grid] = border.get(grid, 0.0) + common
        best = max(sorted(border), key=lambda code: border[code], default=None)
        if best is None or not border[best] > 0:
            raise NobodyBeside(unit=edit.unit_code, area_m2=_area(piece))
        self._give(edit, best, piece)

    def _found(self, edit: Edit, piece: Polygon) -> None:
        """Make a new grid of the free land in a piece."""
        (code,) = next_codes(self._conn, edit.unit_code, 1)
        here = overlay.around(
            self._conn, self._viewer.scope, self._plan_id, box=shapely.bounds(piece).tolist()
        )
        patch = draw_grid(here.cells(), piece, code, _numbers(self._conn))
        unit = NewUnit(code, edit.name or f"{edit.unit_name} {code[-3:]}")
        params = {"grid_code": code, "name": unit.name}
        self._make(edit, "draw", params, piece, patch, here, [unit])

    def _make(
        self,
        edit: Edit,
        tool: str,
        params: dict[str, Any],
        piece: Polygon,
        patch: Patch,
        here: Overlay,
        units: list[NewUnit] | None = None,
    ) -> None:
        plan = drafts.lock(self._conn, self._viewer, self._plan_id, None)
        ring = [list(at) for at in piece.exterior.coords]
        said = params | {"ring": ring, "edit": str(edit.edit_id)}
        make(self._conn, self._viewer, plan, tool, said, patch, here, units or [])

    def _village(self, village: str) -> Overlay:
        return overlay.read(
            self._conn, self._viewer.scope, self._plan_id, villages=[village], counted=False
        )

    def _around(self, grid: str, piece: Polygon) -> Overlay:
        box = shapely.bounds(piece).tolist()
        return overlay.around(self._conn, self._viewer.scope, self._plan_id, grids=[grid], box=box)


def _numbers(conn: Connection) -> Iterator[int]:
    while True:
        yield reserve_cells(conn, 1)[0]


def _land(here: Overlay, grid: str) -> BaseGeometry:
    own = np.array([code == grid for code in here.grid], np.bool_)
    return shapely.coverage_union_all(here.outline[own])


def _polygons(land: BaseGeometry) -> list[Polygon]:
    parts: Geometries = shapely.get_parts(land)
    return [part for part in parts if part.geom_type == "Polygon" and _area(part) > _NOISE_M2]


def _area(piece: Polygon) -> float:
    return round(float(area_m2([piece])[0]), 1)


def _blame(report: dict[str, Any], refusal: Refusal, piece: Polygon) -> None:
    """Add a fault with its place: where the refusal says, else in the piece."""
    inside = piece.representative_point()
    at = refusal.facts.get("at") or [round(inside.x, 7), round(inside.y, 7)]
    report["faults"].append({**refusal.as_dict(), "at": at})
