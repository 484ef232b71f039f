"""What is wrong with a plan: faults that stop publishing, and warnings that a person weighs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import numpy as np
from sqlalchemy import Connection

from geo.coverage import adjacency, prove
from geo.crs import area_m2
from geo.lattice import Geometries
from geo.patch import Cell, NotAPatch, Patch, connected, outlines_of, place_of
from grids import drafts, overlay
from grids.db import statement
from grids.impact import Impact, impact
from grids.model import Level, Viewer
from grids.overlay import Overlay, UnitName
from grids.publications import shapes

Severity = Literal["error", "warning"]

# The wording of each fault, as templates over its units and facts.
SENTENCES = {
    "plan.empty": "The plan changes nothing.",
    "plan.stale": "Cell {cell_id} was changed by publication {now} since the plan took it.",
    "plan.unproven": "The new cells do not cover exactly what they replace ({kind}).",
    "unit.pieces": "{unit} would lie in {n_parts} pieces; {signed} are signed for.",
    "unit.unknown": "{unit} is not in force and the plan does not make it.",
    "unit.outside": "A cell of {unit} lies in village {village}.",
    "unit.ends": "{unit} would have no land left and end.",
    "cell.small": "A cell of {unit} has {area_m2} square metres; {least} are usual.",
    "grid.households": "{unit} would have {n} households; {least} to {most} are usual.",
    "duty.vacant": "{unit} has no primary worker: its village desk would answer.",
    "land.free": "{area_m2} square metres of {unit} would belong to no grid.",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is usual here; outside it the check warns.

    Households of a grid (the county's own practice differs from the urban rule of 300 to 500,
    so this is a setting), and square metres of a cell.
    """

    fewest_households: int = 10
    most_households: int = 500
    least_area_m2: float = 200.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to mend (error) or to weigh (warning).

    `units` are the codes concerned, `at` a place [lon, lat] to look at, `facts` what the sentence
    of the code is made of.
    """

    code: str
    severity: Severity
    units: tuple[str, ...] = ()
    at: tuple[float, float] | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """Return the English sentence with the facts filled in."""
        return SENTENCES[self.code].format(unit=", ".join(self.units), **self.facts)

    def as_dict(self) -> dict[str, Any]:
        """Return the shape of the HTTP answer."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "units": list(self.units),
            "at": None if self.at is None else list(self.at),
            "facts": self.facts,
        }


@dataclass(frozen=True, eq=False)
class _Subject:
    """A plan as the checks see it: both sides of its patch and the grids around."""

    old: list[Cell]
    new: list[Cell]
    here: Overlay
    impact: Impact
    signed: dict[str, int]

    def named(self, code: str) -> UnitName | None:
        return self.here.names.get(code)


def check(
    conn: Connection, viewer: Viewer, plan_id: UUID, limits: Limits | None = None
) -> list[Fault]:
    """Return what is wrong with a plan, errors first; empty when it can be published as it is.

    Parameters
    ----------
    limits
        What is usual here; the defaults of `Limits` if not given.

    Raises
    ------
    Forbidden, NotFound
        As `drafts.get`.
    """
    plan = drafts.get(conn, viewer, plan_id)
    if plan.n_changed == 0:
        return [Fault("plan.empty", "error")]
    stale = [
        Fault(
            "plan.stale",
            "error",
            (row.unit_code,),
            (row.lon, row.lat),
            {"cell_id": row.cell_id, "yours": row.yours, "now": row.now},
        )
        for row in conn.execute(statement("stale_bases", "rehome"), {"plan_id": plan_id})
    ]
    if stale:
        return stale
    sides = _sides(conn, plan_id)
    signed = conn.execute(statement("signed_parts", "rehome"), {"plan_id": plan_id})
    subject = _Subject(
        old=sides["old"],
        new=sides["new"],
        here=overlay.read(conn, viewer.scope, plan_id, villages=list(plan.village_codes)),
        impact=impact(conn, viewer, plan_id),
        signed={row.code: row.n_parts for row in signed},
    )
    bounds = limits or Limits()
    found = [
        *_unproven(subject),
        *_labels(subject),
        *_pieces(subject),
        *_ends(subject),
        *_small_cells(subject, bounds),
        *_households(subject, bounds),
        *(Fault("duty.vacant", "warning", (code,)) for code in subject.impact.vacancies),
        *_free_land(subject),
    ]
    return sorted(found, key=lambda fault: (fault.severity, fault.code, fault.units))


def _sides(conn: Connection, plan_id: UUID) -> dict[str, list[Cell]]:
    rows = conn.execute(statement("patch", "rehome"), {"plan_id": plan_id}).all()
    sides: dict[str, list[Cell]] = {"old": [], "new": []}
    for row, outline in zip(rows, shapes(r.outline for r in rows), strict=True):
        cell = Cell(row.cell_id, row.village_code, row.grid_code, row.subgroup_code, outline)
        sides[row.side].append(cell)
    return sides


