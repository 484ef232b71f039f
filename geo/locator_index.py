"""The index behind the locator: what each pixel of a raster knows about the polygons.

A fine raster of square pixels is laid over the polygons. A pixel that no edge touches lies in one
piece of the plane and gets its label at once (one exact question to GEOS per connected piece).
A pixel that edges touch gets a *record*: a reference point inside the pixel, the set of polygons
that cover the reference (asked of GEOS), and the edges with the set of polygons they belong to.
Crossing an edge on the way from a point to the reference toggles membership in the edge's owners,
so parity answers for all polygons at once; see `locator_kernels`.

The raster is stored in two levels, so that its hot part stays in the processor's cache: a coarse
raster whose pixels hold a label or the number of a block, and blocks of `BLOCK` x `BLOCK` fine
pixels.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from geo.lattice import Geometries

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int32]

BLOCK = 8
NOWHERE = -1
ASK = -2
FIRST_RECORD = -3

# A record: reference lon, lat, set of polygons covering it, number of edges; then per edge
# from, to (reference strictly on the left) and the set of owners; then the polygons by slot.
HEAD = 4
PER_EDGE = 5
# Sets of polygons are bit masks kept in a float64, exact up to 53 bits.
MAX_SLOTS = 52

# Shewchuk's ccwerrboundA: a 2x2 determinant of differences beyond this share of its terms has the
# sign it shows. UNDERFLOW covers products too small for that relative bound to hold.
ORIENTATION_ERROR = (3.0 + 16.0 * 2.0**-53) * 2.0**-53
UNDERFLOW = 1e-300

# Edges are entered into all pixels within this distance (in pixels) of them: a thousand times what
# rounding can move a point or an edge in a raster of at most MAX_RESOLUTION pixels.
PAD = 1e-9
MAX_RESOLUTION = 16384
MIN_RESOLUTION = 64
DEFAULT_LIMIT = 4096

# Off the centre by an odd amount, so that a reference lies practically never on an edge.
REFERENCE_AT = (0.5137293, 0.4871931)


class Index(NamedTuple):
    """What the kernels read; see the module's docstring.

    Coarse pixels hold a polygon's number, `NOWHERE`, or `-2 - block`. Fine pixels hold a polygon's
    number, `NOWHERE`, `ASK` (only GEOS may answer), or `FIRST_RECORD - offset` into `records`.
    """

    west: float
    south: float
    per_degree: float
    n_columns: int
    n_rows: int
    coarse: Labels
    blocks: Labels
    records: Floats


class _Raster(NamedTuple):
    west: float
    south: float
    per_degree: float
    n_columns: int
    n_rows: int

    def pixels(self, xy: Floats) -> Floats:
        """Return places in pixels from the south-west corner."""
        return (xy - [self.west, self.south]) * self.per_degree

    def places(self, column: Ints, row: Ints, at: tuple[float, float]) -> Floats:
        """Return the position at the given share of each pixel's width and height."""
        x, y = (column + at[0]) / self.per_degree, (row + at[1]) / self.per_degree
        return np.column_stack([self.west + x, self.south + y])

    def holds(self, column: Ints, row: Ints, xy: Floats) -> NDArray[np.bool_]:
        """Return which positions lie well inside their pixels, which rounding can prevent."""
        x, y = self.pixels(xy).T
        held = (np.abs(x - column - 0.5) < 0.25) & (np.abs(y - row - 0.5) < 0.25)
        return np.asarray(held)


class _Edges(NamedTuple):
    """Distinct undirected edges; `owner[starts[k]:starts[k + 1]]` are the polygons of edge k."""

    ends: Floats
    owner: Ints
    starts: Ints


def _covering(polygons: Geometries, sound: Ints, xy: Floats) -> tuple[Ints, Ints]:
    """Return each pair (point, number of a sound polygon that covers it), highest number first.

    The points go into the tree and GEOS prepares each polygon once: for many points this is
    several times faster than the other way round.
    """
    points: Any = shapely.points(xy)
    tree = shapely.STRtree(points)
    polygon, point = tree.query(polygons[sound], predicate="covers")
    order = np.argsort(-polygon, kind="stable")
    return point[order], sound[polygon[order]]


