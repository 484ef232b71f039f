"""Does a hotspot hold when the ground is cut up otherwise? Grid, village and a net of 1 km."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.hotspots.excess import local_excess
from geo.hotspots.weights import contiguity
from layers.county_counts import Counted
from layers.county_study import taking_part
from layers.styles import outline_level

NET_M = 1000.0
# Beside significance: at this ratio a neighbouring scale says the same without being sure alone.
_AGREES = 1.25


def scales(counted: Counted) -> dict[str, dict[str, Any]]:
    """Return for each significant unit at which scales its excess holds.

    The other scales are a net of 1 km over the units' centres, and the units one level up (of
    villages: townships). There a place holds if it is significant with its neighbours, or at
    least 1.25 times what its households let expect by itself.

    Returns
    -------
    dict
        By code: `held` of `of` scales and their names in `at`. Empty above villages.

    Notes
    -----
    The modifiable areal unit problem (Openshaw 1984): a finding that depends on where borders
    run is one of borders. Centres stand for units, so a unit wider than the net counts once.
    """
    digits = {15: 12, 12: 9}.get(len(counted.ground.codes[0])) if counted.ground.codes else None
    kept = taking_part(counted)
    if digits is None or len(kept) == 0:
        return {}
    codes = [counted.ground.codes[k] for k in kept]
    events = counted.observed[kept].astype(np.float64)
    homes = counted.households[kept].astype(np.float64)
    number = np.full(len(counted.ground.codes), -1)
    number[kept] = np.arange(len(kept))
    pairs = number[counted.ground.pairs]
    pairs = pairs[(pairs >= 0).all(axis=1)]
    own = local_excess(events, homes, contiguity(pairs, len(kept)))
    sure = [k for k in range(len(kept)) if outline_level(float(own.q[k]))]
    if not sure:
        return {}
    above = np.unique(np.array([code[:digits] for code in codes]), return_inverse=True)[1]
    cell = np.floor(counted.ground.xy_m[kept] / NET_M).astype(np.int64)
    net = np.unique(cell, axis=0, return_inverse=True)[1].ravel()
    agreed = {
        "above": _agrees(events, homes, above, above[pairs]),
        "net": _agrees(events, homes, net, net[pairs]),
    }
    found = {}
    for k in sure:
        at = ["own", *(name for name, holds in agreed.items() if holds[k])]
        found[codes[k]] = {"held": len(at), "of": 3, "at": at}
    return found


def _agrees(
    events: NDArray[np.float64],
    homes: NDArray[np.float64],
    group: NDArray[np.int64],
    pairs: NDArray[np.int64],
) -> NDArray[np.bool_]:
    n = int(group.max()) + 1
    seen, lived = np.bincount(group, events, n), np.bincount(group, homes, n)
    tested = local_excess(seen, lived, contiguity(pairs, n))
    mean = events.sum() / homes.sum()
    expected = lived * mean
    ratio = np.divide(seen, expected, out=np.zeros(n), where=expected > 0)
    return ((tested.q <= 0.05) | (ratio >= _AGREES))[group]
