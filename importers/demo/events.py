"""Two years of invented incidents with the rhythm of days and seasons, and planted hotspots.

What was planted is written to a truth file: tests hold the hotspot methods against it.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from geo.datum import Datum, from_cgcs2000_array
from geo.position import GEOD
from importers.demo.county import DemoCounty
from importers.demo.homes import Homes
from importers.demo.words import lists, matters

DAYS = 730
# Reports by weekday, Monday first, and by hour of the day.
WEEKDAYS = np.array([1.12, 1.06, 1.03, 1.0, 1.04, 0.86, 0.8])
HOURS = np.array(
    [2, 1, 1, 1, 1, 2, 5, 12, 22, 26, 24, 18, 14, 16, 22, 24, 20, 18, 16, 14, 11, 8, 5, 3], float
)
# Part of the year in which a matter is common: (middle day of the year, strength).
SEASONS = {"0206": (75, 1.6), "0207": (200, 1.8), "0205": (210, 1.4), "0307": (150, 1.2)}
SOURCES = (
    ("12345热线", "gcj02", "hotline", 60.0, 0.3),
    ("网格员上报", "wgs84", "phone", 12.0, 0.55),
    ("群众随手拍", "gcj02", "resident", 35.0, 0.15),
)
# How uneven villages are by nature: a gamma rate of this shape.
UNEVENNESS = 6.0


@dataclass(frozen=True, slots=True)
class Planted:
    """A hotspot put in on purpose: all grids within `radius_m` of a grid's centre.

    In [since, until] days reports of `matter` (all matters when none) come `ratio` times as often
    from the households of `grids` as from those of the county at large.
    """

    name: str
    grids: list[str]
    radius_m: float
    matter: str | None
    since: date
    until: date
    ratio: float


def plant(demo: DemoCounty, homes: Homes, today: date, seed: int) -> list[Planted]:
    """Choose four places far from each other and decide what happens there."""
    rng = np.random.default_rng([seed, 41])
    codes, grid_of = np.unique(demo.grid_codes, return_inverse=True)
    n_homes = np.bincount(grid_of[homes.subgroup], minlength=len(codes))
    heart = shapely.point_on_surface(demo.county.cells)
    at = np.column_stack([shapely.get_x(heart), shapely.get_y(heart)])
    centre = np.array([at[grid_of == g].mean(0) for g in range(len(codes))])
    recipes = (
        ("persistent", None, 120, 0, 3.5),
        ("emerging", "0301", 28, 0, 12.0),
        ("new", None, 7, 0, 8.0),
        ("past", "0201", 330, 210, 5.0),
    )
    taken = np.zeros(len(codes), dtype=bool)
    found: list[Planted] = []
    for name, matter, start, stop, ratio in recipes:
        for _ in range(200):
            middle = int(rng.integers(len(codes)))
            _, _, metres = GEOD.inv(
                np.full(len(codes), centre[middle, 0]),
                np.full(len(codes), centre[middle, 1]),
                centre[:, 0],
                centre[:, 1],
            )
            near = np.argsort(metres)[: max(3, len(codes) // 120)]
            if n_homes[near].sum() >= 30 * len(near) and not taken[near].any():
                break
        taken[np.argsort(metres)[: 6 * len(near)]] = True
        found.append(
            Planted(
                name,
                sorted(str(codes[g]) for g in near),
                float(np.asarray(metres)[near].max()),
                matter,
                today - timedelta(days=start),
                today - timedelta(days=stop + 1),
                ratio,
            )
        )
    return found


def _day_rates(first: date, matter: str) -> NDArray[np.float64]:
    """Return the relative rate of a matter on each of the days."""
    days = np.arange(DAYS)
    weekday = (first.weekday() + days) % 7
    year_day = (first.timetuple().tm_yday - 1 + days) % 365
    middle, strength = SEASONS.get(matter, (195, 0.15))
    season = np.exp(strength * np.cos(2 * np.pi * (year_day - middle) / 365))
    return WEEKDAYS[weekday] * season / season.mean()


def write(
    demo: DemoCounty, homes: Homes, folder: Path, *, n: int, seed: int, today: date
) -> dict[str, Path]:
    """Write about `n` incidents, one file a datum, and truth.json; returns datum -> file.

    The count is Poisson: `n` is what is expected without the planted hotspots.
    """
    rng = np.random.default_rng([seed, 42])
    planted = plant(demo, homes, today, seed)
    codes, grid_of = np.unique(demo.grid_codes, return_inverse=True)
    n_homes = np.bincount(grid_of[homes.subgroup], minlength=len(codes))
    first = today - timedelta(days=DAYS)
    village = np.unique([code[:12] for code in codes], return_inverse=True)[1]
    nature = rng.gamma(UNEVENNESS, 1 / UNEVENNESS, village.max() + 1)[village]
    nature[np.isin(codes, [code for spot in planted for code in spot.grids])] = 1.0
    share = n_homes * nature
    share = share / share.sum()
    weights = np.array([m.weight for m in matters()], float)
    rows_grid, rows_day, rows_matter = [], [], []
    for m, matter in enumerate(matters()):
        day_rate = _day_rates(first, matter.code)
        expected = n * weights[m] / weights.sum() * np.outer(share, day_rate / day_rate.sum())
        for spot in planted:
            if spot.matter in (None, matter.code):
                inside = np.isin(codes, spot.grids)
                span = slice((spot.since - first).days, (spot.until - first).days + 1)
                expected[inside, span] *= spot.ratio
        counts = rng.poisson(expected)
        g, d = np.nonzero(counts)
        times = counts[g, d]
        rows_grid.append(np.repeat(g, times))
        rows_day.append(np.repeat(d, times))
        rows_matter.append(np.full(times.sum(), m))
    grid = np.concatenate(rows_grid)
    day = np.concatenate(rows_day)
    matter_of = np.concatenate(rows_matter)
    order = np.lexsort((rng.random(len(day)), day))
    files = _write_files(
        demo,
        homes,
        folder,
        rng=rng,
        first=first,
        today=today,
        codes=codes,
        grid_of=grid_of,
        grid=grid[order],
        day=day[order],
        matter_of=matter_of[order],
    )
    truth = folder / "truth.json"
    truth.write_bytes(
        orjson.dumps(
            {
                "seed": seed,
                "today": today,
                "n_incidents": len(grid),
                "planted": [asdict(spot) for spot in planted],
            },
            option=orjson.OPT_INDENT_2,
        )
    )
    return files


def _places(
    homes: Homes, grid_of: NDArray[np.int64], grid: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return where each incident happened: near a home of its grid."""
    by_grid = np.argsort(grid_of[homes.subgroup], kind="stable")
    n_grids = int(grid_of.max()) + 1
    start = np.searchsorted(grid_of[homes.subgroup][by_grid], np.arange(n_grids + 1))
    size = start[1:] - start[:-1]
    pick = start[grid] + (rng.random(len(grid)) * size[grid]).astype(np.int64)
    return homes.xy[by_grid[pick]] + rng.normal(0, 6e-5, (len(grid), 2))


