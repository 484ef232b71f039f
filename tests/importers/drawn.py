"""Outline files of an invented county, as other people would send them."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import shapely

from geo.coverage import outlines
from tests.grids.coverage_factory import Coded, coded, small_county

COUNTY = "530524"


def county() -> Coded:
    return coded(small_county())


def frame(level: str, **columns: list[str]) -> geopandas.GeoDataFrame:
    """Outlines of one level, with our codes in the column `code`."""
    everything = county()
    codes = {
        "county": [COUNTY] * len(everything.grid),
        "township": [village[:9] for village in everything.village],
        "village": everything.village,
        "grid": everything.grid,
        "subgroup": everything.subgroup,
    }[level]
    land = outlines(everything.county.cells, codes)
    return geopandas.GeoDataFrame(
        {"code": list(land), "name": [f"{code}号" for code in land], **columns},
        geometry=list(land.values()),
        crs="EPSG:4490",
    )


def moved(data: geopandas.GeoDataFrame, seed: int, by_m: float) -> geopandas.GeoDataFrame:
    """Every outline drawn again by itself, each vertex off by at most so many metres."""
    rng = np.random.default_rng(seed)
    step = by_m / 111_000 / np.sqrt(2)
    shapes = []
    for outline in data.geometry:
        xy = shapely.get_coordinates(outline.exterior)[:-1]
        shapes.append(shapely.Polygon(xy + rng.uniform(-step, step, xy.shape)))
    return data.set_geometry(shapes, crs=data.crs)


def write(data: geopandas.GeoDataFrame, path: Path) -> Path:
    pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF"})  # no disk to wait for
    data.to_file(path)
    return path
