"""The audit trail: written by everybody, changed by nobody, and it shows."""

import pytest
from sqlalchemy import text

from grids import audit
from grids.errors import NotFound
from grids.model import Role


@pytest.fixture
def sealed(conn, make):
    viewer = make.viewer(Role.GRID_ADMIN)
    for k in range(5):
        facts = {"字": f"值\r\n{k}"}
        audit.record(conn, viewer, "test.do", f"thing {k}", territory=viewer.scope, facts=facts)
    assert audit.seal(conn) == 5
    return conn


def test_a_trail_that_nobody_touched_is_whole(sealed):
    found = audit.verify(sealed)
    assert (found.n_sealed, found.n_open, found.whole) == (5, 0, True)


def test_sealing_goes_on_where_it_stopped(sealed, make):
    audit.record(sealed, None, "test.more", "x", territory=None)
    assert audit.verify(sealed).n_open == 1
    assert audit.seal(sealed) == 1
    assert audit.seal(sealed) == 0
    assert audit.verify(sealed).whole


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET record = 'thing 9' WHERE sealed_as = 3",
        "UPDATE audit SET at = at - interval '1 microsecond' WHERE sealed_as = 3",
        "UPDATE audit SET facts = '{}' WHERE sealed_as = 3",
        "UPDATE audit SET success = false WHERE sealed_as = 3",
        "DELETE FROM audit WHERE sealed_as = 3",
        "DELETE FROM audit WHERE sealed_as = 3;"
        " UPDATE audit SET sealed_as = sealed_as - 1 WHERE sealed_as > 3",
        "UPDATE audit SET chain = sha256('x') WHERE sealed_as = 3",
        "UPDATE audit SET sealed_as = CASE sealed_as WHEN 3 THEN -4 ELSE -3 END"
        " WHERE sealed_as IN (3, 4); UPDATE audit SET sealed_as = -sealed_as WHERE sealed_as < 0",
    ],
)
def test_a_change_in_the_middle_is_found_at_its_place(sealed, tampering):
    for command in tampering.split("; "):
        sealed.execute(text(command))
    assert audit.verify(sealed).broken_at == 3


def test_a_tail_that_was_cut_is_found_by_a_head_kept_elsewhere(sealed):
    head = audit.verify(sealed).head
    sealed.execute(text("DELETE FROM audit WHERE sealed_as = 5"))
    assert audit.verify(sealed).whole
    assert audit.verify(sealed, known_head=head).broken_at == 5


def test_a_head_kept_earlier_stays_in_the_longer_chain(sealed):
    head = audit.verify(sealed).head
    audit.record(sealed, None, "test.more", "x", territory=None)
    audit.seal(sealed)
    assert audit.verify(sealed, known_head=head).whole


def test_the_web_role_writes_rows_about_other_territories_but_reads_only_its_own(
    conn, make, as_web
):
    viewer = make.viewer(Role.GRID_ADMIN, "530524101")
    as_web(viewer.scope)
    audit.record(conn, viewer, "test.do", "here", territory="530524101001")
    audit.record(conn, viewer, "test.do", "there", territory="530524102001")
    audit.refused(conn, viewer, NotFound(what="grid", key="530524102001001"), "/units")
    audit.record(conn, None, "test.do", "nowhere", territory=None)
    seen = conn.execute(text("SELECT record, success FROM audit ORDER BY audit_id")).all()
    assert seen == [("here", True), ("/units", False)]
