"""Compiled kernels of repair: what looks at vertices one by one. Numba keeps what it compiled.

A county drawn grid by grid has 150,000 pairs of close vertices, and 20,000 faces between drawn
borders that are looked at in turn, since who gets one depends on who got those before.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import boolean, float64, int64, njit, types
from numpy.typing import NDArray


class Edges(NamedTuple):
    """The edges of faces, those of one face together and in the order of its rings.

    Attributes
    ----------
    start
        The edges of face x are those from `start[x]` up to `start[x + 1]`.
    after
        The edge that follows each edge.
    beyond
        The face on the other side of each edge; negative for none.
    length
        Of each edge.
    is_drawn, place
        Of the vertex that each edge begins with: whether it was drawn, and where it lies.
    """

    start: NDArray[np.int64]
    after: NDArray[np.int64]
    beyond: NDArray[np.int64]
    length: NDArray[np.float64]
    is_drawn: NDArray[np.bool_]
    place: NDArray[np.float64]


@njit(
    int64[::1](int64[::1], int64[::1], float64[:, ::1], int64[::1], int64[::1], float64),
    cache=True,
    nogil=True,
)
def complete_linkage(
    near: NDArray[np.int64],
    far: NDArray[np.int64],
    metres: NDArray[np.float64],
    begin: NDArray[np.int64],
    owners: NDArray[np.int64],
    tolerance_m: float,
) -> NDArray[np.int64]:
    """Return one member of each point's cluster for each point; a lone point is its own.

    Parameters
    ----------
    near, far
        Pairs of points, the closest first; each joins two clusters if it may.
    metres
        Places of the points. In a cluster no two are farther apart than `tolerance_m`.
    begin, owners
        The owners of point p are `owners[begin[p]:begin[p + 1]]`. Points of a cluster have none in
        common.
    """
    n = len(metres)
    root = np.arange(n)
    following = np.full(n, -1)  # members of a cluster are a list from its root on
    last = np.arange(n)
    for k in range(len(near)):
        one, other = root[near[k]], root[far[k]]
        if one == other:
            continue
        fits = True
        a = one
        while fits and a >= 0:
            b = other
            while fits and b >= 0:
                apart = math.hypot(metres[a, 0] - metres[b, 0], metres[a, 1] - metres[b, 1])
                fits = apart <= tolerance_m
                for i in range(begin[a], begin[a + 1]):
                    for j in range(begin[b], begin[b + 1]):
                        fits &= owners[i] != owners[j]
                b = following[b]
            a = following[a]
        if fits:
            following[last[one]] = other
            last[one] = last[other]
            b = other
            while b >= 0:
                root[b] = one
                b = following[b]
    return root


_AS_WIDE = 0.9  # of the widest: a chord that goes all across a corner

_EDGES = types.NamedTuple(  # type: ignore[no-untyped-call]
    (
        int64[::1],
        int64[::1],
        int64[::1],
        float64[::1],
        boolean[::1],
        float64[:, ::1],
    ),
    Edges,
)


@njit(
    types.Tuple((int64[::1], float64[::1], float64[::1], int64[::1]))(  # type: ignore[no-untyped-call]
        int64, _EDGES, int64[::1]
    ),
    cache=True,
    nogil=True,
)
def _sides(
    face: int, edges: Edges, owner: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the owners around a face, the length of the edges shared with each, the chord and
    the drawn vertices between two of these edges.

    The chord is the distance from where shared edges begin to where they end, over all their
    runs; 0 where they go all around.
    """
    first, last = edges.start[face], edges.start[face + 1]
    n = last - first
    slot = np.empty(n, np.int64)
    who = np.empty(n, np.int64)
    border, chord, corners = np.zeros(n), np.zeros(n), np.zeros(n, np.int64)
    n_sides = 0
    for at in range(n):
        there = edges.beyond[first + at]
        mine = owner[there] if there >= 0 else np.int64(-1)
        k = 0
        while k < n_sides and who[k] != mine:
            k += 1
        if k == n_sides:
            who[k] = mine
            n_sides += 1
        slot[at] = k
        border[k] += edges.length[first + at]
    for at in range(n):
        begin = edges.after[first + at] - first
        if slot[begin] == slot[at]:
            corners[slot[at]] += edges.is_drawn[first + begin]
            continue
        end = begin
        while slot[end] == slot[begin]:
            end = edges.after[first + end] - first
        dx = edges.place[first + end, 0] - edges.place[first + begin, 0]
        dy = edges.place[first + end, 1] - edges.place[first + begin, 1]
        chord[slot[begin]] += math.hypot(dx, dy)
    return who[:n_sides], border[:n_sides], chord[:n_sides], corners[:n_sides]


