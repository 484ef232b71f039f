"""Compiled kernels of the locator, one signature each, kept in Numba's cache.

From a point p to the reference c of its pixel, with c strictly left of each edge a -> b: the edge
is crossed exactly if p is strictly right of it and a, b are on different sides of the line p-c.
Three determinants of differences to p decide this. Each is trusted only beyond Shewchuk's error
bound (J. R. Shewchuk, Adaptive precision floating-point arithmetic, 1997, section 4.2); a point
with a sign that is not certain is left to GEOS. Only the exact zero of a point on an edge's end
or on a horizontal or vertical edge is decided here, since points on lattice lines are common.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int32, int64, njit, types

from geo.locator_index import (
    ASK,
    BLOCK,
    FIRST_RECORD,
    HEAD,
    NOWHERE,
    ORIENTATION_ERROR,
    PER_EDGE,
    UNDERFLOW,
    Floats,
    Index,
    Labels,
)

CHUNK = 8192

_XY = types.Array(float64, 2, "C", readonly=True)
_INDEX = types.NamedTuple(  # type: ignore[no-untyped-call]
    (
        float64,
        float64,
        float64,
        int64,
        int64,
        int32[:, ::1],
        int32[:, :, ::1],
        float64[::1],
    ),
    Index,
)


@njit(int32(float64, float64, float64[::1], int64), cache=True, nogil=True, inline="always")
def _by_record(x: float, y: float, records: Floats, at: int) -> int:
    wx, wy = records[at] - x, records[at + 1] - y
    members = np.int64(records[at + 2])
    touching = np.int64(0)
    edge = at + HEAD
    slots = edge + PER_EDGE * int(records[at + 3])
    while edge < slots:
        ux, uy = records[edge] - x, records[edge + 1] - y
        vx, vy = records[edge + 2] - x, records[edge + 3] - y
        owners = np.int64(records[edge + 4])
        edge += PER_EDGE
        left, right = ux * vy, uy * vx
        side = left - right
        error = ORIENTATION_ERROR * (abs(left) + abs(right)) + UNDERFLOW
        if side > error:
            continue
        if not side < -error:
            on_line = (ux == 0 and (uy == 0 or vx == 0)) or (vy == 0 and (uy == 0 or vx == 0))
            if not on_line:
                return ASK
            if (ux <= 0 <= vx or vx <= 0 <= ux) and (uy <= 0 <= vy or vy <= 0 <= uy):
                touching |= owners
            continue
        left, right = wx * uy, wy * ux
        side_a = left - right
        if not abs(side_a) > ORIENTATION_ERROR * (abs(left) + abs(right)) + UNDERFLOW:
            return ASK
        left, right = wx * vy, wy * vx
        side_b = left - right
        if not abs(side_b) > ORIENTATION_ERROR * (abs(left) + abs(right)) + UNDERFLOW:
            return ASK
        if (side_a > 0) != (side_b > 0):
            members ^= owners
    members |= touching
    if members == 0:
        return NOWHERE
    while members & 1 == 0:
        members >>= 1
        slots += 1
    return int(records[slots])


@njit(int32(float64, float64, _INDEX), cache=True, nogil=True)
def locate_one(x: float, y: float, index: Index) -> int:
    """Return the polygon of one point, NOWHERE or ASK."""
    column, row = (x - index.west) * index.per_degree, (y - index.south) * index.per_degree
    if not (column >= 0 and row >= 0 and column < index.n_columns and row < index.n_rows):
        return NOWHERE
    i, j = int(row), int(column)
    value = int(index.coarse[i // BLOCK, j // BLOCK])
    if value < NOWHERE:
        value = int(index.blocks[-2 - value, i % BLOCK, j % BLOCK])
        if value <= FIRST_RECORD:
            value = _by_record(x, y, index.records, FIRST_RECORD - value)
    return value


@njit(types.void(_XY, int32[::1], _INDEX), cache=True, nogil=True)
def locate_many(xy: Floats, out: Labels, index: Index) -> None:
    """Write the polygon of each point, NOWHERE or ASK into `out`.

    Chunk by chunk in passes without branches on what was just fetched, so that the cache misses
    of neighbouring points overlap.
    """
    waiting = np.empty(CHUNK + 1, np.int32)
    for start in range(0, len(xy), CHUNK):
        stop = min(start + CHUNK, len(xy))
        n_waiting = 0
        for k in range(start, stop):
            column = (xy[k, 0] - index.west) * index.per_degree
            row = (xy[k, 1] - index.south) * index.per_degree
            value = np.int32(NOWHERE)
            inside = (column >= 0) & (row >= 0) & (column < index.n_columns) & (row < index.n_rows)
            if inside:
                value = index.coarse[np.uint32(row) // BLOCK, np.uint32(column) // BLOCK]
            out[k] = value
            waiting[n_waiting] = k
            n_waiting += int(value < NOWHERE)
        n_records = 0
        for q in range(n_waiting):
            k = waiting[q]
            i = np.uint32((xy[k, 1] - index.south) * index.per_degree) % BLOCK
            j = np.uint32((xy[k, 0] - index.west) * index.per_degree) % BLOCK
            value = index.blocks[-2 - out[k], i, j]
            out[k] = value
            waiting[n_records] = k
            n_records += int(value <= FIRST_RECORD)
        for q in range(n_records):
            k = waiting[q]
            out[k] = _by_record(xy[k, 0], xy[k, 1], index.records, FIRST_RECORD - out[k])
