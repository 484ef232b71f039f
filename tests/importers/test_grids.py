import geopandas
import numpy as np
import pytest
import shapely
from sqlalchemy import func, select

from geo.coverage import outlines, residue
from geo.faults import check
from grids import publications
from grids.access import everyone
from grids.errors import Forbidden
from grids.model import Level, Role, Viewer
from grids.publishing import Unproven
from grids.schema import unit
from importers.fields import declare
from importers.grids import DividedGrid, import_grids
from importers.options import ImportOptions
from importers.subgroups import import_subgroups
from importers.units import NoParents, import_units
from tests.importers.drawn import county, frame, moved, write

pytestmark = pytest.mark.usefixtures("in_process")

FIELDS = {"grids": import_grids, "subgroups": import_subgroups}


def options(codes="national", level=None, **given):
    return ImportOptions(datum="cgcs2000", codes=codes, level=level, declared=declare(), **given)


@pytest.fixture
def take(conn, tmp_path):
    def run(kind, data, name="drawn.gpkg", viewer=None, **given):
        path = write(data, tmp_path / name)
        taken = FIELDS[kind](conn, viewer or everyone(), [path], options(**given))
        return taken.as_dict()

    return run


@pytest.fixture
def above(conn, tmp_path):
    """County, townships and villages, with the codes and outlines of the invented county."""
    for level in ("county", "township", "village"):
        path = write(frame(level), tmp_path / f"{level}.gpkg")
        import_units(conn, everyone(), [path], options(level=level))


def note(answer, code):
    return next((note for note in answer["notes"] if note["code"] == code), None)


def codes_in_force(conn, level):
    return set(publications.outlines_in_force(conn, level).code.tolist())


@pytest.mark.usefixtures("above")
def test_clean_grids_come_into_force_as_they_are(conn, take):
    grids = frame("grid")
    answer = take("grids", grids)
    assert (answer["read"], answer["taken"], answer["refused"]) == (12, 12, 0)
    assert note(answer, "published")["publication"] == 1
    assert note(answer, "frames.differ") is None
    assert publications.prove_in_force(conn).exact
    cells = publications.cells_in_force(conn)
    assert residue(cells.outline) == residue(county().county.cells)
    assert set(cells.grid.tolist()) == set(grids.code)


@pytest.mark.usefixtures("above")
def test_the_same_grids_again_change_nothing(conn, take):
    take("grids", frame("grid"))
    again = take("grids", frame("grid"))
    assert (again["taken"], again["unchanged"]) == (0, 12)
    assert publications.require_current(conn).number == 1
    renamed = frame("grid")
    renamed.loc[0, "name"] = "新城网格"
    answer = take("grids", renamed)
    assert (answer["taken"], answer["unchanged"]) == (1, 11)
    assert publications.require_current(conn).number == 1


@pytest.mark.usefixtures("above")
def test_grids_drawn_one_by_one_are_fitted_together_and_what_moved_is_told(conn, take):
    answer = take("grids", moved(frame("grid"), seed=3, by_m=2.0))
    assert answer["taken"] == 12
    fitted = note(answer, "coverage.fitted")
    assert 1 <= fitted["snap_m"] <= 10
    assert 0 < fitted["moved_m"] < 30
    assert publications.prove_in_force(conn).exact
    assert codes_in_force(conn, Level.GRID) == set(county().grid)


@pytest.mark.usefixtures("above")
def test_land_that_nobody_drew_becomes_free_land_of_a_neighbouring_village(conn, take):
    grids = frame("grid")
    inner = ~grids.intersects(frame("county").geometry[0].boundary)
    gone = grids[inner].index[0] if inner.any() else 0
    hole = grids.geometry[gone].representative_point().buffer(0.0004)
    grids.loc[gone, "geometry"] = grids.geometry[gone].difference(hole)
    answer = take("grids", grids)
    (free,) = note(answer, "coverage.free_land")["cells"]
    assert free["village"] == grids.code[gone][:12]
    cells = publications.cells_in_force(conn)
    assert [grid for grid in cells.grid if grid is None] == [None]
    assert publications.prove_in_force(conn).exact


