"""Which item of the admission list the sender of an incident means by its own word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection, select

from grids import admission, schema
from grids.admission import Matter
from grids.model import Viewer
from importers.matters import DEFAULT_ATTEMPTS, DEFAULT_LIMIT_H, LONG_AGO

LONGEST_CODE = 80


def code_of_word(scheme: str, word: str) -> str:
    """Return the code of the item that stands for a sender's word: the same whenever it is asked.

    >>> code_of_word("Street Crime", "Anti-social behaviour")
    'street-crime.anti-social-behaviour'
    """
    return f"{_slug(scheme)}.{_slug(word)}"[:LONGEST_CODE]


def _slug(words: str) -> str:
    return re.sub(r"[\W_]+", "-", words.casefold()).strip("-")


def find(conn: Connection, scheme: str, words: Iterable[str]) -> dict[str, Matter]:
    """Return the items that are meant by a sender's words.

    A word is a code of the list, else a word of this sender that was made an item before, else
    the name of an item that no other bears.
    """
    wanted = sorted({word for word in words if word})
    made = {word: code_of_word(scheme, word) for word in wanted}
    by_code = admission.by_code(conn, {*wanted, *made.values()})
    matter = schema.matter.c
    named = conn.execute(select(matter.name, matter.code).where(matter.name.in_(wanted))).all()
    times = Counter(row.name for row in named)
    by_name = admission.by_code(conn, [row.code for row in named if times[row.name] == 1])
    found = {item.name: item for item in by_name.values()}
    found |= {word: by_code[code] for word, code in made.items() if code in by_code}
    return found | {word: by_code[word] for word in wanted if word in by_code}


def add(conn: Connection, viewer: Viewer, scheme: str, word: str) -> Matter:
    """Make an item with the usual limits of a sender's word and return it."""
    item = Matter(
        code=code_of_word(scheme, word),
        scheme=scheme,
        name=word,
        department="",
        level="ordinary",
        first_rank="primary",
        limit_hours=DEFAULT_LIMIT_H,
        attempts=DEFAULT_ATTEMPTS,
        temporary=False,
        since=LONG_AGO,
        until=None,
    )
    admission.save(conn, viewer, item)
    return item
