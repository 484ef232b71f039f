"""The stored reference values, and counties made for one question."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from geo.hotspots.weights import Weights, contiguity

ROOT = Path(__file__).resolve().parents[3]
DEFAULT = ROOT.parent / "shared" / "data" / "hotspots_ref"

Table = dict[str, npt.NDArray[np.float64]]


@pytest.fixture(scope="session")
def reference_folder() -> Path:
    """Folder of the reference values; skips when there is none."""
    folder = Path(os.environ.get("WANGGE_REFERENCE_DATA", DEFAULT))
    if not folder.is_dir():
        pytest.skip(f"no reference values at {folder} (WANGGE_REFERENCE_DATA)")
    return folder


@pytest.fixture(scope="session")
def reference(reference_folder: Path) -> Callable[[str], Table]:
    """Read one table of the reference set; its numeric columns by name."""

    def read(name: str) -> Table:
        rows = np.genfromtxt(
            reference_folder / name, delimiter=",", names=True, dtype=None, encoding="utf-8"
        )
        return {column: rows[column] for column in rows.dtype.names}

    return read


@pytest.fixture
def adjacency(reference: Callable[[str], Table]) -> Callable[[str, int], Weights]:
    """Weights of one of the classic sets, whose ids start at 1."""

    def read(name: str, n: int) -> Weights:
        table = reference(f"data/{name}_adjacency.csv")
        return contiguity(np.column_stack((table["i"], table["j"])) - 1, n)

    return read


@pytest.fixture(scope="session")
def lattice() -> Callable[[int], Weights]:
    """A square lattice whose units touch along edges and at corners."""

    def make(side: int) -> Weights:
        number = np.arange(side * side).reshape(side, side)
        pairs = [
            (number[:, :-1], number[:, 1:]),
            (number[:-1], number[1:]),
            (number[:-1, :-1], number[1:, 1:]),
            (number[:-1, 1:], number[1:, :-1]),
        ]
        columns = [np.column_stack((a.ravel(), b.ravel())) for a, b in pairs]
        return contiguity(np.concatenate(columns), side * side)

    return make
