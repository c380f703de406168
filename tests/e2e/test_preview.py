"""`gitops preview`: environments for a while, made, brought up to date, deleted and reaped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from . import shop
from .world import PACKAGE_ROOT, Checkout, contents

NOW = {"SOURCE_DATE_EPOCH": "1767225600"}  # 2026-01-01
LATER = {"SOURCE_DATE_EPOCH": "1768521600"}  # 2026-01-16
PRODUCTION = "apps/web/overlays/production"
TEMPLATE = """\
namespace: PREVIEW_NAMESPACE
resources:
  - ../../base
labels:
  - pairs: {preview: PREVIEW_NAME}
images:
  - name: registry.example.org/team/web # by gitops preview
    newTag: none
"""


@pytest.fixture
def repository(tmp_path: Path, env: dict[str, str]) -> Checkout:
    """A repository as `gitops init` makes it, with an app and a template for previews."""
    (tmp_path / "repository").mkdir()
    made = Checkout(tmp_path / "repository", env)
    made.git("init", "--quiet", "--initial-branch=main")
    url = "https://git.example.org/shop/manifests.git"
    assert made.gitops("init", "--repo-url", url, "--project", "shop").code == 0
    image = f"{shop.image('web')}:v1"
    created = made.gitops("app", "create", "web", "--image", image, "--port", "8080")
    assert created.code == 0, created.err
    made.commit({"apps/web/overlays/preview/kustomization.yaml": TEMPLATE}, "template")
    return made


def create(repository: Checkout, *args: str, env: dict[str, str] = NOW) -> Any:
    return repository.gitops("preview", "create", "web", *args, env=env)


def test_a_preview_is_made_and_goes_again(repository: Checkout) -> None:
    made = create(repository, "mr-12", "v2", "--ttl", "3d")
    assert (made.code, made.err) == (0, "")
    assert made.out.startswith("creates preview web-mr-12, until 2026-01-04 00:00 UTC\n")
    overlay = repository.read("apps/web/previews/mr-12/kustomization.yaml")
    assert overlay == TEMPLATE.replace("PREVIEW_NAMESPACE", "web-mr-12").replace("PREVIEW_NAME", "mr-12").replace(
        "newTag: none", "newTag: v2"
    )
    application = repository.read("argocd/web-mr-12.yaml")
    assert "    gitops/preview-expires: 2026-01-04T00:00:00Z\n" in application.replace('"', "")
    assert "    path: apps/web/previews/mr-12\n" in application
    assert "    namespace: web-mr-12\n" in application
    assert "      - CreateNamespace=true\n" in application
    assert "namespace: web-*" in repository.read("argocd/project.yaml").replace('"', "")
    assert repository.commits()[0].summary.startswith("web(mr-12): preview v2")
    checked = repository.gitops("validate", "--severity", "warning")
    assert checked.code == 0, checked.out

    before = contents(repository.folder / "apps")
    gone = repository.gitops("preview", "delete", "web", "mr-12", env=NOW)
    assert (gone.code, gone.err) == (0, "")
    assert "deletes preview web-mr-12\n" in gone.out
    assert not (repository.folder / "apps/web/previews").exists()
    assert not (repository.folder / "argocd/web-mr-12.yaml").exists()
    assert contents(repository.folder / "apps") != before
    repository.assert_sound()
    again = repository.gitops("preview", "delete", "web", "mr-12", env=NOW)
    assert (again.code, again.out, again.err) == (0, "there is no preview web-mr-12\n", "")


def test_the_same_again_is_no_change_and_another_tag_moves_the_end(repository: Checkout) -> None:
    create(repository, "mr-12", "v2")
    head = repository.head
    again = create(repository, "mr-12", "v2", env=LATER)
    assert (again.code, again.out) == (0, "preview web-mr-12 is as it should be\n")
    assert repository.head == head
    moved = create(repository, "mr-12", "v3", env=LATER)
    assert moved.out.startswith("updates preview web-mr-12, until 2026-01-23 00:00 UTC\n")
    assert repository.read("apps/web/previews/mr-12/kustomization.yaml").endswith("newTag: v3\n")
    assert "2026-01-23" in repository.read("argocd/web-mr-12.yaml")


def test_what_is_over_is_reaped(repository: Checkout) -> None:
    none = repository.gitops("preview", "list")
    assert (none.code, none.out, none.err) == (0, "no previews\n", "")
    create(repository, "mr-1", "v2", "--ttl", "1d")
    create(repository, "mr-2", "v2", "--ttl", "never")
    create(repository, "mr-3", "v2", "--ttl", "30d")
    listed = repository.gitops("preview", "list", env=LATER)
    assert listed.out == (
        "web mr-1: over since 2026-01-02 00:00 UTC\n"
        "web mr-2: until it is deleted\n"
        "web mr-3: until 2026-01-31 00:00 UTC\n"
    )
    reaped = repository.gitops("preview", "reap", env=LATER)
    assert (reaped.code, reaped.err) == (0, "")
    assert "deletes preview web-mr-1, over since 2026-01-02 00:00 UTC\n" in reaped.out
    document = json.loads(repository.gitops("preview", "list", "--output", "json", env=LATER).out)
    jsonschema.validate(document, json.loads((PACKAGE_ROOT / "schemas/output/previews.schema.json").read_text()))
    assert [one["name"] for one in document["previews"]] == ["mr-2", "mr-3"]
    nothing = repository.gitops("preview", "reap", env=LATER)
    assert (nothing.code, nothing.out) == (0, "no preview is over\n")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("../x", "v2"), 2, "NAME is"),
        (("MR", "v2"), 2, "NAME is"),
        (("mr-1", "not a tag"), 2, "not a tag"),
        (("mr-1", "v2", "--ttl", "soon"), 2, '"soon" is neither a duration nor a date'),
        (("m" * 42, "v2"), 0, ""),
    ],
)
def test_what_cannot_be_meant(repository: Checkout, args: tuple[str, ...], code: int, words: str) -> None:
    result = create(repository, *args)
    assert result.code == code
    assert words in result.err


def test_an_application_that_is_no_preview_is_not_reaped(repository: Checkout) -> None:
    """The annotation, copied to production's Application, must not cost production its directory."""
    create(repository, "mr-1", "v2", "--ttl", "1d")
    text = repository.read("argocd/web-mr-1.yaml").replace("path: apps/web/previews/mr-1", f"path: {PRODUCTION}")
    repository.commit({"argocd/web-mr-1.yaml": text}, "another path")
    before = contents(repository.folder / "apps")
    for command in (["reap"], ["delete", "web", "mr-1"], ["list"]):
        result = repository.gitops("preview", *command, env=LATER)
        assert (result.code, result.out) == (3, "")
        assert "error: argocd/web-mr-1.yaml:" in result.err
        assert f'Application "web-mr-1" is no preview: it syncs "{PRODUCTION}"' in result.err
        assert 'take the annotation "gitops/preview-expires" off' in result.err
    assert contents(repository.folder / "apps") == before


def test_without_a_template(repository: Checkout) -> None:
    repository.git("rm", "--quiet", "-r", "apps/web/overlays/preview")
    repository.commit({}, "no template")
    result = create(repository, "mr-1", "v2")
    assert (result.code, result.out) == (3, "")
    assert 'error: there is no template "apps/web/overlays/preview"\n' in result.err
