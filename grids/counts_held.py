"""The daily counts held in the process: any filter is a pass over arrays, never over raw rows.

A process reads all counts once, by binary COPY, and from then on asks before each use for the rows
that were written meanwhile (`daily_count.changed_by`). What it answers is therefore what the
asking transaction would read: there is no lag.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Row

from geo.hotspots.cube import Events, events, keys
from grids.db import statement
from grids.extent import Extent, extent_of

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Days are counted from here; counts of earlier days are not taken into memory.
FIRST_DAY = date(1970, 1, 1)
# Days are kept in sixteen bits.
_DAYS = 1 << 16
# So many changed rows are kept beside the others before they are sorted in.
_APART = 20_000
# Reading everything again is quicker than taking in more changed rows than this one by one.
_TOO_MANY = 200_000
_HEADER, _COPY_ROW = (
    19,
    np.dtype(
        [("fields", ">i2")]
        + [
            (name, kind)
            for column in ("grid", "day", "kind", "n", "n_by_month")
            for name, kind in (
                (f"{column}_bytes", ">i4"),
                (column, ">i8" if column in ("grid", "kind") else ">i4"),
            )
        ],
        align=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents count: of one matter (None: all), of some levels and sources (none: all)."""

    matter: str | None = None
    levels: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def takes(self, matter: str, level: str, source: str) -> bool:
        """Return whether a kind of incidents counts."""
        return (
            self.matter in (None, matter)
            and (not self.levels or level in self.levels)
            and (not self.sources or source in self.sources)
        )


@dataclass(frozen=True, eq=False)
class DailyCounts:
    """Counts by grid and day as one transaction sees them.

    Attributes
    ----------
    grids
        Codes of all grids with a count, in the order of the rows of `cube`.
    kinds
        Matter, level and source of each kind.
    extent
        From which day to which there are data, of all grids; None if there are none.
    """

    grids: tuple[str, ...]
    kinds: tuple[tuple[str, str, str], ...]
    extent: Extent | None
    _sorted: Events
    _changes: Events
    _by_month: Events

    @property
    def has_months(self) -> bool:
        """Return whether any incident is known by its month alone."""
        return bool(self._by_month.key.size)

    def by_month(self, since: date, until: date, wanted: Filter) -> NDArray[np.int32]:
        """Return as `cube`, only what is known by its month alone: it stands on the first day."""
        first, days = (since - FIRST_DAY).days, (until - since).days + 1
        return self._by_month.cube(first, days, self._kinds(wanted))

    def cube(self, since: date, until: date, wanted: Filter) -> NDArray[np.int32]:
        """Return incidents by grid and day, shape (grids, days), both ends included.

        What `by_month` returns is among them.
        """
        first, days = (since - FIRST_DAY).days, (until - since).days + 1
        mask = self._kinds(wanted)
        return self._sorted.cube(first, days, mask) + self._changes.cube(first, days, mask)

    def by_source(
        self, since: date, until: date, wanted: Filter, units: Bools, *, days_only: bool = False
    ) -> dict[str, int]:
        """Return incidents by source of the grids that are True; zeros are missing.

        `days_only` leaves out what is known by its month alone.
        """
        first, days = (since - FIRST_DAY).days, (until - since).days + 1
        total = np.zeros(len(self.kinds), np.int64)
        for one in (self._sorted, self._changes):
            total += one.by_kind(first, days, units, len(self.kinds))
        if days_only:
            total -= self._by_month.by_kind(first, days, units, len(self.kinds))
        found: dict[str, int] = {}
        for kind, n, counts in zip(self.kinds, total, self._kinds(wanted), strict=True):
            if n and counts:
                found[kind[2]] = found.get(kind[2], 0) + int(n)
        return found

    def sources(self) -> list[str]:
        """Return every source that ever counted."""
        return sorted({source for _, _, source in self.kinds})

    def _kinds(self, wanted: Filter) -> Bools:
        return np.array([wanted.takes(*kind) for kind in self.kinds], np.bool_)


def _no_events() -> Events:
    return Events(np.empty(0, np.int64), np.empty(0, np.int32), 0)


