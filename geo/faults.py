"""Where polygons fail to be a coverage: gaps, overlaps, repeats and parts outside, located.

How often a place is covered changes only across edges that have no partner. So these edges alone
are noded and turned into faces, and each face is asked who covers it. A file in which every edge
has its partner has no such edge and no face.

Nodes are snapped to a grid much finer than the tolerance, so that edges that differ by less fall
together; what is left of them is narrower than the tolerance and is counted as noise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.coverage import InvalidFrame, chain, enclosed
from geo.coverage_report import CoverageReport, Fault, Kind
from geo.crs import MetricFrame, area_m2
from geo.lattice import SCALE, Geometries
from geo.polygon import eroded, is_polygonal, rings, widths

__all__ = ["CoverageReport", "Fault", "Kind", "check"]

_KINDS: tuple[Kind, ...] = ("invalid", "duplicate", "overlap", "gap", "outside")
_SAME = 0.9  # two polygons that share this much of the larger one are the same, drawn twice
_FINEST_M, _COARSEST_M = 1e-4, 0.1
_REPAIRABLE_VERTICES = 200_000
_ROUNDING = 2 / SCALE
_PLACE = re.compile(r"\[(\S+) (\S+)\]")


def check(
    polygons: Sequence[BaseGeometry | None] | Geometries,
    ids: Sequence[object],
    within: BaseGeometry | None = None,
    tolerance_m: float = 0.1,
) -> CoverageReport:
    """Return whether polygons are an exact coverage, and the places where they are none.

    Parameters
    ----------
    polygons
        In degrees, as they came: on no lattice, possibly invalid or missing.
    ids
        Their codes, for the report.
    within
        The outline that they should cover. Without one, the outer rings of their union.
        Where it differs from theirs by no more than two lattice steps, as a line that was rounded
        or drawn with other vertices does, it counts as the same line.
    tolerance_m
        Faults are wider than this.

    Raises
    ------
    InvalidFrame
        If `within` is not a valid polygon or multipolygon.

    Notes
    -----
    An invalid polygon is a fault of its own and takes part in the others as `make_valid` (method
    "structure") reads it. That is done for polygons of up to 200,000 vertices, since noding a
    tangle takes quadratic time and more; a larger one is reported as invalid only.
    """
    given = np.empty(len(polygons), dtype=np.object_)
    given[:] = polygons
    if within is not None and not (is_polygonal([within])[0] and within.is_valid):
        raise InvalidFrame(reason=shapely.is_valid_reason(within))
    invalid = ~is_polygonal(given) | shapely.is_empty(given) | ~shapely.is_valid(given)
    sound = _sound(given, invalid)
    firsts, repeats = _repeats(sound)
    sound[repeats] = shapely.Polygon()
    if within is not None:
        within = _agreed(within, sound)
    loose = _loose(sound, within)
    lons = shapely.get_coordinates([*sound, within])[:, 0]
    frame = MetricFrame.at(float(lons.min() + lons.max()) / 2 if len(lons) else 0.0)
    metric = frame.project(sound)
    regions = [
        _Region("duplicate", (int(first), int(repeat)), metric[first])
        for first, repeat in zip(firsts, repeats, strict=True)
    ]
    survey = _survey(sound, metric, loose, within, frame, tolerance_m)
    regions += survey.regions
    if within is None and not regions and not survey.n_noisy:
        loose = _loose(sound, enclosed(loose.lines()))
    faults = [_invalid_fault(given[k], str(ids[k])) for k in np.flatnonzero(invalid).tolist()]
    faults += _faults(regions, ids, frame)
    faults.sort(key=lambda fault: (_KINDS.index(fault.kind), -fault.area_m2, fault.codes))
    return CoverageReport(
        n=len(given),
        exact=not (len(loose.owner) or invalid.any() or len(repeats)),
        duplicates=len({region.who[1] for region in regions if region.kind == "duplicate"}),
        noise=survey.n_noisy,
        faults=tuple(faults),
    )


class _Region(NamedTuple):
    """A fault on the metric plane, with the indices of the polygons concerned."""

    kind: Kind
    who: tuple[int, ...]
    shape: BaseGeometry


class _Survey(NamedTuple):
    regions: list[_Region]
    n_noisy: int


class _Loose(NamedTuple):
    """Edges without a partner, in degrees; `owner` is -1 for those of the outline."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    owner: NDArray[np.int64]

    def lines(self) -> Geometries:
        ends = np.stack((self.start, self.end), axis=1)
        return np.asarray(shapely.linestrings(ends), dtype=np.object_)

    def chains(self) -> Geometries:
        """Return edges that follow one another as one line: those are noded in half the time."""
        n = len(self.start)
        if not n:
            return np.empty(0, dtype=np.object_)
        clockwise = (self.end[1:] == self.start[:-1]).all(axis=1)  # its edges come last to first
        turned = np.append(clockwise, False) | np.append(False, clockwise)
        start = np.where(turned[:, None], self.end, self.start)
        end = np.where(turned[:, None], self.start, self.end)
        begins = np.append(True, (start[1:] != end[:-1]).any(axis=1))
        line = np.cumsum(begins) - 1
        at = np.arange(n) + line  # each line before has one vertex more than edges
        xy = np.empty((n + line[-1] + 1, 2))
        xy[at + 1] = end
        xy[at[begins]] = start[begins]
        whose = np.empty(len(xy), dtype=np.int64)
        whose[at + 1] = line
        whose[at[begins]] = line[begins]
        return np.asarray(shapely.linestrings(xy, indices=whose), dtype=np.object_)


