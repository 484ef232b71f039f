"""Who is responsible, from the roster in the database."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from grids import admission, assign, roster
from grids.access import everyone
from grids.errors import BadValue, Forbidden, NotFound
from grids.locate import locate
from grids.model import Role
from tests.factories import COUNTY, TOWNSHIP, VILLAGE

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def grid(make):
    return make.grids(1, 1, subgroups=2)[0]


def who(conn, make, grid, *, at=NOW, matter=None, x=0.2):
    given = assign.responsible(conn, locate(conn, make.at(grid, x, 0.5)), matter, at)
    return given.person.person_id if given.person else None, given


def test_leave_goes_to_the_deputy_then_to_the_desks_with_reasons(conn, make, grid):
    primary = make.duty(grid.code, "primary", name="王")
    deputy = make.duty(grid.code, "deputy")
    desks = [make.duty(unit, "desk") for unit in (VILLAGE, TOWNSHIP, COUNTY)]
    assert who(conn, make, grid)[0] == primary
    for away, next_one in zip([primary, deputy, *desks], [deputy, *desks, None], strict=True):
        make.leave(away, NOW - DAY, NOW + DAY)
        person, given = who(conn, make, grid)
        assert person == next_one
    assert given.reason == "nobody"
    assert [skip["reason"] for skip in given.skipped] == ["on_leave"] * 5
    assert given.skipped[0]["name"] == "王"
    assert who(conn, make, grid, at=NOW + DAY)[0] == primary


def test_the_informant_of_the_sub_group_comes_first_where_the_matter_asks_for_it(conn, make, grid):
    primary = make.duty(grid.code, "primary")
    informant = make.duty(grid.code + "01", "informant")
    make.matter("0201", first_rank="informant")
    matter = admission.get(conn, "0201")
    assert who(conn, make, grid, matter=matter)[0] == informant
    assert who(conn, make, grid)[0] == primary
    person, given = who(conn, make, grid, matter=matter, x=0.8)
    assert person == primary
    assert given.skipped == (
        {"unit_code": grid.code + "02", "rank": "informant", "reason": "vacant"},
    )


def test_duties_change_at_midnight_of_chinas_clock(conn, make, grid):
    before = make.duty(grid.code, "primary", until=date(2026, 11, 22))
    after = make.duty(grid.code, "primary", since=date(2026, 11, 22))
    midnight = datetime(2026, 11, 21, 16, tzinfo=UTC)
    assert who(conn, make, grid, at=midnight - timedelta(seconds=1))[0] == before
    assert who(conn, make, grid, at=midnight)[0] == after


def test_a_person_who_has_left_answers_for_nothing(conn, make, grid):
    primary = make.duty(grid.code, "primary")
    conn.execute(text("UPDATE person SET active = false WHERE person_id = :p"), {"p": primary})
    assert who(conn, make, grid)[0] is None


def test_outside_every_grid_the_desk_answers(conn, make, grid):
    desk = make.duty(COUNTY, "desk")
    given = assign.responsible(conn, locate(conn, make.at(grid, 1.5, 0.5)), None, NOW)
    assert (given.person.person_id, given.reason) == (desk, "no_grid")


def test_the_sql_that_moves_incidents_with_borders_names_the_same_person(conn, make, grid):
    primary = make.duty(grid.code, "primary")
    for _ in range(3):
        make.duty(VILLAGE, "desk")
    for away in (None, primary):
        if away:
            make.leave(away, NOW - DAY, NOW + DAY)
        here = assign.responsible(conn, grid.code + "01", None, NOW)
        there = conn.execute(
            text("SELECT * FROM duty_answering(:code, 'primary', :at)"),
            {"code": grid.code + "01", "at": NOW},
        ).one()
        assert here.person.person_id == there.person_id
        assert (here.unit_code, here.rank) == (there.unit_code, there.rank)


def test_the_rota_of_many_names_the_same_as_one_by_one(conn, make, grid):
    for _ in range(3):
        make.duty(VILLAGE, "desk")
    rota = assign.Rota(conn, NOW)
    assert rota.give(grid.code, "primary", is_open=False) == assign.responsible(
        conn, grid.code, None, NOW
    )
    given = [rota.give(grid.code, "primary").person.person_id for _ in range(6)]
    assert sorted(given[:3]) == sorted(given[3:]) == sorted(set(given))


def test_vacancies_are_grids_without_a_worker_and_units_without_a_desk(conn, make):
    first, second = make.grids(1, 2)
    away = make.duty(first.code, "primary")
    make.leave(away, NOW - DAY, NOW + DAY)
    make.duty(second.code, "deputy")
    make.duty(VILLAGE, "desk")
    viewer = make.viewer()
    inside = roster.list_vacancies(conn, viewer, NOW, area=VILLAGE)
    assert [one.unit_code for one in inside] == [second.code]
    everywhere = roster.list_vacancies(conn, viewer, NOW)
    assert [one.unit_code for one in everywhere] == [COUNTY, TOWNSHIP, second.code]


def test_an_appointed_primary_worker_takes_over_from_the_one_before(conn, make, grid):
    before = make.duty(grid.code, "primary")
    after = make.person("新")
    roster.appoint(conn, everyone(), after, grid.code, "primary", since=date(2026, 12, 1))
    assert who(conn, make, grid)[0] == before
    assert who(conn, make, grid, at=datetime(2026, 12, 2, tzinfo=UTC))[0] == after
    assert [post.unit_code for post in roster.posts_of(conn, after, NOW + 30 * DAY)] == [grid.code]


def test_only_an_administrator_of_the_territory_manages_the_roster(conn, make, grid):
    person = make.person("x", VILLAGE)
    with pytest.raises(Forbidden):
        roster.take_leave(conn, make.viewer(Role.WORKER), person, NOW, NOW + DAY)
    with pytest.raises(NotFound):
        roster.take_leave(conn, make.viewer(Role.GRID_ADMIN, "530524102"), person, NOW, NOW + DAY)
    roster.take_leave(conn, make.viewer(Role.GRID_ADMIN, TOWNSHIP), person, NOW, NOW + DAY)


def matter(**more):
    row = {
        "code": "0201",
        "scheme": "list-b",
        "name": "水",
        "department": "",
        "level": "ordinary",
        "first_rank": "primary",
        "limit_hours": 24,
        "attempts": "3-2-1",
        "temporary": False,
        "since": date(2020, 1, 1),
        "until": None,
    } | more
    return admission.Matter(**row)


def test_a_matter_is_saved_listed_and_taken_off_the_list(conn):
    admission.save(conn, everyone(), matter())
    admission.save(conn, everyone(), matter(name="水电"))
    assert [m.name for m in admission.list_in_force(conn, date(2026, 1, 1))] == ["水电"]
    admission.end(conn, everyone(), "0201", date(2026, 6, 1))
    assert admission.list_in_force(conn, date(2026, 6, 1)) == []
    assert admission.get(conn, "0201").until == date(2026, 6, 1)
    with pytest.raises(NotFound):
        admission.get(conn, "9999")


def test_a_temporary_matter_needs_an_end(conn):
    with pytest.raises(BadValue):
        admission.save(conn, everyone(), matter(temporary=True))
