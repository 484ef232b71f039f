"""The whole application on a database of its own: two townships, and a person in every role."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

import web
from grids import (
    import_tasks,
    incidents,
    matter_requests,
    people,
    photos,
    plans,
    roster,
    staff,
    supervisions,
    tasks,
)
from grids.access import everyone
from grids.admission import Matter
from grids.db import EVERYWHERE, begin, make_engine
from grids.incidents import IncidentReport
from grids.local_time import local_day
from grids.model import Role, Viewer
from grids.secrets import KeyRing
from importers.photos import Photo
from tests.database import database_url
from tests.factories import COUNTY, Make
from web import assets
from web.app import create_app
from web.config import Config

OWN = COUNTY + "101"
FOREIGN = COUNTY + "102"
PASSWORD = "right-horse-battery-7"
PHONE = "13812345678"
KEYS = KeyRing({1: bytes(range(32))})
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Territory:
    """A township and the keys of what lies in it; `at` is the middle of its first grid."""

    code: str
    village: str
    grid: str
    subgroup: str
    at: tuple[float, float]
    household: UUID
    camera: UUID
    incident: UUID
    photo: UUID
    plan: UUID
    worker: UUID
    edit: UUID
    alert: UUID
    supervision: UUID
    duty: int
    task_rule: UUID
    task: UUID
    request: UUID
    sent: UUID


@dataclass(frozen=True)
class World:
    """The county of these tests: what a viewer of `own` may see, and what not."""

    engine: Engine
    own: Territory
    foreign: Territory


def _territory(make: Make, code: str, east_by: int) -> Territory:
    village = code + "001"
    first, second, *_ = make.grids(2, 2, village=village, subgroups=2, east_by=east_by)
    worker = make.duty(first.code, "primary", name=f"primary of {first.code}")
    make.duty(second.code, "primary")
    at = make.at(first, 0.25, 0.5)
    household = make.household(
        f"H-{code}", grid=first, at=at, address="幸福路1号", phone=KEYS.encrypt(PHONE)
    )
    report = IncidentReport(
        "seed", code, "0201", "路灯不亮", x=at.lon, y=at.lat, datum="cgcs2000", accuracy_m=5
    )
    receipt, _ = incidents.receive(make.conn, everyone(), report, NOW)
    picture = Photo(b"jpeg", 1, 1)
    photo = photos.save(make.conn, None, receipt.incident_id, b"", picture, "of-a-seed", NOW)
    viewer = everyone(scope=code)
    sheet = supervisions.issue(
        make.conn, viewer, receipt.incident_id, "ordinary", "请核查", NOW
    ).supervision_id
    return Territory(
        code,
        village,
        first.code,
        first.code + "01",
        (at.lon, at.lat),
        household,
        make.camera(f"cam-{code}", first),
        receipt.incident_id,
        photo,
        plans.create(make.conn, viewer, f"plan of {code}").plan_id,
        worker,
        make.edit(first),
        _alert(make, code, first.code),
        sheet,
        *_work(make, viewer, first.code),
        _import(make, Viewer(worker, "sender", Role.GRID_ADMIN, code)),
    )


def _import(make: Make, sender: Viewer) -> UUID:
    """Return the key of an import whose file has come."""
    task = import_tasks.create(
        make.conn,
        sender,
        task_id=uuid4(),
        kind="households",
        file_name="户籍.csv",
        sha256=bytes(32),
        n_bytes=1,
        options={},
        recognised={},
        now=NOW,
    )
    return task.task_id


def _work(make: Make, viewer: Viewer, grid: str) -> tuple[int, UUID, UUID, UUID]:
    """Return keys of a duty, a recurring work of the grid, its task, and a request to the list."""
    duty_id = roster.list_services(make.conn, viewer, NOW, area=grid)[0].duty_id
    rule = tasks.make_rule(
        make.conn,
        viewer,
        title="排查用电安全",
        kind="check",
        territory_code=grid,
        level="grid",
        period="week",
        since=local_day(NOW),
        now=NOW,
    )
    (task, *_), _ = tasks.list_tasks(make.conn, viewer, NOW)
    item = Matter(
        *(f"09{grid[6:]}", "county", "巡查", "应急办", "ordinary", "primary", 24, "3-2-1", False),
        *(local_day(NOW), None),
    )
    asked = matter_requests.ask(make.conn, viewer, item, "汛期需要", NOW)
    return duty_id, rule.rule_id, task.task_id, asked.request_id


def _alert(make: Make, territory: str, grid: str) -> UUID:
    """Return the key of an alert that yesterday's scan raised for a grid."""
    given = {"territory": territory, "grid": grid}
    alert_id: UUID = make.conn.execute(
        text(
            "INSERT INTO alert (matter_group, territory_code, first_on, last_on)"
            " VALUES ('', :territory, current_date - 1, current_date - 1) RETURNING alert_id"
        ),
        given,
    ).scalar_one()
    make.conn.execute(
        text(
            "INSERT INTO alert_night (alert_id, day, territory_code, grid_codes, centre_code,"
            " radius_m, since, observed, expected, p, recurrence_days) VALUES (:id,"
            " current_date - 1, :territory, ARRAY[:grid], :grid, 0, current_date - 7, 9, 2.5,"
            " 0.001, 1000)"
        ),
        given | {"id": alert_id},
    )
    make.conn.execute(
        text(
            "INSERT INTO alert_scan (day, settings, n_tests, n_cases, n_alerts) VALUES"
            " (current_date - 1, '{\"threshold_days\": 365}', 1, 90, 1) ON CONFLICT DO NOTHING"
        )
    )
    return alert_id


