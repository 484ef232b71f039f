"""Refusals of the domain that more than one module raises; the others stand beside their rule."""

from __future__ import annotations

from collections.abc import Collection

from geo.errors import Refusal


class GridsError(Refusal):
    """A refusal of the domain."""

    code = "grids.refused"


class NotFound(GridsError):
    """What was asked for does not exist, or not for this viewer."""

    code = "not_found"
    sentence = "There is no {what} {key}."


class Forbidden(GridsError):
    """The viewer's role may not do this."""

    code = "forbidden"
    sentence = "Role {role} may not {action}. Ask {who_can} to grant it."


class NothingPublished(GridsError):
    """There is no coverage in force yet."""

    code = "publication.none"
    sentence = "No boundaries are in force yet: import grids first."


class BadValue(GridsError):
    """A field of the input does not fit."""

    code = "value.bad"
    sentence = "{field}: {given!r} does not fit: {reason}"


class TooLong(BadValue):
    """A text is longer than its field may be."""

    sentence = "{field}: longer than {most} characters"

    def __init__(self, *, field: str, given: str, most: int) -> None:
        reason = f"longer than {most} characters"
        super().__init__(field=field, given=given[:40], most=most, reason=reason)


class StaleRecord(GridsError):
    """The record was changed by somebody else since it was read."""

    code = "record.stale"
    sentence = "{what} {key} was changed since you opened it (yours {yours}, now {now})."


def require_choice(field: str, given: str, choices: Collection[str]) -> None:
    """Let pass one of the choices of a field.

    Raises
    ------
    BadValue
        Naming the choices in their order.
    """
    if given not in choices:
        raise BadValue(field=field, given=given, reason="one of " + ", ".join(choices))
