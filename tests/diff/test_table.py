"""Base and head in pairs: exactly which objects and fields are told, how renames are found, how changes are grouped."""

# ruff: noqa: E501 - a line of the table tells a whole edit

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import pytest

from gitops_tool.diff.grouping import group_changes
from gitops_tool.diff.repository import ObjectKind
from gitops_tool.git.changes import ChangeKind

from .comparing import (
    BASE,
    DEPLOYMENT,
    ROLE,
    SECRET,
    SERVICE,
    SETTINGS,
    SETTINGS_MAP,
    Edits,
    application,
    compared,
    edited,
    overlay,
    rendered,
    shop,
    state,
    told,
)

WEB, STAGING, PRODUCTION = "apps/web/base", "apps/web/overlays/staging", "apps/web/overlays/production"
TOOL = "apps/tool/overlays/staging"
K = "kustomization.yaml"
BOTH = ("web/staging", "web/production")
IMAGE = "spec.template.spec.containers[name=web].image"


@dataclass(frozen=True)
class Case:
    """What is edited, and what is to be told; hashes show as `#`, `{}` stands for staging and production of web."""

    edits: Edits
    objects: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    groups: int | None = None
    before: Edits = field(default_factory=dict)


def both(*lines: str) -> tuple[str, ...]:
    return tuple(line.replace("{}", where) for where in BOTH for line in lines)


