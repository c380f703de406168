"""Installing: only the pinned program, complete or not at all, whatever the network does."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_tool.errors import ToolError
from gitops_tool.records import replace
from gitops_tool.toolchain import KUBECONFORM, Archive, Source, Tool, find
from gitops_tool.toolchain import download as downloading
from gitops_tool.toolchain.installation import How, Installed, install, installed_path

from .conftest import ReleaseServer

PATH = "/v0.8.0/kubeconform.tar.gz"
MACHINE = downloading._machine()


def packed(*members: tuple[str, bytes]) -> bytes:
    """A release archive with files of these names and contents."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), compresslevel=1)


def pinned(url: str, content: bytes) -> Tool:
    """Kubeconform as released in this archive."""
    return replace(KUBECONFORM, archives={MACHINE: Archive(url, hashlib.sha256(content).hexdigest())})


@pytest.fixture(scope="session")
def release(real: Callable[[str], Path]) -> bytes:
    return packed(("LICENSE", b"Apache-2.0\n"), ("kubeconform", real("kubeconform").read_bytes()))


def files(cache: Path) -> list[str]:
    """Everything in the cache's tools but the lock."""
    return sorted(
        str(path.relative_to(cache / "tools")) for path in (cache / "tools").rglob("*") if path.name != ".lock"
    )


def test_an_archive_is_downloaded_checked_and_unpacked(
    cache: Path, only_path: Path, server: ReleaseServer, release: bytes
) -> None:
    tool, told = pinned(server.put(PATH, release), release), list[str]()
    (done,) = install([tool], report=told.append)
    assert done == Installed(tool, cache / "tools/kubeconform/0.8.0/kubeconform", How.DOWNLOADED)
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o755
    assert told == [f"downloading kubeconform 0.8.0 from {server.url(PATH)}"]
    assert files(cache) == ["kubeconform", "kubeconform/0.8.0", "kubeconform/0.8.0/kubeconform"]
    found = find("kubeconform")
    assert found is not None
    assert (found.path, found.source, found.version) == (done.path, Source.CACHE, "0.8.0")


def test_what_is_there_is_not_installed_again_unless_forced(
    cache: Path, only_path: Path, server: ReleaseServer, release: bytes
) -> None:
    tool = pinned(server.put(PATH, release), release)
    install([tool], report=print)
    assert install([tool], report=print)[0].how is How.ALREADY
    assert server.asked == [PATH]
    assert install([tool], report=print, force=True)[0].how is How.DOWNLOADED
    assert server.asked == [PATH, PATH]


def test_a_damaged_program_is_installed_again(
    cache: Path, only_path: Path, server: ReleaseServer, release: bytes
) -> None:
    tool, told = pinned(server.put(PATH, release), release), list[str]()
    target = installed_path(tool, cache)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"\x7fELF half a program")
    target.chmod(0o755)
    assert install([tool], report=told.append)[0].how is How.DOWNLOADED
    assert told[0] == f'"{target}" cannot be started: Exec format error, installing it again'


def test_a_redirect_is_followed_as_release_hosts_answer_with_one(
    cache: Path, only_path: Path, server: ReleaseServer, release: bytes
) -> None:
    server.put("/storage/1", release)
    url = server.redirect(PATH, "/storage/1")
    assert install([pinned(url, release)], report=print)[0].how is How.DOWNLOADED
    assert server.asked == [PATH, "/storage/1"]


def test_a_proxy_of_the_environment_is_used(
    cache: Path, only_path: Path, server: ReleaseServer, release: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url(""))
    url = "http://releases.example.invalid/kubeconform.tar.gz"
    server.put(url, release)
    assert install([pinned(url, release)], report=print)[0].how is How.DOWNLOADED
    assert server.asked == [url]


Refusal = tuple[Callable[[ReleaseServer, bytes], Tool], str]


def _corrupt(server: ReleaseServer, release: bytes) -> Tool:
    return pinned(server.put(PATH, release[:-20] + b"x" + release[-19:]), release)


