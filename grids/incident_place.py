"""Where a report belongs: by its position, else by the code it names, else with its sender."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from geo.datum import Datum, Epsg, to_cgcs2000, to_cgcs2000_array
from geo.errors import BadPosition, Refusal
from geo.position import Position
from grids import assign, locate, rules
from grids.incident_report import IncidentReport
from grids.model import Level, Placement, Rival, Viewer, level_of

# Half a step of the lattice: nearer than this a position is on the border.
_ON_BORDER_M = 0.005


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a report belongs.

    `kind` is the placement as it is stored: inside, border (the circle reaches another grid),
    outside, hand (by a unit's code) or unplaced.
    """

    territory: str
    kind: str
    position: Position | None = None
    placement: Placement | None = None
    grid_code: str | None = None
    subgroup_code: str | None = None
    review: bool = False


def positions(
    reports: Sequence[IncidentReport], datums: Mapping[int, Datum | Epsg | None]
) -> tuple[dict[int, NDArray[np.float64] | None], list[tuple[int, Refusal]]]:
    """Return the CGCS2000 degrees of reports by index, and those that are no place on Earth.

    `datums` holds the datum of each, None where there is no position; that stays None.
    """
    refused: list[tuple[int, Refusal]] = []
    found: dict[int, NDArray[np.float64] | None] = {i: None for i, d in datums.items() if d is None}
    given = sorted((i for i, d in datums.items() if d is not None), key=lambda i: str(datums[i]))
    for _, group in itertools.groupby(given, key=lambda i: str(datums[i])):
        members = list(group)
        datum = datums[members[0]]
        assert datum is not None
        pairs = np.array([(reports[i].x, reports[i].y) for i in members], np.float64)
        for i, degrees in zip(members, to_cgcs2000_array(pairs, datum), strict=True):
            if np.isnan(degrees).any():
                refused.append((i, BadPosition(lon=reports[i].x, lat=reports[i].y)))
            else:
                found[i] = degrees
    return found, refused


def place_one(
    conn: Connection, viewer: Viewer | None, report: IncidentReport, datum: Datum | Epsg | None
) -> Placed:
    """Return where a report belongs, asking SQL."""
    if datum is None or report.x is None or report.y is None:
        return _without_position(conn, viewer, report)
    position = to_cgcs2000(report.x, report.y, datum)
    placement = locate.locate(conn, position, report.accuracy_m)
    return _with_position(conn, report, position, placement)


def place_many(
    conn: Connection,
    viewer: Viewer | None,
    reports: Sequence[IncidentReport],
    xy: Sequence[NDArray[np.float64] | None],
) -> list[Placed]:
    """Return where reports belong, asking the county locator; the same as `place_one` for each."""
    county = locate.county_locator(conn)
    points = np.array([(np.nan, np.nan) if p is None else p for p in xy], np.float64)
    located, villages = county.locate(points)
    accuracy = np.array([report.accuracy_m or 0.0 for report in reports])
    # A circle that reaches no border lies in its grid alone.
    asked = (accuracy > 0) & ~np.isnan(points[:, 0])
    near = np.flatnonzero(asked & ~(located.border_m > accuracy * 1.01))
    rivals = dict(zip(near.tolist(), county.rivals(points[near], accuracy[near]), strict=True))
    placed = []
    for k, report in enumerate(reports):
        if xy[k] is None:
            placed.append(_without_position(conn, viewer, report))
            continue
        position = Position(float(points[k, 0]), float(points[k, 1]))
        grid = located.grid_codes[k]
        sharing = rivals.get(k, (Rival(grid, 1.0),) if asked[k] else ())
        proposal = county.propose(position) if grid is None else None
        placement = Placement(
            county.publication,
            villages[k],
            grid,
            located.subgroup_codes[k],
            None if grid is None else float(located.border_m[k]),
            sharing,
            rules.needs_review(grid, sharing),
            *(proposal or (None, None)),
        )
        placed.append(_with_position(conn, report, position, placement))
    return placed


def _with_position(
    conn: Connection, report: IncidentReport, position: Position, placement: Placement
) -> Placed:
    if placement.grid_code is None:
        if report.unit_code and level_of(report.unit_code) in (Level.GRID, Level.SUBGROUP):
            return _by_code(report.unit_code, position, placement)
        territory = assign.territory_of(conn, placement)
        return Placed(territory, "outside", position, placement, review=True)
    on_border = len(placement.rivals) > 1 or (placement.border_m or 0.0) < _ON_BORDER_M
    return Placed(
        assign.territory_of(conn, placement),
        "border" if on_border else "inside",
        position,
        placement,
        placement.grid_code,
        placement.subgroup_code,
        placement.review,
    )


def _without_position(conn: Connection, viewer: Viewer | None, report: IncidentReport) -> Placed:
    if report.unit_code:
        return _by_code(report.unit_code)
    scope = viewer.scope if viewer else ""
    return Placed(scope or assign.county_of(conn), "unplaced", review=True)


def _by_code(
    code: str, position: Position | None = None, placement: Placement | None = None
) -> Placed:
    level = level_of(code)
    grid = code[: Level.GRID.digits] if level in (Level.GRID, Level.SUBGROUP) else None
    subgroup = code if level is Level.SUBGROUP else None
    return Placed(code, "hand", position, placement, grid, subgroup, position is not None)


def units_in_force(conn: Connection, codes: Iterable[str]) -> set[str]:
    """Return those of the codes that are units in force."""
    asked = list(codes)
    if not asked:
        return set()
    rows = conn.execute(
        text("SELECT code FROM unit WHERE upper_inf(valid) AND code = ANY (CAST(:c AS text[]))"),
        {"c": asked},
    )
    return set(rows.scalars())
