"""Whatever stands where a name should: a clear error, the right exit status, no traceback, nothing done."""

from __future__ import annotations

import pytest

from . import shop
from .conftest import Team
from .world import Checkout

STAGING = shop.overlay_path("web")
ODD = [
    "../x",
    "..",
    ".",
    "a/b",
    "/etc",
    "\U0001f600",
    "it's",
    'say "hi"',
    "two\nlines",
    "\x1b[31mred",
    "$(id)",
    "*",
    "x" * 5000,
]


def refuse(checkout: Checkout, *args: str, code: int) -> str:
    """Run a bump that cannot be meant and return its error."""
    before = checkout.snapshot()
    result = checkout.gitops("bump", *args)
    assert (result.code, result.out) == (code, ""), result.err
    assert result.err.startswith("error: "), result.err
    assert "Traceback" not in result.err
    assert "bug in gitops" not in result.err
    assert "\x1b" not in result.err
    assert checkout.snapshot() == before
    return result.err


@pytest.mark.parametrize("name", [*ODD, ""])
def test_app(web: Checkout, name: str) -> None:
    not_a_name = not name or name in {".", ".."} or "/" in name or not name.isprintable()
    error = refuse(web, name, "v2", code=2 if not_a_name else 3)
    assert error.count("\n") == 2
    expected = (
        "is not an app's name\n"
        if not_a_name
        else f'error: no app "{name if len(name) < 80 else name[:77] + "..."}" in this repository\n'
    )
    assert expected in error


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("", "a tag is empty"),
        ("../x", '"../x" is not a valid image name: see the distribution grammar'),
        ("a/b", '"a/b" names an image, but neither a tag nor a digest'),
        (".hidden", '".hidden" is not a valid tag: it begins with "."'),
        ("\U0001f600", '"\U0001f600" is not a valid tag: "\U0001f600" is not one of letters, digits, "_", "." and "-"'),
        ("it's", '"it\'s" is not a valid tag: "\'" is not one of letters, digits, "_", "." and "-"'),
        ("two\nlines", '"two\\nlines" is not a valid tag: U+000A is not one of letters, digits, "_", "." and "-"'),
        ("v2 ", '"v2 " is not a valid tag: U+0020 is not one of letters, digits, "_", "." and "-"'),
        ("v1+meta", '"v1+meta" is not a valid tag: "+" is not one of letters, digits, "_", "." and "-"'),
        ("x" * 129, f'tag "{"x" * 77}..." is longer than 128 characters'),
        (
            "sha256:123",
            '"sha256:123" is not a valid digest: sha256 needs 64 lower-case hexadecimal digits, not 3 characters',
        ),
        (
            f"sha256:{'AB' * 32}",
            f'"sha256:{"AB" * 32}" is not a valid digest: its hexadecimal digits must be lower case',
        ),
        ("v1@", '"" is not a valid digest: it must look like "sha256:" and 64 digits'),
    ],
)
def test_tag(web: Checkout, tag: str, reason: str) -> None:
    assert refuse(web, "web", tag, code=2) == f"error: {reason}\n"


def test_tag_that_is_not_ascii_but_looks_like_it(web: Checkout) -> None:
    assert "is not a valid tag" in refuse(web, "web", "\u04752", code=2)


@pytest.mark.parametrize("name", ["../x", "a/b", "two\nlines", "\x1b[31mred", "x" * 5000, "stagin", ""])
def test_environment(web: Checkout, name: str) -> None:
    error = refuse(web, "web", "v2", "--env", name, code=2)
    hint = 'did you mean "staging"?' if name == "stagin" else "it has: staging, production"
    assert error.endswith(f"\nhint: {hint}\n")


@pytest.mark.parametrize("name", ["../x", "\U0001f600", "two\nlines", "\x1b[31mred", "x" * 5000, ""])
def test_image(web: Checkout, name: str) -> None:
    assert "web(staging) has no image " in refuse(web, "web", "v2", "--image", name, code=2)


@pytest.mark.parametrize("name", [*ODD, "-x", "--force", "a..b", "refs heads", "x.lock", "@{-1}", "a:b", "+main", ""])
def test_branch(team: Team, name: str) -> None:
    if name in {"a/b", "\U0001f600", "it's", "$(id)", "+main", "x" * 5000}:  # git has no objection to these
        error = refuse(team.mine, "web", "v2", "--push", f"--branch={name}", code=3)
        assert len(name) == 5000 or f"couldn't find remote ref refs/heads/{name}\n" in error
        return
    error = refuse(team.mine, "web", "v2", "--push", f"--branch={name}", code=2)
    assert error.endswith(" is not a valid branch name\nhint: see `git help check-ref-format`\n")
    assert error.count("\n") == 2


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "two\nlines", "x" * 5000, "-x", "--upload-pack=touch pwned", "origni", ""]
)
def test_remote(team: Team, name: str) -> None:
    error = refuse(team.mine, "web", "v2", "--push", f"--remote={name}", code=3)
    assert error.startswith("error: no remote ")
    assert error.endswith("\nhint: known remotes: origin\n")
    assert error.count("\n") == 2
    assert not (team.mine.folder / "pwned").exists()


@pytest.mark.parametrize(
    "args", [["-x", "v2"], ["web", "-x"], ["web", "v2", "--nope"], ["web", "v2", "--engine", "x"], []]
)
def test_options_that_do_not_exist(web: Checkout, args: list[str]) -> None:
    assert "hint: see `gitops bump --help`\n" in refuse(web, *args, code=2)


@pytest.mark.parametrize("args", [["--", "-x", "v2"], ["--", "web", "-x"]])
def test_a_dash_after_the_end_of_options(web: Checkout, args: list[str]) -> None:
    error = refuse(web, *args, code=3 if args[1] == "-x" else 2)
    assert '"-x"' in error


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "inf"])
def test_timeout(team: Team, seconds: str) -> None:
    refuse(team.mine, "web", "v2", "--push", f"--timeout={seconds}", code=2)


def test_bytes_that_are_no_text(web: Checkout) -> None:
    for args in (["web", "v\udcff"], ["w\udcff", "v2"], ["web", "v2", "--env", "\udcff"]):
        refuse(web, *args, code=2)
    refuse(web, "web", "v2", "--message", "\udcff", code=2)
