"""Chinese is complete, says the same as the English it stands for, and nothing besides."""

from __future__ import annotations

from functools import cache

import pytest
from babel.messages.pofile import read_po

from grids.access import Action
from grids.drafts import OPEN
from grids.model import Role
from grids.plan_check import SENTENCES
from grids.workflow import STEPS, TRANSITIONS
from tests.web import messages
from web.words import WORDS, sentence


@cache
def chinese() -> dict[str, str]:
    file = messages.PROJECT / "web" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
    with file.open("rb") as source:
        return {entry.id: entry.string for entry in read_po(source, locale="zh") if entry.id}


def test_every_text_is_translated():
    assert (
        sorted(messages.all_messages() - {source for source, said in chinese().items() if said})
        == []
    )


def test_nothing_is_translated_that_nobody_says():
    assert sorted(set(chinese()) - messages.all_messages()) == []


def test_translations_are_filled_with_the_same_facts():
    wrong = {
        source: said
        for source, said in chinese().items()
        if messages.facts_of(source) != messages.facts_of(said)
    }
    assert wrong == {}


def test_codes_that_stand_in_sentences_have_words():
    assert set(WORDS["role"]) == set(Role)
    assert set(WORDS["action"]) >= set(Action) | set(TRANSITIONS)
    assert set(WORDS["possible"]) >= set(TRANSITIONS)
    assert set(WORDS["state"]) >= {*OPEN, "published", "withdrawn"}
    assert set(WORDS["step"]) >= set(STEPS)
    # importers speak of deeds and of files, on the command line only
    said = {word for word in messages.literal_facts("what") if " " not in word}
    assert set(WORDS["what"]) >= said


@pytest.mark.parametrize(("language", "tag"), [("zh", "zh-CN"), ("en", "en")])
def test_the_sign_in_page_speaks_both_languages(anonymous, language, tag):
    page = anonymous.get(f"/sign-in?lang={language}").text
    assert f'<html lang="{tag}">' in page
    texts = ["Sign in", "Account", "Password", "Grid management for the county"]
    for text in texts:
        assert (chinese()[text] if language == "zh" else text) in page
    assert ("Password" in page) == (language == "en")
    kept = anonymous.get("/sign-in").text
    assert f'<html lang="{tag}">' in kept


def test_a_list_of_codes_is_worded_with_the_reader_s_comma(app):
    template = "{action} is not possible for an incident that is {step}; possible: {possible}."
    facts = {"action": "close", "step": "reported", "possible": "accept, return"}
    with app.test_request_context("/?lang=zh"):
        assert sentence(template, facts) == "事件当前已上报待受理，不能结案；可进行：受理、回退。"
    with app.test_request_context("/?lang=en"):
        assert sentence(template, facts) == (
            "close is not possible for an incident that is reported; possible: accept, return."
        )


def test_a_fault_of_a_plan_is_said_in_the_reader_s_language(app, world, token_as):
    plan = token_as(Role.GRID_ADMIN).post("/api/v1/plans", {"title": "空方案"}).json
    path = f"/api/v1/plans/{plan['plan_id']}/check"
    caller = token_as(Role.GRID_ADMIN)
    assert [f["message"] for f in caller.get(path).json["faults"]] == ["方案没有任何改动。"]
    caller.get("/?lang=en")
    assert [f["message"] for f in caller.get(path).json["faults"]] == [SENTENCES["plan.empty"]]
