"""A report made ready to be written: its row with place, owner and limits, and its receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from grids.admission import Matter
from grids.deadlines import Deadlines
from grids.incident_place import Placed
from grids.incident_report import IncidentReport, Reporter
from grids.model import Assignment, Role, Viewer


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender of a report is told, the same each time it is sent.

    It is kept beside the key, so that it can be said again to a sender who may not read the
    incident because it lies in another territory.
    """

    incident_id: UUID
    number: str
    matter_code: str
    reported_at: datetime
    due_at: datetime
    territory_code: str
    grid_code: str | None
    subgroup_code: str | None
    placement: str
    review: bool
    owner_id: UUID | None
    owner_name: str | None
    owner_unit: str
    owner_rank: str
    reason: str
    skipped: tuple[dict[str, str], ...]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Receipt:
        """Return the receipt that was kept as JSON."""
        times = {name: datetime.fromisoformat(answer[name]) for name in ("reported_at", "due_at")}
        ids = {
            name: UUID(answer[name]) if answer[name] else None
            for name in ("incident_id", "owner_id")
        }
        return cls(**{**answer, **times, **ids, "skipped": tuple(answer["skipped"])})


def prepare(
    report: IncidentReport,
    matter: Matter,
    placed: Placed,
    given: Assignment,
    publication: int,
    now: datetime,
    *,
    deadlines: Deadlines,
    viewer: Viewer | None,
    batch_id: UUID | None,
    split_from: UUID | None = None,
) -> tuple[dict[str, Any], Receipt]:
    """Return the row and the receipt of a report, both still without a number.

    A limit runs from the report; what came closed is not to be accepted by anybody. A worker who
    reports what another has to do is its reporter, and is owed an answer like anybody else.
    """
    occurred_at, reported_at = report.times(now)
    owner, place = given.person, placed.placement
    is_open = report.closed_at is None
    level = report.level or matter.level
    limit = deadlines.first(matter, reported_at)
    accept_due_at = deadlines.accept_by(matter.code, level, reported_at) if is_open else None
    reporter = report.reporter or _reporting_worker(viewer, given)
    receipt = Receipt(
        uuid4(),
        "",
        report.matter_code,
        reported_at,
        limit.due_at,
        placed.territory,
        placed.grid_code,
        placed.subgroup_code,
        placed.kind,
        placed.review and is_open,
        owner.person_id if owner else None,
        owner.name if owner else None,
        given.unit_code,
        given.rank,
        given.reason,
        given.skipped,
    )
    reason: dict[str, Any] = {"reason": given.reason, "skipped": given.skipped}
    if place and place.proposal:
        reason |= {"proposal": place.proposal, "proposal_m": place.proposal_m}
    row = {
        "incident_id": receipt.incident_id,
        "reported_at": reported_at,
        "occurred_at": occurred_at,
        "occurred_precision": report.occurred_precision,
        "matter_code": report.matter_code,
        "scale": report.scale,
        "level": level,
        "summary": report.summary,
        "place": report.place,
        "source": report.source,
        "external_id": report.external_id,
        "channel": report.channel,
        "lon": placed.position.lon if placed.position else None,
        "lat": placed.position.lat if placed.position else None,
        "accuracy_m": report.accuracy_m,
        "given_x": report.x,
        "given_y": report.y,
        "given_datum": report.datum,
        "placement": placed.kind,
        "border_m": place.border_m if place else None,
        "rivals": shares(placed),
        "review": receipt.review,
        "publication": publication,
        "grid_code": placed.grid_code,
        "subgroup_code": placed.subgroup_code,
        "territory_code": placed.territory,
        "step": "reported" if is_open else "closed",
        "owner_id": receipt.owner_id,
        "owner_unit": given.unit_code,
        "owner_rank": given.rank,
        "owner_reason": reason,
        "due_at": receipt.due_at,
        "closed_at": report.closed_at,
        "batch_id": batch_id,
        "body_hash": report.digest().hex(),
        "limit_hours": limit.hours,
        "limit_clock": limit.clock,
        "warn_at": limit.warn_at,
        "accept_due_at": accept_due_at,
        "split_from": split_from,
        "reporter_known": reporter is not None,
        "reporter_name": reporter.name if reporter else None,
        "reporter_phone": reporter.phone_cipher.hex()
        if reporter and reporter.phone_cipher
        else None,
        "reporter_mask": reporter.phone_mask if reporter else None,
        "reporter_id": reporter.person_id if reporter else None,
        # What has ended elsewhere was answered there.
        "answered_at": report.closed_at if reporter else None,
    }
    return row, receipt


def shares(placed: Placed) -> list[dict[str, Any]]:
    """Return the grids that the accuracy circle touches, as an incident keeps them."""
    rivals = placed.placement.rivals if placed.placement else ()
    return [{"grid": rival.grid_code, "share": round(rival.share, 6)} for rival in rivals]


def _reporting_worker(viewer: Viewer | None, given: Assignment) -> Reporter | None:
    if viewer is None or viewer.person_id is None or viewer.role is not Role.WORKER:
        return None
    is_owner = given.person is not None and given.person.person_id == viewer.person_id
    return None if is_owner else Reporter(viewer.name, person_id=viewer.person_id)
