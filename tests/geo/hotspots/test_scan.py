"""The scan against SaTScan's answers, against plain loops, and against itself."""

import json
from datetime import date, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geo.hotspots import scan_replicates
from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.scan import scan
from geo.hotspots.zones import circles

FIRST_DAY = date(2024, 10, 1)


@pytest.fixture(scope="module")
def satscan(reference_folder):
    path = reference_folder / "expected" / "satscan_results.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def county(reference):
    grids = reference("data/synthetic_county_grid.csv")
    rows = reference("data/synthetic_county_cases_90d.csv")
    days = [(datetime.strptime(d, "%Y/%m/%d").date() - FIRST_DAY).days for d in rows["date"]]
    cube = np.zeros((grids["id"].size, 90), np.int64)
    np.add.at(cube, (rows["id"], days), rows["n"])
    zones = circles(np.column_stack((grids["x_m"], grids["y_m"])), 5000)
    return cube, zones, grids["households"]


def held_against(found, case, ids):
    """Compare clusters with SaTScan's, the p values within their Monte Carlo errors."""
    assert len(found.clusters) >= min(len(case["clusters"]), 10)
    errors = []
    for ours, theirs in zip(found.clusters, case["clusters"], strict=False):
        assert [str(ids[unit]) for unit in ours.units] == theirs["locations"]
        assert ours.observed == theirs["observed"]
        assert ours.expected == pytest.approx(theirs["expected"], abs=0.0051)
        assert ours.llr == pytest.approx(theirs["llr"], abs=1e-6)
        if theirs["relative_risk"] is not None:
            assert ours.relative_risk == pytest.approx(theirs["relative_risk"], abs=0.0051)
        spread = theirs["p"] * (1 - theirs["p"])
        n = 1 / (1 / found.maxima.size + 1 / case["replications_run"])
        errors.append((ours.p - theirs["p"]) / np.sqrt(max(spread, 1 / n) / n))
    assert np.abs(errors).max() <= 3


def test_the_permutation_scan_of_a_county_equals_satscan(satscan, county):
    cube, zones, _ = county
    found = scan(cube, zones, max_case_share=0.5)
    held_against(found, satscan["synthetic_county_stp_prospective_5km_7d"], np.arange(zones.n))
    first = found.clusters[0]
    assert (first.start, first.end) == (84, 89)
    assert first.recurrence_days == pytest.approx(1000)


def test_the_poisson_scan_of_a_county_equals_satscan(satscan, county):
    cube, zones, households = county
    week = cube[:, -7:].sum(1)
    found = scan(week, zones, model="poisson", population=households, max_case_share=0.5)
    held_against(
        found, satscan["synthetic_county_poisson_spatial_50pct_last7d"], np.arange(zones.n)
    )
    assert found.clusters[0].recurrence_days is None


def test_the_permutation_scan_of_new_york_fever_equals_satscan(satscan, reference):
    places = reference("data/NYCfevergeo.csv")
    rows = reference("data/NYCfevercas.csv")
    lon, lat = places["long"], places["lat"]
    # Distances from a middle of the city; over 30 km they differ from the sphere's by 1e-6.
    azimuth, _, metres = Geod(a=6371008.8, b=6371008.8).inv(
        np.full(lon.size, lon.mean()), np.full(lat.size, lat.mean()), lon, lat
    )
    turn = np.radians(azimuth)
    xy = np.column_stack((np.sin(turn), np.cos(turn))) * np.asarray(metres)[:, np.newaxis]
    number = {zip_code: k for k, zip_code in enumerate(places["zip"])}
    cube = np.zeros((lon.size, 24), np.int64)
    for zip_code, n, day in zip(rows["zip"], rows["cases"], rows["date"], strict=True):
        when = datetime.strptime(day.strip('"'), "%Y/%m/%d").date()
        cube[number[zip_code], (when - date(2001, 11, 1)).days] += n
    found = scan(cube, circles(xy, 3000), max_case_share=0.5, replicates=9999)
    held_against(found, satscan["nyc_fever_stp_9999"], places["zip"].astype(str))


def test_answers_do_not_depend_on_the_number_of_threads(county):
    cube, zones, _ = county
    alone, together = (scan(cube, zones, threads=n, replicates=130) for n in (1, 4))
    assert alone.maxima.tobytes() == together.maxima.tobytes()
    assert alone.clusters[0].p == together.clusters[0].p
    other = scan(cube, zones, replicates=130, seed=2)
    assert other.maxima.tobytes() != alone.maxima.tobytes()


