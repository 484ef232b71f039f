"""What the board counts, held in the process: a year of a county is a pass over arrays.

A process reads all rows of `incident_tally` once, and from then on asks before each
use for the days that were written meanwhile and reads those again. What it answers is therefore
what the asking transaction would read, before the wall: who asks cuts to the viewer's territory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Row

from grids.counts_held import Numbers
from grids.db import statement
from grids.window import Window

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Rows of a day are kept so; places and kinds are numbers into the lists of their names.
ROW = np.dtype([("place", "<i4"), ("kind", "<i4"), ("response_s", "<i4"), ("closing_s", "<i4")])
_FIRST_DAY = date(1970, 1, 1)
# What the database sends of a row: place and kind by their hash.
_SENT = np.dtype([("place", ">i8"), ("kind", ">i8"), ("response_s", ">i4"), ("closing_s", ">i4")])
# Reading everything again is quicker than reading more days than this one by one.
_TOO_MANY_DAYS = 400


class Kind(NamedTuple):
    """What a row is besides place, day and seconds.

    One that is known by its month alone stands on the first day of it.
    """

    matter_code: str
    step: str
    closed_digits: int | None
    came_closed: bool
    by_month: bool = False


@dataclass(frozen=True, eq=False)
class Tallied:
    """The rows of a period: one an incident, as columns of equal length.

    Attributes
    ----------
    day
        Days from the first of the period.
    rows
        Of dtype `ROW`; seconds are -1 where there are none.
    places, kinds
        What the numbers in `rows` stand for.
    """

    day: Ints
    rows: NDArray[Any]
    places: tuple[str, ...]
    kinds: tuple[Kind, ...]

    def of(self, taken: Bools) -> Tallied:
        """Return the rows where `taken` is True."""
        return Tallied(self.day[taken], self.rows[taken], self.places, self.kinds)


@dataclass
class _Held:
    """What a process holds of one database: rows by day, counted from 1970."""

    horizon: str = "0"
    places: dict[int, int] = field(default_factory=dict)
    kinds: dict[int, int] = field(default_factory=dict)
    place_names: list[str] = field(default_factory=list)
    kind_names: list[Kind] = field(default_factory=list)
    days: dict[int, NDArray[Any]] = field(default_factory=dict)

    def of(self, window: Window) -> Tallied:
        first = (window.since - _FIRST_DAY).days
        parts = [(k, self.days[first + k]) for k in range(window.days) if first + k in self.days]
        none = np.empty(0, ROW)
        return Tallied(
            day=np.repeat([k for k, _ in parts], [len(rows) for _, rows in parts]).astype(np.int64),
            rows=np.concatenate([none, *(rows for _, rows in parts)]),
            places=tuple(self.place_names),
            kinds=tuple(self.kind_names),
        )


_held: WeakKeyDictionary[Engine, _Held] = WeakKeyDictionary()
_lock = Lock()


def read(conn: Connection, windows: Sequence[Window]) -> list[Tallied]:
    """Return the rows of some periods as this transaction sees them, of the whole county.

    The first reading of a process takes seconds for a million incidents, later ones read the days
    that have changed. Of a transaction that has itself written nothing is held, since it may yet be
    rolled back.
    """
    state = conn.execute(statement("state", "counts")).one()
    if state.has_written:
        return [_loaded(conn).of(one) for one in windows]
    with _lock:
        held = _held.get(conn.engine)
        if held is None or not _follow(conn, held):
            held = _held[conn.engine] = _loaded(conn)
        held.horizon = state.horizon
        return [held.of(one) for one in windows]


def _follow(conn: Connection, held: _Held) -> bool:
    """Read the days again that were written since the last reading; False if they are too many."""
    changed = conn.execute(statement("tally_days", "board"), {"since": held.horizon})
    days = changed.scalars().all()
    if len(days) > _TOO_MANY_DAYS:
        return False
    if days:
        for day in days:
            held.days.pop((day - _FIRST_DAY).days, None)
        _name_kinds(held, conn, days)
        sent = _sent(conn.execute(statement("tally_rows_of", "board"), {"days": list(days)}))
        known = held.places.keys()
        if any(not known >= set(rows["place"].tolist()) for rows in sent.values()):
            _name_places(held, conn)
        _take(held, sent)
    return True


def _loaded(conn: Connection) -> _Held:
    held = _Held()
    _name_places(held, conn)
    _name_kinds(held, conn, None)
    _take(held, _sent(conn.execute(statement("tally_all", "board"))))
    return held


def _name_places(held: _Held, conn: Connection) -> None:
    for row in conn.execute(statement("tally_places", "board")):
        if held.places.setdefault(row.hash, len(held.place_names)) == len(held.place_names):
            held.place_names.append(row.code)


def _name_kinds(held: _Held, conn: Connection, days: Sequence[date] | None) -> None:
    """Take in the kinds of some days, or of all."""
    given = None if days is None else list(days)
    for row in conn.execute(statement("tally_kinds", "board"), {"days": given}):
        if held.kinds.setdefault(row.hash, len(held.kind_names)) == len(held.kind_names):
            said = (row.matter_code, row.step, row.closed_digits, row.came_closed, row.by_month)
            held.kind_names.append(Kind(*said))


def _sent(rows: Iterable[Row[Any]]) -> dict[int, NDArray[Any]]:
    """Return what the database sent, by day."""
    return {row.day: np.frombuffer(bytes(row.rows), _SENT) for row in rows}


def _take(held: _Held, sent: Mapping[int, NDArray[Any]]) -> None:
    """Put rows to their days, with numbers for hashes."""
    places, kinds = Numbers(list(held.places)), Numbers(list(held.kinds))
    for day, rows in sent.items():
        known = np.empty(len(rows), ROW)
        known["place"], known["kind"] = places(rows["place"]), kinds(rows["kind"])
        known["response_s"], known["closing_s"] = rows["response_s"], rows["closing_s"]
        # What was written between the questions comes with the next look at what changed.
        held.days[day] = known[(known["place"] >= 0) & (known["kind"] >= 0)]
