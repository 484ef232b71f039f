"""Households: placed, kept, refused, counted; telephone numbers never in the clear."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from geo.datum import Datum, from_cgcs2000_array
from geo.errors import Refusal
from grids.errors import Forbidden, NothingPublished
from grids.model import Role
from importers.households import NoKeys, import_households
from importers.options import ImportOptions
from tests.factories import COUNTY, VILLAGE
from tests.importers.tables import KEYS, OPERATOR, codes_of, counts_of, options, rows_of, write

HEADINGS = ["户号", "地址", "人口", "家庭类别", "联系电话", "经度", "纬度", "小组编码"]
PHONE = "13912345678"


@pytest.fixture
def take(conn, tmp_path):
    """Write rows to a file and take it in."""

    def take(rows, headings=HEADINGS, viewer=OPERATOR, **given):
        file = write(tmp_path / "households.csv", headings, rows)
        return import_households(conn, viewer, file, options(**given))

    return take


def row(number, at=None, code="", *, address="中街1号", members="3", cls="一般家庭", phone=PHONE):
    lon, lat = (f"{at.lon:.7f}", f"{at.lat:.7f}") if at else ("", "")
    return [number, address, members, cls, phone, lon, lat, code]


def test_position_decides_then_code_then_the_queue(conn, make, take):
    first, second = make.grids(1, 2, subgroups=2)
    report = take(
        [
            row("1", make.at(first, 0.25, 0.5)),
            row("2", make.at(first, 0.75, 0.5), second.code + "01"),
            row("3", None, second.code + "02"),
            row("4", None, second.code),
            row("5", make.at(first, -0.5, 0.5), second.code),
            row("6", make.at(first, -0.5, 0.5)),
            row("7", None, VILLAGE),
            row("8"),
        ]
    )
    assert counts_of(report) == {"read": 8, "taken": 8, "unplaced": 3}
    assert report.notes == [{"code": "household.code_differs", "n": 1}]
    assert rows_of(
        conn,
        "SELECT number, placed_by, grid_code, subgroup_code, territory_code, publication"
        " FROM household ORDER BY number",
    ) == [
        ("1", "position", first.code, first.code + "01", first.code + "01", 1),
        ("2", "position", first.code, first.code + "02", first.code + "02", 1),
        ("3", "code", second.code, second.code + "02", second.code + "02", 1),
        ("4", "code", second.code, None, second.code, 1),
        ("5", "code", second.code, None, second.code, 1),
        ("6", "unplaced", None, None, COUNTY, 1),
        ("7", "unplaced", None, None, VILLAGE, 1),
        ("8", "unplaced", None, None, COUNTY, 1),
    ]


def test_the_outlines_in_force_know_how_many_households_they_hold(conn, make, take):
    first, second = make.grids(1, 2, subgroups=2)
    take([row("1", make.at(first, 0.25, 0.5)), row("2", None, second.code), row("3")])
    counted = dict(rows_of(conn, "SELECT unit_code, n_households FROM unit_outline"))
    assert counted[first.code] == counted[first.code + "01"] == counted[second.code] == 1
    assert counted[first.code + "02"] == counted[second.code + "01"] == 0
    assert [counted[VILLAGE[:n]] for n in (6, 9, 12)] == [2, 2, 2]


def test_a_file_in_gcj02_lands_where_its_cgcs2000_twin_lands(conn, make, take):
    grids = make.grids(3, 3, subgroups=3)
    places = [make.at(g, x, y) for g in grids for x in (0.01, 0.34, 0.99) for y in (0.01, 0.99)]
    take([row(f"C{k}", at) for k, at in enumerate(places)])
    shifted = from_cgcs2000_array([(p.lon, p.lat) for p in places], Datum.GCJ02)
    rows = [["G" + str(k), "", "", "", "", *xy, ""] for k, xy in enumerate(shifted.tolist())]
    assert counts_of(take(rows, datum="gcj02")) == {"read": 54, "taken": 54}
    pairs = rows_of(
        conn,
        "SELECT g.subgroup_code = c.subgroup_code, ST_Distance(g.position, c.position) < 1e-7,"
        "       g.given_datum, g.given_x <> c.given_x"
        "  FROM household AS g JOIN household AS c ON c.number = 'C' || substr(g.number, 2)"
        " WHERE g.number LIKE 'G%'",
    )
    assert set(pairs) == {(True, True, "gcj02", True)}


def test_the_same_file_without_conversion_lands_elsewhere(make, take):
    (grid,) = make.grids(1, 1)
    at = make.at(grid, 0.05, 0.5)
    (shifted,) = from_cgcs2000_array([(at.lon, at.lat)], Datum.GCJ02)
    wrong = take([["1", "", "", "", "", *shifted, ""]], datum="wgs84")
    right = take([["1", "", "", "", "", *shifted, ""]], datum="gcj02")
    assert (wrong.unplaced, right.unplaced) == (0, 0)
    assert right.taken == 1


@pytest.mark.parametrize("datum", [None, "xian80", "local"])
def test_a_datum_has_to_be_declared_and_known(make, take, datum):
    (grid,) = make.grids(1, 1)
    with pytest.raises(Refusal) as refused:
        take([row("1", make.centre_of(grid))], datum=datum)
    assert refused.value.code.startswith("datum.")


def test_without_coordinates_no_datum_is_asked_for(make, take):
    (grid,) = make.grids(1, 1)
    assert take([row("1", None, grid.code)], datum=None).taken == 1


def test_what_is_wrong_with_a_row_is_said_and_the_others_are_taken(conn, make, take):
    (grid,) = make.grids(1, 1)
    at = make.centre_of(grid)
    report = take(
        [
            row("", at),
            row("1", at),
            row("1", at),
            row("2", at, members="2.5"),
            row("3", at, members="many"),
            row("4", at, cls="VIP"),
            row("5", None, grid.code[:-1] + "9"),
            ["6", "", "", "", "", "99.6", "", ""],
            ["7", "", "", "", "", "24.82", "99.6", ""],
            ["8", "", "", "", "", "east", "north", ""],
        ]
    )
    assert counts_of(report) == {"read": 10, "taken": 1, "refused": 9}
    assert codes_of(report) == [
        (2, "value.missing"),
        (4, "row.repeated"),
        (7, "value.unknown"),
        (5, "value.bad"),
        (6, "value.bad"),
        (8, "unit.unknown"),
        (9, "position.bad"),
        (10, "position.bad"),
        (11, "position.bad"),
    ]
    assert rows_of(conn, "SELECT number FROM household") == [("1",)]


def test_codes_spoiled_by_a_spreadsheet_are_refused(conn, make, tmp_path):
    import xlsxwriter  # noqa: PLC0415

    (grid,) = make.grids(1, 1, subgroups=2)
    file = tmp_path / "households.xlsx"
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["户号", "小组编码"])
        sheet.write_row(1, 0, ["1", grid.code + "01"])
        sheet.write_row(2, 0, ["2", float(grid.code + "01")])
    report = import_households(conn, OPERATOR, file, options(datum=None))
    assert (report.taken, report.refused) == (1, 1)
    assert codes_of(report)[0] == (3, "code.spoiled")


def test_the_same_file_again_changes_nothing(conn, make, take):
    grids = make.grids(2, 2, subgroups=2)
    rows = [row(str(k), make.centre_of(grid)) for k, grid in enumerate(grids)]
    rows += [row("code", None, grids[0].code), row("queue", phone="")]
    take(rows)
    before = rows_of(conn, "SELECT * FROM household ORDER BY number")
    again = take(rows)
    assert counts_of(again) == {"read": 6, "unchanged": 6, "unplaced": 1}
    assert rows_of(conn, "SELECT * FROM household ORDER BY number") == before


@pytest.mark.parametrize(
    "change",
    [
        {"address": "中街2号"},
        {"members": "4"},
        {"members": ""},
        {"cls": "关爱服务家庭"},
        {"phone": "13987654321"},
        {"phone": ""},
    ],
)
def test_a_row_that_differs_in_anything_is_taken(conn, make, take, change):
    (grid,) = make.grids(1, 1)
    at = make.centre_of(grid)
    take([row("1", at), row("2", at)])
    assert counts_of(take([row("1", at, **change), row("2", at)])) == {
        "read": 2,
        "taken": 1,
        "unchanged": 1,
    }


def test_a_household_that_moved_is_placed_anew(conn, make, take):
    first, second = make.grids(1, 2)
    take([row("1", make.centre_of(first))])
    assert take([row("1", make.centre_of(second))]).taken == 1
    assert rows_of(conn, "SELECT grid_code, territory_code FROM household") == [
        (second.code, second.code)
    ]


def test_what_a_file_has_no_column_for_is_kept(conn, make, take):
    first, second = make.grids(1, 2)
    take([row("1", make.centre_of(first)), row("2", None, second.code)])
    columns = "number, address, class, phone_cipher, given_x, placed_by, grid_code"
    before = rows_of(conn, f"SELECT {columns} FROM household ORDER BY number")
    report = take([["1", "5"], ["2", "6"]], headings=["户号", "人口"], keys=None)
    assert counts_of(report) == {"read": 2, "taken": 2}
    assert rows_of(conn, f"SELECT {columns} FROM household ORDER BY number") == before
    assert rows_of(conn, "SELECT members FROM household ORDER BY number") == [(5,), (6,)]


def test_what_was_placed_by_hand_stays_until_its_file_says_something_else(conn, make, take):
    first, second = make.grids(1, 2)
    outside = make.at(first, -0.5, 0.5)
    take([row("1"), row("2", outside)])
    conn.execute(
        text("UPDATE household SET placed_by = 'hand', grid_code = :g, territory_code = :g"),
        {"g": second.code},
    )
    again = take([row("1"), row("2", outside)])
    assert counts_of(again) == {"read": 2, "unchanged": 2}
    assert take([row("2", make.centre_of(first))]).taken == 1
    assert rows_of(conn, "SELECT placed_by, grid_code FROM household ORDER BY number") == [
        ("hand", second.code),
        ("position", first.code),
    ]


def test_a_code_that_the_sender_uses_finds_the_unit_that_has_it(conn, make, take):
    (grid,) = make.grids(1, 1)
    conn.execute(
        text("UPDATE unit SET source_code = 'W01001852' WHERE code = :c"), {"c": grid.code}
    )
    take([row("1", None, "W01001852")])
    assert rows_of(conn, "SELECT grid_code, placed_by FROM household") == [(grid.code, "code")]


def test_a_telephone_number_stands_nowhere_in_the_clear(conn, make, take):
    (grid,) = make.grids(1, 1)
    take([row("1", make.centre_of(grid))])
    ((cipher, mask),) = rows_of(conn, "SELECT phone_cipher, phone_mask FROM household")
    assert KEYS.decrypt(bytes(cipher)) == PHONE
    assert mask == "139****5678"
    everything = rows_of(conn, "SELECT h::text FROM household AS h")
    everything += rows_of(conn, "SELECT b::text FROM import_batch AS b")
    everything += rows_of(conn, "SELECT a::text FROM audit AS a")
    assert all(PHONE not in said and PHONE.encode().hex() not in said for (said,) in everything)


def test_a_refused_row_has_no_say_in_whether_a_telephone_number_changed(make, take):
    (grid,) = make.grids(1, 1)
    twice = [row("1", make.centre_of(grid)), row("1", make.centre_of(grid), phone="13800000000")]
    assert take(twice).taken == 1
    again = take(twice)
    assert (again.taken, again.unchanged, again.refused) == (0, 1, 1)


def test_numbers_without_a_key_to_encrypt_them_are_refused(make, take):
    (grid,) = make.grids(1, 1)
    with pytest.raises(NoKeys):
        take([row("1", make.centre_of(grid))], keys=None)


def test_an_import_leaves_its_account(conn, make, take):
    (grid,) = make.grids(1, 1)
    take([row("1", make.centre_of(grid)), row("")])
    ((kind, file_name, datum, counted),) = rows_of(
        conn,
        "SELECT kind, file_name, datum, report ->> 'refused' FROM import_batch"
        " WHERE batch_id = (SELECT batch_id FROM household)",
    )
    assert (kind, file_name, datum, counted) == ("households", "households.csv", "cgcs2000", "1")
    assert rows_of(conn, "SELECT action FROM audit") == [("import.run",)]


def test_only_the_own_territory_can_be_written(conn, make, take):
    (ours,) = make.grids(1, 1)
    (theirs,) = make.grids(1, 1, village=COUNTY + "102001", east_by=3)
    take([row("theirs", make.centre_of(theirs))])
    viewer = make.viewer(Role.GRID_ADMIN, ours.code[:9])
    report = take(
        [
            row("1", make.centre_of(ours)),
            row("2", make.centre_of(theirs)),
            row("theirs", make.centre_of(ours)),
            row("3"),
        ],
        viewer=viewer,
    )
    assert codes_of(report) == [(3, "territory.outside"), (4, "territory.outside")]
    assert dict(rows_of(conn, "SELECT number, territory_code FROM household")) == {
        "theirs": theirs.code,
        "1": ours.code,
        "3": ours.code[:9],
    }
    with pytest.raises(Forbidden):
        take([row("4")], viewer=make.viewer(Role.LEADER))


def test_before_the_first_boundaries_there_is_nothing_to_place_by(take):
    with pytest.raises(NothingPublished):
        take([row("1")])


cells = st.one_of(
    st.sampled_from(["", "1", "2", "3", "一般家庭", "99.605", "24.835", "530524101001001", "x"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=4),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.lists(cells, min_size=8, max_size=8), max_size=12))
def test_every_row_read_is_taken_unchanged_or_refused(conn, make, tmp_path, rows):
    make.grids(1, 1)
    file = write(tmp_path / "any.csv", HEADINGS, rows)
    for _ in range(2):
        report = import_households(conn, OPERATOR, file, ImportOptions("cgcs2000", keys=KEYS))
        assert report.read == report.taken + report.unchanged + report.refused
        assert report.read == sum(any(cell != "" for cell in row) for row in rows)
    assert report.taken == 0
