import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from geo.hotspots.clusters import dbscan
from geo.hotspots.inputs import UnusableCounts


def same_clusters(found, theirs, xy, eps):
    """Cores are in the same clusters; rims lie near a core of theirs, and no other point does."""
    core = np.zeros(len(xy), bool)
    core[theirs.core_sample_indices_] = True
    assert (found.core == core).all()
    assert (found.label[core] == theirs.labels_[core]).all()
    assert ((found.label < 0) == (theirs.labels_ < 0)).all()
    for point in np.flatnonzero((found.label >= 0) & ~core):
        cores = np.flatnonzero(core & (found.label == found.label[point]))
        assert np.hypot(*(xy[cores] - xy[point]).T).min() <= eps * (1 + 1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9), st.sampled_from([1.0, 37.0, 100.0]))
def test_clusters_are_those_of_scikit_learn(seed, min_points, eps):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 300))
    xy = np.concatenate(
        (
            random.normal(0, 60, (n, 2)),
            random.uniform(-400, 400, (n, 2)),
            random.integers(-9, 9, (n, 2)) * eps,
        )
    )
    found = dbscan(xy, eps, min_points)
    same_clusters(found, DBSCAN(eps=eps, min_samples=min_points).fit(xy), xy, eps)
    assert found.n_clusters == len(set(found.label) - {-1})


def test_no_points_are_no_clusters():
    found = dbscan(np.empty((0, 2)), 100, 5)
    assert (found.n_clusters, found.label.size) == (0, 0)


@pytest.mark.parametrize(
    ("xy", "eps", "least"), [([[0, np.nan]], 1, 1), ([[0, 0]], 0, 1), ([[0, 0]], 1, 0)]
)
def test_what_cannot_be_clustered_is_refused(xy, eps, least):
    with pytest.raises(UnusableCounts):
        dbscan(xy, eps, least)