def _sound(given: Geometries, invalid: NDArray[np.bool_]) -> Geometries:
    """Return valid polygons: what an invalid one encloses, an empty one where that is unknown."""
    sound = given.copy()
    for index in np.flatnonzero(invalid):
        sound[index] = shapely.Polygon()
        polygon = given[index]
        if (
            is_polygonal([polygon])[0]
            and shapely.get_num_coordinates(polygon) <= _REPAIRABLE_VERTICES
        ):
            repaired = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
            sound[index] = _areas_of(repaired)
    return sound


def _areas_of(shape: BaseGeometry) -> BaseGeometry:
    pieces = shapely.get_parts(shapely.get_parts(shape))
    return shapely.MultiPolygon(pieces[is_polygonal(pieces)].tolist())


def _repeats(polygons: Geometries) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the features that are written twice: the first one, and each that repeats it."""
    first_of: dict[bytes, int] = {}
    pairs = [
        (first_of.setdefault(spelling, index), index)
        for index, spelling in enumerate(shapely.to_wkb(shapely.normalize(polygons)))
        if not polygons[index].is_empty
    ]
    rows = np.array([pair for pair in pairs if pair[0] != pair[1]], dtype=np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _agreed(within: BaseGeometry, polygons: Geometries) -> BaseGeometry:
    """Return the polygons' own outline where the given one is the same line but for rounding."""
    own = enclosed(_loose(polygons, None).lines())
    for one, other in ((own, within), (within, own)):
        line = other.boundary
        shapely.prepare(line)
        corners = shapely.points(shapely.get_coordinates(one))
        if one.is_empty or not shapely.dwithin(line, corners, _ROUNDING).all():
            return within
    between = shapely.area(shapely.symmetric_difference(own, within))
    return own if between <= _ROUNDING * within.length else within


def _loose(polygons: Geometries, outline: BaseGeometry | None) -> _Loose:
    """Return the edges that no opposite edge cancels; those of the outline count backwards."""
    frames = [] if outline is None else [outline]
    xy, after, owner = rings([*polygons, *frames])
    owner = np.where(owner == len(polygons), -1, owner)
    backwards = (owner < 0)[:, None]
    start, end = np.where(backwards, xy[after], xy), np.where(backwards, xy, xy[after])
    # Floats are compared by their bits: the file is judged as it is, not as it would be rounded.
    kept = _unpartnered(start, end)
    return _Loose(start[kept], end[kept], owner[kept])


