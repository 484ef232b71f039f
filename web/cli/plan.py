"""`wangge plan`: the boundary work of the browser, scriptable."""

from __future__ import annotations

from uuid import UUID

import click

from grids import plans
from web import plan_answers
from web.cli import plan_life, plan_tools
from web.cli.database import transaction
from web.cli.output import REFUSED, Answer, WanggeGroup, give
from web.cli.plan_tools import PLAN


@click.group(cls=WanggeGroup)
def plan() -> None:
    """Boundary work: draft, check, publish."""


for command in (*plan_tools.COMMANDS, *plan_life.COMMANDS):
    plan.add_command(command)


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
