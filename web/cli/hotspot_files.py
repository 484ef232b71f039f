"""Hotspots of plain files: grids with households from one, events from another, no database."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.datum import parse_datum
from geo.errors import Refusal, UndeclaredDatum
from geo.lattice import Geometries
from geo.locator import Locator
from importers.outlines import read_outlines
from importers.positions import parse_number, read_positions
from importers.rows import CHINA, parse_time
from importers.table import Table, Value, read_table
from layers.hotspots import HotspotMap, Window, hotspot_map
from web.cli.coverage import NoSuchColumn, RefusedFeatures, ids_of
from web.cli.locate import LAT_HEADINGS, LON_HEADINGS

TIME_HEADINGS = (
    "time",
    "occurred_at",
    "datetime",
    "date",
    "day",
    "month",
    "发生时间",
    "时间",
    "日期",
)
# About 0.1 m: files draw a common border twice, and seldom twice the same.
TOUCHING_DEG = 1e-6


class BadHouseholds(Refusal):
    """A grid of the file has no usable number of households."""

    code = "hotspots.households"
    sentence = "Grid {grid} has no number of households in column {column}: {given!r}."


class RepeatedGrid(Refusal):
    """Two features of the file bear the same id."""

    code = "hotspots.repeated"
    sentence = (
        "{n} ids stand for more than one feature, the first: {first}. Give --id another column."
    )


@dataclass(frozen=True, eq=False)
class FileGrids:
    """Grids of a file, ordered by id.

    `households` per grid; `outlines` in CGCS2000 degrees; `pairs` neighbours by number, (m, 2).
    """

    codes: tuple[str, ...]
    households: NDArray[np.int64]
    outlines: Geometries
    pairs: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FileEvents:
    """Events of a window by grid, and what became of every row of their file."""

    observed: NDArray[np.int64]
    read: int
    counted: int
    other_days: int
    outside: int
    without_position: int
    without_time: int

    def as_dict(self) -> dict[str, int]:
        """Return the account of the rows: `read` is the sum of all the others."""
        return {
            "read": self.read,
            "counted": self.counted,
            "other_days": self.other_days,
            "outside": self.outside,
            "without_position": self.without_position,
            "without_time": self.without_time,
        }


def read_grids(
    file: Path,
    id_column: str,
    households_column: str,
    *,
    layer: str | None = None,
    datum: str | None = None,
) -> FileGrids:
    """Return the grids of a polygon file.

    Grids that touch, or are less than 0.1 m apart, are neighbours. `datum` holds where the file
    does not say what its coordinates are.

    Raises
    ------
    NoSuchColumn, RefusedFeatures, RepeatedGrid, BadHouseholds
        If the file does not say what is needed; also all that `read_outlines` refuses.
    """
    try:
        table = read_outlines(file, layer=layer)
    except UndeclaredDatum:
        table = read_outlines(file, layer=layer, datum=datum)
    if table.refusals:
        first = table.refusals[0]
        raise RefusedFeatures(
            n=len(table.refusals), file=file.name, row=first.row, message=first.message
        )
    ids = ids_of(table, id_column, file)
    repeated = sorted(one for one, n in Counter(ids).items() if n > 1)
    if repeated:
        raise RepeatedGrid(n=len(repeated), first=repeated[0])
    if households_column not in table.columns:
        raise NoSuchColumn(
            file=file.name, column=households_column, columns=", ".join(table.columns)
        )
    given = table.columns[households_column]
    order = sorted(range(len(ids)), key=lambda i: (len(ids[i]), ids[i]))
    outlines = table.outlines[order]
    near = shapely.STRtree(outlines).query(outlines, predicate="dwithin", distance=TOUCHING_DEG)
    return FileGrids(
        codes=tuple(ids[i] for i in order),
        households=np.array([_households(ids[i], given[i], households_column) for i in order]),
        outlines=outlines,
        pairs=near.T[near[0] < near[1]],
    )


def _households(grid: str, given: Value, column: str) -> int:
    number = parse_number(given)
    if number is None or number < 0:
        raise BadHouseholds(grid=grid, column=column, given=given)
    return round(number)


def read_events(
    file: Path,
    grids: FileGrids,
    window: Window,
    datum: str | None,
    *,
    lon: str | None = None,
    lat: str | None = None,
    time: str | None = None,
) -> FileEvents:
    """Return the events of a table that fall into the window, by grid.

    Times without an offset are China's. On a common border the lowest id counts.

    Parameters
    ----------
    lon, lat, time
        Columns; found by usual headings when not given.

    Raises
    ------
    NoSuchColumn, UndeclaredDatum, UnreadableTable
        If positions or times cannot be found.
    """
    table = read_table(file, known=[*LON_HEADINGS, *LAT_HEADINGS, *TIME_HEADINGS])
    xs = _column(table, file, lon, LON_HEADINGS)
    ys = _column(table, file, lat, LAT_HEADINGS)
    days = [_day(value) for value in _column(table, file, time, TIME_HEADINGS)]
    xy = read_positions(xs, ys, parse_datum(datum)).xy
    timed = np.array([day is not None for day in days], dtype=np.bool_)
    placed = ~np.isnan(xy).any(axis=1)
    meant = np.array(
        [day is not None and window.since <= day <= window.until for day in days], dtype=np.bool_
    )
    wanted = xy[meant & placed]
    at = Locator(grids.outlines).locate(wanted)
    inside = at[at >= 0]
    return FileEvents(
        observed=np.bincount(inside, minlength=len(grids.codes)),
        read=len(table),
        counted=len(inside),
        other_days=int((timed & ~meant).sum()),
        outside=len(at) - len(inside),
        without_position=int((meant & ~placed).sum()),
        without_time=int((~timed).sum()),
    )


def assess(grids: FileGrids, events: FileEvents, window: Window) -> HotspotMap:
    """Return the hotspot map of files; its publication is 0, its version a digest of the counts."""
    digest = hashlib.sha256(repr((grids.codes, window.interval)).encode())
    digest.update(events.observed.tobytes() + grids.households.tobytes())
    return hotspot_map(
        grids.codes,
        grids.codes,
        events.observed,
        grids.households,
        grids.pairs,
        window=window,
        matter="",
        publication=0,
        data_version=digest.hexdigest()[:12],
    )


def _column(table: Table, file: Path, named: str | None, usual: Sequence[str]) -> list[Value]:
    by_name = {heading.casefold(): heading for heading in table.headings}
    for name in [named] if named else usual:
        if name.casefold() in by_name:
            return table.columns[by_name[name.casefold()]]
    raise NoSuchColumn(file=file.name, column=named or usual[0], columns=", ".join(table.headings))


def _day(value: Value) -> date | None:
    try:
        at = parse_time(value)
    except ValueError:
        return None
    return at.astimezone(CHINA).date() if at else None
