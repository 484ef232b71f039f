"""A real PostGIS for tests: a migrated template, a clone for the run, a rollback a test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, make_url, text

from grids.db import EVERYWHERE, make_engine, set_scope
from grids.migrations import migrate

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def server_url() -> str:
    """URL of a server where databases may be made: a given one, or the private test cluster."""
    given = os.environ.get("WANGGE_TEST_DATABASE_URL")
    if given:
        return given
    from web.cluster import Cluster  # noqa: PLC0415 - a given server needs no cluster

    cluster = Cluster.at(PROJECT / ".wangge" / "test", unsafe=True)
    cluster.up()
    return cluster.url()


def _admin(server_url: str) -> Engine:
    url = make_url(server_url).set(database="postgres")
    return make_engine(url.render_as_string(hide_password=False), pooled=False).execution_options(
        isolation_level="AUTOCOMMIT"
    )


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """Name of a migrated, empty database that other databases are cloned from."""
    name = f"wangge_template_{uuid.uuid4().hex[:8]}"
    admin = _admin(server_url)
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name}"))
    migrate(make_engine(database_url(server_url, name), pooled=False))
    yield name
    with admin.connect() as conn:
        conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def database_url(server_url: str, name: str, role: str | None = None) -> str:
    """Return the URL of another database (and login role) on the same server."""
    url = make_url(server_url).set(database=name)
    if role is not None:
        url = url.set(username=role)
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def clone(server_url: str, template: str) -> Iterator[object]:
    """A function that clones the template and returns the clone's owner URL."""
    admin = _admin(server_url)
    made: list[str] = []

    def make() -> str:
        name = f"wangge_test_{uuid.uuid4().hex[:8]}"
        with admin.connect() as conn:
            conn.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        made.append(name)
        return database_url(server_url, name)

    yield make
    with admin.connect() as conn:
        for name in made:
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def engine(clone) -> Iterator[Engine]:
    """An engine of the owner on this run's shared clone; tests roll back what they do."""
    engine = make_engine(clone(), pooled=False)
    yield engine
    engine.dispose()


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """A connection of the owner inside a transaction that is rolled back."""
    with engine.connect() as connection, connection.begin() as transaction:
        set_scope(connection, EVERYWHERE)
        yield connection
        transaction.rollback()


@pytest.fixture
def as_web(conn: Connection):
    """Turn `conn` into the web role over a territory: `as_web("530524")`."""

    def become(scope: str) -> Connection:
        conn.execute(text("SET LOCAL ROLE wangge_web"))
        set_scope(conn, scope)
        return conn

    return become
