"""Who gets each face between drawn borders: its one claimant, the fittest of several, a neighbour.

Two people who draw one border leave out different corners of it. Between a corner and the edge
that cuts it off lies a face that both claim or none. It goes to the one who cut the corner, so
that the border with more corners is the one that stays: corners are forgotten, never invented.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from geo.lattice import SCALE, Keys, keys, pack
from geo.polygon import rings
from geo.repair_faces import FREE, Faces

_SMALL = 0.1  # of the smallest polygon around: what a forgotten corner may be worth
_MOST_CORNERS = 12
_MOST_PARTIES = 5
_HABIT, _HABIT_SHARE = 6, 0.05
_UNUSUAL = 3.0
_AS_WIDE = 0.9


@dataclass(slots=True)
class Side:
    """What a face shares with one owner: all edges in lattice steps along the parallel.

    Attributes
    ----------
    border
        Length of the shared edges.
    chord
        Distance from where the shared edges begin to where they end, over all their runs; 0 where
        they go all around.
    n_corners
        Vertices of outlines between two shared edges.
    """

    border: float = 0.0
    chord: float = 0.0
    n_corners: int = 0


class Neighbours:
    """Which faces of the same parent share an edge, and how much of it."""

    def __init__(self, faces: Faces, drawn: Keys) -> None:
        """Find the shared edges of the faces; `drawn` are the packed keys of all vertices drawn."""
        xy, after, face = rings(faces.shapes)
        u = pack(keys(xy))
        v = u[after]
        low, high = np.minimum(u, v), np.maximum(u, v)
        order = np.lexsort((high, low))
        low, high = low[order], high[order]
        twin = np.flatnonzero((low[1:] == low[:-1]) & (high[1:] == high[:-1]))
        there, back = order[twin], order[twin + 1]
        home = faces.parent[face[there]] == faces.parent[face[back]]
        there, back = there[home], back[home]
        self.one, self.other = face[there], face[back]
        self._n = len(faces)
        self._start = np.searchsorted(face, np.arange(self._n + 1))
        self._after = after
        self._beyond = np.full(len(u), FREE, dtype=np.int64)
        self._beyond[there], self._beyond[back] = face[back], face[there]
        self._is_drawn = np.isin(u, drawn)
        narrowing = np.cos(np.radians(xy[:, 1].mean())) if len(xy) else 1.0
        self._place = xy * (SCALE * narrowing, SCALE)
        self._length = np.hypot(*(self._place[after] - self._place).T)

    def n_corners(self) -> NDArray[np.int64]:
        """Return how many vertices of each face were drawn."""
        so_far = np.concatenate(([0], np.cumsum(self._is_drawn)))
        return np.diff(so_far[self._start])

    def sides(self, face: int, owner: NDArray[np.int64]) -> dict[int, Side]:
        """Return what the face shares with each owner around it, `FREE` among them."""
        first, last = self._start[face], self._start[face + 1]
        beyond = self._beyond[first:last]
        whose = np.where(beyond >= 0, owner[beyond], FREE).tolist()
        after = (self._after[first:last] - first).tolist()
        length, is_drawn = self._length[first:last].tolist(), self._is_drawn[first:last].tolist()
        found: dict[int, Side] = {}
        begins: list[tuple[int, int]] = []
        for at, who in enumerate(whose):
            side = found.setdefault(who, Side())
            side.border += length[at]
            to = after[at]
            if whose[to] == who:
                side.n_corners += is_drawn[to]
            else:
                begins.append((to, whose[to]))
        place = self._place[first:last]
        for begin, who in begins:
            end = begin
            while whose[end] == who:
                end = after[end]
            found[who].chord += float(np.hypot(*(place[end] - place[begin])))
        return found

    def components(self, owner: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return a number for each face, equal where faces of one owner hang together by edges."""
        same = owner[self.one] == owner[self.other]
        links = sparse.coo_array(
            (np.ones(int(same.sum())), (self.one[same], self.other[same])),
            shape=(len(owner), len(owner)),
        )
        _, component = connected_components(links, directed=False)
        return np.asarray(component, dtype=np.int64)


