"""A hotspot answer as a picture: shapes in their colours, legend, notes, scale."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from geo.crs import MetricFrame
from geo.lattice import Geometries
from layers.print import fonts
from layers.styles import language, paint_of, theme

FONTS = Path(__file__).parent / "fonts"
WIDTH, HEIGHT = 2000, 1400
_MARGIN, _SIDE, _HEAD = 48, 560, 120
_HATCH_STEP = 12
# Dots of the theme are measured for screens, which have about half as many pixels.
_DOT_SCALE = 2.0
_NICE_M = (1, 2, 5)

Document = Mapping[str, Any]
Pixels = NDArray[np.float64]
Pattern = Callable[[ImageDraw.ImageDraw, tuple[int, int], tuple[int, int]], None]


def picture(answer: Document, outlines: Mapping[str, Any], title: str, locale: str) -> bytes:
    """Return an answer as PNG, 2000 x 1400 pixels.

    Parameters
    ----------
    answer
        With `rows` (code, paint, outline) and maybe `clusters` (at, radius_m, is_new), `notes`.
    outlines
        Polygons by code in CGCS2000 degrees. Rows without one are not drawn.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT), theme()["paper"]["background"])
    draw = ImageDraw.Draw(image)
    rows = [row for row in answer["rows"] if row["code"] in outlines]
    shapes = np.array([outlines[row["code"]] for row in rows], dtype=np.object_)
    place = _Place(shapes)
    for row, shape in zip(rows, place.pixels(shapes), strict=True):
        _fill(image, draw, row["paint"], shape)
    ink = theme()["paper"]
    for shape in place.pixels(shapes):
        for ring in _rings(shape):
            draw.line(ring, fill=ink["rule"], width=1)
    for row, shape in zip(rows, place.pixels(shapes), strict=True):
        _outline(draw, row["outline"], shape)
    for one in answer.get("clusters", ()):
        _circle(draw, place, one)
    _words(draw, answer, title, locale)
    _scale(draw, place)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


class _Place:
    """Where degrees lie on the picture: metres of the county's zone, north up."""

    def __init__(self, shapes: Geometries) -> None:
        self.frame = MetricFrame.at(float(shapely.get_x(shapely.centroid(shapes)).mean()))
        west, south, east, north = shapely.total_bounds(self.frame.project(shapes)).tolist()
        across, down = WIDTH - _SIDE - 2 * _MARGIN, HEIGHT - _HEAD - 2 * _MARGIN
        self.px_per_m = min(across / max(east - west, 1.0), down / max(north - south, 1.0))
        self.west = west - (across / self.px_per_m - (east - west)) / 2
        self.north = north + (down / self.px_per_m - (north - south)) / 2

    def at(self, xy_m: Pixels) -> Pixels:
        x = (xy_m[:, 0] - self.west) * self.px_per_m + _MARGIN
        y = (self.north - xy_m[:, 1]) * self.px_per_m + _HEAD + _MARGIN
        return np.column_stack((x, y))

    def pixels(self, shapes: Geometries) -> Geometries:
        return np.asarray(shapely.transform(self.frame.project(shapes), self.at))

    def point(self, lon_lat: Sequence[float]) -> tuple[float, float]:
        x, y = self.at(self.frame.project_xy(np.array([lon_lat])))[0].tolist()
        return x, y


def _rings(shape: Any, *, holes: bool = True) -> Iterator[list[tuple[float, float]]]:
    for part in shapely.get_parts(shape):
        for ring in (part.exterior, *(part.interiors if holes else ())):
            yield [(float(x), float(y)) for x, y in shapely.get_coordinates(ring)]


def _fill(image: Image.Image, draw: ImageDraw.ImageDraw, key: str | None, shape: Any) -> None:
    if key is None:
        return
    paint = paint_of(key)
    for ring in _rings(shape, holes=False):
        draw.polygon(ring, fill=paint["colour"])
        if "hatch" in paint:
            _patterned(image, ring, paint["hatch"], _slants)
        if "dots" in paint:
            style = theme()["dots"][paint["dots"]]
            _patterned(image, ring, style["colour"], partial(_dots, style))


def _patterned(
    image: Image.Image, ring: list[tuple[float, float]], colour: str, draw_all: Pattern
) -> None:
    """Draw a pattern over a polygon; it runs through the picture, so that neighbours are as one."""
    low, high = np.floor(np.min(ring, axis=0)), np.ceil(np.max(ring, axis=0))
    (left, top), (width, height) = low.astype(int), (high - low).astype(int) + 1
    mask = Image.new("1", (int(width), int(height)))
    ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in ring], fill=1)
    drawn = Image.new("1", mask.size)
    draw_all(ImageDraw.Draw(drawn), (int(left), int(top)), mask.size)
    both = Image.fromarray(np.asarray(mask) & np.asarray(drawn))
    image.paste(colour, (int(left), int(top)), both)


def _slants(draw: ImageDraw.ImageDraw, at: tuple[int, int], size: tuple[int, int]) -> None:
    """Rule with slanting lines: not judged is not a colour."""
    (left, top), (width, height) = at, size
    for start in range(-height - _HATCH_STEP, width + _HATCH_STEP, _HATCH_STEP):
        x = start - (left - top) % _HATCH_STEP
        draw.line([(x, 0), (x + height, height)], fill=1, width=2)


