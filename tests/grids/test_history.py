"""Every date has its county: outlines, names, places, tiles, exports; and units have lives."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geo.coverage import prove
from geo.position import Position
from grids import display, history, plans, publications
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine, set_scope
from grids.errors import BadValue, NotFound
from grids.history import BeforeFirst, NotYet
from grids.locate import locate, locate_many
from grids.model import Level
from grids.publishing import publish
from layers import exports, tiles
from tests.grids.coverage_factory import COUNTY, VILLAGES, admin, found_small_county
from tests.grids.test_plans import adjacent_grids, line_across, neighbours
from tests.layers.mvt import read

GRID = f"{VILLAGES[0]}004"


def grids_of(conn):
    found = publications.outlines_in_force(conn, Level.GRID)
    return dict(zip(found.code.tolist(), found.outline.tolist(), strict=True))


@pytest.fixture(scope="module")
def told(clone):
    """A county with a past: split, merged, transferred, renamed; what was true after each."""
    engine = make_engine(clone(), pooled=False)
    states = {}

    def remember(conn):
        number = publications.require_current(conn).number
        states[number] = (bytes(publications.require_current(conn).digest), grids_of(conn))
        return number

    with begin(engine, EVERYWHERE) as conn:
        found_small_county(conn, free=0, keep=0)
        remember(conn)
    with begin(engine, EVERYWHERE) as conn:
        plan = plans.create(conn, admin(), "split").plan_id
        plans.split_grid(conn, admin(), plan, GRID, line_across(conn, GRID), "新网格")
        publish(conn, admin(), plan, "split")
        remember(conn)
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(text("UPDATE unit SET name = '改名后' WHERE code = :c"), {"c": GRID})
        plan = plans.create(conn, admin(), "transfer").plan_id
        cell, grid = neighbours(conn, VILLAGES[1])[0]
        plans.assign_cells(conn, admin(), plan, [cell], grid)
        publish(conn, admin(), plan, "transfer")
        remember(conn)
    with begin(engine, EVERYWHERE) as conn:
        plan = plans.create(conn, admin(), "merge").plan_id
        fresh = max(code for code in grids_of(conn) if code.startswith(VILLAGES[0]))
        plans.merge_grids(conn, admin(), plan, fresh, GRID)
        publish(conn, admin(), plan, "merge")
        remember(conn)
    return engine, states, fresh


@pytest.fixture
def conn(told):
    engine, *_ = told
    with engine.connect() as connection, connection.begin() as transaction:
        set_scope(connection, EVERYWHERE)
        yield connection
        transaction.rollback()


def now():
    return datetime.now(history.CHINA)


def past(conn, on):
    return history.find(conn, on, now())


# What was in force ------------------------------------------------------------------------------


def test_every_publication_has_the_outlines_that_it_had(conn, told):
    for number, (_, grids) in told[1].items():
        then = history.outlines(conn, past(conn, number), Level.GRID)
        assert set(then.code) == set(grids)
        for code, outline in zip(then.code, then.outline, strict=True):
            assert outline == grids[code]


def test_every_publication_is_proven(conn, told):
    for number in told[1]:
        then = past(conn, number)
        whole = history.outlines(conn, then, Level.COUNTY).outline
        assert prove(history.cells(conn, then).outline, shapely.union_all(whole)).exact


@pytest.mark.parametrize("level", ["county", "townships", "villages", "grids"])
def test_the_export_of_every_publication_passes_the_proof(conn, told, level):
    for number in told[1]:
        then = past(conn, number)
        cells = exports.read(conn, everyone(), "cells", area=None, past=then)
        units = exports.read(conn, everyone(), level, area=None, past=then)
        assert prove(list(cells.shapes), shapely.union_all(units.shapes)).exact
        assert prove(list(units.shapes), shapely.union_all(units.shapes)).exact


def test_a_moment_belongs_to_the_publication_that_was_in_force(conn, told):
    for number in told[1]:
        began = publications.get(conn, number).in_force_from
        assert past(conn, began).publication.number == number
        assert past(conn, began - timedelta(microseconds=1)).publication.number == number - 1


def test_a_day_means_its_end_in_china_and_today_means_now(conn, told):
    today = now().date()
    assert past(conn, today).publication.number == max(told[1])
    assert past(conn, today).moment <= now()


def test_midnight_belongs_to_the_day_that_begins(conn):
    conn.execute(
        text(
            "UPDATE publication SET in_force_from = CASE number WHEN 1 THEN"
            " timestamptz '2026-01-09 12:00+08' ELSE timestamptz '2026-01-11 00:00+08'"
            " + number * interval '1 us' - interval '2 us' END"
        )
    )
    assert past(conn, date(2026, 1, 10)).publication.number == 1
    assert past(conn, date(2026, 1, 11)).publication.number == 5


@pytest.mark.parametrize("on", [date(1999, 12, 31), datetime(2001, 1, 1, tzinfo=history.CHINA)])
def test_before_the_first_publication_there_is_nothing_to_answer(conn, on):
    with pytest.raises(BeforeFirst) as refused:
        past(conn, on)
    assert refused.value.facts["first"] == now().date().isoformat()


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(minutes=1)])
def test_the_future_is_not_answered(conn, ahead):
    with pytest.raises(NotYet):
        past(conn, now() + ahead if ahead < timedelta(days=1) else (now() + ahead).date())


@pytest.mark.parametrize("number", [0, 99])
def test_a_number_that_no_publication_has_is_not_found(conn, number):
    with pytest.raises(NotFound):
        past(conn, number)


@pytest.mark.parametrize("said", ["", "yesterday", "2026-13-01", "2026-01-01T25:00", "1.5", "-3"])
def test_a_text_that_is_no_time_is_refused(said):
    with pytest.raises(BadValue):
        history.parse_on(said)


def test_a_time_without_zone_is_chinas():
    assert history.parse_on("2026-01-01T08:00") == history.parse_on("2026-01-01T00:00+00:00")


def test_units_bear_the_names_of_their_time(conn, told):
    assert history.names(conn, past(conn, 2), [GRID]) == {GRID: "grid 004"}
    assert history.names(conn, past(conn, 4), [GRID]) == {GRID: "改名后"}
    units = exports.read(conn, everyone(), "grids", area=GRID, past=past(conn, 2))
    assert units.columns["name"] == ["grid 004"]


# Where was this? --------------------------------------------------------------------------------


def test_one_position_and_many_are_answered_alike_in_every_publication(conn, told):
    whole = shapely.union_all(list(grids_of(conn).values()))
    rng = np.random.default_rng(5)
    west, south, east, north = whole.bounds
    xy = np.column_stack([rng.uniform(west, east, 40), rng.uniform(south, north, 40)])
    for number, (_, grids) in told[1].items():
        then = past(conn, number)
        many = locate_many(conn, xy, then)
        for (lon, lat), code, border_m in zip(xy, many.grid_codes, many.border_m, strict=True):
            one = locate(conn, Position(lon, lat), 20.0, then)
            assert one.publication == number
            assert one.grid_code == code
            if code is not None:
                assert grids[code].covers(shapely.Point(lon, lat))
                assert one.border_m == pytest.approx(border_m, abs=0.01)


def test_the_present_is_what_it_was_when_it_came_into_force(conn, told):
    outline = next(iter(grids_of(conn).values()))
    at = Position(*outline.representative_point().coords[0])
    assert locate(conn, at, 30.0, past(conn, max(told[1]))) == locate(conn, at, 30.0)


# Tiles of the past ------------------------------------------------------------------------------


def address(lon, lat, z):
    flat = display.to_mercator([shapely.Point(lon, lat)])[0]
    size = 2 * np.pi * 6_378_137.0
    return int((flat.x / size + 0.5) * 2**z), int((0.5 - flat.y / size) * 2**z)


def drawn(conn, number, z=12):
    west, south, east, north = shapely.total_bounds(list(grids_of(conn).values()))
    (left, bottom), (right, top) = address(west, south, z), address(east, north, z)
    return {
        feature.properties["code"]: feature.properties["name"]
        for x in range(left, right + 1)
        for y in range(top, bottom + 1)
        for feature in read(tiles.units_tile(conn, z, x, y, number).plain).get("grid", [])
    }


@pytest.mark.parametrize("z", [8, 12, 15])
def test_tiles_of_the_past_show_the_grids_of_then_under_their_names(conn, told, z):
    for number, (_, grids) in told[1].items():
        shown = drawn(conn, number, z)
        assert set(shown) == set(grids)
        assert shown[GRID] == ("grid 004" if number < 4 else "改名后")


def test_a_tile_of_the_past_is_the_tile_that_was_drawn_then(told):
    engine, *_ = told
    with begin(engine, EVERYWHERE) as conn:
        last = publications.require_current(conn).number
        place = grids_of(conn)[GRID].representative_point()
        x, y = address(place.x, place.y, 13)
        before = tiles.units_tile(conn, 13, x, y)
        assert before.publication == last
        plan = plans.create(conn, admin(), "again").plan_id
        plans.merge_grids(conn, admin(), plan, *adjacent_grids(conn, VILLAGES[0]))
        publish(conn, admin(), plan, "again")
        assert tiles.units_tile(conn, 13, x, y).plain != before.plain
        assert tiles.units_tile(conn, 13, x, y, last) == before
        conn.rollback()


def test_publications_from_before_drawings_were_kept_show_their_outlines(conn, told):
    kept = drawn(conn, 3, 14)
    conn.execute(text("DELETE FROM display_drawn WHERE publication = 3"))
    assert drawn(conn, 3, 14) == kept


def test_only_what_changed_is_kept(conn):
    kept = conn.execute(
        text("SELECT count(*) FROM unit_display_past WHERE zoom = :exact AND lower(during) >= 2"),
        {"exact": display.ZOOMS[-1]},
    ).scalar()
    drawn = conn.execute(
        text("SELECT count(*) FROM unit_display WHERE zoom = :exact"), {"exact": display.ZOOMS[-1]}
    ).scalar()
    assert 0 < kept < drawn / 2
    before = conn.execute(text("SELECT count(*) FROM unit_display_past")).scalar()
    display.rebuild(conn)
    assert conn.execute(text("SELECT count(*) FROM unit_display_past")).scalar() == before


# What a publication changed ---------------------------------------------------------------------


def sides(features):
    return {
        (one["properties"]["code"], one["properties"]["side"]): one["properties"]["change"]
        for one in features
    }


def test_a_split_shows_the_grid_before_and_after_and_the_new_one(conn, told):
    fresh = told[2]
    assert sides(history.changes(conn, admin(), 2, 3)) == {
        (GRID, "before"): "reshaped",
        (GRID, "after"): "reshaped",
        (fresh, "after"): "new",
    }


def test_what_was_changed_and_changed_back_does_not_differ(conn, told):
    """The split was merged back: but for a vertex on the line, that grid is what it was."""
    changed = {code for code, _ in sides(history.changes(conn, admin(), 2, None))}
    then, today = told[1][2][1], grids_of(conn)
    assert set(then) == set(today)
    off = {code: then[code].symmetric_difference(today[code]).area * 111_000**2 for code in then}
    assert changed == {code for code, area_m2 in off.items() if area_m2 > 5}
    assert GRID not in changed


def test_the_first_publication_brought_everything(conn):
    found = history.changes(conn, admin(), None, 1)
    assert {one["properties"]["change"] for one in found} == {"new"}
    assert {one["properties"]["side"] for one in found} == {"after"}
    with pytest.raises(NotFound):
        history.changes(conn, admin(), 1, 99)


# A unit's life ----------------------------------------------------------------------------------


def kinds(found):
    return {(link.publication, link.source, link.target, link.kind) for link in found.links}


def test_a_retired_grid_says_where_it_came_from_and_what_it_became(conn, told):
    fresh = told[2]
    found = history.life(conn, admin(), fresh)
    assert {(3, GRID, fresh, "split"), (5, fresh, GRID, "merge")} <= kinds(found)
    by_code = {node.code: node for node in found.nodes}
    assert by_code[fresh].publication == 3
    assert by_code[fresh].ended is not None
    assert by_code[GRID].ended is None
    shared = {
        link.kind: link.area_m2 for link in found.links if fresh in (link.source, link.target)
    }
    assert shared["split"] == pytest.approx(shared["merge"], rel=1e-6)


def test_a_transfer_stands_beside_both_and_leads_no_further(conn):
    moved = history.changes(conn, admin(), 3, 4)
    loser, gainer = sorted({one["properties"]["code"] for one in moved})
    found = history.life(conn, admin(), gainer)
    assert loser in {node.code for node in found.nodes}
    assert {node.code for node in found.nodes if len(node.code) == 15} == {loser, gainer}


def test_a_life_outside_the_territory_is_not_told(conn):
    with pytest.raises(NotFound):
        history.life(conn, admin(VILLAGES[1]), GRID)
    with pytest.raises(NotFound):
        history.life(conn, admin(), COUNTY + "999999999")
