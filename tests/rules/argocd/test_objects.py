"""What Argo CD is to apply: permissions, sharing, hooks, namespaces, differences, sizes, images, kustomizations."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_tool.model import Severity

from .shop import (
    APPLICATION,
    DEPLOYMENT,
    KUSTOMIZATION,
    PRODUCTION,
    PROJECTS,
    SETTINGS,
    Found,
    check,
    view_of,
    write,
)

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
STAGING = APPLICATION.replace("name: web\n", "name: staging\n").replace("overlays/production", "overlays/staging")


def found(tmp_path: Path, rule: str, files: dict[str, str]) -> list[Found]:
    return check(rule, view_of(write(tmp_path, files)))


def with_object(text: str, **files: str) -> dict[str, str]:
    return {
        f"{PRODUCTION}/kustomization.yaml": f"{KUSTOMIZATION}  - object.yaml\n",
        f"{PRODUCTION}/object.yaml": text,
        **files,
    }


def test_a_project_of_the_cluster_is_known_by_the_settings(tmp_path: Path) -> None:
    files = {"argocd/web.yaml": APPLICATION.replace("project: shop", "project: other")}
    assert [item.severity for item in found(tmp_path, "project-missing", files)] == [ERROR]
    files["gitops.yaml"] = f"{SETTINGS}  projects: [other]\n"
    assert found(tmp_path, "project-missing", files) == []


@pytest.mark.parametrize("project", ["project: default", "x: y"])
def test_the_default_project_is_not_missing_but_unchecked(tmp_path: Path, project: str) -> None:
    files = {"argocd/web.yaml": APPLICATION.replace("project: shop", project)}
    (item,) = found(tmp_path, "project-missing", files)
    assert (item.severity, item.message) == (
        INFO,
        'project "default" is not in this repository, so what it permits is not checked',
    )


def test_an_application_may_lie_in_a_namespace_that_its_project_lists(tmp_path: Path) -> None:
    listed = PROJECTS.replace("spec:\n", "spec:\n  sourceNamespaces: [team-*, /^web$/]\n", 1)
    for namespace, expected in (("team-a", []), ("web", []), ("webs", [ERROR])):
        application = APPLICATION.replace("namespace: argocd", f"namespace: {namespace}")
        files = {"argocd/projects.yaml": listed, "argocd/web.yaml": application}
        assert [item.severity for item in found(tmp_path, "project-denies-application", files)] == expected


NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n"
CART = "apiVersion: shop.example.com/v1\nkind: Cart\nmetadata: {name: web}\n"
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: carts.shop.example.com}
spec: {group: shop.example.com, scope: Cluster, names: {kind: Cart, plural: carts}}
"""
MAY_NAMESPACE = "  clusterResourceWhitelist:\n    - {group: '', kind: Namespace}\n"
ONLY_SERVICES = "  namespaceResourceWhitelist:\n    - {group: '', kind: Service}\n"
NO_DEPLOYMENTS = "  namespaceResourceBlacklist:\n    - {group: apps, kind: Deploy*}\n"


@pytest.mark.parametrize(
    ("text", "rules", "refused"),
    [
        (NAMESPACE, "", ["kind: Namespace"]),
        (NAMESPACE, MAY_NAMESPACE, []),
        (CONFIG, "", []),
        (CONFIG, ONLY_SERVICES, ["kind: Deployment", "kind: ConfigMap"]),
        (CONFIG, NO_DEPLOYMENTS, ["kind: Deployment"]),
        (
            CONFIG.replace("{name: settings}", "{name: settings, namespace: other}"),
            "",
            ["metadata: {name: settings, namespace: other}"],
        ),
        (CART, "", []),
        (f"{CART}---\n{DEFINITION}", "", ["kind: Cart", "kind: CustomResourceDefinition"]),
        (f"{CART}---\n{DEFINITION}", MAY_NAMESPACE.replace("''", "'*'").replace("Namespace", "'*'"), []),
        (NAMESPACE.replace("{name: web}", "{name: web, annotations: {argocd.argoproj.io/hook: Skip}}"), "", []),
    ],
)
def test_a_project_permits_kinds_and_namespaces(tmp_path: Path, text: str, rules: str, refused: list[str]) -> None:
    shop, separator, rest = PROJECTS.partition("---\n")
    items = found(
        tmp_path,
        "project-denies-object",
        with_object(text, **{"argocd/projects.yaml": shop + rules + separator + rest}),
    )
    assert sorted(item.line for item in items) == sorted(refused)


