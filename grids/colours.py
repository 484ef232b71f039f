"""Green, yellow and red: rules over the rows of incidents, each with the rule that fired.

One executor: a rule is an expression over the row of an incident, used to filter lists, to count
and to say on a card why it has its colour. Thresholds, colours and whether a rule is in use are
data of the county.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    false,
    literal,
    or_,
    select,
    update,
)

from grids import audit, holidays, schema
from grids.errors import BadValue
from grids.model import Viewer
from grids.workflow import ENDED

Colour = Literal["yellow", "red"]
COLOURS = ("green", "yellow", "red")
GRAVE: tuple[Colour, ...] = ("red", "yellow")

_I = schema.incident.c
_S = schema.supervision.c
_DEFAULT_WARN_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class ColourRule:
    """What makes an open incident yellow or red.

    `threshold` is a share of the limit for `at_risk` and hours for `unanswered` and
    `unanswered_long`; the other rules have none.
    """

    code: str
    colour: Colour
    threshold: float | None = None
    in_use: bool = True


def is_open() -> ColumnElement[bool]:
    """Return whether something is still to be done with an incident."""
    return _I.step.not_in(sorted(ENDED))


def _supervised(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    standing = and_(_S.incident_id == _I.incident_id, _S.state != "struck_off", *more)
    return exists(select(literal(1)).select_from(schema.supervision).where(standing)).correlate(
        schema.incident
    )


def is_supervised() -> ColumnElement[bool]:
    """Return whether an incident has a supervision sheet that is not struck off."""
    return _supervised()


def is_unanswered() -> ColumnElement[bool]:
    """Return whether somebody who reported an incident still waits for an answer."""
    return and_(_I.reporter_known, _I.answered_at.is_(None), _I.step != "duplicate")


def _unanswered_for(rule: ColourRule, now: datetime) -> ColumnElement[bool]:
    since = now - timedelta(hours=rule.threshold or 0.0)
    return and_(is_unanswered(), _I.resolved_at <= since)


# What each rule says of the row of an open incident.
_FIRES: Mapping[str, Callable[[ColourRule, datetime], ColumnElement[bool]]] = {
    "overdue": lambda rule, now: _I.due_at <= now,
    "at_risk": lambda rule, now: and_(_I.warn_at <= now, _I.due_at > now),
    "accept_overdue": lambda rule, now: and_(
        _I.accept_due_at <= now,
        _I.accepted_at.is_(None),
        _I.step.in_(("reported", "returned", "escalated")),
    ),
    "unanswered": _unanswered_for,
    "unanswered_long": _unanswered_for,
    "supervision_overdue": lambda rule, now: _supervised(_S.state == "open", _S.due_at <= now),
    "red_card": lambda rule, now: _supervised(_S.kind == "red"),
    "yellow_card": lambda rule, now: _supervised(_S.kind == "yellow"),
    "suspension_over": lambda rule, now: and_(_I.step == "suspended", _I.suspended_until <= now),
    "nobody": lambda rule, now: _I.owner_id.is_(None),
}
RULES = tuple(_FIRES)
_HAVE_THRESHOLD = frozenset({"at_risk", "unanswered", "unanswered_long"})


def load(conn: Connection) -> list[ColourRule]:
    """Return the rules, those that make red before those that make yellow."""
    columns = schema.colour_rule.c
    rows = conn.execute(select(schema.colour_rule).order_by(columns.code))
    rules = [ColourRule(row.code, row.colour, row.threshold, row.in_use) for row in rows]
    return sorted(rules, key=lambda rule: (GRAVE.index(rule.colour), RULES.index(rule.code)))


def warn_share(conn: Connection) -> float:
    """Return the share of a limit from which on it is at risk."""
    columns = schema.colour_rule.c
    found = conn.execute(select(columns.threshold).where(columns.code == "at_risk")).scalar()
    return _DEFAULT_WARN_SHARE if found is None else float(found)


def fires(rule: ColourRule, now: datetime) -> ColumnElement[bool]:
    """Return whether a rule fires for the row of an incident."""
    if not rule.in_use:
        return false()
    return and_(is_open(), _FIRES[rule.code](rule, now))


def colour(rules: Sequence[ColourRule], now: datetime) -> ColumnElement[Any]:
    """Return the colour of the row of an incident: the gravest that fires, none once it ended."""
    firing = {
        grave: or_(false(), *(fires(rule, now) for rule in rules if rule.colour == grave))
        for grave in GRAVE
    }
    return case(
        (~is_open(), None),
        *((condition, grave) for grave, condition in firing.items()),
        else_="green",
    )


def fired(rules: Sequence[ColourRule], now: datetime) -> dict[str, ColumnElement[bool]]:
    """Return for each rule in use whether it fires, under `fired_` and its code."""
    return {f"fired_{rule.code}": fires(rule, now) for rule in rules if rule.in_use}


def replace(conn: Connection, viewer: Viewer, rules: Sequence[ColourRule]) -> list[ColourRule]:
    """Change the colours, thresholds and use of rules; those that are not named stay.

    A changed share of `at_risk` counts for the limits that begin to run from now on.

    Raises
    ------
    Forbidden, WholeCounty
        If the viewer may not set what counts in the county.
    BadValue
        For an unknown rule or colour, and a threshold that is missing, out of bounds or of a rule
        that has none.
    """
    holidays.require_county(viewer)
    for rule in rules:
        _require_sound(rule)
    columns = schema.colour_rule.c
    for rule in rules:
        conn.execute(
            update(schema.colour_rule)
            .where(columns.code == rule.code)
            .values(colour=rule.colour, threshold=rule.threshold, in_use=rule.in_use)
        )
    facts = {rule.code: [rule.colour, rule.threshold, rule.in_use] for rule in rules}
    audit.record(conn, viewer, "colours.set", "colour_rule", territory=None, facts=facts)
    return load(conn)


def _require_sound(rule: ColourRule) -> None:
    choices = {"code": RULES, "colour": GRAVE}
    for field, known in choices.items():
        if getattr(rule, field) not in known:
            raise BadValue(field=field, given=getattr(rule, field), reason=", ".join(known))
    if (rule.threshold is not None) != (rule.code in _HAVE_THRESHOLD):
        reason = "only at_risk and unanswered rules have a threshold"
        raise BadValue(field="threshold", given=rule.threshold, reason=reason)
    most = 1.0 if rule.code == "at_risk" else 24 * 366
    if rule.threshold is not None and not 0 <= rule.threshold <= most:
        raise BadValue(field="threshold", given=rule.threshold, reason=f"0 .. {most:g}")
