"""What a spreadsheet program would do to a cell, and how to keep it from doing so."""

from __future__ import annotations

from typing import Any

# A cell that begins like this is run as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def disarmed(value: Any) -> Any:
    """Return a cell as a CSV may hold it: text that would be run begins with an apostrophe.

    Numbers stay numbers, their sign included; nothing becomes an empty text.
    """
    if value is None:
        return ""
    if not isinstance(value, str) or not value.startswith(_FORMULA_STARTS) or _is_number(value):
        return value
    return f"'{value}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