def assign_faces(
    faces: Faces, neighbours: Neighbours, area_m2: NDArray[np.float64], gap_limit_m: float
) -> NDArray[np.int64]:
    """Return the polygon that gets each face; `FREE` where a gap is too wide to be closed.

    A face claimed by one polygon is its own. One claimed by several goes to a polygon that would
    otherwise lose more than half of its area (the smallest first), or else to the fittest
    claimant. An unclaimed face goes to the fittest neighbour, unless it is wider than
    `gap_limit_m` or lies among unclaimed faces only. In a file that forgets corners all over, a
    forgotten corner may be wider, up to three times as wide as such corners are there.

    Parameters
    ----------
    area_m2
        Area of each polygon.
    """
    owner = np.full(len(faces), FREE, dtype=np.int64)
    n_claims = faces.n_claims
    face, claimant = faces.claims[:, 0], faces.claims[:, 1]
    sole = n_claims[face] == 1
    owner[face[sole]] = claimant[sole]

    corners = _corners(faces, neighbours, owner, area_m2)
    gaps = np.flatnonzero(n_claims == 0)
    gaps = gaps[faces.area_m2[gaps] > gap_limit_m * gap_limit_m / 2]
    width = faces.widths_m(gaps)
    wide = dict(zip(gaps[width > gap_limit_m].tolist(), width[width > gap_limit_m], strict=True))
    if len(corners) >= max(_HABIT, _HABIT_SHARE * len(area_m2)):
        forgotten = [x for x in wide if x in corners]
        usual = np.median([wide[x] for x in forgotten]) if forgotten else 0.0
        for x in forgotten:
            if wide[x] <= _UNUSUAL * usual:
                del wide[x]

    claimants: dict[int, list[int]] = defaultdict(list)
    for x, who in faces.claims[~sole].tolist():
        claimants[x].append(who)
    lost_m2 = np.bincount(claimant[~sole], faces.area_m2[face[~sole]], minlength=len(area_m2))
    for x, those in claimants.items():
        endangered = [who for who in those if lost_m2[who] > 0.5 * area_m2[who]]
        if endangered:
            owner[x] = min(endangered, key=lambda who: (area_m2[who], who))

    open_faces = [x for x in np.flatnonzero(owner == FREE).tolist() if x not in wide]
    open_faces.sort(key=lambda x: -faces.area_m2[x])
    while open_faces:
        left = []
        for x in open_faces:
            who = _fittest(neighbours.sides(x, owner), claimants.get(x), is_corner=x in corners)
            if who is None:
                left.append(x)
            else:
                owner[x] = who
        if len(left) == len(open_faces):
            stuck = [x for x in left if x in claimants]
            if not stuck:
                break
            owner[stuck[0]] = min(claimants[stuck[0]], key=lambda who: (area_m2[who], who))
            left.remove(stuck[0])
        open_faces = left
    return owner


def give_away_scraps(
    faces: Faces, neighbours: Neighbours, owner: NDArray[np.int64], limit_m: float
) -> NDArray[np.int64]:
    """Return the owners after thin pieces that hang on nothing of their own went to a neighbour.

    A piece is a scrap when it is not the largest of its owner, at most `limit_m` wide and has a
    neighbour; islands and the lobes of a bow-tie stay.
    """
    owner = owner.copy()
    for _ in range(4):
        piece = neighbours.components(owner)
        area = np.bincount(piece, faces.area_m2)
        owned = np.flatnonzero(owner >= 0)
        ranked = owned[np.lexsort((-area[piece[owned]], owner[owned]))]
        first = np.flatnonzero(np.diff(owner[ranked], prepend=-1))
        largest = np.zeros(owner.max(initial=0) + 1, dtype=np.int64)
        largest[owner[ranked[first]]] = piece[ranked[first]]
        loose = owned[piece[owned] != largest[owner[owned]]]
        if len(loose) == 0:
            break
        thickness = np.zeros(len(area))
        np.maximum.at(thickness, piece[loose], faces.widths_m(loose))
        given = False
        for x in loose[thickness[piece[loose]] <= limit_m].tolist():
            sides = neighbours.sides(x, owner)
            sides.pop(int(owner[x]), None)
            who = _fittest(sides, None, is_corner=False)
            if who is not None:
                owner[x] = who
                given = True
        if not given:
            break
    return owner


