"""The worker does what is due, and the proof is made again after every restore."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from click.testing import CliRunner
from procrastinate import testing
from sqlalchemy import text

from grids import audit, plans, proofs, scheduling
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.publications import require_current
from tests.grids.coverage_factory import VILLAGES, admin, found_small_county
from tests.grids.test_plans import neighbours
from web import doctor, jobs
from web.cli import main
from web.clock import now


@pytest.fixture
def url(clone):
    return clone()


@pytest.fixture
def engine(url):
    engine = make_engine(url, pooled=False)
    with begin(engine, EVERYWHERE) as conn:
        found_small_county(conn)
    yield engine
    engine.dispose()


async def done(engine, *names):
    """Put jobs into the queue and let a worker do what there is."""
    queue = jobs.make_queue(engine)
    async with queue.open_async():
        for name in names:
            await queue.configure_task(name).defer_async(timestamp=0)
        await queue.run_worker_async(wait=False, install_signal_handlers=False)
        return list(await queue.job_manager.list_jobs_async())


def finished(work):
    """Run a coroutine in a thread of its own: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_the_worker_publishes_what_is_due_and_proves_what_is_in_force(engine):
    with begin(engine, EVERYWHERE) as conn:
        cell, grid = neighbours(conn, VILLAGES[1])[0]
        plan_id = plans.create(conn, admin(), "in spring").plan_id
        plans.assign_cells(conn, admin(), plan_id, [cell], grid)
        later = now() + timedelta(hours=1)
        scheduling.schedule(conn, admin(), plan_id, "", later, now())
    finished(done(engine, "publish_due"))
    with begin(engine, EVERYWHERE) as conn:
        assert require_current(conn).number == 2
        conn.execute(text("UPDATE plan SET effective_from = now() WHERE state = 'scheduled'"))
    ran = ("publish_due", "prove", "begin_day", "watch_incidents", "take_over")
    left = finished(done(engine, *ran))
    assert {job.status for job in left} == {"succeeded"}
    with begin(engine, EVERYWHERE) as conn:
        assert require_current(conn).number == 3
        run = proofs.last(conn)
        assert (run.exact, run.publication, run.cause) == (True, 3, "night")


def test_every_job_has_its_time(engine):
    queue = jobs.make_queue(engine).with_connector(testing.InMemoryConnector())
    times = {task.task.name: task.cron for task in queue.periodic_registry.periodic_tasks.values()}
    assert times == {
        "publish_due": jobs.EVERY_MINUTE,
        "prove": jobs.AT_NIGHT,
        "retain": jobs.AT_NIGHT,
        "raise_alerts": jobs.AFTER_NIGHT,
        "watch_sources": jobs.AFTER_NIGHT,
        "begin_day": jobs.AFTER_MIDNIGHT,
        "watch_incidents": jobs.EVERY_MINUTE,
        "send_notices": jobs.EVERY_TEN_SECONDS,
        "take_over": jobs.EVERY_MINUTE,
    }


def test_what_is_too_old_goes_at_night_by_the_rules_that_an_operator_set(engine, url):
    def called(*arguments):
        answer = CliRunner().invoke(
            main, ["--json", "retention", *arguments], env={"DATABASE_URL": url}
        )
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.stdout)

    called("set", "notice", "30")
    finished(done(engine, "retain"))
    rules = {one["name"]: one for one in called("list")["rules"]}
    assert (rules["notice"]["days"], rules["notice"]["last_n"]) == (30, 0)
    assert {one["name"] for one in called("run")["gone"]} == set(rules)


def test_the_trail_is_sealed(engine):
    with begin(engine, EVERYWHERE) as conn:
        audit.record(conn, everyone(), "test", "nothing", territory=None)
    assert jobs.seal(engine) > 0
    assert jobs.seal(engine) == 0
    with begin(engine, EVERYWHERE) as conn:
        assert audit.verify(conn).whole


def test_the_doctor_knows_when_the_coverage_was_proven_and_whether_it_was(engine):
    with begin(engine, EVERYWHERE) as conn:
        assert doctor.proof(conn, now()).status == "warn"
        proofs.run(conn, "asked")
        assert doctor.proof(conn, now()).status == "ok"
        assert doctor.proof(conn, now() + timedelta(days=2)).status == "warn"
        damage(conn)
        run = proofs.run(conn, "night")
        assert not run.exact
        assert run.faults[0]["at"]
        found = doctor.proof(conn, now())
        assert (found.status, "faults" in found.said) == ("fail", True)


def damage(conn):
    """Move one vertex of one cell by a lattice step, as no tool would."""
    conn.execute(
        text(
            "UPDATE cell_version SET outline = ST_SetSRID(ST_MakePolygon(ST_SetPoint("
            " ST_ExteriorRing(outline), 1, ST_Translate(ST_PointN(ST_ExteriorRing(outline), 2),"
            " 1e-7, 0))), 4490) WHERE upper_inf(valid) AND cell_id = (SELECT min(cell_id)"
            " FROM cell_version WHERE upper_inf(valid) AND ST_NumInteriorRings(outline) = 0)"
        )
    )


def command(*arguments):
    result = CliRunner().invoke(main, ["--json", *map(str, arguments)])
    return result.exit_code, json.loads(result.output)


def test_a_restored_database_is_proven_and_a_damaged_backup_is_found_out(
    engine, url, tmp_path, monkeypatch
):
    """Case 50."""
    monkeypatch.setenv("DATABASE_URL", url)
    backup, damaged = tmp_path / "sound.dump", tmp_path / "damaged.dump"
    assert command("db", "dump", backup)[0] == 0
    with begin(engine, EVERYWHERE) as conn:
        damage(conn)
    assert command("db", "dump", damaged)[0] == 0
    code, answer = command("db", "restore", backup)
    assert code == 0, answer
    assert (code, answer["exact"], answer["publication"]) == (0, True, 2)
    with engine.begin() as conn:
        conn.execute(text("SET LOCAL ROLE wangge_web"))
        assert conn.execute(text("SELECT count(*) FROM unit")).scalar() > 0
    code, answer = command("db", "restore", damaged)
    assert (code, answer["exact"]) == (1, False)
    assert answer["faults"]