def test_a_source_that_argo_cd_changes_is_not_judged_by_its_render(tmp_path: Path) -> None:
    application = APPLICATION.replace("  destination:", "    kustomize: {namespace: web}\n  destination:")
    text = CONFIG.replace("{name: settings}", "{name: settings, namespace: other}")
    files = with_object(text, **{"argocd/web.yaml": application})
    assert found(tmp_path, "project-denies-object", files) == []


@pytest.mark.parametrize(
    ("other", "is_shared"),
    [
        (STAGING, True),
        (STAGING.replace("server: https://kubernetes.default.svc", "name: in-cluster"), True),
        (STAGING.replace("server: https://kubernetes.default.svc", "name: staging"), False),
        (STAGING.replace("namespace: web", "namespace: web-staging"), False),
        (STAGING.replace("targetRevision: main", "targetRevision: v1").replace("manifests.git", "other.git"), False),
    ],
)
def test_an_object_is_shared_in_one_cluster_only(tmp_path: Path, other: str, is_shared: bool) -> None:
    items = found(tmp_path, "object-shared", {"argocd/staging.yaml": other})
    assert bool(items) is is_shared
    if items:
        assert items[0].message == 'Applications "staging" and "web" both sync Deployment/web: the last one wins'


def test_hooks_are_not_shared_and_several_objects_are_one_finding(tmp_path: Path) -> None:
    objects = f"{CONFIG}---\n" + CONFIG.replace(
        "{name: settings}", "{name: x, annotations: {argocd.argoproj.io/hook: Sync}}"
    )
    files = {
        f"apps/web/overlays/{environment}/{name}": text
        for environment in ("staging", "production")
        for name, text in (("kustomization.yaml", f"{KUSTOMIZATION}  - object.yaml\n"), ("object.yaml", objects))
    }
    items = found(tmp_path, "object-shared", {"argocd/staging.yaml": STAGING, **files})
    assert [item.message for item in items] == [
        'Applications "staging" and "web" both sync ConfigMap/settings and 1 more: the last one wins'
    ]


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("PreSync", []),
        ("PostDelete", []),
        ("Skip", []),
        ("PreSync, PostSync", []),
        ("presync", [ERROR]),
        ("PreSync,After", [WARNING]),
        ("", [ERROR]),
        ("Never, helm.sh/hook: pre-install", [WARNING]),
    ],
)
def test_a_hook_of_no_known_phase_is_never_applied(tmp_path: Path, hook: str, expected: list[Severity]) -> None:
    value, _, helm = hook.partition(", helm")
    more = f", helm{helm}" if helm else ""
    annotations = f"{{argocd.argoproj.io/hook: '{value}'{more}}}"
    text = CONFIG.replace("{name: settings}", f"{{name: settings, annotations: {annotations}}}")
    assert [item.severity for item in found(tmp_path, "hook-unknown", with_object(text))] == expected


@pytest.mark.parametrize(("wave", "expected"), [("-5", 0), ("+5", 0), ("0", 0), ("1.0", 1), ("first", 1), (" 1", 1)])
def test_a_sync_wave_is_what_go_reads_as_an_integer(tmp_path: Path, wave: str, expected: int) -> None:
    text = CONFIG.replace("{name: settings}", f"{{name: x, annotations: {{argocd.argoproj.io/sync-wave: '{wave}'}}}}")
    assert len(found(tmp_path, "sync-wave-not-integer", with_object(text))) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (with_object(NAMESPACE), 0),
        (with_object(NAMESPACE.replace("name: web", "name: other")), 1),
        ({"gitops.yaml": f"{SETTINGS}external: [Namespace//web]\n"}, 0),
        ({"argocd/web.yaml": APPLICATION.replace("namespace: web", "namespace: kube-system")}, 0),
        ({"argocd/web.yaml": APPLICATION.replace("name: web\n  namespace: argocd", "name: web\n  namespace: web")}, 0),
    ],
)
def test_a_namespace_comes_from_somewhere(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    assert len(found(tmp_path, "namespace-not-created", files)) == expected


def test_a_namespace_that_a_kustomization_sets_everywhere_is_nobodys_fault(tmp_path: Path) -> None:
    text = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: web, namespace: web}\nvalue: 1\n"
    files = with_object(text)
    assert len(found(tmp_path, "namespace-on-cluster-object", files)) == 1
    files[f"{PRODUCTION}/kustomization.yaml"] += "namespace: web\n"
    assert found(tmp_path, "namespace-on-cluster-object", files) == []


