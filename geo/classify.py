"""Classes by fixed breaks, so that two maps with the same colour say the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UNCLASSED = -1


def class_of(
    values: npt.ArrayLike, breaks: npt.ArrayLike, *, centre: float | None = None
) -> npt.NDArray[np.int64]:
    """Return the class number of each value, 0 below the first break.

    Parameters
    ----------
    values
        Shape (n,); NaN belongs to no class and gives `UNCLASSED` (-1).
    breaks
        Ascending, m of them make m + 1 classes.
    centre
        A value on a break belongs to the class above it. With a centre it belongs to the class
        nearer to the centre instead: at centre 1, a ratio and its reciprocal then always
        fall into mirrored classes.

    Raises
    ------
    ValueError
        If the breaks do not ascend.
    """
    given = np.asarray(values, dtype=np.float64)
    edges = np.asarray(breaks, dtype=np.float64)
    if (np.diff(edges) <= 0).any():
        raise ValueError("breaks must ascend")
    classes = np.searchsorted(edges, given, side="right").astype(np.int64)
    if centre is not None:
        above = given > centre
        classes[above] = np.searchsorted(edges, given[above], side="left")
    classes[np.isnan(given)] = UNCLASSED
    return classes
