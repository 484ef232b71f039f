"""Imports through the screens: a file that was sent, its check as a job, its taking in.

The file itself lies with the server; a task says how it was understood, how far a worker has come
with it and what came of it. A check keeps nothing but its account. What is taken in and the state
"done" are one transaction, so an import that is stopped, or whose worker dies, has changed nothing
and can be begun again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection

from grids import access, audit
from grids.access import Action
from grids.db import statement
from grids.errors import GridsError, NotFound
from grids.model import Role, Viewer

Deed = Literal["check", "commit"]

LISTED = 100
# A worker says twice a second that it is at it.
SILENT = timedelta(seconds=30)
_OPEN = ("received", "stopped", "checked", "failed")
_AT_WORK = ("waiting", "running")


class NotYours(GridsError):
    """Somebody else sent this file: what it says is for them."""

    code = "import.others"
    sentence = "Only {who}, who sent this file, may look into it and go on with it."


class WrongState(GridsError):
    """An import is not where this could be done with it."""

    code = "import.state"
    sentence = "This import has come further, or not so far: that is not possible now."


@dataclass(frozen=True, slots=True)
class ImportTask:
    """An import from the file's arrival to what came of it.

    Attributes
    ----------
    state
        `received` (options are being chosen), `waiting` and `running` (a job), `stopped` by hand,
        `checked`, `failed` (`refusal` says why), `done`, `discarded`.
    deed
        What the job is or was: `check` keeps nothing, `commit` takes in.
    partial
        Whether the good rows are taken although others are refused.
    options
        What the sender says of the file.
    recognised
        How the file was understood: format, encoding, headings, columns.
    stage, n_done, n_total
        How far the job has come.
    account
        `counts`, the first `refusals`, `by_code`, `notes` and, for outlines, the `difference`.
    """

    task_id: UUID
    by_person: UUID | None
    by_name: str
    role: str
    territory_code: str
    kind: str
    file_name: str
    n_bytes: int
    at: datetime
    state: str
    deed: str | None
    partial: bool
    options: dict[str, Any]
    recognised: dict[str, Any]
    stage: str | None
    n_done: int
    n_total: int
    asked_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None
    account: dict[str, Any] | None
    refusal: dict[str, Any] | None

    @property
    def sender(self) -> Viewer:
        """Return whom the job acts for."""
        return Viewer(self.by_person, self.by_name, Role(self.role), self.territory_code)


def create(
    conn: Connection,
    viewer: Viewer,
    *,
    task_id: UUID,
    kind: str,
    file_name: str,
    sha256: bytes,
    n_bytes: int,
    options: Mapping[str, Any],
    recognised: Mapping[str, Any],
    now: datetime,
) -> ImportTask:
    """Write down that a file has come, and return its task.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    """
    access.require(viewer, Action.IMPORT_RUN)
    conn.execute(
        statement("insert", "import_tasks"),
        {
            "task_id": task_id,
            "territory": viewer.scope,
            "by_person": viewer.person_id,
            "by_name": viewer.name,
            "role": viewer.role.value,
            "kind": kind,
            "file_name": file_name,
            "sha256": sha256,
            "n_bytes": n_bytes,
            "at": now,
            "options": _json(options),
            "recognised": _json(recognised),
        },
    )
    _record(conn, viewer, "import.send", task_id, kind=kind, n_bytes=n_bytes, sha256=sha256.hex())
    return get(conn, viewer, task_id)


def list_tasks(conn: Connection, viewer: Viewer) -> list[ImportTask]:
    """Return the imports of the viewer's territory, the latest first, at most 100.

    Options, recognition and the lists of the accounts are left out.
    """
    access.require(viewer, Action.IMPORT_RUN)
    asked = {"scope": viewer.scope, "limit": LISTED}
    return [
        ImportTask(**row._mapping) for row in conn.execute(statement("list", "import_tasks"), asked)
    ]


def get(conn: Connection, viewer: Viewer, task_id: UUID) -> ImportTask:
    """Return an import.

    Raises
    ------
    NotFound
        If there is none in the viewer's territory.
    """
    access.require(viewer, Action.IMPORT_RUN)
    asked = {"task_id": task_id, "scope": viewer.scope}
    row = conn.execute(statement("get", "import_tasks"), asked).one_or_none()
    if row is None:
        raise NotFound(what="import", key=str(task_id))
    return ImportTask(**row._mapping)


def get_own(conn: Connection, viewer: Viewer, task_id: UUID) -> ImportTask:
    """Return an import that the viewer sent, and keep others from it in this transaction.

    Raises
    ------
    NotFound
        If there is none in the viewer's territory.
    NotYours
        If somebody else sent it.
    """
    get(conn, viewer, task_id)
    conn.execute(statement("lock", "import_tasks"), {"task_id": task_id})
    task = get(conn, viewer, task_id)
    if task.by_person != viewer.person_id:
        raise NotYours(who=task.by_name)
    return task


def same_file(conn: Connection, kind: str, sha256: bytes) -> dict[str, Any] | None:
    """Return when the same bytes were last taken in as this kind: `{at, file_name, taken}`."""
    row = conn.execute(
        statement("same_file", "import_tasks"), {"sha256": sha256, "kind": kind}
    ).one_or_none()
    return None if row is None else dict(row._mapping)


def template(
    conn: Connection, viewer: Viewer, kind: str, headings: list[str]
) -> dict[str, Any] | None:
    """Return the options with which the viewer last took in a file of the same headings."""
    said: dict[str, Any] | None = conn.execute(
        statement("template", "import_tasks"),
        {"by_person": viewer.person_id, "kind": kind, "headings": _json(headings)},
    ).scalar()
    return said


def set_options(
    conn: Connection,
    viewer: Viewer,
    task_id: UUID,
    options: Mapping[str, Any],
    recognised: Mapping[str, Any],
) -> ImportTask:
    """Keep what the sender says of the file; an earlier account is dropped.

    Raises
    ------
    NotFound, NotYours
        As `get_own`.
    WrongState
        While a job has it, and when it has ended.
    """
    _require(get_own(conn, viewer, task_id), _OPEN, "change")
    said = {"task_id": task_id, "options": _json(options), "recognised": _json(recognised)}
    conn.execute(statement("set_options", "import_tasks"), said)
    return get(conn, viewer, task_id)


def ask(
    conn: Connection, viewer: Viewer, task_id: UUID, deed: Deed, now: datetime, *, partial: bool
) -> ImportTask:
    """Put an import into the queue: to be checked, or, once it was checked, to be taken in.

    Raises
    ------
    NotFound, NotYours
        As `get_own`.
    WrongState
        While a job has it, when it has ended, and for taking in what was not checked.
    """
    states = _OPEN if deed == "check" else ("checked",)
    _require(get_own(conn, viewer, task_id), states, deed)
    said = {"task_id": task_id, "deed": deed, "partial": partial, "at": now}
    conn.execute(statement("ask", "import_tasks"), said)
    _record(conn, viewer, f"import.{deed}", task_id, partial=partial)
    return get(conn, viewer, task_id)


def stop(conn: Connection, viewer: Viewer, task_id: UUID, now: datetime) -> ImportTask:
    """Stop a job that waits or runs; nothing of it is kept, and it can be asked for again.

    Raises
    ------
    NotFound, NotYours
        As `get_own`.
    WrongState
        If no job has it: it may have ended a moment ago.
    """
    return _end(conn, viewer, task_id, "stopped", _AT_WORK, now)


def discard(conn: Connection, viewer: Viewer, task_id: UUID, now: datetime) -> ImportTask:
    """Lay an import aside: nothing is taken in, and its file goes.

    Raises
    ------
    NotFound, NotYours
        As `get_own`.
    WrongState
        While a job has it, and when it has ended.
    """
    return _end(conn, viewer, task_id, "discarded", _OPEN, now)


# For workers ----------------------------------------------------------------------------------


def claim(conn: Connection, now: datetime) -> UUID | None:
    """Return the next import to be done, now the caller's; none where nothing waits.

    One whose worker has said nothing for 30 s is begun again.
    """
    asked = {"at": now, "silent_since": now - SILENT}
    found: UUID | None = conn.execute(statement("claim", "import_tasks"), asked).scalar()
    return found


def beat(conn: Connection, task_id: UUID, now: datetime) -> bool:
    """Say that a worker is still at an import, and return whether it is still wanted."""
    asked = {"task_id": task_id, "at": now}
    return conn.execute(statement("beat", "import_tasks"), asked).scalar() is not None


def tell(conn: Connection, task_id: UUID, n_done: int, n_total: int, stage: str) -> None:
    """Say how far an import has come."""
    said = {"task_id": task_id, "n_done": n_done, "n_total": n_total, "stage": stage}
    conn.execute(statement("progress", "import_tasks"), said)


def finish(
    conn: Connection,
    task_id: UUID,
    state: Literal["checked", "failed", "done"],
    now: datetime,
    *,
    account: Mapping[str, Any] | None = None,
    refusal: Mapping[str, Any] | None = None,
) -> bool:
    """Write down what came of an import; false where somebody stopped it meanwhile.

    Called in the transaction that takes in, which must be rolled back on false.
    """
    said = {
        "task_id": task_id,
        "state": state,
        "at": now,
        "account": None if account is None else _json(account),
        "refusal": None if refusal is None else _json(refusal),
    }
    return conn.execute(statement("finish", "import_tasks"), said).scalar() is not None


def with_files(conn: Connection) -> dict[UUID, tuple[bool, bool]]:
    """Return for each import whether its file, and whether the lists made of it, are to be kept."""
    rows = conn.execute(statement("with_files", "import_tasks"))
    return {row.task_id: (row.needs_upload, row.shown) for row in rows}


def _end(
    conn: Connection,
    viewer: Viewer,
    task_id: UUID,
    state: str,
    states: tuple[str, ...],
    now: datetime,
) -> ImportTask:
    _require(get_own(conn, viewer, task_id), states, state)
    said = {"task_id": task_id, "state": state, "at": now}
    conn.execute(statement("end_by_hand", "import_tasks"), said)
    _record(conn, viewer, f"import.{state}", task_id)
    return get(conn, viewer, task_id)


def _require(task: ImportTask, states: tuple[str, ...], wanted: str) -> None:
    if task.state not in states:
        raise WrongState(state=task.state, wanted=wanted)


def _record(conn: Connection, viewer: Viewer, action: str, task_id: UUID, **facts: Any) -> None:
    record = f"import_task {task_id}"
    audit.record(conn, viewer, action, record, territory=viewer.scope, facts=facts)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
