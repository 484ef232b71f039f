"""Which other period a period is compared with, and whether that can be done at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import Connection

from grids.db import statement
from grids.territory import code_range
from grids.window import Window

Compare = Literal["year", "before", "none"]


@dataclass(frozen=True, slots=True)
class Base:
    """The period that is compared with.

    Attributes
    ----------
    kind
        "year" or "before".
    missing
        Months, as 2025-03, of either period in which nothing at all was reported in the county.
    redrawn
        Units whose land changed from the first day of this period on.
    early
        Whether the period begins before anything was reported, stray dates apart.
    by_month
        Whether most incidents of one of the periods are known by a month that it cuts.
    """

    window: Window
    kind: str
    missing: tuple[str, ...] = ()
    redrawn: frozenset[str] = frozenset()
    early: bool = False
    by_month: bool = False

    def why(self, unit: str) -> str:
        """Return why a unit's figures cannot be compared; empty if they can."""
        if self.early:
            return "before_data"
        if self.missing:
            return "month_missing"
        if self.by_month:
            return "known_by_month"
        return "border_changed" if unit in self.redrawn else ""


def base_of(
    conn: Connection,
    window: Window,
    compare: Compare,
    area: str,
    digits: int,
    first_day: date | None,
) -> Base | None:
    """Return what a period is compared with; None if with nothing.

    A unit is redrawn when land went from it to another unit of its level or came from one; a grid
    also when its border was reshaped. The founding of a coverage from a file changes no border.

    Parameters
    ----------
    area
        Code of the unit whose figures are compared, with those below it of `digits` digits.
    first_day
        The first day that has a report.
    """
    if compare == "none":
        return None
    other = window.year_before() if compare == "year" else window.before()
    months = conn.execute(
        statement("months_without_reports", "board"),
        {"first": [other.since, window.since], "last": [other.until, window.until]},
    ).scalars()
    moved = conn.execute(
        statement("redrawn", "board"),
        {"since": other.since, "digits": [len(area), digits], **code_range(area)},
    ).scalars()
    return Base(
        window=other,
        kind=compare,
        missing=tuple(months),
        redrawn=frozenset(moved),
        early=first_day is None or other.since < first_day,
    )
