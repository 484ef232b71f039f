"""Features of an outline file as they stand in it, each with what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.errors import Refusal
from importers import row_problems
from importers.row_problems import RowProblem
from importers.table import Value

MAX_RING_VERTICES = 100_000
MAX_VERTICES = 2_000_000
MAX_DEPTH = 32
MAX_CROSSINGS = 50_000

PROBLEMS: Mapping[str, type[RowProblem]] = {
    problem.code: problem
    for problem in (
        row_problems.ShapeMissing,
        row_problems.ShapeEmpty,
        row_problems.NotAPolygon,
        row_problems.RingOpen,
        row_problems.TooFewPoints,
        row_problems.ShapeUnreadable,
        row_problems.NestedTooDeep,
        row_problems.TooManyVertices,
        row_problems.TooManyCrossings,
        row_problems.PointNowhere,
    )
}
_LIMITS = {
    "outline.too_deep": MAX_DEPTH,
    "outline.too_many_vertices": MAX_RING_VERTICES,
    "outline.too_many_crossings": MAX_CROSSINGS,
}


class UnreadableOutlines(Refusal):
    """A file that no outlines can be read from."""

    code = "file.unreadable"
    sentence = "{file} cannot be read: {reason}."


@dataclass(eq=False)
class Features:
    """Features in file order; row `i + 1` of the file is index `i` here.

    `outlines[i]` is a valid or invalid polygon in the coordinates of the file, in two dimensions,
    or None where `problems[i]` says why not by a code; `details[i]`, where there, has facts of it.
    `crs` is what the file says of its coordinates.
    """

    outlines: list[BaseGeometry | None]
    problems: list[str | None]
    columns: dict[str, list[Value]]
    crs: str | None = None
    encoding: str | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)
    details: dict[int, dict[str, Any]] = field(default_factory=dict)

    def facts_of(self, index: int) -> dict[str, Any]:
        """Return the facts of a feature's problem."""
        limit = _LIMITS.get(self.problems[index] or "")
        return ({} if limit is None else {"most": limit}) | self.details.get(index, {})


def judged(geoms: Sequence[BaseGeometry | None], unreadable: str = "outline.missing") -> Features:
    """Return shapes of any kind as features, those that are no usable polygon with their problem.

    Parameters
    ----------
    unreadable
        The problem of a shape that is not there.
    """
    flat = shapely.force_2d(np.array(geoms, dtype=np.object_).reshape(len(geoms)))
    features = Features([], [], {})
    n_vertices = 0
    for geom in flat:
        polygon, problem = (None, unreadable) if geom is None else _polygonal(geom)
        if polygon is not None:
            problem, detail = _problem(polygon)
            if detail:
                features.details[len(features.outlines)] = detail
            n_vertices += int(shapely.get_num_coordinates(polygon))
        features.outlines.append(polygon if problem is None else None)
        features.problems.append(problem)
    if n_vertices > MAX_VERTICES:
        raise UnreadableOutlines(
            file="The file", reason=f"it has more than {MAX_VERTICES:,} points; split it"
        )
    return features


def from_geojson(raw: bytes, name: str) -> Features:
    """Return the features of a GeoJSON document, read one by one so that a bad one is bad alone.

    Raises
    ------
    UnreadableOutlines
        If the text is not JSON or no collection, feature or geometry.
    """
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise UnreadableOutlines(file=name, reason=f"it is not JSON ({error})") from None
    rows = _rows(document)
    if rows is None:
        raise UnreadableOutlines(file=name, reason="it is not GeoJSON")
    shapes: list[BaseGeometry | None] = []
    problems: list[str | None] = []
    columns: dict[str, list[Value]] = {}
    for at, row in enumerate(rows):
        shape, problem = _shape(row.get("geometry") if isinstance(row, Mapping) else None)
        shapes.append(shape)
        problems.append(problem)
        given = row.get("properties") if isinstance(row, Mapping) else None
        for heading, value in (given if isinstance(given, Mapping) else {}).items():
            columns.setdefault(str(heading), [None] * len(rows))[at] = _value(value)
    features = judged(shapes)
    features.problems = [
        own or found for own, found in zip(problems, features.problems, strict=True)
    ]
    features.columns = columns
    features.crs = _geojson_crs(document)
    features.encoding = "utf-8"
    return features


def _polygonal(geom: BaseGeometry) -> tuple[BaseGeometry | None, str | None]:
    if geom.is_empty:
        return None, "outline.empty"
    if geom.geom_type == "GeometryCollection":
        members = shapely.get_parts(geom)
        if all(member.geom_type in ("Polygon", "MultiPolygon") for member in members):
            return shapely.multipolygons(shapely.get_parts(members)), None
    if geom.geom_type not in ("Polygon", "MultiPolygon"):
        return None, "outline.wrong_type"
    return geom, None


