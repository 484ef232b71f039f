"""Imports: a file is sent, understood, checked and taken in; the work itself is a job's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast
from uuid import UUID, uuid4

from flask import Response, jsonify, request, send_file

from geo.datum import parse_datum
from grids import audit, import_tasks
from grids.errors import NotFound
from grids.import_tasks import ImportTask
from importers.fields import Declared, propose
from importers.recognise import Recognised, columns_of, placed, recognise
from web import import_files
from web.clock import now
from web.door import Blueprint
from web.headers import SHEET_POLICY
from web.import_bodies import CommitBody, OptionsBody, PlacesQuery, SendQuery
from web.import_words import row_detail
from web.limits import limiter
from web.locale import tag
from web.session import needs, viewer
from web.transaction import begin
from web.words import sentence

blp = Blueprint("imports", __name__, url_prefix="/imports", description="Files taken in.")

# Each costs a child process and as much disk as it has bytes.
SENT = "60/hour"
TASK = "/<uuid:task_id>"
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@blp.url_value_preprocessor
def _let_files_in(endpoint: str | None, _: dict[str, Any] | None) -> None:
    """Allow more bytes here than elsewhere, before anything looks at the request's body."""
    if endpoint == "imports.send":
        request.max_content_length = import_files.MAX_BYTES + 1


@blp.get("")
@blp.response(200, description="The territory's imports, the latest first, at most 100.")
@needs("import.run")
def list_imports():
    """Return the imports of the viewer's territory."""
    with begin(viewer()) as conn:
        found = import_tasks.list_tasks(conn, viewer())
    return jsonify({"imports": [_row(one) for one in found]})


@blp.post("")
@blp.arguments(SendQuery, location="query")
@blp.doc(
    requestBody={
        "description": "The file, byte for byte; a shapefile is sent as one zip archive.",
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    }
)
@blp.response(201, description="The import, with what the file was recognised as.")
@blp.alt_response(413, description="The file is too large.")
@blp.alt_response(422, description="It cannot be read as this kind.")
@limiter.limit(SENT)
@needs("import.run")
def send(asked):
    """Send a file; it is kept and looked at, and nothing of it is taken in."""
    who, kind = viewer(), asked["kind"]
    name = import_files.checked_name(asked["name"], kind)
    task_id = uuid4()
    came = import_files.receive(request.stream, task_id, name)
    try:
        seen = recognise(came.path, kind)
        with begin(who) as conn:
            options: dict[str, Any] = {"fields": seen.columns, "layer": seen.layer}
            options |= import_tasks.template(conn, who, kind, seen.headings) or {}
            options["layer"] = seen.layer
            task = import_tasks.create(
                conn,
                who,
                task_id=task_id,
                kind=kind,
                file_name=name,
                sha256=came.sha256,
                n_bytes=came.n_bytes,
                options=options,
                recognised=_kept(task_id, seen)
                | {"same_file": import_tasks.same_file(conn, kind, came.sha256)},
                now=now(),
            )
    except BaseException:
        import_files.remove(task_id)
        raise
    answer = jsonify(_card(task))
    answer.status_code = 201
    return answer


@blp.get(TASK)
@blp.response(200, description="The import; the first rows of the file for who sent it.")
@needs("import.run")
def show(task_id):
    """Return an import: how it was understood, how far it has come, what came of it."""
    with begin(viewer()) as conn:
        task = import_tasks.get(conn, viewer(), task_id)
    return jsonify(_card(task))


@blp.put(TASK + "/options")
@blp.arguments(OptionsBody)
@blp.response(200, description="The import, recognised anew.")
@blp.alt_response(409, description="A job has it, or it has ended.")
@needs("import.run")
def set_options(body, task_id):
    """Say which column is which field, of what datum and encoding the file is, and so on."""
    who = viewer()
    said: dict[str, Any] = {name.rstrip("_"): value for name, value in body.items()}
    with begin(who) as conn:
        task = import_tasks.get_own(conn, who, task_id)
    if said.get("datum"):
        parse_datum(said["datum"])
    known = task.recognised
    # A column that is not there is refused here, and not by a job later.
    propose(columns_of(task.kind), known["headings"], Declared(said.get("fields", {})))
    read_as = known["layer"], task.options.get("encoding")
    if (said.get("layer"), said.get("encoding")) != read_as:
        path = import_files.folder_of(task_id) / task.file_name
        seen = recognise(
            path,
            task.kind,
            layer=said.get("layer"),
            encoding=said.get("encoding"),
        )
        known = _kept(task_id, seen) | {"same_file": known.get("same_file")}
        said["fields"] = seen.columns
    with begin(who) as conn:
        task = import_tasks.set_options(conn, who, task_id, said, known)
    return jsonify(_card(task))


@blp.get(TASK + "/places")
@blp.arguments(PlacesQuery, location="query")
@blp.response(200, description="Up to 500 positions of the file in CGCS2000.")
@blp.alt_response(422, description="No such datum, or none is known.")
@needs("import.run")
def places(asked, task_id):
    """Return where positions of the file lie if they are of a datum: a shift shows on a map.

    Without `datum` they are read as what the file itself says.
    """
    with begin(viewer()) as conn:
        task = import_tasks.get_own(conn, viewer(), task_id)
    given = import_files.sample(task_id)["places"]
    datum = parse_datum(asked.get("datum") or task.recognised["crs"])
    return jsonify({"places": placed(given, datum).round(7).tolist(), "n": len(given)})


