"""一件事的始末：从上报到结案，谁负责、为什么、能做什么。"""

from datetime import datetime

from geo.datum import Datum, from_cgcs2000
from geo.position import Position
from grids.errors import Forbidden
from grids.local_time import CHINA
from grids.workflow import NoteNeeded, WrongStep


def test_the_life_of_an_incident(story):
    story.given_a_village_of_grids("东门网格", "西门网格")
    li = story.given_a_worker("李网格员", "东门网格")
    wang = story.given_a_worker("王网格员", "西门网格")
    zhang = story.given_a_dispatcher("张调度")

    lamp = story.when_reported("路灯不亮", story.place("东门网格", 0.3, 0.5), by=zhang)
    story.then_lies_in(lamp, "东门网格")
    story.then_owned_by(lamp, li)
    story.then_told(li, "incident.assigned")
    story.then_told(wang)

    story.when_time_passes(minutes=10)
    story.then_can(li, lamp, "accept", "return", "escalate")
    story.then_can(wang, lamp)
    story.then_refused(Forbidden, story.when_done, wang, "accept", lamp)
    story.then_refused(WrongStep, story.when_done, li, "close", lamp)
    story.when_done(li, "accept", lamp)
    story.when_done(li, "start", lamp)
    story.then_refused(NoteNeeded, story.when_done, li, "resolve", lamp)

    story.when_time_passes(hours=3)
    story.when_done(li, "resolve", lamp, note="已更换灯泡")
    story.when_done(zhang, "return", lamp, note="群众反映仍不亮")
    story.when_done(li, "accept", lamp)
    story.when_done(li, "resolve", lamp, note="线路已修复")
    story.then_refused(Forbidden, story.when_done, li, "verify", lamp)
    story.when_done(zhang, "verify", lamp)
    story.when_done(zhang, "close", lamp)

    card = story.card(lamp, zhang)
    assert card.incident.step == "closed"
    assert card.closed_at == story.now
    # 星期日上报，二十四小时从星期一起算
    assert card.incident.due_at == datetime(2026, 11, 24, tzinfo=CHINA)
    story.then_can(li, lamp)
    story.then_history_is(
        lamp,
        zhang,
        ("report", "张调度"),
        ("accept", "李网格员"),
        ("start", "李网格员"),
        ("resolve", "李网格员"),
        ("return", "张调度"),
        ("accept", "李网格员"),
        ("resolve", "李网格员"),
        ("verify", "张调度"),
        ("close", "张调度"),
    )


def test_a_worker_on_leave_is_stood_in_for_and_the_reason_is_said(story):
    story.given_a_village_of_grids("东门网格")
    li = story.given_a_worker("李网格员", "东门网格")
    zhao = story.given_a_worker("赵副网格员", "东门网格", rank="deputy")
    desk = story.given_a_desk("村值班岗")
    zhang = story.given_a_dispatcher("张调度")
    here = story.place("东门网格", 0.3, 0.5)

    story.when_on_leave(li, days=3)
    lamp = story.when_reported("路灯不亮", here, by=zhang)
    story.then_owned_by(lamp, zhao, reason="deputy")
    (skipped,) = story.card(lamp, zhang).skipped
    assert (skipped["name"], skipped["reason"]) == ("李网格员", "on_leave")

    story.when_on_leave(zhao, days=1)
    drain = story.when_reported("井盖缺失", here, by=zhang)
    story.then_owned_by(drain, desk, reason="desk")

    story.when_time_passes(days=2)
    story.then_owned_by(story.when_reported("路灯又不亮", here, by=zhang), zhao, reason="deputy")
    story.when_time_passes(days=2)
    story.then_owned_by(story.when_reported("路灯还不亮", here, by=zhang), li)
    story.then_owned_by(lamp, zhao, reason="deputy")


