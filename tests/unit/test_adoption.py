"""What an adoption makes of directories and names; whole repositories are in tests/e2e/test_adopt.py."""

from __future__ import annotations

import pytest

from gitops_tool.adoption import adopt
from gitops_tool.adoption.names import promotion_order, stage
from gitops_tool.config import load_settings

from .trees import tree_of

ARGOCD = "apiVersion: argoproj.io/v1alpha1\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: web:v1}]}\n"


@pytest.mark.parametrize(
    ("folders", "layout", "apps"),
    [
        (("overlays/dev", "overlays/prod"), "{app}/{env}", ["overlays"]),
        (("dev", "prod"), "{app}", ["dev", "prod"]),
        (("apps/test/overlays/prod", "apps/qa/overlays/prod"), "apps/{app}/overlays/{env}", ["qa", "test"]),
        (("t/a/web/prod", "t/a/web/dev", "t/b/api/prod"), "t/a/{app}/{env}, t/b/{app}/{env}", ["api", "web"]),
        (("x/web-dev", "x/web-prod", "x/my-api-prod"), "x/{app}-{env}", ["my-api", "web"]),
    ],
)
def test_names_that_mislead(folders: tuple[str, ...], layout: str, apps: list[str]) -> None:
    files = {f"{folder}/pod.yaml": POD for folder in folders}
    found = adopt(tree_of(files))
    assert ", ".join(found.settings.layout) == layout
    assert [app.name for app in found.apps] == apps
    odd = [name for name in apps if name in {"overlays", "dev", "prod", "qa", "test"}]
    assert any("is named like an app" in guess for guess in found.guessed) == bool(odd)
    assert found.unclear == ()


@pytest.mark.parametrize(
    ("name", "rank"),
    [
        *(("dev", 0), ("test", 1), ("qa", 2), ("uat", 3), ("staging", 4), ("pre-prod", 5), ("production", 6)),
        *(("Prod", 6), ("prod-eu", 6), ("us-east-prod", 6), ("stage2", 4), ("prd", 6)),
        *(("non-prod", None), ("dev-stage", None), ("product", None), ("oslo", None), ("", None)),
    ],
)
def test_the_stage_that_a_name_speaks_of(name: str, rank: int | None) -> None:
    assert stage(name) == rank


def test_the_order_of_promotion() -> None:
    order = promotion_order(["prod-us", "staging", "prod-eu", "dev"])
    assert order is not None
    assert [(one.name, one.promotes_from) for one in order] == [
        ("dev", None),
        ("staging", "dev"),
        ("prod-eu", "staging"),
        ("prod-us", "staging"),
    ]
    assert promotion_order(["dev", "oslo"]) is None


@pytest.mark.parametrize(
    "files",
    [
        {"kustomization.yaml": "resources: [pod.yaml]\n", "pod.yaml": POD},
        {"a b/dev/pod.yaml": POD, "-x/dev/pod.yaml": POD, "{app}/dev/pod.yaml": POD, "web/Prod/pod.yaml": POD},
        {"web/\N{ROCKET}/pod.yaml": POD, "'q'/dev/pod.yaml": POD, "a\nb/dev/pod.yaml": POD, "x: y/dev/pod.yaml": POD},
        {"web/dev/kustomization.yaml": "a: &a [*a]\nresources: [", "web/dev/pod.yaml": POD},
        {"web/dev/kustomization.yaml": b"\xff\xfe\x00", "web/prod/kustomization.yaml": "resources: [../../../x]\n"},
        {"web/dev/kustomization.yaml": "", "web/dev/Kustomization": "", "app/dev/a.yaml": "kind: 1\napiVersion: v1\n"},
        {"web/dev/kustomization.yaml": f"x: {'[' * 2000}\n", "argocd/a.yaml": f"{ARGOCD}kind: [\n"},
        {"web/dev/kustomization.yaml": "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9))},
        {"a.yaml": f"{ARGOCD}kind: Application\nspec: {{source: 1, sources: {{a: b}}}}\n", "d/pod.yaml": POD},
        {"a.yaml": f"{ARGOCD}kind: ApplicationSet\nspec: [x]\n", "d/dev/pod.yaml": POD},
        {"a.yaml": f"{ARGOCD}kind: Application\nmetadata: [x]\nspec: {{source: {{repoURL: x, path: ../..}}}}\n"},
    ],
)
def test_strange_repositories_get_settings_that_can_be_read(files: dict[str, str | bytes]) -> None:
    found = adopt(tree_of({"ours/dev/pod.yaml": POD} | files))
    read = load_settings(tree_of({"gitops.yaml": found.text}))
    assert read.layout == found.settings.layout
    at_the_root = "kustomization.yaml" in files  # what lies below a kustomization belongs to it
    assert ("ours" in [app.name for app in found.apps]) is not at_the_root
    assert all(line.isprintable() for line in found.text.decode().splitlines())
