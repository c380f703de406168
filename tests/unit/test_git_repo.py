"""The repository: found, read, committed to, fetched and pushed, with git itself and GitPython as witnesses."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import git
import pytest

from gitops_tool.errors import GitError, RaceLostError, UsageError
from gitops_tool.git import GitRepo, PushStatus
from gitops_tool.git.lock import exclusive
from gitops_tool.model import Edit, Revision
from gitops_tool.tree import ROOT, PatchedTree

if TYPE_CHECKING:
    from conftest import Checkout, Shared

P = PurePosixPath
Make = Callable[..., "Checkout"]
Remote = Callable[..., "Shared"]
TIME = 30.0


@pytest.fixture
def opened() -> Iterator[Callable[[Path], GitRepo]]:
    """Open repositories that are closed in the end."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(closing(GitRepo.open(folder)))


Open = Callable[[Path], GitRepo]


def committed(
    repo: GitRepo, files: dict[str, bytes | None], parent: Revision | None = None, message: str = "m"
) -> Revision:
    parent = parent or repo.head()
    edits = [Edit(P(name), None, after) for name, after in files.items()]
    return repo.commit(parent, PatchedTree(repo.tree(parent), edits), message)


# --- finding ---------------------------------------------------------------------------------------------------------


def test_a_repository_is_found_from_any_folder_inside(repository: Make, opened: Open) -> None:
    made = repository({"a/b/c": "x"})
    for folder in (made.path, made.path / "a", made.path / "a/b"):
        repo = opened(folder)
        assert (repo.root, repo.git_dir, repo.common_dir) == (made.path, made.path / ".git", made.path / ".git")


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not a git repository"):
        GitRepo.open(tmp_path)
    with pytest.raises(GitError, match=r'nowhere" is not a folder$'):
        GitRepo.open(tmp_path / "nowhere")


def test_the_git_directory_is_no_place_to_work(repository: Make) -> None:
    made = repository({"a": "1"})
    with pytest.raises(GitError, match=r'git" is inside a git directory$') as caught:
        GitRepo.open(made.path / ".git")
    assert caught.value.hint == "run it in the working tree"


def test_a_bare_repository_has_commits_and_no_files(remote: Remote, opened: Open) -> None:
    bare = remote({"a": "1"}).bare
    repo = opened(bare.path)
    assert (repo.root, repo.git_dir, repo.branch) == (None, bare.path, "main")
    old, new = repo.head(), committed(repo, {"a": b"2"})
    assert repo.mend() is False
    with repo.lock(0) as lock:
        repo.fast_forward("main", old, new, lock)
    assert bare.git("show", "main:a") == "2"


def test_a_linked_worktree_has_a_head_of_its_own_and_the_shared_lock(repository: Make, opened: Open) -> None:
    made = repository({"a": "1"})
    made.git("worktree", "add", "--quiet", "-b", "side", str(made.path.parent / "side"))
    repo = opened(made.path.parent / "side")
    assert repo.branch == "side"
    assert repo.root == made.path.parent / "side"
    assert repo.git_dir == made.path / ".git/worktrees/side"
    assert repo.common_dir == made.path / ".git"
    old, new = repo.head(), committed(repo, {"a": b"2"})
    with repo.lock(0) as lock:
        repo.fast_forward("side", old, new, lock)
    assert (made.path.parent / "side/a").read_text() == "2"
    assert (made.path / "a").read_text() == "1"


def test_a_branch_that_another_worktree_has_checked_out_is_left_alone(repository: Make, opened: Open) -> None:
    made = repository({"a": "1"})
    made.git("worktree", "add", "--quiet", "-b", "side", str(made.path.parent / "side"))
    repo = opened(made.path)
    new = committed(repo, {"a": b"2"})
    with repo.lock(0) as lock:
        note = repo.follow("side", new, lock)
    assert note == 'local branch "side" is checked out in another working tree and was left where it is'
    assert made.git("rev-parse", "side") == repo.head().sha