def test_the_desk_gives_an_incident_to_another_and_says_why(story):
    story.given_a_village_of_grids("东门网格", "西门网格")
    li = story.given_a_worker("李网格员", "东门网格")
    wang = story.given_a_worker("王网格员", "西门网格")
    zhang = story.given_a_dispatcher("张调度")
    lamp = story.when_reported("路灯不亮", story.place("东门网格", 0.9, 0.5), by=zhang)
    story.then_owned_by(lamp, li)
    story.when_given_by_hand(zhang, lamp, to=wang, reason="王网格员就在附近")
    story.then_owned_by(lamp, wang, reason="by_hand")
    story.then_told(wang, "incident.assigned")
    story.then_can(li, lamp)
    story.when_done(wang, "accept", lamp)


def test_what_a_worker_gives_back_is_the_desks_until_it_is_given_to_another(story):
    story.given_a_village_of_grids("东门网格", "西门网格")
    li = story.given_a_worker("李网格员", "东门网格")
    wang = story.given_a_worker("王网格员", "西门网格")
    village = story.given_a_desk("村值班岗")
    zhang = story.given_a_dispatcher("张调度")
    lamp = story.when_reported("路灯不亮", story.place("东门网格", 0.9, 0.5), by=zhang)
    due_at = story.card(lamp, zhang).incident.due_at

    story.when_time_passes(minutes=10)
    story.then_refused(NoteNeeded, story.when_done, li, "return", lamp)
    story.when_done(li, "return", lamp, note="灯在西门网格一侧")
    story.then_owned_by(lamp, village, reason="given_back")
    story.then_told(village, "incident.given_back")
    story.then_can(li, lamp)
    # 换了责任人，时限不因此延长
    assert story.card(lamp, zhang).incident.due_at == due_at

    story.when_given_by_hand(zhang, lamp, to=wang, reason="灯在西门一侧")
    story.when_done(wang, "accept", lamp)
    story.when_done(wang, "resolve", lamp, note="已更换灯泡")
    # 调度中心退回的，是同一个人再办
    story.when_done(zhang, "return", lamp, note="仍不亮")
    story.then_owned_by(lamp, wang, reason="by_hand")
    story.when_done(wang, "accept", lamp)


def test_a_report_from_a_chinese_web_map_lands_where_it_happened(story):
    story.given_a_village_of_grids("东门网格", "西门网格")
    zhang = story.given_a_dispatcher("张调度")
    here = story.place("东门网格", 0.95, 0.5)

    lamp = story.when_reported("路灯不亮", here, by=zhang, datum=Datum.GCJ02)
    story.then_lies_in(lamp, "东门网格")
    card = story.card(lamp, zhang)
    lon, lat = card.incident.at
    assert abs(lon - here.lon) < 1e-8
    assert abs(lat - here.lat) < 1e-8
    assert card.given["datum"] == "gcj02"

    # 同样的数字若当作 CGCS2000，就到了几百米外的邻格
    taken_as_ours = Position(*from_cgcs2000(here, Datum.GCJ02))
    story.then_lies_in(story.when_reported("路灯不亮", taken_as_ours, by=zhang), "西门网格")


def test_three_metres_from_the_border_both_grids_are_named(story):
    story.given_a_village_of_grids("东门网格", "西门网格")
    li = story.given_a_worker("李网格员", "东门网格")
    story.given_a_worker("王网格员", "西门网格")
    zhang = story.given_a_dispatcher("张调度")
    here = story.metres_west_of_the_eastern_border("东门网格", 3)

    lamp = story.when_reported("路灯不亮", here, by=zhang, accuracy_m=30)
    story.then_lies_in(lamp, "东门网格")
    story.then_owned_by(lamp, li)
    card = story.card(lamp, zhang)
    assert abs(card.border_m - 3) < 0.01
    assert card.incident.review
    assert card.incident.placement == "border"
    named = {rival["grid"]: rival["share"] for rival in card.rivals}
    assert set(named) == {grid.code for grid in story.grids.values()}
    assert 0.5 < named[story.grids["东门网格"].code] < 0.6
    assert abs(sum(named.values()) - 1) < 1e-3

    sure = story.when_reported("路灯不亮", here, by=zhang, accuracy_m=2)
    assert not story.card(sure, zhang).incident.review
