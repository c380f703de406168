"""Which tag a policy wants."""

from __future__ import annotations

import pytest

from gitops_tool.errors import UsageError
from gitops_tool.policy import MOST_BUILDS, Policy, PolicyKind, marked, newest, policy

VERSIONS = ("v1.4.0", "v1.4.2", "1.10.0", "1.9.9", "v2.0.0", "v2.1.0-rc.1", "latest", "1.4", "1a2b3c4", "v1.4.2-debug")
BUILDS = ("main-9-aaaaaaa", "main-10-bbbbbbb", "main-2-ccccccc", "dev-99-ddddddd", "main-x-eeeeeee")
NUMERIC = r"main-(?P<order>\d+)-[0-9a-f]{7}"


def never(tag: str) -> str:
    raise AssertionError(f"asked when {tag} was built")


@pytest.mark.parametrize(
    ("text", "now", "wanted"),
    [
        ("", "v1.4.0", "v2.0.0"),
        ("^1.4", "v1.4.0", "1.10.0"),
        ("~1.4.0", "v1.4.0", "v1.4.2"),
        (">=1.4 <1.10", None, "1.9.9"),
        ("1.x", "latest", "1.10.0"),
        (">=2.1.0-rc.0", "v2.0.0", "v2.1.0-rc.1"),
        ("^3", "v1.4.0", None),
        ("^1.4", "v1.99.0", "v1.99.0"),
        ("^1.4", "v2.0.0", "1.10.0"),
    ],
)
def test_versions(text: str, now: str | None, wanted: str | None) -> None:
    assert newest(policy("semver", text), VERSIONS, now, never) == wanted


@pytest.mark.parametrize(
    ("kind", "text", "tags", "now", "wanted"),
    [
        ("numeric", NUMERIC, BUILDS, None, "main-10-bbbbbbb"),
        ("numeric", NUMERIC, BUILDS, "main-9-aaaaaaa", "main-10-bbbbbbb"),
        ("numeric", NUMERIC, BUILDS, "main-11-fffffff", "main-11-fffffff"),
        ("numeric", NUMERIC, BUILDS, "v1", "main-10-bbbbbbb"),
        ("numeric", "", ("9", "10", "x"), None, "10"),
        ("numeric", r"b(\d+)", ("b9", "b10"), None, "b10"),
        ("alphabetical", "", ("2026-01-02", "2025-12-31"), None, "2026-01-02"),
        ("alphabetical", r"r-(.*)", ("r-b", "r-a", "z"), "r-a", "r-b"),
        ("numeric", NUMERIC, ("v1",), None, None),
    ],
)
def test_numbers_and_names(kind: str, text: str, tags: tuple[str, ...], now: str | None, wanted: str | None) -> None:
    assert newest(policy(kind, text), tags, now, never) == wanted


def test_the_newest_build() -> None:
    built = {"main-a": "2026-01-01T00:00:00Z", "main-b": "2026-03-01T00:00:00Z", "dev-c": "2026-09-01T00:00:00Z"}
    assert newest(policy("newest", "main-.*"), built, "main-a", lambda tag: built[tag]) == "main-b"
    assert newest(policy("newest", "none"), built, "main-a", lambda tag: built[tag]) is None
    assert newest(policy("newest"), ["a"], None, lambda _: "") is None


def test_too_many_builds_to_ask_for() -> None:
    with pytest.raises(UsageError, match="too many to ask when each was built"):
        newest(policy("newest"), map(str, range(MOST_BUILDS + 1)), None, never)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("    newTag: v1 # gitops: update semver ^1.4", Policy(PolicyKind.SEMVER, range="^1.4")),
        ("newTag: v1 #gitops: update semver", Policy(PolicyKind.SEMVER)),
        ("newTag: v1 # by hand # gitops: update numeric x(\\d+)  ", Policy(PolicyKind.NUMERIC, pattern="x(\\d+)")),
        ("newTag: v1 # gitops: ignore[mutable-image] update", None),
        ("newTag: v1", None),
    ],
)
def test_a_comment(line: str, found: Policy | None) -> None:
    assert marked(line) == found


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("semvar", "", '"semvar" is not an update policy'),
        ("semver", "one", '"one" is not a range of versions'),
        ("numeric", "(", "is not a regular expression"),
        ("numeric", "(a)(b)", "has several groups"),
    ],
)
def test_what_is_no_policy(kind: str, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        policy(kind, text)
    assert message in caught.value.message
