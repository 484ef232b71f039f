"""The borders of a coverage as lines: each drawn once, by the highest level that it divides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.lattice import Geometries, keys, pack
from geo.polygon import orient, rings
from grids.model import Level

Integers = NDArray[np.int64]

_OUTSIDE = -1


def borders(
    cells: Geometries, units: Mapping[Level, Sequence[str | None]], edge: Level
) -> dict[Level, Geometries]:
    """Return the lines between cells by the highest level at which their two sides differ.

    Parameters
    ----------
    cells
        A coverage on the lattice, in degrees.
    units
        The code of each cell's unit, by level, the highest first; None where it has none.
    edge
        The level to which the outer edge of the coverage belongs.

    Returns
    -------
    dict
        Line strings in degrees; lines between cells of the same units are left out. Drawn one by
        one, polygons would show every border twice, and dashes would fill each other's gaps.
    """
    xy, after, owner = rings(orient(cells))
    labels = {level: _numbered(codes) for level, codes in units.items()}
    partner = _beyond(pack(keys(xy)), after, owner)
    outer = partner == _OUTSIDE
    rank = np.full(len(xy), len(labels))
    for place, label in reversed(list(enumerate(labels.values()))):
        rank[label[owner] != label[partner]] = place
    rank[outer] = len(labels) + 1
    drawn = (outer | (owner < partner)) & (rank != len(labels))
    lines, rank_of = _lines(xy, after, drawn, rank, partner)
    found = {level: lines[rank_of == place] for place, level in enumerate(labels)}
    found[edge] = np.concatenate((found.get(edge, lines[:0]), lines[rank_of == len(labels) + 1]))
    return {level: _merged(found[level]) for level in Level if len(found.get(level, ()))}


def _numbered(codes: Sequence[str | None]) -> Integers:
    """Return a number for each code, the same for the same; cells with none are alike."""
    numbers = {code: n for n, code in enumerate(dict.fromkeys(codes))}
    return np.fromiter((numbers[code] for code in codes), np.int64, len(codes))


def _beyond(key: Integers, after: Integers, owner: Integers) -> Integers:
    """Return the cell on the other side of each directed edge, or `_OUTSIDE`."""
    _, place = np.unique(key, return_inverse=True)
    n = int(place.max()) + 1
    there, back = place * n + place[after], place[after] * n + place
    order = np.argsort(there)
    at = np.minimum(np.searchsorted(there, back, sorter=order), len(order) - 1)
    found = order[at]
    return np.where(there[found] == back, owner[found], _OUTSIDE)


def _lines(
    xy: NDArray[np.float64],
    after: Integers,
    drawn: NDArray[np.bool_],
    rank: Integers,
    partner: Integers,
) -> tuple[Geometries, Integers]:
    """Return runs of drawn edges with the same neighbour as line strings, and the rank of each."""
    edge = np.flatnonzero(drawn)
    if not len(edge):
        return np.empty(0, dtype=np.object_), np.empty(0, dtype=np.int64)
    follows = after[edge[:-1]] == edge[1:]
    same = partner[edge[:-1]] == partner[edge[1:]]
    begins = np.concatenate(([True], ~(follows & same)))
    run = np.cumsum(begins) - 1
    last = np.append(np.flatnonzero(begins)[1:], len(edge)) - 1
    points = np.insert(xy[edge], last + 1, xy[after[edge[last]]], axis=0)
    of = np.insert(run, last + 1, run[last])
    return np.asarray(shapely.linestrings(points, indices=of)), rank[edge[begins]]


def _merged(lines: Geometries) -> Geometries:
    """Return lines joined wherever exactly two of them meet."""
    joined = shapely.line_merge(shapely.multilinestrings(lines))
    return np.asarray(shapely.get_parts(joined), dtype=np.object_)
