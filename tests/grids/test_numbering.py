"""Codes are given once, from the lowest, and never again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from grids.numbering import CodesUsedUp, next_codes, order_west_east_north_south
from tests.grids.coverage_factory import VILLAGES, add_parents

VILLAGE = VILLAGES[0]


def reserve(conn, *codes, state="draft"):
    plan = conn.execute(
        text(
            "INSERT INTO plan (title, territory_code, state) VALUES ('p', :v, :state)"
            " RETURNING plan_id"
        ),
        {"v": VILLAGE, "state": state},
    ).scalar_one()
    for code in codes:
        conn.execute(
            text(
                "INSERT INTO plan_unit (plan_id, code, level, name, parent_code)"
                " VALUES (:plan, :code, 'grid', 'g', :parent)"
            ),
            {"plan": plan, "code": code, "parent": VILLAGE},
        )


def test_the_lowest_numbers_never_used_come_first(conn):
    add_parents(conn)
    conn.execute(
        text(
            "INSERT INTO unit (code, level, name, parent_code, valid) VALUES"
            f" ('{VILLAGE}002', 'grid', 'retired', '{VILLAGE}', '[2020-01-01,2021-01-01)')"
        )
    )
    reserve(conn, f"{VILLAGE}001", state="withdrawn")
    reserve(conn, f"{VILLAGE}004")
    assert next_codes(conn, VILLAGE, 3) == [f"{VILLAGE}{k:03d}" for k in (3, 5, 6)]
    assert next_codes(conn, VILLAGE, 1, kind="exclusive") == [f"{VILLAGE}901"]
    assert next_codes(conn, f"{VILLAGE}003", 2) == [f"{VILLAGE}00301", f"{VILLAGE}00302"]


def test_a_full_parent_says_so(conn):
    add_parents(conn)
    reserve(conn, *(f"{VILLAGE}{k:03d}" for k in range(1, 900)))
    assert next_codes(conn, VILLAGE, 1) == [f"{VILLAGE}900"]
    with pytest.raises(CodesUsedUp) as refusal:
        next_codes(conn, VILLAGE, 2)
    assert refusal.value.facts == {"parent": VILLAGE, "wanted": 2, "left": 1, "of": 900}
    with pytest.raises(CodesUsedUp):
        next_codes(conn, f"{VILLAGE}001", 100)


def test_numbers_run_like_a_page_from_the_north_west():
    columns, rows = np.meshgrid(np.arange(4.0), np.arange(3.0, 0, -1))
    places = np.column_stack((columns.ravel(), rows.ravel()))
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(len(places))
    wobbly = places + rng.uniform(-0.1, 0.1, places.shape)
    order = order_west_east_north_south(wobbly[shuffled])
    assert shuffled[order].tolist() == list(range(12))


@given(st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_every_unit_gets_one_number_and_the_same_whatever_came_first(n, seed):
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 1, (n, 2))
    order = order_west_east_north_south(places)
    assert sorted(order.tolist()) == list(range(n))
    mixed = rng.permutation(n)
    assert mixed[order_west_east_north_south(places[mixed])].tolist() == order.tolist()


def test_units_in_one_column_or_row_or_place():
    column = np.array([[1.0, 2.0], [1.0, 3.0], [1.0, 1.0]])
    assert order_west_east_north_south(column).tolist() == [1, 0, 2]
    row = column[:, ::-1]
    assert order_west_east_north_south(row).tolist() == [2, 0, 1]
    assert len(order_west_east_north_south(np.ones((3, 2)))) == 3
