"""The procedure of incidents: which action is possible where, and what each step is called.

The machine is read from `workflow.toml`; both vocabularies of the county are views of its steps.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from grids.errors import BadValue, GridsError


class WrongStep(GridsError):
    """An action that is not possible from where the incident stands."""

    code = "incident.step"
    sentence = "{action} is not possible for an incident that is {step}; possible: {possible}."


class NoteNeeded(GridsError):
    """An action that has to be explained."""

    code = "incident.note"
    sentence = "Say why: {action} needs a note."


class Unanswered(GridsError):
    """An incident would end while its reporter waits for an answer."""

    code = "incident.unanswered"
    sentence = "Answer the reporter first: {action} is not possible before that."


class Supervised(GridsError):
    """An incident would end while a supervision sheet is not struck off."""

    code = "incident.supervised"
    sentence = "Strike off its supervision first: {action} is not possible before that."


@dataclass(frozen=True, slots=True)
class Step:
    """Where an incident stands, in the words of both vocabularies."""

    name: str
    six: str
    loop: str
    ended: bool = False
    six_in_review: str | None = None
    loop_in_review: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """What an action does.

    Attributes
    ----------
    from_steps
        Where it is possible.
    to_step
        Where it leads; none: the incident stays, or goes by its result.
    by_result
        Where it leads, by what came of it.
    note, needs
        Whether it has to be explained, and what else it has to be given.
    desk_only
        Not for the owner in the field: it needs the right to assign.
    only, unless
        What has to hold, and what must not.
    """

    from_steps: frozenset[str]
    to_step: str | None = None
    by_result: Mapping[str, str] = field(default_factory=dict)
    note: bool = False
    desk_only: bool = False
    needs: tuple[str, ...] = ()
    only: frozenset[str] = frozenset()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Possible:
    """An action that is open to somebody, and what it has to be given."""

    action: str
    note: bool
    needs: tuple[str, ...]


def _read(file: Path) -> tuple[dict[str, Step], dict[str, Transition]]:
    said = tomllib.loads(file.read_text("utf-8"))
    steps = {name: Step(name, **facts) for name, facts in said["steps"].items()}
    groups = {
        "open": [step.name for step in steps.values() if not step.ended],
        "ended": [step.name for step in steps.values() if step.ended],
    }

    def transition(facts: dict[str, Any]) -> Transition:
        to = facts.get("to")
        names = [name for given in facts["from"] for name in groups.get(given, [given])]
        return Transition(
            frozenset(names),
            None if isinstance(to, dict) else to,
            to if isinstance(to, dict) else {},
            facts.get("note", False),
            facts.get("desk_only", False),
            tuple(facts.get("needs", ())),
            frozenset(facts.get("only", ())),
            tuple(facts.get("unless", ())),
        )

    return steps, {name: transition(facts) for name, facts in said["actions"].items()}


STEPS, TRANSITIONS = _read(Path(__file__).parent / "workflow.toml")
# Nothing more is to be done here.
ENDED: Final = frozenset(step.name for step in STEPS.values() if step.ended)
# What is not counted: it did not happen, or it is counted as another.
UNCOUNTED: Final = frozenset({"rejected", "duplicate"})
_BLOCKED: Mapping[str, type[GridsError]] = {"unanswered": Unanswered, "supervised": Supervised}


def next_step(
    step: str, action: str, note: str, *, result: str | None = None, holds: Collection[str] = ()
) -> str:
    """Return the step that an action leads to.

    Parameters
    ----------
    result
        What came of it, for an action that leads by its result.
    holds
        What is true of the incident: reporter, review, unanswered, supervised.

    Raises
    ------
    BadValue
        If there is no such action, or no such result.
    WrongStep
        If the action is not possible from this step.
    NoteNeeded
        If it has to be explained and is not.
    Unanswered, Supervised
        If something has to be done first.
    """
    if action not in TRANSITIONS:
        raise BadValue(field="action", given=action, reason="one of " + ", ".join(TRANSITIONS))
    transition = TRANSITIONS[action]
    if step not in transition.from_steps or not transition.only <= set(holds):
        names = [one.action for one in possible_actions(step, is_desk=True, holds=holds)]
        raise WrongStep(step=step, action=action, possible=", ".join(names) or "nothing")
    for condition in transition.unless:
        if condition in holds:
            raise _BLOCKED[condition](action=action)
    if transition.note and not note.strip():
        raise NoteNeeded(action=action)
    if transition.by_result:
        if result is None or result not in transition.by_result:
            reason = "one of " + ", ".join(transition.by_result)
            raise BadValue(field="result", given=result, reason=reason)
        return transition.by_result[result]
    return transition.to_step or step


def possible_actions(step: str, *, is_desk: bool, holds: Collection[str] = ()) -> list[Possible]:
    """Return what can be done from a step, by the desk or by an owner in the field."""
    return [
        Possible(name, transition.note, transition.needs)
        for name, transition in TRANSITIONS.items()
        if step in transition.from_steps
        and (is_desk or not transition.desk_only)
        and transition.only <= set(holds)
        and not set(transition.unless) & set(holds)
    ]


def blocked_actions(step: str, *, is_desk: bool, holds: Collection[str] = ()) -> dict[str, str]:
    """Return what could be done but for something that has to come first: its refusal's code."""
    return {
        name: next(_BLOCKED[what].code for what in transition.unless if what in holds)
        for name, transition in TRANSITIONS.items()
        if step in transition.from_steps
        and (is_desk or not transition.desk_only)
        and set(transition.unless) & set(holds)
    }


def phase(step: str, *, review: bool) -> dict[str, str]:
    """Return where an incident stands in the six steps and in the five-step loop.

    The first of the six, and of the five, is the report itself, which every incident has behind it.
    """
    said = STEPS[step]
    six = said.six_in_review if review and said.six_in_review else said.six
    loop = said.loop_in_review if review and said.loop_in_review else said.loop
    return {"six": six, "loop": loop}
