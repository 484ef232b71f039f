"""The card of a grid on one A4 page: its map with sub-groups, its people, its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from sqlalchemy import Connection

from grids import access
from grids.access import Action
from grids.model import Level, Viewer
from layers.print import card_tables, fonts, land, maps
from layers.print.card_tables import CardFacts
from layers.print.imprint import Imprint, Printed, foot, lacking, no_room
from layers.print.ink import Ink, Pen, accent, muted, rule
from layers.print.labels import place
from layers.print.lettering import Lettering, Wanted
from layers.print.naming import ending, fitting_size, wordings
from layers.print.paper import MM, PAPERS, Box, MapView
from layers.print.words import word

_SIZE = (PAPERS["A4"][0] * MM, PAPERS["A4"][1] * MM)
_PAGE = Box(0, 0, *_SIZE).inset(14 * MM)
_MAP_TOP = _PAGE.north - 33 * MM
_MAP_LEAST, _MAP_MOST = 100 * MM, 172 * MM
_FOOT = Box(_PAGE.west, _PAGE.south, _PAGE.east, _PAGE.south + 11 * MM)
_GUTTER = 7 * MM
_WEIGHT = 1.35


def grid_card(
    conn: Connection, viewer: Viewer, code: str, imprint: Imprint, *, on: int | None = None
) -> Printed:
    """Return the card of a grid in the viewer's territory.

    Parameters
    ----------
    on
        Number of the publication to show; none: the one in force.

    Raises
    ------
    NotFound, WrongLevel, NothingPublished
        If there is no such grid for this viewer.
    """
    shown = land.read(conn, viewer, code, [Level.GRID], drawn=[Level.GRID, Level.SUBGROUP], on=on)
    outline = np.array([shown.outlines[code]], dtype=np.object_)
    near = land.around(conn, shown, Level.GRID, tuple(shapely.total_bounds(outline).tolist()))
    beside = shapely.relate_pattern(near.outlines, outline[0], "****1****")
    neighbours = [unit for unit, touches in zip(near.units, beside, strict=True) if touches]
    subgroups = shown.below(Level.SUBGROUP)
    everyone = [unit.code for unit in (shown.units[code], *subgroups, *neighbours)]
    facts = CardFacts(
        shown,
        shown.units[code],
        subgroups,
        neighbours,
        land.people(conn, viewer, shown.edition, everyone, imprint.now),
        Action.WORKER_SEE in access.allowed(viewer.role),
    )
    left, right = card_tables.columns(facts, imprint.locale)
    below = max(card_tables.height(left), card_tables.height(right)) + 4 * MM
    room = _MAP_TOP - _FOOT.north - below
    frame = Box(_PAGE.west, _MAP_TOP - min(max(room, _MAP_LEAST), _MAP_MOST), _PAGE.east, _MAP_TOP)
    view = MapView.fit(outline, frame, margin=13 * MM)
    context = [
        land.around(conn, shown, level, view.degrees())
        for level in (Level.GRID, Level.VILLAGE, Level.TOWNSHIP)
    ]
    page = Ink(_SIZE, title=facts.grid.name, subject=imprint.edition(shown.edition))
    lettering = _draw_map(page, facts, view, context, imprint.locale)
    _head(page, facts, imprint)
    unplaced = [unit.name for unit in (*subgroups, *neighbours) if unit.code in lettering.unplaced]
    n_pages = _draw_tables(page, facts, imprint, frame.south, unplaced)
    n_people = sum(len(duties) for duties in facts.people.values())
    return Printed(
        page.pdf(),
        shown.edition.number,
        n_pages,
        n_people,
        tuple(sorted(page.missing)),
        tuple(unplaced),
    )


def _draw_map(
    page: Ink, facts: CardFacts, view: MapView, context: Sequence[land.Surroundings], locale: str
) -> Lettering:
    frame, shown = view.frame, facts.land
    sheet = maps.MapSheet(
        view,
        shown,
        Level.GRID,
        Level.SUBGROUP,
        weight=_WEIGHT,
        edge_weight=2.2,
        context=context,
        chosen=facts.grid.code,
    )
    free = maps.draw(page, sheet)
    levels = [Level.GRID, *([Level.SUBGROUP] if facts.subgroups else [])]
    wanted = [*_subgroups_wanted(facts, view), *_neighbours_wanted(facts, view, context[0])]
    bar = Box(frame.west, frame.south, frame.west + 44 * MM, frame.south + 13 * MM)
    arrow = Box(frame.east - 12 * MM, frame.north - 19 * MM, frame.east, frame.north)
    high = (7 + 4 * (len(levels) + free)) * MM
    key = Box(frame.east - 36 * MM, frame.south, frame.east, frame.south + high)
    lettering = place(wanted, frame.inset(1.5 * MM), fonts.width, taken=(bar, arrow, key))
    maps.letter(page, view, lettering, {unit.code: muted() for unit in facts.neighbours})
    maps.scale_bar(page, view, frame.west + 4 * MM, frame.south + 6 * MM, locale)
    maps.north_arrow(page, frame.east - 6 * MM, frame.north - 14 * MM, 9 * MM, locale)
    page.box(key, Pen(rule(), 0.4), fill="#ffffff")
    x, top = key.west + 2 * MM, key.north - 1.5 * MM
    maps.legend(page, x, top, levels, locale, size=6.5, sheet=sheet, free=free)
    maps.frame(page, frame)
    return lettering


def _subgroups_wanted(facts: CardFacts, view: MapView) -> list[Wanted]:
    names = [unit.name for unit in facts.subgroups]
    drawn = [facts.land.outlines[unit.code] for unit in facts.subgroups]
    shapes = view.shapes(np.array(drawn, dtype=np.object_))
    size = fitting_size(shapes, names, 6.5, 11)
    tail = ending(names)
    return [
        Wanted(unit.code, shape, wordings(unit.name, size, tail=tail, number=str(n)))
        for n, (unit, shape) in enumerate(zip(facts.subgroups, shapes, strict=True), start=1)
    ]


def _neighbours_wanted(facts: CardFacts, view: MapView, beyond: land.Surroundings) -> list[Wanted]:
    """Return the neighbours as they want to be named, at last by the letter in their table."""
    letters = {unit.code: card_tables.letter(n) for n, unit in enumerate(facts.neighbours)}
    return [
        Wanted(unit.code, shape, wordings(unit.name, 7.5, number=letters[unit.code]))
        for unit, shape in zip(beyond.units, view.shapes(beyond.outlines), strict=True)
        if unit.code in letters
    ]


def _head(page: Ink, facts: CardFacts, imprint: Imprint) -> None:
    locale, grid, units = imprint.locale, facts.grid, facts.land.units
    above = [units[grid.code[: level.digits]].name for level in list(Level)[:3]]
    top = _PAGE.north
    side = 25 * MM
    room = _PAGE.width - side - 6 * MM
    page.text(_PAGE.west, top - 8, word("card", locale), 9, colour=accent(), bold=True)
    title = fonts.shortened(grid.name, 21, room, bold=True)
    page.text(_PAGE.west, top - 31, title, 21, bold=True)
    page.text(_PAGE.west, top - 46, fonts.shortened(" › ".join(above), 9, room), 9, colour=muted())
    path = f"/?unit={grid.code}"
    if imprint.address:
        corner = Box(_PAGE.east - side, top - side, _PAGE.east, top)
        page.qr(corner, imprint.address.rstrip("/") + path)
        x = corner.centre[0]
        page.text(x, corner.south - 4, word("scan", locale), 6, anchor="middle", colour=muted())
    else:
        page.text(_PAGE.east, top - 8, path, 7, anchor="end", colour=muted())
    _figures(page, facts, locale)


def _figures(page: Ink, facts: CardFacts, locale: str) -> None:
    grid = facts.grid
    area = (
        word("km2", locale, n=grid.area_m2 / 1e6)
        if grid.area_m2 >= 1e6
        else word("hectares", locale, n=grid.area_m2 / 1e4)
    )
    cells = (
        (word("code", locale), grid.code),
        (word("households", locale), word("households_of", locale, n=grid.n_households)),
        (word("area", locale), area),
        (word("subgroups", locale), word("subgroups_of", locale, n=len(facts.subgroups))),
    )
    y = _MAP_TOP + 3.5 * MM
    x = _PAGE.west
    for n, (heading, said) in enumerate(cells):
        page.text(x, y + 11, heading, 7, colour=muted())
        page.text(x, y, said, 10, bold=True)
        x += (_PAGE.width - 25 * MM) * (0.31, 0.21, 0.27, 0.21)[n]


def _draw_tables(
    page: Ink, facts: CardFacts, imprint: Imprint, top: float, unplaced: list[str]
) -> int:
    """Draw the tables below the map, on more pages where they need them; return the pages."""
    left, right = card_tables.columns(facts, imprint.locale)
    half = (_PAGE.width - _GUTTER) / 2
    number, top = 1, top - 6 * MM
    while True:
        bottom = _FOOT.north + 2 * MM
        for west, queue in ((_PAGE.west, left), (_PAGE.west + half + _GUTTER, right)):
            card_tables.flow(page, Box(west, bottom, west + half, top), queue)
        foot(
            page,
            _FOOT,
            imprint,
            facts.land.edition,
            personal=bool(facts.people),
            notes=no_room(unplaced, imprint.locale),
        )
        if not left and not right:
            lacking(page, _PAGE.west, _FOOT.south - 5, imprint.locale)
            return number
        page.next_page()
        number, top = number + 1, _PAGE.north - 12 * MM
        page.text(_PAGE.west, _PAGE.north - 8, f"{facts.grid.name} ({number})", 11, bold=True)
