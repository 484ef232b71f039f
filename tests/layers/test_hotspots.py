import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from geo.hotspots.inputs import UnusableCounts
from grids.window import Window
from layers.hotspots import MIN_HOUSEHOLDS, hotspot_map
from layers.styles import paint_of, word

MADE_OF_REPORTS = (
    "observed",
    "expected",
    "rate",
    "ratio",
    "ratio_low",
    "gi_z",
    "gi_bin",
    "around",
    "rank",
)


def test_the_planted_hotspot_is_outlined_and_ranks_first(make, county):
    shown = make.mapped(county)
    outlined = {row.code for row in shown.rows if row.outline}
    core = county.codes[7 * 14 + 7]
    assert core in outlined
    assert shown.ranking()[0].code in np.array(county.codes)[county.hot]
    assert [row.rank for row in shown.ranking()] == list(range(1, len(shown.ranking()) + 1))
    assert max(row.gi_bin for row in shown.rows) == 3


def test_rows_stand_in_the_given_order_and_say_what_was_counted(make, county):
    shown = make.mapped(county)
    assert [row.code for row in shown.rows] == county.codes
    assert [row.observed for row in shown.rows] == county.observed.tolist()
    assert sum(row.expected for row in shown.rows) == pytest.approx(shown.observed)
    assert shown.rate == pytest.approx(county.observed.sum() / county.households.sum() * 1000)
    assert (shown.publication, shown.data_version, shown.matter) == (12, "2024-12-31", "全部事项")
    assert all(given for given in shown.settings.values())


def test_colour_and_figures_of_a_grid_agree(make, county):
    shown = make.mapped(county)
    for row in shown.rows:
        assert row.ratio == pytest.approx(row.rate / shown.rate)
        assert row.ratio_low < row.ratio < row.ratio_high
        assert row.around.low <= row.around.ratio <= row.around.high
        if row.paint != "too_few":
            assert paint_of(row.paint)["key"] == row.paint
        if row.outline:
            assert row.around.q <= 0.05
            assert row.around.ratio > 1


@pytest.mark.parametrize("households", [0, 1, 4])
def test_no_figure_of_a_grid_with_few_households_is_shown(make, county, households):
    county.households[20] = households
    county.observed[20] = 9
    row = make.mapped(county).rows[20]
    assert row.paint == "suppressed"
    assert "suppressed" in row.flags
    assert ("no_denominator" in row.flags) == (households == 0)
    assert all(getattr(row, name) is None for name in MADE_OF_REPORTS)


def test_what_is_suppressed_cannot_be_taken_out_of_other_figures(make, county):
    county.households[[20, 21]] = MIN_HOUSEHOLDS - 1
    county.observed[[20, 21]] = 0
    quiet = make.mapped(county)
    county.observed[[20, 21]] = 50
    assert make.mapped(county).as_dict() == quiet.as_dict()


def test_reports_of_many_suppressed_grids_are_told_as_a_sum(make, county):
    county.households[:6] = 2
    shown = make.mapped(county)
    assert shown.withheld == county.observed[:6].sum()
    assert shown.observed + shown.withheld == county.observed.sum()
    assert shown.counts["suppressed"] == 6


def test_a_grid_with_less_than_one_expected_report_is_hatched(make, county):
    county.households[30] = 6
    row = make.mapped(county).rows[30]
    assert row.expected < 1
    assert row.paint == "too_few"
    assert "too_few" in row.flags
    assert row.around.minimum_detectable_ratio > 1


def test_a_grid_without_neighbours_says_so(make, county):
    county.pairs = county.pairs[(county.pairs != 0).all(axis=1)]
    row = make.mapped(county).rows[0]
    assert "island" in row.flags
    assert row.around.observed == row.observed


def test_a_quiet_period_marks_nothing(make, county):
    county.observed[:] = 0
    shown = make.mapped(county)
    assert shown.no_variation
    assert shown.counts["outlined"] == 0
    assert ("hotspots.no_variation", {}) in shown.notes


def test_the_answer_is_json_and_the_same_each_time(make, county):
    first, again = (json.dumps(make.mapped(county).as_dict(), allow_nan=False) for _ in range(2))
    assert first == again
    assert json.loads(first)["window"] == {"since": "2024-12-01", "until": "2024-12-30", "days": 30}


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_note_has_words(make, county, locale):
    for code, facts in make.mapped(county).notes:
        assert word(code, locale, **facts)


def test_turning_households_round_turns_the_rates_round(make, county):
    county.households[:] = 50
    before = make.mapped(county)
    county.households[:] = 100
    after = make.mapped(county)
    assert after.rate == pytest.approx(before.rate / 2)
    assert [row.outline for row in after.rows] == [row.outline for row in before.rows]


def test_what_cannot_be_counted_is_refused(make, county):
    county.households[:] = 4
    with pytest.raises(UnusableCounts):
        make.mapped(county)
    with pytest.raises(UnusableCounts):
        hotspot_map(
            ["1"],
            ["a"],
            [1],
            [10],
            [(0, 7)],
            window=Window(date(2024, 1, 1), date(2024, 1, 2)),
            matter="",
            publication=1,
            data_version="",
        )


def test_a_window_counts_both_its_days():
    window = Window(date(2024, 2, 28), date(2024, 3, 1))
    assert window.days == 3
    assert replace(window, until=window.since).days == 1
