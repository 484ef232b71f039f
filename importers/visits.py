"""Visits to households from a table: who was where when, with one of a few results."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import ARRAY, Connection, Text, any_, literal, select
from sqlalchemy.sql.elements import BindParameter

from grids import access, intake, schema, visits
from grids.model import Viewer
from grids.visits import ListedVisit
from importers import row_problems
from importers.options import ImportOptions, Progress, no_progress
from importers.places import refuse_outside
from importers.report import ImportReport
from importers.rows import Rows, open_batch

KIND = "visits"


def import_visits(
    conn: Connection,
    viewer: Viewer,
    file: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in visits and return the account of every row.

    A visit is known by person, household and moment; the same again is unchanged. Households are
    those placed in a grid.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport(KIND)
    rows = Rows.read(KIND, file, options, report)
    progress(0, 2, KIND)
    keys, numbers = rows.check_code("key"), rows.check_code("household")
    results = rows.check_choice("result", visits.VISIT_RESULTS, "met")
    times = rows.check_time("at")
    person, home = schema.person.c, schema.household.c
    people = {
        row.source_key: row.person_id
        for row in conn.execute(
            select(person.source_key, person.person_id).where(
                person.source_key == any_(_texts(keys))
            )
        )
    }
    homes = {
        row.number: row
        for row in conn.execute(
            select(home.number, home.household_id, home.territory_code, home.grid_code).where(
                home.number == any_(_texts(numbers))
            )
        )
    }
    latest = datetime.now(UTC) + timedelta(days=1)
    good: list[ListedVisit] = []
    for i in range(len(rows)):
        at, place = times[i], homes.get(numbers[i])
        if keys[i] not in people:
            rows.refuse(i, "key", row_problems.PersonUnknown(key=keys[i]))
        if place is None or place.grid_code is None:
            rows.refuse(i, "household", row_problems.HouseholdUnknown(number=numbers[i]))
        else:
            refuse_outside(rows, i, viewer, place.territory_code)
        if at is None and not rows.refused(i):
            rows.refuse(i, "at", row_problems.Empty(field="at"))
        elif at is not None and at > latest:
            rows.refuse(i, "at", row_problems.VisitToCome())
        if rows.refused(i) or place is None or at is None:
            continue
        good.append(ListedVisit(people[keys[i]], place.household_id, at, results[i]))
    progress(1, 2, KIND)
    batch_id = open_batch(conn, viewer, KIND, file, None)
    report.taken = visits.take_in(conn, viewer, good)
    report.unchanged = len(good) - report.taken
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(2, 2, KIND)
    return report


def _texts(values: Iterable[str]) -> BindParameter[list[str]]:
    """Return values as one parameter, however many they are."""
    return literal(sorted(set(values)), ARRAY(Text))
