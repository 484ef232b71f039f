"""A small county behind a real server, and a browser that is watched."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, make_url

from grids import db, staff
from grids.access import everyone
from grids.model import Role
from grids.secrets import KeyRing
from importers.demo.accounts import DemoAccount
from importers.demo.build import build
from importers.demo.load import load
from web.clock import now, today

PROJECT = Path(__file__).parent.parent.parent
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True)
class Site:
    """A running server: its address, its accounts by login, the owner's database address."""

    address: str
    accounts: dict[str, DemoAccount]
    owner_url: str
    truth: Path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(address: str, process: subprocess.Popen[bytes], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/ready", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise RuntimeError("the server did not become ready")


@contextmanager
def _serve(owner_url: str, home: Path) -> Iterator[str]:
    """Serve a database on a free port, as its visitors will find it, and give the address."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    web_url = make_url(owner_url).set(username="wangge_web")
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "wangge"), "serve", "--port", str(port)],
        cwd=PROJECT,
        env={
            **os.environ,
            "DATABASE_URL": owner_url,
            "WANGGE_WEB_DATABASE_URL": web_url.render_as_string(hide_password=False),
            "WANGGE_HOME": str(home),
        },
        start_new_session=True,
    )
    try:
        _wait(address, process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@pytest.fixture(scope="session")
def site(clone, tmp_path_factory) -> Iterator[Site]:
    """The small invented county, loaded through the importers and served on a free port."""
    owner_url = clone()
    folder = tmp_path_factory.mktemp("county")
    keys = KeyRing({1: secrets.token_bytes(32)})
    files = build(folder, "small", seed=5, n_incidents=3000, today=today())
    engine = db.make_engine(owner_url, pooled=False)
    with db.begin(engine, db.EVERYWHERE) as conn:
        loaded = load(conn, everyone("test"), files, scale="small", seed=5, keys=keys, now=now())
    accounts = {one.login: one for one in loaded.accounts}
    with _serve(owner_url, folder / "home") as address:
        yield Site(address, accounts, owner_url, folder / "truth.json")


@pytest.fixture(scope="session")
def empty_site(clone, tmp_path_factory) -> Iterator[Site]:
    """A county of which nothing is known yet but its administrator."""
    owner_url = clone()
    folder = tmp_path_factory.mktemp("empty")
    admin = DemoAccount("admin", secrets.token_urlsafe(12), "管理员", "grid_admin", "530524", "")
    viewer = everyone("test")
    with db.begin(db.make_engine(owner_url, pooled=False), db.EVERYWHERE) as conn:
        person = staff.add_person(conn, viewer, admin.name, admin.unit_code)
        staff.open_account(conn, viewer, person, admin.login, admin.password, must_change=False)
        staff.grant(conn, viewer, person, Role.GRID_ADMIN, admin.unit_code)
    with _serve(owner_url, folder / "home") as address:
        yield Site(address, {"admin": admin}, owner_url, folder / "truth.json")


# A preview says beforehand what the server would refuse: its refusal is what was asked for.
FORESEEN = "/preview"


@dataclass
class Watch:
    """What a browser did that it should not have: errors of the console, requests outside."""

    address: str
    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        """Watch a page from now on."""
        page.on("console", self._say)
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("request", self._ask)
        page.on("response", self._answer)

    def _say(self, message) -> None:
        if message.type == "error" and not message.location.get("url", "").endswith(FORESEEN):
            self.console.append(f"{message.text} ({message.location.get('url', '')})")

    def _ask(self, request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.outside.append(request.url)

    def _answer(self, response) -> None:
        if response.status >= 400 and not response.url.endswith(FORESEEN):
            self.failed.append(f"{response.status} {response.url}")

    def forget(self) -> None:
        """Begin anew: what happened belongs to somebody else's test."""
        for kept in (self.console, self.outside, self.failed):
            kept.clear()

    def clean(self) -> None:
        """Let pass a browser that did nothing wrong."""
        assert self.outside == []
        assert self.failed == []
        assert self.console == []


def enter(
    browser: Browser, site: Site, login: str, *, phone: bool = False, path: str = "/", **options
) -> tuple[Page, Watch]:
    """Sign in by the form, in a context of its own, and arrive at a path."""
    context = browser.new_context(
        viewport=PHONE if phone else DESKTOP,
        has_touch=phone,
        is_mobile=phone,
        locale="zh-CN",
        **options,
    )
    context.set_default_timeout(30_000)
    watch = Watch(site.address)
    page = context.new_page()
    watch.over(page)
    account = site.accounts[login]
    page.goto(f"{site.address}/sign-in?next={quote(path)}")
    page.locator("#login").fill(account.login)
    page.locator("#password").fill(account.password)
    page.locator("button[type=submit]").click()
    page.wait_for_url(re.compile(re.escape(site.address) + "(?!/sign-in)"))
    return page, watch


@pytest.fixture
def sign_in(site: Site, browser: Browser) -> Iterator[object]:
    """`sign_in("admin")` opens a context of its own and returns (page, watch).

    When the test ends, the browser must have done nothing wrong.
    """
    opened: list[tuple[Page, Watch]] = []

    def begin(login: str, **options):
        opened.append(enter(browser, site, login, **options))
        return opened[-1]

    yield begin
    for page, watch in opened:
        page.context.close()
        watch.clean()


@pytest.fixture(scope="session")
def visitor(browser: Browser) -> Iterator[object]:
    """`visitor(site, "admin")` gives the one page of a visitor who signed in once for the run."""
    pages: dict[tuple[str, str], tuple[Page, Watch]] = {}

    def give(site: Site, login: str):
        key = (site.address, login)
        if key not in pages:
            pages[key] = enter(browser, site, login, path="/password")
        pages[key][1].forget()
        return pages[key]

    yield give
    for page, _ in pages.values():
        page.context.close()


@pytest.fixture
def owner(site: Site) -> Iterator[Engine]:
    """The owner's engine on the county's database: what really is there."""
    engine = db.make_engine(site.owner_url, pooled=False)
    yield engine
    engine.dispose()
