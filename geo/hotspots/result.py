"""What every hotspot result carries, so that a number can be traced and computed again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The part that all results share.

    Attributes
    ----------
    n
        Number of units that went in; every array of the result has this length.
    settings
        The choices that were made, by name; JSON-serialisable.
    seed
        The seed of a result that drew random numbers, otherwise None.
    window
        The counting period as the caller names it (ISO 8601 interval).
    version
        The version of the data (publication, roll-up) as the caller names it.
    """

    n: int
    settings: Mapping[str, object] = field(default_factory=dict)
    seed: int | None = None
    window: str = ""
    version: str = ""
