"""Daily counts held in memory are those of the database, at any moment and under any filter."""

from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from grids import counts_held
from grids.counts_held import Filter
from grids.db import EVERYWHERE, begin, make_engine

DAY = date(2026, 3, 1)
UPSERT = text(
    "INSERT INTO daily_count (grid_code, day, matter_code, level, source, n)"
    " VALUES (:grid, :day, :matter, :level, :source, :n)"
    " ON CONFLICT (grid_code, day, matter_code, level, source) DO UPDATE SET n = excluded.n"
)


def row(k, day, n, matter="0201", level="ordinary", source="desk"):
    grid = f"530524101001{k:03d}"
    return {
        "grid": grid, "day": DAY + timedelta(day), "n": n,
        "matter": matter, "level": level, "source": source,
    }  # fmt: skip


@pytest.fixture
def engine(clone):
    made = make_engine(clone())
    yield made
    made.dispose()


def write(engine, *rows):
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(UPSERT, rows)


def held(engine, days=10, wanted=Filter()):  # noqa: B008
    """Return what is held as {(grid, day): n}, and the same as SQL counts it."""
    until = DAY + timedelta(days - 1)
    with begin(engine, EVERYWHERE) as conn:
        found = counts_held.read(conn)
        cube = found.cube(DAY, until, wanted)
        rows = conn.execute(
            text(
                "SELECT grid_code, day, sum(n) AS n FROM daily_count WHERE day BETWEEN :a AND :b"
                " AND coalesce(matter_code = :matter, true) AND (:no_level OR level = ANY(:levels))"
                " AND (:no_source OR source = ANY(:sources)) GROUP BY 1, 2 HAVING sum(n) <> 0"
            ),
            {
                "a": DAY, "b": until, "matter": wanted.matter,
                "levels": list(wanted.levels), "no_level": not wanted.levels,
                "sources": list(wanted.sources), "no_source": not wanted.sources,
            },
        )  # fmt: skip
        stored = {(row.grid_code, row.day): row.n for row in rows}
    mine = {
        (found.grids[i], DAY + timedelta(int(j))): int(cube[i, j]) for i, j in np.argwhere(cube)
    }
    return mine, stored


def test_any_filter_counts_what_the_database_counts(engine):
    draw = np.random.default_rng(1)
    kinds = [(m, level, s) for m in ("0201", "0301") for level in ("a", "b") for s in ("x", "y")]
    seen = {}
    for _ in range(600):
        one = row(
            int(draw.integers(9)),
            int(draw.integers(14)),
            int(draw.integers(5)),
            *kinds[draw.integers(8)],
        )
        seen[tuple(v for k, v in one.items() if k != "n")] = one
    write(engine, *seen.values())
    for wanted in (
        Filter(),
        Filter("0301"),
        Filter("0201", ("a",)),
        Filter(None, ("a", "b"), ("y",)),
        Filter("9999"),
    ):
        mine, stored = held(engine, wanted=wanted)
        assert mine == stored


def test_what_changes_is_seen_at_once_and_read_by_itself(engine, monkeypatch):
    write(engine, row(1, 0, 3), row(2, 1, 4))
    assert len(held(engine)[0]) == 2
    monkeypatch.setattr(counts_held, "_loaded", None)  # nothing is read as a whole any more
    write(engine, row(1, 0, 5), row(7, 2, 1, source="phone"), row(2, 1, 0))
    mine, stored = held(engine)
    assert mine == stored
    assert sorted(mine.values()) == [1, 5]
    monkeypatch.setattr(counts_held, "_APART", 1)
    write(engine, row(1, 0, 6), row(3, 4, 2), row(7, 2, 3, source="phone"))
    assert held(engine)[0] == held(engine)[1]
    assert sorted(held(engine)[0].values()) == [2, 3, 6]


def test_a_transaction_that_ends_late_is_not_missed(engine):
    write(engine, row(1, 0, 3))
    with engine.connect() as late:
        late.begin()
        late.execute(UPSERT, row(2, 0, 9))
        write(engine, row(3, 0, 1))
        assert sorted(held(engine)[0].values()) == [1, 3]
        late.commit()
    assert sorted(held(engine)[0].values()) == [1, 3, 9]


def test_what_is_rolled_back_leaves_no_trace(engine):
    write(engine, row(1, 0, 3))
    held(engine)
    with engine.connect() as conn, conn.begin() as transaction:
        conn.execute(UPSERT, row(1, 0, 50))
        assert counts_held.read(conn).cube(DAY, DAY, Filter()).sum() == 50
        transaction.rollback()
    assert sorted(held(engine)[0].values()) == [3]


def test_rows_that_are_gone_are_gone(engine):
    write(engine, row(1, 0, 3), row(2, 0, 4))
    held(engine)
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(text("DELETE FROM daily_count WHERE n = 3"))
    assert sorted(held(engine)[0].values()) == [4]


def test_sources_and_the_extent_are_told(engine):
    write(engine, row(1, 0, 3), row(2, 6, 4, source="phone"), row(2, 8, 0))
    with begin(engine, EVERYWHERE) as conn:
        found = counts_held.read(conn)
        units = np.array([code.endswith("2") for code in found.grids])
        assert found.sources() == ["desk", "phone"]
        assert (found.extent.first, found.extent.last) == (DAY, DAY + timedelta(6))
        assert found.by_source(DAY, DAY + timedelta(9), Filter(), units) == {"phone": 4}


def test_what_is_known_by_its_month_is_told_apart_and_reaches_to_its_end(engine):
    write(engine, row(1, 0, 5), row(2, 3, 2))
    by_month = text("UPDATE daily_count SET n_by_month = :n WHERE grid_code = :grid AND day = :day")
    with begin(engine, EVERYWHERE) as conn:
        first = counts_held.read(conn)
        assert not first.has_months
        assert first.extent.last == DAY + timedelta(3)
    for n in (4, 1):
        with begin(engine, EVERYWHERE) as conn:
            conn.execute(by_month, {"n": n, "grid": "530524101001001", "day": DAY})
        with begin(engine, EVERYWHERE) as conn:
            found = counts_held.read(conn)
            assert found.has_months
            assert found.by_month(DAY, DAY, Filter())[:, 0].tolist() == [n, 0]
            assert found.cube(DAY, DAY, Filter()).sum() == 5
            assert found.extent.last == date(2026, 3, 31)
            everyone = np.ones(2, np.bool_)
            days = found.by_source(DAY, DAY, Filter(), everyone, days_only=True)
            assert days == {"desk": 5 - n}
