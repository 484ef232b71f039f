"""The board's counts by unit, matter and day, added up from the tally that a process holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Boolean,
    Connection,
    Integer,
    SmallInteger,
    Text,
    column,
    select,
    values,
)

from grids.board_measures import MEASURES, measures_of
from grids.tally_held import Kind, Tallied
from grids.window import Window

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def cut(found: Tallied, area: str, matter: str | None) -> Tallied:
    """Return the rows of an area and a matter."""
    here = np.array([place.startswith(area) for place in found.places], np.bool_)
    wanted = np.array([matter in (None, kind.matter_code) for kind in found.kinds], np.bool_)
    if here.all() and wanted.all():
        return found
    return found.of(here[found.rows["place"]] & wanted[found.rows["kind"]])


def in_window(found: Tallied, first: date, window: Window) -> tuple[Tallied, Tallied]:
    """Return the rows that lie in a window, and those whose month it cuts.

    `first` is the day that the days of the rows are counted from; those returned are counted from
    the first day of the window.
    """
    by_month, day = of_no_day(found), found.day - (window.since - first).days
    if not by_month.any() and first == window.since:
        return found, found.of(by_month)
    last = (window.last_whole_month - window.since).days
    kept = (day >= 0) & (~by_month | (day <= last))
    moved = Tallied(day, found.rows, found.places, found.kinds)
    return moved.of(kept), moved.of(by_month & ~kept)


def of_no_day(found: Tallied) -> Bools:
    """Return which rows are known by their month alone."""
    kinds = np.array([kind.by_month for kind in found.kinds], np.bool_)
    return kinds[found.rows["kind"]] if kinds.any() else np.zeros(found.day.size, np.bool_)


def lines_of(
    found: Tallied, met: Bools, window: Window, digits: int
) -> dict[str, dict[str, Mapping[str, int]]]:
    """Return the counts of rows by unit, matter, day and month, and in all.

    What is known by its month alone stands under its month, as 2018-10, and under no day.
    `met` says which of `MEASURES` each state meets, as `met_by` numbers them.
    """
    state = states(found)
    units = [place[:digits] for place in found.places]
    matters = [kind.matter_code for kind in found.kinds]
    place, kind = found.rows["place"], found.rows["kind"]
    by_month = of_no_day(found)
    days = [window.since + timedelta(k) for k in range(window.days)]
    return {
        "unit": _counted(units, place, state, met),
        "matter": _counted(matters, kind, state, met),
        "day": _counted([str(day) for day in days], found.day[~by_month], state[~by_month], met),
        "month": _counted(
            [f"{day:%Y-%m}" for day in days], found.day[by_month], state[by_month], met
        ),
        "all": _counted(["" for _ in found.kinds], kind, state, met),
    }


def valid_keys(counted: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return the keys with a valid incident."""
    return [key for key, counts in counted.items() if counts["valid"]]


def _counted(
    labels: Sequence[str], number: Ints, states: Ints, met: Bools
) -> dict[str, Mapping[str, int]]:
    """Return the counts of rows by the label of their number; labels may stand several times."""
    names: dict[str, int] = {}
    group = np.array([names.setdefault(label, len(names)) for label in labels], np.int64)
    n = np.bincount(group[number] * len(met) + states, minlength=len(names) * len(met)).reshape(
        len(names), len(met)
    )
    counts = n @ met.astype(np.int64)
    return {
        name: dict(zip(MEASURES, row, strict=True))
        for name, row, rows in zip(names, counts.tolist(), n.sum(axis=1).tolist(), strict=True)
        if rows
    }


def states(found: Tallied) -> Ints:
    """Return the number of each row's state: its kind, and whether somebody has responded."""
    return found.rows["kind"].astype(np.int64) * 2 + (found.rows["response_s"] >= 0)


def met_by(conn: Connection, kinds: Sequence[Kind]) -> Bools:
    """Return which measures each state meets, shape (2 x kinds, measures).

    The database says it, by the conditions that also choose the rows behind a number.
    """
    given = values(
        column("place", Integer), column("step", Text), column("closed_digits", SmallInteger),
        column("came_closed", Boolean), column("response_s", Integer), name="state",
    ).data(
        [
            # No level has 0 digits: it stands for none, since a column of nulls has no type.
            (2 * k + n, kind.step, kind.closed_digits or 0, kind.came_closed, 1 if n else None)
            for k, kind in enumerate(kinds)
            for n in (0, 1)
        ]
    )  # fmt: skip
    asked = select(*(met.label(name) for name, met in measures_of(given.c).items()))
    rows = conn.execute(asked.order_by(given.c.place)).all() if kinds else []
    return np.array([[one is True for one in row] for row in rows], np.bool_).reshape(
        2 * len(kinds), len(MEASURES)
    )
