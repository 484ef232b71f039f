"""Decisions on values, with no database in sight: review, owners, steps, limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from grids.errors import BadValue, GridsError
from grids.model import Assignment, Duty, Level, Rival

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


# What becomes of an incident ------------------------------------------------------------------


class WrongStep(GridsError):
    """An action that is not possible from where the incident stands."""

    code = "incident.step"
    sentence = "{action} is not possible for an incident that is {step}; possible: {possible}."


class NoteNeeded(GridsError):
    """An action that has to be explained."""

    code = "incident.note"
    sentence = "Say why: {action} needs a note."


@dataclass(frozen=True, slots=True)
class Transition:
    """What an action does: from which steps, to which, and whether it has to be explained.

    `desk_only`: not for the owner in the field, it needs the right to assign.
    """

    from_steps: frozenset[str]
    to_step: str
    note: bool = False
    desk_only: bool = False


_OPEN_FOR_WORK = frozenset({"reported", "returned", "accepted", "in_progress"})

TRANSITIONS: dict[str, Transition] = {
    "accept": Transition(frozenset({"reported", "returned"}), "accepted"),
    "start": Transition(frozenset({"accepted"}), "in_progress"),
    "resolve": Transition(frozenset({"accepted", "in_progress"}), "resolved", note=True),
    "verify": Transition(frozenset({"resolved"}), "verified", desk_only=True),
    "close": Transition(frozenset({"resolved", "verified"}), "closed"),
    # Sent back: by the owner to the desk, or by the desk to the owner, whose work was not enough.
    "return": Transition(
        frozenset({"reported", "accepted", "in_progress", "resolved", "verified"}),
        "returned",
        note=True,
    ),
    "reject": Transition(_OPEN_FOR_WORK, "rejected", note=True, desk_only=True),
    "reopen": Transition(frozenset({"closed", "rejected"}), "returned", note=True, desk_only=True),
}

# Nothing more is to be done here.
ENDED = frozenset({"closed", "rejected", "duplicate"})


def next_step(step: str, action: str, note: str) -> str:
    """Return the step that an action leads to.

    Raises
    ------
    BadValue
        If there is no such action.
    WrongStep
        If the action is not possible from this step.
    NoteNeeded
        If it has to be explained and is not.
    """
    if action not in TRANSITIONS:
        raise BadValue(field="action", given=action, reason="one of " + ", ".join(TRANSITIONS))
    transition = TRANSITIONS[action]
    if step not in transition.from_steps:
        possible = [name for name, other in TRANSITIONS.items() if step in other.from_steps]
        raise WrongStep(step=step, action=action, possible=", ".join(possible) or "nothing")
    if transition.note and not note.strip():
        raise NoteNeeded(action=action)
    return transition.to_step


def possible_actions(step: str, *, is_desk: bool) -> list[str]:
    """Return what can be done from a step, by the desk or by an owner in the field."""
    return [
        name
        for name, transition in TRANSITIONS.items()
        if step in transition.from_steps and (is_desk or not transition.desk_only)
    ]


# Limits ---------------------------------------------------------------------------------------


def due_at(reported_at: datetime, limit_hours: int) -> datetime:
    """Return when an incident has to be closed: so many hours of the clock after the report."""
    return reported_at + timedelta(hours=limit_hours)


class Attempts(NamedTuple):
    """How often each level tries before the next one up takes over."""

    village: int
    township: int
    county: int


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
