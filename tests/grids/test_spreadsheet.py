"""Cells that a spreadsheet must not run."""

import pytest

from grids.spreadsheet import disarmed


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_that_would_be_run_is_disarmed(text):
    assert disarmed(text) == "'" + text


@pytest.mark.parametrize("value", ["-3.206606", "+8613800000000", "plain", "", 3, -2.5])
def test_numbers_and_plain_text_stay_as_they_are(value):
    assert disarmed(value) == value


def test_nothing_is_an_empty_cell():
    assert disarmed(None) == ""
