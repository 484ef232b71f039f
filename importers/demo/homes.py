"""Homes and cameras of the invented county: clustered where its settlements are."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.datum import Datum, from_cgcs2000_array
from geo.lattice import snap
from importers.demo.county import DemoCounty
from importers.demo.words import lists, short_name

# Published shares of the model county: 95,945 ordinary, 613 care, 33 key care.
CLASSES = {"ordinary": 95_945, "care": 613, "key_care": 33}
# A few lists come without coordinates; the code of the sub-group places them, or nothing does.
SHARE_WITHOUT_POSITION = 0.004
SHARE_WITHOUT_ANYTHING = 0.0005
CAMERAS_PER_HOUSEHOLD = 0.03
# The same pole in two registries, a few metres apart.
SHARE_OF_TWINS = 0.06


@dataclass(frozen=True, slots=True)
class Homes:
    """Positions (n, 2) of households and the index of the sub-group each lies in."""

    xy: NDArray[np.float64]
    subgroup: NDArray[np.int64]


def _points_inside(
    cells: NDArray[np.object_], counts: NDArray[np.int64], spread: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return `counts[i]` positions in `cells[i]`, gathered around a few hamlets of each cell.

    `spread` is the radius of a hamlet as a share of the cell's own size.
    """
    owner = np.repeat(np.arange(len(cells)), counts)
    heart = shapely.point_on_surface(cells)
    size = np.sqrt(shapely.area(cells))
    shapely.prepare(cells)
    middle = np.column_stack([shapely.get_x(heart), shapely.get_y(heart)])
    hamlets = middle[:, None, :] + rng.normal(0, 0.22, (len(cells), 3, 2)) * size[:, None, None]
    outside = ~shapely.contains_xy(cells[:, None], hamlets[..., 0], hamlets[..., 1])
    hamlets[outside] = np.broadcast_to(middle[:, None, :], hamlets.shape)[outside]
    which = rng.choice(3, len(owner), p=[0.55, 0.3, 0.15])
    xy = np.empty((len(owner), 2))
    todo = np.arange(len(owner))
    for attempt in range(24):
        # Later tries gather closer, so that thin cells are filled too.
        reach = (spread * size[owner[todo]] * 0.75**attempt)[:, None]
        xy[todo] = hamlets[owner[todo], which[todo]] + rng.normal(0, 1, (len(todo), 2)) * reach
        inside = shapely.contains_xy(cells[owner[todo]], xy[todo, 0], xy[todo, 1])
        todo = todo[~inside]
        if not len(todo):
            break
    xy[todo] = middle[owner[todo]]
    points = snap(shapely.points(xy))
    return np.column_stack([shapely.get_x(points), shapely.get_y(points)])


def draw(demo: DemoCounty, n: int, seed: int) -> Homes:
    """Return `n` household positions; settlements hold most of them, a few sub-groups none."""
    rng = np.random.default_rng([seed, 21])
    cells = demo.county.cells
    metric = shapely.area(cells)
    # Small cells are villages and town quarters, large ones are slopes: all are about as populous.
    weight = rng.gamma(2.2, 1.0, len(cells)) * (metric / np.median(metric)) ** -0.12
    weight[rng.random(len(cells)) < 0.02] = 0
    counts = rng.multinomial(n, weight / weight.sum())
    return Homes(_points_inside(cells, counts, 0.11, rng), np.repeat(np.arange(len(cells)), counts))


