"""Keeping the outer border of land that is divided anew free of new vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.coverage import Chain, residue
from geo.lattice import SCALE, Geometries, Keys, degrees, keys, pack, snap, unpack
from geo.position import GEOD

_ON_EDGE = 1 / SCALE  # noding rounds a vertex off its edge by less than a lattice step


@dataclass(frozen=True, eq=False)
class HeldBorder:
    """Cells whose outer border is what it was; `moved_m` is the greatest move of a vertex."""

    cells: Geometries
    n_moved: int
    moved_m: float


def hold_border(cells: Geometries, before: Chain) -> HeldBorder:
    """Return the cells with every vertex that is new on their outer border moved to an old one.

    Noding puts a vertex where a new border ends on the outer one, and only the cells inside know
    it. Each is moved along its old edge to the nearer end of it.

    Parameters
    ----------
    cells
        Polygons on the lattice that cover some land exactly, but for vertices added to its border.
    before
        The chain of that land.

    Notes
    -----
    What a move could twist is found by the proof, as everything is: the caller proves the cells.
    """
    after = residue(cells)
    if after == before:
        return HeldBorder(cells, 0, 0.0)
    old = np.unique(np.concatenate((before.u, before.v)))
    new = np.setdiff1d(np.unique(np.concatenate((after.u, after.v))), old)
    if len(new) == 0:
        return HeldBorder(cells, 0, 0.0)
    ends = np.stack((degrees(unpack(before.u)), degrees(unpack(before.v))), axis=1)
    edges = np.asarray(shapely.linestrings(ends), dtype=np.object_)
    places = degrees(unpack(new))
    nearest = shapely.STRtree(edges).nearest(shapely.points(places))
    target = _nearer(new, before.u[nearest], before.v[nearest])
    moved = shapely.transform(cells, lambda xy: _mapped(xy, new, target))
    _, _, metres = GEOD.inv(*places.T, *degrees(unpack(target)).T)
    return HeldBorder(snap(moved), len(new), float(np.max(metres)))


def hold_seam(cells: Geometries, beside: Geometries) -> Geometries:
    """Return the cells with every vertex on an edge of others moved to the nearer end of it.

    Where a border ends on an edge of land that stays as it is, noding makes a vertex that the
    other side does not have.

    Parameters
    ----------
    cells, beside
        Polygons on the lattice, noded together.
    """
    edges = residue(beside)
    old = np.unique(np.concatenate((edges.u, edges.v)))
    mine = residue(cells)
    new = np.setdiff1d(np.unique(np.concatenate((mine.u, mine.v))), old)
    if len(new) == 0:
        return cells
    places: Geometries = np.asarray(shapely.points(degrees(unpack(new))), dtype=np.object_)
    line, at = shapely.STRtree(places).query(
        edges.segments(), predicate="dwithin", distance=_ON_EDGE
    )
    if len(at) == 0:
        return cells
    first = np.unique(at, return_index=True)[1]
    line, at = line[first], at[first]
    target = _nearer(new[at], edges.u[line], edges.v[line])
    moved = shapely.transform(cells, lambda xy: _mapped(xy, new[at], target))
    return snap(moved)


def _nearer(place: Keys, one: Keys, other: Keys) -> Keys:
    here, a, b = unpack(place), unpack(one), unpack(other)
    closer = np.hypot(*(here - a).T) <= np.hypot(*(here - b).T)
    return np.where(closer, one, other)


def _mapped(xy: NDArray[np.float64], new: Keys, target: Keys) -> NDArray[np.float64]:
    packed = pack(keys(xy))
    at = np.minimum(np.searchsorted(new, packed), len(new) - 1)
    hit = new[at] == packed
    return degrees(unpack(np.where(hit, target[at], packed)))
