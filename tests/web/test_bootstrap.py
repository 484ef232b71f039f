"""Set-up: what it decides before anything is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from setup import client, python_packages, steps, system
from setup.steps import StepFailed

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("v18.20.4", False),
        ("v20.18.9", False),
        ("v20.19.0", True),
        ("v21.7.3", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.19.0", True),
        ("", False),
    ],
)
def test_node_is_accepted_by_the_versions_that_vite_names(version, enough):
    assert client.is_new_enough(version) is enough


def test_the_newest_postgis_that_apt_offers_is_chosen():
    debian_13 = "postgresql-17-postgis-3\npostgresql-17-postgis-3-scripts\npostgresql-17\n"
    assert system.newest_postgis(debian_13) == "postgresql-17-postgis-3"
    both = "postgresql-9-postgis-3\npostgresql-15-postgis-3\npostgresql-16-postgis-3\n"
    assert system.newest_postgis(both) == "postgresql-16-postgis-3"
    assert system.newest_postgis("postgresql-13-postgis-3\n") == "postgresql-postgis"


def test_without_root_the_exact_commands_are_told(monkeypatch):
    monkeypatch.setattr(system, "missing_packages", lambda *, tests: ["postgresql-15-postgis-3"])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system.shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(StepFailed) as told:
        system.install_packages(tests=False)
    assert "apt-get install --no-install-recommends postgresql-15-postgis-3" in str(told.value)
    assert "create_main_cluster = false" in str(told.value)


def test_the_server_package_is_kept_from_making_a_cluster_and_no_trace_is_left(
    tmp_path, monkeypatch
):
    switch = tmp_path / "createcluster.d" / "wangge.conf"
    monkeypatch.setattr(system, "NO_MAIN_CLUSTER", switch)
    seen = []
    monkeypatch.setattr(system, "run", lambda *_, **__: seen.append(switch.exists()))
    monkeypatch.setattr(system, "missing_packages", lambda *, tests: ["postgresql-15-postgis-3"])
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(system.shutil, "which", lambda name: f"/usr/bin/{name}")
    system.install_packages(tests=False)
    assert seen == [False, True]  # apt-get update, apt-get install
    assert not switch.exists()


def test_a_python_that_the_project_allows_is_found():
    version = steps.output_of(python_packages.interpreter(), "--version")
    assert version is not None
    assert version.startswith(("Python 3.11.", "Python 3.12.", "Python 3.13."))


def test_an_old_python_is_refused_in_words_that_it_can_print():
    old = "import sys; sys.version_info = (3, 9, 2); sys.path.insert(0, '.'); "
    done = subprocess.run(
        [sys.executable, "-c", old + "import runpy; runpy.run_module('setup', run_name='x')"],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or later; this is 3.9" in done.stderr


def test_a_stamp_holds_until_a_file_changes(home, tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "PROJECT", tmp_path)
    lock = tmp_path / "some.lock"
    lock.write_text("1")
    steps.put_stamp("part", steps.fingerprint([lock]))
    assert steps.is_stamped("part", steps.fingerprint([lock]))
    lock.write_text("2")
    assert not steps.is_stamped("part", steps.fingerprint([lock]))
    assert not steps.is_stamped("part", steps.fingerprint([lock], "another fact"))


def test_a_failing_command_shows_its_own_last_words_and_where_the_rest_is(home):
    steps.run("sh", "-c", "echo an earlier command")
    with pytest.raises(StepFailed) as told:
        steps.run("sh", "-c", "echo no space left; exit 3")
    assert "no space left" in str(told.value)
    assert "an earlier command" not in str(told.value)
    assert str(home / "setup.log") in str(told.value)


def test_each_step_is_one_aligned_line_with_its_seconds(capsys):
    steps.step("client", lambda: "as in web/client")
    steps.step("Python packages", lambda: "as in uv.lock")
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(" s")
    assert first.index("as in") == second.index("as in")
    assert len(first) == len(second)


def test_set_up_needs_nothing_but_the_standard_library():
    listed = subprocess.run(
        [sys.executable, "-S", "-c", "import setup.commands, web.processes, web.cluster"],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert listed.returncode == 0, listed.stderr
