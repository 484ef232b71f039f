"""When did nobody report? Days and longer stretches that are too quiet to be quiet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.hotspots.inputs import UnusableCounts, as_counts
from geo.hotspots.result import Bools

# A day is held against the days of the same weekday up to four weeks to either side.
_WEEKS = 4
_FEWEST_USUAL = 8.0
_LEFT = 0.15


def sudden_gaps(daily: npt.ArrayLike) -> Bools:
    """Return which days have hardly any reports although their weekday usually has.

    Parameters
    ----------
    daily
        Reports of consecutive days, shape (n,).

    Returns
    -------
    Bools
        True where a day has less than 15 % of the median of the same weekday in the four weeks
        before and after, and that median is at least 8: so few by chance once in some thousand
        days if reports were independent. Where less is usual nothing can be said.
    """
    seen = as_counts(daily, "daily")
    # One row a day: the same weekday of the weeks around, infinite beyond either end.
    padded = np.pad(seen, 7 * _WEEKS, constant_values=np.inf)
    near = np.sort(
        np.column_stack(
            [
                padded[7 * (_WEEKS + week) :][: seen.size]
                for week in range(-_WEEKS, _WEEKS + 1)
                if week
            ]
        ),
        axis=1,
    )
    n = np.isfinite(near).sum(axis=1)
    day = np.arange(seen.size)
    middle = (near[day, np.maximum(n - 1, 0) // 2] + near[day, n // 2]) / 2.0
    usual = np.where(n >= 2, middle, np.nan)
    return np.asarray((usual >= _FEWEST_USUAL) & (seen < _LEFT * usual), dtype=np.bool_)


def missing_spans(totals: npt.ArrayLike, exposure: npt.ArrayLike) -> Bools:
    """Return which stretches, such as months, have hardly any reports beside the others.

    Parameters
    ----------
    totals, exposure
        Reports and days of each stretch, shape (n,); one with fewer days counts for less.

    Raises
    ------
    UnusableCounts
        If lengths differ or a stretch has no days.

    Returns
    -------
    Bools
        True where the reports a day are below 15 % of the median stretch's, and the median
        would let expect at least 8. Stretches before the first report are no gap.
    """
    seen = as_counts(totals, "totals")
    days = np.asarray(exposure, dtype=np.float64)
    if days.shape != seen.shape or not (days > 0).all():
        raise UnusableCounts(name="exposure", reason="as many positive lengths as totals")
    if not seen.any():
        return np.zeros(seen.size, np.bool_)
    usual = np.median((seen / days)[seen > 0]) * days
    begun = np.arange(seen.size) >= int(np.flatnonzero(seen)[0])
    return np.asarray(begun & (usual >= _FEWEST_USUAL) & (seen < _LEFT * usual), dtype=np.bool_)
