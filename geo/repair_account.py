"""What a repair hands back: the cells, whose they are, and an account of everything changed."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.coverage import Proof
from geo.lattice import Geometries
from geo.repair_faces import FREE
from geo.repair_misfit import NOISE_M
from geo.repair_places import Place


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
        return gathered(self.cells, self.owner, len(self.ids))

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


def gathered(cells: Geometries, owner: NDArray[np.int64], n: int) -> list[BaseGeometry | None]:
    """Return the outline of each of n owners out of their cells; none where one has no cell."""
    whole: list[BaseGeometry | None] = [None] * n
    order = np.argsort(owner, kind="stable")
    order = order[owner[order] != FREE]
    those, first = np.unique(owner[order], return_index=True)
    for who, own in zip(those.tolist(), np.split(order, first[1:]), strict=True):
        whole[who] = cells[own[0]] if len(own) == 1 else shapely.MultiPolygon(list(cells[own]))
    return whole
