"""Python packages: a small environment for tools, and `.venv` from `uv.lock`."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from setup.steps import StepFailed, fingerprint, is_stamped, output_of, put_stamp, run
from web.home import PROJECT, home_folder

VENV = PROJECT / ".venv"
NEWEST_FIRST = ("python3.13", "python3.12", "python3.11")


def install_tools(requirements: str) -> Path:
    """Install `setup/<requirements>` into the tools' environment and return its folder."""
    tools = home_folder() / "tools"
    python = tools / "bin" / "python"
    wanted = PROJECT / "setup" / requirements
    mark = fingerprint([wanted], sys.version)
    if not (is_stamped(requirements, mark) and python.exists()):
        if not python.exists():
            run(sys.executable, "-m", "venv", tools)
        run(python, "-m", "pip", "install", "--disable-pip-version-check", "-r", wanted)
        put_stamp(requirements, mark)
    return tools


def install_python_packages() -> str:
    """Bring `.venv` to the versions of `uv.lock` and return what was done."""
    lock = PROJECT / "uv.lock"
    python = interpreter()
    version = output_of(python, "--version") or ""
    mark = fingerprint([lock, PROJECT / "pyproject.toml"], version, str(PROJECT))
    if is_stamped("python", mark) and (VENV / "bin" / "python").exists():
        return "as in uv.lock"
    tools = install_tools("tools.txt")
    if _was_moved():
        shutil.rmtree(VENV)
    run(
        *(tools / "bin" / "uv", "sync", "--frozen", "--all-extras", "--no-progress"),
        env={
            "UV_PYTHON": python,
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_PROJECT_ENVIRONMENT": str(VENV),
            "UV_LINK_MODE": "copy",
            # Else the first start compiles a thousand modules in each of its processes, and every
            # start does where the account of the server may not write here.
            "UV_COMPILE_BYTECODE": "1",
            "VIRTUAL_ENV": "",
        },
    )
    put_stamp("python", mark)
    count = len(list(VENV.glob("lib/python*/site-packages/*.dist-info")))
    return f"{count} packages from uv.lock, {version.strip()}"


def interpreter() -> str:
    """Return a Python that `requires-python` of `pyproject.toml` allows.

    Raises
    ------
    StepFailed
        If there is none.
    """
    text = (PROJECT / "pyproject.toml").read_text("utf-8")
    bounds = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', text)
    if bounds is None:
        raise ValueError("requires-python of pyproject.toml has another form than >=3.N,<3.M")
    least, beyond = map(int, bounds.groups())
    if least <= sys.version_info.minor < beyond:
        return sys.executable
    for name in NEWEST_FIRST:
        found = shutil.which(name)
        if found and least <= int(name.rpartition(".")[2]) < beyond:
            return found
    raise StepFailed(
        f"Python 3.{least} to 3.{beyond - 1} is needed and this is {sys.version.split()[0]}. "
        "Name another one: make PYTHON=/path/to/python3.13 ..."
    )


def _was_moved() -> bool:
    """Tell whether `.venv` was made in another folder: its programs name their Python in full."""
    script = VENV / "bin" / "wangge"
    return script.is_file() and str(VENV).encode() not in script.read_bytes()
