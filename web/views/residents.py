"""Residents: report in three steps, follow by a code, find who is responsible; plain forms.

Nothing here needs a script, a map or an account. What was said on one step stands in hidden fields
of the next; the server keeps a photo meanwhile, and nothing else.
"""

from __future__ import annotations

import io
from contextlib import suppress
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

import segno
from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask import session as cookie
from markupsafe import Markup
from werkzeug.exceptions import TooManyRequests

from geo.datum import Datum
from geo.errors import Refusal
from grids import receipts, resident_choices, resident_photos, residents, responsible
from grids.errors import BadValue
from grids.resident_choices import Place
from grids.residents import Said
from importers.photos import clean
from importers.positions import parse_number
from web import assets
from web.clock import now, today
from web.config import Config
from web.errors import sentence, status_of
from web.limits import REPORTS_AN_HOUR, REPORTS_OF_A_DEVICE, by_device, limiter
from web.session import open_to_all
from web.transaction import begin_for_county
from web.words import CATEGORIES, HOTLINES, STEPS_OUTSIDE

blp = Blueprint("residents", __name__)

LOOKS = "60/minute"
PHOTOS = "20/hour"
TRIES = "30/hour"
TRIES_OF_A_CODE = "10/hour"
# A phone's own photo, where no script made it smaller.
MOST_BYTES = 20 << 20

STEPS = ("what", "where", "contact")


@blp.url_value_preprocessor
def _let_photos_in(endpoint: str | None, _: dict[str, Any] | None) -> None:
    # Before anything reads the form: the limit of all other addresses is a megabyte.
    if endpoint == "residents.where_step":
        request.max_content_length = MOST_BYTES


@blp.context_processor
def _page() -> dict[str, Any]:
    """Return what every page of residents shows."""
    if request.args.get("large") in ("0", "1"):
        cookie["large"] = request.args["large"] == "1"
    config: Config = current_app.extensions["wangge.config"]
    return {
        "entry": assets.entry("resident"),
        "large": cookie.get("large", False),
        "hotlines": [(n, name or HOTLINES.get(n, "")) for n, name in config.hotlines],
        "categories_words": CATEGORIES,
        "steps_outside": STEPS_OUTSIDE,
    }


# Reporting ------------------------------------------------------------------------------------


@blp.get("/report")
@limiter.limit(LOOKS)
@open_to_all
def report():
    """Show the first step: what it is about."""
    cookie.setdefault("device", token_urlsafe(16))
    return _what({"key": token_urlsafe(24)})


@blp.post("/report/where")
@limiter.limit(LOOKS)
@open_to_all
def where_step():
    """Take the first step and show the second: where it is; or the first again."""
    said = _texts("key", "category", "words")
    try:
        residents.words_of(said["words"])
        _keep_photo(said["key"])
    except Refusal as refusal:
        return _what(said, refusal)
    if said["category"] not in CATEGORIES:
        return _what(said, missing="category")
    return _where(said)


@blp.post("/report/contact")
@limiter.limit(LOOKS)
@open_to_all
def contact_step():
    """Take the second step and show the third: who reports, if they want to say; or the second."""
    said = _texts(*_FIELDS)
    if "back" in request.form:
        return _what(said)
    try:
        place = _place(said)
        with begin_for_county() as conn:
            resident_choices.require_inside(conn, place)
    except resident_choices.OutsideCounty:
        return render_template("resident/outside.html"), 422
    except Refusal as refusal:
        return _where(said, refusal)
    return _contact(said)


@blp.post("/report")
@limiter.limit(REPORTS_AN_HOUR)
@limiter.limit(REPORTS_OF_A_DEVICE, key_func=by_device)
@open_to_all
def take_report():
    """Take the report and lead to its receipt; the same page sent again leads to the same one."""
    said = _texts(*_FIELDS, "name", "phone", "join", "website")
    if "back" in request.form:
        return _where(said)
    # A field that no person sees was filled in.
    if said["website"]:
        return render_template("resident/outside.html"), 422
    keys = current_app.extensions["wangge.config"].phone_keys
    try:
        whole = Said(
            key=said["key"],
            category=said["category"],
            words=said["words"],
            place=_place(said),
            name=said["name"],
            phone=said["phone"],
            join=_incident(said["join"]) if said["join"] else None,
        )
        with begin_for_county() as conn:
            given = residents.receive(conn, whole, keys, now())
    except resident_choices.OutsideCounty:
        return render_template("resident/outside.html"), 422
    except Refusal as refusal:
        return _contact(said, refusal)
    cookie["receipt"] = [given.code, receipts.tail_of(whole.phone)]
    return redirect(url_for("residents.receipt"), 303)


@blp.get("/report/receipt")
@limiter.limit(LOOKS)
@open_to_all
def receipt():
    """Show the receipt of the report that this browser sent last."""
    code, tail = cookie.get("receipt", ("", ""))
    try:
        with begin_for_county() as conn:
            followed = residents.find(conn, code, tail)
    except residents.NothingThere:
        return redirect(url_for("residents.report"))
    link = url_for("residents.status", code=code, _external=True)
    return render_template(
        "resident/receipt.html", code=code, tail=tail, followed=followed, qr=_qr(link)
    )


# Following ------------------------------------------------------------------------------------


@blp.get("/report/status")
@limiter.limit(LOOKS)
@open_to_all
def status():
    """Ask for code and telephone tail; a receipt's square brings the code along."""
    return _status(code=request.args.get("code", "")[:40])


