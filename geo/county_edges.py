"""Straight edges of a coverage bent like streams and ridges, once for both sides."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.county_sites import LocalPlane, Metres
from geo.lattice import Geometries, degrees, keys, pack, unpack

_SHORTEST_M = 60.0
_MOST_HALVINGS = 5
_ROUGHNESS = 0.1
_STRAIGHTER = 0.5
_STRAIGHT = 0.1

_Numbers = NDArray[np.int64]


class _Lines(NamedTuple):
    """Inner points of bent edges, flat: where they lie on the straight edge and how far off it."""

    straight: Metres
    off: Metres
    edge: _Numbers


def bend_edges(cells: Geometries, plane: LocalPlane, rng: np.random.Generator) -> Geometries:
    """Return the cells with every edge between two of them replaced by a fractal line.

    Midpoints are displaced again and again (A. Fournier, D. Fussell and L. Carpenter, 1982). Where
    that twists a cell, the edges around it are made straighter until all cells are valid. Edges
    that belong to one cell only, the county's border, stay as they are.
    """
    loops, owner = shapely.get_rings(cells, return_index=True)
    xy, ring = shapely.get_coordinates(loops, return_index=True)
    begins = np.flatnonzero(ring[1:] == ring[:-1])
    place, vertex = np.unique(pack(keys(xy)), return_inverse=True)
    u, v = vertex[begins], vertex[begins + 1]
    code = np.minimum(u, v) * len(place) + np.maximum(u, v)
    codes, edge, sides = np.unique(code, return_inverse=True, return_counts=True)
    corners = plane.to_metres(degrees(unpack(place)))
    lines = _displaced(corners[codes // len(place)], corners[codes % len(place)], sides == 2, rng)
    strength = np.ones(len(codes))
    while True:
        drawn = strength >= _STRAIGHT
        inner = lines.straight + lines.off * strength[lines.edge, None]
        kept = drawn[lines.edge]
        points, loop = _threaded(
            xy[begins],
            ring[begins],
            edge,
            backwards=u > v,
            inner=degrees(keys(plane.to_degrees(inner[kept]))),
            n_inner=np.bincount(lines.edge[kept], minlength=len(codes)),
        )
        threads: Any = shapely.linearrings(points, indices=loop)
        bent = np.asarray(shapely.polygons(threads, indices=owner), dtype=np.object_)
        twisted = ~np.asarray(shapely.is_valid(bent))
        around = np.unique(edge[twisted[owner[ring[begins]]]])
        if not drawn[around].any():
            return bent
        strength[around] *= _STRAIGHTER


def _displaced(
    start: Metres, end: Metres, between: NDArray[np.bool_], rng: np.random.Generator
) -> _Lines:
    """Return fractal lines from start to end, for the edges between two cells, by their number."""
    length = np.hypot(*(end - start).T)
    halvings = np.clip(np.log2(np.maximum(length, 1) / _SHORTEST_M), 0, _MOST_HALVINGS)
    halvings = np.where(between, np.floor(halvings), 0).astype(np.int64)
    found: list[_Lines] = []
    for times in range(1, _MOST_HALVINGS + 1):
        edge = np.flatnonzero(halvings == times)
        line = np.stack((start[edge], end[edge]), axis=1)
        for _ in range(times):
            line = _halved(line, rng)
        share = (np.arange(1, 2**times) / 2**times)[:, None]
        straight = line[:, :1] * (1 - share) + line[:, -1:] * share
        off = line[:, 1:-1] - straight
        found.append(
            _Lines(straight.reshape(-1, 2), off.reshape(-1, 2), np.repeat(edge, 2**times - 1))
        )
    order = np.argsort(np.concatenate([one.edge for one in found]), kind="stable")
    return _Lines(*(np.concatenate(column)[order] for column in zip(*found, strict=True)))


def _halved(line: Metres, rng: np.random.Generator) -> Metres:
    """Return lines, shape (n, k, 2), with a displaced point in the middle of every step."""
    step = np.diff(line, axis=1)
    aside = np.clip(rng.normal(size=step.shape[:2]), -2, 2) * _ROUGHNESS
    middle = (line[:, 1:] + line[:, :-1]) / 2
    middle = middle + np.stack((-step[..., 1], step[..., 0]), axis=-1) * aside[..., None]
    finer = np.empty((line.shape[0], 2 * line.shape[1] - 1, 2))
    finer[:, ::2] = line
    finer[:, 1::2] = middle
    return finer


def _threaded(
    corner: NDArray[np.float64],
    ring: _Numbers,
    edge: _Numbers,
    *,
    backwards: NDArray[np.bool_],
    inner: NDArray[np.float64],
    n_inner: _Numbers,
) -> tuple[NDArray[np.float64], _Numbers]:
    """Return the coordinates of rings, and whose they are, with each edge's inner points put in.

    Row by row `corner` starts an edge of `ring`; an edge that the ring runs `backwards` takes its
    points from last to first.
    """
    first_inner = np.cumsum(n_inner) - n_inner
    size = 1 + n_inner[edge]
    row = np.repeat(np.arange(len(edge)), size)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
    forth = first_inner[edge[row]] + nth - 1
    back = first_inner[edge[row]] + n_inner[edge[row]] - nth
    xy = corner[row]
    inside = nth > 0
    xy[inside] = inner[np.where(backwards[row], back, forth)[inside]]
    return xy, ring[row]
