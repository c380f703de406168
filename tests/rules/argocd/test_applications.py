"""What Argo CD is told to sync: sources, directories, destinations, options."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_tool.model import Severity

from .shop import (
    APPLICATION,
    DEPLOYMENT,
    KUSTOMIZATION,
    PRODUCTION,
    SETTINGS,
    Found,
    check,
    overlay,
    view_of,
    write,
)

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
WITHOUT_URL = SETTINGS.replace("  repoURL: https://git.example.com/shop/manifests.git\n", "")


def found(tmp_path: Path, rule: str, files: dict[str, str]) -> list[Found]:
    return check(rule, view_of(write(tmp_path, files)))


def messages(tmp_path: Path, rule: str, application: str, **files: str) -> list[tuple[Severity, str]]:
    items = found(tmp_path, rule, {"argocd/web.yaml": application, **files})
    return [(item.severity, item.message) for item in items]


def test_the_shop_itself_is_fault_free_but_for_its_namespace(tmp_path: Path) -> None:
    from gitops_tool.rules.argocd import RULES

    view = view_of(write(tmp_path, {}))
    assert {rule.id: len(check(rule.id, view)) for rule in RULES if check(rule.id, view)} == {
        "namespace-not-created": 1
    }


SOURCE = APPLICATION[APPLICATION.index("  source:") : APPLICATION.index("  destination:")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", [(ERROR, "the Application has no source")]),
        ("  source: {}\n", [(ERROR, "the source has no repoURL")]),
        ("  source: {repoURL: https://a.example}\n", [(ERROR, 'the source has neither "path" nor "chart"')]),
        (
            "  source: {repoURL: https://a.example, ref: values}\n",
            [(ERROR, 'the source has neither "path" nor "chart"')],
        ),
        ("  sources: [{repoURL: https://a.example, ref: values}]\n", []),
        (
            "  sources: [{repoURL: https://a.example}]\n",
            [(ERROR, 'the source has neither "path", "chart" nor "ref"')],
        ),
        (
            "  sources: [{repoURL: https://a.example, ref: v}, {repoURL: https://b.example, ref: v}]\n",
            [(ERROR, 'several sources have the ref "v"')],
        ),
        (
            "  sources: [{repoURL: https://a.example, ref: my values}]\n",
            [(ERROR, 'ref "my values" holds characters other than letters, digits, "_" and "-"')],
        ),
        (
            SOURCE + "  sources: [{repoURL: https://a.example, ref: v}]\n",
            [(WARNING, "spec.source is ignored, because spec.sources is there, too")],
        ),
        (
            "  sourceHydrator: {drySource: {path: apps/web}, syncSource: {path: x}}\n",
            [
                (ERROR, "spec.sourceHydrator.drySource.repoURL is required"),
                (ERROR, "spec.sourceHydrator.syncSource.targetBranch is required"),
            ],
        ),
    ],
)
def test_a_source_is_complete(tmp_path: Path, source: str, expected: list[tuple[Severity, str]]) -> None:
    assert messages(tmp_path, "application-source", APPLICATION.replace(SOURCE, source)) == expected


@pytest.mark.parametrize(
    ("options", "tools"),
    [
        ("    kustomize: {}\n    helm: {releaseName: web}\n", None),
        ("    directory: {recurse: false}\n    helm: {releaseName: web}\n", None),
        ("    directory: {jsonnet: {tlas: []}}\n    kustomize: {namePrefix: x-}\n", None),
        ("    directory: {recurse: true}\n    kustomize: {namePrefix: x-}\n", "kustomize, directory"),
        ("    plugin: {}\n    kustomize: {namePrefix: x-}\n", "kustomize, plugin"),
    ],
)
def test_options_without_content_are_not_there(tmp_path: Path, options: str, tools: str | None) -> None:
    application = APPLICATION.replace("  destination:", f"{options}  destination:")
    expected = [(ERROR, f"the source has options for several tools: {tools}")] if tools else []
    assert messages(tmp_path, "application-source-type", application) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("apps/web/overlays/production/", []),
        ("./apps/web/../web/overlays/production", []),
        (".", []),
        ("apps/web/overlays/live", [(ERROR, 'path "apps/web/overlays/live" does not exist')]),
        ("gitops.yaml", [(ERROR, 'path "gitops.yaml" is not a directory')]),
        ("/apps/web", [(ERROR, 'path "/apps/web" is absolute')]),
        ("../apps/web", [(ERROR, 'path "../apps/web" leads out of the repository')]),
        ("apps/../../web", [(ERROR, 'path "apps/../../web" leads out of the repository')]),
        ("apps/${ENVIRONMENT}", []),
    ],
)
def test_a_path_is_a_directory(tmp_path: Path, path: str, expected: list[tuple[Severity, str]]) -> None:
    application = APPLICATION.replace("path: apps/web/overlays/production", f"path: {path}")
    assert messages(tmp_path, "application-path", application) == expected


@pytest.mark.parametrize(
    ("revision", "is_judged"),
    [("main", True), ("HEAD", True), ("production", True), ("v1.4.0", False), ("1.x", False), ("0a1b2c3d", False)],
)
def test_only_a_branch_is_looked_up_in_the_files(tmp_path: Path, revision: str, is_judged: bool) -> None:
    source = f"path: apps/nothing\n    targetRevision: {revision}"
    application = APPLICATION.replace("path: apps/web/overlays/production", source)
    assert bool(messages(tmp_path, "application-path", application)) is is_judged


def test_another_repositorys_path_is_not_looked_up(tmp_path: Path) -> None:
    application = APPLICATION.replace("shop/manifests", "shop/charts").replace("overlays/production", "nowhere")
    assert messages(tmp_path, "application-path", application) == []


def test_a_repository_without_a_url_is_the_one_that_most_paths_are_in(tmp_path: Path) -> None:
    other = APPLICATION.replace("name: web\n", "name: staging\n").replace("overlays/production", "overlays/staging")
    wrong = APPLICATION.replace("name: web\n", "name: wrong\n").replace("overlays/production", "overlays/live")
    items = found(
        tmp_path,
        "application-path",
        {"gitops.yaml": WITHOUT_URL, "argocd/other.yaml": other, "argocd/wrong.yaml": wrong},
    )
    assert [(item.severity, item.place) for item in items] == [(WARNING, "argocd/wrong.yaml:10")]


JOB = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\n"


@pytest.mark.parametrize(
    ("files", "options", "expected"),
    [
        ({"job.yaml": JOB}, "", []),
        ({"job.yaml": JOB, "values.yaml": "replicas: 3\n"}, "", []),
        ({"Chart.yaml": "name: x\n"}, "", []),
        ({"job.yaml": f"{JOB}---\nreplicas: 3\n"}, "", [ERROR]),
        ({"deep/job.yaml": JOB}, "", [WARNING]),
        ({"job.yaml": JOB.replace("name: x", "name: {{ .Values.name }}")}, "", [ERROR]),
        ({"job.yaml": JOB.replace("{name: x}", "[")}, "    directory: {exclude: 'j*'}\n", [WARNING]),
        ({"job.yaml": JOB, "notes.yaml": "a: [\n"}, "", []),
        ({"job.yaml": f"# +argocd:skip-file-rendering\n{JOB}a: [\n"}, "", []),
        ({"job.json": '{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}}'}, "", []),
        ({"job.json": '{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"},}'}, "", [ERROR]),
        ({"job.json": JOB}, "", [ERROR]),
        ({"job.json": '{"a": 1}'}, "", [ERROR]),
        ({"deep/job.yaml": JOB}, "    directory: {recurse: true}\n", []),
        ({"deep/job.yaml": JOB}, "    directory: {recurse: true, include: '*.json'}\n", [WARNING]),
        ({"README.md": "x"}, "", [WARNING]),
        ({"kustomization.yaml": KUSTOMIZATION, "deployment.yaml": DEPLOYMENT}, "", []),
        (
            {"kustomization.yaml": KUSTOMIZATION, "deployment.yaml": DEPLOYMENT},
            "    directory: {recurse: true}\n",
            [ERROR],
        ),
        (
            {"kustomization.yaml": "resources: [deployment.yaml]\n", "deployment.yaml": DEPLOYMENT},
            "    directory: {recurse: true}\n",
            [WARNING],
        ),
        (
            {"kustomization.yaml": KUSTOMIZATION, "deployment.yaml": DEPLOYMENT},
            "    directory: {recurse: true, exclude: kustomization.yaml}\n",
            [],
        ),
    ],
)
def test_a_directory_is_read_by_argo_cds_rules(
    tmp_path: Path, files: dict[str, str], options: str, expected: list[Severity]
) -> None:
    application = APPLICATION.replace("path: apps/web/overlays/production\n", f"path: plain\n{options}")
    below = {f"plain/{name}": text for name, text in files.items()}
    assert [severity for severity, _ in messages(tmp_path, "application-directory", application, **below)] == expected


def test_the_directory_that_is_meant_is_the_hint(tmp_path: Path) -> None:
    application = APPLICATION.replace("overlays/production", "overlays")
    (item,) = found(tmp_path, "application-directory", {"argocd/web.yaml": application})
    assert item.hint == 'did you mean "apps/web/overlays/production"?'


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("CreateNamespace=true", None),
        ("CreateNamespace=false", None),
        ("PrunePropagationPolicy=orphan", None),
        ("Prune=confirm", None),
        ("CreateNamespace=ture", "CreateNamespace is one of: false, true"),
        ("createNamespace=true", 'did you mean "CreateNamespace=true"?'),
        ("PrunePropagationPolicy=Foreground", "PrunePropagationPolicy is one of: background, foreground, orphan"),
        ("Force=true", "Force works only in the annotation argocd.argoproj.io/sync-options of an object"),
        ("ApplyOutOfSync=true", 'did you mean "ApplyOutOfSyncOnly=true"?'),
        ("${OPTION}", None),
    ],
)
def test_a_sync_option_is_compared_whole(tmp_path: Path, option: str, hint: str | None) -> None:
    application = f"{APPLICATION}  syncPolicy:\n    syncOptions: ['{option}']\n"
    items = found(tmp_path, "sync-option-unknown", {"argocd/web.yaml": application})
    assert [item.hint for item in items] == ([hint] if hint else [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resources-finalizer.argocd.argoproj.io/background", []),
        ("pre-delete-finalizer.argocd.argoproj.io/cleanup", []),
        ("foregroundDeletion", []),
        ("resource-finalizer.argocd.argoproj.io", [ERROR]),
        ("keep.example.com/application", [WARNING]),
    ],
)
def test_a_finalizer_is_one_that_somebody_removes(tmp_path: Path, name: str, expected: list[Severity]) -> None:
    application = APPLICATION.replace("spec:\n", f"  finalizers: [{name}]\nspec:\n", 1)
    assert [severity for severity, _ in messages(tmp_path, "finalizer-unknown", application)] == expected


@pytest.mark.parametrize(
    ("duration", "is_one"),
    [
        ("5s", True),
        ("30", True),
        ("1m30s", True),
        ("1.5h", True),
        ("-5s", True),
        ("1d", False),
        ("5 minutes", False),
        ("5m ", False),
        ("", True),
        ("${WAIT}", True),
    ],
)
def test_a_retry_waits_for_seconds_or_a_go_duration(tmp_path: Path, duration: str, is_one: bool) -> None:
    application = f"{APPLICATION}  syncPolicy:\n    retry:\n      backoff:\n        maxDuration: '{duration}'\n"
    expected = [] if is_one else [(ERROR, f'maxDuration "{duration}" is not a duration')]
    assert messages(tmp_path, "retry-duration", application) == expected


def test_applications_that_nothing_renders_are_read_from_their_files(tmp_path: Path) -> None:
    settings = SETTINGS.replace("  path: argocd\n", "")
    bad = APPLICATION.replace("    server: https://kubernetes.default.svc\n", "")
    items = found(tmp_path, "application-destination", {"gitops.yaml": settings, "argocd/web.yaml": bad})
    assert [(item.place, item.line) for item in items] == [("argocd/web.yaml:11", "destination:")]


def test_an_application_that_a_kustomization_completes_is_not_judged_by_its_file(tmp_path: Path) -> None:
    settings = SETTINGS.replace("  path: argocd\n", "")
    bad = APPLICATION.replace("    server: https://kubernetes.default.svc\n", "")
    patching = "resources: [web.yaml]\npatches:\n  - path: server.yaml\n"
    files = {"gitops.yaml": settings, "argocd/web.yaml": bad, "argocd/kustomization.yaml": patching}
    assert found(tmp_path, "application-destination", files) == []


def test_one_overlay_alone_is_judged_by_its_application_and_project(tmp_path: Path) -> None:
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: web}\nrules: []\n"
    files = {f"{PRODUCTION}/kustomization.yaml": f"{KUSTOMIZATION}  - role.yaml\n", f"{PRODUCTION}/role.yaml": role}
    tree = write(tmp_path, files)
    view = view_of(tree, overlays=[overlay(tree)])
    assert [item.place for item in check("project-denies-object", view)] == [f"{PRODUCTION}/role.yaml:2"]
    assert check("namespace-not-created", view) == []
    assert check("project-missing", view) == []
