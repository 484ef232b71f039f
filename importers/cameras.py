"""Cameras from the registries of several departments: an asset list, never a picture."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Connection

from grids import access, intake
from grids.model import Viewer
from importers import row_problems
from importers.options import ImportOptions, Progress, no_progress
from importers.places import datum_name, place, refuse_outside
from importers.report import ImportReport
from importers.rows import Rows, open_batch

KIND = "cameras"
STATUSES = ("on", "off", "fault", "unknown")
TEXTS = ("name", "owner", "place_class", "status")
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
    NothingPublished
        Before the first boundaries.
    UndeclaredDatum
        If the file has coordinates and no datum was declared.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    report = ImportReport(KIND)
    rows = Rows.read(KIND, file, options, report)
    progress(0, 3, KIND)
    registries, devices = _check_keys(rows, options.source or file.stem)
    directions = rows.check_number("direction_deg", 0, 360)
    texts = {name: rows.text(name) for name in TEXTS}
    places = place(conn, viewer, rows)
    whole_keys = [f"{r} {d}" for r, d in zip(registries, devices, strict=True)]
    taken_elsewhere = intake.outside(conn, "camera", whole_keys, viewer.scope)
    progress(1, 3, KIND)
    n_foreign_ids = n_strange_status = 0
    merged = []
    for i in range(len(rows)):
        grid, subgroup = places.grids[i], places.subgroups[i]
        territory = subgroup or grid or places.fallback
        refuse_outside(rows, i, viewer, territory)
        if whole_keys[i] in taken_elsewhere:
            rows.refuse(i, "device_id", row_problems.CameraOutside())
        if rows.refused(i):
            continue
        n_foreign_ids += not GB28181_CAMERA.fullmatch(devices[i])
        status = texts["status"][i] or "unknown"
        n_strange_status += status not in STATUSES
        direction = directions[i]
        merged.append(
            (
                registries[i],
                devices[i],
                texts["name"][i],
                texts["owner"][i],
                texts["place_class"][i] or "other",
                status if status in STATUSES else "unknown",
                *places.points[i],
                None if direction is None else direction % 360,
                grid,
                subgroup,
                territory,
            )
        )
    if n_foreign_ids:
        report.note("camera.foreign_id", n=n_foreign_ids)
    if n_strange_status:
        report.note("camera.unknown_status", n=n_strange_status)
    batch_id = open_batch(conn, viewer, KIND, file, datum_name(options))
    progress(2, 3, KIND)
    absent = {name for name in (*TEXTS, "direction_deg") if not rows.has(name)}
    if not rows.has("lon"):
        absent.add("position")
    report.taken, report.unplaced = intake.save_cameras(
        conn, merged, absent=absent, publication=places.publication, batch_id=batch_id
    )
    report.unchanged = len(merged) - report.taken
    intake.close_batch(conn, batch_id, report.as_dict())
    progress(3, 3, KIND)
    return report


def _check_keys(rows: Rows, sender: str) -> tuple[list[str], list[str]]:
    """Return registry and device id of the rows; refuse those without one and repetitions."""
    registries = [value or sender for value in rows.text("registry")]
    devices = rows.check_code("device_id")
    first: dict[tuple[str, str], int] = {}
    for i, (registry, device) in enumerate(zip(registries, devices, strict=True)):
        if not device:
            rows.refuse(i, "device_id", row_problems.Empty(field="device_id"))
        elif (at := first.setdefault((registry, device), i)) != i:
            standing = rows.table.row_numbers[at]
            problem = row_problems.Repeated(given=f"{registry} {device}", at=standing)
            rows.refuse(i, "device_id", problem)
    return registries, devices
