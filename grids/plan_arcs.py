"""The borders of a neighbourhood as lines, the way in which people edit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shapely.geometry import LineString
from sqlalchemy import Connection

from geo import arcs as borders
from geo.patch import Cell
from grids import drafts, overlay
from grids.access import require_territory
from grids.errors import BadValue
from grids.model import Viewer

# A box wider than this is no place where somebody edits.
_WIDEST_DEGREES = 0.2


@dataclass(frozen=True, slots=True)
class PlanArc:
    """A border between two cells of a plan's coverage, or with what lies outside.

    Attributes
    ----------
    arc_id
        The same as long as the two cells and the line between them are.
    start, end
        The nodes it ends in, "x,y" of their lattice keys.
    left, right
        Cells on either side; `right` is none outside the viewer's territory.
    kind
        What it divides: sub-groups of a grid, grids, villages, or the territory from the rest.
    locked
        Nobody may move it here: what lies beyond is not the viewer's.
    """

    arc_id: str
    line: LineString
    start: str
    end: str
    left: int
    right: int | None
    left_grid: str | None
    right_grid: str | None
    kind: str

    @property
    def locked(self) -> bool:
        """Return whether the border is that of the territory."""
        return self.right is None


def arcs(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    *,
    villages: Sequence[str] = (),
    box: Sequence[float] | None = None,
) -> list[PlanArc]:
    """Return the borders of the cells of villages, or of those in a box, as the plan has them.

    Parameters
    ----------
    villages
        Codes; every border of their cells is returned, those with other villages too.
    box
        West, south, east, north in degrees.

    Raises
    ------
    BadValue
        Without villages and box, or for a box that is none or wider than 0.2 degrees.
    Forbidden, NotFound
        As `drafts.get`; also for villages outside the viewer's territory.
    """
    drafts.get(conn, viewer, plan_id)
    for code in villages:
        require_territory(viewer, code, "village")
    if box is not None:
        west, south, east, north = box
        if not (0 < east - west <= _WIDEST_DEGREES and 0 < north - south <= _WIDEST_DEGREES):
            raise BadValue(field="bbox", given=list(box), reason="at most 0.2 degrees wide")
    elif not villages:
        raise BadValue(field="village", given=[], reason="name villages or a box")
    wanted, around = overlay.with_neighbours(conn, viewer.scope, plan_id, villages, box)
    there = {cell.id: cell for cell in around}
    return [
        _plan_arc(arc, there[arc.left], None if arc.right is None else there[arc.right])
        for arc in borders.arcs(around)
        if arc.left in wanted or arc.right in wanted
    ]


def _plan_arc(arc: borders.Arc, left: Cell, right: Cell | None) -> PlanArc:
    # Two cells may share several borders: where they begin tells them apart, and a border that
    # is a whole ring is the only one.
    start, end = ("{},{}".format(*node) for node in (arc.start, arc.end))
    beyond = "" if right is None else right.id
    return PlanArc(
        f"{left.id}-{beyond}-{start}",
        arc.line,
        start,
        end,
        left.id,
        None if right is None else right.id,
        left.grid,
        None if right is None else right.grid,
        _kind(left, right),
    )


def _kind(left: Cell, right: Cell | None) -> str:
    if right is None:
        return "county"
    if left.village != right.village:
        return "village"
    return "subgroup" if left.grid == right.grid else "grid"
