"""`make power`: print false alarms per map and power, with intervals, and hold them to the bars.

Ends 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scipy import stats

from tests.power.county import NULLS, Null, county
from tests.power.experiment import SETTINGS, Setting, cubes, marked

SCAN = "space-time permutation scan"
CHANGE = "change against its own 83 days"
EXCESS = "neighbourhood excess (negative binomial)"
MOST_FALSE: dict[str, tuple[Null, ...]] = {
    SCAN: ("N0", "N1", "N2"),
    CHANGE: ("N0", "N1", "N2"),
    EXCESS: ("N0", "N1"),
}
MOST = 0.08
# Least power, sensitivity and positive predictive value of the scan.
LEAST: dict[tuple[str, float], tuple[float, float, float]] = {
    ("township", 3.0): (0.90, 0.85, 0.85),
    ("town", 2.0): (0.95, 0.0, 0.0),
}


def interval(hits: int, n: int) -> str:
    """Return a share with its 95 % interval (Wilson 1927)."""
    low, high = stats.binomtest(hits, n).proportion_ci(method="wilson")
    return f"{hits / n:.3f} [{low:.3f}, {high:.3f}]"


def main() -> int:
    """Run the experiment, print its tables and return the number of bars missed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--maps", type=int, default=300, help="null maps; default 300")
    asked.add_argument("--planted", type=int, default=150, help="maps a setting; default 150")
    asked.add_argument("--seed", type=int, default=100)
    given = asked.parse_args()
    console = Console(width=150)
    ground = county()
    missed: list[str] = []
    with Progress(console=console, transient=True, disable=not sys.stdout.isatty()) as progress:
        false = _false_alarms(given.maps, given.seed, progress)
        found = {one: _power(one, given.planted, given.seed, progress) for one in SETTINGS}
    nulls = Table(
        "share of maps with any grid marked (grids a map)",
        *NULLS,
        title=(
            f"False alarms: {given.maps} maps a null, {len(ground.xy):,} grids; "
            + "; ".join(f"{k} {v}" for k, v in NULLS.items())
        ),
    )
    for method in false["N0"]:
        cells = []
        for null in NULLS:
            counts = false[null][method]
            hits = sum(n > 0 for n in counts)
            cells.append(f"{interval(hits, len(counts))} ({np.mean(counts):.2f})")
            if null in MOST_FALSE.get(method, ()) and hits / len(counts) > MOST:
                missed.append(f"{method} on {null}: {hits / len(counts):.3f} > {MOST}")
        nulls.add_row(method, *cells)
    console.print(nulls)
    power = Table(
        "planted, expected in 7 days",
        "method",
        "power",
        "sensitivity",
        "PPV",
        title=f"Power on N1: {given.planted} maps a setting",
    )
    for setting, (usual, methods) in found.items():
        for method, (hits, sensitivity, ppv) in methods.items():
            power.add_row(
                f"{setting.name} x{setting.risk:g} ({usual:.0f})",
                method,
                interval(hits, given.planted),
                f"{sensitivity:.2f}",
                f"{ppv:.2f}",
            )
            least = LEAST.get((setting.name, setting.risk))
            if method == SCAN and least is not None:
                for name, seen, bar in zip(
                    ("power", "sensitivity", "PPV"),
                    (hits / given.planted, sensitivity, ppv),
                    least,
                    strict=True,
                ):
                    if seen < bar:
                        missed.append(
                            f"{name} of {setting.name} x{setting.risk:g}: {seen:.3f} < {bar}"
                        )
        power.add_section()
    console.print(power)
    for line in missed:
        console.print(f"missed: {line}", style="red")
    console.print("every bar reached" if not missed else f"{len(missed)} bars missed")
    return int(bool(missed))


def _false_alarms(n: int, seed: int, progress: Progress) -> dict[Null, dict[str, list[int]]]:
    ground, found = county(), {}
    for null in NULLS:
        counts: dict[str, list[int]] = defaultdict(list)
        for k, (cube, _) in enumerate(
            progress.track(cubes(ground, null, n, seed), total=n, description=null)
        ):
            for method, where in marked(ground, cube, seed + k).items():
                counts[method].append(int(where.sum()))
        found[null] = dict(counts)
    return found


def _power(
    setting: Setting, n: int, seed: int, progress: Progress
) -> tuple[float, dict[str, tuple[int, float, float]]]:
    """Return the usual cases of the spot and, by method, hits, mean sensitivity and PPV.

    A hit marks at least one grid of the truth; sensitivity and PPV are means over the hits.
    """
    ground = county()
    usual, shares = [], defaultdict(list)
    for k, (cube, hot) in enumerate(
        progress.track(
            cubes(ground, "N1", n, seed, setting),
            total=n,
            description=f"{setting.name} x{setting.risk:g}",
        )
    ):
        usual.append(ground.usual("N1")[hot].sum() * 7)
        for method, where in marked(ground, cube, seed + k).items():
            both = int((where & hot).sum())
            shares[method].append((both / max(hot.sum(), 1), both / max(where.sum(), 1)))
    methods = {}
    for method, pairs in shares.items():
        hits = [pair for pair in pairs if pair[0] > 0]
        mean = np.mean(hits, axis=0) if hits else np.zeros(2)
        methods[method] = (len(hits), float(mean[0]), float(mean[1]))
    return float(np.mean(usual)), methods


if __name__ == "__main__":
    sys.exit(main())
