"""`wangge rules`: the limits that boundaries are checked against."""

from __future__ import annotations

import dataclasses

import click

from grids import boundary_rules
from grids.boundary_rules import KINDS, SEVERITIES, SUBJECTS, Rule
from web import balance_answers
from web.cli.database import transaction
from web.cli.output import Answer, WanggeGroup, give

_COLUMNS = ["territory_code", "kind", "subject", "least", "most", "severity", "updated_by"]
_AREA = click.option("--area", help="Code of a unit; without it: everywhere.")


@click.group(cls=WanggeGroup)
def rules() -> None:
    """Read and set the limits of boundaries."""


@rules.command(name="list")
@give
def list_(answer: Answer) -> None:
    """List the limits; that of the smallest area counts."""
    with transaction() as (conn, viewer):
        found = boundary_rules.list_all(conn, viewer)
    document = {"rules": [balance_answers.rule(one) for one in found]}
    answer.table(document, "rules", _COLUMNS)


@rules.command(name="set")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("subject", type=click.Choice(list(SUBJECTS)))
@_AREA
@click.option("--least", type=float)
@click.option("--most", type=float)
@click.option("--severity", type=click.Choice(SEVERITIES), default="warning", show_default=True)
@give
def set_(
    answer: Answer,
    kind: str,
    subject: str,
    area: str | None,
    least: float | None,
    most: float | None,
    severity: boundary_rules.Severity,
) -> None:
    """Set one limit of an area, and leave its others as they are."""
    rule = Rule(area, kind, subject, least, most, severity)
    _changed(answer, area, kind, subject, rule)


@rules.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("subject", type=click.Choice(list(SUBJECTS)))
@_AREA
@give
def drop(answer: Answer, kind: str, subject: str, area: str | None) -> None:
    """Take away one limit of an area: that of the area around it counts again."""
    _changed(answer, area, kind, subject, None)


def _changed(answer: Answer, area: str | None, kind: str, subject: str, rule: Rule | None) -> None:
    with transaction() as (conn, viewer):
        before = boundary_rules.list_all(conn, viewer)
        kept = [
            dataclasses.replace(one, updated_at=None, updated_by=None)
            for one in before
            if one.territory_code == area and (one.kind, one.subject) != (kind, subject)
        ]
        wanted = [*kept, *([rule] if rule else [])]
        version = boundary_rules.versions(before).get(area, 0)
        found = boundary_rules.replace(conn, viewer, area, wanted, version)
    own = [balance_answers.rule(one) for one in found if one.territory_code == area]
    answer.table({"rules": own}, "rules", _COLUMNS)
