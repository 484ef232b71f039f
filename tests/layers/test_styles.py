import itertools
from string import Formatter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.styles import language, outline_level, paint_of, ratio_keys, series, theme, word

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
DEUTAN = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
]
PROTAN = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]
XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.072175],
    [0.0193339, 0.119192, 0.9503041],
]


def linear(colour):
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    bright, dark = sorted((linear(c) @ XYZ[1] for c in (one, other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def difference(one, other, eye):
    """CIE76 distance as this eye sees it; 2.3 is just noticeable."""

    def lab(colour):
        xyz = np.array(XYZ) @ np.clip(eye @ linear(colour), 0, 1) / [0.95047, 1, 1.08883]
        f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])

    return np.linalg.norm(lab(one) - lab(other))


def entries(node, path=""):
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from entries(value, f"{path}/{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from entries(value, f"{path}/{i}")


def test_whatever_is_said_is_said_in_both_languages():
    for path, entry in entries(dict(theme())):
        assert ("zh" in entry) == ("en" in entry), path
        assert all(entry[key].strip() for key in ("zh", "en") if key in entry), path


def test_both_languages_name_the_same_facts():
    for code, said in theme()["words"].items():
        facts = [{name for _, name, _, _ in Formatter().parse(said[key]) if name} for key in said]
        assert facts[0] == facts[1], code


def test_the_published_palettes_are_kept():
    gi = [entry["colour"] for entry in theme()["gi"]["classes"]]
    assert gi == ["#2166ac", "#67a9cf", "#d1e5f0", "#f7f7f7", "#fddbc7", "#ef8a62", "#b2182b"]
    assert [entry["colour"] for entry in theme()["ratio"]["classes"]] == gi[1:]
    assert theme()["unjudged"]["too_few"]["hatch"] == "#bdbdbd"


@pytest.mark.parametrize(
    "eye", [np.eye(3), np.array(DEUTAN), np.array(PROTAN)], ids=["all", "deutan", "protan"]
)
@pytest.mark.parametrize("group", ["gi", "ratio", "volume", "cluster", "pattern"])
def test_every_eye_tells_the_classes_apart(group, eye):
    colours = [entry["colour"] for entry in theme()[group]["classes"]]
    for one, other in itertools.combinations(colours, 2):
        assert difference(one, other, eye) > 7, (one, other)


@pytest.mark.parametrize("eye", [np.array(DEUTAN), np.array(PROTAN)], ids=["deutan", "protan"])
def test_an_old_and_a_new_border_differ_to_every_eye(eye):
    draft = theme()["draft"]
    assert difference(draft["old"]["colour"], draft["new"]["colour"], eye) > 20
    assert draft["old"]["dash"] != draft["new"]["dash"]


def test_text_stands_out_from_its_ground():
    paper = theme()["paper"]
    for ground in (paper["background"], paper["panel"]):
        for ink in (paper["ink"], paper["muted"], paper["accent"]):
            assert contrast(ink, ground) >= 4.5


def test_lines_and_points_stand_out_from_the_map():
    given = theme()
    shapes = [
        entry["colour"]
        for group in ("units", "households", "incidents", "draft", "faults")
        for entry in given[group].values()
    ]
    shapes += [*given["series"]["colours"], given["series"]["other"]["colour"]]
    shapes += [given["selection"]["colour"], given["hover"]["colour"]]
    for colour in shapes:
        assert contrast(colour, given["paper"]["background"]) >= 3, colour


def test_the_significance_line_stands_out_from_every_class_but_the_darkest_by_its_core():
    given = theme()
    line = given["outline"]["double"]
    for entry in given["ratio"]["classes"]:
        best = max(
            contrast(line["colour"], entry["colour"]), contrast(line["core"], entry["colour"])
        )
        assert best >= 3, entry["key"]


def test_colour_never_stands_alone():
    given = theme()
    for group in ("gi", "ratio"):
        signs = [entry["sign"] for entry in given[group]["classes"]]
        assert len(set(signs)) == len(signs)
    for group, mark in (("households", "shape"), ("incidents", "mark"), ("faults", "mark")):
        marks = [entry[mark] for entry in given[group].values()]
        assert len(set(marks)) == len(marks), group


def test_levels_of_units_grow_heavier_upwards():
    widths = [
        theme()["units"][level]["width"]
        for level in ("county", "township", "village", "grid", "subgroup")
    ]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 5


def test_ratios_get_the_published_classes():
    values = [0.2, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0, 4.1, float("nan")]
    assert ratio_keys(values) == ["r0", "r1", "r2", "r2", "r2", "r3", "r4", "r5", None]


def test_an_outline_is_double_at_one_percent_and_solid_at_five():
    assert [outline_level(q) for q in (0.0, 0.01, 0.011, 0.05, 0.051, float("nan"))] == [
        "double",
        "double",
        "solid",
        "solid",
        None,
        None,
    ]


@given(st.lists(st.text(max_size=4), max_size=12), st.randoms())
def test_the_same_codes_always_look_the_same(codes, random):
    shuffled = random.sample(codes, len(codes))
    looks = series(codes)
    assert looks == series(shuffled)
    assert looks.keys() == set(codes)
    named = [tuple(look.values()) for look in looks.values()]
    assert len(set(named)) == min(len(named), 7)


def test_sentences_are_filled_in_the_readers_language():
    assert language("zh_Hans_CN") == "zh"
    assert language("en-GB") == "en"
    assert "4.7 倍" in word("hotspots.too_few", "zh-CN", ratio=4.7)
    assert "4.7×" in word("hotspots.too_few", "en", ratio=4.7)
    with pytest.raises(KeyError):
        word("hotspots.too_few", "zh-CN")
    assert paint_of("too_few")["pattern"] == "too-few"
