"""How much is reported where: kernel density surfaces of a fixed metric bandwidth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit
from scipy import fft
from shapely.geometry.base import BaseGeometry

from geo.hotspots.inputs import UnusableCounts, as_counts
from geo.hotspots.result import Bools, Floats, Result

Edge = Literal["none", "uniform", "diggle"]
Raster = npt.NDArray[np.float32]

# Beyond this many bandwidths lies less than 1e-8 of a point.
_REACH = 6.0
_LARGEST = 50_000_000
_PER_KM2 = 1e6
# Lines that are transformed together.
_STRIP = 64


@dataclass(frozen=True, kw_only=True)
class Density(Result):
    """A surface of points per square kilometre.

    Attributes
    ----------
    per_km2
        One value a cell, shape (rows, columns), the southern row first; NaN outside the mask.
    west, south
        The corner of the first cell, in metres.
    cell_m
        Side of a cell.
    """

    per_km2: Raster
    west: float
    south: float
    cell_m: float


class _Grid:
    """The cells that a surface is made of, and the transform of its kernel."""

    def __init__(self, xy: Floats, cell_m: float, bandwidth_m: float, mask: BaseGeometry | None):
        reach = _REACH * bandwidth_m
        if mask is None:
            west, south, east, north = _bounds(xy)
            west, south, east, north = west - reach, south - reach, east + reach, north + reach
        else:
            west, south, east, north = mask.bounds
        self.cell_m, self.west, self.south = cell_m, float(west), float(south)
        self.shape = (
            max(int(np.ceil((north - south) / cell_m)), 1),
            max(int(np.ceil((east - west) / cell_m)), 1),
        )
        if self.shape[0] * self.shape[1] > _LARGEST:
            raise UnusableCounts(name="cell_m", reason="the surface would have too many cells")
        # Padded, so that what leaves on one side does not come in on the other; without a mask the
        # surface ends where no kernel reaches.
        pad = 0 if mask is None else int(np.ceil(reach / cell_m))
        self._padded = tuple(fft.next_fast_len(n + pad, real=True) for n in self.shape)
        wide = 2.0 * (np.pi * bandwidth_m / cell_m) ** 2
        self._of_rows, self._of_columns = (
            np.exp(-wide * np.fft.rfftfreq(n) ** 2).astype(np.float32) for n in self._padded
        )
        self.mask = None if mask is None else self._inside(mask)

    def _inside(self, mask: BaseGeometry) -> Bools:
        shapely.prepare(mask)
        x = self.west + (np.arange(self.shape[1]) + 0.5) * self.cell_m
        y = self.south + (np.arange(self.shape[0]) + 0.5) * self.cell_m
        return np.asarray(shapely.contains_xy(mask, *np.meshgrid(x, y)), dtype=np.bool_)

    def binned(self, xy: Floats, weight: Floats) -> Raster:
        """Return the weights shared among the four cells whose centres are around each place."""
        out = np.zeros(self.shape, np.float32)
        _bin(np.ascontiguousarray(xy), weight, self.west, self.south, self.cell_m, out)
        return out

    def smoothed(self, surface: Raster) -> Raster:
        """Return a surface convolved with the kernel.

        A Gaussian is the product of one along each axis. A strip of lines at a time stays in the
        processor's cache, where a transform of the whole surface goes through memory four times.
        """
        rows, columns = self._padded
        out = np.empty(self.shape, np.float32)
        for first in range(0, self.shape[0], _STRIP):
            strip = slice(first, first + _STRIP)
            spectrum = fft.rfft(surface[strip], n=columns, axis=1)
            spectrum *= self._of_columns
            whole = fft.irfft(spectrum, n=columns, axis=1, overwrite_x=True)
            out[strip] = whole[:, : self.shape[1]]
        for first in range(0, self.shape[1], _STRIP):
            strip = slice(first, first + _STRIP)
            spectrum = fft.rfft(out[:, strip], n=rows, axis=0)
            spectrum *= self._of_rows[:, np.newaxis]
            out[:, strip] = fft.irfft(spectrum, n=rows, axis=0, overwrite_x=True)[: self.shape[0]]
        return out

    def kept(self) -> Raster:
        """Return the share of a kernel at each cell that lies inside the mask."""
        assert self.mask is not None
        return np.maximum(self.smoothed(self.mask.astype(np.float32)), np.float32(1e-3))

    def surface(self, xy: Floats, weight: Floats, edge: Edge) -> Raster:
        """Return points per cell."""
        if self.mask is None:
            return self.smoothed(self.binned(xy, weight))
        if edge == "diggle":
            spread = self.smoothed(np.where(self.mask, self.binned(xy, weight) / self.kept(), 0))
        else:
            spread = self.smoothed(self.binned(xy, weight))
            if edge == "uniform":
                spread = spread / self.kept()
        return np.where(self.mask, np.maximum(spread, 0), np.float32(np.nan))


def kernel_density(
    xy_m: npt.ArrayLike,
    *,
    bandwidth_m: float = 500.0,
    cell_m: float | None = None,
    edge: Edge = "uniform",
    mask: BaseGeometry | None = None,
    weight: npt.ArrayLike | None = None,
    window: str = "",
    version: str = "",
) -> Density:
    """Return the density of points: volume, not risk.

    Parameters
    ----------
    xy_m
        Places in metres of a projected system, shape (n, 2).
    bandwidth_m
        Standard deviation of the Gaussian kernel; fixed, since rules that choose it disagree by a
        factor of fifty on one pattern.
    cell_m
        Side of a cell; a fifth of the bandwidth when none is given, which is fine enough.
    edge
        What becomes of the part of a kernel that leaves the mask: "none" loses it, "uniform"
        divides each place by the part that stays, "diggle" weights each point by it, so that the
        surface sums to the number of points.
    mask
        The area in metres; without one the surface reaches six bandwidths beyond the points.
    weight
        How much each point counts, shape (n,).

    Raises
    ------
    UnusableCounts
        If places are not finite or are degrees, or lengths are not positive, or there would be
        more than fifty million cells.

    Notes
    -----
    Silverman (1986); the convolution is made by the fast Fourier transform on linearly binned
    points (Wand 1994, J. Comput. Graph. Stat. 3:433). Edges: Diggle (1985), Applied Statistics
    34:138; Jones (1993), Statistics and Computing 3:135.
    """
    xy = _places(xy_m, "xy_m")
    cell = bandwidth_m / 5.0 if cell_m is None else cell_m
    if not (bandwidth_m > 0 and cell > 0):
        raise UnusableCounts(name="bandwidth_m, cell_m", reason="lengths are positive")
    weights = np.ones(len(xy)) if weight is None else as_counts(weight, "weight", len(xy))
    grid = _Grid(xy, cell, bandwidth_m, mask)
    return Density(
        n=len(xy),
        settings={
            "method": "kernel_density",
            "bandwidth_m": bandwidth_m,
            "cell_m": cell,
            "edge": edge if mask is not None else "none",
        },
        window=window,
        version=version,
        per_km2=grid.surface(xy, weights, edge) * np.float32(_PER_KM2 / cell**2),
        west=grid.west,
        south=grid.south,
        cell_m=cell,
    )


def relative_risk_surface(
    cases_m: npt.ArrayLike,
    population_m: npt.ArrayLike,
    mask: BaseGeometry,
    *,
    population: npt.ArrayLike | None = None,
    bandwidth_m: float = 500.0,
    cell_m: float | None = None,
    min_expected: float = 1.0,
    window: str = "",
    version: str = "",
) -> Density:
    """Return the density of cases over that of the population, 1 where they agree.

    Parameters
    ----------
    cases_m, population_m
        Places of cases and of households in metres; `population` says how many each counts.
    mask
        The area in metres.
    min_expected
        Cells under whose kernel fewer cases are expected are NaN: too few to judge.

    Raises
    ------
    UnusableCounts
        As `kernel_density`.

    Notes
    -----
    Bithell (1990), Statistics in Medicine 9:691; Kelsall & Diggle (1995), Bernoulli 1:3. Both
    surfaces have the same bandwidth and edge, so edges cancel.
    """
    cases, homes = _places(cases_m, "cases_m"), _places(population_m, "population_m")
    people = np.ones(len(homes)) if population is None else as_counts(population, "population")
    if not people.sum() > 0:
        raise UnusableCounts(name="population", reason="nobody lives anywhere")
    cell = bandwidth_m / 5.0 if cell_m is None else cell_m
    grid = _Grid(homes, cell, bandwidth_m, mask)
    observed = grid.surface(cases, np.ones(len(cases)), "uniform")
    expected = grid.surface(homes, people * (len(cases) / people.sum()), "uniform")
    # A Gaussian kernel speaks for as many cells as a disc of twice its bandwidth.
    enough = expected * np.float32(4 * np.pi * (bandwidth_m / cell) ** 2) >= min_expected
    ratio = np.full(grid.shape, np.nan, np.float32)
    np.divide(observed, expected, out=ratio, where=enough)
    return Density(
        n=len(cases),
        settings={
            "method": "relative_risk_surface",
            "bandwidth_m": bandwidth_m,
            "cell_m": cell,
            "min_expected": min_expected,
        },
        window=window,
        version=version,
        per_km2=ratio,
        west=grid.west,
        south=grid.south,
        cell_m=cell,
    )


def _places(xy_m: npt.ArrayLike, name: str) -> Floats:
    xy = np.asarray(xy_m, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2 or not len(xy) or not np.isfinite(xy).all():
        raise UnusableCounts(name=name, reason="places (x, y) are needed")
    west, south, east, north = _bounds(xy)
    if len(xy) > 1 and west >= -180 and east <= 180 and south >= -90 and north <= 90:
        raise UnusableCounts(name=name, reason="these are degrees; metres are needed")
    return xy


def _bounds(xy: Floats) -> tuple[float, float, float, float]:
    """Return west, south, east, north; a column at a time, which is ten times faster than both."""
    x, y = xy.T
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


@njit(cache=True, nogil=True)
def _bin(xy: Floats, weight: Floats, west: float, south: float, cell: float, out: Raster) -> None:
    """Share each weight among the four nearest cell centres; what lies outside is left out."""
    rows, columns = out.shape
    for k in range(len(xy)):
        x, y = (xy[k, 0] - west) / cell - 0.5, (xy[k, 1] - south) / cell - 0.5
        if not (-0.5 <= x <= columns - 0.5 and -0.5 <= y <= rows - 0.5):
            continue
        i, j = int(np.floor(y)), int(np.floor(x))
        up, right = y - i, x - j
        for di in range(2):
            for dj in range(2):
                # Half a cell at the rim belongs to the cell at the rim.
                row, column = min(max(i + di, 0), rows - 1), min(max(j + dj, 0), columns - 1)
                share = (up if di else 1.0 - up) * (right if dj else 1.0 - right)
                out[row, column] += np.float32(weight[k] * share)
