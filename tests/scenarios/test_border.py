"""边界一动，人和事各归其所。"""


def test_a_border_moves_under_open_incidents(story):
    story.given_a_village_of_grids("东门网格", "西门网格")
    li = story.given_a_worker("李网格员", "东门网格")
    wang = story.given_a_worker("王网格员", "西门网格")
    zhang = story.given_a_dispatcher("张调度")
    chen = story.given_a_grid_administrator("陈管理员")
    here = story.place("东门网格", 0.75, 0.5)

    waiting = story.when_reported("路灯不亮", here, by=zhang)
    begun = story.when_reported("井盖缺失", here, by=zhang)
    story.when_done(li, "accept", begun)
    elsewhere = story.when_reported("垃圾未清", story.place("东门网格", 0.25, 0.5), by=zhang)
    assert story.responsible(here).person.name == "李网格员"
    before = story.card(waiting, zhang)

    publication = story.when_border_moves(
        chen, land_of="东门网格", to="西门网格", title="东半片划归西门网格"
    )

    # 未受理的随地块走，已受理的留给经办人，别处的不动
    assert story.responsible(here).person.name == "王网格员"
    story.then_lies_in(waiting, "西门网格")
    story.then_owned_by(waiting, wang, reason="border_moved")
    story.then_lies_in(begun, "东门网格")
    story.then_owned_by(begun, li)
    story.then_lies_in(elsewhere, "东门网格")
    story.then_owned_by(elsewhere, li)

    # 每件事都记得当初由哪次发布定位，也说得出今天属于哪个网格
    assert story.card(begun, zhang).publication == before.publication
    assert story.card(begun, zhang).grid_today.grid_code == story.grids["西门网格"].code
    assert story.card(waiting, zhang).publication == publication.number
    story.when_done(wang, "accept", waiting)
    story.when_done(li, "resolve", begun, note="已补井盖")
