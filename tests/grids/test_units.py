"""The tree, the card and the search, cut to the viewer."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from grids import units
from grids.access import everyone
from grids.errors import NotFound
from grids.model import Level, Role
from tests.factories import COUNTY, TOWNSHIP, VILLAGE

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def county(make):
    grids = make.grids(2, 2, subgroups=2)
    make.grids(1, 1, village="530524102001", east_by=2)
    return grids


def test_the_tree_begins_at_the_viewers_territory(conn, make, county):
    assert [c.code for c in units.children(conn, everyone())] == [COUNTY]
    worker = make.viewer(Role.WORKER, county[1].code)
    assert [c.code for c in units.children(conn, worker)] == [county[1].code]
    below = units.children(conn, worker, county[1].code)
    assert [c.code for c in below] == [county[1].code + "01", county[1].code + "02"]
    with pytest.raises(NotFound):
        units.children(conn, worker, county[0].code)


def test_a_line_of_the_tree_says_how_large_and_how_many(conn, make, county):
    (village,) = units.children(conn, make.viewer(Role.LEADER, TOWNSHIP), TOWNSHIP)
    assert (village.code, village.level, village.n_children) == (VILLAGE, "village", 4)
    assert village.bbox == pytest.approx((99.60, 24.82, 99.62, 24.84))
    assert village.area_m2 == pytest.approx(4 * 1011 * 1108, rel=0.01)


def test_the_card_says_who_answers_what_lies_in_it_and_who_is_beside_it(conn, make, county):
    first, second, third, _ = county
    primary = make.duty(first.code, "primary", name="王五")
    make.leave(primary, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    make.duty(second.code, "primary", name="赵六")
    make.household("h1", grid=first)
    make.household("h2", grid=second)
    make.camera("c1", first)
    card = units.card(conn, make.viewer(Role.GRID_ADMIN, TOWNSHIP), first.code, NOW)
    assert [step["code"] for step in card.path] == [COUNTY, TOWNSHIP, VILLAGE, first.code]
    assert (card.n_households, card.n_cameras, card.n_open_incidents) == (1, 1, 0)
    assert [(d["name"], d["rank"], d["on_leave"]) for d in card.duties] == [
        ("王五", "primary", True)
    ]
    # The fourth touches it in a corner only.
    assert [(n.code, n.worker) for n in card.neighbours] == [
        (second.code, "赵六"),
        (third.code, None),
    ]
    assert card.centre is not None
    assert card.retired_at is None


def test_an_auditor_sees_places_and_no_people(conn, make, county):
    make.duty(county[0].code, "primary")
    make.duty(county[1].code, "primary")
    card = units.card(conn, make.viewer(Role.AUDITOR), county[0].code, NOW)
    assert card.duties == []
    assert {neighbour.worker for neighbour in card.neighbours} == {None}


def test_history_tells_where_the_land_came_from(conn, make, county):
    conn.execute(
        text(
            "INSERT INTO lineage (publication, from_code, to_code, kind, area_m2, n_households)"
            " VALUES (1, :a, :b, 'transfer', 10, 3)"
        ),
        {"a": county[0].code, "b": county[1].code},
    )
    for code in (county[0].code, county[1].code):
        (line,) = units.card(conn, everyone(), code, NOW).history
        assert (line["from"], line["to"], line["n_households"]) == (
            county[0].code,
            county[1].code,
            3,
        )


def test_there_is_no_card_of_what_lies_outside_or_does_not_exist(conn, make, county):
    viewer = make.viewer(Role.GRID_ADMIN, TOWNSHIP)
    for code in ("530524102001001", TOWNSHIP + "999"):
        with pytest.raises(NotFound):
            units.card(conn, viewer, code, NOW)


def test_an_outline_is_a_feature_of_the_union_of_cells(conn, make, county):
    feature = units.outline(conn, everyone(), county[0].code)
    assert feature["geometry"]["type"] == "MultiPolygon"
    assert feature["properties"]["code"] == county[0].code
    with pytest.raises(NotFound):
        units.outline(conn, make.viewer(Role.WORKER, county[0].code), county[1].code)


def test_the_extent_of_the_county_is_found_without_its_code(conn, county):
    assert units.extent(conn, None)["bbox"] == pytest.approx((99.60, 24.82, 99.63, 24.84))
    assert units.extent(conn, VILLAGE)["code"] == VILLAGE
    assert units.extent(conn, "999999") is None


@pytest.fixture
def things(conn, make, county):
    make.unit(
        VILLAGE + "900", Level.GRID, "田园第一网格", initials="tydywg", source_code="W01000123"
    )
    make.duty(county[0].code, "primary", name="王小明")
    make.household("HH-0001", grid=county[0], address="田园镇文明街 1 号")
    make.household("HH-0002", grid=county[1], address="田园镇文明街 2 号")
    make.camera("CAM_100%", county[0])
    return county


@pytest.mark.parametrize(
    ("said", "kind", "title"),
    [
        (VILLAGE + "90", "unit", "田园第一网格"),
        ("W01000123", "unit", "田园第一网格"),
        ("第一", "unit", "田园第一网格"),
        ("tydy", "unit", "田园第一网格"),
        ("TYDY", "unit", "田园第一网格"),
        ("小明", "person", "王小明"),
        ("HH-0001", "household", "HH-0001"),
        ("文明街 2", "household", "HH-0002"),
        ("CAM_100%", "camera", "CAM_100%"),
    ],
)
def test_one_box_finds(conn, make, things, said, kind, title):
    hits = units.search(conn, make.viewer(Role.GRID_ADMIN), said)
    assert (kind, title) in {(hit.kind, hit.title) for hit in hits}


@pytest.mark.parametrize("said", ["", " ", "%", "_", "\\", "' OR 1=1 --", "x" * 500])
def test_signs_of_the_query_language_mean_themselves(conn, things, said):
    found = units.search(conn, everyone(), said)
    assert {hit.title for hit in found} <= {"CAM_100%"}


def test_a_search_finds_nothing_beyond_the_territory(conn, make, things, as_web):
    worker = make.viewer(Role.WORKER, things[0].code)
    as_web(worker.scope)
    assert [h.title for h in units.search(conn, worker, "文明街")] == ["HH-0001"]
    assert units.search(conn, worker, things[1].code) == []
    # Cameras are not for workers, wherever they stand.
    assert units.search(conn, worker, "CAM") == []


def test_a_card_and_the_tree_count_the_same_households(conn, make, county):
    first, *_ = county
    make.household("h1", grid=first)
    make.household("waiting")
    conn.execute(
        text("UPDATE unit_outline SET n_households = 1 WHERE unit_code LIKE :c || '%'"),
        {"c": COUNTY},
    )
    viewer = make.viewer(Role.GRID_ADMIN, COUNTY)
    card = units.card(conn, viewer, COUNTY, NOW)
    assert (card.n_households, card.n_unplaced) == (1, 1)
    tree = {child.code: child.n_households for child in units.children(conn, viewer, None)}
    assert tree.get(COUNTY, 1) == card.n_households
