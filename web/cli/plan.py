"""`wangge plan`: the boundary work of the browser, scriptable."""

from __future__ import annotations

from uuid import UUID

import click
from rich.console import Console
from sqlalchemy import Connection

from grids import plans, publishing
from grids.errors import NotFound
from grids.model import Level, Viewer
from grids.plans import Outcome
from web import plan_answers
from web.cli.database import transaction
from web.cli.output import REFUSED, Answer, WanggeGroup, give

PLAN = click.argument("plan_id", type=click.UUID)
PIECES = click.option("--allow-pieces", is_flag=True, help="Let a grid fall into pieces.")


@click.group(cls=WanggeGroup)
def plan() -> None:
    """Boundary work: draft, check, publish."""


@plan.command(name="list")
@give
def list_(answer: Answer) -> None:
    """List the plans."""
    with transaction() as (conn, viewer):
        document = {"plans": [plan_answers.row(one) for one in plans.list_all(conn, viewer)]}
    answer.table(document, "plans", ["plan_id", "state", "n_changed", "title", "updated_at"])


@plan.command(name="open")
@click.argument("title")
@click.option(
    "--incidents",
    type=click.Choice(["unaccepted", "stay", "move", "ask"]),
    default="unaccepted",
    show_default=True,
    help="What happens to open incidents in land that changes hands.",
)
@give
def open_(answer: Answer, title: str, incidents: str) -> None:
    """Open a plan on what is in force."""
    with transaction() as (conn, viewer):
        made = plans.create(conn, viewer, title, source="command", open_incidents=incidents)
        answer.give(plan_answers.plan(conn, viewer, made))


@plan.command()
@PLAN
@give
def show(answer: Answer, plan_id: UUID) -> None:
    """Show a plan with its steps."""
    with transaction() as (conn, viewer):
        answer.give(plan_answers.plan(conn, viewer, plans.get(conn, viewer, plan_id)))


def _told(answer: Answer, conn: Connection, viewer: Viewer, outcome: Outcome) -> None:
    document = plan_answers.outcome(conn, viewer, outcome)
    changed = len(document["changed"]["features"])

    def words(console: Console) -> None:
        console.print(f"version {outcome.plan.version}: {changed} cells changed")
        for fault in document["faults"]:
            console.print(f"  {fault['severity']}: {fault['message']}", markup=False)

    answer.give(document, words)


def _cells_of(
    conn: Connection, viewer: Viewer, plan_id: UUID, subgroups: tuple[str, ...]
) -> list[int]:
    """Return the cells of sub-groups as the plan has them."""
    if not subgroups:
        return []
    villages = sorted({code[: Level.VILLAGE.digits] for code in subgroups})
    here = plans.cells(conn, viewer, plan_id, villages=villages)
    missing = set(subgroups) - set(here.subgroup)
    if missing:
        raise NotFound(what="subgroup", key=", ".join(sorted(missing)))
    return [
        int(c) for c, code in zip(here.cell_id, here.subgroup, strict=True) if code in subgroups
    ]


@plan.command()
@PLAN
@click.argument("grid_code")
@click.option("--cell", "cells", multiple=True, type=int, help="Number of a cell.")
@click.option("--subgroup", "subgroups", multiple=True, help="Code of a sub-group.")
@PIECES
@give
def assign(
    answer: Answer,
    plan_id: UUID,
    grid_code: str,
    cells: tuple[int, ...],
    subgroups: tuple[str, ...],
    allow_pieces: bool,
) -> None:
    """Give cells or sub-groups to another grid of their village."""
    with transaction() as (conn, viewer):
        numbers = [*cells, *_cells_of(conn, viewer, plan_id, subgroups)]
        if not numbers:
            raise click.UsageError("give --cell or --subgroup")
        outcome = plans.assign_cells(
            conn, viewer, plan_id, numbers, grid_code, allow_pieces=allow_pieces
        )
        _told(answer, conn, viewer, outcome)


@plan.command()
@PLAN
@click.argument("grid_code")
@click.argument("line", metavar="LON,LAT LON,LAT...", nargs=-1, required=True)
@click.option("--name", help="Name of the new grid.")
@give
def split(
    answer: Answer, plan_id: UUID, grid_code: str, line: tuple[str, ...], name: str | None
) -> None:
    """Cut a grid along a line."""
    try:
        points = [[float(number) for number in pair.split(",")] for pair in line]
    except ValueError as error:
        raise click.UsageError("write the line as LON,LAT LON,LAT ...") from error
    if len(points) < 2 or any(len(point) != 2 for point in points):
        raise click.UsageError("a line needs two points of two numbers each")
    with transaction() as (conn, viewer):
        outcome = plans.split_grid(conn, viewer, plan_id, grid_code, points, name)
        _told(answer, conn, viewer, outcome)


@plan.command()
@PLAN
@click.argument("grid_from")
@click.argument("grid_into")
@PIECES
@give
def merge(
    answer: Answer, plan_id: UUID, grid_from: str, grid_into: str, allow_pieces: bool
) -> None:
    """Give the whole of one grid to another."""
    with transaction() as (conn, viewer):
        outcome = plans.merge_grids(
            conn, viewer, plan_id, grid_from, grid_into, allow_pieces=allow_pieces
        )
        _told(answer, conn, viewer, outcome)


@plan.command()
@PLAN
@give
def undo(answer: Answer, plan_id: UUID) -> None:
    """Take back the last step."""
    with transaction() as (conn, viewer):
        _told(answer, conn, viewer, plans.undo(conn, viewer, plan_id))


@plan.command()
@PLAN
@give
def redo(answer: Answer, plan_id: UUID) -> None:
    """Do again the step that was undone last."""
    with transaction() as (conn, viewer):
        _told(answer, conn, viewer, plans.redo(conn, viewer, plan_id))


@plan.command()
@PLAN
@give
def check(answer: Answer, plan_id: UUID) -> None:
    """Say what is wrong with a plan; ends 1 when it cannot be published."""
    with transaction() as (conn, viewer):
        faults = plans.check(conn, viewer, plan_id)
    blocked = any(fault.severity == "error" for fault in faults)
    document = {"ok": not blocked, "faults": [fault.as_dict() for fault in faults]}
    answer.table(document, "faults", ["severity", "code", "message", "at"])
    if blocked:
        click.get_current_context().exit(REFUSED)


@plan.command()
@PLAN
@give
def impact(answer: Answer, plan_id: UUID) -> None:
    """Say what publishing a plan would do."""
    with transaction() as (conn, viewer):
        answer.give(plans.impact(conn, viewer, plan_id).as_dict())


@plan.command()
@PLAN
@click.option("--memo", default="", help="Why, for those who read it later.")
@give
def publish(answer: Answer, plan_id: UUID, memo: str) -> None:
    """Take a plan into force, all of it or nothing."""
    with transaction() as (conn, viewer):
        made = publishing.publish(conn, viewer, plan_id, memo)
    answer.give(
        {"publication": made.number, "at": made.at, "n_changed": made.n_changed},
        lambda c: c.print(f"publication {made.number} is in force: {made.n_changed} cells changed"),
    )


@plan.command()
@PLAN
@give
def withdraw(answer: Answer, plan_id: UUID) -> None:
    """Put a plan aside; its steps are kept."""
    with transaction() as (conn, viewer):
        answer.give(plan_answers.row(plans.withdraw(conn, viewer, plan_id)))
