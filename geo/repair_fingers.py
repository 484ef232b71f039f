"""Long gaps cut where the outlines beside them change: nobody runs along the borders of others.

Along a road or a brook two rows of outlines are often drawn a few metres apart. The strip between
them is one face, and whoever gets the whole of it reaches as a finger between outlines it never
touched. The strip is cut straight across where its owner's own border ends, and what lies beyond
goes to those who lie beside it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.coverage import residue
from geo.lattice import SCALE, Coordinates, Geometries, Keys, from_lattice, to_lattice
from geo.repair_assign import Neighbours
from geo.repair_faces import FREE, Faces, metric, middle_points

_LONG_M, _WIDTHS = 10.0, 5.0  # a finger is longer than both
_ACROSS = 0.5  # of the way along the border: a shorter way leads across
_NEAR = 1.3  # a vertex so much farther away than the edge is as good
_ROUNDS = 8


class Net(NamedTuple):
    """Faces, who lies beside whom, and who gets each face."""

    faces: Faces
    neighbours: Neighbours
    owner: NDArray[np.int64]


def cut_fingers(net: Net, drawn: Keys) -> Net:
    """Return the net with its closed gaps cut where their owner's own border ends.

    A gap is cut when the part of it beyond that border is longer than 10 m and than five times its
    width. It stays whole where a cut would tear its owner apart.

    Parameters
    ----------
    drawn
        Packed keys of all vertices that were drawn.
    """
    for _ in range(_ROUNDS):
        cuts = {face: found for face in _with_fingers(net) if (found := _cuts(net, face))}
        divided = _divided(net.faces, cuts) if cuts else None
        if divided is None:
            break
        net = _given_anew(net, *divided, drawn, list(cuts))
    return net


def _with_fingers(net: Net) -> list[int]:
    faces, owner = net.faces, net.owner
    gaps = np.flatnonzero((faces.n_claims == 0) & (owner >= 0))
    half_m = shapely.length(faces.flat[gaps]) / 2
    beyond_m = half_m * (1 - 2 * net.neighbours.share_beside_own(gaps, owner))
    width_m = faces.area_m2[gaps] / np.maximum(half_m, _LONG_M)
    found: list[int] = gaps[(beyond_m > _LONG_M) & (beyond_m > _WIDTHS * width_m)].tolist()
    return found


def _cuts(net: Net, face: int) -> list[Keys]:
    """Return lines across a gap from where its owner's border ends, as keys of both ends."""
    ring = net.neighbours.ring(face)
    beside = np.where(ring.beyond >= 0, net.owner[ring.beyond], FREE)
    before = np.empty_like(ring.after)
    before[ring.after] = np.arange(len(before))
    own = beside == net.owner[face]
    ends = np.flatnonzero(own != own[before])
    found = [_across(ring.place, ring.after, ring.beyond >= 0, int(end)) for end in ends]
    narrowing = net.neighbours.narrowing
    lines = []
    for line in found:
        if line is None:
            continue
        keys = np.rint(line / (narrowing, 1.0)).astype(np.int64)
        if _is_inside(net.faces.shapes[face], keys / SCALE):
            lines.append(keys)
    return lines


