"""What units are called on a map: short where their parent is named beside them, then shorter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

import numpy as np
import shapely

from geo.lattice import Geometries
from grids.model import Level
from layers.print.land import PrintedUnit
from layers.print.lettering import Wanted, Wording
from layers.print.paper import MapView


def short_names(units: Sequence[PrintedUnit], parent: str) -> dict[str, str]:
    """Return the names of a parent's units without what they share with its name, by code.

    "关庙第一网格" in "关庙社区居民委员会" is "第一网格". Where two would be called the same, all
    keep their full names.
    """
    short = {}
    for unit in units:
        shared = _beginning([unit.name, parent])
        rest = unit.name[len(shared) :].strip()
        short[unit.code] = rest if len(shared) > 1 and rest else unit.name
    if len(set(short.values())) < len(short):
        return {unit.code: unit.name for unit in units}
    return short


def ending(names: Sequence[str]) -> str:
    """Return what all names end with, such as "网格"; empty if less would be left of one."""
    if len(names) < 2:
        return ""
    shared = _beginning([name[::-1] for name in names])[::-1]
    return shared if all(len(name) > len(shared) for name in names) else ""


def _beginning(texts: Sequence[str]) -> str:
    """Return what all texts begin with."""
    same = takewhile(lambda signs: len(set(signs)) == 1, zip(*texts, strict=False))
    return "".join(signs[0] for signs in same)


def wordings(
    name: str, size: float, *, tail: str = "", number: str | None = None, bold: bool = False
) -> list[Wording]:
    """Return the ways to write a name, from best to least.

    In one line, in two, a little smaller, without the tail that all names share, at last as the
    number that the list beside the map explains.
    """
    cut = _middle(name, tail)
    halves = (name[:cut].strip(), name[cut:].strip())
    ways: list[Wording] = []
    for at in (size, size * 0.85):
        ways.append(Wording((name,), at, bold))
        if len(name) > 3 and all(halves):
            ways.append(Wording(halves, at, bold))
    if tail and name.endswith(tail) and len(name) > len(tail):
        ways.append(Wording((name[: -len(tail)],), size * 0.85, bold))
    if number is not None:
        ways.append(Wording((number,), size * 0.85, bold=True, number=True))
    return ways


def _middle(name: str, tail: str) -> int:
    """Return where a name breaks in two: before its ordinal, before the tail, or in the middle."""
    ordinal = name.find("第", 1)
    if 2 <= ordinal <= len(name) - 3:
        return ordinal
    return len(name) - len(tail) if 0 < len(tail) < len(name) else (len(name) + 1) // 2


def fitting_size(shapes: Geometries, names: Sequence[str], least: float, most: float) -> float:
    """Return the type size at which a usual name is about as wide as a usual shape."""
    if not len(shapes):
        return least
    side = math.sqrt(float(np.median(shapely.area(shapes))))
    length = float(np.median([len(name) for name in names]))
    return round(float(np.clip(0.85 * side / max(length, 1), least, most)), 1)


def names_wanted(
    view: MapView,
    outlines: Mapping[str, Any],
    parents: Sequence[tuple[PrintedUnit, Sequence[PrintedUnit]]],
    numbers: Mapping[str, str],
    *,
    least: float,
    most: float,
) -> list[Wanted]:
    """Return grids of villages, or villages of townships, as they want to be named.

    In short where the parent is named beside them, at last by their number.
    """
    units = [unit for _, members in parents for unit in members]
    drawn = view.shapes(np.array([outlines[unit.code] for unit in units], dtype=np.object_))
    shapes = shapely.simplify(drawn, _SIMPLER)
    called: dict[str, str] = {}
    tails: dict[str, str] = {}
    for parent, members in parents:
        short = (
            short_names(members, parent.name)
            if parent.level is Level.VILLAGE
            else {unit.code: seat(unit.name) for unit in members}
        )
        called |= short
        tails |= dict.fromkeys(short, ending(list(short.values())))
    size = fitting_size(shapes, [called[unit.code] for unit in units], least, most)
    return [
        Wanted(
            unit.code,
            shape,
            wordings(called[unit.code], size, tail=tails[unit.code], number=numbers.get(unit.code)),
        )
        for unit, shape in zip(units, shapes, strict=True)
    ]


def units_wanted(
    view: MapView,
    outlines: Mapping[str, Any],
    units: Sequence[PrintedUnit],
    size: float,
    *,
    extra: Mapping[str, str] | None = None,
) -> list[Wanted]:
    """Return villages or townships as they want to be named, in bold over what lies in them.

    `extra` is a second line by code, such as the page that shows the unit.
    """
    second = extra or {}
    shapes = view.shapes(np.array([outlines[unit.code] for unit in units], dtype=np.object_))
    found = []
    for unit, shape in zip(units, shapes, strict=True):
        plain = seat(unit.name)
        more = (second[unit.code],) if unit.code in second else ()
        ways = [Wording((plain, *more), at, bold=True) for at in (size, size * 0.85, size * 0.7)]
        found.append(Wanted(unit.code, shape, ways))
    return found


# Labels keep clear of borders by more than this many points.
_SIMPLER = 0.3

_BODIES = ("社区居民委员会", "社区村民委员会", "村民委员会", "居民委员会", "居委会", "村委会")


def seat(name: str) -> str:
    """Return a village's name as a place: without the words for its committee."""
    for body in _BODIES:
        if name.endswith(body) and len(name) > len(body):
            return name[: -len(body)]
    return name
