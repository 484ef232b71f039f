"""The doors for files: one importer a kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from grids.model import Viewer
from importers.cameras import import_cameras
from importers.duties import import_duties
from importers.grids import import_grids
from importers.holidays import import_holidays
from importers.households import import_households
from importers.incidents import import_incidents
from importers.matters import import_matters
from importers.options import ImportOptions, Progress, no_progress
from importers.people import import_people
from importers.report import ImportReport
from importers.subgroups import import_subgroups
from importers.units import import_units
from importers.visits import import_visits

RowImporter = Callable[[Connection, Viewer, Path, ImportOptions, Progress], ImportReport]
OutlineImporter = Callable[
    [Connection, Viewer, Sequence[Path], ImportOptions, Progress], ImportReport
]

# Outlines of several files make one coverage and are taken together; rows go file by file.
OUTLINES: dict[str, OutlineImporter] = {
    "units": import_units,
    "grids": import_grids,
    "subgroups": import_subgroups,
}
ROWS: dict[str, RowImporter] = {
    "households": import_households,
    "cameras": import_cameras,
    "people": import_people,
    "duties": import_duties,
    "matters": import_matters,
    "incidents": import_incidents,
    "visits": import_visits,
    "holidays": import_holidays,
}
KINDS = frozenset(OUTLINES) | frozenset(ROWS)


def take_in(
    conn: Connection,
    viewer: Viewer,
    kind: str,
    files: Sequence[Path],
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in files of one kind and return one account of all their rows."""
    if kind in OUTLINES:
        return OUTLINES[kind](conn, viewer, files, options, progress)
    reports = {str(file): ROWS[kind](conn, viewer, file, options, progress) for file in files}
    if len(reports) == 1:
        return next(iter(reports.values()))
    return ImportReport.together(kind, reports)
