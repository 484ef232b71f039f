"""The server in the background: ready when it says so, ended with its children, and no other."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import pytest

from web import processes
from web.processes import PortTaken, ServerDied, is_running, start_detached, stop_detached

# Answers /ready after a moment, and has a child that would outlive it.
SERVER = """
import argparse, http.server, subprocess, sys, time
options = argparse.ArgumentParser()
options.add_argument("--host"); options.add_argument("--port", type=int)
given = options.parse_args()
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 404); self.end_headers()
time.sleep(0.3)
http.server.HTTPServer((given.host, given.port), Answer).serve_forever()
"""


@pytest.fixture
def command():
    return [sys.executable, "-c", SERVER]


@pytest.fixture
def home(tmp_path):
    yield tmp_path
    stop_detached(tmp_path, seconds=1)


def test_it_is_ready_on_return_and_gone_with_its_children_after_stop(home, command):
    server = start_detached(home, command=command)
    assert is_running(home) == server
    assert len(processes._session(server.pid)) == 2

    assert stop_detached(home)
    assert processes._session(server.pid) == []
    assert is_running(home) is None
    assert not stop_detached(home)


def test_it_is_kept_while_its_code_is_the_same_and_replaced_when_not(home, command, monkeypatch):
    first = start_detached(home, command=command)
    assert start_detached(home, command=command) == first

    monkeypatch.setattr(processes, "code_digest", lambda: "changed")
    second = start_detached(home, command=command)
    assert second.pid != first.pid
    assert processes._session(first.pid) == []


def test_children_of_a_killed_server_are_found_and_ended(home, command):
    server = start_detached(home, command=command)
    os.kill(server.pid, 9)
    os.waitpid(server.pid, 0)
    assert is_running(home) is None
    assert processes._session(server.pid)

    assert stop_detached(home, seconds=1)
    assert processes._session(server.pid) == []


def test_a_stranger_who_got_the_number_is_left_alone(home, command):
    server = start_detached(home, command=command)
    stop_detached(home)
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        noted = replace(server, pid=stranger.pid)
        (home / "run" / "server.json").write_text(json.dumps(asdict(noted)))
        assert is_running(home) is None
        assert not stop_detached(home)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_taken_port_is_passed_over_unless_it_was_asked_for(home, command):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(PortTaken):
            start_detached(home, port=taken, command=command)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(processes, "DEFAULT_PORT", taken)
            assert start_detached(home, command=command).port > taken


def test_two_that_start_at_once_get_different_ports():
    reserve = processes._reserved_port
    with reserve("127.0.0.1", None) as one, reserve("127.0.0.1", None) as other:
        assert one != other


def test_a_server_that_dies_is_reported_with_its_last_words(home):
    with pytest.raises(ServerDied, match="the disk is full"):
        start_detached(home, command=[sys.executable, "-c", "raise SystemExit('the disk is full')"])
    assert is_running(home) is None


def test_a_server_that_stays_silent_is_given_up_and_ended(home):
    begun = time.monotonic()
    with pytest.raises(ServerDied, match="did not answer"):
        start_detached(home, command=["sh", "-c", "sleep 60"], seconds=0.5)
    assert time.monotonic() - begun < 10
    assert is_running(home) is None


def test_any_changed_file_of_the_program_changes_its_digest(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "PROJECT", tmp_path)
    source = tmp_path / "web" / "views.py"
    source.parent.mkdir()
    source.write_text("a = 1\n")
    before = processes.code_digest()
    assert processes.code_digest() == before
    (tmp_path / "web" / "client").mkdir()
    Path(tmp_path / "web" / "client" / "page.ts").touch()
    assert processes.code_digest() == before
    source.write_text("a = 10\n")
    assert processes.code_digest() != before


def test_a_program_kept_running_is_started_again_and_ended_at_last(tmp_path):
    log = tmp_path / "log"
    short = ["sh", "-c", f"echo $$ >> {log}"]
    with processes.kept_running(short, pause=0.05):
        processes._wait_until(lambda: log.is_file() and len(log.read_text().split()) > 2, 20)
    begun = log.read_text().split()
    assert len(begun) > 2
    time.sleep(0.2)
    assert log.read_text().split() == begun

    steady = ["sh", "-c", f"echo $$ > {log}; exec sleep 60"]
    with processes.kept_running(steady, pause=0.05):
        processes._wait_until(lambda: "sleep" in _commands(log), 20)
        assert "sleep" in _commands(log)
    assert "sleep" not in _commands(log)


def test_a_program_that_cannot_start_is_tried_less_and_less_often(tmp_path):
    log = tmp_path / "log"
    broken = ["sh", "-c", f"date +%s.%N >> {log}; exit 1"]
    with processes.kept_running(broken, pause=0.05):
        processes._wait_until(lambda: log.is_file() and len(log.read_text().split()) > 4, 20)
    times = [float(one) for one in log.read_text().split()]
    waits = [later - earlier for earlier, later in pairwise(times)]
    # 0.1, 0.2, 0.4, 0.8 s, each with the time that a shell takes.
    assert waits[3] > 2 * waits[0]


def _commands(log):
    """The command line of the process that wrote its number down."""
    words = log.read_text().split()[-1:]
    try:
        return Path(f"/proc/{words[0]}/cmdline").read_text()
    except (IndexError, OSError):
        return ""
