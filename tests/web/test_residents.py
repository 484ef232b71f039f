"""Residents report without an account, a script or a map, and see nothing but their own."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from uuid import UUID, uuid4

import pytest
from PIL import Image
from sqlalchemy import text

from grids import incidents, receipts, resident_choices, residents
from grids.access import everyone
from grids.db import EVERYWHERE, begin
from grids.incident_card import Residents
from tests.web.conftest import KEYS, NOW, Caller, config_of, csrf_of
from web.app import create_app
from web.clock import now

PHONE = "13512345678"
TAIL = PHONE[-4:]


@pytest.fixture(scope="module", autouse=True)
def _matters(world):
    with begin(world.engine, EVERYWHERE) as conn:
        for code, name in (("0306", "路灯照明"), ("0101", "邻里纠纷")):
            conn.execute(
                text(
                    "INSERT INTO matter (code, scheme, name, limit_hours, valid)"
                    " VALUES (:code, 'list', :name, 24, '[2020-01-01,)') ON CONFLICT DO NOTHING"
                ),
                {"code": code, "name": name},
            )


class Resident(Caller):
    """A browser without scripts: it fills in what it sees and sends the hidden fields along."""

    def fields(self, answer) -> dict[str, str]:
        """Return the hidden fields of a page's form."""
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text)
        return {name: unescape(value) for name, value in found}

    def submit(self, path: str, answer, **said: object):
        """Send the form of a page with what is typed in."""
        return self.client.post(
            path,
            data={**self.fields(answer), **said},
            headers={"Accept": "text/html"},
            content_type="multipart/form-data",
        )

    def report(self, world, *, words: str | None = None, **contact: object):
        """Go through the three steps with a village and a landmark; return the last answer."""
        what = self.get("/report")
        said = {"category": "lighting", "words": words or f"路灯不亮 {uuid4()}"}
        where = self.submit("/report/where", what, **said)
        place = {"village": world.own.village, "landmark": "村口小卖部"}
        who = self.submit("/report/contact", where, **place)
        assert who.status_code == 200, who.text
        return self.submit("/report", who, **{"name": "", "phone": PHONE, "join": "", **contact})

    def code(self) -> str:
        """Return the code on the receipt."""
        return re.search(r'class="code">([^<]+)<', self.get("/report/receipt").text)[1]

    def status(self, code: str, tail: str):
        """Ask how far it is."""
        page = self.get("/report/status")
        return self.submit("/report/status", page, code=code, tail=tail)


@pytest.fixture
def resident(app) -> Resident:
    return Resident(app)


def incident_of(world, words: str):
    with world.engine.connect() as conn:
        return conn.execute(
            text(
                "SELECT i.*, r.name, r.phone_mask, r.phone_cipher FROM incident AS i"
                "  LEFT JOIN incident_reporter AS r USING (incident_id) WHERE summary = :w"
            ),
            {"w": words},
        ).one_or_none()


def residents_of(world, row):
    """Return what the desk is told of the residents who reported an incident."""
    with begin(world.engine, EVERYWHERE) as conn:
        return incidents.get(conn, everyone("test"), row.incident_id, now()).residents


# Reporting ------------------------------------------------------------------------------------


def test_three_plain_forms_make_an_incident_with_an_owner_and_a_receipt(resident, world):
    answer = resident.report(world, words="村口路灯三天不亮", name="王大娘")
    assert (answer.status_code, answer.location) == (303, "/report/receipt")
    row = incident_of(world, "村口路灯三天不亮")
    assert (row.channel, row.matter_code, row.territory_code) == (
        "resident",
        "0306",
        world.own.village,
    )
    assert (row.name, row.phone_mask) == ("王大娘", "135****5678")
    assert KEYS.decrypt(bytes(row.phone_cipher)) == PHONE
    receipt = resident.get("/report/receipt")
    assert row.number in receipt.text
    # Without a view box a smaller square would be a part of the code.
    assert re.search(r"<svg [^>]*viewBox=", receipt.text)
    assert PHONE not in receipt.text


def test_nobody_has_to_say_who_they_are(resident, world):
    resident.report(world, words="匿名反映路灯", phone="")
    assert incident_of(world, "匿名反映路灯").name is None
    assert "匿名反映路灯" not in resident.get("/report/receipt").text
    followed = resident.status(resident.code(), "")
    assert incident_of(world, "匿名反映路灯").number in followed.text


