"""A map in its frame: ground, borders by level, names; scale bar, north arrow, legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from geo.lattice import Geometries
from grids.model import Level
from layers.print.borders import borders
from layers.print.ink import Ink, Pen, accent, ink, muted, rule, tinted
from layers.print.land import Land, Surroundings
from layers.print.lettering import Lettering, Point
from layers.print.paper import MM, Box, MapView
from layers.print.words import level_name, word
from layers.styles import theme

# Vertices that stand out by less than this are not drawn: a third of the finest line.
_SIMPLER = 0.1
_TINT = 0.13


@dataclass(frozen=True, eq=False)
class MapSheet:
    """What one map shows.

    Attributes
    ----------
    view
        Where and at which scale.
    land
        The unit that it is a map of.
    edge
        Level of the land's outer border.
    finest
        The lowest level whose borders are drawn.
    tint_by
        Level whose units are told apart by tints; none: all is white.
    weight
        How thick lines are: 1 for what is read at arm's length, more for walls.
    edge_weight
        How much heavier than usual the outer border is.
    context
        Units around the land, drawn lightly, the coarser first.
    chosen
        Code of a unit inside that stands out; the rest is pale.
    """

    view: MapView
    land: Land
    edge: Level
    finest: Level
    tint_by: Level | None = None
    weight: float = 1.0
    edge_weight: float = 1.0
    context: Sequence[Surroundings] = field(default_factory=tuple)
    chosen: str | None = None

    def pen(self, level: Level) -> Pen:
        """Return the line of a border on this map."""
        weight = self.weight * (self.edge_weight if level is self.edge else 1)
        return pen_of(level, weight)


def pen_of(level: Level, weight: float = 1.0) -> Pen:
    """Return the line of a border: the widths of the screens' theme, for paper."""
    style = theme()["units"][level.value]
    width = style["width"] * 0.7 * weight
    if level is Level.SUBGROUP:
        width *= 0.45
    dash = tuple(part * max(width, 0.45) for part in style["dash"] or ())
    return Pen(style["colour"], width, dash)


def draw(page: Ink, sheet: MapSheet, *, ground: bool = True) -> bool:
    """Draw ground and borders; return whether there is free land to explain.

    Without `ground` what lies around stays paper.
    """
    view, land = sheet.view, sheet.land
    labels: dict[Level, Sequence[str | None]] = {
        Level.TOWNSHIP: [code[: Level.TOWNSHIP.digits] for code in land.village],
        Level.VILLAGE: list(land.village),
        Level.GRID: list(land.grid),
        Level.SUBGROUP: list(land.subgroup),
    }
    levels = list(Level)
    shown = {
        level: codes
        for level, codes in labels.items()
        if levels.index(sheet.edge) < levels.index(level) <= levels.index(sheet.finest)
    }
    lines = {
        level: shapely.simplify(view.shapes(found), _SIMPLER)
        for level, found in borders(land.cells, shown, sheet.edge).items()
    }
    free = view.shapes(land.cells[np.array([grid is None for grid in land.grid], dtype=np.bool_)])
    with page.clipped(view.frame):
        if ground:
            page.box(view.frame, fill=theme()["paper"]["background"])
        for around in sheet.context:
            _draw_around(page, view, around, sheet.weight)
        page.fill(_closed(lines[sheet.edge]), theme()["paper"]["panel"])
        _tint(page, sheet)
        page.fill(free, theme()["unjudged"]["not_comparable"]["colour"])
        page.hatch(free, theme()["unjudged"]["not_comparable"]["hatch"], 3.2)
        for level in reversed(levels):
            if level in lines:
                page.stroke(lines[level], sheet.pen(level))
    return bool(len(free))


def _closed(lines: Geometries) -> Geometries:
    """Return the areas that the outer border encloses."""
    return np.asarray(shapely.get_parts(shapely.polygonize(list(lines))), dtype=np.object_)


