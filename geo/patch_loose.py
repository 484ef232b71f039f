"""Pieces that an edit would cut off from their grid, and what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.coverage_kernels import connected
from geo.crs import area_m2
from geo.errors import GeoError
from geo.lattice import Keys
from geo.patch_faces import Faces, longest_border, place_of


class Multipart(GeoError):
    """A grid would fall into pieces; the caller may offer what to do with each.

    Facts: `pieces`, the largest first, each with `area_m2`, a place `at`, the `cell_ids` it is
    made of, the `neighbours` of its village that it borders on (`grid`, `border_m`) and whether it
    is `loose`, that is cut off by this edit.
    """

    code = "patch.multipart"
    sentence = "Grid {grid} would fall into {n_pieces} pieces."


class NotBeside(GeoError):
    """A piece that is cut off was to go to a grid that it does not touch."""

    code = "patch.not_beside"
    sentence = "Grid {grid} does not border on the piece cut off from {grid_from}."


def settled(
    faces: Faces,
    cell_ids: Sequence[int],
    villages: Sequence[str],
    codes: Sequence[str | None],
    before: Keys,
    after: Keys,
    loose: str,
    *,
    sliver_m2: float = 0.0,
) -> Keys:
    """Return the grid of each face, with an answer for what an edit cuts off from its grid.

    A piece of a grid is what hangs together by edges. Of each piece that the grid had, the largest
    remainder stays; other pieces are loose. Free land may lie in as many pieces as it likes.

    Parameters
    ----------
    faces
        Whole cells and what was cut out of cells.
    cell_ids, villages
        Of the cells that `faces.owner` counts.
    codes
        Grid codes, None for free land; the wanted ones and those of the neighbours.
    before, after
        Index into `codes` of each face, before the edit and as it is wanted.
    loose
        "refuse", "keep" (the piece stays with its grid) or the code of the grid that gets it.
    sliver_m2
        Loose pieces below this area are what rounding left: they join the neighbour of the same
        village with the longest border, without a question.

    Raises
    ------
    Multipart, NotBeside
    """
    grid = after.copy()
    village = np.array(villages)[faces.owner]
    same_village = village[faces.edges.i] == village[faces.edges.j]
    while True:
        label, cut_off = _cut_off(faces, codes, before, grid)
        if not cut_off:
            return grid
        piece = _smallest(faces, label, cut_off)
        members = label == piece
        if faces.area[members].sum() < sliver_m2:
            into = longest_border(piece, label, faces.edges, same_village)
            if into is not None:
                grid[members] = grid[label == into][0]
                continue
        if loose == "keep":
            return grid
        if loose == "refuse":
            raise _multipart(faces, cell_ids, codes, grid, label, cut_off, same_village)
        code = codes[grid[members][0]]
        neighbours = _neighbours(faces, codes, grid, members, same_village)
        if loose not in {found["grid"] for found in neighbours}:
            at = place_of(faces.outlines[members][int(faces.area[members].argmax())])
            raise NotBeside(grid=loose, grid_from=code, neighbours=neighbours, at=at)
        grid[members] = codes.index(loose)


def cuts_off(faces: Faces, before: Keys, after: Keys, codes: Sequence[str | None]) -> bool:
    """Return whether an edit cuts a piece off from its grid, however small.

    Only the grids of changed faces are looked at; of these the faces have to be complete.
    """
    return bool(_cut_off(faces, codes, before, after)[1])


def _cut_off(
    faces: Faces, codes: Sequence[str | None], before: Keys, after: Keys
) -> tuple[Keys, list[int]]:
    """Return the piece of each face, and the pieces that were not pieces before."""
    n, i, j = len(after), faces.edges.i, faces.edges.j
    now = connected(n, *(e[after[i] == after[j]] for e in (i, j)))
    touched = (before != after) | (np.bincount(faces.owner)[faces.owner] > 1)
    torn_apart = np.zeros(len(codes), np.bool_)
    torn_apart[before[touched]] = torn_apart[after[touched]] = True
    grid_of = np.zeros(now.max(initial=-1) + 1, np.int64)
    grid_of[now] = after
    torn_apart &= np.bincount(grid_of, minlength=len(codes)) > 1
    torn = [g for g in np.flatnonzero(torn_apart).tolist() if codes[g] is not None]
    cut_off: list[int] = []
    was = connected(n, *(e[before[i] == before[j]] for e in (i, j))) if torn else now
    for g in torn:
        pieces, former = np.unique(now[after == g]), np.unique(was[before == g])
        if len(pieces) <= max(1, len(former)):
            continue
        stays = after == g
        heirs = [stays & (was == piece) for piece in former]
        heirs = [heir for heir in heirs if heir.any()] or [stays]
        kept = {int(np.bincount(now[heir], faces.area[heir]).argmax()) for heir in heirs}
        cut_off += [piece for piece in pieces.tolist() if piece not in kept]
    return now, cut_off


def _smallest(faces: Faces, label: Keys, pieces: list[int]) -> int:
    size = np.bincount(label, faces.area)
    return min(pieces, key=lambda piece: float(size[piece]))


def _neighbours(
    faces: Faces,
    codes: Sequence[str | None],
    grid: Keys,
    members: NDArray[np.bool_],
    counted: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """Return the other grids that faces border on, the longest border first."""
    i, j, metres = (e[counted] for e in (faces.edges.i, faces.edges.j, faces.edges.metres))
    touching = members[i] != members[j]
    outer = np.where(members[i], j, i)[touching]
    other = grid[outer] != grid[members][0]
    shared = np.bincount(grid[outer[other]], metres[touching][other], minlength=len(codes))
    return [
        {"grid": codes[g], "border_m": round(float(shared[g]), 1)}
        for g in np.argsort(-shared, kind="stable").tolist()
        if shared[g] > 0 and codes[g] is not None
    ]


def _multipart(
    faces: Faces,
    cell_ids: Sequence[int],
    codes: Sequence[str | None],
    grid: Keys,
    label: Keys,
    cut_off: list[int],
    counted: NDArray[np.bool_],
) -> Multipart:
    """Return the refusal for the first grid, by code, of those with loose pieces."""
    size = np.bincount(label, faces.area)
    torn = grid[np.isin(label, cut_off)].tolist()
    g = min(torn, key=lambda index: str(codes[index]))
    pieces = np.unique(label[grid == g])
    found = []
    for piece in pieces[np.argsort(-size[pieces], kind="stable")].tolist():
        members = label == piece
        largest = int(faces.area[members].argmax())
        found.append(
            {
                "area_m2": round(float(area_m2(faces.outlines[members]).sum()), 1),
                "at": place_of(faces.outlines[members][largest]),
                "cell_ids": sorted({cell_ids[k] for k in faces.owner[members].tolist()}),
                "neighbours": _neighbours(faces, codes, grid, members, counted),
                "loose": piece in cut_off,
            }
        )
    at = next(piece["at"] for piece in found if piece["loose"])
    return Multipart(grid=codes[g], n_pieces=len(found), pieces=found, at=at)