def test_a_detached_head_has_no_branch(repository: Make, opened: Open) -> None:
    made = repository({"a": "1"})
    made.git("checkout", "--quiet", "--detach")
    repo = opened(made.path)
    assert repo.branch is None
    assert repo.head().sha == made.git("rev-parse", "HEAD")


def test_an_unborn_branch_has_no_commit(tmp_path: Path, opened: Open) -> None:
    git.Repo.init(tmp_path, initial_branch="main").close()
    repo = opened(tmp_path)
    assert repo.branch == "main"
    with pytest.raises(GitError, match=r"^the current branch has no commit yet$"):
        repo.head()


def test_settings_are_gits_own(repository: Make, opened: Open) -> None:
    made = repository({"a": "1"})
    made.git("config", "remote.odd.name.url", "https://x/y\nz")
    with (made.path / ".git/config").open("a") as config:
        config.write("[commit]\n\tgpgSign\n")
    settings = opened(made.path).settings
    assert settings["user.name"] == "Dana Deployer"
    assert settings["remote.odd.name.url"] == "https://x/y\nz"
    assert settings["commit.gpgsign"] == "true"


@pytest.mark.parametrize("name", ["main", "HEAD", "refs/heads/main", "HEAD~0", "v1", "short"])
def test_every_spelling_of_a_commit_is_resolved(repository: Make, opened: Open, name: str) -> None:
    made = repository({"a": "1"})
    made.git("tag", "-a", "-m", "annotated", "v1")
    sha = made.git("rev-parse", "HEAD")
    assert opened(made.path).resolve(sha[:8] if name == "short" else name) == Revision(sha)


@pytest.mark.parametrize("name", ["nope", "", "--help", "HEAD:a", "main..main", "HEAD^{tree}", "a b", "0" * 40])
def test_what_is_no_commit_is_refused(repository: Make, opened: Open, name: str) -> None:
    with pytest.raises(GitError, match="no commit "):
        opened(repository({"a": "1"}).path).resolve(name)


def test_a_name_of_two_lines_is_refused(repository: Make, opened: Open) -> None:
    with pytest.raises(GitError, match=r"is not the name of an object$"):
        opened(repository({"a": "1"}).path).resolve("HEAD\ncontents HEAD")


