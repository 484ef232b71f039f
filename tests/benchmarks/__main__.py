"""`python -m tests.benchmarks [FILTER] [--gate]`: the table of figures.

FILTER takes the modules whose name contains it (`locate` takes `bench_locate`). With `--gate` the
command ends 1 when a ratio or a count misses its target; seconds never decide.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys

from rich.console import Console
from rich.table import Table

from tests import benchmarks
from tests.benchmarks.harness import Row, measure_all


def main() -> int:
    """Measure, print the table, return the exit code."""
    wanted = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    wanted.add_argument("filter", nargs="?", default="")
    wanted.add_argument("--gate", action="store_true", help="end 1 when a ratio or count misses")
    given = wanted.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 140)
    rows: list[Row] = []
    for module in pkgutil.iter_modules(benchmarks.__path__, "tests.benchmarks."):
        name = module.name.rpartition(".")[2]
        if name.startswith("bench_") and given.filter in name:
            for row in measure_all(importlib.import_module(module.name).benches()):
                rows.append(row)
                Console(stderr=True).print(f"{row.work}: {row.ours} {row.ratio}", style="dim")
    table = Table("work", "ours", "peer", "ratio", "target", "")
    for row in rows:
        mark = {True: "yes", False: "NO", None: ""}[row.reached]
        table.add_row(row.work, row.ours, row.peer, row.ratio, row.target, mark)
    console.print(table)
    return int(given.gate and any(row.gates and row.reached is False for row in rows))


sys.exit(main())