def bridge_pieces(
    faces: Faces, neighbours: Neighbours, owner: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the owners after faces in dispute went to whom they hold together.

    A narrow neck is easily cut through where neighbours drew over it or left it out. A face that
    several claim, or none, and that lies between two pieces of one owner joins them, unless that
    cuts its present owner apart. Land left free stays free.
    """
    owner = owner.copy()
    piece = neighbours.components(owner)
    n_pieces = _n_pieces(owner, piece)
    claims = set(map(tuple, faces.claims.tolist()))
    reached: dict[tuple[int, int], set[int]] = defaultdict(set)
    one = np.concatenate((neighbours.one, neighbours.other))
    other = np.concatenate((neighbours.other, neighbours.one))
    split = np.zeros(owner.max(initial=0) + 1, dtype=np.bool_)
    split[list(n_pieces)] = [n > 1 for n in n_pieces.values()]
    asked = (owner[one] >= 0) & split[owner[one]] & (owner[other] >= 0)
    asked &= (owner[one] != owner[other]) & (faces.n_claims[other] != 1)
    for mine, x in zip(one[asked].tolist(), other[asked].tolist(), strict=True):
        who = int(owner[mine])
        if faces.n_claims[x] == 0 or (x, who) in claims:
            reached[x, who].add(int(piece[mine]))
    between = [key for key, pieces in reached.items() if len(pieces) > 1]
    for x, who in sorted(between, key=lambda key: (faces.area_m2[key[0]], key)):
        tried = owner.copy()
        tried[x] = who
        now = _n_pieces(tried, neighbours.components(tried))
        if sum(now.values()) < sum(n_pieces.values()) and len(now) == len(n_pieces):
            owner, n_pieces = tried, now
    return owner


def _n_pieces(owner: NDArray[np.int64], piece: NDArray[np.int64]) -> dict[int, int]:
    owned = owner >= 0
    pairs = np.unique(np.column_stack((owner[owned], piece[owned])), axis=0)
    those, n = np.unique(pairs[:, 0], return_counts=True)
    return dict(zip(those.tolist(), n.tolist(), strict=True))


def _fittest(sides: dict[int, Side], among: Iterable[int] | None, *, is_corner: bool) -> int | None:
    """Return who gets a face: who cut the corner, or else who has the longest border with it."""
    fit = {who for who in sides if who >= 0}
    if among is not None:
        fit &= set(among)
    if not fit:
        return None
    if is_corner:
        widest = max(sides[who].chord for who in fit)
        across = [who for who in fit if sides[who].chord >= _AS_WIDE * widest]
        return min(across, key=lambda who: (sides[who].n_corners, -sides[who].border, who))
    return min(fit, key=lambda who: (-sides[who].border, who))


def _corners(
    faces: Faces,
    neighbours: Neighbours,
    owner: NDArray[np.int64],
    area_m2: NDArray[np.float64],
) -> set[int]:
    """Return the faces that look like a forgotten corner: small, simple, between a few outlines."""
    odd = np.flatnonzero((faces.n_claims != 1) & (neighbours.n_corners() <= _MOST_CORNERS))
    found = set()
    for x in odd.tolist():
        sides = neighbours.sides(x, owner)
        parties = [who for who in sides if who >= 0]
        if not parties or not 2 <= len(sides) <= _MOST_PARTIES:
            continue
        if faces.area_m2[x] <= _SMALL * min(float(area_m2[who]) for who in parties):
            found.add(x)
    return found