@dataclass
class _Held:
    """What a process holds of one database."""

    horizon: str = "0"
    epoch: int = -1
    grids: dict[str, int] = field(default_factory=dict)
    kinds: dict[tuple[str, str, str], int] = field(default_factory=dict)
    sorted: Events = field(default_factory=_no_events)
    changes: dict[int, int] = field(default_factory=dict)
    by_month: dict[int, int] = field(default_factory=dict)
    last_month: int = -1
    by_day: Ints = field(default_factory=lambda: np.zeros(_DAYS, np.int64))
    made: DailyCounts | None = None

    def as_counts(self) -> DailyCounts:
        if self.made is None:
            n = len(self.grids)
            if self.sorted.n_units != n:
                self.sorted = Events(self.sorted.key, self.sorted.n, n)
            changed = np.fromiter(self.changes, np.int64, len(self.changes))
            by = np.fromiter(self.changes.values(), np.int32, len(self.changes))
            months = np.fromiter(self.by_month, np.int64, len(self.by_month))
            of_months = np.fromiter(self.by_month.values(), np.int32, len(self.by_month))
            self.made = DailyCounts(
                grids=tuple(self.grids),
                kinds=tuple(self.kinds),
                extent=self._extent(),
                _sorted=self.sorted,
                _changes=events(changed, by, n),
                _by_month=events(months, of_months, n),
            )
        return self.made

    def _extent(self) -> Extent | None:
        """Return from when to when there are data; of a month without days, to its end."""
        found = extent_of(self.by_day, FIRST_DAY)
        if found is None or (found.last.replace(day=1) - FIRST_DAY).days > self.last_month:
            return found
        _, length = monthrange(found.last.year, found.last.month)
        return replace(found, last=found.last.replace(day=length))


_held: WeakKeyDictionary[Engine, _Held] = WeakKeyDictionary()
_lock = Lock()


def read(conn: Connection) -> DailyCounts:
    """Return the daily counts as this transaction sees them.

    The first reading of a process takes seconds for ten million incidents, later ones read what
    has changed. A transaction that has itself written is answered from the database alone and
    nothing of it is held, since it may yet be rolled back.
    """
    state = conn.execute(statement("state", "counts")).one()
    if state.has_written:
        return _loaded(conn, state).as_counts()
    with _lock:
        held = _held.get(conn.engine)
        if held is None or held.epoch != state.epoch or not _follow(conn, held):
            held = _held[conn.engine] = _loaded(conn, state)
        held.horizon = state.horizon
        return held.as_counts()


def _follow(conn: Connection, held: _Held) -> bool:
    """Take in what was written since the last reading; False if that is too much."""
    rows = conn.execute(
        statement("changed", "counts"), {"since": held.horizon, "limit": _TOO_MANY}
    ).all()
    if len(rows) == _TOO_MANY:
        return False
    key, day, n, by_month = _rows(held, rows)
    _take_months(held, key, day, by_month)
    at = np.searchsorted(held.sorted.key, key)
    known = at < held.sorted.key.size
    known[known] = held.sorted.key[at[known]] == key[known]
    before = np.zeros(key.size, np.int64)
    before[known] = held.sorted.n[at[known]]
    for one, at_day, by in zip(key.tolist(), day.tolist(), (n - before).tolist(), strict=True):
        more = by - held.changes.get(one, 0)
        if more:
            held.changes[one] = by
            held.by_day[at_day] += more
            held.made = None
    if len(held.changes) > _APART:
        changed = np.fromiter(held.changes, np.int64)
        place = np.searchsorted(held.sorted.key, changed)
        there = place < held.sorted.key.size
        there[there] = held.sorted.key[place[there]] == changed[there]
        whole = np.fromiter(held.changes.values(), np.int32)
        whole[there] += held.sorted.n[place[there]]
        held.sorted = held.sorted.merged(changed, whole, len(held.grids))
        held.changes, held.made = {}, None
    return True


