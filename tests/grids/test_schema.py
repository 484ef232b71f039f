"""Code and database agree on the tables, and the second wall stands."""

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import ProgrammingError

from grids import schema

WALLED = (
    *("household", "camera", "incident", "incident_step", "visit", "patrol", "audit"),
    *("task", "task_rule", "handover", "matter_request"),
    *("incident_tally", "alert", "alert_night", "report"),
    *("feed_message", "resident_report"),
)


def test_the_tables_in_code_have_the_columns_of_the_database(conn):
    inspector = inspect(conn)
    for name, table in schema.metadata.tables.items():
        there = {c["name"]: c["nullable"] for c in inspector.get_columns(name)}
        here = {c.name: c.nullable for c in table.columns}
        assert here == there, name


def test_every_table_of_the_database_is_known_to_the_code(conn):
    rows = conn.execute(
        text(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = 'public' AND relkind IN ('r', 'p') AND NOT relispartition"
        )
    ).scalars()
    assert set(rows) - set(schema.metadata.tables) == {"alembic_version", "spatial_ref_sys"}


def test_the_web_role_owns_nothing_and_cannot_pass_the_wall(conn):
    role = conn.execute(
        text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'wangge_web'")
    ).one()
    assert role == (False, False)
    owned = conn.execute(
        text(
            "SELECT count(*) FROM pg_class JOIN pg_roles r ON r.oid = relowner"
            " WHERE rolname = 'wangge_web'"
        )
    ).scalar()
    assert owned == 0


@pytest.mark.parametrize("table", WALLED)
def test_a_walled_table_is_forced(conn, table):
    row = conn.execute(
        text(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class"
            " WHERE oid = CAST(:t AS regclass)"
        ),
        {"t": table},
    ).one()
    assert row == (True, True)


@pytest.mark.parametrize("scope", ["", "999999", None])
def test_a_missing_empty_or_foreign_scope_shows_no_household(conn, as_web, scope):
    conn.execute(
        text(
            "INSERT INTO household (number, placed_by, territory_code)"
            " VALUES ('h1', 'unplaced', '530524')"
        )
    )
    if scope is None:
        conn.execute(text("RESET app.scope"))
        conn.execute(text("SET LOCAL ROLE wangge_web"))
    else:
        as_web(scope)
    assert conn.execute(text("SELECT count(*) FROM household")).scalar() == 0


def test_a_scope_shows_its_own_rows_and_no_others(conn, as_web):
    conn.execute(
        text(
            "INSERT INTO household (number, placed_by, territory_code) VALUES"
            " ('a', 'unplaced', '530524101001'), ('b', 'unplaced', '530524101002'),"
            " ('c', 'unplaced', '530524')"
        )
    )
    as_web("530524101001")
    assert conn.execute(text("SELECT number FROM household")).scalars().all() == ["a"]


@pytest.mark.parametrize(
    "write",
    [
        "UPDATE cell_version SET area_m2 = 1",
        "INSERT INTO publication (number, at, in_force_from, n_changed, digest)"
        " VALUES (1, now(), now(), 0, '')",
        "DELETE FROM unit",
        "DELETE FROM audit",
        "UPDATE audit SET action = 'x'",
        "SELECT * FROM incident_other",
    ],
)
def test_the_web_role_may_not_write_around_the_publish_function(as_web, write):
    conn = as_web("530524")
    with pytest.raises(ProgrammingError, match="permission denied"):
        conn.execute(text(write))
