"""Repair of drawn outlines into one proven coverage, with an account of everything changed.

Invalid rings are mended, copies set aside, vertices of neighbours brought together, all borders
noded on the lattice, and every face between them given to one outline or kept as free land. The
result is proven by `geo.coverage`; a tolerance decides only how the dirt is read, never whether
the result is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.coverage import Proof, prove
from geo.errors import GeoError
from geo.lattice import Geometries, keys, pack, snap
from geo.polygon import require_polygonal
from geo.repair_account import Repair, gathered
from geo.repair_assign import Neighbours, assign_faces, bridge_pieces, give_away_scraps
from geo.repair_border import hold_seam
from geo.repair_faces import metric, net_faces, unite
from geo.repair_fingers import Net, cut_fingers
from geo.repair_mend import find_copies, mend
from geo.repair_misfit import NOISE_M, misfit_m
from geo.repair_places import Place, changes, places_of
from geo.repair_snap import snapped_parts

USUAL_M = 1.0
"""Snap distance where none is given and the file does not tell."""

_NEAR_DEG = 1e-3

Progress: TypeAlias = Callable[[int, int, str], None]
_STAGES = ("mend", "snap", "node", "assign", "unite", "prove")


class Unrepairable(GeoError):
    """What came out of a repair could not be proven, so nothing of it may be used."""

    code = "coverage.unrepairable"
    sentence = "The outlines could not be made into a coverage: {reason}."


def repair(
    outlines: Sequence[BaseGeometry] | Geometries,
    ids: Sequence[Hashable] | None = None,
    *,
    frame: BaseGeometry | None = None,
    parents: Sequence[BaseGeometry] | Geometries | None = None,
    parent_of: Sequence[int] | NDArray[np.int64] | None = None,
    tolerance_m: float | None = None,
    gap_limit_m: float | None = 25.0,
    anchors: Sequence[BaseGeometry] | Geometries | None = None,
    taken: Sequence[BaseGeometry] | Geometries | None = None,
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
        differ by noise (2 cm) alone are not moved further. None: as far as the copies of a vertex
        lie apart in this file (`misfit_m`), a metre where they do not tell.
    gap_limit_m
        Gaps wider than this stay, as free land for a person to decide about; but small ones
        between a few outlines are closed where the file leaves out corners all over. None: twice
        the snap distance, but at least a metre.
    anchors
        Clean outlines on the lattice: vertices within the tolerance move onto theirs.
    taken
        Clean outlines on the lattice whose land is somebody's already: they stay exactly as they
        are, the others give way and meet them edge to edge.
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
    duplicates = find_copies(whole)
    aside = [copy for _, copy in duplicates]
    polygons = whole.copy()
    polygons[aside] = shapely.Polygon()

    fixed = _fixed(parents if parents is not None else None if frame is None else [frame])
    home = _homes(fixed, parent_of, len(given))
    beside = _near(taken, polygons)
    drawing = [
        shapely.get_coordinates(shapes)
        for shapes in (fixed, anchors, beside)
        if shapes is not None and len(shapes)
    ]
    magnets = pack(keys(np.concatenate(drawing))) if drawing else None
    tell("snap")
    apart_m = misfit_m(polygons, magnets)
    snap_m = _chosen(apart_m, tolerance_m)
    drawn, whose = snapped_parts(polygons, snap_m, magnets)
    clean = snap(drawn)
    places: tuple[Place, ...] = ()
    unmoved = fixed is None and beside is None and len(clean) and shapely.is_valid(clean).all()
    if unmoved and prove(clean).exact:
        cells, owner, parent = clean, whose, np.zeros_like(whose)
        n_claims = np.ones_like(whose)
    else:
        tell("node")
        faces = net_faces(drawn, polygons, fixed, home, beside)
        tell("assign")
        corners = pack(keys(shapely.get_coordinates(drawn)))
        neighbours = Neighbours(faces, corners)
        limit_m = max(2 * snap_m, 1.0) if gap_limit_m is None else gap_limit_m
        given_to = assign_faces(faces, neighbours, _areas(polygons), limit_m)
        given_to = bridge_pieces(faces, neighbours, given_to)
        given_to = give_away_scraps(faces, neighbours, given_to, 2 * snap_m)
        faces, neighbours, given_to = cut_fingers(Net(faces, neighbours, given_to), corners)
        tell("unite")
        cells, owner, parent = unite(faces, neighbours.components(given_to), given_to)
        places, n_claims = places_of(faces, given_to, snap_m), faces.n_claims
        if beside is not None:
            cells = hold_seam(cells, beside)
    tell("prove")
    proof = _required_proof(cells, fixed, may_surround=beside is not None)
    after = gathered(cells, owner, len(given))
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


def _near(
    taken: Sequence[BaseGeometry] | Geometries | None, polygons: Geometries
) -> Geometries | None:
    """Return the taken outlines that polygons may touch; none if there are none."""
    if taken is None or len(taken) == 0:
        return None
    clean = snap(taken)
    box = shapely.box(*shapely.total_bounds(polygons)).buffer(_NEAR_DEG)
    near = clean[shapely.intersects(clean, box)]
    return near if len(near) else None


def _chosen(apart_m: float | None, tolerance_m: float | None) -> float:
    """Return how far vertices are brought together: no farther than they lie apart."""
    if tolerance_m is None:
        return USUAL_M if apart_m is None else apart_m
    return NOISE_M if apart_m == NOISE_M else max(tolerance_m, NOISE_M)


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


def _required_proof(cells: Geometries, fixed: Geometries | None, *, may_surround: bool) -> Proof:
    """Return the proof of the cells.

    Free cells fill every gap, so without parents nothing but the outer rings may be left. Inside
    parents the borders have gained vertices: the cells are proven against their own union, and
    that this is the parents' union is measured, to half a lattice step along the border. Beside
    land that is taken they may surround some of it.
    """
    if fixed is None and not may_surround:
        proof = prove(cells)
    elif fixed is None:
        whole = shapely.union_all(shapely.coverage_union_all(cells))
        proof = prove(cells, None if whole.is_empty else whole)
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
