import json

import pytest

from grids import publications
from grids.access import everyone
from grids.model import Level
from importers.fields import declare
from importers.grids import import_grids
from importers.options import ImportOptions
from importers.preview import preview
from importers.units import import_units
from tests.importers.drawn import frame, moved, write

pytestmark = pytest.mark.usefixtures("in_process")


def options(level=None):
    return ImportOptions(datum="cgcs2000", level=level, declared=declare())


@pytest.fixture
def look(conn, tmp_path):
    """Preview an import of drawn outlines; units above them are there."""
    for level in ("county", "township", "village"):
        path = write(frame(level), tmp_path / f"{level}.gpkg")
        import_units(conn, everyone(), [path], options(level=level))

    def run(kind, data, level=None):
        path = write(data, tmp_path / "preview.gpkg")
        made = preview(conn, everyone(), kind, [path], options(level))
        assert json.loads(json.dumps(made.as_dict(), default=str))["kind"] == kind
        return made

    return run


def codes(units):
    return [unit.code for unit in units]


def test_a_preview_says_what_would_come_and_keeps_nothing(conn, look):
    grids = frame("grid")
    made = look("grids", moved(grids, seed=3, by_m=2.0))
    assert codes(made.added) == sorted(grids.code)
    assert made.changed == made.removed == made.renamed == ()
    assert made.report["taken"] == 12
    told = {note["code"] for note in made.report["notes"]}
    assert {"coverage.fitted", "coverage.moved", "published"} <= told
    assert publications.current(conn) is None
    assert len(publications.outlines_in_force(conn, Level.GRID).code) == 0
    assert look("grids", grids).added == made.added


def test_a_preview_tells_what_changes_from_what_stays(conn, look, tmp_path):
    grids = frame("grid")
    path = write(grids, tmp_path / "first.gpkg")
    import_grids(conn, everyone(), [path], options())
    inner = grids.geometry[0].representative_point().buffer(0.0004)
    village = grids.code.str[:12] == grids.code[0][:12]
    grids.loc[0, "geometry"] = grids.geometry[0].difference(inner)
    made = look("grids", grids[village])
    assert made.refusal is None
    assert codes(made.changed) == [grids.code[0]]
    assert made.added == made.removed == ()
    assert made.n_untouched == len(grids) - 1


def test_a_preview_of_renamed_villages_names_them(look):
    villages = frame("village")
    villages.loc[0, "name"] = "新村"
    made = look("units", villages, "village")
    assert [(unit.code, unit.name) for unit in made.renamed] == [(villages.code[0], "新村")]
    assert made.n_untouched == len(villages) - 1


def test_a_preview_of_what_is_refused_as_a_whole_says_why(conn, tmp_path):
    path = write(frame("grid"), tmp_path / "grids.gpkg")
    made = preview(conn, everyone(), "grids", [path], options())
    assert made.report is None
    assert made.refusal["code"] == "import.no_parents"
    assert made.added == ()
