"""`set_ref` on the case file, byte for byte, and against what the real kustomize checks out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml_cases import Case, read_cases

import gitops_tool
from gitops_tool.errors import UsageError, YamlError
from gitops_tool.process import run
from gitops_tool.remotes import parse_remote
from gitops_tool.yamledit.refs import read_remotes, set_ref

CASES = read_cases(Path(__file__).with_name("set_ref.cases"))
EDITED = [case for case in CASES if case.after is not None]
REFUSED = [case for case in CASES if case.after is None]
TAGS = ("v1", "v2", "v1.0.0+build", "feature/x")


def bump(case: Case, before: bytes) -> bytes:
    return set_ref(before, case.asked.get("url"), ref=case.asked["ref"], old=case.asked.get("old"))


@pytest.mark.parametrize("case", EDITED, ids=str)
def test_the_edited_file_is_exactly(case: Case) -> None:
    assert bump(case, case.before) == case.after


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_the_refusal_says_exactly(case: Case) -> None:
    with pytest.raises(YamlError) as caught:
        bump(case, case.before)
    hint = f"{caught.value.hint}\n" if caught.value.hint else ""
    assert f"{caught.value}\n{hint}" == case.refusal
    assert caught.value.line > 0
    assert caught.value.column > 0


@pytest.mark.parametrize(
    "ref", ["", "-x", "a b", "a..b", "x.lock", "/x", "x/", "a~1", "@{1}", "a:b", "a\nb", "a\ud800"]
)
def test_a_ref_that_git_does_not_allow_is_refused(ref: str) -> None:
    with pytest.raises(UsageError, match="is not a valid git ref"):
        set_ref(b"resources:\n- https://github.com/org/app?ref=v1\n", None, ref=ref)


@settings(max_examples=100, deadline=None)
@given(
    old=st.from_regex(r"[0-9a-f]{40}|v[0-9]\.[0-9]{1,2}", fullmatch=True),
    new=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_+%&#!=/é-]{0,12}[A-Za-z0-9]", fullmatch=True).filter(
        lambda ref: "//" not in ref
    ),
    style=st.sampled_from(["{}", "'{}'", '"{}"']),
    tail=st.sampled_from(["", " # ?ref=no", "&timeout=5s"]),
)
def test_only_the_ref_changes_and_is_read_back(old: str, new: str, style: str, tail: str) -> None:
    query, comment = (tail, "") if tail.startswith("&") else ("", tail)
    before = f"resources:\n- {style.format(f'https://h/o/r//p?ref={old}{query}')}{comment}\n- ../ref={old}\n".encode()
    after = set_ref(before, "h/o/r", ref=new)
    place = before.index(b"?ref=") + 5
    assert after[:place] == before[:place]
    assert after.endswith(before[place + len(old) :])
    assert [one.url.ref for one in read_remotes(after)] == [new]
    assert set_ref(after, None, ref=old) == before


@pytest.mark.parametrize(
    ("text", "name", "repository", "ref"),
    [
        ("https://github.com/o/r/a/b?ref=v1", "github.com/o/r/a/b", "github.com/o/r", "v1"),
        ("https://GitHub.com/o/r.git//a?ref=v1", "github.com/o/r/a", "github.com/o/r", "v1"),
        ("git@github.com:o/r.git", "github.com/o/r", "github.com/o/r", None),
        ("ssh://git@h:22/g/sub/r//a?ref=v1", "h:22/g/sub/r/a", "h:22/g/sub/r", "v1"),
        ("https://user:secret@h/g/s/r.git/a?ref=v1", "h/g/s/r/a", "h/g/s/r", "v1"),
        ("file:///srv/r//a?ref=v1", "/srv/r/a", "/srv/r", "v1"),
        ("github.com:o/r?ref=v%31", "github.com/o/r", "github.com/o/r", "v1"),
    ],
)
def test_a_url_is_read_in_parts(text: str, name: str, repository: str, ref: str | None) -> None:
    url = parse_remote(text)
    assert url is not None
    assert (url.name, url.repository, url.ref) == (name, repository, ref)


@pytest.mark.parametrize("text", ["../base", "base?ref=v1", "a/b.yaml", "/abs?ref=v1", "", "https://h/x\n?ref=v1"])
def test_what_is_no_remote_base(text: str) -> None:
    assert parse_remote(text) is None


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a tag for each state; kustomize clones it over file://."""
    folder = tmp_path_factory.mktemp("bases") / "r"
    folder.mkdir()
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = {f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)} | settings | who

    def git(*args: str) -> None:
        assert run(["git", *args], cwd=folder, env=env, timeout=60).returncode == 0

    git("init", "--quiet", "--initial-branch=main")
    for tag in ("main", *TAGS):
        text = f"configMapGenerator: [{{name: x, literals: [at={tag}], options: {{disableNameSuffixHash: true}}}}]\n"
        (folder / "kustomization.yaml").write_text(text)
        git("add", ".")
        git("commit", "--quiet", "-m", tag)
        if tag != "main":
            git("tag", tag)
    git("branch", "--force", "other", "main~4")
    git("checkout", "--quiet", "other")
    return folder


@pytest.mark.parametrize(
    "query",
    [
        *("?version=v2&ref=v1", "?ref=&version=v1", "?timeout=20s&ref=v1&ref=v2", "?%72ef=v1", "?ref="),
        *("?x=1;ref=v1", "?ref=v1&x=%zz", "?ref=v1.0.0%2Bbuild", "?ref=feature/x"),
    ],
)
def test_the_ref_that_is_read_is_the_one_kustomize_checks_out(bases: Path, tmp_path: Path, query: str) -> None:
    url = f"file://{bases}{query}"
    (tmp_path / "kustomization.yaml").write_text(f"resources:\n- '{url}'\n")
    read = parse_remote(url)
    assert read is not None
    done = run(["kustomize", "build", str(tmp_path)], timeout=60)
    assert done.returncode == 0, done.error_text
    assert f"at: {read.ref or 'main'}\n".encode() in done.stdout


def test_the_package_exports_it() -> None:
    assert gitops_tool.set_ref is set_ref