def test_more_replicates_begin_with_the_fewer(county):
    cube, zones, _ = county
    few, many = (scan(cube, zones, replicates=n) for n in (40, 100))
    assert few.maxima.tobytes() == many.maxima[:40].tobytes()


@pytest.fixture
def few_days():
    random = np.random.default_rng(5)
    xy = random.uniform(1000, 9000, (12, 2))
    cube = random.poisson(0.6, (12, 8))
    cube[3, 4:7] += 4
    return xy, cube


def plain_score(c, size, total, everybody):
    """Kulldorff's log likelihood ratios, as they are printed."""

    def term(a, b):
        return a * np.log(a / b) if a else 0.0

    if not everybody:
        return term(c, size) + term(total - c, total - size) if c > size else 0.0
    if c * everybody <= size * total:
        return 0.0
    inside = term(c, size) + term(size - c, size)
    outside = term(total - c, everybody - size) + term(
        everybody - size - total + c, everybody - size
    )
    overall = term(total, everybody) + term(everybody - total, everybody)
    return inside + outside - overall


def plain_best(xy, cases, sizes, max_days, today, total, everybody, least=2):
    best = 0.0
    for centre in xy:
        distance = np.hypot(*(xy - centre).T)
        for radius in np.unique(distance):
            inside = distance <= radius
            for end in range(cases.shape[1] - 1 if today else 0, cases.shape[1]):
                for start in range(max(end - max_days + 1, 0), end + 1):
                    c = cases[inside, start : end + 1].sum()
                    size = sizes[inside, start : end + 1].sum()
                    if c >= least:
                        best = max(best, plain_score(c, size, total, everybody))
    return best


@pytest.mark.parametrize("mode", ["prospective", "retrospective"])
@pytest.mark.parametrize("model", ["stp", "poisson", "bernoulli"])
def test_the_strongest_window_is_that_of_plain_loops(few_days, model, mode):
    xy, cube = few_days
    random = np.random.default_rng(9)
    people = random.integers(1, 9, cube.shape)
    total = cube.sum()
    sizes, everybody = {
        "stp": (np.outer(cube.sum(1), cube.sum(0)) / total, 0),
        "poisson": (people * total / people.sum(), 0),
        "bernoulli": (cube + people, (cube + people).sum()),
    }[model]
    given = {"poisson": {"population": people}, "bernoulli": {"controls": people}}.get(model, {})
    found = scan(
        cube,
        circles(xy, np.inf),
        model=model,
        mode=mode,
        max_days=3,
        max_case_share=1.0,
        replicates=19,
        **given,
    )
    wanted = plain_best(xy, cube, sizes, 3, mode == "prospective", total, everybody)
    assert found.clusters[0].llr == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("today", [True, False])
@pytest.mark.parametrize("model", ["stp", "poisson", "bernoulli"])
def test_the_thresholds_lose_no_replicate(few_days, model, today):
    """The maximum of replicates by table and batch is the one that plain loops find in them."""
    xy, cube = few_days
    people = np.random.default_rng(9).integers(1, 9, cube.shape)
    total = int(cube.sum())
    sizes = {
        "stp": np.outer(cube.sum(1), cube.sum(0)) / total,
        "poisson": people * total / people.sum(),
        "bernoulli": (cube + people).astype(float),
    }[model]
    everybody = float(sizes.sum()) if model == "bernoulli" else 0.0
    null = {
        "stp": scan_replicates.Permuted(),
        "poisson": scan_replicates.Thrown(),
        "bernoulli": scan_replicates.Labelled(),
    }[model]
    drawn = []

    class Watched:
        def most(self, asked, days):
            return null.most(asked, days)

        def sampler(self, asked, days):
            drawing = null.sampler(asked, days)

            def make():
                draw = drawing()

                def watch(counts, state):
                    draw(counts, state)
                    drawn.append(counts.copy())

                return watch

            return make

    floor = 1.2
    found = scan_replicates.maxima(
        scan_replicates.Question(cube, sizes, total, everybody, Watched()),
        circles(xy, np.inf),
        max_days=3,
        ends_today=today,
        min_cases=2,
        floor=floor,
        replicates=20,
        seed=3,
        threads=1,
    )
    for b, maximum in enumerate(found):
        cases = drawn[0][:, :, b].astype(int)
        shape = sizes
        if today:
            cases, shape = cases[:, ::-1], sizes[:, -3:]
        wanted = plain_best(xy, cases, shape, 3, today, total, everybody)
        assert maximum == (pytest.approx(wanted, abs=1e-9) if wanted >= floor else 0)


