"""The life of a plan on the command line: conflicts, approval, publishing, the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import click
from sqlalchemy import Connection

from grids import plan_approval, plan_conflicts, plan_merge, plans, publishing, rollback, scheduling
from grids.local_time import CHINA
from grids.model import Viewer
from web import plan_answers, plan_life_answers
from web.cli.database import transaction
from web.cli.output import Answer, WanggeCommand, give
from web.cli.plan_tools import PLAN
from web.clock import now

NOTE = click.option("--note", default="", help="What is to be said about it.")


class Moment(click.ParamType):
    """A day or a moment in ISO form; without a time zone, China's."""

    name = "WHEN"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the aware time of a text."""
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not like 2027-03-01 or 2027-03-01T08:00", param, ctx)
        return read if read.tzinfo else read.replace(tzinfo=CHINA)


@click.command(cls=WanggeCommand)
@PLAN
@give
def conflicts(answer: Answer, plan_id: UUID) -> None:
    """Show what the plan and another publication changed in different ways."""
    with transaction() as (conn, viewer):
        found = plan_conflicts.conflicts(conn, viewer, plan_id)
        document = plan_life_answers.conflicts(conn, plan_id, found)
    answer.table(document, "conflicts", ["group", "cell_id", "unit", "name", "at"])


@click.command(cls=WanggeCommand)
@PLAN
@click.option("--mine", multiple=True, type=int, help="A cell that stays as the plan has it.")
@click.option("--theirs", multiple=True, type=int, help="A cell that stays as it is in force.")
@give
def resolve(answer: Answer, plan_id: UUID, mine: tuple[int, ...], theirs: tuple[int, ...]) -> None:
    """Decide conflicts, as a step that can be undone."""
    choices: dict[int, plan_merge.Keep] = dict.fromkeys(mine, "mine")
    choices |= dict.fromkeys(theirs, "theirs")
    with transaction() as (conn, viewer):
        outcome = plan_merge.resolve(conn, viewer, plan_id, choices)
        answer.give(plan_answers.outcome(conn, viewer, outcome))


def _decision(
    decide: Callable[[Connection, Viewer, UUID, str, datetime], plans.Plan], words: str
) -> Callable[[Answer, UUID, str], None]:
    def command(answer: Answer, plan_id: UUID, note: str) -> None:
        with transaction() as (conn, viewer):
            answer.give(plan_answers.plan(conn, viewer, decide(conn, viewer, plan_id, note, now())))

    command.__doc__ = words
    return command


submit = click.command("submit", cls=WanggeCommand)(
    PLAN(NOTE(give(_decision(plan_approval.submit, "Hand a plan in for approval."))))
)
approve = click.command("approve", cls=WanggeCommand)(
    PLAN(NOTE(give(_decision(plan_approval.approve, "Approve a plan as it is now."))))
)
send_back = click.command("send-back", cls=WanggeCommand)(
    PLAN(NOTE(give(_decision(plan_approval.send_back, "Give a plan back to be mended."))))
)


@click.command(cls=WanggeCommand)
@PLAN
@click.option("--memo", default="", help="Why, for those who read it later.")
@click.option("--from", "effective_from", type=Moment(), help="A moment to come, China's time.")
@give
def publish(answer: Answer, plan_id: UUID, memo: str, effective_from: datetime | None) -> None:
    """Take a plan into force, all of it or nothing; now, or at a moment to come."""
    with transaction() as (conn, viewer):
        if effective_from is not None:
            waiting = scheduling.schedule(conn, viewer, plan_id, memo, effective_from, now())
            answer.give(
                {"publication": None, "scheduled_for": waiting.effective_from},
                lambda c: c.print(f"comes into force {effective_from:%Y-%m-%d %H:%M}"),
            )
            return
        made = publishing.publish(conn, viewer, plan_id, memo)
    answer.give(
        {"publication": made.number, "at": made.at, "n_changed": made.n_changed},
        lambda c: c.print(f"publication {made.number} is in force: {made.n_changed} cells changed"),
    )


@click.command(cls=WanggeCommand)
@PLAN
@give
def withdraw(answer: Answer, plan_id: UUID) -> None:
    """Put a plan aside; its steps are kept."""
    with transaction() as (conn, viewer):
        answer.give(plan_answers.row(plans.withdraw(conn, viewer, plan_id)))


@click.command(cls=WanggeCommand)
@click.argument("publication", type=int)
@click.option("--title", help="What the plan is called.")
@click.option("--area", help="A village or above; without it the whole county.")
@give
def restore(answer: Answer, publication: int, title: str | None, area: str | None) -> None:
    """Open a plan that brings back the coverage of a former publication."""
    with transaction() as (conn, viewer):
        made = rollback.restore(conn, viewer, publication, title=title, area=area)
        answer.give(plan_answers.plan(conn, viewer, made))


COMMANDS = (conflicts, resolve, submit, approve, send_back, publish, withdraw, restore)
