"""The space-time cube: events by unit, day and kind, kept so that any filter is one pass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.result import Bools, Ints

# A key is unit, day and kind side by side, so that keys sort by unit and then by day.
_DAY_BITS, _KIND_BITS = 16, 16
_UNIT_SHIFT = _DAY_BITS + _KIND_BITS
# From so many counts on it pays to keep the sums over all kinds beside them.
_MANY = 100_000
Counts = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Events:
    """Counts of events by unit, day and kind, without the zeros.

    Attributes
    ----------
    key
        Ascending; see `keys`.
    n
        How many events, of the same shape.
    n_units
        Units are numbered from 0 to this.
    """

    key: Ints
    n: Counts
    n_units: int

    def cube(self, first_day: int, n_days: int, wanted: Bools) -> Counts:
        """Return events by unit and day, shape (n_units, n_days).

        Parameters
        ----------
        first_day, n_days
            The days that are looked at.
        wanted
            Which kinds count, by their number.
        """
        cube = np.zeros((self.n_units, max(n_days, 0)), np.int32)
        if self.key.size < _MANY or not wanted.all():
            _fill(self.key, self.n, first_day, wanted, cube)
            return cube
        begins, whole = self._all_kinds
        since = max(first_day, begins)
        until = max(min(first_day + cube.shape[1], begins + whole.shape[1]), since)
        cube[:, since - first_day : until - first_day] = whole[:, since - begins : until - begins]
        return cube

    @cached_property
    def _all_kinds(self) -> tuple[int, Counts]:
        """Return the first day of all, and the events of all kinds by unit and day from then on."""
        day = (self.key >> _KIND_BITS) & ((1 << _DAY_BITS) - 1)
        first = int(day.min())
        whole = np.zeros((self.n_units, int(day.max()) - first + 1), np.int32)
        _fill(self.key, self.n, first, np.ones(1 << _KIND_BITS, np.bool_), whole)
        return first, whole

    def by_kind(self, first_day: int, n_days: int, units: Bools, n_kinds: int) -> Ints:
        """Return events of the days by kind, shape (n_kinds,), of the units that are True."""
        total = np.zeros(n_kinds, np.int64)
        _sum_kinds(self.key, self.n, first_day, n_days, units, total)
        return total

    def merged(self, key: Ints, n: Counts, n_units: int) -> Events:
        """Return the counts with those of other keys put in; where both have a key, theirs hold."""
        at = np.searchsorted(self.key, key)
        known = at < self.key.size
        known[known] = self.key[at[known]] == key[known]
        counts = self.n.copy()
        counts[at[known]] = n[known]
        order = np.argsort(key[~known], kind="stable")
        fresh, place = key[~known][order], at[~known][order]
        return Events(
            np.insert(self.key, place, fresh),
            np.insert(counts, place, n[~known][order]),
            n_units,
        )


def keys(unit: Ints, day: Ints, kind: Ints) -> Ints:
    """Return the key of each row: whole numbers that sort by unit, then day, then kind.

    Raises
    ------
    UnusableCounts
        If a number is negative, or a day or kind is above 65,535.
    """
    top = 1 << _DAY_BITS
    for name, values in (("unit", unit), ("day", day), ("kind", kind)):
        if values.size and (values.min() < 0 or (name != "unit" and values.max() >= top)):
            raise UnusableCounts(name=name, reason=f"numbers from 0 to {top - 1} are needed")
    return np.asarray((unit << _UNIT_SHIFT) | (day << _KIND_BITS) | kind, dtype=np.int64)


def events(key: Ints, n: Counts, n_units: int) -> Events:
    """Return counts of keys in any order; the keys are all different."""
    order = np.argsort(key)
    return Events(key[order], n[order], n_units)


def space_time_cube(
    unit: npt.ArrayLike, day: npt.ArrayLike, n_units: int, first_day: int, n_days: int
) -> Counts:
    """Return single events by unit and day, shape (n_units, n_days).

    Parameters
    ----------
    unit, day
        Of each event. Those of other days are left out.

    Raises
    ------
    UnusableCounts
        If a unit is none of the `n_units`.
    """
    units, days = np.asarray(unit, np.int64), np.asarray(day, np.int64) - first_day
    if units.size and (units.min() < 0 or units.max() >= n_units):
        raise UnusableCounts(name="unit", reason=f"a number is none of the {n_units} units")
    inside = (days >= 0) & (days < n_days)
    flat = np.bincount(units[inside] * n_days + days[inside], minlength=n_units * n_days)
    return flat.reshape(n_units, n_days).astype(np.int32)


@njit(cache=True, nogil=True)
def _fill(key: Ints, n: Counts, first_day: int, wanted: Bools, cube: Counts) -> None:
    days = cube.shape[1]
    for unit in range(cube.shape[0]):
        start = np.searchsorted(key, (unit << 32) | (max(first_day, 0) << 16))
        stop = np.searchsorted(key, (unit << 32) | (max(first_day + days, 0) << 16))
        for k in range(start, stop):
            kind = key[k] & 0xFFFF
            if wanted[kind]:
                cube[unit, ((key[k] >> 16) & 0xFFFF) - first_day] += n[k]


@njit(cache=True, nogil=True)
def _sum_kinds(key: Ints, n: Counts, first_day: int, days: int, units: Bools, total: Ints) -> None:
    for unit in range(units.size):
        if not units[unit]:
            continue
        start = np.searchsorted(key, (unit << 32) | (max(first_day, 0) << 16))
        stop = np.searchsorted(key, (unit << 32) | (max(first_day + days, 0) << 16))
        for k in range(start, stop):
            total[key[k] & 0xFFFF] += n[k]
