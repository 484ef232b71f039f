"""How well a map foretold what came next: hit rate, PAI, PEI, RRI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.hotspots.inputs import UnusableCounts, as_counts, as_values
from geo.hotspots.result import Floats, Result


@dataclass(frozen=True, kw_only=True)
class Accuracy(Result):
    """Accuracy at each share of the area; arrays of shape (len(shares),).

    Attributes
    ----------
    share
        Share of the area that was really taken: units are whole, at least one.
    hit_rate
        Share of the later events that fell into it.
    pai, pei
        hit_rate / share, and that over the best any choice of units could have reached.
    rri
        Events later / events before inside, over the same ratio everywhere.
    """

    share: Floats
    hit_rate: Floats
    pai: Floats
    pei: Floats
    rri: Floats


def prediction_accuracy(
    score: npt.ArrayLike,
    area: npt.ArrayLike,
    events_before: npt.ArrayLike,
    events_later: npt.ArrayLike,
    *,
    shares: tuple[float, ...] = (0.01, 0.05),
    window: str = "",
    version: str = "",
) -> Accuracy:
    """Return how many later events fell into the highest-scored units, for shares of the area.

    A tie in `score` goes to the unit that comes first. PAI rewards dense settlement whatever the
    method; read it beside the share of marked units that were right.

    Raises
    ------
    UnusableCounts
        If lengths differ, an area is not positive, or there is no event before or later.

    Notes
    -----
    PAI: Chainey, Tompson & Uhlig (2008), Security Journal 21:4. PEI: Hunt (2016), NIJ forecasting
    challenge. RRI: Levine (2008), Security Journal 21:295.
    """
    ranks = as_values(score, "score")
    size = as_counts(area, "area", ranks.size)
    before = as_counts(events_before, "events_before", ranks.size)
    later = as_counts(events_later, "events_later", ranks.size)
    if not (size > 0).all() or not before.sum() > 0 or not later.sum() > 0:
        raise UnusableCounts(name="area, events", reason="areas and both sums must be positive")
    chosen = np.argsort(-ranks, kind="stable")
    best = np.argsort(-later / size, kind="stable")
    rows = []
    for share in shares:
        taken = chosen[: _units_for(share, size[chosen])]
        ideal = best[: _units_for(share, size[best])]
        area_share = size[taken].sum() / size.sum()
        hit = later[taken].sum() / later.sum()
        pai = hit / area_share
        top = (later[ideal].sum() / later.sum()) / (size[ideal].sum() / size.sum())
        was = before[taken].sum() / before.sum()
        rows.append((area_share, hit, pai, pai / top, hit / was if was > 0 else np.nan))
    columns = np.asarray(rows, dtype=np.float64).T
    return Accuracy(
        n=ranks.size,
        settings={"method": "prediction_accuracy", "shares": list(shares)},
        window=window,
        version=version,
        share=columns[0],
        hit_rate=columns[1],
        pai=columns[2],
        pei=columns[3],
        rri=columns[4],
    )


def _units_for(share: float, size: Floats) -> int:
    """Return how many units in this order stay within the share of the area, at least one."""
    within = np.cumsum(size) <= share * size.sum() * (1 + 1e-12)
    return max(1, int(np.count_nonzero(within)))
