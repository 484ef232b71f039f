"""Hotspots of plain files: units from one, events from another or counts beside, no database."""

from __future__ import annotations

import hashlib
from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.crs import MetricFrame
from geo.datum import parse_datum
from geo.errors import Refusal, UndeclaredDatum
from geo.hotspots.cube import space_time_cube
from geo.lattice import Geometries
from geo.locator import Locator
from grids.extent import Extent, extent_of
from grids.local_time import CHINA
from grids.window import Window
from importers.outlines import read_outlines
from importers.positions import parse_number, read_positions
from importers.rows import parse_time
from importers.table import Table, Value, as_text, read_table
from layers.hotspot_notes import Note, month_only, of_days, stray_dates
from layers.hotspots import HotspotMap, hotspot_map
from layers.studies import Study
from layers.windows import Calendar, Kind, comparison_window
from web.cli.coverage import NoSuchColumn, ids_of
from web.cli.hotspot_points import read_points
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
TABLES = (".csv", ".csv.gz", ".txt", ".tsv", ".xlsx", ".xlsm", ".ods")
# About 0.1 m: files draw a common border twice, and seldom twice the same.
TOUCHING_DEG = 1e-6
# An event of a unit that is a point lies there, or was rounded on the way.
SAME_PLACE_M = 1.0


class BadNumber(Refusal):
    """A unit of the file has no usable number in a column that is needed."""

    code = "hotspots.number"
    sentence = "Unit {unit} has no number of 0 or more in column {column}: {given!r}."


class UnusableUnits(Refusal):
    """The file has units without a usable outline or position."""

    code = "hotspots.units"
    sentence = "{n} units of {file} cannot be used; row {row}: {message}. Mend them first."