@blp.post(TASK + "/check")
@blp.response(202, description="The import, waiting for a worker.")
@blp.alt_response(409, description="A job has it, or it has ended.")
@needs("import.run")
def check(task_id):
    """Try everything and keep nothing: the account says what taking it in would do."""
    return _asked(task_id, "check", partial=False)


@blp.post(TASK + "/commit")
@blp.arguments(CommitBody)
@blp.response(202, description="The import, waiting for a worker.")
@blp.alt_response(409, description="It was not checked, or a job has it.")
@needs("import.run")
def commit(body, task_id):
    """Take the file in as it was checked: all of it, or where `partial` says so its good rows."""
    return _asked(task_id, "commit", partial=body["partial"])


@blp.post(TASK + "/stop")
@blp.response(200, description="The import, stopped; nothing was kept.")
@blp.alt_response(409, description="No job has it: it may have ended a moment ago.")
@needs("import.run")
def stop(task_id):
    """Stop a job that waits or runs."""
    with begin(viewer()) as conn:
        return jsonify(_card(import_tasks.stop(conn, viewer(), task_id, now())))


@blp.post(TASK + "/discard")
@blp.response(200, description="The import, laid aside; its file is gone.")
@blp.alt_response(409, description="A job has it, or it has ended.")
@needs("import.run")
def discard(task_id):
    """Take nothing in, and delete the file."""
    with begin(viewer()) as conn:
        task = import_tasks.discard(conn, viewer(), task_id, now())
    import_files.remove(task_id)
    return jsonify(_card(task))


@blp.get(TASK + "/rejects.<any(csv, xlsx):form>")
@blp.response(200, description="The refused rows as they were sent, with a column 问题.")
@blp.alt_response(404, description="No row was refused.")
@needs("import.run")
def rejects(task_id, form):
    """Return the refused rows as a file to mend and send again."""
    who = viewer()
    with begin(who) as conn:
        task = import_tasks.get_own(conn, who, task_id)
        path = import_files.find_rejects(task_id, form, tag()[:2])
        if path is not None:
            record = f"import_task {task_id}"
            audit.record(conn, who, "import.rejects", record, territory=who.scope)
    if path is None:
        raise NotFound(what="import", key=f"{task_id}/rejects.{form}")
    stem = task.file_name.partition(".")[0]
    answer = send_file(
        path, MEDIA[form], as_attachment=True, download_name=f"{stem}-问题.{form}", max_age=0
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blp.get(TASK + "/repair.<any('zh-CN', en):locale>.html")
@blp.response(200, content_type="text/html", description="Before and after, in pictures.")
@blp.alt_response(404, description="Nothing was repaired.")
@needs("import.run")
def repair(task_id, locale):
    """Return pictures of what repair made of the outlines."""
    with begin(viewer()) as conn:
        import_tasks.get_own(conn, viewer(), task_id)
    path = import_files.repair_sheet(task_id, locale)
    if not path.exists():
        raise NotFound(what="import", key=f"{task_id}/repair.{locale}.html")
    answer = Response(path.read_text("utf-8"), mimetype="text/html")
    answer.headers["Content-Security-Policy"] = SHEET_POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _asked(task_id: UUID, deed: import_tasks.Deed, *, partial: bool) -> Response:
    with begin(viewer()) as conn:
        task = import_tasks.ask(conn, viewer(), task_id, deed, now(), partial=partial)
    answer = jsonify(_card(task))
    answer.status_code = 202
    return answer


def _kept(task_id: UUID, seen: Recognised) -> dict[str, Any]:
    """Keep what a file says beside it, and return how it is built."""
    said = seen.as_dict()
    import_files.keep_sample(task_id, said.pop("rows"), said.pop("places"))
    return cast("dict[str, Any]", said)


def _row(task: ImportTask) -> dict[str, Any]:
    said = asdict(task)
    for name in ("role", "options", "recognised", "by_person"):
        del said[name]
    if task.refusal is not None:
        told = sentence(task.refusal["sentence"], task.refusal["facts"])
        said["refusal"] = {"code": task.refusal["code"], "detail": told}
    return said | {"mine": task.by_person == viewer().person_id}


def _card(task: ImportTask) -> dict[str, Any]:
    mine = task.by_person == viewer().person_id
    seen = task.recognised | {"columns_of": columns_of(task.kind)}
    said = _row(task) | {"options": task.options, "recognised": seen}
    if task.account is not None:
        said["account"] = _told(task.kind, task.account)
    return said | {"rows": import_files.sample(task.task_id)["rows"] if mine else None}


def _told(kind: str, account: Mapping[str, Any]) -> dict[str, Any]:
    """Return an account whose refused rows say in the reader's language what is wrong."""
    listed = [
        {name: one.get(name) for name in ("row", "field", "code", "message")}
        | {"detail": row_detail(kind, one)}
        for one in account["refusals"]
    ]
    return {**account, "refusals": listed}
