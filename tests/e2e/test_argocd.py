"""`gitops argocd check` and `generate`: directories, settings and Argo CD's objects held against each other."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from .world import PACKAGE_ROOT, Checkout, Inside, environment

IMAGE = ("--image", "registry.example.org/web:1.10", "--port", "8080")
WEB = "argocd/web-production.yaml"
IN_STEP = "the Applications are in step with the directories\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Checkout:
    """A repository as `gitops init` and `gitops app create` make it."""
    folder = tmp_path_factory.mktemp("made") / "shop"
    folder.mkdir()
    checkout = Inside(folder, environment(home))
    assert checkout.gitops("init", "--repo-url", "https://git.example.org/shop.git").code == 0
    assert checkout.gitops("app", "create", "web", *IMAGE).code == 0
    return checkout


@pytest.fixture
def shop(made: Checkout, tmp_path: Path) -> Checkout:
    return Inside.of(made.clone(tmp_path / "shop"))


def findings(checkout: Checkout) -> list[tuple[str, str]]:
    """Return the rule and place of what the check finds."""
    result = checkout.gitops("argocd", "check", "--output", "json")
    document = json.loads(result.out)
    jsonschema.validate(document, json.loads((PACKAGE_ROOT / "schemas/output/validate.schema.json").read_text()))
    listed = [one for overlay in document["overlays"] for one in overlay["findings"]]
    found = [(one["rule"], one["path"] + (f":{one['line']}" if one["line"] else "")) for one in listed]
    assert (result.code, result.err) == (1 if found else 0, "")
    return found


def without(*names: str) -> Callable[[Checkout], None]:
    def act(shop: Checkout) -> None:
        for name in names:
            (shop.folder / name).unlink()
            listing = shop.read("argocd/kustomization.yaml").replace(f"  - {Path(name).name}\n", "")
            shop.write({"argocd/kustomization.yaml": listing})

    return act


def replaced(name: str, old: str, new: str) -> Callable[[Checkout], None]:
    def act(shop: Checkout) -> None:
        text = shop.read(name)
        assert old in text
        shop.write({name: text.replace(old, new, 1)})

    return act


DRIFT = {
    "no Application": (
        without(WEB),
        [("application-missing", "apps/web/overlays/production/kustomization.yaml")],
        'Application "web-production" is new\n',
    ),
    "another namespace": (
        replaced(WEB, "    namespace: shop-production\n", "    namespace: shop-staging # why?\n"),
        [("application-differs", f"{WEB}:21")],
        'Application "web-production": namespace is shop-production\n',
    ),
    "another cluster": (
        replaced(WEB, "    server: https://kubernetes.default.svc\n", "    server: https://other.example.org\n"),
        [("application-differs", f"{WEB}:20"), ("project-denies-destination", f"{WEB}:21")],
        'Application "web-production": server is https://kubernetes.default.svc\n',
    ),
    "another project": (
        replaced(WEB, "  project: shop\n", "  project: root\n"),
        [("application-differs", f"{WEB}:14")],
        'Application "web-production": project is shop\n',
    ),
    "another repository": (
        replaced(WEB, "https://git.example.org/shop.git", "https://git.example.org/old.git"),
        [("application-differs", f"{WEB}:16"), ("project-denies-repository", f"{WEB}:16")],
        'Application "web-production": repoURL is https://git.example.org/shop.git\n',
    ),
    "another path": (
        replaced(WEB, "overlays/production", "overlays/prod"),
        [("application-path", f"{WEB}:18"), ("application-missing", "apps/web/overlays/production/kustomization.yaml")],
        'Application "web-production": path is apps/web/overlays/production\n',
    ),
    "a kind that the project does not permit": (
        replaced("argocd/project.yaml", "    - group: policy\n      kind: PodDisruptionBudget\n", ""),
        [("project-denies-object", "apps/web/base/pdb.yaml:2")],
        'project "shop" permits PodDisruptionBudget of group policy\n',
    ),
    "a file that is not listed": (
        replaced("argocd/kustomization.yaml", "  - web-production.yaml\n", ""),
        [
            ("application-missing", "apps/web/overlays/production/kustomization.yaml"),
            ("unlisted-file", f"{WEB}:1"),
        ],
        "argocd/web-production.yaml is listed\n",
    ),
    "no root": (
        without("argocd/root.yaml", "argocd/project-root.yaml"),
        [("root-missing", "argocd/kustomization.yaml")],
        "argocd/project-root.yaml is new: apply it once by hand\nargocd/root.yaml is new: apply it once by hand\n",
    ),
}


@pytest.mark.parametrize(("act", "found", "said"), DRIFT.values(), ids=DRIFT)
def test_drift_is_found_and_mended(
    shop: Checkout, act: Callable[[Checkout], None], found: list[tuple[str, str]], said: str
) -> None:
    act(shop)
    assert {*found} <= {*findings(shop)}
    result = shop.gitops("argocd", "generate", "--no-commit")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(said + "\n")
    assert findings(shop) == []
    shop.git("add", "--all")
    differing = shop.git("diff", "--staged", "--name-only").splitlines()
    if "# why?" in shop.read(WEB):  # the comment stays, the value is as before
        assert shop.git("diff", "--staged", "-U0").splitlines()[-2:] == [
            "-    namespace: shop-production", "+    namespace: shop-production # why?",
        ]  # fmt: skip
    else:
        assert {*differing} <= {"argocd/kustomization.yaml", "argocd/project.yaml"}  # the order of a list at most
    assert shop.gitops("argocd", "generate", "--no-commit").out == IN_STEP


def test_what_is_in_step_stays(shop: Checkout) -> None:
    before = shop.snapshot()
    assert findings(shop) == []
    for words in ((), ("--app", "web"), ("--prune",), ("--push",)):
        result = shop.gitops("argocd", "generate", *words)
        assert (result.code, result.out, result.err) == (0, IN_STEP, "")
    assert shop.snapshot() == before


def test_this_repository_is_in_step() -> None:
    here = Inside(PACKAGE_ROOT, dict(os.environ))
    result = here.gitops("argocd", "check")
    assert (result.code, result.out.splitlines()[-1]) == (0, "no findings"), result.out


def test_the_findings_as_text(shop: Checkout) -> None:
    replaced(WEB, "    namespace: shop-production\n", "    namespace: other\n")(shop)
    result = shop.gitops("argocd", "check")
    assert (result.code, result.err) == (1, "")
    assert (
        '  error[application-differs] argocd/web-production.yaml:21:16: namespace is "other", gitops.yaml says '
        '"shop-production"\n'
        "    21 |     namespace: other\n"
        "       |                ^\n"
        "    in Application/argocd/web-production\n"
        "    hint: `gitops argocd generate` mends it\n"
    ) in result.out


def test_a_difference_that_is_meant(shop: Checkout) -> None:
    line = "    namespace: shop-production # gitops: ignore[application-differs] shared with billing\n"
    replaced(WEB, "    namespace: shop-production\n", line.replace("shop-production", "billing"))(shop)
    replaced(
        "argocd/project.yaml",
        "  clusterResource",
        "    - server: https://kubernetes.default.svc\n      namespace: billing\n  clusterResource",
    )(shop)
    assert findings(shop) == []
    assert shop.gitops("argocd", "generate").out == IN_STEP


def test_an_application_of_a_directory_that_is_gone(shop: Checkout) -> None:
    shop.git("rm", "-rq", "apps/web/overlays/staging")
    shop.git("commit", "-qm", "gone")
    assert findings(shop) == [("application-path", "argocd/web-staging.yaml:18")]
    kept = shop.gitops("argocd", "generate")
    assert (kept.code, kept.out) == (
        0,
        'Application "web-staging" stays, though "apps/web/overlays/staging" is gone: --prune takes it out\n',
    )
    pruned = shop.gitops("argocd", "generate", "--prune")
    assert (pruned.code, pruned.err) == (0, "")
    assert pruned.out.startswith('Application "web-staging" goes: its directory "apps/web/overlays/staging" is gone\n')
    assert "  Application/argocd/web-staging, and with it all that it syncs, because of its finalizer\n" in pruned.out
    shop.assert_sound()
    assert findings(shop) == []


def test_another_url_reaches_every_application(shop: Checkout) -> None:
    replaced("gitops.yaml", "https://git.example.org/shop.git", "git@git.example.org:shop/manifests.git")(shop)
    shop.git("commit", "-qam", "moved")
    assert len([rule for rule, _ in findings(shop) if rule == "application-differs"]) == 4
    result = shop.gitops("argocd", "generate")
    assert (result.code, result.err) == (0, "")
    assert "https://git.example.org/shop.git" not in shop.git(
        "grep", "-h", "repoURL", "--", "argocd/web*", "argocd/pl*"
    )
    assert shop.read("argocd/project.yaml").count("git@git.example.org:shop/manifests.git") == 1


def test_without_a_place_for_applications(tmp_path: Path, env: dict[str, str]) -> None:
    checkout = Checkout.create(tmp_path / "x", env, {"gitops.yaml": "version: 1\n"})
    for words in (("check",), ("generate",)):
        result = checkout.gitops("argocd", *words)
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            "error: gitops.yaml does not say where Argo CD's objects are\nhint: set argocd.path in gitops.yaml\n"
        )


class TestApplicationSet:
    def test_one_set_for_all_that_has_no_application(self, shop: Checkout) -> None:
        replaced("gitops.yaml", "  path: argocd\n", "  path: argocd\n  generate: applicationset\n")(shop)
        without("argocd/web-staging.yaml", WEB)(shop)
        shop.git("commit", "-qam", "a set")
        assert [rule for rule, _ in findings(shop)] == ["application-missing", "application-missing"]
        result = shop.gitops("argocd", "generate")
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(
            'ApplicationSet "shop" makes the Applications\n\nargocd/applicationset.yaml: new, '
        )
        assert findings(shop) == []
        assert shop.gitops("argocd", "generate").out == IN_STEP
        created = shop.gitops("app", "create", "api", *IMAGE)
        assert (created.code, created.err) == (0, "")
        assert "argocd" not in shop.git("show", "--name-only", "--format=")
        assert findings(shop) == []
        checked = shop.gitops("validate")
        assert (checked.code, checked.out.splitlines()[-1]) == (0, "no findings"), checked.out
        gone = shop.gitops("app", "delete", "api", "--yes")
        assert 'Argo CD deletes in staging (ApplicationSet "shop" deletes the Application):\n' in gone.out

    def test_an_environment_more(self, shop: Checkout) -> None:
        replaced("gitops.yaml", "  path: argocd\n", "  path: argocd\n  generate: applicationset\n")(shop)
        without("argocd/web-staging.yaml", WEB)(shop)
        shop.git("commit", "-qam", "a set")
        assert shop.gitops("argocd", "generate").code == 0
        replaced("gitops.yaml", "kustomize:\n", "  - name: qa\n    namespace: shop-qa\nkustomize:\n")(shop)
        replaced("gitops.yaml", "    namespace: shop-production\n", "    namespace: live\n")(shop)
        shop.git("commit", "-qam", "qa")
        result = shop.gitops("argocd", "generate")
        assert (result.code, result.err) == (0, "")
        assert 'ApplicationSet "shop": namespace of production is live\n' in result.out
        assert 'ApplicationSet "shop" makes Applications of qa\n' in result.out
        assert (
            "                - environment: qa\n                  namespace: shop-qa\n"
            "                  cluster: https://kubernetes.default.svc\n"
        ) in shop.read("argocd/applicationset.yaml")