def _across(
    place: Coordinates, after: NDArray[np.int64], is_movable: NDArray[np.bool_], end: int
) -> Coordinates | None:
    """Return the shortest way from a vertex across to its ring's other side, measured by the way
    around; none if there is no short one.

    It ends at a vertex where one is near, and always on edges that may gain no vertex.
    """
    order = [end]
    while (following := int(after[order[-1]])) != end:
        order.append(following)
    ring = np.array(order)
    here, there = place[ring], place[np.roll(ring, -1)]
    length = np.hypot(*(there - here).T)
    along = np.concatenate(([0.0], np.cumsum(length)))
    opposite = np.arange(1, len(ring) - 1)  # neither the first edge nor the last
    if len(opposite) == 0:
        return None
    edge = there[opposite] - here[opposite]
    towards = place[end] - here[opposite]
    at = np.clip((edge * towards).sum(axis=1) / np.maximum(length[opposite] ** 2, 1.0), 0, 1)
    aside = np.hypot(*(towards - at[:, None] * edge).T)
    corner = np.rint(at)
    to_corner = np.hypot(*(towards - corner[:, None] * edge).T)
    at = np.where((to_corner <= _NEAR * aside) | ~is_movable[ring[opposite]], corner, at)
    aside = np.hypot(*(towards - at[:, None] * edge).T)
    way = along[opposite] + at * length[opposite]
    around = np.minimum(way, along[-1] - way)
    part = np.full(len(opposite), np.inf)
    np.divide(aside, around, out=part, where=around > 0)
    best = int(np.argmin(part))
    if not part[best] < _ACROSS:
        return None
    return np.stack((place[end], here[opposite[best]] + at[best] * edge[best]))


def _is_inside(shape: shapely.Polygon, line: Coordinates) -> bool:
    between = line[0] + np.array([[0.1], [0.5], [0.9]]) * (line[1] - line[0])
    return bool(shapely.contains_xy(shape, between).all())


def _divided(faces: Faces, cuts: dict[int, list[Keys]]) -> tuple[Faces, NDArray[np.int64]] | None:
    """Return the faces with some of them cut, and which face each was a part of.

    None where snapping the cuts onto the lattice would move borders of other faces.
    """
    near = shapely.STRtree(faces.shapes).query(faces.shapes[list(cuts)], predicate="intersects")[1]
    touched = np.unique(near)
    steps, origin = to_lattice(faces.shapes[touched])
    across = shapely.linestrings(np.concatenate(list(cuts.values())) - np.array(origin))
    rings = shapely.get_rings(shapely.get_parts(steps))
    noded = shapely.union_all(np.concatenate((rings, across)), grid_size=1)
    inside = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    made = from_lattice(inside, origin)
    part, whole = shapely.STRtree(faces.shapes[touched]).query(
        middle_points(inside, origin), predicate="within"
    )
    if residue(made[part]) != residue(faces.shapes[touched]):
        return None
    rest = np.setdiff1d(np.arange(len(faces)), touched)
    of = np.concatenate((rest, touched[whole]))
    shapes: Geometries = np.concatenate((faces.shapes[rest], made[part]))
    claims, strays = _inherited(faces.claims, of), _inherited(faces.strays, of)
    return Faces(shapes, faces.parent[of], claims, strays, metric(shapes)), of


def _inherited(pairs: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs (face, polygon) of faces that are parts of others."""
    order = np.argsort(pairs[:, 0], kind="stable")
    begin = np.searchsorted(pairs[order, 0], of)
    n = np.searchsorted(pairs[order, 0], of, side="right") - begin
    at = np.arange(n.sum()) + np.repeat(begin - (np.cumsum(n) - n), n)
    return np.column_stack((np.repeat(np.arange(len(of)), n), pairs[order[at], 1]))


def _given_anew(net: Net, faces: Faces, of: NDArray[np.int64], drawn: Keys, gaps: list[int]) -> Net:
    """Return the net of the divided faces, the parts of the cut gaps given to who lies beside."""
    neighbours = Neighbours(faces, drawn)
    former = net.owner[of]
    owner = former.copy()
    parts = np.flatnonzero(np.isin(of, gaps))
    owner[parts] = FREE
    parts = parts[np.argsort(-faces.area_m2[parts], kind="stable")]
    no_corner = np.zeros(len(faces), dtype=np.bool_)
    neighbours.settle(parts, owner, faces.claims, no_corner)
    before, after = neighbours.n_pieces(former), neighbours.n_pieces(owner)
    torn = [who for who, n in before.items() if after.get(who, 0) > n]
    kept = parts[np.isin(former[parts], torn)]
    owner[kept] = former[kept]
    return Net(faces, neighbours, owner)
