"""What is drawn on a page: text in two faces, lines, areas, and the page itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import segno
import shapely
from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from geo.lattice import Geometries
from layers.print import fonts
from layers.print.paper import Box
from layers.styles import theme

# Streams as bytes, not as text for mail: a fifth smaller, and written in half the time.
rl_config.useA85 = 0

Anchor = Literal["start", "middle", "end"]

# Of the height of a Chinese character, what lies below the baseline.
_DESCENT = 0.12
_FILL, _STROKE = 0, 1


@dataclass(frozen=True, slots=True)
class Pen:
    """A line's colour, width in points and dashes in points; `halo` is a white rim's width."""

    colour: str
    width: float
    dash: tuple[float, ...] = ()
    halo: float = 0.0


class Ink:
    """A PDF being drawn, page by page, upright coordinates in points.

    `missing` collects the characters that no face could write. With `same`, equal drawings are
    equal bytes: the document does not name the moment in which it was made.
    """

    def __init__(
        self, size: tuple[float, float], *, title: str, subject: str, same: bool = False
    ) -> None:
        self._out = BytesIO()
        self._canvas = Canvas(
            self._out,
            pagesize=size,
            pageCompression=1,
            initialFontName=fonts.regular(),
            invariant=int(same),
        )
        self._canvas.setTitle(title)
        self._canvas.setSubject(subject)
        self._canvas.setCreator("Wangge")
        self._canvas.setAuthor("Wangge")
        self._canvas.setLineJoin(1)
        self._canvas.setLineCap(1)
        self.size = size
        self.missing: set[str] = set()

    # Pages --------------------------------------------------------------------------------------

    def next_page(self) -> None:
        """End this page and begin another of the same size."""
        self._canvas.showPage()
        self._canvas.setLineJoin(1)
        self._canvas.setLineCap(1)

    def bookmark(self, key: str, title: str, depth: int = 0) -> None:
        """Mark this page for links and for the reader's outline."""
        self._canvas.bookmarkPage(key)
        self._canvas.addOutlineEntry(title, key, depth)

    def link(self, box: Box, key: str) -> None:
        """Let a box lead to a bookmarked page."""
        self._canvas.linkRect("", key, box, relative=1, thickness=0)

    def pdf(self) -> bytes:
        """End the last page and return the document."""
        self._canvas.showPage()
        with fonts.reading:
            self._canvas.save()
        return self._out.getvalue()

    # Text ---------------------------------------------------------------------------------------

    def text(
        self,
        x: float,
        y: float,
        said: str,
        size: float,
        *,
        bold: bool = False,
        colour: str | None = None,
        anchor: Anchor = "start",
        halo: float = 0.0,
    ) -> float:
        """Write a line with its baseline at `y` and return its width."""
        self.missing |= fonts.missing(said)
        wide = fonts.width(said, size, bold)
        x -= {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        if halo:
            self._write(x, y, said, size, bold, mode=_STROKE, colour=_paper(), rim=halo)
        self._write(x, y, said, size, bold, mode=_FILL, colour=colour or ink())
        return wide

    def _write(
        self,
        x: float,
        y: float,
        said: str,
        size: float,
        bold: bool,
        *,
        mode: int,
        colour: str,
        rim: float = 0.0,
    ) -> None:
        if rim:
            self._canvas.setLineWidth(2 * rim)
            self._canvas.setDash()
        line = self._canvas.beginText(x, y)
        line.setTextRenderMode(mode)
        (line.setStrokeColor if mode == _STROKE else line.setFillColor)(HexColor(colour))
        for face, piece in fonts.runs(said, bold):
            line.setFont(face, size)
            line.textOut(piece)
        line.setTextRenderMode(_FILL)  # the mode would outlive this text, unknown to the next one
        self._canvas.drawText(line)

    def lines_in(
        self,
        box: Box,
        said: Sequence[str],
        size: float,
        *,
        bold: bool = False,
        colour: str | None = None,
        halo: float = 0.0,
    ) -> None:
        """Write lines in the middle of a box."""
        x, y = box.centre
        step = box.height / max(len(said), 1) if len(said) > 1 else 0.0
        step = min(step, size * 1.12)
        top = y + step * (len(said) - 1) / 2
        for n, line in enumerate(said):
            baseline = top - n * step - size * (0.5 - _DESCENT)
            self.text(x, baseline, line, size, bold=bold, colour=colour, anchor="middle", halo=halo)

    def paragraph(
        self, x: float, y: float, said: str, size: float, room: float, *, colour: str | None = None
    ) -> float:
        """Write wrapped text downwards from baseline `y`; return the baseline that follows."""
        for line in fonts.wrapped(said, size, room):
            self.text(x, y, line, size, colour=colour)
            y -= size * 1.4
        return y

    # Lines and areas ----------------------------------------------------------------------------

    def stroke(self, lines: Geometries | Iterable[shapely.Geometry], pen: Pen) -> None:
        """Draw lines, or the rings of polygons."""
        path = _path(lines)
        if not path:
            return
        if pen.halo:
            self._pen(Pen(_paper(), pen.width + 2 * pen.halo))
            self._canvas.drawPath(PDFPathObject(code=list(path)))
        self._pen(pen)
        self._canvas.drawPath(PDFPathObject(code=path))

    def fill(
        self, shapes: Geometries | Iterable[shapely.Geometry], colour: str, opacity: float = 1.0
    ) -> None:
        """Fill polygons; holes stay empty."""
        path = _path(shapes)
        if path:
            self._fill_with(colour, opacity)
            self._canvas.drawPath(PDFPathObject(code=path), stroke=0, fill=1, fillMode=0)

    def hatch(self, shapes: Iterable[shapely.Geometry], colour: str, gap: float) -> None:
        """Fill polygons with slanting lines."""
        for shape in shapes:
            west, south, east, north = shape.bounds
            high = north - south
            start, slants = west - high, []
            while start < east:
                slants.append(shapely.LineString([(start, south), (start + high, north)]))
                start += gap
            cut = shapely.intersection(slants, shape)
            self.stroke(cut, Pen(colour, 0.35))

    def line(self, x1: float, y1: float, x2: float, y2: float, pen: Pen) -> None:
        """Draw a straight line."""
        self._pen(pen)
        self._canvas.line(x1, y1, x2, y2)

    def box(self, box: Box, pen: Pen | None = None, fill: str | None = None) -> None:
        """Draw a rectangle."""
        if pen:
            self._pen(pen)
        if fill:
            self._fill_with(fill, 1.0)
        self._canvas.rect(
            box.west, box.south, box.width, box.height, stroke=int(bool(pen)), fill=int(bool(fill))
        )

    @contextmanager
    def clipped(self, box: Box) -> Iterator[None]:
        """Draw only inside a box."""
        self._canvas.saveState()
        frame = self._canvas.beginPath()
        frame.rect(box.west, box.south, box.width, box.height)
        self._canvas.clipPath(frame, stroke=0, fill=0)
        yield
        self._canvas.restoreState()

    def qr(self, box: Box, said: str) -> None:
        """Draw a QR code (error correction M) with its quiet zone inside a box."""
        matrix = segno.make(said, error="m", micro=False).matrix
        n = len(matrix) + 8
        side = min(box.width, box.height) / n
        self._fill_with("#000000", 1.0)
        dots = self._canvas.beginPath()
        for row, line in enumerate(matrix):
            for column, dark in enumerate(line):
                if dark:
                    x = box.west + (column + 4) * side
                    dots.rect(x, box.north - (row + 5) * side, side, side)
        self._canvas.drawPath(dots, stroke=0, fill=1)

    def _pen(self, pen: Pen) -> None:
        self._canvas.setStrokeColor(HexColor(pen.colour))
        self._canvas.setLineWidth(pen.width)
        self._canvas.setDash(list(pen.dash))
        self._canvas.setLineCap(0 if pen.dash else 1)  # round ends would close the gaps

    def _fill_with(self, colour: str, opacity: float) -> None:
        given = HexColor(colour)
        self._canvas.setFillColor(Color(given.red, given.green, given.blue, alpha=opacity))


def ink() -> str:
    """Return the colour of text."""
    return str(theme()["paper"]["ink"])


def muted() -> str:
    """Return the colour of what is read second."""
    return str(theme()["paper"]["muted"])


def rule() -> str:
    """Return the colour of rules in tables."""
    return str(theme()["paper"]["rule"])


def accent() -> str:
    """Return the product's colour."""
    return str(theme()["paper"]["accent"])


def tinted(colour: str, share: float) -> str:
    """Return a colour mixed with white: `share` of it, the rest paper."""
    given = HexColor(colour)
    mixed = (1 - share * (1 - part) for part in (given.red, given.green, given.blue))
    return "#" + "".join(f"{round(255 * part):02x}" for part in mixed)


def _paper() -> str:
    return str(theme()["paper"]["panel"])


def _path(shapes: Geometries | Iterable[shapely.Geometry]) -> list[str]:
    """Return the operators that draw lines, and rings closed, to a hundredth of a point."""
    code: list[str] = []
    for part in _simple(shapes):
        points = shapely.get_coordinates(part).round(2).tolist()
        if len(points) < 2:
            continue
        (x, y), *others = points
        closed = part.geom_type == "LinearRing"
        code.append(f"{x:.7g} {y:.7g} m")
        code.append(" ".join(f"{x:.7g} {y:.7g} l" for x, y in (others[:-1] if closed else others)))
        if closed:
            code.append("h")
    return ["n", *code] if code else []


def _simple(shapes: Geometries | Iterable[shapely.Geometry]) -> Iterator[shapely.Geometry]:
    """Yield the line strings and rings that shapes consist of."""
    for part in shapely.get_parts(list(shapes)):
        if part.geom_type == "Polygon":
            yield part.exterior
            yield from part.interiors
        elif part.geom_type in ("LineString", "LinearRing"):
            yield part
