import pytest
import shapely
from geoalchemy2.shape import to_shape
from sqlalchemy import select

from grids.access import everyone
from grids.errors import Forbidden
from grids.model import Role, Viewer
from grids.schema import unit, unit_frame
from importers.fields import declare
from importers.options import ImportOptions
from importers.units import LevelMissing, NoParents, import_units
from tests.importers.drawn import frame, write

pytestmark = pytest.mark.usefixtures("in_process")

TOWNSHIPS = "代码,名称,区县名称\n530524101,田园镇,昌宁县\n530524102000,漭水镇,昌宁县\n"


def options(level=None, codes="national", fields=(), datum="cgcs2000"):
    return ImportOptions(level=level, codes=codes, declared=declare(fields), datum=datum)


@pytest.fixture
def take(conn, tmp_path):
    def run(content, settings, name="units.csv", viewer=None):
        path = tmp_path / name
        if isinstance(content, str):
            path.write_text(content, "utf-8")
        else:
            write(content, path)
        return import_units(conn, viewer or everyone(), [path], settings).as_dict()

    return run


def units_of(conn, level):
    rows = conn.execute(
        select(unit.c.code, unit.c.name, unit.c.parent_code, unit.c.source_code)
        .where(unit.c.level == level)
        .order_by(unit.c.code)
    )
    return [tuple(row) for row in rows]


def notes(answer, code):
    return [note for note in answer["notes"] if note["code"] == code]


def test_townships_of_one_county_bring_it_along(conn, take):
    answer = take(TOWNSHIPS, options("township", fields=["code=代码"]))
    assert (answer["read"], answer["taken"]) == (2, 2)
    assert units_of(conn, "county") == [("530524", "昌宁县", None, None)]
    assert units_of(conn, "township") == [
        ("530524101", "田园镇", "530524", None),
        ("530524102", "漭水镇", "530524", None),
    ]
    assert conn.execute(select(unit.c.initials).where(unit.c.code == "530524101")).scalar() == "tyz"


def test_the_same_file_again_changes_nothing_and_a_new_name_is_taken(conn, take):
    settings = options("township", fields=["code=代码"])
    take(TOWNSHIPS, settings)
    again = take(TOWNSHIPS, settings)
    assert (again["taken"], again["unchanged"]) == (0, 2)
    renamed = take(TOWNSHIPS.replace("田园镇", "新园镇"), settings)
    assert (renamed["taken"], renamed["unchanged"]) == (1, 1)
    assert units_of(conn, "township")[0][1] == "新园镇"


def test_a_village_without_its_township_is_refused_and_the_others_are_taken(conn, take):
    take(TOWNSHIPS, options("township", fields=["code=代码"]))
    answer = take(
        "编码,名称\n530524101001,关庙社区\n530524999001,无主村\n53052410,短\n530524101001,又一个\n",
        options("village"),
    )
    assert (answer["read"], answer["taken"], answer["refused"]) == (4, 1, 3)
    assert {(one["row"], one["code"]) for one in answer["refusals"]} == {
        (3, "unit.no_parent"),
        (4, "code.bad"),
        (5, "row.repeated"),
    }


def test_townships_without_a_county_say_what_to_do(take):
    with pytest.raises(NoParents, match="units --level county"):
        take("编码,名称\n530524101,田园镇\n", options("township"))
    with pytest.raises(LevelMissing):
        take("编码,名称\n530524101,田园镇\n", options())


def test_a_code_that_a_spreadsheet_spoiled_is_refused(conn, take, tmp_path):
    import openpyxl  # noqa: PLC0415

    book = openpyxl.Workbook()
    book.active.append(["编码", "名称"])
    book.active.append([53052410100100101, "小组"])
    book.active.append(["530524", "昌宁县"])
    book.save(tmp_path / "x.xlsx")
    report = import_units(conn, everyone(), [tmp_path / "x.xlsx"], options("county"))
    assert report.refusals[0].code == "code.spoiled"
    assert report.as_dict()["taken"] == 1


