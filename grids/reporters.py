"""Who reported, where somebody outside said so: their number is sealed before it goes anywhere."""

from __future__ import annotations

from grids.errors import BadValue, TooLong
from grids.incident_report import Reporter
from grids.secrets import KeyRing, mask_phone

LONGEST_NAME = 60
_PHONE_SIGNS = frozenset("0123456789+-() ")
_PHONE_DIGITS = range(5, 16)


def sealed(name: str, phone: str, keys: KeyRing) -> Reporter | None:
    """Return who is owed an answer; none if neither name nor number is known.

    Raises
    ------
    BadValue
        Naming the field: a name of more than 60 characters, a number without 5 to 15 digits.
    """
    name, phone = name.strip(), phone.strip()
    if len(name) > LONGEST_NAME:
        raise TooLong(field="name", given="", most=LONGEST_NAME)
    if phone and (set(phone) - _PHONE_SIGNS or n_digits(phone) not in _PHONE_DIGITS):
        raise BadValue(field="phone", given="", reason="no telephone number")
    if not name and not phone:
        return None
    if not phone:
        return Reporter(name)
    return Reporter(name, keys.encrypt(phone), mask_phone(phone))


def n_digits(phone: str) -> int:
    """Return how many digits a number has."""
    return sum(sign.isdigit() for sign in phone)
