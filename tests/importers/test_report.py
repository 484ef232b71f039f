import csv

import openpyxl
import pytest

from geo.errors import Refusal
from importers.report import ImportReport
from importers.row_problems import Empty


class BadPhone(Refusal):
    code = "value.bad"
    sentence = "not a phone number"


class NotANumber(Refusal):
    code = "value.bad"
    sentence = "not a number"


class NoPosition(Refusal):
    code = "value.bad"
    sentence = "no position"


def a_report_with_two_refused_rows() -> ImportReport:
    report = ImportReport("households", read=4, taken=1, unchanged=1)
    report.refuse(2, "phone", BadPhone(), {"编号": "0012", "电话": "12"})
    report.refuse(2, "lon", NotANumber())
    report.refuse(4, None, NoPosition(), {"编号": "=cmd|'/c calc'!A0", "电话": "-5"})
    return report


def test_a_row_refused_twice_counts_once():
    report = a_report_with_two_refused_rows()
    assert report.refused == 2
    assert report.is_refused(2)
    assert not report.is_refused(3)


def test_the_answer_begins_with_the_keys_of_the_contract():
    answer = a_report_with_two_refused_rows().as_dict()
    assert list(answer)[:7] == [
        "read", "taken", "unchanged", "refused", "repaired", "unplaced", "refusals",
    ]  # fmt: skip
    assert answer["refusals"][0] == {
        "row": 2,
        "field": "phone",
        "code": "value.bad",
        "message": "not a phone number",
    }


def test_a_fault_is_told_with_its_sentence_and_the_facts_of_it():
    report = ImportReport("households", read=1)
    report.refuse(2, "number", Empty(field="number"))
    assert report.refusals[0].as_told() == {
        "row": 2,
        "field": "number",
        "code": "value.missing",
        "message": "number is empty.",
        "sentence": "{field} is empty.",
        "facts": {"field": "number"},
    }


def test_a_lost_row_is_a_fault_of_the_importer():
    with pytest.raises(AssertionError, match="5 rows read, 4 accounted for"):
        ImportReport("cameras", read=5, taken=4).as_dict()


def test_row_numbers_of_two_files_do_not_meet():
    report = ImportReport("grids", read=2)
    for name in ("a.csv", "b.csv"):
        report.file = name
        report.refuse(1, None, Empty(field="编号"))
    assert report.refused == 2
    assert [refusal["file"] for refusal in report.as_dict()["refusals"]] == ["a.csv", "b.csv"]


def test_rejected_rows_come_back_as_csv_with_their_problem_and_no_formula(tmp_path):
    path = tmp_path / "rejects.csv"
    assert a_report_with_two_refused_rows().write_rejects(path) == 2
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["编号", "电话", "问题"],
        ["0012", "12", "phone: not a phone number; lon: not a number"],
        ["'=cmd|'/c calc'!A0", "-5", "no position"],
    ]


def test_what_is_wrong_with_a_rejected_row_is_worded_by_who_asks(tmp_path):
    path = tmp_path / "rejects.csv"
    a_report_with_two_refused_rows().write_rejects(path, lambda faults: f"{len(faults)} 处")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [row["问题"] for row in csv.DictReader(file)] == ["2 处", "1 处"]


def test_rejected_rows_come_back_as_a_workbook_of_texts(tmp_path):
    path = tmp_path / "rejects.xlsx"
    a_report_with_two_refused_rows().write_rejects(path)
    sheet = openpyxl.load_workbook(path).active
    assert sheet["A2"].value == "0012"
    assert sheet["A3"].data_type == "s"
    assert sheet["C1"].value == "问题"
