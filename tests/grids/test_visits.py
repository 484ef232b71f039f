"""Visits, patrols, and how far they cover a grid."""

from datetime import UTC, date, datetime, timedelta

import pytest

from grids import visits
from grids.errors import BadValue, Forbidden, NotFound
from grids.incident_report import KeyReused
from grids.model import Role, Viewer
from tests.factories import COUNTY, VILLAGE

NOW = datetime(2026, 6, 10, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
JUNE = (date(2026, 6, 1), date(2026, 6, 30))


@pytest.fixture
def worker(make):
    make.first, make.second = make.grids(1, 2)
    make.homes = [make.household(f"H{k}", grid=make.first) for k in range(3)]
    make.beyond = make.household("H9", grid=make.second)
    return Viewer(make.duty(make.first.code), "worker", Role.WORKER, make.first.code)


def visit(conn, worker, home, **more):
    given = {"at": NOW - HOUR, "result": "met", "now": NOW} | more
    return visits.record_visit(conn, worker, home, **given)


def test_coverage_counts_households_once_and_visits_all(conn, make, worker):
    visit(conn, worker, make.homes[0])
    visit(conn, worker, make.homes[0], at=NOW)
    visit(conn, worker, make.homes[1], at=NOW - timedelta(days=40))
    visits.record_patrol(
        conn,
        worker,
        make.first.code,
        since=NOW - 2 * HOUR,
        until=NOW - HOUR,
        result="in_order",
        now=NOW,
    )
    first, second = visits.coverage(conn, make.viewer(), *JUNE, area=VILLAGE)
    assert (first.n_households, first.n_visited, first.n_visits, first.n_patrols) == (3, 1, 2, 1)
    assert (first.last_visit_at, first.last_patrol_at) == (NOW, NOW - HOUR)
    assert (second.n_households, second.n_visited, second.n_patrols) == (1, 0, 0)


def test_the_days_of_a_period_are_those_of_china(conn, make, worker):
    midnight = datetime(2026, 5, 31, 16, tzinfo=UTC)
    visit(conn, worker, make.homes[0], at=midnight)
    visit(conn, worker, make.homes[1], at=midnight - timedelta(seconds=1))
    first, _ = visits.coverage(conn, make.viewer(), *JUNE)
    assert first.n_visits == 1


def test_what_a_phone_sends_again_counts_once(conn, make, worker):
    keys = {visit(conn, worker, make.homes[0], key="phone-a-0001") for _ in range(3)}
    assert len(keys) == 1
    with pytest.raises(KeyReused):
        visit(conn, worker, make.homes[1], key="phone-a-0001")
    walk = {"since": NOW - HOUR, "until": NOW, "result": "reported", "now": NOW, "key": "p-0000001"}
    patrols = {visits.record_patrol(conn, worker, make.first.code, **walk) for _ in range(2)}
    assert len(patrols) == 1
    with pytest.raises(KeyReused):
        visits.record_patrol(conn, worker, make.first.code, **walk | {"result": "in_order"})


def test_who_was_never_visited_comes_first(conn, make, worker):
    visit(conn, worker, make.homes[0])
    visit(conn, worker, make.homes[1], at=NOW - timedelta(days=9))
    order = [one.number for one in visits.longest_unvisited(conn, worker, make.first.code)]
    assert order == ["H2", "H1", "H0"]


def test_households_beyond_the_territory_are_said_not_to_exist(conn, make, worker):
    with pytest.raises(NotFound):
        visit(conn, worker, make.beyond)
    with pytest.raises(NotFound):
        visits.longest_unvisited(conn, worker, make.second.code)
    with pytest.raises(NotFound):
        visits.coverage(conn, worker, *JUNE, area=COUNTY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"result": "sick"},
        {"at": NOW + timedelta(days=2)},
        {"at": datetime(2026, 6, 1)},
    ],
)
def test_a_visit_that_does_not_fit_is_refused(conn, make, worker, wrong):
    with pytest.raises(BadValue):
        visit(conn, worker, make.homes[0], **wrong)


def test_a_patrol_is_past_and_at_most_a_day_long(conn, make, worker):
    for since, until in ((NOW, NOW - HOUR), (NOW - 25 * HOUR, NOW), (NOW, NOW + 48 * HOUR)):
        with pytest.raises(BadValue):
            visits.record_patrol(
                conn,
                worker,
                make.first.code,
                since=since,
                until=until,
                result="in_order",
                now=NOW,
            )


def test_leaders_do_not_visit(conn, make, worker):
    with pytest.raises(Forbidden):
        visit(conn, make.viewer(Role.LEADER), make.homes[0])
