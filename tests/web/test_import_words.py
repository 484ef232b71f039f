"""What is said of rows that are refused: on a terminal in brief, on screens in any language."""

from __future__ import annotations

import pytest
from flask_babel import gettext
from rich.console import Console

from grids.errors import BadValue
from importers.report import ImportReport, RefusedField
from importers.row_problems import (
    DaysReversed,
    Empty,
    HeldBack,
    NotAChoice,
    NothingLeft,
    ParentUnknown,
    Repeated,
    RowProblem,
    SpoiledCode,
)
from web.cli.imports import account
from web.import_words import row_detail, wording
from web.locale import speaking


def said(report, dry_run=False):
    console = Console(width=400, record=True, quiet=False, file=None, force_terminal=False)
    with console.capture() as captured:
        account(report, dry_run)(console)
    return captured.get()


def test_rows_without_a_fault_of_their_own_are_one_line():
    report = ImportReport("grids", read=2110)
    for row in range(1, 2110):
        report.refuse(row, None, HeldBack())
    report.refuse(2110, "code", Repeated(given="0012", at=874))
    lines = said(report).splitlines()
    assert len(lines) == 3
    assert "row 2110" in lines[1]
    assert "2,109 rows" in lines[2]


def test_long_lists_are_counted_and_their_first_entries_shown():
    report = ImportReport("grids")
    units = [{"id": f"g{k}", "moved_m": k / 2} for k in range(5700)]
    report.note("coverage.moved", n=5700, units=units)
    for row in range(40):
        report.note("outline.mended", row=row, reason="Self-intersection")
    report.note("published", publication=1)
    lines = said(report, dry_run=True).splitlines()
    assert "dry run" in lines[0]
    assert "units 5,700 (g0 0.0; g1 0.5; g2 1.0; ...)" in lines[1]
    assert "37 more outline.mended" in lines[5]
    assert lines[6] == "  note published: publication 1"


def told(kind, field, problem):
    return row_detail(kind, RefusedField(2, field, problem).as_told())


CHINESE = [
    ("grids", "parent", ParentUnknown(unit_level="village", given="V-9"), "没有村 V-9：请先导入。"),
    ("duties", "to", DaysReversed(field="to", first_field="from"),
     "“结束日期”早于“开始日期”，或者没有填写“开始日期”。"),
    ("duties", "rank", NotAChoice(given="书记", choices="primary, desk"),
     "“书记”不在可选范围：网格员、值班。"),
    ("units", "outline", NothingLeft(geometry_fault="Self-intersection", place="[99.1 25.2]"),
     "修正后什么也不剩：边界自相交[99.1 25.2]。"),
    ("incidents", "place", BadValue(field="place", given="甲", reason="holds a NUL character"),
     "地点：'甲' 不符合要求：含有空字符"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "field", "problem", "said"), CHINESE)
def test_in_chinese_fields_choices_and_levels_are_called_by_chinese_words(
    kind, field, problem, said
):
    with speaking("zh"):
        chinese = told(kind, field, problem)
    with speaking("en"):
        assert told(kind, field, problem) == problem.message
    assert chinese == said


def test_no_problem_of_a_row_is_left_without_a_chinese_sentence():
    for problem in RowProblem.__subclasses__():
        with speaking("zh"):
            assert gettext(problem.sentence) != problem.sentence


def test_a_fault_in_a_chinese_file_is_led_by_its_field_once():
    spoiled = RefusedField(2, "key", SpoiledCode())
    empty = RefusedField(2, "name", Empty(field="name"))
    with speaking("zh"):
        assert wording("people")([spoiled, empty]).startswith("工号：编码被表格软件当成数字")
        assert wording("people")([empty]) == "“姓名”没有填写。"
    with speaking("en"):
        assert wording("people")([empty]) == "name: name is empty."
