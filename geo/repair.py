"""Repair of drawn outlines into one proven coverage, with an account of everything changed.

Invalid rings are mended, copies set aside, vertices of neighbours brought together, all borders
noded on the lattice, and every face between them given to one outline or kept as free land. The
result is proven by `geo.coverage`; a tolerance decides only how the dirt is read, never whether
the result is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.coverage import Proof, half_edges, prove, residue
from geo.errors import GeoError
from geo.lattice import Geometries, Keys, keys, pack, snap
from geo.polygon import is_polygonal, require_polygonal
from geo.repair_faces import (
    FREE,
    Faces,
    Neighbours,
    assign_faces,
    give_away_scraps,
    metric,
    net_faces,
    unite,
)
from geo.repair_places import Place, changes, places_of
from geo.repair_snap import snapped_parts

NOISE_M = 0.02
"""Two lattice steps: copies of a vertex that are closer were one vertex before rounding."""

TRIED_M = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Snap distances that are tried when none is given."""

_COPY_SHARE = 0.9
_ENOUGH_CANCELLED = 0.5

Progress: TypeAlias = Callable[[int, int, str], None]
_STAGES = ("mend", "snap", "node", "assign", "unite", "prove")


class Unrepairable(GeoError):
    """What came out of a repair could not be proven, so nothing of it may be used."""

    code = "coverage.unrepairable"
    sentence = "The outlines could not be made into a coverage: {reason}."


@dataclass(frozen=True, eq=False)
class Repair:
    """A proven coverage and the account of how it was made.

    Attributes
    ----------
    ids
        The inputs' own ids, in their order; indices below point into them.
    cells
        Polygons in degrees on the lattice, one part each.
    owner
        Index of the input each cell belongs to; -1 for free land: a gap too wide to be closed, or
        the rest of a parent.
    parent
        Index of the parent each cell lies in; 0 throughout when there are none.
    snap_m
        The distance within which vertices were brought together.
    mended
        Index of each input whose rings were invalid, and what was wrong.
    duplicates
        Pairs (kept, set aside) of inputs that repeat another.
    lost
        Indices of the inputs that have no cell: copies, and what others cover completely.
    places
        Overlaps, gaps and crossings wider than the snap distance, the widest first.
    n_overlaps, n_gaps
        How many faces several inputs claimed, and how many none did, of any width.
    moved_m
        For each input the greatest distance between its border before and after; infinite when
        it was lost.
    changed_m2
        For each input the area gained plus the area lost.
    proof
        Of all cells against the outline of them all (and of the parents).
    """

    ids: tuple[Hashable, ...]
    cells: Geometries
    owner: NDArray[np.int64]
    parent: NDArray[np.int64]
    snap_m: float
    mended: dict[int, str]
    duplicates: tuple[tuple[int, int], ...]
    lost: tuple[int, ...]
    places: tuple[Place, ...]
    n_overlaps: int
    n_gaps: int
    moved_m: NDArray[np.float64]
    changed_m2: NDArray[np.float64]
    proof: Proof

    def outlines(self) -> list[BaseGeometry | None]:
        """Return the outline of each input, a multipolygon where it has several cells."""
        return _gathered(self.cells, self.owner, len(self.ids))

    def as_dict(self) -> dict[str, Any]:
        """Return the account under the inputs' own ids, ready for JSON."""
        taken = np.isfinite(self.moved_m)
        return {
            "n": len(self.ids),
            "cells": len(self.cells),
            "free": int((self.owner == FREE).sum()),
            "exact": self.proof.exact,
            "snap_m": self.snap_m,
            "mended": [{"id": self.ids[i], "reason": why} for i, why in self.mended.items()],
            "duplicates": [{"id": self.ids[b], "of": self.ids[a]} for a, b in self.duplicates],
            "lost": [self.ids[i] for i in self.lost],
            "n_overlaps": self.n_overlaps,
            "n_gaps": self.n_gaps,
            "places": [place.as_dict(self.ids) for place in self.places],
            "moved_m": round(float(self.moved_m[taken].max(initial=0.0)), 3),
            "changes": [
                {
                    "id": self.ids[i],
                    "moved_m": round(float(self.moved_m[i]), 3),
                    "changed_m2": round(float(self.changed_m2[i]), 2),
                }
                for i in np.flatnonzero(taken & (self.moved_m > NOISE_M)).tolist()
            ],
        }


