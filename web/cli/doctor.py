"""`wangge doctor`: what is in place, what is not, and what to do about it."""

from __future__ import annotations

import click
from rich.console import Console

from web import doctor as checks
from web.cli.output import REFUSED, Answer, WanggeCommand, give

MARKS = {"ok": "[green]ok[/]  ", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


@click.command(cls=WanggeCommand)
@give
def doctor(answer: Answer) -> None:
    """Check that everything is in place; ends 1 when something fails."""
    findings = checks.run()

    def words(console: Console) -> None:
        for found in findings:
            console.print(f"{MARKS[found.status]}  {found.check:<22} {found.said}")
            if found.status != "ok" and found.remedy:
                console.print(f"      {'':<22} → {found.remedy}")

    failed = any(found.status == "fail" for found in findings)
    document = {"ok": not failed, "findings": [found.as_dict() for found in findings]}
    answer.give(document, words)
    if failed:
        click.get_current_context().exit(REFUSED)
