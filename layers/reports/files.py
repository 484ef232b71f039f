"""A report as a file: HTML, DOCX, XLSX or PDF; equal pages are equal bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from importlib.resources import as_file, files
from io import BytesIO
from pathlib import Path

import xlsxwriter
from jinja2.sandbox import SandboxedEnvironment

from geo.errors import Refusal
from layers.print import fonts
from layers.print.ink import Ink, accent, ink, muted
from layers.print.paper import MM, PAPERS, Box
from layers.print.tables import Column, rows_that_fit, table
from layers.reports.page import Page, Table, word

# Where in the program's home a county's own templates lie.
OWN = "reports"
# The oldest moment that an archive can name: what is inside has no other.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MARGIN = 15 * MM
_TEXT = 8.0


class UnknownReportFormat(Refusal):
    """An extension that no report is written under."""

    code = "report.format"
    sentence = "{given}: give one of {formats}."


class BadTemplate(Refusal):
    """A template of the house's own that cannot be filled in."""

    code = "report.template"
    sentence = "The template {file} cannot be filled in: {reason}"


def write(page: Page, extension: str, templates: Path | None = None) -> bytes:
    """Return a report's file.

    Parameters
    ----------
    extension
        html, docx, xlsx or pdf.
    templates
        A folder with own DOCX templates, such as `daily.docx`; the shipped one fills in.

    Raises
    ------
    UnknownReportFormat, BadTemplate
    """
    if extension not in WRITERS:
        raise UnknownReportFormat(given=extension, formats=" ".join(WRITERS))
    if extension == "docx":
        return _docx(page, templates)
    return WRITERS[extension](page)


def _html(page: Page) -> bytes:
    parts = [
        f"<h1>{escape(page.title)}</h1>",
        f"<p class=sub>{escape(page.name)}　{escape(page.period)}</p>",
        *(f"<p>{escape(line)}</p>" for line in page.lead),
    ]
    for one in page.tables:
        parts.append(f"<h2>{escape(one.heading)}</h2>")
        if not one.rows:
            parts.append(f"<p>{escape(one.empty)}</p>")
            continue
        heads = "".join(f"<th>{escape(column)}</th>" for column in one.columns)
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{escape(said)}</td>" if isinstance(cell, str) else f"<td class=n>{said}</td>"
                for cell, said in zip(cells, shown, strict=True)
            )
            + "</tr>"
            for cells, shown in zip(one.rows, one.shown(), strict=True)
        )
        parts.append(f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>")
    parts.append(f"<h2>{escape(page.notes_heading)}</h2>")
    parts += [f"<p class=note>{escape(note)}</p>" for note in (page.known, *page.notes)]
    parts.append(f"<footer>{escape(page.watermark)}</footer>")
    style = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    body = "\n".join(parts)
    title = escape(f"{page.title} {page.name} {page.period}")
    return (
        f'<!doctype html>\n<html lang="{page.locale}"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{style}</style></head><body>\n{body}\n</body></html>\n"
    ).encode()


def _docx(page: Page, templates: Path | None) -> bytes:
    own = templates / f"{page.figures['kind']}.docx" if templates else None
    if own is not None and own.is_file():
        return _filled(own, page)
    with as_file(files(__package__) / "report.docx") as shipped:
        return _filled(shipped, page)


def _filled(template: Path, page: Page) -> bytes:
    from docxtpl import DocxTemplate  # noqa: PLC0415  docx takes 0.1 s to import

    out = BytesIO()
    try:
        document = DocxTemplate(template)
        # A template is the house's, and still not a program.
        document.render(_context(page), SandboxedEnvironment(autoescape=True))
        document.save(out)
    except Exception as error:  # whatever a file that a person made can be wrong in
        raise BadTemplate(file=template.name, reason=str(error) or type(error).__name__) from error
    return _same_bytes(out.getvalue())


def _context(page: Page) -> dict[str, object]:
    """Return what a template can name."""
    return {
        "title": page.title,
        "name": page.name,
        "period": page.period,
        "known": page.known,
        "lead": list(page.lead),
        "tables": [
            {
                "key": one.key,
                "heading": one.heading,
                "columns": list(one.columns),
                "rows": one.shown(),
                "empty": one.empty,
            }
            for one in page.tables
        ],
        "notes_heading": page.notes_heading,
        "notes": list(page.notes),
        "watermark": page.watermark,
        "figures": page.figures,
    }


def _xlsx(page: Page) -> bytes:
    out = BytesIO()
    # Strings are written as strings: what begins with = stays what somebody wrote.
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": page.title, "created": _naive(page.made_at)})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        numbers = {
            n: book.add_format({"num_format": f"#,##0{'.' * bool(n)}{'0' * n}"}) for n in range(5)
        }
        first = book.add_worksheet(word("summary", page.locale))
        lines = [page.title, page.name, page.period, *page.lead, page.known, *page.notes]
        for i, line in enumerate([*lines, page.watermark]):
            first.write_string(i, 0, line)
        first.set_column(0, 0, 60)
        _sheet(first, page.tables[0], len(lines) + 2, bold, numbers)
        for one in page.tables[1:]:
            sheet = book.add_worksheet(one.heading[:31])
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, 0, 24)
            sheet.set_column(1, len(one.columns), 14)
            _sheet(sheet, one, 0, bold, numbers)
            sheet.write_string(len(one.rows) + 2, 0, page.watermark)
    return _same_bytes(out.getvalue())


