"""Households from a register: placed by position, else by code, else waiting in a queue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sqlalchemy import Connection, select

from geo.errors import Refusal
from grids import access, assign, intake, publications, schema
from grids.model import Viewer
from grids.secrets import mask_phone
from importers.options import ImportOptions, Progress, no_progress
from importers.report import ImportReport
from importers.rows import Rows, datum_name, file_hash, place

CLASSES = ("ordinary", "care", "key_care")
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
    taken all the same and waits in the queue of the unplaced. A household number that exists is
    replaced when something differs, and left alone when nothing does.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    UndeclaredDatum
        If the file has coordinates and no datum was declared.
    NoKeys
        If there are telephone numbers and no key.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport(KIND)
    rows = Rows.read(KIND, file, options, report)
    n = len(rows)
    progress(0, 4, KIND)
    numbers = rows.check_key("number")
    classes = rows.check_choice("class", CLASSES, "ordinary")
    members = rows.check_number("members", 0, 99)
    codes = rows.check_code("unit_code")
    phones = rows.text("phone")
    if any(phones) and options.keys is None:
        raise NoKeys(file=file.name)
    positions = rows.positions()
    progress(1, 4, KIND)
    xy = positions.xy if positions else np.full((n, 2), np.nan)
    homes = place(conn, xy)
    known = set(
        conn.execute(
            select(schema.unit.c.code).where(
                schema.unit.c.code.in_(sorted({c for c in codes if c})),
            )
        ).scalars()
    )
    county = assign.county_of(conn)
    texts = {name: rows.text(name) for name in ("address", "building", "building_unit", "room")}
    datum = datum_name(options) if positions else None
    progress(2, 4, KIND)
    keys = options.keys
    merged = []
    for i in range(n):
        if rows.refused(i):
            continue
        grid, subgroup, placed_by = homes.grid[i], homes.subgroup[i], "position"
        code = codes[i]
        if grid is None and code:
            if code not in known:
                rows.refuse(i, "unit_code", "unit.unknown", f"There is no unit {code}.")
                continue
            if len(code) >= 15:
                grid, placed_by = code[:15], "code"
                subgroup = code if len(code) == 17 else None
        if grid is None:
            placed_by = "unplaced"
            report.unplaced += 1
        located = not np.isnan(xy[i, 0])
        merged.append(
            (
                numbers[i],
                texts["address"][i],
                texts["building"][i] or None,
                texts["building_unit"][i] or None,
                texts["room"][i] or None,
                None if members[i] is None else int(members[i]),
                classes[i],
                keys.encrypt(phones[i]) if keys and phones[i] else None,
                mask_phone(phones[i]) if phones[i] else None,
                False,
                float(xy[i, 0]) if located else None,
                float(xy[i, 1]) if located else None,
                float(positions.given[i, 0]) if positions and located else None,
                float(positions.given[i, 1]) if positions and located else None,
                datum if located else None,
                grid,
                subgroup,
                placed_by,
                subgroup or grid or (code if code in known else county),
            )
        )
    batch_id = intake.open_batch(
        conn, viewer, kind=KIND, file_name=file.name, sha256=file_hash(file), datum=datum
    )
    current = publications.current(conn)
    progress(3, 4, KIND)
    if merged:
        report.taken = intake.save_households(
            conn,
            merged,
            phones=dict(zip(numbers, phones, strict=True)),
            keys=keys,
            publication=current.number if current else None,
            batch_id=batch_id,
        )
    report.unchanged = len(merged) - report.taken
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(4, 4, KIND)
    return report
