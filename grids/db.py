"""The door to the database: engines, scoped transactions, named statements, migrations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import alembic.script
from alembic import op
from sqlalchemy import Connection, Engine, TextClause, create_engine, make_url, text
from sqlalchemy.pool import NullPool

HERE = Path(__file__).parent
MIGRATIONS = HERE / "migrations"

# Every code of a county lies in this scope: used by imports, jobs and the command line.
EVERYWHERE = ""


def make_engine(url: str, *, pooled: bool = True, application: str = "wangge") -> Engine:
    """Return an engine for `url` (postgresql+psycopg) whose sessions speak UTC.

    Parameters
    ----------
    pooled
        False for short-lived programs: each connection is closed when given back.
    """
    options: dict[str, Any] = (
        {"poolclass": NullPool}
        if not pooled
        else {
            "pool_size": 8,
            "max_overflow": 4,
            "pool_pre_ping": True,
        }
    )
    # An option in the address, such as the role to take, must not be lost to ours.
    given = str(make_url(url).query.get("options", ""))
    return create_engine(
        url,
        connect_args={
            "application_name": application,
            "connect_timeout": 10,
            "options": f"{given} -c timezone=UTC -c lock_timeout=10s".lstrip(),
        },
        **options,
    )


def set_scope(conn: Connection, scope: str) -> None:
    """Cut this transaction to the territory whose unit codes begin with `scope`.

    An empty scope shows nothing to the web role (the policies compare with NULL). The owner role
    of imports and jobs is not cut.
    """
    conn.execute(text("SELECT set_config('app.scope', :scope, true)"), {"scope": scope})


@contextmanager
def begin(engine: Engine, scope: str) -> Iterator[Connection]:
    """Open a transaction cut to a territory; committed on leaving, rolled back on an error."""
    with engine.begin() as conn:
        set_scope(conn, scope)
        yield conn


@cache
def _statements(file: Path) -> dict[str, str]:
    parts = re.split(r"^-- name: (\w+)\s*$", file.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def statement(name: str, file: str, folder: Path = HERE / "sql") -> TextClause:
    """Return the named statement of `folder`/`file`.sql with `:parameters` to bind.

    Raises
    ------
    KeyError
        If the file has no such statement.
    """
    return text(_statements(folder / f"{file}.sql")[name])


def run_migration_file(version_file: str) -> None:
    """Run the SQL file that stands beside a migration's Python file, as one script."""
    script = Path(version_file).with_suffix(".sql").read_text("utf-8")
    # Straight to the driver: a script is many statements and its colons are casts, not parameters.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(script.encode())


def _alembic(conn: Connection | None = None) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    return config


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version; nothing happens when it is there already."""
    with engine.connect() as conn:
        alembic.command.upgrade(_alembic(conn), "head")
        conn.commit()


def schema_versions(engine: Engine) -> tuple[str | None, str | None]:
    """Return (version in the database, newest version of this program); None = no schema yet."""
    newest = alembic.script.ScriptDirectory.from_config(_alembic()).get_current_head()
    with engine.connect() as conn:
        if conn.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
            return None, newest
        here = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return here, newest