def _draw_around(page: Ink, view: MapView, around: Surroundings, weight: float) -> None:
    if len(around.units):
        level = around.units[0].level
        pen = pen_of(level, weight * 0.8)
        shapes = shapely.simplify(view.shapes(around.outlines), _SIMPLER)
        colour = rule() if level is Level.GRID else tinted(muted(), 0.6)
        page.stroke(shapes, Pen(colour, pen.width))


def _tint(page: Ink, sheet: MapSheet) -> None:
    """Tint units of one level so that neighbours differ, or the chosen unit alone."""
    view, land = sheet.view, sheet.land
    if sheet.chosen:
        shape = shapely.simplify(view.shapes(_array([land.outlines[sheet.chosen]])), _SIMPLER)
        page.fill(shape, tinted(accent(), 0.1))
    if sheet.tint_by is None:
        return
    units = land.below(sheet.tint_by)
    shapes = shapely.simplify(
        view.shapes(_array([land.outlines[unit.code] for unit in units])), _SIMPLER
    )
    tints = _tints(shapes)
    for number, colour in enumerate(theme()["series"]["colours"]):
        same = [shape for shape, tint in zip(shapes, tints, strict=True) if tint == number]
        page.fill(same, tinted(colour, _TINT))


def _tints(shapes: Geometries) -> list[int]:
    """Return a number for each shape so that shapes that touch differ, as few as greed finds."""
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    near: dict[int, set[int]] = {}
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        near.setdefault(a, set()).add(b)
    number: dict[int, int] = {}
    n_tints = len(theme()["series"]["colours"])
    for one in sorted(near, key=lambda one: -len(near[one])):
        used = {number[other] for other in near[one] if other in number}
        number[one] = next((tint for tint in range(n_tints) if tint not in used), 0)
    return [number[one] for one in range(len(shapes))]


def letter(
    page: Ink, view: MapView, lettering: Lettering, styles: Mapping[str, str] | None = None
) -> None:
    """Write the labels with white rims; `styles` maps keys to colours."""
    colours = styles or {}
    with page.clipped(view.frame):
        for label in lettering.labels:
            if label.leader:
                (x1, y1), (x2, y2) = label.leader
                page.line(x1, y1, x2, y2, Pen(theme()["paper"]["panel"], 1.4))
                page.line(x1, y1, x2, y2, Pen(ink(), 0.4))
                _dot(page, label.leader[0])
        for label in lettering.labels:
            said = label.wording
            colour = colours.get(label.key, accent() if said.number else ink())
            page.lines_in(
                label.box,
                said.lines,
                said.size,
                bold=said.bold,
                colour=colour,
                halo=max(0.5, said.size * 0.11),
            )


def _dot(page: Ink, at: Point) -> None:
    page.fill([shapely.Point(at).buffer(0.8)], ink())


def frame(page: Ink, box: Box, weight: float = 1.0) -> None:
    """Draw the neat line of a map."""
    page.box(box, Pen(ink(), 0.8 * weight))


def scale_bar(page: Ink, view: MapView, x: float, y: float, locale: str, size: float = 7) -> float:
    """Draw the scale in words and as a bar from `x`, standing on `y`; return the bar's width."""
    longest = size * 14 / view.points_per_metre
    power = 10 ** np.floor(np.log10(longest))
    metres = max(m * power for m in (1, 2, 5) if m * power <= longest)
    unit, per = ("km", 1000) if metres >= 1000 else ("m", 1)
    half, high = metres / 2 * view.points_per_metre, size * 0.35
    pen = Pen(ink(), 0.5)
    page.box(Box(x, y, x + half, y + high), pen, fill=ink())
    page.box(Box(x + half, y, x + 2 * half, y + high), pen, fill=theme()["paper"]["panel"])
    for n in range(3):
        said = f"{metres / 2 * n / per:g}" + (f" {unit}" if n == 2 else "")
        page.text(
            x + n * half, y + high + size * 0.3, said, size * 0.8, anchor="middle", halo=size * 0.09
        )
    page.text(
        x,
        y - size * 1.15,
        word("scale", locale, scale=view.scale),
        size,
        bold=True,
        halo=size * 0.1,
    )
    return 2 * half