@blp.post("/report/status")
@limiter.limit(TRIES)
@limiter.limit(TRIES_OF_A_CODE, key_func=lambda: receipts.plain(request.form.get("code", "")))
@open_to_all
def show_status():
    """Show how far a report is; whatever does not fit is answered alike."""
    code, tail = _texts("code", "tail").values()
    try:
        with begin_for_county() as conn:
            followed = residents.find(conn, code, tail)
    except residents.NothingThere as refusal:
        return _status(code, refusal)
    return render_template(
        "resident/progress.html", code=code, tail=tail, followed=followed, refusal=None
    )


@blp.post("/report/rating")
@limiter.limit(TRIES)
@open_to_all
def rate():
    """Take how a resident found the result."""
    said = _texts("code", "tail", "stars", "note")
    code, tail = said["code"], said["tail"]
    try:
        with begin_for_county() as conn:
            stars = int(said["stars"]) if said["stars"].isdecimal() else 0
            followed = residents.rate(conn, code, tail, stars, said["note"], now())
    except residents.NothingThere as refusal:
        return _status(code, refusal)
    except Refusal as refusal:
        with begin_for_county() as conn:
            followed = residents.find(conn, code, tail)
        page = {"code": code, "tail": tail, "followed": followed, "refusal": sentence(refusal)}
        return render_template("resident/progress.html", **page), status_of(refusal)
    return render_template(
        "resident/progress.html", code=code, tail=tail, followed=followed, refusal=None
    )


# Who is responsible here? -----------------------------------------------------------------------


@blp.get("/where")
@limiter.limit(LOOKS)
@open_to_all
def where():
    """Say who is responsible for a village and its grids, or for where one stands."""
    said = {name: request.args.get(name, "").strip()[:40] for name in ("village", *_POSITION)}
    answer = refusal = None
    with begin_for_county() as conn:
        townships = resident_choices.villages(conn)
        try:
            place = _place({"landmark": "", **said})
            if place.x is not None or place.village_code:
                resident_choices.require_inside(conn, place)
                answer = responsible.at(conn, place, now())
        except resident_choices.OutsideCounty:
            return render_template("resident/outside.html"), 422
        except Refusal as refused:
            refusal = sentence(refused)
    page = {"townships": townships, "said": said, "answer": answer, "refusal": refusal}
    return render_template("resident/where.html", **page), 422 if refusal else 200


# Pages ------------------------------------------------------------------------------------------

_POSITION = ("lon", "lat", "accuracy")
_FIELDS = ("key", "category", "words", "village", "landmark", *_POSITION)


def _texts(*names: str) -> dict[str, str]:
    """Return fields of the form, without the blanks around them."""
    return {name: request.form.get(name, "").strip() for name in names}


def _place(said: dict[str, str]) -> Place:
    """Return where it is; what a browser knows of its position is WGS84."""
    lon, lat, accuracy = (parse_number(said[name]) for name in _POSITION)
    known = lon is not None and lat is not None
    return Place(
        village_code=said["village"] or None,
        landmark=said["landmark"],
        x=lon if known else None,
        y=lat if known else None,
        datum=Datum.WGS84.value if known else None,
        accuracy_m=min(accuracy, resident_choices.WORST_ACCURACY_M) if known and accuracy else None,
    )


def _incident(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise BadValue(field="join", given="", reason="not offered") from None


def _keep_photo(key: str) -> None:
    photo = request.files.get("photo")
    given = photo.read() if photo else b""
    if not given:
        return
    with limiter.limit(PHOTOS):
        picture = clean(given)
    with begin_for_county() as conn:
        resident_photos.keep(conn, key, picture, now())


def _what(said: dict[str, str], refusal: Refusal | None = None, missing: str | None = None):
    with begin_for_county() as conn:
        offered = resident_choices.categories(conn, today())
        has_photo = "words" in said and _has_photo(conn, said["key"])
    page = render_template(
        "resident/what.html",
        said=said,
        offered=offered,
        has_photo=has_photo,
        refusal=sentence(refusal) if refusal else None,
        missing=missing,
        step=0,
    )
    return page, 422 if missing else status_of(refusal) if refusal else 200


def _has_photo(conn: Any, key: str) -> bool:
    with suppress(Refusal):
        return resident_photos.waits(conn, key)
    return False


def _where(said: dict[str, str], refusal: Refusal | None = None):
    with begin_for_county() as conn:
        townships = resident_choices.villages(conn)
    page = render_template(
        "resident/place.html",
        said=said,
        townships=townships,
        refusal=sentence(refusal) if refusal else None,
        step=1,
    )
    return page, status_of(refusal) if refusal else 200


def _contact(said: dict[str, str], refusal: Refusal | None = None):
    with begin_for_county() as conn:
        alike = resident_choices.look_alikes(conn, said["category"], _place(said), now())
    page = render_template(
        "resident/contact.html",
        said=said,
        alike=alike,
        now=now(),
        refusal=sentence(refusal) if refusal else None,
        step=2,
    )
    return page, status_of(refusal) if refusal else 200


def _status(code: str, refusal: Refusal | None = None):
    said = sentence(refusal) if refusal else None
    page = render_template("resident/status.html", code=code, refusal=said)
    return page, status_of(refusal) if refusal else 200


def _qr(link: str) -> Markup:
    """Return a link as a square of an SVG that takes whatever room it is given, whole."""
    out = io.BytesIO()
    segno.make(link, error="m").save(out, kind="svg", border=2, xmldecl=False, omitsize=True)
    return Markup(out.getvalue().decode())  # noqa: S704 - made by segno of our own address


@blp.errorhandler(TooManyRequests)
def _too_many(_: TooManyRequests):
    return render_template("resident/wait.html"), 429
