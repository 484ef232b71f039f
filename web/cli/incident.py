"""`wangge incident`: the event desk, scriptable."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import click

from grids import colours, deadlines, incidents
from grids.incident_view import QUEUES
from grids.incidents import Given
from web import answers
from web.cli.database import transaction
from web.cli.output import Answer, WanggeGroup, give
from web.clock import now

INCIDENT = click.argument("incident_id", type=click.UUID)


@click.group(cls=WanggeGroup)
def incident() -> None:
    """The event desk."""


@incident.command()
@click.argument("matter_code")
@click.argument("summary")
@click.option("--lon", type=float)
@click.option("--lat", type=float)
@click.option("--datum", help="wgs84, cgcs2000, gcj02, bd09 or EPSG:n.")
@click.option("--accuracy", type=float, help="Radius of the position's accuracy, metres.")
@click.option("--unit", "unit_code", help="Code of the unit, where there is no position.")
@click.option("--place", default="", help="Where, in words.")
@click.option("--source", default="command", show_default=True)
@click.option("--id", "external_id", help="The sender's key: the same key is the same report.")
@give
def add(
    answer: Answer,
    matter_code: str,
    summary: str,
    lon: float | None,
    lat: float | None,
    datum: str | None,
    accuracy: float | None,
    unit_code: str | None,
    place: str,
    source: str,
    external_id: str | None,
) -> None:
    """Take in a report and say who owns it and why."""
    report = incidents.IncidentReport(
        source=source,
        external_id=external_id or str(uuid4()),
        matter_code=matter_code,
        summary=summary,
        place=place,
        x=lon,
        y=lat,
        datum=datum,
        accuracy_m=accuracy,
        unit_code=unit_code,
        channel="command",
    )
    moment = now()
    with transaction() as (conn, viewer):
        receipt, created = incidents.receive(conn, viewer, report, moment)
        card = answers.receipt_card(conn, viewer, receipt, moment)
        answer.give({"created": created, **card})


@incident.command(name="list")
@click.option("--step", help="A step, or open.")
@click.option("--review", is_flag=True, help="Only those that wait for a look.")
@click.option("--unit", help="Code of a unit.")
@click.option("--colour", type=click.Choice(colours.COLOURS))
@click.option("--level", type=click.Choice(deadlines.STAGES[1:]), help="The level that has it.")
@click.option("--queue", type=click.Choice(QUEUES), help="To be looked at, or in no grid.")
@click.option("--unanswered", type=float, metavar="HOURS", help="Reporters who wait so long.")
@click.option("--supervised", is_flag=True, help="Only those with a sheet not struck off.")
@click.option("--after", help="Cursor of the next page.")
@give
def list_(
    answer: Answer,
    step: str | None,
    review: bool,
    unit: str | None,
    colour: str | None,
    level: str | None,
    queue: str | None,
    unanswered: float | None,
    supervised: bool,
    after: str | None,
) -> None:
    """List incidents, the newest report first."""
    which = incidents.Filter(
        step=step,
        review=True if review else None,
        unit=unit,
        colour=colour,
        handling_level=level,
        queue=queue,
        unanswered_hours=unanswered,
        supervised=supervised,
    )
    with transaction() as (conn, viewer):
        rows, cursor = incidents.list_page(conn, viewer, which, now(), after=after)
    document = {"incidents": [answers.incident(row) for row in rows], "next": cursor}
    columns = ["number", "colour", "step", "handling_level", "matter_name", "grid_name", "summary"]
    answer.table(document, "incidents", columns)


@incident.command()
@INCIDENT
@give
def show(answer: Answer, incident_id: UUID) -> None:
    """Show an incident's card."""
    with transaction() as (conn, viewer):
        answer.give(answers.incident_card(conn, incidents.get(conn, viewer, incident_id, now())))


@incident.command()
@INCIDENT
@click.argument("action")
@click.option("--note", default="")
@click.option("--version", type=int, help="The version seen; default: as it is now.")
@click.option("--key", help="Sent again under the same key it counts once.")
@click.option("--result", help="attempt: failed or settled.")
@click.option("--person", "person_id", type=click.UUID, help="transfer: to whom.")
@click.option("--unit", "unit_code", help="transfer: to whoever answers for it.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="suspend: the last day.")
@click.option("--how", help="answer: how, such as phone.")
@click.option("--of", type=click.UUID, help="duplicate: the incident that goes on.")
@click.option("--with", "others", type=click.UUID, multiple=True, help="merge: what repeats it.")
@click.option("--summary", help="split: what the part is about.")
@click.option("--matter", "matter_code", help="split: the matter of the part.")
@give
def step(
    answer: Answer,
    incident_id: UUID,
    action: str,
    note: str,
    version: int | None,
    key: str | None,
    result: str | None,
    person_id: UUID | None,
    unit_code: str | None,
    until: datetime | None,
    how: str | None,
    of: UUID | None,
    others: tuple[UUID, ...],
    summary: str | None,
    matter_code: str | None,
) -> None:
    """Do ACTION; `show` lists what is possible and what each needs."""
    given = Given(
        result=result,
        person_id=person_id,
        unit_code=unit_code,
        until=until.date() if until else None,
        how=how,
        of=of,
        others=others,
        summary=summary,
        matter_code=matter_code,
    )
    with transaction() as (conn, viewer):
        seen = incidents.get(conn, viewer, incident_id, now()).incident.version
        card = incidents.step(
            conn,
            viewer,
            incident_id,
            action,
            version=seen if version is None else version,
            now=now(),
            note=note,
            key=key,
            given=given,
        )
        answer.give(answers.incident_card(conn, card))


@incident.command()
@INCIDENT
@click.option("--person", "person_id", type=click.UUID)
@click.option("--unit", "unit_code")
@click.option("--reason", required=True)
@give
def assign(
    answer: Answer, incident_id: UUID, person_id: UUID | None, unit_code: str | None, reason: str
) -> None:
    """Give an incident to a person, or to whoever answers for a unit."""
    if (person_id is None) == (unit_code is None):
        raise click.UsageError("give --person or --unit")
    with transaction() as (conn, viewer):
        seen = incidents.get(conn, viewer, incident_id, now()).incident.version
        card = incidents.reassign(
            conn,
            viewer,
            incident_id,
            reason=reason,
            version=seen,
            now=now(),
            person_id=person_id,
            unit_code=unit_code,
        )
        answer.give(answers.incident_card(conn, card))
