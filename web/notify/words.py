"""What a message outside the screens says: short, and nothing that a stranger may not read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent.parent / "translations"


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


# Whoever gets one signs in for the rest.
SAID = {
    "incident.assigned": _("Incident {number} was assigned to you. Sign in to handle it."),
    "incident.escalated": _("Incident {number} was escalated to you. Sign in to handle it."),
    "incident.supervised": _("Incident {number} is supervised. Sign in to answer."),
    "notice.trial": _(
        "This is a trial message of the grid management system. Nothing is to be done."
    ),
}
ANYTHING = _("You have a new notice. Sign in to read it.")


@cache
def _translations(language: str) -> NullTranslations:
    return Translations.load(FOLDER, [language])


def text_of(kind: str, facts: Mapping[str, Any], language: str = "zh") -> str:
    """Return the message of a notice; one whose facts are missing says only that there is one."""
    translated = _translations(language)
    try:
        return translated.gettext(SAID[kind]).format(**facts)
    except KeyError:
        return translated.gettext(ANYTHING)
