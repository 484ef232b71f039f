"""`--on`: a command asks for the county as it was."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import Connection

from grids import history
from grids.errors import BadValue
from grids.history import AsAt, Past
from web.clock import now


class _OnType(click.ParamType):
    """A day, a moment or the number of a publication."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> AsAt:
        """Return what was asked for; a text that says none of them is wrong usage."""
        try:
            return history.parse_on(value) if isinstance(value, str) else value
        except BadValue as refusal:
            self.fail(f"{value!r} is not {refusal.facts['reason']}", param, ctx)


as_at = click.option(
    "--on",
    type=_OnType(),
    help="As it was: at the end of a day (2026-11-22), at a moment (2026-11-22T08:30, China's"
    " clock) or in publication N.",
)


def past_of(conn: Connection, on: AsAt | None) -> Past | None:
    """Return the state of the county that an option asks for; none for the present.

    Raises
    ------
    BeforeFirst, NotYet, NotFound
        If there is no such state.
    """
    return None if on is None else history.find(conn, on, now())