@pytest.fixture
def without_one(take):
    """All grids but one in the middle, whose land is free; the one that is missing."""
    grids = frame("grid")
    inner = grids.index[~grids.intersects(frame("county").geometry[0].boundary)][0]
    take("grids", grids.drop(index=inner).reset_index(drop=True))
    return grids.loc[[inner]].reset_index(drop=True)


def free_cells(conn):
    cells = publications.cells_in_force(conn)
    return cells.outline[[grid is None for grid in cells.grid]]


@pytest.mark.usefixtures("above")
@pytest.mark.parametrize("everything", [False, True])
def test_a_grid_drawn_on_free_land_in_force_takes_it(conn, take, without_one, everything):
    drawn = moved(frame("grid") if everything else without_one, seed=3, by_m=2.0)
    answer = take("grids", drawn, name="again.gpkg")
    assert (answer["taken"], answer["unchanged"]) == (1, 11 if everything else 0)
    assert note(answer, "free_land.taken")["left_m2"] == 0
    assert note(answer, "frames.differ") is None
    assert len(free_cells(conn)) == 0
    assert publications.prove_in_force(conn).exact
    assert codes_in_force(conn, Level.GRID) == set(county().grid)


@pytest.mark.usefixtures("above")
def test_what_a_new_grid_leaves_of_free_land_stays_free(conn, take, without_one):
    (free,) = free_cells(conn)
    west, south, east, north = free.bounds
    half = free.intersection(shapely.box(west, south, (west + east) / 2, north))
    drawn = moved(without_one.set_geometry([half], crs=without_one.crs), seed=5, by_m=2.0)
    answer = take("grids", drawn, name="half.gpkg")
    assert answer["taken"] == 1
    told = note(answer, "free_land.taken")
    assert told["left_m2"] == pytest.approx(told["before_m2"] / 2, rel=0.5)
    (left,) = free_cells(conn)
    assert left.intersection(free).area > 0.98 * free.difference(half).area
    assert publications.prove_in_force(conn).exact
    again = take("grids", frame("grid"), name="all.gpkg")
    assert again["taken"] == 1
    assert len(free_cells(conn)) == 0
    assert publications.prove_in_force(conn).exact


@pytest.mark.usefixtures("above")
def test_files_that_come_township_by_township_meet_edge_to_edge(conn, take):
    grids = frame("grid")
    townships = sorted(set(grids.code.str[:9]))
    for seed, township in enumerate(townships):
        drawn = moved(grids[grids.code.str[:9] == township].reset_index(drop=True), seed, by_m=2.0)
        assert take("grids", drawn, name=f"{township}.gpkg")["taken"] == len(drawn)
        assert publications.prove_in_force(conn).exact
    assert codes_in_force(conn, Level.GRID) == set(grids.code)
    exported = publications.outlines_in_force(conn, Level.GRID)
    report = check(exported.outline, exported.code)
    assert report.exact
    assert report.faults == ()


@pytest.mark.usefixtures("above")
def test_islands_are_signed_for(conn, take):
    grids = frame("grid")
    island = shapely.transform(grids.geometry[0], lambda xy: np.round(xy + np.array([0.5, 0]), 7))
    grids.loc[0, "geometry"] = shapely.MultiPolygon([grids.geometry[0], island])
    answer = take("grids", grids)
    assert note(answer, "units.multipart")["units"] == [{"unit": grids.code[0], "n_parts": 2}]
    signed = conn.execute(select(unit.c.n_parts).where(unit.c.code == grids.code[0])).scalar()
    assert signed == 2


