"""Decisions on values."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids import rules
from grids.errors import BadValue
from grids.model import Duty, Level, Rival
from grids.rules import Call

SUBGROUP = "53052410100100101"
GRID, VILLAGE, TOWNSHIP, COUNTY = SUBGROUP[:15], SUBGROUP[:12], SUBGROUP[:9], SUBGROUP[:6]


def duty(key: int, unit: str, rank: str, *, on_leave: bool = False, load: int = 0) -> Duty:
    return Duty(UUID(int=key), f"person {key}", None, unit, rank, on_leave, load)


@pytest.mark.parametrize(
    ("shares", "review"),
    [
        ({}, False),
        ({"g": 1.0}, False),
        ({"g": 0.8, "h": 0.2}, False),
        ({"g": 0.79, "h": 0.21}, True),
        ({"h": 0.9, "g": 0.1}, True),
        ({"h": 1.0}, True),
    ],
)
def test_less_than_four_fifths_in_its_own_grid_asks_for_review(shares, review):
    assert rules.needs_review("g", [Rival(c, s) for c, s in shares.items()]) is review


def test_outside_every_grid_asks_for_review():
    assert rules.needs_review(None, [])


def test_the_chain_goes_from_the_ground_up():
    assert rules.chain(SUBGROUP, "informant") == [
        Call(SUBGROUP, "informant"),
        Call(GRID, "primary"),
        Call(GRID, "deputy"),
        Call(VILLAGE, "desk"),
        Call(TOWNSHIP, "desk"),
        Call(COUNTY, "desk"),
    ]
    assert rules.chain(GRID, "informant")[0] == Call(GRID, "primary")
    assert rules.chain(SUBGROUP, "primary")[0] == Call(GRID, "primary")
    assert rules.chain(TOWNSHIP, "primary") == [Call(TOWNSHIP, "desk"), Call(COUNTY, "desk")]


def test_leave_and_vacancies_are_skipped_with_the_reason():
    given = rules.choose_assignee(
        rules.chain(SUBGROUP, "informant"),
        [duty(1, GRID, "primary", on_leave=True), duty(2, TOWNSHIP, "desk")],
    )
    assert (given.person.person_id, given.unit_code, given.reason) == (
        UUID(int=2),
        TOWNSHIP,
        "desk",
    )
    assert [(s["rank"], s["reason"], s.get("name")) for s in given.skipped] == [
        ("informant", "vacant", None),
        ("primary", "on_leave", "person 1"),
        ("deputy", "vacant", None),
        ("desk", "vacant", None),
    ]


def test_of_several_the_one_with_the_least_to_do_then_the_lowest_key():
    desks = [duty(3, COUNTY, "desk", load=1), duty(2, COUNTY, "desk", load=1)]
    busy = duty(1, COUNTY, "desk", load=2)
    chosen = rules.choose_assignee([Call(COUNTY, "desk")], [busy, *desks])
    assert chosen.person.person_id == UUID(int=2)


def test_with_nobody_at_all_the_countys_desk_owns_without_a_person():
    given = rules.choose_assignee(rules.chain(GRID, "primary"), [])
    assert (given.unit_code, given.rank, given.person, given.reason) == (
        COUNTY,
        "desk",
        None,
        "nobody",
    )
    assert len(given.skipped) == 5


@given(st.lists(st.tuples(st.sampled_from(rules.chain(SUBGROUP, "informant")), st.booleans())))
def test_there_is_always_exactly_one_owner_and_it_is_the_first_present(staff):
    calls = rules.chain(SUBGROUP, "informant")
    duties = [duty(k, *call, on_leave=away) for k, (call, away) in enumerate(staff)]
    owner = rules.choose_assignee(calls, duties)
    present = [call for call, away in staff if not away]
    first = min(present, key=calls.index, default=None)
    assert (owner.person is None) == (first is None)
    if first:
        assert (owner.unit_code, owner.rank) == first


@pytest.mark.parametrize(
    ("unit", "handles", "tries"),
    [
        (SUBGROUP, "grid", "village"),
        (GRID, "grid", "village"),
        (VILLAGE, "village", "village"),
        (TOWNSHIP, "township", "township"),
        (COUNTY, "county", "county"),
    ],
)
def test_who_works_in_the_grids_tries_for_the_village(unit, handles, tries):
    assert rules.handling_level(unit) == handles
    assert rules.level_that_tries(unit) == tries


def test_a_level_has_tried_enough_when_its_rule_is_used_up():
    rule = rules.parse_attempts("3-2-0")
    tried = [(Level.VILLAGE, 2), (Level.VILLAGE, 3), (Level.TOWNSHIP, 2), (Level.COUNTY, 0)]
    assert [rules.is_used_up(rule, *one) for one in tried] == [False, True, True, True]


def test_attempts_are_read_as_three_numbers():
    assert rules.parse_attempts("3-2-1") == (3, 2, 1)


@pytest.mark.parametrize("given", ["", "3-2", "3-2-1-1", "0-2-1", "a-b-c", "-1-2-3", "3-2-１"])
def test_other_attempts_are_refused(given):
    with pytest.raises(BadValue):
        rules.parse_attempts(given)
