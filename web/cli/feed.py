"""`wangge feed`: systems beside ours that send their own messages."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import click

from grids import feeds
from importers.messages import BadFeed, Feed
from web.cli.database import transaction
from web.cli.output import Answer, WanggeGroup, give
from web.clock import now
from web.config import phone_keys


@click.group(cls=WanggeGroup)
def feed() -> None:
    """Systems beside ours that send their own messages."""


@feed.command()
@click.argument("code")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@give
def add(answer: Answer, code: str, file: Path) -> None:
    """Register the feed CODE as FILE (a TOML, see importers/feeds) declares it, or change it."""
    try:
        mapping = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadFeed(field=file.name, reason=str(error)) from None
    read = Feed.declared(code, mapping)
    with transaction() as (conn, viewer):
        feeds.save(conn, viewer, code, mapping, now())
    answer.give({"feed": code, "name": read.name, "source": read.source, "datum": read.datum})


@feed.command(name="list")
@give
def list_(answer: Answer) -> None:
    """List the feeds that are registered."""
    with transaction() as (conn, _):
        found = [Feed.registered(row) for row in feeds.list_all(conn)]
    rows = [
        {"feed": one.code, "name": one.name, "source": one.source, "datum": one.datum}
        for one in found
    ]
    answer.table({"feeds": rows}, "feeds", ["feed", "name", "source", "datum"])


@feed.command()
@click.argument("code")
@click.option("--days", type=click.IntRange(1, 3660), default=365, show_default=True)
@give
def token(answer: Answer, code: str, days: int) -> None:
    """Make a token for the feed CODE: it opens this feed's door and no other."""
    with transaction() as (conn, viewer):
        made = feeds.add_token(conn, viewer, code, now=now(), life=timedelta(days=days))
    answer.give({"feed": code, "token": made})


@feed.command()
@click.argument("code")
@give
def end(answer: Answer, code: str) -> None:
    """End all tokens of the feed CODE."""
    with transaction() as (conn, viewer):
        ended = feeds.end_tokens(conn, viewer, code, now())
    answer.give({"feed": code, "ended": ended})


@feed.command()
@click.argument("incident_id", type=click.UUID)
@click.option("--reason", required=True, help="Why it has to be seen; it is written down.")
@give
def given(answer: Answer, incident_id: UUID, reason: str) -> None:
    """Show what a feed sent, word for word, of which INCIDENT_ID was made."""
    with transaction() as (conn, viewer):
        code, received_at, said = feeds.reveal_given(
            conn, viewer, incident_id, phone_keys(), reason
        )
    answer.give({"feed": code, "received_at": received_at, "given": said})
