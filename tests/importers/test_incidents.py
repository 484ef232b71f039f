"""Incidents from tables: matters by code, name or a sender's word; the same row is one incident."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.datum import Datum, from_cgcs2000_array
from geo.errors import UndeclaredDatum
from grids import admission, counts, incident_view
from grids.errors import Forbidden
from grids.model import Role
from importers.fields import Declared
from importers.foreign_matters import code_of_word
from importers.incidents import import_incidents
from importers.options import ImportOptions
from layers import exports
from tests.factories import COUNTY
from tests.importers.tables import OPERATOR, codes_of, counts_of, options, rows_of, write

HEADINGS = ["编号", "事项编码", "简述", "经度", "纬度", "定位精度", "发生时间", "状态", "办结时间"]


@pytest.fixture
def take(conn, tmp_path):
    """Write rows to a file and take it in; short rows are filled up with nothing."""

    def take(*rows, headings=HEADINGS, viewer=OPERATOR, name="hotline.csv", **given):
        filled = [[*row, *[""] * (len(headings) - len(row))] for row in rows]
        file = write(tmp_path / name, headings, filled)
        return import_incidents(conn, viewer, file, options(**given))

    return take


def row(key, at=None, *, matter="0201", accuracy="", when="2025-03-01 08:00", step="", end=""):
    lon, lat = (f"{at.lon:.7f}", f"{at.lat:.7f}") if at else ("", "")
    return [key, matter, "路灯不亮", lon, lat, accuracy, when, step, end]


def placed(conn):
    return rows_of(
        conn,
        "SELECT external_id, placement, subgroup_code, territory_code, review FROM incident"
        " ORDER BY external_id",
    )


def test_incidents_are_placed_and_those_without_a_place_wait_in_the_queue(conn, make, take):
    first, _ = make.grids(1, 2, subgroups=2)
    make.matter()
    report = take(
        row("1", make.at(first, 0.25, 0.5), accuracy="10"),
        row("2", make.at(first, 0.999, 0.5), accuracy="30"),
        row("3", make.at(first, -0.5, 0.5)),
        row("4"),
    )
    assert counts_of(report) == {"read": 4, "taken": 4, "unplaced": 2}
    assert placed(conn) == [
        ("1", "inside", first.code + "01", first.code + "01", False),
        ("2", "border", first.code + "02", first.code + "02", True),
        ("3", "outside", None, COUNTY, True),
        ("4", "unplaced", None, COUNTY, True),
    ]
    assert rows_of(conn, "SELECT DISTINCT source FROM incident") == [("hotline",)]


def test_a_file_in_gcj02_lands_where_its_cgcs2000_twin_lands(conn, make, take):
    grids = make.grids(2, 2, subgroups=2)
    make.matter()
    at = [make.at(grid, x, 0.03) for grid in grids for x in (0.02, 0.98)]
    take(*(row(str(k), p) for k, p in enumerate(at)))
    shifted = from_cgcs2000_array([(p.lon, p.lat) for p in at], Datum.GCJ02).tolist()
    report = take(*([str(k), "0201", "", *xy] for k, xy in enumerate(shifted)),
                  name="app.csv", datum="gcj02")  # fmt: skip
    assert report.taken == len(at)
    assert rows_of(
        conn,
        "SELECT count(*) FROM incident AS a JOIN incident AS b USING (external_id, subgroup_code)"
        " WHERE a.source = 'hotline' AND b.source = 'app' AND b.given_datum = 'gcj02'"
        "   AND ST_Distance(a.position, b.position) < 1e-7",
    ) == [(len(at),)]


def test_coordinates_without_a_datum_are_refused(make, take):
    (grid,) = make.grids(1, 1)
    make.matter()
    with pytest.raises(UndeclaredDatum):
        take(row("1", make.centre_of(grid)), datum=None)


def test_the_same_file_again_changes_nothing(conn, make, take):
    (grid,) = make.grids(1, 1)
    make.matter()
    rows = [row("1", make.centre_of(grid)), row("2"), row("", make.centre_of(grid)), row("")]
    assert counts_of(take(*rows)) == {"read": 4, "taken": 4, "unplaced": 2}
    before = rows_of(conn, "SELECT * FROM incident ORDER BY number")
    assert counts_of(take(*rows)) == {"read": 4, "unchanged": 4}
    assert rows_of(conn, "SELECT * FROM incident ORDER BY number") == before


def test_equal_rows_without_a_key_count_once_each(conn, make, take):
    make.grids(1, 1)
    make.matter()
    assert take(row(""), row(""), row("", when="2025-03-02 08:00"), row("")).taken == 4
    # Three of them in another order of rows and columns, and one more.
    headings = [*HEADINGS[1:], HEADINGS[0]]
    turned = [[*r[1:], r[0]] for r in (row("", when="2025-03-02 08:00"), *[row("")] * 4)]
    assert counts_of(take(*turned, headings=headings)) == {
        "read": 5,
        "taken": 1,
        "unchanged": 4,
        "unplaced": 1,
    }
    assert rows_of(conn, "SELECT count(*) FROM incident") == [(5,)]


def test_another_content_under_a_known_key_is_refused(make, take):
    make.grids(1, 1)
    make.matter()
    take(row("1"))
    report = take(row("1"), row("1", when="2025-03-02 08:00"), row("2"), row("2", step="closed"))
    assert codes_of(report) == [(3, "incident.key_reused"), (5, "incident.key_reused")]
    assert counts_of(report) == {"read": 4, "taken": 1, "unchanged": 1, "refused": 2, "unplaced": 1}


def test_a_ledger_of_what_has_ended_comes_in_as_closed(conn, make, take):
    make.grids(1, 1)
    make.matter()
    report = take(
        row("1", step="已办结", end="2025-03-02 10:00"),
        row("2", end="2025-03-02 10:00"),
        row("3", step="closed"),
        row("4", step="待受理"),
        row("5"),
    )
    assert report.taken == 5
    assert report.notes == [{"code": "incident.closed_without_time", "n": 1}]
    assert rows_of(
        conn,
        "SELECT external_id, step, (closed_at AT TIME ZONE 'Asia/Shanghai')::text FROM incident"
        " ORDER BY external_id",
    ) == [
        ("1", "closed", "2025-03-02 10:00:00"),
        ("2", "closed", "2025-03-02 10:00:00"),
        ("3", "closed", "2025-03-01 08:00:00"),
        ("4", "reported", None),
        ("5", "reported", None),
    ]


def test_what_is_wrong_with_a_row_is_said(make, take):
    make.grids(1, 1)
    make.matter()
    report = take(
        row("1", matter=""),
        row("2", matter="9999"),
        row("3", accuracy="-1"),
        row("4", when="yesterday"),
        row("5", when="2099-01-01"),
        row("6", step="转派"),
        row("7", step="reported", end="2025-04-01"),
        row("8", end="2025-02-01"),
        ["9", "0201", "", "99.6"],
        row("10", when="", step="closed"),
    )
    assert sorted(codes_of(report)) == [
        (2, "matter.unknown"),
        (3, "matter.unknown"),
        (4, "value.bad"),
        (5, "value.bad"),
        (6, "value.bad"),
        (7, "value.unknown"),
        (8, "value.bad"),
        (9, "value.bad"),
        (10, "position.bad"),
        (11, "value.missing"),
    ]
    assert report.taken == 0
    remedy = next(r.message for r in report.refusals if r.row == 3)
    assert "--new-matters" in remedy
    assert "values.matter_code" in remedy


def test_a_word_of_the_sender_is_translated_or_found_by_name(conn, make, take):
    make.grids(1, 1)
    make.matter("0201")
    make.matter("0301")
    conn.exec_driver_sql("UPDATE matter SET name = '占道经营' WHERE code = '0301'")
    declared = Declared(values={"matter_code": {"Street light": "0201"}})
    take(row("1", matter="Street light"), row("2", matter="占道经营"), declared=declared)
    assert rows_of(conn, "SELECT external_id, matter_code FROM incident ORDER BY 1") == [
        ("1", "0201"),
        ("2", "0301"),
    ]


def test_new_words_become_items_when_asked_for_and_are_known_from_then_on(conn, make, take):
    make.grids(1, 1)
    rows = [row("1", matter="Anti-social behaviour"), row("2", matter="噪声扰民")]
    assert take(*rows).refused == 2
    report = take(*rows, new_matters=True)
    assert (report.taken, len(report.notes)) == (2, 2)
    item = admission.get(conn, "hotline.anti-social-behaviour")
    assert (item.name, item.scheme, item.limit_hours) == ("Anti-social behaviour", "hotline", 72)
    again = take(*rows, row("3", matter="噪声扰民"))
    assert counts_of(again) == {"read": 3, "taken": 1, "unchanged": 2, "unplaced": 1}
    assert rows_of(conn, "SELECT count(*) FROM matter") == [(2,)]


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_code_of_a_word_is_stable_and_short(scheme, word):
    code = code_of_word(scheme, word)
    assert code == code_of_word(scheme, word)
    assert len(code) <= 80


def test_times_without_a_zone_are_chinas_and_a_month_is_its_first_day(conn, make, take):
    make.grids(1, 1)
    make.matter()
    take(row("1", when="2018-10"), row("2", when="2018/10/05 03:00:00+00"))
    assert rows_of(
        conn,
        "SELECT (occurred_at AT TIME ZONE 'Asia/Shanghai')::text,"
        "       (reported_at AT TIME ZONE 'Asia/Shanghai')::text FROM incident ORDER BY number",
    ) == [("2018-10-01 00:00:00",) * 2, ("2018-10-05 11:00:00",) * 2]


def test_no_more_of_a_time_is_kept_than_was_said(conn, make, take):
    (grid,) = make.grids(1, 1)
    make.matter()
    inside = make.at(grid, 0.5, 0.5)
    whens = {"1": "2025-03", "2": "2025年3月1日", "3": "2025-03-01 00:00", "4": "2025/3"}
    report = take(*(row(key, inside, when=when) for key, when in whens.items()))
    assert {"code": "incident.known_by_month", "n": 2} in report.notes
    known = "SELECT external_id, occurred_precision FROM incident ORDER BY external_id"
    said = [("1", "month"), ("2", "day"), ("3", "time"), ("4", "month")]
    assert rows_of(conn, known) == said
    counted = "SELECT sum(n), sum(n_by_month) FROM daily_count"
    assert rows_of(conn, counted) == [(4, 2)]
    tallied = "SELECT day::text, by_month, count(*) FROM incident_tally GROUP BY 1, 2 ORDER BY 2"
    assert rows_of(conn, tallied) == [("2025-03-01", False, 2), ("2025-03-01", True, 2)]
    counts.rebuild(conn)
    assert rows_of(conn, counted) == [(4, 2)]
    page, _ = incident_view.list_page(conn, OPERATOR, incident_view.Filter(), datetime.now(UTC))
    assert Counter(row.occurred_precision for row in page) == {"month": 2, "day": 1, "time": 1}
    told = exports.read(conn, OPERATOR, "incidents", area=None, past=None).columns["occurred_at"]
    assert sorted(told) == ["2025-02-28T16:00:00+00", "2025-03", "2025-03", "2025-03-01"]


def test_a_leader_takes_nothing_in(make, take):
    make.grids(1, 1)
    with pytest.raises(Forbidden):
        take(row("1"), viewer=make.viewer(Role.LEADER))


cells = st.sampled_from(
    ["", "1", "0201", "nothing", "99.605", "24.835", "2025-03-01", "2025-03", "办结", "-4", "nan"]
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.lists(cells, min_size=9, max_size=9), max_size=12))
def test_every_row_read_is_taken_unchanged_or_refused(conn, make, tmp_path, rows):
    make.grids(1, 1)
    make.matter()
    file = write(tmp_path / "any.csv", HEADINGS, rows)
    for _ in range(2):
        report = import_incidents(conn, OPERATOR, file, ImportOptions("cgcs2000"))
        assert report.read == report.taken + report.unchanged + report.refused
    assert report.taken == 0


def test_a_hotlines_own_headings_in_gb18030_and_its_workbook_are_the_same(conn, make, tmp_path):
    make.matter()
    at = make.centre_of(make.grids(1, 1)[0])
    headings = ["工单号", "诉求分类", "诉求内容", "事发地址", "经度", "纬度", "来电时间"]
    good = ["G-1", "0201", "村口𠮷店旁路灯不亮", "瓦窑村", f"{at.lon}", f"{at.lat}"]
    rows = [
        [*good, "2025-03-01 08:00"],
        ["G-2", "没有的分类", "说不清", "", "", "", "2025-03-01"],
        ["G-3", "0201", "坐标写错", "", "东边", "24", "2025-03-01"],
        ["G-4", "0201", "时间写错", "", "", "", "三月"],
    ]
    text_file = tmp_path / "hotline.csv"
    lines = (",".join(row) for row in [headings, *rows])
    text_file.write_bytes("\r\n".join(lines).encode("gb18030"))
    found = import_incidents(conn, OPERATOR, text_file, options(source="12345"))
    assert counts_of(found) == {"read": 4, "taken": 1, "refused": 3}
    refused = [(3, "matter.unknown"), (4, "position.bad"), (5, "value.bad")]
    assert sorted(codes_of(found)) == refused
    stored = rows_of(conn, "SELECT summary, place FROM incident WHERE external_id = 'G-1'")
    assert stored == [("村口𠮷店旁路灯不亮", "瓦窑村")]
    book = tmp_path / "hotline.xlsx"
    with xlsxwriter.Workbook(book) as made:
        sheet = made.add_worksheet()
        for n, row in enumerate([headings, *rows]):
            sheet.write_row(n, 0, row)
    again = import_incidents(conn, OPERATOR, book, options(source="12345"))
    assert counts_of(again) == {"read": 4, "unchanged": 1, "refused": 3}
    assert sorted(codes_of(again)) == refused
