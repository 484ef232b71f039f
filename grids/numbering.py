"""Codes for new units: assigned once, the lowest never used, never given again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from grids.db import statement
from grids.errors import GridsError
from grids.model import Level, level_of

# Grids 901 to 999 are exclusive ones (an organ, a park, a school with its own premises).
_FIRST_EXCLUSIVE = 901

_RUNS: dict[tuple[Level, str], range] = {
    (Level.GRID, "base"): range(1, _FIRST_EXCLUSIVE),
    (Level.GRID, "micro"): range(1, _FIRST_EXCLUSIVE),
    (Level.GRID, "exclusive"): range(_FIRST_EXCLUSIVE, 1000),
}
_SUBGROUPS = range(1, 100)


class CodesUsedUp(GridsError):
    """A parent has no number left for another child."""

    code = "codes.used_up"
    sentence = "{parent} has no numbers left: {wanted} wanted, {left} of {of} never used."


def next_codes(conn: Connection, parent_code: str, n: int, *, kind: str = "base") -> list[str]:
    """Return n codes under a parent: the lowest that no unit and no plan has ever had.

    A code counts as used when a unit bears or bore it and when a plan reserved it, published,
    open or withdrawn: what was once written on a letter never means another place. Whoever else
    asks for codes under the same parent waits until this transaction ends.

    Parameters
    ----------
    parent_code
        A village (for grids, 3 more digits) or a grid (for sub-groups, 2 more).
    kind
        base, micro or exclusive; grids of their own premises take 901 to 999.

    Raises
    ------
    CodesUsedUp
        If fewer than n are left.
    """
    is_grid = level_of(parent_code) is Level.VILLAGE
    run = _RUNS[Level.GRID, kind] if is_grid else _SUBGROUPS
    digits = 3 if is_grid else 2
    conn.execute(statement("lock_codes", "plans"), {"parent": parent_code})
    used = set(conn.execute(statement("used_codes", "plans"), {"parent": parent_code}).scalars())
    free = [code for k in run if (code := f"{parent_code}{k:0{digits}d}") not in used]
    if len(free) < n:
        raise CodesUsedUp(parent=parent_code, wanted=n, left=len(free), of=len(run))
    return free[:n]


def order_west_east_north_south(
    places: NDArray[np.float64], west: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Return the order in which units of one parent are numbered for the first time.

    Rows like those of a text: bands from the north, inside a band from the west. A band is as
    high as the side of a square that each unit would have if all were equal.

    Parameters
    ----------
    places
        Representative points, shape (n, 2), longitude and latitude.
    west
        Western edges, by which the units of a band are ordered; by default their points.

    Notes
    -----
    The standards name west to east and north to south without saying which comes first; rows from
    the north read like a page (CJ/T 349 has left to right, top to bottom).
    """
    n = len(places)
    if n == 0:
        return np.empty(0, np.int64)
    edge = places[:, 0] if west is None else west
    spread = np.ptp(places, axis=0)
    n_rows = max(1, round(float(np.sqrt(n * spread[1] / spread[0])))) if spread[0] > 0 else n
    height = float(spread[1]) / n_rows
    from_north = places[:, 1].max() - places[:, 1]
    band = np.minimum((from_north / height).astype(np.int64), n_rows - 1) if height > 0 else 0
    return np.lexsort((places[:, 1], edge, np.broadcast_to(band, n)))
