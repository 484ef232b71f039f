"""`wangge hotspots`: where it is significantly hot, from the database or from plain files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from geo.hotspots.zones import usual_radius_m
from geo.lattice import Geometries
from grids.model import Level
from grids.window import Window
from layers import county_hotspots, county_study, files, hotspot_picture
from layers.county_study import OF_EVENTS
from layers.hotspot_methods import drawn_by, table
from layers.hotspot_notes import texts
from layers.hotspot_rows import painted
from layers.hotspots import HotspotMap
from layers.studies import METHODS, Options, Study, assess
from layers.styles import word
from layers.windows import KINDS
from web.cli import hotspot_files
from web.cli.database import transaction
from web.cli.hotspot_files import Columns, FileEvents, FileUnits
from web.cli.output import Answer, WanggeCommand, give

SHEET, PICTURE = ".html", ".png"
FILE = click.Path(exists=True, path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])
LISTED = 20
# The methods that paint a map; of the others there is no sheet.
PAINTED = ("excess", "gi")


@dataclass(frozen=True)
class _Made:
    """What was found: the document, and what an --out file is written from."""

    document: dict[str, Any]
    columns: Callable[[], dict[str, Any]]
    outlines: Geometries
    sheet: Callable[[], str] | None
    shown: HotspotMap | None = None


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the choices that methods leave open."""
    plain = Options()
    for option in (
        click.option(
            "--model", type=click.Choice(["stp", "poisson", "bernoulli"]), default=plain.model
        ),
        click.option(
            "--mode",
            type=click.Choice(["prospective", "retrospective", "spatial"]),
            help="Of a scan; prospective for stp, else spatial.",
        ),
        click.option(
            "--max-radius",
            "max_radius_m",
            type=click.FloatRange(0),
            help="Metres; 5000, or farther where the units of --grids lie farther apart.",
        ),
        click.option("--max-share", type=click.FloatRange(0, 1), default=plain.max_share),
        click.option("--max-days", type=click.IntRange(1), default=plain.max_days),
        click.option("--min-cases", type=click.IntRange(1), default=plain.min_cases),
        click.option("--report", type=click.Choice(["no_overlap", "gini"]), default=plain.report),
        click.option("--replicates", type=click.IntRange(1), default=plain.replicates),
        click.option("--seed", type=int, default=plain.seed),
        click.option("--step", type=click.Choice(["day", "week", "month"]), default=plain.step),
        click.option(
            "--inference",
            type=click.Choice(["convolution", "permutation"]),
            default=plain.inference,
        ),
        click.option("--bandwidth", "bandwidth_m", type=float, default=plain.bandwidth_m),
        click.option("--eps", "eps_m", type=float, default=plain.eps_m),
        click.option("--min-points", type=click.IntRange(1), default=plain.min_points),
        click.option("--compare", type=click.Choice(KINDS), default="prev", help="Of change."),
        click.option("--calendar", type=click.Choice(["solar", "lunar"]), default="solar"),
    ):
        command = option(command)
    return command


