"""Counting on one coverage: which unit of today the counts of a grid belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flow:
    """Ground that went from one grid to another; None stands for free land."""

    publication: int
    origin: str | None
    heir: str | None


@dataclass(frozen=True)
class Recount:
    """How counts of grids, each of its day, are counted on the grids in force.

    Attributes
    ----------
    heir
        Grid in force for a grid that was absorbed, renamed or divided inside one unit.
    redrawn
        Units in force of which no former count can be told: ground came or went by parts.
    """

    heir: Mapping[str, str]
    redrawn: frozenset[str]


def recount(
    flows: Iterable[Flow], in_force: frozenset[str], unit_of: Callable[[str], str]
) -> Recount:
    """Return which counts follow the ground, and which units are not comparable.

    A grid that went as a whole to one unit takes its counts along, through any number of
    publications. Where parts went to different units, or came from or became free land, counts of
    the day before cannot be divided: both sides are redrawn.

    Parameters
    ----------
    flows
        Since the first day that is looked at, the founding of a coverage left out.
    in_force
        Grids in force; one of them that gave ground away still holds the rest.
    unit_of
        The unit of a grid on the level that is compared: redrawing inside it changes nothing.
    """
    leaving: dict[str | None, list[Flow]] = {}
    for flow in flows:
        leaving.setdefault(flow.origin, []).append(flow)
    known: dict[tuple[str, int], frozenset[str | None]] = {}

    def holders(code: str, after: int) -> frozenset[str | None]:
        """Return who holds the ground today that a grid held after a publication."""
        if (code, after) in known:
            return known[code, after]
        found: set[str | None] = {code} if code in in_force else set()
        for flow in leaving.get(code, ()):
            if flow.publication <= after or flow.heir == code:
                continue
            found |= {None} if flow.heir is None else holders(flow.heir, flow.publication)
        known[code, after] = frozenset(found)
        return known[code, after]

    heir: dict[str, str] = {}
    redrawn: set[str] = set()
    for origin in leaving:
        if origin is None:
            continue
        ends = holders(origin, 0)
        grids = sorted(end for end in ends if end is not None)
        units = {unit_of(grid) for grid in grids}
        if len(units) == 1 and None not in ends:
            heir[origin] = grids[0]
            continue
        redrawn |= units
        if None in ends:
            redrawn.add(unit_of(origin))
    for flow in leaving.get(None, ()):
        if flow.heir is not None:
            ends = holders(flow.heir, flow.publication)
            redrawn |= {unit_of(end) for end in ends if end is not None}
    return Recount(heir, frozenset(redrawn))