def write_households(demo: DemoCounty, homes: Homes, folder: Path, seed: int) -> Path:
    """Write households.csv in CGCS2000 with Chinese headings, as a village register has them."""
    rng = np.random.default_rng([seed, 22])
    n = len(homes.xy)
    total = sum(CLASSES.values())
    shares = {name: round(n * count / total) for name, count in CLASSES.items()}
    shares["ordinary"] += n - sum(shares.values())
    zh = {"ordinary": "一般家庭", "care": "关爱服务家庭", "key_care": "重点关爱服务家庭"}
    classes = rng.permutation(np.repeat([zh[name] for name in shares], list(shares.values())))
    members = np.clip(rng.poisson(3.1, n), 1, 12)
    fate = rng.random(n)
    tails = rng.integers(0, 10**8, n)
    in_cell: dict[int, int] = {}
    file = folder / "households.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(
            [
                "户号",
                "地址",
                "楼栋",
                "单元",
                "房号",
                "人口",
                "家庭类别",
                "联系电话",
                "经度",
                "纬度",
                "小组编码",
            ]
        )
        for i in range(n):
            subgroup = str(demo.subgroup_codes[homes.subgroup[i]])
            number = in_cell[homes.subgroup[i]] = in_cell.get(homes.subgroup[i], 0) + 1
            village = short_name(demo.names[subgroup[:12]])
            nowhere = fate[i] < SHARE_WITHOUT_ANYTHING
            unplaced = fate[i] < SHARE_WITHOUT_POSITION
            flat = number > 24
            writer.writerow(
                [
                    f"{subgroup}{number:03d}",
                    f"{demo.names[subgroup[:9]]}{village}{demo.names[subgroup][:-2]}{number}号",
                    f"{(number - 25) // 12 + 1}栋" if flat else "",
                    f"{(number - 25) // 6 % 2 + 1}单元" if flat else "",
                    f"{(number - 25) % 6 // 2 + 1}0{(number - 25) % 2 + 1}" if flat else "",
                    members[i],
                    classes[i],
                    f"139{tails[i]:08d}",
                    "" if unplaced else f"{homes.xy[i, 0]:.7f}",
                    "" if unplaced else f"{homes.xy[i, 1]:.7f}",
                    "" if nowhere else subgroup,
                ]
            )
    return file


def write_cameras(demo: DemoCounty, homes: Homes, folder: Path, seed: int) -> dict[str, Path]:
    """Write one list a registry, each in its own datum; returns datum -> file."""
    rng = np.random.default_rng([seed, 23])
    registries = lists()["cameras"]
    n = round(len(homes.xy) * CAMERAS_PER_HOUSEHOLD)
    beside = homes.xy[rng.integers(0, len(homes.xy), n)] + rng.normal(0, 4e-4, (n, 2))
    names = list(registries)
    share = np.array([registries[name]["share"] for name in names])
    registry = rng.choice(len(names), n, p=share / share.sum())
    twins = np.flatnonzero(rng.random(n) < SHARE_OF_TWINS)
    at = np.concatenate([beside, beside[twins] + rng.normal(0, 3e-5, (len(twins), 2))])
    registry = np.concatenate([registry, (registry[twins] + 1) % len(names)])
    status = rng.choice(["在线", "离线", "故障"], len(at), p=[0.88, 0.08, 0.04])
    bearing = rng.integers(0, 360, len(at))
    county = demo.units[0].code
    files: dict[str, Path] = {}
    by_datum: dict[str, list[list[object]]] = {}
    for r, name in enumerate(names):
        own = np.flatnonzero(registry == r)
        datum = registries[name]["datum"]
        given = from_cgcs2000_array(at[own], Datum(datum))
        places = rng.choice(registries[name]["places"], len(own))
        by_datum.setdefault(datum, []).extend(
            [
                name,
                f"{county}00{r:02d}132{6:d}{serial:06d}",
                f"{name}{serial:05d}",
                name,
                places[k],
                status[i],
                f"{given[k, 0]:.7f}",
                f"{given[k, 1]:.7f}",
                bearing[i],
            ]
            for serial, (k, i) in enumerate(enumerate(own), start=1)
        )
    for datum, rows in by_datum.items():
        files[datum] = folder / f"cameras_{datum}.csv"
        with files[datum].open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(
                [
                    "registry",
                    "device_id",
                    "name",
                    "owner",
                    "place_class",
                    "status",
                    "lon",
                    "lat",
                    "direction_deg",
                ]
            )
            writer.writerows(rows)
    return files