def _truncated(server: ReleaseServer, release: bytes) -> Tool:
    return pinned(server.put(PATH, release[:1000], promised=len(release)), release)


def _missing(server: ReleaseServer, release: bytes) -> Tool:
    return pinned(server.url("/elsewhere"), release)


def _without_program(server: ReleaseServer, release: bytes) -> Tool:
    content = packed(("bin/kubeconform", b"deeper"), ("../kubeconform", b"out of the folder"))
    return pinned(server.put(PATH, content), content)


def _link(server: ReleaseServer, release: bytes) -> Tool:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("kubeconform")
        info.type, info.linkname = tarfile.SYMTYPE, "/bin/sh"
        archive.addfile(info)
    return pinned(server.put(PATH, buffer.getvalue()), buffer.getvalue())


def _no_archive(server: ReleaseServer, release: bytes) -> Tool:
    return pinned(server.put(PATH, b"<html>"), b"<html>")


def _other_platform(server: ReleaseServer, release: bytes) -> Tool:
    return replace(KUBECONFORM, archives={"plan9/mips": Archive(server.url(PATH), "0" * 64)})


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        (_corrupt, '"{url}" is not the pinned archive: its SHA-256 is {found}, expected {wanted}'),
        (_truncated, '"{url}" ended after 1000 of {size} bytes'),
        (_missing, '"{host}/elsewhere" cannot be downloaded: the server answered 404 Not Found'),
        (_without_program, '"{url}" holds no program "kubeconform"'),
        (_link, '"{url}" holds no program "kubeconform"'),
        (_no_archive, '"{url}" cannot be unpacked: not a gzip file'),
        (_other_platform, f'there is no pinned archive of kubeconform for "{MACHINE}"'),
    ],
)
def test_without_go_a_bad_download_leaves_nothing_and_says_both_reasons(
    cache: Path,
    only_path: Path,
    server: ReleaseServer,
    release: bytes,
    offer: Callable[[ReleaseServer, bytes], Tool],
    reason: str,
) -> None:
    with pytest.raises(ToolError) as caught:
        install([offer(server, release)], report=print)
    corrupt = release[:-20] + b"x" + release[-19:]
    expected = reason.format(
        url=server.url(PATH),
        host=server.url(""),
        size=len(release),
        found=hashlib.sha256(corrupt).hexdigest(),
        wanted=hashlib.sha256(release).hexdigest(),
    )
    assert str(caught.value) == (
        f'"kubeconform" 0.8.0 could not be installed: {expected}; "go" was not found to build it'
    )
    assert caught.value.hint == (
        "check the network (HTTPS_PROXY, SSL_CERT_FILE), or install Go, or put kubeconform 0.8.0 on PATH"
    )
    assert files(cache) == []


def test_a_program_of_another_version_is_not_put_in_place(cache: Path, only_path: Path, server: ReleaseServer) -> None:
    content = packed(("kubeconform", b"#!/bin/sh\necho v0.7.0\n"))
    with pytest.raises(ToolError, match=r"is kubeconform 0\.7\.0, expected 0\.8\.0$"):
        install([pinned(server.put(PATH, content), content)], report=print)
    assert files(cache) == []


def test_a_silent_server_is_given_up(
    cache: Path, only_path: Path, server: ReleaseServer, release: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "_SILENCE", 0.3)
    with pytest.raises(ToolError, match=r"cannot be downloaded: no answer for 0\.3 seconds"):
        install([pinned(server.stall(PATH, release[:1000]), release)], report=print)


def test_a_slow_server_is_given_up(
    cache: Path, only_path: Path, server: ReleaseServer, release: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "_DEADLINE", 0.0)
    with pytest.raises(ToolError, match="was not downloaded within 0 seconds"):
        install([pinned(server.put(PATH, release), release)], report=print)


