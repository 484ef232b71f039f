"""`wangge notice`: messages that could not be sent."""

from __future__ import annotations

from dataclasses import asdict

import click

from grids import notice_sending
from web.cli.database import transaction
from web.cli.output import Answer, WanggeGroup, give
from web.clock import now


@click.group(cls=WanggeGroup)
def notice() -> None:
    """Messages by webhook and SMS that were given up."""


@notice.command()
@give
def dead(answer: Answer) -> None:
    """List the messages that were given up, with the reason as a code."""
    with transaction() as (conn, _):
        found = notice_sending.dead(conn)
    answer.table(
        {"messages": [asdict(one) for one in found]},
        "messages",
        ["notice_id", "channel", "kind", "at", "attempts", "error"],
    )


@notice.command()
@click.argument("notice_id", type=int, nargs=-1)
@give
def retry(answer: Answer, notice_id: tuple[int, ...]) -> None:
    """Owe the messages that were given up once more: some, or all."""
    with transaction() as (conn, _):
        n = notice_sending.revive(conn, now(), notice_id or None)
    answer.give({"revived": n}, lambda c: c.print(f"{n} messages are owed again"))