def repair(
    outlines: Sequence[BaseGeometry] | Geometries,
    ids: Sequence[Hashable] | None = None,
    *,
    frame: BaseGeometry | None = None,
    parents: Sequence[BaseGeometry] | Geometries | None = None,
    parent_of: Sequence[int] | NDArray[np.int64] | None = None,
    tolerance_m: float | None = 1.0,
    gap_limit_m: float | None = 25.0,
    anchors: Sequence[BaseGeometry] | Geometries | None = None,
    progress: Progress | None = None,
) -> Repair:
    """Return the outlines as a proven coverage, every one accounted for.

    Parameters
    ----------
    outlines
        Polygons or multipolygons in CGCS2000 degrees, valid or not.
    ids
        Their own ids, for the account; by default 0, 1, 2 ...
    frame
        The outline to be covered: parts outside are cut off, what is left over becomes free
        land. Short for one parent of all.
    parents
        Clean outlines on the lattice, exactly matching each other, that children are fitted into.
        Their borders stay where they are but may gain vertices, on both sides alike.
    parent_of
        Index of the parent of each outline.
    tolerance_m
        How far vertices may move to meet their neighbours' or a parent's. Files whose neighbours
        differ by noise (2 cm) alone are not moved further. None: the smallest of 0.5, 1, 2, 5
        and 10 m with which about as many faces remain as there are outlines.
    gap_limit_m
        Gaps wider than this stay, as free land for a person to decide about. None: twice the
        snap distance, but at least a metre.
    anchors
        Clean outlines beside these, on the lattice: vertices within the tolerance move onto
        theirs.
    progress
        Called with (done, total, stage) as the work goes on.

    Raises
    ------
    NotPolygonal
        If an outline or parent is missing or no polygon.
    BadPosition
        If a coordinate is no place on Earth.
    Unrepairable
        If the result cannot be proven.
    """
    require_polygonal(outlines)
    given = np.empty(len(outlines), dtype=np.object_)
    given[:] = outlines
    tell = _teller(progress)
    tell("mend")
    whole, mended = mend(given)
    duplicates = _duplicates(whole)
    aside = [copy for _, copy in duplicates]
    polygons = whole.copy()
    polygons[aside] = shapely.Polygon()

    fixed = _fixed(parents if parents is not None else None if frame is None else [frame])
    drawing = [shapely.get_coordinates(shapes) for shapes in (fixed, anchors) if shapes is not None]
    magnets = pack(keys(np.concatenate(drawing))) if drawing else None
    task = _Task(polygons, fixed, _homes(fixed, parent_of, len(given)), magnets, tell)
    tried = _ladder(tolerance_m)
    for at, snap_m in enumerate(tried):
        found = task.attempt(snap_m, last=at + 1 == len(tried))
        if found is not None:
            break
    if isinstance(found, Faces):
        tell("assign")
        neighbours = Neighbours(found)
        limit_m = max(2 * snap_m, 1.0) if gap_limit_m is None else gap_limit_m
        given_to = assign_faces(found, neighbours, _areas(polygons), limit_m)
        given_to = give_away_scraps(found, neighbours, given_to, 2 * snap_m)
        tell("unite")
        cells, owner, parent = unite(found, neighbours, given_to)
        places, n_claims = places_of(found, given_to, snap_m), found.n_claims
    else:
        assert found is not None, "the last distance is always taken"
        cells, owner = found
        parent, places = np.zeros_like(owner), ()
        n_claims = np.ones_like(owner)
    tell("prove")
    proof = _required_proof(cells, fixed)
    after = _gathered(cells, owner, len(given))
    moved_m, changed_m2 = changes(whole, after)
    return Repair(
        ids=tuple(ids) if ids is not None else tuple(range(len(given))),
        cells=cells,
        owner=owner,
        parent=parent,
        snap_m=snap_m,
        mended=mended,
        duplicates=duplicates,
        lost=tuple(i for i, outline in enumerate(after) if outline is None),
        places=places,
        n_overlaps=int((n_claims > 1).sum()),
        n_gaps=int((n_claims == 0).sum()),
        moved_m=moved_m,
        changed_m2=changed_m2,
        proof=proof,
    )


