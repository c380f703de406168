"""The cache folder: where it is, who may read it, and what happens where there can be none."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from gitops_tool.cachedir import cache_dir, cache_folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GITOPS_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return tmp_path / "home"


def test_the_users_cache_is_the_default_and_private(home: Path) -> None:
    caches = "Library/Caches" if sys.platform == "darwin" else ".cache"
    assert cache_dir() == home / caches / "gitops-tool"
    assert stat.S_IMODE(cache_dir().stat().st_mode) == 0o700


def test_macos_has_its_own_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_dir() == home / "Library/Caches/gitops-tool"


def test_xdg_cache_home_is_followed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() == tmp_path / "xdg/gitops-tool"


def test_a_relative_xdg_cache_home_is_ignored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    assert home in cache_dir().parents


def test_gitops_cache_dir_wins(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("GITOPS_CACHE_DIR", str(tmp_path / "a/b"))
    assert cache_dir() == tmp_path / "a/b"


@pytest.mark.parametrize("where", ["/proc/no-such-folder", "/dev/null/cache"])
def test_a_folder_that_cannot_be_made_is_replaced_by_a_temporary_one(
    home: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("GITOPS_CACHE_DIR", where)
    folder = cache_folder()
    assert folder.path == Path(tempfile.gettempdir(), f"gitops-tool-{os.getuid()}")
    assert folder.wanted == Path(where)
    assert folder.note == (
        f'the cache is in "{folder.path}": "{where}" cannot be written; GITOPS_CACHE_DIR names another folder'
    )
    assert cache_folder().path == folder.path


def test_without_a_home_the_cache_is_temporary(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "")
    folder = cache_folder()
    assert folder.wanted is None
    assert "there is no home folder" in (folder.note or "")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


@pytest.mark.parametrize("trap", ["open to others", "a link"])
def test_a_temporary_folder_that_others_can_write_to_is_not_used(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str
) -> None:
    monkeypatch.setenv("HOME", "")
    laid = Path(tempfile.gettempdir(), f"gitops-tool-{os.getuid()}")
    if trap == "a link":
        (tmp_path / "elsewhere").mkdir()
        laid.symlink_to(tmp_path / "elsewhere")
    else:
        laid.mkdir()
        laid.chmod(0o777)
    assert cache_dir() != laid
    assert cache_dir().parent == laid.parent
