"""Receipts: the code that a resident follows a report by, of which nothing but hashes is kept.

The code comes of a key that the resident's page drew: the same page sent again is answered the
same, and nobody who reads the tables can follow a report. What is looked up is the hash of code
and telephone tail together, so a wrong code, a wrong tail and a missing report are one look.
"""

from __future__ import annotations

import base64
import hashlib

from grids.errors import BadValue

TAIL_DIGITS = 4
# Letters and digits that nobody takes for one another.
_SIGNS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "ABCDEFGHJKMNPQRSTVWXYZ0123456789")
_HEARD_AS = str.maketrans("OIL", "011")
_CODE_SIGNS = 12
_KEY_DIGITS = range(16, 81)


def shown(code: str) -> str:
    """Return a code in groups of four, as it is printed."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def plain(code: str) -> str:
    """Return what somebody typed as the code they meant: O is 0, I and L are 1."""
    return "".join(sign for sign in code.upper() if sign.isalnum()).translate(_HEARD_AS)


def code_of(key: str) -> str:
    """Return the code of the report that a page with this key makes: 60 bits of its hash."""
    digest = hashlib.sha256(f"wangge receipt {key}".encode()).digest()
    return base64.b32encode(digest).decode().translate(_SIGNS)[:_CODE_SIGNS]


def tail_of(phone: str) -> str:
    """Return the last four digits of a telephone number; fewer if it has fewer."""
    return "".join(sign for sign in phone if sign.isdigit())[-TAIL_DIGITS:]


def report_key(key: str) -> str:
    """Return what is kept of a page's key.

    Raises
    ------
    BadValue
        If the key is none that a page draws.
    """
    if len(key) not in _KEY_DIGITS or not key.isascii():
        raise BadValue(field="key", given="", reason="not drawn by a page")
    return hashlib.sha256(f"wangge report {key}".encode()).hexdigest()[:40]


def receipt_hash(code: str, tail: str) -> bytes:
    """Return what a report is looked up by, of a code and a tail as somebody typed them."""
    return hashlib.sha256(f"{plain(code)}:{tail.strip()}".encode()).digest()
