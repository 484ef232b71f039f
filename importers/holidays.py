"""The year's holidays and worked weekends from a table, as the State Council arranges them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from grids import access, holidays, intake
from grids.holidays import CalendarDay
from grids.local_time import local_day
from grids.model import Viewer
from importers import row_problems
from importers.options import ImportOptions, Progress, no_progress
from importers.report import ImportReport
from importers.rows import Rows, open_batch

KIND = "holidays"


def import_holidays(
    conn: Connection,
    viewer: Viewer,
    file: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in days off and worked weekends and return the account of every row.

    A day that is listed already takes what the file says; days that the file does not name stay.

    Raises
    ------
    Forbidden, WholeCounty
        If the viewer may not import, or not for the whole county.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport(KIND)
    rows = Rows.read(KIND, file, options, report)
    times = rows.check_time("day")
    kinds = rows.check_choice("kind", holidays.KINDS, "")
    names = rows.text("name")
    first: dict[object, int] = {}
    taken = []
    for i, at in enumerate(times):
        day = local_day(at) if isinstance(at, datetime) else None
        if not rows.refused(i):
            if day is None or not kinds[i]:
                rows.refuse(i, "kind" if day else "day", row_problems.NoDayOrKind())
            elif day in first:
                standing = rows.table.row_numbers[first[day]]
                rows.refuse(i, "day", row_problems.Repeated(given=str(day), at=standing))
        if rows.refused(i) or day is None:
            continue
        first[day] = i
        taken.append(CalendarDay(day, "work" if kinds[i] == "work" else "off", names[i]))
    report.taken = holidays.add(conn, viewer, taken)
    report.unchanged = len(taken) - report.taken
    batch_id = open_batch(conn, viewer, KIND, file, None)
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(1, 1, KIND)
    return report
