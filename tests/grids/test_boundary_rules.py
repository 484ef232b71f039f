"""Limits of boundaries as data: who may set them, which one counts, and the trace that is left."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from grids import boundary_rules
from grids.access import everyone
from grids.boundary_rules import CountyOnly, Rule, Rules
from grids.errors import BadValue, Forbidden, NotFound, StaleRecord
from grids.model import Role, Viewer
from tests.grids.coverage_factory import (
    COUNTY,
    VILLAGES,
    add_parents,
    admin,
    found_small_county,
    new_person,
)

TOWNSHIP = VILLAGES[0][:9]
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
IN_FORCE = text(
    "SELECT u.code::text, u.name, o.area_m2, o.n_households FROM unit AS u"
    " JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)"
    " WHERE u.level = :level AND upper_inf(u.valid) AND starts_with(u.code, :area) ORDER BY u.code"
)


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


def in_force(conn, level, area=""):
    return conn.execute(IN_FORCE, {"level": level, "area": area}).all()


def outside(conn, area, *rules, viewer=None):
    found = boundary_rules.count_outside(conn, viewer or admin(), area, rules, NOW)
    return {(one.kind, one.subject): (one.n_units, one.n_outside) for one in found}


def test_what_limits_would_say_of_the_units_in_force_is_counted(conn):
    found_small_county(conn)
    grids = in_force(conn, "grid")
    middle = sorted(row.area_m2 for row in grids)[len(grids) // 2]
    someone = new_person(conn)
    conn.execute(
        text(
            "INSERT INTO duty (person_id, unit_code, rank, valid)"
            " VALUES (:person, :unit, 'primary', daterange('2026-11-01', NULL))"
        ),
        {"person": someone, "unit": grids[0].code},
    )
    counted = outside(
        conn,
        None,
        Rule(None, "base", "area", middle),
        Rule(None, "base", "households", least=1),
        Rule(None, "base", "primary"),
        Rule(None, "base", "parts", most=1),
        Rule(None, "base", "width", least=1e9),
        Rule(None, "base", "village", severity="error"),
        Rule(None, "subgroup", "area", most=0),
        Rule(None, "subgroup", "names", severity="off"),
        Rule(None, "micro", "area", least=1e9),
    )
    n_subgroups = len(in_force(conn, "subgroup"))
    assert counted == {
        ("base", "area"): (len(grids), sum(row.area_m2 < middle for row in grids)),
        ("base", "households"): (len(grids), len(grids)),
        ("base", "primary"): (len(grids), len(grids) - 1),
        ("base", "parts"): (len(grids), 0),
        ("subgroup", "area"): (n_subgroups, n_subgroups),
    }
    assert {rule.territory_code for rule in boundary_rules.list_all(conn, admin())} == {None}


def test_a_name_that_two_grids_of_a_village_bear_is_counted_for_both(conn):
    found_small_county(conn)
    first, second, *_ = (row.code for row in in_force(conn, "grid", VILLAGES[0]))
    none, twice = Rule(None, "base", "names"), {"a": first, "b": second}
    before = outside(conn, None, none)["base", "names"][1]
    conn.execute(text("UPDATE unit SET name = '同名' WHERE code IN (:a, :b)"), twice)
    assert outside(conn, None, none)["base", "names"][1] == before + 2


def test_units_that_a_smaller_area_has_a_limit_for_are_not_counted(conn):
    found_small_county(conn)
    everywhere = len(in_force(conn, "grid"))
    there = len(in_force(conn, "grid", VILLAGES[0]))
    wish = Rule(None, "base", "area", least=1e12)
    assert outside(conn, None, wish)["base", "area"] == (everywhere, everywhere)
    own = Rule(VILLAGES[0], "base", "area", severity="off")
    boundary_rules.replace(conn, admin(), VILLAGES[0], [own])
    left = everywhere - there
    assert outside(conn, None, wish)["base", "area"] == (left, left)
    tightened = Rule(VILLAGES[0], "base", "area", least=1e12)
    assert outside(conn, VILLAGES[0], tightened)["base", "area"] == (there, there)


def test_a_viewer_counts_units_of_their_own_territory_alone(conn, as_web):
    found_small_county(conn)
    area = VILLAGES[2]
    there = len(in_force(conn, "grid", area))
    wish = Rule(None, "base", "area", least=1e12)
    web = as_web(area)
    assert outside(web, None, wish, viewer=admin(area))["base", "area"] == (there, there)
    with pytest.raises(NotFound):
        outside(web, VILLAGES[0], viewer=admin(area))
    with pytest.raises(Forbidden):
        outside(web, None, wish, viewer=Viewer(None, "worker", Role.WORKER, area))


def test_limits_that_make_no_sense_are_not_counted_but_refused_by_kind_and_subject(conn, county):
    with pytest.raises(BadValue) as refusal:
        outside(conn, TOWNSHIP, Rule(TOWNSHIP, "base", "households", 9, 3))
    said = refusal.value.facts
    assert (said["rule_kind"], said["rule_subject"]) == ("base", "households")
    assert said["field"] == "most"