CASES = {
    "nothing": Case({"README.md": "# Other\n"}),
    "a comment in a manifest": Case({f"{WEB}/service.yaml": f"# more\n{SERVICE}"}),
    "an image in every environment": Case(
        {f"{WEB}/deployment.yaml": DEPLOYMENT.replace("name: web\n          image: registry.example.org/web:1.4.1", "name: web\n          image: registry.example.org/web:1.4.2")},
        both(f"changed {{}} Deployment/web/web: {IMAGE}"),
        both("restarted {} Deployment/web/web (image)"),
        groups=1,
    ),
    "an image in one environment": Case(
        {f"{STAGING}/{K}": overlay("../../base", more="namespace: web\nimages: [{name: registry.example.org/web, newTag: 1.4.2}]\n")},
        ("changed web/staging Deployment/web/web: spec.template.spec.containers[name=web].image, spec.template.spec.initContainers[name=migrate].image",),
        ("restarted web/staging Deployment/web/web (image)",),
    ),
    "replicas": Case(
        {f"{WEB}/deployment.yaml": DEPLOYMENT.replace("replicas: 2", "replicas: 0")},
        both("changed {} Deployment/web/web: spec.replicas"),
        both("scaled {} Deployment/web/web (2 -> 0 replicas)"),
        groups=1,
    ),
    "an environment variable among others": Case(
        {f"{WEB}/deployment.yaml": DEPLOYMENT.replace("            - {name: COLOUR", "            - {name: NEW, value: '1'}\n            - {name: COLOUR")},
        both("changed {} Deployment/web/web: spec.template.spec.containers[name=web].env[name=NEW]"),
        both("restarted {} Deployment/web/web (containers[name=web].env[name=NEW]; containers[name=web].env (order))"),
    ),
    "only the order of variables, ports and mounts": Case(
        {
            f"{WEB}/deployment.yaml": DEPLOYMENT.replace(
                "            - {name: MODE, value: fast}\n            - {name: COLOUR, value: red}\n",
                "            - {name: COLOUR, value: red}\n            - {name: MODE, value: fast}\n",
            ).replace("[{name: tmp, mountPath: /tmp}, {name: data, mountPath: /data}]", "[{name: data, mountPath: /data}, {name: tmp, mountPath: /tmp}]")
        },
        both("reordered {} Deployment/web/web: 2 order"),
        both("restarted {} Deployment/web/web (containers[name=web].env (order); containers[name=web].volumeMounts (order))"),
        groups=1,
    ),
    "the order of init containers": Case(
        {f"{WEB}/deployment.yaml": DEPLOYMENT.replace(
            "        - {name: migrate, image: registry.example.org/web:1.4.1}\n        - {name: wait, image: busybox:1}\n",
            "        - {name: wait, image: busybox:1}\n        - {name: migrate, image: registry.example.org/web:1.4.1}\n",
        )},
        both("changed {} Deployment/web/web: spec.template.spec.initContainers"),
        both("restarted {} Deployment/web/web (initContainers)"),
    ),
    "a container, in front of another": Case(
        {f"{WEB}/deployment.yaml": DEPLOYMENT.replace("      containers:\n", "      containers:\n        - {name: log, image: log:1}\n")},
        both("changed {} Deployment/web/web: spec.template.spec.containers[name=log]"),
        both("restarted {} Deployment/web/web (containers[name=log]; containers (order))"),
    ),
    "arguments have places": Case(
        {f"{WEB}/deployment.yaml": DEPLOYMENT.replace("[--level, info]", "[--level, debug]")},
        both("changed {} Deployment/web/web: spec.template.spec.containers[name=web].args[1]"),
        both("restarted {} Deployment/web/web (containers[name=web].args[1])"),
    ),
    "a port of a Service by its number": Case(
        {f"{WEB}/service.yaml": SERVICE.replace("targetPort: metrics", "targetPort: 9091")},
        both("changed {} Service/web/web: spec.ports[port=9090,protocol=TCP].targetPort"),
    ),
    "a selector cannot change": Case(
        {f"{WEB}/deployment.yaml": DEPLOYMENT.replace("{app: web}", "{app: shop}")},
        both("changed {} Deployment/web/web: spec.selector.matchLabels.app, spec.template.metadata.labels.app"),
        both(
            "recreated {} Deployment/web/web (spec.selector: field is immutable; the API server refuses the update)",
            "restarted {} Deployment/web/web (labels.app)",
        ),
    ),
    "a generated ConfigMap": Case(
        {f"{WEB}/{K}": BASE.replace("A=1", "A=2")},
        both(
            "changed {} Deployment/web/web: 1 follow",
            "renamed {} ConfigMap/web/conf-# -> ConfigMap/web/conf-#: data.A, 1 hash",
        ),
        both("restarted {} Deployment/web/web (new conf)"),
        groups=2,
    ),
    "a generated Secret": Case(
        {f"{WEB}/{K}": BASE.replace("planted-two", "planted-three")},
        both(
            "changed {} Deployment/web/web: 1 follow",
            "renamed {} Secret/web/keys-# -> Secret/web/keys-#: data.KEY, 1 hash",
        ),
        both("restarted {} Deployment/web/web (new keys)"),
        groups=2,
    ),
    "a generator that no longer appends a hash": Case(
        {f"{WEB}/{K}": BASE + "generatorOptions: {disableNameSuffixHash: true}\n"},
        both(
            "changed {} Deployment/web/web: 2 follow",
            "renamed {} ConfigMap/web/conf-# -> ConfigMap/web/conf: 1 hash",
            "renamed {} Secret/web/keys-# -> Secret/web/keys: 1 hash",
        ),
        both("restarted {} Deployment/web/web (new conf; new keys)"),
        groups=3,
    ),
    "a line in a file of a ConfigMap": Case(
        {f"{TOOL}/settings.yaml": SETTINGS_MAP.replace("level = info", "level = debug")},
        ("changed tool/staging ConfigMap/settings: data[\"app.conf\"]",),
        ("not restarted tool/staging ConfigMap/settings (its name stays, so nothing that reads it is restarted)",),
    ),
    "a verb of a Role": Case(
        {f"{TOOL}/role.yaml": ROLE.replace("verbs: [get, list]", "verbs: [list, watch, get]")},
        ("changed tool/staging Role/reader: rules[].verbs[], 1 order",),
    ),
    "the order of a Role's verbs": Case(
        {f"{TOOL}/role.yaml": ROLE.replace("[get, list]", "[list, get]")},
        ("reordered tool/staging Role/reader: 1 order",),
    ),
    "a value of a Secret": Case(
        {f"{TOOL}/token.yaml": SECRET.replace("planted-one", "planted-four")},
        ("changed tool/staging Secret/token: stringData.token",),
        ("not restarted tool/staging Secret/token (its name stays, so nothing that reads it is restarted)",),
    ),
    "an object more": Case(
        {f"{WEB}/{K}": BASE.replace("service.yaml", "service.yaml, role.yaml"), f"{WEB}/role.yaml": ROLE},
        both("added {} Role/web/reader"),
        groups=1,
    ),
    "an object less": Case(
        {f"{WEB}/{K}": BASE.replace(", service.yaml", ""), f"{WEB}/service.yaml": None},
        both("removed {} Service/web/web"),
        both("deleted {} Service/web/web"),
        groups=1,
    ),
    "another namespace": Case(
        {f"{STAGING}/{K}": overlay("../../base", more="namespace: shop\n")},
        (
            "renamed web/staging Service/web/web -> Service/shop/web: metadata.namespace",
            "renamed web/staging Deployment/web/web -> Deployment/shop/web: metadata.namespace",
            "renamed web/staging ConfigMap/web/conf-# -> ConfigMap/shop/conf-#: metadata.namespace",
            "renamed web/staging Secret/web/keys-# -> Secret/shop/keys-#: metadata.namespace",
        ),
        (
            "recreated web/staging Service/web/web (becomes Service/shop/web)",
            "recreated web/staging Deployment/web/web (becomes Deployment/shop/web)",
            "recreated web/staging ConfigMap/web/conf-# (becomes ConfigMap/shop/conf-#)",
            "recreated web/staging Secret/web/keys-# (becomes Secret/shop/keys-#)",
        ),
    ),
    "a prefix for all names": Case(
        {f"{STAGING}/{K}": overlay("../../base", more="namespace: web\nnamePrefix: blue-\n")},
        (
            "renamed web/staging Service/web/web -> Service/web/blue-web: metadata.name",
            "renamed web/staging Deployment/web/web -> Deployment/web/blue-web: metadata.name, spec.template.spec.containers[name=web].envFrom[0].configMapRef.name, spec.template.spec.containers[name=web].envFrom[1].secretRef.name",
            "renamed web/staging ConfigMap/web/conf-# -> ConfigMap/web/blue-conf-#: metadata.name",
            "renamed web/staging Secret/web/keys-# -> Secret/web/blue-keys-#: metadata.name",
        ),
        (
            "recreated web/staging Service/web/web (becomes Service/web/blue-web)",
            "recreated web/staging Deployment/web/web (becomes Deployment/web/blue-web)",
            "recreated web/staging ConfigMap/web/conf-# (becomes ConfigMap/web/blue-conf-#)",
            "recreated web/staging Secret/web/keys-# (becomes Secret/web/blue-keys-#)",
        ),
    ),
    "another API version": Case(
        {f"{TOOL}/role.yaml": ROLE.replace("/v1", "/v1beta1")},
        ("changed tool/staging Role/reader -> Role/reader: apiVersion",),
    ),
    "an app less": Case(
        {f"{TOOL}/{name}": None for name in (K, "role.yaml", "settings.yaml", "token.yaml")} | {"argocd/tool-staging.yaml": None},
        (
            "removed tool/staging ConfigMap/settings",
            "removed tool/staging Role/reader",
            "removed tool/staging Secret/token",
            "removed argocd Application/argocd/tool-staging",
        ),
        (
            "Application removed argocd Application/argocd/tool-staging (what it syncs keeps running, unmanaged)",
            "deleted tool/staging ConfigMap/settings",
            "deleted tool/staging Role/reader",
            "deleted tool/staging Secret/token",
        ),
    ),
    "an app more": Case(
        {"apps/new/overlays/production/kustomization.yaml": overlay("map.yaml"), "apps/new/overlays/production/map.yaml": SETTINGS_MAP, "argocd/new-production.yaml": application("new", "production")},
        ("added new/production ConfigMap/settings", "added argocd Application/argocd/new-production"),
        ("Application added argocd Application/argocd/new-production (syncs apps/new/overlays/production; to https://kubernetes.default.svc/new)",),
    ),
    "an app's directory with another name": Case(
        {f"{TOOL}/{name}": None for name in (K, "role.yaml", "settings.yaml", "token.yaml")}
        | {f"{TOOL.replace('tool', 'kit')}/{name}": shop()[f"{TOOL}/{name}"] for name in (K, "role.yaml", "settings.yaml", "token.yaml")},
        (
            "moved kit/staging ConfigMap/settings from tool/staging",
            "moved kit/staging Role/reader from tool/staging",
            "moved kit/staging Secret/token from tool/staging",
        ),
        (
            "moved kit/staging ConfigMap/settings (comes from tool staging)",
            "moved kit/staging Role/reader (comes from tool staging)",
            "moved kit/staging Secret/token (comes from tool staging)",
        ),
    ),
    "an object that goes to another app, and differs": Case(
        {
            f"{TOOL}/{K}": overlay("settings.yaml", "token.yaml"),
            f"{TOOL}/role.yaml": None,
            "apps/kit/overlays/staging/kustomization.yaml": overlay("role.yaml"),
            "apps/kit/overlays/staging/role.yaml": ROLE.replace("list]", "list, watch]"),
        },
        ("moved kit/staging Role/reader from tool/staging: rules[].verbs[]",),
        ("moved kit/staging Role/reader (comes from tool staging)",),
    ),
    "an environment more": Case(
        {"apps/tool/overlays/production/kustomization.yaml": overlay("map.yaml"), "apps/tool/overlays/production/map.yaml": SETTINGS_MAP},
        ("added tool/production ConfigMap/settings",),
    ),
    "the target of an Application": Case(
        {"argocd/web-staging.yaml": application("web", "staging").replace("targetRevision: main", "targetRevision: v2")},
        ("changed argocd Application/argocd/web-staging: spec.source.targetRevision",),
        ("Application changed argocd Application/argocd/web-staging (source.targetRevision main -> v2)",),
    ),
    "an Application that takes everything along": Case(
        {"argocd/web-staging.yaml": None},
        ("removed argocd Application/argocd/web-staging",),
        ("Application removed argocd Application/argocd/web-staging (with everything that it syncs)",),
        before={"argocd/web-staging.yaml": application("web", "staging", ", finalizers: [resources-finalizer.argocd.argoproj.io]")},
    ),
    "another layout": Case(
        {"gitops.yaml": SETTINGS.replace("overlays", "envs")}
        | {f"{TOOL}/{name}": None for name in (K, "role.yaml", "settings.yaml", "token.yaml")}
        | {f"{TOOL.replace('overlays', 'envs')}/{name}": shop()[f"{TOOL}/{name}"] for name in (K, "role.yaml", "settings.yaml", "token.yaml")}
        | {f"{one.replace('overlays', 'envs')}/{K}": shop()[f"{one}/{K}"] for one in (STAGING, PRODUCTION)}
        | {f"{one}/{K}": None for one in (STAGING, PRODUCTION)},
    ),
    "the same label in two apps": Case(
        {
            f"{STAGING}/{K}": overlay("../../base", more="namespace: web\npatches: [{target: {kind: Service}, patch: '[{\"op\": \"add\", \"path\": \"/metadata/labels\", \"value\": {\"team\": \"shop\"}}]'}]\n"),
            f"{PRODUCTION}/{K}": overlay("../../base", more="namespace: web\npatches: [{target: {kind: Service}, patch: '[{\"op\": \"add\", \"path\": \"/metadata/labels\", \"value\": {\"team\": \"shop\"}}]'}]\n"),
            "apps/api/overlays/staging/service.yaml": SERVICE.replace("name: web}", "name: api, labels: {team: shop}}"),
        },
        (*both("changed {} Service/web/web: metadata.labels"), "changed api/staging Service/api: metadata.labels"),
        groups=1,
        before={"apps/api/overlays/staging/kustomization.yaml": overlay("service.yaml"), "apps/api/overlays/staging/service.yaml": SERVICE.replace("name: web}", "name: api}")},
    ),
    "a component that two apps share": Case(
        {"parts/label/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {team: b}\n"},
        ("changed web/staging Service/web/web: metadata.annotations.team", "changed tool/staging Role/reader: metadata.annotations.team"),
        before={
            "parts/label/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {team: a}\n",
            f"{STAGING}/{K}": overlay("service.yaml", more="namespace: web\ncomponents: [../../../../parts/label]\n"),
            f"{STAGING}/service.yaml": SERVICE,
            f"{TOOL}/{K}": overlay("role.yaml", more="components: [../../../../parts/label]\n"),
        },
    ),
    "a directory that only an Application names": Case(
        {"extras/limits.yaml": SETTINGS_MAP.replace("mode: fast", "mode: slow")},
        ("changed extras ConfigMap/settings: data.mode",),
        effects=("not restarted extras ConfigMap/settings (its name stays, so nothing that reads it is restarted)",),
        before={
            "extras/limits.yaml": SETTINGS_MAP,
            "argocd/extras.yaml": application("web", "extras").replace("apps/web/overlays/extras", "extras"),
        },
    ),
    "an app that is built upon another": Case(
        {f"{WEB}/service.yaml": SERVICE.replace("targetPort: metrics", "targetPort: 9091")},
        (*both("changed {} Service/web/web: spec.ports[port=9090,protocol=TCP].targetPort"), "changed copy/staging Service/web: spec.ports[port=9090,protocol=TCP].targetPort"),
        groups=1,
        before={"apps/copy/overlays/staging/kustomization.yaml": overlay("../../../web/base")},
    ),
}  # fmt: skip

