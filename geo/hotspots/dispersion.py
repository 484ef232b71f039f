"""How much rates differ between units by themselves, beyond the chance of counting."""

from __future__ import annotations

import numpy as np
import scipy  # its parts are imported when first used: stats and optimize take half a second

from geo.hotspots.result import Floats


def gamma_variance(events: Floats, expected: Floats) -> float:
    """Return the variance of the units' relative rates around 1, by maximum likelihood.

    Parameters
    ----------
    events, expected
        Counts, and what they would be at the common rate, shape (n,). Units with nothing
        expected say nothing and are passed over.

    Returns
    -------
    float
        0 when the counts vary no more than Poisson counts do.

    Notes
    -----
    Counts are Poisson with mean `expected` times a gamma variate of mean 1: negative binomial
    with variance E + phi E^2 (Clayton & Kaldor 1987, Biometrics 43:671; Lawless 1987, Can. J.
    Statist. 15:209). Maximum likelihood leans less on the few largest units than the method of
    moments, so that one strong hotspot raises phi, and hides itself, less.
    """
    inside = expected > 0
    o, e = events[inside], expected[inside]
    # The derivative of the likelihood at phi = 0: no over-dispersion unless it is positive.
    if o.size == 0 or float(np.sum((o - e) ** 2 - o)) <= 0:
        return 0.0

    # Most units share their count with others: the gamma function is asked once a count.
    counts, units = np.unique(o, return_counts=True)

    def loss(log_phi: float) -> float:
        phi = float(np.exp(log_phi))
        size = 1.0 / phi
        rising = scipy.special.gammaln(counts + size) - scipy.special.gammaln(size)
        likelihood = units @ rising - (o + size) @ np.log1p(phi * e) + o.sum() * log_phi
        return -float(likelihood)

    found = scipy.optimize.minimize_scalar(loss, bounds=(-12.0, 6.0), method="bounded")
    return float(np.exp(found.x))
