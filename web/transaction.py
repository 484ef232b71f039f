"""The transaction that stands in every view: scoped to its viewer, committed when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app
from sqlalchemy import Connection, Engine

from grids import assign, db
from grids.model import Viewer


class Transactions:
    """Opens transactions of the web role."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def begin(self, scope: str) -> Iterator[Connection]:
        """Open a transaction that sees the territory `scope`; an empty one sees no walled row."""
        with db.begin(self.engine, scope) as conn:
            yield conn


@contextmanager
def begin(viewer: Viewer | None) -> Iterator[Connection]:
    """Open the request's transaction, cut to what `viewer` may see (nobody: no walled row)."""
    transactions: Transactions = current_app.extensions["wangge.transactions"]
    with transactions.begin(viewer.scope if viewer else "") as conn:
        yield conn


@contextmanager
def begin_for_county() -> Iterator[Connection]:
    """Open a transaction of a door without a person, which receives for the whole county.

    What such a door shows is for its domain to limit; the wall is the county's.

    Raises
    ------
    NothingPublished
        If there is no county yet.
    """
    with begin(None) as conn:
        db.set_scope(conn, assign.county_of(conn))
        yield conn