_HASH = re.compile(r"-[2456789bcdfghkmt]{10}\b")


def lines(case: Case) -> tuple[list[str], list[str]]:
    before = edited(shop(), case.before)
    diff = compared(before, edited(before, case.edits))
    assert diff.failures == ()
    objects = []
    for change in diff.objects:
        line = _HASH.sub("-#", told(change))
        if change.kind is ObjectKind.RENAMED and any(
            f.consequence and f.path == ("metadata", "name") for f in change.fields
        ):
            line += (", " if ": " in line else ": ") + "1 hash"
        objects.append(line)
    effects = [
        f"{one.kind} {f'{one.overlay.app}/{one.overlay.environment}'.rstrip('/')} {one.id}"
        + (f" ({'; '.join(one.reasons)})" if one.reasons else "")
        for one in diff.effects
    ]
    return objects, [_HASH.sub("-#", effect) for effect in effects]


@pytest.mark.parametrize("name", CASES)
def test_objects_fields_and_effects_are_told_exactly(name: str) -> None:
    case = CASES[name]
    objects, effects = lines(case)
    assert sorted(objects) == sorted(case.objects)
    assert sorted(effects) == sorted(case.effects)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.groups is not None])
def test_the_same_change_is_shown_once(name: str) -> None:
    case = CASES[name]
    before = edited(shop(), case.before)
    assert len(group_changes(compared(before, edited(before, case.edits)).objects)) == case.groups


