"""How every command answers: JSON or words on standard output, refusals as exit code 1."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from geo.errors import Refusal

REFUSED = 1

ProgressCallback = Callable[[int, int, str], None]


class Answer:
    """The one document that a command gives."""

    def __init__(self, as_json: bool) -> None:
        """Answer in JSON, or in words for a person."""
        self.as_json = as_json
        self.console = Console(soft_wrap=True, highlight=False)

    def give(self, document: Any, words: Callable[[Console], None] | None = None) -> None:
        """Print the document: as JSON when asked for, else by `words`, else as indented JSON."""
        if self.as_json:
            sys.stdout.buffer.write(orjson.dumps(document, default=str) + b"\n")
            sys.stdout.buffer.flush()
        elif words is not None:
            words(self.console)
        else:
            text = orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2)
            self.console.print(text.decode(), markup=False)

    def table(self, document: dict[str, Any], key: str, columns: list[str]) -> None:
        """Print `document[key]`, a list of rows, as a table of these columns."""

        def words(console: Console) -> None:
            table = Table(*columns, box=None)
            for row in document[key]:
                table.add_row(*("" if row.get(c) is None else str(row.get(c)) for c in columns))
            console.print(table)

        self.give(document, words)

    @contextmanager
    def progress(self) -> Iterator[ProgressCallback]:
        """Yield `report(done, total, stage)`: a bar on a terminal, nothing in a pipe."""
        if self.as_json or not sys.stderr.isatty():
            yield lambda done, total, stage: None
            return
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        with bar:
            tasks: dict[str, Any] = {}

            def report(done: int, total: int, stage: str) -> None:
                if stage not in tasks:
                    tasks[stage] = bar.add_task(stage, total=total)
                bar.update(tasks[stage], completed=done, total=total)

            yield report


def _wants_json(ctx: click.Context) -> bool:
    answer = ctx.find_object(Answer)
    return bool(answer and answer.as_json) or bool(ctx.params.get("as_json"))


def _say(answer: Answer, refusal: Refusal) -> None:
    if answer.as_json:
        answer.give({"error": refusal.as_dict()})
        return
    words = Text.assemble((refusal.code, "bold red"), "  ", refusal.message)
    Console(stderr=True, soft_wrap=True).print(words, highlight=False)


def _of_database(error: Exception) -> Refusal | None:
    if not type(error).__module__.startswith("sqlalchemy."):
        return None
    from web.cli.database import refusal_of  # noqa: PLC0415  most commands need no database

    return refusal_of(error)


class _Refusing:
    """Turns a refusal into exit code 1 and its facts, and gives every command `--json`."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a refusal ends it with code 1."""
        as_json = ctx.params.pop("as_json", False)
        answer = ctx.find_object(Answer)
        if answer is None or (as_json and not answer.as_json):
            ctx.obj = answer = Answer(as_json)
        try:
            return super().invoke(ctx)  # type: ignore[misc]
        except Refusal as refusal:
            _say(answer, refusal)
        except Exception as error:
            refused = _of_database(error)
            if refused is None:
                raise
            _say(answer, refused)
        ctx.exit(REFUSED)


class WanggeCommand(_Refusing, click.Command):
    """A command that answers in words or, with `--json`, in one document."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Add the `--json` option."""
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(["--json", "as_json"], is_flag=True, help="One JSON document.")
        )


class WanggeGroup(click.Group):
    """A group whose commands answer as above."""

    command_class = WanggeCommand
    group_class = type


give = click.make_pass_decorator(Answer)