@pytest.mark.parametrize("model", ["stp", "poisson", "bernoulli"])
def test_replicates_have_the_margins_of_their_null(model):
    cube = np.array([[5, 0, 1], [2, 7, 0], [0, 1, 4]])
    people = np.array([[10, 20, 30], [0, 5, 5], [9, 9, 9]])
    total = int(cube.sum())
    sizes = {
        "stp": np.outer(cube.sum(1), cube.sum(0)) / total,
        "poisson": people * total / people.sum(),
        "bernoulli": (cube + people).astype(float),
    }[model]
    everybody = float(sizes.sum()) if model == "bernoulli" else 0.0
    null = {
        "stp": scan_replicates.Permuted(),
        "poisson": scan_replicates.Thrown(),
        "bernoulli": scan_replicates.Labelled(),
    }[model]
    asked = scan_replicates.Question(cube, sizes, total, everybody, null)
    counts = np.empty((3, 3, 4000), np.int16)
    null.sampler(asked, np.arange(3))()(counts, np.array([7], np.uint64))
    mean = counts.mean(axis=2)
    wanted = sizes * (total / everybody if everybody else 1)
    assert np.abs(mean - wanted).max() < 0.2
    assert (counts.sum((0, 1)) == total).all()
    if model == "stp":
        assert (cube.sum(1) == counts.sum(1).T).all()
        assert (cube.sum(0) == counts.sum(0).T).all()
    if model == "bernoulli":
        assert (counts <= sizes[:, :, np.newaxis]).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_clusters_share_no_unit_and_come_strongest_first(seed):
    random = np.random.default_rng(seed)
    cube = random.poisson(random.gamma(1, 1, (20, 1)), (20, 10))
    found = scan(cube, circles(random.uniform(1000, 5000, (20, 2)), 1500), replicates=9)
    units = [unit for one in found.clusters for unit in one.units]
    assert len(units) == len(set(units))
    # Equal windows differ in the last digit.
    assert all(a.llr >= b.llr - 1e-9 for a, b in pairwise(found.clusters))
    assert all(one.observed >= 1.2 * one.expected for one in found.clusters)
    assert all(one.observed >= 2 for one in found.clusters)


def test_the_gini_coefficient_prefers_two_spots_to_one_blur():
    column, row = np.meshgrid(np.arange(20), np.arange(20))
    xy = np.column_stack((column.ravel(), row.ravel())) * 1000.0 + 500.0
    people = np.full(400, 100)
    random = np.random.default_rng(1)
    hot = [np.hypot(*(xy - place).T) <= 1000 for place in ((8500, 9500), (11500, 9500))]
    cases = random.poisson(np.where(hot[0] | hot[1], 9.0, 3.0))
    given = {"model": "poisson", "population": people, "max_case_share": 0.5}
    blur, spots = (
        [
            one
            for one in scan(cases, circles(xy, np.inf), report=how, **given).clusters
            if one.p <= 0.05
        ]
        for how in ("no_overlap", "gini")
    )
    assert len(blur) == 1
    assert len(spots) == 2
    assert all(any(spot[one.units].all() for spot in hot) for one in spots)


def test_nothing_found_is_said_as_nothing(county):
    _, zones, _ = county
    found = scan(np.zeros((zones.n, 30), int), zones)
    assert found.clusters == ()
    assert not found.maxima.any()


@pytest.mark.parametrize(
    ("cases", "given", "why"),
    [
        (np.ones(3), {}, "days"),
        (np.ones((3, 4)) / 2, {}, "whole"),
        (-np.ones((3, 4)), {}, "0 or more"),
        (np.ones((2, 4)), {}, "row"),
        (np.ones((3, 4)), {"model": "poisson"}, "needs it"),
        (np.ones((3, 4)), {"model": "poisson", "population": np.zeros(3)}, "at risk"),
        (np.ones((3, 4)), {"model": "poisson", "population": np.ones((3, 2))}, "days"),
        (np.ones((3, 4)), {"model": "bernoulli"}, "needs them"),
        (np.ones((3, 4)), {"model": "bernoulli", "controls": np.ones(3)}, "shaped"),
        (np.ones((3, 4)), {"max_days": 0}, "range"),
    ],
)
def test_what_cannot_be_scanned_is_refused(cases, given, why):
    zones = circles([[1000, 1000], [2000, 2000], [3000, 1000]], 5000)
    with pytest.raises(UnusableCounts, match=why):
        scan(cases, zones, **given)