class RepeatedGrid(Refusal):
    """Two features of the file bear the same id."""

    code = "hotspots.repeated"
    sentence = (
        "{n} ids stand for more than one feature, the first: {first}. Give --id another column."
    )


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the file of units say what; nothing where there is none."""

    unit: str
    population: str | None = None
    count: str | None = None
    controls: str | None = None


@dataclass(frozen=True, eq=False)
class FileUnits:
    """Units of a file, ordered by id.

    Attributes
    ----------
    outlines
        Polygons, or points, in CGCS2000 degrees.
    pairs
        Neighbours by number, shape (m, 2).
    xy_m
        Centroids in metres of the county's 3-degree zone.
    population, count, controls
        Of the columns that were named.
    """

    ids: tuple[str, ...]
    outlines: Geometries
    pairs: NDArray[np.int64]
    xy_m: NDArray[np.float64]
    frame: MetricFrame
    population: NDArray[np.float64] | None
    count: NDArray[np.float64] | None
    controls: NDArray[np.float64] | None

    @property
    def are_points(self) -> bool:
        """Return whether the units are places and not areas."""
        return bool((shapely.get_type_id(self.outlines) == 0).all())


@dataclass(frozen=True, eq=False)
class FileEvents:
    """Events of a file that lie in a unit, and what became of every row.

    Attributes
    ----------
    unit, day, xy_m
        Of each event with a unit and a day: its number, the day as an ordinal, its place.
    window
        The days that were asked for, or all that there are.
    """

    unit: NDArray[np.int64]
    day: NDArray[np.int64]
    xy_m: NDArray[np.float64]
    window: Window
    read: int
    outside: int
    without_position: int
    without_time: int

    @property
    def meant(self) -> NDArray[np.bool_]:
        """Return which events lie in the window."""
        since = self.window.since.toordinal()
        return (self.day >= since) & (self.day <= self.window.until.toordinal())

    def between(self, n: int, since: date, until: date) -> NDArray[np.float64]:
        """Return events by unit and day, shape (n, days)."""
        days = (until - since).days + 1
        cube = space_time_cube(self.unit, self.day, n, since.toordinal(), days)
        return cube.astype(np.float64)

    @cached_property
    def months_only(self) -> bool:
        """Return whether the file knows months and no days."""
        return _months_only(self.day)

    def notes(self) -> list[Note]:
        """Return the gaps in reporting that the window has."""
        if not len(self.day):
            return []
        first = int(self.day.min())
        daily = np.bincount(self.day - first)
        found = _extent(self.day)
        notes = [] if found is None or not found.stray else [stray_dates(found)]
        return [*notes, *of_days(daily, date.fromordinal(first), [self.window])]

    def as_dict(self) -> dict[str, int]:
        """Return the account of the rows: `read` is the sum of all the others."""
        counted = int(self.meant.sum())
        return {
            "read": self.read,
            "counted": counted,
            "other_days": len(self.day) - counted,
            "outside": self.outside,
            "without_position": self.without_position,
            "without_time": self.without_time,
        }


def read_units(
    file: Path,
    columns: Columns,
    *,
    layer: str | None = None,
    datum: str | None = None,
    near_m: float = 0.0,
) -> FileUnits:
    """Return the units of a polygon file, or of a table with a position for each.

    Areas that touch, or are less than 0.1 m apart, are neighbours; places that are at most
    `near_m` apart. `datum` holds where the file does not say what its coordinates are.

    Raises
    ------
    NoSuchColumn, UnusableUnits, RepeatedGrid, BadNumber
        If the file does not say what is needed; also all that `read_outlines` and `read_table`
        refuse.
    """
    if file.name.lower().endswith(TABLES):
        ids, values, outlines = _places_of(file, columns.unit, datum)
    else:
        ids, values, outlines = _areas_of(file, columns.unit, layer, datum)
    repeated = sorted(one for one, n in Counter(ids).items() if n > 1)
    if repeated:
        raise RepeatedGrid(n=len(repeated), first=repeated[0])
    order = sorted(range(len(ids)), key=lambda i: (len(ids[i]), ids[i]))
    outlines = outlines[order]
    frame = MetricFrame.at(float(shapely.get_x(shapely.centroid(outlines)).mean()))
    xy_m = shapely.get_coordinates(shapely.centroid(frame.project(outlines)))
    names = tuple(ids[i] for i in order)

    def numbers(column: str | None) -> NDArray[np.float64] | None:
        if column is None:
            return None
        if column not in values:
            raise NoSuchColumn(file=file.name, column=column, columns=", ".join(values))
        return np.array([_number(ids[i], values[column][i], column) for i in order])

    if (shapely.get_type_id(outlines) == 0).all():
        pairs = cKDTree(xy_m).query_pairs(near_m, output_type="ndarray").astype(np.int64)
    else:
        near = shapely.STRtree(outlines).query(outlines, predicate="dwithin", distance=TOUCHING_DEG)
        pairs = near.T[near[0] < near[1]]
    return FileUnits(
        ids=names,
        outlines=outlines,
        pairs=pairs,
        xy_m=xy_m,
        frame=frame,
        population=numbers(columns.population),
        count=numbers(columns.count),
        controls=numbers(columns.controls),
    )


def _areas_of(
    file: Path, unit: str, layer: str | None, datum: str | None
) -> tuple[list[str], dict[str, list[Value]], Geometries]:
    try:
        table = read_outlines(file, layer=layer)
    except UndeclaredDatum:
        table = read_outlines(file, layer=layer, datum=datum)
    if table.refusals:
        first = table.refusals[0]
        places = None
        if all(refusal.code == "outline.wrong_type" for refusal in table.refusals):
            places = read_points(file, layer=layer, datum=datum)
        if places is not None:
            if unit not in places[1]:
                raise NoSuchColumn(file=file.name, column=unit, columns=", ".join(places[1]))
            return [as_text(value) for value in places[1][unit]], places[1], places[0]
        raise UnusableUnits(
            n=len(table.refusals), file=file.name, row=first.row, message=first.message
        )
    return ids_of(table, unit, file), table.columns, table.outlines


def _places_of(
    file: Path, unit: str, datum: str | None
) -> tuple[list[str], dict[str, list[Value]], Geometries]:
    table = read_table(file, known=[unit, *LON_HEADINGS, *LAT_HEADINGS])
    xs, ys = (_column(table, file, None, usual) for usual in (LON_HEADINGS, LAT_HEADINGS))
    positions = read_positions(xs, ys, parse_datum(datum))
    for row, problem in zip(table.row_numbers, positions.problems, strict=True):
        if problem:
            raise UnusableUnits(n=1, file=file.name, row=row, message=f"the position is {problem}")
    ids = [as_text(value) for value in _column(table, file, unit, ())]
    return ids, table.columns, np.asarray(shapely.points(positions.xy), dtype=np.object_)


def _number(unit: str, given: Value, column: str) -> float:
    number = parse_number(given)
    if number is None or number < 0:
        raise BadNumber(unit=unit, column=column, given=given)
    return number


def read_events(
    file: Path,
    units: FileUnits,
    datum: str | None,
    *,
    since: date | None = None,
    until: date | None = None,
    lon: str | None = None,
    lat: str | None = None,
    time: str | None = None,
) -> FileEvents:
    """Return the events of a table by unit and day.

    Times without an offset are China's. On a common border the lowest id counts; an event
    belongs to a place if it is at most a metre away.

    Parameters
    ----------
    since, until
        The window; where it is open the file's first or last day is taken.
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
    days = np.array([_day(value) for value in _column(table, file, time, TIME_HEADINGS)], np.int64)
    xy = read_positions(xs, ys, parse_datum(datum)).xy
    timed, placed = days > 0, ~np.isnan(xy).any(axis=1)
    usable = timed & placed
    xy_m = units.frame.project_xy(xy[usable])
    if units.are_points:
        away, at = cKDTree(units.xy_m).query(xy_m)
        at = np.where(away <= SAME_PLACE_M, at, -1)
    else:
        at = Locator(units.outlines).locate(xy[usable])
    inside = at >= 0
    happened = days[usable][inside]
    return FileEvents(
        unit=at[inside].astype(np.int64),
        day=happened,
        xy_m=xy_m[inside],
        window=_window(happened, since, until),
        read=len(table),
        outside=int((~inside).sum()),
        without_position=int((timed & ~placed).sum()),
        without_time=int((~timed).sum()),
    )


