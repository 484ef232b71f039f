"""Steps that are sent again: the same key changes nothing and is answered the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Connection

from grids import drafts
from grids.access import require
from grids.db import statement
from grids.errors import GridsError
from grids.model import Viewer


class StepKeyReused(GridsError):
    """A sender's key of a step came again with another body."""

    code = "plan.key_reused"
    sentence = "Another step was sent under the key {key}."


def once(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    key: str | None,
    said: bytes,
    make: Callable[[], bytes],
) -> bytes:
    """Return the answer to a change of a plan, which is made at the first time only.

    Two of one key at the same moment are made one after the other. A change that is refused
    leaves no answer: sent again, it is tried again.

    Parameters
    ----------
    key
        The sender's own key; none: it is made in any case. Keys of other people are others.
    said
        What was sent, by which a repetition is known.
    make
        Makes the change and returns the answer.

    Raises
    ------
    Forbidden, NotFound
        As `drafts.get`.
    StepKeyReused
        If something else was sent under the key.
    """
    if key is None or viewer.person_id is None:
        return make()
    require(viewer, "plan.edit")
    drafts.get(conn, viewer, plan_id)
    name = {"plan_id": plan_id, "by": viewer.person_id, "key": key}
    digest = hashlib.sha256(said).digest()
    conn.execute(statement("hold_key", "plans"), {"name": f"{plan_id} {viewer.person_id} {key}"})
    told = conn.execute(statement("told", "plans"), name).one_or_none()
    if told is not None:
        if bytes(told.said) != digest:
            raise StepKeyReused(key=key)
        return bytes(told.answer)
    answer = make()
    conn.execute(statement("tell", "plans"), {**name, "said": digest, "answer": answer})
    return answer
