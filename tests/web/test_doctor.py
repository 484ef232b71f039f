"""The doctor tells a sound installation from a broken one."""

from __future__ import annotations

from collections import namedtuple

import pytest
from sqlalchemy import text

from web import doctor

Usage = namedtuple("Usage", "total used free")


def test_a_migrated_database_has_its_walls(conn):
    assert doctor.postgis(conn).status == "ok"
    assert doctor.walls(conn).status == "ok"


@pytest.mark.parametrize(
    ("breach", "named"),
    [
        ("ALTER TABLE household NO FORCE ROW LEVEL SECURITY", "household"),
        ("ALTER TABLE camera DISABLE ROW LEVEL SECURITY", "camera"),
        ("GRANT SELECT ON incident_other TO wangge_web", "incident_other"),
    ],
)
def test_each_breach_of_the_walls_is_named(conn, breach, named):
    conn.execute(text(breach))
    found = doctor.walls(conn)
    assert found.status == "fail"
    assert named in found.said


def test_an_empty_county_is_a_warning_with_the_way_on(conn):
    found = doctor.county(conn)
    assert found.status == "warn"
    assert "wangge demo" in found.remedy


def test_an_old_schema_is_a_failure():
    assert doctor.schema("0002", "0002").status == "ok"
    assert doctor.schema(None, "0002").status == "fail"
    assert doctor.schema("0001", "0002").said == "version 0001, this program has 0002"


def test_a_web_role_that_is_the_owner_is_a_failure(monkeypatch, clone):
    url = clone()
    monkeypatch.setattr(doctor, "database_url", lambda role: url)
    found = doctor.web_role()
    assert found.status == "fail"
    assert "passes row-level security" in found.said


@pytest.mark.parametrize(("free", "status"), [(50e9, "ok"), (3e9, "warn"), (5e8, "fail")])
def test_little_room_is_a_warning_and_none_a_failure(monkeypatch, free, status):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: Usage(1e11, 0, free))
    assert doctor.disk().status == status


def test_without_a_database_every_other_check_still_reports(monkeypatch, tmp_path):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    found = {finding.check: finding for finding in doctor.run()}
    assert found["cluster"].status == found["database"].status == "fail"
    assert found["database"].remedy
    assert {"python", "packages", "screens", "disk", "server"} <= found.keys()
    assert list(tmp_path.iterdir()) == []
