"""From faces with a new owner back to cells: who keeps id and sub-group, what joins a neighbour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.lattice import Geometries, Keys
from geo.patch import Cell, Patch, changes, connected
from geo.patch_faces import SharedEdges
from geo.polygon import orient

# A fragment of a cut sub-group below either joins a neighbour on its side.
_FRAGMENT_SHARE = 0.34
_FRAGMENT_M2 = 200.0


class Noded(NamedTuple):
    """Faces in degrees, the index of the old cell of each, their shared edges and square metres."""

    outlines: Geometries
    owner: Keys
    edges: SharedEdges
    area: NDArray[np.float64]


def rebuilt(
    cells: Sequence[Cell],
    faces: Noded,
    part: Keys,
    codes: Sequence[str],
    new_ids: Iterator[int],
) -> Patch:
    """Return the proven patch that unites faces to cells again.

    The largest piece of an old cell keeps its id and sub-group. A smaller one below 34 % of the
    cell or 200 m2 joins the cell of the same part with which it shares the longest border; one
    that is larger, or has no such neighbour, becomes a cell of its own without sub-group.

    Parameters
    ----------
    cells
        The old cells that `faces.owner` points into.
    faces
        What covers those cells that take part, completely.
    part
        Index into `codes` of each face's grid, -1 where the cell stays in its own.
    codes
        Grid codes.
    new_ids
        Gives ids for new cells.

    Raises
    ------
    NotAPatch
    """
    piece, kept = _pieces(faces.owner, part, faces.edges, faces.area)
    new = []
    for k in np.unique(piece):
        cell = cells[faces.owner[k]]
        grid = codes[part[k]] if part[k] >= 0 else cell.grid
        outline = orient([shapely.coverage_union_all(faces.outlines[piece == k])])[0]
        if kept[k]:
            same = shapely.normalize(outline) == shapely.normalize(cell.outline)
            new.append(replace(cell, grid=grid, outline=cell.outline if same else outline))
        else:
            label = None if part[k] >= 0 else cell.subgroup
            fresh = replace(cell, id=next(new_ids), grid=grid, subgroup=label, outline=outline)
            new.append(fresh)
    return changes([cells[k] for k in np.unique(faces.owner)], new).prove()


def longest_border(
    k: int, label: Keys, edges: SharedEdges, counted: NDArray[np.bool_]
) -> int | None:
    """Return the label with which label k shares the longest border, over the edges counted."""
    i, j = label[edges.i[counted]], label[edges.j[counted]]
    metres = edges.metres[counted]
    touching = (i == k) != (j == k)
    if not touching.any():
        return None
    shared = np.bincount(np.where(i == k, j, i)[touching], metres[touching])
    return int(shared.argmax())


def _pieces(
    owner: Keys, part: Keys, edges: SharedEdges, area: NDArray[np.float64]
) -> tuple[Keys, NDArray[np.bool_]]:
    """Return for each face the face that names its new cell, and which faces name a kept cell.

    A piece is what hangs together of one old cell in one part; its largest face names it. The
    largest piece of a cell keeps the cell, a small one joins a neighbour in its part.
    """
    n = len(area)
    i, j = edges.i, edges.j
    together = (owner[i] == owner[j]) & (part[i] == part[j])
    label = connected(n, i[together], j[together])
    size = np.bincount(label, area)
    order = np.lexsort((-area, label))
    name = order[np.searchsorted(label[order], np.arange(len(size)))]
    whole = np.bincount(owner, area)
    largest = np.full(len(whole), -1)
    for k in np.argsort(size, kind="stable"):
        largest[owner[name[k]]] = k
    goes = np.arange(len(size))
    for k in np.argsort(size, kind="stable"):
        cell = owner[name[k]]
        fragment = size[k] < max(_FRAGMENT_SHARE * whole[cell], _FRAGMENT_M2)
        if largest[cell] == k or not fragment:
            continue
        # A neighbour is not cut; what rounding may tear off it, any cell may take.
        may_take = (part[i] == part[j]) | (part[name[k]] < 0)
        into = longest_border(k, goes[label], edges, may_take)
        if into is not None:
            goes[goes == k] = into
    kept = np.zeros(n, np.bool_)
    kept[name[largest[largest >= 0]]] = True
    return name[goes[label]], kept
