"""The wall map: every grid of a county, township or village on one sheet of A0, A1 or A3."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from grids.model import Level, Viewer
from layers.print import fonts, land, maps
from layers.print.imprint import Imprint, Printed, foot, lacking, no_room, projection
from layers.print.ink import Ink, accent, muted
from layers.print.labels import place
from layers.print.land import Land
from layers.print.lettering import Label, Lettering, Wanted
from layers.print.naming import names_wanted, seat, units_wanted, wordings
from layers.print.paper import MM, PAPERS, Box, MapView
from layers.print.tables import Column, rows_that_fit, table
from layers.print.words import level_name, word
from layers.styles import theme

LEVELS = (Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE)
WALL_PAPERS = ("A0", "A1", "A3")


@dataclass(frozen=True, slots=True)
class _Make:
    """How a size of paper is made up: `text` and `weight` grow with the reading distance."""

    margin: float
    text: float
    weight: float
    least: float
    most: float


_MAKES = {
    "A3": _Make(10 * MM, 7, 1.0, 4.5, 9),
    "A1": _Make(15 * MM, 10.5, 1.5, 5, 13),
    "A0": _Make(20 * MM, 14, 2.0, 5, 16),
}
_KEY_TEXT = 0.62
# Points that a usual grid has to measure on paper to bear a name: about five millimetres.
_LEAST_SIDE = 14
_MOST_KEY_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things are on the sheet, in points."""

    size: tuple[float, float]
    title: Box
    frame: Box
    panel: Box
    foot: Box


def wall_map(
    conn: Connection,
    viewer: Viewer,
    code: str,
    imprint: Imprint,
    *,
    paper: str = "A0",
    on: int | None = None,
) -> Printed:
    """Return the wall map of a unit in the viewer's territory; it names no person.

    Parameters
    ----------
    paper
        A0, A1 or A3; the sheet is laid upright or across, whichever shows the unit larger.
    on
        Number of the publication to show; none: the one in force.

    Raises
    ------
    NotFound, WrongLevel, NothingPublished
        If there is no such county, township or village for this viewer.
    """
    shown = land.read(
        conn,
        viewer,
        code,
        LEVELS,
        drawn=[Level.TOWNSHIP, Level.VILLAGE, Level.GRID],
        on=on,
    )
    unit, make = shown.units[code], _MAKES[paper]
    title = word("wall", imprint.locale, place=unit.name)
    for n_columns in range(1, _MOST_KEY_COLUMNS + 1):
        layout, view = _laid_out(shown, paper, n_columns)
        sheet = _sheet(conn, shown, view, make)
        lettering, names = _lettering(shown, sheet, make)
        key = _numbered(lettering, shown)
        if _key_rows(layout, shown, make) * n_columns >= len(key.numbered) + len(key.unplaced):
            break
    page = Ink(layout.size, title=title, subject=imprint.edition(shown.edition))
    free = maps.draw(page, sheet)
    maps.letter(page, view, key, names)
    maps.frame(page, view.frame, make.weight)
    _title(page, layout.title, shown, imprint, title, make)
    top = _explain(page, layout, sheet, imprint.locale, make, free=free, lettering=key)
    top = _members(page, layout, shown, imprint.locale, make, top)
    left_over = _key(page, layout, shown, key, imprint.locale, make, top, n_columns)
    unplaced = [shown.units[code].name for code in key.unplaced]
    foot(
        page,
        layout.foot,
        imprint,
        shown.edition,
        personal=False,
        size=make.text * 0.75,
        notes=[
            *no_room([shown.units[code].name for code in left_over], imprint.locale),
            *([] if _names_grids(shown, view) else [word("too_small", imprint.locale)]),
        ],
    )
    lacking(page, layout.foot.west, layout.foot.south, imprint.locale, make.text * 0.75)
    return Printed(
        page.pdf(), shown.edition.number, 1, 0, tuple(sorted(page.missing)), tuple(unplaced)
    )


