"""`wangge serve`: the application, the hub and the jobs, in the foreground or detached."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces

from web.cli.output import Answer, WanggeCommand, give
from web.cluster import Cluster
from web.hub.address import LONGEST_SOCKET_PATH, hub_socket
from web.processes import (
    DEFAULT_PORT,
    kept_running,
    open_many_files,
    require_free_port,
    start_detached,
    stop_detached,
)


@click.command(cls=WanggeCommand)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), help=f"Default: {DEFAULT_PORT}.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--detach", is_flag=True, help="Start in the background and wait until it answers.")
@click.option("--jobs/--no-jobs", default=True, show_default=True, help="Do the jobs as well.")
@click.option("--hub/--no-hub", default=True, show_default=True, help="Run the hub as well.")
@click.option("--stop", is_flag=True, help="Stop the server that was started in the background.")
@give
def serve(
    answer: Answer,
    host: str,
    port: int | None,
    workers: int,
    detach: bool,
    jobs: bool,
    hub: bool,
    stop: bool,
) -> None:
    """Serve the screens and the API, hold event streams open, and do the jobs."""
    if stop:
        stopped = stop_detached()
        answer.give({"stopped": stopped}, lambda c: c.print("stopped" if stopped else "was not up"))
        return
    if detach:
        server = start_detached(host=host, port=port)
        answer.give(
            {"url": server.address, "pid": server.pid},
            lambda c: c.print(f"serving at {server.address}"),
        )
        return
    if not os.environ.get("DATABASE_URL"):
        Cluster.at().up()
    port = port or DEFAULT_PORT
    require_free_port(host, port)
    open_many_files()
    server = Granian(
        "web.asgi:app",
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        backlog=2048,
        # A stream is a request that lasts: the usual bound would be the number of streams.
        backpressure=8192,
        log_access=False,
        workers_kill_timeout=5,
    )
    with ExitStack() as beside:
        if hub:
            os.environ["WANGGE_HUB"] = str(beside.enter_context(_socket()))
            beside.enter_context(kept_running(_wangge("hub"), pause=1))
        if jobs:
            beside.enter_context(kept_running(_wangge("work")))
        server.serve()


def _wangge(command: str) -> list[str]:
    return [str(Path(sys.executable).parent / "wangge"), command]


@contextmanager
def _socket() -> Iterator[Path]:
    """Yield where the hub is to listen: in the home folder, unless its path is too long."""
    path = hub_socket()
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        yield Path(folder, "hub.sock")
