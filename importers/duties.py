"""Who answers for which unit, from when to when, and who is away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import Range

from grids import access, intake, schema
from grids.db import statement
from grids.local_time import CHINA, local_day
from grids.model import Viewer
from importers import row_problems
from importers.options import ImportOptions, Progress, no_progress
from importers.places import check_units, refuse_outside
from importers.report import ImportReport
from importers.row_problems import RowProblem
from importers.rows import Rows, open_batch

KIND = "duties"
RANKS = ("primary", "deputy", "informant", "desk")
# Where a list does not say since when.
LONG_AGO = date(2000, 1, 1)


def import_duties(
    conn: Connection,
    viewer: Viewer,
    file: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in who answers for which unit, with absences, and return the account of every row.

    `to` and `leave_to` are the last days. A duty that overlaps one we have of the same person,
    unit and rank is that duty: its days become those of the file. A second primary worker of a
    unit at the same time is refused. An absence that lies within one we have is not repeated.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport(KIND)
    rows = Rows.read(KIND, file, options, report)
    progress(0, 2, KIND)
    people = _check_people(conn, rows)
    codes = check_units(conn, rows, "unit_code", required=True)
    ranks = rows.check_choice("rank", RANKS, "")
    duty_days = _check_days(rows, "from", "to", first=LONG_AGO)
    leave_days = _check_days(rows, "leave_from", "leave_to")
    for i in range(len(rows)):
        if not ranks[i]:
            rows.refuse(i, "rank", row_problems.Empty(field="rank"))
        if codes[i]:
            refuse_outside(rows, i, viewer, codes[i])
    roster = _Roster(conn)
    good = [i for i in range(len(rows)) if not rows.refused(i)]
    # Who hands over a grid is heard before who takes it over, in whatever order they are listed.
    for i in sorted(good, key=lambda i: not roster.has(people[i], codes[i], ranks[i])):
        problem = roster.put(people[i], codes[i], ranks[i], duty_days[i])
        if problem:
            rows.refuse(i, "unit_code", problem)
            continue
        away, is_news = leave_days[i], roster.changed
        if away.lower is not None:
            is_news |= roster.send_on_leave(people[i], away)
        report.taken += is_news
        report.unchanged += not is_news
    progress(1, 2, KIND)
    roster.save(conn)
    batch_id = open_batch(conn, viewer, KIND, file, None)
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(2, 2, KIND)
    return report


def _check_people(conn: Connection, rows: Rows) -> list[UUID]:
    keys = rows.check_code("key")
    person = schema.person.c
    found = conn.execute(
        select(person.source_key, person.person_id).where(person.source_key.in_(sorted(set(keys))))
    )
    known = {row.source_key: row.person_id for row in found}
    for i, key in enumerate(keys):
        if key not in known:
            rows.refuse(i, "key", row_problems.PersonUnknown(key=key))
    return [known.get(key, UUID(int=0)) for key in keys]


def _check_days(
    rows: Rows, first_name: str, last_name: str, first: date | None = None
) -> list[Range[date]]:
    """Return the days [first, last] of the rows as half-open ranges; no first day is no range."""
    firsts, lasts = rows.check_time(first_name), rows.check_time(last_name)
    found = []
    for i, (a, b) in enumerate(zip(firsts, lasts, strict=True)):
        since, last = _day(a) or first, _day(b)
        if last is not None and (since is None or last < since):
            problem = row_problems.DaysReversed(field=last_name, first_field=first_name)
            rows.refuse(i, last_name, problem)
            found.append(Range(None, None))
            continue
        found.append(Range(since, last + timedelta(days=1) if last else None))
    return found


def _day(at: datetime | None) -> date | None:
    return local_day(at) if at else None


@dataclass(slots=True)
class _Duty:
    person_id: UUID
    unit_code: str
    rank: str
    valid: Range[date]
    duty_id: int | None = None
    in_file: bool = False


class _Roster:
    """The duties and absences that stand, and what a file makes of them."""

    def __init__(self, conn: Connection) -> None:
        self.changed = False
        self._duties: dict[str, list[_Duty]] = {}
        self._leaves: dict[UUID, list[Range[datetime]]] = {}
        self._moved: list[_Duty] = []
        self._new: list[_Duty] = []
        self._new_leaves: list[tuple[UUID, Range[datetime]]] = []
        duty, leave = schema.duty.c, schema.leave.c
        for row in conn.execute(
            select(duty.person_id, duty.unit_code, duty.rank, duty.valid, duty.duty_id)
        ):
            self._duties.setdefault(row.unit_code, []).append(_Duty(*row))
        for person_id, during in conn.execute(select(leave.person_id, leave.during)):
            self._leaves.setdefault(person_id, []).append(during)

    def has(self, person_id: UUID, unit: str, rank: str) -> bool:
        """Tell whether a person has served in this rank for a unit at any time."""
        here = self._duties.get(unit, ())
        return any(duty.person_id == person_id and duty.rank == rank for duty in here)

    def put(self, person_id: UUID, unit: str, rank: str, valid: Range[date]) -> RowProblem | None:
        """Put a person on duty; return what is wrong with it, or set `changed`."""
        here = self._duties.setdefault(unit, [])
        over = [duty for duty in here if duty.rank == rank and duty.valid.overlaps(valid)]
        own = [duty for duty in over if duty.person_id == person_id]
        if len(own) > 1 or any(duty.in_file for duty in own):
            return row_problems.DutyRepeated(unit=unit)
        if rank == "primary" and len(over) > len(own):
            return row_problems.SecondPrimary(unit=unit)
        if not own:
            here.append(_Duty(person_id, unit, rank, valid, in_file=True))
            self._new.append(here[-1])
            self.changed = True
            return None
        known = own[0]
        self.changed = known.valid != valid
        if self.changed:
            self._moved.append(known)
        known.valid, known.in_file = valid, True
        return None

    def send_on_leave(self, person_id: UUID, days: Range[date]) -> bool:
        """Note an absence of whole days of China; tell whether it is new."""
        assert days.lower is not None
        during = Range(_midnight(days.lower), None if days.upper is None else _midnight(days.upper))
        known = self._leaves.setdefault(person_id, [])
        if any(one.contains(during) for one in known):
            return False
        # What overlaps is one absence that became longer.
        for one in [one for one in known if one.overlaps(during)]:
            known.remove(one)
            during = one.union(during)
        known.append(during)
        self._new_leaves.append((person_id, during))
        return True

    def save(self, conn: Connection) -> None:
        """Write down what has changed."""
        for duty in self._moved:
            days = {"since": duty.valid.lower, "until": duty.valid.upper}
            conn.execute(statement("duty_moves", "intake"), {"duty_id": duty.duty_id} | days)
        intake.copy_rows(
            conn,
            "duty",
            ("person_id", "unit_code", "rank", "valid"),
            (
                (d.person_id, d.unit_code, d.rank, f"[{d.valid.lower},{d.valid.upper or ''})")
                for d in self._new
            ),
        )
        for person_id, during in self._new_leaves:
            values = {"person_id": person_id, "since": during.lower, "until": during.upper}
            conn.execute(statement("leave_ends", "intake"), values)
            conn.execute(statement("leave_begins", "intake"), values)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)
