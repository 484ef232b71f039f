"""The private cluster under the conditions that break naive ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from web.cluster import ClosedFolder, Cluster, UnsafeSocketFolder, database_url
from web.cluster_host import find_server_programs, memory_settings

PROJECT = Path(__file__).parent.parent.parent
GB = 1024**3

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account's cluster")


@pytest.fixture
def open_folder():
    """A folder whose parents everybody may enter; pytest's own is closed to other accounts."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def cluster(open_folder):
    cluster = Cluster.at(open_folder / "home", unsafe=True)
    yield cluster
    cluster.remove()


def ask(cluster: Cluster, question: str, role: str | None = None):
    engine = create_engine(cluster.url(role), poolclass=NullPool)
    with engine.begin() as conn:
        answer = conn.execute(text(question))
        return answer.scalar() if answer.returns_rows else None


def kill_server(cluster: Cluster) -> int:
    pid = cluster.status().pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    return pid


def test_it_is_furnished_private_and_listens_on_no_port(cluster):
    status = cluster.up()

    assert status.state == "up"
    assert ask(cluster, "SHOW listen_addresses") == ""
    assert cluster.folder.stat().st_mode & 0o777 == 0o700
    assert status.socket.stat().st_mode & 0o777 == 0o700
    assert ask(cluster, "SELECT postgis_full_version()")
    assert ask(cluster, "SELECT current_user", "wangge_web") == "wangge_web"
    walls = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'wangge_web'"
    assert ask(cluster, walls) is False


def test_up_again_leaves_the_server_alone_and_down_is_told_once(cluster):
    first = cluster.up()
    assert cluster.up() == first
    assert cluster.down()
    assert not cluster.down()
    assert cluster.status().state == "down"


def test_two_programs_that_start_it_at_once_get_one_server(cluster):
    with ThreadPoolExecutor(2) as both:
        one, other = both.map(lambda _: cluster.up(), range(2))
    assert one == other


def test_a_killed_server_is_followed_by_another_with_the_same_data(cluster):
    cluster.up()
    ask(cluster, "CREATE TABLE kept AS SELECT 1 AS one")
    ask(cluster, "CHECKPOINT")
    killed = kill_server(cluster)

    assert cluster.up().pid != killed
    assert ask(cluster, "SELECT one FROM kept") == 1


def test_a_stale_process_file_that_names_a_zombie_or_a_stranger_is_no_server(cluster):
    cluster.up()
    cluster.down()
    zombie = os.fork()
    if zombie == 0:
        os._exit(0)
    time.sleep(0.1)
    try:
        for stale in (zombie, os.getpid()):
            file = cluster.data / "postmaster.pid"
            file.write_text(f"{stale}\n{cluster.data}\n")
            file.chmod(0o600)
            assert cluster.status().state == "down"
            assert cluster.up().pid != stale
            cluster.down()
    finally:
        os.waitpid(zombie, 0)


def test_a_half_made_cluster_is_made_again(cluster):
    half = cluster.home / "pg" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    assert cluster.status().state == "absent"
    assert cluster.up().state == "up"