@pytest.fixture(scope="module")
def web_engine(clone) -> Iterator[Engine]:
    """The owner's engine on the database that the application serves."""
    engine = make_engine(clone())
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def world(web_engine: Engine) -> World:
    with begin(web_engine, EVERYWHERE) as conn:
        make = Make(conn)
        make.grids(0, 0, village=OWN + "001")
        make.matter()
        make.duty(COUNTY, "desk")
        return World(web_engine, _territory(make, OWN, 0), _territory(make, FOREIGN, 2))


def built_client(folder: Path) -> Path:
    """Write the manifest of a client: the pages without their scripts."""
    pages = (
        *(
            "console",
            "plans",
            "studio",
            "publications",
            "hotspots",
            "board",
            "incidents",
            "duties",
            "inbox",
            "rules",
            "imports",
            "me",
            "signin",
            "resident",
        ),
    )
    manifest = {
        f"src/pages/{page}.ts": {"file": f"assets/{page}.js", "css": [f"assets/{page}.css"]}
        for page in pages
    }
    manifest["src/worker/worker.ts"] = {"file": "assets/worker.js"}
    (folder / "assets").mkdir()
    (folder / "assets" / "worker.js").write_text("self.SHELL.length;\n")
    (folder / ".vite").mkdir()
    (folder / ".vite" / "manifest.json").write_bytes(orjson.dumps(manifest))
    return folder


def config_of(engine: Engine, *, testing: bool = True, **more: Any) -> Config:
    url = database_url(
        engine.url.render_as_string(hide_password=False), engine.url.database, "wangge_web"
    )
    given = {"session_key": b"s" * 32, "phone_keys": KEYS, "secure_cookies": False} | more
    return Config(web_url=url, testing=testing, **given)


@pytest.fixture(scope="session", autouse=True)
def translations() -> None:
    """Compile the translations as set-up does, so that tests read the words of this moment."""
    for source in (Path(web.__file__).parent / "translations").rglob("*.po"):
        # Another process of the tests may read the file at this moment.
        whole = source.with_suffix(f".{os.getpid()}")
        with source.open("rb") as words, whole.open("wb") as compiled:
            write_mo(compiled, read_po(words))
        whole.replace(source.with_suffix(".mo"))


@pytest.fixture(scope="module")
def app(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application as the web role; its screens need no built client."""
    real = assets.BUILD
    assets.BUILD = built_client(tmp_path_factory.mktemp("build"))
    yield create_app(config_of(world.engine))
    assets.BUILD = real


# People ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """Somebody with a role over a territory, a login name and a token."""

    login: str
    token: str
    viewer: Viewer


class Staff:
    """People made on first use, one for each role and territory."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._made: dict[tuple[Role, str], Account] = {}

    def account(self, role: Role, scope: str = OWN) -> Account:
        if (role, scope) not in self._made:
            self._made[role, scope] = self.new(f"{role}-{scope}", role, scope)
        return self._made[role, scope]

    def new(
        self,
        login: str,
        role: Role,
        scope: str = OWN,
        *,
        person_id: UUID | None = None,
        must_change: bool = False,
    ) -> Account:
        root = everyone()
        with begin(self.engine, EVERYWHERE) as conn:
            who = person_id or staff.add_person(conn, root, f"{role} {scope}", scope)
            staff.open_account(conn, root, who, login, PASSWORD, must_change=must_change)
            grant = staff.grant(conn, root, who, role, scope)
            token = staff.add_token(conn, root, who, grant, "test", now=datetime.now(UTC))
        return Account(people.folded(login), token, Viewer(who, f"{role} {scope}", role, scope))


@pytest.fixture(scope="module")
def staff_of(world: World) -> Staff:
    return Staff(world.engine)


class Caller:
    """A client that sends a token, or signs in with a cookie and shows the proof against forgery.

    The proof goes along as a header once it was found in a form.
    """

    def __init__(self, app: Flask, token: str | None = None) -> None:
        self.client: FlaskClient = app.test_client()
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **more: Any):
        return self.send("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any):
        return self.send("POST", path, **({"json": body} if body is not None else {}), **more)

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any):
        return self.client.open(
            path, method=method, headers={**self.headers, **(headers or {})}, **more
        )

    def sign_in(self, login: str, password: str = PASSWORD, **query: str):
        """Send the form of /sign-in as a browser does and return what it answers."""
        proof = csrf_of(self.client.get("/sign-in"))
        answer = self.client.post(
            "/sign-in",
            query_string=query,
            data={"login": login, "password": password, "csrf_token": proof},
            headers={"Accept": "text/html"},
        )
        self.headers["X-CSRFToken"] = proof
        return answer


def csrf_of(answer: Any) -> str:
    """Return the proof against forgery that a page carries."""
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


@pytest.fixture
def client_as(app: Flask, staff_of: Staff) -> Callable[..., Caller]:
    """Sign in as a role over a territory, by the form and a cookie."""

    def sign_in(role: Role, scope: str = OWN) -> Caller:
        caller = Caller(app)
        answer = caller.sign_in(staff_of.account(role, scope).login)
        assert answer.status_code == 302, answer.text
        return caller

    return sign_in


@pytest.fixture
def token_as(app: Flask, staff_of: Staff) -> Callable[..., Caller]:
    """Call as a role over a territory, by a program's token."""

    def call(role: Role, scope: str = OWN) -> Caller:
        return Caller(app, staff_of.account(role, scope).token)

    return call


@pytest.fixture
def anonymous(app: Flask) -> Caller:
    return Caller(app)
