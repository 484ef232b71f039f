import io

import numpy as np
import pytest
import shapely
from PIL import Image

from layers.hotspot_picture import picture
from layers.styles import theme

WINDOW = {"since": "2026-01-01", "until": "2026-01-30"}
OUTLINE = {"a": shapely.box(99.5, 24.8, 99.6, 24.9)}


def grey_of(key):
    """Return the middle of a picture of one unit, as grey paper shows it."""
    answer = {"rows": [{"code": "a", "paint": key, "outline": None}], "notes": [], "window": WINDOW}
    with Image.open(io.BytesIO(picture(answer, OUTLINE, "", "zh"))) as drawn:
        return np.asarray(drawn.convert("L"))[500:600, 500:600]


@pytest.mark.parametrize("kind", ["ratio", "gi"])
def test_low_classes_are_dotted_and_high_ones_are_not(kind):
    for entry in theme()[kind]["classes"]:
        is_plain = np.ptp(grey_of(entry["key"])) == 0
        assert is_plain == ("dots" not in entry), entry["key"]
    assert sum("dots" in entry for entry in theme()[kind]["classes"]) >= 2


def test_what_is_not_judged_is_ruled():
    assert np.ptp(grey_of("too_few")) > 0


def test_a_unit_without_a_class_is_left_white():
    assert np.ptp(grey_of(None)) == 0
