from __future__ import annotations

import pytest
from sqlalchemy import text

from grids.db import EVERYWHERE, begin
from grids.model import Role


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
    assert (row.role, row.territory_code) == ("leader", world.own.grid)
    assert row.record == f"unit {world.own.grid}"
    assert row.facts["people"] >= 1
    assert row.facts["publication"] == 1


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
