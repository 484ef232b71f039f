"""The worker's jobs: when what is to be done; how it is done is the domain's.

The queue is procrastinate's, in the schema `jobs` of the same database. Every job can be run again
at any moment: what it finds done already it leaves alone. A worker that dies is noticed by its
missing heartbeat, and what it was doing is given to another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta

import structlog
from procrastinate import App, JobContext, PsycopgConnector
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import OperationalError

from grids import (
    alert_scan,
    audit,
    db,
    handover,
    incident_watch,
    proofs,
    retention,
    scheduling,
    source_shift,
    tasks,
)
from grids.access import everyone
from web import import_work
from web.clock import now, today
from web.config import phone_keys
from web.notify import delivery, settings

logger = structlog.get_logger()

SEAL_EVERY_S = 5
# Cron in UTC; China is eight hours ahead.
EVERY_MINUTE = "* * * * *"
EVERY_TEN_SECONDS = "* * * * * */10"
AT_NIGHT = "20 19 * * *"
AFTER_NIGHT = "40 19 * * *"
AFTER_MIDNIGHT = "5 16 * * *"


def make_queue(engine: Engine) -> App:
    """Return the queue with its jobs; no connection is opened yet.

    Parameters
    ----------
    engine
        Of the owner role: jobs act for nobody in particular, and in every territory.
    """
    url = make_url(engine.url).set(drivername="postgresql")
    options = str(url.query.get("options", ""))
    connector = PsycopgConnector(
        conninfo=url.difference_update_query(["options"]).render_as_string(hide_password=False),
        kwargs={"options": f"{options} -c search_path=jobs".lstrip()},
        max_size=4,
    )
    queue = App(connector=connector)

    @queue.periodic(cron=EVERY_MINUTE)
    @queue.task(name="publish_due", queueing_lock="publish_due")
    def publish_due(timestamp: int) -> None:
        """Publish the plans whose moment has come."""
        for attempt in scheduling.publish_due(engine, now()):
            logger.info(
                "plan.due",
                plan_id=str(attempt.plan_id),
                publication=attempt.publication,
                refused=attempt.refused,
            )

    @queue.periodic(cron=EVERY_MINUTE)
    @queue.task(name="watch_incidents", queueing_lock="watch_incidents")
    def watch_incidents(timestamp: int) -> None:
        """Let suspensions end and tell owners of limits that are nearly or wholly used up."""
        with db.begin(engine, db.EVERYWHERE) as conn:
            watched = incident_watch.watch(conn, now())
        logger.info("incidents.watched", **asdict(watched))

    @queue.periodic(cron=AT_NIGHT)
    @queue.task(name="prove", queueing_lock="prove")
    def prove(timestamp: int) -> None:
        """Prove what is in force by plain SQL."""
        with db.begin(engine, db.EVERYWHERE) as conn:
            run = proofs.run(conn, "night")
        logger.info("proof.done", publication=run.publication, n_faults=run.n_faults)

    @queue.periodic(cron=AT_NIGHT)
    @queue.task(name="retain", queueing_lock="retain")
    def retain(timestamp: int) -> None:
        """Delete the personal data that is too old to be kept."""
        with db.begin(engine, db.EVERYWHERE) as conn:
            done = retention.run(conn, everyone("retention"), now())
        logger.info("retention.done", **{one.name: one.n for one in done})

    @queue.periodic(cron=AFTER_MIDNIGHT)
    @queue.task(name="begin_day", queueing_lock="begin_day")
    def begin_day(timestamp: int) -> None:
        """Make the tasks of the periods that begin, and move the work of who has left."""
        with db.begin(engine, db.EVERYWHERE) as conn:
            n_tasks, n_handovers = tasks.make_due(conn, now()), handover.complete_due(conn, now())
        logger.info("day.begun", tasks=n_tasks, handovers=n_handovers)

    @queue.periodic(cron=AFTER_NIGHT)
    @queue.task(name="raise_alerts", queueing_lock="raise_alerts")
    def raise_alerts(timestamp: int) -> None:
        """Look for new clusters in the data up to yesterday."""
        with db.begin(engine, db.EVERYWHERE) as conn:
            night = alert_scan.run(conn, today() - timedelta(days=1), now())
        if night is not None:
            raised, ongoing = len(night.raised), len(night.ongoing)
            logger.info("alerts.done", day=str(night.day), raised=raised, ongoing=ongoing)

    @queue.periodic(cron=AFTER_NIGHT)
    @queue.task(name="watch_sources", queueing_lock="watch_sources")
    def watch_sources(timestamp: int) -> None:
        """Tell administrators of sources whose positions all lie off in one direction."""
        with db.begin(engine, db.EVERYWHERE) as conn:
            for one in source_shift.watch(conn, now()):
                logger.warning("source.shifted", **one.facts())

    @queue.periodic(cron=EVERY_TEN_SECONDS)
    @queue.task(name="send_notices", queueing_lock="send_notices", lock="send_notices")
    def send_due_notices(timestamp: int) -> None:
        """Send the messages that are due; one that fails is tried again by its own time."""
        send_notices(engine)

    @queue.periodic(cron=EVERY_MINUTE)
    @queue.task(name="take_over", queueing_lock="take_over", pass_context=True)
    async def take_over(context: JobContext, timestamp: int) -> None:
        """Put the jobs of workers that died back into the queue."""
        for job in await context.app.job_manager.get_stalled_jobs():
            await context.app.job_manager.retry_job(job)

    return queue


def send_notices(engine: Engine) -> None:
    """Send the messages that are due by webhook and SMS."""
    try:
        ways = settings.senders()
    except settings.BadSenders as refusal:  # said until it is mended; the messages wait
        logger.error(refusal.code, **refusal.facts)
        return
    done = delivery.deliver(engine, ways, phone_keys(), now)
    if done != delivery.Round():
        logger.info("notices.sent", sent=done.sent, again=done.again, dead=done.dead)


def seal(engine: Engine) -> int:
    """Seal the rows of the audit trail that are not yet sealed, and return how many."""
    with db.begin(engine, db.EVERYWHERE) as conn:
        return audit.seal(conn)


def work(engine: Engine) -> None:
    """Do the jobs of the queue, import and seal the audit trail until a signal to end comes."""
    asyncio.run(_work(engine))


async def _work(engine: Engine) -> None:
    queue = make_queue(engine)
    async with queue.open_async():
        sealing = asyncio.create_task(_again_and_again(lambda: asyncio.to_thread(seal, engine)))
        importing = asyncio.create_task(import_work.keep_importing(engine))
        try:
            # Jobs are short and few: done ones are not kept, the trail is in audit and proof_run.
            await queue.run_worker_async(delete_jobs="successful", listen_notify=True)
        finally:
            for beside in (sealing, importing):
                beside.cancel()
                with suppress(asyncio.CancelledError):
                    await beside


async def _again_and_again(deed: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await deed()
        except OperationalError as error:  # the database is being restarted
            logger.warning("seal.failed", error=type(error.orig).__name__)
        await asyncio.sleep(SEAL_EVERY_S)
