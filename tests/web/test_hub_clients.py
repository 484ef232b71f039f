"""Open streams by person and by territory; the slow are cut, and nobody waits for them."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

from grids.model import Role, Viewer
from tests.coroutines import finish
from web.hub.asgi import _write
from web.hub.clients import MOST_WAITING, SLOWEST_WRITE_S, Client, Clients, Credentials

ANY = Credentials(b"", False)


def client(scope="530524", person=None, role=Role.DISPATCHER):
    return Client(ANY, Viewer(person or uuid4(), "", role, scope))


def test_a_change_reaches_the_territories_that_hold_it_and_no_others():
    clients = Clients()
    county, town, other, village = map(client, ("530524", "530524101", "530524102", "530524101001"))
    everywhere = client("")
    for one in (county, town, other, village, everywhere):
        clients.add(one)
    grid = "530524101001001"
    assert set(clients.over([grid])) == {county, town, village, everywhere}
    assert set(clients.over([grid, "530524102001001"])) == {
        county,
        town,
        other,
        village,
        everywhere,
    }
    assert set(clients.touching("530524101")) == {county, town, village, everywhere}
    assert set(clients.touching("")) == clients.all


def test_who_goes_on_under_another_right_is_found_there():
    clients, one = Clients(), client("530524101")
    clients.add(one)
    clients.change_viewer(one, Viewer(one.viewer.person_id, "", Role.LEADER, "530524102"))
    assert set(clients.over(["530524101001"])) == set()
    assert set(clients.over(["530524102001"])) == {one}
    clients.remove(one)
    clients.remove(one)
    assert len(clients) == 0
    assert clients.of_person(one.viewer.person_id) == ()


def test_what_waits_for_one_reader_is_bounded():
    async def go():
        one = client()
        for _ in range(MOST_WAITING // 1000 + 2):
            one.put(b"x" * 1000)
        assert one.ended
        assert one.waiting == []
        assert await one.take() == b""

    finish(go())


def test_a_write_that_is_stuck_is_given_up():
    async def go():
        one, said = client(), []

        async def send(message):
            said.append(message["type"])
            if len(said) == 3:
                await asyncio.Event().wait()

        one.writing = asyncio.create_task(_write(one, send))
        one.put(b"x")
        while len(said) < 3:
            await asyncio.sleep(0)
        at = time.monotonic()
        assert not one.is_stuck(at)
        assert one.is_stuck(at + SLOWEST_WRITE_S + 1)
        one.cut()
        await asyncio.wait({one.writing}, timeout=5)
        assert one.writing.cancelled()

    finish(go())
