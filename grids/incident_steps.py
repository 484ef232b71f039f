"""What is done with an incident: the actions of the workflow, and another owner by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from grids import access, admission, deadlines, incident_links, incident_owner, rules, workflow
from grids.access import Action
from grids.db import statement
from grids.errors import BadValue, Forbidden, GridsError
from grids.incident_card import Card, get
from grids.incident_change import hold, put, require_version, tell, was_done, write
from grids.incident_view import holds, is_desk, is_owner
from grids.local_time import CHINA, local_day
from grids.model import Level, Viewer
from grids.workflow import WrongStep

_LONGEST_SUSPENSION = timedelta(days=366)


class TopLevel(GridsError):
    """An incident would be escalated from the county."""

    code = "incident.top"
    sentence = "The county has this incident already: there is no level above."


@dataclass(frozen=True, slots=True)
class Given:
    """What an action needs besides a note; each action reads its own fields.

    Attributes
    ----------
    result
        attempt: failed or settled.
    person_id, unit_code
        transfer: to whom.
    until
        suspend: the last day on which the clock stands still.
    how
        answer: how the reporter was told, such as `phone`.
    of
        duplicate: the incident that it repeats.
    others
        merge: the incidents that repeat this one.
    summary, matter_code
        split: what the part is about; a matter of none is the same.
    """

    result: str | None = None
    person_id: UUID | None = None
    unit_code: str | None = None
    until: date | None = None
    how: str | None = None
    of: UUID | None = None
    others: tuple[UUID, ...] = ()
    summary: str | None = None
    matter_code: str | None = None

    def said(self) -> dict[str, Any]:
        """Return what was given, by name."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in fields.items() if value not in (None, ())}


_NOTHING = Given()


@dataclass(slots=True)
class _Deed:
    """An action on a held incident, and what comes of it: columns, facts, who is told what.

    `raised` is what is to be said of an escalation that an attempt brought about.
    """

    conn: Connection
    viewer: Viewer
    held: Row[Any]
    action: str
    note: str
    given: Given
    now: datetime
    to_step: str
    columns: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    told: dict[UUID, str] = field(default_factory=dict)
    raised: dict[str, Any] = field(default_factory=dict)

    def give_to(self, owner: incident_owner.NewOwner, kind: str) -> dict[str, Any]:
        """Let another own it, who is told; return who had it before and who has it now."""
        self.columns |= owner.columns()
        if owner.person_id:
            self.told[owner.person_id] = kind
        return owner.facts(self.held)


def step(
    conn: Connection,
    viewer: Viewer,
    incident_id: UUID,
    action: str,
    *,
    version: int,
    now: datetime,
    note: str = "",
    key: str | None = None,
    given: Given = _NOTHING,
) -> Card:
    """Do `action` and return the card as it is then.

    A failed attempt that uses up what the matter's rule gives a level escalates by itself.

    Parameters
    ----------
    version
        The version the sender has seen.
    key
        The sender's key of this deed: sent again it changes nothing, whatever the version is now.
    given
        What the action needs besides the note.

    Raises
    ------
    NotFound
        If there is no such incident in the viewer's territory.
    Forbidden
        If the viewer is neither its owner nor may assign, or the action is the desk's.
    KeyReused
        If another deed came with the same key.
    StaleRecord
        If somebody else changed the incident since.
    BadValue, WrongStep, NoteNeeded, Unanswered, Supervised
        From `workflow.next_step`, and for what the action needs and was not given.
    TopLevel
        For an escalation from the county.
    """
    access.require(viewer, Action.INCIDENT_STEP)
    held = hold(conn, viewer, incident_id)
    said = given.said()
    if key is not None and was_done(conn, held, key, action, note, said):
        return get(conn, viewer, incident_id, now)
    require_version(held, version)
    to_step = workflow.next_step(held.step, action, note, result=given.result, holds=holds(held))
    by_desk = is_desk(viewer)
    desk_only = workflow.TRANSITIONS[action].desk_only
    if not by_desk and (not is_owner(viewer, held.owner_id) or desk_only):
        raise Forbidden(role=viewer.role.value, action=action, who_can="owner, dispatcher")
    deed = _Deed(conn, viewer, held, action, note, given, now, to_step)
    _DOES.get(action, _just_go)(deed)
    columns: dict[str, Any] = {"step": deed.to_step}
    if to_step in workflow.ENDED and held.step not in workflow.ENDED:
        columns["closed_at"] = now
    if by_desk:
        columns["review"] = False
    put(conn, held, columns | deed.columns)
    write(conn, viewer, held, action, to_step, note, now, key=key, facts=deed.facts, said=said)
    if deed.raised:
        _write_escalation(deed)
    _tell_all(deed)
    return get(conn, viewer, incident_id, now)


