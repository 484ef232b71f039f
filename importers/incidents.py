"""Incidents from a table: open ones to be worked on, and ledgers of what has ended."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from grids import access, incidents, intake
from grids.admission import Matter
from grids.incidents import IncidentReport
from grids.model import Viewer
from importers import foreign_matters, row_problems
from importers.options import ImportOptions, Progress, no_progress
from importers.places import check_units, datum_name
from importers.report import ImportReport
from importers.row_problems import RowProblem
from importers.rows import Rows, open_batch
from importers.table import as_text

KIND = "incidents"
LEVELS = ("ordinary", "large", "major", "severe")
STEPS = ("reported", "closed")
MAX_ACCURACY_M = 50_000.0
MANY = 1_000
# Fields of a report that have another name in files.
_FIELD_OF = {"x": "lon", "y": "lat"}


def import_incidents(
    conn: Connection,
    viewer: Viewer,
    file: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in incidents and return the account of every row.

    An incident is known by its sender and the sender's key. A row without a key gets one from its
    content and from how many rows of the file were the same before it, so that a file sent again
    is known again and equal rows count once each. A row with another content under a known key is
    refused. A row whose step is closed, or that has a time of closing, comes in as ended; where
    that time is not known it is the time of the report, and a note counts these. A month without
    a day is kept as such, and counted by another note.

    `matter_code` is a code or a name of the admission list, or a word that the sender's own
    values translate. Unknown words are refused, or become items with `options.new_matters`.

    Raises
    ------
    Forbidden
        If the viewer may not import or report.
    NothingPublished
        Before the first boundaries.
    UndeclaredDatum
        If the file has coordinates and no datum was declared.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport(KIND)
    rows = Rows.read(KIND, file, options, report)
    progress(0, 3, KIND)
    sender = options.source or file.name.split(".")[0]
    matters = _check_matters(conn, viewer, rows, sender)
    reports = _reports(conn, rows, sender, matters)
    progress(1, 3, KIND)
    batch_id = open_batch(conn, viewer, KIND, file, datum_name(options))
    done = incidents.receive_many(
        conn, viewer, list(reports.values()), datetime.now(UTC), batch_id=batch_id
    )
    progress(2, 3, KIND)
    row_of = list(reports)
    for k, refusal in done.refused:
        field = refusal.facts.get("field")
        rows.refuse(row_of[k], _FIELD_OF.get(field, field), refusal)
    report.taken, report.unchanged, report.unplaced = done.taken, done.unchanged, done.unplaced
    intake.close_batch(conn, batch_id, report.as_dict())
    if report.taken > MANY:
        # The planner knows nothing yet of the rows that the next statements will join.
        conn.execute(text("ANALYZE incident, incident_key, incident_step, daily_count"))
    progress(3, 3, KIND)
    return report


def _check_matters(
    conn: Connection, viewer: Viewer, rows: Rows, sender: str
) -> list[Matter | None]:
    """Return the item of the list that each row means; rows without one are refused."""
    words = rows.text("matter_code")
    known = foreign_matters.find(conn, sender, words)
    if rows.options.new_matters:
        for word in sorted(set(words) - set(known) - {""}):
            known[word] = foreign_matters.add(conn, viewer, sender, word)
            rows.report.note("matter.made", matter=known[word].code, name=word)
    for i, word in enumerate(words):
        if word not in known:
            rows.refuse(i, "matter_code", _unknown_matter(word))
    return [known.get(word) for word in words]


def _unknown_matter(word: str) -> RowProblem:
    if not word:
        return row_problems.MatterEmpty(field="matter_code")
    return row_problems.MatterUnknown(given=word)


def _reports(
    conn: Connection, rows: Rows, sender: str, matters: list[Matter | None]
) -> dict[int, IncidentReport]:
    """Return a report for every row that is not refused, by the row's index."""
    keys = rows.check_code("external_id")
    levels = rows.check_choice("level", LEVELS, "")
    steps = rows.check_choice("step", STEPS, "")
    accuracy = rows.check_number("accuracy_m", 0, MAX_ACCURACY_M)
    units = check_units(conn, rows, "unit_code", required=False)
    occurred, reported, closed = (
        rows.check_time(name) for name in ("occurred_at", "reported_at", "closed_at")
    )
    known = [
        one if happened else other
        for happened, one, other in zip(
            occurred, rows.precisions("occurred_at"), rows.precisions("reported_at"), strict=True
        )
    ]
    positions = rows.positions()
    given = positions.given.tolist() if positions else [(None, None)] * len(rows)
    texts = {name: rows.text(name) for name in ("source", "channel", "summary", "place")}
    datum, own_keys = datum_name(rows.options), _own_keys(rows)
    found: dict[int, IncidentReport] = {}
    n_undated = n_by_month = 0
    for i, matter in enumerate(matters):
        began = reported[i] or occurred[i]
        if steps[i] == "reported" and closed[i]:
            rows.refuse(i, "closed_at", row_problems.NotEnded())
        if closed[i] and began and closed[i] < began:
            rows.refuse(i, "closed_at", row_problems.EndedTooEarly())
        if steps[i] == "closed" and not (closed[i] or began):
            rows.refuse(i, "step", row_problems.EndWithoutTime())
        if rows.refused(i):
            continue
        assert matter is not None
        ended = closed[i] or (began if steps[i] == "closed" else None)
        n_undated += ended is not None and closed[i] is None
        n_by_month += known[i] == "month"
        x, y = given[i]
        located = positions is not None and positions.problems[i] == ""
        found[i] = IncidentReport(
            source=texts["source"][i] or sender,
            external_id=keys[i] or own_keys[i],
            matter_code=matter.code,
            summary=texts["summary"][i] or matter.name,
            place=texts["place"][i],
            x=x if located else None,
            y=y if located else None,
            datum=datum if located else None,
            accuracy_m=accuracy[i],
            unit_code=units[i] or None,
            occurred_at=occurred[i],
            occurred_precision=known[i],
            reported_at=began,
            level=levels[i] or None,
            channel=texts["channel"][i] or "import",
            closed_at=ended,
        )
    if n_undated:
        rows.report.note("incident.closed_without_time", n=n_undated)
    if n_by_month:
        rows.report.note("incident.known_by_month", n=n_by_month)
    return found


def _own_keys(rows: Rows) -> list[str]:
    """Return a key for each row from its content and its place among the equal rows of the file."""
    headings = sorted(rows.table.headings)
    columns = [[as_text(value) for value in rows.table.columns[h]] for h in headings]
    times: Counter[tuple[str, ...]] = Counter()
    keys = []
    for content in zip(*columns, strict=True):
        times[content] += 1
        said = hashlib.sha256("\x1f".join((*headings, *content)).encode()).hexdigest()[:32]
        keys.append(f"{said}-{times[content]}")
    return keys
