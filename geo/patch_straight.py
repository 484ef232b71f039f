"""Vertices that carry nothing: dropped, so that what was cut and joined again is as it was."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geo.coverage import half_edges
from geo.lattice import Geometries, Keys, degrees, keys, pack, unpack
from geo.patch_faces import lone_edges

# Snap rounding puts a node within 0.71 lattice steps of the edge that it divides.
_STRAIGHT = 0.75


def needless(now: Geometries, before: Geometries) -> Keys:
    """Return the former nodes of a coverage that only a straight edge passes through now.

    Vertices on edges with a polygon on one side only are never among them: what lies on the other
    side may need them.
    """
    edges = _edges(now)
    candidates = _met_by(edges, 2)
    candidates = candidates[~np.isin(candidates, _met_by(_edges(before), 2))]
    candidates = candidates[~np.isin(candidates, rim(now))]
    return straight(now, candidates)


def straight(polygons: Geometries, candidates: Keys) -> Keys:
    """Return which of the candidate vertices lie straight between what their one line joins.

    Parameters
    ----------
    polygons
        A coverage in degrees.
    candidates
        Packed keys of vertices. Those that three or more edges meet are passed over; runs of
        others are simplified by Douglas and Peucker's method with three quarters of a lattice
        step, which keeps them this near to the line that replaces them.
    """
    edges = _edges(polygons)
    chain = set(np.intersect1d(candidates, _met_by(edges, 2)).tolist())
    if not chain:
        return np.empty(0, np.int64)
    concerned = np.isin(edges, list(chain)).any(axis=1)
    beside: dict[int, list[int]] = {}
    for u, v in edges[concerned].tolist():
        beside.setdefault(u, []).append(v)
        beside.setdefault(v, []).append(u)
    dropped: list[int] = []
    while chain:
        first = chain.pop()
        run = [first]
        for turn in (-1, 1):
            while True:
                ahead = next((k for k in beside[run[turn]] if k not in run[-2:] + run[:2]), None)
                if ahead is None:
                    break
                run = [ahead, *run] if turn == -1 else [*run, ahead]
                if ahead not in chain:
                    break
                chain.discard(ahead)
        if len(run) > 2 and run[0] != run[-1]:
            line = LineString(unpack(np.array(run)))
            kept = pack(np.rint(shapely.get_coordinates(line.simplify(_STRAIGHT))).astype(np.int64))
            dropped += np.setdiff1d(run, kept).tolist()
    return np.array(dropped, np.int64)


def rim(polygons: Geometries) -> Keys:
    """Return the packed vertices on edges with a polygon on one side only."""
    _, start, end = lone_edges(polygons)
    return np.unique(pack(np.concatenate((start, end))))


def without(polygons: Geometries, dropped: Keys) -> Geometries:
    """Return the polygons without the vertices of these packed keys."""
    return moved(polygons, dict.fromkeys(dropped.tolist()))


def moved(polygons: Geometries, to: Mapping[int, int | None]) -> Geometries:
    """Return the polygons with vertices elsewhere, by packed key; None takes a vertex away.

    A polygon without any of them is the same object as before.
    """
    result = polygons.copy()
    if to:
        wanted = np.fromiter(to, np.int64)
        xy, owner = shapely.get_coordinates(polygons, return_index=True)
        for k in np.unique(owner[np.isin(pack(keys(xy)), wanted)]):
            shell, *inner = shapely.get_rings(polygons[k])
            result[k] = Polygon(_ring(shell, to), [_ring(ring, to) for ring in inner])
    return result


def _ring(ring: BaseGeometry, to: Mapping[int, int | None]) -> list[list[float]]:
    packed = pack(keys(shapely.get_coordinates(ring)[:-1])).tolist()
    kept = [key for key in (to.get(key, key) for key in packed) if key is not None]
    kept = [key for key, last in zip(kept, kept[-1:] + kept[:-1], strict=True) if key != last]
    places: list[list[float]] = degrees(unpack(np.array(kept, np.int64))).tolist()
    return places


def _edges(polygons: Geometries) -> Keys:
    """Return the undirected edges, shape (n, 2), each once."""
    u, v, _ = half_edges(polygons)
    order = np.lexsort((high := np.maximum(u, v), low := np.minimum(u, v)))
    low, high = low[order], high[order]
    first = np.append(True, (np.diff(low) != 0) | (np.diff(high) != 0))[: len(low)]
    return np.column_stack((low[first], high[first]))


def _met_by(edges: Keys, n: int) -> Keys:
    """Return the vertices that exactly n edges meet."""
    vertices, times = np.unique(edges, return_counts=True)
    met: Keys = vertices[times == n]
    return met
