"""Roles and territories."""

import pytest

from grids import access
from grids.errors import Forbidden, NotFound
from grids.model import Role, Viewer


def viewer(role: Role, scope: str = "530524101001") -> Viewer:
    return Viewer(None, "somebody", role, scope)


def test_every_role_is_in_the_table():
    assert set(access.ALLOWED) == set(Role)


def test_every_action_is_allowed_to_somebody():
    assert frozenset().union(*access.ALLOWED.values()) == set(access.Action)


def test_a_refusal_names_who_can():
    with pytest.raises(Forbidden) as refused:
        access.require(viewer(Role.WORKER), "plan.publish")
    assert refused.value.facts == {
        "role": "worker",
        "action": "plan.publish",
        "who_can": "grid_admin, sysadmin",
    }


def test_an_action_nobody_wrote_down_is_a_mistake_of_the_program():
    with pytest.raises(ValueError, match=r"plan\.publsih"):
        access.require(viewer(Role.SYSADMIN), "plan.publsih")


@pytest.mark.parametrize("role", [Role.LEADER, Role.AUDITOR])
def test_registers_of_residents_and_cameras_are_closed_to_those_without_need(role):
    closed = {"household.see", "household.reveal", "camera.see"}
    assert not closed & access.allowed(role)


@pytest.mark.parametrize(
    ("code", "inside"),
    [
        ("530524101001", True),
        ("530524101001003", True),
        ("530524101002", False),
        ("530524101", False),
    ],
)
def test_a_territory_is_a_code_and_what_begins_with_it(code, inside):
    assert access.in_territory(viewer(Role.WORKER), code) is inside


def test_what_lies_outside_is_said_not_to_exist():
    with pytest.raises(NotFound) as refused:
        access.require_territory(viewer(Role.WORKER), "530524101002001", "grid")
    assert refused.value.as_dict()["code"] == "not_found"


def test_the_command_line_sees_every_territory():
    assert access.in_territory(access.everyone(), "110101001001")
