"""What a grid worker answers for: their posts, their ground, who stands next to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from grids import access, counts, roster, schema, units, workflow
from grids.model import Level, Viewer
from grids.roster import Post
from grids.territory import within
from grids.units import Neighbour


@dataclass(frozen=True, slots=True)
class Mine:
    """Everything a worker's first screen needs.

    Attributes
    ----------
    posts
        What the viewer is on duty for inside the territory.
    grids
        Codes of the grids of one's own.
    area
        Their outlines and those of their sub-groups, as GeoJSON features.
    neighbours, around
        The grids next to them with their workers, and their outlines.
    n_households
        Households placed in one's own grids.
    n_open, n_overdue
        One's own incidents that have not ended, and those of them past their limit.
    """

    posts: tuple[Post, ...]
    grids: tuple[str, ...]
    area: list[dict[str, Any]]
    neighbours: tuple[Neighbour, ...]
    around: list[dict[str, Any]]
    n_households: int
    n_open: int
    n_overdue: int


def mine(conn: Connection, viewer: Viewer, now: datetime) -> Mine:
    """Return what the viewer answers for inside their territory.

    The grids are those of the viewer's posts that lie in the territory; someone without a post
    who was given a single grid to look after sees that grid.
    """
    access.require(viewer, access.Action.UNIT_SEE)
    posts = [
        post
        for post in (roster.posts_of(conn, viewer.person_id, now) if viewer.person_id else ())
        if access.in_territory(viewer, post.unit_code) or viewer.scope.startswith(post.unit_code)
    ]
    digits = Level.GRID.digits
    grids = {post.unit_code[:digits] for post in posts if len(post.unit_code) >= digits}
    if len(viewer.scope) >= digits:
        grids.add(viewer.scope[:digits])
    own = sorted(grids)
    beside = [one for one in units.neighbours(conn, viewer, own, now) if one.code not in grids]
    n_open, n_overdue = _open_incidents(conn, viewer, now)
    return Mine(
        tuple(posts),
        tuple(own),
        units.features(conn, [*own, *_subgroups(conn, own)]),
        tuple(beside),
        units.features(conn, [one.code for one in beside]),
        sum(n for code in own for n in counts.households(conn, code).values()),
        n_open,
        n_overdue,
    )


def _open_incidents(conn: Connection, viewer: Viewer, now: datetime) -> tuple[int, int]:
    incident = schema.incident.c
    row = conn.execute(
        select(func.count(), func.count().filter(incident.due_at < now)).where(
            incident.owner_id == viewer.person_id,
            incident.step.not_in(sorted(workflow.ENDED)),
            within(incident.territory_code, viewer.scope),
        )
    ).one()
    return row[0], row[1]


def _subgroups(conn: Connection, grids: list[str]) -> list[str]:
    columns = schema.unit.c
    rows = conn.execute(select(columns.code).where(columns.parent_code.in_(grids)))
    return list(rows.scalars())
