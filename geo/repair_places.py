"""What a repair changed: where outlines overlapped or left gaps, and how far borders moved."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.lattice import Geometries
from geo.repair_faces import FREE, Faces, metric


@dataclass(frozen=True, slots=True)
class Place:
    """A place where outlines did not meet.

    Attributes
    ----------
    kind
        `overlap`: several claim it; `gap`: none does; `crossing`: it was drawn by one that
        belongs to another parent; `scrap`: one claims it, but it hung on nothing of that one and
        went to a neighbour.
    claimants
        Indices of the inputs that claim it.
    given_to
        Index of the input that got it; -1 for free land.
    area_m2, width_m
        Its size; the width is twice the radius of the greatest inscribed circle.
    at
        Longitude and latitude of a point in it.
    """

    kind: str
    claimants: tuple[int, ...]
    given_to: int
    area_m2: float
    width_m: float
    at: tuple[float, float]

    def as_dict(self, ids: Sequence[Hashable]) -> dict[str, Any]:
        """Return the place under the inputs' own ids, ready for JSON."""
        return {
            "kind": self.kind,
            "codes": [ids[i] for i in self.claimants],
            "given_to": None if self.given_to == FREE else ids[self.given_to],
            "area_m2": round(self.area_m2, 2),
            "width_m": round(self.width_m, 3),
            "at": list(self.at),
        }


def places_of(faces: Faces, given_to: NDArray[np.int64], wider_than_m: float) -> tuple[Place, ...]:
    """Return the faces that did not go to the one input that claims them, if wide enough to matter.

    The free rest of a parent is no gap when no input touches it: it is listed with the others, as
    a gap given to nobody.
    """
    claimant = np.full(len(given_to), FREE)
    claimant[faces.claims[:, 0]] = faces.claims[:, 1]
    odd = (faces.n_claims != 1) | (given_to != claimant)
    odd &= faces.area_m2 > np.pi / 4 * wider_than_m**2
    strayed = np.unique(faces.strays[:, 0])
    odd[strayed[faces.area_m2[strayed] > np.pi / 4 * wider_than_m**2]] = True
    chosen = np.flatnonzero(odd)
    width = faces.widths_m(chosen)
    chosen, width = chosen[width > wider_than_m], width[width > wider_than_m]
    if len(chosen) == 0:
        return ()
    at = shapely.get_coordinates(shapely.point_on_surface(faces.shapes[chosen])).round(7)
    claimants, strays = _by_face(faces.claims, chosen), _by_face(faces.strays, chosen)
    found = []
    rows = zip(
        chosen.tolist(),
        given_to[chosen].tolist(),
        faces.area_m2[chosen].tolist(),
        width.tolist(),
        at.tolist(),
        strict=True,
    )
    for face, who, area, wide, (lon, lat) in rows:
        own, stray = claimants.get(face, []), strays.get(face, [])
        kind = "overlap" if len(own) > 1 else "scrap" if own else "crossing" if stray else "gap"
        if stray and own == [who]:
            kind = "crossing"
        claiming = tuple(sorted({*own, *stray}))
        found.append(Place(kind, claiming, who, area, wide, (lon, lat)))
    return tuple(sorted(found, key=lambda place: -place.width_m))


def _by_face(pairs: NDArray[np.int64], chosen: NDArray[np.int64]) -> dict[int, list[int]]:
    """Return the polygons of pairs (face, polygon) for each of the chosen faces that has any."""
    found: dict[int, list[int]] = {}
    for face, who in pairs[np.isin(pairs[:, 0], chosen)].tolist():
        found.setdefault(face, []).append(who)
    return found


def changes(
    before: Geometries, after: Sequence[BaseGeometry | None]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far each border moved, in metres, and the area gained plus lost.

    The distance is the greatest from a vertex of either border to the other border; infinite
    where nothing is left. Areas are measured where a border moved by more than a centimetre.
    """
    moved_m = np.full(len(before), np.inf)
    changed_m2 = np.zeros(len(before))
    there = [i for i, outline in enumerate(after) if outline is not None]
    if there:
        left = np.empty(len(there), dtype=np.object_)
        left[:] = [after[i] for i in there]
        both = metric(np.concatenate((before[there], left)))
        old, new = both[: len(there)], both[len(there) :]
        moved = shapely.hausdorff_distance(shapely.boundary(old), shapely.boundary(new))
        moved_m[there] = moved
        far = moved > 0.01
        changed = np.abs(shapely.area(new) - shapely.area(old))
        kept = shapely.area(shapely.intersection(old[far], new[far]))
        either = shapely.area(old[far]) + shapely.area(new[far])
        changed[far] = np.maximum(either - 2 * kept, 0)  # many slivers cost more to be made
        changed_m2[there] = changed
    gone = np.setdiff1d(np.arange(len(before)), there)
    gone = gone[~shapely.is_empty(before[gone])]
    if len(gone):
        changed_m2[gone] = shapely.area(metric(before[gone]))
    return moved_m, changed_m2
