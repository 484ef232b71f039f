import itertools

import numpy as np
import pytest
from esda.getisord import G_Local
from hypothesis import given, settings
from hypothesis import strategies as st
from libpysal.weights import W

from geo.hotspots.gi_star import getis_ord_gi_star
from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.rates import empirical_bayes
from geo.hotspots.weights import contiguity

SETS = ["columbus_CRIME_localG", "nc_sids_1974_EB_localG", "nc_sids_1974_FT_localG"]


@pytest.mark.parametrize("name", SETS)
def test_z_is_that_of_spdep(name, reference, adjacency):
    expected = reference(f"expected/{name}_spdep.csv")
    weights = adjacency("columbus" if "columbus" in name else "nc_sids", expected["x"].size)
    z = getis_ord_gi_star(expected["x"], weights).z
    assert np.abs(z - expected["GiStar_z_binary"]).max() <= 1e-10


def test_z_of_shrunk_rates_over_a_county_is_that_of_spdep(reference):
    grids = reference("data/synthetic_county_grid.csv")
    pairs = reference("data/synthetic_county_queen_pairs.csv")
    expected = reference("expected/synthetic_county_7d_localG_spdep.csv")
    weights = contiguity(np.column_stack((pairs["i"], pairs["j"])), grids["id"].size)
    rates = empirical_bayes(expected["count_7d"], grids["households"]).per_household
    for values, column in ((rates, "GiStar_z_EB"), (expected["count_7d"], "GiStar_z_count")):
        assert np.abs(getis_ord_gi_star(values, weights).z - expected[column]).max() <= 1e-10


def test_z_of_the_published_cell_at_every_distance(reference):
    lattice = reference("data/getisord_16x16.csv")
    expected = reference("expected/getisord_cell136_spdep.csv")
    at = np.column_stack((lattice["x"], lattice["y"])).astype(float)
    apart = np.sqrt(((at[:, None] - at[None]) ** 2).sum(axis=2))
    for cell, d, z in zip(expected["cell"], expected["d"], expected["GiStar"], strict=True):
        weights = contiguity(np.argwhere(apart <= d + 1e-9), len(at))
        assert getis_ord_gi_star(lattice["val"], weights).z[cell - 1] == pytest.approx(z, abs=1e-10)


def test_z_is_that_of_esda_with_binary_weights(lattice):
    values = np.random.default_rng(8).gamma(0.5, 3.0, 100)
    weights = lattice(10)
    rows = np.split(weights.indices, weights.indptr[1:-1])
    referee = W({i: row.tolist() for i, row in enumerate(rows)}, id_order=list(range(100)))
    theirs = G_Local(values, referee, transform="B", star=True, permutations=0).Zs
    assert np.abs(getis_ord_gi_star(values, weights).z - theirs).max() <= 1e-12


@given(st.lists(st.integers(0, 6), min_size=5, max_size=7).filter(lambda v: len(set(v)) > 1))
@settings(max_examples=40)
def test_the_convolution_is_the_law_of_drawing_with_replacement(values):
    x = np.array(values, dtype=float)
    ring = contiguity([(i, (i + 1) % x.size) for i in range(x.size)], x.size)
    sums = np.array([sum(draw) for draw in itertools.product(values, repeat=2)])
    seen = ring.total(x)
    for alternative, beyond in (
        ("greater", sums[:, None] >= seen),
        ("less", sums[:, None] <= seen),
    ):
        found = getis_ord_gi_star(x, ring, alternative=alternative)
        assert np.abs(found.p - beyond.mean(axis=0)).max() <= 1e-12


def test_the_convolution_agrees_with_many_permutations(lattice):
    values = np.random.default_rng(3).gamma(0.4, 1.0, 400)
    weights = lattice(20)
    exact = getis_ord_gi_star(values, weights)
    drawn = getis_ord_gi_star(values, weights, inference="permutation", permutations=4000, seed=1)
    error = np.abs(exact.p - drawn.p) / np.sqrt(exact.p * (1 - exact.p) / 4000 + 1e-6)
    assert np.array_equal(exact.z, drawn.z)
    assert np.quantile(error, 0.9) < 4
    assert error.max() < 12


def test_the_same_input_gives_the_same_answer_to_the_last_digit(lattice):
    values = np.random.default_rng(5).gamma(0.4, 1.0, 144)
    weights = lattice(12)
    first, again = (getis_ord_gi_star(values, weights) for _ in range(2))
    assert np.array_equal(first.p, again.p)
    assert first.seed is None
    seeded = [
        getis_ord_gi_star(values, weights, inference="permutation", permutations=99, seed=seed)
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(seeded[0].p, seeded[1].p)
    assert not np.array_equal(seeded[0].p, seeded[2].p)
    assert seeded[0].seed == 1


def test_few_permutations_cannot_mark_a_large_map(lattice):
    values = np.zeros(900)
    values[:3] = 50.0
    found = getis_ord_gi_star(values, lattice(30), inference="permutation", permutations=99)
    assert found.p.min() == pytest.approx(0.01)
    assert not (found.q <= 0.05).any()
    assert (getis_ord_gi_star(values, lattice(30)).q <= 0.05).any()


def test_equal_values_say_nothing(lattice):
    found = getis_ord_gi_star(np.full(25, 0.1), lattice(5))
    assert found.no_variation
    assert (found.z == 0).all()
    assert (found.p == 1).all()
    assert (found.gi_bin == 0).all()


def test_an_island_is_held_against_one_draw():
    values = np.array([1.0, 2.0, 3.0, 9.0])
    found = getis_ord_gi_star(values, contiguity([(0, 1), (1, 2)], 4))
    assert found.islands.tolist() == [False, False, False, True]
    assert found.p[3] == pytest.approx(0.25)
    assert found.z[3] == pytest.approx((9 - values.mean()) / values.std())


def test_bins_are_signed_and_follow_q(lattice):
    values = np.random.default_rng(2).normal(size=900)
    values.reshape(30, 30)[3:7, 3:7] += 3
    values.reshape(30, 30)[20:24, 20:24] -= 3
    found = getis_ord_gi_star(values, lattice(30), alternative="two-sided")
    assert found.gi_bin.max() == 3
    assert found.gi_bin.min() == -3
    assert np.array_equal(np.abs(found.gi_bin) == 3, found.q <= 0.01)
    assert np.array_equal(found.gi_bin != 0, found.q <= 0.10)
    hot = found.gi_bin > 0
    assert (found.z[hot] > 0).all()


def test_the_normal_law_is_not_offered(lattice):
    with pytest.raises(UnusableCounts):
        getis_ord_gi_star([0.0] * 24 + [1.0], lattice(5), inference="normal")


def test_permutations_draw_without_replacement_from_the_others():
    """Held against all ordered draws of a small map, ties and own values included."""
    values = np.array([4.0, 1.0, 1.0, 7.0, 0.0, 3.0])
    weights = contiguity([(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 3)], 6)
    drawn = 40_000
    found = getis_ord_gi_star(
        values, weights, inference="permutation", permutations=drawn, seed=5
    ).p
    for unit in range(6):
        around = weights.indices[weights.indptr[unit] : weights.indptr[unit + 1]]
        others = np.delete(values, unit)
        k = max(around.size, 1)
        seen = values[around].sum() if around.size else values[unit]
        sums = [sum(one) for one in itertools.permutations(others, k)]
        exact = np.mean([one >= seen for one in sums])
        assert found[unit] == pytest.approx(exact, abs=4 * np.sqrt(0.25 / drawn))
