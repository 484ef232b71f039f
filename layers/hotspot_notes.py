"""What limits a hotspot answer: gaps in reporting, shifted sources, periods without data."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from geo.hotspots.gaps import missing_spans, sudden_gaps
from grids.extent import Extent
from grids.window import Window
from layers.county_tally import Tally
from layers.styles import word
from layers.windows import is_whole_months

Note = tuple[str, Mapping[str, Any]]

# A source whose share of all reports moves by more makes two periods hard to compare.
SHIFT = 0.20
_FEWEST = 20
_NAMED = 6
_YEAR, _WEEKS = timedelta(365), timedelta(35)
# So large a share on the first of months over more than a month: days were never known.
_MONTH_ONLY = 0.95


def limits(tally: Tally, window: Window, then: Window | None) -> list[Note]:
    """Return what the reports of an area do not allow to say, for a window and its comparison."""
    extent = tally.held.extent
    if extent is None:
        return []
    looked_at = [one for one in (window, then) if one is not None]
    notes: list[Note] = []
    if window.since > extent.last or window.until < extent.first:
        facts = {"first": str(extent.first), "last": str(extent.last)}
        notes.append(("hotspots.after_data_all", facts))
    elif min(one.since for one in looked_at) < extent.first:
        notes.append(("hotspots.before_data", {"first": str(extent.first)}))
    # The day that is still running may have no report yet.
    if window.since <= extent.last < window.until - timedelta(1):
        notes.append(("hotspots.after_data", {"last": str(extent.last)}))
    if extent.stray:
        notes.append(stray_dates(extent))
    if left_out := tally.left_out(window):
        notes.append(("hotspots.month_only_left_out", {"count": left_out}))
    notes += reporting(tally, looked_at, extent)
    if then is not None:
        notes += _shifted(tally.by_source(window), tally.by_source(then))
    return notes


def stray_dates(extent: Extent) -> Note:
    """Return how many reports are dated far from all others, and the first and last day of all."""
    reach = {"earliest": str(extent.earliest), "latest": str(extent.latest)}
    return ("hotspots.stray_dates", {"count": extent.stray, **reach})


def incomparable(tally: Tally, window: Window, then: Window) -> Note | None:
    """Return why two periods cannot be held against each other; None if they can.

    They cannot where one of them has no data, or begins before there were any: reports that
    nobody could make are none that were not made.
    """
    extent = tally.held.extent
    if extent is None or window.since > extent.last or window.until < extent.first:
        return ("hotspots.change_no_data", {"since": str(window.since), "until": str(window.until)})
    if then.since < extent.first:
        facts = {"since": str(then.since), "until": str(then.until), "first": str(extent.first)}
        return ("hotspots.change_before_data", facts)
    if not is_whole_months(then) and tally.is_known_by_month(then):
        return ("hotspots.change_by_month", {"since": str(then.since), "until": str(then.until)})
    return None


def reporting(tally: Tally, looked_at: list[Window], extent: Extent) -> list[Note]:
    """Return months and days of the windows on which hardly anything was reported."""
    since = max(extent.first, min(one.since for one in looked_at) - _YEAR)
    until = min(extent.last, max(one.until for one in looked_at) + _WEEKS)
    if until < since:
        return []
    daily, of_no_day = tally.daily(Window(since, until))
    return of_days(daily, since, looked_at, of_no_day)


def of_days(
    daily: Any, first: date, looked_at: Iterable[Window], of_no_day: Any | None = None
) -> list[Note]:
    """Return the gaps of a daily series within windows; months without days of their own too.

    `of_no_day` are those of the series that stand on the first of a month and happened on no known
    day of it; without it, a series that has hardly any other is taken for one of months.
    """
    windows = list(looked_at)
    days = [first + timedelta(k) for k in range(len(daily))]
    whole = np.asarray(daily, dtype=np.int64)
    of_days = whole if of_no_day is None else whole - np.asarray(of_no_day, dtype=np.int64)
    if month_only(daily, first) or 2 * of_days.sum() < whole.sum():
        return [("hotspots.month_only", {}), *_missing_months(whole, days, windows)]
    gaps = [
        day
        for day, gap in zip(days, sudden_gaps(of_days), strict=True)
        if gap and any(one.since <= day <= one.until for one in windows)
    ]
    months = _missing_months(whole, days, windows)
    if gaps:
        months.append(("hotspots.gap_days", {"count": len(gaps), "days": _listed(gaps)}))
    return months


def month_only(daily: Any, first: date) -> bool:
    """Return whether all but a few reports of several months lie on the first of a month."""
    starts = np.array([(first + timedelta(k)).day == 1 for k in range(len(daily))])
    seen = np.asarray(daily, dtype=np.float64)
    return bool(
        len(seen) > 45 and seen.sum() > 0 and seen[starts].sum() >= _MONTH_ONLY * seen.sum()
    )


def texts(notes: Iterable[Note], locale: str) -> list[dict[str, Any]]:
    """Return notes as JSON: code, facts, and the sentence in a language."""
    return [
        {"code": code, "facts": dict(facts), "text": word(code, locale, **facts)}
        for code, facts in notes
    ]


def _missing_months(daily: Any, days: list[date], windows: list[Window]) -> list[Note]:
    months = sorted({(day.year, day.month) for day in days})
    place = {month: k for k, month in enumerate(months)}
    of_day = np.array([place[day.year, day.month] for day in days])
    totals = np.bincount(of_day, weights=daily, minlength=len(months))
    missing = missing_spans(totals, np.bincount(of_day, minlength=len(months)))
    told = [
        f"{year}-{month:02d}"
        for (year, month), gap in zip(months, missing, strict=True)
        if gap
        and any(
            one.since <= date(year, month, calendar.monthrange(year, month)[1])
            and one.until >= date(year, month, 1)
            for one in windows
        )
    ]
    if not told:
        return []
    return [("hotspots.gap_months", {"count": len(told), "months": _listed(told)})]


def _shifted(now: Mapping[str, int], then: Mapping[str, int]) -> list[Note]:
    whole_now, whole_then = sum(now.values()), sum(then.values())
    if min(whole_now, whole_then) < _FEWEST:
        return []
    notes: list[Note] = []
    for source in sorted({*now, *then}):
        share, before = now.get(source, 0) / whole_now, then.get(source, 0) / whole_then
        if abs(share - before) > SHIFT:
            facts = {"source": source, "before": round(before * 100), "now": round(share * 100)}
            notes.append(("hotspots.source_shift", facts))
    return notes


def _listed(values: list[Any]) -> str:
    named = ", ".join(str(value) for value in values[:_NAMED])
    return named + (" ..." if len(values) > _NAMED else "")
