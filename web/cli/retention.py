"""`wangge retention`: how long personal data is kept."""

from __future__ import annotations

from dataclasses import asdict

import click

from grids import retention as rules
from web import import_work
from web.cli.database import engine, transaction
from web.cli.output import Answer, WanggeGroup, give
from web.clock import now


@click.group(cls=WanggeGroup)
def retention() -> None:
    """How long personal data is kept; the nightly job deletes what is older."""


@retention.command(name="list")
@give
def list_(answer: Answer) -> None:
    """List the rules, each with its last run."""
    with transaction() as (conn, _):
        found = rules.list_rules(conn)
    document = {"rules": [asdict(one) for one in found]}
    answer.table(document, "rules", ["name", "days", "last_at", "last_n"])


@retention.command(name="set")
@click.argument("name", type=click.Choice(rules.CLASSES))
@click.argument("days", type=int)
@give
def set_(answer: Answer, name: str, days: int) -> None:
    """Keep a class of data for so many days from the next run on."""
    with transaction() as (conn, viewer):
        rules.set_days(conn, viewer, name, days)
    answer.give({"name": name, "days": days}, lambda c: c.print(f"{name}: {days} days"))


@retention.command()
@give
def run(answer: Answer) -> None:
    """Delete what is too old, now, and say how much it was."""
    with transaction() as (conn, viewer):
        done = rules.run(conn, viewer, now())
    import_work.sweep(engine())
    document = {"gone": [asdict(one) for one in done]}
    answer.table(document, "gone", ["name", "days", "before", "n"])
