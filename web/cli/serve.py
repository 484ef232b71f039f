"""`wangge serve`: the application on granian and the jobs, in the foreground or detached."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import click
from granian import Granian
from granian.constants import Interfaces

from web.cli.output import Answer, WanggeCommand, give
from web.cluster import Cluster
from web.processes import (
    DEFAULT_PORT,
    kept_running,
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
@click.option("--stop", is_flag=True, help="Stop the server that was started in the background.")
@give
def serve(
    answer: Answer,
    host: str,
    port: int | None,
    workers: int,
    detach: bool,
    jobs: bool,
    stop: bool,
) -> None:
    """Serve the screens and the API, and do the jobs."""
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
    server = Granian(
        "web.wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=8,
        backlog=512,
        log_access=False,
    )
    worker = [str(Path(sys.executable).parent / "wangge"), "work"]
    with kept_running(worker) if jobs else nullcontext():
        server.serve()
