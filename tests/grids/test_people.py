"""Signing in, sessions and tokens."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from grids import access, brake, passwords, people, staff
from grids.db import EVERYWHERE, begin, make_engine
from grids.errors import Forbidden, NotFound
from grids.model import Role
from grids.secrets import KeyRing, NoSuchKey, mask_phone

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse"
CLIENT = "10.0.0.1 Chromium"
SYSTEM = access.everyone()


def worker(conn, make, *, login="li", role=Role.WORKER, scope="530524101001001") -> UUID:
    person_id = make.person("李", scope)
    staff.open_account(conn, SYSTEM, person_id, login, PASSWORD)
    staff.grant(conn, SYSTEM, person_id, role, scope)
    # Grants begin with the database's clock, sessions with the caller's.
    conn.execute(text("UPDATE access_grant SET valid = tstzrange('2020-01-01', NULL)"))
    return person_id


def open_session(conn, login="li", now=NOW) -> str:
    opened = people.sign_in(conn, login, PASSWORD, CLIENT, now)
    assert not isinstance(opened, people.SignInRefused)
    return opened[0]


def test_the_right_password_opens_a_session_of_the_persons_territory(conn, make):
    person_id = worker(conn, make)
    token, session = people.sign_in(conn, " LI ", PASSWORD, CLIENT, NOW)
    assert session.must_change
    assert session.viewer.person_id == person_id
    assert people.session_viewer(conn, token, NOW) == session.viewer


def test_a_session_can_be_opened_and_looked_up_by_the_web_role(conn, make, as_web):
    worker(conn, make)
    as_web("")
    token = open_session(conn)
    later = NOW + timedelta(minutes=5)
    assert people.session_viewer(conn, token, later).role is Role.WORKER
    people.sign_in(conn, "li", "wrong", CLIENT, NOW)
    people.end_session(conn, token, later)
    assert people.session_viewer(conn, token, later) is None


def test_the_token_is_not_kept(conn, make):
    worker(conn, make)
    token = open_session(conn)
    kept = conn.execute(text("SELECT token_hash FROM session")).scalar_one()
    assert token.encode() not in bytes(kept)


@pytest.mark.parametrize(
    ("login", "password"), [("li", "wrong horse"), ("nobody", PASSWORD), ("", ""), ("li", "")]
)
def test_a_wrong_name_and_a_wrong_password_are_refused_in_the_same_words(
    conn, make, login, password
):
    worker(conn, make)
    refused = people.sign_in(conn, login, password, CLIENT, NOW)
    assert isinstance(refused, people.SignInRefused)
    assert refused.as_dict() == people.SignInRefused().as_dict()


def test_an_unknown_name_costs_the_same_work(conn, make, monkeypatch):
    worker(conn, make)
    worked = []
    real = passwords._HASHER.verify
    passwords.matches(None, "warm")

    class Counting:
        def verify(self, stored, given):
            worked.append(stored.split("$")[3])
            return real(stored, given)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    people.sign_in(conn, "li", "wrong horse", CLIENT, NOW)
    people.sign_in(conn, "nobody", "wrong horse", CLIENT, NOW)
    assert worked == ["m=19456,t=2,p=1"] * 2


@pytest.mark.parametrize("login", ["li", "nobody"])
def test_guessing_is_free_five_times_and_then_slower_and_slower(conn, make, login):
    worker(conn, make)
    now, waits, tried = NOW, [], 0
    while now < NOW + timedelta(hours=2):
        refused = people.sign_in(conn, login, "wrong horse", CLIENT, now)
        if isinstance(refused, people.SignInLocked):
            waits.append(refused.facts["retry_after_s"])
            now += timedelta(seconds=waits[-1])
        else:
            tried += 1
    assert waits[:6] == [1, 2, 4, 8, 16, 32]
    assert max(waits) == 900
    assert tried < 30


def test_the_right_password_waits_like_the_others_and_then_clears_the_count(conn, make):
    worker(conn, make)
    for _ in range(5):
        people.sign_in(conn, "li", "wrong horse", CLIENT, NOW)
    locked = people.sign_in(conn, "li", PASSWORD, CLIENT, NOW)
    assert isinstance(locked, people.SignInLocked)
    later = NOW + timedelta(seconds=2)
    assert open_session(conn, now=later)
    assert conn.execute(text("SELECT count(*) FROM sign_in_failure")).scalar() == 0


def test_one_machine_cannot_keep_a_person_out_of_another(conn, make):
    worker(conn, make)
    refused, now, end = 0, NOW, NOW + timedelta(days=2)
    while now < end:
        refused += isinstance(brake.count(conn, "li", "10.9.9.9", now), float)
        now += timedelta(minutes=5)
    assert refused > 300
    assert open_session(conn, now=end)


def test_many_machines_together_are_braked_too(conn):
    for k in range(brake.FREE_TRIES_TOGETHER):
        assert brake.count(conn, "li", f"10.0.{k}.1", NOW) is None
    assert brake.count(conn, "li", "10.1.0.1", NOW) == 900
    assert brake.count(conn, "wang", "10.1.0.1", NOW) is None


def test_attempts_at_the_same_moment_are_all_counted(clone):
    engine = make_engine(clone(), pooled=False)
    outcomes = []

    def guess():
        with begin(engine, EVERYWHERE) as conn:
            outcomes.append(brake.count(conn, "li", "10.0.0.1", NOW))

    guessers = [threading.Thread(target=guess) for _ in range(12)]
    for guesser in guessers:
        guesser.start()
    for guesser in guessers:
        guesser.join()
    assert outcomes.count(None) == 5


def test_a_session_ends_when_idle_and_at_its_absolute_end(conn, make):
    worker(conn, make, role=Role.DISPATCHER)
    token, step = open_session(conn), timedelta(minutes=29)
    now = NOW
    while now + step < NOW + timedelta(hours=12):
        now += step
        assert people.session_viewer(conn, token, now) is not None
    assert people.session_viewer(conn, token, NOW + timedelta(hours=12)) is None
    idle = open_session(conn)
    assert people.session_viewer(conn, idle, NOW + timedelta(minutes=31)) is None


def test_a_workers_phone_stays_signed_in_for_days(conn, make):
    worker(conn, make)
    token = open_session(conn)
    assert people.session_viewer(conn, token, NOW + timedelta(days=6)) is not None


@pytest.mark.parametrize("way", ["close", "grant", "inactive", "reset"])
def test_a_right_that_is_taken_back_ends_the_session_at_once(conn, make, way):
    person_id = worker(conn, make)
    token = open_session(conn)
    if way == "close":
        staff.close_account(conn, SYSTEM, person_id, NOW)
    elif way == "grant":
        for held in people.grants(conn, person_id, NOW):
            staff.end_grant(conn, SYSTEM, held.grant_id, NOW)
    elif way == "reset":
        staff.reset_password(conn, SYSTEM, person_id)
    else:
        conn.execute(text("UPDATE person SET active = false"))
    assert people.session_viewer(conn, token, NOW) is None


def test_a_person_of_two_grants_can_switch_and_not_to_those_of_others(conn, make):
    person_id = worker(conn, make)
    staff.grant(conn, SYSTEM, person_id, Role.DISPATCHER, "530524101")
    other = make.person("other")
    foreign = staff.grant(conn, SYSTEM, other, Role.SYSADMIN, "530524")
    conn.execute(text("UPDATE access_grant SET valid = tstzrange('2020-01-01', NULL)"))
    token = open_session(conn)
    wide, narrow = people.grants(conn, person_id, NOW)
    assert people.session_viewer(conn, token, NOW).scope == "530524101"
    assert people.switch_grant(conn, token, narrow.grant_id, NOW).role is Role.WORKER
    assert people.session_viewer(conn, token, NOW).scope == "530524101001001"
    with pytest.raises(NotFound):
        people.switch_grant(conn, token, foreign, NOW)
    assert wide.role is Role.DISPATCHER


def test_a_new_password_ends_the_other_sessions_and_asks_no_more(conn, make):
    worker(conn, make)
    here, there = open_session(conn), open_session(conn)
    viewer = people.session_viewer(conn, here, NOW)
    people.change_password(conn, viewer, PASSWORD, "battery staple", keep_token=here)
    assert people.session_viewer(conn, there, NOW) is None
    assert not people.find_session(conn, here, NOW).must_change
    assert isinstance(people.sign_in(conn, "li", PASSWORD, CLIENT, NOW), people.SignInRefused)


def test_the_old_password_is_needed_for_a_new_one(conn, make):
    worker(conn, make)
    viewer = people.session_viewer(conn, open_session(conn), NOW)
    with pytest.raises(people.SignInRefused):
        people.change_password(conn, viewer, "wrong horse", "battery staple")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("seven77", "short"),
        ("x" * 257, "long"),
        ("Password123", "common"),
        ("wangge2024", "common"),
        ("1212121212", "common"),
        ("LiWanggeYuan", "login"),
    ],
)
def test_a_password_that_others_would_guess_is_refused(password, reason):
    with pytest.raises(passwords.WeakPassword) as refused:
        passwords.check(password, "liwanggeyuan")
    assert refused.value.facts["reason"] == reason


@pytest.mark.parametrize("password", ["一二三四五六七八", "y" * 60 + "zxcv", "no rules at all"])
def test_any_other_password_goes_whatever_it_is_made_of(password):
    passwords.check(password, "liwanggeyuan")


def test_a_programs_token_works_until_it_ends(conn, make):
    person_id = worker(conn, make)
    (held,) = people.grants(conn, person_id, NOW)
    token = staff.add_token(
        conn, SYSTEM, person_id, held.grant_id, "gis", now=NOW, life=timedelta(days=1)
    )
    assert people.token_viewer(conn, token, NOW).person_id == person_id
    assert people.token_viewer(conn, token, NOW + timedelta(days=2)) is None
    staff.end_token(conn, SYSTEM, people.token_hash(token), NOW)
    assert people.token_viewer(conn, token, NOW) is None
    assert people.token_viewer(conn, "guess", NOW) is None


def test_nobody_hands_out_more_than_they_are_trusted_with(conn, make):
    admin = make.viewer(Role.GRID_ADMIN, "530524101")
    person_id = make.person("new", "530524101001")
    assert staff.grant(conn, admin, person_id, Role.WORKER, "530524101001001")
    with pytest.raises(Forbidden):
        staff.grant(conn, admin, person_id, Role.SYSADMIN, "530524101")
    with pytest.raises(NotFound):
        staff.grant(conn, admin, person_id, Role.WORKER, "530524102")


def test_nobody_takes_over_the_account_of_somebody_who_may_do_more(conn, make):
    admin = make.viewer(Role.GRID_ADMIN, "530524101")
    operator = worker(conn, make, role=Role.SYSADMIN, scope="530524101")
    with pytest.raises(Forbidden):
        staff.reset_password(conn, admin, operator)
    chief = worker(conn, make, login="chief", role=Role.LEADER, scope="530524101")
    staff.grant(conn, SYSTEM, chief, Role.LEADER, "530524")
    with pytest.raises(NotFound):
        staff.reset_password(conn, admin, chief)


def test_a_worker_manages_nobody(conn, make):
    with pytest.raises(Forbidden):
        staff.add_person(conn, make.viewer(Role.WORKER), "x", "530524101001001")


def test_a_login_name_is_given_once(conn, make):
    worker(conn, make)
    with pytest.raises(staff.LoginTaken):
        staff.open_account(conn, SYSTEM, make.person(), "LI", PASSWORD)


def test_a_phone_number_is_kept_sealed_and_shown_masked(conn):
    keys = KeyRing({1: b"k" * 32})
    person_id = staff.add_person(conn, SYSTEM, "李", "530524101001", phone="13812345678", keys=keys)
    row = conn.execute(
        text("SELECT phone_cipher, phone_mask FROM person WHERE person_id = :p"), {"p": person_id}
    ).one()
    assert row.phone_mask == "138****5678"
    assert b"5678" not in bytes(row.phone_cipher)
    assert keys.decrypt(bytes(row.phone_cipher)) == "13812345678"


def test_a_newer_key_encrypts_and_the_older_still_opens():
    old = KeyRing.from_text(KeyRing.new_key_text(1))
    sealed = old.encrypt("13812345678")
    first = KeyRing.new_key_text(1)
    ring = KeyRing.from_text(first + KeyRing.new_key_text(2))
    assert ring.decrypt(KeyRing.from_text(first).encrypt("x")) == "x"
    assert ring.encrypt("x")[0] == 2
    with pytest.raises(NoSuchKey):
        ring.decrypt(sealed)


def test_a_changed_ciphertext_does_not_open():
    ring = KeyRing({1: b"k" * 32})
    sealed = bytearray(ring.encrypt("13812345678"))
    sealed[-1] ^= 1
    with pytest.raises(NoSuchKey):
        ring.decrypt(bytes(sealed))


@pytest.mark.parametrize(
    ("phone", "mask"),
    [("13812345678", "138****5678"), ("+86 138-1234-5678", "86138****5678"), ("110", "*10")],
)
def test_a_mask_shows_what_tells_numbers_apart(phone, mask):
    assert mask_phone(phone) == mask
