"""`wangge hub`: the process that holds the event streams open."""

from __future__ import annotations

import os
from pathlib import Path

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces

from web.cli.output import WanggeCommand
from web.cluster import Cluster
from web.hub.address import hub_socket
from web.processes import open_many_files


@click.command(cls=WanggeCommand)
@click.option("--host", help="Listen on this address and --port instead of a socket.")
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True)
@click.option(
    "--socket", "path", type=click.Path(path_type=Path), help="Default: WANGGE_HUB or the house's."
)
def hub(host: str | None, port: int, path: Path | None) -> None:
    """Hold open the event streams of everybody who is signed in."""
    if not os.environ.get("DATABASE_URL"):
        Cluster.at().up()
    if host is None:
        path = path or hub_socket()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    open_many_files()
    # One worker: a second one would listen, read and check once more for half of the streams.
    Granian(
        "web.hub.asgi:app",
        address=host or "",
        port=port,
        uds=path if host is None else None,
        uds_permissions=0o660,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=1,
        backlog=8192,
        backpressure=8192,
        log_access=False,
        workers_kill_timeout=5,
    ).serve()