def test_the_callers_own_postgres_settings_lead_nowhere_else(cluster, monkeypatch):
    for name, value in {"PGPORT": "1", "PGHOST": "/nowhere", "PGDATA": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    cluster.up()
    assert ask(cluster, "SELECT 1") == 1


def test_a_deep_folder_gets_a_short_private_socket_folder(open_folder):
    cluster = Cluster.at(open_folder / ("deep" * 30), unsafe=True)
    try:
        cluster.up()
        assert not cluster.socket_folder.is_relative_to(open_folder)
        assert cluster.socket_folder.stat().st_mode & 0o777 == 0o700
        assert ask(cluster, "SELECT 1") == 1
    finally:
        cluster.remove()
    assert not cluster.socket_folder.exists()


def test_a_socket_folder_that_others_can_enter_is_refused(open_folder):
    cluster = Cluster.at(open_folder / ("deep" * 30), unsafe=True)
    cluster.socket_folder.mkdir()
    cluster.socket_folder.chmod(0o777)
    try:
        with pytest.raises(UnsafeSocketFolder):
            cluster.up()
    finally:
        cluster.remove()


def test_a_moved_project_takes_its_data_along(open_folder):
    before = Cluster.at(open_folder / "before", unsafe=True)
    before.up()
    ask(before, "CREATE TABLE kept AS SELECT 1 AS one")
    before.down()
    (open_folder / "before").rename(open_folder / "after")
    after = Cluster.at(open_folder / "after", unsafe=True)
    try:
        after.up()
        assert ask(after, "SELECT one FROM kept") == 1
    finally:
        after.remove()


@needs_root
def test_under_a_closed_parent_root_keeps_the_data_elsewhere_and_says_where(open_folder):
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    cluster = Cluster.at(closed / "home", unsafe=True)
    try:
        cluster.up()
        assert not cluster.folder.is_relative_to(closed)
        assert str(cluster.folder) in (closed / "home" / "pg.moved").read_text()
        assert ask(cluster, "SELECT 1") == 1

        shutil.copytree(closed / "home", open_folder / "copy")
        assert Cluster.at(open_folder / "copy").folder != cluster.folder
    finally:
        cluster.remove()
    assert not cluster.folder.exists()


@needs_root
def test_data_behind_a_door_that_was_closed_later_is_never_replaced(cluster):
    cluster.up()
    cluster.down()
    cluster.home.chmod(0o700)
    with pytest.raises(ClosedFolder):
        cluster.up()
    cluster.home.chmod(0o755)
    assert cluster.up().state == "up"


@needs_root
def test_an_ordinary_user_has_a_cluster_of_its_own(open_folder):
    python = "/usr/bin/python3"
    home = open_folder / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    program = f"""
import sys
if sys.version_info < (3, 11): sys.exit(77)
from pathlib import Path
from web.cluster import Cluster
cluster = Cluster.at(Path({str(home)!r}), unsafe=True)
status = cluster.up()
print(Path("/proc", str(status.pid)).stat().st_uid)
cluster.remove()
"""
    try:
        done = subprocess.run(
            [python, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            cwd=PROJECT,
            env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
            user=65534,
            group=65534,
            extra_groups=[],
        )
    except PermissionError:
        pytest.skip("the checkout is closed to other accounts")
    if done.returncode == 77:
        pytest.skip(f"{python} is older than 3.11")
    assert done.stdout == "65534\n", done.stderr


def test_a_server_without_postgis_is_passed_over(tmp_path, monkeypatch):
    for name in ("postgres", "initdb", "pg_ctl", "psql"):
        (tmp_path / name).symlink_to(sys.executable)
    pg_config = tmp_path / "pg_config"
    pg_config.write_text(f"#!/bin/sh\necho {tmp_path}\necho PostgreSQL 99.1\n")
    pg_config.chmod(0o755)
    monkeypatch.setenv("WANGGE_PG_BIN", str(tmp_path))
    assert find_server_programs(99) is None

    (tmp_path / "extension").mkdir()
    (tmp_path / "extension" / "postgis.control").touch()
    found = find_server_programs(99)
    assert found is not None
    assert found.path("psql") == str(tmp_path / "psql")


@pytest.mark.parametrize(("memory", "shared"), [(GB // 2, "128MB"), (8 * GB, "1024MB")])
def test_shared_buffers_are_an_eighth_within_reason(memory, shared):
    assert memory_settings(memory)["shared_buffers"] == shared


def test_a_given_server_is_used_and_the_web_role_taken_on_it(monkeypatch):
    monkeypatch.delenv("WANGGE_WEB_DATABASE_URL", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgres://grid:s%40crt@db:5433/county?sslmode=require")

    owner, web = make_url(database_url("owner")), make_url(database_url("web"))
    assert owner.drivername == "postgresql+psycopg"
    assert (owner.password, owner.query) == ("s@crt", {"sslmode": "require"})
    assert web.query == {"sslmode": "require", "options": "-c role=wangge_web"}

    monkeypatch.setenv("WANGGE_WEB_DATABASE_URL", "postgresql://wangge_web:x@db:5433/county")
    assert database_url("web") == "postgresql+psycopg://wangge_web:x@db:5433/county"


def test_without_a_given_server_each_role_has_the_private_socket(monkeypatch, tmp_path):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    owner, web = make_url(database_url()), make_url(database_url("web"))
    assert (owner.username, web.username) == ("wangge", "wangge_web")
    assert owner.query["host"] == str(tmp_path / "pg" / "s")
