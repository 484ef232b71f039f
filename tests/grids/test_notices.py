"""Notices: none is lost and none comes twice, in whatever order transactions commit."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from grids import notice_feed, notice_sending, notices
from grids.db import EVERYWHERE, begin, make_engine
from grids.errors import BadValue
from grids.notice_sending import Channel
from tests.factories import Make

NOW = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def here(clone):
    engine = make_engine(clone())
    yield engine
    engine.dispose()


@pytest.fixture
def person(here):
    with begin(here, EVERYWHERE) as conn:
        return Make(conn).person()


def post(engine, person, n=1, kind="test"):
    with begin(engine, EVERYWHERE) as conn:
        for i in range(n):
            notices.post(conn, person, kind, {"n": i}, NOW)


def read(engine, person, cursor):
    with begin(engine, EVERYWHERE) as conn:
        return notices.since(conn, person, cursor)


def start(engine, person):
    with begin(engine, EVERYWHERE) as conn:
        return notices.latest(conn, person)


def facts(page):
    return [notice.facts["n"] for notice in page.notices]


def test_transactions_that_commit_out_of_order_lose_nothing(here, person):
    cursor = start(here, person).cursor
    with here.connect() as slow, here.connect() as quick:
        notices.post(slow, person, "test", {"n": "first begun"}, NOW)
        notices.post(quick, person, "test", {"n": "first committed"}, NOW)
        quick.commit()
        seen = read(here, person, cursor)
        assert facts(seen) == ["first committed"]
        slow.commit()
    rest = read(here, person, seen.cursor)
    assert facts(rest) == ["first begun"]
    assert rest.notices[0].notice_id < seen.notices[0].notice_id
    assert read(here, person, rest.cursor).notices == ()


def test_a_long_import_holds_nobody_s_notices_back(here, person):
    cursor = start(here, person).cursor
    with here.connect() as importing:
        importing.execute(text("SELECT pg_current_xact_id()"))
        post(here, person)
        assert facts(read(here, person, cursor)) == [0]


@pytest.mark.parametrize("seed", range(8))
def test_readers_at_any_moments_get_each_notice_once(here, person, seed):
    rng = random.Random(seed)
    open_ones, posted, got = [], itertools.count(), []
    cursor = start(here, person).cursor
    for _ in range(60):
        do = rng.choice(("begin", "post", "commit", "roll back", "read", "read"))
        if do == "begin" and len(open_ones) < 4:
            open_ones.append((here.connect(), []))
        elif do == "post" and open_ones:
            conn, mine = rng.choice(open_ones)
            n = next(posted)
            notices.post(conn, person, "test", {"n": n}, NOW)
            mine.append(n)
        elif do in ("commit", "roll back") and open_ones:
            conn, mine = open_ones.pop(rng.randrange(len(open_ones)))
            getattr(conn, do.replace(" ", ""))()
            conn.close()
            got.append(("there" if do == "commit" else "gone", list(mine)))
        elif do == "read":
            page = read(here, person, cursor)
            cursor = page.cursor
            got.append(("read", facts(page)))
    for conn, _ in open_ones:
        conn.close()
    got.append(("read", facts(read(here, person, cursor))))
    there = [n for what, mine in got if what == "there" for n in mine]
    had = [n for what, mine in got if what == "read" for n in mine]
    assert sorted(had) == sorted(there)


def test_more_than_a_page_comes_page_by_page_while_more_is_posted(here, person):
    cursor = start(here, person).cursor
    post(here, person, 2 * notices.PAGE + 5, "old")
    got = []
    while True:
        page = read(here, person, cursor)
        got.extend(page.notices)
        cursor = page.cursor
        if not page.more:
            break
        post(here, person, 1, "new")
    assert [n.kind for n in got] == ["old"] * (2 * notices.PAGE + 5)
    after = read(here, person, cursor)
    assert [n.kind for n in after.notices] == ["new", "new"]
    assert len({n.notice_id for n in (*got, *after.notices)}) == 2 * notices.PAGE + 7


def test_a_cursor_stays_the_same_while_nothing_is_new(here, person):
    cursor = start(here, person).cursor
    other = start(here, person)
    post(here, new_person(here))
    assert read(here, person, cursor).cursor == cursor
    assert other.notices == ()


def new_person(engine):
    with begin(engine, EVERYWHERE) as conn:
        return Make(conn).person()


@pytest.mark.parametrize(
    "cursor", ["", "1", "2:1:", "1:5:9", "1:9:5,3", "0:1:", "1:2:~x", "1:2:~1:2:", "a:b:c"]
)
def test_a_cursor_that_is_none_of_ours_is_refused(here, person, cursor):
    with pytest.raises(BadValue):
        read(here, person, cursor)


def test_a_cursor_of_another_database_starts_anew(here, person):
    post(here, person, 2)
    page = read(here, person, "900000000000:900000000000:")
    assert page.fresh
    assert facts(page) == [1, 0]
    assert not read(here, person, page.cursor).fresh


def test_restored_notices_are_old(here, person):
    post(here, person)
    with begin(here, EVERYWHERE) as conn:
        conn.execute(
            text("UPDATE notice SET xid = '900000000000' WHERE person_id = :p"), {"p": person}
        )
    with begin(here, EVERYWHERE) as conn:
        assert notices.adopt_positions(conn) >= 1
    cursor = start(here, person).cursor
    post(here, person)
    assert facts(read(here, person, cursor)) == [0]
    with begin(here, EVERYWHERE) as conn:
        assert notices.adopt_positions(conn) == 0


def test_seen_is_counted_once_and_only_one_s_own(here, person):
    other = new_person(here)
    post(here, person, 3)
    post(here, other)
    page = start(here, person)
    assert page.unseen == 3
    first, *_ = sorted(n.notice_id for n in page.notices)
    theirs = start(here, other).notices[0].notice_id
    with begin(here, EVERYWHERE) as conn:
        assert notices.mark_seen(conn, person, NOW, ids=[first, theirs]) == 2
        assert notices.mark_seen(conn, person, NOW + timedelta(hours=1), up_to=theirs) == 0
    seen = {n.notice_id: n.seen_at for n in start(here, person).notices}
    assert seen[first] == NOW
    assert start(here, other).unseen == 1


def test_older_notices_come_before_a_number(here, person):
    post(here, person, notices.PAGE + 3)
    page = start(here, person)
    with begin(here, EVERYWHERE) as conn:
        older = notices.latest(conn, person, before=page.notices[-1].notice_id)
    assert facts(page) + facts(older) == list(reversed(range(notices.PAGE + 3)))


def test_the_hub_reads_everybody_s_and_what_each_reader_missed(here, person):
    other = new_person(here)
    with begin(here, EVERYWHERE) as conn:
        before = notice_feed.position(conn)
    post(here, person, 2)
    post(here, other)
    with begin(here, EVERYWHERE) as conn:
        middle = notice_feed.position(conn)
    post(here, person)
    with begin(here, EVERYWHERE) as conn:
        end = notice_feed.position(conn)
        assert len(notice_feed.posted_between(conn, before, middle)) == 3
        assert len(notice_feed.posted_between(conn, middle, end)) == 1
        readers = [
            (person, before),
            (other, middle),
            (person, middle),
            (other, "9" * 15 + ":" + "9" * 15 + ":"),
        ]
        missed = notice_feed.missed(conn, readers, end)
    assert [len(one.notices) for one in missed] == [3, 0, 1, 0]
    assert [one.too_many for one in missed] == [False, False, False, True]


def test_a_reader_who_missed_very_much_asks_for_the_pages(here, person):
    with begin(here, EVERYWHERE) as conn:
        before = notice_feed.position(conn)
    post(here, person, notice_feed.MOST_MISSED + 1)
    with begin(here, EVERYWHERE) as conn:
        (missed,) = notice_feed.missed(conn, [(person, before)], notice_feed.position(conn))
    assert (missed.notices, missed.too_many) == ((), True)


# Who listens -----------------------------------------------------------------------------------


@pytest.fixture
def heard(here):
    """A function that returns what has been said to listeners since it was last called."""
    with here.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("LISTEN wangge"))
        driver = conn.connection.driver_connection
        yield lambda: [said.payload for said in driver.notifies(timeout=0.3)]


def test_a_notice_wakes_listeners_on_commit_and_never_before(here, person, heard):
    with here.connect() as conn:
        notices.post(conn, person, "test", {}, NOW)
        notices.post(conn, person, "test", {}, NOW)
        assert heard() == []
        conn.commit()
    assert heard() == ["notice"]
    with here.connect() as conn:
        notices.post(conn, person, "test", {}, NOW)
        conn.rollback()
    assert heard() == []


def add_incident(make, grid, number):
    """Put an incident in as any door does in the end: one row."""
    return make.conn.execute(
        text(
            "INSERT INTO incident (reported_at, occurred_at, number, matter_code, summary, source,"
            " external_id, placement, territory_code, owner_unit, owner_rank, owner_reason)"
            " VALUES (:at, :at, :number, '0201', '路灯不亮', 'seed', :number, 'hand', :grid, :grid,"
            " 'desk', '{}') RETURNING incident_id"
        ),
        {"at": NOW, "number": number, "grid": grid.code},
    ).scalar()


def test_desks_hear_of_an_incident_by_its_id_and_of_many_by_their_territory(here, heard):
    with begin(here, EVERYWHERE) as conn:
        make = Make(conn)
        first, second, *_ = make.grids(1, 2)
        make.matter()
        one = add_incident(make, first, "k1")
        for i in range(25):
            add_incident(make, second, f"m{i}")
    said = heard()
    assert f"incident {one} {first.code}" in said
    assert len(said) == 26
    move = text("UPDATE incident SET territory_code = :code WHERE incident_id = :id")
    with begin(here, EVERYWHERE) as conn:
        conn.execute(move, {"code": second.code, "id": one})
    assert heard() == [f"incident {one} {second.code} {first.code}"]
    with begin(here, EVERYWHERE) as conn:
        conn.execute(move, {"code": first.code, "id": one})
        conn.execute(text("UPDATE incident SET summary = summary || ''"))
    assert heard() == [
        f"incident {one} {first.code} {second.code}",
        f"incident * {first.code[:14]}",
    ]


# Other ways ------------------------------------------------------------------------------------


@pytest.fixture
def owed_to(here, person):
    with begin(here, EVERYWHERE) as conn:
        conn.execute(text("DELETE FROM notice WHERE channel <> 'app'"))
        notice_sending.set_channels(conn, person, {Channel.WEBHOOK, Channel.SMS})
    return person


def claim(engine, now, ways=(Channel.WEBHOOK,)):
    with begin(engine, EVERYWHERE) as conn:
        return notice_sending.claim(conn, ways, now)


def test_other_ways_are_owed_the_same_message_and_stay_out_of_the_list(here, owed_to):
    post(here, owed_to)
    both = claim(here, NOW, tuple(Channel))
    assert [one.channel for one in both] == [Channel.SMS, Channel.WEBHOOK] or [
        one.channel for one in both
    ] == [Channel.WEBHOOK, Channel.SMS]
    page = start(here, owed_to)
    assert page.unseen == len(page.notices) == 1
    assert {one.about for one in both} == {page.notices[0].notice_id}
    with begin(here, EVERYWHERE) as conn:
        notice_sending.set_channels(conn, owed_to, {Channel.SMS})
        assert notice_sending.channels(conn, owed_to) == {Channel.SMS}


def test_two_senders_never_hold_the_same_message(here, owed_to):
    post(here, owed_to, 6)
    with here.connect() as one, here.connect() as other:
        mine = notice_sending.claim(one, [Channel.WEBHOOK], NOW, limit=4)
        theirs = notice_sending.claim(other, [Channel.WEBHOOK], NOW, limit=4)
        assert (len(mine), len(theirs)) == (4, 2)
        assert not {m.notice_id for m in mine} & {t.notice_id for t in theirs}
        one.commit()
        other.commit()


def test_what_a_killed_sender_held_comes_up_again(here, owed_to):
    post(here, owed_to)
    (held,) = claim(here, NOW)
    assert claim(here, NOW + notice_sending.LEASE - timedelta(seconds=1)) == []
    (again,) = claim(here, NOW + notice_sending.LEASE)
    assert (again.notice_id, again.attempts) == (held.notice_id, 2)


def test_a_message_is_tried_less_and_less_often_and_then_given_up(here, owed_to):
    post(here, owed_to)
    at, waits = NOW, []
    while found := claim(here, at):
        with begin(here, EVERYWHERE) as conn:
            again = notice_sending.not_sent(conn, found[0], "timeout", at)
        if not again:
            break
        step = next(w for w in notice_sending.WAITS if claim_is_due(here, at + w))
        waits.append(step)
        at += step
    assert waits == list(notice_sending.WAITS)
    with begin(here, EVERYWHERE) as conn:
        (lost,) = notice_sending.dead(conn)
        assert (lost.error, lost.attempts) == ("timeout", len(notice_sending.WAITS) + 1)
        assert notice_sending.revive(conn, at, [lost.notice_id]) == 1
    (back,) = claim(here, at)
    with begin(here, EVERYWHERE) as conn:
        notice_sending.sent(conn, back, at)
        assert notice_sending.dead(conn) == []
    assert claim(here, at + timedelta(days=1)) == []


def claim_is_due(engine, at):
    """Whether something is due, without claiming it."""
    with begin(engine, EVERYWHERE) as conn:
        due = text(
            "SELECT count(*) FROM notice"
            " WHERE state = 'owed' AND channel = 'webhook' AND due_at <= :at"
        )
        return conn.execute(due, {"at": at}).scalar() > 0


def test_what_cannot_succeed_is_not_tried_again(here, owed_to):
    post(here, owed_to)
    (found,) = claim(here, NOW)
    with begin(here, EVERYWHERE) as conn:
        assert not notice_sending.not_sent(conn, found, "no_phone", NOW, for_good=True)
    assert claim(here, NOW + timedelta(days=30)) == []


def test_a_poll_is_one_statement_on_an_index(here, person):
    post(here, person, 3)
    cursor = start(here, person).cursor
    said = []
    event.listen(here, "before_cursor_execute", lambda *given: said.append(given[2]))
    read(here, person, cursor)
    assert sum("notice" in one for one in said) == 1
    with begin(here, EVERYWHERE) as conn:
        conn.execute(text("SET LOCAL enable_seqscan = off"))
        plan = conn.execute(
            text(
                "EXPLAIN SELECT notice_id FROM notice WHERE person_id = :p AND channel = 'app'"
                " AND xid >= pg_snapshot_xmin(CAST(:s AS pg_snapshot))"
            ),
            {"p": person, "s": cursor},
        ).scalars()
        assert "Index" in "\n".join(plan)
