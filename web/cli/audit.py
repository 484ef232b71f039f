"""`wangge audit`: seal, verify and export the audit trail."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import text

from grids import audit as trail
from layers import files
from web.cli.database import transaction
from web.cli.output import REFUSED, Answer, WanggeGroup, give


@click.group(cls=WanggeGroup)
def audit() -> None:
    """Seal, verify and export the audit trail."""


@audit.command()
@click.option("--head", help="A head of the chain that was written down earlier, in hexadecimal.")
@give
def verify(answer: Answer, head: str | None) -> None:
    """Seal what is new, then walk along the chain; ends 1 when it is broken."""
    with transaction() as (conn, _):
        trail.seal(conn)
        found = trail.verify(conn, bytes.fromhex(head) if head else None)
    document = {
        "whole": found.whole,
        "sealed": found.n_sealed,
        "broken_at": found.broken_at,
        "head": found.head.hex(),
    }
    answer.give(document)
    if not found.whole:
        click.get_current_context().exit(REFUSED)


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@give
def export(answer: Answer, file: Path) -> None:
    """Write the audit trail to FILE (.csv or .xlsx)."""
    with transaction() as (conn, _):
        found = conn.execute(
            text(
                "SELECT audit_id, at, person_id, role, action, record, territory_code, success,"
                " reason, facts, client, request_id, encode(chain, 'hex') AS chain"
                " FROM audit ORDER BY audit_id"
            )
        )
        headings = list(found.keys())
        rows = [[None if value is None else str(value) for value in row] for row in found]
    columns = {heading: [row[j] for row in rows] for j, heading in enumerate(headings)}
    files.write(file, columns, None)
    answer.give({"rows": len(rows), "file": str(file)})
