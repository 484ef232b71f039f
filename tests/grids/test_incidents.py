"""Incidents: taken in exactly once, always with one owner, closed only when resolved."""

import threading
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from geo.datum import Datum, from_cgcs2000
from geo.errors import BadPosition, UndeclaredDatum
from grids import counts, incidents
from grids.db import EVERYWHERE, begin, make_engine
from grids.errors import BadValue, Forbidden, NotFound, StaleRecord, TooLong
from grids.incidents import Filter, IncidentReport, KeyReused, MatterNotAdmitted
from grids.model import Role, Viewer
from grids.workflow import WrongStep
from tests.factories import COUNTY, TOWNSHIP, VILLAGE, Make

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def county(make):
    make.matter()
    grids = make.grids(2, 2, subgroups=2)
    for grid in grids:
        make.duty(grid.code, "primary")
    make.duty(COUNTY, "desk")
    return grids


@pytest.fixture
def dispatcher(make):
    return make.viewer(Role.DISPATCHER, COUNTY)


def report(key="1", at=None, **more) -> IncidentReport:
    where = {"x": at.lon, "y": at.lat, "datum": "cgcs2000"} if at else {}
    return IncidentReport("hotline", key, "0201", "渠水漫路", **(where | more))


def count(conn, table: str) -> int:
    return conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def owner_of(conn, viewer, receipt):
    return incidents.get(conn, viewer, receipt.incident_id, NOW).incident.owner


# Taking in ------------------------------------------------------------------------------------


def test_an_incident_reaches_the_worker_of_its_grid(conn, make, county, dispatcher):
    given = report(at=make.centre_of(county[2]), accuracy_m=20)
    receipt, created = incidents.receive(conn, dispatcher, given, NOW)
    assert created
    assert receipt.number == "530524-20261122-00001"
    card = incidents.get(conn, dispatcher, receipt.incident_id, NOW)
    assert card.incident.grid_code == county[2].code
    assert card.incident.owner.name == f"primary of {county[2].code}"
    assert (card.reason, card.incident.step, card.incident.review) == ("on_duty", "reported", False)
    # A Sunday is not worked: the 24 hours of the limit are those of Monday.
    assert card.incident.due_at == datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert [step.action for step in card.steps] == ["report"]
    assert (card.grid_today.grid_code, card.grid_today.differs) == (county[2].code, False)
    kinds = conn.execute(text("SELECT kind, facts ->> 'number' FROM notice")).all()
    assert kinds == [("incident.assigned", receipt.number)]
    assert conn.execute(text("SELECT action FROM audit")).scalars().all() == ["incident.receive"]


def test_sending_it_again_changes_nothing_and_answers_the_same(conn, make, county, dispatcher):
    given = report(at=make.centre_of(county[0]))
    first, _ = incidents.receive(conn, dispatcher, given, NOW)
    again, created = incidents.receive(conn, dispatcher, given, NOW + timedelta(hours=1))
    assert not created
    assert again == first
    for table in ("incident", "incident_step", "incident_key", "notice"):
        assert count(conn, table) == 1
    assert conn.execute(text("SELECT n FROM daily_count")).scalars().all() == [1]


def test_another_report_with_the_same_key_is_refused(conn, make, county, dispatcher):
    given = report(at=make.centre_of(county[0]))
    incidents.receive(conn, dispatcher, given, NOW)
    with pytest.raises(KeyReused):
        incidents.receive(conn, dispatcher, replace(given, summary="另一件事"), NOW)


