"""The false-discovery rate: how many of the marked units may be marked by chance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.hotspots.result import Floats


def false_discovery_q(p: npt.ArrayLike) -> Floats:
    """Return q-values: the smallest false-discovery rate at which each test would be marked.

    Parameters
    ----------
    p
        p-values of one family of tests (one map, one cube). NaN marks a unit that was not
        tested; it stays NaN and does not count in the family.

    Returns
    -------
    Floats
        Values from 0 to 1 in the order of `p`. Marking q <= 0.05 keeps the expected share of
        false marks at 5 % when tests are independent or positively dependent, as those of
        overlapping neighbourhoods are.

    Notes
    -----
    Benjamini & Hochberg (1995), JRSS B 57:289; for local statistics Castro & Singer (2006),
    Geographical Analysis 38:180; positive dependence Benjamini & Yekutieli (2001).
    """
    given = np.asarray(p, dtype=np.float64)
    q = np.full(given.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(given))
    if tested.size == 0:
        return q
    # Equal p get equal q in any order among them.
    order = tested[np.argsort(given[tested])]
    stepped = given[order] * (tested.size / np.arange(1, tested.size + 1))
    q[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return q
