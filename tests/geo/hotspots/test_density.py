import numpy as np
import pytest
import shapely

from geo.hotspots.density import kernel_density, relative_risk_surface
from geo.hotspots.inputs import UnusableCounts

AREA = shapely.box(1000, 1000, 11000, 9000)


@pytest.fixture(scope="module")
def places():
    random = np.random.default_rng(2)
    return np.column_stack((random.uniform(1000, 11000, 4000), random.uniform(1000, 9000, 4000)))


def total(found):
    return float(np.nansum(found.per_km2, dtype=np.float64)) * found.cell_m**2 / 1e6


def test_the_surface_holds_every_point(places):
    assert total(kernel_density(places)) == pytest.approx(len(places), rel=1e-6)
    weight = np.arange(len(places)) % 5
    assert total(kernel_density(places, weight=weight)) == pytest.approx(weight.sum(), rel=1e-6)


def test_diggles_edge_keeps_every_point_inside(places):
    found = kernel_density(places, mask=AREA, edge="diggle")
    assert total(found) == pytest.approx(len(places), rel=1e-4)
    assert total(kernel_density(places, mask=AREA, edge="none")) < 0.97 * len(places)


def test_an_even_pattern_is_even_up_to_the_edge(places):
    found = kernel_density(places, mask=AREA, edge="uniform", bandwidth_m=800)
    even = len(places) / 80
    assert np.nanmax(np.abs(found.per_km2 / even - 1)) < 0.35
    assert np.nanmean(found.per_km2) == pytest.approx(even, rel=0.02)
    bare = kernel_density(places, mask=AREA, edge="none", bandwidth_m=800)
    assert bare.per_km2[0, 0] < 0.4 * found.per_km2[0, 0]


def test_one_point_is_the_kernel_itself():
    found = kernel_density([[500.0, 500.0], [500.0, 500.0]], bandwidth_m=300, cell_m=30)
    rows, columns = found.per_km2.shape
    x = found.west + (np.arange(columns) + 0.5) * 30 - 500
    y = found.south + (np.arange(rows) + 0.5) * 30 - 500
    wanted = 2e6 / (2 * np.pi * 300**2) * np.exp(-(y[:, None] ** 2 + x**2) / (2 * 300**2))
    assert np.abs(found.per_km2 - wanted).max() < 0.01 * wanted.max()


def test_places_outside_the_mask_do_not_count(places):
    outside = np.concatenate((places, [[50_000.0, 50_000.0]]))
    mask = {"mask": AREA, "edge": "diggle"}
    assert total(kernel_density(outside, **mask)) == pytest.approx(
        total(kernel_density(places, **mask))
    )


def test_the_risk_is_one_where_cases_follow_the_population():
    random = np.random.default_rng(4)
    homes = np.clip(random.normal(6000, 1500, (20000, 2)), 1001, 8999)
    cases = homes[random.integers(0, len(homes), 6000)]
    hot = np.hypot(*(homes - (7000, 5000)).T) < 600
    more = np.concatenate((cases, homes[hot][random.integers(0, hot.sum(), 1500)]))
    even, raised = (
        relative_risk_surface(one, homes, AREA, bandwidth_m=500) for one in (cases, more)
    )
    judged = ~np.isnan(even.per_km2)
    assert 0 < judged.mean() < 1
    assert np.nanmedian(even.per_km2) == pytest.approx(1, abs=0.1)
    at = np.unravel_index(np.nanargmax(raised.per_km2), raised.per_km2.shape)
    place = np.array([raised.west + at[1] * raised.cell_m, raised.south + at[0] * raised.cell_m])
    assert np.hypot(*(place - (7000, 5000))) < 900


@pytest.mark.parametrize(
    ("xy", "given"),
    [
        ([[99.1, 24.1], [99.2, 24.2]], {}),
        ([[1000.0, np.inf]], {}),
        ([[1000.0, 1000.0]], {"bandwidth_m": 0}),
        ([[1000.0, 1000.0], [900_000.0, 900_000.0]], {"cell_m": 1}),
    ],
)
def test_what_has_no_surface_is_refused(xy, given):
    with pytest.raises(UnusableCounts):
        kernel_density(xy, **given)
