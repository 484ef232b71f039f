"""What QGIS sends becomes a plan through repair and proof, and in no other way."""

import json
import uuid
from datetime import datetime

import pytest
import shapely
from shapely import affinity
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from geo.redrawn import NoArea, differences, fitted
from grids import inbox, plans
from grids.db import EVERYWHERE, begin, make_engine, set_scope
from grids.errors import BadValue, NotFound
from grids.local_time import CHINA
from grids.model import Level
from grids.publications import cells_in_force, outlines_in_force
from grids.publishing import publish
from importers import edits
from tests.grids.coverage_factory import COUNTY, VILLAGES, admin, found_small_county
from tests.grids.test_plans import adjacent_grids

# Tables that hold or lead to persons.
PERSONAL = [
    *("person", "account", "access_grant", "session", "api_token", "household", "camera"),
    *("incident", "incident_step", "visit", "patrol", "notice", "audit", "duty", "leave", "task"),
    *("inbox_edit", "plan", "plan_step", "sign_in_failure"),
]


@pytest.fixture(scope="module")
def county_url(clone):
    """The small county in a database of its own, for sessions that really sign in."""
    url = clone()
    with begin(make_engine(url, pooled=False), EVERYWHERE) as conn:
        found_small_county(conn, free=1)
    return url


@pytest.fixture
def reader(county_url):
    """A person's own login with the reader's rights, in a transaction that is rolled back."""
    owner = make_engine(county_url, pooled=False)
    login = f"qgis_{uuid.uuid4().hex[:8]}"
    with owner.begin() as conn:
        conn.execute(text(f"CREATE ROLE {login} LOGIN IN ROLE wangge_reader"))
    engine = create_engine(make_url(county_url).set(username=login))
    with engine.connect() as conn:
        yield conn
    engine.dispose()
    with owner.begin() as conn:
        conn.execute(text(f"DROP ROLE {login}"))


def send(conn, code, outline, name=None, source="qgis"):
    """Put an edit into the inbox as the trigger does, and return its key."""
    return conn.execute(
        text(
            "INSERT INTO inbox_edit (source, unit_code, name, outline) VALUES (:source, :code,"
            " :name, ST_SetSRID(CAST(:shape AS geometry), 4490)) RETURNING edit_id"
        ),
        {"source": source, "code": code, "name": name, "shape": outline.wkb_hex},
    ).scalar_one()


@pytest.fixture
def conn(county_url):
    """A connection of the owner to the small county, rolled back at the end."""
    engine = make_engine(county_url, pooled=False)
    with engine.connect() as connection, connection.begin() as transaction:
        set_scope(connection, EVERYWHERE)
        yield connection
        transaction.rollback()


@pytest.fixture
def county(conn):
    outlines = outlines_in_force(conn, Level.GRID)
    return dict(zip(outlines.code.tolist(), outlines.outline.tolist(), strict=True))


def bitten(county, a, b):
    """Return grid a with a bite out of b, half-way along their common border."""
    border = county[a].intersection(county[b])
    at = border.interpolate(0.5, normalized=True)
    bite = at.buffer(border.length / 6).intersection(county[b])
    return shapely.union(county[a], max(shapely.get_parts(bite), key=lambda part: part.area))


# From the inbox into a plan -----------------------------------------------------------------------


def test_a_redrawn_grid_becomes_a_plan_that_can_be_published(conn, county):
    a, b = adjacent_grids(conn, VILLAGES[1])
    wanted = bitten(county, a, b)
    edit = send(conn, a, wanted)
    made = edits.take(conn, admin(), [edit], "from QGIS")
    report = made.reports[edit]
    assert report["steps"] == 1
    assert report["faults"] == []
    assert [step.tool for step in plans.steps(conn, admin(), made.plan.plan_id)] == ["nibble"]
    assert inbox.get(conn, admin(), edit).state == "taken"
    assert inbox.get(conn, admin(), edit).plan_id == made.plan.plan_id
    publish(conn, admin(), made.plan.plan_id, "as drawn in QGIS")
    now = outlines_in_force(conn, Level.GRID)
    outline = dict(zip(now.code, now.outline, strict=True))[a]
    # Nowhere farther off than the tolerance, by which it was drawn to vertices that are there.
    off = outline.symmetric_difference(wanted)
    assert off.buffer(-0.6 / 111_000).is_empty


