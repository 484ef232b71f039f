"""Open311 GeoReport v2: what may be reported, reporting it, and how far it is; JSON and XML.

What anybody may see of a request is how far it is. Its words and its place are for the client that
sent it and proves so by its `api_key`, which is the token of a feed of this standard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

from flask import Blueprint, Response, current_app, request, url_for
from flask_babel import gettext
from sqlalchemy import Connection
from werkzeug.exceptions import HTTPException

from geo.errors import Refusal
from grids import admission, assign, feeds, progress
from grids.admission import Matter
from grids.local_time import CHINA
from grids.progress import Progress
from importers import messages, open311
from importers.messages import OPEN311, Feed
from web.clock import now, today
from web.errors import HTTP_SENTENCES, sentence, status_of
from web.limits import limiter
from web.session import by_key, calling_feed, open_to_all
from web.transaction import begin_for_county
from web.words import STEPS_OUTSIDE

blp = Blueprint("open311", __name__, url_prefix="/open311/v2")

READS = "120/minute"
REPORTS = "600/minute"
MOST = 1000
LONGEST_SPAN = timedelta(days=90)
CHANGED = "2026-11-22T00:00:00+08:00"

_FORM = "<any(json,xml):form>"
# What XML 1.0 cannot carry in any way.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MIME = {"json": "application/json", "xml": "text/xml"}


class Refused(Exception):
    """What the standard answers with a status of its own and a sentence."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


# What may be reported -----------------------------------------------------------------------


@blp.get(f"/discovery.{_FORM}")
@limiter.limit(READS)
@open_to_all
def discovery(form: str) -> Response:
    """Say where this door is and what it speaks."""
    endpoint = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": url_for("open311.discovery", form=form, _external=True).rsplit("/", 1)[0],
        "changeset": CHANGED,
        "type": "production",
        "formats": list(_MIME.values()),
    }
    said = {
        "changeset": CHANGED,
        "contact": gettext("Ask the county's grid office for an api_key."),
        "key_service": gettext("Ask the county's grid office for an api_key."),
        "endpoints": [endpoint],
    }
    return _answer(form, "discovery", said, inner={"endpoints": "endpoint", "formats": "format"})


@blp.get(f"/services.{_FORM}")
@limiter.limit(READS)
@open_to_all
def services(form: str) -> Response:
    """List what may be reported: the admission list in force."""
    with begin_for_county() as conn:
        _require_jurisdiction(conn)
        listed = [_service(matter) for matter in admission.list_in_force(conn, today())]
    return _answer(form, "services", listed, each="service")


@blp.get(f"/services/<code>.{_FORM}")
@limiter.limit(READS)
@open_to_all
def service(code: str, form: str) -> Response:
    """Describe a service; ours ask for nothing besides what the standard knows."""
    with begin_for_county() as conn:
        _require_jurisdiction(conn)
        _require_service(conn, code)
    said = {"service_code": code, "attributes": []}
    return _answer(form, "service_definition", said, inner={"attributes": "attribute"})


def _service(matter: Matter) -> dict[str, object]:
    return {
        "service_code": matter.code,
        "service_name": matter.name,
        "description": matter.name,
        "metadata": False,
        "type": "realtime",
        "keywords": matter.name,
        "group": matter.department,
    }


# Requests -----------------------------------------------------------------------------------


@blp.post(f"/requests.{_FORM}")
@limiter.limit(REPORTS)
@by_key
def report(form: str) -> Response:
    """Take in a request and answer with its id."""
    feed = Feed.registered(calling_feed())
    if feed.standard != OPEN311:
        raise Refused(403, "This api_key is not for Open311.")
    said = {name: value for name, value in request.values.items() if name != "api_key"}
    code = said.get("service_code", "").strip()
    if not code:
        raise Refused(400, "service_code was not provided.")
    keys = current_app.extensions["wangge.config"].phone_keys
    with begin_for_county() as conn:
        _require_jurisdiction(conn)
        _require_service(conn, code)
        key = request.headers.get("Idempotency-Key")
        made = open311.read(feed, said | {"service_code": code}, keys, now(), key=key)
        receipt, created = messages.receive(conn, feed, made, said, keys, now())
    answer = {
        "service_request_id": str(receipt.incident_id),
        "service_notice": receipt.number,
        "account_id": None,
    }
    status = 201 if created else 200
    return _answer(form, "service_requests", [answer], each="request", status=status)


@blp.get(f"/requests.{_FORM}")
@limiter.limit(READS)
@open_to_all
def requests(form: str) -> Response:
    """List requests by id, service, status and span of time, which is at most 90 days."""
    asked = request.args
    ids = _listed("service_request_id")
    until = _time("end_date") or now()
    since = _time("start_date") or until - LONGEST_SPAN
    if ids is None and until - since > LONGEST_SPAN:
        since = until - LONGEST_SPAN
    status = asked.get("status")
    if status not in (None, "open", "closed", "open,closed", "closed,open"):
        raise Refused(400, "status is open, closed, or both.")
    caller = _client()
    with begin_for_county() as conn:
        _require_jurisdiction(conn)
        found = progress.list_sent(
            conn,
            caller.source if caller else OPEN311,
            since=datetime.min.replace(tzinfo=CHINA, year=2000) if ids is not None else since,
            until=now() + timedelta(days=1) if ids is not None else until,
            most=MOST,
            matters=_listed("service_code"),
            ids=None if ids is None else [one for text in ids if (one := _uuid(text))],
            ended={"open": False, "closed": True}.get(status or ""),
        )
    said = [_request(one, own=caller is not None) for one in found]
    return _answer(form, "service_requests", said, each="request")


