"""Coordinates as people write them, brought to CGCS2000 once, with what was given kept beside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.datum import Datum, Epsg, to_cgcs2000_array
from importers.table import Value, as_text

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
# A small `s` ends seconds, a capital S is south; the other letters may be either.
_SIDE = "[NSEWnew北南东西]"
_DMS = re.compile(
    rf"""\s*(?P<before>{_SIDE})?\s*
    (?P<degrees>{_NUMBER})\s*[°º度d:\s]\s*
    (?:(?P<minutes>\d+(?:\.\d+)?)\s*['′’分m:\s]?\s*
      (?:(?P<seconds>\d+(?:\.\d+)?)\s*(?:["″”秒s]|''|′′)?)?
    )?
    \s*(?P<after>{_SIDE})?\s*""",
    re.VERBOSE,
)
_DECIMAL = re.compile(
    rf"\s*(?P<before>{_SIDE})?\s*(?P<number>{_NUMBER})\s*[°º度]?\s*(?P<after>{_SIDE})?\s*"
)
_PLAIN = re.compile(_NUMBER, re.ASCII)
_PAIR = re.compile(rf"^\s*({_NUMBER})\s*[,;\s]\s*({_NUMBER})\s*$")


@dataclass(frozen=True, slots=True)
class Positions:
    """Coordinates of a table's rows.

    `xy` (n, 2) CGCS2000 degrees, NaN where a row has none; `given` (n, 2) the numbers as given;
    `problems[i]` is empty, "missing" or "unreadable" or "not on Earth".
    """

    xy: NDArray[np.float64]
    given: NDArray[np.float64]
    problems: list[str]


def parse_number(value: Value) -> float | None:
    """Return degrees or metres from a cell: a number, decimal text or degrees-minutes-seconds.

    Full-width digits and the signs ° ' " ′ ″ 度 分 秒 are understood; S and W are negative.
    Nothing comes back when the text is none of these.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if np.isfinite(value) else None
    text = as_text(value)
    if _PLAIN.fullmatch(text):
        return float(text)
    decimal = _DECIMAL.fullmatch(text)
    if decimal:
        number = float(decimal["number"])
        side = (decimal["before"] or decimal["after"] or "").upper()
        return -abs(number) if side in ("S", "W", "南", "西") else number
    found = _DMS.fullmatch(text)
    return _degrees(found) if found else None


def _degrees(found: re.Match[str]) -> float | None:
    minutes = float(found["minutes"] or 0)
    seconds = float(found["seconds"] or 0)
    # 60.00 is what rounding makes of 59.999.
    if minutes >= 60 or seconds > 60:
        return None
    degrees = float(found["degrees"])
    size = abs(degrees) + minutes / 60 + seconds / 3600
    side = (found["before"] or found["after"] or "").upper()
    negative = degrees < 0 or side in ("S", "W", "南", "西")
    return -size if negative else size


def read_positions(xs: Sequence[Value], ys: Sequence[Value], datum: Datum | Epsg) -> Positions:
    """Return the positions of rows whose x (longitude, easting) and y were given in `datum`.

    When a y cell is empty, "99.60,24.82" in the x cell is taken as both.
    """
    n = len(xs)
    given = np.full((n, 2), np.nan)
    problems = [""] * n
    for i, (x, y) in enumerate(zip(map(as_text, xs), map(as_text, ys), strict=True)):
        if y == "" and (pair := _PAIR.match(x)):
            given[i] = float(pair[1]), float(pair[2])
            continue
        if x == "" or y == "":
            problems[i] = "missing"
            continue
        a, b = parse_number(xs[i]), parse_number(ys[i])
        if a is None or b is None:
            problems[i] = "unreadable"
            continue
        given[i] = a, b
    xy = to_cgcs2000_array(given, datum)
    off = ~((np.abs(xy[:, 0]) <= 180) & (np.abs(xy[:, 1]) <= 90))
    for i in np.flatnonzero(off):
        problems[i] = problems[i] or "not on Earth"
        xy[i] = np.nan
    return Positions(xy, given, problems)