def _window(day: NDArray[np.int64], since: date | None, until: date | None) -> Window:
    """Return the window that was asked for; where it is open, all days but stray ones.

    Of a file that knows only months they are whole months.
    """
    found = _extent(day)
    if found is None:
        return Window(since or date.min, until or date.min)
    end = found.last
    if _months_only(day):
        end = end.replace(day=monthrange(end.year, end.month)[1])
    return Window(since or found.first, until or end)


def _extent(day: NDArray[np.int64]) -> Extent | None:
    first = int(day.min(initial=day[0] if len(day) else 1))
    return extent_of(np.bincount(day - first), date.fromordinal(first))


def _months_only(day: NDArray[np.int64]) -> bool:
    first = int(day.min(initial=day[0] if len(day) else 1))
    return month_only(np.bincount(day - first, minlength=1), date.fromordinal(first))


def study(
    units: FileUnits,
    events: FileEvents | None,
    compare: Kind = "prev",
    calendar: Calendar = "solar",
) -> Study:
    """Return what the statistics are made of; where a file knows only months, steps are months."""
    given: dict[str, Any] = {}
    months: tuple[str, ...] = ()
    if events is None:
        assert units.count is not None
        counts = units.count[:, np.newaxis]
    else:
        window, n = events.window, len(units.ids)
        counts = events.between(n, window.since, window.until)
        before = comparison_window(window, compare, calendar)
        if events.months_only:
            months, counts = _by_month(counts, window.since)
        meant = events.meant
        then = events.between(n, before.since, before.until).sum(axis=1)
        # No events from before the file begins are not none that happened.
        extent = _extent(events.day)
        known = extent is not None and before.since >= extent.first
        given = {
            "window": window,
            "then": (then, before.days) if known else None,
            "months": months,
            "places_m": events.xy_m[meant],
            "days": (events.day[meant] - window.since.toordinal()).astype(np.float64),
        }
    return Study(
        ids=units.ids,
        xy_m=units.xy_m,
        pairs=units.pairs,
        counts=counts,
        population=units.population,
        controls=units.controls,
        version=_version(units, counts),
        **given,
    )


def _by_month(
    counts: NDArray[np.float64], since: date
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return months and counts by unit and month, shape (n, months)."""
    of_day = [f"{since + timedelta(days=k):%Y-%m}" for k in range(counts.shape[1])]
    names = tuple(dict.fromkeys(of_day))
    starts = [of_day.index(name) for name in names]
    return names, np.add.reduceat(counts, starts, axis=1)


def hotspots_of(units: FileUnits, counted: Study) -> HotspotMap:
    """Return the map of files; its publication is 0, its version a digest of the counts."""
    assert counted.window is not None
    assert units.population is not None
    return hotspot_map(
        units.ids,
        units.ids,
        counted.counts.sum(axis=1).astype(np.int64),
        units.population.round().astype(np.int64),
        units.pairs,
        window=counted.window,
        matter="",
        publication=0,
        data_version=counted.version,
    )


def _version(units: FileUnits, counts: NDArray[np.float64]) -> str:
    digest = hashlib.sha256(repr(units.ids).encode())
    for part in (counts, units.population, units.controls):
        digest.update(b"" if part is None else np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:12]


def _column(table: Table, file: Path, named: str | None, usual: Sequence[str]) -> list[Value]:
    by_name = {heading.casefold(): heading for heading in table.headings}
    for name in [named] if named else usual:
        if name.casefold() in by_name:
            return table.columns[by_name[name.casefold()]]
    raise NoSuchColumn(file=file.name, column=named or usual[0], columns=", ".join(table.headings))


def _day(value: Value) -> int:
    """Return the day in China as an ordinal, 0 where the text is no time."""
    try:
        at = parse_time(value)
    except ValueError:
        return 0
    return at.astimezone(CHINA).toordinal() if at else 0