def build(polygons: Geometries, resolution: int | None) -> Index:
    """Return the index of an array of polygons.

    Parameters
    ----------
    polygons
        Polygons or multipolygons; None and empty ones keep their number and cover nothing.
        Invalid ones are allowed: their whole bounding box is left to GEOS.
    resolution
        Fine pixels along the longer side, at most `MAX_RESOLUTION`; by default from the number
        of edges. More is faster to ask and slower to build.
    """
    if shapely.is_empty(polygons[shapely.is_geometry(polygons)]).all():
        return _nothing()
    bounds = shapely.total_bounds(polygons)
    sound = np.flatnonzero(shapely.is_valid(polygons))
    edges = _edges(polygons, sound)
    if resolution is None:
        wanted = 2 ** math.ceil(math.log2(6 * math.sqrt(len(edges.ends) + 1)))
        resolution = min(max(wanted, MIN_RESOLUTION), DEFAULT_LIMIT)
    raster = _raster(bounds, resolution)

    pixel, edge = _rasterise(edges.ends, raster)
    order = np.argsort(pixel, kind="stable")
    pixel, edge = pixel[order], edge[order]
    touched, first = np.unique(pixel, return_index=True)
    row, column = np.divmod(touched, raster.n_columns)
    reference = raster.places(column, row, REFERENCE_AT)
    covering = _covering(polygons, sound, reference)
    records, offset = _records(edges, edge, first, reference, covering)

    fine = np.full((raster.n_rows, raster.n_columns), NOWHERE, np.int32)
    offset[~raster.holds(column, row, reference)] = -1
    fine.flat[touched] = np.where(offset < 0, ASK, FIRST_RECORD - offset)
    _label_untouched(fine, touched, raster, polygons, sound)
    for box in shapely.bounds(np.delete(polygons, sound)):
        _ask_within(fine, box, raster)
    return Index(*raster, *_two_levels(fine), records)


def _nothing() -> Index:
    coarse = np.full((1, 1), NOWHERE, np.int32)
    blocks = np.empty((0, BLOCK, BLOCK), np.int32)
    return Index(0.0, 0.0, 1.0, BLOCK, BLOCK, coarse, blocks, np.empty(0))


