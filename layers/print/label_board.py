"""Where labels stand, and the ways to find a place for one more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.print.lettering import Label, Measure, Point, Wanted, Wording
from layers.print.paper import Box, around

# A line of text is so much higher than its size; boxes keep so many points clear on each side.
LEADING = 1.12
_CLEAR = 0.7

# The share of a label's box that has to lie on its own unit.
_OWN_SHARE = 0.62
_NUMBER_SHARE = 0.3
_ANGLES = 24
_RADII = (9, 13, 18, 24, 31, 39, 48, 58, 70, 85, 105, 130)
_TRIES = 16


@dataclass(frozen=True, eq=False)
class Site:
    """Where one label may stand: places on the outline, the roomiest first.

    A circle of `radius` around the pole of inaccessibility lies on the unit; without a part of
    the unit in the frame, area and radius are 0 and there is no place.
    """

    wanted: Wanted
    shape: shapely.Geometry
    area: float
    pole: Point
    radius: float
    spots: NDArray[np.float64]

    @classmethod
    def of(cls, wanted: Wanted, frame: Box) -> Site:
        """Return the places for what is wanted: on the largest part that the frame shows."""
        shape = wanted.shape
        if not frame.holds(Box(*shape.bounds)):
            shape = shapely.intersection(shape, shapely.box(*frame))
        polygons = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
        if not polygons:
            return cls(wanted, shapely.Polygon(), 0.0, frame.centre, 0.0, np.empty((0, 2)))
        largest = max(polygons, key=lambda polygon: polygon.area)
        circle = shapely.maximum_inscribed_circle(largest, max(math.sqrt(largest.area) / 25, 0.05))
        pole, rim = shapely.get_coordinates(circle)
        shapely.prepare(largest)
        radius = math.dist(pole, rim)
        spots = _spots(largest, pole)
        return cls(wanted, largest, float(largest.area), (pole[0], pole[1]), radius, spots)


def _spots(shape: shapely.Polygon, pole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the pole of inaccessibility and places on a lattice inside, the nearest first."""
    west, south, east, north = shape.bounds
    n = int(np.clip(math.sqrt(shape.area) / 5, 4, 12))
    x, y = np.meshgrid(np.linspace(west, east, n + 2)[1:-1], np.linspace(south, north, n + 2)[1:-1])
    lattice = np.column_stack((x.ravel(), y.ravel()))
    lattice = lattice[shapely.contains_xy(shape, lattice)]
    return np.vstack((pole, lattice[np.argsort(np.hypot(*(lattice - pole).T), kind="stable")]))


