"""One import done in a process of its own: `python -m web.import_job TASK`.

It can be killed at any moment. What it takes in and the word that it is done are one transaction;
what it says on the way goes through another connection.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from geo.errors import Refusal
from geo.lattice import Geometries
from geo.repair_account import Repair
from grids import db, import_tasks
from grids.access import everyone
from grids.import_tasks import ImportTask
from importers.doors import OUTLINES, take_in
from importers.fields import Declared, fields_of
from importers.options import ImportOptions, Progress
from importers.preview import ImportPreview, preview
from importers.recognise import columns_of
from importers.report import HELD_BACK, ImportReport
from layers.repair_page import repair_page
from web import import_files
from web.clock import now
from web.cluster import database_url
from web.config import phone_keys
from web.import_words import wording
from web.locale import LOCALES, speaking

WHOLE = frozenset({"grids", "subgroups"})
"""Kinds that make one coverage: a part of a file is none."""

LISTED = 200
_NOTED = 50
_TOLD_EVERY_S = 0.3


class RowsRefused(Refusal):
    """A file has rows that are refused, and nobody said to take the others."""

    code = "import.rows_refused"
    sentence = "{refused} of {read} rows are refused, so nothing was taken."


class Broken(Refusal):
    """The process of an import ended by itself."""

    code = "import.broken"
    sentence = "The program that takes this file in broke down. Nothing was taken."


class _Tried(Exception):
    """All was done and nothing is to be kept."""


class Stopped(Exception):
    """Somebody stopped the import before it was done."""


def run(engine: Engine, task_id: UUID) -> None:
    """Check an import or take it in, as its task asks, and write down what came of it.

    Parameters
    ----------
    engine
        Of the owner role; the importers themselves hold to the sender's territory.
    """
    with db.begin(engine, db.EVERYWHERE) as conn:
        task = import_tasks.get(conn, everyone(), task_id)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as beside:
        told = _teller(beside, task_id)
        try:
            _check(engine, task, told) if task.deed == "check" else _commit(engine, task, told)
        except Stopped:
            return
        except Refusal as refusal:
            with db.begin(engine, db.EVERYWHERE) as conn:
                said = told_of(refusal)
                import_tasks.finish(conn, task_id, "failed", now(), refusal=said)


def told_of(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal as a task keeps it: its sentence beside the facts, for any language."""
    return {"code": refusal.code, "sentence": refusal.sentence, "facts": refusal.facts}


def options_of(
    task: ImportTask, repairs: list[tuple[Geometries, Repair]] | None = None
) -> ImportOptions:
    """Return an import's options from what its sender said; repairs are added to the list given.

    Once columns were chosen, a field without one has none.
    """
    said = task.options
    fields = said.get("fields")
    without = frozenset(fields_of(columns_of(task.kind))) if fields is not None else frozenset()
    show = None if repairs is None else (lambda before, made: repairs.append((before, made)))
    return ImportOptions(
        datum=said.get("datum"),
        declared=Declared(fields or {}, without=without - set(fields or {})),
        level=said.get("level"),
        codes="assign" if said.get("codes") == "assign" else "national",
        layer=said.get("layer"),
        encoding=said.get("encoding"),
        plan_name=said.get("title") or task.file_name,
        source=said.get("source"),
        new_matters=bool(said.get("new_matters")),
        keys=phone_keys(),
        show_repair=show,
    )


def _check(engine: Engine, task: ImportTask, told: Progress) -> None:
    repairs: list[tuple[Geometries, Repair]] = []
    files = [import_files.folder_of(task.task_id) / task.file_name]
    options = options_of(task, repairs)
    report, difference = None, None
    with _trying(engine) as conn:
        if task.kind in OUTLINES:
            accounts: list[ImportReport] = []
            viewer = task.sender
            difference = preview(
                conn, viewer, task.kind, files, options, told, keep=accounts.append
            )
            report = accounts[0] if accounts else None
        else:
            report = take_in(conn, task.sender, task.kind, files, options, told)
    if report is not None:
        _write_rejects(task, report)
    for locale in ("zh-CN", "en") if repairs else ():
        before, made = repairs[-1]
        page = repair_page(before, made, [], task.file_name, locale)
        import_files.repair_sheet(task.task_id, locale).write_text(page, "utf-8")
    with db.begin(engine, db.EVERYWHERE) as conn:
        refusal = _refused(difference)
        import_tasks.finish(
            conn,
            task.task_id,
            "failed" if refusal else "checked",
            now(),
            account=None if report is None else account_of(report, difference, bool(repairs)),
            refusal=refusal,
        )


