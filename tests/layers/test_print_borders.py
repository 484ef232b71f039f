from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.county import NestedCounty, invented_outline, make_county
from grids.model import Level
from layers.print.borders import borders

ORDER = (Level.TOWNSHIP, Level.VILLAGE, Level.GRID, Level.SUBGROUP)


@pytest.fixture(scope="module")
def county() -> NestedCounty:
    return make_county(invented_outline(seed=3), [2, 2], 16, 60, 3)


def units_of(county: NestedCounty) -> dict[Level, list[str]]:
    numbers = (county.township_of, county.village_of, county.grid_of, range(len(county.cells)))
    return {level: [str(n) for n in number] for level, number in zip(ORDER, numbers, strict=True)}


def test_each_border_is_drawn_once(county):
    lines = np.concatenate(list(borders(county.cells, units_of(county), Level.COUNTY).values()))
    everything = shapely.union_all(shapely.boundary(county.cells))
    assert shapely.length(lines).sum() == pytest.approx(everything.length)
    assert shapely.union_all(lines).symmetric_difference(everything).length < 1e-9


@pytest.mark.parametrize("level", ORDER[:3])
def test_the_borders_down_to_a_level_are_the_outlines_of_its_units(county, level):
    units = units_of(county)
    found = borders(county.cells, units, Level.COUNTY)
    drawn = [found[one] for one in (Level.COUNTY, *ORDER[: ORDER.index(level) + 1])]
    label = np.array(units[level])
    outlines = [shapely.coverage_union_all(county.cells[label == one]) for one in set(label)]
    wanted = shapely.union_all(shapely.boundary(outlines))
    assert shapely.union_all(np.concatenate(drawn)).symmetric_difference(wanted).length < 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_cells_of_one_unit_have_no_line_between_them(rows, columns, data):
    cells = np.array(
        [shapely.box(x, y, x + 1, y + 1) for x in range(columns) for y in range(rows)],
        dtype=np.object_,
    )
    label = data.draw(st.lists(st.sampled_from("ab"), min_size=len(cells), max_size=len(cells)))
    found = borders(cells, {Level.GRID: label}, Level.VILLAGE)
    inner = found.get(Level.GRID, np.empty(0, dtype=np.object_))
    between = [
        shapely.intersection(one, other)
        for k, one in enumerate(cells)
        for j, other in enumerate(cells[:k])
        if label[k] != label[j]
    ]
    assert shapely.length(inner).sum() == pytest.approx(sum(line.length for line in between))
    assert shapely.length(found[Level.VILLAGE]).sum() == pytest.approx(2 * (rows + columns))