@njit(int64(int64, _EDGES, int64[::1], int64[::1], boolean, int64), cache=True, nogil=True)
def fittest(
    face: int,
    edges: Edges,
    owner: NDArray[np.int64],
    among: NDArray[np.int64],
    is_corner: bool,
    but: int,
) -> int:
    """Return who gets a face: who cut the corner, or else who has the longest border with it.

    Parameters
    ----------
    owner
        The owner of each face; negative for none.
    among
        Who may get it; empty for everybody around.
    but
        Who may not.

    Returns
    -------
    int
        -1 where there is nobody.

    Notes
    -----
    Who cut a corner has a chord all across it, and of those the fewest vertices.
    """
    who, border, chord, corners = _sides(face, edges, owner)
    widest = -1.0
    for k in range(len(who)):
        allowed = who[k] >= 0 and who[k] != but
        if allowed and len(among):
            allowed = False
            for one in among:
                allowed |= one == who[k]
        if allowed:
            widest = max(widest, chord[k])
        else:
            who[k] = -1
    best = -1
    for k in range(len(who)):
        if who[k] < 0 or (is_corner and chord[k] < _AS_WIDE * widest):
            continue
        better = best < 0
        if not better:
            more = corners[k] - corners[best] if is_corner else 0
            longer = border[k] - border[best]
            better = more < 0 or (
                more == 0 and (longer > 0 or (longer == 0 and who[k] < who[best]))
            )
        if better:
            best = k
    return who[best] if best >= 0 else -1


@njit(
    int64[::1](int64[::1], _EDGES, int64[::1], int64[::1], int64[::1], boolean[::1]),
    cache=True,
    nogil=True,
)
def settle(
    faces: NDArray[np.int64],
    edges: Edges,
    owner: NDArray[np.int64],
    begin: NDArray[np.int64],
    claimant: NDArray[np.int64],
    is_corner: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Give each face in turn to the fittest around it, and return those that nobody could get.

    Parameters
    ----------
    owner
        The owner of each face; written to.
    begin, claimant
        Who claims face x: `claimant[begin[x]:begin[x + 1]]`; nobody else gets it then.
    is_corner
        Of each face, whether it is a corner that somebody cut.
    """
    left = np.empty(len(faces), np.int64)
    n_left = 0
    for x in faces:
        who = fittest(x, edges, owner, claimant[begin[x] : begin[x + 1]], is_corner[x], -1)
        if who < 0:
            left[n_left] = x
            n_left += 1
        else:
            owner[x] = who
    return left[:n_left].copy()


@njit(
    types.Tuple((int64[::1], int64[::1]))(int64[::1], int64[::1], int64),  # type: ignore[no-untyped-call]
    cache=True,
    nogil=True,
)
def chained(
    one: NDArray[np.int64], other: NDArray[np.int64], n_vertices: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return edges joined to lines: the vertices along them, and the line of each.

    A line ends where not exactly two edges meet; a ring comes back to where it began.

    Parameters
    ----------
    one, other
        The ends of each edge, vertices numbered from 0.
    """
    n_edges = len(one)
    start = np.zeros(n_vertices + 1, np.int64)
    for e in range(n_edges):
        start[one[e] + 1] += 1
        start[other[e] + 1] += 1
    for v in range(n_vertices):
        start[v + 1] += start[v]
    filled = start[:-1].copy()
    meeting = np.empty(2 * n_edges, np.int64)
    for e in range(n_edges):
        meeting[filled[one[e]]] = e
        filled[one[e]] += 1
        meeting[filled[other[e]]] = e
        filled[other[e]] += 1
    used = np.zeros(n_edges, np.bool_)
    vertex, line = np.empty(2 * n_edges, np.int64), np.empty(2 * n_edges, np.int64)
    n, n_lines = 0, 0
    for rings_too in (False, True):
        for v in range(n_vertices):
            if not rings_too and start[v + 1] - start[v] == 2:  # the middle of a line
                continue
            for k in range(start[v], start[v + 1]):
                edge = meeting[k]
                if used[edge]:
                    continue
                at = v
                vertex[n], line[n] = at, n_lines
                n += 1
                while edge >= 0:
                    used[edge] = True
                    at = other[edge] if one[edge] == at else one[edge]
                    vertex[n], line[n] = at, n_lines
                    n += 1
                    edge = -1
                    if start[at + 1] - start[at] == 2:
                        for m in range(start[at], start[at + 1]):
                            if not used[meeting[m]]:
                                edge = meeting[m]
                n_lines += 1
    return vertex[:n].copy(), line[:n].copy()
