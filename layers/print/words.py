"""What stands on printed maps, in the reader's language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from layers.styles import LANGUAGES, language, theme


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Return every wording by its key and language; not to be changed."""
    given = tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
    return {key: dict(zip(LANGUAGES, pair, strict=True)) for key, pair in given.items()}


def word(key: str, locale: str, **facts: object) -> str:
    """Return a wording in the locale's language, its facts filled in.

    Raises
    ------
    KeyError
        If there is no such wording, or it names a fact that is not given.
    """
    return words()[key][language(locale)].format(**facts)


def level_name(level: str, locale: str) -> str:
    """Return what a level of the division is called."""
    return str(theme()["units"][level][language(locale)])