def test_both_sides_of_a_border_in_one_take_are_one_plan(conn, county):
    a, b = adjacent_grids(conn, VILLAGES[1])
    grown = bitten(county, a, b)
    first = send(conn, a, grown)
    second = send(conn, b, county[b].difference(grown))
    made = edits.take(conn, admin(), [first, second], "both sides")
    # What one side has moved, the other asks for no more.
    assert sorted(made.reports[key]["steps"] for key in (first, second)) == [0, 1]
    assert [made.reports[key]["faults"] for key in (first, second)] == [[], []]


def test_a_shift_below_the_tolerance_is_no_change(conn, county):
    grid = f"{VILLAGES[1]}001"
    edit = send(conn, grid, affinity.translate(county[grid], 1e-7, -2e-7))
    made = edits.take(conn, admin(), [edit], "noise")
    assert made.plan is None
    assert made.reports[edit]["steps"] == 0
    assert inbox.get(conn, admin(), edit).state == "waiting"
    assert {plan.state for plan in plans.list_all(conn, admin())} == {"published"}


def test_what_is_given_up_goes_to_the_neighbour_with_the_longest_border(conn, county):
    a, b = adjacent_grids(conn, VILLAGES[1])
    smaller = county[b].difference(bitten(county, a, b))
    edit = send(conn, b, max(shapely.get_parts(smaller), key=lambda part: part.area))
    made = edits.take(conn, admin(), [edit], "less land")
    assert made.reports[edit]["lost_m2"] > 0
    assert made.reports[edit]["faults"] == []
    step = plans.steps(conn, admin(), made.plan.plan_id)[0]
    assert step.params["grid_code"] != b


def test_land_of_another_village_is_a_fault_with_its_place(conn, county):
    grid = f"{VILLAGES[1]}001"
    edit = send(conn, grid, shapely.union_all(list(county.values())))
    report = edits.take(conn, admin(), [edit], "the whole county").reports[edit]
    (beyond, *_) = [f for f in report["faults"] if f["code"] == "inbox.beyond_village"]
    lon, lat = beyond["at"]
    assert shapely.union_all(list(county.values())).covers(shapely.Point(lon, lat))


def test_a_new_grid_is_made_of_free_land(conn, county):
    cells = cells_in_force(conn)
    free = max(
        (o for o, g in zip(cells.outline, cells.grid, strict=True) if g is None),
        key=lambda o: o.area,
    )
    village = next(v for v, g in zip(cells.village, cells.grid, strict=True) if g is None)
    edit = send(conn, village, free, name="新网格")
    made = edits.take(conn, admin(), [edit], "new")
    assert made.reports[edit]["steps"] == 1
    publish(conn, admin(), made.plan.plan_id, "")
    named = conn.execute(text("SELECT count(*) FROM unit WHERE name = '新网格'")).scalar()
    assert named == 1


