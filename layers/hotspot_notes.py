"""What limits a hotspot answer: gaps in reporting, shifted sources, periods without data."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from geo.hotspots.gaps import missing_spans, sudden_gaps
from grids.window import Window
from layers.county_counts import Tally
from layers.styles import word

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
    first, last = extent
    notes: list[Note] = []
    if min(one.since for one in looked_at) < first:
        notes.append(("hotspots.before_data", {"first": str(first)}))
    # The day that is still running may have no report yet.
    if last < window.until - timedelta(1):
        notes.append(("hotspots.after_data", {"last": str(last)}))
    notes += reporting(tally, looked_at, extent)
    if then is not None:
        notes += _shifted(tally.by_source(window), tally.by_source(then))
    return notes


def reporting(tally: Tally, looked_at: list[Window], extent: tuple[date, date]) -> list[Note]:
    """Return months and days of the windows on which hardly anything was reported."""
    since = max(extent[0], min(one.since for one in looked_at) - _YEAR)
    until = min(extent[1], max(one.until for one in looked_at) + _WEEKS)
    if until < since:
        return []
    return of_days(tally.daily(Window(since, until)), since, looked_at)


def of_days(daily: Any, first: date, looked_at: Iterable[Window]) -> list[Note]:
    """Return the gaps of a daily series within windows; months without days of their own too."""
    windows = list(looked_at)
    days = [first + timedelta(k) for k in range(len(daily))]
    if month_only(daily, first):
        return [("hotspots.month_only", {}), *_missing_months(daily, days, windows)]
    gaps = [
        day
        for day, gap in zip(days, sudden_gaps(daily), strict=True)
        if gap and any(one.since <= day <= one.until for one in windows)
    ]
    months = _missing_months(daily, days, windows)
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
