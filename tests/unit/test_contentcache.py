"""The cache of bytes: never wrong, at worst empty."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from gitops_tool.contentcache import ContentCache


@pytest.fixture
def cache(tmp_path: Path) -> ContentCache:
    return ContentCache(tmp_path / "cache")


def files(cache: ContentCache) -> list[Path]:
    return [path for path in cache.folder.glob("*/*") if path.is_file()]


def test_what_was_put_is_got_back(cache: ContentCache) -> None:
    for value in (b"", b"value", b"\0" * 100_000):
        cache.put("key", value)
        assert cache.get("key") == value
    assert cache.get("another") is None


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 40])
def test_a_damaged_entry_is_a_miss(cache: ContentCache, damage: bytes) -> None:
    cache.put("key", b"value")
    (entry,) = files(cache)
    entry.write_bytes(damage)
    assert cache.get("key") is None


def test_a_truncated_entry_is_a_miss(cache: ContentCache) -> None:
    cache.put("key", b"a long value")
    (entry,) = files(cache)
    entry.write_bytes(entry.read_bytes()[:-1])
    assert cache.get("key") is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = ContentCache(tmp_path / "cache")
    cache.put("key", b"value")
    assert cache.get("key") is None


def test_an_entry_whose_time_cannot_be_set_is_still_a_hit(cache: ContentCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.put("key", b"value")

    def refuse(*_: object) -> None:
        raise PermissionError  # what a read-only file system answers

    monkeypatch.setattr(os, "utime", refuse)
    assert cache.get("key") == b"value"


def test_a_sweep_keeps_what_was_used_last(cache: ContentCache) -> None:
    for number in range(4):
        cache.put(str(number), b"x" * 1000)
    for age, entry in enumerate(sorted(files(cache))):
        os.utime(entry, (age, age))
    assert cache.get("0") is not None  # used now, whatever its age was
    cache.sweep(limit=2 * 1032)
    assert cache.get("0") is not None
    assert len(files(cache)) == 2


def test_writers_at_once_leave_one_whole_value(cache: ContentCache) -> None:
    values = [bytes([number]) * 50_000 for number in range(8)]
    threads = [threading.Thread(target=cache.put, args=("key", value)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.get("key") in values
    assert len(files(cache)) == 1
