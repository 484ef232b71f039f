"""Refusals: what the product says no to, each with a stable code, a sentence and the facts."""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """Something that was asked for and is refused.

    A subclass names one reason. `code` never changes once released (callers script against it);
    `sentence` is the English wording, a `str.format` template over the facts. Screens look the
    sentence up by code in their own language.

    Parameters
    ----------
    **facts
        What the reader needs to mend it: codes, rows, positions, limits. JSON-serialisable.
    """

    code: ClassVar[str] = "refused"
    sentence: ClassVar[str] = "This was refused."

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """Return the English sentence with the facts filled in."""
        return self.sentence.format(**self.facts)

    def as_dict(self) -> dict[str, Any]:
        """Return `{"code", "message", ...facts}`, the shape of every error answer."""
        return {"code": self.code, "message": self.message, **self.facts}


class GeoError(Refusal):
    """A refusal of the geometry room."""

    code = "geo.refused"


class BadPosition(GeoError):
    """Degrees that are no place on Earth, or not numbers at all."""

    code = "position.bad"
    sentence = "Longitude {lon}, latitude {lat} is not a position on Earth."


class UndeclaredDatum(GeoError):
    """Coordinates came without saying which datum they are in."""

    code = "datum.undeclared"
    sentence = "Say which datum the coordinates are in: {choices}."


class UnsupportedDatum(GeoError):
    """A datum or coordinate system that cannot be brought to CGCS2000 truthfully."""

    code = "datum.unsupported"
    sentence = "{given} cannot be converted to CGCS2000: {reason}"
