"""Limits that boundaries are checked against, as data: per kind of grid and per area."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import Connection

from grids import audit
from grids.access import in_territory, require, require_territory
from grids.db import statement
from grids.errors import BadValue, GridsError, NotFound, StaleRecord
from grids.model import Level, Viewer

Severity = Literal["error", "warning", "off"]

KINDS = ("base", "exclusive", "micro", "subgroup")
SEVERITIES = ("error", "warning", "off")

# What can be limited, and from which ends.
SUBJECTS: dict[str, tuple[str, ...]] = {
    "households": ("least", "most"),
    "area": ("least", "most"),
    "width": ("least",),
    "parts": ("most",),
    "primary": (),
    "names": (),
    "village": (),
}


class CountyOnly(GridsError):
    """Limits that count everywhere were to be set from a part of the county."""

    code = "rules.county_only"
    sentence = "Limits that count everywhere are set for the whole county; yours is {scope}."


@dataclass(frozen=True, slots=True)
class Rule:
    """What is usual of grids of a kind, or of sub-groups, in an area.

    Attributes
    ----------
    territory_code
        The area; none: everywhere. Of two rules the one of the smaller area counts.
    kind
        base, exclusive, micro, or subgroup.
    subject
        households of a grid; area (square metres) and width (metres, of the greatest circle
        inside); parts, of pieces that may be signed for; primary: somebody answers; names: one of
        a kind in the village, of a sub-group in its grid; village: land stays in its village.
    least, most
        The limits, where the subject has any; none: no limit.
    severity
        error keeps a plan from being published, warning is to be weighed, off is not checked.
    rule_id
        Number of the rule once it is kept; a rule that is set anew has another.
    territory_name
        Of the area, for those who read it.
    """

    territory_code: str | None
    kind: str
    subject: str
    least: float | None = None
    most: float | None = None
    severity: Severity = "warning"
    updated_at: datetime | None = None
    updated_by: str | None = None
    rule_id: int | None = None
    territory_name: str | None = None

    def allows(self, measure: float) -> bool:
        """Return whether a measure is inside the limits, both included."""
        return (self.least is None or measure >= self.least) and (
            self.most is None or measure <= self.most
        )


@dataclass(frozen=True, slots=True)
class Outside:
    """How many units in force a limit would count for, and how many of them lie outside it."""

    kind: str
    subject: str
    n_units: int
    n_outside: int


class Rules:
    """The rules in force, asked for a unit."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Keep the rules; those that are off hide the ones of the areas around."""
        self._rules: dict[tuple[str, str], dict[str, Rule]] = {}
        for rule in rules:
            areas = self._rules.setdefault((rule.kind, rule.subject), {})
            areas[rule.territory_code or ""] = rule

    def find(self, kind: str, subject: str, code: str) -> Rule | None:
        """Return the rule of the smallest area that a code lies in; none if it is not checked."""
        areas = self._rules.get((kind, subject), {})
        for n in sorted({len(area) for area in areas}, reverse=True):
            rule = areas.get(code[:n])
            if rule is not None:
                return None if rule.severity == "off" else rule
        return None


def load(conn: Connection) -> Rules:
    """Return the rules, ready to be asked."""
    return Rules(_all(conn))


def list_all(conn: Connection, viewer: Viewer) -> list[Rule]:
    """Return the rules that count in the viewer's territory: its own, and those around it.

    Raises
    ------
    Forbidden
        If the role may not see plans.
    """
    require(viewer, "plan.see")
    return [
        rule
        for rule in _all(conn)
        if rule.territory_code is None
        or in_territory(viewer, rule.territory_code)
        or viewer.scope.startswith(rule.territory_code)
    ]


def versions(rules: Iterable[Rule]) -> dict[str | None, int]:
    """Return the version of each area's rules; that of an area without any is 0.

    It is the highest number among them: whoever sets rules gives each a number that was never
    given before.
    """
    found: dict[str | None, int] = {}
    for rule in rules:
        found[rule.territory_code] = max(found.get(rule.territory_code, 0), rule.rule_id or 0)
    return found


