from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from layers.print import fonts
from layers.print.ink import Ink

HAN = "".join(
    bytes([high, low]).decode("gb2312")
    for high in range(0xB0, 0xF8)
    for low in range(0xA1, 0xFF if high != 0xD7 else 0xFA)
)
TEXTS = st.text(st.sampled_from("网格第一二三耈街彝族乡 ABCdef 0123，。（）·—"), max_size=40)
UNKNOWN = "\U00030000"


def test_every_character_of_gb2312_and_of_the_countys_names_is_there_in_both_weights():
    assert fonts.missing(HAN + "耈箐〓·—（）") == set()
    assert fonts.runs("耈街乡" + HAN, bold=True) == ((fonts.BOLD, "耈街乡" + HAN),)


def test_a_character_without_a_glyph_is_seen_and_told():
    assert fonts.missing(f"张{UNKNOWN}") == {UNKNOWN}
    assert fonts.runs(f"张{UNKNOWN}伟") == ((fonts.REGULAR, "张〓伟"),)
    own_of_some_bureau, younger_than_this_python = "\ue5e5", "\U000323b0"
    for sign in (own_of_some_bureau, younger_than_this_python):
        assert fonts.missing(sign) == {sign}
        assert fonts.runs(sign) == ((fonts.REGULAR, "〓"),)


def test_a_rare_character_of_a_bold_text_is_written_in_the_regular_face():
    rare = "㐂"
    assert fonts.missing(rare) == set()
    assert fonts.runs(f"张{rare}", bold=True) == ((fonts.BOLD, "张"), (fonts.REGULAR, rare))


def test_what_cannot_be_printed_becomes_a_space():
    assert fonts.runs("一\x07二") == ((fonts.REGULAR, "一 二"),)
    assert fonts.missing("一\x07二") == set()


@given(TEXTS, st.floats(20, 120))
def test_wrapped_lines_fit_and_lose_nothing(text, room):
    lines = fonts.wrapped(text, 7, room)
    assert all(fonts.width(line, 7) <= room for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(TEXTS, st.floats(10, 120))
def test_a_shortened_text_fits_and_shows_that_something_is_cut(text, room):
    short = fonts.shortened(text, 7, room)
    assert fonts.width(short, 7) <= room
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def document(first: int) -> int:
    """Return the size of a document with 600 characters of its own."""
    page = Ink((600, 800), title="", subject="")
    for n in range(20):
        page.text(20, 20 + 30 * n, HAN[first + 30 * n : first + 30 * n + 30], 12, bold=n % 2 == 0)
    return len(page.pdf())


def test_documents_made_at_the_same_time_do_not_touch_each_others_fonts():
    starts = range(0, 6000, 600)
    alone = [document(first) for first in starts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(document, starts))
    assert together == alone
