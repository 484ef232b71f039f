"""`wangge person`: people, accounts, rights."""

from __future__ import annotations

import secrets
from datetime import timedelta

import click

from grids import people, staff
from grids.errors import NotFound
from grids.model import Role
from web.cli.database import transaction
from web.cli.output import Answer, WanggeGroup, give
from web.clock import now
from web.config import phone_keys


@click.group(cls=WanggeGroup)
def person() -> None:
    """People, accounts, rights."""


@person.command()
@click.argument("name")
@click.argument("unit_code")
@click.option("--phone", help="Kept encrypted, shown masked.")
@click.option("--login", help="Open an account under this name, with a first password.")
@click.option("--role", type=click.Choice([role.value for role in Role]))
@give
def add(
    answer: Answer,
    name: str,
    unit_code: str,
    phone: str | None,
    login: str | None,
    role: str | None,
) -> None:
    """Add a person who works for UNIT_CODE; with --login and --role, let them sign in."""
    with transaction() as (conn, viewer):
        person_id = staff.add_person(conn, viewer, name, unit_code, phone=phone, keys=phone_keys())
        document: dict[str, object] = {"person_id": person_id, "name": name, "unit": unit_code}
        if role:
            document["grant_id"] = staff.grant(conn, viewer, person_id, Role(role), unit_code)
        if login:
            password = secrets.token_urlsafe(9)
            staff.open_account(conn, viewer, person_id, login, password)
            document |= {"login": login, "password": password}
    answer.give(document)


@person.command()
@click.argument("who", metavar="LOGIN_OR_ID")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.argument("unit_code")
@give
def grant(answer: Answer, who: str, role: str, unit_code: str) -> None:
    """Let a person act in ROLE over UNIT_CODE."""
    with transaction() as (conn, viewer):
        person_id = staff.person_of(conn, viewer, who)
        grant_id = staff.grant(conn, viewer, person_id, Role(role), unit_code)
    answer.give({"grant_id": grant_id})


@person.command()
@click.argument("who", metavar="LOGIN_OR_ID")
@click.argument("name")
@click.option("--days", type=click.IntRange(1, 3660), default=365, show_default=True)
@give
def token(answer: Answer, who: str, name: str, days: int) -> None:
    """Make a token with which a program acts for a person, under the widest of their grants."""
    with transaction() as (conn, viewer):
        person_id = staff.person_of(conn, viewer, who)
        grants = people.grants(conn, person_id, now())
        if not grants:
            raise NotFound(what="grant", key=who)
        made = staff.add_token(
            conn,
            viewer,
            person_id,
            grants[0].grant_id,
            name,
            now=now(),
            life=timedelta(days=days),
        )
    answer.give({"token": made, "role": grants[0].role, "unit": grants[0].unit_code})


@person.command()
@click.argument("who", metavar="LOGIN_OR_ID")
@give
def reset(answer: Answer, who: str) -> None:
    """Give a person a new first password; their sessions end."""
    with transaction() as (conn, viewer):
        password = staff.reset_password(conn, viewer, staff.person_of(conn, viewer, who))
    answer.give({"password": password})
