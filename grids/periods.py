"""The periods in which a county's work recurs: week, ten-day 旬, half-month, month."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import NamedTuple

from grids.errors import BadValue

PERIODS = ("once", "week", "xun", "half_month", "month")

# The last days of a month's parts but of the last one, which ends with the month.
_ENDS_OF_PARTS = {"xun": (10, 20), "half_month": (15,), "month": ()}


class Period(NamedTuple):
    """A period by its first and its last day."""

    first: date
    last: date


def period_of(period: str, day: date) -> Period:
    """Return the week, 旬, half-month or month that a day lies in.

    A week begins on Monday. The last 旬 has eight to eleven days, the second half-month thirteen
    to sixteen: both end with the month. `once` is the day itself.

    Raises
    ------
    BadValue
        If there is no such period.
    """
    if period == "once":
        return Period(day, day)
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(monday, monday + timedelta(days=6))
    if period not in _ENDS_OF_PARTS:
        raise BadValue(field="period", given=period, reason="one of " + ", ".join(PERIODS))
    ends = (*_ENDS_OF_PARTS[period], calendar.monthrange(day.year, day.month)[1])
    last = next(end for end in ends if day.day <= end)
    first = max((end + 1 for end in ends if end < day.day), default=1)
    return Period(day.replace(day=first), day.replace(day=last))
