"""What a phone installs to start its page without a network: its worker and its manifest."""

from __future__ import annotations

import orjson
import pytest
from PIL import Image

from grids.model import Role
from tests.browser.conftest import PROJECT

STATIC = PROJECT / "web"


def test_the_worker_begins_with_the_files_of_the_page(anonymous):
    answer = anonymous.get("/sw.js")
    assert answer.status_code == 200
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    first, program = answer.text.split("\n", 1)
    files = orjson.loads(first.removeprefix("self.SHELL = ").removesuffix(";"))
    assert files == ["/static/build/assets/me.js", "/static/build/assets/me.css"]
    assert program == "self.SHELL.length;\n"
    again = anonymous.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(("language", "name"), [("zh", "我的网格"), ("en", "My grid")])
def test_the_manifest_can_be_installed_in_the_reader_s_language(anonymous, language, name):
    answer = anonymous.get(f"/manifest.webmanifest?lang={language}")
    assert answer.mimetype == "application/manifest+json"
    manifest = orjson.loads(answer.data)
    assert manifest["short_name"] == name
    assert (manifest["start_url"], manifest["scope"]) == ("/me", "/")
    for icon in manifest["icons"]:
        file = STATIC / icon["src"].lstrip("/")
        assert file.is_file(), icon
        if icon["type"] == "image/png":
            side = int(icon["sizes"].partition("x")[0])
            assert Image.open(file).size == (side, side)
    assert {icon.get("purpose") for icon in manifest["icons"]} == {None, "any", "maskable"}


def test_only_the_phone_page_says_that_it_can_be_installed(client_as):
    worker = client_as(Role.WORKER)
    assert 'rel="manifest"' in worker.get("/me", headers={"Accept": "text/html"}).text
    assert 'rel="manifest"' not in worker.get("/hotspots", headers={"Accept": "text/html"}).text


def test_a_phone_that_asks_again_is_told_that_nothing_changed(world, token_as):
    worker = token_as(Role.WORKER)
    first = worker.get("/api/v1/me")
    again = worker.get("/api/v1/me", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert again.data == b""
    assert first.headers["Cache-Control"] == "no-store"
