"""Rules on the revision that an Application follows, in clones that know more or less."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_tool.model import Severity

from .conftest import Clone
from .shop import APPLICATION, SETTINGS, check, view_of, write

OLD = "path: apps/old"
OTHER = APPLICATION.replace("  name: web", "  name: api", 1)
"""One more Application, on the usual branch."""


def application(revision: str, path: str = "path: apps/web/overlays/production") -> str:
    return APPLICATION.replace(
        "    path: apps/web/overlays/production\n", f"    {path}\n    targetRevision: {revision}\n"
    )


@pytest.mark.parametrize(
    "revision", ["main", "HEAD", "release-1", "v1", "refs/heads/main", "refs/tags/v1", '""', '"1.*"', '">=1.0.0"']
)
def test_what_argo_cd_can_resolve(tmp_path: Path, clone: Clone, revision: str) -> None:
    tree = write(tmp_path / "files", {"argocd/web.yaml": application(revision)})
    assert check("revision-missing", view_of(tree, revisions=clone())) == []


@pytest.mark.parametrize(
    ("constraint", "fits"),
    [
        ("1.*", True),
        ("v1.x", True),
        ("^1.0.0", True),
        (">= 1.0, < 2", True),
        ("2.* || 1.*", True),
        ("2.*", False),
        ("v2.x", False),
        ("~1.2", False),
        (">1", False),
    ],
)
def test_a_range_of_versions_has_a_tag(tmp_path: Path, clone: Clone, constraint: str, fits: bool) -> None:
    tree = write(tmp_path / "files", {"argocd/web.yaml": application(f'"{constraint}"')})
    expected = [] if fits else [f'no tag of this repository fits "{constraint}"']
    assert [item.message for item in check("revision-missing", view_of(tree, revisions=clone()))] == expected


@pytest.mark.parametrize(("revision", "count"), [("main", 0), ("HEAD", 0), ("v1", 0), ("release-2", 1)])
def test_a_git_generator_reads_a_revision_that_is_there(
    tmp_path: Path, clone: Clone, revision: str, count: int
) -> None:
    git = (
        f"{{repoURL: 'https://git.example.com/shop/manifests', revision: {revision}, directories: [{{path: none/*}}]}}"
    )
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set, namespace: argocd}\n"
        f"spec:\n  generators:\n    - matrix: {{generators: [{{git: {git}}}, {{list: {{elements: []}}}}]}}\n"
        "  template: {metadata: {name: a}, spec: {project: shop, destination: {name: in-cluster}}}\n"
    )
    tree = write(tmp_path / "files", {"argocd/set.yaml": text})
    assert len(check("revision-missing", view_of(tree, revisions=clone()))) == count


def test_a_commit_counts_whole_and_shortened(tmp_path: Path, clone: Clone) -> None:
    revisions = clone()
    sha = revisions._repo.head().sha
    for name in (sha, sha[:8]):
        tree = write(tmp_path / name, {"argocd/web.yaml": application(f'"{name}"')})
        assert check("revision-missing", view_of(tree, revisions=revisions)) == []


@pytest.mark.parametrize(
    ("revision", "hint"),
    [
        ("relase-1", 'did you mean "release-1"?'),
        ("develop", "if it is new: git fetch"),
        ("0123456789012345678901234567890123456789", "if it is new: git fetch"),
        ("--upload-pack=x", "if it is new: git fetch"),
        ("main:README.md", "if it is new: git fetch"),
        ("main@{1}", 'did you mean "main"?'),
    ],
)
def test_what_is_not_there(tmp_path: Path, clone: Clone, revision: str, hint: str) -> None:
    tree = write(tmp_path / "files", {"argocd/web.yaml": application(f'"{revision}"')})
    [found] = check("revision-missing", view_of(tree, revisions=clone()))
    assert (found.severity, found.hint) == (Severity.ERROR, hint)
    assert found.message == f'there is no branch, tag or commit "{revision}" in this repository'
    assert found.line == f'targetRevision: "{revision}"'


@pytest.mark.parametrize("options", [("--depth", "1"), ("--single-branch",)], ids=str)
def test_a_clone_that_lacks_branches_warns(tmp_path: Path, clone: Clone, options: tuple[str, ...]) -> None:
    revisions = clone(*options)
    tree = write(tmp_path / "files", {"argocd/web.yaml": application("release-2"), "argocd/api.yaml": OTHER})
    [found] = check("revision-missing", view_of(tree, revisions=revisions))
    assert found.severity is Severity.WARNING
    tree = write(tmp_path / "master", {"argocd/web.yaml": application("master")})
    assert check("revision-missing", view_of(tree, revisions=revisions)) == []


def test_a_path_is_looked_up_where_the_application_looks(tmp_path: Path, clone: Clone) -> None:
    revisions = clone()
    for revision, path, expected in (
        ("release-1", OLD, []),
        ("v1", OLD, []),
        ("main", OLD, ['path "apps/old" does not exist']),
        ("v1", "path: apps/older", ['path "apps/older" does not exist at revision "v1"']),
        ("v1", "path: gitops.yaml", ['path "gitops.yaml" is not a directory at revision "v1"']),
    ):
        files = {"argocd/web.yaml": application(revision, path), "argocd/api.yaml": OTHER}
        tree = write(tmp_path / revision / path[6:], files)
        found = check("application-path", view_of(tree, revisions=revisions))
        assert [one.message for one in found] == expected


def test_a_remote_is_the_repository_itself(tmp_path: Path, clone: Clone) -> None:
    revisions = clone()
    text = application("v2").replace("https://git.example.com/shop/manifests.git", (tmp_path / "origin").as_uri())
    settings = SETTINGS.replace("  repoURL: https://git.example.com/shop/manifests.git\n", "")
    tree = write(tmp_path / "files", {"gitops.yaml": settings, "argocd/web.yaml": text})
    assert len(check("revision-missing", view_of(tree, revisions=revisions))) == 1


@pytest.mark.parametrize(
    ("source", "messages"),
    [
        ("chart: redis\n    targetRevision: 20.1.0", []),
        ("chart: redis\n    targetRevision: 20.x", ['"20.x" takes the newest version of redis']),
        ("chart: redis\n    targetRevision: '*'", ['"*" takes the newest version of redis']),
        ("chart: redis\n    targetRevision: ^20.1.0", ['"^20.1.0" takes the newest version of redis']),
        ("path: a\n    targetRevision: v1.2.3", []),
        ("path: a\n    targetRevision: main", []),
        ("path: a\n    targetRevision: HEAD", ['"HEAD" takes the newest version of https://charts.example.com']),
        ("path: a", ["no targetRevision takes the newest version of https://charts.example.com"]),
    ],
)
def test_versions_that_move(tmp_path: Path, source: str, messages: list[str]) -> None:
    text = APPLICATION.replace("https://git.example.com/shop/manifests.git", "https://charts.example.com")
    tree = write(tmp_path, {"argocd/web.yaml": text.replace("path: apps/web/overlays/production", source)})
    assert [one.message for one in check("revision-moving", view_of(tree))] == messages
