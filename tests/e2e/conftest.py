"""Fixtures of the end-to-end tests: a user, a repository, a server and a clone of it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import shop
from .world import Checkout, bare, environment, need


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's home. Its cache outlives a test, as a user's does."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    return environment(home)


@pytest.fixture
def web(tmp_path: Path, env: dict[str, str]) -> Checkout:
    """A repository with one app, `web`."""
    return Checkout.create(tmp_path / "web", env, shop.files("web"))


@dataclass(frozen=True, slots=True)
class Team:
    """A server's repository, and the clones of two people who push to it."""

    server: Checkout
    mine: Checkout
    theirs: Checkout


@pytest.fixture
def team(tmp_path: Path, env: dict[str, str]) -> Team:
    """Two apps, `web` and `api`, on a server."""
    first = Checkout.create(tmp_path / "first", env, shop.files("web", "api"))
    server = bare(tmp_path / "server.git", first)
    return Team(server, server.clone(tmp_path / "mine"), server.clone(tmp_path / "theirs"))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for the loopback address, in one file."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    command = [need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-batch"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(file), "-out", "-"]
    made = subprocess.run(command, capture_output=True, check=True)
    file.write_bytes(file.read_bytes() + made.stdout)
    return file