def north_arrow(page: Ink, x: float, y: float, height: float, locale: str) -> None:
    """Draw an arrow to grid north with its foot in the middle at `x`, `y`."""
    wide = height * 0.28
    west = shapely.Polygon([(x, y + height), (x - wide, y), (x, y + height * 0.22)])
    east = shapely.Polygon([(x, y + height), (x + wide, y), (x, y + height * 0.22)])
    page.fill([west, east], theme()["paper"]["panel"])
    page.fill([west], ink())
    page.stroke([west, east], Pen(ink(), 0.5))
    size = height * 0.38
    page.text(
        x, y + height * 1.12, word("north", locale), size, bold=True, anchor="middle", halo=size / 9
    )


def legend(
    page: Ink,
    x: float,
    top: float,
    levels: Sequence[Level],
    locale: str,
    *,
    size: float,
    sheet: MapSheet,
    free: bool,
    leaders: bool = False,
) -> float:
    """Draw the legend downwards from `top` and return where it ends."""
    page.text(x, top - size, word("legend", locale), size * 1.15, bold=True)
    y, wide = top - size * 2.9, size * 4
    for level in levels:
        page.line(x, y + size * 0.32, x + wide, y + size * 0.32, sheet.pen(level))
        said = word("border", locale, level=level_name(level.value, locale))
        page.text(x + wide + size * 0.8, y, said, size)
        y -= size * 1.7
    if free:
        box = Box(x + wide * 0.2, y - size * 0.1, x + wide * 0.8, y + size * 0.8)
        shape = shapely.box(*box)
        page.fill([shape], theme()["unjudged"]["not_comparable"]["colour"])
        page.hatch([shape], theme()["unjudged"]["not_comparable"]["hatch"], 3.2)
        page.box(box, Pen(muted(), 0.4))
        page.text(x + wide + size * 0.8, y, word("free", locale), size)
        y -= size * 1.7
    if leaders:
        _dot(page, (x, y + size * 0.32))
        page.line(x, y + size * 0.32, x + wide * 0.6, y + size * 0.32, Pen(ink(), 0.4))
        page.text(x + wide * 0.68, y, "8", size * 0.9, bold=True, colour=accent())
        page.text(x + wide + size * 0.8, y, word("leader", locale), size)
        y -= size * 1.7
    return y + size


def legend_row(page: Ink, x: float, y: float, sheet: MapSheet, locale: str) -> None:
    """Write the borders of a map side by side from `x`, on the baseline `y`."""
    size, order = 6.5, list(Level)
    for level in order[order.index(sheet.edge) : order.index(sheet.finest) + 1]:
        if level is not sheet.edge and not sheet.land.below(level):
            continue
        page.line(x, y + 2.2, x + 22, y + 2.2, sheet.pen(level))
        said = word("border", locale, level=level_name(level.value, locale))
        x += 26 + page.text(x + 25, y, said, size, colour=muted()) + 10


def inset(page: Ink, land: Land, chosen: str, box: Box, edge: Level, parts: Level) -> MapView:
    """Draw a small map of the land with one unit filled; return its view.

    Units of the level `parts` are outlined inside the edge.
    """
    view = MapView.fit(_array([land.outlines[land.code]]), box, margin=2 * MM)
    shapes = view.shapes(_array([land.outlines[unit.code] for unit in land.below(parts)]))
    with page.clipped(box):
        page.box(box, fill=theme()["paper"]["panel"])
        page.fill(view.shapes(_array([land.outlines[chosen]])), tinted(accent(), 0.55))
        page.stroke(shapely.simplify(shapes, 0.15), Pen(muted(), 0.3))
        whole = view.shapes(_array([land.outlines[land.code]]))
        page.stroke(shapely.simplify(whole, 0.15), pen_of(edge, 0.6))
    page.box(box, Pen(muted(), 0.4))
    return view


def _array(shapes: Sequence[Any]) -> Geometries:
    array = np.empty(len(shapes), dtype=np.object_)
    array[:] = shapes
    return array
