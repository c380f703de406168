"""What Argo CD does with objects that a change takes out: by finalizer, prune setting, annotations and sets."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from gitops_tool.changes.argocd.pruning import removals
from gitops_tool.config import load_settings
from gitops_tool.model import Overlay, ResourceDiff, ResourceId

from .trees import tree_of

OVERLAY = Overlay("web", "production", PurePosixPath("apps/web/overlays/production"))
SETTINGS = "version: 1\nargocd:\n  path: argocd\n"
CASCADE = "  finalizers: [resources-finalizer.argocd.argoproj.io]\n"
PRUNES = "  syncPolicy: {automated: {prune: true}}\n"


def application(name: str, path: str, *, metadata: str = "", spec: str = "") -> str:
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n{metadata}spec:\n"
        f"  project: shop\n  source: {{repoURL: https://x.example.org/m.git, path: {path}}}\n{spec}"
    )


def generator(policy: str = "", spec: str = "") -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: apps\nspec:\n"
        f"{policy}  goTemplate: true\n  generators: [{{git: {{directories: [{{path: 'apps/*/overlays/*'}}]}}}}]\n"
        "  template:\n    metadata: {name: x}\n    spec:\n"
        f"      source: {{path: '{{{{.path.path}}}}'}}\n{spec}"
    )


WEB = "apps/web/overlays/production"
ROOT = {"argocd/root.yaml": application("root", "argocd", spec=PRUNES)}
DEPLOYMENT = {"kind": "Deployment"}


def annotated(text: str, kind: str = "Deployment") -> dict[str, Any]:
    key, _, value = text.partition(": ")
    return {"kind": kind, "metadata": {"annotations": {key: value}}}


OPTIONS = "argocd.argoproj.io/sync-options"
DELETED = {
    "with a finalizer, below a root that prunes": (
        {"argocd/web.yaml": application("web", WEB, metadata=CASCADE), **ROOT}, DEPLOYMENT,
        "pruned", 'Application "web" is deleted with its objects',
    ),
    "in the background": (
        {"argocd/web.yaml": application("web", WEB, metadata=CASCADE.replace("io]", "io/background]")), **ROOT},
        DEPLOYMENT, "pruned", 'Application "web" is deleted with its objects',
    ),
    "without a finalizer": (
        {"argocd/web.yaml": application("web", WEB), **ROOT}, DEPLOYMENT,
        "kept", 'Application "web" has no finalizer and leaves it behind',
    ),
    "below a root that does not prune": (
        {
            "argocd/web.yaml": application("web", WEB, metadata=CASCADE),
            "argocd/root.yaml": application("root", "argocd"),
        },
        DEPLOYMENT, "kept", 'Application "root" does not prune "web"',
    ),
    "without a root": (
        {"argocd/web.yaml": application("web", WEB, metadata=CASCADE)}, DEPLOYMENT,
        "kept", 'nothing here deletes Application "web" from the cluster',
    ),
    "an Application that is not to be pruned": (
        {
            "argocd/web.yaml": application(
                "web", WEB, metadata=f"{CASCADE}  annotations: {{{OPTIONS}: 'Prune=false'}}\n"
            ),
            **ROOT,
        },
        DEPLOYMENT, "kept", 'Application "web" has Prune=false',
    ),
    "an object that is not to be deleted": (
        {"argocd/web.yaml": application("web", WEB, metadata=CASCADE), **ROOT},
        annotated(f"{OPTIONS}: Validate=false,Delete=false"), "kept", "Delete=false",
    ),
    "Prune=false is no help when the Application goes": (
        {"argocd/web.yaml": application("web", WEB, metadata=CASCADE), **ROOT},
        annotated(f"{OPTIONS}: Prune=false"), "pruned", 'Application "web" is deleted with its objects',
    ),
    "what a person has to confirm": (
        {"argocd/web.yaml": application("web", WEB, metadata=CASCADE), **ROOT},
        annotated(f"{OPTIONS}: Delete=confirm"), "confirm", "Delete=confirm",
    ),
    "what Helm keeps": (
        {"argocd/web.yaml": application("web", WEB, metadata=CASCADE), **ROOT},
        annotated("helm.sh/resource-policy: keep"), "kept", "helm.sh/resource-policy: keep",
    ),
    "a definition": (
        {"argocd/web.yaml": application("web", WEB, metadata=CASCADE), **ROOT},
        annotated("a: b", "CustomResourceDefinition"), "kept", "definitions are never deleted with an Application",
    ),
    "nothing syncs it": ({}, DEPLOYMENT, "kept", "no Application syncs it"),
    "a set": ({"argocd/set.yaml": generator()}, DEPLOYMENT, "pruned", 'ApplicationSet "apps" deletes the Application'),
    "a set that preserves": (
        {"argocd/set.yaml": generator("  syncPolicy: {preserveResourcesOnDeletion: true}\n")}, DEPLOYMENT,
        "kept", 'ApplicationSet "apps" preserves resources',
    ),
    "a set that only creates": (
        {"argocd/set.yaml": generator("  syncPolicy: {applicationsSync: create-update}\n")}, DEPLOYMENT,
        "kept", 'ApplicationSet "apps" deletes no Applications (create-update)',
    ),
}  # fmt: skip

SYNCED = {
    "an Application that prunes": (PRUNES, DEPLOYMENT, "pruned", 'Application "web" prunes'),
    "one that does not": ("", DEPLOYMENT, "kept", 'Application "web" does not prune by itself'),
    "an object that is not pruned": (PRUNES, annotated(f"{OPTIONS}: Prune=false"), "kept", "Prune=false"),
    "Delete=false is no help in a sync": (
        PRUNES, annotated(f"{OPTIONS}: Delete=false"), "pruned", 'Application "web" prunes',
    ),
    "an Application that prunes nothing": (
        "  syncPolicy: {automated: {prune: true}, syncOptions: ['Prune=false']}\n", DEPLOYMENT, "kept", "Prune=false",
    ),
    "after confirmation": (PRUNES, annotated(f"{OPTIONS}: Prune=confirm"), "confirm", "Prune=confirm"),
    "a hook": (
        PRUNES, annotated("argocd.argoproj.io/hook: PreSync"), "kept", "a hook, which a sync does not prune",
    ),
}  # fmt: skip


def fate(before: dict[str, str], after: dict[str, str], body: dict[str, Any]) -> tuple[str, str]:
    trees = [tree_of({"gitops.yaml": SETTINGS, **files}) for files in (before, after)]
    diff = ResourceDiff(ResourceId("apps", "v1", body["kind"], "shop", "web"), body, None)
    [found] = removals(trees[0], trees[1], load_settings(trees[0]), [(OVERLAY, [diff])])
    return found.fate.value, found.reason


@pytest.mark.parametrize(("files", "body", "wanted", "reason"), DELETED.values(), ids=DELETED)
def test_an_app_that_goes(files: dict[str, str], body: dict[str, Any], wanted: str, reason: str) -> None:
    before = {f"{WEB}/kustomization.yaml": "", **files}
    after = {name: text for name, text in files.items() if name != "argocd/web.yaml"}
    assert fate(before, after, body) == (wanted, reason)


@pytest.mark.parametrize(("spec", "body", "wanted", "reason"), SYNCED.values(), ids=SYNCED)
def test_an_object_that_goes(spec: str, body: dict[str, Any], wanted: str, reason: str) -> None:
    files = {f"{WEB}/kustomization.yaml": "", "argocd/web.yaml": application("web", WEB, spec=spec)}
    assert fate(files, files, body) == (wanted, reason)


def test_a_directory_that_goes_without_its_application() -> None:
    files = {"argocd/web.yaml": application("web", WEB, spec=PRUNES), **ROOT}
    before = {f"{WEB}/kustomization.yaml": "", **files}
    assert fate(before, files, DEPLOYMENT) == ("kept", 'Application "web" stays, and fails without its directory')


def test_what_goes_with_a_claim() -> None:
    tree = tree_of({f"{WEB}/x": "", "argocd/web.yaml": application("web", WEB, spec=PRUNES), "gitops.yaml": SETTINGS})
    diff = ResourceDiff(ResourceId("", "v1", "PersistentVolumeClaim", "shop", "data"), {}, None)
    [found] = removals(tree, tree, load_settings(tree), [(OVERLAY, [diff])])
    assert found.loss == "what is stored in it, if its class deletes volumes"