def _laid_out(shown: Land, paper: str, n_columns: int) -> tuple[_Layout, MapView]:
    """Return the layout, upright or across, in which the unit is larger, and its view."""
    make = _MAKES[paper]
    short, long = (side * MM for side in PAPERS[paper])
    best: tuple[_Layout, MapView] | None = None
    for size in ((long, short), (short, long)):
        page = Box(0, 0, *size).inset(make.margin)
        title = Box(page.west, page.north - make.text * 5, page.east, page.north)
        foot_box = Box(page.west, page.south, page.east, page.south + make.text * 4.2)
        panel_width = make.text * (17 + 11 * (n_columns - 1))
        gap = make.text
        frame = Box(page.west, foot_box.north + gap, page.east - panel_width - gap, title.south)
        panel = Box(page.east - panel_width, foot_box.north + gap, page.east, title.south)
        view = MapView.fit(shown.cells, frame, margin=make.text)
        layout = _Layout(size, title, frame, panel, foot_box)
        if best is None or view.scale < best[1].scale:
            best = layout, view
    assert best is not None
    return best


def _sheet(conn: Connection, shown: Land, view: MapView, make: _Make) -> maps.MapSheet:
    edge = shown.units[shown.code].level
    tint_by = {Level.COUNTY: Level.TOWNSHIP, Level.TOWNSHIP: Level.VILLAGE}.get(edge)
    context = [] if edge is Level.COUNTY else [land.around(conn, shown, edge, view.degrees())]
    return maps.MapSheet(
        view,
        shown,
        edge,
        Level.SUBGROUP,
        tint_by=tint_by,
        weight=make.weight * (0.6 if edge is Level.COUNTY else 1),
        edge_weight=1.6,
        context=context,
    )


def _lettering(shown: Land, sheet: maps.MapSheet, make: _Make) -> tuple[Lettering, dict[str, str]]:
    """Return the labels, numbers still without their value, and the colours by key."""
    view = sheet.view
    named = Level.GRID if _names_grids(shown, view) else Level.VILLAGE
    parents = [(v, shown.below(Level.GRID, v.code)) for v in shown.below(Level.VILLAGE)]
    if named is Level.VILLAGE:
        parents = [(t, shown.below(named, t.code)) for t in shown.below(Level.TOWNSHIP)]
    units = [unit for _, members in parents for unit in members]
    holder = dict.fromkeys((unit.code for unit in units), "8" * len(str(len(units))))
    wanted = names_wanted(view, shown.outlines, parents, holder, least=make.least, most=make.most)
    size = wanted[0].wordings[0].size if wanted else make.least
    above: list[Wanted] = []
    colours: dict[str, str] = {}
    for level, larger, colour in (
        (Level.TOWNSHIP, 3.2 if named is Level.GRID else 1.8, accent()),
        (Level.VILLAGE, 1.5, theme()["units"]["village"]["colour"]),
    ):
        over = [unit for unit in shown.below(level) if level is not named]
        over = [unit for unit in over if unit.code != shown.code]
        above += units_wanted(view, shown.outlines, over, size * larger)
        colours |= {unit.code: colour for unit in over}
    for around in sheet.context:
        shapes = view.shapes(around.outlines)
        for unit, shape in zip(around.units, shapes, strict=True):
            wanted.append(Wanted(unit.code, shape, wordings(seat(unit.name), make.text)))
            colours[unit.code] = muted()
    frame = view.frame.inset(make.text * 0.3)
    return place(wanted, frame, fonts.width, above=above), colours


def _names_grids(shown: Land, view: MapView) -> bool:
    """Return whether grids are large enough on this sheet to be told apart by name or number."""
    grids = len(shown.below(Level.GRID))
    paper = shown.units[shown.code].area_m2 * view.points_per_metre**2
    return grids == 0 or math.sqrt(paper / grids) >= _LEAST_SIDE


def _numbered(lettering: Lettering, shown: Land) -> Lettering:
    """Return the labels with the numbers 1, 2, ... in the order of codes."""
    number = {key: str(n) for n, key in enumerate(sorted(lettering.numbered), start=1)}

    def filled(label: Label) -> Label:
        if label.key not in number:
            return label
        return replace(label, wording=replace(label.wording, lines=(number[label.key],)))

    unplaced = [key for key in lettering.unplaced if key in shown.units]
    return Lettering([filled(label) for label in lettering.labels], unplaced)


def _title(page: Ink, box: Box, shown: Land, imprint: Imprint, title: str, make: _Make) -> None:
    size = make.text * 2.6
    page.text(box.west, box.north - size, title, size, bold=True)
    counts = word(
        "counts",
        imprint.locale,
        villages=len(shown.below(Level.VILLAGE)),
        grids=len(shown.below(Level.GRID)),
        subgroups=len(shown.below(Level.SUBGROUP)),
        households=shown.units[shown.code].n_households,
    )
    y = box.north - size - make.text * 1.5
    page.text(box.west, y, counts, make.text, colour=muted())
    right = (imprint.edition(shown.edition), imprint.purpose(shown.edition))
    for n, said in enumerate(right):
        y = box.north - make.text * (1.4 + 1.5 * n)
        page.text(box.east, y, said, make.text, bold=n == 0, anchor="end")