BOW_TIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
HOSTILE = {
    "no place": shapely.Polygon([(0, 0), (float("inf"), 1), (1, 0), (0, 0)]),
    "no number": shapely.Polygon([(0, 0), (float("nan"), 1), (1, 0), (0, 0)]),
    "metres": shapely.box(500_000, 2_700_000, 501_000, 2_701_000),
    "nothing": shapely.Polygon(),
    "no area": shapely.Polygon([(99, 24), (99.1, 24.1), (99, 24), (99, 24)]),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_area_on_earth_is_reported_and_waits(conn, county, kind):
    edit = send(conn, f"{VILLAGES[0]}001", HOSTILE[kind])
    report = edits.take(conn, admin(), [edit], kind).reports[edit]
    (fault,) = report["faults"]
    assert fault["code"] == NoArea.code
    assert len(fault["at"]) == 2
    assert inbox.get(conn, admin(), edit).state == "waiting"


def test_an_outline_that_crosses_itself_is_mended_and_said_to_be(conn, county):
    grid = f"{VILLAGES[1]}001"
    centre = county[grid].representative_point()
    tie = affinity.translate(affinity.scale(BOW_TIE, 1e-4, 1e-4, origin=(0, 0)), centre.x, centre.y)
    made = fitted(tie.wkb, [county[grid]])
    assert "Self-intersection" in made.mended
    assert made.outline.is_valid


def test_an_edit_is_taken_once_and_only_inside_the_territory(conn, county):
    a, b = adjacent_grids(conn, VILLAGES[1])
    edit = send(conn, a, bitten(county, a, b))
    with pytest.raises(NotFound):
        edits.take(conn, admin(VILLAGES[2]), [edit], "foreign")
    assert inbox.list_edits(conn, admin(VILLAGES[2])) == []
    edits.take(conn, admin(), [edit], "once")
    with pytest.raises(NotFound):
        edits.take(conn, admin(), [edit], "twice")


def test_a_refused_edit_says_why(conn, county):
    edit = send(conn, f"{VILLAGES[0]}001", county[f"{VILLAGES[0]}001"])
    with pytest.raises(BadValue):
        inbox.refuse(conn, admin(), edit, " ")
    assert inbox.refuse(conn, admin(), edit, "not agreed with the village").state == "refused"
    assert inbox.get(conn, admin(), edit).report == {"reason": "not agreed with the village"}


def test_differences_thinner_than_the_tolerance_are_none():
    square = shapely.box(99.6, 24.8, 99.61, 24.81)
    wider = shapely.box(99.6, 24.8, 99.61 + 2e-6, 24.81)
    assert differences(wider, square, 0.5) == ([], [])
    (gain,), losses = differences(shapely.box(99.6, 24.8, 99.611, 24.81), square, 0.5)
    assert losses == []
    assert gain.equals(shapely.box(99.61, 24.8, 99.611, 24.81))


# The reader's rights ------------------------------------------------------------------------------


def test_the_reader_sees_units_cells_and_publications(reader):
    for table, at_least in {
        "county": 1, "township": 2, "village": 3, "grid": 11, "subgroup": 20, "cell": 30,
        "publication": 2, "unit_version": 40, "cell_version": 40, "grid_edit": 0,
    }.items():  # fmt: skip
        assert reader.execute(text(f"SELECT count(*) FROM qgis.{table}")).scalar() >= at_least
    kinds = reader.execute(
        text("SELECT DISTINCT type FROM geometry_columns WHERE f_table_schema = 'qgis'")
    ).scalars()
    assert set(kinds) == {"POLYGON", "MULTIPOLYGON"}


def test_the_reader_asks_for_a_day(reader):
    # The session's day is yesterday for some hours.
    day = {"day": datetime.now(CHINA).date()}
    rows = reader.execute(text("SELECT count(*) FROM qgis.units_on(:day, 'grid')"), day)
    assert rows.scalar() == 11
    with pytest.raises(DBAPIError, match="nothing was in force on 1999-12-31"):
        reader.execute(text("SELECT * FROM qgis.cells_on('1999-12-31')"))


def test_the_reader_may_read_no_table_of_the_product(reader):
    tables = reader.execute(
        text(
            "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n"
            " ON n.oid = c.relnamespace WHERE n.nspname NOT IN ('qgis', 'pg_catalog',"
            " 'information_schema') AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
            " AND (has_table_privilege(c.oid, 'SELECT') OR has_table_privilege(c.oid,"
            " 'INSERT, UPDATE, DELETE, TRUNCATE'))"
        )
    ).scalars()
    # What PostGIS opens to everybody says which columns and systems there are.
    assert {name for name in tables if not name.startswith("pg_toast")} <= {
        "geometry_columns", "geography_columns", "spatial_ref_sys",
    }  # fmt: skip


@pytest.mark.parametrize("table", PERSONAL)
def test_personal_data_is_out_of_the_readers_reach(reader, table):
    with pytest.raises(ProgrammingError, match="permission denied"):
        reader.execute(text(f"SELECT * FROM {table}"))


def test_no_function_lends_the_reader_the_owners_rights(reader):
    lent = reader.execute(
        text(
            "SELECT p.oid::regprocedure::text FROM pg_proc AS p WHERE p.prosecdef"
            " AND has_function_privilege(p.oid, 'EXECUTE')"
            " AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')"
        )
    ).scalars()
    assert set(lent) == set()


def test_nothing_in_the_views_is_about_persons(reader):
    columns = reader.execute(
        text(
            "SELECT table_name || '.' || column_name FROM information_schema.columns"
            " WHERE table_schema = 'qgis'"
        )
    ).scalars()
    told = {name.split(".")[1] for name in columns}
    assert told == {
        "key", "code", "level", "kind", "name", "parent_code", "area_m2", "n_households",
        "publication", "valid_from", "valid_to", "geom", "cell_id", "village_code", "grid_code",
        "subgroup_code", "number", "in_force_from", "memo", "n_changed", "edit_id", "unit_code",
        "note", "state", "report", "at",
    }  # fmt: skip


@pytest.mark.parametrize(
    "write",
    [
        "UPDATE qgis.grid SET name = 'x'",
        "DELETE FROM qgis.cell",
        "INSERT INTO qgis.cell (cell_id) VALUES (1)",
        "UPDATE qgis.grid_edit SET state = 'taken'",
        "DELETE FROM qgis.grid_edit",
        "UPDATE cell_version SET area_m2 = 1",
        "UPDATE unit_outline SET area_m2 = 1",
        "INSERT INTO inbox_edit (source, unit_code) VALUES ('qgis', '530524101001001')",
        "SELECT publish_plan(gen_random_uuid(), NULL, '')",
        "CREATE TABLE qgis.mine (id int)",
    ],
)
def test_the_reader_writes_nothing_around_the_proof(reader, write):
    with pytest.raises(DBAPIError, match=r"permission denied|cannot update view"):
        reader.execute(text(write))


def insert(conn, code, shape="MULTIPOLYGON(((99.6 24.8,99.61 24.8,99.61 24.81,99.6 24.8)))"):
    return conn.execute(
        text(
            "INSERT INTO qgis.grid_edit (unit_code, note, geom) VALUES"
            " (:code, 'as agreed', ST_GeomFromText(:shape, 4490)) RETURNING edit_id, state"
        ),
        {"code": code, "shape": shape},
    ).one()


def test_an_edit_of_the_reader_waits_in_the_inbox_and_only_its_sender_sees_it(reader, county_url):
    sent = insert(reader, f"{VILLAGES[0]}001")
    assert sent.state == "waiting"
    mine = reader.execute(text("SELECT edit_id, unit_code, note FROM qgis.grid_edit")).all()
    assert mine == [(sent.edit_id, f"{VILLAGES[0]}001", "as agreed")]
    reader.commit()
    with begin(make_engine(county_url, pooled=False), COUNTY) as conn:
        found = inbox.get(conn, admin(), sent.edit_id)
        assert found.sent_by.startswith("qgis_")
        conn.execute(text("SET LOCAL ROLE wangge_reader"))
        assert conn.execute(text("SELECT count(*) FROM qgis.grid_edit")).scalar() == 0


@pytest.mark.parametrize("code", ["530524101001999", "530524", "x", None])
def test_an_edit_of_no_grid_is_turned_away(reader, code):
    with pytest.raises(DBAPIError, match="is no grid in force"):
        insert(reader, code)


def test_an_edit_that_is_no_area_is_turned_away(reader):
    with pytest.raises(DBAPIError, match="does not match column type"):
        insert(reader, f"{VILLAGES[0]}001", "POINT(99.6 24.8)")


def test_reports_are_readable_json(conn, county):
    edit = send(conn, f"{VILLAGES[0]}001", HOSTILE["metres"])
    edits.take(conn, admin(), [edit], "metres")
    report = conn.execute(
        text("SELECT report::text FROM inbox_edit WHERE edit_id = :edit"), {"edit": edit}
    ).scalar_one()
    assert json.loads(report)["faults"][0]["message"]
