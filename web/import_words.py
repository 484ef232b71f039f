"""What is wrong with the rows of a file, in the reader's language and by the names of the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext

from importers.fields import fields_of
from importers.recognise import columns_of
from importers.report import RefusedField, said_in_english
from web import words
from web.locale import tag

_FIELDS = ("field", "first_field")


def row_detail(kind: str, told: Mapping[str, Any]) -> str:
    """Return what is wrong with a row of a kind of file.

    In Chinese a field is called by its Chinese heading, and choices are the words that the field
    takes. An account of an earlier release has no sentence: its English message is returned.

    Parameters
    ----------
    told
        As `RefusedField.as_told`.
    """
    if "sentence" not in told:
        return str(told["message"])
    facts = dict(told["facts"])
    if tag() != "en":
        if "choices" in facts:
            facts["choices"] = _choices(kind, told["field"], facts["choices"])
        facts |= {name: label(kind, facts[name]) for name in _FIELDS if name in facts}
    return words.sentence(told["sentence"], facts)


def label(kind: str, field: str) -> str:
    """Return the first Chinese heading that a field is known by; its name where it has none."""
    known = fields_of(columns_of(kind)).get(field)
    headings = known.headings if known else ()
    return next((heading for heading in headings if not heading.isascii()), field)


def wording(kind: str) -> Callable[[Sequence[RefusedField]], str]:
    """Return what words the faults of one row for a file of refused rows."""
    if tag() == "en":
        return said_in_english

    def say(faults: Sequence[RefusedField]) -> str:
        return "".join(_led(kind, one) for one in faults)

    return say


def _led(kind: str, one: RefusedField) -> str:
    """Return a fault led by its field, unless it names the field itself."""
    said = row_detail(kind, one.as_told())
    name = label(kind, one.field) if one.field else ""
    return said if name in said else gettext("{field}: {reason}").format(field=name, reason=said)


def _choices(kind: str, field: str | None, listed: str) -> str:
    """Return choices as the words of a Chinese file; one without a word stays as it is."""
    known = fields_of(columns_of(kind)).get(field or "")
    words_of: dict[str, str] = {}
    for word, ours in (known.values if known else {}).items():
        words_of.setdefault(ours, word)
    return str(gettext(", ")).join(words_of.get(one, one) for one in listed.split(", "))
