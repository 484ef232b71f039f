"""Households and cameras: masked, cut to the territory, placed in the coverage."""

import pytest
from sqlalchemy import text

from grids import registry
from grids.access import everyone
from grids.errors import BadValue, Forbidden, NotFound
from grids.model import Role
from grids.secrets import KeyRing
from tests.factories import COUNTY, TOWNSHIP, VILLAGE

KEYS = KeyRing({1: b"k" * 32})


@pytest.fixture
def grids(make):
    return make.grids(1, 2, subgroups=2)


def test_a_household_is_shown_masked(conn, make, grids):
    key = make.household("h1", grid=grids[0], phone=KEYS.encrypt("13812345678"))
    household = registry.get_household(conn, make.viewer(Role.WORKER, grids[0].code), key)
    assert household.phone_mask == "138****5678"
    assert "13812345678" not in repr(household)


def test_the_number_is_revealed_for_a_reason_that_stays(conn, make, grids, as_web):
    key = make.household("h1", grid=grids[0], phone=KEYS.encrypt("13812345678"))
    worker = make.viewer(Role.WORKER, grids[0].code)
    as_web(worker.scope)
    assert registry.reveal_phone(conn, worker, key, "回访", KEYS) == "13812345678"
    row = conn.execute(text("SELECT action, record, reason, facts FROM audit")).one()
    assert (row.action, row.reason) == ("household.reveal", "回访")
    assert "138" not in str(row)
    with pytest.raises(BadValue):
        registry.reveal_phone(conn, worker, key, "  ", KEYS)


def test_those_without_need_reveal_nothing(conn, make, grids):
    key = make.household("h1", grid=grids[0], phone=KEYS.encrypt("13812345678"))
    for role in (Role.DISPATCHER, Role.LEADER, Role.SYSADMIN):
        with pytest.raises(Forbidden):
            registry.reveal_phone(conn, make.viewer(role), key, "看看", KEYS)


def test_pages_of_households_follow_each_other(conn, make, grids):
    for k in range(5):
        make.household(f"h{k}", grid=grids[0])
    make.household("g0", grid=grids[1])
    viewer, seen, after = make.viewer(Role.WORKER, grids[0].code), [], None
    while True:
        page, after = registry.list_households(conn, viewer, grids[0].code, after=after, limit=2)
        seen += [household.number for household in page]
        if after is None:
            break
    assert seen == [f"h{k}" for k in range(5)]


def test_nothing_beyond_the_territory_is_read_by_query_or_wall(conn, make, grids, as_web):
    mine = make.household("mine", grid=grids[0])
    foreign = make.household("foreign", grid=grids[1])
    camera = make.camera("c", grids[1])
    worker = make.viewer(Role.WORKER, grids[0].code)
    admin, wide = make.viewer(Role.GRID_ADMIN, grids[0].code), make.viewer(Role.GRID_ADMIN)
    with pytest.raises(NotFound):
        registry.get_household(conn, worker, foreign)
    with pytest.raises(NotFound):
        registry.list_households(conn, worker, grids[1].code)
    with pytest.raises(NotFound):
        registry.get_camera(conn, admin, camera)
    as_web(grids[0].code)
    page, _ = registry.list_households(conn, wide, COUNTY)
    assert [household.household_id for household in page] == [mine]
    assert registry.list_cameras(conn, wide, COUNTY) == ([], None)
    with pytest.raises(NotFound):
        registry.get_household(conn, wide, foreign)


def test_cameras_are_not_for_workers_and_leaders(conn, make, grids):
    key = make.camera("c", grids[0])
    for role in (Role.WORKER, Role.LEADER):
        with pytest.raises(Forbidden):
            registry.get_camera(conn, make.viewer(role), key)
    assert registry.get_camera(conn, make.viewer(Role.DISPATCHER), key).device_id == "c"


def test_placing_writes_what_moved_and_counts_again(conn, make, grids):
    make.household("in", at=make.at(grids[1], 0.75, 0.5))
    make.household("out", at=make.at(grids[1], 3, 0.5))
    make.household("by code", grid=grids[0], at=make.centre_of(grids[1]))
    make.household("nowhere")
    camera = make.camera("c", grids[0], at=make.at(grids[1], 0.25, 0.5))
    assert registry.place_all(conn) == (1, 1)
    rows = conn.execute(
        text("SELECT number, subgroup_code, placed_by, territory_code FROM household ORDER BY 1")
    ).all()
    assert rows == [
        ("by code", None, "code", grids[0].code),
        ("in", grids[1].code + "02", "position", grids[1].code + "02"),
        ("nowhere", None, "unplaced", COUNTY),
        ("out", None, "unplaced", COUNTY),
    ]
    assert registry.get_camera(conn, everyone(), camera).subgroup_code == grids[1].code + "01"
    counted = conn.execute(
        text("SELECT n_households FROM unit_outline WHERE level = 'grid' ORDER BY unit_code")
    )
    assert counted.scalars().all() == [1, 1]
    assert registry.place_all(conn) == (0, 0)


def test_what_waits_for_a_place_is_counted_in_its_territory(conn, make, grids):
    make.household("a")
    make.household("b", grid=grids[0])
    assert registry.unplaced(conn, COUNTY) == registry.Unplaced(1, 0, 0)
    assert registry.unplaced(conn, TOWNSHIP) == registry.Unplaced(0, 0, 0)
    page, _ = registry.list_households(conn, everyone(), COUNTY, unplaced=True)
    assert [household.number for household in page] == ["a"]
    assert registry.list_households(conn, everyone(), VILLAGE, unplaced=True)[0] == []
