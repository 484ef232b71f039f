"""The invented county at full scale, loaded once through the importers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, Engine

from grids import db
from grids.access import everyone
from grids.secrets import KeyRing
from importers.demo.build import build
from importers.demo.load import Loaded, load
from web.cli import main
from web.clock import now, today

SEED = 530524


@dataclass(frozen=True)
class County:
    """The loaded county: its database, what was loaded, the truth of its hotspots."""

    url: str
    engine: Engine
    loaded: Loaded
    truth: dict[str, Any]


@pytest.fixture(scope="session")
def county(clone, tmp_path_factory) -> Iterator[County]:
    """The full county; tests that change it must roll back."""
    url = clone()
    folder = tmp_path_factory.mktemp("full")
    files = build(folder, "full", seed=SEED, n_incidents=20_000, today=today())
    engine = db.make_engine(url, pooled=False)
    keys = KeyRing({1: secrets.token_bytes(32)})
    with db.begin(engine, db.EVERYWHERE) as conn:
        loaded = load(conn, everyone("test"), files, scale="full", seed=SEED, keys=keys, now=now())
    yield County(url, engine, loaded, orjson.loads((folder / "truth.json").read_bytes()))
    engine.dispose()


@pytest.fixture
def whole(county: County) -> Iterator[Connection]:
    """A connection of the owner to the full county, rolled back at the end."""
    with county.engine.connect() as conn, conn.begin() as transaction:
        db.set_scope(conn, db.EVERYWHERE)
        yield conn
        transaction.rollback()


@pytest.fixture
def wangge(county: County, monkeypatch, tmp_path: Path):
    """`wangge("export", ...)` runs a command on the full county: (exit code, document)."""
    monkeypatch.setenv("DATABASE_URL", county.url)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path / "home"))

    def run(*arguments: str) -> tuple[int, Any]:
        result = CliRunner().invoke(main, ["--json", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, orjson.loads(result.stdout)

    return run
