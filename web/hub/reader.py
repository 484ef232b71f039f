"""The hub's one connection for questions: asked in a thread, cut off when it does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError

from grids.db import EVERYWHERE, set_scope

T = TypeVar("T")
PATIENCE_S = 8
CONNECT_S = 5


class Unreachable(Exception):
    """The database gave no answer; the connection has been given up."""


class Reader:
    """Runs questions one after the other on a connection that is made when it is needed.

    Parameters
    ----------
    url
        Of the web role.
    patience_s
        How long an answer may take. A link that swallows everything raises no error by itself, in
        a thread least of all, so the socket is shut from outside.
    """

    def __init__(self, url: str, patience_s: float = PATIENCE_S) -> None:
        self.patience_s = patience_s
        self._engine = create_engine(
            url,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,
            connect_args={
                "application_name": "wangge-hub",
                "connect_timeout": CONNECT_S,
                "options": "-c timezone=UTC -c statement_timeout=5s",
            },
        )
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hub-reader")
        self._held: Any = None
        event.listen(self._engine, "connect", self._hold)

    def connect_arguments(self) -> dict[str, Any]:
        """Return what psycopg needs to reach the same database."""
        _, given = self._engine.dialect.create_connect_args(self._engine.url)
        return dict(given)

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Return what `question` finds in a transaction of its own.

        Raises
        ------
        Unreachable
            If the database is away or silent.
        """
        answer = asyncio.get_running_loop().run_in_executor(self._thread, self._run, question)
        done, _ = await asyncio.wait({answer}, timeout=self.patience_s)
        if not done:
            self._shut()
            await asyncio.wait({answer}, timeout=CONNECT_S + 1)
            answer.add_done_callback(lambda late: late.cancelled() or late.exception())
            raise Unreachable("no answer")
        try:
            return answer.result()
        except DBAPIError as error:
            raise Unreachable(type(error.orig).__name__) from error

    def close(self) -> None:
        """Let go of the thread and the connection."""
        self._shut()
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _run(self, question: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as conn:
                set_scope(conn, EVERYWHERE)
                return question(conn)
        except DBAPIError:
            self._engine.dispose()
            raise

    def _hold(self, connection: Any, _record: object) -> None:
        self._held = connection

    def _shut(self) -> None:
        """Wake the thread that waits on the socket: both ways are shut, and it finds an error."""
        if self._held is None or self._held.closed:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(fileno=os.dup(self._held.pgconn.socket)) as wire,
        ):
            wire.shutdown(socket.SHUT_RDWR)
