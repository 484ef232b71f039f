"""The procedure as data: what leads where, and what has to come before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids import workflow
from grids.errors import BadValue
from grids.workflow import ENDED, STEPS, TRANSITIONS

HOLDS = ("reporter", "review", "unanswered", "supervised")


def names(step, *, is_desk=True, holds=()):
    return [one.action for one in workflow.possible_actions(step, is_desk=is_desk, holds=holds)]


def test_the_shortest_way_through_is_accept_resolve_close():
    step = "reported"
    for action in ("accept", "resolve", "close"):
        step = workflow.next_step(step, action, "note")
    assert step == "closed"


@pytest.mark.parametrize("step", sorted(set(STEPS) - {"resolved", "verified"}))
def test_nothing_is_closed_that_was_not_resolved(step):
    with pytest.raises(workflow.WrongStep) as refused:
        workflow.next_step(step, "close", "")
    assert "close" not in refused.value.facts["possible"]


@pytest.mark.parametrize(
    ("holds", "refusal"),
    [
        ({"unanswered"}, workflow.Unanswered),
        ({"supervised"}, workflow.Supervised),
        # The sheet first: it can only be struck off once the reporter was answered.
        ({"unanswered", "supervised"}, workflow.Supervised),
    ],
)
@pytest.mark.parametrize(("step", "action"), [("resolved", "close"), ("accepted", "reject")])
def test_nothing_ends_while_somebody_waits(step, action, holds, refusal):
    with pytest.raises(refusal):
        workflow.next_step(step, action, "why", holds=holds)
    assert action not in names(step, holds=holds)
    blocked = workflow.blocked_actions(step, is_desk=True, holds=holds)
    assert blocked[action] == refusal.code


def test_an_attempt_leads_by_what_came_of_it():
    assert workflow.next_step("accepted", "attempt", "谈过", result="failed") == "in_progress"
    assert workflow.next_step("in_progress", "attempt", "谈好", result="settled") == "resolved"
    with pytest.raises(BadValue, match="failed, settled"):
        workflow.next_step("accepted", "attempt", "谈过")


def test_what_has_to_be_explained_needs_a_note():
    with pytest.raises(workflow.NoteNeeded):
        workflow.next_step("accepted", "resolve", "  ")


def test_an_unknown_action_is_refused_with_the_choice():
    with pytest.raises(BadValue, match="accept"):
        workflow.next_step("reported", "explode", "")


@given(st.sampled_from(sorted(STEPS)), st.sets(st.sampled_from(HOLDS)), st.booleans())
def test_what_is_offered_is_what_is_possible(step, holds, is_desk):
    offered = names(step, is_desk=is_desk, holds=holds)
    for action in TRANSITIONS:
        result = next(iter(TRANSITIONS[action].by_result), None)
        try:
            to_step = workflow.next_step(step, action, "why", result=result, holds=holds)
        except (workflow.WrongStep, workflow.Unanswered, workflow.Supervised):
            assert action not in offered
        else:
            assert action in offered or (TRANSITIONS[action].desk_only and not is_desk)
            assert to_step in STEPS


def test_every_way_comes_to_an_end():
    ways = {
        step: {
            to
            for transition in TRANSITIONS.values()
            if step in transition.from_steps
            for to in (transition.to_step, *transition.by_result.values())
            if to
        }
        for step in STEPS
    }
    reached, front = {"reported"}, {"reported"}
    while front:
        front = {to for step in front for to in ways[step]} - reached
        reached |= front
    assert reached == set(STEPS)
    home = set(ENDED)
    while any(step not in home and ways[step] & home for step in STEPS):
        home |= {step for step in STEPS if ways[step] & home}
    assert home == set(STEPS)


def test_the_owner_in_the_field_does_not_decide_for_the_desk():
    assert names("resolved", is_desk=False) == ["close", "return"]
    assert names("duplicate", is_desk=False, holds={"reporter"}) == ["answer"]
    assert set(names("reported", is_desk=False)) == {"accept", "return", "escalate"}


def test_every_step_has_its_words_in_both_vocabularies():
    six = {"found", "recorded", "dispatched", "handled", "checked", "answered"}
    loop = {"collect", "analyse", "dispatch", "supervise", "assess"}
    for step in STEPS:
        for review in (False, True):
            said = workflow.phase(step, review=review)
            assert said["six"] in six
            assert said["loop"] in loop
    assert workflow.phase("reported", review=True) == {"six": "recorded", "loop": "analyse"}
