"""`wangge balance`: an area divided into grids of equal households, as a draft plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import click
import orjson
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from geo.errors import Refusal
from grids import plan_balance, plans
from grids.model import Viewer
from grids.plan_balance_area import MODES, MOST_TRIES, Mode, Wish, by_village
from web import balance_answers, plan_answers
from web.cli.database import transaction
from web.cli.output import REFUSED, Answer, ProgressCallback, WanggeCommand, give

_COLUMNS = ("grid_code", "name", "n_households", "area_m2", "compactness", "is_new")


@click.command(cls=WanggeCommand)
@click.argument("area", nargs=-1, required=True)
@click.option("--parts", type=click.IntRange(1), help="How many grids; or:")
@click.option("--households", type=click.IntRange(1), help="About how many in each grid.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="lines",
    show_default=True,
    help="Whole sub-groups, lines between buildings, or these lines simplified.",
)
@click.option("--tries", type=click.IntRange(1, MOST_TRIES), default=4, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--barriers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="GeoJSON with lines (CGCS2000) that grids should not reach across.",
)
@click.option("--plan", "plan_id", type=click.UUID, help="Into this plan; by default a new one.")
@click.option("--dry-run", is_flag=True, help="Show the proposal and keep nothing.")
@give
def balance(
    answer: Answer,
    area: tuple[str, ...],
    parts: int | None,
    households: int | None,
    mode: Mode,
    tries: int,
    seed: int,
    barriers: Path | None,
    plan_id: UUID | None,
    dry_run: bool,
) -> None:
    """Divide AREA into grids of about equal households, as a draft plan.

    AREA is a village, a grid, several grids of one village, or a township or county, which is
    divided village by village.
    """
    if (parts is None) == (households is None):
        raise click.UsageError("give --parts or --households")
    wish = Wish(
        area[0] if len(area) == 1 else area,
        parts,
        households,
        mode,
        tries,
        seed,
        _lines(barriers) if barriers else (),
    )
    with transaction() as (conn, viewer), answer.progress() as progress:
        known = plans.get(conn, viewer, plan_id) if plan_id else None
        drafted = known or plans.create(conn, viewer, f"balance {' '.join(area)}", source="command")
        done, refused = _divided(conn, viewer, drafted.plan_id, wish, progress, dry_run)
        now = plans.get(conn, viewer, drafted.plan_id)
        if dry_run or not done:
            conn.rollback()
    document: dict[str, Any] = {
        "plan": None if dry_run or not done else plan_answers.row(now),
        "areas": done,
        "refused": refused,
        "n_parts": sum(len(one["parts"]) for one in done),
        "max_mean": max((one["max_mean"] for one in done), default=None),
        "min_mean": min((one["min_mean"] for one in done), default=None),
    }
    answer.give(document, lambda console: _words(console, document))
    if refused and not done:
        click.get_current_context().exit(REFUSED)


def _divided(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    wish: Wish,
    progress: ProgressCallback,
    dry_run: bool,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what was divided, area by area, and what was refused; one area alone may refuse."""
    wishes = by_village(conn, viewer, wish)
    done: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for number, one in enumerate(wishes, 1):
        try:
            found = plan_balance.propose(conn, viewer, plan_id, one)
            if not dry_run:
                plan_balance.balance(conn, viewer, plan_id, one)
        except Refusal as refusal:
            if len(wishes) == 1:
                raise
            refused.append({"area": one.area, **refusal.as_dict()})
        else:
            shown = balance_answers.proposal(found)
            del shown["outlines"]  # they are the plan's, once it is opened
            done.append({"area": one.area, **shown})
        progress(number, len(wishes), "divide")
    return done, refused


def _lines(file: Path) -> list[list[list[float]]]:
    """Return the lines of a GeoJSON file as positions."""
    try:
        said = orjson.loads(file.read_bytes())
        features = said["features"] if said["type"] == "FeatureCollection" else [said]
        shapes = [one.get("geometry", one) for one in features]
        return [
            line
            for shape in shapes
            for line in (
                shape["coordinates"]
                if shape["type"] == "MultiLineString"
                else [shape["coordinates"]]
            )
            if shape["type"] in ("LineString", "MultiLineString")
        ]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise click.UsageError(f"{file} is no GeoJSON of lines") from error


def _words(console: Console, document: dict[str, Any]) -> None:
    for one in document["areas"]:
        table = Table(*_COLUMNS, box=None, title=f"{one['area']}", title_justify="left")
        for part in one["parts"]:
            table.add_row(*(str(part[column]) for column in _COLUMNS))
        console.print(table)
        console.print(
            f"most/mean {one['max_mean']} (was {one['was_max_mean']}), "
            f"fewest/mean {one['min_mean']}, split buildings {one['n_split_buildings']}"
        )
        for excess in one["excess"]:
            console.print(
                f"  cannot be divided: {excess['n_households']} households at {excess['at']}"
            )
    for one in document["refused"]:
        console.print(f"{one['area']}: {one['message']}", markup=False)
    if document["plan"]:
        console.print(f"plan {document['plan']['plan_id']}")
