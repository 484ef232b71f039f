"""Households from a register: placed by position, else by code, else waiting in a queue."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from geo.errors import Refusal
from grids import access, intake
from grids.model import Level, Viewer
from grids.secrets import mask_phone
from importers import row_problems
from importers.options import ImportOptions, Progress, no_progress
from importers.places import check_units, datum_name, place, refuse_outside
from importers.report import ImportReport
from importers.rows import Rows, open_batch

CLASSES = ("ordinary", "care", "key_care")
TEXTS = ("address", "building", "building_unit", "room")
KIND = "households"


class NoKeys(Refusal):
    """A file holds telephone numbers and there is no key to encrypt them with."""

    code = "import.no_keys"
    sentence = "{file} holds telephone numbers, and there is no key to encrypt them."


def import_households(
    conn: Connection,
    viewer: Viewer,
    file: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in households and return the account of every row.

    A row with coordinates belongs to the cell that covers them. Without coordinates, or where they
    lie outside every grid, its sub-group or grid code places it; a row that neither places is
    taken all the same and waits in the queue of the unplaced. Where position and code disagree the
    position decides, and a note counts them. A household number that exists is replaced when
    something differs, and left alone when nothing does; what the file has no column for is kept.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    NothingPublished
        Before the first boundaries.
    UndeclaredDatum
        If the file has coordinates and no datum was declared.
    NoKeys
        If there are telephone numbers and no key.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport(KIND)
    rows = Rows.read(KIND, file, options, report)
    progress(0, 4, KIND)
    numbers = rows.check_key("number")
    classes = rows.check_choice("class", CLASSES, "ordinary")
    members = rows.check_number("members", 0, 99, whole=True)
    phones = rows.text("phone")
    if any(phones) and options.keys is None:
        raise NoKeys(file=file.name)
    codes = check_units(conn, rows, "unit_code", required=False)
    places = place(conn, viewer, rows)
    progress(1, 4, KIND)
    texts = {name: rows.text(name) for name in TEXTS}
    taken_elsewhere = intake.outside(conn, "household", numbers, viewer.scope)
    keys, n_disagree = options.keys, 0
    merged, phone_of = [], {}
    for i in range(len(rows)):
        code = codes[i]
        grid, subgroup, placed_by = places.grids[i], places.subgroups[i], "position"
        n_disagree += bool(grid and code and not (subgroup or grid).startswith(code))
        if grid is None:
            placed_by = "code" if len(code) >= Level.GRID.digits else "unplaced"
            grid = code[: Level.GRID.digits] if placed_by == "code" else None
            subgroup = code if len(code) == Level.SUBGROUP.digits else None
        territory = subgroup or grid or code or places.fallback
        refuse_outside(rows, i, viewer, territory)
        if numbers[i] in taken_elsewhere:
            rows.refuse(i, "number", row_problems.NumberOutside())
        if rows.refused(i):
            continue
        phone_of[numbers[i]] = phones[i]
        merged.append(
            (
                numbers[i],
                texts["address"][i],
                texts["building"][i] or None,
                texts["building_unit"][i] or None,
                texts["room"][i] or None,
                members[i] if members[i] is None else int(members[i]),
                classes[i],
                keys.encrypt(phones[i]) if keys and phones[i] else None,
                mask_phone(phones[i]) if phones[i] else None,
                False,
                *places.points[i],
                grid,
                subgroup,
                placed_by,
                territory,
            )
        )
    progress(2, 4, KIND)
    if n_disagree:
        report.note("household.code_differs", n=n_disagree)
    batch_id = open_batch(conn, viewer, KIND, file, datum_name(options))
    progress(3, 4, KIND)
    absent = {name for name in (*TEXTS, "members", "class") if not rows.has(name)}
    if not (rows.has("lon") or rows.has("unit_code")):
        absent.add("position")
    report.taken, report.unplaced = intake.save_households(
        conn,
        merged,
        absent=absent,
        phones=phone_of if rows.has("phone") else None,
        keys=keys,
        publication=places.publication,
        batch_id=batch_id,
    )
    report.unchanged = len(merged) - report.taken
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(4, 4, KIND)
    return report
