"""Files that others open."""

import csv

import geopandas
import numpy as np
import openpyxl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers import files

COLUMNS = {"parent_code": ["530524101001"] * 2, "n_households": [3, 4], "name": ["=1+1", "耈街"]}
SHAPES = np.array([shapely.box(99.6, 24.8, 99.7, 24.9), shapely.box(99.7, 24.8, 99.8, 24.9)])


@pytest.mark.parametrize("kind", [".gpkg", ".geojson", ".shp.zip", ".kml", ".parquet"])
def test_shapes_codes_and_chinese_names_come_back(tmp_path, kind):
    file = tmp_path / f"out{kind}"
    files.write(file, COLUMNS, SHAPES)
    back = geopandas.read_parquet(file) if kind == ".parquet" else geopandas.read_file(file)
    assert list(back.geometry.geom_equals_exact(geopandas.GeoSeries(SHAPES, crs=back.crs), 1e-9))
    assert "耈街" in set(back["Name" if kind == ".kml" else "name"])
    parent = "parent" if kind == ".shp.zip" else "parent_code"
    assert set(back[parent].astype(str)) == {"530524101001"}
    assert [one.name for one in tmp_path.iterdir()] == [file.name]


def test_a_spreadsheet_runs_nothing(tmp_path):
    files.write(tmp_path / "out.xlsx", COLUMNS, SHAPES)
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert [cell.value for cell in book.active["C"]] == ["name", "=1+1", "耈街"]
    assert book.active["C2"].data_type == "s"
    files.write(tmp_path / "out.csv", COLUMNS, SHAPES)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as rows:
        assert [row["name"] for row in csv.DictReader(rows)] == ["'=1+1", "耈街"]


def test_an_unknown_extension_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(files.UnknownFormat):
        files.write(tmp_path / "out.dwg", COLUMNS, SHAPES)
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.text(min_size=1, max_size=30), unique=True, max_size=30))
def test_short_names_are_short_and_of_their_own(headings):
    names = files.short_names(headings)
    assert all(len(name.encode()) <= 10 for name in names)
    assert len({name.casefold() for name in names}) == len(headings)
