"""The one connection that LISTENs, with a watchdog: a dead link is found out and left."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

import psycopg
import structlog

from web.hub.reader import CONNECT_S

logger = structlog.get_logger()

CHANNEL = "wangge"
# How often the link is asked for a sign of life, and how long it may take to give one. A link that
# swallows everything is left after the sum of both.
ASK_EVERY_S = 5
ANSWER_S = 5
LONGEST_PAUSE_S = 5


class Listener:
    """Hears what transactions say on commit.

    Parameters
    ----------
    arguments
        How psycopg reaches the database.
    heard
        Called with each payload.
    back
        Called when it listens (again): whatever was said before may have been missed.
    """

    def __init__(
        self, arguments: dict[str, Any], heard: Callable[[str], None], back: Callable[[], None]
    ) -> None:
        self._arguments = arguments | {
            "autocommit": True,
            "application_name": "wangge-hub-listen",
            "connect_timeout": CONNECT_S,
        }
        self._heard = heard
        self._back = back
        self._alive_at: float | None = None

    @property
    def silent_s(self) -> float | None:
        """Seconds since the link last gave a sign of life; none while there is no link."""
        return None if self._alive_at is None else time.monotonic() - self._alive_at

    @property
    def listening(self) -> bool:
        """Whether the link is alive as far as one can know."""
        silent = self.silent_s
        return silent is not None and silent < ASK_EVERY_S + ANSWER_S

    async def run(self) -> None:
        """Listen for ever; come back after pauses that grow and are never quite the same."""
        pause = 0.25
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError) as error:
                logger.warning("hub.not_listening", error=type(error).__name__)
            if self._alive_at is not None:
                pause = 0.25
            self._alive_at = None
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spread, no secret
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _listen(self) -> None:
        async with asyncio.timeout(CONNECT_S + 1):
            conn = await psycopg.AsyncConnection.connect(**self._arguments)
        try:
            async with asyncio.timeout(ANSWER_S):
                await conn.execute(f"LISTEN {CHANNEL}")
            self._alive_at = time.monotonic()
            self._back()
            while True:
                async for said in conn.notifies(timeout=ASK_EVERY_S):
                    self._heard(said.payload)
                # A notification proves nothing about the next one; only an answer does.
                async with asyncio.timeout(ANSWER_S):
                    await conn.execute("SELECT 1")
                self._alive_at = time.monotonic()
        finally:
            await conn.close()
