"""The admission list from a table: what may be handed to grid workers, and how."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from grids import access, admission, intake, rules
from grids.errors import BadValue
from grids.local_time import local_day
from grids.model import Viewer
from grids.working_days import CLOCKS
from importers import row_problems
from importers.options import ImportOptions, Progress, no_progress
from importers.report import ImportReport
from importers.rows import Rows, open_batch

KIND = "matters"
LEVELS = ("ordinary", "large", "major", "severe")
FIRST_RANKS = ("primary", "informant")
DEFAULT_LIMIT_H = 72
DEFAULT_ATTEMPTS = "3-2-1"
DEFAULT_CLOCK = "working"
# Where a list does not say since when.
LONG_AGO = date(2000, 1, 1)


def import_matters(
    conn: Connection,
    viewer: Viewer,
    file: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in items of an admission list and return the account of every row.

    `to` is the last day. An urgent temporary item without one is refused. What a file has no
    column for becomes the default, also for an item that exists.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport(KIND)
    rows = Rows.read(KIND, file, options, report)
    codes = rows.check_key("code")
    names = rows.text("name")
    for i, name in enumerate(names):
        if not name:
            rows.refuse(i, "name", row_problems.Empty(field="name"))
    schemes, departments = rows.text("scheme"), rows.text("department")
    levels = rows.check_choice("level", LEVELS, "ordinary")
    ranks = rows.check_choice("first_rank", FIRST_RANKS, "primary")
    limits = rows.check_number("limit_hours", 1, 24 * 366, whole=True)
    clocks = rows.check_choice("limit_clock", CLOCKS, DEFAULT_CLOCK)
    attempts = rows.check("attempts", _attempts_problem)
    temporary = rows.check_choice("temporary", ("0", "1"), "0")
    since, until = rows.check_time("from"), rows.check_time("to")
    standing = admission.by_code(conn, codes)
    for i in range(len(rows)):
        start, end = _day(since[i]) or LONG_AGO, _day(until[i])
        if temporary[i] == "1" and end is None:
            rows.refuse(i, "to", row_problems.NoEnd())
        if end is not None and end < start:
            rows.refuse(i, "to", row_problems.ItemEndsEarly())
        if rows.refused(i):
            continue
        item = admission.Matter(
            code=codes[i],
            scheme=schemes[i] or options.source or file.stem,
            name=names[i],
            department=departments[i],
            level=levels[i],
            first_rank=ranks[i],
            limit_hours=int(limits[i] or DEFAULT_LIMIT_H),
            attempts=attempts[i] or DEFAULT_ATTEMPTS,
            temporary=temporary[i] == "1",
            since=start,
            until=end + timedelta(days=1) if end else None,
            limit_clock="all" if clocks[i] == "all" else "working",
        )
        if standing.get(item.code) == item:
            report.unchanged += 1
        else:
            admission.save(conn, viewer, item)
            report.taken += 1
    batch_id = open_batch(conn, viewer, KIND, file, None)
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(1, 1, KIND)
    return report


def _attempts_problem(value: str) -> BadValue | None:
    try:
        rules.parse_attempts(value or DEFAULT_ATTEMPTS)
    except BadValue as problem:
        return problem
    return None


def _day(at: datetime | None) -> date | None:
    return local_day(at) if at else None
