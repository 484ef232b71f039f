"""People who work here."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from grids import access, intake
from grids.model import Viewer
from grids.secrets import mask_phone
from importers import row_problems
from importers.households import NoKeys
from importers.options import ImportOptions, Progress, no_progress
from importers.places import check_units, refuse_outside
from importers.report import ImportReport
from importers.rows import Rows, open_batch


def import_people(
    conn: Connection,
    viewer: Viewer,
    file: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in people and return the account of every row.

    A person is known by the sender's key (staff number). Telephone numbers are encrypted.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    NoKeys
        If there are telephone numbers and no key.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport("people")
    rows = Rows.read("people", file, options, report)
    progress(0, 2, "people")
    names, phones = rows.text("name"), rows.text("phone")
    keys_of = rows.check_key("key")
    for i, name in enumerate(names):
        if not name:
            rows.refuse(i, "name", row_problems.Empty(field="name"))
    codes = check_units(conn, rows, "unit_code", required=True)
    if any(phones) and options.keys is None:
        raise NoKeys(file=file.name)
    taken_elsewhere = intake.outside(conn, "person", keys_of, viewer.scope)
    merged, phone_of = [], {}
    for i in range(len(rows)):
        if codes[i]:
            refuse_outside(rows, i, viewer, codes[i])
        if keys_of[i] in taken_elsewhere:
            rows.refuse(i, "key", row_problems.PersonOutside())
        if rows.refused(i):
            continue
        phone_of[keys_of[i]] = phones[i]
        merged.append(
            (
                keys_of[i],
                names[i],
                options.keys.encrypt(phones[i]) if options.keys and phones[i] else None,
                mask_phone(phones[i]) if phones[i] else None,
                False,
                codes[i],
            )
        )
    progress(1, 2, "people")
    batch_id = open_batch(conn, viewer, "people", file, None)
    report.taken = intake.save_people(
        conn,
        merged,
        phones=phone_of if rows.has("phone") else None,
        keys=options.keys,
    )
    report.unchanged = len(merged) - report.taken
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(2, 2, "people")
    return report
