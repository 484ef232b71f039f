"""Which earlier period a counting period is compared with."""

from __future__ import annotations

import calendar as months
from datetime import date, timedelta
from typing import Literal

from lunar_python import Lunar, LunarMonth, Solar

from grids.window import Window

Kind = Literal["prev", "yoy", "mom"]
Calendar = Literal["solar", "lunar"]
KINDS: tuple[Kind, ...] = ("prev", "mom", "yoy")


def comparison_window(window: Window, kind: Kind, calendar: Calendar = "solar") -> Window:
    """Return the earlier period that a period is compared with.

    Parameters
    ----------
    kind
        "prev": as many days just before. "mom" (环比): whole months with the whole months before,
        other periods with as many days that end one month earlier. "yoy" (同比): as many days that
        end a year earlier.
    calendar
        Of "yoy": "lunar" ends on the same day of the lunar month one lunar year earlier, so that
        a spring festival is compared with a spring festival.

    Notes
    -----
    The 29th of February and the 31st fall on the last day of a shorter month. A day of a leap
    lunar month is compared with that of the month whose number it repeats, the 30th of a lunar
    month with the 29th where there is no 30th.
    """
    if kind == "prev":
        return Window(window.since - timedelta(window.days), window.since - timedelta(1))
    if is_whole_months(window):
        back = 12 if kind == "yoy" else _months_of(window)
        if kind == "mom" or calendar == "solar":
            return Window(_months_before(window.since, back), _last_of(window.until, back))
    if kind == "yoy" and calendar == "lunar":
        until = _lunar_year_before(window.until)
    else:
        until = _months_before(window.until, 12 if kind == "yoy" else 1)
    return Window(until - timedelta(window.days - 1), until)


def is_whole_months(window: Window) -> bool:
    """Return whether a period begins and ends with a month."""
    return window.since.day == 1 and (window.until + timedelta(1)).day == 1


def widened_to_months(window: Window) -> Window:
    """Return the months that a period touches, as a whole."""
    return Window(window.since.replace(day=1), _last_of(window.until, 0))


def months_inside(window: Window) -> Window | None:
    """Return the months that lie in a period as a whole; None if there is none."""
    first, after = window.since, window.until + timedelta(1)
    if first.day > 1:
        first = _months_before(first.replace(day=1), -1)
    last = after.replace(day=1) - timedelta(1)
    return Window(first, last) if last > first else None


def months_until(until: date, n: int) -> Window:
    """Return the last `n` months, of which the last one ends on or after a day."""
    return Window(_months_before(until.replace(day=1), n - 1), _last_of(until, 0))


def _months_of(window: Window) -> int:
    since, until = window.since, window.until
    return (until.year - since.year) * 12 + until.month - since.month + 1


def _months_before(day: date, n: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - n, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


def _last_of(day: date, n: int) -> date:
    there = _months_before(day.replace(day=1), n)
    return there.replace(day=months.monthrange(there.year, there.month)[1])


def _lunar_year_before(day: date) -> date:
    lunar = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    month = LunarMonth.fromYm(lunar.getYear() - 1, abs(lunar.getMonth()))
    of_month = min(lunar.getDay(), month.getDayCount())
    found = Lunar.fromYmd(month.getYear(), month.getMonth(), of_month).getSolar()
    return date(found.getYear(), found.getMonth(), found.getDay())
