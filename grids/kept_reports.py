"""Reports whose figures are kept as they were known when they were first made.

A report of a day that is over is made once: asked for again, it says the same, whatever was
entered, closed or moved since. One of a day that still runs is not kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from grids import access, schema
from grids.access import Action
from grids.local_time import local_day
from grids.model import Viewer
from grids.territory import within

KINDS = ("daily", "weekly", "hotspot")
_R = schema.report.c


@dataclass(frozen=True, slots=True)
class KeptReport:
    """The figures of a report, JSON-ready, and since when they are these.

    `digest` is the SHA-256 of the figures; `final` says that they are kept.
    """

    kind: str
    on: date
    area: str
    figures: Mapping[str, Any]
    digest: str
    made_at: datetime
    final: bool


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A kept report in a list."""

    kind: str
    on: date
    area: str
    area_name: str
    digest: str
    made_at: datetime


def get(
    conn: Connection,
    viewer: Viewer,
    kind: str,
    on: date,
    area: str,
    make: Callable[[], Mapping[str, Any]],
    now: datetime,
) -> KeptReport:
    """Return a report's figures: those that are kept, else those of `make`, kept from now on.

    Two who ask at once get the same: the first to keep them wins.

    Raises
    ------
    Forbidden, NotFound
        If the viewer may not export, or not there.
    """
    access.require(viewer, Action.EXPORT_RUN)
    access.require_territory(viewer, area)
    known = _find(conn, kind, on, area)
    if known is not None:
        return known
    figures = json.loads(json.dumps(make(), default=str))
    digest = hashlib.sha256(_canonical(figures)).digest()
    if on >= local_day(now):
        return KeptReport(kind, on, area, figures, digest.hex(), now, False)
    conn.execute(
        insert(schema.report)
        .values(
            kind=kind,
            on_day=on,
            territory_code=area,
            figures=figures,
            digest=digest,
            made_at=now,
            made_by=viewer.person_id,
        )
        .on_conflict_do_nothing()
    )
    kept = _find(conn, kind, on, area)
    assert kept is not None
    return kept


def list_kept(conn: Connection, viewer: Viewer, limit: int = 30) -> list[ReportLine]:
    """Return the kept reports of the viewer's territory, the latest day first."""
    access.require(viewer, Action.EXPORT_RUN)
    rows = conn.execute(
        select(
            _R.kind,
            _R.on_day,
            _R.territory_code,
            schema.unit.c.name,
            _R.digest,
            _R.made_at,
        )
        .join(schema.unit, schema.unit.c.code == _R.territory_code)
        .where(within(_R.territory_code, viewer.scope))
        .order_by(_R.on_day.desc(), _R.kind, _R.territory_code)
        .limit(limit)
    )
    return [
        ReportLine(
            row.kind, row.on_day, row.territory_code, row.name, bytes(row.digest).hex(), row.made_at
        )
        for row in rows
    ]


def serial(report: KeptReport, who: str, on: date) -> str:
    """Return the serial number of a copy: the same for the same figures, person and day."""
    said = f"{report.digest} {who} {on.isoformat()}"
    return hashlib.sha256(said.encode()).hexdigest()[:10].upper()


def county_code(conn: Connection) -> str | None:
    """Return the code of the first county in force, which a report without an area is about."""
    found: str | None = conn.execute(
        text("SELECT min(code) FROM unit WHERE level = 'county' AND upper_inf(valid)")
    ).scalar()
    return found


def _find(conn: Connection, kind: str, on: date, area: str) -> KeptReport | None:
    row = conn.execute(
        select(_R.figures, _R.digest, _R.made_at).where(
            _R.kind == kind, _R.on_day == on, _R.territory_code == area
        )
    ).one_or_none()
    if row is None:
        return None
    return KeptReport(kind, on, area, row.figures, bytes(row.digest).hex(), row.made_at, True)


def _canonical(figures: Any) -> bytes:
    return json.dumps(figures, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
