"""`gitops bump --push` against a server: what it says, what it refuses, and what nobody may read."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import shop
from .conftest import Team
from .gitserver import TOKEN, GitServer
from .world import Checkout, hook, mortal, need

STAGING = shop.overlay_path("web")
IMAGE = shop.image("web")


def landed(team: Team, tag: str = "v2") -> None:
    """Check that the server has the bump, as one commit on top of the first."""
    assert team.server.git("show", f"main:{STAGING}") == shop.overlay("web", tag).strip()
    assert [len(commit.parents) for commit in team.server.commits("main")] == [1, 0]


class TestSuccess:
    def test_the_commit_is_on_the_server_and_the_local_branch_follows(self, team: Team) -> None:
        result = team.mine.gitops("bump", "web", "v2", "--push")
        assert (result.code, result.err) == (0, "")
        assert result.out.endswith(f"\npushed {team.mine.short} to origin/main\n")
        landed(team)
        assert team.mine.head == team.mine.tip("origin/main") == team.server.tip("main")
        team.mine.assert_sound()

    def test_it_builds_on_the_servers_tip_not_on_the_clones(self, team: Team) -> None:
        team.theirs.commit({"README.md": "theirs\n"}, "theirs")
        team.theirs.git("push", "--quiet")
        assert team.mine.gitops("bump", "web", "v2", "--push").code == 0
        assert [commit.summary for commit in team.server.commits("main")] == [
            f"web(staging): bump {IMAGE} to v2",
            "theirs",
            "first",
        ]
        assert team.mine.head == team.server.tip("main")
        team.mine.assert_sound()

    def test_local_commits_that_nobody_asked_to_push_stay_local(self, team: Team) -> None:
        team.mine.commit({"README.md": "mine\n"}, "not yet")
        head = team.mine.head
        result = team.mine.gitops("bump", "web", "v2", "--push")
        assert result.code == 0
        assert result.err == 'note: local branch "main" has commits of its own and was left where it is\n'
        landed(team)
        assert team.mine.head == head
        team.mine.assert_sound()

    def test_an_edited_file_keeps_the_local_branch_back_but_not_the_push(self, team: Team) -> None:
        edited = shop.overlay("web") + "# in progress\n"
        team.mine.write({STAGING: edited})
        head = team.mine.head
        result = team.mine.gitops("bump", "web", "v2", "--push")
        assert result.code == 0
        assert result.err.startswith('note: local branch "main" was left where it is: the checkout cannot follow: ')
        landed(team)
        assert (team.mine.head, team.mine.read(STAGING)) == (head, edited)

    def test_another_branch(self, team: Team) -> None:
        team.server.git("branch", "release/1.x", "main")
        result = team.mine.gitops("bump", "web", "v2", "--push", "--branch", "release/1.x")
        assert (result.code, result.err) == (0, "")
        assert re.search(r"\npushed [0-9a-f]{12} to origin/release/1\.x\n$", result.out)
        assert team.server.git("show", f"release/1.x:{STAGING}") == shop.overlay("web", "v2").strip()
        assert len(team.server.commits("main")) == len(team.mine.commits()) == 1
        assert team.mine.git("branch", "--list").strip() == "* main"

    def test_the_branch_that_the_current_one_tracks(self, team: Team) -> None:
        team.mine.git("checkout", "--quiet", "-b", "local", "--track", "origin/main")
        assert team.mine.gitops("bump", "web", "v2", "--push").code == 0
        landed(team)

    def test_another_remote(self, team: Team) -> None:
        team.mine.git("remote", "rename", "origin", "upstream")
        assert team.mine.gitops("bump", "web", "v2", "--push", "--remote", "upstream").code == 0
        landed(team)

    def test_a_signed_commit(self, team: Team, tmp_path: Path) -> None:
        key = tmp_path / "key"
        subprocess.run([need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        team.mine.git("config", "gpg.format", "ssh")
        team.mine.git("config", "user.signingKey", str(key))
        assert team.mine.gitops("bump", "web", "v2", "--push", "--sign").code == 0
        assert "\ngpgsig -----BEGIN SSH SIGNATURE-----\n" in team.server.git("cat-file", "commit", "main")

    def test_already_there(self, team: Team) -> None:
        team.theirs.gitops("bump", "web", "v2", "--push")
        result = team.mine.gitops("bump", "web", "v2", "--push")
        assert (result.code, result.out, result.err) == (0, f"web(staging): {IMAGE} is already at v2\n", "")
        landed(team)

    def test_a_dry_run_is_planned_over_the_servers_tip(self, team: Team) -> None:
        team.theirs.gitops("bump", "web", "v2", "--push")
        head = team.mine.head
        result = team.mine.gitops("bump", "web", "v3", "--push", "--dry-run")
        assert result.code == 0
        assert "  -    newTag: v2\n  +    newTag: v3\n" in result.out
        assert team.mine.head == head
        landed(team)

    def test_the_hooks_of_the_clone_have_their_say(self, team: Team) -> None:
        hook(team.mine, "pre-push", "echo no pushes on fridays >&2; exit 1")
        nothing_left(team, "no pushes on fridays")


def nothing_left(team: Team, *words: str, wrapper: tuple[str, ...] = (), env: dict[str, str] | None = None) -> str:
    """Run a push that must fail, and check that it says why and leaves nothing behind."""
    before = team.mine.snapshot()
    result = team.mine.gitops("bump", "web", "v2", "--push", wrapper=wrapper, env=env)
    assert (result.code, result.out) == (3, ""), result.err
    assert result.err.startswith("error: ")
    for word in words:
        assert word in result.err
    assert "trying again" not in result.err
    assert team.mine.snapshot() == before
    return result.err


class TestServerRefuses:
    """Exit 3 with the server's own words; tried once; nothing left behind, here or there."""

    def test_a_hook_with_its_reason(self, team: Team) -> None:
        hook(team.server, "pre-receive", "echo frozen until monday; exit 1")
        error = nothing_left(team)
        assert error == (
            f"error: {team.server.folder} refused the push: [remote rejected] (pre-receive hook declined)\n"
            "remote: frozen until monday\n"
        )
        assert len(team.server.commits("main")) == 1

    @pytest.mark.parametrize(
        "words",
        ["fetch first", "non-fast-forward", "error: cannot lock ref 'refs/heads/main'", "incorrect old value provided"],
    )
    def test_a_hook_whose_words_look_like_a_lost_race_is_not_asked_again(self, team: Team, words: str) -> None:
        hook(team.server, "pre-receive", f'echo x >> asked; echo "please {words}" >&2; echo "{words}" >&2; exit 1')
        nothing_left(team, words)
        assert (team.server.folder / "asked").read_text() == "x\n"

    @pytest.mark.parametrize("name", ["update", "reference-transaction"])
    def test_other_hooks(self, team: Team, name: str) -> None:
        guard = '[ "$1" = prepared ] || exit 0; ' if name == "reference-transaction" else ""
        hook(team.server, name, f"{guard}echo x >> asked; echo policy 7 forbids this >&2; exit 1")
        nothing_left(team, "policy 7 forbids this")
        assert (team.server.folder / "asked").read_text() == "x\n"

    def test_a_protected_branch_as_gitlab_words_it(self, team: Team) -> None:
        words = "GitLab: You are not allowed to push code to protected branches on this project."
        hook(team.server, "pre-receive", f'echo "{words}" >&2; exit 1')
        nothing_left(team, f"remote: {words}\n")

    def test_a_branch_that_is_checked_out_there(self, team: Team, tmp_path: Path) -> None:
        shared = team.server.clone(tmp_path / "shared")
        team.mine.git("remote", "set-url", "origin", str(shared.folder))
        nothing_left(team, "refusing to update checked out branch: refs/heads/main")

    def test_a_server_that_allows_only_the_latest_of_somebody(self, team: Team) -> None:
        team.server.git("config", "receive.denyNonFastForwards", "true")
        team.server.git("config", "transfer.hideRefs", "refs/heads/main")
        nothing_left(team, "couldn't find remote ref refs/heads/main")

    def test_no_permission(self, team: Team) -> None:
        folders = [team.server.folder, *(path for path in team.server.folder.rglob("*") if path.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        try:
            error = nothing_left(team, wrapper=mortal(()))
        finally:
            for folder in folders:
                folder.chmod(0o755)
        assert "unable to create temporary object directory" in error
        assert "[remote rejected] (unpacker error)" in error
        assert len(team.server.commits("main")) == 1

    def test_a_server_without_room(self, team: Team) -> None:
        team.server.git("config", "receive.maxInputSize", "1")
        nothing_left(team, "pack exceeds maximum allowed size")


class TestServerIsNotThere:
    def test_the_repository_is_gone(self, team: Team) -> None:
        team.server.folder.rename(team.server.folder.with_name("elsewhere"))
        nothing_left(team, f"'{team.server.folder}' does not appear to be a git repository")

    def test_nobody_listens(self, team: Team) -> None:
        team.mine.git("remote", "set-url", "origin", "https://127.0.0.1:1/team/manifests.git")
        nothing_left(team, "https://127.0.0.1:1/team/manifests.git", "Failed to connect to 127.0.0.1 port 1")

    def test_a_host_that_has_no_address(self, team: Team) -> None:
        team.mine.git("remote", "set-url", "origin", "https://git.invalid/team/manifests.git")
        nothing_left(team, "Could not resolve host: git.invalid")

    def test_no_such_remote(self, team: Team) -> None:
        before = team.mine.snapshot()
        result = team.mine.gitops("bump", "web", "v2", "--push", "--remote", "upstream")
        assert (result.code, result.out) == (3, "")
        assert result.err == 'error: no remote "upstream"\nhint: known remotes: origin\n'
        assert team.mine.snapshot() == before

    def test_no_remote_at_all(self, web: Checkout) -> None:
        result = web.gitops("bump", "web", "v2", "--push")
        assert (result.code, result.out) == (3, "")
        assert result.err == 'error: no remote "origin"\nhint: add one: git remote add origin URL\n'

    def test_no_such_branch(self, team: Team) -> None:
        before = team.mine.snapshot()
        result = team.mine.gitops("bump", "web", "v2", "--push", "--branch", "release")
        assert (result.code, result.out) == (3, "")
        assert "couldn't find remote ref refs/heads/release" in result.err
        assert team.mine.snapshot() == before

    @pytest.mark.parametrize(
        ("url", "scheme"),
        [
            ("ext::sh -c 'touch pwned'", "ext"),
            ("git://127.0.0.1/x.git", "git"),
            ("fd::3", "fd"),
        ],
    )
    def test_a_url_that_runs_programs_or_leaks_is_refused(self, team: Team, url: str, scheme: str) -> None:
        team.mine.git("config", "remote.origin.url", url)
        error = nothing_left(team)
        assert error == (
            f'error: remote URL "{url}": scheme "{scheme}" is refused\nhint: use https, ssh, git@host:path or file\n'
        )
        assert not (team.mine.folder / "pwned").exists()

    def test_a_url_that_looks_like_an_option_is_refused(self, team: Team) -> None:
        team.mine.git("config", "remote.origin.url", "--upload-pack=touch pwned")
        nothing_left(team, "would be read as an option")
        assert not (team.mine.folder / "pwned").exists()

    def test_no_identity(self, team: Team, tmp_path: Path) -> None:
        error = nothing_left(team, env={"HOME": str(tmp_path / "empty")})
        assert error == (
            "error: git knows no author for the commit\n"
            "hint: set one: git config user.name NAME && git config user.email ADDRESS\n"
        )


class TestCredentials:
    """In CI the token is in the environment, and nowhere else."""

    @pytest.fixture
    def https(self, team: Team, certificate: Path) -> Iterator[GitServer]:
        team.server.git("config", "http.receivepack", "true")
        with GitServer(team.server.folder.parent, certificate).running() as server:
            team.mine.git("config", "http.sslCAInfo", str(certificate))
            team.mine.git("remote", "set-url", "origin", server.url("server.git"))
            yield server

    def test_the_token_opens_the_door_and_is_seen_nowhere(self, team: Team, https: GitServer, tmp_path: Path) -> None:
        events = tmp_path / "events"
        watched = {"GITOPS_TOKEN": TOKEN, "GIT_TRACE2_EVENT": str(events), "GIT_TRACE": str(tmp_path / "trace")}
        child = team.mine.start("bump", "web", "v2", "--push", env=watched)
        seen = _command_lines(child)
        out, err = child.communicate()
        assert (child.returncode, err) == (0, "")
        landed(team)
        assert https.users == ["gitops"] * len(https.users) != []
        assert '"start"' in events.read_text()
        assert "push" in (tmp_path / "trace").read_text()
        assert any("gitops_tool" in line for line in seen)
        for text in (out, err, "\n".join(seen), events.read_text(), (tmp_path / "trace").read_text()):
            assert TOKEN not in text
        for path in (team.mine.folder / ".git").rglob("*"):
            assert not path.is_file() or TOKEN.encode() not in path.read_bytes()

    def test_the_user_can_be_named(self, team: Team, https: GitServer) -> None:
        env = {"GITOPS_TOKEN": TOKEN, "GITOPS_USER": "project_42_bot"}
        assert team.mine.gitops("bump", "web", "v2", "--push", env=env).code == 0
        assert set(https.users) == {"project_42_bot"}

    def test_the_token_replaces_the_jobs_own_in_the_url(self, team: Team, https: GitServer) -> None:
        url = f"https://gitlab-ci-token:glcbt-0ld0ld0ld0ld@127.0.0.1:{https.server_port}/server.git"
        team.mine.git("remote", "set-url", "origin", url)
        result = team.mine.gitops("bump", "web", "v2", "--push", env={"GITOPS_TOKEN": TOKEN})
        assert (result.code, result.err) == (0, "")
        assert set(https.users) == {"gitops"}

    def test_without_a_token_the_url_speaks_for_itself(self, team: Team, https: GitServer) -> None:
        url = f"https://gitlab-ci-token:{TOKEN}@127.0.0.1:{https.server_port}/server.git"
        team.mine.git("remote", "set-url", "origin", url)
        result = team.mine.gitops("bump", "web", "v2", "--push")
        assert (result.code, result.err) == (0, "")
        assert set(https.users) == {"gitlab-ci-token"}
        assert TOKEN not in result.out

    @pytest.mark.parametrize("token", ["glpat-wr0ngwr0ngwr0ng", ""])
    def test_a_wrong_or_missing_token_is_an_error_without_a_prompt(
        self, team: Team, https: GitServer, token: str
    ) -> None:
        error = nothing_left(team, env={"GITOPS_TOKEN": token})
        assert "glpat" not in error
        assert f"https://127.0.0.1:{https.server_port}" in error

    def test_a_refusal_does_not_repeat_the_password_of_the_url(self, team: Team, https: GitServer) -> None:
        hook(team.server, "pre-receive", "echo frozen; exit 1")
        url = f"https://bot:{TOKEN}@127.0.0.1:{https.server_port}/server.git"
        team.mine.git("remote", "set-url", "origin", url)
        error = nothing_left(team, "remote: frozen")
        assert TOKEN not in error
        assert f"https://***@127.0.0.1:{https.server_port}/server.git" in error

    def test_an_unreachable_server_does_not_either(self, team: Team) -> None:
        team.mine.git("remote", "set-url", "origin", f"https://bot:{TOKEN}@127.0.0.1:1/server.git")
        assert TOKEN not in nothing_left(team, "127.0.0.1")


def _command_lines(child: subprocess.Popen[str]) -> set[str]:
    """Collect what any process of the machine has as its arguments, until a program ends."""
    seen: set[str] = set()
    while child.poll() is None:
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue  # it has ended
    return seen