def _dots(
    style: Document, draw: ImageDraw.ImageDraw, at: tuple[int, int], size: tuple[int, int]
) -> None:
    """Dot what is low, which grey eyes and grey paper do not tell from what is high."""
    gap, radius = style["gap"] * _DOT_SCALE, style["radius"] * _DOT_SCALE
    (left, top), (width, height) = at, size
    for k in range(int(top // (gap / 2)), int((top + height) // (gap / 2)) + 2):
        y, shift = k * gap / 2 - top, gap / 2 if k % 2 else 0.0
        for m in range(int((left - shift) // gap), int((left + width - shift) // gap) + 2):
            x = m * gap + shift - left
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=1)


def _outline(draw: ImageDraw.ImageDraw, level: str | None, shape: Any) -> None:
    if level is None:
        return
    style = theme()["outline"][level]
    for ring in _rings(shape):
        draw.line(ring, fill=style["colour"], width=round(style["width"]) + 1, joint="curve")
        if style["core"]:
            draw.line(ring, fill=style["core"], width=round(style["core_width"]), joint="curve")


def _circle(draw: ImageDraw.ImageDraw, place: _Place, one: Document) -> None:
    x, y = place.point(one["at"])
    radius = max(one["radius_m"] * place.px_per_m, 9.0)
    box, ink = (x - radius, y - radius, x + radius, y + radius), theme()["paper"]["ink"]
    for start in range(0, 360, 20):
        draw.arc(box, start, start + 12, fill=ink, width=4 if one.get("is_new") else 2)
    if "rank" in one:
        label = str(one["rank"])
        draw.text((x, y), label, fill=ink, font=_face(26, bold=True), anchor="mm")


def _words(draw: ImageDraw.ImageDraw, answer: Document, title: str, locale: str) -> None:
    paper, lang = theme()["paper"], language(locale)
    window = answer["window"]
    draw.text((_MARGIN, 34), title, fill=paper["ink"], font=_face(40, bold=True))
    period = f"{window['since']} – {window['until']}"
    draw.text((_MARGIN, 88), period, fill=paper["muted"], font=_face(24))
    x, y = WIDTH - _SIDE, _HEAD + _MARGIN
    drawn = {row["paint"] for row in answer["rows"]}
    for kind in ("ratio", "gi", "volume", "pattern", "cluster"):
        entries = theme()[kind]["classes"]
        if drawn & {entry["key"] for entry in entries}:
            for entry in reversed(entries):
                y = _key(draw, x, y, entry, lang)
    for name, entry in theme()["unjudged"].items():
        if name in drawn:
            y = _key(draw, x, y, entry, lang)
    for level in ("double", "solid"):
        if any(row["outline"] == level for row in answer["rows"]):
            style = theme()["outline"][level]
            line = [(x, y + 14), (x + 46, y + 14)]
            draw.line(line, fill=style["colour"], width=round(style["width"]) + 2)
            if style["core"]:
                draw.line(line, fill=style["core"], width=2)
            draw.text((x + 62, y), style[lang], fill=paper["ink"], font=_face(22))
            y += 36
    y += 20
    for note in answer["notes"]:
        for line in fonts.wrapped(note["text"], 19, _SIDE - _MARGIN):
            if y > HEIGHT - 60:
                return
            draw.text((x, y), line, fill=paper["muted"], font=_face(19))
            y += 26
        y += 6


def _key(draw: ImageDraw.ImageDraw, x: int, y: int, entry: Document, lang: str) -> int:
    paper = theme()["paper"]
    draw.rectangle((x, y, x + 46, y + 28), fill=entry["colour"], outline=paper["rule"])
    if "dots" in entry:
        style = theme()["dots"][entry["dots"]]
        box = Image.new("1", (45, 27))
        _dots(style, ImageDraw.Draw(box), (0, 0), box.size)
        draw.bitmap((x + 1, y + 1), box, fill=style["colour"])
    if entry.get("hatch"):
        for start in range(-28, 46, _HATCH_STEP):
            low, high = max(start, 0), min(start + 28, 46)
            ends = [(x + low, y + low - start), (x + high, y + high - start)]
            draw.line(ends, fill=entry["hatch"], width=2)
    draw.text((x + 62, y), f"{entry['sign']}  {entry[lang]}", fill=paper["ink"], font=_face(22))
    return y + 36


def _scale(draw: ImageDraw.ImageDraw, place: _Place) -> None:
    paper, most = theme()["paper"], 260 / place.px_per_m
    size = 10 ** int(np.floor(np.log10(most)))
    metres = max(one * size for one in _NICE_M if one * size <= most)
    x, y = _MARGIN, HEIGHT - 34
    draw.line([(x, y), (x + metres * place.px_per_m, y)], fill=paper["ink"], width=4)
    said = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres} m"
    draw.text((x, y - 30), said, fill=paper["ink"], font=_face(20))


@cache
def _face(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    weight = "Bold" if bold else "Regular"
    return ImageFont.truetype(str(FONTS / f"NotoSansSC-{weight}.ttf"), size)