@pytest.mark.parametrize("kinds", [{ChangeKind.ADDED}, set(ChangeKind)])
@pytest.mark.parametrize("name", CASES)
def test_it_makes_no_difference_when_a_change_is_known(name: str, kinds: set[ChangeKind]) -> None:
    """New files are looked for beside the rest, and mostly found last."""
    case = CASES[name]
    before = edited(shop(), case.before)
    after = edited(before, case.edits)
    at_once, later = compared(before, after), compared(before, after, late=lambda change: change.kind in kinds)
    assert sorted(map(told, later.objects)) == sorted(map(told, at_once.objects))
    assert set(later.effects) == set(at_once.effects)
    assert {one.overlay for one in later.overlays} >= {one.overlay for one in at_once.overlays}
    assert sorted(later.notes) == sorted(at_once.notes)


@pytest.mark.parametrize("settings", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_none_is_missing_and_none_invented(name: str, *, settings: bool) -> None:
    """The objects that are told are those that differ when everything is rendered on both sides."""
    case = CASES[name]
    before = edited(shop(), case.before)
    after = edited(before, case.edits)
    if not settings:
        before, after = (edited(files, {"gitops.yaml": None}) for files in (before, after))
    old, new = (
        {
            (app, environment, str(one.id), one.id.version): one.body
            for app, environment, render in rendered(state(files, "side"))
            for one in render.resources
        }
        for files in (before, after)
    )
    differing = Counter(
        (app, env, name)
        for app, env, name, version in {*old, *new}
        if old.get((app, env, name, version)) != new.get((app, env, name, version))
    )
    said: Counter[tuple[str, str, str]] = Counter()
    for change in compared(before, after).objects:
        said[change.overlay.app, change.overlay.environment, str(change.id)] += 1
        if change.old_id is not None or change.old_overlay is not None:
            origin = change.old_overlay or change.overlay
            said[origin.app, origin.environment, str(change.old_id or change.id)] += 1
    assert said == differing
