"""A constant shift is seen against known places, and nothing is seen where there is none."""

import numpy as np
import pytest

from geo.shift import REACH_M, find_shift


def hamlets(rng, n=250, homes=60):
    """Return the homes of hamlets scattered over 15 km, in metres."""
    middle = np.repeat(rng.uniform(0, 15_000, (n, 2)), homes, axis=0)
    return middle + rng.normal(0, 120, middle.shape)


def reports(rng, homes, n=300):
    """Return positions with the error of a phone."""
    return homes[rng.integers(len(homes), size=n)] + rng.normal(0, 20, (n, 2))


@pytest.mark.parametrize("off", [(110, -340), (-560, 640), (300, 0)])
def test_a_shift_is_found_with_its_length_and_direction(off):
    rng = np.random.default_rng(7)
    homes = hamlets(rng)
    found = find_shift(reports(rng, homes) + off, homes)
    assert (found.east_m, found.north_m) == pytest.approx(off, abs=35)
    assert found.distance_m == pytest.approx(np.hypot(*off), abs=35)
    assert found.bearing == pytest.approx(np.degrees(np.arctan2(*off)) % 360, abs=10)
    assert found.near_moved > 0.9 > 0.6 > found.near_given
    assert found.p < 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_sound_positions_and_scattered_ones_have_no_shift(seed):
    rng = np.random.default_rng(seed)
    homes = hamlets(rng)
    assert find_shift(reports(rng, homes), homes) is None
    assert find_shift(rng.uniform(0, 15_000, (300, 2)), homes) is None


def test_one_hamlet_alone_says_nothing():
    rng = np.random.default_rng(3)
    homes = hamlets(rng)
    beside = homes[0] + (0, 400) + rng.normal(0, 60, (500, 2))
    assert find_shift(beside, homes) is None


def test_a_shift_beyond_reach_is_not_taken_for_another():
    rng = np.random.default_rng(5)
    homes = hamlets(rng, n=60)
    assert find_shift(reports(rng, homes) + np.array((3 * REACH_M, 0)), homes) is None


def test_nothing_is_found_without_positions_or_known_places():
    none, nowhere = np.empty((0, 2)), np.full((4, 2), np.nan)
    some = np.arange(8.0).reshape(4, 2)
    for positions, known in ((none, some), (some, none), (nowhere, some), (some, some)):
        assert find_shift(positions, known) is None