@dataclass(frozen=True, eq=False)
class _Task:
    """Valid polygons to be fitted together, and into parents if there are any."""

    polygons: Geometries
    fixed: Geometries | None
    home: NDArray[np.int64] | None
    magnets: Keys | None
    tell: Callable[[str], None]

    def attempt(
        self, snap_m: float, *, last: bool
    ) -> Faces | tuple[Geometries, NDArray[np.int64]] | None:
        """Return finished cells and owners, or noded faces, or none if the distance is too small.

        The cells are finished when snapping alone makes them a coverage, as it does with noise.
        """
        self.tell("snap")
        drawn, whose = snapped_parts(self.polygons, snap_m, self.magnets)
        expected = len(drawn)
        if self.fixed is not None:
            expected += len(self.fixed)
        else:
            clean = snap(drawn)
            if _is_coverage(clean):
                return clean, whose
            if not last and _cancelled(clean) < _ENOUGH_CANCELLED:
                return None
        self.tell("node")
        faces = net_faces(drawn, self.polygons, self.fixed, self.home)
        return faces if last or len(faces) <= 1.1 * expected + 10 else None


def _is_coverage(polygons: Geometries) -> bool:
    """Return whether valid polygons on the lattice cover their own union, which has no holes."""
    if len(polygons) == 0 or not shapely.is_valid(polygons).all():
        return False
    united = shapely.union_all(polygons)
    holes = shapely.get_num_interior_rings(shapely.get_parts(united)).sum()
    return bool(holes == 0 and residue(polygons) == residue([united]))


def _cancelled(polygons: Geometries) -> float:
    """Return the share of the half-edges that meet their opposite."""
    n = len(half_edges(polygons).u)
    return 1 - len(residue(polygons)) / n if n else 1.0


def _ladder(tolerance_m: float | None) -> tuple[float, ...]:
    if tolerance_m is None:
        return (NOISE_M, *TRIED_M)
    return (NOISE_M,) if tolerance_m <= NOISE_M else (NOISE_M, tolerance_m)


def mend(outlines: Sequence[BaseGeometry] | Geometries) -> tuple[Geometries, dict[int, str]]:
    """Return valid polygons in two dimensions, every part kept, and what was wrong with which.

    An outline of which nothing with an area is left comes back empty.
    """
    given = np.empty(len(outlines), dtype=np.object_)
    given[:] = outlines
    given = shapely.force_2d(given)
    bad = np.flatnonzero(~shapely.is_valid(given))
    mended = given.copy()
    mended[bad] = shapely.make_valid(given[bad], method="structure", keep_collapsed=False)
    for index in bad[~is_polygonal(mended[bad])]:
        flat = [part for part in shapely.get_parts(mended[index]) if part.geom_type == "Polygon"]
        mended[index] = shapely.multipolygons(flat) if flat else shapely.Polygon()
    return mended, {int(i): str(shapely.is_valid_reason(given[i])) for i in bad}


