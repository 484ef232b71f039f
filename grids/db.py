"""The door to the database: engines, scoped transactions, named statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, TextClause, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from grids.errors import GridsError

HERE = Path(__file__).parent

# Every code of a county lies in this scope: used by imports, jobs and the command line.
EVERYWHERE = ""


class BadAddress(GridsError):
    """What is given as the database's address is none of a PostgreSQL."""

    code = "database.address"
    sentence = "DATABASE_URL is no address: write postgresql+psycopg://USER@/NAME?host=FOLDER."


def make_engine(url: str, *, pooled: bool = True, application: str = "wangge") -> Engine:
    """Return an engine for `url` (postgresql+psycopg) whose sessions speak UTC.

    Parameters
    ----------
    pooled
        False for short-lived programs: each connection is closed when given back.

    Raises
    ------
    BadAddress
        If `url` is of another kind. It is not repeated: it may hold a password.
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
    given = str(_address(url).query.get("options", ""))
    return create_engine(
        url,
        connect_args={
            "application_name": application,
            "connect_timeout": 10,
            "options": f"{given} -c timezone=UTC -c lock_timeout=10s".lstrip(),
        },
        # Errors are logged; what was asked about people must not be.
        hide_parameters=True,
        **options,
    )


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise BadAddress from None
    if address.drivername != "postgresql+psycopg":
        raise BadAddress
    return address


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


@cache
def statement(name: str, file: str, folder: Path = HERE / "sql") -> TextClause:
    """Return the named statement of `folder`/`file`.sql with `:parameters` to bind.

    Raises
    ------
    KeyError
        If the file has no such statement.
    """
    return text(_statements(folder / f"{file}.sql")[name])
