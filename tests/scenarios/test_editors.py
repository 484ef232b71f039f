"""Six people redraw two villages at once: nobody waits for ever, no step is lost, all is proven.

Of each village two editors share a plan, and a third has one of his own; full plans are published,
and what met another publication is decided. `WANGGE_EDITORS_SECONDS` says for how long they work;
without it for a few seconds.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

import pytest
import shapely
from sqlalchemy import Engine, text

from geo.errors import Refusal
from grids import plans, publishing
from grids.db import EVERYWHERE, begin, make_engine
from grids.plan_conflicts import conflicts
from grids.plan_merge import resolve
from grids.publications import prove_in_force
from tests.grids.coverage_factory import COUNTY, VILLAGES, admin, found_small_county
from tests.grids.test_publishing import sign_everything

SECONDS = float(os.environ.get("WANGGE_EDITORS_SECONDS", "8"))
STEPS_A_PLAN = 8
FORK = multiprocessing.get_context("fork")

# Who works where, in which plan.
DESKS = [(VILLAGES[k % 2], title) for k, title in enumerate(("a", "b", "a", "b", "c", "d"))]


@dataclass
class Diary:
    """What one editor did: steps that were acknowledged, by plan, and the seconds of each."""

    steps: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    taken: list[float] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    n_met: int = 0


def work(url, number, until, told):
    """Move vertices of a village until the time is over; runs in the child."""
    engine = make_engine(url, application=f"editor {number}")
    rng = random.Random(number)
    village, title = DESKS[number]
    diary = Diary()
    try:
        while time.monotonic() < until:
            try:
                plan = the_plan(engine, title)
                if plan.version >= STEPS_A_PLAN:
                    try:
                        publish(engine, plan.plan_id, diary)
                    except publishing.Faulty as refusal:
                        give_up(engine, plan.plan_id, refusal, diary)
                else:
                    move_a_vertex(engine, plan, village, rng, diary)
            except Refusal as refusal:
                diary.refused[refusal.code] += 1
        told.put((number, diary))
    except BaseException as error:
        told.put((number, repr(error)))
        raise


def the_plan(engine: Engine, title: str) -> plans.Plan:
    """Return the open plan of this desk, a new one if there is none."""
    with begin(engine, COUNTY) as conn:
        conn.execute(text("SELECT pg_advisory_xact_lock(1, hashtext(:title))"), {"title": title})
        there = [p for p in plans.list_all(conn, admin()) if p.title == title and p.is_open]
        return there[0] if there else plans.create(conn, admin(), title)


def move_a_vertex(engine: Engine, plan: plans.Plan, village: str, rng, diary: Diary) -> None:
    with begin(engine, COUNTY) as conn:
        here = plans.cells(conn, admin(), plan.plan_id, villages=[village])
    at = rng.choice(shapely.get_coordinates(rng.choice(here.outline)).tolist())
    to = [round(value + rng.uniform(-2e-5, 2e-5), 7) for value in at]
    begun = time.perf_counter()
    with begin(engine, COUNTY) as conn:
        plans.move_vertex(conn, admin(), plan.plan_id, at, to, version=plan.version)
    diary.taken.append(time.perf_counter() - begun)
    diary.steps[plan.plan_id] += 1


def publish(engine: Engine, plan_id: UUID, diary: Diary) -> None:
    """Publish a full plan; what others published meanwhile is kept as theirs."""
    with begin(engine, COUNTY) as conn:
        met = conflicts(conn, admin(), plan_id)
        if met:
            resolve(conn, admin(), plan_id, {one.cell_id: "theirs" for one in met})
            diary.n_met += 1
        if plans.get(conn, admin(), plan_id).n_changed == 0:
            plans.withdraw(conn, admin(), plan_id)
            return
        sign_everything(conn, plan_id)
        made = publishing.publish(conn, admin(), plan_id, "", draw=False)
    diary.published.append(made.number)


def give_up(engine: Engine, plan_id: UUID, refusal: Refusal, diary: Diary) -> None:
    """Withdraw a plan that moved borders about until a rule was broken."""
    diary.refused.update(fault["code"] for fault in refusal.facts["faults"])
    with begin(engine, COUNTY) as conn:
        plans.withdraw(conn, admin(), plan_id)


@pytest.fixture
def county_url(clone):
    url = clone()
    engine = make_engine(url, pooled=False)
    with begin(engine, EVERYWHERE) as conn:
        found_small_county(conn)
    return url


def test_six_editors_in_two_villages_lose_no_step_and_leave_a_proven_county(county_url):
    told = FORK.Queue()
    until = time.monotonic() + SECONDS
    editors = [
        FORK.Process(target=work, args=(county_url, number, until, told))
        for number in range(len(DESKS))
    ]
    for editor in editors:
        editor.start()
    diaries = [told.get(timeout=SECONDS + 120)[1] for _ in editors]
    for editor in editors:
        editor.join()
    assert [diary for diary in diaries if isinstance(diary, str)] == []
    tell(diaries)
    finish(make_engine(county_url, pooled=False), diaries[0])
    with begin(make_engine(county_url, pooled=False), EVERYWHERE) as conn:
        moves = "SELECT plan_id, count(*) FROM plan_step WHERE tool = 'move' GROUP BY plan_id"
        assert dict(iter(conn.execute(text(moves)))) == sum((d.steps for d in diaries), Counter())
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert conn.execute(text(deadlocks)).scalar() == 0
        made = conn.execute(text("SELECT number FROM publication WHERE number > 2 ORDER BY 1"))
        assert list(made.scalars()) == sorted(n for d in diaries for n in d.published)
        assert prove_in_force(conn).exact
        assert conn.execute(text("SELECT count(*) FROM coverage_residue()")).scalar() == 0
    assert sum(len(diary.taken) for diary in diaries) > 0


def finish(engine: Engine, diary: Diary) -> None:
    """Publish what is still open, so that every step has met the others by the end."""
    with begin(engine, COUNTY) as conn:
        left = [plan.plan_id for plan in plans.list_all(conn, admin()) if plan.is_open]
    for plan_id in left:
        try:
            publish(engine, plan_id, diary)
        except publishing.Faulty as refusal:
            give_up(engine, plan_id, refusal, diary)


def tell(diaries: list[Diary]) -> None:
    """Print what they did, for who asks with `-s`."""
    taken = sorted(seconds for diary in diaries for seconds in diary.taken)
    refused = sum((diary.refused for diary in diaries), Counter())
    print(
        f"\n{len(taken)} steps, median {statistics.median(taken) * 1e3:.0f} ms, p95"
        f" {taken[int(len(taken) * 0.95)] * 1e3:.0f} ms; refused {dict(refused)};"
        f" {sum(len(d.published) for d in diaries)} publications,"
        f" {sum(d.n_met for d in diaries)} of plans in conflict"
    )
