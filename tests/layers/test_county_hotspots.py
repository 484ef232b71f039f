import json
from datetime import date, timedelta

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geo.county import invented_outline, make_county
from geo.coverage import prove
from geo.hotspots.inputs import UnusableCounts
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine, set_scope
from grids.errors import Forbidden, NotFound
from grids.model import Level, Role, Viewer
from layers import county_hotspots
from layers.hotspot_methods import NoSuchMethod, drawn_by, table
from tests.factories import COUNTY, VILLAGE, Make

SINCE, UNTIL = date(2025, 3, 1), date(2025, 3, 30)
SIDE = 9
OTHER = COUNTY + "102001"


def build(conn):
    """Fill a chessboard: forty households a grid, 12 reports each in the middle, 2 or 3 around."""
    make = Make(conn)
    board = Board(conn, [unit.code for unit in make.grids(SIDE, SIDE)])
    make.matter("0201")
    make.matter("0202")
    conn.execute(text("UPDATE unit_outline SET n_households = 40 WHERE level = 'grid'"))
    for k, grid in enumerate(board.grids):
        board.report(grid, SINCE, 12 if core(k) else 2 + k % 2)
    return board


def core(k):
    row, column = divmod(k, SIDE)
    return abs(row - SIDE // 2) <= 1 and abs(column - SIDE // 2) <= 1


class Board:
    def __init__(self, conn, grids):
        self.conn, self.grids = conn, grids

    def report(self, grid, day, n, matter="0201"):
        self.conn.execute(
            text(
                "INSERT INTO daily_count (grid_code, day, matter_code, level, source, n)"
                " VALUES (:grid, :day, :matter, 'ordinary', 'desk', :n)"
                " ON CONFLICT (grid_code, day, matter_code, level, source)"
                " DO UPDATE SET n = daily_count.n + excluded.n"
            ),
            {"grid": grid, "day": day, "matter": matter, "n": n},
        )

    def publish(self, day, *lineage, source="studio"):
        """Write down a publication of a day: (from, to, kind) of the units it touched."""
        plan = self.conn.execute(
            text(
                "INSERT INTO plan (title, source, territory_code, state)"
                " VALUES ('p', :source, :county, 'published') RETURNING plan_id"
            ),
            {"source": source, "county": COUNTY},
        ).scalar()
        self.conn.execute(
            text(
                "INSERT INTO publication (number, base, at, in_force_from, plan_id, n_changed,"
                " digest) SELECT max(number) + 1, max(number), :day, :day, :plan, 1,"
                " sha256(CAST(:plan AS text)::bytea) FROM publication"
            ),
            {"day": day, "plan": plan},
        )
        for origin, heir, kind in lineage:
            self.conn.execute(
                text(
                    "INSERT INTO lineage (publication, from_code, to_code, kind, area_m2)"
                    " SELECT max(number), :a, :b, :kind, 1 FROM publication"
                ),
                {"a": origin, "b": heir, "kind": kind},
            )


@pytest.fixture(scope="module")
def county_engine(clone):
    """A database with the board in it; each test takes back what it does."""
    engine = make_engine(clone(), pooled=False)
    with begin(engine, EVERYWHERE) as conn:
        grids = build(conn).grids
    return engine, grids


@pytest.fixture
def conn(county_engine):
    with county_engine[0].connect() as conn, conn.begin() as transaction:
        set_scope(conn, EVERYWHERE)
        yield conn
        transaction.rollback()


@pytest.fixture
def board(conn, county_engine):
    return Board(conn, county_engine[1])


def read(board, since=SINCE, until=UNTIL, viewer=None, **more):
    return county_hotspots.read(board.conn, viewer or leader(), since, until, **more)


def leader(scope=COUNTY):
    return Viewer(None, "leader", Role.LEADER, scope)


def flagged(hotspots):
    return {row.code for row in hotspots.rows if "not_comparable" in row.flags}


def note(hotspots, code):
    return dict(dict(hotspots.notes).get(code, {}))


def test_the_grids_with_many_reports_stand_out(board):
    shown = read(board)
    assert shown.observed == 9 * 12 + 72 * 2 + sum(k % 2 for k in range(81) if not core(k))
    assert {row.code for row in shown.rows if row.outline} >= {board.grids[40]}
    assert shown.ranking()[0].code == board.grids[40]
    assert [row.code for row in shown.rows] == board.grids
    json.dumps(shown.as_dict())


def test_both_days_of_the_window_count_and_no_other(board):
    for shift, day in ((-1, SINCE), (0, SINCE), (0, UNTIL), (1, UNTIL)):
        board.report(board.grids[0], day + timedelta(days=shift), 100)
    assert read(board).rows[0].observed == 2 + 200


def test_a_matter_is_counted_alone(board):
    board.report(board.grids[3], SINCE, 7, matter="0202")
    shown = read(board, matter="0202")
    assert (shown.observed, shown.matter) == (7, "0202")
    assert read(board).rows[3].observed == 3 + 7


def test_grids_that_meet_at_a_corner_are_neighbours(board):
    ground = county_hotspots.count(board.conn, leader(), SINCE, UNTIL).ground
    beside = ground.pairs[(ground.pairs == 40).any(axis=1)]
    assert sorted(set(beside.ravel()) - {40}) == [30, 31, 32, 39, 41, 48, 49, 50]


def test_a_viewer_reads_the_own_territory_alone(board, as_web):
    Make(board.conn).grids(2, 2, village=OTHER, east_by=SIDE)
    board.conn.execute(text("UPDATE unit_outline SET n_households = 40 WHERE level = 'grid'"))
    board.conn = as_web(OTHER)
    mine = leader(OTHER)
    assert {row.code[:12] for row in read(board, viewer=mine).rows} == {OTHER}
    assert len(read(board, viewer=mine, area=OTHER + "002").rows) == 1
    for outside in (VILLAGE, COUNTY, VILLAGE + "001"):
        with pytest.raises(NotFound):
            read(board, viewer=mine, area=outside)
    assert len(read(board, viewer=leader()).rows) == SIDE**2 + 4


def test_what_does_not_exist_is_refused(board):
    with pytest.raises(NotFound):
        read(board, matter="9999")
    with pytest.raises(NotFound):
        read(board, area=COUNTY + "999")
    with pytest.raises(Forbidden):
        read(board, viewer=Viewer(None, "w", Role.WORKER, COUNTY))


def test_too_few_households_are_a_refusal_and_no_map(board):
    board.conn.execute(text("UPDATE unit_outline SET n_households = 4"))
    with pytest.raises(UnusableCounts):
        read(board)


def test_the_version_is_that_of_what_is_shown(board):
    first = read(board)
    assert read(board) is first
    # A report moved from one grid to another leaves every sum as it was.
    board.report(board.grids[0], SINCE, -1)
    board.report(board.grids[2], SINCE, 1)
    moved = read(board)
    assert moved.observed == first.observed
    assert moved.data_version != first.data_version
    board.conn.execute(
        text("UPDATE unit SET name = '新名' WHERE code = :code"), {"code": board.grids[0]}
    )
    assert read(board).data_version != moved.data_version
    assert read(board, until=UNTIL + timedelta(days=1)).data_version != moved.data_version


def test_outlines_and_neighbours_are_read_once_a_publication(board):
    ground = county_hotspots.count(board.conn, leader(), SINCE, UNTIL).ground
    assert county_hotspots.count(board.conn, leader(), SINCE, SINCE).ground is ground
    board.publish(date(2024, 1, 1))
    assert county_hotspots.count(board.conn, leader(), SINCE, UNTIL).ground is not ground


def test_a_grid_that_was_redrawn_since_the_window_began_is_not_comparable(board):
    old, first, second, later, *_ = board.grids
    board.publish(date(2025, 2, 28), (old, first, "transfer"))
    board.publish(date(2025, 3, 15), (first, second, "split"))
    board.publish(date(2025, 9, 1), (None, later, "create"))
    shown = read(board)
    assert flagged(shown) == {first, second, later}
    claimed = [row for row in shown.rows if "not_comparable" in row.flags]
    assert {(row.paint, row.outline, row.rank) for row in claimed} == {
        ("not_comparable", None, None)
    }
    assert note(shown, "hotspots.not_comparable") == {
        "count": 3,
        "codes": [first, second, later],
    }
    assert flagged(read(board, since=date(2025, 3, 16), until=UNTIL)) == {later}


def test_the_founding_of_a_coverage_changes_no_border(board):
    board.publish(
        date(2025, 3, 15), *((None, code, "create") for code in board.grids), source="import"
    )
    assert flagged(read(board)) == set()
    assert not note(read(board), "hotspots.not_comparable")


def test_reports_of_grids_that_are_gone_are_told_apart(board):
    before = read(board).observed
    gone, tiny = board.grids[-2:]
    for code, households in ((gone, 12), (tiny, 3)):
        board.conn.execute(
            text(
                "UPDATE unit_outline SET valid = tstzrange(lower(valid) - interval '1 day', now()),"
                " n_households = :n WHERE unit_code = :code"
            ),
            {"n": households, "code": code},
        )
    board.publish(date(2025, 1, 1))
    shown = read(board)
    # Nobody learns of the three households how often they reported.
    assert note(shown, "hotspots.former") == {"grids": 2, "observed": 3}
    assert shown.observed == before - 3 - 2
    assert len(shown.rows) == SIDE**2 - 2


# The sheet and the table ----------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "title"), [("zh-CN", "热点图"), ("en", "Hotspots: ")])
def test_the_sheet_says_what_it_shows_and_asks_nobody(board, locale, title):
    page = county_hotspots.sheet(
        board.conn, leader(), SINCE, UNTIL, matter="0201", area=VILLAGE, locale=locale
    )
    assert title in page
    assert "village 001" in page
    assert "src=" not in page.split("<body")[1].split("<script")[0]
    assert board.grids[40] in page


def test_the_sheet_of_redrawn_grids_says_so(board):
    board.publish(date(2025, 3, 15), (board.grids[0], board.grids[1], "transfer"))
    page = county_hotspots.sheet(board.conn, leader(), SINCE, UNTIL, locale="en")
    assert "2 grids were redrawn" in page


def test_outlines_of_a_sheet_are_simplified_together():
    county = make_county(invented_outline(radius_km=6, seed=5), [2, 2], 40, 160, 5)
    drawn = county_hotspots.drawable(county.cells)
    assert prove(drawn).exact
    assert (
        shapely.get_num_coordinates(drawn).sum() < shapely.get_num_coordinates(county.cells).sum()
    )


def test_what_is_no_coverage_is_drawn_as_it_is():
    apart = np.array([shapely.box(0, 0, 1, 1), shapely.box(0.5, 0, 2, 1)])
    assert (county_hotspots.drawable(apart) == apart).all()


def test_by_gi_the_outline_is_its_class_and_the_rank_its_z(board):
    shown = drawn_by(read(board), "gi")
    outline = {3: "double", 2: "solid"}
    for row in shown.rows:
        assert row.outline == outline.get(row.gi_bin)
    z = [row.gi_z for row in shown.ranking()]
    assert z == sorted(z, reverse=True)
    assert shown.counts["outlined"] == sum(row.outline is not None for row in shown.rows) > 0
    assert note(shown, "hotspots.counted")["outlined"] == shown.counts["outlined"]
    assert drawn_by(read(board), "excess") is read(board)


def test_a_method_that_is_none_is_refused_with_those_that_exist(board):
    with pytest.raises(NoSuchMethod) as refusal:
        drawn_by(read(board), "scan")
    assert refusal.value.as_dict()["methods"] == "excess, gi"


def test_the_table_has_a_line_a_grid_and_withholds_what_the_map_withholds(board):
    board.conn.execute(
        text("UPDATE unit_outline SET n_households = 4 WHERE unit_code = :code"),
        {"code": board.grids[0]},
    )
    columns = table(read(board))
    assert {len(column) for column in columns.values()} == {SIDE**2}
    withheld = {name: column[0] for name, column in columns.items()}
    assert withheld["observed"] is withheld["around_observed"] is withheld["rate"] is None
    assert withheld["flags"] == "suppressed"
    assert columns["around_q"][40] <= 0.05


def test_the_operator_reads_every_territory(board):
    assert len(read(board, viewer=everyone()).rows) == SIDE**2


def test_an_absorbed_grid_takes_its_reports_along(board):
    gone, heir = board.grids[-1], board.grids[-2]
    seen = {row.code: row.observed for row in read(board).rows}
    board.conn.execute(
        text(
            "UPDATE unit_outline SET valid = tstzrange(lower(valid) - interval '1 day', now())"
            " WHERE unit_code = :code"
        ),
        {"code": gone},
    )
    board.publish(date(2025, 3, 15), (gone, heir, "merge"), (heir, heir, "reshape"))
    shown = read(board)
    assert flagged(shown) == set()
    assert {row.code: row.observed for row in shown.rows}[heir] == seen[heir] + seen[gone]
    assert note(shown, "hotspots.recounted") == {"grids": 1}
    assert note(shown, "hotspots.former") == {}


def test_villages_are_counted_without_the_grids_that_are_withheld(board):
    Make(board.conn).grids(2, 2, village=OTHER, east_by=SIDE)
    board.conn.execute(text("UPDATE unit_outline SET n_households = 40"))
    board.conn.execute(
        text("UPDATE unit_outline SET n_households = 3 WHERE unit_code = :code"),
        {"code": board.grids[40]},
    )
    board.report(OTHER + "001", SINCE, 4)
    shown = read(board, by=Level.VILLAGE)
    assert [row.code for row in shown.rows] == [VILLAGE, OTHER]
    assert [row.households for row in shown.rows] == [80 * 40, 4 * 40]
    grids = read(board)
    assert shown.rows[0].observed == sum(row.observed or 0 for row in grids.rows[:81])


def test_levels_and_sources_of_incidents_are_chosen(board):
    board.conn.execute(
        text(
            "INSERT INTO daily_count (grid_code, day, matter_code, level, source, n) VALUES"
            " (:g, :d, '0201', 'major', 'desk', 5), (:g, :d, '0201', 'ordinary', 'phone', 7)"
        ),
        {"g": board.grids[0], "d": SINCE},
    )
    first = read(board).rows[0].observed
    assert read(board, levels=["major"]).rows[0].observed == 5
    assert read(board, sources=["phone", "web"]).rows[0].observed == 7
    assert read(board, levels=["ordinary"]).rows[0].observed == first - 5
