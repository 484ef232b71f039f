"""Recurring work."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from grids import tasks
from grids.errors import BadValue, Forbidden, NotFound
from grids.model import Role, Viewer
from tests.factories import COUNTY, TOWNSHIP, VILLAGE

# A Monday, which begins a month.
NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def office(make):
    make.first, make.second = make.grids(1, 2)
    return make.viewer()


def ask(conn, viewer, **more):
    wanted = {
        "title": "排查用电安全",
        "kind": "check",
        "territory_code": COUNTY,
        "level": "grid",
        "period": "week",
        "since": date(2026, 6, 1),
        "now": NOW,
    }
    return tasks.make_rule(conn, viewer, **{**wanted, **more})


def test_a_rule_makes_a_task_for_each_grid_and_again_next_period(conn, make, office):
    ask(conn, office)
    found, following = tasks.list_tasks(conn, office, NOW)
    assert [one.unit_code for one in found] == [make.first.code, make.second.code]
    assert {(one.starts_on, one.due_on) for one in found} == {(date(2026, 6, 1), date(2026, 6, 7))}
    assert following is None
    assert tasks.make_due(conn, NOW + 3 * DAY) == 0
    assert tasks.make_due(conn, NOW + 7 * DAY) == 2
    assert tasks.make_due(conn, NOW + 8 * DAY) == 0


def test_the_last_ten_day_period_ends_with_the_month(conn, make, office):
    ask(conn, office, period="xun")
    tasks.make_due(conn, NOW + 25 * DAY)
    found, _ = tasks.list_tasks(conn, office, NOW + 25 * DAY)
    assert (found[-1].starts_on, found[-1].due_on) == (date(2026, 6, 21), date(2026, 6, 30))


def test_work_asked_for_once_is_made_once_and_lasts_until_its_end(conn, make, office):
    ask(conn, office, period="once", until=date(2026, 6, 21))
    assert tasks.make_due(conn, NOW + 9 * DAY) == 0
    found, _ = tasks.list_tasks(conn, office, NOW)
    assert {(one.starts_on, one.due_on) for one in found} == {(date(2026, 6, 1), date(2026, 6, 20))}


def test_a_rule_that_ended_asks_no_more_and_leaves_what_is_open(conn, make, office):
    rule = ask(conn, office)
    tasks.end_rule(conn, office, rule.rule_id, NOW + 2 * DAY)
    assert tasks.make_due(conn, NOW + 7 * DAY) == 0
    assert len(tasks.list_tasks(conn, office, NOW + 7 * DAY, is_open=True)[0]) == 2
    assert tasks.list_rules(conn, office, NOW + 7 * DAY) == []
    tasks.end_rule(conn, office, rule.rule_id, NOW + 3 * DAY)
    assert tasks.make_due(conn, NOW + 8 * DAY) == 0


def test_a_rule_may_end_on_its_first_day_or_before_it(conn, make, office):
    begun, to_come = ask(conn, office), ask(conn, office, since=date(2026, 7, 1))
    for rule in (begun, to_come):
        tasks.end_rule(conn, office, rule.rule_id, NOW)
    assert tasks.list_rules(conn, office, NOW) == []


def worker_of(make, grid):
    person_id = make.duty(grid.code, "primary")
    return Viewer(person_id, "worker", Role.WORKER, grid.code)


def test_a_worker_sees_and_finishes_the_tasks_of_the_own_grid(conn, make, office):
    ask(conn, office)
    worker = worker_of(make, make.first)
    (task,), _ = tasks.list_tasks(conn, worker, NOW, mine=True, is_open=True)
    tasks.finish(conn, worker, task.task_id, "无隐患", now=NOW, key="phone-1-0001")
    assert tasks.list_tasks(conn, worker, NOW, mine=True, is_open=True)[0] == []
    (done,), _ = tasks.list_tasks(conn, worker, NOW, mine=True)
    assert (done.result, done.done_at) == ("无隐患", NOW)
    ((_, (share,)),) = tasks.list_rules(conn, office, NOW + 10 * DAY)
    assert (share.n, share.n_done, share.n_overdue) == (2, 1, 1)


def test_the_same_key_again_changes_nothing_and_other_words_are_refused(conn, make, office):
    ask(conn, office)
    worker = worker_of(make, make.first)
    (task,), _ = tasks.list_tasks(conn, worker, NOW, mine=True)
    for _ in range(2):
        tasks.finish(conn, worker, task.task_id, "无隐患", now=NOW, key="phone-1-0001")
    with pytest.raises(tasks.TaskDone):
        tasks.finish(conn, worker, task.task_id, "有隐患", now=NOW, key="phone-1-0001")
    n = text("SELECT count(*) FROM audit WHERE action = 'task.done'")
    assert conn.execute(n).scalar() == 1


def test_only_who_answers_for_the_unit_or_may_assign_finishes(conn, make, office):
    ask(conn, office)
    other = worker_of(make, make.second)
    neighbour = Viewer(other.person_id, "neighbour", Role.WORKER, VILLAGE)
    found, _ = tasks.list_tasks(conn, office, NOW)
    task = next(one for one in found if one.unit_code == make.first.code)
    with pytest.raises(Forbidden):
        tasks.finish(conn, neighbour, task.task_id, "好", now=NOW)
    with pytest.raises(NotFound):
        tasks.finish(conn, other, task.task_id, "好", now=NOW)
    tasks.finish(conn, office, task.task_id, "好", now=NOW)


def test_a_page_ends_where_the_next_begins(conn, make, office, monkeypatch):
    monkeypatch.setattr(tasks, "PAGE", 1)
    ask(conn, office)
    first, after = tasks.list_tasks(conn, office, NOW)
    second, _ = tasks.list_tasks(conn, office, NOW, after=after)
    # Due on the same day: in the order of the units, whatever their keys are.
    assert [first[0].unit_code, second[0].unit_code] == [make.first.code, make.second.code]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "sing"},
        {"level": "county"},
        {"period": "year"},
        {"title": " "},
        {"until": date(2026, 6, 1)},
    ],
)
def test_a_rule_that_does_not_fit_is_refused(conn, office, wrong):
    with pytest.raises(BadValue):
        ask(conn, office, **wrong)


def test_no_rule_reaches_beyond_its_makers_territory(conn, make, office):
    part = make.viewer(Role.DISPATCHER, TOWNSHIP)
    with pytest.raises(NotFound):
        ask(conn, part, territory_code=COUNTY)
    with pytest.raises(NotFound):
        ask(conn, office, territory_code=TOWNSHIP + "999")