@click.command(cls=WanggeCommand)
@click.option("--since", type=DAY, help="First day.")
@click.option("--until", type=DAY, help="Last day; it counts.")
@click.option("--matter", help="Code of an admission item; default: all together.")
@click.option("--area", help="Code of a unit; default: everything.")
@click.option("--by", type=click.Choice(["township", "village", "grid"]), default="grid")
@click.option("--level", "levels", multiple=True, help="Of incidents; default: all.")
@click.option("--source", "sources", multiple=True, help="Of incidents; default: all.")
@click.option("--method", default="excess", show_default=True, help=", ".join(METHODS))
@click.option("--out", "target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--lang", default="zh-CN", show_default=True, help="Of an .html: zh-CN or en.")
@click.option("--grids", type=FILE, help="Polygons, or a table of places, instead of the database.")
@click.option("--id", "unit", help="Column of --grids with the ids.")
@click.option("--population", "--households", "population", help="Column of --grids.")
@click.option("--count", help="Column of --grids with counts, instead of --events.")
@click.option("--controls", help="Column of --grids: individuals who are no cases.")
@click.option("--layer", help="Layer of --grids.")
@click.option("--events", type=FILE, help="A table with one row an event.")
@click.option(
    "--datum", help="Of --events, and of --grids if silent: wgs84, gcj02, bd09, cgcs2000 or EPSG:n."
)
@click.option("--lon", help="Column of --events.")
@click.option("--lat", help="Column of --events.")
@click.option("--time", help="Column of --events.")
@_options
@give
def hotspots(
    answer: Answer,
    /,
    since: datetime | None,
    until: datetime | None,
    matter: str | None,
    area: str | None,
    method: str,
    target: Path | None,
    lang: str,
    grids: Path | None,
    events: Path | None,
    **given: Any,
) -> None:
    """Say where it is significantly hot, how sure that is, and by which method.

    The --json document has one object per unit or cluster. --out writes an .html sheet that opens
    with no network (excess and gi), a .png, or the rows as .geojson .csv .xlsx .gpkg .shp.zip .kml
    .parquet.
    """
    if since and until and until < since:
        raise click.UsageError("--until lies before --since")
    if target is not None:
        _require_format(target)
    days = [None if day is None else day.date() for day in (since, until)]
    chosen = {f.name: given[f.name] for f in fields(Options) if given.get(f.name) is not None}
    options = Options(**chosen)
    compared = {name: given[name] for name in ("compare", "calendar")}
    if grids is None:
        if events is not None or given["count"]:
            raise click.UsageError("--events and --count need --grids")
        if days[0] is None or days[1] is None:
            raise click.UsageError("give --since and --until")
        wanted = {"matter": matter, "area": area, "by": Level(given["by"])}
        wanted |= {name: given[name] for name in ("levels", "sources")}
        made = _of_county(Window(days[0], days[1]), wanted, compared, method, options, lang)
    elif matter or area or given["levels"] or given["sources"]:
        raise click.UsageError("--matter, --area, --level and --source are for the database")
    else:
        made = _of_files(grids, events, days, method, options, lang, given)
    document = made.document
    if target is not None:
        place = grids.stem if grids is not None else area or word("sheet.everywhere", lang)
        _write(target, made, word("sheet.title", lang, place=place), lang)
        document["out"] = str(target)
    answer.give(document, lambda console: _print(console, made, target))


def _require_format(target: Path) -> None:
    if target.name.lower().endswith((SHEET, PICTURE)):
        return
    try:
        files.extension(target)
    except files.UnknownFormat as refusal:
        known = f"{SHEET} {PICTURE} {refusal.facts['formats']}"
        raise files.UnknownFormat(file=target.name, formats=known) from None


def _of_county(
    window: Window,
    wanted: dict[str, Any],
    compared: dict[str, Any],
    method: str,
    options: Options,
    lang: str,
) -> _Made:
    days = (window.since, window.until)
    with transaction() as (conn, viewer):
        if method not in PAINTED:
            asked, outlines = county_study.read(
                conn,
                viewer,
                *days,
                **wanted,
                **compared,
                events=method in OF_EVENTS,
            )
            return _said(assess(asked, method, options), asked, outlines)
        counted = county_hotspots.count(conn, viewer, *days, **wanted)
        page = county_hotspots.sheet_of(
            conn, viewer, counted, area=wanted["area"], method=method, locale=lang
        )
    shown = drawn_by(county_hotspots.assess(counted), method)
    document = {"method": method, **shown.as_dict()}
    return _Made(document, lambda: dict(table(shown)), counted.ground.outlines, page, shown)


def _of_files(
    grids: Path,
    events: Path | None,
    days: list[date | None],
    method: str,
    options: Options,
    lang: str,
    given: dict[str, Any],
) -> _Made:
    if given["unit"] is None or (events is None) == (given["count"] is None):
        raise click.UsageError("plain files need --grids, --id and either --events or --count")
    units = hotspot_files.read_units(
        grids,
        Columns(given["unit"], given["population"], given["count"], given["controls"]),
        layer=given["layer"],
        datum=given["datum"],
        near_m=options.max_radius_m,
    )
    read = None
    if events is not None:
        read = hotspot_files.read_events(
            events,
            units,
            given["datum"],
            since=days[0],
            until=days[1],
            **{name: given[name] for name in ("lon", "lat", "time")},
        )
    if given["max_radius_m"] is None:
        options = replace(options, max_radius_m=usual_radius_m(units.xy_m))
    asked = hotspot_files.study(units, read, given["compare"], given["calendar"])
    made = _said(assess(asked, method, options), asked, units.outlines)
    if read is None or events is None:
        return made
    made.document["events"] = read.as_dict()
    made.document["notes"] = texts(read.notes(), lang)
    if units.population is None or units.are_points or method not in PAINTED:
        return made
    page = _sheet_of(units, asked, read, method, (grids.stem, events.name), lang)
    return replace(made, sheet=page)


