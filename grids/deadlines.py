"""When an incident has to be accepted, when its limit is nearly used up, when it has run out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from grids import admission, audit, colours, holidays, schema
from grids.admission import Matter
from grids.errors import BadValue
from grids.incident_report import LEVELS
from grids.model import Level, Viewer
from grids.working_days import CLOCKS, Clock, WorkingDays

STAGES = ("accept", "grid", "village", "township", "county")
_MOST_HOURS = 24 * 366


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a stage may take, of a matter and of a level (none: of any)."""

    stage: str
    hours: float
    clock: Clock
    matter_code: str | None = None
    level: str | None = None


class Deadline(NamedTuple):
    """A limit that runs: until when, from when on it is at risk, and by which clock."""

    due_at: datetime
    warn_at: datetime
    hours: float
    clock: Clock


class Deadlines:
    """The limits in force with the calendar they are counted by."""

    def __init__(
        self, working: WorkingDays, limits: Iterable[Limit], warn_share: float = 0.8
    ) -> None:
        """Keep the limits by what they are said of; `warn_share` of a limit is the warning."""
        self.working = working
        self._warn_share = warn_share
        self._limits = {(one.stage, one.matter_code, one.level): one for one in limits}

    def limit(self, stage: str, matter_code: str, level: str) -> Limit:
        """Return the limit that says most: of the matter and level, the matter, the level, any.

        Raises
        ------
        KeyError
            If the stage has no limit that counts for everything.
        """
        asked = ((matter_code, level), (matter_code, None), (None, level))
        for matter, at in asked:
            found = self._limits.get((stage, matter, at))
            if found is not None:
                return found
        return self._limits[stage, None, None]

    def accept_by(self, matter_code: str, level: str, since: datetime) -> datetime:
        """Return when somebody has to have accepted what came at `since`."""
        limit = self.limit("accept", matter_code, level)
        return self.working.after(since, limit.hours, limit.clock)

    def first(self, matter: Matter, since: datetime) -> Deadline:
        """Return the deadline of an incident's first owner: the limit of the matter itself."""
        return self.run(since, float(matter.limit_hours), matter.limit_clock)

    def of_level(self, handled_by: Level, matter_code: str, level: str, at: datetime) -> Deadline:
        """Return the deadline of whoever takes over at `at`, by the limit of that level."""
        limit = self.limit(handled_by.value, matter_code, level)
        return self.run(at, limit.hours, limit.clock)

    def run(self, since: datetime, hours: float, clock: Clock) -> Deadline:
        """Return the deadline of a limit that begins to run."""
        return self.resume(since, hours, hours, clock)

    def resume(self, at: datetime, left: float, hours: float, clock: Clock) -> Deadline:
        """Return the deadline of a limit of `hours` of which `left` are left when it runs on."""
        to_warning = left - hours * (1 - self._warn_share)
        after = self.working.after
        return Deadline(after(at, left, clock), after(at, to_warning, clock), hours, clock)

    def left(self, due_at: datetime, now: datetime, clock: Clock) -> float:
        """Return how many hours of a limit are left, less than none once it has run out."""
        ahead = self.working.between(now, due_at, clock)
        return ahead if ahead else -self.working.between(due_at, now, clock)


def load(conn: Connection) -> Deadlines:
    """Return the limits and the calendar in force."""
    return Deadlines(holidays.load(conn), list_limits(conn), colours.warn_share(conn))


def list_limits(conn: Connection) -> list[Limit]:
    """Return every limit: by stage from the ground up, what counts for most before exceptions."""
    columns = schema.incident_limit.c
    rows = conn.execute(
        select(schema.incident_limit).order_by(
            columns.matter_code.nulls_first(), columns.level.nulls_first()
        )
    )
    limits = [Limit(row.stage, row.hours, row.clock, row.matter_code, row.level) for row in rows]
    return sorted(limits, key=lambda one: STAGES.index(one.stage))


def replace_limits(conn: Connection, viewer: Viewer, limits: Sequence[Limit]) -> list[Limit]:
    """Make these the limits of the county, in the place of all that it had.

    What runs already keeps the moments that were said when it began.

    Raises
    ------
    Forbidden, WholeCounty
        If the viewer may not set what counts in the county.
    BadValue
        For an unknown stage, level, clock or matter, hours out of bounds, one said twice, and a
        stage without a limit that counts for everything.
    """
    holidays.require_county(viewer)
    _require_sound(conn, limits)
    conn.execute(delete(schema.incident_limit))
    rows: list[dict[str, Any]] = [
        {
            "stage": one.stage,
            "matter_code": one.matter_code,
            "level": one.level,
            "hours": one.hours,
            "clock": one.clock,
        }
        for one in limits
    ]
    conn.execute(insert(schema.incident_limit), rows)
    audit.record(
        conn, viewer, "limits.set", "incident_limit", territory=None, facts={"after": rows}
    )
    return list_limits(conn)


def _require_sound(conn: Connection, limits: Sequence[Limit]) -> None:
    matters = admission.by_code(conn, {one.matter_code for one in limits if one.matter_code})
    choices: dict[str, tuple[str | None, ...]] = {
        "stage": STAGES,
        "clock": CLOCKS,
        "level": (None, *LEVELS),
        "matter_code": (None, *matters),
    }
    seen = set()
    for one in limits:
        for field, known in choices.items():
            given = getattr(one, field)
            if given not in known:
                reason = ", ".join(choice for choice in known if choice)
                raise BadValue(field=field, given=given, reason=reason)
        if not 0 < one.hours <= _MOST_HOURS:
            raise BadValue(field="hours", given=one.hours, reason=f"0 .. {_MOST_HOURS}")
        key = (one.stage, one.matter_code, one.level)
        if key in seen:
            raise BadValue(field="stage", given=one.stage, reason="listed twice")
        seen.add(key)
    for stage in STAGES:
        if (stage, None, None) not in seen:
            raise BadValue(field="stage", given=stage, reason="no limit that counts for everything")
