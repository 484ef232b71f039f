"""Who may do what, and where: roles x actions, and the territory of a viewer."""

from __future__ import annotations

from enum import StrEnum

from grids.errors import Forbidden, NotFound
from grids.model import Role, Viewer


class Action(StrEnum):
    """What a person can ask the system to do; the names are part of the HTTP contract."""

    UNIT_SEE = "unit.see"
    WORKER_SEE = "worker.see"
    PLAN_SEE = "plan.see"
    PLAN_EDIT = "plan.edit"
    PLAN_APPROVE = "plan.approve"
    PLAN_PUBLISH = "plan.publish"
    INCIDENT_SEE = "incident.see"
    INCIDENT_REPORT = "incident.report"
    INCIDENT_STEP = "incident.step"
    INCIDENT_ASSIGN = "incident.assign"
    HOTSPOT_SEE = "hotspot.see"
    HOUSEHOLD_SEE = "household.see"
    HOUSEHOLD_REVEAL = "household.reveal"
    CAMERA_SEE = "camera.see"
    IMPORT_RUN = "import.run"
    EXPORT_RUN = "export.run"
    PEOPLE_MANAGE = "people.manage"
    AUDIT_SEE = "audit.see"


_EVERYBODY = {Action.UNIT_SEE}
_OFFICE = _EVERYBODY | {Action.WORKER_SEE, Action.INCIDENT_SEE, Action.HOTSPOT_SEE}

ALLOWED: dict[Role, frozenset[Action]] = {
    Role.GRID_ADMIN: frozenset(
        _OFFICE
        | {
            Action.PLAN_SEE,
            Action.PLAN_EDIT,
            Action.PLAN_APPROVE,
            Action.PLAN_PUBLISH,
            Action.INCIDENT_REPORT,
            Action.INCIDENT_STEP,
            Action.INCIDENT_ASSIGN,
            Action.HOUSEHOLD_SEE,
            Action.HOUSEHOLD_REVEAL,
            Action.CAMERA_SEE,
            Action.IMPORT_RUN,
            Action.EXPORT_RUN,
            Action.PEOPLE_MANAGE,
        }
    ),
    # Leaders read numbers and incidents; the registers of residents and cameras are not for them.
    Role.LEADER: frozenset(_OFFICE | {Action.PLAN_SEE, Action.EXPORT_RUN}),
    Role.DISPATCHER: frozenset(
        _OFFICE
        | {
            Action.INCIDENT_REPORT,
            Action.INCIDENT_STEP,
            Action.INCIDENT_ASSIGN,
            Action.HOUSEHOLD_SEE,
            Action.CAMERA_SEE,
        }
    ),
    Role.WORKER: frozenset(
        _EVERYBODY
        | {
            Action.WORKER_SEE,
            Action.INCIDENT_SEE,
            Action.INCIDENT_REPORT,
            Action.INCIDENT_STEP,
            Action.HOUSEHOLD_SEE,
            Action.HOUSEHOLD_REVEAL,
        }
    ),
    Role.AUDITOR: frozenset(_EVERYBODY | {Action.AUDIT_SEE}),
    # Whoever runs the machine may run everything but has no reason to read a resident's phone.
    Role.SYSADMIN: frozenset(set(Action) - {Action.HOUSEHOLD_REVEAL}),
}


def allowed(role: Role) -> frozenset[Action]:
    """Return what a role may do."""
    return ALLOWED[role]


def require(viewer: Viewer, action: str) -> None:
    """Let pass a viewer whose role may do `action`.

    Raises
    ------
    Forbidden
        Naming the role, the action and the roles that can.
    ValueError
        If there is no such action.
    """
    wanted = Action(action)
    if wanted not in ALLOWED[viewer.role]:
        who_can = [role.value for role in Role if wanted in ALLOWED[role]]
        raise Forbidden(role=viewer.role.value, action=wanted.value, who_can=", ".join(who_can))


def in_territory(viewer: Viewer, code: str) -> bool:
    """Return whether a unit lies in the viewer's territory (the unit itself included)."""
    return code.startswith(viewer.scope)


def require_territory(viewer: Viewer, code: str, what: str = "unit") -> None:
    """Let pass a code inside the viewer's territory.

    What lies outside is said not to exist: an answer of its own kind would tell that it does. The
    refused transaction is rolled back, so the door that catches the refusal leaves the audit row
    (`audit.refused`).

    Raises
    ------
    NotFound
        For a code outside.
    """
    if not in_territory(viewer, code):
        raise NotFound(what=what, key=code)


def everyone(name: str = "wangge", scope: str = "") -> Viewer:
    """Return the viewer of the command line, of jobs and of imports: no person, every territory."""
    return Viewer(None, name, Role.SYSADMIN, scope)