def _sheet_of(
    units: FileUnits,
    asked: Study,
    read: FileEvents,
    method: str,
    names: tuple[str, str],
    lang: str,
) -> Callable[[], str]:
    place, source = names

    def sheet() -> str:
        from layers.sheet import hotspot_sheet  # noqa: PLC0415  folium takes a second to import

        shown = replace(drawn_by(hotspot_files.hotspots_of(units, asked), method), matter=source)
        shapes = county_hotspots.features(units.ids, county_hotspots.drawable(units.outlines))
        return hotspot_sheet(shown, shapes, word("sheet.title", lang, place=place), lang)

    return sheet


def _said(document: dict[str, Any], asked: Study, outlines: Geometries) -> _Made:
    """Return a document with its units as columns; of clusters each unit says which it is in."""

    def columns() -> dict[str, Any]:
        if "units" in document:
            rows = document["units"]
            return {name: [_cell(row[name]) for row in rows] for name in rows[0]}
        number = {
            unit: k
            for k, one in enumerate(document.get("clusters", []), start=1)
            for unit in one.get("units", ())
        }
        return {"id": list(asked.ids), "cluster": [number.get(unit) for unit in asked.ids]}

    return _Made(document, columns, outlines, None)


def _cell(value: Any) -> Any:
    return " ".join(str(one) for one in value) if isinstance(value, list) else value


def _draw(made: _Made, title: str, lang: str) -> bytes:
    """Return a picture of what was found, whatever the method."""
    document = made.document
    if "rows" in document:
        rows, notes = document["rows"], document["notes"]
        ids = [row["code"] for row in rows]
        notes = texts([(note["code"], note["facts"]) for note in notes if "text" not in note], lang)
    else:
        rows, ids = painted(document, made.columns()), made.columns()["id"]
        notes = document.get("notes", [])
    outlines = dict(zip(ids, made.outlines, strict=True))
    window = document.get("window") or ""
    if isinstance(window, str):
        since, _, until = window.partition("/")
        window = {"since": since, "until": until}
    answer = {"rows": rows, "notes": notes, "window": window}
    return hotspot_picture.picture(answer, outlines, title, lang)


def _write(target: Path, made: _Made, title: str, lang: str) -> None:
    if target.name.lower().endswith(PICTURE):
        target.write_bytes(_draw(made, title, lang))
        return
    if not target.name.lower().endswith(SHEET):
        files.write(target, made.columns(), made.outlines)
        return
    if made.sheet is None:
        raise click.UsageError("a sheet needs --method excess or gi, events and households")
    partial = target.with_name(f".{target.name}.part")
    partial.write_text(made.sheet(), encoding="utf-8")
    partial.replace(target)


def _print(console: Console, made: _Made, target: Path | None) -> None:
    if made.shown is None:
        _print_document(console, made.document)
    else:
        _print_map(console, made.shown)
    if target is not None:
        console.print(f"written to {target}", markup=False)


def _print_document(console: Console, document: dict[str, Any]) -> None:
    """Print the clusters or bands, or the units that matter most: the surest first."""
    rows = next((document[key] for key in ("clusters", "bands", "units") if key in document), [])
    if "units" in document:
        surest = next((key for key in ("q", "p_mid", "mk_q") if rows and key in rows[0]), None)
        if surest:
            rows = sorted(rows, key=lambda row: 1.0 if row[surest] is None else row[surest])
    console.print(
        f"{document['method']}, {document['n']:,} units, {document['window'] or 'no days'}"
    )
    if not rows:
        console.print("nothing found")
        return
    listed = Table(*rows[0], box=None)
    for row in rows[:LISTED]:
        listed.add_row(*(_told(value) for value in row.values()))
    console.print(listed)


def _told(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and value and isinstance(value[0], str):
        return f"{len(value)}: {value[0]} ..."
    return "" if value is None else str(value)


def _print_map(console: Console, shown: HotspotMap) -> None:
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
