"""What an Application tells kustomize, what files lay over it, and what an AppProject says of itself.

What is an error here, Argo CD 3.6.1 refused when it ran with such objects; what is none, it synced.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gitops_tool.model import Severity

from .shop import APPLICATION, DEPLOYMENT, EXAMPLE, KUSTOMIZATION, PRODUCTION, check, view_of, write

ERROR, WARNING = Severity.ERROR, Severity.WARNING
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"


def found(tmp_path: Path, rule: str, files: dict[str, str]) -> list[tuple[Severity, str]]:
    return [(item.severity, item.message) for item in check(rule, view_of(write(tmp_path, files)))]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("kustomize: {namePrefix: a-, images: ['web:1']}", []),
        ("kustomize: {components: [../../canary]}", []),
        ("kustomize: {components: [../../none]}", [(ERROR, 'the component "../../none" does not exist')]),
        ("kustomize: {components: [../../none], ignoreMissingComponents: true}", []),
        ("kustomize: {components: ['https://git.example.com/x//y?ref=v1']}", []),
        ("kustomize: {patches: [{target: {kind: Deployment}, patch: '[]'}]}", []),
        ("kustomize: {patches: [{target: {kind: Deployment}, path: deployment.yaml}]}", []),
        (
            "kustomize: {patches: [{target: {kind: Deployment},"
            " patch: '- {op: replace, path: /spec/none/x, value: 1}'}]}",
            [(ERROR, 'the patch\'s path "/spec/none/x" does not exist in Deployment/web')],
        ),
        (
            "kustomize: {patches: [{target: {kind: Deployment}, patch: '- {op: remove, path: /spec/replicas}'}]}",
            [(ERROR, 'the patch\'s path "/spec/replicas" does not exist in Deployment/web')],
        ),
        (
            "kustomize: {patches: [{target: {kind: Deployment},"
            ' patch: \'[{"op": "add", "path": "/spec/replicas", "value": 1},'
            ' {"op": "replace", "path": "/spec/replicas", "value": 2}]\'}]}',
            [],
        ),
        (
            "kustomize: {patches: [{target: {kind: Deployment},"
            " patch: '- {op: replace, path: /spec/template/spec/containers/0/image, value: a}'}]}",
            [],
        ),
        (
            "kustomize: {patches: [{target: {kind: Deployment},"
            " patch: '- {op: replace, path: /spec/replicas, value: 1}'}]}",
            [],
        ),
        (
            "kustomize: {patches: [{target: {kind: Deployment}, patch: '[{op: remove, path: /spec/selector}]'}]}",
            [(ERROR, "a patch that begins with a bracket has to be JSON: write its operations with hyphens")],
        ),
        ("kustomize: {patches: [{target: {kind: Job}, patch: '- {op: remove, path: /spec/x}'}]}", []),
        ("kustomize: {patches: [{target: {kind: Deployment, name: w.*}, patch: '- {op: remove, path: /spec/x}'}]}", []),
        ("kustomize: {patches: [{path: none.yaml}]}", [(ERROR, 'the patch "none.yaml" does not exist')]),
        ("kustomize: {patches: [{target: {kind: Deployment}}]}", [(ERROR, "the patch has neither patch nor path")]),
        ("kustomize: {patches: [{patch: '{kind: Deployment, metadata: {name: web}}'}]}", []),
        (
            "kustomize: {patches: [{patch: '{kind: Deployment, metadata: {name: other}}'}]}",
            [(ERROR, 'the patch is for Deployment "other", which is not rendered')],
        ),
        (
            "kustomize: {patches: [{patch: '{spec: {replicas: 1}}'}]}",
            [(ERROR, "the patch has no target, and does not name an object itself")],
        ),
        ("kustomize: {commonLabels: {team: shop}}", []),
        ("kustomize: {commonLabels: {team: a b}}", [(ERROR, '"a b" is no value of a label')]),
        ("kustomize: {replicas: [{name: web, count: '2'}]}", []),
        ("kustomize: {replicas: [{name: web, count: many}]}", [(ERROR, '"many" is no number of replicas')]),
        ("kustomize: {replicas: [{name: db, count: 2}]}", [(ERROR, '"db" is not rendered, and kustomize then stops')]),
        ("kustomize: {version: v4.5.7}", [(WARNING, 'Argo CD renders only if "v4.5.7" is registered in argocd-cm')]),
        ("kustomize: {commonAnnotations: {example.com/a: b}}", []),
        ("kustomize: {commonAnnotations: {a b: c}}", [(ERROR, '"a b" is no key of a label or annotation')]),
        ("kustomize: {namePrefix: A_}", [(ERROR, '"A_" cannot be a part of a name')]),
        ("kustomize: {}", []),
        ("helm: {}", []),
        (
            "helm: {releaseName: web}",
            [(ERROR, f'the source has options for Helm, and in "{PRODUCTION}" is no Chart.yaml')],
        ),
    ],
)
def test_options_fit_the_directory(tmp_path: Path, options: str, expected: list[tuple[Severity, str]]) -> None:
    application = APPLICATION.replace("  destination:", f"    {options}\n  destination:")
    files = {"argocd/web.yaml": application, "apps/web/canary/kustomization.yaml": COMPONENT}
    assert found(tmp_path, "application-tool-options", files) == expected


def test_an_unreadable_patch_is_told(tmp_path: Path) -> None:
    patch = "kustomize: {patches: [{target: {kind: Deployment}, patch: '- op: ['}]}"
    application = APPLICATION.replace("  destination:", f"    {patch}\n  destination:")
    ((severity, message),) = found(tmp_path, "application-tool-options", {"argocd/web.yaml": application})
    assert severity is ERROR
    assert message.startswith("the patch cannot be read: ")


def test_a_plain_directory_takes_no_options_for_kustomize(tmp_path: Path) -> None:
    application = APPLICATION.replace(PRODUCTION + "\n", "plain\n    kustomize: {namePrefix: a-}\n")
    files = {"argocd/web.yaml": application, "plain/web.yaml": DEPLOYMENT}
    assert found(tmp_path, "application-tool-options", files) == [
        (ERROR, 'the source has options for kustomize, and in "plain" is no kustomization')
    ]


def test_a_namespace_from_the_application_is_permitted_or_not(tmp_path: Path) -> None:
    application = APPLICATION.replace("  destination:", "    kustomize: {namespace: kube-system}\n  destination:")
    assert found(tmp_path, "project-denies-destination", {"argocd/web.yaml": application}) == [
        (ERROR, 'project "shop" does not permit namespace "kube-system" of cluster "https://kubernetes.default.svc"')
    ]


@pytest.mark.parametrize(("namespace", "count"), [("web", 0), ("Web", 1), ("a_b", 1), ("${NAMESPACE}", 0)])
def test_a_namespace_is_a_dns_label(tmp_path: Path, namespace: str, count: int) -> None:
    application = APPLICATION.replace("    namespace: web", f"    namespace: {namespace}")
    assert len(found(tmp_path, "application-destination", {"argocd/web.yaml": application})) == count


def test_two_sources_of_one_application_share_no_object(tmp_path: Path) -> None:
    source = APPLICATION[APPLICATION.index("    repoURL") : APPLICATION.index("  destination:")]
    item = "    - " + source.strip().replace("\n    ", "\n      ") + "\n"
    both = APPLICATION.replace("  source:\n" + source, "  sources:\n" + item * 2)
    assert found(tmp_path, "object-shared", {"argocd/web.yaml": both}) == [
        (ERROR, 'Application "web" has Deployment/web from two of its sources: the last one wins')
    ]


def test_an_application_set_takes_over_what_has_its_name(tmp_path: Path) -> None:
    spec = APPLICATION[APPLICATION.index("spec:\n") :].replace("\n", "\n    ")
    generators = "generators: [{list: {elements: [{name: web}]}}]"
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set, namespace: argocd}\n"
        f'spec:\n  goTemplate: true\n  {generators}\n  template:\n    metadata: {{name: "{{{{.name}}}}"}}\n    {spec}'
    )
    found_here = found(tmp_path, "application-duplicate", {"argocd/zz.yaml": text})
    assert found_here == [(WARNING, 'Application "web" is also declared in "argocd/web.yaml"')]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kustomize:\n  images: [web:1]\n", []),
        ("{}\n", []),
        ("kustomise: {}\n", []),
        ("directory:\n  recurse: false\n", []),
        ("directory:\n  recurse: true\n", ['because of "directory", the kustomization is applied as a manifest']),
        ("kustomize:\n  components: [none]\n", ['the component "none" does not exist']),
        ("\n", ["the file is empty, and Argo CD renders nothing"]),
        ("# later\n", ["the file is empty, and Argo CD renders nothing"]),
        ("- a\n", ["the file is no mapping, and Argo CD renders nothing"]),
        ("kustomize:\n  images: web:1\n", ["kustomize.images is not a list"]),
        ("kustomize: web\n", ["kustomize is no mapping"]),
        ("helm:\n  releaseName: x\n", ["options of Helm, where there is no chart but a kustomization"]),
    ],
)
@pytest.mark.parametrize("name", [".argocd-source.yaml", ".argocd-source-web.yaml"])
def test_an_override_file_can_be_read(tmp_path: Path, name: str, text: str, expected: list[str]) -> None:
    tree = write(tmp_path, {})
    (tmp_path / PRODUCTION / name).write_text(text)
    assert [item.message for item in check("source-override-invalid", view_of(tree))] == expected


def test_a_broken_override_file_is_told(tmp_path: Path) -> None:
    ((severity, message),) = found(
        tmp_path, "source-override-invalid", {f"{PRODUCTION}/.argocd-source.yaml": "kustomize: ]\n"}
    )
    assert severity is ERROR
    assert message.startswith("the file cannot be read: ")


def project(tmp_path: Path, spec: str) -> list[tuple[Severity, str]]:
    text = f"apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {{name: team}}\nspec: {spec}\n"
    listed = f"{KUSTOMIZATION}  - example.yaml\n"
    return found(tmp_path, "project-invalid", {EXAMPLE: text, f"{PRODUCTION}/kustomization.yaml": listed})


POLICY = "p, proj:team:ci, applications, sync, team/*, allow"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (POLICY, []),
        (POLICY.replace("sync", "action/apps/Deployment/restart"), []),
        (POLICY.replace("sync", "update/*").replace("team/*", "team/ns/web"), []),
        (POLICY.replace("applications, sync", "logs, get"), []),
        (POLICY.replace("team:ci", "shop:ci"), ['the policy\'s subject is "proj:shop:ci", and not "proj:team:ci"']),
        (POLICY.replace("allow", "permit"), ['the policy\'s effect is "permit", and not allow or deny']),
        (POLICY.replace("team/*", "shop/*"), ['the policy\'s object is "shop/*", and not of the form "team/NAME"']),
        (POLICY.replace(", team/*", ""), ["a policy has six parts: p, subject, resource, action, object, effect"]),
        (
            POLICY.replace("sync", "synch"),
            ['there is no action "synch": *, create, delete, get, override, rollback, sync, update'],
        ),
        (
            POLICY.replace("applications", "apps"),
            ['a project has no resource "apps": applications, applicationsets, clusters, exec, logs, repositories'],
        ),
    ],
)
def test_a_policy_is_one_that_argo_cd_reads(tmp_path: Path, policy: str, expected: list[str]) -> None:
    items = project(tmp_path, f"{{roles: [{{name: ci, policies: ['{policy}']}}]}}")
    assert items == [(WARNING, message) for message in expected]


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        (".spec.template.spec.containers[].resources", None),
        ('.data["a]b"] | select(. == "\\"")', None),
        (".spec.template[", '"[" is not closed'),
        (".spec.template)", '")" closes nothing'),
        (".spec | select(.a == 'b')", "a text has to be in double quotes"),
        ('.spec | select(.a == "b)', "a text does not end"),
        ('.a == "\\(.b', None),
        ("${EXPRESSION", None),
    ],
)
def test_a_jq_expression_has_its_brackets_and_quotes(tmp_path: Path, expression: str, wrong: str | None) -> None:
    entry = {"kind": "Deployment", "group": "apps", "jqPathExpressions": [expression]}
    application = f"{APPLICATION}  ignoreDifferences: {json.dumps([entry])}\n"
    items = found(tmp_path, "jq-expression-invalid", {"argocd/web.yaml": application})
    assert items == ([(ERROR, f"the expression cannot be read: {wrong}")] if wrong else [])


def test_a_namespace_is_created_only_if_the_project_permits_it(tmp_path: Path) -> None:
    application = f"{APPLICATION}  syncPolicy: {{syncOptions: [CreateNamespace=true]}}\n"
    message = 'CreateNamespace=true does not create "web", as the project does not permit a Namespace'
    assert found(tmp_path, "namespace-not-created", {"argocd/web.yaml": application}) == [(WARNING, message)]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("{kind: allow, schedule: 0 22 * * *, duration: 1h30m, applications: ['*']}", []),
        ("{kind: deny, schedule: TZ=Asia/Seoul 0 22 * * *, duration: 24h, clusters: [a]}", []),
        ("{kind: permit, schedule: 0 22 * * *, duration: 1h, clusters: [a]}", [ERROR]),
        ("{kind: allow, schedule: 0 22 * *, duration: 1h, clusters: [a]}", [ERROR]),
        ("{kind: allow, schedule: '@daily', duration: 1h, clusters: [a]}", [ERROR]),
        ("{kind: allow, schedule: 0 22 * * *, duration: 1d, clusters: [a]}", [ERROR]),
        ("{kind: allow, schedule: 0 22 * * *, duration: 1h}", [WARNING]),
    ],
)
def test_a_sync_window_is_one_that_argo_cd_reads(tmp_path: Path, window: str, expected: list[Severity]) -> None:
    assert [severity for severity, _ in project(tmp_path, f"{{syncWindows: [{window}]}}")] == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("{sourceRepos: ['*', '!https://git.example.com/*']}", []),
        ("{sourceRepos: ['*', '!*']}", [ERROR]),
        ("{sourceRepos: ['*', '*']}", [WARNING]),
        ("{destinations: [{server: '*', namespace: '!*'}]}", [ERROR]),
        ("{destinations: [{server: a, namespace: b}, {server: a, namespace: c}]}", []),
        ("{destinations: [{server: a, namespace: b}, {server: a, namespace: b}]}", [WARNING]),
        ("{roles: [{name: c i}]}", [WARNING]),
        ("{roles: [{name: ci}, {name: ci}]}", [WARNING]),
        (f"{{description: {'x' * 256}}}", [ERROR]),
        (f"{{description: {'x' * 255}}}", []),
        ("{roles: [{name: ci, groups: ['team:ops', a b]}]}", []),
        ("{roles: [{name: ci, groups: ['a,b', '\"a,b\"', ' c']}]}", [WARNING, WARNING]),
        (f"{{roles: [{{name: ci, policies: ['{POLICY}', '{POLICY}']}}]}}", [WARNING]),
        ("{destinationServiceAccounts: [{server: '*', namespace: a, defaultServiceAccount: deployer}]}", []),
        ("{destinationServiceAccounts: [{server: '*', namespace: '!a', defaultServiceAccount: deployer}]}", [ERROR]),
        ("{destinationServiceAccounts: [{server: '*', namespace: a, defaultServiceAccount: 'a*'}]}", [ERROR]),
    ],
)
def test_a_project_is_one_that_argo_cd_saves(tmp_path: Path, spec: str, expected: list[Severity]) -> None:
    assert [severity for severity, _ in project(tmp_path, spec)] == expected
