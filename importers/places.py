"""Where the rows of a file belong: by their positions, by the codes of units, by who sends them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, func, or_, select

from geo.datum import Datum, Epsg, parse_datum
from grids import access, assign, locate, publications, schema
from grids.model import Viewer
from importers import row_problems
from importers.options import ImportOptions
from importers.rows import Rows

# (lon, lat, given x, given y, given datum)
Point = tuple[float | None, float | None, float | None, float | None, str | None]
NOWHERE: Point = (None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the rows of a file lie in the coverage in force, one entry a row.

    Attributes
    ----------
    publication
        Number of that coverage; it stays in force until the transaction ends.
    points
        CGCS2000 degrees and what was given, `NOWHERE` for a row without coordinates.
    grids, subgroups
        Codes of the cell that covers the position; none outside and without a position.
    fallback
        Territory of what lies nowhere: the sender's own, the county for a sender of everything.
    """

    publication: int
    points: list[Point]
    grids: list[str | None]
    subgroups: list[str | None]
    fallback: str


def place(conn: Connection, viewer: Viewer, rows: Rows) -> Places:
    """Return where the rows of a file lie; rows whose coordinates cannot be read are refused.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    UndeclaredDatum, UnsupportedDatum
        If the file has coordinates and no usable datum was declared.
    """
    publication = publications.hold(conn).number
    fallback = viewer.scope or assign.county_of(conn)
    positions = rows.positions()
    if positions is None:
        n = len(rows)
        return Places(publication, [NOWHERE] * n, [None] * n, [None] * n, fallback)
    homes = locate.homes_of(conn, positions.xy)
    datum = datum_name(rows.options)
    found = ~np.isnan(positions.xy[:, 0])
    points: list[Point] = [
        (lon, lat, x, y, datum) if here else NOWHERE
        for here, (lon, lat), (x, y) in zip(
            found.tolist(), positions.xy.tolist(), positions.given.tolist(), strict=True
        )
    ]
    return Places(
        publication, points, homes.grid_codes.tolist(), homes.subgroup_codes.tolist(), fallback
    )


def datum_name(options: ImportOptions) -> str | None:
    """Return the declared datum as it is kept beside the given numbers."""
    if options.datum is None:
        return None
    parsed: Datum | Epsg = parse_datum(options.datum)
    return parsed.value if isinstance(parsed, Datum) else f"EPSG:{parsed.code}"


def known_units(conn: Connection, codes: Iterable[str]) -> dict[str, str]:
    """Return our code for each given code of a unit in force: ours itself, or its sender's own.

    A sender's code that several levels have is not known: it does not say which is meant.
    """
    wanted = sorted({code for code in codes if code})
    unit = schema.unit.c
    rows = conn.execute(
        select(unit.code, unit.source_code).where(
            func.upper_inf(unit.valid), or_(unit.code.in_(wanted), unit.source_code.in_(wanted))
        )
    ).all()
    times = Counter(row.source_code for row in rows)
    theirs = {row.source_code: row.code for row in rows if times[row.source_code] == 1}
    return theirs | {row.code: row.code for row in rows}


def check_units(conn: Connection, rows: Rows, name: str, *, required: bool) -> list[str]:
    """Return a field of unit codes as our codes; unknown ones are refused.

    An empty one is refused only where it is required.
    """
    given = rows.check_code(name)
    known = known_units(conn, given)
    for i, code in enumerate(given):
        if code == "" and required:
            rows.refuse(i, name, row_problems.Empty(field=name))
        elif code and code not in known:
            rows.refuse(i, name, row_problems.UnitUnknown(given=code))
    return [known.get(code, "") for code in given]


def refuse_outside(rows: Rows, i: int, viewer: Viewer, territory: str) -> None:
    """Refuse a row that belongs to a unit outside the sender's territory."""
    if not access.in_territory(viewer, territory):
        problem = row_problems.OutsideTerritory(territory=territory, scope=viewer.scope)
        rows.refuse(i, None, problem)
