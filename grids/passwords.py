"""Passwords: what is refused as one, and how they are kept."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from grids.errors import GridsError

SHORTEST = 8
# Hashing takes time in proportion to nothing else, but a request should not carry a book.
LONGEST = 256

# OWASP's minimum of argon2id: 27 sign-ins a second on the reference machine, where the library's
# default gives 4; a whole county signs in at eight in the morning.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Two at once: the memory of a burst stays bounded and the maps keep a core.
_TURNS = BoundedSemaphore(2)


class WeakPassword(GridsError):
    """A password that others would guess."""

    code = "password.weak"
    sentence = "Choose another password: {reason}."


@cache
def _common() -> frozenset[str]:
    words = (Path(__file__).parent / "common_passwords.txt").read_text("utf-8").split()
    return frozenset(words)


def check(password: str, login: str) -> None:
    """Let pass a password that may be set.

    Any characters go, there is no rule of composition and nothing expires; only what is short,
    well known, one character repeated or the login name itself is refused.

    Raises
    ------
    WeakPassword
        With the reason: `short`, `long`, `login` or `common`.
    """
    folded = password.casefold()
    if len(password) < SHORTEST:
        raise WeakPassword(reason="short", least=SHORTEST)
    if len(password) > LONGEST:
        raise WeakPassword(reason="long", most=LONGEST)
    if login.casefold() in (folded, folded[::-1]):
        raise WeakPassword(reason="login")
    if folded in _common() or len(set(folded)) <= 2:
        raise WeakPassword(reason="common")


def digest(password: str) -> str:
    """Return the argon2id hash of a password, with its parameters and salt."""
    with _TURNS:
        return _HASHER.hash(password)


@cache
def _nobody() -> str:
    return digest("the password of an account that does not exist")


def matches(stored: str | None, password: str) -> bool:
    """Return whether a password is the one that was kept.

    With nothing kept (there is no such account) the answer is no, after the same work.
    """
    expected = stored or _nobody()
    with _TURNS:
        try:
            right = _HASHER.verify(expected, password[: LONGEST + 1])
        except (VerifyMismatchError, InvalidHashError):
            return False
    return right and stored is not None
