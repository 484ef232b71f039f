"""Who gets each face between drawn borders: its one claimant, the fittest of several, a neighbour.

Two people who draw one border leave out different corners of it. Between a corner and the edge
that cuts it off lies a face that both claim or none. It goes to the one who cut the corner, so
that the border with more corners is the one that stays: corners are forgotten, never invented.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from geo.lattice import SCALE, Keys, keys, pack
from geo.polygon import rings
from geo.repair_faces import FREE, Faces

_SMALL = 0.1  # of the smallest polygon around: what a forgotten corner may be worth
_MOST_CORNERS = 12
_FEWEST_PARTIES, _MOST_PARTIES = 2, 5
_HABIT, _HABIT_SHARE = 6, 0.05
_UNUSUAL = 3.0

_ANYBODY = np.empty(0, np.int64)


class Ring(NamedTuple):
    """The border of a face, edge by edge in no order.

    Attributes
    ----------
    place
        Where each edge begins, shape (n, 2), in steps of the lattice's latitude both ways.
    after
        The edge that follows each edge.
    beyond
        The face of the same parent on its other side; negative for none.
    """

    place: NDArray[np.float64]
    after: NDArray[np.int64]
    beyond: NDArray[np.int64]


class Neighbours:
    """Which faces of the same parent share an edge, and how much of it."""

    def __init__(self, faces: Faces, drawn: Keys) -> None:
        """Find the shared edges of the faces; `drawn` are the packed keys of all vertices drawn."""
        from geo import repair_kernels  # noqa: PLC0415  Numba takes half a second to import

        self._kernels = repair_kernels
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
        beyond = np.full(len(u), FREE, dtype=np.int64)
        beyond[there], beyond[back] = face[back], face[there]
        self.narrowing = float(np.cos(np.radians(xy[:, 1].mean()))) if len(xy) else 1.0
        place = np.ascontiguousarray(xy * (SCALE * self.narrowing, SCALE))
        self._edges = repair_kernels.Edges(
            start=np.searchsorted(face, np.arange(self._n + 1)),
            after=after,
            beyond=beyond,
            length=np.hypot(*(place[after] - place).T),
            is_drawn=np.isin(u, drawn),
            place=place,
        )

    def n_corners(self) -> NDArray[np.int64]:
        """Return how many vertices of each face were drawn."""
        so_far = np.concatenate(([0], np.cumsum(self._edges.is_drawn)))
        return np.diff(so_far[self._edges.start])

    def fittest(self, face: int, owner: NDArray[np.int64], but: int) -> int:
        """Return who but one has the longest border with a face; `FREE` if nobody has."""
        return int(self._kernels.fittest(face, self._edges, owner, _ANYBODY, False, but))

    def settle(
        self,
        those: NDArray[np.int64],
        owner: NDArray[np.int64],
        claims: NDArray[np.int64],
        corners: NDArray[np.bool_],
    ) -> NDArray[np.int64]:
        """Give faces in turn to the fittest around them; return those that nobody could get.

        `owner` is written to. `claims` are pairs (face, who) in the order of the faces: a face
        that is claimed goes to one of those.
        """
        begin = np.searchsorted(claims[:, 0], np.arange(self._n + 1))
        claimant = np.ascontiguousarray(claims[:, 1])
        left: NDArray[np.int64] = self._kernels.settle(
            those, self._edges, owner, begin, claimant, corners
        )
        return left

    def ring(self, face: int) -> Ring:
        """Return the border of a face."""
        start, end = self._edges.start[face], self._edges.start[face + 1]
        return Ring(
            self._edges.place[start:end],
            self._edges.after[start:end] - start,
            self._edges.beyond[start:end],
        )

    def share_beside_own(
        self, chosen: NDArray[np.int64], owner: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return which share of the border of each chosen face has its own owner beyond it."""
        row, edge = self._edges_of(chosen)
        beyond = self._edges.beyond[edge]
        own = (beyond >= 0) & (owner[beyond] == owner[chosen[row]])
        length = self._edges.length[edge]
        whole = np.bincount(row, length, minlength=len(chosen))
        shared: NDArray[np.float64] = np.bincount(row, length * own, minlength=len(chosen)) / whole
        return shared

    def _edges_of(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs (index into `chosen`, edge of that face)."""
        start = self._edges.start
        n_edges = start[chosen + 1] - start[chosen]
        row = np.repeat(np.arange(len(chosen)), n_edges)
        begin = start[chosen] - (np.cumsum(n_edges) - n_edges)
        return row, np.arange(len(row)) + np.repeat(begin, n_edges)

    def around(
        self, chosen: NDArray[np.int64], owner: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the distinct pairs (index into `chosen`, owner beside that face or `FREE`)."""
        row, edge = self._edges_of(chosen)
        beyond = self._edges.beyond[edge]
        whose = np.where(beyond >= 0, owner[beyond], FREE)
        size = int(owner.max(initial=0)) + 2
        pair = np.unique(row * size + whose + 1)
        return pair // size, pair % size - 1

    def components(self, owner: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return a number for each face, equal where faces of one owner hang together by edges."""
        same = owner[self.one] == owner[self.other]
        links = sparse.coo_array(
            (np.ones(int(same.sum())), (self.one[same], self.other[same])),
            shape=(len(owner), len(owner)),
        )
        _, component = connected_components(links, directed=False)
        return np.asarray(component, dtype=np.int64)

    def n_pieces(self, owner: NDArray[np.int64]) -> dict[int, int]:
        """Return in how many pieces the faces of each owner lie; free faces are left out."""
        # All faces of a piece have one owner.
        _, first = np.unique(self.components(owner), return_index=True)
        owners = owner[first]
        those, n = np.unique(owners[owners >= 0], return_counts=True)
        return dict(zip(those.tolist(), n.tolist(), strict=True))


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

    open_ = owner == FREE
    open_[list(wide)] = False
    left = np.flatnonzero(open_)
    left = left[np.argsort(-faces.area_m2[left], kind="stable")]
    is_corner = np.zeros(len(faces), dtype=np.bool_)
    is_corner[list(corners)] = True
    while len(left):
        n_before = len(left)
        left = neighbours.settle(left, owner, faces.claims, is_corner)
        if len(left) < n_before:
            continue
        stuck = left[n_claims[left] > 0]
        if len(stuck) == 0:
            break
        first = int(stuck[0])
        owner[first] = min(claimants[first], key=lambda who: (area_m2[who], who))
        left = left[left != first]
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
            who = neighbours.fittest(x, owner, but=owner[x])
            if who != FREE:
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
    n_pieces = neighbours.n_pieces(owner)
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
        now = neighbours.n_pieces(tried)
        if sum(now.values()) < sum(n_pieces.values()) and len(now) == len(n_pieces):
            owner, n_pieces = tried, now
    return owner


def _corners(
    faces: Faces,
    neighbours: Neighbours,
    owner: NDArray[np.int64],
    area_m2: NDArray[np.float64],
) -> set[int]:
    """Return the faces that look like a forgotten corner: small, simple, between a few outlines."""
    odd = np.flatnonzero((faces.n_claims != 1) & (neighbours.n_corners() <= _MOST_CORNERS))
    row, who = neighbours.around(odd, owner)
    n_sides = np.bincount(row, minlength=len(odd))
    smallest_m2 = np.full(len(odd), -np.inf)  # with nobody around nothing is small
    party = who >= 0
    smallest_m2[row[party]] = np.inf
    np.minimum.at(smallest_m2, row[party], area_m2[who[party]])
    fits = (n_sides >= _FEWEST_PARTIES) & (n_sides <= _MOST_PARTIES)
    fits &= faces.area_m2[odd] <= _SMALL * smallest_m2
    return set(odd[fits].tolist())