def _sheet(
    sheet: xlsxwriter.worksheet.Worksheet,
    one: Table,
    top: int,
    bold: xlsxwriter.format.Format,
    numbers: Mapping[int, xlsxwriter.format.Format],
) -> None:
    for j, heading in enumerate(one.columns):
        sheet.write_string(top, j, heading, bold)
    for i, row in enumerate(one.rows, start=top + 1):
        for j, cell in enumerate(row):
            if isinstance(cell, int | float):
                sheet.write_number(i, j, cell, numbers[one.decimals[j]])
            elif cell is not None:
                sheet.write_string(i, j, cell)
    if not one.rows:
        sheet.write_string(top + 1, 0, one.empty)


def _pdf(page: Page) -> bytes:
    size = (PAPERS["A4"][0] * MM, PAPERS["A4"][1] * MM)
    wide = (size[1], size[0])
    paper = Ink(wide, title=page.title, subject=f"{page.name} {page.period}", same=True)
    sheet = _Sheet(paper, page, wide)
    sheet.line(page.title, 17, bold=True, colour=accent())
    sheet.line(f"{page.name}　{page.period}", 10, colour=muted())
    for said in page.lead:
        sheet.paragraph(said, 9.5)
    for one in page.tables:
        sheet.table(one)
    sheet.line(page.notes_heading, 11, bold=True)
    for note in (page.known, *page.notes):
        sheet.paragraph(note, 8.5, colour=muted())
    sheet.finish()
    return paper.pdf()


class _Sheet:
    """A page being filled from its upper edge, and the next when it is full."""

    def __init__(self, paper: Ink, page: Page, size: tuple[float, float]) -> None:
        self._paper, self._page = paper, page
        self._room = Box(_MARGIN, _MARGIN + 14, size[0] - _MARGIN, size[1] - _MARGIN)
        self._y = self._room.north
        self._number = 1

    def line(
        self, said: str, size: float, *, bold: bool = False, colour: str | None = None
    ) -> None:
        """Write one line, with room above it."""
        self._need(size * 4)
        self._y -= size * 1.5
        self._paper.text(self._room.west, self._y, said, size, bold=bold, colour=colour or ink())
        self._y -= size * 0.4

    def paragraph(self, said: str, size: float, *, colour: str | None = None) -> None:
        """Write wrapped text."""
        for one in fonts.wrapped(said, size, self._room.width):
            self._need(size * 1.6)
            self._y -= size * 1.5
            self._paper.text(self._room.west, self._y, one, size, colour=colour or ink())

    def table(self, one: Table) -> None:
        """Write a table over as many pages as it takes."""
        self.line(one.heading, 11, bold=True)
        if not one.rows:
            self.paragraph(one.empty, 9)
            return
        columns = [
            Column(heading, _share_of(one, j), "start" if _is_text(one, j) else "end")
            for j, heading in enumerate(one.columns)
        ]
        rows = one.shown()
        while rows:
            fits = rows_that_fit(self._y - self._room.south, _TEXT)
            if fits < min(3, len(rows)):
                self._turn()
                continue
            box = Box(self._room.west, self._room.south, self._room.east, self._y)
            self._y = table(self._paper, box, columns, rows[:fits], _TEXT) - 4
            rows = rows[fits:]

    def finish(self) -> None:
        """Write the foot of the last page."""
        foot = word("page", self._page.locale, number=self._number)
        y = _MARGIN
        self._paper.text(self._room.west, y, self._page.watermark, 7, colour=muted())
        self._paper.text(self._room.east, y, foot, 7, colour=muted(), anchor="end")

    def _need(self, height: float) -> None:
        if self._y - height < self._room.south:
            self._turn()

    def _turn(self) -> None:
        self.finish()
        self._paper.next_page()
        self._number += 1
        self._y = self._room.north


def _is_text(one: Table, column: int) -> bool:
    return any(isinstance(row[column], str) for row in one.rows)


def _share_of(one: Table, column: int) -> float:
    """Return how much of the width a column takes: as its longest text, within bounds."""
    longest = max(fonts.width(row[column], 1.0) for row in one.shown())
    return min(max(longest, fonts.width(one.columns[column], 1.0) * 0.9, 2.5), 24.0) + 1.0


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _same_bytes(archive: bytes) -> bytes:
    """Return an archive of Office without the moments in which its members were written."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(archive)) as given, zipfile.ZipFile(out, "w") as made:
        for name in given.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            made.writestr(entry, given.read(name))
    return out.getvalue()


WRITERS: Mapping[str, Callable[[Page], bytes]] = {
    "html": _html,
    "docx": lambda page: _docx(page, None),
    "xlsx": _xlsx,
    "pdf": _pdf,
}