def _commit(engine: Engine, task: ImportTask, told: Progress) -> None:
    options = options_of(task)
    files = [import_files.folder_of(task.task_id) / task.file_name]
    with _taking(engine) as conn:
        report = take_in(conn, task.sender, task.kind, files, options, told)
        if report.refused and (task.kind in WHOLE or not task.partial):
            raise RowsRefused(refused=report.refused, read=report.read)
        earlier = task.account or {}
        account = account_of(report, None, bool(earlier.get("pictured")))
        account["difference"] = earlier.get("difference")
        if not import_tasks.finish(conn, task.task_id, "done", now(), account=account):
            raise Stopped
        _write_rejects(task, report)


@contextmanager
def _taking(engine: Engine) -> Iterator[Connection]:
    """Open the transaction that takes in; the database ends its work when this process is gone."""
    with db.begin(engine, db.EVERYWHERE) as conn:
        conn.execute(text("SET LOCAL client_connection_check_interval = '500ms'"))
        yield conn


@contextmanager
def _trying(engine: Engine) -> Iterator[Connection]:
    """Open a transaction as `_taking` does, of which nothing is kept."""
    with suppress(_Tried), _taking(engine) as conn:
        yield conn
        raise _Tried


def account_of(
    report: ImportReport, difference: ImportPreview | None, pictured: bool
) -> dict[str, Any]:
    """Return the account of an import for a screen: all counts, and the first of each list.

    Rows without a fault of their own, which wait for others, are counted and not listed.
    """
    counts = report.as_dict()
    notes = counts.pop("notes")
    del counts["refusals"], counts["kind"]
    faults = [one for one in report.refusals if one.code != HELD_BACK]
    held_back = len({one.row for one in report.refusals if one.code == HELD_BACK})
    published = next((one["publication"] for one in notes if one["code"] == "published"), None)
    return {
        "counts": counts,
        "held_back": held_back,
        "refusals": [one.as_told() for one in faults[:LISTED]],
        "n_refusals": len(faults),
        "by_code": dict(Counter(one.code for one in faults).most_common()),
        "notes": [_short(note) for note in notes[:LISTED]],
        "publication": published,
        "difference": None if difference is None else _listed(difference),
        "pictured": pictured,
    }


def _refused(difference: ImportPreview | None) -> dict[str, Any] | None:
    if difference is None or difference.refusal is None:
        return None
    facts = dict(difference.refusal)
    return {"code": facts.pop("code"), "sentence": facts.pop("sentence"), "facts": facts}


def _listed(difference: ImportPreview) -> dict[str, Any]:
    told: dict[str, Any] = {"level": difference.level, "untouched": difference.n_untouched}
    for name in ("added", "changed", "renamed", "removed"):
        units = getattr(difference, name)
        told[name] = {"n": len(units), "units": [asdict(one) for one in units[:LISTED]]}
    return told


def _short(note: Mapping[str, Any]) -> dict[str, Any]:
    """Return a note with no more of each list than a screen shows."""
    return {name: fact[:_NOTED] if isinstance(fact, list) else fact for name, fact in note.items()}


def _write_rejects(task: ImportTask, report: ImportReport) -> None:
    for language in LOCALES:
        with speaking(language):
            for form in ("csv", "xlsx"):
                path = import_files.rejects(task.task_id, form, language)
                path.unlink(missing_ok=True)
                if report.refused:
                    report.write_rejects(path, wording(task.kind))


def _teller(beside: Connection, task_id: UUID) -> Progress:
    last = 0.0

    def tell(done: int, total: int, stage: str) -> None:
        nonlocal last
        moment = time.monotonic()
        if done < total and moment - last < _TOLD_EVERY_S and done:
            return
        last = moment
        import_tasks.tell(beside, task_id, done, total, stage)

    return tell


def _end_with_parent(parent: int) -> None:
    """End this process and its children soon after the worker that began it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _end_with_parent(os.getppid())
    run(
        db.make_engine(database_url("owner"), pooled=False, application="wangge-import"),
        UUID(sys.argv[1]),
    )
