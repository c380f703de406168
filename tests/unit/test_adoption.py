"""What an adoption makes of directories and names; whole repositories are in tests/e2e/test_adopt.py."""

from __future__ import annotations

import pytest

from gitops_tool.adoption import adopt
from gitops_tool.adoption.names import promotion_order, stage

from .trees import tree_of

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
