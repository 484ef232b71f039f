"""Taking in incidents: placed, numbered, given to an owner, in one statement and exactly once.

One report and many go the same way; only where they lie is asked of SQL for one and of the county
locator for many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from geo.datum import Datum, Epsg
from geo.errors import Refusal
from grids import access, admission, assign, audit, deadlines, departments, notices, publications
from grids.db import statement
from grids.incident_place import place_many, place_one, positions, units_in_force
from grids.incident_report import IncidentReport, KeyReused, check
from grids.incident_rows import Receipt, prepare
from grids.local_time import local_day
from grids.model import Level, Viewer

_ROWS_AT_ONCE = 5_000


@dataclass(slots=True)
class Taken:
    """What became of many reports: new ones, known ones, and (index, refusal) of the others."""

    taken: int = 0
    unchanged: int = 0
    refused: list[tuple[int, Refusal]] = field(default_factory=list)
    unplaced: int = 0


def receive(
    conn: Connection,
    viewer: Viewer | None,
    report: IncidentReport,
    now: datetime,
    *,
    batch_id: UUID | None = None,
    split_from: UUID | None = None,
) -> tuple[Receipt, bool]:
    """Take in a report and return its receipt, and whether it was new.

    The same report sent again changes nothing and is answered the same. Where a report lies and
    who owns it is decided by what is in force and on duty now; no gap of ours refuses it: without
    a position it belongs to the unit it names, else to the viewer's, else to the county.

    Parameters
    ----------
    viewer
        None for a feed that is not a person.
    split_from
        The incident that this one was a part of.

    Raises
    ------
    Forbidden
        If the viewer may not report.
    KeyReused
        If another report came with the same key.
    MatterNotAdmitted
        If the matter is not on the admission list; the sentence says what to do.
    BadValue, UndeclaredDatum, UnsupportedDatum, BadPosition
        If the report cannot be taken in; see `incident_report.check`.
    NothingPublished
        Before the first boundaries.
    """
    if viewer is not None:
        access.require(viewer, access.Action.INCIDENT_REPORT)
    known = _known(conn, [report])
    if known:
        return _again(report, known), False
    matter = admission.by_code(conn, [report.matter_code]).get(report.matter_code)
    units = units_in_force(conn, [report.unit_code] if report.unit_code else [])
    datum = check(report, matter, units, now)
    assert matter is not None
    _, reported_at = report.times(now)
    # Before anything reads the table: making a month needs it alone, for a moment.
    _ensure_months(conn, [reported_at])
    publication = publications.hold(conn).number
    placed = place_one(conn, viewer, report, datum)
    given = assign.responsible(conn, placed.territory, matter, now)
    row, receipt = prepare(
        report,
        matter,
        placed,
        given,
        publication,
        now,
        deadlines=deadlines.load(conn),
        viewer=viewer,
        batch_id=batch_id,
        split_from=split_from,
    )
    numbered = _number(conn, [receipt])
    row, receipt = _with_number(row, receipt, numbered[0])
    if not _insert(conn, viewer, [row]):
        return _again(report, _known(conn, [report])), False
    if receipt.owner_id and report.closed_at is None:
        facts = {"incident_id": receipt.incident_id, "number": receipt.number}
        notices.post(conn, receipt.owner_id, "incident.assigned", facts, now)
    if report.closed_at is None:
        facts = {"incident_id": receipt.incident_id, "number": receipt.number}
        departments.tell(conn, matter.department, receipt.territory_code, facts, now)
    record = f"incident {receipt.incident_id}"
    audit.record(conn, viewer, "incident.receive", record, territory=receipt.territory_code)
    return receipt, True


def receive_many(
    conn: Connection,
    viewer: Viewer | None,
    reports: Sequence[IncidentReport],
    now: datetime,
    *,
    batch_id: UUID | None = None,
) -> Taken:
    """Take in many reports, with the same results as one by one in this order.

    One that is refused does not stop the others. Instead of a notice for each, an owner gets one
    that says how many came.
    """
    if viewer is not None:
        access.require(viewer, access.Action.INCIDENT_REPORT)
    result = Taken()
    fresh = _fresh(conn, reports, result)
    matters = admission.by_code(conn, {reports[i].matter_code for i in fresh})
    units = units_in_force(conn, {code for i in fresh if (code := reports[i].unit_code)})
    datums: dict[int, Datum | Epsg | None] = {}
    for i in fresh:
        try:
            datums[i] = check(reports[i], matters.get(reports[i].matter_code), units, now)
        except Refusal as refusal:
            result.refused.append((i, refusal))
    xy, nowhere = positions(reports, datums)
    result.refused += nowhere
    good = [i for i in fresh if i in xy]
    if not good:
        result.refused.sort(key=lambda item: item[0])
        return result
    _ensure_months(conn, (reports[i].times(now)[1] for i in good))
    publication = publications.hold(conn).number
    rota, limits = assign.Rota(conn, now), deadlines.load(conn)
    rows, receipts = [], []
    placed = place_many(conn, viewer, [reports[i] for i in good], [xy[i] for i in good])
    for i, place in zip(good, placed, strict=True):
        report, matter = reports[i], matters[reports[i].matter_code]
        is_open = report.closed_at is None
        given = rota.give(place.territory, matter.first_rank, is_open=is_open)
        row, receipt = prepare(
            report,
            matter,
            place,
            given,
            publication,
            now,
            deadlines=limits,
            viewer=viewer,
            batch_id=batch_id,
        )
        rows.append(row)
        receipts.append(receipt)
        result.unplaced += place.grid_code is None
    for k, number in enumerate(_number(conn, receipts)):
        rows[k], receipts[k] = _with_number(rows[k], receipts[k], number)
    new = _insert(conn, viewer, rows)
    _close_count(conn, [reports[i] for i in good], receipts, new, result, good)
    _tell_owners(conn, receipts, new, reports, good, now)
    came = [
        (matters[reports[i].matter_code].department, receipt.territory_code)
        for receipt, i in zip(receipts, good, strict=True)
        if receipt.incident_id in new and reports[i].closed_at is None
    ]
    departments.tell_many(conn, came, now)
    result.refused.sort(key=lambda item: item[0])
    facts = {"taken": result.taken, "unchanged": result.unchanged, "refused": len(result.refused)}
    audit.record(
        conn,
        viewer,
        "incident.receive_many",
        f"batch {batch_id or ''}".strip(),
        territory=viewer.scope if viewer else None,
        facts=facts,
    )
    return result


# Keys -----------------------------------------------------------------------------------------


_Known = dict[tuple[str, str], tuple[bytes, dict[str, Any]]]


def _known(conn: Connection, reports: Iterable[IncidentReport]) -> _Known:
    keys = [report.key for report in reports]
    rows = conn.execute(
        statement("known_keys", "incidents"),
        {"sources": [key[0] for key in keys], "external_ids": [key[1] for key in keys]},
    )
    return {(r.source, r.external_id): (bytes(r.body_hash), r.answer) for r in rows}


def _again(report: IncidentReport, known: _Known) -> Receipt:
    body_hash, answer = known[report.key]
    if body_hash != report.digest():
        raise KeyReused(source=report.source, external_id=report.external_id)
    return Receipt.read(answer)


def _fresh(conn: Connection, reports: Sequence[IncidentReport], result: Taken) -> list[int]:
    """Return the indexes of the reports whose keys are new, and count the others."""
    seen = {key: body_hash for key, (body_hash, _) in _known(conn, reports).items()}
    fresh = []
    for i, report in enumerate(reports):
        body_hash = report.digest()
        if report.key not in seen:
            seen[report.key] = body_hash
            fresh.append(i)
        elif seen[report.key] == body_hash:
            result.unchanged += 1
        else:
            reused = KeyReused(source=report.source, external_id=report.external_id)
            result.refused.append((i, reused))
    return fresh


def _close_count(
    conn: Connection,
    reports: Sequence[IncidentReport],
    receipts: Sequence[Receipt],
    new: set[UUID],
    result: Taken,
    index: Sequence[int],
) -> None:
    """Count what was taken, and what somebody else had sent meanwhile."""
    result.taken = len(new)
    late = [k for k, receipt in enumerate(receipts) if receipt.incident_id not in new]
    if late:
        known = _known(conn, [reports[k] for k in late])
        for k in late:
            try:
                _again(reports[k], known)
                result.unchanged += 1
            except KeyReused as reused:
                result.refused.append((index[k], reused))


# Numbers --------------------------------------------------------------------------------------


def _number(conn: Connection, receipts: Sequence[Receipt]) -> list[str]:
    """Return a number for each: county, day of the report, count of that day."""
    days = [_day_of(receipt) for receipt in receipts]
    following: dict[tuple[str, date], int] = {}
    for (county, day), n in sorted(Counter(days).items()):
        last: int = conn.execute(
            statement("take_numbers", "incidents"), {"county_code": county, "day": day, "n": n}
        ).scalar_one()
        following[county, day] = last - n
    numbers = []
    for county, day in days:
        following[county, day] += 1
        numbers.append(f"{county}-{day:%Y%m%d}-{following[county, day]:05d}")
    return numbers


def _day_of(receipt: Receipt) -> tuple[str, date]:
    return receipt.territory_code[: Level.COUNTY.digits], local_day(receipt.reported_at)


def _with_number(
    row: dict[str, Any], receipt: Receipt, number: str
) -> tuple[dict[str, Any], Receipt]:
    numbered = Receipt(**{**_as_dict(receipt), "number": number})
    return {**row, "number": number, "answer": _as_dict(numbered)}, numbered


def _as_dict(receipt: Receipt) -> dict[str, Any]:
    return {name: getattr(receipt, name) for name in Receipt.__slots__}


def _ensure_months(conn: Connection, times: Iterable[datetime]) -> None:
    for month in sorted({(at.year, at.month) for at in times}):
        conn.execute(text("SELECT ensure_incident_month(:month)"), {"month": date(*month, 1)})


def _insert(conn: Connection, viewer: Viewer | None, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Write the rows and return the keys of those that were new."""
    new: set[UUID] = set()
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        chunk = rows[start : start + _ROWS_AT_ONCE]
        part = orjson.dumps(chunk, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        written = conn.execute(
            statement("receive", "incidents"),
            {"rows": part, "person_id": viewer.person_id if viewer else None},
        )
        new |= set(written.scalars())
    return new


def _tell_owners(
    conn: Connection,
    receipts: Sequence[Receipt],
    new: set[UUID],
    reports: Sequence[IncidentReport],
    index: Sequence[int],
    now: datetime,
) -> None:
    owed = Counter(
        receipt.owner_id
        for receipt, i in zip(receipts, index, strict=True)
        if receipt.owner_id and receipt.incident_id in new and reports[i].closed_at is None
    )
    for owner, n in owed.items():
        notices.post(conn, owner, "incident.assigned_many", {"n": n}, now)