@pytest.mark.usefixtures("above")
def test_one_refused_row_holds_the_whole_coverage_back(conn, take):
    grids = frame("grid")
    grids.loc[3, "geometry"] = None
    copy = grids.loc[[5]].assign(code=[grids.code[5][:12] + "777"])
    grids = geopandas.GeoDataFrame(
        np.concatenate((grids.to_numpy(), copy.to_numpy())), columns=grids.columns, crs=grids.crs
    ).set_geometry("geometry")
    answer = take("grids", grids)
    assert (answer["read"], answer["taken"], answer["refused"]) == (13, 0, 13)
    by_code = {one["code"] for one in answer["refusals"]}
    assert by_code == {"outline.missing", "import.held_back"}
    assert publications.current(conn) is None

    answer = take("grids", grids.drop(index=3))
    lost = [one for one in answer["refusals"] if one["code"] == "outline.lost"]
    assert [one["message"] for one in lost] == [f"It repeats {grids.code[5]}."]
    assert publications.current(conn) is None


@pytest.mark.usefixtures("above")
def test_villages_whose_drawn_outline_differs_from_their_grids_are_told(take):
    village = frame("village").code[0]
    grids = frame("grid")
    mine = grids[grids.code.str.startswith(village)]
    dropped = grids.drop(index=mine.index[0]) if len(mine) > 1 else grids
    answer = take("grids", dropped)
    assert [one["village"] for one in note(answer, "frames.differ")["villages"]] == [village] or (
        note(answer, "coverage.free_land") is not None
    )


def test_codes_of_others_become_ours_by_the_land_they_lie_in(conn, take, tmp_path):
    for level in ("township", "village"):
        data = frame(level)
        data["code"] = [f"{level}-{i}" for i in range(len(data))]
        path = write(data, tmp_path / f"{level}.gpkg")
        import_units(conn, everyone(), [path], options("assign", level))
    grids = frame("grid")
    grids["code"] = [f"W{i:03d}" for i in range(len(grids))]
    grids["类型"] = ["专属网格", *["全科网格"] * (len(grids) - 1)]
    answer = take("grids", grids, codes="assign")
    assert answer["taken"] == 12
    rows = conn.execute(
        select(unit.c.code, unit.c.source_code, unit.c.kind).where(unit.c.level == "grid")
    ).all()
    assert {row.source_code for row in rows} == set(grids.code)
    (exclusive,) = [row for row in rows if row.kind == "exclusive"]
    assert exclusive.source_code == "W000"
    assert exclusive.code.endswith("901")
    assert take("grids", grids, codes="assign")["unchanged"] == 12


def test_grids_without_villages_say_what_to_do(take):
    with pytest.raises(NoParents, match="units --level village"):
        take("grids", frame("grid"))


@pytest.mark.usefixtures("above")
def test_only_who_may_import_does(take):
    with pytest.raises(Forbidden):
        take("grids", frame("grid"), viewer=Viewer(None, "x", Role.WORKER, "530524"))


@pytest.mark.usefixtures("above")
def test_subgroups_divide_their_grids_and_the_grids_stay_as_they_are(conn, take):
    take("grids", frame("grid"))
    before = publications.outlines_in_force(conn, Level.GRID)
    answer = take("subgroups", frame("subgroup"))
    assert answer["taken"] == 44
    assert publications.prove_in_force(conn).exact
    after = publications.outlines_in_force(conn, Level.GRID)
    assert before.code.tolist() == after.code.tolist()
    off = shapely.area(shapely.symmetric_difference(before.outline, after.outline))
    assert (off <= 2e-7 * shapely.length(before.outline)).all()
    assert codes_in_force(conn, Level.SUBGROUP) == set(county().subgroup)
    again = take("subgroups", frame("subgroup"))
    assert (again["taken"], again["unchanged"]) == (0, 44)


