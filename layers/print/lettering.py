"""The labels of a map: what wants to be named, how it may be written, where it was put."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import shapely

from layers.print.paper import Box

Point = tuple[float, float]
Measure = Callable[[str, float, bool], float]


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to write a label; `number`: it refers to a list beside the map."""

    lines: tuple[str, ...]
    size: float
    bold: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something to be named: its outline on paper in points, its wordings from best to least."""

    key: str
    shape: shapely.Geometry
    wordings: Sequence[Wording]


@dataclass(frozen=True, slots=True)
class Label:
    """A placed label; `leader` leads from a place on the unit to the label's edge."""

    key: str
    wording: Wording
    box: Box
    leader: tuple[Point, Point] | None = None


@dataclass(frozen=True)
class Lettering:
    """All labels of a map, and the keys of what found no place."""

    labels: list[Label]
    unplaced: list[str]

    @property
    def numbered(self) -> set[str]:
        """Return the keys that stand on the map as a number."""
        return {label.key for label in self.labels if label.wording.number}