@dataclass(eq=False)
class Board:
    """The labels placed so far, found again by where they lie; `fixed` ones stay."""

    frame: Box
    measure: Measure
    taken: Iterable[Box]
    placed: dict[str, Label] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)

    _FIELD = 32.0

    def __post_init__(self) -> None:
        self._fields: dict[tuple[int, int], dict[str, Box]] = {}
        self._leaders: dict[str, tuple[Point, Point]] = {}
        for n, box in enumerate(self.taken):
            self._enter(f"taken {n}", box)
            self.fixed.add(f"taken {n}")

    # What stands where -------------------------------------------------------------------------

    def _cover(self, box: Box) -> Iterator[tuple[int, int]]:
        size = self._FIELD
        for column in range(int(box.west // size), int(box.east // size) + 1):
            for row in range(int(box.south // size), int(box.north // size) + 1):
                yield column, row

    def _enter(self, key: str, box: Box) -> None:
        for at in self._cover(box):
            self._fields.setdefault(at, {})[key] = box

    def put(self, label: Label) -> None:
        """Add a label."""
        self.placed[label.key] = label
        self._enter(label.key, label.box)
        if label.leader:
            self._leaders[label.key] = label.leader

    def take(self, key: str) -> Label:
        """Remove a label and return it."""
        label = self.placed.pop(key)
        for at in self._cover(label.box):
            del self._fields[at][key]
        self._leaders.pop(key, None)
        return label

    def in_the_way(self, box: Box) -> set[str]:
        """Return the keys of boxes and leaders that a box would meet."""
        met = {
            key
            for at in self._cover(box)
            for key, other in self._fields.get(at, {}).items()
            if box.meets(other)
        }
        return met | {key for key, line in self._leaders.items() if crosses(line, box)}

    def _is_free(self, box: Box) -> bool:
        return self.frame.holds(box) and not self.in_the_way(box)

    # Ways of placing -----------------------------------------------------------------------------

    def _size(self, wording: Wording) -> tuple[float, float]:
        wide = max(self.measure(line, wording.size, wording.bold) for line in wording.lines)
        high = wording.size * LEADING * len(wording.lines)
        return wide + 2 * _CLEAR, high + 2 * _CLEAR

    def _inside(self, site: Site, wording: Wording) -> Iterator[Box]:
        """Yield the boxes of a wording that lie wholly on the unit, the roomiest place first."""
        width, height = self._size(wording)
        if width * height > site.area:
            return
        rest = site.spots
        if math.hypot(width, height) / 2 <= site.radius:
            yield around(*site.pole, width, height)
            rest = rest[1:]
        half = np.array((width, height)) / 2
        low, high = rest - half, rest + half
        boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
        for at in np.flatnonzero(shapely.contains(site.shape, boxes)):
            yield Box(*low[at].tolist(), *high[at].tolist())

    def _best_inside(self, site: Site, wordings: Iterable[Wording]) -> Label | None:
        for wording in wordings:
            for box in self._inside(site, wording):
                if self._is_free(box):
                    return Label(site.wanted.key, wording, box)
        return None

    def place_inside(self, sites: Sequence[Site]) -> None:
        """Place the names of those not placed yet that fit on their own unit."""
        for site in sites:
            if site.wanted.key not in self.placed:
                label = self._best_inside(site, names(site))
                if label:
                    self.put(label)

    def place_over(self, site: Site, tight: NDArray[np.float64], below: Mapping[str, Site]) -> None:
        """Place the name of a larger unit where it displaces least, and find others new places.

        `tight` are places that units without a name so far depend on, `below` the sites of labels
        that may be displaced. Where one of them would lose its label, the next place is tried.
        """
        options: list[tuple[float, int, Box]] = []
        reach = Box(*site.shape.bounds) if site.area else self.frame
        near = [(x, y) for x, y in tight.tolist() if _covers(reach, x, y)]
        for penalty, wording in enumerate(site.wanted.wordings):
            for box in self._inside(site, wording):
                met = self.in_the_way(box)
                if self.frame.holds(box) and not met & self.fixed:
                    away = math.dist(box.centre, site.pole) / math.sqrt(site.area)
                    covered = sum(_covers(box, x, y) for x, y in near)
                    cost = len(met) + 2 * covered + away + penalty
                    options.append((cost, penalty, box))
        for _, n, box in sorted(options)[:_TRIES]:
            if self._displaces(Label(site.wanted.key, site.wanted.wordings[n], box), below):
                self.fixed.add(site.wanted.key)
                return

    def _displaces(self, label: Label, below: Mapping[str, Site]) -> bool:
        """Put a label where others stand and move these; put all back if one finds no place."""
        before = [self.take(key) for key in self.in_the_way(label.box)]
        self.put(label)
        moved: list[str] = []
        for old in before:
            other = below[old.key]
            new = self._best_inside(other, other.wanted.wordings) or self._best_across(
                other, names(other), _OWN_SHARE
            )
            if new is None:
                for key in (*moved, label.key):
                    self.take(key)
                for one in before:
                    self.put(one)
                return False
            self.put(new)
            moved.append(old.key)
        return True

    def _best_across(self, site: Site, wordings: Iterable[Wording], share: float) -> Label | None:
        for wording in wordings:
            width, height = self._size(wording)
            boxes = [around(x, y, width, height) for x, y in site.spots[:24].tolist()]
            if not boxes:
                continue
            own = shapely.area(
                shapely.intersection(site.shape, shapely.box(*np.array(boxes).T))
            ) / (width * height)
            for at in np.argsort(-own, kind="stable"):
                if own[at] < share:
                    break
                if self._is_free(boxes[at]):
                    return Label(site.wanted.key, wording, boxes[at])
        return None

    def place_across(self, site: Site) -> None:
        """Place a name mostly on its unit, across the border if need be, instead of a number."""
        key = site.wanted.key
        before = self.placed.get(key)
        if before and not before.wording.number:
            return
        if before:
            self.take(key)
        label = self._best_across(site, names(site), _OWN_SHARE) or before
        if label:
            self.put(label)

    def place_number(self, site: Site, *, led: bool) -> None:
        """Place a number where there is no label: inside, across the border, else with a leader."""
        if site.wanted.key in self.placed or not site.area:
            return
        label = self._best_inside(site, _numbers(site)) or self._best_across(
            site, _numbers(site), _NUMBER_SHARE
        )
        if label is None and led:
            label = self._best_led(site)
        if label:
            self.put(label)

    def _best_led(self, site: Site) -> Label | None:
        """Return a number in free space around the unit with the shortest leader, or None."""
        for wording in _numbers(site):
            width, height = self._size(wording)
            for radius in _RADII:
                for step in range(_ANGLES):
                    angle = 2 * math.pi * (step + 0.5) / _ANGLES
                    x = site.pole[0] + (radius + width / 2) * math.cos(angle)
                    y = site.pole[1] + (radius + height / 2) * math.sin(angle)
                    box = around(x, y, width, height)
                    leader = (site.pole, _nearest(box, site.pole))
                    if self._is_free(box) and self._leads(leader):
                        return Label(site.wanted.key, wording, box, leader)
        return None

    def _leads(self, leader: tuple[Point, Point]) -> bool:
        """Return whether a leader crosses no label and no other leader."""
        (x1, y1), (x2, y2) = leader
        reach = Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
        for at in self._cover(reach):
            if any(crosses(leader, box) for box in self._fields.get(at, {}).values()):
                return False
        return not any(_cross(leader, other) for other in self._leaders.values())

    # Improvement --------------------------------------------------------------------------------

    def improve(self, sites: Sequence[Site], rounds: int = 2) -> None:
        """Let labels that are less than a name move one other label aside, if both gain."""
        by_key = {site.wanted.key: site for site in sites}
        for _ in range(rounds):
            moved = False
            for site in sites:
                key = site.wanted.key
                if self._rank(key) > 0:
                    moved |= self._improve(site, by_key)
            if not moved:
                return

    def _rank(self, key: str) -> float:
        """Return how far a label is from a name on its unit: 0 for a name, more for less."""
        label = self.placed.get(key)
        if label is None:
            return 3
        return (2 if label.leader else 1) if label.wording.number else 0

    def _improve(self, site: Site, by_key: dict[str, Site]) -> bool:
        key = site.wanted.key
        before = self.take(key) if key in self.placed else None
        rank = 3 if before is None else 2 if before.leader else 1
        wordings = list(names(site)) if rank == 1 else list(site.wanted.wordings)
        for wording in wordings:
            width, height = self._size(wording)
            for x, y in site.spots[:12].tolist():
                box = around(x, y, width, height)
                if not self.frame.holds(box) or not self._is_mine(site, box, wording):
                    continue
                met = self.in_the_way(box)
                if not met:
                    self.put(Label(key, wording, box))
                    return True
                if len(met) == 1 and self._swap(site, wording, box, by_key.get(next(iter(met)))):
                    return True
        if before:
            self.put(before)
        return False

    def _is_mine(self, site: Site, box: Box, wording: Wording) -> bool:
        share = _NUMBER_SHARE if wording.number else _OWN_SHARE
        common = shapely.area(shapely.intersection(site.shape, shapely.box(*box)))
        return float(common) >= share * box.width * box.height

    def _swap(self, site: Site, wording: Wording, box: Box, other: Site | None) -> bool:
        """Move the label of another site aside for this one, if it keeps its kind of wording."""
        if other is None:
            return False
        rank = self._rank(other.wanted.key)
        old = self.take(other.wanted.key)
        self.put(Label(site.wanted.key, wording, box))
        wordings = list(names(other) if rank == 0 else _numbers(other))
        new = self._best_inside(other, wordings) or self._best_across(
            other, wordings, _NUMBER_SHARE if rank else _OWN_SHARE
        )
        if new:
            self.put(new)
            return True
        self.take(site.wanted.key)
        self.put(old)
        return False


def names(site: Site) -> Iterator[Wording]:
    """Return the wordings of a site that are no number, from best to least."""
    return (wording for wording in site.wanted.wordings if not wording.number)


def _numbers(site: Site) -> Iterator[Wording]:
    return (wording for wording in site.wanted.wordings if wording.number)


def _covers(box: Box, x: float, y: float) -> bool:
    return box.west < x < box.east and box.south < y < box.north


def _nearest(box: Box, to: Point) -> Point:
    """Return the point of a box that is nearest to another point."""
    x = min(max(to[0], box.west), box.east)
    y = min(max(to[1], box.south), box.north)
    return x, y


def crosses(line: tuple[Point, Point], box: Box) -> bool:
    """Return whether a segment passes through the inside of a box (Liang and Barsky 1984)."""
    (x1, y1), (x2, y2) = line
    low, high = 0.0, 1.0
    for start, step, least, most in (
        (x1, x2 - x1, box.west, box.east),
        (y1, y2 - y1, box.south, box.north),
    ):
        if step == 0:
            if not least < start < most:
                return False
            continue
        first, last = sorted(((least - start) / step, (most - start) / step))
        low, high = max(low, first), min(high, last)
    return high - low > 1e-9


def _cross(a: tuple[Point, Point], b: tuple[Point, Point]) -> bool:
    """Return whether two segments cross in their inside."""

    def side(line: tuple[Point, Point], at: Point) -> float:
        (x1, y1), (x2, y2) = line
        return (x2 - x1) * (at[1] - y1) - (y2 - y1) * (at[0] - x1)

    return side(a, b[0]) * side(a, b[1]) < 0 and side(b, a[0]) * side(b, a[1]) < 0