def _raster(bounds: Floats, resolution: int) -> _Raster:
    west, south, east, north = (float(b) for b in bounds)
    size = max(east - west, north - south, 1e-100)
    per_degree = resolution / (size * 1.001)
    west, south = west - 0.01 / per_degree, south - 0.01 / per_degree
    n_columns, n_rows = (
        (int(length * per_degree) // BLOCK + 1) * BLOCK for length in (east - west, north - south)
    )
    return _Raster(west, south, per_degree, n_columns, n_rows)


def _edges(polygons: Geometries, sound: Ints) -> _Edges:
    parts, polygon = shapely.get_parts(polygons[sound], return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(xy):
        return _Edges(np.empty((0, 4)), np.empty(0, np.int64), np.zeros(1, np.int64))
    inside = ring[1:] == ring[:-1]
    a, b = xy[:-1][inside], xy[1:][inside]
    owner = sound[polygon[part[ring[:-1][inside]]]]
    turned = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    ends = np.where(turned[:, None], np.hstack([b, a]), np.hstack([a, b])) + 0.0
    long = (ends[:, :2] != ends[:, 2:]).any(1)
    ends, owner = ends[long], owner[long]
    order = np.lexsort(ends.T)
    ends, owner = ends[order], owner[order]
    new = np.r_[True, (ends[1:] != ends[:-1]).any(1)]
    return _Edges(ends[new], owner, np.r_[np.flatnonzero(new), len(owner)])


def _spread(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Return (i, value) for every value in low[i]..high[i], both included."""
    count = np.maximum(high - low + 1, 0)
    index = np.repeat(np.arange(len(low)), count)
    return index, low[index] + np.arange(len(index)) - np.repeat(np.cumsum(count) - count, count)


def _rasterise(ends: Floats, raster: _Raster) -> tuple[Ints, Ints]:
    """Return (pixel, edge) for every pixel that an edge touches or passes within PAD of."""
    at = np.hstack([raster.pixels(ends[:, :2]), raster.pixels(ends[:, 2:])])
    upwards = at[:, 1] <= at[:, 3]
    ax, ay = np.where(upwards[:, None], at[:, :2], at[:, 2:]).T
    bx, by = np.where(upwards[:, None], at[:, 2:], at[:, :2]).T
    lowest = np.maximum(np.floor(ay - PAD), 0).astype(np.int64)
    highest = np.minimum(np.floor(by + PAD), raster.n_rows - 1).astype(np.int64)
    edge, row = _spread(lowest, highest)
    ax, ay, dx, dy = ax[edge], ay[edge], (bx - ax)[edge], (by - ay)[edge]
    level = dy < 1e-12
    rise = np.where(level, 1.0, dy)
    enter = np.where(level, 0.0, np.clip((row - PAD - ay) / rise, 0, 1))
    leave = np.where(level, 1.0, np.clip((row + 1 + PAD - ay) / rise, 0, 1))
    x0, x1 = ax + enter * dx, ax + leave * dx
    left = np.maximum(np.floor(np.minimum(x0, x1) - PAD), 0).astype(np.int64)
    right = np.minimum(np.floor(np.maximum(x0, x1) + PAD), raster.n_columns - 1).astype(np.int64)
    entry, column = _spread(left, right)
    return row[entry] * raster.n_columns + column, edge[entry]


def _records(
    edges: _Edges, edge: Ints, first: Ints, reference: Floats, covering: tuple[Ints, Ints]
) -> tuple[Floats, Ints]:
    """Return the records end to end and each one's offset, -1 where no record can be made.

    `edge` lists the edges of pixel after pixel, pixel i from `first[i]`; `covering` pairs pixels
    with the polygons that cover their references.
    """
    n_pixels, n_entries = len(reference), len(edge)
    n_edges = np.diff(np.r_[first, n_entries])
    pixel = np.repeat(np.arange(n_pixels), n_edges)

    # Slots: the polygons that own an edge of the pixel or cover its reference, lowest first.
    entry, at = _spread(edges.starts[edge], edges.starts[edge + 1] - 1)
    owner = edges.owner[at]
    covered, cover = covering
    # By sorting: np.unique without counts goes through a hash table, ten times slower on millions.
    pairs = np.sort(np.r_[_pair(pixel[entry], owner), _pair(covered, cover)])
    slots = pairs[np.r_[True, pairs[1:] != pairs[:-1]]]
    slot_pixel = slots >> 32
    first_slot = np.searchsorted(slot_pixel, np.arange(n_pixels))
    n_slots = np.diff(np.r_[first_slot, len(slots)])

    def slot_bit(pixel: Ints, polygon: Ints) -> Ints:
        rank = np.searchsorted(slots, _pair(pixel, polygon)) - first_slot[pixel]
        return np.asarray(np.left_shift(1, np.minimum(rank, MAX_SLOTS)))

    at_reference = np.zeros(n_pixels, np.int64)
    np.bitwise_or.at(at_reference, covered, slot_bit(covered, cover))
    owners = np.zeros(n_entries, np.int64)
    np.bitwise_or.at(owners, entry, slot_bit(pixel[entry], owner))

    ends = edges.ends[edge]
    seen_from = reference[pixel]
    u, v = ends[:, :2] - seen_from, ends[:, 2:] - seen_from
    left, right = u[:, 0] * v[:, 1], u[:, 1] * v[:, 0]
    side = left - right
    certain = np.abs(side) > ORIENTATION_ERROR * (np.abs(left) + np.abs(right)) + UNDERFLOW
    ends = np.where((side < 0)[:, None], ends[:, [2, 3, 0, 1]], ends)
    usable = n_slots <= MAX_SLOTS
    usable[pixel[~certain]] = False

    length = HEAD + PER_EDGE * n_edges + n_slots
    offset = np.cumsum(length) - length
    records = np.empty(int(length.sum()))
    records[offset], records[offset + 1] = reference.T
    records[offset + 2], records[offset + 3] = at_reference, n_edges
    at_edge = offset[pixel] + HEAD + PER_EDGE * (np.arange(n_entries) - first[pixel])
    for k in range(4):
        records[at_edge + k] = ends[:, k]
    records[at_edge + 4] = owners
    rank = np.arange(len(slots)) - first_slot[slot_pixel]
    at_slot = (offset + HEAD + PER_EDGE * n_edges)[slot_pixel] + rank
    records[at_slot] = slots & 0xFFFFFFFF
    return records, np.where(usable, offset, -1)


def _pair(pixel: Ints, polygon: Ints) -> Ints:
    return pixel.astype(np.int64) << 32 | polygon


def _label_untouched(
    fine: Labels, touched: Ints, raster: _Raster, polygons: Geometries, sound: Ints
) -> None:
    """Write into `fine` the label of each 4-connected piece of pixels that no edge touches."""
    free = np.ones(fine.shape, bool)
    free.flat[touched] = False
    piece, n_pieces = ndimage.label(free)
    sample = np.zeros(n_pieces + 1, np.int64)
    sample[piece.ravel()] = np.arange(piece.size)
    row, column = np.divmod(sample[1:], fine.shape[1])
    inside = raster.places(column, row, (0.5, 0.5))
    at, polygon = _covering(polygons, sound, inside)
    label = np.full(n_pieces + 1, NOWHERE, np.int32)
    label[at + 1] = polygon
    label[1:][~raster.holds(column, row, inside)] = ASK
    fine[free] = label[piece[free]]


def _ask_within(fine: Labels, box: Floats, raster: _Raster) -> None:
    if np.isfinite(box).all():
        low = np.maximum(np.floor(raster.pixels(box[:2])).astype(int) - 1, 0)
        high = np.floor(raster.pixels(box[2:])).astype(int) + 2
        fine[low[1] : high[1], low[0] : high[0]] = ASK


def _two_levels(fine: Labels) -> tuple[Labels, Labels]:
    n_rows, n_columns = fine.shape
    tiles = fine.reshape(n_rows // BLOCK, BLOCK, n_columns // BLOCK, BLOCK).swapaxes(1, 2)
    coarse = tiles[:, :, 0, 0].copy()
    mixed = (tiles != coarse[:, :, None, None]).any((2, 3)) | (coarse < NOWHERE)
    coarse[mixed] = -2 - np.arange(mixed.sum(), dtype=np.int32)
    return coarse, np.ascontiguousarray(tiles[mixed])