def test_two_at_the_same_moment_make_one_incident(clone):
    url = clone()
    engine = make_engine(url, pooled=False)
    with begin(engine, EVERYWHERE) as conn:
        make = Make(conn)
        grid = make.grids(1, 1)[0]
        make.matter()
        given = report(at=make.centre_of(grid))
    answers, failures = [], []

    def send():
        try:
            with begin(engine, EVERYWHERE) as conn:
                answers.append(incidents.receive(conn, None, given, NOW))
        except Exception as failure:
            failures.append(failure)

    senders = [threading.Thread(target=send) for _ in range(6)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert failures == []
    assert len({receipt.incident_id for receipt, _ in answers}) == 1
    assert sorted(created for _, created in answers) == [False] * 5 + [True]
    with begin(engine, EVERYWHERE) as conn:
        assert count(conn, "incident") == count(conn, "incident_step") == 1


def test_gcj02_lands_in_the_grid_of_its_true_position(conn, make, county, dispatcher):
    true = make.at(county[1], 0.5, 0.2)
    x, y = from_cgcs2000(true, Datum.GCJ02)
    given = report(x=x, y=y, datum="gcj02")
    receipt, _ = incidents.receive(conn, dispatcher, given, NOW)
    assert receipt.grid_code == county[1].code
    card = incidents.get(conn, dispatcher, receipt.incident_id, NOW)
    assert card.incident.at == pytest.approx((true.lon, true.lat), abs=1e-8)
    assert card.given == {"x": x, "y": y, "datum": "gcj02"}
    unshifted = replace(given, datum="wgs84", external_id="2")
    assert incidents.receive(conn, dispatcher, unshifted, NOW)[0].grid_code == county[3].code


def test_an_undeclared_datum_is_refused_with_the_choices(conn, make, county, dispatcher):
    given = replace(report(at=make.centre_of(county[0])), datum=None)
    with pytest.raises(UndeclaredDatum, match="gcj02"):
        incidents.receive(conn, dispatcher, given, NOW)
    assert count(conn, "incident") == 0


def test_near_a_border_both_grids_are_named_and_review_is_asked(conn, make, county, dispatcher):
    given = report(at=make.at(county[0], 0.9999, 0.5), accuracy_m=30)
    receipt, _ = incidents.receive(conn, dispatcher, given, NOW)
    card = incidents.get(conn, dispatcher, receipt.incident_id, NOW)
    assert card.incident.review
    assert card.incident.placement == "border"
    assert {rival["grid"] for rival in card.rivals} == {county[0].code, county[1].code}
    assert card.incident.owner.person_id is not None
    page, _ = incidents.list_page(conn, dispatcher, Filter(review=True), NOW)
    assert [row.incident_id for row in page] == [receipt.incident_id]


@pytest.mark.parametrize("where", ["outside", "unplaced"])
def test_our_gaps_refuse_nothing_the_county_desk_answers(conn, make, county, dispatcher, where):
    at = make.at(county[1], 3, 0.5) if where == "outside" else None
    receipt, _ = incidents.receive(conn, dispatcher, report(at=at), NOW)
    card = incidents.get(conn, dispatcher, receipt.incident_id, NOW)
    assert (card.incident.placement, card.incident.grid_code) == (where, None)
    assert card.incident.review
    assert card.incident.owner.unit_code == COUNTY
    assert card.proposal == (county[1].code if where == "outside" else None)


def test_a_code_places_what_has_no_position(conn, make, county, dispatcher):
    code = county[2].code + "02"
    receipt, _ = incidents.receive(conn, dispatcher, report(unit_code=code), NOW)
    assert (receipt.subgroup_code, receipt.placement) == (code, "hand")
    with pytest.raises(BadValue, match="unit_code"):
        incidents.receive(conn, dispatcher, report("2", unit_code="530524999999999"), NOW)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"summary": " "}, BadValue),
        ({"summary": "a\0b"}, BadValue),
        ({"summary": "x" * 5001}, TooLong),
        ({"external_id": ""}, BadValue),
        ({"matter_code": "9999"}, MatterNotAdmitted),
        ({"level": "enormous"}, BadValue),
        ({"scale": "huge"}, BadValue),
        ({"x": 99.6}, BadValue),
        ({"x": 999.0, "y": 24.8, "datum": "wgs84"}, BadPosition),
        ({"accuracy_m": -1.0}, BadValue),
        ({"reported_at": datetime(1970, 1, 1, tzinfo=UTC)}, BadValue),
        ({"reported_at": NOW + timedelta(days=3)}, BadValue),
        ({"occurred_at": datetime(2026, 11, 22)}, BadValue),
    ],
)
def test_a_report_that_cannot_be_is_refused_by_both_doors(conn, county, wrong, refusal):
    given = replace(report(), **wrong)
    with pytest.raises(refusal) as one:
        incidents.receive(conn, None, given, NOW)
    many = incidents.receive_many(conn, None, [report("ok"), given], NOW)
    assert many.taken == 1
    ((index, same),) = many.refused
    assert index == 1
    assert same.as_dict() == one.value.as_dict()


