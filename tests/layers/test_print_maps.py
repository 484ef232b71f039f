"""Whole documents from a county of squares: what is written, where, and what is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from grids.access import everyone
from grids.errors import NotFound, NothingPublished
from grids.model import Role
from layers.print import ink
from layers.print.book import map_book
from layers.print.card import grid_card
from layers.print.imprint import Imprint
from layers.print.land import WrongLevel
from layers.print.wall import wall_map
from layers.print.words import words
from tests.factories import COUNTY, TOWNSHIP, Make

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
IMPRINT = Imprint("zh-CN", NOW, "http://10.20.0.5:8000/", "云S(2026)012号", "县综治中心")


@pytest.fixture
def make(conn) -> Make:
    return Make(conn)


@dataclass(frozen=True)
class Written:
    """A line of text as it was put on a page."""

    page: int
    said: str
    x: float
    y: float
    width: float
    size: float


@pytest.fixture
def written(monkeypatch) -> list[Written]:
    """Everything that documents of this test write, with its place."""
    lines: list[Written] = []
    write, turn = ink.Ink.text, ink.Ink.next_page
    pages = {}

    def note(self, x, y, said, size, *, anchor="start", **more):
        width = write(self, x, y, said, size, anchor=anchor, **more)
        left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
        lines.append(Written(pages.get(id(self), 1), said, left, y, width, size))
        return width

    def count(self):
        pages[id(self)] = pages.get(id(self), 1) + 1
        turn(self)

    monkeypatch.setattr(ink.Ink, "text", note)
    monkeypatch.setattr(ink.Ink, "next_page", count)
    return lines


def said(written: list[Written]) -> str:
    return "\n".join(line.said for line in written)


def assert_on_paper(written: list[Written], width_mm: float, height_mm: float) -> None:
    for line in written:
        assert line.x >= 0, line
        assert line.x + line.width <= width_mm * 72 / 25.4 + 0.01, line
        assert 0 <= line.y <= height_mm * 72 / 25.4 - line.size * 0.7, line


@pytest.fixture
def village(make):
    """Four grids, one of them with a worker, one with a rare name."""
    first, second, *others = make.grids(2, 2, subgroups=3)
    make.duty(first.code, "primary", name="李网格")
    make.duty(second.code, "primary", name="王邻居")
    make.duty(f"{first.code}02", "informant", name="赵小组")
    name = "UPDATE unit SET name = :name WHERE code = :code"
    make.conn.execute(text(name), {"name": "耈街第一网格", "code": first.code})
    return [first, second, *others]


def test_a_card_says_who_is_responsible_and_who_lives_beyond_the_border(conn, village, written):
    first = village[0]
    printed = grid_card(conn, everyone(), first.code, IMPRINT)
    assert printed.pdf.startswith(b"%PDF-")
    assert (printed.n_pages, printed.n_people, printed.missing) == (1, 3, ())
    text_of = said(written)
    for wanted in ("耈街第一网格", first.code, "李网格", "王邻居", "赵小组", "138****5678"):
        assert wanted in text_of
    assert "网格界线仅供管理使用，不作为划界依据" in text_of
    assert "审图号：云S(2026)012号" in text_of
    assert "边界第 1 版" in text_of
    assert_on_paper(written, 210, 297)


def test_every_face_in_a_document_is_embedded(conn, village):
    pdf = grid_card(conn, everyone(), village[0].code, IMPRINT).pdf
    assert pdf.count(b"/FontFile2") == pdf.count(b"/Type /FontDescriptor") > 0
    assert b"Helvetica" not in pdf


def test_who_may_not_see_workers_gets_a_card_without_them(conn, make, village, written):
    viewer = make.viewer(Role.AUDITOR)
    printed = grid_card(conn, viewer, village[0].code, IMPRINT)
    assert printed.n_people == 0
    for hidden in ("李网格", "王邻居", "赵小组", "138****"):
        assert hidden not in said(written)
    assert "按权限不显示" in said(written)


def test_an_unknown_character_is_shown_and_listed(conn, village, written):
    strange = "\U00030000"
    conn.execute(text("UPDATE person SET name = :n WHERE name = '李网格'"), {"n": f"李{strange}"})
    printed = grid_card(conn, everyone(), village[0].code, IMPRINT)
    assert printed.missing == (strange,)
    assert "U+30000" in said(written)


def test_the_invented_county_says_so(conn, village, written):
    conn.execute(
        text(
            "INSERT INTO import_batch (kind, file_name, sha256, report)"
            " VALUES ('demo', 'wangge demo', '', '{}')"
        )
    )
    wall_map(conn, everyone(), TOWNSHIP, IMPRINT, paper="A3")
    assert "示意边界" in said(written)
    assert "不作为划界依据" not in said(written)


def test_a_card_with_many_subgroups_and_neighbours_goes_on_another_page(conn, make, written):
    grid, *_ = make.grids(1, 1, subgroups=70)
    printed = grid_card(conn, everyone(), grid.code, IMPRINT)
    assert printed.n_pages > 1
    assert max(line.page for line in written) == printed.n_pages
    names = [line.said for line in written]
    assert all(str(k) in names for k in range(1, 71))
    assert_on_paper(written, 210, 297)


def test_a_book_has_a_page_for_each_village_and_refers_to_it(conn, make, written):
    make.grids(2, 2, village=TOWNSHIP + "001")
    make.grids(2, 3, village=TOWNSHIP + "002", east_by=2)
    seen: list[tuple[int, int]] = []
    printed = map_book(
        conn,
        everyone(),
        TOWNSHIP,
        IMPRINT,
        progress=lambda done, total, stage: seen.append((done, total)),
    )
    assert printed.n_pages == 5  # cover, index sheet, two villages, index of grids
    assert seen == [(0, 2), (1, 2), (2, 2)]
    pages = {n: said([line for line in written if line.page == n]) for n in range(1, 6)}
    assert "village 001" in pages[3]
    assert "见第 4 页" in pages[3]
    assert "village 002" in pages[4]
    assert "见第 3 页" in pages[4]
    for page in range(2, 6):
        assert f"第 {page} 页，共 5 页" in pages[page]
    assert pages[5].count(TOWNSHIP) == 10
    assert_on_paper(written, 210, 297)


@pytest.mark.parametrize(("paper", "size"), [("A3", (420, 297)), ("A1", (841, 594))])
def test_a_wall_map_names_every_grid_and_nobody(conn, make, village, written, paper, size):
    printed = wall_map(conn, everyone(), TOWNSHIP, IMPRINT, paper=paper)
    assert (printed.n_people, printed.unplaced) == (0, ())
    shown = [line.said for line in written]
    assert all(any(name.endswith(f"{k:03d}") for name in shown) for k in (2, 3, 4))
    assert "李网格" not in said(written)
    widest = max(line.x + line.width for line in written)
    across = size if widest > size[1] * 72 / 25.4 else size[::-1]
    assert_on_paper(written, *across)


def test_free_land_is_explained(conn, make, written):
    make.grids(2, 2, free=(3,))
    wall_map(conn, everyone(), TOWNSHIP, IMPRINT, paper="A3")
    assert "未划入网格" in said(written)


def test_a_past_publication_is_printed_as_it_was(conn, make, village, written):
    conn.execute(
        text(
            "INSERT INTO publication (number, base, at, in_force_from, n_changed, digest)"
            " VALUES (2, 1, now() + interval '1 s', now() + interval '1 s', 1, '')"
        )
    )
    gone = village[1].code
    for table, column in (("cell_version", "grid_code"), ("unit_outline", "unit_code")):
        conn.execute(
            text(
                f"UPDATE {table} SET valid = tstzrange(lower(valid), now() + interval '1 s')"
                f" WHERE {column} LIKE :code"
            ),
            {"code": f"{gone}%"},
        )
    with pytest.raises(NotFound):
        grid_card(conn, everyone(), gone, IMPRINT)
    assert grid_card(conn, everyone(), gone, IMPRINT, on=1).publication == 1
    assert "历史版本" in said(written)


def test_what_is_not_there_is_refused(conn, make, village):
    with pytest.raises(WrongLevel):
        grid_card(conn, everyone(), TOWNSHIP, IMPRINT)
    with pytest.raises(WrongLevel):
        map_book(conn, everyone(), COUNTY, IMPRINT)
    with pytest.raises(NotFound):
        wall_map(conn, everyone(), COUNTY + "999", IMPRINT)
    with pytest.raises(NotFound):
        grid_card(conn, everyone(), village[0].code, IMPRINT, on=7)
    with pytest.raises(NotFound):
        grid_card(conn, make.viewer(scope=COUNTY + "102"), village[0].code, IMPRINT)


def test_nothing_is_printed_before_the_first_publication(conn):
    with pytest.raises(NothingPublished):
        wall_map(conn, everyone(), COUNTY, IMPRINT)


def test_everything_is_said_in_both_languages(conn, village, written):
    assert all(all(pair.values()) for pair in words().values())
    english = Imprint("en", NOW)
    for draw, code in ((grid_card, village[0].code), (map_book, TOWNSHIP), (wall_map, TOWNSHIP)):
        draw(conn, everyone(), code, english)
    assert not any(
        "一" <= sign <= "鿿" for sign in said(written) if sign not in "耈街第一网格李王邻居赵小组"
    )
