"""Cameras from the registries of several departments: an asset list, never a picture."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from grids import access, assign, intake, publications
from grids.model import Viewer
from importers.options import ImportOptions, Progress, no_progress
from importers.report import ImportReport
from importers.rows import Rows, datum_name, file_hash, place

KIND = "cameras"
STATUSES = ("on", "off", "fault", "unknown")
# GB/T 28181: digits 11-13 say the kind of device; 131 and 132 are cameras.
GB28181_CAMERA = re.compile(r"\d{10}13[12]\d{7}")


def import_cameras(
    conn: Connection,
    viewer: Viewer,
    file: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in cameras and return the account of every row.

    A camera is known by registry and device id. Its grid comes from its position, never from its
    id; an id that is no GB/T 28181 camera id is noted, not refused (registries have their own).
    A status that is none of ours counts as unknown and is noted.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    UndeclaredDatum
        If the file has coordinates and no datum was declared.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport(KIND)
    rows = Rows.read(KIND, file, options, report)
    n = len(rows)
    progress(0, 3, KIND)
    registries = [value or options.source or file.stem for value in rows.text("registry")]
    devices = rows.check_code("device_id")
    first: dict[tuple[str, str], int] = {}
    for i, key in enumerate(zip(registries, devices, strict=True)):
        if not key[1]:
            rows.refuse(i, "device_id", "value.missing", "device_id is empty.")
        elif key in first:
            at = rows.table.row_numbers[first[key]]
            rows.refuse(
                i, "device_id", "row.repeated", f"{key[0]} {key[1]} stands in row {at} already."
            )
        else:
            first[key] = i
    directions = rows.check_number("direction_deg", 0, 360)
    texts = {name: rows.text(name) for name in ("name", "owner", "place_class", "status")}
    positions = rows.positions()
    xy = positions.xy if positions else np.full((n, 2), np.nan)
    progress(1, 3, KIND)
    homes = place(conn, xy)
    county = assign.county_of(conn)
    datum = datum_name(options) if positions else None
    foreign_ids = strange_status = 0
    merged = []
    for i in range(n):
        if rows.refused(i):
            continue
        foreign_ids += not GB28181_CAMERA.fullmatch(devices[i])
        status = texts["status"][i] or "unknown"
        strange_status += status not in STATUSES
        located = not np.isnan(xy[i, 0])
        grid, subgroup = homes.grid[i], homes.subgroup[i]
        report.unplaced += grid is None
        direction = directions[i]
        merged.append(
            (
                registries[i],
                devices[i],
                texts["name"][i],
                texts["owner"][i],
                texts["place_class"][i] or "other",
                status if status in STATUSES else "unknown",
                float(xy[i, 0]) if located else None,
                float(xy[i, 1]) if located else None,
                float(positions.given[i, 0]) if positions and located else None,
                float(positions.given[i, 1]) if positions and located else None,
                datum if located else None,
                None if direction is None else direction % 360,
                grid,
                subgroup,
                subgroup or grid or county,
            )
        )
    if foreign_ids:
        report.note("camera.foreign_id", n=foreign_ids)
    if strange_status:
        report.note("camera.unknown_status", n=strange_status)
    batch_id = intake.open_batch(
        conn, viewer, kind=KIND, file_name=file.name, sha256=file_hash(file), datum=datum
    )
    current = publications.current(conn)
    progress(2, 3, KIND)
    report.taken = intake.save_cameras(
        conn, merged, publication=current.number if current else None, batch_id=batch_id
    )
    report.unchanged = len(merged) - report.taken
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(3, 3, KIND)
    return report
