"""Reports say the same whenever they are made again, in four formats that carry no formula."""

import zipfile
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import openpyxl
import pytest
from docx import Document
from sqlalchemy import text

from grids import kept_reports
from grids.access import everyone
from grids.model import Role, Viewer
from layers.reports import figures
from layers.reports.files import WRITERS, BadTemplate, UnknownReportFormat, write
from layers.reports.page import Copy, page_of
from tests.factories import COUNTY, TOWNSHIP, Make
from tests.grids.test_board import county, day, report  # noqa: F401 - fixtures

NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)
ON = date(2026, 6, 29)
COPY = Copy("李主任", date(2026, 6, 30), "AB12CD34EF")
VIEWER = everyone(scope=COUNTY)


@pytest.fixture
def make(conn):
    """The rows of a database, where this folder's own `make` draws squares."""
    return Make(conn)


@pytest.fixture
def weekly(conn, county, report):  # noqa: F811
    """A week with three events, one of them with a name that a spreadsheet would run."""
    conn.execute(text("UPDATE matter SET name = '=1+1' WHERE code = '0301'"))
    report(county[0], day(24), "accept", "start", "resolve", "verify", "close")
    report(county[0], day(25))
    report(county[4], day(26), matter="0301")
    report(county[4], day(18))
    return figures.get(conn, VIEWER, "weekly", ON, NOW)


def test_a_report_of_a_past_day_keeps_its_figures(conn, weekly, county, report):  # noqa: F811
    assert weekly.final
    assert (weekly.figures["counts"]["valid"], weekly.figures["before"]["n"]) == (3, 1)
    report(county[0], day(27))
    conn.execute(text("UPDATE incident SET step = 'rejected'"))
    again = figures.get(conn, VIEWER, "weekly", ON, NOW + timedelta(days=3))
    assert again == weekly
    pages = [page_of(one, COPY, "zh-CN") for one in (weekly, again)]
    for extension in WRITERS:
        first, second = (write(page, extension) for page in pages)
        assert first == second, extension
    listed = kept_reports.list_kept(conn, VIEWER)
    assert [(one.kind, one.on, one.digest) for one in listed] == [("weekly", ON, weekly.digest)]


def test_a_day_that_still_runs_is_not_kept(conn, county, report):  # noqa: F811
    report(county[0], day(30))
    first = figures.get(conn, VIEWER, "daily", date(2026, 6, 30), NOW)
    assert not first.final
    report(county[1], day(30))
    second = figures.get(conn, VIEWER, "daily", date(2026, 6, 30), NOW)
    assert [one.figures["counts"]["valid"] for one in (first, second)] == [1, 2]
    assert kept_reports.list_kept(conn, VIEWER) == []
    assert "不留存" in page_of(first, COPY, "zh-CN").known


@pytest.mark.parametrize(("locale", "said"), [("zh-CN", "有效（件）"), ("en", "Collected")])
def test_every_format_says_the_figures_the_notes_and_who_took_it(weekly, locale, said):
    page = page_of(weekly, COPY, locale)
    html = write(page, "html").decode()
    for expected in (said, page.title, *page.lead, *page.notes, COPY.serial, "李主任"):
        assert expected in html
    word = Document(BytesIO(write(page, "docx")))
    assert [p.text for p in word.paragraphs][:2] == [page.title, f"{page.name}　{page.period}"]
    assert COPY.serial in word.sections[0].footer.paragraphs[0].text
    units = next(one for one in page.tables if one.key == "units")
    grid = next(t for t in word.tables if t.cell(0, 0).text == units.columns[0])
    assert [c.text for c in grid.rows[0].cells] == list(units.columns)
    assert [[c.text for c in row.cells] for row in grid.rows[1:]] == units.shown()
    pdf = write(page, "pdf")
    assert pdf.startswith(b"%PDF")
    assert b"D:2000" in pdf


def test_a_workbook_holds_numbers_and_no_formula(weekly):
    page = page_of(weekly, COPY, "zh-CN")
    book = openpyxl.load_workbook(BytesIO(write(page, "xlsx")))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert [cell for cell in cells if cell.data_type == "f"] == []
    assert "=1+1" in [cell.value for cell in cells]
    units = book["各辖区"]
    assert [cell.value for cell in units[1]][:4] == ["辖区", "编码", "采集（件）", "有效（件）"]
    assert [cell.value for cell in units[2]][1:4] == [TOWNSHIP, 2, 2]


def test_archives_name_no_moment(weekly):
    page = page_of(weekly, COPY, "zh-CN")
    for extension in ("docx", "xlsx"):
        with zipfile.ZipFile(BytesIO(write(page, extension))) as archive:
            assert {one.date_time[0] for one in archive.infolist()} == {1980}


def test_a_house_takes_its_own_template_and_is_told_what_is_wrong_with_it(weekly, tmp_path):
    page = page_of(weekly, COPY, "zh-CN")
    own = Document()
    own.add_paragraph("常宁县办公室　{{ figures.counts.valid }} 件")
    own.save(tmp_path / "weekly.docx")
    made = Document(BytesIO(write(page, "docx", tmp_path)))
    assert made.paragraphs[0].text == "常宁县办公室　3 件"
    own.add_paragraph("{{ figures.")
    own.save(tmp_path / "weekly.docx")
    with pytest.raises(BadTemplate) as refused:
        write(page, "docx", tmp_path)
    assert refused.value.facts["file"] == "weekly.docx"
    with pytest.raises(UnknownReportFormat):
        write(page, "doc")


def test_a_report_lies_behind_the_wall_of_its_territory(conn, weekly, as_web):
    leader = Viewer(None, "leader", Role.LEADER, TOWNSHIP)
    as_web(TOWNSHIP)
    assert kept_reports.list_kept(conn, leader) == []
    own = figures.get(conn, leader, "daily", date(2026, 6, 25), NOW)
    assert (own.area, own.figures["counts"]["valid"]) == (TOWNSHIP, 1)
    assert [one.area for one in kept_reports.list_kept(conn, leader)] == [TOWNSHIP]


def test_a_report_says_what_cannot_be_compared(weekly):
    page = page_of(weekly, COPY, "zh-CN")
    assert any("不可比" in line for line in page.lead)
    units = next(one for one in page.tables if one.key == "units").shown()
    assert units[0][7] == "—"
