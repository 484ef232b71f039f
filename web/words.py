"""Sentences in the reader's language, and the words that stand in them for codes."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from grids.access import Action
from grids.model import Level, Role

Words = dict[str, LazyString]

ROLES: Words = {
    Role.GRID_ADMIN: _l("Grid administrator"),
    Role.LEADER: _l("Leader"),
    Role.DISPATCHER: _l("Dispatcher"),
    Role.WORKER: _l("Grid worker"),
    Role.AUDITOR: _l("Auditor"),
    Role.SYSADMIN: _l("System administrator"),
}

_THINGS: Words = {
    "account": _l("account"),
    "alert": _l("alert"),
    "camera": _l("camera"),
    "cell": _l("cell"),
    "county": _l("county"),
    "edit": _l("edit in the inbox"),
    "feed": _l("feed"),
    "grant": _l("grant"),
    "grid": _l("grid"),
    "household": _l("household"),
    "import": _l("import"),
    "kiosk": _l("wall"),
    "incident": _l("incident"),
    "matter": _l("matter"),
    "message": _l("message of a feed"),
    "person": _l("person"),
    "photo": _l("photo"),
    "plan": _l("plan"),
    "publication": _l("publication"),
    "supervision": _l("supervision sheet"),
    "session": _l("session"),
    "subgroup": _l("sub-group"),
    "unit": _l("unit"),
    "duty": _l("duty"),
    "request": _l("request"),
    "rules": _l("limits of boundaries"),
    "task": _l("task"),
    "task rule": _l("recurring work"),
    "handover": _l("handover"),
}

_ACTIONS: Words = {
    Action.UNIT_SEE: _l("see units"),
    Action.WORKER_SEE: _l("see who is on duty"),
    Action.PLAN_SEE: _l("see boundary plans"),
    Action.PLAN_EDIT: _l("edit boundary plans"),
    Action.PLAN_APPROVE: _l("approve boundary plans"),
    Action.PLAN_PUBLISH: _l("publish boundary plans"),
    Action.INCIDENT_SEE: _l("see incidents"),
    Action.INCIDENT_REPORT: _l("report incidents"),
    Action.INCIDENT_STEP: _l("handle incidents"),
    Action.INCIDENT_ASSIGN: _l("assign incidents"),
    Action.HOTSPOT_SEE: _l("see hotspots"),
    Action.HOUSEHOLD_SEE: _l("see households"),
    Action.HOUSEHOLD_REVEAL: _l("see telephone numbers of households"),
    Action.CAMERA_SEE: _l("see cameras"),
    Action.IMPORT_RUN: _l("import data"),
    Action.EXPORT_RUN: _l("export data"),
    Action.PEOPLE_MANAGE: _l("manage people"),
    Action.AUDIT_SEE: _l("see the audit trail"),
}

_DEEDS: Words = {
    "accept": _l("accept"),
    "start": _l("start"),
    "resolve": _l("resolve"),
    "verify": _l("verify"),
    "close": _l("close"),
    "return": _l("return"),
    "attempt": _l("attempt"),
    "transfer": _l("transfer"),
    "escalate": _l("escalate"),
    "suspend": _l("suspend"),
    "resume": _l("resume"),
    "reject": _l("reject"),
    "reopen": _l("reopen"),
    "duplicate": _l("mark as a duplicate"),
    "merge": _l("merge"),
    "split": _l("split"),
    "answer": _l("answer"),
    "confirm": _l("confirm"),
    "report": _l("report"),
    "rehome": _l("follow the border"),
    "supervise": _l("supervise"),
    "supervision_answer": _l("answer the supervision"),
    "strike_off": _l("strike off"),
    "position": _l("move the pin"),
    "assign": _l("assign"),
    "nothing": _l("nothing"),
    "send as a feed": _l("send as a feed"),
}

_TOOLS: Words = {
    "undo": _l("undo"),
    "redo": _l("redo"),
    "assign": _l("assign"),
    "split": _l("split"),
    "merge": _l("merge"),
    "reshape": _l("reshape"),
    "move": _l("move borders"),
    "nibble": _l("nibble"),
    "draw": _l("draw"),
    "found": _l("found"),
    "sign": _l("sign"),
    "rename": _l("rename"),
    "balance": _l("balance"),
    "rebase": _l("rebase"),
    "resolve": _l("resolve conflicts"),
    "restore": _l("restore"),
}

_STEPS: Words = {
    "reported": _l("reported"),
    "accepted": _l("accepted"),
    "in_progress": _l("in progress"),
    "resolved": _l("resolved"),
    "verified": _l("verified"),
    "closed": _l("closed"),
    "returned": _l("returned"),
    "escalated": _l("escalated"),
    "suspended": _l("suspended"),
    "rejected": _l("rejected"),
    "duplicate": _l("a duplicate"),
}

# What somebody outside is told of an incident's step.
STEPS_OUTSIDE: Words = {
    "reported": _l("Received, waits for the worker"),
    "accepted": _l("Accepted by the worker"),
    "in_progress": _l("Being handled"),
    "resolved": _l("Handled, being checked"),
    "suspended": _l("Put off for the time being"),
    "rejected": _l("Not taken on: see the answer"),
    "closed": _l("Finished"),
}

# Numbers that anybody in China may call.
HOTLINES: Words = {
    "12345": _l("Government services"),
    "110": _l("Police"),
    "119": _l("Fire"),
    "120": _l("Ambulance"),
}

# What residents choose from, and what belongs to it.
CATEGORIES: dict[str, tuple[LazyString, LazyString]] = {
    "sanitation": (_l("Refuse and dirt"), _l("bins, waste water, dead animals")),
    "roads": (_l("Roads and paths"), _l("holes, broken covers, fallen rocks")),
    "lighting": (_l("Street lights"), _l("dark, broken, leaning")),
    "utilities": (_l("Water and power"), _l("no water, leaks, loose wires")),
    "safety": (_l("Danger"), _l("fire, houses, slopes, ponds")),
    "neighbours": (_l("Quarrels"), _l("neighbours, noise, boundaries")),
    "hardship": (_l("Somebody needs help"), _l("old people alone, illness, need")),
    "advice": (_l("Questions and the rest"), _l("papers, policy, anything else")),
}

_STATES: Words = {
    "draft": _l("a draft"),
    "checked": _l("checked"),
    "submitted": _l("submitted"),
    "approved": _l("approved"),
    "scheduled": _l("scheduled"),
    "published": _l("published"),
    "withdrawn": _l("withdrawn"),
    "refused": _l("refused"),
    "empty": _l("empty"),
}

_SHEET_STATES: Words = {
    "open": _l("open"),
    "answered": _l("answered"),
    "struck_off": _l("struck off"),
}

_SHEET_KINDS: Words = {
    "ordinary": _l("ordinary"),
    "yellow": _l("yellow card"),
    "red": _l("red card"),
}

# Reasons are codes or plain English; what is not listed is shown as it is.
_REASONS: Words = {
    "short": _l("it has fewer than 8 characters"),
    "long": _l("it is too long"),
    "login": _l("it resembles the account's name"),
    "common": _l("it is one of those that are guessed first"),
    "unchanged": _l("it is the present one"),
    "empty": _l("nothing was given"),
    "either a person or a unit": _l("either a person or a unit"),
    "no unit in force": _l("no unit in force"),
    "unknown to the list": _l("unknown to the list"),
    "its time on the list is over": _l("its time on the list is over"),
    "its time on the list has not come": _l("its time on the list has not come"),
    "a day within a year from today": _l("a day within a year from today"),
    "listed twice": _l("listed twice"),
    "no limit that counts for everything": _l("no limit that counts for everything"),
    "only at_risk and unanswered rules have a threshold": _l(
        "only at_risk and unanswered rules have a threshold"
    ),
    "it is the same one": _l("it is the same one"),
    "it repeats another itself": _l("it repeats another itself"),
    "it was rejected": _l("it was rejected"),
    "both coordinates or none": _l("both coordinates or none"),
    "says no time zone": _l("says no time zone"),
    "before 2000 or in the future": _l("before 2000 or in the future"),
    "no cursor of this list": _l("no cursor of this list"),
    "a plan needs a title": _l("a plan needs a title"),
    "a grid needs a name": _l("a grid needs a name"),
    "name at least one cell": _l("name at least one cell"),
    "2 positions [lon, lat] or more": _l("2 positions [lon, lat] or more"),
    "3 positions [lon, lat] or more": _l("3 positions [lon, lat] or more"),
    "three different positions or more": _l("three different positions or more"),
    "at most 0.2 degrees wide": _l("at most 0.2 degrees wide"),
    "name villages or a box": _l("name villages or a box"),
    "a unit needs a name": _l("a unit needs a name"),
    "a unit has at least one piece": _l("a unit has at least one piece"),
    "the plan changes nothing": _l("the plan changes nothing"),
    "say what has to be mended": _l("say what has to be mended"),
    "a moment to come": _l("a moment to come"),
    "nothing has changed since then": _l("nothing has changed since then"),
    "the plan does not ask what becomes of open incidents": _l(
        "the plan does not ask what becomes of open incidents"
    ),
    "there is no such EPSG code": _l("there is no such EPSG code"),
    "it is no system of map coordinates": _l("it is no system of map coordinates"),
    "not after the first day": _l("not after the first day"),
    "over before it begins": _l("over before it begins"),
    "before it begins": _l("before it begins"),
    "an item has a first day": _l("an item has a first day"),
    "a temporary item has an end": _l("a temporary item has an end"),
    "no such units in the area": _l("no such units in the area"),
    "no unit of this person's": _l("no unit of this person's"),
    "not up to a day before": _l("not up to a day before"),
    "in the future or without zone": _l("in the future or without zone"),
    "not the code of a grid": _l("not the code of a grid"),
    "it has fewer than two different places": _l("it has fewer than two different places"),
    "missing": _l("missing"),
    "unreadable": _l("unreadable"),
    "not on Earth": _l("not on Earth"),
    "holds a NUL character": _l("holds a NUL character"),
    "village-township-county, as 3-2-1": _l("village-township-county, as 3-2-1"),
}

_LEVELS: Words = {
    Level.COUNTY: _l("county"),
    Level.TOWNSHIP: _l("township"),
    Level.VILLAGE: _l("village"),
    Level.GRID: _l("grid"),
    Level.SUBGROUP: _l("sub-group"),
}

# What GEOS finds wrong with a polygon; None where an outline is valid and too small to keep.
_GEOMETRY_FAULTS: Words = {
    "Self-intersection": _l("Self-intersection"),
    "Ring Self-intersection": _l("Ring Self-intersection"),
    "Too few points in geometry component": _l("Too few points in geometry component"),
    "Nested shells": _l("Nested shells"),
    "Hole lies outside shell": _l("Hole lies outside shell"),
    "Holes are nested": _l("Holes are nested"),
    "Interior is disconnected": _l("Interior is disconnected"),
    "Duplicate Rings": _l("Duplicate Rings"),
    "None": _l("None"),
}

RANKS: Words = {
    "primary": _l("grid worker"),
    "deputy": _l("deputy"),
    "informant": _l("informant"),
    "desk": _l("desk"),
}

# Facts of refusals and faults whose values are words; all others are shown as they are.
WORDS: dict[str, Words] = {
    "what": _THINGS,
    "role": ROLES,
    "who_can": ROLES | {"owner": _l("the incident's owner")},
    "action": _ACTIONS | _DEEDS | _TOOLS,
    "possible": _DEEDS,
    "step": _STEPS,
    "sheet_state": _SHEET_STATES,
    "sheet_kind": _SHEET_KINDS,
    "needed": _SHEET_STATES,
    "state": _STATES,
    "tool": _TOOLS,
    "reason": _REASONS,
    "rank": RANKS,
    "unit_level": _LEVELS,
    "geometry_fault": _GEOMETRY_FAULTS,
}


def sentence(template: str, facts: Mapping[str, object]) -> str:
    """Return an English template in the reader's language, filled with facts.

    Values that are codes become words, also where several stand in a list; the separator is the
    reader's too.
    """
    return gettext(template).format(**{name: _worded(name, facts[name]) for name in facts})


def _worded(fact: str, value: object) -> object:
    known = WORDS.get(fact)
    if known is None or not isinstance(value, str):
        return value
    if value in known:
        return str(known[value])
    parts = value.split(", ")
    if all(part in known for part in parts):
        return gettext(", ").join(str(known[part]) for part in parts)
    return value
