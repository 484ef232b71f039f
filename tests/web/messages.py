"""Every text that the server can say to a person, found where it is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

from babel.messages.extract import extract_from_dir

import geo
import grids
import importers
import layers
import web
from grids.plan_check import SENTENCES

PROJECT = Path(web.__file__).parent.parent
ROOMS = (geo, grids, layers, importers, web)


def _calls_and_classes() -> Iterator[ast.AST]:
    for room in ROOMS:
        for file in sorted(Path(room.__file__).parent.rglob("*.py")):
            if "node_modules" not in file.parts:
                yield from ast.walk(ast.parse(file.read_text("utf-8")))


def refusals() -> set[str]:
    """Return the sentence of every refusal of the house; `sentence` of a class is nothing else."""
    found = set()
    for node in _calls_and_classes():
        if not isinstance(node, ast.ClassDef):
            continue
        for line in node.body:
            target = line.targets[0] if isinstance(line, ast.Assign) else None
            target = line.target if isinstance(line, ast.AnnAssign) else target
            if isinstance(target, ast.Name) and target.id == "sentence" and line.value:
                found.add(ast.literal_eval(line.value))
    return found


def written() -> set[str]:
    """Return what stands in templates and in calls of gettext and lazy_gettext."""
    found = extract_from_dir(
        PROJECT / "web",
        method_map=[("templates/**.html", "jinja2"), ("**.py", "python")],
        keywords={"_": None, "_l": None, "gettext": None, "lazy_gettext": None},
        directory_filter=lambda folder: Path(folder).name not in ("client", "node_modules"),
    )
    return {message for _, _, message, _, _ in found}


@cache
def all_messages() -> frozenset[str]:
    """Return the English source of every text that is translated."""
    return frozenset(written() | refusals() | set(SENTENCES.values()))


def facts_of(template: str) -> set[str]:
    """Return the names of the facts that a template is filled with."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def literal_facts(name: str) -> set[str]:
    """Return the texts that are given anywhere as the fact `name` of a call."""
    return {
        str(given.value.value)
        for node in _calls_and_classes()
        if isinstance(node, ast.Call)
        for given in node.keywords
        if given.arg == name and isinstance(given.value, ast.Constant)
    }
