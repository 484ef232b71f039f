"""What a scan asks, and how it goes when nothing but chance is at work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from geo.hotspots import scan_kernels as kernels
from geo.hotspots.result import Floats, Ints
from geo.hotspots.zones import Zones

# Replicates side by side: few more fit into the cache, with fewer the loops around them weigh more.
_TODAY, _EVER = 64, 32
# Steps of the threshold table per expected case, and its longest length.
_STEPS, _LONGEST = 64.0, 4_000_000

Draw = Callable[[kernels.Counts, kernels.State], None]


class Null(Protocol):
    """How cases fall when only chance is at work."""

    def sampler(self, asked: Question, days: Ints) -> Callable[[], Draw]:
        """Return what makes a drawing for these days; each drawing has memory of its own."""

    def most(self, asked: Question, days: Ints) -> int:
        """Return how many cases may fall on these days in a replicate."""


@dataclass(frozen=True, slots=True)
class Question:
    """Cases and window sizes by unit and day.

    Attributes
    ----------
    counts, sizes
        Cases, and expected cases or individuals, shape (n, days).
    total
        All cases.
    everybody
        All individuals (Bernoulli), else 0.
    null
        How the cases of a replicate are drawn.
    """

    counts: Ints
    sizes: Floats
    total: int
    everybody: float
    null: Null

    def expected(self, size: float) -> float:
        """Return the cases expected in a window of this size."""
        return size * self.total / self.everybody if self.everybody else size

    def relative_risk(self, observed: int, size: float) -> float:
        """Return the risk inside a window over the risk outside; infinite without cases there."""
        whole = self.everybody or float(self.total)
        outside = (self.total - observed) / (whole - size) if whole > size else 0.0
        return observed / size / outside if outside > 0 else float("inf")


class Permuted:
    """Whoever had a case, on a day of another case."""

    def sampler(self, asked: Question, days: Ints) -> Callable[[], Draw]:
        """Shuffle the units of all cases over the days."""
        n = len(asked.counts)
        small = np.uint16 if n <= np.iinfo(np.uint16).max else np.int32
        units = np.repeat(np.arange(n, dtype=small), asked.counts.sum(1))
        n_drawn = asked.counts.sum(0)[days]

        def drawing() -> Draw:
            own = units.copy()
            return lambda counts, state: kernels.draw_permuted(own, n_drawn, counts, state)

        return drawing

    def most(self, asked: Question, days: Ints) -> int:
        """Return the cases of these days: the permutation keeps them."""
        return int(asked.counts[:, days].sum())


class Thrown:
    """Each case anywhere, as likely as there are people at risk."""

    def sampler(self, asked: Question, days: Ints) -> Callable[[], Draw]:
        """Throw all cases over units and days by an alias table."""
        weights = asked.sizes[:, days].ravel()
        elsewhere = max(float(asked.sizes.sum()) - float(weights.sum()), 0.0)
        kept, alias = _alias(np.append(weights, elsewhere))

        def drawing() -> Draw:
            return lambda counts, state: kernels.draw_expected(
                kept, alias, asked.total, counts, state
            )

        return drawing

    def most(self, asked: Question, days: Ints) -> int:
        """Return all cases."""
        return asked.total


class Labelled:
    """Any of the individuals, all alike."""

    def sampler(self, asked: Question, days: Ints) -> Callable[[], Draw]:
        """Call as many individuals cases as there are, at random."""
        n, n_days = asked.counts.shape
        slot = np.full(n_days, -1)
        slot[days] = np.arange(len(days))
        cell = np.arange(n)[:, np.newaxis] * len(days) + slot
        cell[:, slot < 0] = -1
        cells = np.repeat(cell.ravel(), asked.sizes.astype(np.int64).ravel())

        def drawing() -> Draw:
            own = cells.copy()
            return lambda counts, state: kernels.draw_labels(own, asked.total, counts, state)

        return drawing

    def most(self, asked: Question, days: Ints) -> int:
        """Return all cases."""
        return asked.total


def maxima(
    asked: Question,
    zones: Zones,
    *,
    max_days: int,
    ends_today: bool,
    min_cases: int,
    floor: float,
    replicates: int,
    seed: int,
    threads: int,
) -> Floats:
    """Return the highest score of each replicate, 0 where it stays below `floor`.

    Replicates go in batches, each with a generator seeded by its number: the answer does not
    depend on how many threads share the batches.
    """
    days = np.arange(asked.counts.shape[1])
    sizes = asked.sizes
    if ends_today:
        days = days[::-1][:max_days]
        sizes = np.cumsum(sizes[:, days], axis=1)
    side_by_side = _TODAY if ends_today else _EVER
    drawing = asked.null.sampler(asked, days)
    kind = np.int16 if asked.null.most(asked, days) < np.iinfo(np.int16).max else np.int32
    look = (_looking_today if ends_today else _looking_ever)(
        asked, zones, sizes, max_days, max(min_cases, 1), floor, kind
    )
    n_batches = -(-replicates // side_by_side)

    def batch(number: int) -> Floats:
        state = np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)
        counts = np.empty((zones.n, len(days), side_by_side), kind)
        best = np.zeros(side_by_side)
        drawing()(counts, state.astype(np.uint64))
        if ends_today:
            kernels.accumulate(counts)
        look(counts, best)
        return best

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        found = np.concatenate(list(pool.map(batch, range(n_batches))))
    return np.asarray(found[:replicates], dtype=np.float64)


def _looking_today(
    asked: Question, zones: Zones, sizes: Floats, _: int, least: int, floor: float, kind: Any
) -> Callable[[kernels.Counts, Floats], None]:
    table, resolution = _table(asked, zones, sizes[:, -1], least, floor)
    thresholds = np.empty((zones.members.size, sizes.shape[1]), kind)
    where = (zones.indptr, zones.members)
    kernels.window_thresholds(sizes, *where, zones.closes, table, resolution, thresholds)

    def look(counts: kernels.Counts, best: Floats) -> None:
        kernels.maxima_today(counts, sizes, *where, thresholds, asked.total, asked.everybody, best)

    return look


def _looking_ever(
    asked: Question, zones: Zones, sizes: Floats, max_days: int, least: int, floor: float, _: Any
) -> Callable[[kernels.Counts, Floats], None]:
    table, resolution = _table(asked, zones, sizes.sum(1), least, floor)

    def look(counts: kernels.Counts, best: Floats) -> None:
        kernels.maxima_ever(
            counts,
            sizes,
            zones.indptr,
            zones.members,
            zones.closes,
            max_days,
            table,
            resolution,
            asked.total,
            asked.everybody,
            best,
        )

    return look


def _table(
    asked: Question, zones: Zones, sizes: Floats, least: int, floor: float
) -> tuple[Ints, float]:
    """Return the threshold table up to the largest circle, and its steps per unit of size."""
    held = np.concatenate(([0.0], np.cumsum(sizes[zones.members])))
    largest = float((held[zones.indptr[1:]] - held[zones.indptr[:-1]]).max(initial=0.0)) + 1.0
    resolution = min(1.0 if asked.everybody else _STEPS, _LONGEST / largest)
    n = int(largest * resolution) + 2
    # A hair below the floor: the window that set it has to be found again.
    table = kernels.threshold_table(
        floor - 1e-9, n, resolution, asked.total, asked.everybody, least
    )
    return table, resolution


def _alias(weights: Floats) -> tuple[Floats, Ints]:
    """Return Walker's (1977) alias table by Vose's (1991) method: kept share and other cell."""
    scaled = weights * (weights.size / weights.sum())
    kept, alias = np.ones(weights.size), np.arange(weights.size)
    small = list(np.flatnonzero(scaled < 1.0))
    large = list(np.flatnonzero(scaled >= 1.0))
    while small and large:
        less, more = small.pop(), large[-1]
        kept[less], alias[less] = scaled[less], more
        scaled[more] -= 1.0 - scaled[less]
        if scaled[more] < 1.0:
            small.append(large.pop())
    return kept, alias.astype(np.int64)
