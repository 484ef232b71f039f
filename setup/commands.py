"""What `make` calls: setup, demo, serve, npm, stop, clean."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from geo.errors import Refusal
from setup.client import BUILT, CLIENT, build_client, client_environment, install_client_packages
from setup.python_packages import VENV, install_python_packages
from setup.steps import StepFailed, fingerprint, is_stamped, one_at_a_time, put_stamp, run, step
from setup.system import install_packages
from web.cluster import Cluster
from web.home import PROJECT, home_folder
from web.processes import DEFAULT_PORT, is_running, stop_detached

WANGGE = VENV / "bin" / "wangge"
TRANSLATIONS = PROJECT / "web" / "translations"
MADE_IN_HOME = ("pg", "test", "run", "stamps", "tools", "keys", "setup.log", "setup.lock")


def set_up(*, tests: bool) -> None:
    """Bring the checkout to a state in which everything runs; what is done already is skipped."""
    with one_at_a_time():
        step("system packages", lambda: install_packages(tests=tests))
        step("Python packages", install_python_packages)
        step("client packages", install_client_packages)
        step("client", build_client)
        step("translations", compile_translations)
        step("database", start_database)
        step("schema", migrate)


def compile_translations() -> str:
    """Compile the message catalogues if they have changed."""
    catalogues = list(TRANSLATIONS.glob("*/LC_MESSAGES/*.po"))
    if not catalogues:
        return "none"
    mark = fingerprint(catalogues)
    compiled = all(file.with_suffix(".mo").is_file() for file in catalogues)
    if not (compiled and is_stamped("translations", mark)):
        run(VENV / "bin" / "pybabel", "compile", "-d", TRANSLATIONS)
        put_stamp("translations", mark)
    return ", ".join(sorted(file.parent.parent.name for file in catalogues))


def start_database() -> str:
    """Start the private cluster; a server named by DATABASE_URL is used as it is."""
    if os.environ.get("DATABASE_URL"):
        return "the server of DATABASE_URL"
    before = Cluster.at().status().state
    now = Cluster.at().up()
    did = {"absent": "made and started", "down": "started", "up": "up"}[before]
    return f"PostgreSQL {now.major} {did} in {_short(now.folder)}"


def migrate() -> str:
    """Bring the schema to the newest version."""
    run(WANGGE, "db", "migrate")
    return "newest version"


def demo() -> None:
    """Set up, load the invented county, start the server in the background."""
    set_up(tests=False)
    _in_the_open(WANGGE, "demo")
    _in_the_open(WANGGE, "serve", "--detach")
    server = is_running()
    if server and server.port != DEFAULT_PORT:
        print(f"Port {DEFAULT_PORT} is another program's, so this is on {server.port}.")
    print("Stop it: make stop. Look after it: .venv/bin/wangge doctor.")


def serve() -> None:
    """Set up and run the server in the foreground."""
    set_up(tests=False)
    if stop_detached():
        print("  The server in the background was stopped.", flush=True)
    os.execv(WANGGE, [str(WANGGE), "serve"])  # noqa: S606 - our own program takes over


def npm(arguments: list[str]) -> None:
    """Run npm in the client's folder with a Node that is new enough."""
    done = subprocess.run(  # noqa: S603 - what the Makefile asks for
        ["npm", *arguments],  # noqa: S607 - found on the PATH that is given
        cwd=CLIENT,
        env={**os.environ, **client_environment()},
        check=False,
    )
    sys.exit(done.returncode)


def stop() -> None:
    """Stop the background server and the private clusters."""
    print(f"  {'server':<18} {'stopped' if stop_detached() else 'was not running'}")
    for name, home in (("database", home_folder()), ("test database", home_folder() / "test")):
        stopped = home.is_dir() and Cluster.at(home).down()
        print(f"  {name:<18} {'stopped' if stopped else 'was not running'}")


def clean() -> None:
    """Stop everything and remove whatever set-up has made."""
    stop()
    home = home_folder()
    for folder in (home / "test", home):
        if folder.is_dir():
            Cluster.at(folder).remove()
    made = [home / name for name in MADE_IN_HOME]
    if home == PROJECT / ".wangge":
        made = [home]
    made += [VENV, CLIENT / "node_modules", BUILT, *TRANSLATIONS.glob("*/LC_MESSAGES/*.mo")]
    for path in made:
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            continue
        print(f"  {'removed':<18} {_short(path)}")


def _short(path: Path) -> str:
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)


def _in_the_open(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=PROJECT, stdin=subprocess.DEVNULL, check=False)  # noqa: S603
    if done.returncode:
        sys.exit(done.returncode)


def main(arguments: list[str]) -> None:
    """Do one command; end with 1 and a plain message when it cannot be done."""
    parser = argparse.ArgumentParser(prog="python3 -m setup", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("setup").add_argument("--tests", action="store_true")
    for name in ("demo", "serve", "stop", "clean"):
        commands.add_parser(name)
    commands.add_parser("npm").add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    try:
        match given.command:
            case "setup":
                set_up(tests=given.tests)
            case "npm":
                npm(given.arguments)
            case name:
                {"demo": demo, "serve": serve, "stop": stop, "clean": clean}[name]()
    except (StepFailed, Refusal) as refusal:
        sys.exit(f"\n{refusal}")
    except KeyboardInterrupt:
        sys.exit(130)
