"""Coordinates as people write them."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.datum import Datum
from importers.positions import parse_number, read_positions
from importers.table import read_table


@given(
    st.integers(0, 179),
    st.integers(0, 59),
    st.integers(0, 59999),
    st.sampled_from(["E", "W", "东", "西", ""]),
    st.sampled_from([("°", "′", "″"), ("度", "分", "秒"), ("d", "m", "s"), ("°", "'", '"')]),
)
def test_degrees_minutes_seconds_are_what_they_say(degrees, minutes, milliseconds, side, signs):
    seconds = milliseconds / 1000
    text = f"{degrees}{signs[0]}{minutes}{signs[1]}{seconds:.3f}{signs[2]}{side}"
    size = degrees + minutes / 60 + seconds / 3600
    assert parse_number(text) == pytest.approx(-size if side in ("W", "西") else size, abs=1e-9)


@given(st.floats(-180, 180, allow_nan=False).map(lambda v: round(v, 9)))
def test_decimal_degrees_are_read_exactly(value):
    assert parse_number(f" {value:.9f} ") == pytest.approx(value, abs=1e-12)


def test_full_width_digits_are_digits():
    assert parse_number("９９．６０５４") == 99.6054


@pytest.mark.parametrize("text", ["", "north", "12°75'00\"", "1,2,3", "99.6E5x", "--3"])
def test_what_is_no_number_is_not_guessed(text):
    assert parse_number(text) is None


def test_both_numbers_in_one_cell_are_a_pair():
    found = read_positions(["99.60,24.82"], [None], Datum.CGCS2000)
    assert found.problems == [""]
    assert found.xy.tolist() == [[99.60, 24.82]]


def test_every_way_of_writing_degrees_in_the_real_file_is_understood(real_data):
    table = read_table(real_data / "dirty_dev" / "dms_csv" / "placestest.csv")
    found = read_positions(table.columns["long"], table.columns["lat"], Datum.WGS84)
    bad = [i for i, problem in enumerate(found.problems) if problem]
    assert [table.columns["Place"][i] for i in bad] == ["Maputo"]
    assert found.problems[bad[0]] == "not on Earth"
    san_francisco = table.columns["Place"].index("San Francisco")
    assert np.allclose(found.xy[san_francisco], [-122.419281, 37.778042])
    assert table.encoding == "cp1252"


def test_rows_keep_the_numbers_a_spreadsheet_shows(tmp_path):
    file = tmp_path / "t.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([["A county table"], [], ["code", "name"], [], ["1", "a"]])
    table = read_table(file, known=["code", "name"])
    assert table.headings == ("code", "name")
    assert table.row_numbers == [5]
