"""Which polygon covers a point, for one point or for millions, exactly as GEOS answers."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from geo.lattice import Geometries
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
    Ints,
    Labels,
    build,
)

Engine = Literal["auto", "numba", "numpy"]

# Points taken at once by the NumPy engine: its temporary arrays stay small.
_CHUNK = 100_000


class Locator:
    """A set of polygons, prepared to be asked which of them covers a point.

    The answer is the lowest index of the polygons that cover the point, borders included, and -1
    for a point that none covers. Callers sort the polygons by code, so that on a shared border
    the lowest code answers. Polygons may overlap, leave gaps or be invalid.

    Parameters
    ----------
    polygons
        Polygons and multipolygons; None and empty ones keep their index and cover nothing.
    resolution
        Pixels along the longer side of the index; by default chosen from the number of edges.
    engine
        "numba" is compiled, "numpy" needs nothing compiled and is several times slower; "auto"
        takes Numba where it can be imported. Both give the same answers.

    Notes
    -----
    A raster answers where no edge is near. Elsewhere the parity of the edges between the point and
    a reference point of its pixel answers, with signs trusted only beyond their error bound. What
    remains uncertain (a point within rounding of a border), lies in the box of an invalid polygon,
    or in a pixel with more than 52 polygons, is asked of GEOS. So each answer is equal to
    `shapely.covers` (for an invalid polygon: `shapely.intersects`).
    """

    def __init__(
        self,
        polygons: Sequence[BaseGeometry | None] | Geometries,
        resolution: int | None = None,
        engine: Engine = "auto",
    ) -> None:
        """Build the index; see the class."""
        self._polygons: Geometries = np.empty(len(polygons), dtype=np.object_)
        self._polygons[:] = polygons
        self._tree = shapely.STRtree(self._polygons)
        self._index = build(self._polygons, resolution)
        self._kernels = None if engine == "numpy" else _import_kernels(engine)

    @property
    def nbytes(self) -> int:
        """Return the memory held by the index, without the polygons themselves."""
        i = self._index
        return i.coarse.nbytes + i.blocks.nbytes + i.records.nbytes

    @property
    def engine(self) -> Engine:
        """Return which engine answers: "numba" or "numpy"."""
        return "numpy" if self._kernels is None else "numba"

    def locate(self, xy: ArrayLike, *, parallel: bool = False) -> Labels:
        """Return for each point the lowest index of the polygons that cover it, or -1.

        Parameters
        ----------
        xy
            Shape (n, 2), longitude first. NaN and infinity answer -1.
        parallel
            Let two threads share the points.
        """
        points = np.ascontiguousarray(xy, dtype=np.float64).reshape(-1, 2)
        out = np.empty(len(points), np.int32)
        half = len(points) // 2
        if parallel and half:
            with ThreadPoolExecutor(1) as other:
                second = other.submit(self._fill, points[half:], out[half:])
                self._fill(points[:half], out[:half])
                second.result()
        else:
            self._fill(points, out)
        return out

    def one(self, lon: float, lat: float) -> int:
        """Return the lowest index of the polygons that cover one point, or -1."""
        if self._kernels is None:
            return int(self.locate([[lon, lat]])[0])
        label = int(self._kernels.locate_one(lon, lat, self._index))
        return label if label != ASK else int(self._ask(np.array([[lon, lat]]))[0])

    def _fill(self, xy: Floats, out: Labels) -> None:
        if self._kernels is not None:
            self._kernels.locate_many(xy, out, self._index)
        else:
            for start in range(0, len(xy), _CHUNK):
                stop = start + _CHUNK
                out[start:stop] = _locate_arrays(self._index, xy[start:stop])
        open_ = np.flatnonzero(out == ASK)
        if len(open_):
            out[open_] = self._ask(xy[open_])

    def _ask(self, xy: Floats) -> Labels:
        labels = np.full(len(xy), NOWHERE, np.int32)
        point, polygon = self._tree.query(shapely.points(xy), predicate="intersects")
        order = np.argsort(-polygon, kind="stable")
        labels[point[order]] = polygon[order]
        return labels


def _import_kernels(engine: Engine) -> Any:
    try:
        from geo import locator_kernels  # noqa: PLC0415  Numba takes half a second to import
    except ImportError:
        if engine == "numba":
            raise
        return None
    return locator_kernels


def _locate_arrays(index: Index, xy: Floats) -> Labels:
    """Return what `locator_kernels.locate_many` writes, without compiled code."""
    x, y = (xy[:, 0] - index.west), (xy[:, 1] - index.south)
    with np.errstate(over="ignore"):
        x, y = x * index.per_degree, y * index.per_degree
    inside = np.flatnonzero((x >= 0) & (y >= 0) & (x < index.n_columns) & (y < index.n_rows))
    column, row = x[inside].astype(np.int64), y[inside].astype(np.int64)
    labels = np.full(len(xy), NOWHERE, np.int32)
    labels[inside] = index.coarse[row // BLOCK, column // BLOCK]
    in_block = labels[inside] < NOWHERE
    mixed, column, row = inside[in_block], column[in_block], row[in_block]
    labels[mixed] = index.blocks[-2 - labels[mixed], row % BLOCK, column % BLOCK]
    near = mixed[labels[mixed] <= FIRST_RECORD]
    if len(near):
        labels[near] = _by_records(xy[near], index.records, FIRST_RECORD - labels[near])
    return labels


def _by_records(xy: Floats, records: Floats, at: Labels) -> Labels:
    """Return the answers of points that have a record; `locator_kernels` explains the method."""
    n_edges = records[at + 3].astype(np.int64)
    point = np.repeat(np.arange(len(xy)), n_edges)
    first = np.cumsum(n_edges) - n_edges
    edge = at[point] + HEAD + PER_EDGE * (np.arange(len(point)) - first[point])
    x, y = xy[point].T
    ux, uy, vx, vy = (records[edge + k] - (x, y)[k % 2] for k in range(4))
    wx, wy = records[at[point]] - x, records[at[point] + 1] - y

    side = _sign(ux, vy, uy, vx)
    side_a, side_b = _sign(wx, uy, wy, ux), _sign(wx, vy, wy, vx)
    on_line = ((ux == 0) | (vy == 0)) & ((uy == 0) | (vx == 0))
    touching = on_line & _straddles(ux, vx) & _straddles(uy, vy)
    unsure = np.where(side == 0, ~on_line, (side < 0) & (side_a * side_b == 0))
    crossed = (side < 0) & (side_a * side_b < 0)

    owners = records[edge + 4].astype(np.int64)
    members = records[at + 2].astype(np.int64)
    members ^= np.bitwise_xor.reduceat(np.where(crossed, owners, 0), first)
    members |= np.bitwise_or.reduceat(np.where(touching, owners, 0), first)
    slot = np.frexp((members & -members).astype(np.float64))[1] - 1
    labels = np.where(members, records[at + HEAD + PER_EDGE * n_edges + slot], NOWHERE)
    labels[point[unsure]] = ASK
    return labels.astype(np.int32)


def _sign(a: Floats, b: Floats, c: Floats, d: Floats) -> Ints:
    """Return the certain sign of a * b - c * d, 0 where rounding could have made it."""
    left, right = a * b, c * d
    difference = left - right
    error = ORIENTATION_ERROR * (np.abs(left) + np.abs(right)) + UNDERFLOW
    return (difference > error).astype(np.int64) - (difference < -error)


def _straddles(u: Floats, v: Floats) -> NDArray[np.bool_]:
    return np.where(u <= 0, v >= 0, False) | np.where(v <= 0, u >= 0, False)
