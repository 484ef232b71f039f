"""三二一：村三次、乡两次、县一次；督办、答复、销号、结案。"""

from datetime import date, datetime

from grids.local_time import CHINA
from grids.supervisions import ReporterWaits, WrongState
from grids.workflow import Supervised, Unanswered
from tests.factories import COUNTY, TOWNSHIP, VILLAGE


def test_a_quarrel_goes_up_by_three_two_one_is_supervised_answered_and_closed(story):
    story.given_a_village_of_grids("东门网格", "西门网格")
    li = story.given_a_worker("李网格员", "东门网格")
    village = story.given_a_desk("村值班岗", VILLAGE)
    township = story.given_a_desk("乡综治中心", TOWNSHIP)
    county = story.given_a_desk("县综治中心", COUNTY)
    here = story.place("东门网格", 0.3, 0.5)

    # 源头发现、采集建档、分流交办
    quarrel = story.when_reported("两家为排水沟争执", here, by=county, caller="赵大妈")
    story.then_handled_by(quarrel, li, "grid")
    story.when_done(li, "accept", quarrel)

    # 网格员调处两次，算在村的三次里；第三次由村里出面
    story.when_time_passes(hours=2)
    story.when_done(li, "attempt", quarrel, note="上门劝说，未果", result="failed")
    story.when_done(li, "attempt", quarrel, note="再次上门，未果", result="failed")
    story.then_tried(quarrel, village=2)
    story.when_done(li, "escalate", quarrel, note="双方要求村里出面")
    story.then_handled_by(quarrel, village, "village")
    story.then_told(village, "incident.escalated")
    story.when_done(village, "accept", quarrel)
    story.when_done(village, "attempt", quarrel, note="村委会调解，未达成协议", result="failed")

    # 村的三次用完，自动到乡
    story.then_tried(quarrel, village=3)
    story.then_handled_by(quarrel, township, "township")
    story.then_told(township, "incident.escalated")
    assert story.card(quarrel, county).reason == "attempts_used_up"
    for n in (1, 2):
        story.when_time_passes(hours=24)
        if n == 1:
            story.when_done(township, "accept", quarrel)
        story.when_done(township, "attempt", quarrel, note=f"乡里第{n}次调解", result="failed")

    # 乡的两次用完，到县
    story.then_tried(quarrel, village=3, township=2)
    story.then_handled_by(quarrel, county, "county")
    assert story.card(quarrel, li).first_receiver.name == "李网格员"

    # 县里督办：黄牌
    story.then_is(quarrel, "green")
    sheet = story.when_supervised(county, quarrel, "yellow", "请乡里三日内拿出方案")
    story.then_is(quarrel, "yellow", "yellow_card")
    story.when_done(county, "accept", quarrel)
    story.when_done(county, "attempt", quarrel, note="县里统一协调，双方签字", result="settled")

    # 检查督促、结果反馈：先答复反映人，再销号，再结案
    story.then_refused(Supervised, story.when_done, county, "close", quarrel)
    story.then_refused(WrongState, story.when_struck_off, county, sheet, "已办结")
    story.when_sheet_answered(county, sheet, "协议已签")
    story.then_refused(ReporterWaits, story.when_struck_off, county, sheet, "已核实")
    story.when_done(county, "answer", quarrel, note="水沟由村里改道，本周动工", how="phone")
    story.when_struck_off(county, sheet, "已核实")
    story.when_done(county, "verify", quarrel)
    story.when_done(county, "close", quarrel)

    card = story.card(quarrel, li)
    assert (card.incident.step, card.incident.colour) == ("closed", None)
    assert card.phase == {"six": "answered", "loop": "assess"}
    assert card.first_receiver.name == "李网格员"
    story.then_history_is(
        quarrel,
        county,
        ("report", "县综治中心"),
        ("accept", "李网格员"),
        ("attempt", "李网格员"),
        ("attempt", "李网格员"),
        ("escalate", "李网格员"),
        ("accept", "村值班岗"),
        ("attempt", "村值班岗"),
        ("escalate", "村值班岗"),
        ("accept", "乡综治中心"),
        ("attempt", "乡综治中心"),
        ("attempt", "乡综治中心"),
        ("escalate", "乡综治中心"),
        ("supervise", "县综治中心"),
        ("accept", "县综治中心"),
        ("attempt", "县综治中心"),
        ("supervision_answer", "县综治中心"),
        ("answer", "县综治中心"),
        ("strike_off", "县综治中心"),
        ("verify", "县综治中心"),
        ("close", "县综治中心"),
    )


def test_nobody_who_reported_waits_for_ever(story):
    story.given_a_village_of_grids("东门网格")
    li = story.given_a_worker("李网格员", "东门网格")
    zhang = story.given_a_dispatcher("张调度")
    lamp = story.when_reported(
        "路灯不亮", story.place("东门网格", 0.3, 0.5), by=zhang, caller="赵大妈"
    )
    story.when_done(li, "accept", lamp)
    story.when_done(li, "resolve", lamp, note="已更换灯泡")
    story.then_refused(Unanswered, story.when_done, zhang, "close", lamp)
    story.when_time_passes(hours=23)
    story.then_is(lamp, "green")
    story.when_time_passes(hours=2)
    story.then_is(lamp, "yellow", "unanswered")
    story.when_time_passes(hours=48)
    # 答复之前不算办结，时限也还在走
    story.then_is(lamp, "red", "overdue", "unanswered_long", "unanswered")
    story.when_done(li, "answer", lamp, note="灯已经修好", how="visit")
    story.when_done(zhang, "close", lamp)


def test_a_suspended_incident_loses_no_time(story):
    story.given_a_village_of_grids("东门网格")
    li = story.given_a_worker("李网格员", "东门网格")
    zhang = story.given_a_dispatcher("张调度")
    story.when_time_passes(days=1)  # 星期一上午九点
    lamp = story.when_reported("路灯不亮", story.place("东门网格", 0.3, 0.5), by=zhang)
    story.when_done(li, "accept", lamp)
    story.when_time_passes(hours=6)
    story.when_done(li, "suspend", lamp, note="等配件", until=date(2026, 11, 26))
    card = story.card(lamp, zhang)
    assert (card.incident.due_at, card.limit.used) == (None, 0.25)
    story.when_time_passes(days=3)
    story.then_is(lamp, "green")
    story.when_time_passes(hours=10)  # 星期五凌晨，挂起期已过
    story.then_is(lamp, "yellow", "suspension_over")
    story.when_done(li, "resume", lamp)
    # 还剩十八小时
    assert story.card(lamp, zhang).incident.due_at == datetime(2026, 11, 27, 19, tzinfo=CHINA)
