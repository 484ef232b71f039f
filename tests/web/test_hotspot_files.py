"""The command line on plain files: every method, in its own terms, with no database."""

import csv
import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from libpysal import examples
from PIL import Image

from tests.geo.hotspots.conftest import DEFAULT as REFERENCE
from web.cli import main as cli

SIDE = 12
STEP = 0.01


def run(*given):
    answer = CliRunner(env={"DATABASE_URL": ""}).invoke(
        cli, ["hotspots", *map(str, given), "--json"], catch_exceptions=False
    )
    return answer.exit_code, json.loads(answer.stdout)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A county of 144 squares, 90 days of events, and one block that is hot in the last six."""
    folder = tmp_path_factory.mktemp("plain")
    random = np.random.default_rng(4)
    features, rows = [], []
    for k, (i, j) in enumerate(product(range(SIDE), repeat=2)):
        x, y = 99.5 + STEP * j, 24.5 + STEP * i
        corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
        hot = 4 <= i <= 6 and 4 <= j <= 6
        usual = random.poisson(0.12, 90) + (random.poisson(0.9, 90) * hot * (np.arange(90) >= 84))
        rows += [
            (x + STEP * random.uniform(0.1, 0.9), y + STEP * random.uniform(0.1, 0.9), day)
            for day, n in enumerate(usual)
            for _ in range(n)
        ]
        features.append(
            {
                "type": "Feature",
                "properties": {
                    "id": f"g{k:03d}",
                    "homes": 40,
                    "sick": int(usual.sum()),
                    "well": 100,
                },
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[x + STEP * a, y + STEP * b] for a, b in corners]],
                },
            }
        )
    (folder / "grids.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features})
    )
    first = np.datetime64("2025-01-01")
    lines = [f"{x:.6f},{y:.6f},{first + np.timedelta64(day, 'D')}" for x, y, day in rows]
    (folder / "events.csv").write_text("\n".join(["lon,lat,date", *lines]))
    return folder


@pytest.fixture
def asked(files):
    return (
        *("--grids", files / "grids.geojson", "--id", "id", "--population", "homes"),
        *("--datum", "wgs84"),
    )


@pytest.fixture
def events(files):
    return ("--events", files / "events.csv")


HOT = {f"g{i * SIDE + j:03d}" for i, j in product(range(4, 7), repeat=2)}


def test_the_scan_names_the_block_and_its_days(asked, events):
    code, said = run(*asked, *events, "--method", "scan", "--max-radius", 3000, "--replicates", 99)
    assert code == 0
    first = said["clusters"][0]
    assert set(first["units"]) <= HOT | {first["centre"]}
    assert len(set(first["units"]) & HOT) >= 7
    assert first["end"] == "2025-03-31"
    assert first["p"] == pytest.approx(0.01)
    assert first["recurrence_days"] == pytest.approx(100)
    assert set(first) == {
        *("units", "centre", "radius_m", "start", "end", "observed", "expected"),
        *("relative_risk", "llr", "p", "recurrence_days"),
    }


def test_a_scan_of_large_units_is_not_cut_down_to_single_ones(tmp_path):
    """The 100 counties of North Carolina, sudden infant deaths of 1974 to 1978 among the born."""
    file = Path(examples.get_path("sids2.shp"))
    given = ("--grids", file, "--id", "NAME", "--population", "BIR74", "--count", "SID74")
    given += ("--datum", "wgs84", "--method", "scan", "--model", "poisson")
    code, said = run(*given)
    assert (code, said["settings"]["max_radius_m"]) == (0, None)
    first, second = said["clusters"][:2]
    assert set(first["units"]) == {"Northampton", "Halifax", "Hertford", "Bertie"}
    assert {"Anson", "Scotland", "Robeson"} <= set(second["units"])
    assert second["p"] == 0.001
    code, said = run(*given, "--max-radius", 5000)
    assert (code, said["settings"]["max_radius_m"]) == (0, 5000)
    assert all(len(one["units"]) == 1 for one in said["clusters"])


def test_equal_seeds_say_the_same(asked, events):
    given = (*asked, *events, "--method", "scan", "--replicates", 50)
    assert run(*given, "--seed", 3) == run(*given, "--seed", 3)
    assert run(*given, "--seed", 3)[1]["seed"] == 3


@pytest.mark.parametrize(
    ("method", "key", "fields"),
    [
        ("excess", "units", {"observed", "expected", "ratio", "ci95", "p", "q"}),
        ("gi", "units", {"z", "p", "q", "gi_bin"}),
        ("change", "units", {"rate_ratio", "ci95", "p_mid", "q", "direction"}),
        (
            "emerging",
            "units",
            {"class_17", "class_plain", "mk_z", "mk_q", "share_hot", "last_hot"},
        ),
        ("density", "units", {"per_km2"}),
        ("dbscan", "clusters", {"n", "n_core", "radius_m"}),
        ("knox", "bands", {"distance_m", "lag_d", "observed", "expected", "ratio", "p"}),
    ],
)
def test_each_method_answers_in_its_terms(asked, events, method, key, fields):
    days = ("--since", "2025-03-26", "--until", "2025-03-31")
    whole = () if method in ("emerging", "knox") else days
    code, said = run(*asked, *events, *whole, "--method", method, "--replicates", 19, "--eps", 900)
    assert code == 0, said
    assert said["method"] == method
    assert fields <= set(said[key][0])
    if key == "units":
        assert len(said[key]) == SIDE**2
    account = said["events"]
    assert account["read"] == sum(n for name, n in account.items() if name != "read")
    if method == "change":
        # More than in the six days before, around the block and nowhere far from it.
        more = {unit["id"] for unit in said["units"] if unit["q"] and unit["q"] <= 0.05}
        assert more & HOT
        assert all(2 <= int(one[1:]) % SIDE <= 8 for one in more)


@pytest.mark.parametrize("model", ["poisson", "bernoulli"])
def test_counts_on_the_polygons_need_no_events(asked, model):
    code, said = run(
        *asked,
        *("--count", "sick", "--controls", "well", "--method", "scan", "--model", model),
        *("--max-radius", 3000, "--replicates", 99),
    )
    assert code == 0
    first = said["clusters"][0]
    assert set(first["units"]) & HOT
    assert (first["start"], first["end"], first["recurrence_days"]) == (None, None, None)
    assert said["settings"]["mode"] == "spatial"


def test_what_a_method_lacks_is_said(files, asked, events):
    without = [one for one in asked if one not in ("--population", "homes")]
    for given, code in (
        ((*without, *events, "--method", "excess"), "hotspots.needs"),
        ((*asked, "--count", "sick", "--method", "scan"), "hotspots.needs"),
        ((*asked, "--count", "nobody", "--method", "gi"), "file.no_column"),
        ((*asked, *events, "--method", "magic"), "hotspots.method"),
    ):
        exit_code, said = run(*given)
        assert exit_code == 1
        assert said["error"]["code"] == code


@pytest.mark.parametrize("name", ["scan.geojson", "scan.csv"])
def test_the_rows_can_be_written(asked, events, tmp_path, name):
    target = tmp_path / name
    code, _ = run(*asked, *events, "--method", "scan", "--replicates", 19, "--out", target)
    assert code == 0
    assert "g052" in target.read_text("utf-8")


def test_new_york_fever_by_places_equals_satscan(tmp_path):
    if not REFERENCE.is_dir():
        pytest.skip(f"no reference values at {REFERENCE}")
    places = REFERENCE / "data" / "NYCfevergeo.csv"
    with places.open(newline="") as file:
        at = {row["zip"]: (row["long"], row["lat"]) for row in csv.DictReader(file)}
    with (REFERENCE / "data" / "NYCfevercas.csv").open(newline="") as file:
        rows = [
            (*at[row["zip"]], row["date"].replace("/", "-"))
            for row in csv.DictReader(file)
            for _ in range(int(row["cases"]))
        ]
    events = tmp_path / "cases.csv"
    events.write_text("\n".join(["lon,lat,date", *(",".join(row) for row in rows)]))
    _, said = run(
        *("--grids", places, "--id", "zip", "--events", events, "--datum", "wgs84"),
        *("--since", "2001-11-01", "--until", "2001-11-24", "--method", "scan"),
        *("--max-radius", 3000, "--max-share", 0.5, "--max-days", 7, "--replicates", 999),
    )
    path = REFERENCE / "expected" / "satscan_results.json"
    wanted = json.loads(path.read_text("utf-8"))["nyc_fever_stp_9999"]["clusters"]
    assert said["events"]["counted"] == 194
    for ours, theirs in zip(said["clusters"], wanted, strict=False):
        assert sorted(ours["units"]) == sorted(theirs["locations"])
        assert ours["observed"] == theirs["observed"]
        assert ours["llr"] == pytest.approx(theirs["llr"], abs=1e-6)
        assert ours["p"] == pytest.approx(theirs["p"], abs=0.06)


@pytest.mark.parametrize("method", ["excess", "change", "scan"])
def test_any_map_can_be_a_picture(asked, events, tmp_path, method):
    target = tmp_path / "hot.png"
    days = ("--since", "2025-03-26", "--until", "2025-03-31")
    code, said = run(
        *asked, *events, *days, "--method", method, "--replicates", 19, "--out", target
    )
    assert code == 0, said
    image = Image.open(target)
    assert image.size == (2000, 1400)
    # Ground, ink and at least two classes of the map.
    assert len(image.convert("RGB").quantize(16).getcolors()) > 4


def test_a_file_that_knows_only_months_is_told_of_in_months(files, asked, tmp_path):
    lines = (files / "events.csv").read_text().splitlines()
    months = [line[:-3] + "-01" if line[0].isdigit() else line for line in lines]
    (tmp_path / "months.csv").write_text(
        "\n".join(line.replace("-01-01", "-01") for line in months)
    )
    given = (*asked, "--events", tmp_path / "months.csv", "--replicates", 19)
    code, said = run(*given, "--method", "scan")
    assert code == 0, said
    assert said["step"] == "month"
    assert [note["code"] for note in said["notes"]] == ["hotspots.month_only"]
    assert {one["start"] for one in said["clusters"]} <= {"2025-01", "2025-02", "2025-03"}
    # Whole months were counted, and an analysis can be made once a month, not daily.
    assert said["window"] == "2025-01-01/2025-03-31"
    assert {one["recurrence_days"] * one["p"] for one in said["clusters"]} <= {30.0}
    assert run(*given, "--method", "emerging")[1]["settings"]["step"] == "month"
    code, said = run(*given, "--method", "knox")
    assert (code, said["error"]["code"]) == (1, "hotspots.needs_days")
    said = run(*given, "--method", "dbscan", "--eps", 500)[1]
    assert {one["start"] for one in said["clusters"]} <= {"2025-01", "2025-02", "2025-03"}


def test_a_few_stray_dates_neither_stretch_the_window_nor_stay_unsaid(files, asked, tmp_path):
    lines = (files / "events.csv").read_text().splitlines()
    place = lines[1].rpartition(",")[0]
    lines += [f"{place},{day}" for day in ("1990-02-01", "2011-11-11")]
    (tmp_path / "stray.csv").write_text("\n".join(lines))
    code, said = run(*asked, "--events", tmp_path / "stray.csv", "--method", "excess")
    assert code == 0, said
    assert said["window"] == "2025-01-01/2025-03-31"
    assert said["events"]["other_days"] == 2
    note = next(one for one in said["notes"] if one["code"] == "hotspots.stray_dates")
    assert note["facts"] == {"count": 2, "earliest": "1990-02-01", "latest": "2025-03-31"}


def test_units_may_be_points_of_a_feature_file(files, tmp_path):
    features = json.loads((files / "grids.geojson").read_text())["features"]
    for feature in features:
        (x, y), *_ = feature["geometry"]["coordinates"][0]
        feature["geometry"] = {"type": "Point", "coordinates": [x, y]}
    places = tmp_path / "places.geojson"
    places.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    given = ("--grids", places, "--id", "id", "--datum", "wgs84")
    code, said = run(*given, "--count", "sick", "--method", "gi", "--max-radius", 1600)
    assert code == 0, said
    assert len(said["units"]) == 144
    assert max(said["units"], key=lambda unit: unit["z"])["id"] in HOT


def test_a_change_against_a_time_before_the_file_is_refused(asked, events):
    code, said = run(*asked, *events, "--method", "change", "--compare", "yoy")
    assert (code, said["error"]["code"]) == (1, "hotspots.needs")
