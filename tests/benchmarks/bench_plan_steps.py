"""Boundary steps over HTTP on the full county: what a person waits for after letting go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely

from grids import staff
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from grids.publications import cells_in_force
from tests.benchmarks.county_database import COUNTY, county_urls
from tests.benchmarks.harness import Spread
from tests.web.conftest import KEYS, Caller
from web.app import create_app
from web.config import Config

N = 40
QUOTED = "an answer in 50 ms"
LIMITS = (0.050, 0.120)

Body = dict[str, Any]


def benches() -> Iterator[Spread]:
    """Yield what is measured; each prepares its data when its turn comes."""
    owner, web = county_urls()
    desk = Desk(owner, web)
    for work, bodies in (
        ("move a vertex of a border between grids", desk.moves),
        ("split a grid by a line", desk.splits),
        ("give a cell to the grid beside it", desk.assigns),
    ):
        yield Spread(
            f"{work}: the step over HTTP, with proof, impact and checks",
            lambda bodies=bodies: desk.steps(bodies()),
            LIMITS,
            QUOTED,
        )
    yield Spread("the borders of a village over HTTP", desk.arcs, LIMITS, QUOTED)


class Desk:
    """A grid administrator of the whole county, and the county's cells."""

    def __init__(self, owner: str, web: str) -> None:
        engine = make_engine(owner)
        with begin(engine, EVERYWHERE) as conn:
            root = everyone()
            person = staff.add_person(conn, root, "desk", COUNTY)
            grant = staff.grant(conn, root, person, Role.GRID_ADMIN, COUNTY)
            token = staff.add_token(conn, root, person, grant, "desk", now=datetime.now(UTC))
            self.there = cells_in_force(conn)
        config = Config(
            web_url=web,
            session_key=b"s" * 32,
            phone_keys=KEYS,
            secure_cookies=False,
            testing=True,
        )
        self.caller = Caller(create_app(config), token)
        self.rng = np.random.default_rng(7)

    def plan(self) -> str:
        answer = self.caller.post("/api/v1/plans", {"title": "bench"})
        return f"/api/v1/plans/{answer.json['plan_id']}"

    def steps(self, bodies: Iterator[Body]) -> tuple[list[float], str]:
        """Make steps, each the first of a plan, and return the seconds of those that were made."""
        seconds: list[float] = []
        refused = 0
        while len(seconds) < N:
            path, body = self.plan(), next(bodies)
            taken, answer = _timed(
                lambda path=path, body=body: self.caller.post(f"{path}/steps", body)
            )
            if answer.status_code == 200:
                seconds.append(taken)
            else:
                refused += 1
        return seconds, f"{len(seconds)} steps, {refused} refused"

    def arcs(self) -> tuple[list[float], str]:
        path = self.plan()
        seconds, n = [], 0
        for village in self.rng.choice(np.unique(self.there.village.astype(str)), N):
            taken, answer = _timed(
                lambda v=str(village): self.caller.get(f"{path}/arcs?village={v}")
            )
            seconds.append(taken)
            n += len(answer.json["features"])
        return seconds, f"{n // N} arcs each"

    def splits(self) -> Iterator[Body]:
        for grid in self.rng.permutation(np.unique(self.there.grid.astype(str))):
            land = shapely.coverage_union_all(self.there.outline[self.there.grid == grid])
            at, angle = land.representative_point(), self.rng.uniform(0, np.pi)
            dx, dy = 0.02 * float(np.cos(angle)), 0.02 * float(np.sin(angle))
            line = [[at.x - dx, at.y - dy], [at.x + dx, at.y + dy]]
            yield {"version": 0, "tool": "split", "grid_code": str(grid), "line": line}

    def assigns(self) -> Iterator[Body]:
        for arc in self._borders():
            facts = arc["properties"]
            yield {
                "version": 0,
                "tool": "assign",
                "cell_ids": [facts["left"]],
                "grid_code": facts["right_grid"],
                "loose": "keep",
            }

    def moves(self) -> Iterator[Body]:
        for arc in self._borders():
            before = arc["geometry"]["coordinates"]
            after = [list(at) for at in before]
            x, y = after[len(after) // 2]
            east, north = self.rng.uniform(-1e-4, 1e-4, 2).tolist()
            after[len(after) // 2] = [x + east, y + north]
            arcs = [{"before": before, "after": after}]
            yield {"version": 0, "tool": "move", "arcs": arcs, "loose": "keep"}

    def _borders(self) -> Iterator[Body]:
        """Yield borders between two grids of a village, one a village."""
        path = self.plan()
        for village in self.rng.permutation(np.unique(self.there.village.astype(str))):
            found = self.caller.get(f"{path}/arcs?village={village}").json["features"]
            found = [a for a in found if a["properties"]["kind"] == "grid"]
            found = [a for a in found if len(a["geometry"]["coordinates"]) > 3]
            if found:
                yield found[self.rng.integers(len(found))]


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    done = work()
    return time.perf_counter() - start, done
