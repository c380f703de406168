"""Trees: one view of files, whether they lie in a directory, in a commit, or in edits on top of one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import git
import pytest

from gitops_tool.errors import TreeError
from gitops_tool.git import GitRepo
from gitops_tool.model import Edit, Revision
from gitops_tool.tree import (
    DIRECTORY,
    EXECUTABLE,
    FILE,
    LINK,
    ROOT,
    SUBMODULE,
    DirTree,
    PatchedTree,
    Tree,
    is_directory,
    is_file,
    links_on,
    mode_at,
    normalize,
    read,
    resolve,
    walk,
)

from .trees import tree_of

if TYPE_CHECKING:
    from conftest import Checkout

P = PurePosixPath
ODD_NAMES = (
    "a file",
    'quo"ted',
    "back\\slash",
    "new\nline",
    "tab\t",
    "\u00fcmlaut",
    "\U0001f680",
    "-option",
    "a=b",
    "$(x)",
)


@pytest.fixture
def full(repository: Callable[..., Checkout]) -> Checkout:
    """A repository with everything that git can hold."""
    made = repository(
        {
            "a/b/deep": "deep",
            "a.b": "sorts before a/",
            "a-b": "sorts before a/, too",
            "run": "#!/bin/sh\n",
            "crlf": "one\r\ntwo\r\n",
            "empty": "",
            "binary": bytes(range(256)),
            **{f"odd/{name}": name for name in ODD_NAMES},
        }
    )
    (made.path / "run").chmod(0o755)
    (made.path / "link").symlink_to("a/b")
    (made.path / "dangling").symlink_to("nowhere")
    (made.path / "link-to-bytes").symlink_to(os.fsdecode(b"\xff\xfe"))
    (made.path / os.fsdecode(b"not-utf8-\xff")).write_text("bytes")
    made.commit({}, "modes")
    (made.path / "hollow" / "inside").mkdir(parents=True)
    os.mkfifo(made.path / "pipe")
    return made


@pytest.fixture
def opened(full: Checkout) -> Iterator[GitRepo]:
    repo = GitRepo.open(full.path)
    yield repo
    repo.close()


@pytest.fixture(params=["directory", "commit", "patched"])
def tree(request: pytest.FixtureRequest, full: Checkout, opened: GitRepo) -> Tree:
    """The same files as each kind of tree."""
    if request.param == "directory":
        return DirTree(full.path)
    commit = opened.tree(opened.head())
    return commit if request.param == "commit" else PatchedTree(commit, [Edit(P("a.b"), b"", b"sorts before a/")])


def test_every_tree_has_gits_own_ids_and_modes(tree: Tree, full: Checkout) -> None:
    assert tree.oid(ROOT) == git.Repo(full.path).head.commit.tree.hexsha
    listing = full.git("ls-tree", "-r", "-t", "-z", "HEAD").split("\0")
    entries = [line.partition("\t") for line in listing if line]
    assert len(entries) > 20
    for words, _, name in entries:
        mode, _, oid = words.split()
        path = P(os.fsdecode(os.fsencode(name)))
        assert (path, mode_at(tree, path)) == (path, int(mode, 8))
        assert tree.oid(path) == oid


def test_every_tree_walks_the_same_files_and_reads_the_same_bytes(tree: Tree, full: Checkout) -> None:
    commit = git.Repo(full.path).head.commit.tree
    blobs = {P(str(item.path)): item for item in commit.traverse() if item.type == "blob"}
    assert {path for path, _ in walk(tree)} == set(blobs)
    for path, item in blobs.items():
        assert tree.blob(path) == item.data_stream.read()


def test_links_are_not_followed_until_resolved(tree: Tree) -> None:
    assert tree.modes(P("link")) == {}
    assert mode_at(tree, P("link/deep")) is None
    assert tree.blob(P("link")) == b"a/b"
    assert tree.blob(P("link-to-bytes")) == b"\xff\xfe"
    assert resolve(tree, P("link/deep")) == P("a/b/deep")
    assert read(tree, P("link/deep")) == b"deep"
    assert links_on(tree, P("link/deep")) == [P("link")]
    assert is_directory(tree, P("link"))
    assert not is_file(tree, P("dangling"))


@pytest.mark.parametrize("path", ["nowhere", "a/nowhere", "run/below-a-file", "dangling"])
def test_what_is_not_there_cannot_be_read(tree: Tree, path: str) -> None:
    with pytest.raises(TreeError, match=rf'^"{path}" does not exist$'):
        read(tree, P(path))
    assert tree.modes(P(path)) == {}


def test_a_path_from_the_systems_root_is_refused(tree: Tree) -> None:
    with pytest.raises(TreeError, match=r'^"/etc" leads out of the repository$'):
        tree.modes(P("/etc"))


def test_a_directory_cannot_be_read(tree: Tree) -> None:
    with pytest.raises(TreeError, match=r'^"a/b" is not a file$'):
        read(tree, P("a/b"))


def test_search_finds_files_by_their_bytes(tree: Tree) -> None:
    assert tree.search(["deep"], ROOT) == [P("a/b/deep")]
    assert tree.search(["deep", "two"], ROOT) == [P("a/b/deep"), P("crlf")]
    assert tree.search(["sorts"], ROOT) == [P("a-b"), P("a.b")]
    assert tree.search(["sorts"], P("a")) == []
    assert tree.search(["-option", "\U0001f680"], P("odd")) == sorted([P("odd/-option"), P("odd/\U0001f680")])
    assert tree.search([".*"], ROOT) == []


def test_pipes_empty_directories_and_the_git_directory_are_no_part_of_a_tree(full: Checkout) -> None:
    tree = DirTree(full.path)
    assert "pipe" not in tree.modes(ROOT)
    assert ".git" not in tree.modes(ROOT)
    assert tree.oid(ROOT) == full.git("rev-parse", "HEAD^{tree}")


def test_a_directory_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    tree = DirTree(tmp_path)
    assert read(tree, P("file")) == b"before"
    (tmp_path / "file").write_text("after")
    (tmp_path / "new").write_text("new")
    assert read(tree, P("file")) == b"before"
    assert "new" not in tree.modes(ROOT)


def test_a_submodule_is_neither_file_nor_directory(repository: Callable[..., Checkout]) -> None:
    inner = repository({"file": "x"}, name="inner")
    outer = repository({"own": "x"}, name="outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "sub")
    outer.commit({})
    repo = GitRepo.open(outer.path)
    tree = repo.tree(repo.head())
    assert mode_at(tree, P("sub")) == SUBMODULE
    assert tree.modes(P("sub")) == {}
    with pytest.raises(TreeError, match=r'^"sub" is not a file$'):
        read(tree, P("sub"))
    patched = PatchedTree(tree, [Edit(P("own"), b"x", b"y")])
    outer.commit({"own": "y"})
    assert patched.oid(ROOT) == outer.git("rev-parse", "HEAD^{tree}")
    repo.close()


def test_a_sha256_repository_has_ids_of_64_digits(repository: Callable[..., Checkout]) -> None:
    made = repository({"a/b": "one"}, "--object-format=sha256")
    repo = GitRepo.open(made.path)
    patched = PatchedTree(repo.tree(repo.head()), [Edit(P("a/c"), None, b"two")])
    made.commit({"a/c": "two"})
    assert patched.oid(ROOT) == made.git("rev-parse", "HEAD^{tree}")
    assert len(patched.oid(P("a/c"))) == 64
    repo.close()


@pytest.mark.parametrize(
    "edits",
    [
        {"a/b/deep": b"other"},
        {"a/b/deep": None},
        {"new": b"", "a/new": b"1", "x/y/z": b"2"},
        {"run": b"still executable"},
        {"a.b": None, "a-b": None, "a/b/deep": None},
        {"odd/new\nline": b"x", "odd/\U0001f680": None},
    ],
)
def test_edits_give_the_tree_that_git_would_commit(
    full: Checkout, opened: GitRepo, edits: dict[str, bytes | None]
) -> None:
    base = opened.tree(opened.head())
    patched = PatchedTree(base, [Edit(P(name), None, after) for name, after in edits.items()])
    shutil.rmtree(full.path / "hollow")
    overlaid = PatchedTree(DirTree(full.path), [Edit(P(name), None, after) for name, after in edits.items()])
    assert overlaid.oid(ROOT) == patched.oid(ROOT)
    for name, after in edits.items():
        if after is None:
            full.git("rm", "--quiet", "--", name)
        else:
            full.write({name: after})
    full.commit({})
    assert patched.oid(ROOT) == full.git("rev-parse", "HEAD^{tree}")
    assert dict(walk(patched)) == dict(walk(opened.tree(Revision(full.git("rev-parse", "HEAD")))))


def test_edits_are_found_and_hidden_by_search() -> None:
    base = tree_of({"kept": "word", "gone": "word", "changed": "word"})
    tree = PatchedTree(
        base,
        [
            Edit(P("gone"), b"word", None),
            Edit(P("changed"), b"word", b"other"),
            Edit(P("new/file"), None, b"word"),
        ],
    )
    assert tree.search(["word"], ROOT) == [P("kept"), P("new/file")]
    assert tree.search(["word"], P("new")) == [P("new/file")]
    assert tree.modes(ROOT) == {"kept": FILE, "changed": FILE, "new": DIRECTORY}
    with pytest.raises(TreeError, match=r'^"gone" does not exist$'):
        tree.blob(P("gone"))


@pytest.mark.parametrize(
    ("path", "normal"),
    [("a/../b", "b"), ("a/./b", "a/b"), (".", "."), ("a/b/../..", "."), ("a/b/../../c", "c")],
)
def test_dots_are_taken_out_of_a_path(path: str, normal: str) -> None:
    assert normalize(P(path)) == P(normal)


@pytest.mark.parametrize("path", ["..", "../a", "a/../../b", "/etc/passwd"])
def test_a_path_out_of_the_tree_is_refused(path: str) -> None:
    for function in (normalize, lambda path: resolve(tree_of({}), path)):
        with pytest.raises(TreeError, match="leads out of the repository"):
            function(P(path))


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "a/../../outside", "loop-to-out"])
def test_a_link_out_of_the_tree_is_refused_at_the_link(tmp_path: Path, target: str) -> None:
    (tmp_path / "outside").write_text("secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(target)
    (root / "loop-to-out").symlink_to("../outside")
    with pytest.raises(TreeError, match=r'^[a-z-]+: "link" leads out of the repository$') as caught:
        read(DirTree(root), P("link"))
    assert caught.value.location is not None
    assert caught.value.location.path in {P("link"), P("loop-to-out")}


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(TreeError, match=r'^a: "a" is a loop of symbolic links$'):
        resolve(DirTree(tmp_path), P("a/x"))


def test_forty_links_are_followed_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "0").write_text("end")
    for number in range(1, 42):
        (tmp_path / str(number)).symlink_to(str(number - 1))
    tree = DirTree(tmp_path)
    assert read(tree, P("40")) == b"end"
    with pytest.raises(TreeError, match="is a loop"):
        read(tree, P("41"))


def test_modes_are_gits(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o640)
    (tmp_path / "program").touch(0o700)
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").mkdir()
    expected = {"file": FILE, "program": EXECUTABLE, "link": LINK, "folder": DIRECTORY}
    assert DirTree(tmp_path).modes(ROOT) == expected
