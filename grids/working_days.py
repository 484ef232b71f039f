"""Working time: what a limit counts, over weekends, holidays and worked Saturdays.

A working day counts whole, from midnight to midnight in China: "three working days" given on a
Friday at ten end on Wednesday at ten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal

from grids.local_time import CHINA

_DAY = timedelta(days=1)
_SATURDAY = 5
# No arrangement of holidays is as long; a calendar with more days off in a row is a mistake.
_LONGEST_REST = 62

Clock = Literal["working", "all"]
CLOCKS: tuple[Clock, ...] = ("working", "all")


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The days that are worked: Monday to Friday, but for those that are said to differ.

    `differs` has the days whose kind is said, whether it is needed or not: True for worked.
    """

    differs: Mapping[date, bool] = field(default_factory=dict)

    def is_worked(self, day: date) -> bool:
        """Return whether a day is worked."""
        said = self.differs.get(day)
        return day.weekday() < _SATURDAY if said is None else said

    def after(self, start: datetime, hours: float, clock: Clock) -> datetime:
        """Return the moment when so many hours have run since `start`; with none left, `start`.

        Parameters
        ----------
        start
            Aware. The answer is in the same time zone.
        clock
            `all` counts every hour, `working` those of working days. A limit that ends with a
            working day ends at its midnight, not on the next working morning.
        """
        left = timedelta(hours=max(hours, 0.0))
        if clock == "all" or not left:
            return start + left
        at = start.astimezone(CHINA)
        rested = 0
        while True:
            midnight = _midnight_after(at)
            if self.is_worked(at.date()):
                rested = 0
                if left <= midnight - at:
                    return (at + left).astimezone(start.tzinfo)
                left -= midnight - at
            else:
                rested += 1
                if rested > _LONGEST_REST:
                    raise ValueError(f"more than {_LONGEST_REST} days off before {at.date()}")
            at = midnight

    def between(self, start: datetime, end: datetime, clock: Clock) -> float:
        """Return how many hours of the clock lie between two moments; 0 where the end comes first.

        A clock that was put back therefore gives no negative duration.
        """
        if end <= start:
            return 0.0
        if clock == "all":
            return (end - start) / timedelta(hours=1)
        at, stop = start.astimezone(CHINA), end.astimezone(CHINA)
        run = timedelta()
        while at < stop:
            until = min(_midnight_after(at), stop)
            if self.is_worked(at.date()):
                run += until - at
            at = until
        return run / timedelta(hours=1)


def _midnight_after(at: datetime) -> datetime:
    return datetime.combine(at.date() + _DAY, time(), CHINA)
