"""`wangge hotspots`: where it is significantly hot, from the database or from plain files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from geo.lattice import Geometries
from layers import county_hotspots, files
from layers.hotspot_methods import drawn_by, require_method, table
from layers.hotspots import HotspotMap, Window
from layers.sheet import hotspot_sheet
from layers.styles import word
from web.cli import hotspot_files
from web.cli.database import transaction
from web.cli.output import Answer, WanggeCommand, give

SHEET = ".html"
FILE = click.Path(exists=True, path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])
LISTED = 20


@dataclass(frozen=True)
class _Made:
    """A map, the outlines it is drawn on, its sheet when asked for, and where events went."""

    hotspots: HotspotMap
    outlines: Geometries
    sheet: Callable[[], str]
    events: dict[str, int] | None = None


@click.command(cls=WanggeCommand)
@click.option("--since", type=DAY, required=True, help="First day.")
@click.option("--until", type=DAY, required=True, help="Last day; it counts.")
@click.option("--matter", help="Code of an admission item; default: all together.")
@click.option("--area", help="Code of a unit; default: everything.")
@click.option("--method", default="excess", show_default=True, help="excess or gi.")
@click.option("--out", "target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--lang", default="zh-CN", show_default=True, help="Of an .html: zh-CN or en.")
@click.option("--grids", type=FILE, help="A polygon file instead of the database.")
@click.option("--id", "id_column", help="Column of --grids with the ids.")
@click.option("--households", help="Column of --grids with the numbers of households.")
@click.option("--layer", help="Layer of --grids.")
@click.option("--events", type=FILE, help="A table with one row an event.")
@click.option(
    "--datum", help="Of --events, and of --grids if silent: wgs84, gcj02, bd09, cgcs2000 or EPSG:n."
)
@click.option("--lon", help="Column of --events.")
@click.option("--lat", help="Column of --events.")
@click.option("--time", help="Column of --events.")
@give
def hotspots(
    answer: Answer,
    /,
    since: datetime,
    until: datetime,
    matter: str | None,
    area: str | None,
    method: str,
    target: Path | None,
    lang: str,
    grids: Path | None,
    events: Path | None,
    **columns: str | None,
) -> None:
    """Say which grids have significantly more reports than their households let expect.

    --out writes an .html sheet that opens with no network, or the rows as .geojson .csv .xlsx
    .gpkg .shp.zip .kml .parquet.
    """
    require_method(method)
    window = Window(since.date(), until.date())
    if window.days < 1:
        raise click.UsageError("--until lies before --since")
    if target is not None:
        _require_format(target)
    if grids is None and events is None:
        made = _of_county(window, matter, area, method, lang)
    elif grids is None or events is None or not (columns["id_column"] and columns["households"]):
        raise click.UsageError("plain files need --grids, --id, --households and --events")
    elif matter or area:
        raise click.UsageError("--matter and --area are for the database")
    else:
        made = _of_files(window, grids, events, columns, method, lang)
    document: dict[str, Any] = {"method": method, **made.hotspots.as_dict()}
    if made.events is not None:
        document["events"] = made.events
    if target is not None:
        _write(target, made)
        document["out"] = str(target)
    answer.give(document, lambda console: _print(console, made.hotspots, target))


def _require_format(target: Path) -> None:
    if target.name.lower().endswith(SHEET):
        return
    try:
        files.extension(target)
    except files.UnknownFormat as refusal:
        known = f"{SHEET} {refusal.facts['formats']}"
        raise files.UnknownFormat(file=target.name, formats=known) from None


def _of_county(
    window: Window, matter: str | None, area: str | None, method: str, lang: str
) -> _Made:
    with transaction() as (conn, viewer):
        counted = county_hotspots.count(
            conn, viewer, window.since, window.until, matter=matter, area=area
        )
        page = county_hotspots.sheet_of(
            conn, viewer, counted, area=area, method=method, locale=lang
        )
    shown = drawn_by(county_hotspots.assess(counted), method)
    return _Made(shown, counted.ground.outlines, page)


def _of_files(
    window: Window,
    grids: Path,
    events: Path,
    columns: dict[str, str | None],
    method: str,
    lang: str,
) -> _Made:
    ground = hotspot_files.read_grids(
        grids,
        columns["id_column"] or "",
        columns["households"] or "",
        layer=columns["layer"],
        datum=columns["datum"],
    )
    read = hotspot_files.read_events(
        events,
        ground,
        window,
        columns["datum"],
        lon=columns["lon"],
        lat=columns["lat"],
        time=columns["time"],
    )
    shown = drawn_by(hotspot_files.assess(ground, read, window), method)

    def sheet() -> str:
        named = replace(shown, matter=events.name)
        drawn = county_hotspots.drawable(ground.outlines)
        shapes = county_hotspots.features(ground.codes, drawn)
        return hotspot_sheet(named, shapes, word("sheet.title", lang, place=grids.stem), lang)

    return _Made(shown, ground.outlines, sheet, read.as_dict())


def _write(target: Path, made: _Made) -> None:
    if not target.name.lower().endswith(SHEET):
        files.write(target, table(made.hotspots), made.outlines)
        return
    partial = target.with_name(f".{target.name}.part")
    partial.write_text(made.sheet(), encoding="utf-8")
    partial.replace(target)


def _print(console: Console, shown: HotspotMap, target: Path | None) -> None:
    counts = shown.counts
    console.print(
        f"{shown.observed:,} reports, {shown.households:,} households, "
        f"{counts['judged']:,} of {counts['grids']:,} grids judged, "
        f"[bold]{counts['outlined']}[/] significantly higher"
    )
    ranked = Table("rank", "grid", "name", "reports", "with neighbours", "x", "q", box=None)
    for row in shown.ranking()[:LISTED]:
        around = row.around
        ranked.add_row(
            str(row.rank),
            row.code,
            row.name,
            f"{row.observed}/{row.expected:.1f}",
            f"{around.observed}/{around.expected:.1f}" if around else "",
            f"{around.ratio:.2f}" if around and around.ratio is not None else "",
            f"{around.q:.3f}" if around and around.q is not None else "",
        )
    console.print(ranked)
    if target is not None:
        console.print(f"written to {target}", markup=False)
