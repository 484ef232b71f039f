"""`wangge print`: the card of a grid, the map book of a township, the wall map, as PDF."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import click
from rich.console import Console

from grids import audit
from layers.print.book import map_book
from layers.print.card import grid_card
from layers.print.imprint import Imprint, Printed
from layers.print.wall import WALL_PAPERS, wall_map
from web.cli.database import transaction
from web.cli.output import Answer, WanggeGroup, give
from web.clock import now
from web.config import map_imprint

Command = Callable[..., None]


@click.group("print", cls=WanggeGroup)
def print_maps() -> None:
    """Maps on paper, as PDF."""


def _options(command: Command) -> Command:
    """Give a command what every map takes."""

    @click.argument("code")
    @click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
    @click.option("--on", type=int, help="Number of a publication; default: the one in force.")
    @click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="Words on it.")
    @give
    @wraps(command)
    def with_options(*args: object, **given: object) -> None:
        command(*args, **given)

    return with_options


@print_maps.command("card")
@_options
def card(answer: Answer, code: str, out: Path, on: int | None, lang: str) -> None:
    """Write the card of grid CODE to OUT, A4."""
    with transaction() as (conn, viewer):
        printed = grid_card(conn, viewer, code, _imprint(lang), on=on)
        audit.record(conn, viewer, "print.card", f"unit {code}", territory=code)
    _give(answer, printed, out)


@print_maps.command("book")
@_options
def book(answer: Answer, code: str, out: Path, on: int | None, lang: str) -> None:
    """Write the map book of township CODE to OUT, A4."""
    with transaction() as (conn, viewer), answer.progress() as report:
        printed = map_book(conn, viewer, code, _imprint(lang), on=on, progress=report)
        audit.record(conn, viewer, "print.book", f"unit {code}", territory=code)
    _give(answer, printed, out)


@print_maps.command("wall")
@click.option("--paper", type=click.Choice(WALL_PAPERS), default="A0", help="Size of the sheet.")
@_options
def wall(answer: Answer, code: str, out: Path, on: int | None, lang: str, paper: str) -> None:
    """Write the wall map of county, township or village CODE to OUT."""
    with transaction() as (conn, viewer):
        printed = wall_map(conn, viewer, code, _imprint(lang), paper=paper, on=on)
        audit.record(conn, viewer, "print.wall", f"unit {code}", territory=code)
    _give(answer, printed, out)


def _imprint(lang: str) -> Imprint:
    maps = map_imprint()
    return Imprint(lang, now(), maps.address or None, maps.number, maps.source)


def _give(answer: Answer, printed: Printed, out: Path) -> None:
    """Write the file and say what is in it, and what is not."""
    out.write_bytes(printed.pdf)
    document = {
        "file": str(out),
        "pages": printed.n_pages,
        "bytes": len(printed.pdf),
        "publication": printed.publication,
        "people": printed.n_people,
        "missing": [f"U+{ord(sign):04X}" for sign in printed.missing],
        "unplaced": list(printed.unplaced),
    }

    def words(console: Console) -> None:
        console.print(f"{printed.n_pages} pages, {len(printed.pdf) / 1e6:.1f} MB, to {out}")
        if printed.missing:
            console.print(f"The font lacks {', '.join(document['missing'])}: shown as 〓.")
        if printed.unplaced:
            console.print(f"No room on the map for: {', '.join(printed.unplaced)}")

    answer.give(document, words)