def test_a_matter_off_the_list_is_refused_from_that_day_on(conn, make, county):
    conn.execute(text("UPDATE matter SET valid = '[2020-01-01,2026-11-01)'"))
    with pytest.raises(MatterNotAdmitted, match="its time on the list is over"):
        incidents.receive(conn, None, report(), NOW)
    earlier = datetime(2026, 10, 1, tzinfo=UTC)
    assert incidents.receive(conn, None, report(reported_at=earlier), NOW)[1]


def test_a_report_lands_in_the_table_of_its_month(conn, make, county):
    at = datetime(2025, 3, 31, 23, tzinfo=UTC)
    incidents.receive(conn, None, report(reported_at=at), NOW)
    assert count(conn, "incident_202503") == 1
    assert count(conn, "incident_other") == 0


def test_numbers_count_up_inside_a_day_of_chinas_clock(conn, county):
    numbers = [
        incidents.receive(conn, None, report(str(k), reported_at=at), NOW)[0].number
        for k, at in enumerate(
            [
                NOW,
                NOW,
                datetime(2026, 11, 21, 16, tzinfo=UTC),
                datetime(2026, 11, 21, 15, tzinfo=UTC),
            ]
        )
    ]
    assert [number[7:] for number in numbers] == [
        "20261122-00001",
        "20261122-00002",
        "20261122-00003",
        "20261121-00001",
    ]


def test_a_leader_reports_nothing(conn, make, county):
    with pytest.raises(Forbidden):
        incidents.receive(conn, make.viewer(Role.LEADER), report(), NOW)


# Territory ------------------------------------------------------------------------------------


def test_a_worker_may_report_what_lies_next_door_but_not_read_it(conn, make, county, as_web):
    worker = make.viewer(Role.WORKER, county[0].code)
    given = report(at=make.centre_of(county[1]))
    as_web(worker.scope)
    receipt, created = incidents.receive(conn, worker, given, NOW)
    assert created
    assert receipt.owner_name == f"primary of {county[1].code}"
    assert incidents.receive(conn, worker, given, NOW) == (receipt, False)
    with pytest.raises(NotFound):
        incidents.get(conn, worker, receipt.incident_id, NOW)
    with pytest.raises(NotFound):
        incidents.step(conn, worker, receipt.incident_id, "accept", version=1, now=NOW)
    assert incidents.list_page(conn, worker, Filter(), NOW) == ([], None)
    with pytest.raises(NotFound):
        incidents.list_page(conn, worker, Filter(unit=county[1].code), NOW)


def test_the_list_is_cut_to_the_territory_by_query_and_by_the_wall(conn, make, county, as_web):
    for k, grid in enumerate(county):
        incidents.receive(conn, None, report(str(k), at=make.centre_of(grid)), NOW)
    everything = Viewer(None, "x", Role.DISPATCHER, COUNTY)
    narrow = Viewer(None, "x", Role.DISPATCHER, county[2].code)
    assert len(incidents.list_page(conn, narrow, Filter(), NOW)[0]) == 1
    as_web(county[2].code)
    rows, _ = incidents.list_page(conn, everything, Filter(), NOW)
    assert [row.grid_code for row in rows] == [county[2].code]
    as_web("")
    assert incidents.list_page(conn, everything, Filter(), NOW)[0] == []


# Lists ----------------------------------------------------------------------------------------