def _problem(polygon: BaseGeometry) -> tuple[str | None, dict[str, Any] | None]:
    """Return what makes a polygon useless, if anything does, and facts of where."""
    rings = shapely.get_rings(shapely.get_parts(polygon))
    if shapely.get_num_coordinates(rings).max() > MAX_RING_VERTICES:
        return "outline.too_many_vertices", None
    xy = shapely.get_coordinates(polygon)
    if not np.isfinite(xy).all():
        return "outline.unreadable", None
    if any(len(np.unique(shapely.get_coordinates(ring), axis=0)) < 3 for ring in rings):
        return "outline.too_few_points", None
    tangle = None if shapely.is_valid(polygon) else _tangle(rings)
    return ("outline.too_many_crossings", tangle) if tangle else (None, None)


def _tangle(rings: Any) -> dict[str, Any] | None:
    """Return where edges cross too often; mending would take for ever, for each crossing costs.

    Counting ends with the limit: the edges up to there are told, and where the first crossing is.
    """
    edges = np.concatenate(
        [
            shapely.linestrings(np.stack((xy[:-1], xy[1:]), axis=1))
            for xy in map(shapely.get_coordinates, rings)
        ]
    )
    tree = shapely.STRtree(edges)
    crossings = 0
    place: Any = None
    for start in range(0, len(edges), 200):
        one, other = tree.query(edges[start : start + 200], predicate="crosses")
        if place is None and len(one):
            place = shapely.intersection(edges[start + one[0]], edges[other[0]]).centroid
        crossings += len(one) // 2
        if crossings > MAX_CROSSINGS:
            done = min(start + 200, len(edges))
            return {
                "crossings": crossings,
                "seen": done,
                "edges": len(edges),
                "x": place.x,
                "y": place.y,
            }
    return None


def _rows(document: Any) -> list[Any] | None:
    if not isinstance(document, Mapping):
        return None
    kind = document.get("type")
    if kind == "FeatureCollection" and isinstance(document.get("features"), list):
        return list(document["features"])
    if kind == "Feature":
        return [document]
    if "coordinates" in document or kind == "GeometryCollection":
        return [{"geometry": document}]
    return None


def _shape(geometry: Any) -> tuple[BaseGeometry | None, str | None]:
    """Return the shape of a GeoJSON geometry, or why there is none."""
    if geometry is None:
        return None, "outline.missing"
    if not isinstance(geometry, Mapping):
        return None, "outline.unreadable"
    if not _is_shallow(geometry):
        return None, "outline.too_deep"
    try:
        polygons = _polygons(geometry)
    except _BadShape as bad:
        return None, bad.code
    return (polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)), None


class _BadShape(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _polygons(geometry: Mapping[str, Any]) -> list[shapely.Polygon]:
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        members = _required_list(geometry.get("geometries"))
        return [part for member in members for part in _polygons(member)]
    if kind not in ("Polygon", "MultiPolygon"):
        raise _BadShape("outline.wrong_type")
    coordinates = _required_list(geometry.get("coordinates"))
    parts = [coordinates] if kind == "Polygon" else coordinates
    found = []
    for part in parts:
        rings = [_ring(ring) for ring in _required_list(part)]
        found.append(shapely.Polygon(rings[0], rings[1:]))
    return found


def _required_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _BadShape("outline.unreadable")
    if not value:
        raise _BadShape("outline.empty")
    return value


def _ring(positions: Any) -> NDArray[np.float64]:
    """Return the positions of a ring, shape (n, 2)."""
    if not all(map(_is_position, _required_list(positions))):
        raise _BadShape("outline.unreadable")
    if len(positions) > MAX_RING_VERTICES:
        raise _BadShape("outline.too_many_vertices")
    if len({(x, y) for x, y, *_ in positions}) < 3:
        raise _BadShape("outline.too_few_points")
    if positions[0][:2] != positions[-1][:2]:
        raise _BadShape("outline.unclosed")
    return np.array([position[:2] for position in positions], dtype=np.float64)


def _is_position(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and all(map(_is_number, value[:2]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_shallow(geometry: Any) -> bool:
    """Return whether a document is nested at most `MAX_DEPTH` deep."""
    level = [geometry]
    for _ in range(MAX_DEPTH):
        below = []
        for node in level:
            members = node.values() if isinstance(node, Mapping) else node
            below.extend(member for member in members if isinstance(member, Mapping | list))
        if not below:
            return True
        level = below
    return False


def _value(value: Any) -> Value:
    if isinstance(value, Mapping | list):
        return orjson.dumps(value).decode()
    result: Value = value
    return result


def _geojson_crs(document: Mapping[str, Any]) -> str | None:
    """Return what the member `crs` of GeoJSON 2008 names; the present standard has none."""
    crs = document.get("crs")
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = properties.get("name") if isinstance(properties, Mapping) else None
    return name if isinstance(name, str) else None