def _unpartnered(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which directed edges are left when opposite ones cancel, by exact coordinates."""
    xy = np.concatenate((start, end))
    places, vertex = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    u, v = vertex[: len(start)], vertex[len(start) :]
    left = chain(u[u != v], v[u != v])
    return np.asarray(np.isin(u * len(places) + v, left.u * len(places) + left.v) & (u != v))


def _survey(
    sound: Geometries,
    metric: Geometries,
    loose: _Loose,
    within: BaseGeometry | None,
    frame: MetricFrame,
    tolerance_m: float,
) -> _Survey:
    """Return the faults that loose edges bound, and how many polygons have others."""
    if len(loose.owner) == 0:
        return _Survey([], 0)
    grid = float(np.clip(tolerance_m / 10, _FINEST_M, _COARSEST_M))
    start = np.rint(frame.project_xy(loose.start) / grid) * grid
    end = np.rint(frame.project_xy(loose.end) / grid) * grid
    kept = _unpartnered(start, end)
    lines = _Loose(start[kept], end[kept], loose.owner[kept]).chains()
    if within is not None:  # its edges part inside from outside even where cells border on it
        lines = np.append(lines, frame.project([within.boundary]))
    noded = shapely.union_all(lines, grid_size=grid)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    inner = frame.unproject(shapely.point_on_surface(faces))
    face, polygon = shapely.STRtree(sound).query(inner, predicate="intersects")
    n_covering = np.bincount(face, minlength=len(faces))
    inside = np.ones(len(faces), dtype=np.bool_)
    if within is not None:
        shapely.prepare(within)
        inside = shapely.contains(within, inner)
    tree = shapely.STRtree(metric)
    regions = _gaps(faces[inside & (n_covering == 0)], tree, tolerance_m)
    regions += _outside(faces, face[~inside[face]], polygon[~inside[face]], tolerance_m)
    double = n_covering > 1
    regions += _overlaps(faces[double], n_covering[double], tree, tolerance_m)
    border = None
    if within is None and len(faces):
        united = shapely.get_parts(shapely.coverage_union_all(faces))
        border = shapely.union_all(shapely.get_exterior_ring(united))
    return _Survey(regions, _n_noisy(loose, regions, border, frame, 2 * grid))


def _wide(
    shapes: Geometries, tolerance_m: float
) -> tuple[Geometries, NDArray[np.int64], Geometries]:
    """Return the parts of shapes wider than the tolerance, whose parts they are, and their cores.

    A core is the part without its rim of half the tolerance.
    """
    outer, owner = shapely.get_parts(shapes, return_index=True)
    pieces, index = shapely.get_parts(outer, return_index=True)
    areas = is_polygonal(pieces)
    pieces, owner = pieces[areas], owner[index[areas]]
    # No circle in a polygon has more than its area or leaves its box; most slivers end here.
    west, south, east, north = shapely.bounds(pieces).T
    box = np.minimum(east - west, north - south)
    possible = np.minimum(box, 2 * np.sqrt(shapely.area(pieces) / np.pi)) > tolerance_m
    pieces, owner = pieces[possible], owner[possible]
    cores = eroded(pieces, tolerance_m / 2)
    wide = ~shapely.is_empty(cores)
    return pieces[wide], owner[wide], cores[wide]


def _gaps(faces: Geometries, tree: shapely.STRtree, tolerance_m: float) -> list[_Region]:
    # Faces of one net meet edge to edge: nothing has to be noded to unite them.
    united: Geometries = np.empty(1, dtype=np.object_)
    united[0] = shapely.coverage_union_all(faces)
    shapes, _, _ = _wide(united, tolerance_m)
    gap, polygon = tree.query(shapes, predicate="dwithin", distance=tolerance_m)
    return [
        _Region("gap", tuple(sorted(polygon[gap == number].tolist())), shape)
        for number, shape in enumerate(shapes)
    ]


def _outside(
    faces: Geometries, face: NDArray[np.int64], polygon: NDArray[np.int64], tolerance_m: float
) -> list[_Region]:
    who, group = np.unique(polygon, return_inverse=True)
    shapes, owner, _ = _wide(_united(faces[face], group), tolerance_m)
    return [
        _Region("outside", (int(who[number]),), shape)
        for shape, number in zip(shapes, owner, strict=True)
    ]


def _overlaps(
    faces: Geometries, n_covering: NDArray[np.int64], tree: shapely.STRtree, tolerance_m: float
) -> list[_Region]:
    faces, index, cores = _wide(faces, tolerance_m)
    face, polygon = tree.query(cores, predicate="intersects")
    # As many polygons as cover one place of the face cover all of it, unless others come in.
    several = np.bincount(face, minlength=len(faces)) != n_covering[index]
    pieces = faces[face]
    cut = several[face]
    pieces[cut] = shapely.intersection(faces[face[cut]], tree.geometries[polygon[cut]])
    solid = shapely.area(pieces) > 0
    face, polygon, pieces = face[solid], polygon[solid], pieces[solid]
    one, other = _pairs(face)
    common = pieces[one]
    cut = several[face[one]]
    common[cut] = shapely.intersection(pieces[one[cut]], pieces[other[cut]])
    swap = polygon[one] > polygon[other]
    one, other = np.where(swap, other, one), np.where(swap, one, other)
    who, group = np.unique(
        np.column_stack((polygon[one], polygon[other])), axis=0, return_inverse=True
    )
    shapes, owner, _ = _wide(_united(common, group.reshape(-1)), tolerance_m)
    shared = np.bincount(owner, shapely.area(shapes), minlength=len(who))
    same = shared > _SAME * shapely.area(tree.geometries[who]).max(axis=1)
    regions = [
        _Region("overlap", tuple(who[number].tolist()), shape)
        for shape, number in zip(shapes, owner, strict=True)
        if not same[number]
    ]
    return regions + [
        _Region(
            "duplicate", tuple(who[number].tolist()), shapely.union_all(shapes[owner == number])
        )
        for number in np.flatnonzero(same)
    ]


def _pairs(group: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of rows of one group, which stand together."""
    size = np.bincount(group)
    later = np.cumsum(size)[group] - np.arange(len(group)) - 1
    one = np.repeat(np.arange(len(group)), later)
    return one, one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(later) - later, later)


