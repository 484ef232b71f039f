"""`wangge plan`: the tools, each one step of a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from sqlalchemy import Connection

from grids import plans
from grids.errors import NotFound
from grids.model import Level, Viewer
from grids.plans import Outcome
from web import plan_answers
from web.cli.database import transaction
from web.cli.output import Answer, WanggeCommand, give

PLAN = click.argument("plan_id", type=click.UUID)
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what it would do, and write nothing.")
LOOSE = click.option(
    "--loose",
    default="refuse",
    show_default=True,
    metavar="refuse|keep|GRID",
    help="What becomes of land that would be cut off from its grid.",
)
KIND = click.option(
    "--kind",
    type=click.Choice(["base", "micro", "exclusive"]),
    default="base",
    show_default=True,
    help="Exclusive grids are numbered from 901.",
)
CELLS = click.option("--cell", "cells", multiple=True, type=int, help="Number of a cell.")
SUBGROUPS = click.option("--subgroup", "subgroups", multiple=True, help="Code of a sub-group.")

# The word for no grid.
FREE = "free"


class Positions(click.ParamType):
    """LON,LAT LON,LAT ... in CGCS2000 degrees, as one word or several."""

    name = "LON,LAT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a list of [lon, lat]."""
        if isinstance(value, list):
            return value
        try:
            pairs = [[float(number) for number in pair.split(",")] for pair in value.split()]
        except ValueError:
            pairs = [[]]
        if any(len(pair) != 2 for pair in pairs):
            self.fail(f"write positions as LON,LAT LON,LAT ..., not {value!r}", param, ctx)
        return pairs


DRAWN = click.argument("drawn", metavar="LON,LAT...", nargs=-1, required=True, type=Positions())


Step = Callable[[Connection, Viewer, UUID], Outcome]


def tool(command: Callable[..., None]) -> click.Command:
    """Return the command of a tool: it takes a plan first, and can be tried without effect."""
    return click.command(cls=WanggeCommand)(PLAN(DRY_RUN(give(command))))


def told(answer: Answer, conn: Connection, viewer: Viewer, outcome: Outcome) -> None:
    """Answer with what a step left."""
    document = plan_answers.outcome(conn, viewer, outcome)
    changed = len(document["changed"]["features"])

    def words(console: Console) -> None:
        console.print(f"version {outcome.plan.version}: {changed} cells changed")
        for fault in document["faults"]:
            console.print(f"  {fault['severity']}: {fault['message']}", markup=False)

    answer.give(document, words)


def made(answer: Answer, plan_id: UUID, dry_run: bool, step: Step) -> None:
    """Make a step in a transaction and answer with what it left; take it back in a dry run."""
    with transaction() as (conn, viewer), plans.tried(conn) if dry_run else nullcontext():
        told(answer, conn, viewer, step(conn, viewer, plan_id))


def _places(drawn: Sequence[list[list[float]]]) -> list[list[float]]:
    return [place for several in drawn for place in several]


def _cells_of(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    cells: tuple[int, ...],
    subgroups: tuple[str, ...],
) -> list[int]:
    """Return cells by number and those of sub-groups as the plan has them."""
    if not (cells or subgroups):
        raise click.UsageError("give --cell or --subgroup")
    if not subgroups:
        return list(cells)
    villages = sorted({code[: Level.VILLAGE.digits] for code in subgroups})
    here = plans.cells(conn, viewer, plan_id, villages=villages)
    missing = set(subgroups) - set(here.subgroup)
    if missing:
        raise NotFound(what="subgroup", key=", ".join(sorted(missing)))
    found = zip(here.cell_id.tolist(), here.subgroup, strict=True)
    return [*cells, *(number for number, code in found if code in subgroups)]


@tool
@click.argument("grid_code")
@CELLS
@SUBGROUPS
@LOOSE
def assign(
    answer: Answer,
    plan_id: UUID,
    dry_run: bool,
    grid_code: str,
    cells: tuple[int, ...],
    subgroups: tuple[str, ...],
    loose: str,
) -> None:
    """Give cells or sub-groups to another grid of their village, or to none: "free"."""

    def step(conn: Connection, viewer: Viewer, plan_id: UUID) -> Outcome:
        numbers = _cells_of(conn, viewer, plan_id, cells, subgroups)
        taker = None if grid_code == FREE else grid_code
        return plans.assign_cells(conn, viewer, plan_id, numbers, taker, loose=loose)

    made(answer, plan_id, dry_run, step)


@tool
@click.option("--name", required=True, help="Name of the new grid.")
@KIND
@CELLS
@SUBGROUPS
@LOOSE
def found(
    answer: Answer,
    plan_id: UUID,
    dry_run: bool,
    name: str,
    kind: str,
    cells: tuple[int, ...],
    subgroups: tuple[str, ...],
    loose: str,
) -> None:
    """Make a new grid out of cells or sub-groups of one village."""

    def step(conn: Connection, viewer: Viewer, plan_id: UUID) -> Outcome:
        numbers = _cells_of(conn, viewer, plan_id, cells, subgroups)
        return plans.found_grid(conn, viewer, plan_id, numbers, name, kind=kind, loose=loose)

    made(answer, plan_id, dry_run, step)


