"""The clock of requests."""

from __future__ import annotations

from datetime import UTC, date, datetime

from grids.local_time import CHINA


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Return the date in China."""
    return datetime.now(CHINA).date()