def test_a_position_that_the_browser_knows_goes_before_the_village(resident, world):
    what = resident.get("/report")
    where = resident.submit("/report/where", what, category="lighting", words="站在灯下")
    lon, lat = world.own.at
    here = {"lon": str(lon), "lat": str(lat), "accuracy": "12", "village": "", "landmark": ""}
    who = resident.submit("/report/contact", where, **here)
    assert resident.submit("/report", who, name="", phone="", join="").status_code == 303
    row = incident_of(world, "站在灯下")
    assert (row.grid_code, row.given_datum, row.accuracy_m) == (world.own.grid, "wgs84", 12)


def test_outside_the_county_the_page_says_whom_to_call(resident, world):
    what = resident.get("/report")
    where = resident.submit("/report/where", what, category="lighting", words="邻县的灯")
    answer = resident.submit("/report/contact", where, lon="120", lat="30", village="")
    assert answer.status_code == 422
    assert 'href="tel:12345"' in answer.text
    assert incident_of(world, "邻县的灯") is None


def test_the_same_page_sent_twice_is_one_report_with_one_code(resident, world):
    what = resident.get("/report")
    where = resident.submit("/report/where", what, category="lighting", words="点了两次")
    who = resident.submit("/report/contact", where, village=world.own.village, landmark="桥头")
    codes = []
    for _ in range(2):
        assert resident.submit("/report", who, name="", phone=PHONE, join="").status_code == 303
        codes.append(resident.code())
    assert codes[0] == codes[1]
    assert incident_of(world, "点了两次") is not None
    other = resident.submit("/report", who, name="", phone="13000000000", join="")
    assert other.status_code == 409


def test_a_page_that_is_sent_several_times_at_once_is_one_report(world):
    place = resident_choices.Place(world.own.village, "渡口")
    said = residents.Said(uuid4().hex, "lighting", "同时点了几下", place, phone=PHONE)

    def send(_: int) -> tuple[str, str]:
        with begin(world.engine, EVERYWHERE) as conn:
            given = residents.receive(conn, said, KEYS, NOW)
        return given.code, given.progress.number

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(4)))) == 1
    assert incident_of(world, "同时点了几下") is not None


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/report/where", {"category": "lighting", "words": "  "}),
        ("/report/where", {"category": "nonsense", "words": "灯坏了"}),
        ("/report/where", {"category": "lighting", "words": "x" * 1001}),
        ("/report/where", {"category": "lighting", "words": "灯", "key": "short"}),
        ("/report/contact", {"village": "", "landmark": "桥头"}),
        ("/report/contact", {"lon": "999", "lat": "1"}),
        ("/report/contact", {"village": "530524101001", "landmark": "x" * 201}),
        ("/report", {"village": "530524101001", "phone": "no number"}),
        ("/report", {"village": "530524101001", "name": "x" * 61}),
        ("/report", {"village": "no village"}),
        ("/report", {"village": "530524101001", "join": "no id"}),
        ("/report", {"village": "530524101001", "join": str(uuid4())}),
        ("/report", {"village": "530524101001", "website": "spam.example"}),
    ],
)
def test_what_does_not_fit_is_asked_again_and_leaves_nothing(resident, world, path, said):
    page = resident.get("/report")
    whole = {"category": "lighting", "words": "不合要求", "landmark": "", **said}
    answer = resident.submit(path, page, **whole)
    if "key" in said:  # only the last step keeps anything under the key
        assert answer.status_code == 200
        answer = resident.submit("/report", page, **whole, village=world.own.village)
    assert 400 <= answer.status_code < 500, answer.status_code
    assert incident_of(world, "不合要求") is None
    if "website" not in said:
        assert 'role="alert"' in answer.text


def test_how_long_a_text_may_be_is_said_in_the_readers_language(resident):
    page = resident.get("/report?lang=zh-CN")
    answer = resident.submit("/report/where", page, category="lighting", words="灯" * 1001)
    assert "超过 1000 个字符" in answer.text
    assert "longer" not in answer.text


def test_a_form_of_another_site_sends_nothing(app, world):
    answer = app.test_client().post("/report", data={"words": "跨站"})
    assert answer.status_code == 403


# Photos ---------------------------------------------------------------------------------------


def a_photo(side: int = 900) -> io.BytesIO:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "a maker of phones"
    Image.effect_noise((side, side), 90).convert("RGB").save(out, "JPEG", exif=exif)
    out.seek(0)
    return out


