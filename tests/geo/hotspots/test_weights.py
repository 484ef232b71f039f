import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.weights import contiguity

PAIRS = hnp.arrays(np.int64, st.tuples(st.integers(0, 40), st.just(2)), elements=st.integers(0, 11))


@given(PAIRS)
def test_neighbours_are_mutual_whatever_direction_the_pairs_came_in(pairs):
    weights = contiguity(pairs, 12)
    edges = set(zip(weights.owners, weights.indices, strict=True))
    assert edges == {(b, a) for a, b in edges}
    assert edges == {(a, b) for a, b in np.r_[pairs, pairs[:, ::-1]].tolist() if a != b}


@given(PAIRS)
def test_adding_and_taking_away_the_unit_itself_are_inverse(pairs):
    bare = contiguity(pairs, 12)
    full = bare.with_self
    assert np.array_equal(full.cardinality, bare.cardinality + 1)
    assert np.array_equal(full.without_self.indices, bare.indices)
    assert np.array_equal(full.islands, bare.islands)


@given(PAIRS, hnp.arrays(np.float64, 12, elements=st.integers(0, 9)))
def test_a_total_is_the_sum_over_the_row(pairs, values):
    weights = contiguity(pairs, 12, include_self=True)
    by_hand = [
        values[weights.indices[a:b]].sum()
        for a, b in zip(weights.indptr[:-1], weights.indptr[1:], strict=True)
    ]
    assert weights.total(values).tolist() == by_hand


def test_a_unit_without_neighbours_is_an_island():
    assert contiguity([(0, 1)], 3).islands.tolist() == [False, False, True]
    assert contiguity([], 2).islands.all()


def test_a_neighbour_that_is_no_unit_is_refused():
    with pytest.raises(UnusableCounts):
        contiguity([(0, 3)], 3)
