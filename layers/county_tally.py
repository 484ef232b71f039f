"""Any window of the counts behind a map, and how exactly it is known when they happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from grids.counts_held import DailyCounts, Filter
from grids.window import Window
from layers.windows import is_whole_months, months_inside, widened_to_months

USUAL_DAYS = 30


@dataclass(frozen=True, eq=False)
class Tally:
    """The counts behind a map: any window of the same units under the same filter.

    Windows within `reach` are parts of one cube, which is counted once. What is known by its month
    alone happened on no day: it counts in windows that hold its whole month.
    """

    held: DailyCounts
    wanted: Filter
    unit_of: NDArray[np.int64]
    n_units: int
    reach: Window

    def cube(self, window: Window) -> NDArray[np.float64]:
        """Return reports of known days by unit and day, shape (units, days)."""
        return np.asarray(self._onto @ self.by_grid(window), dtype=np.float64)

    def totals(self, window: Window) -> NDArray[np.int64]:
        """Return reports by unit."""
        return np.asarray(self._onto @ self.grid_totals(window), dtype=np.int64)

    def grid_totals(self, window: Window) -> NDArray[np.int64]:
        """Return reports by grid, in the order of the held counts' grids."""
        by_grid = self.by_grid(window).sum(axis=1, dtype=np.int64)
        if self.held.has_months and (inside := months_inside(window)) is not None:
            by_grid += self._by_month(inside).sum(axis=1, dtype=np.int64)
        return by_grid

    def left_out(self, window: Window) -> int:
        """Return reports that are known by a month which the window cuts, in all units."""
        if not self.held.has_months:
            return 0
        touched = self._by_month(widened_to_months(window)).sum(axis=1)
        if (inside := months_inside(window)) is not None:
            touched = touched - self._by_month(inside).sum(axis=1)
        return int(touched[self.unit_of >= 0].sum())

    def by_month(self, window: Window) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """Return the months of a window of whole months, and reports by unit and month."""
        days = np.datetime64(window.since, "D") + np.arange(window.days)
        names, starts = np.unique(days.astype("datetime64[M]"), return_index=True)
        cube = self.held.cube(window.since, window.until, self.wanted)
        counts = np.add.reduceat(cube, starts, axis=1)
        return tuple(str(name) for name in names), np.asarray(self._onto @ counts, np.float64)

    def is_known_by_month(self, window: Window) -> bool:
        """Return whether most reports of the months that a window touches tell no day."""
        return known_by_month(self.held, window, self.wanted)

    def daily(self, window: Window) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all reports of the area by day, whatever the filter, and those of no day.

        Those that are known by their month alone stand in both, on its first day.
        """
        every, here = Filter(), (self.unit_of >= 0).astype(np.int32)
        whole = self.held.cube(window.since, window.until, every)
        total = np.asarray(here @ whole, dtype=np.int64)
        if not self.held.has_months:
            return total, np.zeros_like(total)
        months = self.held.by_month(window.since, window.until, every)
        return total, np.asarray(here @ months, dtype=np.int64)

    def by_source(self, window: Window) -> dict[str, int]:
        """Return reports of the matter by source, whatever sources were asked for."""
        every = Filter(self.wanted.matter, self.wanted.levels)
        return self.held.by_source(
            window.since, window.until, every, self.unit_of >= 0,
            days_only=not is_whole_months(window),
        )  # fmt: skip

    def by_grid(self, window: Window) -> NDArray[np.int32]:
        """Return reports of known days by grid and day, in the order of the held counts' grids."""
        if window.since < self.reach.since or window.until > self.reach.until:
            found = self.held.cube(window.since, window.until, self.wanted)
        else:
            first = (window.since - self.reach.since).days
            found = self._reached[:, first : first + window.days]
        return found - self._by_month(window) if self.held.has_months else found

    def _by_month(self, window: Window) -> NDArray[np.int32]:
        return self.held.by_month(window.since, window.until, self.wanted)

    @cached_property
    def _reached(self) -> NDArray[np.int32]:
        return self.held.cube(self.reach.since, self.reach.until, self.wanted)

    @cached_property
    def _onto(self) -> Any:
        taken = np.flatnonzero(self.unit_of >= 0)
        shape = (self.n_units, len(self.unit_of))
        return sparse.csr_matrix((np.ones(len(taken)), (self.unit_of[taken], taken)), shape=shape)


def usual_window(held: DailyCounts, today: date) -> Window:
    """Return the period that is looked at where none is asked for.

    It is the last thirty days, or those that end with the data where they ended long ago; the last
    month, as a whole, where most reports of it are known by their month alone. Stray dates do not
    end the data.
    """
    until = today
    if held.extent is not None and held.extent.last < today - timedelta(USUAL_DAYS):
        until = held.extent.last
    month = Window(until.replace(day=1), until)
    if known_by_month(held, month, Filter()):
        return widened_to_months(month)
    return Window(until - timedelta(USUAL_DAYS - 1), until)


def as_known(held: DailyCounts, window: Window, wanted: Filter) -> Window:
    """Return a window that cuts no month, where most of what it touches is known by month alone."""
    return widened_to_months(window) if known_by_month(held, window, wanted) else window


def known_by_month(held: DailyCounts, window: Window, wanted: Filter) -> bool:
    """Return whether most reports of the months that a window touches are known by month alone."""
    if not held.has_months:
        return False
    months = widened_to_months(window)
    of_no_day = int(held.by_month(months.since, months.until, wanted).sum())
    return 2 * of_no_day > int(held.cube(months.since, months.until, wanted).sum())
