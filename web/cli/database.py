"""The database as the command line meets it: as owner, in one transaction a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import InvalidSchemaName, UndefinedColumn, UndefinedFunction, UndefinedTable
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from geo.errors import Refusal
from grids import db
from grids.access import everyone
from grids.model import Viewer
from web.cluster import database_url


class NoDatabase(Refusal):
    """The database cannot be reached, or it gave up on what it was asked."""

    code = "database"
    sentence = "The database does not answer. Nothing was changed. It said: {reason}"


class OldSchema(Refusal):
    """The database lacks what this version works with."""

    code = "database.schema"
    sentence = "The database lacks a part of the schema: run wangge db migrate. It said: {reason}"


_MISSING = (InvalidSchemaName, UndefinedColumn, UndefinedFunction, UndefinedTable)


def engine() -> Engine:
    """Return an engine of the owner role for a program that ends soon."""
    return db.make_engine(database_url("owner"), pooled=False, application="wangge-cli")


def refusal_of(error: BaseException) -> Refusal | None:
    """Return what an error of the database is for whoever called the command; none for a bug."""
    if not isinstance(error, DBAPIError):
        return None
    reason = str(error.orig).strip().partition("\n")[0]
    if isinstance(error.orig, _MISSING):
        return OldSchema(reason=reason)
    return NoDatabase(reason=reason) if isinstance(error, OperationalError) else None


@contextmanager
def transaction() -> Iterator[tuple[Connection, Viewer]]:
    """Open the command's transaction and say who acts: the operator, in every territory."""
    with db.begin(engine(), db.EVERYWHERE) as conn:
        yield conn, everyone("operator")
