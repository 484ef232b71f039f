"""Two devices of a worker come back with what was done without a signal: each deed counts once.

50 reports and 150 steps lie in two outboxes. They arrive in any order, each at least twice; what
comes too early is refused and sent again, as an outbox does.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from grids import incidents
from grids.errors import NotFound, StaleRecord
from grids.incidents import IncidentReport
from grids.model import Role, Viewer
from grids.workflow import WrongStep

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
INCIDENTS = 50
STEPS = (("accept", ""), ("start", ""), ("resolve", "已处理完毕"))

Deed = Callable[[], object]


@pytest.fixture
def worker(make) -> tuple[Viewer, str]:
    """A worker on duty for a grid, and the grid's code."""
    make.matter()
    (grid,) = make.grids(1, 1)
    person = make.duty(grid.code, "primary", name="李网格")
    return Viewer(person, "李网格", Role.WORKER, grid.code), grid.code


class Outboxes:
    """What two devices have kept: deeds by their keys, in the order in which they were done."""

    def __init__(self, conn, viewer: Viewer, grid: str) -> None:
        self.conn, self.viewer, self.grid = conn, viewer, grid
        self.known: dict[str, UUID] = {}
        self.answers: dict[str, set[object]] = {}

    def report(self, key: str) -> Deed:
        def send() -> object:
            said = IncidentReport(
                "phone", key, "0201", f"路面积水 {key}", unit_code=self.grid, channel="phone"
            )
            receipt, _ = incidents.receive(self.conn, self.viewer, said, NOW)
            self.known[key] = receipt.incident_id
            return receipt.number

        return send

    def step(self, report_key: str, n: int) -> Deed:
        action, note = STEPS[n]

        def send() -> object:
            if report_key not in self.known:  # the device does not know the incident yet
                raise NotFound(what="incident", key=report_key)
            incidents.step(
                self.conn,
                self.viewer,
                self.known[report_key],
                action,
                version=1 + n,
                now=NOW,
                note=note,
                key=f"{report_key} {action}",
            )
            return action

        return send


def test_two_hundred_deeds_of_two_devices_in_any_order_count_once_each(conn, worker):
    rng = random.Random(200)
    boxes = Outboxes(conn, *worker)
    deeds: dict[str, Deed] = {}
    for i in range(INCIDENTS):
        key = f"device-{i % 2} report-{i:03d}"
        deeds[key] = boxes.report(key)
        for n, (action, _) in enumerate(STEPS):
            deeds[f"{key} {action}"] = boxes.step(key, n)
    assert len(deeds) == 200
    waiting = [key for key in deeds for _ in range(2)]
    refused: Counter[str] = Counter()
    while waiting:
        rng.shuffle(waiting)
        too_early = []
        for key in waiting:
            try:
                with conn.begin_nested():
                    boxes.answers.setdefault(key, set()).add(deeds[key]())
            except (NotFound, StaleRecord, WrongStep) as refusal:
                refused[refusal.code] += 1
                too_early.append(key)
        assert len(too_early) < len(waiting), "nothing moves any more"
        waiting = too_early
    assert sum(refused.values()) > 100
    assert all(len(said) == 1 for said in boxes.answers.values())
    by_action = dict(
        conn.execute(text("SELECT action, count(*) FROM incident_step GROUP BY action")).all()
    )
    assert by_action == {"report": INCIDENTS} | {action: INCIDENTS for action, _ in STEPS}
    orders = conn.execute(
        text("SELECT string_agg(action, ' ' ORDER BY seq) FROM incident_step GROUP BY incident_id")
    ).scalars()
    assert set(orders) == {"report accept start resolve"}
    ended = conn.execute(text("SELECT step, version, count(*) FROM incident GROUP BY 1, 2")).all()
    assert ended == [("resolved", 4, INCIDENTS)]
