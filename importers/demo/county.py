"""Borders of the invented county: a seeded nested coverage under the public codes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.county import NestedCounty, invented_outline, make_county
from grids.numbering import order_west_east_north_south
from importers.demo.words import NamedUnit, lists, ordinal, short_name, units

CENTRE = (99.6054, 24.8279)


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the invented county is."""

    townships: int
    villages: int
    grids: int
    subgroups: int
    households: int
    radius_km: float


SCALES = {
    "full": Scale(13, 124, 2_110, 10_386, 96_591, 35.0),
    "small": Scale(2, 6, 40, 180, 1_600, 8.0),
}


@dataclass(frozen=True, slots=True)
class DemoCounty:
    """The coverage with its codes.

    `subgroup_codes[i]` and `grid_codes[i]` belong to `county.cells[i]`; `names` maps every code to
    its name.
    """

    county: NestedCounty
    grid_codes: NDArray[np.str_]
    subgroup_codes: NDArray[np.str_]
    names: dict[str, str]
    units: tuple[NamedUnit, ...]


def _chosen_units(scale: Scale) -> tuple[NamedUnit, ...]:
    """Return the county, its first townships and an even choice of their villages."""
    everything = units()
    townships = [u for u in everything if u.level == "township"][: scale.townships]
    villages: list[NamedUnit] = []
    left = scale.villages
    for i, township in enumerate(townships):
        own = [u for u in everything if u.level == "village" and u.parent == township.code]
        take = min(len(own), -(-left // (len(townships) - i)))
        if scale.villages >= sum(u.level == "village" for u in everything):
            take = len(own)
        villages += own[:take]
        left -= take
    return (everything[0], *townships, *villages)


def draw(scale: Scale, seed: int) -> DemoCounty:
    """Return the invented coverage; the same for the same scale and seed."""
    chosen = _chosen_units(scale)
    townships = [u for u in chosen if u.level == "township"]
    villages = [u for u in chosen if u.level == "village"]
    per_township = [sum(v.parent == t.code for v in villages) for t in townships]
    outline = invented_outline(CENTRE, scale.radius_km, seed)
    county = make_county(outline, per_township, scale.grids, scale.subgroups, seed)
    names = {u.code: u.name for u in chosen}
    rng = np.random.default_rng([seed, 11])
    inside = shapely.point_on_surface(county.cells)
    at = np.column_stack([shapely.get_x(inside), shapely.get_y(inside)])
    grid_codes = np.empty(len(county.cells), dtype="<U15")
    subgroup_codes = np.empty(len(county.cells), dtype="<U17")
    lanes = lists()["lanes"]
    for v, village in enumerate(villages):
        in_village = np.flatnonzero(county.village_of == v)
        grids = np.unique(county.grid_of[in_village])
        centres = np.array([at[in_village[county.grid_of[in_village] == g]].mean(0) for g in grids])
        for number, g in enumerate(grids[order_west_east_north_south(centres)], start=1):
            code = f"{village.code}{number:03d}"
            names[code] = f"{short_name(village.name)}第{ordinal(number)}网格"
            members = in_village[county.grid_of[in_village] == g]
            called = rng.permutation(lanes)
            for sequence, i in enumerate(
                members[order_west_east_north_south(at[members])], start=1
            ):
                grid_codes[i] = code
                subgroup_codes[i] = f"{code}{sequence:02d}"
                names[str(subgroup_codes[i])] = f"{called[(sequence - 1) % len(called)]}小组"
    return DemoCounty(county, grid_codes, subgroup_codes, names, chosen)


def write(demo: DemoCounty, folder: Path) -> dict[str, Path]:
    """Write the lists of units, grids.gpkg and subgroups.gpkg; returns level -> file."""
    levels = ("county", "township", "village")
    files = {level: folder / f"{level}.csv" for level in levels}
    files |= {name: folder / f"{name}s.gpkg" for name in ("grid", "subgroup")}
    for level in levels:
        with files[level].open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["code", "name", "parent"])
            writer.writerows([u.code, u.name, u.parent] for u in demo.units if u.level == level)
    codes, first = np.unique(demo.grid_codes, return_inverse=True)
    order = np.argsort(first, kind="stable")
    starts = np.searchsorted(first[order], np.arange(len(codes)))
    outlines = [
        shapely.coverage_union_all(members)
        for members in np.split(demo.county.cells[order], starts[1:])
    ]
    _frame(codes, demo.names, outlines).to_file(files["grid"], driver="GPKG")
    _frame(demo.subgroup_codes, demo.names, demo.county.cells).to_file(
        files["subgroup"], driver="GPKG"
    )
    return files


def _frame(
    codes: NDArray[np.str_], names: dict[str, str], outlines: object
) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(
        {"code": [str(c) for c in codes], "name": [names[str(c)] for c in codes]},
        geometry=outlines,
        crs="EPSG:4490",
    )
