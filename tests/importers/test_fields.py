import pytest

from importers.fields import MissingField, UnknownField, declare, match, translate


def test_headings_are_known_in_chinese_and_in_english():
    found = match("outlines", ["网格编码", "网格名称", "PARENT_CODE", "备注"])
    assert found == {"code": "网格编码", "name": "网格名称", "parent": "PARENT_CODE"}


def test_what_the_sender_declares_wins_over_what_is_known():
    found = match("units", ["编码", "LSOA11CD", "名称"], declare(["code=LSOA11CD"]))
    assert found == {"code": "LSOA11CD", "name": "名称"}


def test_a_declared_heading_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UnknownField) as told:
        match("units", ["编码", "名称"], declare(["code=代码"]))
    assert "编码, 名称" in told.value.message
    with pytest.raises(UnknownField, match="ours=theirs"):
        declare(["code"])
    with pytest.raises(UnknownField, match="have no field colour"):
        match("units", ["编码"], declare(["colour=编码"]))


def test_a_field_that_cannot_be_done_without_is_asked_for():
    with pytest.raises(MissingField, match="--field device_id=HEADING"):
        match("cameras", ["名称", "经度", "纬度"])


def test_a_file_of_columns_and_values_is_declared_in_one(tmp_path):
    path = tmp_path / "columns.toml"
    path.write_text('[fields]\nkind = "用途"\n[values.kind]\n"机关" = "exclusive"\n', "utf-8")
    declared = declare(["code=编号"], path)
    assert match("outlines", ["编号", "用途"], declared) == {"code": "编号", "kind": "用途"}
    assert translate("outlines", "kind", "机关", declared) == "exclusive"
    assert translate("outlines", "kind", "专属网格", declared) == "exclusive"
    assert translate("outlines", "kind", "别的", declared) == "别的"
