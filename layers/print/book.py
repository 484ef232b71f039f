"""The map book of a township: cover, index sheet, a page for each village, an index of grids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from sqlalchemy import Connection

from grids.model import Duty, Level, Viewer
from layers.print import book_tables, fonts, land, maps
from layers.print.imprint import Imprint, Printed, foot, lacking, no_room, projection
from layers.print.ink import Ink, accent, muted
from layers.print.labels import place
from layers.print.land import Land, PrintedUnit
from layers.print.lettering import Wanted
from layers.print.naming import names_wanted, seat, units_wanted, wordings
from layers.print.paper import MM, PAPERS, Box, MapView
from layers.print.words import word

Progress = Callable[[int, int, str], None]

_SIZE = (PAPERS["A4"][0] * MM, PAPERS["A4"][1] * MM)
_PAGE = Box(0, 0, *_SIZE).inset(14 * MM)
_FOOT = Box(_PAGE.west, _PAGE.south, _PAGE.east, _PAGE.south + 11 * MM)
_INSET = Box(_PAGE.east - 38 * MM, _PAGE.north - 28 * MM, _PAGE.east, _PAGE.north)
_MAP = Box(_PAGE.west, _PAGE.north - 184 * MM, _PAGE.east, _PAGE.north - 31 * MM)
_BELOW = Box(_PAGE.west, _FOOT.north + 1 * MM, _PAGE.east, _MAP.south - 2 * MM)
_WHOLE = Box(_PAGE.west, _FOOT.north + 1 * MM, _PAGE.east, _PAGE.north - 14 * MM)
_COVER_MAP = Box(_PAGE.west, _PAGE.south + 52 * MM, _PAGE.east, _PAGE.north - 62 * MM)
_FIRST_VILLAGE = 3


@dataclass(eq=False)
class _Book:
    """The book in the making: on which page each village begins, and what it says of people."""

    page: Ink
    shown: Land
    imprint: Imprint
    people: dict[str, list[Duty]]
    pages: dict[str, int]
    n_pages: int
    number: int = 1

    def end_page(self, notes: Sequence[str] = (), *, personal: bool = False) -> None:
        """Write the foot of this page and begin the next one."""
        foot(
            self.page,
            _FOOT,
            self.imprint,
            self.shown.edition,
            personal=personal and bool(self.people),
            numbered=(self.number, self.n_pages),
            notes=notes,
        )
        if self.number < self.n_pages:
            self.page.next_page()
        self.number += 1

    def head(self, title: str, below: str = "") -> None:
        """Write the title of a page."""
        self.page.text(_PAGE.west, _PAGE.north - 18, title, 17, bold=True)
        self.page.text(_PAGE.west, _PAGE.north - 34, below, 9, colour=muted())


def map_book(
    conn: Connection,
    viewer: Viewer,
    code: str,
    imprint: Imprint,
    *,
    on: int | None = None,
    progress: Progress = lambda done, total, stage: None,
) -> Printed:
    """Return the map book of a township in the viewer's territory, on A4.

    Parameters
    ----------
    on
        Number of the publication to show; none: the one in force.
    progress
        Is told how many villages of how many are drawn.

    Raises
    ------
    NotFound, WrongLevel, NothingPublished
        If there is no such township for this viewer.
    """
    drawn = [Level.TOWNSHIP, Level.VILLAGE, Level.GRID]
    shown = land.read(conn, viewer, code, [Level.TOWNSHIP], drawn=drawn, on=on)
    villages, grids = shown.below(Level.VILLAGE), shown.below(Level.GRID)
    pages, at = {}, _FIRST_VILLAGE
    for village in villages:
        pages[village.code] = at
        n_grids = len(shown.below(Level.GRID, village.code))
        at += book_tables.pages_of(n_grids, _BELOW, _WHOLE)
    n_pages = at - 1 + book_tables.pages_of(len(grids), _WHOLE, _WHOLE)
    title = word("book", imprint.locale, place=shown.units[code].name)
    book = _Book(
        Ink(_SIZE, title=title, subject=imprint.edition(shown.edition)),
        shown,
        imprint,
        land.people(conn, viewer, shown.edition, [grid.code for grid in grids], imprint.now),
        pages,
        n_pages,
    )
    _cover(book, title)
    _index_sheet(conn, book)
    unplaced: list[str] = []
    for n, village in enumerate(villages):
        progress(n, len(villages), word("drawing", imprint.locale))
        unplaced += _village(conn, book, village)
    progress(len(villages), len(villages), word("drawing", imprint.locale))
    _grid_index(book, grids)
    n_people = sum(len(duties) for duties in book.people.values())
    return Printed.of(
        book.page, shown.edition, n_pages=n_pages, n_people=n_people, unplaced=unplaced
    )


def _cover(book: _Book, title: str) -> None:
    page, shown, imprint = book.page, book.shown, book.imprint
    locale = imprint.locale
    page.bookmark("cover", title)
    county = shown.units[shown.code[: Level.COUNTY.digits]].name
    page.text(_PAGE.west, _PAGE.north - 30, county, 13, colour=accent(), bold=True)
    for n, line in enumerate(fonts.wrapped(title, 30, _PAGE.width, bold=True)):
        page.text(_PAGE.west, _PAGE.north - 74 - 38 * n, line, 30, bold=True)
    page.text(_PAGE.west, _PAGE.north - 148, _counts(shown, locale), 10, colour=muted())
    outlines = np.array([shown.outlines[shown.code]], dtype=np.object_)
    view = MapView.fit(outlines, _COVER_MAP, margin=4 * MM)
    sheet = maps.MapSheet(
        view, shown, Level.TOWNSHIP, Level.VILLAGE, tint_by=Level.VILLAGE, edge_weight=1.4
    )
    maps.draw(page, sheet, ground=False)
    lines = [
        imprint.edition(shown.edition),
        imprint.purpose(shown.edition),
        projection(view, locale),
        *imprint.statements(shown.edition, personal=bool(book.people))[1:],
    ]
    y = _PAGE.south + 36 * MM
    for n, said in enumerate(lines):
        page.text(_PAGE.west, y - 15 * n, said, 9.5, bold=n < 2)
    page.next_page()
    book.number += 1


def _counts(shown: Land, locale: str) -> str:
    return word(
        "counts",
        locale,
        villages=len(shown.below(Level.VILLAGE)),
        grids=len(shown.below(Level.GRID)),
        subgroups=len(shown.below(Level.SUBGROUP)),
        households=shown.units[shown.code].n_households,
    )


def _index_sheet(conn: Connection, book: _Book) -> None:
    page, shown, locale = book.page, book.shown, book.imprint.locale
    page.bookmark("index", word("index_sheet", locale))
    book.head(word("index_sheet", locale), _counts(shown, locale))
    outlines = np.array([shown.outlines[shown.code]], dtype=np.object_)
    view = MapView.fit(outlines, _MAP, margin=5 * MM)
    context = [land.around(conn, shown, Level.TOWNSHIP, view.degrees())]
    sheet = maps.MapSheet(
        view,
        shown,
        Level.TOWNSHIP,
        Level.GRID,
        tint_by=Level.VILLAGE,
        edge_weight=1.4,
        context=context,
    )
    maps.draw(page, sheet)
    villages = shown.below(Level.VILLAGE)
    second = {
        village.code: word("to_page", locale, number=book.pages[village.code])
        for village in villages
    }
    wanted = [
        *units_wanted(view, shown.outlines, villages, 9.5, extra=second),
        *_beyond(view, context[0], {}, locale),
    ]
    lettering = place(wanted, _MAP.inset(MM), fonts.width, taken=_furniture())
    maps.letter(page, view, lettering, {unit.code: muted() for unit in context[0].units})
    for label in lettering.labels:
        if label.key in book.pages:
            page.link(label.box, label.key)
    _furnish(book, sheet)
    book_tables.villages_of_township(page, _BELOW, shown, book.pages, locale)
    book.end_page()


def _village(conn: Connection, book: _Book, village: PrintedUnit) -> list[str]:
    """Draw the pages of a village; return the names of grids that the map has no room for."""
    page, locale = book.page, book.imprint.locale
    part = book.shown.part(village.code)
    grids = part.below(Level.GRID)
    page.bookmark(village.code, village.name)
    township = book.shown.units[book.shown.code]
    book.head(village.name, f"{township.name}  {_village_counts(part, locale)}")
    maps.inset(page, book.shown, village.code, _INSET, Level.TOWNSHIP, Level.VILLAGE)
    outlines = np.array([part.outlines[village.code]], dtype=np.object_)
    view = MapView.fit(outlines, _MAP, margin=6 * MM)
    context = [
        land.around(conn, part, level, view.degrees()) for level in (Level.VILLAGE, Level.TOWNSHIP)
    ]
    sheet = maps.MapSheet(
        view, part, Level.VILLAGE, Level.SUBGROUP, edge_weight=1.6, weight=1.1, context=context
    )
    maps.draw(page, sheet)
    numbers = {grid.code: str(n) for n, grid in enumerate(grids, start=1)}
    wanted = names_wanted(view, part.outlines, [(village, grids)], numbers, least=6, most=11)
    wanted += _beyond(view, context[0], book.pages, locale)
    lettering = place(wanted, _MAP.inset(MM), fonts.width, taken=_furniture())
    maps.letter(page, view, lettering, {unit.code: muted() for unit in context[0].units})
    for label in lettering.labels:
        if label.key in book.pages:
            page.link(label.box, label.key)
    _furnish(book, sheet)
    unplaced = [part.units[key].name for key in lettering.unplaced if key in part.units]
    _grid_tables(book, grids, no_room(unplaced, locale))
    return unplaced


def _village_counts(part: Land, locale: str) -> str:
    grids = word("grids_of", locale, n=len(part.below(Level.GRID)))
    households = word("households_of", locale, n=part.units[part.code].n_households)
    area = word("km2", locale, n=part.units[part.code].area_m2 / 1e6)
    return "  ·  ".join((grids, households, area))


def _beyond(
    view: MapView, around: land.Surroundings, pages: dict[str, int], locale: str
) -> list[Wanted]:
    """Return the units beside the map as they want to be named, with the page that shows them."""
    wanted = []
    shapes = shapely.simplify(view.shapes(around.outlines), 0.3)
    for unit, shape in zip(around.units, shapes, strict=True):
        ways = wordings(seat(unit.name), 7)
        if unit.code in pages:
            more = word("to_page", locale, number=pages[unit.code])
            ways.insert(0, type(ways[0])((seat(unit.name), more), 7))
        wanted.append(Wanted(unit.code, shape, ways))
    return wanted


def _furniture() -> tuple[Box, Box]:
    """Return the boxes of the scale bar and the north arrow on the map."""
    bar = Box(_MAP.west, _MAP.south, _MAP.west + 44 * MM, _MAP.south + 13 * MM)
    arrow = Box(_MAP.east - 12 * MM, _MAP.north - 19 * MM, _MAP.east, _MAP.north)
    return bar, arrow


def _furnish(book: _Book, sheet: maps.MapSheet) -> None:
    locale = book.imprint.locale
    maps.legend_row(book.page, _MAP.west, _MAP.north + 2 * MM, sheet, locale)
    maps.scale_bar(book.page, sheet.view, _MAP.west + 4 * MM, _MAP.south + 6 * MM, locale)
    maps.north_arrow(book.page, _MAP.east - 6 * MM, _MAP.north - 14 * MM, 9 * MM, locale)
    maps.frame(book.page, _MAP)


def _grid_tables(book: _Book, grids: Sequence[PrintedUnit], notes: Sequence[str]) -> None:
    """Draw the table of a village's grids below the map and on as many pages as it needs."""
    box, done, locale = _BELOW, 0, book.imprint.locale
    while True:
        here = grids[done : done + book_tables.rows_of(box)]
        book_tables.grids_of_village(book.page, box, here, done + 1, book.people, locale)
        done += len(here)
        book.end_page(notes, personal=True)
        if done >= len(grids):
            return
        box = _WHOLE
        name = book.shown.units[grids[0].code[: Level.VILLAGE.digits]].name
        book.page.text(_PAGE.west, _PAGE.north - 14, name + word("key_more", locale), 11, bold=True)


def _grid_index(book: _Book, grids: Sequence[PrintedUnit]) -> None:
    locale = book.imprint.locale
    book.page.bookmark("grids", word("grid_index", locale))
    per = book_tables.rows_of(_WHOLE)
    for first in range(0, max(len(grids), 1), per):
        book.page.text(_PAGE.west, _PAGE.north - 18, word("grid_index", locale), 15, bold=True)
        here = grids[first : first + per]
        book_tables.grid_index(book.page, _WHOLE, here, book.pages, locale)
        if first + per >= len(grids):
            lacking(book.page, _PAGE.west, _FOOT.south - 5, locale)
        book.end_page()
