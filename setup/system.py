"""System packages: which are missing, and installing them without starting a database server."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from setup.steps import StepFailed, output_of, run
from web.browser import find_browser, has_cjk_font
from web.cluster_host import OLDEST_MAJOR, find_server_programs

# Debian makes and starts a cluster `main` on port 5432 with the server package unless told not to.
NO_MAIN_CLUSTER = Path("/etc/postgresql-common/createcluster.d/wangge.conf")
APT_INSTALL = (
    *("apt-get", "install", "--yes", "--no-install-recommends"),
    *("-o", "DPkg::Lock::Timeout=600"),
)


def missing_packages(*, tests: bool) -> list[str]:
    """Return the Debian packages that set-up needs and this machine lacks.

    Parameters
    ----------
    tests
        Also what the tests need: a browser and a Chinese font.
    """
    missing = []
    if importlib.util.find_spec("ensurepip") is None:
        missing.append(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    if find_server_programs() is None:
        missing.append(newest_postgis(output_of("apt-cache", "pkgnames", "postgresql-") or ""))
    if tests and find_browser() is None:
        missing.append("chromium")
    if tests and not has_cjk_font():
        missing.append("fonts-noto-cjk")
    return missing


def newest_postgis(names: str) -> str:
    """Return the package of the newest PostgreSQL with PostGIS among the names apt offers.

    The release's own choice, `postgresql-postgis`, when none of them fits (no package lists yet).
    """
    majors = [int(n) for n in re.findall(r"^postgresql-(\d+)-postgis-3$", names, re.MULTILINE)]
    fitting = [major for major in majors if major >= OLDEST_MAJOR]
    return f"postgresql-{max(fitting)}-postgis-3" if fitting else "postgresql-postgis"


def install_packages(*, tests: bool) -> str:
    """Install what is missing and return what was done.

    Raises
    ------
    StepFailed
        If they cannot be installed from here: with the exact commands to run.
    """
    missing = missing_packages(tests=tests)
    if not missing:
        return "all there"
    if shutil.which("apt-get") is None:
        raise StepFailed(
            "No apt-get here. Install with this system's own tools: Python 3.11 or later with "
            f"venv, PostgreSQL {OLDEST_MAJOR} or later with PostGIS 3"
            + (", Chromium and a Chinese font." if tests else ".")
        )
    if os.geteuid() != 0:
        raise StepFailed(_what_to_run_as_root(missing))
    noninteractive = {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", env=noninteractive)
    missing = missing_packages(tests=tests)  # the names may be newer now
    with _no_main_cluster():
        run(*APT_INSTALL, *missing, env=noninteractive)
    return "installed " + " ".join(missing)


def _what_to_run_as_root(missing: list[str]) -> str:
    lines = ["System packages are missing. Run as root, then start again:", ""]
    if any(name.startswith("postgresql") for name in missing):
        lines += [
            f"  mkdir -p {NO_MAIN_CLUSTER.parent}   # no server of the system's own is started",
            f"  echo 'create_main_cluster = false' > {NO_MAIN_CLUSTER}",
        ]
    lines += ["  apt-get update", f"  apt-get install --no-install-recommends {' '.join(missing)}"]
    return "\n".join(lines)


@contextlib.contextmanager
def _no_main_cluster() -> Iterator[None]:
    """Keep the server package from making a cluster; what is there is left alone."""
    if NO_MAIN_CLUSTER.exists():
        yield
        return
    NO_MAIN_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
    NO_MAIN_CLUSTER.write_text("create_main_cluster = false\n", "ascii")
    try:
        yield
    finally:
        NO_MAIN_CLUSTER.unlink(missing_ok=True)
