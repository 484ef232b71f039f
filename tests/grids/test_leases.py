"""A lease tells who is at work where, and never stands in anybody's way."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import text

from grids import leases, plans
from grids.db import EVERYWHERE, begin, make_engine
from grids.errors import Forbidden, NotFound
from grids.model import Role, Viewer
from tests.grids.coverage_factory import COUNTY, VILLAGES, admin, found_small_county, new_person

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def county(conn):
    return found_small_county(conn)


def editor(conn, name, scope=COUNTY):
    return Viewer(new_person(conn, name), name, Role.GRID_ADMIN, scope)


def at_work(conn, viewer, villages, now=NOW, plan_id=None):
    plan_id = plan_id or plans.create(conn, viewer, f"plan of {viewer.name}").plan_id
    return plan_id, leases.take(conn, viewer, plan_id, villages, now)


def seen(presence):
    return [(one.person, one.village_code) for one in presence.others]


def test_two_editors_of_a_village_see_each_other_and_nobody_else(conn, county):
    wang, li = editor(conn, "王"), editor(conn, "李")
    first, alone = at_work(conn, wang, VILLAGES[:2])
    assert alone.others == ()
    _, presence = at_work(conn, li, [VILLAGES[1]])
    assert seen(presence) == [("王", VILLAGES[1])]
    assert presence.others[0].plan_title == "plan of 王"
    assert presence.others[0].village_name == f"village {VILLAGES[1]}"
    _, again = at_work(conn, wang, VILLAGES[:2], plan_id=first)
    assert seen(again) == [("李", VILLAGES[1])]


def test_two_editors_of_one_plan_see_each_other(conn, county):
    wang, li = editor(conn, "王"), editor(conn, "李")
    plan_id, _ = at_work(conn, wang, [VILLAGES[0]])
    _, presence = at_work(conn, li, [VILLAGES[0]], plan_id=plan_id)
    assert seen(presence) == [("王", VILLAGES[0])]


def test_a_lease_lasts_a_quarter_of_an_hour_and_longer_when_renewed(conn, county):
    wang, li = editor(conn, "王"), editor(conn, "李")
    plan_id, taken = at_work(conn, wang, [VILLAGES[0]])
    assert taken.until == NOW + timedelta(minutes=15)
    later = NOW + timedelta(minutes=14)
    at_work(conn, wang, [VILLAGES[0]], later, plan_id)
    other, presence = at_work(conn, li, [VILLAGES[0]], NOW + timedelta(minutes=20))
    assert seen(presence) == [("王", VILLAGES[0])]
    _, presence = at_work(conn, li, [VILLAGES[0]], later + timedelta(minutes=15), other)
    assert seen(presence) == []
    assert conn.execute(text("SELECT count(*) FROM lease")).scalar() == 1


def test_who_leaves_a_village_or_the_plan_is_no_longer_seen_there(conn, county):
    wang, li = editor(conn, "王"), editor(conn, "李")
    plan_id, _ = at_work(conn, wang, VILLAGES[:2])
    at_work(conn, wang, [VILLAGES[1]], plan_id=plan_id)
    other, presence = at_work(conn, li, VILLAGES[:2])
    assert seen(presence) == [("王", VILLAGES[1])]
    leases.give_up(conn, wang, plan_id, NOW)
    _, presence = at_work(conn, li, VILLAGES[:2], plan_id=other)
    assert seen(presence) == []


def test_a_lease_needs_the_right_to_edit_and_a_village_of_one_s_own(conn, county):
    wang = editor(conn, "王", COUNTY + "101")
    with pytest.raises(NotFound):
        at_work(conn, wang, [VILLAGES[2]])
    plan_id = plans.create(conn, wang, "p").plan_id
    leader = Viewer(wang.person_id, "l", Role.LEADER, COUNTY)
    with pytest.raises(Forbidden):
        leases.take(conn, leader, plan_id, [], NOW)


def test_the_web_role_can_do_all_of_this(conn, county, as_web):
    wang, li = editor(conn, "王"), editor(conn, "李")
    as_web(COUNTY)
    plan_id, _ = at_work(conn, wang, VILLAGES[:2])
    _, presence = at_work(conn, li, VILLAGES[:2])
    assert len(presence.others) == 2
    leases.give_up(conn, wang, plan_id, NOW)


def test_the_operator_of_the_machine_sees_and_is_not_seen(conn, county):
    wang = editor(conn, "王")
    at_work(conn, wang, [VILLAGES[0]])
    _, presence = at_work(conn, admin(), [VILLAGES[0]])
    assert (presence.until, seen(presence)) == (None, [("王", VILLAGES[0])])


def test_two_windows_of_one_person_never_wait_for_each_other(clone):
    engine = make_engine(clone(), pooled=False)
    with begin(engine, EVERYWHERE) as conn:
        found_small_county(conn)
        wang = editor(conn, "王")
        plan_id = plans.create(conn, wang, "两个窗口").plan_id
    failures = []

    def renew(villages):
        try:
            for _ in range(30):
                with begin(engine, EVERYWHERE) as conn:
                    leases.take(conn, wang, plan_id, villages, NOW)
        except Exception as failure:
            failures.append(failure)

    wanted = (VILLAGES[:1], VILLAGES[:2], VILLAGES[1:2])
    windows = [Thread(target=renew, args=(villages,)) for villages in wanted]
    for window in windows:
        window.start()
    for window in windows:
        window.join()
    assert failures == []
