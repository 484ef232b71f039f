"""Tables from CSV and XLSX."""

import pytest
import xlsxwriter

from importers.table import UnreadableTable, decode, is_spoiled_code, read_table


def test_a_gbk_file_reads_the_same_as_its_utf8_twin(real_data):
    folder = real_data / "changning_cn"
    gbk = read_table(folder / "villages_530524_gbk.csv")
    utf8 = read_table(folder / "villages_530524.csv")
    assert gbk.encoding == "gb18030"
    assert utf8.encoding == "utf-8-sig"
    assert gbk.columns == utf8.columns
    assert len(gbk) == 124


def test_ideographs_outside_gbk_survive(tmp_path):
    file = tmp_path / "names.csv"
    file.write_bytes("code,name\n1,𠮷田耈街\n".encode("gb18030"))
    assert read_table(file).text("name") == ["𠮷田耈街"]


def test_a_given_encoding_that_does_not_fit_is_refused(tmp_path):
    file = tmp_path / "t.csv"
    file.write_bytes("code,name\n1,昌宁\n".encode("gbk"))
    with pytest.raises(UnreadableTable):
        read_table(file, encoding="utf-8")


def test_the_heading_row_of_a_workbook_is_found_below_its_title(tmp_path):
    file = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 2, "网格员花名册")
        sheet.write_row(2, 0, ["姓名", "网格编码", "电话"])
        sheet.write_row(3, 0, ["甲", "530524101001001", "13800000000"])
        sheet.write_row(5, 0, ["乙", 53052410100100101, "13800000001"])
    table = read_table(file, known=["姓名", "网格编码"])
    assert table.text("姓名") == ["甲", "乙"]
    assert table.row_numbers == [4, 6]
    assert [is_spoiled_code(v) for v in table.columns["网格编码"]] == [False, True]


def test_a_file_of_another_kind_is_refused(tmp_path):
    file = tmp_path / "photo.png"
    file.write_bytes(b"\x89PNG")
    with pytest.raises(UnreadableTable):
        read_table(file)


def test_a_workbook_that_is_none_is_refused(tmp_path):
    file = tmp_path / "t.xlsx"
    file.write_bytes(b"not a zip")
    with pytest.raises(UnreadableTable):
        read_table(file)


def test_bytes_that_are_no_encoding_still_come_back_as_text():
    text, encoding = decode(b"\x81\x20\xff")
    assert encoding in ("cp1252", "latin-1")
    assert len(text) == 3
