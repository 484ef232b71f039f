"""Decisions on values, with no database in sight: review, owners, attempts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from grids.errors import BadValue
from grids.model import Assignment, Duty, Level, Rival, level_of

# Where each is true, a person should look: less than this share of the accuracy circle lies in
# the grid that covers the position, or no grid does.
ENOUGH_SHARE = 0.8


def needs_review(grid_code: str | None, rivals: Iterable[Rival]) -> bool:
    """Return whether a person should look at a placement.

    Parameters
    ----------
    grid_code
        The grid that covers the position.
    rivals
        Who shares the accuracy circle, that grid included; empty when the accuracy is unknown.
    """
    if grid_code is None:
        return True
    shares = {rival.grid_code: rival.share for rival in rivals}
    return bool(shares) and shares.get(grid_code, 0.0) < ENOUGH_SHARE


# Who answers ----------------------------------------------------------------------------------


class Call(NamedTuple):
    """A place in the chain of responsibility: a unit and the rank that answers for it."""

    unit_code: str
    rank: str


def chain(territory_code: str, first_rank: str) -> list[Call]:
    """Return who is asked in turn for what happens in a unit, from the ground up.

    The informant of the sub-group where the matter asks for one, the primary worker, the deputy,
    then the desks of village, township and county.
    """

    def unit(level: Level) -> str | None:
        digits = level.digits
        return territory_code[:digits] if len(territory_code) >= digits else None

    calls = [
        (unit(Level.SUBGROUP) if first_rank == "informant" else None, "informant"),
        (unit(Level.GRID), "primary"),
        (unit(Level.GRID), "deputy"),
        (unit(Level.VILLAGE), "desk"),
        (unit(Level.TOWNSHIP), "desk"),
        (unit(Level.COUNTY), "desk"),
    ]
    return [Call(code, rank) for code, rank in calls if code is not None]


def choose_assignee(calls: Sequence[Call], candidates: Iterable[Duty]) -> Assignment:
    """Return who answers: the first in the chain with somebody present.

    Of several of one rank, the one with the fewest open incidents, then the lowest key. Where
    nobody answers at all the last unit of the chain owns without a person.

    Returns
    -------
    Assignment
        `reason` is `on_duty` (the first who was asked), else the rank that stands in, or
        `nobody`; `skipped` says for each place before it whether it is `vacant` or who is
        `on_leave`.
    """
    holders: dict[Call, list[Duty]] = {}
    for duty in candidates:
        holders.setdefault(Call(duty.unit_code, duty.rank), []).append(duty)
    skipped: list[dict[str, str]] = []
    for place, call in enumerate(calls):
        here = holders.get(call, [])
        present = [duty for duty in here if not duty.on_leave]
        if present:
            who = min(present, key=lambda d: (d.open_incidents, d.person_id))
            reason = "on_duty" if place == 0 and call.rank != "desk" else call.rank
            return Assignment(call.unit_code, call.rank, who, reason, tuple(skipped))
        said = {"unit_code": call.unit_code, "rank": call.rank}
        if here:
            skipped += [said | {"reason": "on_leave", "name": duty.name} for duty in here]
        else:
            skipped.append(said | {"reason": "vacant"})
    return Assignment(calls[-1].unit_code, "desk", None, "nobody", tuple(skipped))


# Attempts -------------------------------------------------------------------------------------


class Attempts(NamedTuple):
    """How often each level tries before the next one up takes over."""

    village: int
    township: int
    county: int


# Who works in the grids belongs to a village: its attempts are theirs.
_TRIES_AS = {Level.SUBGROUP: Level.VILLAGE, Level.GRID: Level.VILLAGE}


def level_that_tries(unit_code: str) -> Level:
    """Return the level whose attempts are used up by whoever answers for a unit."""
    level = level_of(unit_code)
    return _TRIES_AS.get(level, level)


def handling_level(unit_code: str) -> Level:
    """Return the level that has an incident: grid, village, township or county."""
    level = level_of(unit_code)
    return Level.GRID if level is Level.SUBGROUP else level


def is_used_up(attempts: Attempts, level: Level, n_failed: int) -> bool:
    """Return whether a level has tried as often as its rule says."""
    return n_failed >= int(getattr(attempts, level.value))


def parse_attempts(given: str) -> Attempts:
    """Return the attempts of a rule such as `3-2-1`.

    Raises
    ------
    BadValue
        If it is not three whole numbers, of which the first is at least 1.
    """
    parts = given.split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() for p in parts) or parts[0] == "0":
        raise BadValue(field="attempts", given=given, reason="village-township-county, as 3-2-1")
    return Attempts(*(int(part) for part in parts))
