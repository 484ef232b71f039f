"""A constant shift of positions against known places: an undeclared datum, a wrong anchor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from geo.hotspots.tails import beta_tail

# A position is near a known place within this; what lies closer than twice of it is no shift.
NEAR_M = 60.0
# BD-09 taken for WGS84 is some 900 m off, the largest mistake between datums in China.
REACH_M = 1_000.0
_STEP_M = 40.0
_NEARLY = 0.97
_SQUARE_M = 500.0
_MOST_P = 1e-3
_LEAST_GAIN = 0.25

Metres = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shift:
    """How far positions lie from where they belong, and what tells.

    Attributes
    ----------
    east_m, north_m
        From where a position belongs to where it was reported.
    n
        Positions that were looked at.
    near_given, near_moved
        Share of them near a known place as they were given, and moved back.
    p
        Chance of so many squares being better off by the move if it made no difference.
    """

    east_m: float
    north_m: float
    n: int
    near_given: float
    near_moved: float
    p: float

    @property
    def distance_m(self) -> float:
        """Metres of the shift."""
        return float(np.hypot(self.east_m, self.north_m))

    @property
    def bearing(self) -> float:
        """Degrees clockwise from north, 0 to 360, of the direction in which positions lie off."""
        return float(np.degrees(np.arctan2(self.east_m, self.north_m)) % 360)


def find_shift(positions: Metres, known: Metres) -> Shift | None:
    """Return the shift that brings positions to known places; None if there is none to be sure of.

    Parameters
    ----------
    positions, known
        Metres east and north in one plane, shapes (n, 2) and (m, 2); NaN is left out. Things
        happen near known places, as reports do near homes.

    Notes
    -----
    In every second square of 500 m the move within `REACH_M` is looked for that brings most
    positions near a known place; the squares between decide. There each square votes once, so that
    a single hamlet cannot: a sign test of the squares in which more, or fewer, positions are near
    after the move. A shift has p < 0.001, brings at least a quarter of the positions near, and is
    at least twice `NEAR_M` long. It needs ten squares that vote.

    Where reports and homes differ by nature (a road always north of its village) the same is seen:
    it is a reason to look, and moves nothing.
    """
    positions = positions[np.isfinite(positions).all(axis=1)]
    known = known[np.isfinite(known).all(axis=1)]
    if len(positions) == 0 or len(known) == 0:
        return None
    tree = KDTree(known)
    square = np.floor(positions / _SQUARE_M).astype(np.int64)
    searched = square.sum(axis=1) % 2 == 0
    if not searched.any() or searched.all():
        return None
    move = _best_move(positions[searched], tree)
    given, moved = _near(positions, tree), _near(positions + move, tree)
    p = _sign_test(square[~searched], given[~searched], moved[~searched])
    gain = float(moved[~searched].mean() - given[~searched].mean())
    if p >= _MOST_P or gain < _LEAST_GAIN or np.hypot(*move) < 2 * NEAR_M:
        return None
    return Shift(
        float(-move[0]),
        float(-move[1]),
        len(positions),
        float(given.mean()),
        float(moved.mean()),
        p,
    )


def _best_move(positions: Metres, tree: KDTree) -> Metres:
    """Return the middle of the moves that bring most positions near, or nearly as many."""
    axis = np.arange(-REACH_M, REACH_M + _STEP_M, _STEP_M)
    moves = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    moves = moves[np.hypot(moves[:, 0], moves[:, 1]) <= REACH_M]
    counts = np.array([np.count_nonzero(_near(positions + move, tree)) for move in moves])
    middle: Metres = moves[counts >= _NEARLY * counts.max()].mean(axis=0)
    return middle


def _near(positions: Metres, tree: KDTree) -> NDArray[np.bool_]:
    distance, _ = tree.query(positions, distance_upper_bound=NEAR_M)
    near: NDArray[np.bool_] = np.isfinite(distance)
    return near


def _sign_test(
    square: NDArray[np.int64], given: NDArray[np.bool_], moved: NDArray[np.bool_]
) -> float:
    _, place = np.unique(square, axis=0, return_inverse=True)
    votes = np.bincount(place.ravel(), weights=moved.astype(float) - given)
    better, worse = int((votes > 0).sum()), int((votes < 0).sum())
    # So many of the squares or more, were each as likely to be better as to be worse.
    return float(beta_tail([better], [worse + 1], [0.5], [0.5])[0]) if better else 1.0