def test_objects_are_read_by_many_threads_at_once(repository: Make, opened: Open) -> None:
    files = {f"d{number}/f": str(number) * 1000 for number in range(20)}
    repo = opened(repository(files).path)
    tree = repo.tree(repo.head())
    wrong: list[str] = []

    def read() -> None:
        for name, text in files.items():
            if tree.blob(P(name)) != text.encode():
                wrong.append(name)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_huge_file_is_refused_with_its_size(repository: Make, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops_tool.git.objects.MAX_BLOB_SIZE", 1000)
    repo = opened(repository({"huge": "x" * 1001, "small": "y" * 1000}).path)
    tree = repo.tree(repo.head())
    assert len(tree.blob(P("small"))) == 1000
    with pytest.raises(GitError, match=r'^object "[0-9a-f]{40}" is 1001 bytes large$'):
        tree.blob(P("huge"))


def test_a_missing_object_says_that_the_repository_is_damaged(repository: Make, opened: Open) -> None:
    made = repository({"a": "1"})
    oid = made.git("rev-parse", "HEAD:a")
    (made.path / ".git/objects" / oid[:2] / oid[2:]).unlink()
    repo = opened(made.path)
    with pytest.raises(GitError, match=f'^object "{oid}" is missing$') as caught:
        repo.tree(repo.head()).blob(P("a"))
    assert caught.value.hint == "the repository is damaged: run `git fsck`"


# --- committing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)])
def test_a_commit_is_made_of_objects_alone(repository: Make, opened: Open, options: tuple[str, ...]) -> None:
    made = repository({"a/b": "1", "run": "#!/bin/sh\n", "c/d/e": "gone"}, *options)
    (made.path / "run").chmod(0o755)
    (made.path / "link").symlink_to("a/b")
    made.commit({"uncommitted": ""})
    made.write({"a/b": "dirty", "new": "untracked"})
    made.git("add", "new")
    before = (made.git("status", "--porcelain"), made.git("show-ref"), (made.path / ".git/index").read_bytes())
    repo = opened(made.path)
    revision = committed(
        repo, {"a/b": b"2\r\n", "x/y/\U0001f680": b"3", "c/d/e": None}, message="subject\n\nbody \u00fc\n"
    )
    assert (made.git("status", "--porcelain"), made.git("show-ref"), (made.path / ".git/index").read_bytes()) == before
    assert made.git("log", "-1", "--format=%B", revision.sha) == "subject\n\nbody \u00fc"
    assert made.git("log", "-1", "--format=%an %ae %cn %aI", revision.sha) == (
        "Dana Deployer dana@example.org Dana Deployer 2024-05-06T07:08:09+00:00"
    )
    assert made.git("rev-parse", f"{revision.sha}^") == made.git("rev-parse", "HEAD")
    names = made.git("-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", revision.sha).split("\n")
    assert names == ["a/b", "link", "run", "uncommitted", "x/y/\U0001f680"]
    assert made.git("ls-tree", revision.sha, "run").startswith("100755 ")
    assert made.git("cat-file", "blob", f"{revision.sha}:a/b") == "2\r"
    assert "dangling" not in made.git("fsck", "--strict", "--no-dangling")


def test_end_of_line_settings_do_not_touch_what_is_committed(repository: Make, opened: Open) -> None:
    made = repository({".gitattributes": "* text=auto eol=crlf\n", "a": "1\n"})
    made.git("config", "core.autocrlf", "true")
    repo = opened(made.path)
    old, new = repo.head(), committed(repo, {"a": b"1\r\n2\n"})
    assert git.Repo(made.path).commit(new.sha).tree["a"].data_stream.read() == b"1\r\n2\n"
    with repo.lock(0) as lock:
        repo.fast_forward("main", old, new, lock)
    assert made.git("rev-parse", "HEAD") == new.sha


def test_an_unknown_author_is_told_how_to_introduce_himself(
    repository: Make, opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = repository({"a": "1"})
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(GitError, match=r"^git knows no author for the commit$") as caught:
        committed(opened(made.path), {"a": b"2"})
    assert caught.value.hint == "set one: git config user.name NAME && git config user.email ADDRESS"


def test_signing_follows_the_setting_and_its_failure_is_told(repository: Make, opened: Open) -> None:
    made = repository({"a": "1"})
    made.git("config", "gpg.format", "ssh")
    made.git("config", "user.signingKey", str(made.path / "no-key"))
    made.git("config", "commit.gpgSign", "yes")
    with pytest.raises(GitError, match=r"^git commit-tree: "):
        committed(opened(made.path), {"a": b"2"})
    made.git("config", "commit.gpgSign", "off")
    assert committed(opened(made.path), {"a": b"2"})


def test_a_commit_in_a_shallow_clone_has_the_tip_as_parent(remote: Remote, opened: Open, tmp_path: Path) -> None:
    shared = remote({"a": "1"})
    shared.clone.commit({"a": "2"})
    shared.clone.git("push", "--quiet", "origin", "main")
    shared.bare.git("clone", "--quiet", "--depth=1", f"file://{shared.bare.path}", str(tmp_path / "shallow"))
    repo = opened(tmp_path / "shallow")
    with repo.lock(0) as lock:
        tip = repo.remote("origin").fetch("main", lock, TIME)
        new = committed(repo, {"a": b"3"}, tip)
        assert repo.remote("origin").push("main", new, lock, TIME).status is PushStatus.ACCEPTED
    assert [commit.hexsha for commit in git.Repo(shared.bare.path).iter_commits("main")][:2] == [new.sha, tip.sha]


# --- moving the checkout ---------------------------------------------------------------------------------------------


def test_branch_index_and_files_follow_and_other_work_stays(repository: Make, opened: Open) -> None:
    made = repository({"a": "1", "b": "1", "gone": "1", "mine": "1"})
    made.write({"b": "edited", "untracked": "mine"})
    made.write({"mine": "staged"})
    made.git("add", "mine")
    repo = opened(made.path)
    old, new = repo.head(), committed(repo, {"a": b"2", "new/file": b"2", "gone": None})
    with repo.lock(0) as lock:
        repo.fast_forward("main", old, new, lock)
    assert made.git("rev-parse", "main") == new.sha
    assert made.git("status", "--porcelain").split("\n") == [" M b", "M  mine", "?? untracked"]
    assert (made.path / "a").read_text() == "2"
    assert not (made.path / "gone").exists()
    assert (made.path / "new/file").read_text() == "2"
    assert not (made.path / ".git/gitops-move.json").exists()


@pytest.mark.parametrize("state", ["edited", "staged", "untracked", "ignored"])
def test_a_touched_file_with_uncommitted_work_stops_it_and_nothing_happens(
    repository: Make, opened: Open, state: str
) -> None:
    made = repository({"a": "1", ".gitignore": "ignored\n"})
    name = {"edited": "a", "staged": "a"}.get(state, state)
    made.write({name: "my work"})
    if state == "staged":
        made.git("add", "a")
    repo = opened(made.path)
    old, new = repo.head(), committed(repo, {name: b"2"})
    before = made.git("status", "--porcelain", "--ignored")
    with repo.lock(0) as lock, pytest.raises(GitError, match=r"^the checkout cannot follow: "):
        repo.fast_forward("main", old, new, lock)
    assert made.git("status", "--porcelain", "--ignored") == before
    assert made.git("rev-parse", "main") == old.sha
    assert (made.path / name).read_text() == "my work"


def test_hooks_of_the_checkout_do_not_run(repository: Make, opened: Open) -> None:
    made = repository({"a": "1"})
    hook = made.path / ".git/hooks/post-merge"
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    repo = opened(made.path)
    old, new = repo.head(), committed(repo, {"a": b"2"})
    with repo.lock(0) as lock:
        repo.fast_forward("main", old, new, lock)
    assert not (made.path / "ran").exists()


@pytest.mark.parametrize("stage", ["note only", "files half", "files and index"])
def test_a_move_that_was_cut_off_is_undone(repository: Make, opened: Open, stage: str) -> None:
    made = repository({"a": "1", "b": "1", "other": "1"})
    made.write({"other": "my work"})
    repo = opened(made.path)
    old, new = repo.head(), committed(repo, {"a": b"2222", "b": b"2", "new": b"2"})
    (made.path / ".git/gitops-move.json").write_text(
        f'{{"ref": "refs/heads/main", "old": "{old.sha}", "new": "{new.sha}", "time": {time.time()}}}'
    )
    if stage != "note only":
        made.write({"a": "22", "new": "2"})
        (made.path / ".git/index.lock").write_text("")
    if stage == "files and index":
        (made.path / ".git/index.lock").unlink()
        made.git("read-tree", new.sha)
        made.write({"a": "2222", "b": "2"})
    with repo.lock(0):
        assert repo.mend() is True
        assert repo.mend() is False
    assert made.git("status", "--porcelain") == " M other"
    assert made.git("rev-parse", "main") == old.sha
    assert not (made.path / ".git/index.lock").exists()


def test_a_move_that_was_done_is_only_forgotten(repository: Make, opened: Open) -> None:
    made = repository({"a": "1"})
    repo = opened(made.path)
    old, new = repo.head(), committed(repo, {"a": b"2"})
    made.git("merge", "--quiet", "--ff-only", new.sha)
    (made.path / ".git/gitops-move.json").write_text(
        f'{{"ref": "refs/heads/main", "old": "{old.sha}", "new": "{new.sha}", "time": {time.time()}}}'
    )
    assert repo.mend() is True
    assert made.git("rev-parse", "main") == new.sha
    assert made.git("status", "--porcelain") == ""


@pytest.mark.parametrize("note", ["", "{", "[]", "{}", '{"ref": "x"}'])
def test_a_note_that_was_cut_off_means_that_nothing_had_begun(repository: Make, opened: Open, note: str) -> None:
    made = repository({"a": "1"})
    (made.path / ".git/gitops-move.json").write_text(note)
    assert opened(made.path).mend() is False
    assert not (made.path / ".git/gitops-move.json").exists()


def test_a_file_edited_after_the_cut_is_left_alone_and_named_once(repository: Make, opened: Open) -> None:
    made = repository({"a": "1", "b": "1"})
    repo = opened(made.path)
    old, new = repo.head(), committed(repo, {"a": b"2", "b": b"2"})
    made.write({"a": "my work", "b": "2"})
    (made.path / ".git/gitops-move.json").write_text(
        f'{{"ref": "refs/heads/main", "old": "{old.sha}", "new": "{new.sha}", "time": {time.time()}}}'
    )
    with pytest.raises(GitError, match=r'^an update was cut off and "a" changed since$'):
        repo.mend()
    assert made.git("status", "--porcelain") == " M a"
    assert repo.mend() is False


def test_a_lock_of_somebody_elses_git_is_not_removed(repository: Make, opened: Open) -> None:
    made = repository({"a": "1"})
    repo = opened(made.path)
    old, new = repo.head(), committed(repo, {"a": b"2"})
    lock = made.path / ".git/index.lock"
    lock.write_text("")
    os.utime(lock, (time.time() - 100, time.time() - 100))
    (made.path / ".git/gitops-move.json").write_text(
        f'{{"ref": "refs/heads/main", "old": "{old.sha}", "new": "{new.sha}", "time": {time.time()}}}'
    )
    with pytest.raises(GitError, match=r"index.lock"):
        repo.mend()
    assert lock.exists()


# --- remotes ---------------------------------------------------------------------------------------------------------


def test_a_fetched_tip_is_pushed_upon(remote: Remote, opened: Open) -> None:
    shared = remote({"a": "1"})
    repo = opened(shared.clone.path)
    origin = repo.remote("origin")
    with repo.lock(0) as lock:
        tip = origin.fetch("main", lock, TIME)
        new = committed(repo, {"a": b"2"}, tip)
        assert origin.push("main", new, lock, TIME).status is PushStatus.ACCEPTED
        assert repo.follow("main", new, lock) is None
    assert git.Repo(shared.bare.path).commit("main").hexsha == new.sha
    assert shared.clone.git("rev-parse", "main", "origin/main").split("\n") == [new.sha, new.sha]
    assert (shared.clone.path / "a").read_text() == "2"
    assert shared.clone.git("status", "--porcelain") == ""


def test_a_push_that_comes_second_lost_the_race(remote: Remote, opened: Open) -> None:
    shared = remote({"a": "1"})
    repo = opened(shared.clone.path)
    origin = repo.remote("origin")
    with repo.lock(0) as lock:
        tip = origin.fetch("main", lock, TIME)
        first, second = committed(repo, {"a": b"2"}, tip), committed(repo, {"b": b"2"}, tip)
        assert origin.push("main", first, lock, TIME).status is PushStatus.ACCEPTED
        answer = origin.push("main", second, lock, TIME)
        assert answer.status is PushStatus.LOST_RACE
        assert git.Repo(shared.bare.path).commit("main").hexsha == first.sha
        assert repo.is_ancestor(tip, first)
        assert not repo.is_ancestor(first, second)


@pytest.mark.parametrize(
    "words", ["fetch first", "cannot lock ref", "non-fast-forward", "incorrect old value provided"]
)
def test_a_hook_that_says_the_words_of_a_race_is_a_refusal(remote: Remote, opened: Open, words: str) -> None:
    shared = remote({"a": "1"})
    hook = shared.bare.path / "hooks/pre-receive"
    hook.write_text(f"#!/bin/sh\necho 'error: {words}' >&2\nexit 1\n")
    hook.chmod(0o755)
    repo = opened(shared.clone.path)
    with repo.lock(0) as lock:
        answer = repo.remote("origin").push("main", committed(repo, {"a": b"2"}), lock, TIME)
    assert answer.status is PushStatus.REJECTED
    assert answer.reason == f"[remote rejected] (pre-receive hook declined)\nremote: error: {words}"


def test_a_missing_branch_and_an_unreachable_server_are_told_in_gits_words(remote: Remote, opened: Open) -> None:
    shared = remote({"a": "1"})
    repo = opened(shared.clone.path)
    with repo.lock(0) as lock:
        with pytest.raises(GitError, match=r"^git fetch: couldn't find remote ref refs/heads/nope"):
            repo.remote("origin").fetch("nope", lock, TIME)
        with pytest.raises(UsageError, match=r'^"--upload-pack=id" is not a valid branch name$'):
            repo.remote("origin").fetch("--upload-pack=id", lock, TIME)
        shared.bare.path.rename(shared.bare.path.parent / "moved")
        with pytest.raises(GitError, match="does not appear to be a git repository"):
            repo.remote("origin").fetch("main", lock, TIME)


def test_an_unknown_remote_lists_the_known_ones(remote: Remote, opened: Open) -> None:
    shared = remote({"a": "1"})
    shared.clone.git("remote", "add", "up.stream", "https://x/y")
    with pytest.raises(GitError, match=r'^no remote "upstream"$') as caught:
        opened(shared.clone.path).remote("upstream")
    assert caught.value.hint == "known remotes: origin, up.stream"


@pytest.mark.parametrize("key", ["url", "pushurl"])
def test_an_unsafe_url_of_a_remote_is_refused(remote: Remote, opened: Open, key: str) -> None:
    shared = remote({"a": "1"})
    shared.clone.git("config", f"remote.origin.{key}", "ext::sh -c id")
    with pytest.raises(GitError, match='scheme "ext" is refused'):
        opened(shared.clone.path).remote("origin")


def test_a_local_branch_with_commits_of_its_own_is_left_where_it_is(remote: Remote, opened: Open) -> None:
    shared = remote({"a": "1"})
    repo = opened(shared.clone.path)
    new = committed(repo, {"a": b"2"})
    own = shared.clone.commit({"b": "mine"})
    with repo.lock(0) as lock:
        note = repo.follow("main", new, lock)
        assert note == 'local branch "main" has commits of its own and was left where it is'
        assert repo.follow("nowhere", new, lock) is None
    assert shared.clone.git("rev-parse", "main") == own


@pytest.mark.parametrize("touched", ["nothing", "the file", "the index"])
def test_what_was_found_clean_before_a_push_is_looked_at_again_if_it_was_touched(
    remote: Remote, opened: Open, touched: str
) -> None:
    clone = remote({"a": "1", "b": "1"}).clone
    repo = opened(clone.path)
    base, new = repo.head(), committed(repo, {"a": b"2"})

    def interfere() -> None:
        repo.prepare_to_follow("main", base, new)
        if touched != "nothing":
            (clone.path / "a").write_text("mine")
        if touched == "the index":
            clone.git("add", "a")
            (clone.path / "a").write_text("1")

    with repo.lock(0) as lock:
        repo.remote("origin").push("main", new, lock, TIME, meanwhile=interfere)
        note = repo.follow("main", new, lock)
    if touched == "nothing":
        assert note is None
        assert (clone.path / "a").read_text() == "2"
        assert clone.git("status", "--short") == ""
    else:
        assert note is not None
        assert note.startswith('local branch "main" was left where it is')
        assert (clone.path / "a").read_text() == ("mine" if touched == "the file" else "1")


def test_a_branch_that_is_not_checked_out_follows_without_touching_files(remote: Remote, opened: Open) -> None:
    shared = remote({"a": "1"})
    shared.clone.git("switch", "--quiet", "--create", "work")
    repo = opened(shared.clone.path)
    new = committed(repo, {"a": b"2"})
    with repo.lock(0) as lock:
        assert repo.follow("main", new, lock) is None
    assert shared.clone.git("rev-parse", "main") == new.sha
    assert (shared.clone.path / "a").read_text() == "1"


def test_pushes_go_to_the_branch_that_is_tracked(remote: Remote, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = remote({"a": "1"})
    clone = shared.clone
    assert opened(clone.path).push_branch("origin") == "main"
    clone.git("switch", "--quiet", "--create", "local", "--track", "origin/main")
    assert opened(clone.path).push_branch("origin") == "main"
    clone.git("switch", "--quiet", "--create", "own", "--no-track")
    assert opened(clone.path).push_branch("origin") == "own"
    clone.git("switch", "--quiet", "--detach")
    assert opened(clone.path).push_branch("origin") == "main"
    monkeypatch.setenv("CI_COMMIT_BRANCH", "release")
    assert opened(clone.path).push_branch("origin") == "release"
    monkeypatch.delenv("CI_COMMIT_BRANCH")
    clone.git("remote", "set-head", "origin", "--delete")
    with pytest.raises(GitError, match=r"^HEAD is detached and no branch is named$"):
        opened(clone.path).push_branch("origin")


def test_the_commit_that_changed_a_file_is_described(repository: Make, opened: Open) -> None:
    made = repository({"a": "1", "b": "1"})
    old = Revision(made.git("rev-parse", "HEAD"))
    by = made.commit({"a": "2"}, "bump a")
    made.commit({"b": "2"}, "bump b")
    repo = opened(made.path)
    assert repo.last_commit(P("a"), old, repo.head()) == f'{by[:9]} "bump a" (Dana Deployer)'


# --- the lock --------------------------------------------------------------------------------------------------------


def test_a_second_writer_waits_for_the_lock_and_gives_up_in_time(tmp_path: Path) -> None:
    with exclusive(tmp_path / "lock", time.monotonic()):
        began = time.monotonic()
        with (
            pytest.raises(RaceLostError, match=r'^another process holds ".*lock"$'),
            exclusive(tmp_path / "lock", began + 0.2),
        ):
            pytest.fail("two hold the lock")
        assert 0.2 <= time.monotonic() - began < 5
    with exclusive(tmp_path / "lock", time.monotonic()):
        pass


def test_a_git_that_outlives_its_parent_keeps_the_lock(tmp_path: Path) -> None:
    from gitops_tool import process

    with exclusive(tmp_path / "lock", 0) as lock:
        child = process.start(["sleep", "0.5"], inherit=[lock])
    with child:
        with pytest.raises(RaceLostError), exclusive(tmp_path / "lock", 0):
            pytest.fail("the child still holds it")
        child.wait(5)
        with exclusive(tmp_path / "lock", 0):
            pass


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(GitError, match=r'^cannot write ".*lock": No such file or directory$'),
        exclusive(tmp_path / "no/lock", 0),
    ):
        pytest.fail("there is no such folder")


def test_clones_of_one_remote_take_turns(remote: Remote, opened: Open, tmp_path: Path) -> None:
    shared = remote({"a": "1"})
    shared.bare.git("clone", "--quiet", str(shared.bare.path), str(tmp_path / "other"))
    one, two = opened(shared.clone.path), opened(tmp_path / "other")
    folder = tmp_path / "turns"
    with one.remote("origin").turn("main", folder, time.monotonic()):
        with pytest.raises(RaceLostError), two.remote("origin").turn("main", folder, time.monotonic()):
            pytest.fail("two turns at once")
        with two.remote("origin").turn("other", folder, time.monotonic()):
            pass


def test_the_tree_that_is_committed_is_the_one_that_was_planned(repository: Make, opened: Open) -> None:
    made = repository({"a": "1"})
    repo = opened(made.path)
    patched = PatchedTree(repo.tree(repo.head()), [Edit(P("a"), b"1", b"2")])
    revision = repo.commit(repo.head(), patched, "m")
    assert repo.tree(revision).oid(ROOT) == patched.oid(ROOT)