def _explain(
    page: Ink,
    layout: _Layout,
    sheet: maps.MapSheet,
    locale: str,
    make: _Make,
    *,
    free: bool,
    lettering: Lettering,
) -> float:
    """Draw scale, north and legend at the head of the panel; return where they end."""
    panel, size = layout.panel, make.text
    high = size * 4
    maps.north_arrow(page, panel.east - size * 1.6, panel.north - size * 2.4 - high, high, locale)
    maps.scale_bar(page, sheet.view, panel.west + size * 0.4, panel.north - size * 5, locale, size)
    y = panel.north - size * 8.2
    said = projection(sheet.view, locale)
    y = page.paragraph(panel.west, y, said, size * 0.62, panel.width, colour=muted())
    levels = [level for level in list(Level) if _is_drawn(sheet, level)]
    return maps.legend(
        page,
        panel.west,
        y - size * 0.4,
        levels,
        locale,
        size=size * 0.8,
        sheet=sheet,
        free=free,
        leaders=any(label.leader for label in lettering.labels),
    )


def _is_drawn(sheet: maps.MapSheet, level: Level) -> bool:
    order = list(Level)
    return order.index(level) >= order.index(sheet.edge) and bool(
        level is sheet.edge or sheet.land.below(level)
    )


def _members(
    page: Ink, layout: _Layout, shown: Land, locale: str, make: _Make, top: float
) -> float:
    """Draw the table of the units one level down with their grids and households."""
    edge = shown.units[shown.code].level
    down = {Level.COUNTY: Level.TOWNSHIP, Level.TOWNSHIP: Level.VILLAGE}.get(edge)
    units = shown.below(down) if down else []
    if down is None or not units:
        return top
    text = make.text * 0.66
    columns = [
        Column(level_name(down.value, locale), 4),
        Column(word("grid", locale), 1.4, "end"),
        Column(word("households", locale), 1.8, "end"),
    ]
    rows = [
        [unit.name, str(len(shown.below(Level.GRID, unit.code))), f"{unit.n_households:,}"]
        for unit in units
    ]
    panel = layout.panel
    box = Box(panel.west, panel.south, panel.west + make.text * 17, top - text)
    fits = rows_that_fit(box.height, text)
    return table(page, box, columns, rows[:fits], text)


def _key_rows(layout: _Layout, shown: Land, make: _Make) -> int:
    """Return how many rows a column of the key has below everything else, at the least."""
    edge = shown.units[shown.code].level
    n_members = {Level.COUNTY: Level.TOWNSHIP, Level.TOWNSHIP: Level.VILLAGE}.get(edge)
    above = make.text * (23 + 1.03 * (len(shown.below(n_members)) if n_members else 0))
    return max(int((layout.panel.height - above) / (make.text * _KEY_TEXT * 1.4)) - 2, 0)


def _key(
    page: Ink,
    layout: _Layout,
    shown: Land,
    lettering: Lettering,
    locale: str,
    make: _Make,
    top: float,
    n_columns: int,
) -> list[str]:
    """List what the numbers on the map stand for, and after them what has no place on the map.

    Return the codes for which the list has no room.
    """
    entries = [*sorted(lettering.numbered), *lettering.unplaced]
    if not entries:
        return []
    numbers = {label.key: label.wording.lines[0] for label in lettering.labels}
    text = make.text * _KEY_TEXT
    panel = layout.panel
    y = top - make.text * 1.8
    page.text(panel.west, y, word("key", locale), make.text * 0.92, bold=True)
    start = y - text * 1.9
    step, wide = text * 1.4, panel.width / n_columns
    n_rows = int((start - panel.south) / step) + 1
    for n, code in enumerate(entries[: n_rows * n_columns]):
        column, row = divmod(n, n_rows)
        x, y = panel.west + column * wide, start - row * step
        number = numbers.get(code, "–")
        page.text(x + text * 2.1, y, number, text, bold=True, anchor="end", colour=accent())
        name = fonts.shortened(shown.units[code].name, text, wide - text * 3)
        page.text(x + text * 2.6, y, name, text)
    return entries[n_rows * n_columns :]