def _united(shapes: Geometries, group: NDArray[np.int64]) -> Geometries:
    """Return the union of the shapes of each group, the groups being numbered from 0."""
    size = np.bincount(group)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(size)[:-1])
    united = np.empty(len(size), dtype=np.object_)
    united[:] = [
        shapes[own[0]] if len(own) == 1 else shapely.union_all(shapes[own]) for own in members
    ][: len(size)]
    return united


def _n_noisy(
    loose: _Loose,
    regions: list[_Region],
    border: BaseGeometry | None,
    frame: MetricFrame,
    near_m: float,
) -> int:
    """Return how many polygons have loose edges that bound no fault and are not the border.

    Copies of others are told as such and count no more.
    """
    owned = loose.owner >= 0
    start, end = frame.project_xy(loose.start[owned]), frame.project_xy(loose.end[owned])
    owner = loose.owner[owned]
    middle: Any = shapely.points((start + end) / 2)
    unexplained = np.ones(len(owner), dtype=np.bool_)
    if border is not None:
        shapely.prepare(border)
        along = np.arange(len(owner))
        for xy in ((start + end) / 2, start, end):
            along = along[shapely.dwithin(border, shapely.points(xy[along]), near_m)]
        unexplained[along] = False
    tree = shapely.STRtree([region.shape for region in regions])
    explained, _ = tree.query(middle, predicate="dwithin", distance=near_m)
    unexplained[explained] = False
    copies = [region.who[1] for region in regions if region.kind == "duplicate"]
    return len(np.setdiff1d(owner[unexplained], copies))


def _faults(regions: list[_Region], ids: Sequence[object], frame: MetricFrame) -> list[Fault]:
    shapes = np.array([region.shape for region in regions], dtype=np.object_)
    at = shapely.get_coordinates(frame.unproject(shapely.point_on_surface(shapes)))
    return [
        Fault(
            region.kind,
            tuple(str(ids[index]) for index in region.who),
            float(area),
            float(width),
            (round(float(lon), 7), round(float(lat), 7)),
        )
        for region, area, width, (lon, lat) in zip(
            regions, area_m2(frame.unproject(shapes)), widths(shapes), at, strict=True
        )
    ]


def _invalid_fault(polygon: BaseGeometry | None, code: str) -> Fault:
    place = _PLACE.search(shapely.is_valid_reason(polygon) or "")
    if place:
        return Fault("invalid", (code,), 0.0, 0.0, (float(place[1]), float(place[2])))
    xy = shapely.get_coordinates(polygon)
    at = (float(xy[0, 0]), float(xy[0, 1])) if len(xy) and np.isfinite(xy[0]).all() else None
    return Fault("invalid", (code,), 0.0, 0.0, at)
