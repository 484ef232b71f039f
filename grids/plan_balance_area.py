"""What a person asks of balance: an area, a number of grids, a mode; and the cells it means."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.lattice import Coordinates, Keys
from geo.patch import Cell
from grids import overlay
from grids.access import require_territory
from grids.db import statement
from grids.drafts import Plan
from grids.errors import BadValue, NotFound
from grids.model import Level, Viewer
from grids.overlay import Overlay
from grids.territory import code_range

Mode = Literal["cells", "buildings", "lines"]
MODES: tuple[Mode, ...] = ("cells", "buildings", "lines")
MOST_TRIES = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be balanced, and how.

    Attributes
    ----------
    area
        Code of a village (all its grids but exclusive ones), of a grid, or codes of grids of one
        village. Free land stays free.
    parts, households
        How many grids there shall be, or about how many households in each: one of the two.
    mode
        cells: whole sub-groups; buildings: lines between buildings; lines: as buildings, and then
        simplified together so that they can be read.
    tries
        How many divisions are made, of which the best is proposed.
    seed
        The same seed gives the same answer.
    barriers
        Lines of positions [lon, lat] that grids should not reach across: a river, a railway.
    """

    area: str | Sequence[str]
    parts: int | None = None
    households: int | None = None
    mode: Mode = "buildings"
    tries: int = 1
    seed: int = 0
    barriers: Sequence[Sequence[Sequence[float]]] = ()


@dataclass(frozen=True, eq=False)
class Area:
    """What is balanced.

    Attributes
    ----------
    village
        Its code.
    here
        All cells of the village as the plan has them.
    divided
        Which of them are balanced.
    at, cell
        Positions of the village's households, and the index of the cell each lies in.
    """

    village: str
    here: Overlay
    divided: NDArray[np.bool_]
    at: Coordinates
    cell: Keys

    @property
    def cells(self) -> list[Cell]:
        """The cells that are balanced."""
        return [c for c, own in zip(self.here.cells(), self.divided, strict=True) if own]

    @property
    def codes(self) -> list[str]:
        """The codes of the grids that are balanced."""
        return sorted(set(self.here.grid[self.divided]))


def by_village(conn: Connection, viewer: Viewer, wish: Wish) -> list[Wish]:
    """Return the wishes for the villages of a township or county that together fulfil one for it.

    A given number of parts goes to the villages so that the most crowded ones get the next part;
    each village has one at least. Villages without households are left out. A village, a grid or
    a list of grids is its own wish.

    Raises
    ------
    BadValue
        If there are fewer parts than villages, or as `propose`.
    NotFound
        If the area has no village in the viewer's territory.
    """
    if not isinstance(wish.area, str) or len(wish.area) >= Level.VILLAGE.digits:
        return [wish]
    require_sound(wish)
    require_territory(viewer, wish.area, "unit")
    lived = {
        row.code: row.n_households
        for row in conn.execute(statement("villages", "balance"), code_range(wish.area))
        if row.n_households
    }
    if not lived:
        raise NotFound(what="unit", key=wish.area)
    if wish.households is not None:
        return [replace(wish, area=code) for code in lived]
    assert wish.parts is not None
    if wish.parts < len(lived):
        reason = f"{len(lived)} villages need one each"
        raise BadValue(field="parts", given=wish.parts, reason=reason)
    share = dict.fromkeys(lived, 1)
    crowd = [(-float(n), code) for code, n in lived.items()]
    heapq.heapify(crowd)
    for _ in range(wish.parts - len(lived)):
        _, code = heapq.heappop(crowd)
        share[code] += 1
        heapq.heappush(crowd, (-lived[code] / share[code], code))
    return [replace(wish, area=code, parts=k) for code, k in share.items()]


def require_sound(wish: Wish) -> None:
    """Let pass a wish whose numbers and mode are possible; `BadValue` names the field if not."""
    if (wish.parts is None) == (wish.households is None):
        raise BadValue(field="parts", given=wish.parts, reason="either parts or households")
    for field, given in (("parts", wish.parts), ("households", wish.households)):
        if given is not None and given < 1:
            raise BadValue(field=field, given=given, reason="at least 1")
    if wish.mode not in MODES:
        raise BadValue(field="mode", given=wish.mode, reason=", ".join(MODES))
    if not 1 <= wish.tries <= MOST_TRIES:
        raise BadValue(field="tries", given=wish.tries, reason=f"1 to {MOST_TRIES}")
    if any(len(line) < 2 for line in wish.barriers):
        raise BadValue(field="barriers", given=1, reason="two positions [lon, lat] or more")


def read_area(conn: Connection, viewer: Viewer, plan: Plan, asked: str | Sequence[str]) -> Area:
    """Return the cells to balance; of a village all grids but those of their own premises.

    Raises
    ------
    BadValue
        If it is no village, grid or list of grids of one village.
    NotFound
        If it does not exist in the viewer's territory, or has no grid.
    """
    codes = [asked] if isinstance(asked, str) else sorted(set(asked))
    villages = {code[: Level.VILLAGE.digits] for code in codes}
    lengths = {len(code) for code in codes}
    if len(villages) != 1 or not (
        lengths == {Level.GRID.digits} or (len(codes) == 1 and lengths == {Level.VILLAGE.digits})
    ):
        reason = "a village, a grid, or grids of one village"
        raise BadValue(field="area", given=", ".join(codes), reason=reason)
    (village,) = villages
    for code in codes:
        require_territory(viewer, code, "unit")
    here = overlay.read(conn, viewer.scope, plan.plan_id, villages=[village])
    if codes == [village]:
        wanted = {g for g in here.grid if g and here.names[g].kind != "exclusive"}
    else:
        wanted = set(codes)
        missing = sorted(wanted - set(here.grid))
        if missing:
            raise NotFound(what="grid", key=missing[0])
    divided = np.array([grid in wanted for grid in here.grid], np.bool_)
    if not divided.any():
        raise NotFound(what="unit", key=village)
    homes = overlay.homes(conn, [village])
    cell = overlay.cell_of(homes, here.outline, here.grid, here.subgroup)
    lying = cell >= 0
    return Area(village, here, divided, shapely.get_coordinates(homes[lying]), cell[lying])
