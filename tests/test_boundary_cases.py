"""The table of degenerate cases in `docs/boundary-cases.md` says what the tests hold."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "boundary-cases.md").read_text("utf-8")
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@cache
def names_in(file):
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_table_has_each_of_the_fifty_cases_once_in_order():
    assert [int(number) for number, _, _ in ROW.findall(PAGE)] == list(range(1, 51))


def test_every_case_is_held_by_tests_that_exist():
    for number, _, held_by in ROW.findall(PAGE):
        named = TEST.findall(held_by)
        assert named, number
        assert TEST.sub("", held_by).strip() == "", number
        missing = [name for file, name in named if name not in names_in(file)]
        assert not missing, number


def test_a_test_that_is_named_after_a_case_stands_in_its_row():
    rows = {int(number): held_by for number, _, held_by in ROW.findall(PAGE)}
    for file in (ROOT / "tests").rglob("test_*.py"):
        for name in re.findall(r"^def (test_case_\w+)", file.read_text("utf-8"), re.MULTILINE):
            numbers = re.match(r"test_case_(\d\d)(?:_and_(\d\d))?", name)
            assert numbers is not None, name
            for number in filter(None, numbers.groups()):
                assert f"::{name}`" in rows[int(number)], name
