"""Every kind of notice that anybody posts has words in both languages."""

from __future__ import annotations

import ast
import re

from tests.conftest import PROJECT
from web.notify.words import SAID

WORDS = PROJECT / "web" / "client" / "src" / "words" / "notices.ts"
KIND = re.compile(r"[a-z]+\.[a-z_]+")
# Who is told, and by which name: calls whose arguments hold a kind.
TELLING = {"post", "tell", "_tell", "give_to"}


def posted() -> set[str]:
    """Return the kinds that stand in calls, in tables of who is told, and in SQL."""
    found = set()
    for file in sorted((PROJECT / "grids").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in TELLING:
                    found |= {
                        one.value
                        for one in node.args
                        if isinstance(one, ast.Constant) and isinstance(one.value, str)
                    }
    for file in sorted((PROJECT / "grids").rglob("*.sql")):
        for said in re.findall(r"INSERT INTO notice \(person_id, kind.*?;", file.read_text(), re.S):
            found |= set(re.findall(r"'([a-z]+\.[a-z_]+)'", said))
    return {kind for kind in found if KIND.fullmatch(kind)}


def test_every_kind_that_is_posted_has_words():
    said = set(re.findall(r'"notice\.([a-z_.]+)":', WORDS.read_text("utf-8")))
    assert len(posted()) > 12
    assert posted() - said == set()


def test_short_messages_are_of_kinds_that_exist():
    tried = (PROJECT / "web" / "views" / "notice_ways.py").read_text("utf-8")
    assert {kind for kind in SAID if f'"{kind}"' not in tried} <= posted()