def test_an_endless_body_is_given_up(
    cache: Path, only_path: Path, server: ReleaseServer, release: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "_ARCHIVE_LIMIT", 1 << 20)
    with pytest.raises(ToolError, match="is larger than 1 MiB"):
        install([pinned(server.put(PATH, release), release)], report=print)


def test_a_folder_that_cannot_be_written_is_named(cache: Path, only_path: Path) -> None:
    cache.mkdir()
    (cache / "tools").write_text("in the way")
    with pytest.raises(ToolError) as caught:
        install([KUBECONFORM], report=print)
    assert str(caught.value) == f'"{cache}/tools" cannot be written: File exists'
    assert caught.value.hint == "set GITOPS_CACHE_DIR to another folder"


INSTALLER = """
import sys
from gitops_tool.records import replace
from gitops_tool.toolchain import KUBECONFORM, Archive
from gitops_tool.toolchain.installation import install
machine, url, sha256 = sys.argv[1:]
tool = replace(KUBECONFORM, archives={machine: Archive(url, sha256)})
print(install([tool], report=lambda line: print(line, file=sys.stderr, flush=True))[0].how)
"""


def start(tool: Tool) -> subprocess.Popen[str]:
    """Install in another process."""
    archive = tool.archives[MACHINE]
    return subprocess.Popen(
        [sys.executable, "-c", INSTALLER, MACHINE, archive.url, archive.sha256],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def test_installations_at_once_download_once(
    cache: Path, only_path: Path, server: ReleaseServer, release: bytes
) -> None:
    tool = pinned(server.put(PATH, release), release)
    running = [start(tool) for _ in range(4)]
    outputs = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0, 0], outputs
    assert sorted(stdout for stdout, _ in outputs) == ["already there\n"] * 3 + ["downloaded\n"]
    assert server.asked == [PATH]
    assert files(cache) == ["kubeconform", "kubeconform/0.8.0", "kubeconform/0.8.0/kubeconform"]


def test_a_killed_installation_leaves_no_program_and_blocks_nobody(
    cache: Path, only_path: Path, server: ReleaseServer, release: bytes
) -> None:
    tool = pinned(server.stall(PATH, release[:-1000]), release)
    with start(tool) as killed:
        deadline = time.monotonic() + 30
        while not server.asked and time.monotonic() < deadline:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    assert not installed_path(tool, cache).exists()
    assert [name.split("-")[0] for name in files(cache)] == [".staging"]
    server.put(PATH, release)
    assert install([tool], report=print)[0].how is How.DOWNLOADED
    assert files(cache) == ["kubeconform", "kubeconform/0.8.0", "kubeconform/0.8.0/kubeconform"]


needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="Go is one of two ways to install, and is not here")


@needs_go
def test_go_builds_the_pinned_version_where_nothing_can_be_downloaded(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOS", "windows")  # what the user compiles for is not where this runs
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    closed = Archive("http://127.0.0.1:9/kubeconform.tar.gz", "0" * 64)
    told = list[str]()
    (done,) = install([replace(KUBECONFORM, archives={MACHINE: closed})], report=told.append)
    assert done.how is How.BUILT
    assert told == [
        "downloading kubeconform 0.8.0 from http://127.0.0.1:9/kubeconform.tar.gz",
        '"http://127.0.0.1:9/kubeconform.tar.gz" cannot be downloaded: connection refused',
        "building kubeconform 0.8.0 with go, which takes a minute or two",
    ]
    said = subprocess.run([done.path, "-summary", "/dev/null"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("Summary: 0 resource found")


@needs_go
def test_a_build_that_fails_gives_gos_own_words(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "off")
    tool = replace(KUBECONFORM, archives={}, pinned="0.8.0-missing")
    with pytest.raises(ToolError) as caught:
        install([tool], report=print)
    assert str(caught.value).startswith(
        f'"kubeconform" 0.8.0-missing could not be installed: there is no pinned archive of kubeconform for '
        f'"{MACHINE}"; "go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0-missing" failed: '
    )
    assert "module lookup disabled by GOPROXY=off" in str(caught.value)
    assert files(cache) == []
