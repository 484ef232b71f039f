"""From which day to which a county has data, whatever few stray dates lie far from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A month with fewer than this share of what is usual is hardly any data ...
_HARDLY = 0.15
# ... and such months at an end of the data are stray if they hold no more of all events than this,
_FEW = 0.01
# and reach out further than this many days: what is nearer may be a slow beginning.
_FAR = 365


@dataclass(frozen=True, slots=True)
class Extent:
    """First and last day of the data, and the stray dates outside of them.

    `stray` are events; `earliest` and `latest` are the first and last day with any event.
    """

    first: date
    last: date
    stray: int
    earliest: date
    latest: date


def extent_of(daily: NDArray[Any], first: date) -> Extent | None:
    """Return the extent of a daily series; None of one without events.

    Notes
    -----
    What is usual in a month is the count of the month in which the median event lies, so that many
    months with a stray event each weigh no more than their events.
    """
    days = np.flatnonzero(daily)
    if not days.size:
        return None
    n = np.asarray(daily, dtype=np.int64)[days]
    months = (np.datetime64(first, "D") + days).astype("datetime64[M]").astype(np.int64)
    of_month = np.bincount(months - months[0], weights=n)
    ordered = np.sort(of_month)
    usual = ordered[np.searchsorted(np.cumsum(ordered), n.sum() / 2)]
    full = np.flatnonzero(of_month >= _HARDLY * usual) + months[0]
    inside = (months >= full[0]) & (months <= full[-1])
    kept = days[inside]
    low, high = int(kept[0]), int(kept[-1])
    # Each end by itself: a beginning long ago says nothing of what came lately.
    if low - int(days[0]) <= _FAR:
        low = int(days[0])
    if int(days[-1]) - high <= _FAR:
        high = int(days[-1])
    stray = int(n[(days < low) | (days > high)].sum())
    if stray > _FEW * n.sum():
        low, high, stray = int(days[0]), int(days[-1]), 0
    return Extent(
        first=first + timedelta(low),
        last=first + timedelta(high),
        stray=stray,
        earliest=first + timedelta(int(days[0])),
        latest=first + timedelta(int(days[-1])),
    )
