"""A counting period in days of China."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """A counting period: both days belong to it."""

    since: date
    until: date

    @property
    def days(self) -> int:
        """Return the length in days."""
        return (self.until - self.since).days + 1

    @property
    def interval(self) -> str:
        """Return the period as an ISO 8601 interval of its first and last day."""
        return f"{self.since.isoformat()}/{self.until.isoformat()}"

    @property
    def last_whole_month(self) -> date:
        """Return the first day of the last month that ends in the period or before it."""
        after = self.until + timedelta(1)
        return (after.replace(day=1) - timedelta(1)).replace(day=1)

    @property
    def from_its_month(self) -> Window:
        """Return the period from the first day of the month that it begins in."""
        return Window(self.since.replace(day=1), self.until)

    def before(self) -> Window:
        """Return as many days just before."""
        length = timedelta(self.days)
        return Window(self.since - length, self.until - length)

    def year_before(self) -> Window:
        """Return the same days a year before; 29 February becomes the 28th."""
        return Window(_year_before(self.since), _year_before(self.until))


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
