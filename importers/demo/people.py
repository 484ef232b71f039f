"""Who answers for what in the invented county: workers, deputies, informants and desks."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from importers.demo.county import DemoCounty
from importers.demo.words import person_names

SHARE_VACANT = 0.015
SHARE_WITH_DEPUTY = 0.85
SHARE_WITH_INFORMANT = 0.6
SHARE_ON_LEAVE = 0.03


@dataclass(slots=True)
class _Post:
    unit: str
    rank: str
    vacant: bool = False


def write(demo: DemoCounty, folder: Path, seed: int, today: date) -> dict[str, Path]:
    """Write people.csv and duties.csv: every post filled but for a few vacancies, some on leave."""
    rng = np.random.default_rng([seed, 31])
    grids = [str(code) for code in np.unique(demo.grid_codes)]
    posts = [_Post(unit.code, "desk") for unit in demo.units]
    posts += [_Post(code, "primary", rng.random() < SHARE_VACANT) for code in grids]
    posts += [_Post(code, "deputy") for code in grids if rng.random() < SHARE_WITH_DEPUTY]
    posts += [
        _Post(str(code), "informant")
        for code in demo.subgroup_codes
        if rng.random() < SHARE_WITH_INFORMANT
    ]
    filled = [post for post in posts if not post.vacant]
    names = person_names(len(filled), rng)
    on_leave = rng.random(len(filled)) < SHARE_ON_LEAVE
    away = rng.integers(1, 14, len(filled))
    back = rng.integers(1, 10, len(filled))
    since = today - timedelta(days=900)
    files = {"people": folder / "people.csv", "duties": folder / "duties.csv"}
    with (
        files["people"].open("w", encoding="utf-8", newline="") as people_out,
        files["duties"].open("w", encoding="utf-8", newline="") as duties_out,
    ):
        people, duties = csv.writer(people_out), csv.writer(duties_out)
        people.writerow(["工号", "姓名", "联系电话", "所属单元"])
        duties.writerow(
            ["工号", "单元编码", "职责", "开始日期", "结束日期", "请假开始", "请假结束"]
        )
        for i, post in enumerate(filled):
            key = f"W{i + 1:05d}"
            people.writerow([key, names[i], f"138{rng.integers(0, 10**8):08d}", post.unit[:15]])
            leave = on_leave[i] and post.rank != "desk"
            duties.writerow(
                [
                    key,
                    post.unit,
                    post.rank,
                    since.isoformat(),
                    "",
                    (today - timedelta(days=int(away[i]))).isoformat() if leave else "",
                    (today + timedelta(days=int(back[i]))).isoformat() if leave else "",
                ]
            )
    return files
