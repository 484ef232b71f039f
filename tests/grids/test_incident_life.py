"""What becomes of incidents: moved, merged, split, answered, coloured; by the web role too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from grids import colours, counts, deadlines, incidents, supervisions
from grids.errors import BadValue, Forbidden, NotFound, StaleRecord
from grids.incident_links import NotMergeable
from grids.incident_position import Beyond
from grids.incident_steps import TopLevel
from grids.incident_watch import watch
from grids.incidents import Filter, Given, IncidentReport, KeyReused, Reporter, Spot
from grids.model import Role, Viewer
from grids.workflow import Unanswered, WrongStep
from tests.factories import COUNTY, TOWNSHIP, VILLAGE

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)  # a Monday, ten o'clock in China
ELSEWHERE = COUNTY + "102"


@pytest.fixture
def county(make):
    """Four grids with a worker each, a village of another township beside them, and the desks."""
    make.matter()
    make.matter("0301", limit_hours=72)
    grids = make.grids(2, 2, subgroups=2)
    beside = make.grids(1, 1, village=ELSEWHERE + "001", east_by=2)
    for grid in (*grids, *beside):
        make.duty(grid.code, "primary")
    for unit in (VILLAGE, TOWNSHIP, COUNTY):
        make.duty(unit, "desk")
    return [*grids, *beside]


@pytest.fixture
def desk(make):
    return make.viewer(Role.DISPATCHER, COUNTY)


def report(at=None, **more) -> IncidentReport:
    where = {"x": at.lon, "y": at.lat, "datum": "cgcs2000"} if at else {}
    given = {"matter_code": "0201", "summary": "渠水漫路"} | where | more
    return IncidentReport("hotline", str(uuid4()), **given)


@pytest.fixture
def take(conn, make, county, desk):
    """Take in a report in the middle of a grid and return its key."""

    def receive(grid=0, *, by=None, now=NOW, **more):
        given = report(at=make.at(county[grid], 0.25, 0.5), **more)
        return incidents.receive(conn, by or desk, given, now)[0].incident_id

    return receive


@pytest.fixture
def do(conn, desk):
    """Do an action as the desk, or somebody else, and return the card."""

    def act(incident_id, action, note="", *, by=None, now=NOW, key=None, **given):
        who = by or desk
        version = incidents.get(conn, who, incident_id, now).incident.version
        return incidents.step(
            conn,
            who,
            incident_id,
            action,
            version=version,
            now=now,
            note=note,
            key=key,
            given=Given(**given),
        )

    return act


def worker_of(conn, incident_id, desk) -> Viewer:
    owner = incidents.get(conn, desk, incident_id, NOW).incident.owner
    return Viewer(owner.person_id, owner.name, Role.WORKER, VILLAGE)


def kinds_told(conn, person_id) -> list[str]:
    rows = conn.execute(
        text("SELECT kind FROM notice WHERE person_id = :p ORDER BY notice_id"), {"p": person_id}
    )
    return list(rows.scalars())


# Attempts -------------------------------------------------------------------------------------


def test_a_vacant_desk_is_passed_over_on_the_way_up(conn, take, do, county):
    conn.execute(text("DELETE FROM duty WHERE unit_code = :code"), {"code": VILLAGE})
    one = take()
    card = do(one, "escalate", "超出网格能力")
    assert (card.incident.handling_level, card.incident.owner.unit_code) == ("township", TOWNSHIP)
    assert card.skipped[0] == {"unit_code": VILLAGE, "rank": "desk", "reason": "vacant"}
    assert card.reason == "escalated_early"


def test_at_the_county_attempts_end_and_nobody_is_above(conn, take, do):
    one = take()
    for _ in range(3):
        do(one, "escalate", "上报")
    card = do(one, "accept")
    assert card.incident.handling_level == "county"
    card = do(one, "attempt", "协调未果", result="failed")
    assert (card.incident.step, card.incident.handling_level) == ("in_progress", "county")
    assert [(t.level, t.done, t.of) for t in card.attempts] == [
        ("village", 0, 3),
        ("township", 0, 2),
        ("county", 1, 1),
    ]
    with pytest.raises(TopLevel):
        do(one, "escalate", "再上报")


def test_three_three_three_is_another_row(conn, take, do):
    conn.execute(text("UPDATE matter SET attempts = '3-3-3'"))
    one = take()
    for _ in range(2):
        do(one, "escalate", "上报")
    do(one, "accept")
    for n in range(3):
        card = do(one, "attempt", "调解未果", result="failed")
        assert card.incident.handling_level == ("county" if n == 2 else "township")
    assert card.incident.step == "escalated"


def test_each_level_has_its_limit_by_the_table(conn, make, take, do):
    admin = make.viewer(Role.GRID_ADMIN, COUNTY)
    limits = deadlines.list_limits(conn)
    assert [(one.stage, one.hours) for one in limits if one.level is None] == [
        ("accept", 4),
        ("grid", 24),
        ("village", 72),
        ("township", 168),
        ("county", 360),
    ]
    one = take()
    assert do(one, "escalate", "上报").incident.due_at == NOW + timedelta(days=3)
    special = deadlines.Limit("township", 12, "all", "0201")
    deadlines.replace_limits(conn, admin, [*limits, special])
    assert do(one, "escalate", "上报").incident.due_at == NOW + timedelta(hours=12)
    with pytest.raises(BadValue, match="counts for everything"):
        deadlines.replace_limits(conn, admin, [special])
    with pytest.raises(BadValue, match="twice"):
        deadlines.replace_limits(conn, admin, [*limits, special, special])


def test_an_emergency_is_to_be_accepted_in_a_quarter_of_an_hour(conn, take, desk):
    slow, fast = take(), take(level="severe")
    due = [incidents.get(conn, desk, one, NOW).accept_due_at - NOW for one in (slow, fast)]
    assert due == [timedelta(hours=4), timedelta(minutes=15)]
    late = incidents.get(conn, desk, fast, NOW + timedelta(minutes=16))
    assert [one.rule for one in late.colour_rules] == ["accept_overdue"]


# Colours --------------------------------------------------------------------------------------


def test_a_list_by_colour_and_the_reasons_on_the_cards_say_the_same(conn, take, do, desk):
    keys = [take(n % 4, now=NOW - timedelta(hours=7 * n)) for n in range(6)]
    supervisions.issue(conn, desk, keys[0], "red", "立即处置", NOW)
    do(keys[1], "accept")
    do(keys[1], "suspend", "等配件", until=NOW.date())
    do(keys[5], "reject", "不属实")
    for now in (NOW, NOW + timedelta(hours=20), NOW + timedelta(days=4)):
        seen = {}
        for colour in colours.COLOURS:
            rows, _ = incidents.list_page(conn, desk, Filter(colour=colour), now)
            seen |= {row.incident_id: (row.colour, colour) for row in rows}
        for key in keys:
            card = incidents.get(conn, desk, key, now)
            fired = {one.facts["colour"] for one in card.colour_rules}
            said = next((c for c in ("red", "yellow") if c in fired), "green")
            if key == keys[5]:
                assert (card.incident.colour, key in seen) == (None, False)
            else:
                assert card.incident.colour == said
                assert seen[key] == (said, said)
    at_risk, _ = incidents.list_page(conn, desk, Filter(at_risk=True), NOW + timedelta(hours=20))
    assert {row.incident_id for row in at_risk} == {keys[0]}


def test_eighty_per_cent_is_data(conn, make, take, desk):
    admin = make.viewer(Role.GRID_ADMIN, COUNTY)
    colours.replace(conn, admin, [colours.ColourRule("at_risk", "yellow", 0.5)])
    one = take()
    half = NOW + timedelta(hours=12)
    before, after = (incidents.get(conn, desk, one, half + timedelta(seconds=s)) for s in (-1, 0))
    assert [r.rule for r in before.colour_rules] == ["accept_overdue"]
    assert [r.rule for r in after.colour_rules] == ["at_risk", "accept_overdue"]
    assert after.limit.used == 0.5
    rule = colours.ColourRule("accept_overdue", "red", None, in_use=False)
    colours.replace(conn, admin, [rule])
    assert [r.rule for r in incidents.get(conn, desk, one, half).colour_rules] == ["at_risk"]
    for wrong in (
        replace(rule, code="weather"),
        replace(rule, threshold=0.5),
        colours.ColourRule("at_risk", "yellow", 2),
    ):
        with pytest.raises(BadValue):
            colours.replace(conn, admin, [wrong])
    with pytest.raises(Forbidden):
        colours.replace(conn, desk, [rule])


def test_owners_are_told_once_of_each_colour_and_once_for_all(conn, take, do, desk):
    one = take(0)
    owner = worker_of(conn, one, desk).person_id
    watched = [watch(conn, NOW + timedelta(hours=h)) for h in (19, 20, 21, 24, 25)]
    assert [(w.warned, w.overdue) for w in watched] == [(0, 0), (1, 0), (0, 0), (0, 1), (0, 0)]
    assert kinds_told(conn, owner)[1:] == ["incident.at_risk", "incident.overdue"]
    take(0), take(0)
    watch(conn, NOW + timedelta(hours=24))
    last = "SELECT facts ->> 'n' FROM notice WHERE person_id = :p ORDER BY notice_id DESC LIMIT 1"
    assert conn.execute(text(last), {"p": owner}).scalar() == "2"
    card = do(one, "escalate", "上报", now=NOW + timedelta(hours=25))
    assert card.incident.colour == "green"
    assert watch(conn, NOW + timedelta(hours=24 * 5)).overdue == 1


def test_a_suspension_ends_on_its_day_by_itself(conn, take, do, desk):
    one = take(0)
    do(one, "accept")
    do(one, "suspend", "等配件", until=NOW.date())
    assert watch(conn, NOW + timedelta(hours=13)).resumed == 0
    assert watch(conn, NOW + timedelta(hours=14)).resumed == 1
    card = incidents.get(conn, desk, one, NOW)
    assert (card.incident.step, card.steps[-1].person) == ("in_progress", None)
    assert card.incident.due_at == NOW + timedelta(hours=38)
    with pytest.raises(BadValue):
        do(one, "suspend", "等配件", until=NOW.date() - timedelta(days=1))


def test_a_clock_that_is_put_back_loses_no_step_and_no_hour_that_was_left(conn, take, do):
    one = take(0)
    due_at = do(one, "accept").incident.due_at
    back = NOW - timedelta(minutes=30)
    do(one, "suspend", "等配件", until=NOW.date(), now=back)
    resumed = back - timedelta(minutes=5)
    card = do(one, "resume", "配件到了", now=resumed)
    assert card.incident.due_at - resumed == due_at - back
    do(one, "resolve", "已修好", now=back)
    card = do(one, "close", now=back)
    deeds = ["report", "accept", "suspend", "resume", "resolve", "close"]
    assert [step.action for step in card.steps] == deeds
    assert card.incident.step == "closed"


# Answers --------------------------------------------------------------------------------------


def test_a_worker_who_reports_for_another_is_owed_an_answer(conn, take, do, desk):
    one = take(0)
    colleague = worker_of(conn, take(1), desk)
    mine = take(0, by=worker_of(conn, one, desk))
    assert incidents.get(conn, desk, mine, NOW).reporter is None
    theirs = take(0, by=colleague)
    card = incidents.get(conn, desk, theirs, NOW)
    assert (card.reporter.name, card.incident.feedback.owed) == (colleague.name, True)
    do(theirs, "accept")
    do(theirs, "resolve", "已疏通")
    with pytest.raises(Unanswered):
        do(theirs, "close")
    assert incidents.get(conn, desk, theirs, NOW).blocked == {"close": "incident.unanswered"}
    card = do(theirs, "answer", "已疏通，谢谢")
    assert card.incident.feedback == type(card.incident.feedback)(False, None, NOW)
    assert kinds_told(conn, colleague.person_id)[-1] == "incident.answered"
    assert do(theirs, "close").incident.step == "closed"


def test_what_was_left_unanswered_for_hours_is_a_list(conn, take, do, desk):
    take()
    asked = take(reporter=Reporter("赵大妈"))
    do(asked, "accept", now=NOW)
    do(asked, "resolve", "已疏通", now=NOW + timedelta(hours=1))

    def listed(hours, now):
        which = Filter(unanswered_hours=hours)
        return [row.incident_id for row in incidents.list_page(conn, desk, which, now)[0]]

    assert listed(2, NOW + timedelta(hours=2)) == []
    assert listed(2, NOW + timedelta(hours=3)) == [asked]
    do(asked, "answer", "已修好", now=NOW + timedelta(hours=3))
    assert listed(0, NOW + timedelta(hours=3)) == []


# Belonging together ---------------------------------------------------------------------------


def test_look_alikes_are_ranked_by_matter_distance_and_time(conn, make, county, desk, take):
    here = make.at(county[0], 0.25, 0.5)

    def near(metres, **more):
        east = type(here)(here.lon + metres / 101_000, here.lat)
        given = report(at=east, **more)
        now = more.get("reported_at", NOW)
        return incidents.receive(conn, desk, given, now)[0].incident_id

    other_matter = near(1, matter_code="0301")
    far, close = near(40), near(10)
    near(60)
    near(5, reported_at=NOW - timedelta(hours=73))
    rejected = near(2)
    incidents.step(conn, desk, rejected, "reject", version=1, now=NOW, note="误报")
    found = incidents.similar(conn, desk, here, NOW, NOW, matter="0201", but=None)
    assert [one.incident.incident_id for one in found] == [close, far, other_matter]
    assert [round(one.distance_m) for one in found] == [10, 40, 1]
    assert [one.same_matter for one in found] == [True, True, False]
    elsewhere = make.viewer(Role.DISPATCHER, ELSEWHERE)
    assert incidents.similar(conn, elsewhere, here, NOW, NOW) == []


def test_merged_incidents_keep_their_histories_and_one_answer_serves_all(
    conn, county, take, do, desk
):
    kept, second, third = take(0), take(0, reporter=Reporter("赵大妈")), take(1)
    do(third, "duplicate", "同一处", of=second)
    before = counts.daily(conn, NOW.date(), NOW.date(), scope=COUNTY)
    card = do(kept, "merge", "同一处漫水", others=(second,))
    assert {one.incident_id for one in card.merged} == {second, third}
    assert (card.incident.feedback.owed, card.reporter) == (True, None)
    after = counts.daily(conn, NOW.date(), NOW.date(), scope=COUNTY)
    assert sum(before.values()) - sum(after.values()) == 1
    other = incidents.get(conn, desk, second, NOW)
    assert (other.incident.step, other.duplicate_of.incident_id) == ("duplicate", kept)
    assert [step.action for step in other.steps] == ["report", "merge", "duplicate"]
    do(kept, "accept")
    do(kept, "resolve", "已疏通")
    with pytest.raises(Unanswered):
        do(kept, "close")
    do(kept, "answer", "已疏通")
    assert incidents.get(conn, desk, second, NOW).incident.feedback.answered_at == NOW
    do(kept, "close")
    again = do(second, "reopen", "不是同一处")
    assert (again.duplicate_of, again.incident.step) == (None, "returned")
    assert again.incident.feedback.owed


def test_nothing_repeats_itself_or_a_repetition(conn, take, do):
    first, second, third = take(), take(), take()
    with pytest.raises(NotMergeable):
        do(first, "duplicate", of=first)
    do(second, "duplicate", of=first)
    with pytest.raises(NotMergeable):
        do(third, "duplicate", of=second)
    with pytest.raises(NotFound):
        do(third, "duplicate", of=uuid4())
    with pytest.raises(BadValue):
        do(third, "duplicate")


def test_a_part_becomes_an_incident_of_its_own(conn, take, do, desk):
    whole = take(reporter=Reporter("赵大妈"))
    card = do(whole, "split", "还有环境卫生", summary="垃圾堵渠", matter_code="0301")
    (part,) = card.parts
    part_card = incidents.get(conn, desk, part.incident_id, NOW)
    assert part_card.split_from.incident_id == whole
    assert part_card.incident.at == card.incident.at
    assert (part_card.incident.matter_code, part_card.incident.summary) == ("0301", "垃圾堵渠")
    assert card.incident.step == "reported"
    with pytest.raises(incidents.MatterNotAdmitted):
        do(whole, "split", summary="别的", matter_code="9999")


# The pin --------------------------------------------------------------------------------------


def test_moving_the_pin_is_previewed_and_asks_about_the_owner(conn, make, county, take, desk):
    one = take(0)
    there = make.at(county[1], 0.5, 0.5)
    spot = Spot(there.lon, there.lat, "cgcs2000", 5.0)
    found = incidents.preview(conn, desk, one, spot, NOW)
    assert (found.placed.grid_code, found.changes_owner) == (county[1].code, True)
    assert incidents.get(conn, desk, one, NOW).incident.grid_code == county[0].code

    def count():
        rows = conn.execute(text("SELECT grid_code, n FROM daily_count WHERE n > 0")).all()
        return dict(tuple(row) for row in rows)

    assert count() == {county[0].code: 1}
    kept = incidents.move(conn, desk, one, spot, version=1, reassign=False, now=NOW)
    assert kept.incident.owner.name == f"primary of {county[0].code}"
    assert kept.incident.grid_code == county[1].code
    assert count() == {county[1].code: 1}
    (step,) = [step for step in kept.steps if step.action == "position"]
    assert (step.facts["from_grid"], step.facts["from_publication"]) == (county[0].code, 1)
    with pytest.raises(StaleRecord):
        incidents.move(conn, desk, one, spot, version=1, reassign=True, now=NOW)
    given = incidents.move(conn, desk, one, spot, version=2, reassign=True, now=NOW)
    assert given.incident.owner.name == f"primary of {county[1].code}"
    incidents.step(conn, desk, one, "reject", version=3, now=NOW, note="误报")
    assert count() == {}
    with pytest.raises(WrongStep):
        incidents.preview(conn, desk, one, spot, NOW)


def test_outside_every_grid_the_nearest_is_proposed_and_taken_by_hand(conn, make, county, desk):
    edge = make.at(county[0], -0.01, 0.5)
    receipt, _ = incidents.receive(conn, desk, report(at=edge), NOW)
    one = receipt.incident_id
    outside = Filter(queue="outside")
    assert [r.incident_id for r in incidents.list_page(conn, desk, outside, NOW)[0]] == [one]
    card = incidents.get(conn, desk, one, NOW)
    assert (card.proposal, card.incident.owner.unit_code) == (county[0].code, COUNTY)
    moved = incidents.move(
        conn, desk, one, Spot(unit_code=card.proposal), version=1, reassign=True, now=NOW
    )
    assert (moved.incident.placement, moved.incident.review) == ("hand", False)
    assert moved.incident.owner.name == f"primary of {county[0].code}"
    assert moved.incident.at == card.incident.at
    assert incidents.list_page(conn, desk, outside, NOW)[0] == []
    for wrong in (Spot(), Spot(lon=99.6), Spot(unit_code=VILLAGE + "999")):
        with pytest.raises(BadValue):
            incidents.preview(conn, desk, one, wrong, NOW)


def test_a_pin_does_not_leave_the_territory_of_who_moves_it(conn, make, county, take):
    one = take(1)
    local = make.viewer(Role.DISPATCHER, TOWNSHIP)
    there = make.at(county[4], 0.5, 0.5)
    spot = Spot(there.lon, there.lat, "cgcs2000")
    with pytest.raises(Beyond):
        incidents.move(conn, local, one, spot, version=1, reassign=True, now=NOW)


def test_the_whole_timeline_goes_with_the_pin_across_the_wall(
    conn, make, county, take, desk, as_web
):
    one = take(1, reporter=Reporter("赵大妈"))
    supervisions.issue(conn, desk, one, "ordinary", "请核查", NOW)
    there = make.at(county[4], 0.5, 0.5)
    as_web(COUNTY)
    spot = Spot(there.lon, there.lat, "cgcs2000")
    incidents.move(conn, desk, one, spot, version=2, reassign=True, now=NOW)
    elsewhere = Viewer(None, "dispatcher", Role.DISPATCHER, ELSEWHERE)
    as_web(ELSEWHERE)
    card = incidents.get(conn, elsewhere, one, NOW)
    assert [step.action for step in card.steps] == ["report", "supervise", "position"]
    assert card.reporter.name == "赵大妈"
    assert len(card.supervisions) == 1
    as_web(TOWNSHIP)
    with pytest.raises(NotFound):
        incidents.get(conn, Viewer(None, "d", Role.DISPATCHER, TOWNSHIP), one, NOW)
    left = "SELECT (SELECT count(*) FROM incident_step) + (SELECT count(*) FROM supervision)"
    assert conn.execute(text(left)).scalar() == 0


# Deeds that are sent again --------------------------------------------------------------------


def test_a_deed_sent_again_counts_once_and_another_under_its_key_is_refused(conn, take, do, desk):
    one = take()
    do(one, "accept")
    failed = {"note": "谈过", "key": "phone-0001", "result": "failed"}
    first = do(one, "attempt", **failed)
    again = do(one, "attempt", **failed)
    assert (first.attempts, first.incident.version) == (again.attempts, again.incident.version)
    with pytest.raises(KeyReused):
        do(one, "attempt", note="谈过", key="phone-0001", result="settled")


def test_a_sheet_sent_again_is_one_sheet(conn, take, desk):
    one = take()
    sheets = [
        supervisions.issue(conn, desk, one, "yellow", "限期", NOW, key="form-0001")
        for _ in range(2)
    ]
    assert sheets[0] == sheets[1]
    assert sheets[0].number == f"{COUNTY}-DB2026-0001"
    assert sheets[0].due_at == NOW + timedelta(days=2)
    with pytest.raises(KeyReused):
        supervisions.issue(conn, desk, one, "red", "限期", NOW, key="form-0001")
    with pytest.raises(BadValue):
        supervisions.issue(conn, desk, one, "red", "限期", NOW, due_at=NOW)


def test_only_those_concerned_answer_a_sheet(conn, take, desk):
    one, other = take(0), take(1)
    sheet = supervisions.issue(conn, desk, one, "ordinary", "请核查", NOW)
    worker, stranger = worker_of(conn, one, desk), worker_of(conn, other, desk)
    with pytest.raises(Forbidden):
        supervisions.answer(conn, stranger, sheet.supervision_id, "核查过", NOW)
    answered = supervisions.answer(conn, worker, sheet.supervision_id, "核查过", NOW)
    assert (answered.state, answered.answered_by) == ("answered", worker.name)
    assert kinds_told(conn, desk.person_id) == ["supervision.answered"]
    with pytest.raises(Forbidden):
        supervisions.strike_off(conn, worker, sheet.supervision_id, "好", NOW)
    late = NOW + timedelta(days=9)
    assert supervisions.list_all(conn, desk, late, state="overdue") == []
    assert [s.number for s in supervisions.list_all(conn, desk, late)] == [sheet.number]
    supervisions.strike_off(conn, desk, sheet.supervision_id, "好", NOW)
    assert supervisions.list_all(conn, desk, late) == []


def test_the_web_role_does_all_of_it(conn, make, county, take, do, desk, as_web):
    one, other = take(0, reporter=Reporter("赵大妈")), take(0)
    as_web(COUNTY)
    do(one, "accept")
    do(one, "suspend", "等配件", until=NOW.date())
    do(one, "resume")
    do(one, "split", "拆分", summary="另一半")
    do(one, "merge", "同一处", others=(other,))
    do(one, "attempt", "谈妥", result="settled")
    sheet = supervisions.issue(conn, desk, one, "yellow", "限期", NOW)
    supervisions.answer(conn, desk, sheet.supervision_id, "办妥", NOW)
    do(one, "answer", "办妥了")
    supervisions.strike_off(conn, desk, sheet.supervision_id, "核实", NOW)
    assert do(one, "close").incident.step == "closed"