def reassign(
    conn: Connection,
    viewer: Viewer,
    incident_id: UUID,
    *,
    reason: str,
    version: int,
    now: datetime,
    person_id: UUID | None = None,
    unit_code: str | None = None,
) -> Card:
    """Give an incident to a person, or to whoever answers for a unit, and return its card.

    It keeps its step and its limit, leaves the review queue, and stays with this owner when borders
    move.

    Raises
    ------
    NotFound
        If the incident, the person or the unit is not there, or not in the viewer's territory.
    BadValue
        If no reason is given, or not exactly one of person and unit.
    StaleRecord
        If somebody else changed the incident since.
    WrongStep
        If the incident has ended.
    """
    access.require(viewer, Action.INCIDENT_ASSIGN)
    if not reason.strip():
        raise BadValue(field="reason", given=reason, reason="empty")
    held = hold(conn, viewer, incident_id)
    require_version(held, version)
    if held.step in workflow.ENDED:
        raise WrongStep(step=held.step, action="assign", possible="reopen")
    owner = incident_owner.by_hand(
        conn, viewer, held, now, reason, person_id=person_id, unit_code=unit_code
    )
    put(conn, held, owner.columns() | {"review": False})
    write(conn, viewer, held, "assign", held.step, reason, now, facts=owner.facts(held))
    tell(conn, [owner.person_id], "incident.assigned", held, {}, now)
    return get(conn, viewer, incident_id, now)


# What each action does besides leading elsewhere -----------------------------------------------


def _just_go(deed: _Deed) -> None:
    """Do nothing but go to the next step."""


def _accept(deed: _Deed) -> None:
    deed.columns["accepted_at"] = deed.now


def _resolve(deed: _Deed) -> None:
    deed.columns["resolved_at"] = deed.now
    if deed.given.result:
        deed.facts["result"] = deed.given.result


def _attempt(deed: _Deed) -> None:
    if deed.given.result == "settled":
        _resolve(deed)
        return
    level = rules.level_that_tries(deed.held.owner_unit)
    asked = {"incident_id": deed.held.incident_id, "level": level.value}
    n = 1 + int(deed.conn.execute(statement("n_failed", "incidents"), asked).scalar_one())
    rule = rules.parse_attempts(admission.get(deed.conn, deed.held.matter_code).attempts)
    of = getattr(rule, level.value)
    deed.facts |= {"result": "failed", "level": level.value, "done": n, "of": of}
    above = level.parent
    if rules.is_used_up(rule, level, n) and above is not None:
        deed.raised = _raise_to(deed, above, "attempts_used_up") | {"level": level.value}
        deed.to_step = "escalated"


def _return(deed: _Deed) -> None:
    deed.columns["resolved_at"] = None
    deed.columns |= incident_owner.to_accept(deadlines.load(deed.conn), deed.held, deed.now)
    if is_desk(deed.viewer):
        return
    # What its owner gives back is not theirs any more: whoever has to act now has to own it.
    desk = incident_owner.given_back(deed.conn, deed.held, deed.now)
    if desk is not None:
        deed.facts |= deed.give_to(desk, "incident.given_back")


def _transfer(deed: _Deed) -> None:
    owner = incident_owner.by_hand(
        deed.conn,
        deed.viewer,
        deed.held,
        deed.now,
        deed.note,
        person_id=deed.given.person_id,
        unit_code=deed.given.unit_code,
    )
    deed.facts |= deed.give_to(owner, "incident.assigned")
    deed.columns |= incident_owner.to_accept(deadlines.load(deed.conn), deed.held, deed.now)


def _escalate(deed: _Deed) -> None:
    above = rules.handling_level(deed.held.owner_unit).parent
    if above is None:
        raise TopLevel
    deed.facts |= _raise_to(deed, above, "escalated_early")


def _raise_to(deed: _Deed, level: Level, why: str) -> dict[str, Any]:
    """Give it to the desk of a level, whose limit begins; return who had it and who has it."""
    owner = incident_owner.above(deed.conn, deed.held, level, deed.now, why=why)
    deed.columns |= incident_owner.new_clock(deed.conn, deed.held, owner.unit_code, deed.now)
    return deed.give_to(owner, "incident.escalated") | {"why": why}


def _suspend(deed: _Deed) -> None:
    until, held = deed.given.until, deed.held
    today = local_day(deed.now)
    if until is None or not today <= until <= today + _LONGEST_SUSPENSION:
        given = until.isoformat() if until else None
        raise BadValue(field="until", given=given, reason="a day within a year from today")
    after = datetime(until.year, until.month, until.day, tzinfo=CHINA) + timedelta(days=1)
    deed.columns |= {"suspended_until": after, "due_at": None, "warn_at": None}
    if held.due_at is not None and held.limit_hours is not None:
        left = deadlines.load(deed.conn).left(held.due_at, deed.now, held.limit_clock)
        deed.columns["limit_left_hours"] = left
    deed.facts["until"] = until