def _duplicates(polygons: Geometries) -> tuple[tuple[int, int], ...]:
    """Return pairs (kept, copy) where two polygons share nine tenths of the larger one."""
    solid = np.flatnonzero(~shapely.is_empty(polygons))
    if len(solid) == 0:
        return ()
    area = np.zeros(len(polygons))
    area[solid] = shapely.area(polygons[solid])
    tree = shapely.STRtree(polygons[solid])
    one, other = (solid[side] for side in tree.query(polygons[solid]))
    ratio = np.minimum(area[one], area[other]) / np.maximum(area[one], area[other])
    alike = (one < other) & (ratio > _COPY_SHARE)
    one, other = one[alike], other[alike]
    box_a, box_b = shapely.bounds(polygons[one]), shapely.bounds(polygons[other])
    spans = np.minimum(box_a[:, 2:], box_b[:, 2:]) - np.maximum(box_a[:, :2], box_b[:, :2])
    largest = np.maximum(area[one], area[other])
    near = spans.clip(0).prod(axis=1) > _COPY_SHARE * largest
    one, other, largest = one[near], other[near], largest[near]
    common = shapely.area(shapely.intersection(polygons[one], polygons[other]))
    pairs: list[tuple[int, int]] = []
    copies: set[int] = set()
    same = common > _COPY_SHARE * largest
    for a, b in sorted(zip(one[same].tolist(), other[same].tolist(), strict=True)):
        if a not in copies and b not in copies:
            pairs.append((a, b))
            copies.add(b)
    return tuple(pairs)


def _fixed(parents: Sequence[BaseGeometry] | Geometries | None) -> Geometries | None:
    if parents is None:
        return None
    require_polygonal(parents)
    clean = snap(parents)
    if not shapely.is_valid(clean).all():
        raise Unrepairable(reason="a parent's outline is not valid")
    return clean


def _homes(
    fixed: Geometries | None, parent_of: Sequence[int] | NDArray[np.int64] | None, n: int
) -> NDArray[np.int64] | None:
    if fixed is None:
        return None
    if parent_of is None:
        assert len(fixed) == 1, "with several parents, say which one each outline belongs to"
        return np.zeros(n, dtype=np.int64)
    return np.asarray(parent_of, dtype=np.int64)


def _areas(polygons: Geometries) -> NDArray[np.float64]:
    area = np.zeros(len(polygons))
    solid = ~shapely.is_empty(polygons)
    if solid.any():
        area[solid] = shapely.area(metric(polygons[solid]))
    return area


def _gathered(cells: Geometries, owner: NDArray[np.int64], n: int) -> list[BaseGeometry | None]:
    whole: list[BaseGeometry | None] = [None] * n
    order = np.argsort(owner, kind="stable")
    order = order[owner[order] != FREE]
    those, first = np.unique(owner[order], return_index=True)
    for who, own in zip(those.tolist(), np.split(order, first[1:]), strict=True):
        whole[who] = cells[own[0]] if len(own) == 1 else shapely.MultiPolygon(list(cells[own]))
    return whole


def _required_proof(cells: Geometries, fixed: Geometries | None) -> Proof:
    """Return the proof of the cells.

    Free cells fill every gap, so without parents nothing but the outer rings may be left. Inside
    parents the borders have gained vertices: the cells are proven against their own union, and
    that this is the parents' union is measured, to half a lattice step along the border.
    """
    if fixed is None:
        proof = prove(cells)
    else:
        united = shapely.union_all(shapely.coverage_union_all(cells)) if len(cells) else None
        if united is None or united.is_empty:
            raise Unrepairable(reason="nothing lies inside the parents")
        proof = prove(cells, united)
        wanted = shapely.union_all(fixed)
        off = shapely.area(shapely.symmetric_difference(united, wanted))
        if off > 2e-7 * shapely.length(wanted):
            raise Unrepairable(reason="the cells do not fill their parents")
    if not proof.exact:
        at = [
            list(shapely.get_coordinates(shapely.point_on_surface(cells[i]))[0])
            for i in proof.invalid[:20]
        ]
        raise Unrepairable(
            reason=f"{len(proof.invalid)} invalid cells, {proof.extra} edges without a neighbour",
            places=at,
        )
    return proof


def _teller(progress: Progress | None) -> Callable[[str], None]:
    def tell(stage: str) -> None:
        if progress is not None:
            progress(_STAGES.index(stage), len(_STAGES), stage)

    return tell
