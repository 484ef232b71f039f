"""What the board counts from memory is what the database holds at that moment."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from grids import tally_held
from grids.db import EVERYWHERE, begin, make_engine
from grids.window import Window

DAY = date(2026, 3, 1)
MONTH = Window(DAY, DAY + timedelta(30))
UNITS = ["530524", "530524101", "530524101001", "530524101001001", "530524101001002"]
INSERT = text(
    "INSERT INTO incident_tally (incident_id, reported_at, day, territory_code, matter_code, step,"
    " closed_digits, response_s, closing_s) VALUES (:id, :day, :day, :place, '0201', :step,"
    " :digits, :response, :closing)"
)
SAID = text(
    "SELECT day - CAST(:since AS date) AS day, CAST(territory_code AS text), matter_code, step,"
    " closed_digits, came_closed, by_month, coalesce(response_s, -1), coalesce(closing_s, -1)"
    " FROM incident_tally WHERE day BETWEEN :since AND :until"
)


def row(k, day=0, place=UNITS[3], step="reported", digits=None, response=None, closing=None):
    return {
        "id": UUID(int=k), "day": DAY + timedelta(day), "place": place, "step": step,
        "digits": digits, "response": response, "closing": closing,
    }  # fmt: skip


@pytest.fixture
def engine(clone):
    made = make_engine(clone())
    with begin(made, EVERYWHERE) as conn:
        conn.execute(
            text(
                "INSERT INTO unit (code, level, name, parent_code)"
                " VALUES (:code, :level, :level, :up)"
            ),
            [
                {"code": code, "level": level, "up": up}
                for code, level, up in zip(
                    UNITS,
                    ("county", "township", "village", "grid", "grid"),
                    (None, UNITS[0], UNITS[1], UNITS[2], UNITS[2]),
                    strict=True,
                )
            ],
        )
    yield made
    made.dispose()


def write(engine, *rows):
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(INSERT, rows)


def run(engine, statement):
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(text(statement))


def held_by(conn, window=MONTH):
    found = tally_held.read(conn, [window])[0]
    rows = zip(found.day.tolist(), found.rows.tolist(), strict=True)
    mine = [
        (day, found.places[place], *found.kinds[kind], response, closing)
        for day, (place, kind, response, closing) in rows
    ]
    there = conn.execute(SAID, {"since": window.since, "until": window.until})
    return sorted(map(str, mine)), sorted(str(tuple(row)) for row in there)


def held(engine):
    with begin(engine, EVERYWHERE) as conn:
        mine, there = held_by(conn)
    assert mine == there
    return mine


def test_rows_are_those_of_the_database_with_their_names(engine):
    write(
        engine,
        row(1),
        row(2, 30, UNITS[1], "closed", 9, 60, 7200),
        row(3, 31),
        row(4, -1, UNITS[4], "rejected", None, 0),
    )
    assert len(held(engine)) == 2


def test_what_is_written_later_is_in_the_next_answer(engine, monkeypatch):
    write(engine, row(1), row(2, 5))
    held(engine)
    monkeypatch.setattr(tally_held, "_loaded", None)  # nothing is read as a whole any more
    write(engine, row(3, 5, UNITS[4], "accepted", None, 30))
    assert len(held(engine)) == 3
    run(
        engine,
        "UPDATE incident_tally SET step = 'closed', closed_digits = 15 WHERE day > '2026-03-02'",
    )
    assert "closed" in str(held(engine))


def test_a_place_that_is_named_later_is_known(engine, monkeypatch):
    write(engine, row(1))
    held(engine)
    monkeypatch.setattr(tally_held, "_loaded", None)
    run(
        engine,
        "INSERT INTO unit (code, level, name, parent_code)"
        " VALUES ('530524101001003', 'grid', 'new', '530524101001')",
    )
    write(engine, row(2, 0, "530524101001003"))
    assert len(held(engine)) == 2


def test_rows_that_leave_a_day_are_gone_from_it(engine):
    write(engine, row(1), row(2), row(3, 8))
    held(engine)
    run(engine, "UPDATE incident_tally SET day = day + 9 WHERE day = '2026-03-01'")
    assert len(held(engine)) == 3
    run(engine, "DELETE FROM incident_tally WHERE day = '2026-03-10'")
    assert len(held(engine)) == 1


def test_what_a_transaction_has_written_itself_counts_there_and_nowhere_else(engine):
    write(engine, row(1))
    held(engine)
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(INSERT, [row(2)])
        mine, there = held_by(conn)
        assert mine == there
        assert len(mine) == 2
        conn.rollback()
    assert len(held(engine)) == 1


def test_periods_of_one_reading_are_of_one_moment(engine):
    write(engine, row(1), row(2, 40))
    with begin(engine, EVERYWHERE) as conn:
        later = Window(DAY + timedelta(31), DAY + timedelta(60))
        first, second = tally_held.read(conn, [MONTH, later])
    assert (len(first.rows), len(second.rows), second.day.tolist()) == (1, 1, [9])


def test_the_web_role_counts_everything_and_reads_no_incident(engine):
    write(engine, row(1), row(2, 0, UNITS[4]))
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(text("SET LOCAL ROLE wangge_web"))
        conn.execute(text("SELECT set_config('app.scope', '530524101001002', true)"))
        assert conn.execute(text("SELECT count(*) FROM tally_rows()")).scalar() == 2
        assert conn.execute(text("SELECT count(*) FROM incident_tally")).scalar() == 1