IGNORING = f"{APPLICATION}  ignoreDifferences:\n"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}", []),
        ("{group: '*', kind: '*', managedFieldsManagers: [x]}", []),
        ("{group: apps, kind: Deployment, name: web, namespace: web, jsonPointers: [/spec]}", []),
        (
            "{kind: Deployment, jsonPointers: [/spec]}",
            [("this entry matches no object of the Application (kind: Deployment)", 'its group is "apps"')],
        ),
        (
            "{group: apps, kind: Deployment, name: api, jsonPointers: [/spec]}",
            [("this entry matches no object of the Application (group: apps, kind: Deployment, name: api)", None)],
        ),
        (
            "{group: apps, kind: Deployment, jsonPointers: [spec.replicas]}",
            [('"spec.replicas" is no JSON pointer, so nothing is ignored', 'write "/spec/replicas"')],
        ),
    ],
)
def test_an_ignored_difference_is_one_of_the_applications(
    tmp_path: Path, entry: str, expected: list[tuple[str, str | None]]
) -> None:
    items = found(tmp_path, "ignore-differences-unmatched", {"argocd/web.yaml": f"{IGNORING}    - {entry}\n"})
    assert [(item.message, item.hint) for item in items] == expected


def test_an_ignored_difference_may_be_of_a_source_that_is_elsewhere(tmp_path: Path) -> None:
    sources = "  sources:\n    - {repoURL: https://charts.example.com, chart: redis, targetRevision: 1.0.0}\n"
    application = IGNORING.replace(IGNORING[IGNORING.index("  source:") : IGNORING.index("  destination:")], sources)
    files = {"argocd/web.yaml": f"{application}    - {{kind: Service, jsonPointers: [/spec]}}\n"}
    assert found(tmp_path, "ignore-differences-unmatched", files) == []


SCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 9
"""
SCALED_OBJECT = (
    "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: web}\nspec: {scaleTargetRef: {name: web}}\n"
)
RESPECT = "  syncPolicy: {syncOptions: [RespectIgnoreDifferences=true]}\n"
IGNORE = "  ignoreDifferences: [{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}]\n"


@pytest.mark.parametrize(
    ("scaler", "replicas", "application", "expected"),
    [
        (SCALER, "  replicas: 3\n", "", 1),
        (SCALED_OBJECT, "  replicas: 3\n", "", 1),
        (SCALER, "", "", 0),
        (SCALER.replace("name: web}\n  max", "name: api}\n  max"), "  replicas: 3\n", "", 0),
        (SCALER, "  replicas: 3\n", IGNORE, 1),
        (SCALER, "  replicas: 3\n", RESPECT, 1),
        (SCALER, "  replicas: 3\n", IGNORE + RESPECT, 0),
    ],
)
def test_replicas_belong_to_git_or_to_the_autoscaler(
    tmp_path: Path, scaler: str, replicas: str, application: str, expected: int
) -> None:
    files = with_object(
        scaler,
        **{
            f"{PRODUCTION}/deployment.yaml": DEPLOYMENT.replace("spec:\n", f"spec:\n{replicas}", 1),
            "argocd/web.yaml": APPLICATION + application,
        },
    )
    assert len(found(tmp_path, "replicas-autoscaled", files)) == expected


def large(length: int, char: str = "x") -> dict[str, str]:
    return with_object(f"{CONFIG}data: {{text: '{char * length}'}}\n")


def test_the_limit_of_client_side_apply_is_exact(tmp_path: Path) -> None:
    written = len('{"apiVersion":"v1","data":{"text":""},"kind":"ConfigMap","metadata":{"name":"settings"}}\n')
    room = 262144 - written - len("kubectl.kubernetes.io/last-applied-configuration")
    assert found(tmp_path, "object-too-large", large(room)) == []
    (item,) = found(tmp_path, "object-too-large", large(room + 1))
    assert item.message == "client-side apply needs 262145 bytes of annotations, and 262144 are allowed"
    assert len(found(tmp_path, "object-too-large", large(room // 6 + 1, "<"))) == 1


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        (APPLICATION, [ERROR]),
        (f"{APPLICATION}  syncPolicy: {{syncOptions: [ServerSideApply=true]}}\n", []),
        (f"{APPLICATION}  syncPolicy: {{syncOptions: [Replace=true]}}\n", []),
        (APPLICATION.replace("overlays/production", "overlays/staging"), [WARNING]),
    ],
)
def test_a_large_object_is_an_error_where_client_side_apply_is_certain(
    tmp_path: Path, application: str, expected: list[Severity]
) -> None:
    files = {**large(300_000), "argocd/web.yaml": application}
    assert [item.severity for item in found(tmp_path, "object-too-large", files)] == expected


PATCH = '[{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]'
ENTRY = f"{KUSTOMIZATION}images:\n  - name: registry.example.com/web\n    newTag: 1.5.0\n"


@pytest.mark.parametrize(
    ("image", "is_override"),
    [
        ("registry.example.com/web:1.3.0", True),
        ("registry.example.com/web=other.example.com/web:2", True),
        ("registry.example.com/web:1.5.0", False),
        ("registry.example.com/worker:1.3.0", False),
    ],
)
def test_an_application_that_sets_another_image_is_found_at_its_line(
    tmp_path: Path, image: str, is_override: bool
) -> None:
    images = f"    kustomize:\n      images:\n        - {image}\n"
    application = APPLICATION.replace("  destination:", f"{images}  destination:")
    files = {f"{PRODUCTION}/kustomization.yaml": ENTRY, "argocd/web.yaml": application}
    message = f'Argo CD sets image "registry.example.com/web" to "{image}" whatever the kustomization says'
    items = found(tmp_path, "image-overridden", files)
    assert [(item.message, item.line) for item in items] == ([(message, f"- {image}")] if is_override else [])


@pytest.mark.parametrize(
    ("entries", "unused"),
    [
        ("[{name: registry.example.com/web, newTag: 1.5.0}]", 0),
        ("[{name: registry.example.com/web, newName: mirror.example.com/web}]", 0),
        ("[{name: registry.example.com/web, digest: sha256:" + "a" * 64 + "}]", 0),
        ("[{name: registry.example.com/web, newTag: 1.5.0, digest: sha256:" + "a" * 64 + "}]", 0),
        ("[{name: registry.example.com/w.b, newTag: 1.5.0}]", 0),
        ("[{name: registry.example.com/web, newName: x, newTag: a}, {name: x, newTag: b}]", 1),
        ("[{name: web, newTag: 1.5.0}]", 1),
        ("[{name: registry.example.com/cart, newTag: 2.0.0}]", 1),
    ],
)
def test_an_images_entry_has_an_effect(tmp_path: Path, entries: str, unused: int) -> None:
    cart = f"{CART}spec: {{image: 'registry.example.com/cart:1.0.0'}}\n"
    files = with_object(cart)
    files[f"{PRODUCTION}/kustomization.yaml"] += f"images: {entries}\n"
    assert len(found(tmp_path, "image-entry-unused", files)) == unused


@pytest.mark.parametrize(
    ("target", "more", "expected"),
    [
        ("{kind: Deployment}", "", 0),
        ("{name: w.*}", "", 0),
        ("{labelSelector: app=nothing}", "", 0),
        ("{kind: StatefulSet}", "", 1),
        ("{group: batch, kind: Deployment}", "", 1),
        ("{kind: Deployment, name: we}", "", 1),
        ("{kind: Deployment, name: we}", "namePrefix: x-\n", 0),
        ("{kind: ConfigMap, name: made}", "configMapGenerator: [{name: made, literals: [a=b]}]\n", 0),
    ],
)
def test_a_patch_hits_something(tmp_path: Path, target: str, more: str, expected: int) -> None:
    patches = f"patches:\n  - target: {target}\n    patch: '{PATCH}'\n"
    files = {f"{PRODUCTION}/kustomization.yaml": KUSTOMIZATION + more + patches}
    assert len(found(tmp_path, "patch-target-unmatched", files)) == expected


@pytest.mark.parametrize(
    ("url", "moves"),
    [
        ("https://github.com/example/manifests//base?ref=v1.4.0", False),
        ("https://github.com/example/manifests//base?timeout=90s&ref=v1.4.0", False),
        ("https://github.com/example/manifests//base?ref=", True),
        ("github.com/example/manifests", True),
        ("https://raw.githubusercontent.com/example/manifests/v1.4.0/all.yaml", False),
        ("https://raw.githubusercontent.com/example/manifests/main/all.yaml", True),
        ("https://github.com/example/manifests/releases/latest/download/all.yaml", True),
    ],
)
def test_a_remote_base_has_a_revision(tmp_path: Path, url: str, moves: bool) -> None:
    files = {f"{PRODUCTION}/kustomization.yaml": f"resources:\n  - {url}\n"}
    assert bool(found(tmp_path, "remote-base-unpinned", files)) is moves
