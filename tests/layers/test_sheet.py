import re
from html.parser import HTMLParser

import geopandas as gpd
import pytest

from layers.sheet import MissingOutline, hotspot_sheet
from layers.sheet_page import tip_lines

LINKING = {
    "src",
    "href",
    "srcset",
    "action",
    "data",
    "poster",
    "background",
    "manifest",
    "xlink:href",
}


class Page(HTMLParser):
    """Collects addresses, style texts and words of a page."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.styles, self.words, self.tags = [], [], [], []
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.open = tag
        self.tags.append(tag)
        for name, value in attributes:
            if name in LINKING:
                self.addresses.append(value)
            if name == "style":
                self.styles.append(value)

    def handle_endtag(self, tag):
        self.open = ""

    def handle_data(self, data):
        if self.open == "style":
            self.styles.append(data)
        elif self.open != "script":
            self.words.append(data)


@pytest.fixture(scope="module")
def made(make):
    county = make.squares(14)
    county.names[3] = '<img src="http://evil.example/x.png" onerror=alert(1)>'
    county.names[4] = "</script><script>alert(2)</script>{{ 7*7 }}"
    county.households[[40, 41]] = [0, 3]
    return county, make.mapped(county)


def test_a_sheet_links_to_nothing(make, county):
    text = hotspot_sheet(make.mapped(county), county.outlines, "热点")
    page = Page(text)
    assert all(address.startswith("#") for address in page.addresses)
    assert not {"link", "iframe", "img", "object", "embed", "base"} & set(page.tags)
    for style in page.styles:
        assert "@import" not in style
        assert all(inner.startswith("#") for inner in re.findall(r"url\(['\"]?([^)]*)", style))
    assert not re.search(r"(?:src|href|action)\s*=\s*[\\'\"]*(?:https?:)?//", text)
    assert "sourceMappingURL" not in text


def test_names_and_titles_are_text(made):
    county, hotspots = made
    text = hotspot_sheet(hotspots, county.outlines, "热点 <b>12</b> 月 {{ 6*7 }}")
    assert "<b>12</b>" not in text
    assert "热点 &lt;b&gt;12&lt;/b&gt; 月 {{ 6*7 }}" in text
    assert "<img src=" not in text
    assert "</script><script>alert" not in text


def test_the_same_map_makes_the_same_file(made):
    county, hotspots = made
    assert hotspot_sheet(hotspots, county.outlines, "甲") == hotspot_sheet(
        hotspots, county.outlines, "甲"
    )


def test_a_table_of_shapes_gives_the_same_file_as_geojson(made):
    county, hotspots = made
    frame = gpd.GeoDataFrame.from_features(county.outlines["features"], crs="EPSG:4490")
    assert hotspot_sheet(hotspots, frame, "甲") == hotspot_sheet(hotspots, county.outlines, "甲")


def test_chinese_comes_first_and_english_is_whole(made):
    county, hotspots = made
    chinese = " ".join(Page(hotspot_sheet(hotspots, county.outlines, "热点")).words)
    assert "发生率与全域之比" in chinese
    assert "未见显著差异，不等于没有问题" in chinese
    text = hotspot_sheet(hotspots, county.outlines, "Hotspots", "en")
    assert '<html lang="en">' in text
    words = " ".join(Page(text).words).replace("全部事项", "")
    for row in hotspots.rows:
        words = words.replace(row.name, "")
    assert not re.search("[\u4e00-\u9fff]", words)
    assert "no significant difference – not the same as no problem" in words


def test_the_method_and_what_was_left_out_are_said_in_words(made):
    county, hotspots = made
    words = " ".join(Page(hotspot_sheet(hotspots, county.outlines, "热点")).words)
    assert f"{hotspots.observed:,} 件" in words
    assert "2 个不足 5 户不显示" in words
    assert "邻域负二项超额检验" in words
    assert "边界第 12 版" in words


def test_a_suppressed_grid_says_why_and_no_number(made):
    _, hotspots = made
    for i, reason in ((40, "没有住户"), (41, "不足 5 户")):
        lines = tip_lines(hotspots.rows[i], "zh-CN")
        assert len(lines) == 2
        assert reason in lines[1]


def test_a_grid_without_an_outline_is_refused(made):
    county, hotspots = made
    short = {**county.outlines, "features": county.outlines["features"][1:]}
    with pytest.raises(MissingOutline) as refusal:
        hotspot_sheet(hotspots, short, "热点")
    assert refusal.value.facts == {"count": 1, "examples": [county.codes[0]]}


def test_a_whole_county_stays_under_three_megabytes(make):
    county = make.squares(46)
    # Simplified outlines of grids have about forty vertices.
    for feature in county.outlines["features"]:
        (x0, y0), (x1, y1) = (feature["geometry"]["coordinates"][0][i] for i in (0, 2))
        steps = [k / 10 for k in range(10)]
        feature["geometry"]["coordinates"] = [
            [[x0 + (x1 - x0) * t, y0] for t in steps]
            + [[x1, y0 + (y1 - y0) * t] for t in steps]
            + [[x1 - (x1 - x0) * t, y1] for t in steps]
            + [[x0, y1 - (y1 - y0) * t] for t in steps]
            + [[x0, y0]]
        ]
    text = hotspot_sheet(make.mapped(county), county.outlines, "全县")
    assert len(county.codes) == 2116
    assert len(text.encode()) < 3_000_000


@pytest.mark.browser
def test_a_sheet_opens_with_no_network(made, tmp_path, browser):
    county, hotspots = made
    file = tmp_path / "sheet.html"
    file.write_text(hotspot_sheet(hotspots, county.outlines, "热点"), encoding="utf-8")
    said, asked = [], []
    with browser.new_context(offline=True, locale="zh-CN") as context:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_selector("path.leaflet-interactive")
        assert page.locator("path.leaflet-interactive").count() == len(county.codes)
        assert page.locator("path[fill='url(#withheld)']").count() == 2
        first = page.locator("tr[data-code]").first
        code = first.get_attribute("data-code")
        first.focus()
        page.keyboard.press("Enter")
        assert code in page.locator(".grid-tip").inner_text()
        inside = page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
        paper = page.pdf(prefer_css_page_size=True, print_background=True)
    assert said == []
    assert asked == [file.as_uri()]
    assert inside
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
