"""A question about hotspots: a period, what counts, and by which method."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from grids.model import Level
from grids.window import Window
from layers.studies import Options
from layers.windows import Calendar, Kind

# "count" tells how much was reported; "excess" and "gi" share a map of rates.
METHODS = ("count", "excess", "gi", "change", "scan", "emerging", "density", "dbscan", "knox")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: a period, what counts, and by which method.

    `compare` is of `change`; the others tell of it in their rows where it is given.
    """

    since: date
    until: date
    method: str = "excess"
    matter: str | None = None
    area: str | None = None
    levels: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    by: Level = Level.GRID
    compare: Kind | None = None
    calendar: Calendar = "solar"
    options: Options = field(default_factory=Options)

    @property
    def window(self) -> Window:
        """Return the period."""
        return Window(self.since, self.until)