@blp.get(f"/requests/<request_id>.{_FORM}")
@limiter.limit(READS)
@open_to_all
def show(request_id: str, form: str) -> Response:
    """Say how far one request is."""
    caller = _client()
    with begin_for_county() as conn:
        _require_jurisdiction(conn)
        found = _one(conn, request_id, caller)
    said = [_request(found, own=caller is not None)]
    return _answer(form, "service_requests", said, each="request")


@blp.get(f"/tokens/<token>.{_FORM}")
@limiter.limit(READS)
@open_to_all
def token(token: str, form: str) -> Response:
    """Return the request of a token: requests get their id at once, which is their token too."""
    with begin_for_county() as conn:
        _require_jurisdiction(conn)
        found = _one(conn, token, _client())
    said = [{"service_request_id": str(found.incident_id), "token": token}]
    return _answer(form, "service_requests", said, each="request")


def _one(conn: Connection, request_id: str, caller: Feed | None) -> Progress:
    key = _uuid(request_id)
    found = progress.list_sent(
        conn,
        caller.source if caller else OPEN311,
        since=datetime(2000, 1, 1, tzinfo=CHINA),
        until=now() + timedelta(days=1),
        most=1,
        ids=[key] if key else [],
    )
    if not found:
        raise Refused(404, "service_request_id was not found.")
    return found[0]


def _request(one: Progress, *, own: bool) -> dict[str, object]:
    said: dict[str, object] = {
        "service_request_id": str(one.incident_id),
        "status": "closed" if one.ended else "open",
        "status_notes": str(STEPS_OUTSIDE[one.step]),
        "service_name": one.matter_name,
        "service_code": one.matter_code,
        "agency_responsible": one.agency,
        "requested_datetime": _moment(one.reported_at),
        "updated_datetime": _moment(one.updated_at),
        "expected_datetime": _moment(one.due_at),
    }
    if own:
        said |= {
            "description": one.summary,
            "service_notice": one.answer or None,
            "address": one.place,
            "lat": one.lat,
            "long": one.lon,
        }
    return said


# Arguments ------------------------------------------------------------------------------------


def _client() -> Feed | None:
    """Return the client whose `api_key` came along; none without one."""
    given = request.args.get("api_key")
    if not given:
        return None
    with begin_for_county() as conn:
        row = feeds.by_token(conn, given, now())
    feed = Feed.registered(row) if row else None
    if feed is None or feed.standard != OPEN311:
        raise Refused(403, "api_key is not valid.")
    return feed


def _require_jurisdiction(conn: Connection) -> None:
    given = request.values.get("jurisdiction_id")
    if given and given != assign.county_of(conn):
        raise Refused(404, "jurisdiction_id was not found.")


def _require_service(conn: Connection, code: str) -> None:
    if code not in {matter.code for matter in admission.list_in_force(conn, today())}:
        raise Refused(404, "service_code was not found.")


def _listed(name: str) -> list[str] | None:
    given = request.args.get(name)
    return None if given is None else [one.strip() for one in given.split(",")][:MOST]


def _uuid(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


def _time(name: str) -> datetime | None:
    given = request.args.get(name)
    if given is None:
        return None
    try:
        # A plus that was not quoted arrives as a blank before the zone.
        found = datetime.fromisoformat(re.sub(r"(:\d\d) (\d\d:?\d\d)$", r"\1+\2", given))
    except ValueError:
        raise Refused(400, f"{name} is no time.") from None
    return found if found.tzinfo else found.replace(tzinfo=CHINA)


# Answers --------------------------------------------------------------------------------------


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(CHINA).isoformat(timespec="seconds") if at else None


def _answer(
    form: str,
    name: str,
    said: Mapping[str, object] | Sequence[Mapping[str, object]],
    *,
    each: str = "",
    inner: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """Return an answer in the form that the address asks for.

    In XML a list is an element of `name` with one of `each` for each; lists inside are named by
    `inner`.
    """
    if form == "json":
        body = current_app.json.dumps(said).encode()
    else:
        body = ElementTree.tostring(
            _element(name, said, {name: each} | dict(inner or {})),
            encoding="utf-8",
            xml_declaration=True,
        )
    return Response(body, status, content_type=f"{_MIME[form]}; charset=utf-8")


def _element(name: str, value: Any, names: Mapping[str, str]) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(key, one, names) for key, one in value.items())
    elif isinstance(value, list):
        element.extend(_element(names[name], one, names) for one in value)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = _NOT_XML.sub("", str(value))
    return element


def _wrong(status: int, description: str) -> Response:
    form = "xml" if request.path.endswith(".xml") else "json"
    said = [{"code": status, "description": description}]
    return _answer(form, "errors", said, each="error", status=status)


@blp.errorhandler(Refused)
def _refused(error: Refused) -> Response:
    return _wrong(error.status, str(error))


@blp.errorhandler(Refusal)
def _refused_by_the_domain(refusal: Refusal) -> Response:
    if refusal.code == "session.none":
        return _wrong(403, "api_key was not provided or is not valid.")
    # The standard has 400 for whatever does not fit.
    status = status_of(refusal)
    return _wrong(400 if status == 422 else status, sentence(refusal))


@blp.errorhandler(HTTPException)
def _failed(error: HTTPException) -> Response:
    status = error.code or 500
    return _wrong(status, str(HTTP_SENTENCES.get(status, error.description or error.name)))
