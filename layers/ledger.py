"""The ledger of incidents (台账): every incident asked for as a row in the county's columns."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, Row, select

from geo.errors import Refusal
from grids import access, incidents, rules, schema, workflow
from grids.incidents import Filter
from grids.local_time import CHINA
from grids.model import Level, Viewer
from layers.exports import ExportTable

MOST_ROWS = 200_000


class TooManyRows(Refusal):
    """More incidents than a spreadsheet is good for."""

    code = "ledger.too_many"
    sentence = "More than {most} incidents fit: ask for a shorter period or a smaller area."


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Headings with their fields, in order, and the words that stand for codes, by field."""

    columns: tuple[tuple[str, str], ...]
    words: Mapping[str, Mapping[str, str]]


@cache
def _sheet() -> _Sheet:
    said = tomllib.loads(files(__package__).joinpath("ledger.toml").read_text(encoding="utf-8"))
    return _Sheet(tuple((heading, field) for heading, field in said["columns"]), said["words"])


def read(conn: Connection, viewer: Viewer, which: Filter, now: datetime) -> ExportTable:
    """Return the incidents asked for in the county's columns, newest report first.

    Times are China's, as text that a spreadsheet sorts; telephone numbers and the names of those
    who reported are not in it.

    Raises
    ------
    Forbidden, NotFound
        If the viewer may not export, or not there.
    TooManyRows
        If there are more than 200,000.
    """
    access.require(viewer, access.Action.EXPORT_RUN)
    sheet = _sheet()
    names = _unit_names(conn)
    columns: dict[str, list[Any]] = {heading: [] for heading, _ in sheet.columns}
    for n, row in enumerate(incidents.list_all(conn, viewer, which, now)):
        if n == MOST_ROWS:
            raise TooManyRows(most=MOST_ROWS)
        known = row._asdict() | _derived(row, names, now)
        for heading, field in sheet.columns:
            columns[heading].append(_cell(sheet, field, known[field]))
    return ExportTable(columns, None)


def _derived(row: Row[Any], names: Mapping[str, str], now: datetime) -> dict[str, Any]:
    code = row.territory_code
    ended = row.closed_at or now
    return {
        "township": names.get(code[: Level.TOWNSHIP.digits]),
        "village": names.get(code[: Level.VILLAGE.digits]),
        "handling_level": rules.handling_level(row.owner_unit).value,
        "six": workflow.phase(row.step, review=row.review)["six"],
        "late": row.due_at is not None and row.due_at < ended,
    }


def _unit_names(conn: Connection) -> dict[str, str]:
    unit = schema.unit.c
    rows = conn.execute(select(unit.code, unit.name).where(unit.level.in_(("township", "village"))))
    return {row.code: row.name for row in rows}


def _cell(sheet: _Sheet, field: str, value: Any) -> Any:
    words = sheet.words.get(field)
    if words is not None and value is not None:
        return words[str(value).lower() if isinstance(value, bool) else str(value)]
    if isinstance(value, datetime):
        return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    return value
