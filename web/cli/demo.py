"""`wangge demo`: the invented county, drawn by seed and taken in, with accounts to try it."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from grids.migrations import migrate
from importers.demo import load
from importers.demo.accounts import DemoAccount
from importers.demo.build import build
from importers.demo.county import SCALES
from web.cli.database import engine, transaction
from web.cli.output import Answer, WanggeCommand, give
from web.clock import now, today
from web.cluster import Cluster
from web.config import phone_keys
from web.home import home_folder

INCIDENTS = {"full": 60_000, "small": 3_000}
DEFAULT_SEED = 530524


def _accounts_file() -> Path:
    return home_folder() / "demo-accounts.json"


def _keep(key: str, accounts: list[DemoAccount]) -> None:
    """Write the accounts to a file that only its owner can read."""
    file = _accounts_file()
    partial = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    document = {"key": key, "accounts": [asdict(account) for account in accounts]}
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    partial.replace(file)


def _kept(key: str) -> list[dict[str, str]] | None:
    """Return the accounts of the county that was loaded under this key, if they were kept here."""
    file = _accounts_file()
    if not file.exists():
        return None
    document = orjson.loads(file.read_bytes())
    return list(document["accounts"]) if document["key"] == key else None


def _words(document: dict[str, Any]) -> Callable[[Console], None]:
    def words(console: Console) -> None:
        if document["loaded"]:
            counts = ", ".join(f"{name} {n:,}" for name, n in document["counts"].items())
            console.print(f"Taken in: {counts}")
            stages = ", ".join(f"{name} {took:.1f}" for name, took in document["seconds"].items())
            console.print(f"Seconds: {stages}")
        else:
            console.print("The invented county is in the database already.")
        if document["accounts"] is None:
            console.print(
                "Its accounts were printed where it was loaded and are not kept here: "
                "give one a new password with wangge person reset LOGIN."
            )
            return
        table = Table("login", "password", "role", "name", "territory", box=None)
        for one in document["accounts"]:
            territory = f"{one['unit_name']} {one['unit_code']}"
            table.add_row(one["login"], one["password"], one["role"], one["name"], territory)
        console.print(table)

    return words


@click.command(cls=WanggeCommand)
@click.option("--scale", type=click.Choice(list(SCALES)), default="full", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=DEFAULT_SEED, show_default=True)
@click.option(
    "--incidents",
    type=click.IntRange(min=0),
    help=f"How many, in two years; {INCIDENTS['full']:,} at full scale.",
)
@give
def demo(answer: Answer, scale: str, seed: int, incidents: int | None) -> None:
    """Generate the invented county and take it into an empty database.

    A second call only prints the accounts. It all happens in one transaction: who interrupts it
    finds the database empty and can call it again. A database with other data is refused.
    """
    if not os.environ.get("DATABASE_URL"):
        Cluster.at().up()
    migrate(engine())
    with transaction() as (conn, viewer), answer.progress() as progress:
        before = load.loaded_before(conn)
        if before is not None:
            loaded = {"loaded": False, **before, "accounts": _kept(before["key"])}
        else:
            folder = home_folder() / "demo"
            n = INCIDENTS[scale] if incidents is None else incidents
            started = time.monotonic()
            files = build(folder, scale, seed=seed, n_incidents=n, today=today(), progress=progress)
            drawn = round(time.monotonic() - started, 2)
            done = load.load(
                conn,
                viewer,
                files,
                scale=scale,
                seed=seed,
                keys=phone_keys(),
                now=now(),
                progress=progress,
            )
            _keep(done.key, done.accounts)
            loaded = {
                "loaded": True,
                "key": done.key,
                "scale": scale,
                "seed": seed,
                "counts": done.counts,
                "unplaced": done.unplaced,
                "seconds": {"draw": drawn, **done.seconds},
                "truth": str(folder / "truth.json"),
                "accounts": [asdict(account) for account in done.accounts],
            }
    answer.give(loaded, _words(loaded))
