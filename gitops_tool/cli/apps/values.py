"""Reads the words that describe a new app."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitops_tool.changes.app.spec import Amount, ConfigFile, Peer, Replicas, Route, SecretKey, SecretStore

_ENVIRONMENT = r"(?:(?P<environment>[a-z0-9][a-z0-9._-]*)=)?"
_ROUTE = re.compile(rf"{_ENVIRONMENT}(?P<host>[^/=\s]+)(?P<path>/\S*)?")
_REPLICAS = re.compile(rf"{_ENVIRONMENT}(?P<min>\d+)(?::(?P<max>\d+))?", re.ASCII)
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}", re.ASCII)
_PATH = re.compile(r"/[!-~]*")
_LARGEST_FILE = 512 * 1024
"""Bytes of a configuration file; a ConfigMap holds 1 MiB."""


def route(text: str) -> Route:
    """Read `[ENV=]HOST[/PATH]`."""
    from gitops_tool.changes.app.spec import Route

    match = _ROUTE.fullmatch(text)
    if match is None or not _HOST.fullmatch(match["host"]) or len(match["host"]) > 253:
        raise click.UsageError(f"--ingress {_shown(text)} is not a host with a path, such as shop.example.org/api")
    return Route(match["host"], match["path"] or "/", match["environment"])


def replicas(texts: tuple[str, ...]) -> tuple[Replicas, dict[str, Replicas]]:
    """Read `[ENV=]MIN:MAX` or `[ENV=]NUMBER`, several times."""
    from gitops_tool.changes.app.spec import DEFAULT_REPLICAS, Replicas

    general, own = DEFAULT_REPLICAS, {}
    for text in texts:
        match = _REPLICAS.fullmatch(text)
        least = int(match["min"]) if match else 0
        most = int(match["max"] or least) if match else 0
        if match is None or not 1 <= least <= most <= 10_000:
            raise click.UsageError(f"--replicas {_shown(text)} is not MIN:MAX, such as 2:10")
        if match["environment"]:
            own[match["environment"]] = Replicas(least, most)
        else:
            general = Replicas(least, most)
    return general, own


def amount(option: str, text: str) -> Amount:
    """Read `REQUEST[:LIMIT]`; of memory, the request is also the limit where none is given."""
    from gitops_tool.changes.app.spec import Amount
    from gitops_tool.rules.api_server.quantity import meant, milli

    request, _, limit = text.partition(":")
    sizes = [milli(part) for part in (request, limit or request)]
    if any(not size or size < 0 for size in sizes):
        known = meant(request if not sizes[0] else limit)
        hint = f"; did you mean {known}?" if known else ""
        raise click.UsageError(f"{option} {_shown(text)} is not REQUEST:LIMIT in Kubernetes' quantities{hint}")
    if (sizes[1] or 0) < (sizes[0] or 0):
        raise click.UsageError(f"{option} {_shown(text)} requests more than its limit")
    return Amount(request, limit or (request if option == "--memory" else None))


def secrets(store: str | None, texts: tuple[str, ...]) -> tuple[SecretStore | None, tuple[SecretKey, ...]]:
    """Read a store's name, and `KEY=REMOTE[#PROPERTY]` several times."""
    from gitops_tool.changes.app.spec import SecretKey, SecretStore

    if bool(store) != bool(texts):
        raise click.UsageError("--secret-store and --secret go together")
    if not store:
        return None, ()
    kind, slash, name = store.rpartition("/")
    if (slash and kind not in {"SecretStore", "ClusterSecretStore"}) or not _SUBDOMAIN.fullmatch(name):
        raise click.UsageError(f"--secret-store {_shown(store)} is neither NAME nor SecretStore/NAME")
    found: dict[str, SecretKey] = {}
    for text in texts:
        key, _, remote = text.partition("=")
        where, sharp, prop = remote.partition("#")
        if not _VARIABLE.fullmatch(key) or not where or (sharp and not prop) or not remote.isprintable():
            raise click.UsageError(f"--secret {_shown(text)} is not VARIABLE=REMOTE or VARIABLE=REMOTE#PROPERTY")
        if key in found:
            raise click.UsageError(f"--secret {key} is given twice")
        found[key] = SecretKey(key, where, prop or None)
    return SecretStore(name, kind or "ClusterSecretStore"), tuple(found.values())


def peer(text: str) -> Peer:
    """Read `APP:PORT`."""
    from gitops_tool.changes.app.spec import Peer

    name, _, port = text.rpartition(":")
    if not _LABEL.fullmatch(name) or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise click.UsageError(f"--egress {_shown(text)} is not APP:PORT, such as payment-db:5432")
    return Peer(name, int(port))


def config_file(folder: Path, name: str) -> ConfigFile:
    """Read a configuration file."""
    from gitops_tool.changes.app.spec import ConfigFile

    path = folder / name
    if not _KEY.fullmatch(path.name) or path.name in {".", ".."}:
        raise click.UsageError(f"--config {_shown(name)} is not a name that a ConfigMap can have for a file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"--config {_shown(name)} cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST_FILE:
        raise click.UsageError(f"--config {_shown(name)} is larger than {_LARGEST_FILE // 1024} KiB")
    return ConfigFile(path.name, data)


def probe_path(option: str, text: str) -> str:
    """Read the path of a probe."""
    if not _PATH.fullmatch(text):
        raise click.UsageError(f"{option} {_shown(text)} is not a path, such as /health")
    return text


def _shown(text: str) -> str:
    from gitops_tool.wording import quoted

    return quoted(text)