def _write_files(
    demo: DemoCounty,
    homes: Homes,
    folder: Path,
    *,
    rng: np.random.Generator,
    first: date,
    today: date,
    codes: NDArray[np.str_],
    grid_of: NDArray[np.int64],
    grid: NDArray[np.int64],
    day: NDArray[np.int64],
    matter_of: NDArray[np.int64],
) -> dict[str, Path]:
    n = len(grid)
    at = _places(homes, grid_of, grid, rng)
    seconds = rng.choice(24, n, p=HOURS / HOURS.sum()) * 3600 + rng.integers(0, 3600, n)
    delay = (rng.gamma(1.5, 20, n) * 60).astype(np.int64)
    source = rng.choice(len(SOURCES), n, p=[s[4] for s in SOURCES])
    accuracy = np.array([s[3] for s in SOURCES])[source] * rng.gamma(4, 0.25, n)
    level = rng.choice(["ordinary", "large", "major"], n, p=[0.94, 0.05, 0.01])
    known = matters()
    summaries = lists()["summaries"]
    wording = rng.random(n)
    age = DAYS - day
    # Old matters are done; of the last weeks' the younger ones are still open.
    still_open = rng.random(n) < np.where(age < 30, np.exp(-age / 9.0), 0.002)
    took = rng.gamma(1.6, 26, n) * 3600
    midnight = datetime.combine(first, time(), UTC).timestamp() - 8 * 3600
    happened = midnight + day * 86400 + seconds
    latest = datetime.combine(today, time(), UTC).timestamp() - 8 * 3600
    # Reported this morning is not done yet.
    still_open |= happened + delay >= latest
    files: dict[str, Path] = {}
    for datum in sorted({s[1] for s in SOURCES}):
        own = np.flatnonzero(np.array([s[1] for s in SOURCES])[source] == datum)
        given = from_cgcs2000_array(at[own], Datum(datum))
        file = files[datum] = folder / f"incidents_{datum}.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(
                [
                    "事件编号",
                    "来源",
                    "渠道",
                    "事项编码",
                    "简述",
                    "地点",
                    "级别",
                    "经度",
                    "纬度",
                    "定位精度",
                    "发生时间",
                    "上报时间",
                    "状态",
                    "办结时间",
                ]
            )
            for k, i in enumerate(own):
                matter = known[matter_of[i]]
                said = summaries[matter.code]
                reported = happened[i] + delay[i]
                closed = min(reported + took[i], latest)
                writer.writerow(
                    [
                        f"D{i + 1:07d}",
                        SOURCES[source[i]][0],
                        SOURCES[source[i]][2],
                        matter.code,
                        said[int(wording[i] * len(said))],
                        demo.names[str(codes[grid[i]])],
                        level[i],
                        f"{given[k, 0]:.7f}",
                        f"{given[k, 1]:.7f}",
                        f"{accuracy[i]:.0f}",
                        _iso(happened[i]),
                        _iso(reported),
                        "reported" if still_open[i] else "closed",
                        "" if still_open[i] else _iso(closed),
                    ]
                )
    return files


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()