def replace(
    conn: Connection,
    viewer: Viewer,
    territory_code: str | None,
    rules: Sequence[Rule],
    version: int | None = None,
) -> list[Rule]:
    """Make these the rules of an area, in the place of all that it had; return all that count.

    Parameters
    ----------
    territory_code
        The area; none: everywhere, for those whose territory is the county.
    rules
        Of that area. None at all gives the area back to the rules of the areas around it.
    version
        Of the area's rules as the sender has seen them; none: whatever they are now.

    Raises
    ------
    Forbidden
        If the role may not approve plans.
    StaleRecord
        If somebody else has set rules of the area since.
    CountyOnly
        If the rules would count beyond the viewer's territory.
    NotFound
        If there is no such area in the viewer's territory.
    BadValue
        For an unknown kind, subject or severity, for limits that a subject does not have, and for
        two rules of one kind and subject.
    """
    require(viewer, "plan.approve")
    if territory_code is not None:
        _require_area(conn, viewer, territory_code)
    elif len(viewer.scope) > Level.COUNTY.digits:
        raise CountyOnly(scope=viewer.scope)
    _require_sound(territory_code, rules)
    conn.execute(statement("lock_rules", "rules"))
    former = [rule for rule in _all(conn) if rule.territory_code == territory_code]
    now = versions(former).get(territory_code, 0)
    if version not in (None, now):
        raise StaleRecord(what="rules", key=territory_code or "-", yours=version, now=now)
    conn.execute(statement("drop_rules", "rules"), {"territory": territory_code})
    for rule in rules:
        conn.execute(statement("put_rule", "rules"), _said(rule) | {"by": viewer.person_id})
    audit.record(
        conn,
        viewer,
        "rules.set",
        f"boundary_rule {territory_code or 'everywhere'}",
        territory=territory_code or viewer.scope or None,
        facts={"before": [_said(r) for r in former], "after": [_said(r) for r in rules]},
    )
    return list_all(conn, viewer)


def count_outside(
    conn: Connection,
    viewer: Viewer,
    territory_code: str | None,
    rules: Sequence[Rule],
    now: datetime,
) -> list[Outside]:
    """Return how many units in force lie outside the rules that an area might have.

    Nothing is kept. A unit that a smaller area has a rule for is not counted, since that one
    counts there; nor are units outside the viewer's territory. Widths would have to be measured
    on every outline, and whether land stays in its village is a matter of plans: these two, and
    rules that are off, are left out.

    Parameters
    ----------
    territory_code
        The area; none: everywhere, as far as the viewer's territory reaches.
    rules
        Of that area.
    now
        When somebody has to be on duty for a grid.

    Raises
    ------
    Forbidden
        If the role may not see plans.
    NotFound, BadValue
        As `replace`.
    """
    require(viewer, "plan.see")
    if territory_code is not None:
        _require_area(conn, viewer, territory_code)
    _require_sound(territory_code, rules)
    area = max(territory_code or "", viewer.scope)
    counted = [_said(rule) for rule in rules if rule.severity != "off"]
    found = conn.execute(
        statement("outside", "rules"),
        {
            "rules": orjson.dumps(counted).decode(),
            "area": territory_code or "",
            "low": area,
            "high": area + "~",
            "at": now,
        },
    )
    return [Outside(**row._mapping) for row in found]


def _require_area(conn: Connection, viewer: Viewer, code: str) -> None:
    require_territory(viewer, code, "unit")
    if not conn.execute(statement("is_unit", "rules"), {"code": code}).scalar():
        raise NotFound(what="unit", key=code)


def _all(conn: Connection) -> list[Rule]:
    return [Rule(**row._mapping) for row in conn.execute(statement("rules", "rules"))]


def _said(rule: Rule) -> dict[str, Any]:
    return {
        "territory": rule.territory_code,
        "kind": rule.kind,
        "subject": rule.subject,
        "least": rule.least,
        "most": rule.most,
        "severity": rule.severity,
    }


def _require_sound(territory_code: str | None, rules: Sequence[Rule]) -> None:
    seen = set()
    for rule in rules:
        which = {"rule_kind": rule.kind, "rule_subject": rule.subject}
        choices = {"kind": KINDS, "subject": tuple(SUBJECTS), "severity": SEVERITIES}
        for field, known in choices.items():
            if getattr(rule, field) not in known:
                raise BadValue(
                    field=field, given=getattr(rule, field), reason=", ".join(known), **which
                )
        if rule.territory_code != territory_code:
            raise BadValue(
                field="territory_code",
                given=rule.territory_code,
                reason="rules of one area",
                **which,
            )
        for field in ("least", "most"):
            limit = getattr(rule, field)
            if limit is not None and (field not in SUBJECTS[rule.subject] or not limit >= 0):
                reason = f"{rule.subject} has no such limit"
                raise BadValue(field=field, given=limit, reason=reason, **which)
        if rule.least is not None and rule.most is not None and rule.least > rule.most:
            raise BadValue(field="most", given=rule.most, reason="below the least", **which)
        if (rule.kind, rule.subject) in seen:
            raise BadValue(
                field="subject", given=rule.subject, reason="twice for one kind", **which
            )
        seen.add((rule.kind, rule.subject))
