import numpy as np
import pytest
from esda.smoothing import Spatial_Empirical_Bayes
from libpysal.weights import W

from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.rates import empirical_bayes
from geo.hotspots.weights import contiguity


def test_the_global_rate_is_that_of_spdep(reference):
    data, expected = (
        reference("data/nc_sids.csv"),
        reference("expected/nc_sids_1974_EB_localG_spdep.csv"),
    )
    found = empirical_bayes(data["SID74"], data["BIR74"])
    assert np.abs(found.per_household - expected["EB_global"]).max() <= 1e-12


def test_the_global_rate_of_a_county_with_empty_grids_is_that_of_spdep(reference):
    grids = reference("data/synthetic_county_grid.csv")
    expected = reference("expected/synthetic_county_7d_localG_spdep.csv")
    found = empirical_bayes(expected["count_7d"], grids["households"], days=7)
    assert np.abs(found.per_household - expected["EB_rate"]).max() <= 1e-12
    assert (grids["households"] == 0).sum() == 70
    assert found.rate == pytest.approx(expected["EB_rate"] * 1000 * 30 / 7)


def test_the_local_rate_is_the_geoda_form(reference, adjacency):
    data = reference("data/nc_sids.csv")
    expected = reference("expected/nc_sids_1974_EBlocal_variants_spdep.csv")
    weights = adjacency("nc_sids", data["BIR74"].size)
    found = empirical_bayes(data["SID74"], data["BIR74"], scope="local", weights=weights)
    assert np.abs(found.per_household - expected["est_noself_geodaTRUE"]).max() <= 1e-12
    assert np.abs(found.per_household - expected["est_noself_geodaFALSE"]).max() > 1e-4


def test_the_local_rate_is_that_of_esda(lattice):
    random = np.random.default_rng(4)
    weights = lattice(9)
    people = random.integers(5, 200, 81)
    events = random.poisson(people * random.gamma(3, 0.02, 81))
    rows = np.split(weights.indices, weights.indptr[1:-1])
    referee = W({i: row.tolist() for i, row in enumerate(rows)}, id_order=list(range(81)))
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = Spatial_Empirical_Bayes(events, people, referee).r.ravel()
    ours = empirical_bayes(events, people, scope="local", weights=weights)
    assert np.nanmax(np.abs(ours.per_household - theirs)) <= 1e-12


def test_a_rate_lies_between_the_units_own_and_the_prior_mean():
    random = np.random.default_rng(1)
    people = random.integers(1, 300, 400)
    events = random.poisson(people * random.gamma(2, 0.05, 400))
    found = empirical_bayes(events, people)
    own, prior = events / people, found.prior_mean
    assert (found.per_household <= np.maximum(own, prior) + 1e-15).all()
    assert (found.per_household >= np.minimum(own, prior) - 1e-15).all()
    assert ((found.shrinkage > 0) & (found.shrinkage < 1)).all()
    low, high = found.ci95.T
    assert ((low < found.per_household) & (found.per_household < high)).all()
    # Fewer households, more shrinkage.
    assert (np.diff(found.shrinkage[np.argsort(people, kind="stable")]) <= 0).all()


def test_rates_that_differ_no_more_than_chance_all_become_the_mean():
    found = empirical_bayes([2, 2, 2, 2], [50, 50, 50, 50])
    assert found.no_variation.all()
    assert found.per_household.tolist() == [0.04] * 4
    assert (found.shrinkage == 1).all()


def test_events_without_households_are_flagged_and_in_no_rate():
    with_them = empirical_bayes([5, 9, 30], [100, 100, 0])
    without = empirical_bayes([5, 9, 0], [100, 100, 0])
    assert with_them.no_denominator.tolist() == [False, False, True]
    assert not without.no_denominator.any()
    assert np.array_equal(with_them.rate, without.rate)


def test_a_result_says_what_it_was_made_of():
    found = empirical_bayes([1, 2], [30, 40], days=7, window="2024-12-23/P7D", version="pub-12")
    assert (found.n, found.window, found.version, found.seed) == (
        2,
        "2024-12-23/P7D",
        "pub-12",
        None,
    )
    assert found.settings["scope"] == "global"


@pytest.mark.parametrize(
    ("events", "people"),
    [([1, 2], [3]), ([-1, 2], [3, 4]), ([1, np.nan], [3, 4]), ([1, 2], [0, 0]), ([], [])],
)
def test_counts_that_cannot_be_are_refused(events, people):
    with pytest.raises(UnusableCounts):
        empirical_bayes(events, people)


def test_the_local_scope_asks_for_neighbours():
    with pytest.raises(UnusableCounts):
        empirical_bayes([1, 2], [3, 4], scope="local")
    islands = empirical_bayes([1, 2], [3, 4], scope="local", weights=contiguity([], 2)).islands
    assert islands.all()