@tool
@click.argument("grid_code")
@DRAWN
@click.option("--name", help="Name of the new grid.")
def split(
    answer: Answer,
    plan_id: UUID,
    dry_run: bool,
    grid_code: str,
    drawn: tuple[list[list[float]], ...],
    name: str | None,
) -> None:
    """Cut a grid along a line."""
    step = partial(plans.split_grid, grid_code=grid_code, line=_places(drawn), name=name)
    made(answer, plan_id, dry_run, step)


@tool
@click.argument("grid_from")
@click.argument("grid_into")
@LOOSE
def merge(
    answer: Answer, plan_id: UUID, dry_run: bool, grid_from: str, grid_into: str, loose: str
) -> None:
    """Give the whole of one grid to another."""
    step = partial(plans.merge_grids, grid_from=grid_from, grid_into=grid_into, loose=loose)
    made(answer, plan_id, dry_run, step)


@tool
@click.argument("grid_a")
@click.argument("grid_b")
@DRAWN
@LOOSE
def reshape(
    answer: Answer,
    plan_id: UUID,
    dry_run: bool,
    grid_a: str,
    grid_b: str,
    drawn: tuple[list[list[float]], ...],
    loose: str,
) -> None:
    """Put the border between two grids on a line that leaves it and comes back to it."""
    line = _places(drawn)
    step = partial(plans.reshape_border, grid_a=grid_a, grid_b=grid_b, line=line, loose=loose)
    made(answer, plan_id, dry_run, step)


@tool
@click.option(
    "--from",
    "before",
    multiple=True,
    required=True,
    type=Positions(),
    help="A border, or a piece of one, vertex by vertex as it is; or one vertex.",
)
@click.option(
    "--to", "after", multiple=True, required=True, type=Positions(), help="What it is to be."
)
@LOOSE
def move(
    answer: Answer,
    plan_id: UUID,
    dry_run: bool,
    before: tuple[list[list[float]], ...],
    after: tuple[list[list[float]], ...],
    loose: str,
) -> None:
    """Move a vertex, or give a piece of a border another course."""
    old, new = _places(before), _places(after)
    if len(old) == len(new) == 1:
        step = partial(plans.move_vertex, at=old[0], to=new[0], loose=loose)
    else:
        arcs = [{"before": old, "after": new}]
        step = partial(plans.move_border, arcs=arcs, loose=loose)
    made(answer, plan_id, dry_run, step)


@tool
@click.argument("grid_code")
@DRAWN
@LOOSE
def nibble(
    answer: Answer,
    plan_id: UUID,
    dry_run: bool,
    grid_code: str,
    drawn: tuple[list[list[float]], ...],
    loose: str,
) -> None:
    """Give the land inside a ring to a grid of its village."""
    step = partial(plans.nibble_land, grid_code=grid_code, ring=_places(drawn), loose=loose)
    made(answer, plan_id, dry_run, step)


@tool
@DRAWN
@click.option("--name", required=True, help="Name of the new grid.")
@KIND
def draw(
    answer: Answer,
    plan_id: UUID,
    dry_run: bool,
    drawn: tuple[list[list[float]], ...],
    name: str,
    kind: str,
) -> None:
    """Make a new grid of the free land inside a ring."""
    made(
        answer,
        plan_id,
        dry_run,
        partial(plans.draw_grid, ring=_places(drawn), name=name, kind=kind),
    )


@tool
@click.argument("unit_code")
@click.argument("n_parts", type=click.IntRange(1, 99))
def sign(answer: Answer, plan_id: UUID, dry_run: bool, unit_code: str, n_parts: int) -> None:
    """Sign that a unit may lie in this many pieces."""
    made(answer, plan_id, dry_run, partial(plans.sign_parts, unit_code=unit_code, n_parts=n_parts))


@tool
@click.argument("unit_code")
@click.argument("name")
def rename(answer: Answer, plan_id: UUID, dry_run: bool, unit_code: str, name: str) -> None:
    """Give a unit that the plan makes another name."""
    made(answer, plan_id, dry_run, partial(plans.rename_unit, unit_code=unit_code, name=name))


@click.command(cls=WanggeCommand)
@PLAN
@click.option("--step", "seq", type=int, help="Number of a step in the list; by default the last.")
@give
def undo(answer: Answer, plan_id: UUID, seq: int | None) -> None:
    """Take back the last step, or one that no later step stands on."""
    step = plans.undo if seq is None else partial(plans.undo_step, seq=seq)
    made(answer, plan_id, False, step)


@click.command(cls=WanggeCommand)
@PLAN
@give
def redo(answer: Answer, plan_id: UUID) -> None:
    """Do again the step that was undone last."""
    made(answer, plan_id, False, plans.redo)


COMMANDS = (assign, found, split, merge, reshape, move, nibble, draw, sign, rename, undo, redo)
