"""Compiled kernels of coverages: edges over lattice keys, and what hangs together.

An edit looks at a few hundred edges several times over. There the dozens of array operations that
would take rings apart cost ten times as much as the work itself.
"""

from __future__ import annotations

import numpy as np
from numba import bool_, float64, int64, njit, types
from numpy.typing import NDArray

from geo.lattice import SCALE, Coordinates, Keys

_KEYS = int64[::1]
_PAIRED = types.Array(int64, 1, "A", readonly=True)
_XY = types.Array(float64, 2, "C", readonly=True)


@njit(
    types.Tuple((_KEYS, _KEYS, _KEYS, int64))(  # type: ignore[no-untyped-call]
        _XY, _KEYS, bool_[::1], _KEYS
    ),
    cache=True,
    nogil=True,
)
def directed_edges(
    xy: Coordinates, size: Keys, is_hole: NDArray[np.bool_], owner: Keys
) -> tuple[Keys, Keys, Keys, int]:
    """Return both ends of the directed edges of rings, whose they are, and the first bad vertex.

    Parameters
    ----------
    xy
        Vertices in degrees of all rings, each ring closed, one after the other.
    size
        How many vertices each ring has, at least one.
    is_hole, owner
        Of each ring: whether its interior lies on the outside, and whose ring it is.

    Notes
    -----
    Ends are packed lattice keys, edges run with the interior on the left, and those that the
    lattice shortens to nothing are left out. A ring's direction is the sign of its area, summed
    from its own first vertex so that all digits are kept. A vertex outside the world stops the
    work; its row is returned, otherwise -1.
    """
    n = len(xy) - len(size)
    packed = np.empty(len(xy), np.int64)
    for k in range(len(xy)):
        lon, lat = xy[k, 0], xy[k, 1]
        if not (abs(lon) <= 180.0 and abs(lat) <= 90.0):
            return packed[:0], packed[:0], packed[:0], k
        packed[k] = (np.int64(np.rint(lon * SCALE)) << 32) + np.int64(np.rint(lat * SCALE))
    u, v, whose = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    n = 0
    begin = 0
    for ring in range(len(size)):
        last = begin + size[ring] - 1
        area = 0.0
        for k in range(begin, last):
            here_x, here_y = xy[k, 0] - xy[begin, 0], xy[k, 1] - xy[begin, 1]
            next_x, next_y = xy[k + 1, 0] - xy[begin, 0], xy[k + 1, 1] - xy[begin, 1]
            area += here_x * next_y - next_x * here_y
        backwards = (area < 0) != is_hole[ring]
        for k in range(begin, last):
            after = k + 1
            if backwards:
                after = k - 1 if k > begin else last - 1
            if packed[k] != packed[after]:
                u[n], v[n], whose[n] = packed[k], packed[after], owner[ring]
                n += 1
        begin = last + 1
    return u[:n], v[:n], whose[:n], -1


@njit(_KEYS(int64, _PAIRED, _PAIRED), cache=True, nogil=True)
def connected(n: int, i: Keys, j: Keys) -> Keys:
    """Return the number of the connected component of each of n nodes, given pairs (i, j).

    Components are numbered by their lowest node, from 0 on. Union by the lower root with paths
    halved (R. E. Tarjan and J. van Leeuwen, 1984).
    """
    root = np.arange(n)
    for k in range(len(i)):
        one, other = i[k], j[k]
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        while root[other] != other:
            root[other] = root[root[other]]
            other = root[other]
        if one < other:
            root[other] = one
        else:
            root[one] = other
    label = np.empty(n, np.int64)
    found = 0
    for k in range(n):
        if root[k] == k:
            label[k] = found
            found += 1
        else:
            label[k] = label[root[k]]
    return label
