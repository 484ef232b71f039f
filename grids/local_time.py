"""China's one clock: days are its days, whatever the clock of the machine."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def local_day(at: datetime) -> date:
    """Return the day of a moment in China, as `local_day` in SQL."""
    return at.astimezone(CHINA).date()
