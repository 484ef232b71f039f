"""One hotspot answer for every method: rows or clusters, what was asked, and what limits it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from grids import access, counts_held
from grids.counts_held import Filter
from grids.model import Viewer
from grids.window import Window
from layers import hotspot_notes as notes
from layers.county_counts import Counted, Recent, count
from layers.county_study import OF_EVENTS, places, taking_part
from layers.county_tally import known_by_month
from layers.hotspot_documents import Document, Question
from layers.hotspot_methods import NoSuchMethod
from layers.hotspot_question import METHODS, Asked
from layers.hotspots import MIN_HOUSEHOLDS
from layers.studies import NeedsDays, NoDenominators
from layers.windows import comparison_window, months_until, widened_to_months

# A scan holds the last days against so long a history, a cube of weeks is so long.
HISTORY_DAYS = 90
WEEKS = 52
MONTHS = 12
# Methods that have nothing to say where only months are known.
OF_DAYS = ("scan", "knox")
# Methods that divide by households.
OF_RATES = ("excess", "gi", "emerging")


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer that is not computed yet: `version` says whether it would be another one."""

    version: str
    make: Callable[[], Document]
    counted: Counted

    def outlines(self) -> dict[str, Any]:
        """Return the units' polygons in CGCS2000 degrees by code."""
        ground = self.counted.ground
        return dict(zip(ground.codes, ground.outlines, strict=True))

    def document(self, locale: str) -> Document:
        """Return the answer as JSON values, its notes in a language."""
        made = _made.get(self.version, self.make)
        return {**made, "notes": notes.texts(made["notes"], locale)}


_made: Recent[Document] = Recent(48)


def prepare(conn: Connection, viewer: Viewer, asked: Asked) -> Answer:
    """Return the answer to a question; once prepared it needs the database no more.

    Raises
    ------
    NoSuchMethod
        Naming those that there are.
    Forbidden, NotFound, NothingPublished
        As `county_counts.count`.
    NeedsDays
        If a method of days is asked of what is known by its month alone.
    NoDenominators
        If a method that divides by households finds no unit with enough of them.
    TooManyEvents
        If a method that looks at single events would have too many.
    """
    if asked.method not in METHODS:
        raise NoSuchMethod(method=asked.method, methods=", ".join(METHODS))
    access.require(viewer, access.Action.HOTSPOT_SEE)
    held = counts_held.read(conn)
    wanted = Filter(asked.matter, asked.levels, asked.sources)
    given, by_month = asked.window, known_by_month(held, asked.window, wanted)
    if by_month:
        if asked.method in OF_DAYS:
            raise NeedsDays(method=asked.method)
        months = widened_to_months(given)
        asked = replace(asked, since=months.since, until=months.until)
    kind = asked.compare or ("prev" if asked.method == "change" else None)
    if by_month and kind == "prev":
        # As many days before would cut a month.
        kind = "mom"
    then = None if kind is None else comparison_window(asked.window, kind, asked.calendar)
    studied = _studied(asked, by_month=by_month)
    counted = count(
        conn,
        viewer,
        asked.since,
        asked.until,
        matter=asked.matter,
        area=asked.area,
        levels=asked.levels,
        sources=asked.sources,
        by=asked.by,
        back_to=min(asked.since, studied.since, then.since if then else asked.since),
    )
    scope = viewer.scope if asked.area is None else asked.area
    if asked.method in OF_RATES and not len(taking_part(counted)):
        raise NoDenominators(least=MIN_HOUSEHOLDS)
    events = None
    if asked.method in OF_EVENTS:
        events = places(conn, counted, scope, days_only=asked.method in OF_DAYS)
    question = Question(asked, counted, studied, then, kind, events, given)
    return Answer(question.version(), question.document, counted)


def _studied(asked: Asked, *, by_month: bool) -> Window:
    """Return the days that a method needs beyond the period."""
    if asked.method == "emerging" and by_month:
        return months_until(asked.until, MONTHS)
    if asked.method == "scan":
        days = max(HISTORY_DAYS, asked.window.days)
        return Window(asked.until - timedelta(days - 1), asked.until)
    if asked.method == "emerging":
        return Window(asked.until - timedelta(WEEKS * 7 - 1), asked.until)
    return asked.window
