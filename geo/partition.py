"""An area divided into parts of equal households that hang together.

Recursive bisection gives a first division (`partition_bisect`), moves of single units over the
borders make it balanced and compact (`partition_refine`), on units that stay whole
(`partition_graph`). The same seed gives the same answer.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.coverage_kernels import connected
from geo.errors import GeoError
from geo.lattice import Keys
from geo.partition_bisect import bisect
from geo.partition_graph import UnitGraph, unit_place
from geo.partition_refine import Net, mend, refine

# A bank that a barrier cuts off is divided on its own when it has at least this share of a mean.
_OWN_BANK = 0.5


class NobodyThere(GeoError):
    """There is no household in the area, so nothing can be balanced."""

    code = "partition.nobody"
    sentence = "No household lies in the area: there is nothing to balance."


class TooManyParts(GeoError):
    """More parts than units that somebody lives in."""

    code = "partition.too_many"
    sentence = "{k} parts are wanted, but only {n_units} units have a household in them."


class Scattered(GeoError):
    """The area lies in more pieces than there shall be parts, or one has no household."""

    code = "partition.scattered"
    sentence = (
        "The area lies in {n_pieces} pieces, {n_empty} of them without households: "
        "it cannot become {k} parts that each hang together."
    )


@dataclass(frozen=True, slots=True)
class Excess:
    """A unit with more households than any part should have; it cannot be divided.

    `n` households, `over` more than the `mean` of the parts around it, in `part`, at [lon, lat].
    """

    unit: int
    part: int
    n: float
    over: float
    mean: float
    at: list[float] | None


@dataclass(frozen=True, eq=False)
class Partition:
    """A division of units into parts.

    Attributes
    ----------
    part
        Number of each unit's part, 0 .. k - 1; no part is empty, each hangs together.
    weight
        Households of each part.
    compactness
        4 pi area / perimeter^2 of each part (Polsby and Popper 1991): 1 for a circle.
    n_across
        Parts that reach over a barrier because there was no better way.
    excess
        Units that are too big to be balanced, the largest first.
    """

    part: Keys
    weight: NDArray[np.float64]
    compactness: NDArray[np.float64]
    n_across: int
    excess: tuple[Excess, ...]

    @property
    def max_mean(self) -> float:
        """The most households of a part over the mean."""
        return float(self.weight.max() / self.weight.mean())

    @property
    def min_mean(self) -> float:
        """The fewest households of a part over the mean."""
        return float(self.weight.min() / self.weight.mean())


def partition(graph: UnitGraph, k: int, *, seed: int = 0, tries: int = 1) -> Partition:
    """Return k parts of about equal households, each connected.

    Parameters
    ----------
    graph
        The units and their borders.
    k
        Number of parts, at least 1.
    seed
        Of everything random: the order of moves, and the directions of tries after the first.
    tries
        How many divisions are made; the best is kept.

    Raises
    ------
    NobodyThere
        If no unit has a household.
    TooManyParts
        If fewer than k units have one.
    Scattered
        If the area lies in more than k pieces or in one without households; `at` is in the
        smallest.

    Notes
    -----
    Barriers are respected where it can be: what they divide is divided on its own as long as each
    bank has half a mean of households and there are at least as many parts as banks. A smaller
    bank joins the one across its longest barrier. Pieces of a scattered area get one part at
    least. A unit above the mean of the others is counted as that mean, so that the rest is still
    balanced; see `excess`.
    """
    lived = int((graph.weight > 0).sum())
    if lived == 0:
        raise NobodyThere()
    if k > lived:
        raise TooManyParts(k=k, n_units=lived)
    mean = _fair_mean(graph.weight, k)
    capped = np.minimum(graph.weight, mean)
    bank = _banks(graph, capped, k)
    part = np.full(len(graph), -1, np.int64)
    first = 0
    for number, share in enumerate(_shares(graph, bank, capped, k)):
        own = np.flatnonzero(bank == number)
        part[own] = first + _divided(graph, capped, own, share, seed, tries)
        first += share
    return _answer(graph, part, k, mean)


def contiguous(graph: UnitGraph, part: Keys) -> bool:
    """Return whether every part hangs together along edges."""
    same = part[graph.i] == part[graph.j]
    piece = connected(len(graph), graph.i[same], graph.j[same])
    return len(np.unique(piece)) == len(np.unique(part))


def _fair_mean(weight: NDArray[np.float64], k: int) -> float:
    """Return the mean of the parts when units above it count for one part each."""
    heavy = np.sort(weight)[::-1]
    rest = float(heavy.sum())
    for n_alone in range(min(k - 1, len(heavy))):
        mean = rest / (k - n_alone)
        if heavy[n_alone] <= mean:
            return mean
        rest -= float(heavy[n_alone])
    return rest / max(k - min(k - 1, len(heavy)), 1)


def _banks(graph: UnitGraph, weight: NDArray[np.float64], k: int) -> Keys:
    """Return the bank of each unit, numbered from 0: what is divided on its own."""
    n = len(graph)
    open_ = ~graph.barred
    bank = connected(n, graph.i[open_], graph.j[open_])
    least = _OWN_BANK * float(weight.sum()) / k
    while True:
        load = np.bincount(bank, weight)
        one, other = bank[graph.i], bank[graph.j]
        across = one != other
        if len(load) <= k:
            across &= (load[one] < least) | (load[other] < least)
        if not across.any():
            return bank
        ends = np.concatenate((one[across], other[across]))
        joins = int(ends[np.argmin(load[ends])])
        touching = across & ((one == joins) | (other == joins))
        beside = np.where(one == joins, other, one)[touching]
        bank[bank == joins] = np.bincount(beside, graph.border_m[touching]).argmax()
        bank = np.unique(bank, return_inverse=True)[1]


def _shares(graph: UnitGraph, bank: Keys, weight: NDArray[np.float64], k: int) -> list[int]:
    """Return how many of k parts each bank gets: the least crowded division of whole parts."""
    load = np.bincount(bank, weight)
    lived = np.bincount(bank, weight > 0)
    n_empty = int((lived == 0).sum())
    if len(load) > k or n_empty:
        smallest = int(np.flatnonzero(bank == int(load.argmin()))[0])
        at = unit_place(graph, smallest)
        raise Scattered(n_pieces=len(load), n_empty=n_empty, k=k, at=at)
    share = [1] * len(load)
    crowd = [(-float(load[b]), b) for b in range(len(load)) if lived[b] > 1]
    heapq.heapify(crowd)
    for _ in range(k - len(load)):
        _, b = heapq.heappop(crowd)
        share[b] += 1
        if share[b] < lived[b]:
            heapq.heappush(crowd, (-float(load[b]) / share[b], b))
    return share


def _divided(
    graph: UnitGraph, weight: NDArray[np.float64], own: Keys, k: int, seed: int, tries: int
) -> Keys:
    """Return the best division of some units that hang together into k parts."""
    if k == 1:
        return np.zeros(len(own), np.int64)
    number = np.full(len(graph), -1, np.int64)
    number[own] = np.arange(len(own))
    inner = (number[graph.i] >= 0) & (number[graph.j] >= 0)
    edges = number[graph.i[inner]], number[graph.j[inner]], graph.border_m[inner]
    here = weight[own]
    net = Net.of(here, graph.area_m2[own], graph.outer_m[own], edges)
    best: tuple[float, Keys] | None = None
    for attempt in range(tries):
        rng = np.random.default_rng((seed, attempt))
        turned = rng if attempt else None
        part = mend(net, bisect(graph.places[own], here, edges, k, turned), k)
        part, cost = refine(net, part, k, rng, mean=float(here.sum()) / k)
        if best is None or cost < best[0]:
            best = cost, part
    assert best is not None
    return best[1]


def _answer(graph: UnitGraph, part: Keys, k: int, mean: float) -> Partition:
    border = np.bincount(part, graph.outer_m, minlength=k)
    cut = part[graph.i] != part[graph.j]
    for end in (graph.i, graph.j):
        border += np.bincount(part[end[cut]], graph.border_m[cut], minlength=k)
    area = np.bincount(part, graph.area_m2, minlength=k)
    weight = np.zeros(k)
    np.add.at(weight, part, graph.weight)
    over = np.flatnonzero(graph.weight > mean * (1 + 1e-9))
    return Partition(
        part=part,
        weight=weight,
        compactness=4 * np.pi * area / border**2,
        n_across=len(np.unique(part[graph.i[graph.barred & ~cut]])),
        excess=tuple(
            Excess(
                unit=int(unit),
                part=int(part[unit]),
                n=float(graph.weight[unit]),
                over=float(graph.weight[unit]) - mean,
                mean=mean,
                at=unit_place(graph, int(unit)),
            )
            for unit in over[np.argsort(-graph.weight[over], kind="stable")]
        ),
    )
