from __future__ import annotations

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from grids.db import EVERYWHERE, begin
from grids.model import Role
from grids.publications import require_current
from web.cli import main


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/print/grids/{t.grid}.pdf", "card-{t.grid}.pdf"),
        ("/print/townships/{t.code}.pdf?lang=en", "book-{t.code}.pdf"),
        ("/print/wall/{t.code}.pdf?paper=A3&on=1", "wall-{t.code}.pdf"),
    ],
)
def test_a_print_is_a_pdf_to_keep(world, token_as, path, name):
    answer = token_as(Role.GRID_ADMIN).get(path.format(t=world.own))
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")
    assert name.format(t=world.own) in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_print_leaves_a_row_that_says_how_many_people_it_names(world, token_as):
    token_as(Role.LEADER).get(f"/print/grids/{world.own.grid}.pdf")
    with begin(world.engine, EVERYWHERE) as conn:
        row = conn.execute(
            text(
                "SELECT role, record, territory_code, facts FROM audit"
                " WHERE action = 'print.card' ORDER BY audit_id DESC LIMIT 1"
            )
        ).one()
        current = require_current(conn).number
    assert (row.role, row.territory_code) == ("leader", world.own.grid)
    assert row.record == f"unit {world.own.grid}"
    assert row.facts["people"] >= 1
    assert row.facts["publication"] == current


def test_a_card_of_another_territory_does_not_exist(world, token_as):
    answer = token_as(Role.GRID_ADMIN).get(f"/print/grids/{world.foreign.grid}.pdf")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_books_and_wall_maps_are_exports(world, token_as):
    for path in (f"/print/townships/{world.own.code}.pdf", f"/print/wall/{world.own.code}.pdf"):
        answer = token_as(Role.DISPATCHER).get(path)
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("query", "status"), [("on=9", 404), ("on=last", 422), ("paper=A2", 422), ("scale=1", 422)]
)
def test_what_is_not_understood_is_refused(world, token_as, query, status):
    answer = token_as(Role.GRID_ADMIN).get(f"/print/wall/{world.own.code}.pdf?{query}")
    assert answer.status_code == status


def test_a_unit_of_the_wrong_level_is_refused_in_words(world, token_as):
    answer = token_as(Role.GRID_ADMIN).get(f"/print/grids/{world.own.village}.pdf?lang=zh")
    assert (answer.status_code, answer.json["code"]) == (422, "print.level")
    assert "不能按" in answer.json["detail"]


@pytest.fixture
def wangge(world, monkeypatch, tmp_path):
    """`wangge("print", ...)` runs a command on the world's database: (exit code, document)."""
    monkeypatch.setenv("DATABASE_URL", world.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))

    def run(*arguments: str):
        result = CliRunner().invoke(main, ["--json", *arguments], catch_exceptions=False)
        return result.exit_code, orjson.loads(result.stdout)

    return run


@pytest.mark.parametrize(
    ("kind", "code", "more"),
    [("card", "grid", ()), ("book", "code", ("--on", "1")), ("wall", "code", ("--paper", "A3"))],
)
def test_the_command_writes_the_same_maps(world, wangge, tmp_path, kind, code, more):
    out = tmp_path / "map.pdf"
    status, said = wangge("print", kind, getattr(world.own, code), str(out), *more)
    assert (status, said["missing"], said["unplaced"]) == (0, [], [])
    with begin(world.engine, EVERYWHERE) as conn:
        assert said["publication"] == (1 if "--on" in more else require_current(conn).number)
    assert out.read_bytes().startswith(b"%PDF-")
    assert said["bytes"] == out.stat().st_size


def test_the_command_refuses_what_is_not_there(world, wangge, tmp_path):
    out = tmp_path / "map.pdf"
    assert wangge("print", "card", "530524999", str(out))[1]["error"]["code"] == "not_found"
    assert wangge("print", "book", world.own.grid, str(out))[1]["error"]["code"] == "print.level"
    assert not out.exists()