def test_codes_of_others_are_kept_beside_ours_numbered_west_to_east_in_rows(conn, take):
    townships = frame("township")
    townships["code"] = ["T-a", "T-b"]
    answer = take(townships, options("township", "assign"), "townships.gpkg")
    assert answer["taken"] == 2
    assert units_of(conn, "county") == [("900001", "县", None, None)]
    ours = units_of(conn, "township")
    assert [row[0] for row in ours] == ["900001101", "900001102"]
    assert {row[3] for row in ours} == {"T-a", "T-b"}

    villages = frame("village").drop(columns="code").rename(columns={"name": "名称"})
    answer = take(villages, options("village", "assign"), "villages.gpkg")
    assert answer["taken"] == 3
    by_source = {source: code for code, _, _, source in ours}
    parents = {name: parent for _, name, parent, _ in units_of(conn, "village")}
    assert parents["530524101001号"] == parents["530524101002号"] == by_source["T-a"]
    assert parents["530524102001号"] == by_source["T-b"]
    again = take(villages, options("village", "assign"), "villages.gpkg")
    assert (again["taken"], again["unchanged"]) == (0, 3)


def test_the_parent_may_be_named_by_its_own_or_by_our_code(conn, take):
    townships = frame("township")
    townships["code"] = ["T-a", "T-b"]
    take(townships, options("township", "assign"), "townships.gpkg")
    answer = take(
        "编码,名称,上级编码\nV1,甲村,T-a\nV2,乙村,900001102\nV3,丙村,T-x\n",
        options("village", "assign"),
    )
    assert (answer["taken"], answer["refused"]) == (2, 1)
    assert answer["refusals"][0]["message"] == "There is no township T-x: import it first."


def test_outlines_are_kept_as_frames_and_never_come_into_force(conn, take):
    counties = frame("county")
    touching = shapely.Polygon([(0, 0), (2, 0), (1, 1), (2, 2), (0, 2), (1, 1)])
    counties = counties.set_geometry(
        [shapely.transform(touching, lambda xy: xy * 0.01 + (99.6, 24.8))], crs=counties.crs
    )
    answer = take(counties, options("county"), "county.gpkg")
    assert (answer["taken"], answer["repaired"]) == (1, 1)
    assert notes(answer, "outline.mended")[0]["unit"] == "530524"
    assert notes(answer, "units.multipart")[0]["units"][0]["n_parts"] == 2
    drawn = to_shape(conn.execute(select(unit_frame.c.outline)).scalar_one())
    assert drawn.is_valid
    assert shapely.area(drawn) == pytest.approx(2 * 0.01 * 0.01, rel=1e-6)


def test_a_unit_keeps_its_parent(conn, take):
    take(TOWNSHIPS, options("township", fields=["code=代码"]))
    settings = options("village", "assign")
    take("编码,名称,上级编码\nV1,甲村,530524101\n", settings)
    answer = take("编码,名称,上级编码\nV1,甲村,530524102\n", settings)
    assert [one["code"] for one in answer["refusals"]] == ["unit.moved"]


def test_only_who_may_import_does(take):
    worker = Viewer(None, "somebody", Role.WORKER, "530524")
    with pytest.raises(Forbidden):
        take(TOWNSHIPS, options("township"), viewer=worker)


@pytest.mark.real
def test_the_villages_of_a_real_county_come_in_from_utf8_and_gbk(conn, real_data):
    folder = real_data / "changning_cn"
    towns = options("township", fields=["code=town_code9", "name=town_name"])
    county = options("county", fields=["code=Code_County", "name=Name_County"], datum="wgs84")
    files = [folder / "changning_530524.geojson"]
    assert import_units(conn, everyone(), files, county).as_dict()["taken"] == 1
    files = [folder / "townships_530524.csv"]
    assert import_units(conn, everyone(), files, towns).as_dict()["taken"] == 13
    villages = options("village", fields=["code=village_code12", "name=village_name"])
    files = [folder / "villages_530524.csv"]
    assert import_units(conn, everyone(), files, villages).as_dict()["taken"] == 124
    files = [folder / "villages_530524_gbk.csv"]
    assert import_units(conn, everyone(), files, villages).as_dict()["unchanged"] == 124