def _resume(deed: _Deed) -> None:
    deed.columns |= running_on(deed.conn, deed.held, deed.now)


def running_on(conn: Connection, held: Row[Any], now: datetime) -> dict[str, Any]:
    """Return the columns of a suspended incident whose clock runs on with what was left."""
    columns: dict[str, Any] = {"suspended_until": None, "limit_left_hours": None}
    if held.limit_left_hours is None:
        return columns
    left, hours = held.limit_left_hours, held.limit_hours
    deadline = deadlines.load(conn).resume(now, left, hours, held.limit_clock)
    return columns | {"due_at": deadline.due_at, "warn_at": deadline.warn_at}


def _reopen(deed: _Deed) -> None:
    deed.columns |= {
        "closed_at": None,
        "resolved_at": None,
        "answered_at": None,
        "duplicate_of": None,
    }
    unit_code = deed.held.owner_unit
    deed.columns |= incident_owner.new_clock(deed.conn, deed.held, unit_code, deed.now)


def _duplicate(deed: _Deed) -> None:
    if deed.given.of is None:
        raise BadValue(field="of", given=None, reason="empty")
    kept = hold(deed.conn, deed.viewer, deed.given.of)
    incident_links.require_mergeable(deed.held, kept)
    deed.columns["duplicate_of"] = kept.incident_id
    deed.facts |= {"of": kept.number}
    incident_links.take_over(deed.conn, deed.viewer, kept, [deed.held], deed.now)


def _merge(deed: _Deed) -> None:
    if not deed.given.others:
        raise BadValue(field="with", given=None, reason="empty")
    numbers, note = [], deed.note
    for key in sorted(set(deed.given.others)):
        other = hold(deed.conn, deed.viewer, key)
        workflow.next_step(other.step, "duplicate", note, holds=holds(other))
        incident_links.require_mergeable(other, deed.held)
        ended = {"step": "duplicate", "closed_at": deed.now, "duplicate_of": deed.held.incident_id}
        put(deed.conn, other, ended)
        facts = {"of": deed.held.number}
        write(deed.conn, deed.viewer, other, "duplicate", "duplicate", note, deed.now, facts=facts)
        if other.owner_id != deed.held.owner_id:
            tell(deed.conn, [other.owner_id], "incident.merged", other, facts, deed.now)
        deed.columns |= incident_links.owed_after(deed.held, other)
        incident_links.point_to(deed.conn, other.incident_id, deed.held.incident_id)
        numbers.append(other.number)
    deed.facts["numbers"] = numbers


def _split(deed: _Deed) -> None:
    summary = (deed.given.summary or "").strip()
    if not summary:
        raise BadValue(field="summary", given=summary, reason="empty")
    part = incident_links.split_off(
        deed.conn, deed.viewer, deed.held, summary, deed.given.matter_code, deed.now
    )
    deed.facts["numbers"] = [part.number]


def _answer(deed: _Deed) -> None:
    deed.columns["answered_at"] = deed.now
    if deed.given.how:
        deed.facts["how"] = deed.given.how
    asked = {"incident_id": deed.held.incident_id, "now": deed.now}
    people = deed.conn.execute(statement("reporting_people", "incidents"), asked)
    deed.told |= dict.fromkeys(people.scalars(), "incident.answered")
    deed.conn.execute(statement("answer_duplicates", "incidents"), asked)


_DOES: Mapping[str, Callable[[_Deed], None]] = {
    "accept": _accept,
    "resolve": _resolve,
    "attempt": _attempt,
    "return": _return,
    "transfer": _transfer,
    "escalate": _escalate,
    "suspend": _suspend,
    "resume": _resume,
    "reopen": _reopen,
    "duplicate": _duplicate,
    "merge": _merge,
    "split": _split,
    "answer": _answer,
}


def _write_escalation(deed: _Deed) -> None:
    """Write the escalation that came of an attempt as a step of its own."""
    tried = workflow.TRANSITIONS["attempt"].by_result["failed"]
    write(
        deed.conn,
        deed.viewer,
        deed.held,
        "escalate",
        deed.to_step,
        "",
        deed.now,
        facts=deed.raised,
        from_step=tried,
    )


def _tell_all(deed: _Deed) -> None:
    """Tell those who have it now, or waited for it, and its owner where somebody else did it."""
    for person_id, kind in deed.told.items():
        if person_id != deed.viewer.person_id:
            tell(deed.conn, [person_id], kind, deed.held, {}, deed.now)
    owner_id = deed.held.owner_id
    if owner_id and owner_id not in deed.told and not is_owner(deed.viewer, owner_id):
        facts = {"action": deed.action}
        tell(deed.conn, [owner_id], "incident.step", deed.held, facts, deed.now)
