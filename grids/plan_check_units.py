"""Checks of the units: codes, names, households, who answers, who ends, what belongs to nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from geo.crs import area_m2
from geo.patch import Cell, outlines_of
from grids.boundary_rules import Rule
from grids.model import Level
from grids.plan_faults import Fault, Subject, fault, said


def codes(subject: Subject) -> Iterator[Fault]:
    """Yield cells in a grid of another village, and units that nobody knows."""
    for cell in subject.new:
        if cell.grid is not None and not cell.grid.startswith(cell.village):
            yield fault("unit.outside", None, (cell.grid,), [cell], {"village": cell.village})
    bearers = {code: cell for cell in subject.new for code in (cell.grid, cell.subgroup) if code}
    for code, cell in sorted(bearers.items()):
        name = subject.names.get(code)
        if name is None or not name.in_force:
            yield fault("unit.unknown", None, (code,), [cell])


def names(subject: Subject) -> Iterator[Fault]:
    """Yield units called like another one: grids of a village, sub-groups of a grid."""
    after, before = _bearers(subject.after), _bearers(subject.before)
    touched = _bearers((*subject.old, *subject.new)).keys() & after.keys()
    called: dict[tuple[str, str], list[str]] = {}
    for code in sorted(after):
        if code in subject.names:
            called.setdefault((_parent(code), subject.names[code].name), []).append(code)
    for code in sorted(touched & subject.names.keys()):
        is_grid = len(code) == Level.GRID.digits
        rule = subject.rule("names", code) if is_grid else _subgroup_rule(subject, "names", code)
        name = subject.names[code].name
        others = [other for other in called[_parent(code), name] if other != code]
        if rule is None or not others or (others[0] in touched and others[0] < code):
            continue
        legacy = code in before and others[0] in before
        facts = {"name": name, "other": others[0]}
        yield fault("unit.same_name", rule, (code,), after[code], facts, legacy=legacy)


def households(subject: Subject) -> Iterator[Fault]:
    """Yield grids with fewer or more households than is usual, as publishing would count them."""
    for grid in subject.impact.balance:
        code, n = grid.grid_code, grid.after
        rule = subject.rule("households", code)
        if code not in subject.land or rule is None or rule.allows(n):
            continue
        few = rule.least is not None and n < rule.least
        no_worse = n >= grid.before if few else n <= grid.before
        legacy = bool(subject.land_before[code]) and not rule.allows(grid.before) and no_worse
        if rule.least is not None and rule.most is not None:
            which, facts = "households", {"least": said(rule.least), "most": said(rule.most)}
        elif few:
            which, facts = "few", {"least": said(rule.least)}
        else:
            which, facts = "many", {"most": said(rule.most)}
        facts = {"n": n, **facts}
        cells = subject.land[code]
        yield fault(f"grid.{which}", rule, (code,), cells, facts, legacy=legacy)


def vacancies(subject: Subject) -> Iterator[Fault]:
    """Yield grids without a primary worker; those in force had none before either."""
    for code in subject.impact.vacancies:
        rule = subject.rule("primary", code)
        if rule is not None:
            cells = subject.land.get(code, [])
            legacy = bool(subject.land_before.get(code))
            yield fault("duty.vacant", rule, (code,), cells, legacy=legacy)


def ends(subject: Subject) -> Iterator[Fault]:
    """Yield grids that would have no land left."""
    after = {cell.grid for cell in subject.after}
    lost = _bearers(subject.old)
    for code in sorted(lost.keys() - after):
        if len(code) == Level.GRID.digits:
            yield _warning("unit.ends", (code,), lost[code])


def free_land(subject: Subject) -> Iterator[Fault]:
    """Yield villages of which the plan leaves land to no grid."""
    free: dict[str, list[Cell]] = {}
    for cell in subject.new:
        if cell.grid is None:
            free.setdefault(cell.village, []).append(cell)
    for village, cells in sorted(free.items()):
        facts = {"area_m2": round(float(area_m2(outlines_of(cells)).sum()), 1)}
        yield _warning("land.free", (village,), cells, facts)


def _warning(
    code: str, units: tuple[str, ...], cells: list[Cell], facts: dict[str, float] | None = None
) -> Fault:
    return fault(code, Rule(None, "base", code, severity="warning"), units, cells, facts)


def _subgroup_rule(subject: Subject, of: str, code: str) -> Rule | None:
    return subject.rules.find("subgroup", of, code)


def _bearers(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Return the cells of each grid and sub-group."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        for code in (cell.grid, cell.subgroup):
            if code is not None:
                found.setdefault(code, []).append(cell)
    return found


def _parent(code: str) -> str:
    return code[: (Level.VILLAGE if len(code) == Level.GRID.digits else Level.GRID).digits]
