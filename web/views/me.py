"""The grid worker's own ground and open events."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from flask import jsonify, request

from grids import incidents, tasks
from grids.mine import mine
from web import answers
from web.clock import now
from web.door import Blueprint
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("me", __name__, url_prefix="/me", description="The grid worker's first screen.")


# More than anybody can have at hand: the phone shows them all, the most urgent first.
MOST = 300


@blp.get("")
@blp.response(200, description="The viewer's posts, area, neighbours, open incidents, tasks.")
@blp.alt_response(304, description="Nothing has changed since the answer with this tag.")
@needs("incident.see")
def me():
    """Return what the viewer answers for, drawn, and what waits.

    Phones ask every half minute: the answer has a tag, and is not sent again while it is the same.
    """
    who = viewer()
    with begin(who) as conn:
        found = mine(conn, who, now())
        open_ones = incidents.Filter(step="open", mine=True)
        waiting, _ = incidents.list_page(conn, who, open_ones, now(), limit=MOST)
        recurring, _ = tasks.list_tasks(conn, who, now(), mine=True, is_open=True)
    workers = {one.code: asdict(one) for one in found.neighbours}
    answer = jsonify(
        {
            "duties": [asdict(post) for post in found.posts],
            "area": {"type": "FeatureCollection", "features": found.area},
            "neighbours": {
                "type": "FeatureCollection",
                "features": [
                    {**shape, "properties": workers[shape["id"]]} for shape in found.around
                ],
            },
            "incidents": [answers.incident(row) for row in waiting],
            "tasks": [asdict(task) for task in recurring],
            "counts": {
                "households": found.n_households,
                "open": found.n_open,
                "overdue": found.n_overdue,
            },
        }
    )
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:32])
    return answer.make_conditional(request)
