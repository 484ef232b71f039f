"""Checks of the land: the proof, villages that keep theirs, pieces, areas and widths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import shapely

from geo.coverage import adjacency, prove, residue
from geo.coverage_kernels import connected
from geo.crs import MetricFrame, area_m2
from geo.lattice import Geometries
from geo.patch import Cell, NotAPatch, Patch, outlines_of
from geo.polygon import is_polygonal, widths
from grids.boundary_rules import Rule
from grids.model import Level
from grids.plan_faults import Fault, Subject, fault, place, said, spot

# A new vertex on a border bends it by less than a lattice step: nothing that anybody would see.
_SEEN_M = 0.1
_MOST_PLACES = 5


def unproven(subject: Subject) -> Iterator[Fault]:
    """Yield where the new cells do not cover exactly what they replace."""
    if not subject.old:  # land that had no cells: nothing to compare with but itself
        proof = prove(outlines_of(subject.new))
        if not proof.exact:
            facts = {"kind": "coverage", "extra": proof.extra, "missing": proof.missing}
            worst = [subject.new[k] for k in (*proof.invalid, *proof.off_lattice)]
            units = tuple(sorted({cell.grid or cell.village for cell in worst}))
            yield fault("plan.unproven", None, units, worst, facts)
        return
    try:
        Patch(tuple(subject.old), tuple(subject.new)).prove()
    except NotAPatch as refusal:
        named = {cell.id: cell for cell in subject.new}
        for wrong in refusal.facts["faults"]:
            facts = {"kind": wrong["kind"], "cell_id": wrong["cell"]}
            at, (_, bbox) = wrong["at"], place([named[k]] if (k := wrong["cell"]) in named else [])
            yield Fault("plan.unproven", "error", (), at and (at[0], at[1]), facts, bbox)


def villages(subject: Subject) -> Iterator[Fault]:
    """Yield where a village would lose land to another one.

    The borders of villages are compared edge by edge first; only where they differ is land cut
    out, since a new node on a border changes its edges and moves nothing.
    """
    if not subject.old:
        return
    for village in sorted({cell.village for cell in subject.old}):
        rule = subject.rules.find("base", "village", village)
        was = outlines_of(cell for cell in subject.old if cell.village == village)
        now = outlines_of(cell for cell in subject.new if cell.village == village)
        if rule is None or residue(was) == residue(now):
            continue
        lost = _lost(was, now)
        areas = area_m2(lost)
        for k in np.argsort(-areas, kind="stable")[:_MOST_PLACES].tolist():
            west, south, east, north = shapely.bounds(lost[k]).tolist()
            facts = {"area_m2": round(float(areas[k]), 1), "village": village}
            yield Fault(
                "village.moved",
                "warning" if rule.severity == "warning" else "error",
                (village,),
                spot(lost[k]),
                facts,
                (west, south, east, north),
            )


def _lost(was: Geometries, now: Geometries) -> Geometries:
    """Return the land of cells that others no longer cover, where it can be seen."""
    lost = shapely.get_parts(shapely.difference(shapely.union_all(was), shapely.union_all(now)))
    lost = lost[is_polygonal(lost) & ~shapely.is_empty(lost)]
    return lost[widths(_flat(lost)) > _SEEN_M] if len(lost) else lost


def pieces(subject: Subject) -> Iterator[Fault]:
    """Yield grids and sub-groups in more pieces than are signed for, or than are usual."""
    touched = {code for c in (*subject.old, *subject.new) for code in (c.grid, c.subgroup) if code}
    for level in (Level.GRID, Level.SUBGROUP):
        codes = {code for code in touched if len(code) == level.digits}
        for code, found in _pieces(_borne(subject.after, level, codes)).items():
            if len(found) == 1:
                continue
            name = subject.names.get(code)
            signed = subject.signed.get(code, name.n_parts if name else 1)
            least = min(found, key=lambda cells: float(area_m2(outlines_of(cells)).sum()))
            if len(found) > signed:
                facts = {"n_parts": len(found), "signed": signed}
                yield fault("unit.pieces", None, (code,), least, facts)
            rule = subject.rule("parts", code) if level is Level.GRID else None
            if rule is not None and not rule.allows(len(found)):
                former = _pieces(_borne(subject.before, level, {code})).get(code, [])
                usual: dict[str, Any] = {"n_parts": len(found), "most": said(rule.most)}
                legacy = len(former) >= len(found)
                yield fault("unit.parts", rule, (code,), least, usual, legacy=legacy)


def areas(subject: Subject) -> Iterator[Fault]:
    """Yield grids and changed cells that are too small, or grids that are too large."""
    for out in _outside(subject, "area", _areas_m2):
        small = out.rule.least is not None and out.measure < out.rule.least
        which, limit = ("small", "least") if small else ("large", "most")
        facts = {"area_m2": round(out.measure, 1), limit: said(getattr(out.rule, limit))}
        yield fault(
            f"{out.what}.{which}", out.rule, (out.code,), out.cells, facts, legacy=out.legacy
        )


def narrow(subject: Subject) -> Iterator[Fault]:
    """Yield grids and changed cells in which no circle of the least width has room."""
    for out in _outside(subject, "width", _widths_m):
        facts = {"width_m": round(out.measure, 1), "least": said(out.rule.least)}
        yield fault(
            f"{out.what}.narrow", out.rule, (out.code,), out.cells, facts, legacy=out.legacy
        )


class _Outside(NamedTuple):
    """Land with a measure outside its limits; `what` is grid or cell."""

    what: str
    code: str
    cells: list[Cell]
    measure: float
    rule: Rule
    legacy: bool


def _outside(
    subject: Subject, of: str, measure: Callable[[Sequence[Sequence[Cell]]], Sequence[float]]
) -> Iterator[_Outside]:
    """Yield grids as wholes, then changed cells by the rule of sub-groups.

    The one cell of an undivided grid is that grid. `measure` takes many pieces of land at once.
    """
    things = [
        ("grid", subject.rule(of, code), code, cells, subject.land_before[code])
        for code, cells in subject.land.items()
    ]
    former = {cell.id: [cell] for cell in subject.old}
    for cell in subject.new:
        if cell.subgroup is None and len(subject.land.get(cell.grid or "", ())) == 1:
            continue
        code = cell.subgroup or cell.grid or cell.village
        rule = subject.rules.find("subgroup", of, code)
        things.append(("cell", rule, code, [cell], former.get(cell.id, [])))
    things = [thing for thing in things if thing[1] is not None]
    measured = measure([cells for _, _, _, cells, _ in things])
    for (what, rule, code, cells, before), now in zip(things, measured, strict=True):
        if rule is None or rule.allows(now):
            continue
        was = measure([before])[0] if before else None
        legacy = was is not None and not rule.allows(was) and _no_worse(rule, was, now)
        yield _Outside(what, code, cells, now, rule, legacy)


def _no_worse(rule: Rule, was: float, now: float) -> bool:
    """Return whether a measure outside the limits is not farther outside than it was."""
    too_little = rule.least is not None and now < rule.least
    return now >= was * (1 - 1e-9) if too_little else now <= was * (1 + 1e-9)


def _areas_m2(lands: Sequence[Sequence[Cell]]) -> list[float]:
    """Return the square metres of each of several pieces of land."""
    land = np.repeat(np.arange(len(lands)), [len(cells) for cells in lands])
    areas = area_m2(outlines_of(chain.from_iterable(lands)))
    found: list[float] = np.bincount(land, areas, minlength=len(lands)).tolist()
    return found


def _widths_m(lands: Sequence[Sequence[Cell]]) -> list[float]:
    """Return the metres across the widest circle in each of several pieces of land."""
    if not lands:
        return []
    whole = [
        shapely.coverage_union_all(outlines_of(c)) if len(c) > 1 else c[0].outline for c in lands
    ]
    outlines: Geometries = np.empty(len(whole), np.object_)
    outlines[:] = whole
    found: list[float] = widths(_flat(outlines)).tolist()
    return found


def _flat(polygons: Geometries) -> Geometries:
    west, _, east, _ = shapely.total_bounds(polygons).tolist()
    return MetricFrame.at((west + east) / 2).project(polygons)


def _borne(cells: Iterable[Cell], level: Level, codes: set[str]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        code = cell.grid if level is Level.GRID else cell.subgroup
        if code in codes:
            found.setdefault(code, []).append(cell)
    return dict(sorted(found.items()))


def _pieces(units: dict[str, list[Cell]]) -> dict[str, list[list[Cell]]]:
    """Return the cells of each unit in groups that hang together by edges."""
    many = {code: cells for code, cells in units.items() if len(cells) > 1}
    found = {code: [cells] for code, cells in units.items()}
    members = [cell for cells in many.values() for cell in cells]
    if not members:
        return found
    unit = np.repeat(np.arange(len(many)), [len(cells) for cells in many.values()])
    border = adjacency(outlines_of(members))
    same = unit[border.i] == unit[border.j]
    piece = connected(len(members), border.i[same], border.j[same])
    for number, code in enumerate(many):
        own = np.flatnonzero(unit == number)
        groups = [own[piece[own] == k] for k in np.unique(piece[own])]
        found[code] = [[members[k] for k in group] for group in groups]
    return found
