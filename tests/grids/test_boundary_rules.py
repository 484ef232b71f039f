"""Limits of boundaries as data: who may set them, which one counts, and the trace that is left."""

import pytest
from sqlalchemy import text

from grids import boundary_rules
from grids.access import everyone
from grids.boundary_rules import CountyOnly, Rule, Rules
from grids.errors import BadValue, Forbidden, NotFound, StaleRecord
from grids.model import Role, Viewer
from tests.grids.coverage_factory import COUNTY, VILLAGES, add_parents, admin

TOWNSHIP = VILLAGES[0][:9]


@pytest.fixture
def county(conn):
    add_parents(conn)


def test_the_shipped_rules_fit_grids_of_forty_five_households(conn):
    rules = boundary_rules.load(conn)
    grid = VILLAGES[0] + "001"
    assert rules.find("base", "households", grid).allows(45)
    assert not rules.find("base", "households", grid).allows(400)
    assert rules.find("exclusive", "households", grid) is None
    assert rules.find("base", "village", grid).severity == "error"


def test_the_rule_of_the_smallest_area_counts():
    rules = Rules(
        [
            Rule(None, "base", "households", 10, 150),
            Rule(COUNTY, "base", "households", 20, 120),
            Rule(VILLAGES[0], "base", "households", 200, 600, "error"),
            Rule(VILLAGES[1], "base", "households", severity="off"),
        ]
    )
    assert rules.find("base", "households", VILLAGES[0] + "001").least == 200
    assert rules.find("base", "households", VILLAGES[1] + "001") is None
    assert rules.find("base", "households", VILLAGES[2] + "001").least == 20
    assert rules.find("base", "households", "530525101001001").least == 10
    assert rules.find("micro", "households", VILLAGES[0] + "001") is None


def test_an_administrator_sets_the_rules_of_an_area_and_gives_them_back(conn, county):
    given = [
        Rule(TOWNSHIP, "base", "households", 200, 600, "error"),
        Rule(TOWNSHIP, "subgroup", "names", severity="off"),
    ]
    listed = boundary_rules.replace(conn, admin(), TOWNSHIP, given)
    own = [r for r in listed if r.territory_code == TOWNSHIP]
    assert {(r.kind, r.subject, r.least, r.most, r.severity) for r in own} == {
        ("base", "households", 200, 600, "error"),
        ("subgroup", "names", None, None, "off"),
    }
    again = boundary_rules.replace(conn, admin(), TOWNSHIP, given)
    assert len(again) == len(listed)
    assert not boundary_rules.load(conn).find("base", "households", TOWNSHIP + "001001").allows(45)
    boundary_rules.replace(conn, admin(), TOWNSHIP, [])
    assert boundary_rules.load(conn).find("base", "households", TOWNSHIP + "001001").allows(45)


def test_of_two_who_saw_the_same_rules_the_second_is_told(conn, county):
    seen = boundary_rules.versions(boundary_rules.list_all(conn, admin())).get(TOWNSHIP, 0)
    mine = [Rule(TOWNSHIP, "base", "area", 900)]
    boundary_rules.replace(conn, admin(), TOWNSHIP, mine, seen)
    with pytest.raises(StaleRecord):
        boundary_rules.replace(conn, admin(), TOWNSHIP, [Rule(TOWNSHIP, "base", "area", 5)], seen)
    kept = [r for r in boundary_rules.list_all(conn, admin()) if r.territory_code == TOWNSHIP]
    assert [r.least for r in kept] == [900]
    boundary_rules.replace(conn, admin(), TOWNSHIP, [], boundary_rules.versions(kept)[TOWNSHIP])


def test_each_change_is_written_down_with_what_was_before(conn, county):
    boundary_rules.replace(conn, admin(), TOWNSHIP, [Rule(TOWNSHIP, "base", "area", 900)])
    boundary_rules.replace(conn, admin(), TOWNSHIP, [Rule(TOWNSHIP, "base", "area", 500)])
    facts = conn.execute(
        text("SELECT facts FROM audit WHERE action = 'rules.set' ORDER BY audit_id DESC LIMIT 1")
    ).scalar()
    assert facts["before"][0]["least"] == 900
    assert facts["after"][0]["least"] == 500


def test_a_township_sets_its_own_rules_but_not_those_of_everybody(conn, county):
    viewer = admin(TOWNSHIP)
    boundary_rules.replace(conn, viewer, VILLAGES[0], [Rule(VILLAGES[0], "base", "width", 30)])
    with pytest.raises(CountyOnly):
        boundary_rules.replace(conn, viewer, None, [])
    with pytest.raises(NotFound):
        boundary_rules.replace(conn, viewer, VILLAGES[2], [])
    with pytest.raises(NotFound):
        boundary_rules.replace(conn, everyone(), COUNTY + "999", [])
    listed = boundary_rules.list_all(conn, admin(VILLAGES[2]))
    assert VILLAGES[0] not in {rule.territory_code for rule in listed}


def test_only_who_approves_plans_sets_rules_and_leaders_read_them(conn, county):
    leader = Viewer(None, "leader", Role.LEADER, COUNTY)
    assert boundary_rules.list_all(conn, leader)
    with pytest.raises(Forbidden):
        boundary_rules.replace(conn, leader, TOWNSHIP, [])
    with pytest.raises(Forbidden):
        boundary_rules.list_all(conn, Viewer(None, "worker", Role.WORKER, COUNTY))


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(TOWNSHIP, "urban", "households", 1, 2), "kind"),
        (Rule(TOWNSHIP, "base", "colour"), "subject"),
        (Rule(TOWNSHIP, "base", "area", severity="fatal"), "severity"),
        (Rule(TOWNSHIP, "base", "households", 9, 3), "most"),
        (Rule(TOWNSHIP, "base", "households", -1), "least"),
        (Rule(TOWNSHIP, "base", "households", float("nan")), "least"),
        (Rule(TOWNSHIP, "base", "names", 1), "least"),
        (Rule(TOWNSHIP, "base", "width", most=5), "most"),
        (Rule(VILLAGES[0], "base", "area", 1), "territory_code"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_its_field(conn, county, rule, field):
    with pytest.raises(BadValue) as refusal:
        boundary_rules.replace(conn, admin(), TOWNSHIP, [rule])
    assert refusal.value.facts["field"] == field


def test_two_rules_for_the_same_thing_are_refused(conn, county):
    twice = [Rule(TOWNSHIP, "base", "area", n) for n in (1, 2)]
    with pytest.raises(BadValue):
        boundary_rules.replace(conn, admin(), TOWNSHIP, twice)


def test_the_web_role_may_set_rules(conn, county, as_web):
    boundary_rules.replace(as_web(COUNTY), admin(), TOWNSHIP, [Rule(TOWNSHIP, "base", "area", 7)])
