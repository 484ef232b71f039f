"""Free land in force that new outlines reach: what they leave of it takes part in their repair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.coverage import residue
from geo.crs import MetricFrame, area_m2
from geo.lattice import SCALE, Geometries
from geo.polygon import is_polygonal
from geo.repair_account import Repair
from geo.repair_mend import mend
from grids.model import NewCell
from grids.publications import CellsInForce

# What is left is kept where it is wider than this: repair closes narrower gaps between outlines,
# and a strip along the border of free land is a misfit of drawings like any other.
_STRIP_M = 25.0


@dataclass(frozen=True, eq=False)
class FormerFreeLand:
    """Free cells in force that drawn outlines touch, and what the drawn outlines leave of them.

    Attributes
    ----------
    cell_id, village, outline
        Of the cells in force.
    left, of
        Polygons that nobody drew, and the index of the cell that each was part of. They take part
        in the repair after the rows, so that new borders meet them edge to edge.
    """

    cell_id: NDArray[np.int64]
    village: list[str]
    outline: Geometries
    left: Geometries
    of: NDArray[np.int64]

    def villages(self) -> list[str]:
        """Return the village of each polygon that is left."""
        return [self.village[k] for k in self.of.tolist()]

    def labels(self) -> list[str]:
        """Return what an account calls each polygon that is left."""
        return [f"free land of {village}" for village in self.villages()]

    def changed(self, result: Repair, n_rows: int) -> tuple[list[int], list[NewCell]]:
        """Return the cells that give way to a repair of n rows and these, and what comes for them.

        A cell that came out of the repair as it went in stays.
        """
        gone, come = [], []
        for k, former in enumerate(self.outline.tolist()):
            mine = n_rows + np.flatnonzero(self.of == k)
            now = result.cells[np.isin(result.owner, mine)]
            if len(now) == 1 and residue(now) == residue([former]):
                continue
            gone.append(int(self.cell_id[k]))
            come += [NewCell(self.village[k], None, None, cell) for cell in now]
        return gone, come

    def account(self, gone: list[int], come: list[NewCell]) -> dict[str, Any]:
        """Return the square metres of the cells that give way, and of what is left of them."""
        before = area_m2(self.outline[np.isin(self.cell_id, gone)]).sum()
        after = area_m2(np.array([cell.outline for cell in come], dtype=np.object_)).sum()
        return {"before_m2": round(float(before), 1), "left_m2": round(float(after), 1)}


def former_free_land(in_force: CellsInForce, drawn: Geometries) -> FormerFreeLand:
    """Return the free cells in force that drawn outlines, valid or not, touch or cover."""
    free = np.flatnonzero([grid is None for grid in in_force.grid])
    whole, _ = mend(drawn)
    reached, _ = shapely.STRtree(whole).query(in_force.outline[free], predicate="intersects")
    free = free[np.unique(reached)]
    left, of = _left(in_force.outline[free], whole)
    return FormerFreeLand(
        in_force.cell_id[free], in_force.village[free].tolist(), in_force.outline[free], left, of
    )


def _left(cells: Geometries, drawn: Geometries) -> tuple[Geometries, NDArray[np.int64]]:
    """Return what drawn outlines leave of cells, without strips, and of which cell it is."""
    if len(cells) == 0:
        return cells, np.empty(0, np.int64)
    covered = shapely.union_all(drawn, grid_size=1 / SCALE)
    left = shapely.difference(cells, covered, grid_size=1 / SCALE)
    west, _, east, _ = shapely.total_bounds(cells)
    frame = MetricFrame.at(float(west + east) / 2)
    flat = frame.project(left)
    core = shapely.buffer(flat, -_STRIP_M / 2, join_style="mitre")
    wide = shapely.buffer(core, _STRIP_M / 2 + 0.1, join_style="mitre")
    # Land that nobody touched keeps every vertex that it has.
    kept = np.where(shapely.covers(wide, flat), left, _meeting(left, frame.unproject(wide)))
    parts, of = shapely.get_parts(kept, return_index=True)
    some = is_polygonal(parts) & ~shapely.is_empty(parts)
    return parts[some], of[some].astype(np.int64)


def _meeting(left: Geometries, wide: Geometries) -> Geometries:
    both: Geometries = shapely.intersection(left, wide, grid_size=1 / SCALE)
    return both
