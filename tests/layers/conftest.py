"""A small county of squares, with a hotspot whose place is known."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from grids.window import Window
from layers.hotspots import HotspotMap, hotspot_map

WINDOW = Window(date(2024, 12, 1), date(2024, 12, 30))


def squares(side: int, seed: int = 2, raised: float = 5.0) -> SimpleNamespace:
    """Codes, names, counts, households, pairs and shapes of side x side grids."""
    random = np.random.default_rng(seed)
    row, column = np.divmod(np.arange(side * side), side)
    number = np.arange(side * side).reshape(side, side)
    households = random.integers(20, 120, side * side)
    middle = side // 2
    hot = (abs(row - middle) <= 1) & (abs(column - middle) <= 1)
    observed = random.poisson(households * 0.06 * np.where(hot, raised, 1.0))
    pairs = np.concatenate(
        [
            np.column_stack((number[:, :-1].ravel(), number[:, 1:].ravel())),
            np.column_stack((number[:-1].ravel(), number[1:].ravel())),
        ]
    )
    codes = [
        f"530524{101 + i // 1000:03d}{200 + i // 100 % 10:03d}{i % 100:03d}" for i in range(side**2)
    ]

    def ring(i: int) -> list[list[float]]:
        x, y, d = 99.5 + 0.01 * column[i], 24.7 + 0.01 * row[i], 0.01
        return [[x, y], [x + d, y], [x + d, y + d], [x, y + d], [x, y]]

    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": {"type": "Polygon", "coordinates": [ring(i)]},
        }
        for i, code in enumerate(codes)
    ]
    return SimpleNamespace(
        codes=codes,
        names=[f"第{i + 1}网格" for i in range(side * side)],
        observed=observed,
        households=households,
        pairs=pairs,
        hot=hot,
        outlines={"type": "FeatureCollection", "features": features},
    )


def mapped(county: SimpleNamespace) -> HotspotMap:
    return hotspot_map(
        county.codes,
        county.names,
        county.observed,
        county.households,
        county.pairs,
        window=WINDOW,
        matter="全部事项",
        publication=12,
        data_version="2024-12-31",
    )


@pytest.fixture
def county() -> SimpleNamespace:
    return squares(14)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    return SimpleNamespace(squares=squares, mapped=mapped)
