import pytest

from grids.model import Level
from importers.codes import national_code, oddity_of, problem_of


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("530524", Level.COUNTY),
        ("530524101", Level.TOWNSHIP),
        ("530524101001", Level.VILLAGE),
        ("530524101001999", Level.GRID),
        ("53052410100100199", Level.SUBGROUP),
        ("820001001", Level.TOWNSHIP),
    ],
)
def test_codes_of_the_national_structure_pass(code, level):
    assert problem_of(code, level) is None


@pytest.mark.parametrize(
    ("code", "level", "why"),
    [
        ("53052", Level.COUNTY, "has 5 digits; a county has 6"),
        ("5305241", Level.COUNTY, "has 7 digits"),
        ("900001", Level.COUNTY, "is no province"),
        ("165301", Level.COUNTY, "is no province"),
        ("530524000", Level.TOWNSHIP, "names no township"),
        ("530524101001000", Level.GRID, "names no grid"),
        ("53052410100100100", Level.SUBGROUP, "names no subgroup"),
        ("W06000001", Level.TOWNSHIP, "no code of digits"),
        ("٥٣٠٥٢٤", Level.COUNTY, "no code of digits"),
    ],
)
def test_other_texts_are_told_what_they_lack(code, level, why):
    assert why in str(problem_of(code, level))


def test_statistical_codes_lose_the_zeros_that_only_fill_them_up():
    assert national_code("530524101000", Level.TOWNSHIP) == "530524101"
    assert national_code("530524000000", Level.COUNTY) == "530524"
    assert national_code("530524101001", Level.TOWNSHIP) == "530524101001"
    assert national_code("530524101000", Level.VILLAGE) == "530524101000"


def test_a_code_of_an_unusual_kind_is_noted_and_not_refused():
    assert problem_of("522632210700", Level.VILLAGE) is None
    assert "700 is no usual number" in str(oddity_of("522632210700", Level.VILLAGE))
    assert oddity_of("522632210500", Level.VILLAGE) is None
    assert oddity_of("530524101001001", Level.GRID) is None
