"""`wangge coverage` on plain files: what comes in, what comes out, and the account of it."""

import json
import re

import geopandas
import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from tests.geo.dirt import dirtied
from tests.strategies import crooked_coverage
from web.cli import main as cli

CELLS = crooked_coverage(7, 7, seed=5)


pytestmark = pytest.mark.usefixtures("in_process")


def run(*given):
    answer = CliRunner(env={"DATABASE_URL": ""}).invoke(
        cli, ["coverage", *map(str, given), "--json"], catch_exceptions=False
    )
    return answer.exit_code, json.loads(answer.stdout)


def written(path, outlines, ids, crs="EPSG:4490"):
    data = geopandas.GeoDataFrame({"code": ids}, geometry=list(outlines), crs="EPSG:4490")
    data.to_crs(crs).to_file(path)
    return path


@pytest.fixture
def dirt():
    return dirtied(CELLS, seed=2, jitter_m=(0.5, 2.0), dropped=0.05, swell_m=5.0)


def codes_of(dirt):
    return [f"g{k:02d}" for k in range(len(dirt.outlines))]


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4543", "EPSG:3857"])
def test_a_dirty_file_becomes_a_coverage_with_every_input_accounted_for(tmp_path, dirt, crs):
    source = written(tmp_path / "in.gpkg", dirt.outlines, codes_of(dirt), crs)
    code, before = run("check", source, "--id", "code")
    assert code == 1
    assert (before["exact"], before["duplicates"]) == (False, 1)

    out = tmp_path / "out.gpkg"
    code, account = run("repair", source, out, "--id", "code")
    assert code == 0
    assert account["exact"]
    assert account["n"] == len(dirt.outlines) == account["kept"] + len(account["lost"])
    data = geopandas.read_file(out)
    assert data.crs == "EPSG:4490"
    mine = data[~data.free.astype(bool)]
    assert sorted([*mine.code, *account["lost"]]) == codes_of(dirt)
    assert len(data) - len(mine) == account["free"] >= 1
    code, after = run("check", out)
    assert code == 0
    assert (after["exact"], after["faults"]) == (True, [])


def test_a_repair_within_a_frame_is_exact_within_that_frame(tmp_path, dirt):
    frame = shapely.union_all(CELLS)
    off = np.random.default_rng(1).uniform(-1e-5, 1e-5, shapely.get_coordinates(frame)[1:].shape)
    frame = shapely.Polygon(shapely.get_coordinates(frame)[1:] + off)
    source = written(tmp_path / "in.gpkg", dirt.outlines, codes_of(dirt))
    within = written(tmp_path / "frame.gpkg", [frame], ["county"], "EPSG:4543")
    out = tmp_path / "out.geojson"
    code, account = run("repair", source, out, "--within", within, "--id", "code")
    assert (code, account["exact"]) == (0, True)
    code, after = run("check", out, "--within", within)
    assert (code, after["exact"], after["noise"]) == (0, True, 0)


def test_what_cannot_be_read_is_listed_and_the_rest_is_repaired(tmp_path):
    flat = shapely.Polygon([(99.6, 24.8), (99.6, 24.8), (99.6, 24.8)])
    outlines = [*CELLS[:9], None, flat]
    source = written(tmp_path / "in.gpkg", outlines, [f"g{k}" for k in range(11)])
    out, report = tmp_path / "out.gpkg", tmp_path / "report.json"
    code, account = run("repair", source, out, "--id", "code", "--report", report)
    assert code == 0
    told = [(row["id"], row["code"]) for row in account["unreadable"]]
    assert told == [("g9", "outline.missing"), ("g10", "outline.too_few_points")]
    assert json.loads(report.read_text())["unreadable"] == account["unreadable"]
    assert len(geopandas.read_file(out)) == 9


def test_a_file_without_a_readable_outline_is_refused(tmp_path):
    source = written(tmp_path / "in.geojson", [None, None], ["a", "b"])
    code, answer = run("repair", source, tmp_path / "out.gpkg", "--datum", "cgcs2000")
    assert code == 1
    assert answer["error"]["code"] == "file.no_outlines"
    assert not (tmp_path / "out.gpkg").exists()


@pytest.mark.parametrize(("lang", "words"), [("zh-CN", "结果经证明"), ("en", "is proven")])
def test_the_report_shows_before_and_after_and_fetches_nothing(tmp_path, dirt, lang, words):
    names = ["<script>", *codes_of(dirt)[1:]]
    source = written(tmp_path / "in.gpkg", dirt.outlines, names)
    page = tmp_path / "report.html"
    code, _ = run(
        "repair", source, tmp_path / "out.gpkg", "--id", "code", "--report", page, "--lang", lang
    )
    assert code == 0
    html = page.read_text(encoding="utf-8")
    assert words in html
    assert "<script>" not in html
    assert html.count("<svg") >= 3
    assert not re.search(r"https?://|src=|url\(", html)