def _rows(held: _Held, rows: Sequence[Row[Any]]) -> tuple[Ints, Ints, Ints, Ints]:
    """Return rows as keys, days and both counts; new grids and kinds are made room for."""
    taken = [row for row in rows if row.day >= FIRST_DAY]
    unit = np.empty(len(taken), np.int64)
    kind = np.empty(len(taken), np.int64)
    for k, row in enumerate(taken):
        unit[k] = held.grids.setdefault(row.grid_code, len(held.grids))
        named = (row.matter_code, row.level, row.source)
        kind[k] = held.kinds.setdefault(named, len(held.kinds))
    day = np.array([(row.day - FIRST_DAY).days for row in taken], np.int64)
    n = np.array([row.n for row in taken], np.int64)
    by_month = np.array([row.n_by_month for row in taken], np.int64)
    return keys(unit, day, kind), day, n, by_month


def _take_months(held: _Held, key: Ints, day: Ints, n: NDArray[Any]) -> None:
    """Take in what is known by its month alone, which is little or a ledger of the past."""
    for one, by in zip(key.tolist(), n.tolist(), strict=True):
        if by != held.by_month.get(one, 0):
            held.by_month[one] = by
            held.made = None
    held.last_month = max(held.last_month, int(day[n > 0].max(initial=-1)))


def _loaded(conn: Connection, state: Row[Any]) -> _Held:
    held = _Held(horizon=state.horizon, epoch=state.epoch)
    grids = conn.execute(statement("counted_grids", "counts")).all()
    kinds = conn.execute(statement("counted_kinds", "counts")).all()
    held.grids = {row.grid_code: k for k, row in enumerate(grids)}
    held.kinds = {(row.matter_code, row.level, row.source): k for k, row in enumerate(kinds)}
    unit_of = Numbers([row.hash for row in grids])
    kind_of = Numbers([row.hash for row in kinds])
    parts: list[tuple[Ints, NDArray[np.int32]]] = []
    for rows in _copied(conn):
        unit, kind = unit_of(rows["grid"]), kind_of(rows["kind"])
        # What was first counted between the questions comes with the next look at what changed.
        known = (unit >= 0) & (kind >= 0)
        day = rows["day"].astype(np.int64)[known]
        key, n = keys(unit[known], day, kind[known]), rows["n"].astype(np.int32)[known]
        parts.append((key, n))
        held.by_day += np.bincount(day, weights=n, minlength=_DAYS).astype(np.int64)
        of_months = rows["n_by_month"].astype(np.int32)[known]
        some = of_months > 0
        _take_months(held, key[some], day[some], of_months[some])
    if parts:
        held.sorted = events(
            np.concatenate([key for key, _ in parts]),
            np.concatenate([n for _, n in parts]),
            len(held.grids),
        )
    return held


class Numbers:
    """Numbers of hashed names: those at hand stand in the order in which they were numbered."""

    def __init__(self, hashes: Sequence[int]) -> None:
        given = np.array(hashes, np.int64)
        self._order = np.argsort(given)
        self._sorted = given[self._order]

    def __call__(self, hashes: NDArray[Any]) -> Ints:
        """Return the number of each hash, -1 where it is none of them."""
        wanted = hashes.astype(np.int64)
        if not self._sorted.size:
            return np.full(wanted.size, -1, np.int64)
        at = np.minimum(np.searchsorted(self._sorted, wanted), self._sorted.size - 1)
        return np.where(self._sorted[at] == wanted, self._order[at], -1)


def _copied(conn: Connection) -> Iterator[NDArray[Any]]:
    """Yield the rows of the binary COPY, some hundred thousand at a time."""
    driver = conn.connection.driver_connection
    assert driver is not None
    at_once, waiting, size, begun = 500_000 * _COPY_ROW.itemsize, [], 0, False
    with driver.cursor() as cursor, cursor.copy(str(statement("all_rows", "counts"))) as copy:
        for block in copy:
            waiting.append(bytes(block))
            size += len(block)
            if size >= at_once:
                rows, rest, begun = _decoded(b"".join(waiting), begun)
                waiting, size = [rest], len(rest)
                yield rows
    yield _decoded(b"".join(waiting), begun)[0]


def _decoded(block: bytes, begun: bool) -> tuple[NDArray[Any], bytes, bool]:
    start = 0 if begun else _HEADER
    n = (len(block) - start) // _COPY_ROW.itemsize
    rows = np.frombuffer(block, _COPY_ROW, n, start)
    return rows, block[start + n * _COPY_ROW.itemsize :], True
