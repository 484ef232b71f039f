"""`wangge inbox`: outlines that QGIS sent, taken into a draft plan or refused."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

import click

from grids import inbox as edits
from importers.edits import take as take_edits
from web import answers
from web.cli.database import transaction
from web.cli.output import Answer, WanggeCommand, give


@click.group()
def inbox() -> None:
    """Outlines sent from QGIS: they wait for repair and proof."""


@inbox.command("list", cls=WanggeCommand)
@click.option(
    "--state", type=click.Choice(["waiting", "taken", "refused", "all"]), default="waiting"
)
@give
def list_(answer: Answer, state: str) -> None:
    """List the edits that wait, or those of another state."""
    with transaction() as (conn, viewer):
        found = edits.list_edits(conn, viewer, None if state == "all" else state)

    def write(console):
        for edit in found:
            console.print(
                f"{edit.edit_id}  {edit.state:8}  {edit.unit_code}  {edit.unit_name or ''}"
                f"  {edit.sent_by}  {edit.at:%Y-%m-%d %H:%M}  {edit.note}"
            )

    answer.give({"edits": [asdict(edit) for edit in found]}, write)


@inbox.command(cls=WanggeCommand)
@click.argument("edit", type=click.UUID)
@give
def show(answer: Answer, edit: UUID) -> None:
    """Show an edit and its report."""
    with transaction() as (conn, viewer):
        answer.give(asdict(edits.get(conn, viewer, edit)))


@inbox.command(cls=WanggeCommand)
@click.argument("edit", type=click.UUID, nargs=-1, required=True)
@click.option("--title", default="QGIS", show_default=True, help="Of the plan that is made.")
@give
def take(answer: Answer, edit: tuple[UUID, ...], title: str) -> None:
    """Make one draft plan of EDITs; faults are listed with their places."""
    with transaction() as (conn, viewer):
        answer.give(answers.inbox_draft(take_edits(conn, viewer, edit, title)))


@inbox.command(cls=WanggeCommand)
@click.argument("edit", type=click.UUID)
@click.argument("reason")
@give
def refuse(answer: Answer, edit: UUID, reason: str) -> None:
    """Refuse an edit; its sender reads the REASON."""
    with transaction() as (conn, viewer):
        answer.give(asdict(edits.refuse(conn, viewer, edit, reason)))