def test_a_photo_waits_for_its_report_and_goes_with_it_without_its_origin(resident, world):
    what = resident.get("/report")
    said = {"category": "lighting", "words": "附照片", "photo": (a_photo(), "灯.jpg")}
    where = resident.submit("/report/where", what, **said)
    back = resident.submit("/report/contact", where, back="1")
    assert "照片已保存" in back.text
    who = resident.submit("/report/contact", where, village=world.own.village, landmark="桥")
    resident.submit("/report", who, name="", phone="", join="")
    key = incident_of(world, "附照片").incident_id
    with world.engine.connect() as conn:
        (jpeg,) = conn.execute(
            text("SELECT jpeg FROM photo WHERE incident_id = :i"), {"i": key}
        ).scalars()
        assert conn.execute(text("SELECT count(*) FROM resident_photo")).scalar() == 0
    assert not Image.open(io.BytesIO(bytes(jpeg))).getexif()


def test_a_photo_of_a_phones_full_size_passes_and_what_is_none_is_refused(resident):
    what = resident.get("/report")
    said = {"category": "lighting", "words": "大照片"}
    large = a_photo(1700)
    assert len(large.getbuffer()) > 1 << 20
    assert resident.submit("/report/where", what, **said, photo=(large, "a.jpg")).status_code == 200
    none = (io.BytesIO(b"<svg onload=alert(1)>"), "a.jpg")
    assert resident.submit("/report/where", what, **said, photo=none).status_code == 415


# Me too -----------------------------------------------------------------------------------------


def test_who_reports_the_same_nearby_is_asked_and_may_join(app, resident, world):
    other = Resident(app)
    lon, lat = world.foreign.at
    here = {"lon": str(lon), "lat": str(lat), "accuracy": "8", "village": "", "landmark": ""}

    def until_contact(one: Resident, words: str):
        where = one.submit("/report/where", one.get("/report"), category="lighting", words=words)
        return one.submit("/report/contact", where, **here)

    who = until_contact(resident, "岔路口灯坏了")
    assert "是同一件事" not in who.text
    resident.submit("/report", who, name="", phone="", join="")
    first = incident_of(world, "岔路口灯坏了")
    asked = until_contact(other, "这里的灯也不亮")
    assert str(first.incident_id) in asked.text
    assert "岔路口灯坏了" not in asked.text
    joined = other.submit("/report", asked, name="", phone=PHONE, join=str(first.incident_id))
    assert joined.status_code == 303
    assert incident_of(world, "这里的灯也不亮") is None
    followed = other.status(other.code(), TAIL)
    assert first.number in followed.text
    again = other.submit("/report", asked, name="", phone=PHONE, join=str(first.incident_id))
    assert again.status_code == 303
    assert residents_of(world, first) == Residents(2, 1, 0, None)


def test_quarrels_are_never_shown_to_others(app, resident, world):
    def until_contact(one: Resident, words: str):
        said = {"category": "neighbours", "words": words}
        where = one.submit("/report/where", one.get("/report"), **said)
        place = {"village": world.own.village, "landmark": "老井旁"}
        return one.submit("/report/contact", where, **place)

    resident.submit("/report", until_contact(resident, "邻居争水"), name="", phone="", join="")
    assert incident_of(world, "邻居争水") is not None
    assert "是同一件事" not in until_contact(Resident(app), "还是争水").text


# Following ------------------------------------------------------------------------------------


def test_a_wrong_code_a_wrong_tail_and_none_are_answered_alike(resident, world):
    resident.report(world)
    code = resident.code()
    assert resident.status(code.lower().replace("-", " "), TAIL).status_code == 200
    wrong = [
        resident.status(*asked)
        for asked in ((code, "0000"), (code, ""), ("ABCD-EFGH-JKMN", TAIL), ("", ""))
    ]
    assert {answer.status_code for answer in wrong} == {422}
    said = {re.search(r'role="alert">([^<]+)<', answer.text)[1] for answer in wrong}
    assert len(said) == 1


def test_two_thousand_guessed_codes_find_nothing(world):
    with begin(world.engine, EVERYWHERE) as conn:
        for n in range(2_000):
            with pytest.raises(residents.NothingThere):
                residents.find(conn, receipts.code_of(f"guess {n}"), f"{n:04d}")


