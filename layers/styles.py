"""Colours, class breaks and map wording: one file, read by the sheets here and by the client."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from geo.classify import UNCLASSED, class_of

LANGUAGES = ("zh", "en")


@cache
def theme() -> Mapping[str, Any]:
    """Return the contents of `theme.json`; not to be changed."""
    text = files(__package__).joinpath("theme.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def language(locale: str) -> str:
    """Return the wording's key for a locale: "en" for English of any kind, otherwise "zh"."""
    return "en" if locale.lower().startswith("en") else "zh"


def word(code: str, locale: str, **facts: object) -> str:
    """Return the sentence of a message code in the locale's language, with its facts filled in.

    Raises
    ------
    KeyError
        If the theme has no such code, or the sentence names a fact that is not given.
    """
    return str(theme()["words"][code][language(locale)].format(**facts))


def ratio_keys(ratios: Iterable[float]) -> list[str | None]:
    """Return the class key (r0 ... r5) of each ratio to the expected level; None for NaN.

    A ratio on a break belongs to the class nearer to 1, so that x and 1/x are mirrored.
    """
    ratio = theme()["ratio"]
    numbers = class_of(list(ratios), ratio["breaks"], centre=ratio["centre"])
    keys = [entry["key"] for entry in ratio["classes"]]
    return [None if number == UNCLASSED else keys[number] for number in numbers]


def volume_keys(counts: Iterable[float], days: int, level: str) -> list[str]:
    """Return the class key (v0 ... v5) of reports per 30 days of units of a level."""
    volume = theme()["volume"]
    breaks = volume["breaks"][level]
    keys = [entry["key"] for entry in volume["classes"]]
    return [keys[bisect_right(breaks, count * 30 / days)] for count in counts]


def paint_of(key: str) -> Mapping[str, Any]:
    """Return colour, hatch, sign and words of a class of any map, or of an unjudged kind.

    Raises
    ------
    KeyError
        If no class has this key.
    """
    return _paints()[key]


@cache
def _paints() -> dict[str, Mapping[str, Any]]:
    given = theme()
    kinds = ("ratio", "gi", "volume", "pattern", "cluster")
    classes = [entry for kind in kinds for entry in given[kind]["classes"]]
    return {entry["key"]: entry for entry in classes} | dict(given["unjudged"])


def outline_level(q: float) -> str | None:
    """Return "double", "solid" or None for a q-value; None for NaN."""
    return next((name for name, most in _outlines() if q <= most), None)


@cache
def _outlines() -> tuple[tuple[str, float], ...]:
    """Return the outlines with the largest q of each, the strictest first."""
    styles = theme()["outline"].items()
    return tuple(sorted(((name, style["q"]) for name, style in styles), key=lambda one: one[1]))


def series(keys: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return a colour and a shape for each of an open set of codes (registries, place classes).

    Codes are taken in sorted order, so that the same set always looks the same; those
    beyond the sixth share the entry for "other".
    """
    given = theme()["series"]
    pairs = [
        {"colour": colour, "shape": shape}
        for colour, shape in zip(given["colours"], given["shapes"], strict=True)
    ]
    ordered = sorted(set(keys))
    rest = [dict(given["other"]) for _ in ordered[len(pairs) :]]
    return dict(zip(ordered, [*pairs, *rest][: len(ordered)], strict=True))
