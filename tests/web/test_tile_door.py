"""Unit tiles said again by the door: the same answer, and only to whom the views let through."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from grids import people, staff
from grids.access import everyone
from grids.db import EVERYWHERE, begin
from grids.model import Role
from tests.coroutines import finish
from tests.web.conftest import OWN, Caller
from tests.web.test_history_api import tile_of
from web.clock import now
from web.tile_door import TRUSTED_S, TileDoor
from web.wsgi_bridge import WsgiBridge


class Front:
    """The door before the application, with a clock of its own; it counts what is passed on."""

    def __init__(self, app) -> None:
        self.seconds = 0.0
        self.n_asked = 0
        self._views = WsgiBridge(app, 2)
        self._door = TileDoor(self._count, lambda: self.seconds)

    async def _count(self, scope, receive, send) -> None:
        self.n_asked += 1
        await self._views(scope, receive, send)

    def get(self, path, account=None, **headers):
        if account:
            headers["Authorization"] = f"Bearer {account.token}"

        async def go():
            transport = httpx.ASGITransport(app=self._door)
            async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
                return await client.get(
                    path, headers={k.replace("_", "-"): v for k, v in headers.items()}
                )

        return finish(go())


@pytest.fixture
def front(app):
    return Front(app)


@pytest.fixture
def tile(world):
    return f"/tiles/1/units/{tile_of(world)}"


@pytest.fixture
def guest(staff_of):
    """Somebody of one test alone, whose rights it may take away."""
    return staff_of.new(f"guest-{uuid4().hex}", Role.WORKER, OWN)


def test_a_tile_is_said_again_with_the_same_bytes_and_headers(front, tile, guest):
    first, again = front.get(tile, guest), front.get(tile, guest)
    assert front.n_asked == 1
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert (again.headers["Content-Encoding"], again.headers["ETag"][:3]) == ("gzip", '"1-')
    assert dict(first.headers) == dict(again.headers)
    assert "nosniff" in again.headers["X-Content-Type-Options"]


def test_a_tile_that_the_reader_has_is_not_sent_again(front, tile, guest):
    etag = front.get(tile, guest).headers["ETag"]
    answers = [front.get(tile, guest, If_None_Match=etag) for _ in range(3)]
    assert [(one.status_code, one.content) for one in answers] == [(304, b"")] * 3
    assert dict(answers[0].headers) == dict(answers[2].headers)
    assert front.n_asked == 2
    # another spelling is understood by the views, and learnt from no further than that
    assert front.get(tile, guest, If_None_Match=f'"x", {etag}').status_code == 304
    assert front.get(tile, guest, If_None_Match='"x"').status_code == 200
    assert front.n_asked == 4


def test_after_a_second_the_right_is_looked_up_again(front, tile, guest):
    front.get(tile, guest)
    front.seconds = TRUSTED_S - 0.01
    front.get(tile, guest)
    assert front.n_asked == 1
    front.seconds = TRUSTED_S
    assert front.get(tile, guest).status_code == 200
    assert front.n_asked == 2


@pytest.mark.parametrize("how", ["account", "token", "grant"])
def test_who_lost_the_right_gets_no_tile_after_a_second(front, tile, guest, world, how):
    assert front.get(tile, guest).status_code == 200
    take_away(world, guest, how)
    front.seconds = TRUSTED_S
    assert front.get(tile, guest).status_code == 401
    assert front.get(tile, guest).status_code == 401


def take_away(world, guest, how):
    with begin(world.engine, EVERYWHERE) as conn:
        root = everyone()
        if how == "account":
            staff.close_account(conn, root, guest.viewer.person_id, now())
        elif how == "token":
            staff.end_token(conn, root, people.token_hash(guest.token), now())
        else:
            granted = conn.execute(
                text("SELECT grant_id FROM access_grant WHERE person_id = :id"),
                {"id": guest.viewer.person_id},
            ).scalar_one()
            staff.end_grant(conn, root, granted, now())


def test_a_signed_out_session_ends_within_the_second(front, tile, app, guest, world):
    cookie = signed_in_cookie(app, guest)
    assert front.get(tile, Cookie=cookie).status_code == 200
    with begin(world.engine, EVERYWHERE) as conn:
        people.end_sessions(conn, guest.viewer.person_id)
    front.seconds = TRUSTED_S
    assert front.get(tile, Cookie=cookie).status_code == 401


def signed_in_cookie(app, account):
    caller = Caller(app)
    assert caller.sign_in(account.login).status_code == 302
    return f"wangge={caller.client.get_cookie('wangge').value}"


def test_a_kept_tile_is_nothing_to_others(front, tile, guest, staff_of):
    front.get(tile, guest)
    assert front.get(tile).status_code == 401
    assert front.get(tile, Authorization=f"Bearer {guest.token}x").status_code == 401
    assert front.get(tile, Cookie="wangge=guessed").status_code == 401
    # a bearer token rules out the cookie beside it, whosoever both are
    both = front.get(tile, guest, Cookie="wangge=guessed")
    assert (both.status_code, front.n_asked) == (200, 5)


def test_what_is_not_there_yet_is_never_kept(front, tile, guest):
    future = tile.replace("/tiles/1/", "/tiles/9/")
    for n in (1, 2):
        assert front.get(future, guest).headers["Cache-Control"] == "no-store"
        assert front.n_asked == n


def test_points_questions_and_other_methods_are_passed_on(front, tile, guest):
    front.get(tile, guest)
    for path in (tile + "?lang=en", tile.replace("units", "cameras"), tile + "/", tile[:-4]):
        front.get(path, guest)
        front.get(path, guest)
    assert front.n_asked == 9
