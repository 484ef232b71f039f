"""What a check of a plan says: faults, each at a place; and the plan as the checks see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.patch import Cell, outlines_of, place_of
from grids.boundary_rules import Rule, Rules
from grids.impact import Impact
from grids.overlay import UnitName

# The wording of each fault, as templates over its units and facts.
SENTENCES = {
    "plan.empty": "The plan changes nothing.",
    "plan.stale": "Cell {cell_id} was changed by publication {now} since the plan took it.",
    "plan.unproven": "The new cells do not cover exactly what they replace ({kind}).",
    "village.moved": "{area_m2} square metres of village {village} would go to another village.",
    "unit.pieces": "{unit} would lie in {n_parts} pieces; {signed} are signed for.",
    "unit.parts": "{unit} would lie in {n_parts} pieces; at most {most} are usual.",
    "unit.unknown": "{unit} is not in force and the plan does not make it.",
    "unit.outside": "A cell of {unit} lies in village {village}.",
    "unit.ends": "{unit} would have no land left and end.",
    "unit.same_name": "{unit} would be called {name}, as {other} is.",
    "cell.small": "A cell of {unit} has {area_m2} square metres; {least} are usual.",
    "cell.narrow": "A cell of {unit} is {width_m} metres wide; {least} are usual.",
    "grid.small": "{unit} has {area_m2} square metres; {least} are usual.",
    "grid.large": "{unit} has {area_m2} square metres; at most {most} are usual.",
    "grid.narrow": "{unit} is {width_m} metres wide; {least} are usual.",
    "grid.households": "{unit} would have {n} households; {least} to {most} are usual.",
    "grid.few": "{unit} would have {n} households; at least {least} are usual.",
    "grid.many": "{unit} would have {n} households; at most {most} are usual.",
    "duty.vacant": "{unit} has no primary worker: its village desk would answer.",
    "land.free": "{area_m2} square metres of {unit} would belong to no grid.",
}

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to mend (error) or to weigh (warning).

    Attributes
    ----------
    units
        The codes concerned.
    at, bbox
        A place [lon, lat] to look at, and the box (west, south, east, north) around it.
    facts
        What the sentence of the code is made of.
    legacy
        It was so before the plan, and the plan makes it no worse: only a warning, whatever the
        rule says.
    """

    code: str
    severity: Literal["error", "warning"]
    units: tuple[str, ...] = ()
    at: tuple[float, float] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    bbox: Box | None = None
    legacy: bool = False

    @property
    def message(self) -> str:
        """Return the English sentence."""
        return SENTENCES[self.code].format(unit=", ".join(self.units), **self.facts)

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of the HTTP answer."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "units": list(self.units),
            "at": None if self.at is None else list(self.at),
            "bbox": None if self.bbox is None else list(self.bbox),
            "legacy": self.legacy,
            "facts": self.facts,
        }


@dataclass(frozen=True, eq=False)
class Subject:
    """A plan as the checks see it: its villages before and after, and what counts there.

    Attributes
    ----------
    old, new
        Both sides of the plan's patch.
    after
        All cells of the plan's villages as the plan would have them.
    names
        Of the units of those cells.
    signed
        Pieces that steps of the plan signed for, by unit.
    """

    old: list[Cell]
    new: list[Cell]
    after: list[Cell]
    names: Mapping[str, UnitName]
    impact: Impact
    signed: Mapping[str, int]
    rules: Rules

    @cached_property
    def before(self) -> list[Cell]:
        """All cells of the villages as they are in force."""
        changed = {cell.id for cell in (*self.old, *self.new)}
        return [cell for cell in self.after if cell.id not in changed] + self.old

    @cached_property
    def grids(self) -> tuple[str, ...]:
        """The grids that the plan touches and that have land after it."""
        touched = {cell.grid for cell in (*self.old, *self.new)}
        return tuple(sorted({c.grid for c in self.after if c.grid and c.grid in touched}))

    @cached_property
    def land(self) -> dict[str, list[Cell]]:
        """The cells of each grid that the plan touches, after it."""
        return _by_grid(self.after, self.grids)

    @cached_property
    def land_before(self) -> dict[str, list[Cell]]:
        """The cells of each grid that the plan touches, as they are in force."""
        return _by_grid(self.before, self.grids)

    def kind(self, code: str) -> str:
        """Return the kind of a grid."""
        name = self.names.get(code)
        return name.kind if name else "base"

    def rule(self, subject: str, code: str) -> Rule | None:
        """Return the rule that counts for a grid."""
        return self.rules.find(self.kind(code), subject, code)


def fault(
    code: str,
    rule: Rule | None,
    units: tuple[str, ...],
    cells: Iterable[Cell],
    facts: dict[str, Any] | None = None,
    *,
    legacy: bool = False,
) -> Fault:
    """Return a fault on the land of cells, as severe as its rule says; an error without a rule."""
    severity: Literal["error", "warning"] = "error"
    if legacy or (rule is not None and rule.severity == "warning"):
        severity = "warning"
    at, bbox = place(cells)
    return Fault(code, severity, units, at, facts or {}, bbox, legacy)


def place(cells: Iterable[Cell]) -> tuple[tuple[float, float] | None, Box | None]:
    """Return a place on the largest of some cells and the box around them all."""
    outlines = outlines_of(cells)
    if len(outlines) == 0:
        return None, None
    at = spot(outlines[int(np.argmax(shapely.area(outlines)))])
    west, south, east, north = shapely.total_bounds(outlines).tolist()
    return at, (west, south, east, north)


def spot(outline: BaseGeometry) -> tuple[float, float] | None:
    """Return a place on an outline, [lon, lat]; nothing of an empty one."""
    at = place_of(outline)
    return None if at is None else (at[0], at[1])


def said(limit: float | None) -> float | int | None:
    """Return a limit as people write it: without a fraction where it has none."""
    return int(limit) if limit is not None and limit == int(limit) else limit


def _by_grid(cells: Iterable[Cell], grids: Iterable[str]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {code: [] for code in grids}
    for cell in cells:
        if cell.grid in found:
            found[cell.grid].append(cell)
    return found