def test_a_resident_sees_the_answer_and_nothing_of_the_house(resident, world):
    resident.report(world, words="只给我看的答复")
    row = incident_of(world, "只给我看的答复")
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(
            text(
                "INSERT INTO incident_step (incident_id, seq, action, to_step, at, note,"
                " territory_code) VALUES (:i, 2, 'transfer', 'accepted', :at, '内部意见', :t),"
                " (:i, 3, 'answer', 'accepted', :at, '已安排电工周三更换', :t)"
            ),
            {"i": row.incident_id, "at": NOW, "t": row.territory_code},
        )
    followed = resident.status(resident.code(), TAIL).text
    assert "已安排电工周三更换" in followed
    assert "内部意见" not in followed
    assert f"primary of {world.own.grid}" not in followed


def test_the_result_is_rated_when_it_is_there_and_the_last_word_counts(resident, world):
    resident.report(world, words="修好之后评价")
    code, row = resident.code(), incident_of(world, "修好之后评价")
    page = resident.get("/report/status")
    early = resident.submit("/report/rating", page, code=code, tail=TAIL, stars="5", note="")
    assert early.status_code == 422
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(
            text("UPDATE incident SET step = 'closed', closed_at = :at WHERE incident_id = :i"),
            {"i": row.incident_id, "at": now()},
        )
    done = resident.status(code, TAIL)
    for stars in ("2", "5"):
        rated = resident.submit("/report/rating", done, stars=stars, note="师傅来得快")
        assert rated.status_code == 200
    assert resident.submit("/report/rating", done, stars="6", note="").status_code == 422
    with world.engine.connect() as conn:
        kept = conn.execute(
            text("SELECT stars, stars_note FROM resident_report WHERE incident_id = :i"),
            {"i": row.incident_id},
        ).one()
    assert kept == (5, "师傅来得快")
    assert residents_of(world, row) == Residents(1, 0, 1, 5.0)


def test_nothing_that_is_kept_leads_back_to_a_code(resident, world):
    resident.report(world, words="留下的只有散列")
    code = resident.code()
    row = incident_of(world, "留下的只有散列")
    with world.engine.connect() as conn:
        kept = conn.execute(
            text("SELECT r::text FROM resident_report AS r WHERE incident_id = :i"),
            {"i": row.incident_id},
        ).scalar_one()
    assert receipts.plain(code) not in kept
    assert receipts.plain(code) not in row.external_id.upper()
    with begin(world.engine, EVERYWHERE) as conn:
        card = incidents.get(conn, everyone(), UUID(str(row.incident_id)), now())
    assert card.incident.number == row.number


# Who is responsible? ------------------------------------------------------------------------------


def test_anybody_may_ask_who_is_responsible_by_village_or_by_position(resident, world):
    asked = resident.get("/where")
    assert world.own.village in asked.text
    answer = resident.get(f"/where?village={world.own.village}")
    assert f"primary of {world.own.grid}" in answer.text
    assert "138****5678" in answer.text
    lon, lat = world.own.at
    here = resident.get(f"/where?lon={lon}&lat={lat}&accuracy=5")
    assert here.status_code == 200
    assert f"primary of {world.own.grid}" in here.text
    assert resident.get("/where?lon=120&lat=30").status_code == 422
    assert resident.get("/where?village=999999999999").status_code == 422
    nowhere = resident.get("/where?lon=north&lat=30")
    assert (nowhere.status_code, 'class="who"' in nowhere.text) == (200, False)


# How it looks, and how often --------------------------------------------------------------------


def test_larger_text_and_the_language_are_remembered(resident):
    assert "resident--large" not in resident.get("/report").text
    assert "resident--large" in resident.get("/report?large=1").text
    assert "resident--large" in resident.get("/where").text
    assert "resident--large" not in resident.get("/report?large=0").text
    assert "What is it about?" in resident.get("/report?lang=en").text
    assert "Who is responsible here?" in resident.get("/where").text


def test_the_sixth_report_of_an_hour_is_asked_to_wait(world, app):
    busy = create_app(config_of(world.engine, testing=False))
    resident = Resident(busy)
    answers = [resident.report(world).status_code for _ in range(6)]
    assert answers == [303] * 5 + [429]
    page = resident.get("/report")
    waits = resident.submit("/report", page, words="还要报")
    assert waits.status_code == 429
    assert waits.headers["Retry-After"]
    assert 'href="tel:12345"' in waits.text
    assert csrf_of(page)