def test_pages_follow_each_other_without_gap_or_repeat(conn, make, county, dispatcher):
    for k in range(7):
        at = NOW - timedelta(minutes=k // 2)
        incidents.receive(conn, None, report(str(k), reported_at=at), NOW)
    seen, after = [], None
    while True:
        page, after = incidents.list_page(conn, dispatcher, Filter(), NOW, after=after, limit=3)
        seen += page
        if after is None:
            break
    assert len({row.incident_id for row in seen}) == len(seen) == 7
    assert [r.reported_at for r in seen] == sorted((r.reported_at for r in seen), reverse=True)
    with pytest.raises(BadValue):
        incidents.list_page(conn, dispatcher, Filter(), NOW, after="nonsense")


def test_filters_choose_open_mine_overdue_and_by_unit(conn, make, county):
    old = NOW - timedelta(days=3)
    ended = report("closed", at=make.centre_of(county[0]), reported_at=old, closed_at=NOW)
    late = report("late", at=make.centre_of(county[0]), reported_at=old)
    other = report("other", at=make.centre_of(county[1]))
    receipts = [incidents.receive(conn, None, r, NOW)[0] for r in (ended, late, other)]
    viewer = Viewer(receipts[1].owner_id, "w", Role.DISPATCHER, COUNTY)

    def numbers(which):
        return {row.number for row in incidents.list_page(conn, viewer, which, NOW)[0]}

    every = [receipt.number for receipt in receipts]
    assert numbers(Filter()) == set(every)
    assert numbers(Filter(step="open")) == set(every[1:])
    assert numbers(Filter(step="closed")) == {every[0]}
    assert numbers(Filter(mine=True, step="open")) == {every[1]}
    assert numbers(Filter(overdue=True)) == {every[1]}
    assert numbers(Filter(unit=county[1].code)) == {every[2]}


# Steps ----------------------------------------------------------------------------------------


@pytest.fixture
def opened(conn, make, county):
    """An incident and its owner as a viewer."""
    receipt, _ = incidents.receive(conn, None, report(at=make.centre_of(county[0])), NOW)
    owner = Viewer(receipt.owner_id, receipt.owner_name, Role.WORKER, county[0].code)
    return receipt.incident_id, owner


def test_accept_resolve_close_each_written_down(conn, opened, as_web):
    incident_id, owner = opened
    as_web(owner.scope)
    for version, (action, note) in enumerate(
        [("accept", ""), ("resolve", "已疏通"), ("close", "")], start=1
    ):
        card = incidents.step(conn, owner, incident_id, action, note=note, version=version, now=NOW)
    assert card.incident.step == "closed"
    assert card.closed_at == NOW
    assert [(s.action, s.to_step) for s in card.steps] == [
        ("report", "reported"),
        ("accept", "accepted"),
        ("resolve", "resolved"),
        ("close", "closed"),
    ]
    assert card.allowed == []


def test_what_was_not_resolved_is_not_closed(conn, opened):
    incident_id, owner = opened
    with pytest.raises(WrongStep):
        incidents.step(conn, owner, incident_id, "close", version=1, now=NOW)


def test_a_step_on_an_older_version_is_refused(conn, opened, dispatcher):
    incident_id, owner = opened
    incidents.step(conn, owner, incident_id, "accept", version=1, now=NOW)
    with pytest.raises(StaleRecord):
        incidents.step(conn, dispatcher, incident_id, "return", note="x", version=1, now=NOW)


def test_a_step_sent_again_is_done_once(conn, opened):
    incident_id, owner = opened
    deed = {"action": "accept", "version": 1, "key": "phone-1", "now": NOW}
    first = incidents.step(conn, owner, incident_id, **deed)
    assert incidents.step(conn, owner, incident_id, **deed) == first
    assert first.incident.version == 2
    with pytest.raises(KeyReused):
        incidents.step(conn, owner, incident_id, **(deed | {"action": "start"}))


def test_only_the_owner_or_the_desk_acts(conn, make, opened, county, dispatcher):
    incident_id, owner = opened
    colleague = make.viewer(Role.WORKER, county[0].code)
    assert incidents.get(conn, colleague, incident_id, NOW).allowed == []
    with pytest.raises(Forbidden):
        incidents.step(conn, colleague, incident_id, "accept", version=1, now=NOW)
    with pytest.raises(Forbidden):
        incidents.step(conn, owner, incident_id, "reject", note="x", version=1, now=NOW)
    card = incidents.step(conn, dispatcher, incident_id, "accept", version=1, now=NOW)
    assert card.incident.step == "accepted"


def test_a_rejected_incident_leaves_the_daily_count_and_comes_back(conn, opened, dispatcher):
    incident_id, _ = opened
    for version, (action, n) in enumerate([("reject", 0), ("reopen", 1)], start=1):
        incidents.step(conn, dispatcher, incident_id, action, note="x", version=version, now=NOW)
        assert conn.execute(text("SELECT n FROM daily_count")).scalars().all() == [n]


def test_another_owner_by_hand_needs_a_reason_and_is_told(conn, make, opened, county, dispatcher):
    incident_id, _ = opened
    other = incidents.receive(conn, None, report("2", at=make.centre_of(county[1])), NOW)[0]
    with pytest.raises(BadValue):
        incidents.reassign(
            conn, dispatcher, incident_id, reason=" ", version=1, now=NOW, unit_code=VILLAGE
        )
    card = incidents.reassign(
        conn,
        dispatcher,
        incident_id,
        reason="更近",
        version=1,
        now=NOW,
        person_id=other.owner_id,
    )
    assert card.incident.owner.person_id == other.owner_id
    assert (card.incident.owner.rank, card.incident.owner.unit_code) == ("hand", county[1].code)
    assert card.reason == "by_hand"
    assert card.steps[-1].note == "更近"
    told = conn.execute(
        text("SELECT count(*) FROM notice WHERE person_id = :p"), {"p": other.owner_id}
    )
    assert told.scalar() == 2


def test_given_to_a_unit_it_goes_to_whoever_answers_there(conn, make, opened, dispatcher):
    incident_id, _ = opened
    desk = make.duty(TOWNSHIP, "desk")
    card = incidents.reassign(
        conn, dispatcher, incident_id, reason="大", version=1, now=NOW, unit_code=TOWNSHIP
    )
    assert card.incident.owner.person_id == desk
    with pytest.raises(NotFound):
        incidents.reassign(
            conn, dispatcher, incident_id, reason="x", version=2, now=NOW, unit_code="530525"
        )


# Many -----------------------------------------------------------------------------------------


def many_reports(make, county) -> list[IncidentReport]:
    corners = [(x / 6, y / 6) for x in range(-1, 8, 2) for y in (0, 1, 3, 6)]
    reports = [
        report(str(k), at=make.at(county[k % 4], *corners[k % len(corners)]), accuracy_m=accuracy)
        for k, accuracy in enumerate([None, 5.0, 30.0, 400.0] * 10)
    ]
    reports += [report("none"), report("code", unit_code=county[0].code + "01")]
    reports += [report("done", at=make.centre_of(county[0]), closed_at=NOW)]
    return reports


def test_many_at_once_come_out_as_one_by_one(conn, make, county):
    for _ in range(2):
        make.duty(VILLAGE, "desk")
        make.duty(COUNTY, "desk")
    conn.execute(text("DELETE FROM duty WHERE unit_code = :code"), {"code": county[3].code})
    reports = many_reports(make, county)

    def stored():
        rows = conn.execute(
            text(
                "SELECT external_id, number, placement, round(border_m::numeric, 2) AS border_m,"
                " review, grid_code, subgroup_code, territory_code, step, owner_id, owner_unit,"
                " owner_rank, owner_reason - 'proposal_m' AS why, rivals,"
                " ST_AsText(position) AS at,"
                " (SELECT array_agg(s.action ORDER BY seq) FROM incident_step AS s"
                "   WHERE s.incident_id = i.incident_id) AS steps"
                " FROM incident AS i ORDER BY external_id"
            )
        ).all()
        counts = conn.execute(text("SELECT * FROM daily_count ORDER BY 1, 2, 3, 4, 5")).all()
        return rows, counts

    point = conn.begin_nested()
    for one in reports:
        incidents.receive(conn, None, one, NOW)
    by_one = stored()
    point.rollback()
    taken = incidents.receive_many(conn, None, reports, NOW)
    assert (taken.taken, taken.refused) == (len(reports), [])
    together = stored()
    for one, other in zip(by_one[0], together[0], strict=True):
        shares = [{r["grid"]: pytest.approx(r["share"], abs=2e-6) for r in one.rivals}]
        assert one._asdict() | {"rivals": shares} == other._asdict() | {
            "rivals": [{r["grid"]: r["share"] for r in other.rivals}]
        }
    assert by_one[1] == together[1]


def test_many_sent_again_are_unchanged_and_what_differs_is_refused(conn, make, county):
    reports = many_reports(make, county)
    incidents.receive_many(conn, None, reports, NOW)
    reports[3] = replace(reports[3], summary="另一件事")
    again = incidents.receive_many(conn, None, [*reports, reports[0]], NOW)
    assert (again.taken, again.unchanged) == (0, len(reports))
    assert [(i, type(refusal)) for i, refusal in again.refused] == [(3, KeyReused)]
    assert count(conn, "incident") == len(reports)


def test_a_receipt_survives_being_kept(conn, make, county):
    receipt, _ = incidents.receive(conn, None, report(at=make.centre_of(county[0])), NOW)
    answer = conn.execute(text("SELECT answer FROM incident_key")).scalar_one()
    assert incidents.Receipt.read(answer) == receipt
    assert set(asdict(receipt)) == set(answer)


def test_the_first_step_names_who_reported(conn, make, county):
    viewer = make.viewer(Role.DISPATCHER)
    receipt, _ = incidents.receive(conn, viewer, report(at=make.centre_of(county[0])), NOW)
    card = incidents.get(conn, viewer, receipt.incident_id, NOW)
    assert card.steps[0].person == viewer.name


def test_a_count_opens_into_exactly_the_rows_that_were_counted(conn, make, county, dispatcher):
    grid, days = county[0], [NOW - timedelta(days=n, hours=4 * n) for n in range(9)]
    for n, at in enumerate(days):
        given = report(f"k{n}", at=make.centre_of(county[n % 2]), occurred_at=at, reported_at=at)
        receipt, _ = incidents.receive(conn, dispatcher, given, NOW)
        if n == 4:
            incidents.step(
                conn, dispatcher, receipt.incident_id, "reject", version=1, now=NOW, note="重复"
            )
    since, until = (NOW - timedelta(days=7)).date(), (NOW - timedelta(days=2)).date()
    counted = counts.daily(conn, since, until, matter="0201", scope=grid.code)
    which = Filter(unit=grid.code, matter="0201", since=since, until=until, counted=True)
    rows, _ = incidents.list_page(conn, dispatcher, which, NOW)
    assert len(rows) == counted[grid.code] > 0
    assert all(row.grid_code == grid.code for row in rows)


def test_the_list_of_today_sorts_a_ledger_of_years_past_but_not_what_is_to_come(conn, make, county):
    conn.execute(text("UPDATE matter SET valid = '[2026-01-01,)'"))
    long_ago = datetime(2018, 5, 1, tzinfo=UTC)
    incidents.receive(conn, None, report("old", reported_at=long_ago), NOW)
    conn.execute(text("UPDATE matter SET valid = '[2027-01-01,)'"))
    with pytest.raises(MatterNotAdmitted, match="has not come"):
        incidents.receive(conn, None, report("soon"), NOW)


def test_a_report_without_a_reporter_keeps_the_hash_it_had(conn):
    said = report("1", reported_at=NOW)
    assert said.digest().hex()[:16] == "07a0852d691028b5"
    told = replace(said, reporter=incidents.Reporter("赵大妈", b"1", "138****5678"))
    again = replace(said, reporter=incidents.Reporter("赵大妈", b"2", "138****5678"))
    assert said.digest() != told.digest() == again.digest()
