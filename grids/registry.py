"""The registers of households and cameras: read under masks, placed in the coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from grids import access, audit, intake, locate, publications
from grids.access import Action
from grids.db import statement
from grids.errors import BadValue, NotFound
from grids.model import Viewer
from grids.secrets import KeyRing

PAGE = 50


@dataclass(frozen=True, slots=True)
class Household:
    """A household as screens show it: `at` is (lon, lat), the telephone number is masked.

    `klass` is ordinary, care or key_care.
    """

    household_id: UUID
    number: str
    address: str
    building: str | None
    building_unit: str | None
    room: str | None
    klass: str
    members: int | None
    phone_mask: str | None
    at: tuple[float, float] | None
    grid_code: str | None
    subgroup_code: str | None
    placed_by: str


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera as an asset: whose it is, where it stands; there is no video here."""

    camera_id: UUID
    registry: str
    device_id: str
    name: str
    owner: str
    place_class: str
    status: str
    direction_deg: float | None
    at: tuple[float, float] | None
    grid_code: str | None
    subgroup_code: str | None


@dataclass(frozen=True, slots=True)
class Unplaced:
    """How much of a territory waits for a place; incidents are the open ones."""

    households: int
    cameras: int
    incidents: int


def get_household(conn: Connection, viewer: Viewer, household_id: UUID) -> Household:
    """Return a household.

    Raises
    ------
    NotFound
        If there is none in the viewer's territory.
    """
    access.require(viewer, Action.HOUSEHOLD_SEE)
    return _household(_household_row(conn, viewer, household_id))


def list_households(
    conn: Connection,
    viewer: Viewer,
    code: str,
    *,
    after: str | None = None,
    unplaced: bool = False,
    limit: int = PAGE,
) -> tuple[list[Household], str | None]:
    """Return a page of a unit's households by number, and the number to go on after.

    Raises
    ------
    NotFound
        If the unit lies outside the viewer's territory.
    """
    access.require(viewer, Action.HOUSEHOLD_SEE)
    access.require_territory(viewer, code)
    rows = conn.execute(
        statement("households", "registry"),
        {"code": code, "after": after, "unplaced": unplaced, "limit": limit + 1},
    ).all()
    page = [_household(row) for row in rows[:limit]]
    return page, page[-1].number if len(rows) > limit else None


def reveal_phone(
    conn: Connection, viewer: Viewer, household_id: UUID, reason: str, keys: KeyRing
) -> str | None:
    """Return a household's telephone number in full and write down who asked for it and why.

    Returns
    -------
    str or None
        None if the household has no number; that too is written down.

    Raises
    ------
    BadValue
        If no reason is given.
    NotFound
        If there is no such household in the viewer's territory.
    """
    access.require(viewer, Action.HOUSEHOLD_REVEAL)
    if not reason.strip():
        raise BadValue(field="reason", given=reason, reason="empty")
    row = _household_row(conn, viewer, household_id)
    audit.record(
        conn,
        viewer,
        Action.HOUSEHOLD_REVEAL,
        f"household {household_id}",
        territory=row.territory_code,
        reason=reason,
    )
    return keys.decrypt(bytes(row.phone_cipher)) if row.phone_cipher else None


def get_camera(conn: Connection, viewer: Viewer, camera_id: UUID) -> Camera:
    """Return a camera.

    Raises
    ------
    NotFound
        If there is none in the viewer's territory.
    """
    access.require(viewer, Action.CAMERA_SEE)
    row = conn.execute(
        statement("camera", "registry"), {"camera_id": camera_id, "scope": viewer.scope}
    ).one_or_none()
    if row is None:
        raise NotFound(what="camera", key=str(camera_id))
    return _camera(row)


def list_cameras(
    conn: Connection, viewer: Viewer, code: str, *, after: str | None = None, limit: int = PAGE
) -> tuple[list[Camera], str | None]:
    """Return a page of a unit's cameras, and the cursor to go on after; as `list_households`."""
    access.require(viewer, Action.CAMERA_SEE)
    access.require_territory(viewer, code)
    rows = conn.execute(
        statement("cameras", "registry"), {"code": code, "after": after, "limit": limit + 1}
    ).all()
    page = [_camera(row) for row in rows[:limit]]
    return page, str(page[-1].camera_id) if len(rows) > limit else None


def unplaced(conn: Connection, scope: str) -> Unplaced:
    """Return how much of a territory waits for a place."""
    return Unplaced(*conn.execute(statement("unplaced", "registry"), {"scope": scope}).one())


def place_all(conn: Connection) -> tuple[int, int]:
    """Put every household and camera with a position where the coverage in force has it.

    Only what changes is written. What was placed by code or by hand stays.

    Returns
    -------
    (households, cameras)
        How many got another home.
    """
    publication = publications.hold(conn).number
    households = _place(conn, "household_positions", "place_households", publication)
    cameras = _place(conn, "camera_positions", "place_cameras", publication)
    if households:
        intake.recount_households(conn)
    return households, cameras


def _place(conn: Connection, positions: str, update: str, publication: int) -> int:
    rows = conn.execute(statement(positions, "registry")).all()
    if not rows:
        return 0
    homes = locate.homes_of(conn, np.array([(row.lon, row.lat) for row in rows]))
    moved = [
        (row.id, grid, subgroup)
        for row, grid, subgroup in zip(rows, homes.grid_codes, homes.subgroup_codes, strict=True)
        if (row.grid_code, row.subgroup_code) != (grid, subgroup)
    ]
    if moved:
        ids, grids, subgroups = (list(column) for column in zip(*moved, strict=True))
        conn.execute(
            statement(update, "registry"),
            {"ids": ids, "grids": grids, "subgroups": subgroups, "publication": publication},
        )
    return len(moved)


def _household_row(conn: Connection, viewer: Viewer, household_id: UUID) -> Any:
    row = conn.execute(
        statement("household", "registry"), {"household_id": household_id, "scope": viewer.scope}
    ).one_or_none()
    if row is None:
        raise NotFound(what="household", key=str(household_id))
    return row


def _household(row: Any) -> Household:
    return Household(
        row.household_id,
        row.number,
        row.address,
        row.building,
        row.building_unit,
        row.room,
        row._mapping["class"],
        row.members,
        row.phone_mask,
        _at(row),
        row.grid_code,
        row.subgroup_code,
        row.placed_by,
    )


def _camera(row: Any) -> Camera:
    return Camera(
        row.camera_id,
        row.registry,
        row.device_id,
        row.name,
        row.owner,
        row.place_class,
        row.status,
        row.direction_deg,
        _at(row),
        row.grid_code,
        row.subgroup_code,
    )


def _at(row: Any) -> tuple[float, float] | None:
    return None if row.lon is None else (row.lon, row.lat)
