"""Visits that the workers of the invented county have paid: more to households in care."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

DAYS = 60
SHARE_VISITED = 0.18
SHARE_OF_CARE = 0.85
RESULTS = ("见到", "不在家", "需跟进", "迁出")
SHARES = (0.83, 0.12, 0.04, 0.01)


def write(households: Path, duties: Path, folder: Path, seed: int, today: date) -> Path:
    """Write visits.csv: who was visited by the primary worker of the grid in the last 60 days."""
    rng = np.random.default_rng([seed, 61])
    with duties.open(encoding="utf-8") as lines:
        workers = {
            row["单元编码"]: row["工号"]
            for row in csv.DictReader(lines)
            if row["职责"] == "primary"
        }
    file = folder / "visits.csv"
    with (
        households.open(encoding="utf-8") as lines,
        file.open("w", encoding="utf-8", newline="") as out,
    ):
        writer = csv.writer(out)
        writer.writerow(["工号", "户号", "走访时间", "走访结果"])
        for home in csv.DictReader(lines):
            share = SHARE_VISITED if home["家庭类别"] == "一般家庭" else SHARE_OF_CARE
            worker = workers.get(home["小组编码"][:15])
            if rng.random() >= share or worker is None or not home["经度"]:
                continue
            day = today - timedelta(days=int(rng.integers(1, DAYS)))
            at = datetime.combine(day, time(int(rng.integers(8, 19)), int(rng.integers(0, 60))))
            writer.writerow(
                [worker, home["户号"], f"{at:%Y-%m-%d %H:%M}", rng.choice(RESULTS, p=SHARES)]
            )
    return file
