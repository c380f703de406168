"""The road that every change goes: files come and go as a whole, on every way out of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from gitops_tool import pipeline
from gitops_tool.changes import Proposal
from gitops_tool.errors import FindingsError, GitError
from gitops_tool.git import GitRepo
from gitops_tool.model import Edit, Finding, Overlay
from gitops_tool.pipeline import Outcome, PushOptions, Status
from gitops_tool.tree import Tree, is_directory, walk

from . import shop
from .world import Checkout, bare, contents

API = [Overlay("api", env, PurePosixPath(f"apps/api/overlays/{env}")) for env in shop.ENVIRONMENTS]


@dataclass(frozen=True)
class Place:
    """A change that puts an app's files there, or takes them away."""

    app: str
    here: bool = True
    kind: str = "Deployment"

    def propose(self, tree: Tree, settings: object) -> Proposal:
        folder = PurePosixPath("apps", self.app)
        if self.here:
            wanted = {
                **shop.files(self.app),
                f"apps/{self.app}/base/deployment.yaml": shop.deployment(self.app, kind=self.kind),
            }
            new = {PurePosixPath(name): str(text).encode() for name, text in wanted.items() if name.startswith("apps")}
            edits = [Edit(path, None, data) for path, data in new.items()] if not is_directory(tree, folder) else []
        else:
            edits = [Edit(path, tree.blob(path), None) for path, _ in walk(tree, folder)]
        word = "creates" if self.here else "deletes"
        return Proposal(tuple(edits), f"{word} {self.app}\n", tuple(API), summary=(f"{word} {self.app}",))

    def prove(self, *_: object) -> Iterator[Finding]:
        yield from ()


@pytest.fixture
def quiet(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let git in this process be as it is in the commands of the tests."""
    for name in ("HOME", "GITOPS_CACHE_DIR", "GIT_CONFIG_NOSYSTEM", "TMPDIR"):
        monkeypatch.setenv(name, env[name])


def commit(checkout: Checkout, change: Place) -> Outcome:
    repo = GitRepo.open(checkout.folder)
    try:
        return pipeline.commit(repo, change)
    finally:
        repo.close()


@pytest.mark.usefixtures("quiet")
class TestFilesComeAndGo:
    def test_a_commit_and_its_inverse_leave_the_same_bytes(self, web: Checkout) -> None:
        before = contents(web.folder / "apps")
        made = commit(web, Place("api"))
        web.assert_sound()
        assert made.status is Status.COMMITTED
        assert [(effect.overlay.environment, effect.resources) for effect in made.plan.effects] == [
            ("staging", 1),
            ("production", 1),
        ]
        assert [diff.kind for effect in made.plan.effects for diff in effect.diffs] == ["added", "added"]
        assert web.read("apps/api/base/deployment.yaml") == shop.deployment("api")

        gone = commit(web, Place("api", here=False))
        web.assert_sound()
        assert [diff.kind for effect in gone.plan.effects for diff in effect.diffs] == ["removed", "removed"]
        assert contents(web.folder / "apps") == before

    def test_a_push(self, web: Checkout, tmp_path: Path) -> None:
        remote = bare(tmp_path / "remote.git", web)
        clone = remote.clone(tmp_path / "clone")
        repo = GitRepo.open(clone.folder)
        try:
            outcome = pipeline.publish(repo, Place("api"), PushOptions())
        finally:
            repo.close()
        assert outcome.status is Status.PUSHED
        clone.assert_sound()
        assert remote.tip("main") == clone.head
        assert (clone.folder / "apps/api/base/deployment.yaml").exists()

    def test_files_without_a_commit(self, web: Checkout) -> None:
        before = contents(web.folder / "apps")
        assert pipeline.write_files(Place("api"), web.folder).status is Status.WRITTEN
        made = web.folder / "apps/api/base/deployment.yaml"
        assert made.read_text() == shop.deployment("api")
        assert made.stat().st_mode == (web.folder / "gitops.yaml").stat().st_mode
        assert pipeline.write_files(Place("api", here=False), web.folder).status is Status.WRITTEN
        assert contents(web.folder / "apps") == before

    def test_what_does_not_validate_is_refused(self, web: Checkout) -> None:
        before = web.snapshot()
        with pytest.raises(FindingsError, match="refused"):
            commit(web, Place("api", kind="Deploymant"))
        assert web.snapshot() == before

    def test_a_file_in_the_way_leaves_nothing_behind(self, web: Checkout) -> None:
        (web.folder / "apps/api").write_text("not a folder\n")
        before = contents(web.folder)
        with pytest.raises(GitError, match="checkout cannot follow"):
            commit(web, Place("api"))
        with pytest.raises(GitError, match="cannot write"):
            pipeline.write_files(Place("api"), web.folder)
        assert contents(web.folder / "apps") == {
            k.removeprefix("apps/"): v for k, v in before.items() if k.startswith("apps/")
        }
