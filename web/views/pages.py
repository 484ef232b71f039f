"""The screens: a shell each, with what the client has to know to begin."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import orjson
from flask import Blueprint, redirect, render_template, url_for
from flask_babel import lazy_gettext
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy import Connection

from grids import access, plans, publications, units
from grids.model import Role, Viewer
from layers.styles import theme
from web import assets
from web.locale import tag
from web.session import needs, viewer
from web.transaction import begin
from web.words import ROLES

blp = Blueprint("pages", __name__)

TITLES = {
    "console": lazy_gettext("Map"),
    "plans": lazy_gettext("Boundary plans"),
    "inbox": lazy_gettext("Edits from elsewhere"),
    "rules": lazy_gettext("Boundary limits"),
    "imports": lazy_gettext("Imports"),
    "studio": lazy_gettext("Boundary studio"),
    "publications": lazy_gettext("Publications"),
    "hotspots": lazy_gettext("Hotspots"),
    "board": lazy_gettext("Board"),
    "wall": lazy_gettext("Wall"),
    "incidents": lazy_gettext("Event desk"),
    "duties": lazy_gettext("Roster and lists"),
    "me": lazy_gettext("My grid"),
}


def boot(conn: Connection, who: Viewer, page: str, **extra: Any) -> dict[str, Any]:
    """Return what a screen starts from: the viewer, what is in force, words and colours."""
    current = publications.current(conn)
    county = units.extent(conn, None)
    area = units.extent(conn, who.scope) if who.scope else county
    return {
        "page": page,
        "locale": tag(),
        "csrf": generate_csrf(),
        "viewer": {
            "person_id": who.person_id,
            "name": who.name,
            "role": who.role.value,
            "role_name": str(ROLES[who.role]),
            "scope": who.scope,
            "scope_name": area["name"] if area else "",
            "actions": sorted(action.value for action in access.allowed(who.role)),
        },
        "publication": current.number if current else None,
        "published_at": current.at if current else None,
        "county": county,
        "area": area,
        "theme": theme(),
        "version": version("wangge"),
        **extra,
    }


def _screen(page: str, **extra: Any) -> str:
    return screen(viewer(), page, **extra)


def screen(who: Viewer, page: str, *, entry: str | None = None, **extra: Any) -> str:
    """Return a screen's shell for who looks at it; `entry` is its script where the name differs."""
    with begin(who) as conn:
        start = boot(conn, who, page, **extra)
    # `</script>` inside a string would end the element: escape what HTML could read as markup.
    text = orjson.dumps(start, default=str).decode()
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return render_template(
        "shell.html",
        page=page,
        title=TITLES[page],
        entry=assets.entry(entry or page),
        boot=Markup(safe),  # noqa: S704 - escaped for JSON inside a script element just above
    )


@blp.get("/")
@needs("unit.see")
def console():
    """Show the map console; a grid worker's first page is the phone page."""
    if viewer().role is Role.WORKER:
        return redirect(url_for("pages.me"))
    return _screen("console")


@blp.get("/plans")
@needs("plan.see")
def plan_list():
    """Show the boundary plans."""
    return _screen("plans")


@blp.get("/inbox")
@needs("plan.see")
def inbox():
    """Show the outlines that came from elsewhere and wait for a decision."""
    return _screen("inbox")


@blp.get("/rules")
@needs("plan.see")
def rules():
    """Show the limits that boundaries are checked against, and set those of an area."""
    return _screen("rules")


@blp.get("/imports")
@needs("import.run")
def imports():
    """Show the imports: files that were sent, and the way of one into the county."""
    return _screen("imports")


@blp.get("/plans/<uuid:plan_id>")
@needs("plan.see")
def studio(plan_id):
    """Show the boundary studio on a plan."""
    with begin(viewer()) as conn:
        plans.get(conn, viewer(), plan_id)
    return _screen("studio", plan_id=str(plan_id))


@blp.get("/publications")
@needs("unit.see")
def publication_list():
    """Show the publications, and two of them side by side."""
    return _screen("publications")


@blp.get("/hotspots")
@needs("hotspot.see")
def hotspots():
    """Show the hotspot map."""
    return _screen("hotspots")


@blp.get("/board")
@needs("hotspot.see")
def board():
    """Show the leaders' board, or with `wall` its large form."""
    return _screen("board")


@blp.get("/incidents")
@needs("incident.see")
def incidents():
    """Show the event desk."""
    return _screen("incidents")


@blp.get("/duties")
@needs("worker.see")
def duties():
    """Show the roster, the admission list and recurring work."""
    return _screen("duties")


@blp.get("/me")
@needs("incident.see")
def me():
    """Show the grid worker's phone page."""
    return _screen("me")
