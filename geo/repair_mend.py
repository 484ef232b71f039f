"""Outlines made valid one by one, every part kept, and copies of one another found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.lattice import Geometries
from geo.polygon import is_polygonal

_COPY_SHARE = 0.9


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


def find_copies(polygons: Geometries) -> tuple[tuple[int, int], ...]:
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
