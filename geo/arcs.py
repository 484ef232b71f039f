"""Arcs: the borders of cells as lines, each once, to be drawn and dragged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from shapely.geometry import LineString

from geo.coverage import half_edges
from geo.lattice import Keys, degrees, unpack
from geo.patch import Cell, outlines_of
from geo.patch_faces import opposites

Node: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Arc:
    """The border between two cells, or of one with the outside, from node to node.

    Attributes
    ----------
    line
        In degrees, on the lattice, with the vertices that both cells have.
    start, end
        Lattice keys of the nodes it ends in: places that other than two edges meet. A border
        without a node, that of an enclave, starts and ends in its westernmost vertex.
    left, right
        Ids of the cells on either side; the lower id is on the left. `right` is None where none
        of the cells given lies: outside.
    """

    line: LineString
    start: Node
    end: Node
    left: int
    right: int | None


Arcs: TypeAlias = tuple[Arc, ...]


def arcs(cells: Iterable[Cell]) -> Arcs:
    """Return the borders of cells of a coverage as lines, sorted by their cells and place.

    Parameters
    ----------
    cells
        Give those that touch the ones of interest as well: where borders meet is seen from the
        cells given, and what lies beyond them is outside.

    Notes
    -----
    Arcs are derived and thrown away, never stored. The same coverage gives the same arcs,
    whatever the order of the cells and the start of their rings.
    """
    members = list(cells)
    u, v, owner = half_edges(outlines_of(members))
    left = np.array([cell.id for cell in members], np.int64)[owner]
    first, second = opposites(u, v)
    alone = np.ones(len(u), np.bool_)
    alone[first] = alone[second] = False
    right = left.copy()
    right[first], right[second] = left[second], left[first]
    vertices, times = np.unique(np.concatenate((u, v[alone])), return_counts=True)
    nodes = set(vertices[times != 2].tolist())
    walked = alone | (left < right)
    sides = zip(left[walked].tolist(), np.where(alone, -1, right)[walked].tolist(), strict=True)
    lines = _lines(u[walked].tolist(), v[walked].tolist(), list(sides), nodes)
    found = sorted((*side, line) for side, line in lines)
    return tuple(_drawn(found))


def _lines(
    u: list[int], v: list[int], sides: list[tuple[int, int]], nodes: set[int]
) -> Iterator[tuple[tuple[int, int], list[int]]]:
    """Yield the sides and the vertices of each line that directed edges form from node to node."""
    ahead = {(at, side): k for k, (at, side) in enumerate(zip(u, sides, strict=True))}
    begun = [k for k, at in enumerate(u) if at in nodes]
    rounds = sorted(set(range(len(u))) - set(begun), key=u.__getitem__)
    passed: set[int] = set()
    for k in [*begun, *rounds]:
        if k in passed:
            continue
        line = [u[k], v[k]]
        passed.add(k)
        while line[-1] not in nodes and line[-1] != line[0]:
            step = ahead[line[-1], sides[k]]
            passed.add(step)
            line.append(v[step])
        yield sides[k], line


def _drawn(found: list[tuple[int, int, list[int]]]) -> Iterator[Arc]:
    """Yield the arcs of lines of packed vertices with the cells on either side."""
    packed = [line for _, _, line in found]
    rows: Keys = unpack(np.array([key for line in packed for key in line], np.int64))
    sizes = np.array([len(line) for line in packed], np.int64)
    line_of = np.repeat(np.arange(len(sizes)), sizes)
    shapes = np.asarray(shapely.linestrings(degrees(rows), indices=line_of))
    lasts = np.cumsum(sizes) - 1
    starts, ends = rows[lasts - sizes + 1].tolist(), rows[lasts].tolist()
    for (left, right, _), shape, (x, y), (to_x, to_y) in zip(
        found, shapes, starts, ends, strict=True
    ):
        yield Arc(shape, (x, y), (to_x, to_y), left, None if right < 0 else right)
