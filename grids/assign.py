"""Who is responsible: the chain of duty for a place, a matter and a moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from grids import roster, rules
from grids.admission import Matter
from grids.errors import NothingPublished
from grids.model import Assignment, Duty, Level, Placement, level_of
from grids.rules import Call


def responsible(
    conn: Connection, placement: Placement | str, matter: Matter | None, at: datetime
) -> Assignment:
    """Return who owns what happens at a place: always exactly one.

    Parameters
    ----------
    placement
        Where it is, or the code of the unit it is in.
    matter
        Says whether the sub-group's informant comes first; none: the primary worker does.
    at
        The moment: duties of that day, leave of that minute.

    Returns
    -------
    Assignment
        `reason` as in `rules.choose_assignee`; `no_grid` if the place is in no grid, so that only
        desks could answer. The last fall-back is the county's desk without a person: our own gaps
        never refuse an incident.
    """
    code = placement if isinstance(placement, str) else territory_of(conn, placement)
    calls = rules.chain(code, matter.first_rank if matter else "primary")
    units = list({call.unit_code for call in calls})
    return _named(rules.choose_assignee(calls, roster.on_duty(conn, units, at)), code)


class Rota:
    """The whole roster of a moment, to give out many incidents one after another.

    Each one given counts at once, so that the same owners come out as when the incidents are
    received one by one.
    """

    def __init__(self, conn: Connection, at: datetime, *, without: UUID | None = None) -> None:
        """Read who is on duty, on leave, and how much each has open.

        `without` is a person who is to be thought away.
        """
        self._holders: dict[Call, list[Duty]] = {}
        self._open: Counter[object] = Counter()
        for duty in roster.whole_roster(conn, at):
            if duty.person_id == without:
                continue
            self._holders.setdefault(Call(duty.unit_code, duty.rank), []).append(duty)
            self._open[duty.person_id] = duty.open_incidents
        for holders in self._holders.values():
            holders.sort(key=lambda duty: duty.person_id)
        self._alone: dict[tuple[str, str], Assignment] = {}

    def give(self, code: str, first_rank: str, *, is_open: bool = True) -> Assignment:
        """Return who owns what happens in a unit, as `responsible`; count it if it stays open."""
        given = self._alone.get((code, first_rank))
        if given is None:
            calls = rules.chain(code, first_rank)
            holders = [duty for call in calls for duty in self._holders.get(call, ())]
            loaded = [replace(duty, open_incidents=self._open[duty.person_id]) for duty in holders]
            given = _named(rules.choose_assignee(calls, loaded), code)
            shared = len(self._holders.get(Call(given.unit_code, given.rank), ())) > 1
            if not shared:
                self._alone[code, first_rank] = given
        if is_open and given.person:
            self._open[given.person.person_id] += 1
        return given


def territory_of(conn: Connection, placement: Placement) -> str:
    """Return the unit that something belongs to: the smallest that covers it, else the county."""
    code = placement.subgroup_code or placement.grid_code or placement.village_code
    return code or county_of(conn, placement.proposal)


def county_of(conn: Connection, near: str | None = None) -> str:
    """Return the county's code: that of a unit nearby, or the first in force.

    Raises
    ------
    NothingPublished
        If no county was imported yet.
    """
    if near:
        return near[: Level.COUNTY.digits]
    code: str | None = conn.execute(
        text("SELECT min(code) FROM unit WHERE level = 'county' AND upper_inf(valid)")
    ).scalar()
    if code is None:
        raise NothingPublished
    return code


def _named(given: Assignment, code: str) -> Assignment:
    in_grid = level_of(code) in (Level.GRID, Level.SUBGROUP)
    return given if in_grid or given.reason == "nobody" else replace(given, reason="no_grid")
