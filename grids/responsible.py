"""Who is responsible here, as anybody may ask: names and masked numbers of those on duty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from geo.datum import parse_datum, to_cgcs2000
from grids import assign, schema
from grids.errors import BadValue
from grids.locate import locate
from grids.model import Assignment, Level
from grids.resident_choices import Place

_U = schema.unit.c


@dataclass(frozen=True, slots=True)
class Answering:
    """Somebody who answers for a unit; without a name it is the desk of `duty_unit`."""

    unit_name: str
    rank: str
    name: str | None
    phone_mask: str | None
    duty_unit: str


@dataclass(frozen=True, slots=True)
class WhoIsWhere:
    """Who answers for a place.

    Parameters
    ----------
    here
        For the position itself; none where only a village was named.
    uncertain
        The position may lie in another grid as well.
    village, grids
        For the village as a whole, and for each of its grids.
    """

    village_name: str
    here: Answering | None
    uncertain: bool
    village: Answering
    grids: tuple[Answering, ...]


def at(conn: Connection, place: Place, now: datetime) -> WhoIsWhere:
    """Return who answers for a place of the county; see `resident_choices.require_inside`.

    Raises
    ------
    BadValue
        If there is no such village in force.
    """
    here, uncertain, code = None, False, place.village_code
    if place.x is not None and place.y is not None:
        position = to_cgcs2000(place.x, place.y, parse_datum(place.datum))
        found = locate(conn, position, place.accuracy_m)
        code, uncertain = found.village_code, found.review
        unit = found.grid_code or found.village_code or ""
        here = _answering(conn, unit, assign.responsible(conn, found, None, now))
    village = _names(conn, [code or ""]).get(code or "")
    if code is None or village is None or len(code) != Level.VILLAGE.digits:
        raise BadValue(field="village", given="", reason="no unit in force")
    inside = select(_U.code).where(_U.parent_code == code, func.upper_inf(_U.valid))
    grids = conn.execute(inside.order_by(_U.code)).scalars().all()
    return WhoIsWhere(
        village,
        here,
        uncertain,
        _answering(conn, code, assign.responsible(conn, code, None, now)),
        tuple(_answering(conn, one, assign.responsible(conn, one, None, now)) for one in grids),
    )


def _answering(conn: Connection, unit: str, given: Assignment) -> Answering:
    names = _names(conn, [unit, given.unit_code])
    person = given.person
    return Answering(
        names.get(unit, ""),
        given.rank,
        person.name if person else None,
        person.phone_mask if person else None,
        names.get(given.unit_code, ""),
    )


def _names(conn: Connection, codes: list[str]) -> dict[str, str]:
    rows = conn.execute(
        select(_U.code, _U.name).where(_U.code.in_(codes), func.upper_inf(_U.valid))
    )
    return {row.code: row.name for row in rows}