@pytest.mark.usefixtures("above")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_subgroups_drawn_one_by_one_are_fitted_into_their_grids(conn, take, seed):
    take("grids", frame("grid"))
    county_before = residue(publications.cells_in_force(conn).outline)
    answer = take("subgroups", moved(frame("subgroup"), seed=seed, by_m=2.0))
    assert answer["taken"] == 44
    cells = publications.cells_in_force(conn)
    assert publications.prove_in_force(conn).exact
    assert residue(cells.outline) == county_before
    assert codes_in_force(conn, Level.SUBGROUP) == set(county().subgroup)


@pytest.mark.usefixtures("above")
def test_a_grid_without_subgroups_keeps_its_rest_beside_those_that_have_some(conn, take):
    take("grids", frame("grid"))
    subgroups = frame("subgroup")
    grids = sorted(set(subgroups.code.str[:15]))
    some = subgroups[subgroups.code.str[:15].isin(grids[:2])].iloc[1:]
    answer = take("subgroups", moved(some, seed=5, by_m=1.0))
    assert answer["taken"] == len(some)
    cells = publications.cells_in_force(conn)
    rest = {grid for grid, sub in zip(cells.grid, cells.subgroup, strict=True) if sub is None}
    assert rest >= set(grids[2:])
    others = subgroups[subgroups.code.str[:15].isin(grids[2:4])]
    answer = take("subgroups", moved(others, seed=6, by_m=1.0))
    assert answer["taken"] == len(others)
    assert codes_in_force(conn, Level.SUBGROUP) == set(some.code) | set(others.code)
    assert publications.prove_in_force(conn).exact


@pytest.mark.usefixtures("above")
def test_a_subgroup_that_comes_later_takes_from_the_rest_alone(conn, take):
    take("grids", frame("grid"))
    subgroups = frame("subgroup")
    first, later = subgroups.iloc[1:], subgroups.iloc[:1]
    take("subgroups", first)
    answer = take("subgroups", later)
    assert answer["taken"] == 1
    assert codes_in_force(conn, Level.SUBGROUP) == set(subgroups.code)
    extra = later.assign(code=[later.code[0][:15] + "99"])
    answer = take("subgroups", extra)
    assert [one["code"] for one in answer["refusals"]] == ["subgroup.no_room"]


@pytest.mark.usefixtures("above")
def test_borders_of_divided_grids_are_not_changed_by_a_file(conn, take):
    take("grids", frame("grid"))
    take("subgroups", frame("subgroup"))
    grids = frame("grid")
    two = next(
        (i, j)
        for i in grids.index
        for j in grids.index
        if i < j
        and grids.code[i][:12] == grids.code[j][:12]
        and grids.geometry[i].intersection(grids.geometry[j]).length > 0
    )
    piece = shapely.intersection(grids.geometry[two[0]], grids.geometry[two[1]].buffer(0.0005))
    grids.loc[two[0], "geometry"] = grids.geometry[two[0]].difference(piece)
    grids.loc[two[1], "geometry"] = grids.geometry[two[1]].union(piece)
    with pytest.raises(DividedGrid):
        take("grids", grids)


@pytest.mark.usefixtures("above")
def test_grids_that_leave_the_land_in_force_are_refused(conn, take):
    take("grids", frame("grid"))
    swollen = frame("grid")
    edge = swollen.index[swollen.intersects(frame("county").geometry[0].boundary)][0]
    swollen.loc[edge, "geometry"] = swollen.geometry[edge].buffer(0.002)
    with pytest.raises(Unproven):
        take("grids", swollen)


@pytest.mark.usefixtures("above")
def test_the_land_of_all_levels_is_the_same(conn, take):
    take("grids", moved(frame("grid"), seed=8, by_m=1.0))
    cells = publications.cells_in_force(conn)
    villages = outlines(cells.outline, cells.village)
    stored = publications.outlines_in_force(conn, Level.VILLAGE)
    assert stored.code.tolist() == sorted(villages)
    for code, outline in zip(stored.code.tolist(), stored.outline, strict=True):
        assert residue([outline]) == residue([villages[code]])
    assert conn.execute(select(func.count()).select_from(unit)).scalar() == 1 + 2 + 3 + 12
