"""`wangge kiosk`: walls that show the board with nobody signed in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import click

from grids import kiosks
from web.cli.database import transaction
from web.cli.output import Answer, WanggeGroup, give
from web.clock import now
from web.config import map_imprint

_DAYS = click.IntRange(1, 400)


@click.group(cls=WanggeGroup)
def kiosk() -> None:
    """Walls: a key each, bound to one address, to read only."""


@kiosk.command()
@click.argument("name")
@click.argument("unit_code")
@click.option("--address", required=True, help="IP address that the wall's computer asks from.")
@click.option("--days", type=_DAYS, default=365, show_default=True)
@give
def add(answer: Answer, name: str, unit_code: str, address: str, days: int) -> None:
    """Let the wall NAME show UNIT_CODE; open the path once on its computer."""
    with transaction() as (conn, viewer):
        key = kiosks.add(
            conn, viewer, name, unit_code, address, now=now(), life=timedelta(days=days)
        )
    answer.give({"name": name, "key": key, "path": f"{map_imprint().address}/wall?key={key}"})


@kiosk.command()
@click.argument("name")
@click.option("--days", type=_DAYS, default=365, show_default=True)
@give
def renew(answer: Answer, name: str, days: int) -> None:
    """Let the wall NAME go on under its key; nothing is to be done at the wall."""
    with transaction() as (conn, viewer):
        one = kiosks.renew(conn, viewer, name, now=now(), life=timedelta(days=days))
    answer.give(asdict(one))


@kiosk.command()
@click.argument("name")
@give
def end(answer: Answer, name: str) -> None:
    """End the key of the wall NAME at once."""
    with transaction() as (conn, viewer):
        one = kiosks.end(conn, viewer, name, now=now())
    answer.give(asdict(one))


@kiosk.command("list")
@give
def list_all(answer: Answer) -> None:
    """List the walls."""
    with transaction() as (conn, viewer):
        walls = [asdict(one) for one in kiosks.list_kiosks(conn, viewer)]
    columns = ["name", "address", "unit_code", "expires_at", "seen_at", "ended_at"]
    answer.table({"kiosks": walls}, "kiosks", columns)
