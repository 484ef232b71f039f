"""What is in force: the current publication, its cells and outlines, and their proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, text

from geo.coverage import Proof, prove
from geo.lattice import Geometries
from grids.db import statement
from grids.errors import NotFound, NothingPublished
from grids.model import Level
from grids.territory import code_range

Codes = NDArray[np.object_]
Integers = NDArray[np.int64]

# Publishing holds this advisory lock alone; who places things by the coverage may share it.
PUBLISHING_LOCK = 7203


@dataclass(frozen=True, slots=True)
class Publication:
    """One state of the county's coverage; publications form one line, 1, 2, 3 ...

    `n_changed` cells were opened or closed by it; `digest` is a SHA-256 over all that was in force
    from then on.
    """

    number: int
    base: int | None
    at: datetime
    in_force_from: datetime
    by_person: UUID | None
    memo: str
    plan_id: UUID | None
    n_changed: int
    digest: bytes
    by_name: str | None = None


@dataclass(frozen=True, eq=False)
class CellsInForce:
    """The atoms of the partition as arrays of one length, ordered by cell number.

    Attributes
    ----------
    cell_id
        Identity of each cell.
    publication
        The publication that its present version came with.
    village, grid, subgroup
        Codes; a grid of None is free land, a sub-group of None the undivided rest of its grid.
    outline
        Polygons in CGCS2000 degrees, on the lattice.
    area_m2
        Geodesic square metres.
    """

    cell_id: Integers
    publication: Integers
    village: Codes
    grid: Codes
    subgroup: Codes
    outline: Geometries
    area_m2: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.cell_id)


@dataclass(frozen=True, eq=False)
class OutlinesInForce:
    """Outlines of the units of one level as arrays, ordered by code.

    `outline` are multipolygons in degrees, `publication` the one that last changed each.
    """

    code: Codes
    publication: Integers
    outline: Geometries
    area_m2: NDArray[np.float64]
    n_households: Integers

    def __len__(self) -> int:
        """Return the number of units."""
        return len(self.code)


def current(conn: Connection) -> Publication | None:
    """Return the publication in force; none before the first boundaries."""
    row = conn.execute(statement("current", "publications")).one_or_none()
    return None if row is None else as_publication(row)


def require_current(conn: Connection) -> Publication:
    """Return the publication in force.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    """
    found = current(conn)
    if found is None:
        raise NothingPublished()
    return found


def hold(conn: Connection) -> Publication:
    """Return the publication in force and keep it in force until this transaction ends.

    What places a thing by the coverage and writes the home down calls this first: otherwise a
    publication could come between the two. It waits while one is being made.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    """
    conn.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": PUBLISHING_LOCK})
    return require_current(conn)


def get(conn: Connection, number: int) -> Publication:
    """Return a publication.

    Raises
    ------
    NotFound
        If there is none of that number.
    """
    row = conn.execute(statement("get", "publications"), {"number": number}).one_or_none()
    if row is None:
        raise NotFound(what="publication", key=str(number))
    return as_publication(row)


def list_all(conn: Connection, limit: int = 200, *, before: int | None = None) -> list[Publication]:
    """Return the publications, the newest first.

    Parameters
    ----------
    before
        Only those with a lower number: the next page.
    """
    rows = conn.execute(statement("list_all", "publications"), {"limit": limit, "before": before})
    return [as_publication(row) for row in rows]


def cells_in_force(conn: Connection, area: str | None = None) -> CellsInForce:
    """Return the cells in force.

    Parameters
    ----------
    area
        Code of a unit: only the cells that it consists of. None: all.
    """
    return as_cells(
        conn.execute(statement("cells_in_force", "publications"), code_range(area or "")).all()
    )


def as_cells(rows: Sequence[Row[Any]]) -> CellsInForce:
    """Return the rows of a query for cells as arrays."""
    return CellsInForce(
        cell_id=_integers(row.cell_id for row in rows),
        publication=_integers(row.publication for row in rows),
        village=codes(row.village_code for row in rows),
        grid=codes(row.grid_code for row in rows),
        subgroup=codes(row.subgroup_code for row in rows),
        outline=shapes(row.outline for row in rows),
        area_m2=np.fromiter((row.area_m2 for row in rows), np.float64, len(rows)),
    )


def outlines_in_force(conn: Connection, level: Level, area: str | None = None) -> OutlinesInForce:
    """Return the outlines in force of a level.

    Parameters
    ----------
    level
        Level of the units.
    area
        Code of a unit: only units inside it, itself included. None: all.
    """
    given = {"level": level.value} | code_range(area or "")
    return as_outlines(conn.execute(statement("outlines_in_force", "publications"), given).all())


def as_outlines(rows: Sequence[Row[Any]]) -> OutlinesInForce:
    """Return the rows of a query for outlines as arrays."""
    return OutlinesInForce(
        code=codes(row.unit_code for row in rows),
        publication=_integers(row.publication for row in rows),
        outline=shapes(row.outline for row in rows),
        area_m2=np.fromiter((row.area_m2 for row in rows), np.float64, len(rows)),
        n_households=_integers(row.n_households for row in rows),
    )


def prove_in_force(conn: Connection) -> Proof:
    """Return the proof that the cells in force cover the county in force exactly.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    """
    county = outlines_in_force(conn, Level.COUNTY)
    if len(county) == 0:
        raise NothingPublished()
    # As text every byte would be written and read as two digits.
    driver = conn.connection.driver_connection
    assert driver is not None
    with driver.cursor(binary=True) as cursor:
        cells = cursor.execute(statement("outlines_of_cells", "publications").text).fetchall()
    return prove(shapes(cell for (cell,) in cells), shapely.union_all(county.outline))


def counts_by_level(conn: Connection, area: str | None = None) -> dict[Level, int]:
    """Return how many units of each level are in force, zero where there is none.

    Parameters
    ----------
    area
        Code of a unit: only units inside it, itself included. None: all.
    """
    rows = conn.execute(statement("counts_by_level", "publications"), code_range(area or ""))
    found = {row.level: row.n for row in rows}
    return {level: found.get(level.value, 0) for level in Level}


def shapes(wkb: Any) -> Geometries:
    """Return the geometries of WKB values as an array."""
    values = [bytes(value) for value in wkb]
    found = np.empty(len(values), dtype=np.object_)
    found[:] = shapely.from_wkb(values)
    return found


def codes(values: Any) -> Codes:
    """Return texts as an object array."""
    members = list(values)
    found = np.empty(len(members), dtype=np.object_)
    found[:] = members
    return found


def _integers(values: Any) -> Integers:
    return np.fromiter(values, np.int64)


def as_publication(row: Row[Any]) -> Publication:
    """Return a row of the table as a publication."""
    return Publication(
        number=row.number,
        base=row.base,
        at=row.at,
        in_force_from=row.in_force_from,
        by_person=row.by_person,
        memo=row.memo,
        plan_id=row.plan_id,
        n_changed=row.n_changed,
        digest=bytes(row.digest),
        by_name=row._mapping.get("by_name"),
    )
