"""Small files of rows for the tests of importers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from grids.access import everyone
from grids.secrets import KeyRing
from importers.options import ImportOptions
from importers.report import ImportReport

OPERATOR = everyone("operator")
KEYS = KeyRing({1: bytes(range(32))})


def write(path: Path, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """Write a CSV in UTF-8; a name without a suffix gets one."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(headings)
        writer.writerows(rows)
    return path


def options(**given: Any) -> ImportOptions:
    """Return options with keys at hand, in CGCS2000 unless told otherwise."""
    return ImportOptions(**({"datum": "cgcs2000", "keys": KEYS} | given))


def codes_of(report: ImportReport) -> list[tuple[int, str]]:
    """Return row and code of each refusal."""
    return [(refusal.row, refusal.code) for refusal in report.refusals]


def counts_of(report: ImportReport) -> dict[str, int]:
    """Return the numbers of a report that are not zero."""
    names = ("read", "taken", "unchanged", "refused", "unplaced")
    counted = report.as_dict()
    return {name: counted[name] for name in names if counted[name]}


def rows_of(conn: Connection, query: str) -> list[tuple[Any, ...]]:
    """Return what a query says as plain tuples."""
    return [tuple(row) for row in conn.execute(text(query))]