def _unproven(subject: _Subject) -> Iterator[Fault]:
    if not subject.old:  # land that had no cells: nothing to compare with but itself
        proof = prove(outlines_of(subject.new))
        if not proof.exact:
            facts = {"kind": "coverage", "extra": proof.extra, "missing": proof.missing}
            worst = [*proof.invalid, *proof.off_lattice]
            units = {subject.new[k].grid or subject.new[k].village for k in worst}
            yield Fault("plan.unproven", "error", tuple(sorted(units)), None, facts)
        return
    try:
        Patch(tuple(subject.old), tuple(subject.new)).prove()
    except NotAPatch as refusal:
        for fault in refusal.facts["faults"]:
            at = fault["at"]
            facts = {"kind": fault["kind"], "cell_id": fault["cell"]}
            yield Fault("plan.unproven", "error", (), at and (at[0], at[1]), facts)


def _labels(subject: _Subject) -> Iterator[Fault]:
    for cell in subject.new:
        if cell.grid is not None and not cell.grid.startswith(cell.village):
            yield Fault("unit.outside", "error", (cell.grid,), _at(cell), {"village": cell.village})
    bearers = {code: cell for cell in subject.new for code in (cell.grid, cell.subgroup) if code}
    for code, cell in sorted(bearers.items()):
        name = subject.named(code)
        if name is None or not name.in_force:
            yield Fault("unit.unknown", "error", (code,), _at(cell))


def _pieces(subject: _Subject) -> Iterator[Fault]:
    """One piece, or as many as are signed for: only the units that the plan touches."""
    here = subject.here
    touched = {code for c in (*subject.old, *subject.new) for code in (c.grid, c.subgroup) if code}
    neighbours = adjacency(here.outline)
    for labels in (here.grid, here.subgroup):
        same = labels[neighbours.i] == labels[neighbours.j]
        piece = connected(len(here), neighbours.i[same], neighbours.j[same])
        members: dict[str, list[int]] = {}
        for k, code in enumerate(labels):
            if code in touched:
                members.setdefault(code, []).append(k)
        for code, cells in sorted(members.items()):
            n_parts = len(np.unique(piece[cells]))
            name = subject.named(code)
            signed = subject.signed.get(code, name.n_parts if name else 1)
            if n_parts > signed:
                areas = np.bincount(piece[cells], here.area_m2[cells])
                least = int(np.argmin(np.where(areas > 0, areas, np.inf)))
                at = _place(here.outline[cells][piece[cells] == least])
                facts = {"n_parts": n_parts, "signed": signed}
                yield Fault("unit.pieces", "error", (code,), at, facts)


def _ends(subject: _Subject) -> Iterator[Fault]:
    before = {code for c in subject.old for code in (c.grid, c.subgroup) if code}
    after = {code for code in (*subject.here.grid, *subject.here.subgroup) if code}
    for code in sorted(before - after):
        if len(code) == Level.GRID.digits:
            yield Fault("unit.ends", "warning", (code,))


def _small_cells(subject: _Subject, limits: Limits) -> Iterator[Fault]:
    for cell, area in zip(subject.new, area_m2(outlines_of(subject.new)).tolist(), strict=True):
        if area < limits.least_area_m2:
            facts = {"area_m2": round(area, 1), "least": limits.least_area_m2}
            unit = cell.subgroup or cell.grid or cell.village
            yield Fault("cell.small", "warning", (unit,), _at(cell), facts)


def _households(subject: _Subject, limits: Limits) -> Iterator[Fault]:
    staying = set(subject.here.grid)
    for grid in subject.impact.balance:
        usual = limits.fewest_households <= grid.after <= limits.most_households
        if grid.grid_code in staying and grid.before != grid.after and not usual:
            facts = {
                "n": grid.after,
                "least": limits.fewest_households,
                "most": limits.most_households,
            }
            yield Fault("grid.households", "warning", (grid.grid_code,), None, facts)


def _free_land(subject: _Subject) -> Iterator[Fault]:
    free: dict[str, list[Cell]] = {}
    for cell in subject.new:
        if cell.grid is None:
            free.setdefault(cell.village, []).append(cell)
    for village, cells in sorted(free.items()):
        facts = {"area_m2": round(float(area_m2(outlines_of(cells)).sum()), 1)}
        yield Fault("land.free", "warning", (village,), _at(cells[0]), facts)


def _at(cell: Cell) -> tuple[float, float] | None:
    return _place(outlines_of([cell]))


def _place(outlines: Geometries) -> tuple[float, float] | None:
    at = place_of(outlines[0])
    return None if at is None else (at[0], at[1])
