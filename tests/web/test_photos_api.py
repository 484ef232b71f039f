"""Photos over HTTP: cleaned on the way in, once for each key, shown with headers that hold."""

from __future__ import annotations

import io
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import text

from grids.model import Role
from tests.importers.test_photos import with_position
from tests.web.conftest import FOREIGN


def send(caller, incident, given: bytes, **keys: str):
    return caller.send(
        "POST",
        f"/api/v1/incidents/{incident}/photos",
        data={"photo": (io.BytesIO(given), "IMG_2026.jpg"), **({"key": str(uuid4())} | keys)},
        content_type="multipart/form-data",
    )


@pytest.fixture(scope="module")
def given() -> bytes:
    return with_position(Image.new("RGB", (1200, 900), "teal"))


def test_a_photo_is_cleaned_kept_once_and_shown(world, token_as, given):
    worker = token_as(Role.WORKER)
    key = str(uuid4())
    first = send(worker, world.own.incident, given, key=key)
    again = send(worker, world.own.incident, given, key=key)
    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert first.json == again.json
    shown = worker.get(f"/api/v1/photos/{first.json['photo_id']}")
    assert shown.status_code == 200
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Cache-Control"] == "no-store"
    assert b"Exif" in given
    assert b"Exif" not in shown.data
    with world.engine.connect() as conn:
        kept = conn.execute(
            text("SELECT count(*) FROM photo WHERE idempotency_key = :key"), {"key": key}
        ).scalar()
    assert kept == 1


def test_a_photo_of_another_territory_is_neither_taken_nor_shown(world, token_as, given):
    photo = send(token_as(Role.WORKER, FOREIGN), world.foreign.incident, given).json["photo_id"]
    worker = token_as(Role.WORKER)
    for answer in (
        worker.get(f"/api/v1/photos/{photo}"),
        send(worker, world.foreign.incident, given),
    ):
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("given", "code", "status"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "photo.unreadable", 415),
        (b"", "photo.unreadable", 415),
        (bytes(1 << 20), "http.413", 413),
    ],
    ids=["svg", "empty", "heavy"],
)
def test_what_is_no_photo_is_refused_with_a_code(world, token_as, given, code, status):
    answer = send(token_as(Role.WORKER), world.own.incident, given)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_another_file_with_the_same_key_is_a_conflict(world, token_as, given):
    worker = token_as(Role.WORKER)
    key = str(uuid4())
    assert send(worker, world.own.incident, given, key=key).status_code == 200
    answer = send(worker, world.own.incident, given + b"more", key=key)
    assert (answer.status_code, answer.json["code"]) == (409, "incident.key_reused")


def test_a_photo_without_its_key_is_refused_by_name(world, token_as):
    answer = token_as(Role.WORKER).send(
        "POST",
        f"/api/v1/incidents/{world.own.incident}/photos",
        data={"photo": (io.BytesIO(b"x"), "a.jpg")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert list(answer.json["fields"]) == ["key"]
