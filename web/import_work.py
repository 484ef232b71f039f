"""The worker's imports: one at a time, each in a process of its own that can be stopped at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from grids import db, import_tasks
from web import import_files
from web.clock import now
from web.import_job import Broken, told_of

logger = structlog.get_logger()

LOOK_EVERY_S = 0.5
SWEEP_EVERY_S = 600


async def keep_importing(engine: Engine) -> None:
    """Do the imports that are asked for until cancelled, and sweep files that are over."""
    swept = float("-inf")
    while True:
        try:
            if time.monotonic() - swept > SWEEP_EVERY_S:
                await asyncio.to_thread(sweep, engine)
                swept = time.monotonic()
            if not await next_import(engine):
                await asyncio.sleep(LOOK_EVERY_S)
        except OperationalError as error:  # the database is being restarted
            logger.warning("import.waits", error=type(error.orig).__name__)
            await asyncio.sleep(LOOK_EVERY_S)


async def next_import(engine: Engine) -> bool:
    """Do the import that has waited longest to its end, and return whether there was one.

    It is killed within a second of being stopped, with every process it began.
    """
    task_id = await asyncio.to_thread(_claim, engine)
    if task_id is None:
        return False
    url = engine.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "web.import_job",
        str(task_id),
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "DATABASE_URL": url},
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while process.returncode is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), LOOK_EVERY_S)
            if process.returncode is None and not await asyncio.to_thread(_beat, engine, task_id):
                _kill(process.pid)
                await process.wait()
    finally:
        _kill(process.pid)
    if process.returncode:
        await asyncio.to_thread(_give_up, engine, task_id)
    return True


def sweep(engine: Engine) -> int:
    """Delete the files of imports that are over, and return how many went."""
    with db.begin(engine, db.EVERYWHERE) as conn:
        return import_files.sweep(import_tasks.with_files(conn))


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _claim(engine: Engine) -> UUID | None:
    with db.begin(engine, db.EVERYWHERE) as conn:
        return import_tasks.claim(conn, now())


def _beat(engine: Engine, task_id: UUID) -> bool:
    with db.begin(engine, db.EVERYWHERE) as conn:
        return import_tasks.beat(conn, task_id, now())


def _give_up(engine: Engine, task_id: UUID) -> None:
    with db.begin(engine, db.EVERYWHERE) as conn:
        if import_tasks.finish(conn, task_id, "failed", now(), refusal=told_of(Broken())):
            logger.error("import.broken", task_id=str(task_id))
