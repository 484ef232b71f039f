"""Compiled kernels of the scan statistic.

A window is a circle times a run of days. Its size (expected cases, or individuals) is fixed by
the margins in every replicate. So for a score that is of interest at all, the smallest count that
reaches it is tabulated once per window, and the inner loop over many replicates side by side is
integer addition and comparison; only windows above the threshold evaluate a logarithm.

Counts have the shape (units, slots, replicates); a slot is a day, or the last one, two, ... days
taken together where all windows end today.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.hotspots.result import Bools, Floats, Ints

Counts = npt.NDArray[Any]
State = npt.NDArray[np.uint64]
NEVER = 2**30


@njit(cache=True, nogil=True, inline="always")
def _share(part: float, whole: float) -> float:
    return part * math.log(part / whole) if part > 0.0 else 0.0


@njit(cache=True, nogil=True, inline="always")
def score(cases: int, size: float, total: int, everybody: float) -> float:
    """Return the log likelihood ratio of a window, 0 where it has no more than its share.

    `everybody` is 0 where `size` is the number of expected cases (Poisson), else the number of
    individuals of whom `total` are cases and `size` lie in the window (Bernoulli).
    """
    c, rest = float(cases), float(total - cases)
    if everybody == 0.0:
        if c <= size:
            return 0.0
        return _share(c, size) + _share(rest, total - size)
    outside = everybody - size
    if c * everybody <= size * total:
        return 0.0
    found = _share(c, size) + _share(size - c, size)
    if outside > 0.0:
        found += _share(rest, outside) + _share(outside - rest, outside)
    return found - _share(float(total), everybody) - _share(everybody - total, everybody)


@njit(cache=True, nogil=True)
def threshold_table(
    floor: float, n: int, resolution: float, total: int, everybody: float, least: int
) -> Ints:
    """Return the smallest number of cases with which a window of size k / resolution scores
    `floor`, for k below n; never less than `least`. NEVER where none does.
    """
    table = np.full(n, NEVER, np.int64)
    cases = max(least, 1)
    for k in range(n):
        size = max(k / resolution, 1e-9)
        if everybody > 0.0 and size > everybody:
            break
        most = total if everybody == 0.0 else min(total, int(size))
        while cases <= most and score(cases, size, total, everybody) < floor:
            cases += 1
        if cases > most and everybody == 0.0:
            break
        if cases <= most:
            table[k] = cases
    return table


@njit(cache=True, nogil=True)
def best_windows(
    counts: Ints,
    sizes: Floats,
    indptr: Ints,
    members: npt.NDArray[np.int32],
    closes: Bools,
    max_days: int,
    ends_today: bool,
    total: int,
    everybody: float,
    least: int,
) -> tuple[Floats, Ints, Ints, Ints]:
    """Return each centre's best score and its window: last entry of the circle, first, last day.

    `counts` and `sizes` are (units, days). Of equal scores the smaller circle and the shorter
    window that ends earlier wins.
    """
    n, days = indptr.size - 1, counts.shape[1]
    best = np.zeros(n)
    last, first_day, last_day = np.full(n, -1), np.zeros(n, np.int64), np.zeros(n, np.int64)
    held, size = np.empty(days, np.int64), np.empty(days)
    for i in range(n):
        held[:] = 0
        size[:] = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j = members[k]
            for t in range(days):
                held[t] += counts[j, t]
                size[t] += sizes[j, t]
            if not closes[k]:
                continue
            for end in range(days - 1 if ends_today else 0, days):
                cases, expected = 0, 0.0
                for t in range(end, max(end - max_days, -1), -1):
                    cases += held[t]
                    expected += size[t]
                    if cases >= least:
                        found = score(cases, expected, total, everybody)
                        if found > best[i] + 1e-12:
                            best[i], last[i], first_day[i], last_day[i] = found, k, t, end
    return best, last, first_day, last_day


@njit(cache=True, nogil=True)
def window_thresholds(
    sizes: Floats,
    indptr: Ints,
    members: npt.NDArray[np.int32],
    closes: Bools,
    table: Ints,
    resolution: float,
    out: Counts,
) -> None:
    """Write the threshold of each circle and slot into `out`, shape (entries, slots)."""
    slots, most = sizes.shape[1], np.iinfo(out.dtype).max
    for i in range(indptr.size - 1):
        size = np.zeros(slots)
        for k in range(indptr[i], indptr[i + 1]):
            for s in range(slots):
                size[s] += sizes[members[k], s]
                # The lower edge of the step: it may ask too often, never too seldom.
                at = min(int(size[s] * resolution), table.size - 1)
                out[k, s] = min(table[at], most) if closes[k] else most


@njit(cache=True, nogil=True, inline="always")
def _uniform(state: State) -> float:
    """Return the next number of [0, 1); the generator is SplitMix64.

    Steele, Lea & Flood (2014), OOPSLA, 453. Numba's calls into NumPy's generators take a hundred
    times as long, most of the time of a scan of a million cases.
    """
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True)
def draw_permuted(units: npt.NDArray[Any], n_drawn: Ints, counts: Counts, state: State) -> None:
    """Give the days' cases to units by shuffling who had a case; `units` is shuffled on.

    Only as many places of the permutation are drawn as there are cases in the slots.
    """
    n, slots, replicates = counts.shape
    # Replicate by replicate in memory of its own, which stays in the cache, then side by side.
    drawn = np.zeros((replicates, slots, n), counts.dtype)
    for b in range(replicates):
        at = 0
        for s in range(slots):
            row = drawn[b, s]
            for _ in range(n_drawn[s]):
                k = at + int(_uniform(state) * (units.size - at))
                unit = units[k]
                units[k] = units[at]
                units[at] = unit
                row[unit] += 1
                at += 1
    for unit in range(n):
        for s in range(slots):
            for b in range(replicates):
                counts[unit, s, b] = drawn[b, s, unit]


@njit(cache=True, nogil=True)
def draw_expected(kept: Floats, alias: Ints, n_cases: int, counts: Counts, state: State) -> None:
    """Throw the cases on cells (unit, slot) by an alias table; the last cell is elsewhere."""
    counts[:] = 0
    slots = counts.shape[1]
    for b in range(counts.shape[2]):
        for _ in range(n_cases):
            at = _uniform(state) * kept.size
            cell = int(at)
            if at - cell >= kept[cell]:
                cell = alias[cell]
            if cell < kept.size - 1:
                counts[cell // slots, cell % slots, b] += 1


@njit(cache=True, nogil=True)
def draw_labels(cells: Ints, n_cases: int, counts: Counts, state: State) -> None:
    """Call `n_cases` of the individuals cases, at random; a negative cell lies in no slot."""
    counts[:] = 0
    slots = counts.shape[1]
    for b in range(counts.shape[2]):
        for at in range(n_cases):
            k = at + int(_uniform(state) * (cells.size - at))
            cell = cells[k]
            cells[k] = cells[at]
            cells[at] = cell
            if cell >= 0:
                counts[cell // slots, cell % slots, b] += 1


@njit(cache=True, nogil=True)
def accumulate(counts: Counts) -> None:
    """Turn counts per day back from today into counts of the last one, two, ... days."""
    for unit in range(counts.shape[0]):
        for s in range(1, counts.shape[1]):
            for b in range(counts.shape[2]):
                counts[unit, s, b] += counts[unit, s - 1, b]


@njit(cache=True, nogil=True, boundscheck=False)
def maxima_today(
    counts: Counts,
    sizes: Floats,
    indptr: Ints,
    members: npt.NDArray[np.int32],
    thresholds: Counts,
    total: int,
    everybody: float,
    best: Floats,
) -> None:
    """Raise `best`, one per replicate, to the highest score among windows that end today.

    Counts and sizes are of the last one, two, ... days.
    """
    slots, n_replicates = counts.shape[1], counts.shape[2]
    held = np.empty((slots, n_replicates), counts.dtype)
    size = np.empty(slots)
    for i in range(indptr.size - 1):
        held[:] = 0
        size[:] = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j = members[k]
            for s in range(slots):
                size[s] += sizes[j, s]
                row, more = held[s], counts[j, s]
                most = row[0]
                for b in range(n_replicates):
                    now = row[b] + more[b]
                    row[b] = now
                    most = max(most, row[b])
                if most >= thresholds[k, s]:
                    for b in range(n_replicates):
                        if row[b] >= thresholds[k, s]:
                            best[b] = max(best[b], score(row[b], size[s], total, everybody))


@njit(cache=True, nogil=True, boundscheck=False)
def maxima_ever(
    counts: Counts,
    sizes: Floats,
    indptr: Ints,
    members: npt.NDArray[np.int32],
    closes: Bools,
    max_days: int,
    table: Ints,
    resolution: float,
    total: int,
    everybody: float,
    best: Floats,
) -> None:
    """Raise `best` to the highest score among windows of up to `max_days` days at any time."""
    days, n_replicates = counts.shape[1], counts.shape[2]
    held = np.empty((days, n_replicates), counts.dtype)
    window = np.empty(n_replicates, counts.dtype)
    size = np.empty(days)
    for i in range(indptr.size - 1):
        held[:] = 0
        size[:] = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            j = members[k]
            for t in range(days):
                if sizes[j, t] == 0.0:
                    continue
                size[t] += sizes[j, t]
                for b in range(n_replicates):
                    held[t, b] += counts[j, t, b]
            if not closes[k]:
                continue
            for end in range(days):
                window[:] = 0
                expected = 0.0
                for t in range(end, max(end - max_days, -1), -1):
                    expected += size[t]
                    row = held[t]
                    most = window[0]
                    for b in range(n_replicates):
                        now = window[b] + row[b]
                        window[b] = now
                        most = max(most, window[b])
                    least = table[min(int(expected * resolution), table.size - 1)]
                    if most >= least:
                        for b in range(n_replicates):
                            if window[b] >= least:
                                found = score(window[b], expected, total, everybody)
                                best[b] = max(best[b], found)
