"""A first division: straight cuts through the units, each where the border is shortest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.lattice import Coordinates, Keys

N_ANGLES = 18

# A later try takes one of so many best cuts instead of the best.
_CHOICES = 3


def bisect(
    places: Coordinates,
    weight: NDArray[np.float64],
    edges: tuple[Keys, Keys, NDArray[np.float64]],
    k: int,
    rng: np.random.Generator | None = None,
) -> Keys:
    """Return one of k parts for each unit, cut by recursive weighted bisection.

    Each cut is a straight line in one of 18 directions, placed so that both sides have the weight
    of their number of parts; the direction with the least border between the sides is taken. The
    parts need not hang together: `geo.partition_refine.mend` sees to that.

    Parameters
    ----------
    places
        Of the units, in metres.
    weight
        Of the units. Each part gets a unit with weight, as long as there are k of them.
    edges
        Pairs of units (i, j) and the metres that they share.
    k
        At most the number of units.
    rng
        Turns the directions and chooses among the best cuts; none: the best ones.
    """
    part = np.zeros(len(places), np.int64)
    waiting = [(np.arange(len(places)), edges, k, 0)]
    while waiting:
        own, inner, n_parts, first = waiting.pop()
        if n_parts == 1:
            part[own] = first
            continue
        n_left = n_parts // 2
        left = _cut(places[own], weight[own], inner, (n_left, n_parts), rng)
        for side, share, base in ((left, n_left, first), (~left, n_parts - n_left, first + n_left)):
            waiting.append((own[side], _inside(inner, side), share, base))
    return part


def _cut(
    places: Coordinates,
    weight: NDArray[np.float64],
    edges: tuple[Keys, Keys, NDArray[np.float64]],
    shares: tuple[int, int],
    rng: np.random.Generator | None,
) -> NDArray[np.bool_]:
    """Return which units lie on the left of the best cut."""
    n_left, n_parts = shares
    turn = 0.0 if rng is None else rng.uniform(0, np.pi / N_ANGLES)
    angle = np.arange(N_ANGLES) * np.pi / N_ANGLES + turn
    along = places @ np.stack((np.cos(angle), np.sin(angle)))
    order = np.argsort(along, axis=0, kind="stable")
    before = np.cumsum(weight[order], axis=0)
    off = np.abs(before - weight.sum() * n_left / n_parts)
    # Enough units on both sides, and enough that somebody lives in.
    for counted in (np.ones(len(weight), np.int64), (weight > 0).astype(np.int64)):
        n = np.cumsum(counted[order], axis=0)
        total = int(counted.sum())
        if total >= n_parts:
            off = np.where((n < n_left) | (total - n < n_parts - n_left), np.inf, off)
    last = np.argmin(off, axis=0)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(len(places))[:, None], axis=0)
    left = rank <= last
    i, j, metres = edges
    length = metres @ (left[i] != left[j])
    excess = np.take_along_axis(off, last[None], axis=0)[0] / max(weight.sum() / n_parts, 1e-9)
    cost = length * (1 + excess)
    if rng is None:
        return np.asarray(left[:, int(np.argmin(cost))])
    best = np.argsort(cost, kind="stable")[:_CHOICES]
    return np.asarray(left[:, int(rng.choice(best))])


def _inside(
    edges: tuple[Keys, Keys, NDArray[np.float64]], side: NDArray[np.bool_]
) -> tuple[Keys, Keys, NDArray[np.float64]]:
    i, j, metres = edges
    both = side[i] & side[j]
    number = np.cumsum(side) - 1
    return number[i[both]], number[j[both]], metres[both]
