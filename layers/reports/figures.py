"""The figures of a report, without words: what was counted, compared, found hot."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from geo.errors import Refusal
from grids import alerts, board, kept_reports
from grids.board import Board, Line, Spell
from grids.errors import BadValue, NotFound
from grids.kept_reports import KeptReport
from grids.local_time import local_day
from grids.model import Viewer
from grids.window import Window
from layers import county_hotspots

# Days that each kind of report looks back on, its last day included.
DAYS = {"daily": 1, "weekly": 7, "hotspot": 30}
HOT_ROWS = 20


def get(
    conn: Connection,
    viewer: Viewer,
    kind: str,
    on: date,
    now: datetime,
    *,
    area: str | None = None,
) -> KeptReport:
    """Return the figures of a report that ends with a day, kept from the first time on.

    Parameters
    ----------
    kind
        "daily", "weekly" or "hotspot".
    area
        Code of a unit; None: the viewer's territory, or the county for who has none.

    Raises
    ------
    Forbidden, NotFound
        If the viewer may not export, or not there; or there is no county yet.
    BadValue
        For a day to come.
    """
    if on > local_day(now):
        raise BadValue(field="on", given=on.isoformat(), reason="this day has not begun")
    code = area or viewer.scope or kept_reports.county_code(conn)
    if code is None:
        raise NotFound(what="county", key="")
    window = Window(on - timedelta(DAYS[kind] - 1), on)

    def make() -> dict[str, Any]:
        return read(conn, viewer, kind, window, code, now)

    return kept_reports.get(conn, viewer, kind, on, code, make, now)


def read(
    conn: Connection, viewer: Viewer, kind: str, window: Window, area: str, now: datetime
) -> dict[str, Any]:
    """Return the figures of a period as they are known now."""
    year = board.read(conn, viewer, window, now, area=area, compare="year")
    before = board.read(conn, viewer, window, now, area=area, compare="before")
    of_before = {one.line.key: one.line for one in before.units}
    matters_before = {one.key: one for one in before.matters}
    night = alerts.last_night(conn)
    return {
        "kind": kind,
        "since": window.since,
        "until": window.until,
        "days": window.days,
        "area": year.area,
        "name": year.name,
        "level": year.level,
        "as_of": now,
        "counts": dict(year.total.counts),
        "before": _compared(before, before.total),
        "year": _compared(year, year.total),
        "n_households": year.n_households,
        "incidence": year.incidence.value,
        "colours": dict(year.colours),
        "response": _spell(year.response),
        "closing": _spell(year.closing),
        "units": [
            {
                "code": one.line.key,
                "name": one.name,
                "inside": one.level is not None,
                "counts": dict(one.line.counts),
                "before": _compared(before, of_before.get(one.line.key, one.line)),
                "year": _compared(year, one.line),
                "n_households": one.n_households,
                "incidence": one.incidence.value if one.incidence else None,
                "colours": dict(one.colours),
            }
            for one in year.units
        ],
        "matters": [
            {
                "code": one.key,
                "name": year.matter_names.get(one.key, one.key),
                "counts": dict(one.counts),
                "before": _compared(before, matters_before.get(one.key, one)),
                "year": _compared(year, one),
            }
            for one in year.matters
        ],
        "daily": [[one.key, one.counts["valid"]] for one in year.days],
        "alerts": [
            {
                "place": one.place,
                "group": one.group_name if one.matter_group else "",
                "state": one.state,
                "since": one.since,
                "until": one.last_on,
                "observed": one.observed,
                "expected": one.expected,
                "recurrence_days": one.recurrence_days,
                "n_grids": len(one.grid_codes),
            }
            for one in (alerts.list_alerts(conn, viewer, on=window.until) if night else [])
            if one.territory_code.startswith(area)
        ],
        "night": {"day": night.day, "n_tests": night.n_tests} if night else None,
        "hot": _hot(conn, viewer, window, area) if kind == "hotspot" else None,
    }


def _compared(whole: Board, line: Line) -> dict[str, Any]:
    base = whole.base
    return {
        "n": line.then,
        "why": line.comparable,
        "missing": list(base.missing) if base else [],
        "since": base.window.since if base else None,
        "until": base.window.until if base else None,
    }


def _spell(spell: Spell) -> dict[str, Any]:
    return {"n": spell.n, "mean_s": spell.mean_s, "median_s": spell.median_s}


def _hot(conn: Connection, viewer: Viewer, window: Window, area: str) -> dict[str, Any]:
    """Return the grids that are surest above the level of their households, or why there are none.

    The outline is of a grid with its neighbours: solid below 5 %, double below 1 % of
    false discoveries.
    """
    try:
        found = county_hotspots.read(conn, viewer, window.since, window.until, area=area)
    except Refusal as refusal:
        return {"refused": refusal.code, "rows": [], "n_judged": 0}
    ranked = sorted((row for row in found.rows if row.rank is not None), key=lambda r: r.rank or 0)
    return {
        "refused": "",
        "n_judged": len(ranked),
        "publication": found.publication,
        "rows": [
            {
                "code": row.code,
                "name": row.name,
                "observed": row.observed,
                "expected": row.expected,
                "households": row.households,
                "ratio": row.ratio,
                "around": row.around.ratio if row.around else None,
                "q": row.around.q if row.around else None,
                "outline": row.outline,
            }
            for row in ranked
            if row.outline is not None
        ][:HOT_ROWS],
    }
