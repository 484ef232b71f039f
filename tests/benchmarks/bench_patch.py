"""The tools of the boundary studio on the invented county, each edit with its proof."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator

import numpy as np
import shapely

from geo.errors import Refusal
from geo.patch import Cell, assign, merge
from geo.patch_split import split
from tests.benchmarks.data import county
from tests.benchmarks.harness import Bench

EDITS = 100


def benches() -> Iterator[Bench]:
    """Yield what is measured; times are the mean of one edit among a hundred."""
    made = county()
    cells = [
        Cell(k, str(village), str(grid), str(k), outline)
        for k, (outline, grid, village) in enumerate(
            zip(made.cells, made.grid_of, made.village_of, strict=True)
        )
    ]
    tree = shapely.STRtree(made.cells)
    rng = np.random.default_rng(5)
    work = []
    for grid in rng.choice(made.grid_of.max() + 1, EDITS, replace=False).astype(str).tolist():
        outline = shapely.coverage_union_all([c.outline for c in cells if c.grid == grid])
        near = [cells[k] for k in np.sort(tree.query(outline, predicate="intersects"))]
        others = [c.grid for c in near if c.grid != grid and c.village == near[0].village]
        work.append((near, grid, others[0] if others else grid, _line(outline, rng)))

    def splits() -> None:
        for near, grid, _, line in work:
            _try(split, near, grid, line, "new", itertools.count(10**6))

    def merges() -> None:
        for near, grid, other, _ in work:
            _try(merge, near, grid, other)

    def assigns() -> None:
        for near, grid, other, _ in work:
            _try(assign, near, [next(c.id for c in near if c.grid == grid)], other)

    for name, edits in (("split by a line", splits), ("merge", merges), ("assign a cell", assigns)):
        yield Bench(f"{name}, proven", edits, at_most_s=0.02, repeat=EDITS, rounds=3)


def _line(outline: shapely.Polygon, rng: np.random.Generator) -> shapely.LineString:
    west, south, east, north = outline.bounds
    centre = np.array(outline.point_on_surface().coords[0])
    turn = rng.uniform(0, np.pi)
    reach = np.array([np.cos(turn), np.sin(turn)]) * np.hypot(east - west, north - south)
    shake = rng.normal(size=(2, 2)) * np.hypot(*reach) * 0.03
    return shapely.LineString(
        [
            centre - reach,
            centre - reach * 0.2 + shake[0],
            centre + reach * 0.25 + shake[1],
            centre + reach,
        ]
    )


def _try(edit: Callable[..., object], *given: object) -> None:
    """Run an edit, of which some are refused: their time counts as well."""
    with contextlib.suppress(Refusal):
        edit(*given)
