"""A territory as a range of codes: each code begins with its parent's, and an index reads on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_

# Codes are digits: this comes after every one that begins with the code before it.
_BEYOND = "~"


def code_range(code: str) -> dict[str, str]:
    """Return the codes of a unit and of all in it, from `low` up to and without `high`.

    The empty code is every territory. The ends go to a statement as parameters: an end put
    together in SQL keeps an index of a walled table from being used.
    """
    return {"low": code, "high": code + _BEYOND}


def within(column: ColumnElement[Any], code: str) -> ColumnElement[bool]:
    """Return the condition that a column holds the code of a unit or of one in it."""
    ends = code_range(code)
    return and_(column >= ends["low"], column < ends["high"])
