"""Fetches a release archive, checks its SHA-256, and takes the one program out of it."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import tarfile
import time
import zlib
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import Request, build_opener

from gitops_tool import process
from gitops_tool.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPResponse
    from pathlib import Path

    from gitops_tool.toolchain.table import Archive, Tool

_SILENCE = 5.0
"""Seconds to wait for a connection and for each next byte; without a network, Go comes next."""
_DEADLINE = 180.0
_ARCHIVE_LIMIT = 64 << 20
_PROGRAM_LIMIT = 256 << 20
_CHUNK = 1 << 16
_PROCESSORS = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def fetch_program(tool: Tool, program: Path, *, report: Callable[[str], None]) -> None:
    """Download a tool's archive for this machine and write the program that is in it.

    A proxy is taken from the environment (`HTTPS_PROXY`, `NO_PROXY`).

    Raises:
        ToolError: there is no archive for this machine, it cannot be fetched, or it is not the
            one that was pinned.
    """
    machine = _machine()
    archive = tool.archives.get(machine)
    if archive is None:
        raise ToolError(f'there is no pinned archive of {tool.name} for "{machine}"')
    report(f"downloading {tool.name} {tool.pinned} from {archive.url}")
    content = _fetch(archive.url)
    _check(archive, content)
    _write(program, _unpack(archive, content, tool.name))


def _machine() -> str:
    """Name this machine as Go does."""
    processor = platform.machine().lower()
    return f"{platform.system().lower()}/{_PROCESSORS.get(processor, processor)}"


def _fetch(url: str) -> bytes:
    request = Request(url, headers={"User-Agent": "gitops-tool"})  # noqa: S310 - the table's URLs, and the checksum decides
    try:
        with build_opener().open(request, timeout=_SILENCE) as response:
            return _read(url, response)
    except HTTPError as error:
        reason = f"the server answered {error.code} {error.reason}"
    except URLError as error:
        reason = _words(error.reason)
    except (OSError, HTTPException) as error:
        reason = _words(error)
    raise ToolError(f'"{url}" cannot be downloaded: {process.redact(reason)}')


def _words(reason: object) -> str:
    """Put an error's reason in words: an OSError's own, without its number."""
    if isinstance(reason, TimeoutError):
        return f"no answer for {_SILENCE:g} seconds"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return str(reason) or type(reason).__name__


def _read(url: str, response: HTTPResponse) -> bytes:
    """Read the body within bounds of time and size; a short one is an error."""
    content = bytearray()
    until = time.monotonic() + _DEADLINE
    while chunk := response.read(_CHUNK):
        content += chunk
        if len(content) > _ARCHIVE_LIMIT:
            raise ToolError(f'"{url}" is larger than {_ARCHIVE_LIMIT >> 20} MiB')
        if time.monotonic() > until:
            raise ToolError(f'"{url}" was not downloaded within {_DEADLINE:g} seconds')
    promised = response.headers.get("Content-Length")
    if promised is not None and len(content) != int(promised):
        raise ToolError(f'"{url}" ended after {len(content)} of {promised} bytes')
    return bytes(content)


def _check(archive: Archive, content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != archive.sha256:
        raise ToolError(f'"{archive.url}" is not the pinned archive: its SHA-256 is {found}, expected {archive.sha256}')


def _unpack(archive: Archive, content: bytes, name: str) -> bytes:
    """Return the bytes of the regular file of that name at the archive's top."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as members:
            for member in members:
                if member.isreg() and member.name.removeprefix("./") == name and member.size <= _PROGRAM_LIMIT:
                    file = members.extractfile(member)
                    return file.read() if file else b""
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ToolError(f'"{archive.url}" cannot be unpacked: {error}') from error
    raise ToolError(f'"{archive.url}" holds no program "{name}"')


def _write(program: Path, content: bytes) -> None:
    """Write the program and have it on the disk before anything is named after it."""
    with program.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    program.chmod(0o755)
