"""The proof and the tools of the boundary studio on the invented county of 10,386 cells.

Each edit is timed alone, on what the server reads for it: the grids concerned and the cells that
touch them. The county changes under the work, as it does under a day's work of people. Figures
called quoted are those that BOUNDARIES.md 3.2 states for its prototype and for PostGIS topology;
they were not measured in this run.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import shapely
from shapely.ops import split as cut_in_two

from geo.coverage import prove
from geo.errors import Refusal
from geo.patch import Cell, Patch
from geo.patch_split import split
from tests.benchmarks.data import county
from tests.benchmarks.harness import Bench, Spread
from tests.geo import edits

EDITS = 100


class Tool(NamedTuple):
    """A tool, what it does, and the figures to reach: median and 95th percentile."""

    name: str
    work: str
    quoted: str
    median_ms: float
    p95_ms: float


TOOLS = {
    "move": Tool("move_vertex", "move a vertex or a node", "PostGIS topology 4-8 ms", 2.1, 9.4),
    "redraw": Tool("redraw_arcs", "redraw an arc", "PostGIS topology 4-8 ms", 2.1, 9.4),
    "split": Tool("split", "split a grid by a line", "PostGIS topology 16-18 ms", 13.0, 21.0),
    "merge": Tool("merge", "merge two grids", "prototype", 1.3, 6.0),
    "assign": Tool("assign", "give a cell to another grid", "merge in the prototype", 1.3, 6.0),
    "nibble": Tool("nibble", "nibble land for a grid", "prototype", 2.8, 4.8),
    "reshape": Tool("reshape", "reshape a border by a line", "prototype", 5.3, 9.5),
    "draw": Tool("draw_grid", "draw a grid on free land", "prototype", 3.1, 9.5),
}


def benches() -> Iterator[Bench | Spread]:
    """Yield what is measured: the proofs beside GEOS, then each tool."""
    made = county()
    yield Bench(
        "prove 10,386 cells (quoted: prototype 365 ms)",
        lambda: prove(made.cells, made.outline),
        {"coverage_is_valid, which misses holes": lambda: shapely.coverage_is_valid(made.cells)},
        ratio=1.0,
    )
    patches, rings = _rings_of_neighbours()

    def proofs() -> None:
        for patch in patches:
            patch.prove()

    def checks() -> None:
        for ring in rings:
            shapely.coverage_is_valid(ring)

    yield Bench(
        "prove a patch of a cell and all that touch it (quoted: prototype 0.59 ms)",
        proofs,
        at_most_s=0.59e-3,
        repeat=EDITS,
    )
    yield Bench("the same 100 patches by coverage_is_valid, for scale", checks, repeat=EDITS)
    yield _cuts()
    ground = edits.Ground(edits.cells_of(made))
    hand = edits.Hand(ground, np.random.default_rng(1))
    for _ in range(EDITS):
        _try(ground, hand, "free")  # land to draw new grids on
    for wish, tool in TOOLS.items():
        yield Spread(
            f"{tool.work}, proven",
            partial(_edits, ground, hand, wish),
            (tool.median_ms * 1e-3, tool.p95_ms * 1e-3),
            f"quoted: {tool.quoted}",
        )


def _try(ground: edits.Ground, hand: edits.Hand, wish: str) -> None:
    patch = hand.try_one(wish)
    if patch is not None:
        ground.apply(patch)


def _edits(ground: edits.Ground, hand: edits.Hand, wish: str) -> tuple[list[float], str]:
    """Return the seconds of each call of a tool, and how many were granted and refused."""
    hand.seconds.clear()
    hand.outcomes.clear()
    for _ in range(EDITS):
        _try(ground, hand, wish)
    made = hand.outcomes[wish, "ok"]
    return hand.seconds[TOOLS[wish].name], f"{made} made, {EDITS - made} refused"


def _rings_of_neighbours() -> tuple[list[Patch], list[list[shapely.Polygon]]]:
    cells, rng = county().cells, np.random.default_rng(5)
    tree = shapely.STRtree(cells)
    patches, rings = [], []
    for k in rng.integers(len(cells), size=EDITS):
        near = tree.query(cells[k], predicate="intersects")
        old = tuple(Cell(int(n), "v", "g", None, cells[n]) for n in near)
        copies = shapely.transform([c.outline for c in old], lambda xy: xy + 0.0)
        new = tuple(Cell(c.id, "v", "g", None, o) for c, o in zip(old, copies, strict=True))
        patches.append(Patch(old, new))
        rings.append([c.outline for c in old])
    return patches, rings


def _cuts() -> Bench:
    """Return the split of grids beside Shapely's, which leaves neighbours without the nodes."""
    made, rng = county(), np.random.default_rng(5)
    ground = edits.Ground(edits.cells_of(made))
    jobs = []
    for grid in rng.choice(made.grid_of.max() + 1, EDITS, replace=False):
        land = ground.land(f"g{grid}")
        line = edits.a_line_through(land, rng)
        jobs.append((ground.touching(land), f"g{grid}", line))

    def ours() -> None:
        for near, grid, line in jobs:
            with contextlib.suppress(Refusal):
                split(near, grid, line, "n0", itertools.count(10**6), further_grids=["n1", "n2"])

    def shapely_alone() -> None:
        for near, grid, line in jobs:
            for cell in near:
                if cell.grid == grid:
                    for part in cut_in_two(cell.outline, line).geoms:
                        shapely.difference(cell.outline, part)

    return Bench(
        "100 splits of a grid, proven",
        ours,
        {"shapely.ops.split + difference of its cells, unproven": shapely_alone},
    )
