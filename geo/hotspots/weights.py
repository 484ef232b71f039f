"""Who is whose neighbour: binary contiguity weights, kept as compressed sparse rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.result import Bools, Floats, Ints


@dataclass(frozen=True)
class Weights:
    """Binary weights of n units in CSR form.

    What is derived from them is kept: neighbours belong to a geometry and serve many counts.

    Attributes
    ----------
    indptr, indices
        The neighbours of unit i are `indices[indptr[i]:indptr[i + 1]]`, ascending.
    includes_self
        Whether each unit stands among its own neighbours.
    islands
        True where a unit has no neighbour besides itself, shape (n,).
    """

    indptr: Ints
    indices: Ints
    includes_self: bool
    islands: Bools

    @property
    def n(self) -> int:
        """Return the number of units."""
        return int(self.indptr.size - 1)

    @cached_property
    def cardinality(self) -> Ints:
        """Return how many entries each row has, shape (n,)."""
        return np.diff(self.indptr)

    def total(self, values: Floats) -> Floats:
        """Return the sums of `values`, shape (n,) or (n, m), over each unit's row."""
        return np.asarray(self._matrix @ values, dtype=np.float64)

    @cached_property
    def _matrix(self) -> sparse.csr_matrix:
        ones = np.ones(self.indices.size)
        return sparse.csr_matrix((ones, self.indices, self.indptr), shape=(self.n, self.n))

    @cached_property
    def owners(self) -> Ints:
        """Return the row number of each stored entry, shape (len(indices),)."""
        return np.repeat(np.arange(self.n, dtype=np.int64), self.cardinality)

    @cached_property
    def with_self(self) -> Weights:
        """Return the same weights with each unit among its own neighbours."""
        if self.includes_self:
            return self
        own = np.arange(self.n, dtype=np.int64) * (self.n + 1)
        return _from_keys(np.sort(np.concatenate((self._keys(), own))), self.islands, True)

    @cached_property
    def without_self(self) -> Weights:
        """Return the same weights with no unit among its own neighbours."""
        if not self.includes_self:
            return self
        return _from_keys(self._keys()[self.owners != self.indices], self.islands, False)

    def _keys(self) -> Ints:
        return self.owners * self.n + self.indices


def _from_keys(keys: Ints, islands: Bools, includes_self: bool) -> Weights:
    """Return the weights of ascending entries, each row * n + column."""
    n = islands.size
    rows, columns = np.divmod(keys, n)
    indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=n)))).astype(np.int64)
    return Weights(indptr, columns, includes_self, islands)


def contiguity(pairs: npt.ArrayLike, n: int, *, include_self: bool = False) -> Weights:
    """Return binary weights of n units from pairs of neighbours.

    Parameters
    ----------
    pairs
        Unit numbers from 0, shape (m, 2). One direction is enough; pairs given twice or in both
        directions count once, and pairs of a unit with itself are ignored.
    n
        Number of units. A unit in no pair is an island.
    include_self
        Whether each unit stands among its own neighbours (needed by Gi*).

    Raises
    ------
    UnusableCounts
        If a number in `pairs` is not one of the n units.

    Notes
    -----
    Weights are binary (style "B"), never row-standardised: with rows that sum to one and a self
    weight of one, as some libraries make them, Gi* moves by up to 2.4 standard deviations.
    """
    given = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    if given.size and (given.min() < 0 or given.max() >= n):
        raise UnusableCounts(name="pairs", reason=f"a neighbour is none of the {n} units")
    apart = given[given[:, 0] != given[:, 1]]
    ends = np.concatenate((apart, apart[:, ::-1]))
    islands = np.ones(n, dtype=np.bool_)
    islands[ends[:, 0]] = False
    found = _from_keys(np.unique(ends[:, 0] * n + ends[:, 1]), islands, False)
    return found.with_self if include_self else found
