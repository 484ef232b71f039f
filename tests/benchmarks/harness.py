"""Measure the product and its peers interleaved in one process; compare medians.

On a shared machine seconds say little and ratios much: each round runs the product and every peer
once, so that what disturbs one disturbs the other.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Work = Callable[[], object]


@dataclass(frozen=True)
class Bench:
    """One line of the table: a piece of work, done by us and by peers.

    Attributes
    ----------
    work
        What is done, with its size.
    ours
        The product doing it once.
    peers
        Others doing the same once, by name.
    ratio
        How many times faster than each peer we have to be.
    at_most_s
        Seconds that we may take, where no peer is the measure.
    rounds
        How often each is run; medians count.
    repeat
        How often `ours` does the work in one run: short work is timed in bulk.
    wall
        Measure the clock on the wall instead of processor time (for work in several threads).
    """

    work: str
    ours: Work
    peers: Mapping[str, Work] = field(default_factory=dict)
    ratio: float | None = None
    at_most_s: float | None = None
    rounds: int = 5
    repeat: int = 1
    wall: bool = False


@dataclass(frozen=True)
class Count:
    """One line of the table: a number that has to be as it is wanted."""

    work: str
    number: Callable[[], int]
    wanted: int = 0


@dataclass(frozen=True)
class Spread:
    """One line of the table: single runs of work that differs, their median and 95th percentile.

    Attributes
    ----------
    work
        What is done, with its size.
    seconds
        Does the work and returns the seconds that each run took, and what to say of them.
    at_most_s
        Seconds that the median and the 95th percentile may take.
    quoted
        The figure to reach, as its source states it, printed beside ours.
    percentile
        Another one than the 95th.
    """

    work: str
    seconds: Callable[[], tuple[Sequence[float], str]]
    at_most_s: tuple[float, float]
    quoted: str
    percentile: int = 95


@dataclass(frozen=True)
class Limit:
    """One line of the table: a number that may be so large and no larger."""

    work: str
    number: Callable[[], float]
    at_most: float
    unit: str


@dataclass(frozen=True)
class Row:
    """A measured line, in words; `reached` is None where there is no target.

    Ratios and counts gate; seconds are printed for the reader.
    """

    work: str
    ours: str
    peer: str
    ratio: str
    target: str
    reached: bool | None
    gates: bool = True


def measure(bench: Bench | Count | Limit | Spread) -> Iterator[Row]:
    """Yield one row for each peer of a bench, or a single one."""
    if isinstance(bench, Spread):
        taken, remark = bench.seconds()
        high = statistics.quantiles(taken, n=100)[bench.percentile - 1]
        found = statistics.median(taken), high
        limits = bench.at_most_s
        yield Row(
            f"{bench.work} ({remark})",
            " / ".join(map(_time, found)),
            bench.quoted,
            "",
            "<= " + " / ".join(map(_time, limits)),
            all(ours <= limit for ours, limit in zip(found, limits, strict=True)),
            gates=False,
        )
        return
    if isinstance(bench, Limit):
        reached = (found := bench.number()) <= bench.at_most
        ours, target = f"{found:.1f} {bench.unit}", f"<= {bench.at_most:g} {bench.unit}"
        yield Row(bench.work, ours, "", "", target, reached, gates=False)
        return
    if isinstance(bench, Count):
        number = bench.number()
        yield Row(
            bench.work, f"{number:,}", "", "", f"{bench.wanted:,}", reached=number == bench.wanted
        )
        return
    seconds = _medians(bench)
    ours = seconds.pop("") / bench.repeat
    if not seconds:
        limit = bench.at_most_s
        target = "" if limit is None else f"<= {_time(limit)}"
        reached = None if limit is None else ours <= limit
        yield Row(bench.work, _time(ours), "", "", target, reached, gates=False)
    for name, peer in seconds.items():
        ratio = peer / ours
        target = "" if bench.ratio is None else f">= {bench.ratio:g}x"
        reached = None if bench.ratio is None else ratio >= bench.ratio
        yield Row(
            bench.work, _time(ours), f"{name} {_time(peer)}", f"{ratio:.1f}x", target, reached
        )


def measure_all(benches: Iterable[Bench | Count | Limit | Spread]) -> Iterator[Row]:
    """Yield the rows of all benches as they are measured."""
    for bench in benches:
        yield from measure(bench)


def _medians(bench: Bench) -> dict[str, float]:
    clock = time.perf_counter if bench.wall else time.process_time
    runs: dict[str, Work] = {"": bench.ours, **bench.peers}
    bench.ours()  # compiled code loads, caches fill
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(bench.rounds):
        for name, run in runs.items():
            gc.collect()
            start = clock()
            run()
            taken[name].append(clock() - start)
    return {name: statistics.median(values) for name, values in taken.items()}


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"
