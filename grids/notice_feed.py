"""Notices as the hub reads them: everybody's between two moments, and what each reader missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from grids.db import statement
from grids.notices import Notice, notice_of

# A reader who missed more than this fetches it page by page.
MOST_MISSED = 200


@dataclass(frozen=True, slots=True)
class Missed:
    """What a reader missed.

    Attributes
    ----------
    notices
        The oldest first.
    too_many
        There are more than `MOST_MISSED`, or the reader's position is of another database: none
        is here, and the reader asks for the pages.
    """

    notices: tuple[Notice, ...]
    too_many: bool


def position(conn: Connection) -> str:
    """Return where a reader of everything stands now: a transaction snapshot."""
    found: str = conn.execute(statement("position", "notices")).scalar_one()
    return found


def posted_between(conn: Connection, since: str, until: str) -> list[Notice]:
    """Return everybody's notices whose transactions finished between two positions.

    Readings that follow one another, each beginning where the last one ended, have every notice
    exactly once, in whatever order their transactions commit.
    """
    rows = conn.execute(statement("posted_between", "notices"), {"since": since, "until": until})
    return [notice_of(row) for row in rows]


def missed(conn: Connection, readers: Sequence[tuple[UUID, str]], until: str) -> list[Missed]:
    """Return what each reader missed since a position of their own, in the order given.

    Parameters
    ----------
    readers
        A person and the position up to which that person has everything.
    until
        The position up to which the caller has handed on everything itself.
    """
    if not readers:
        return []
    rows = conn.execute(
        statement("missed", "notices"),
        {
            "people": [person_id for person_id, _ in readers],
            "since": [since for _, since in readers],
            "until": until,
            "limit": MOST_MISSED + 1,
        },
    )
    found: list[list[Notice]] = [[] for _ in readers]
    foreign = [False] * len(readers)
    for row in rows:
        foreign[row.nth - 1] = row.foreign
        if row.notice_id is not None:
            found[row.nth - 1].append(notice_of(row))
    return [
        Missed((), True) if strange or len(new) > MOST_MISSED else Missed(tuple(new), False)
        for new, strange in zip(found, foreign, strict=True)
    ]
