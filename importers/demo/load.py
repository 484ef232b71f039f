"""The invented county taken in through the doors for files, whole or not at all."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

from geo.errors import Refusal
from grids.model import Viewer
from grids.secrets import KeyRing
from importers.demo import recurring
from importers.demo.accounts import DemoAccount, open_accounts
from importers.demo.build import DemoFile
from importers.demo.words import units
from importers.doors import take_in
from importers.options import ImportOptions, Progress, no_progress
from importers.report import ImportReport

KIND = "demo"
# Whoever has any of these has data of their own.
_FILLED = ("unit", "person", "matter", "plan", "household", "camera", "incident")


class NotEmpty(Refusal):
    """The database holds data that the demo did not make."""

    code = "demo.not_empty"
    sentence = (
        "The database holds data of its own ({tables}): give the invented county another one "
        "with DATABASE_URL."
    )


class FilesRefused(Refusal):
    """Our own files do not come in whole: something is wrong with this program."""

    code = "demo.refused"
    sentence = "{refused} of {read} {kind} were refused; the first: {first}"


@dataclass(slots=True)
class Loaded:
    """What was taken in: how many and in how many seconds by kind, and the accounts.

    `key` tells this county apart from any other that was loaded by the same program.
    """

    key: str
    seed: int
    scale: str
    accounts: list[DemoAccount]
    counts: dict[str, int] = field(default_factory=dict)
    unplaced: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def loaded_before(conn: Connection) -> dict[str, Any] | None:
    """Return what the demo wrote down when it was taken into this database; none if it is empty.

    Raises
    ------
    NotEmpty
        If there are other data.
    """
    found = conn.execute(
        text("SELECT report FROM import_batch WHERE kind = :kind"), {"kind": KIND}
    ).scalar()
    if found is not None:
        return dict(found)
    filled = [
        table
        for table in _FILLED
        if conn.execute(text(f"SELECT EXISTS (SELECT FROM {table})")).scalar()  # noqa: S608 - ours
    ]
    if filled:
        raise NotEmpty(tables=", ".join(filled))
    return None


def load(
    conn: Connection,
    viewer: Viewer,
    files: Sequence[DemoFile],
    *,
    scale: str,
    seed: int,
    keys: KeyRing,
    now: datetime,
    progress: Progress = no_progress,
) -> Loaded:
    """Take the files into an empty database, open the accounts, ask for recurring work.

    That it was done is written down.

    All of it belongs to the caller's transaction: who is interrupted finds the database empty.

    Raises
    ------
    FilesRefused
        If a row of the files is refused.
    """
    loaded = Loaded(str(uuid4()), seed, scale, [])
    for file in files:
        started = time.monotonic()
        options = ImportOptions(datum=file.datum, level=file.level, keys=keys, plan_name="示意边界")
        report = take_in(conn, viewer, file.kind, [file.path], options, progress)
        if report.refused:
            raise _refusal(report)
        name = file.level or file.kind
        took = time.monotonic() - started
        loaded.counts[name] = loaded.counts.get(name, 0) + report.taken
        loaded.unplaced[name] = loaded.unplaced.get(name, 0) + report.unplaced
        loaded.seconds[name] = round(loaded.seconds.get(name, 0.0) + took, 2)
    loaded.accounts = open_accounts(conn, viewer, seed)
    started = time.monotonic()
    loaded.counts["tasks"] = recurring.ask(conn, viewer, units()[0].code, now, seed)
    loaded.seconds["tasks"] = round(time.monotonic() - started, 2)
    _write_down(conn, loaded)
    return loaded


def _refusal(report: ImportReport) -> FilesRefused:
    first = report.refusals[0]
    return FilesRefused(
        refused=report.refused,
        read=report.read,
        kind=report.kind,
        first=f"row {first.row}: {first.message}",
    )


def _write_down(conn: Connection, loaded: Loaded) -> None:
    conn.execute(
        text(
            "INSERT INTO import_batch (batch_id, kind, file_name, sha256, report)"
            " VALUES (CAST(:key AS uuid), :kind, 'wangge demo', '', CAST(:said AS jsonb))"
        ),
        {
            "key": loaded.key,
            "kind": KIND,
            "said": json.dumps(
                {
                    "key": loaded.key,
                    "scale": loaded.scale,
                    "seed": loaded.seed,
                    "counts": loaded.counts,
                    "unplaced": loaded.unplaced,
                }
            ),
        },
    )
