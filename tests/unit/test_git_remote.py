"""Remotes: URLs that are safe, credentials that stay secret, answers to a push."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitops_tool.errors import GitError, GitopsError
from gitops_tool.git import GitRepo, PushStatus
from gitops_tool.git.remote import Credentials, check_branch, check_url, read_push, without_user

if TYPE_CHECKING:
    from conftest import Checkout

TOKEN = "s3cret-t0ken"


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.org/team/repo.git",
        "https://user:token@git.example.org/repo",
        "https://[2001:db8::1]:8443/repo",
        "ssh://git@git.example.org:2222/team/repo",
        "git@git.example.org:team/repo.git",
        "host:path",
        "file:///srv/repo.git",
        "/srv/repo.git",
        "../repo.git",
        "C:\\repo",
    ],
)
def test_a_safe_url_is_taken(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ext::sh -c id", 'remote URL "ext::sh -c id": scheme "ext" is refused'),
        ("fd::17", 'remote URL "fd::17": scheme "fd" is refused'),
        ("http://user:secret@x/y", 'remote URL "http://***@x/y": scheme "http" is refused'),
        ("git://x/y", 'remote URL "git://x/y": scheme "git" is refused'),
        ("https::x", 'remote URL "https::x": scheme "https" is refused'),
        ("https::http://x", 'remote URL "https::http://x": scheme "https" is refused'),
        ("-oProxyCommand=id:x", 'remote URL "-oProxyCommand=id:x" would be read as an option'),
        ("git@-oProxyCommand=id:x", 'remote URL "git@-oProxyCommand=id:x" would be read as an option'),
        ("ssh://-oProxyCommand=id/x", 'remote URL "ssh://-oProxyCommand=id/x" would be read as an option'),
        ("ssh://me@-oProxyCommand=id/x", 'remote URL "ssh://***@-oProxyCommand=id/x" would be read as an option'),
        ("--upload-pack=id", 'remote URL "--upload-pack=id" would be read as an option'),
        ("", "the remote's URL is empty"),
        ("https://x/\nid", "remote URL 'https://x/\\nid' holds control characters"),
        ("git@x:\x1b[0m", "remote URL 'git@x:\\x1b[0m' holds control characters"),
    ],
)
def test_an_unsafe_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(GitError) as caught:
        check_url(url)
    assert caught.value.message == message


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost", "[::1]:8080", "ci:x@localhost"])
def test_plain_http_stays_on_this_machine(host: str) -> None:
    check_url(f"http://{host}/repo.git")


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "localhost@example.org", "10.0.0.1"])
def test_plain_http_to_elsewhere_needs_leave(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GitError, match='scheme "http" is refused'):
        check_url(f"http://{host}/repo.git")
    monkeypatch.setenv("GITOPS_ALLOW_HTTP", "1")
    check_url(f"http://{host}/repo.git")


USUAL = ("main", "feature/x", "a.b", "\u00fc", "\U0001f680", "x@y", "release-1.0")
ODD = (
    *("", "-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "*", "[", "a\\b", "a/", "/a", "a//b", "a.lock", "a.lock/b"),
    *(".a", "a/.b", "a.", "@{", "a@{1}", "a\nb", "a\x7f", "+main:main", "--force", "@", "HEAD"),
)


@pytest.mark.parametrize("name", [*USUAL, *ODD])
def test_a_branch_name_is_taken_if_git_takes_it(name: str) -> None:
    git = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False).returncode == 0
    try:
        check_branch(name)
        taken = True
    except GitopsError:
        taken = False
    assert taken == (git and not name.startswith(("-", ".")))


REFUSED = "!\tabc:refs/heads/main\t"


@pytest.mark.parametrize(
    ("stdout", "stderr"),
    [
        ("[rejected] (fetch first)", "hint: Updates were rejected"),
        ("[rejected] (non-fast-forward)", ""),
        ("[remote rejected] (incorrect old value provided)", ""),
        ("[remote rejected] (cannot lock ref 'refs/heads/main': is at 1 but expected 2)", ""),
        (
            "[remote rejected] (failed to update ref)",
            "remote: error: cannot lock ref 'refs/heads/main': is at 1 but expected 2",
        ),
        (
            "[remote rejected] (failed to update ref)",
            "remote: error: cannot lock ref 'x': Unable to create 'x.lock': File exists.",
        ),
        ("[remote rejected] (reference already exists)", ""),
    ],
)
def test_a_lost_race_is_tried_again(stdout: str, stderr: str) -> None:
    assert read_push(1, f"To x\n{REFUSED}{stdout}\nDone\n", stderr).status is PushStatus.LOST_RACE


@pytest.mark.parametrize(
    ("stdout", "stderr"),
    [
        ("[remote rejected] (pre-receive hook declined)", "remote: fetch first, says the hook: non-fast-forward"),
        ("[remote rejected] (pre-receive hook declined)", "remote: error: cannot lock ref, says the hook"),
        (
            "[remote rejected] (pre-receive hook declined)",
            "remote: GitLab: You are not allowed to push code to protected branches",
        ),
        ("[remote rejected] (protected branch hook declined)", "remote: error: GH006: Protected branch update failed"),
        (
            "[remote rejected] (failed to update ref)",
            "remote: error: cannot lock ref 'x': Unable to create 'x.lock': Permission denied",
        ),
        (
            "[remote rejected] (failed to update ref)",
            "remote: error: cannot lock ref 'x': Unable to create 'x.lock': No space left on device",
        ),
        ("[remote rejected] (unpacker error)", "remote: fatal: early EOF"),
        ("[remote rejected] (shallow update not allowed)", ""),
    ],
)
def test_any_other_refusal_is_final_in_the_servers_words(stdout: str, stderr: str) -> None:
    result = read_push(1, f"To x\n{REFUSED}{stdout}\nDone\n", f"{stderr}\nerror: failed to push some refs to 'x'\n")
    assert result.status is PushStatus.REJECTED
    assert result.reason == "\n".join(filter(None, [stdout, stderr]))


def test_a_push_that_never_got_an_answer_is_no_race() -> None:
    stderr = "fatal: unable to access 'https://me:secret@x/fetch first/': Could not resolve host: x\n"
    result = read_push(128, "", stderr)
    assert result.status is PushStatus.REJECTED
    assert result.reason == "fatal: unable to access 'https://***@x/fetch first/': Could not resolve host: x"
    assert read_push(128, "", "").reason == "exit status 128"
    assert read_push(0, "", "anything").status is PushStatus.ACCEPTED


def test_a_server_that_hangs_up_is_asked_again() -> None:
    """Git dies of SIGPIPE; whether the commit landed, the next fetch tells."""
    assert read_push(-13, "", "").status is PushStatus.LOST_RACE


@pytest.mark.parametrize(
    ("url", "plain", "credentials"),
    [
        ("https://ci:t0ken@x.org:8443/a@b", "https://x.org:8443/a@b", Credentials("ci", "t0ken")),
        ("https://ci:p%40ss@x.org/a", "https://x.org/a", Credentials("ci", "p@ss")),
        ("https://ci:p@ss@x.org/a", "https://x.org/a", Credentials("ci", "p@ss")),
        ("https://ci@x.org/a", "https://x.org/a", None),
        ("https://x.org/a", "https://x.org/a", None),
        ("ssh://git:x@x.org/a", "ssh://git:x@x.org/a", None),
        ("git@x.org:a", "git@x.org:a", None),
    ],
)
def test_credentials_are_taken_out_of_a_url(url: str, plain: str, credentials: Credentials | None) -> None:
    assert without_user(url) == plain
    assert Credentials.from_url(url) == credentials


@pytest.mark.parametrize("place", ["environment", "URL"])
def test_a_token_is_in_no_argument_and_no_message(
    repository: Callable[..., Checkout], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    """Every command line that git starts is traced; the connection itself fails."""
    made = repository({"a": "1"})
    if place == "environment":
        monkeypatch.setenv("GITOPS_TOKEN", TOKEN)
        made.git("remote", "add", "origin", "https://127.0.0.1:1/team/repo.git")
    else:
        made.git("remote", "add", "origin", f"https://ci:{TOKEN}@127.0.0.1:1/team/repo.git")
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    repo = GitRepo.open(made.path)
    remote = repo.remote("origin")
    with repo.lock(0) as lock:
        with pytest.raises(GitError) as caught:
            remote.fetch("main", lock, 30)
        answer = remote.push("main", repo.head(), lock, 30)
    repo.close()
    commands = trace.read_text()
    assert "git remote-https origin https://127.0.0.1:1/team/repo.git" in commands
    assert "git push" in commands
    assert TOKEN not in commands
    assert TOKEN not in str(caught.value)
    assert TOKEN not in answer.reason
    assert TOKEN not in remote.display


def filled(environment: dict[str, str], url: str) -> str:
    """Ask git for the credentials of a URL, as its https transport does."""
    protocol, _, rest = url.partition("://")
    asked = f"protocol={protocol}\nhost={rest.partition('/')[0]}\n\n"
    env = {**os.environ, **environment, "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "false"}
    done = subprocess.run(
        ["git", "credential", "fill"], input=asked, env=env, capture_output=True, text=True, check=False
    )
    return done.stdout


def test_git_gets_the_token_for_the_remotes_host_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "credential.helper")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "!echo password=wrong; true")
    tricky = "$(id) 'quoted\" \\n %s"
    environment = Credentials("ci", tricky).environment(["https://git.example.org:8443/team/repo.git"])
    assert f"username=ci\npassword={tricky}\n" in filled(environment, "https://git.example.org:8443/other")
    for other in ("https://evil.example.org", "https://git.example.org", "http://git.example.org:8443"):
        assert tricky not in filled(environment, other)


def test_the_environment_has_a_default_user(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Credentials.from_environment() is None
    monkeypatch.setenv("GITOPS_TOKEN", TOKEN)
    assert Credentials.from_environment() == Credentials("gitops", TOKEN)
    monkeypatch.setenv("GITOPS_USER", "ci")
    assert Credentials.from_environment() == Credentials("ci", TOKEN)
