"""`wangge report`: daily, weekly and hotspot reports as files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from grids import audit, kept_reports
from layers.reports import figures, files
from layers.reports.page import Copy, page_of
from web.cli.database import transaction
from web.cli.output import Answer, WanggeCommand, give
from web.clock import now, today
from web.home import home_folder


@click.command(cls=WanggeCommand)
@click.argument("kind", type=click.Choice(kept_reports.KINDS))
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Its last day.")
@click.option("--area", help="Code of a unit; default: the county.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@give
def report(
    answer: Answer, kind: str, on: datetime, area: str | None, out: Path | None, lang: str
) -> None:
    """Say the figures of a report, and write it to --out: .html .docx .xlsx .pdf.

    The figures of a day that is over are kept: they are the same whenever it is made again.
    """
    extension = out.suffix.lower().removeprefix(".") if out else ""
    if out and extension not in files.WRITERS:
        raise files.UnknownReportFormat(given=out.name, formats=" ".join(files.WRITERS))
    with transaction() as (conn, viewer):
        found = figures.get(conn, viewer, kind, on.date(), now(), area=area)
        copy = Copy(viewer.name, today(), kept_reports.serial(found, viewer.name, today()))
        if out:
            audit.record(
                conn,
                viewer,
                "report.export",
                f"report {kind} {on.date()}",
                territory=found.area,
                facts={"serial": copy.serial, "format": extension, "digest": found.digest},
            )
    page = page_of(found, copy, lang)
    if out:
        out.write_bytes(files.write(page, extension, home_folder() / files.OWN))
    document = {
        "kind": kind,
        "on": found.on,
        "area": found.area,
        "final": found.final,
        "made_at": found.made_at,
        "digest": found.digest,
        "serial": copy.serial,
        "file": str(out) if out else None,
        "figures": found.figures,
    }
    said = [f"{page.title}　{page.name}　{page.period}", *page.lead, *([str(out)] if out else [])]
    answer.give(document, lambda console: console.print("\n".join(said), markup=False))
