"""The database as the command line meets it: as owner, in one transaction a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from grids import db
from grids.access import everyone
from grids.model import Viewer
from web.cluster import database_url


def engine() -> Engine:
    """Return an engine of the owner role for a program that ends soon."""
    return db.make_engine(database_url("owner"), pooled=False, application="wangge-cli")


@contextmanager
def transaction() -> Iterator[tuple[Connection, Viewer]]:
    """Open the command's transaction and say who acts: the operator, in every territory."""
    with db.begin(engine(), db.EVERYWHERE) as conn:
        yield conn, everyone("operator")
