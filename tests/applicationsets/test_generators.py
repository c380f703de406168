"""Each generator gives the parameters that the files and settings hold."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_tool.applicationsets import Unchecked
from gitops_tool.config import Cluster

from .expanding import GO, application_set, expansion, names

FILES = {
    "apps/web/overlays/staging/kustomization.yaml": "",
    "apps/web/overlays/production/kustomization.yaml": "",
    "apps/api/overlays/staging/kustomization.yaml": "",
    "apps/.cache/x": "",
    "clusters/one.yaml": "name: one\nreplicas: 2\ntags: [a, b]\n",
    "clusters/two.json": '{"name": "two"}',
    "clusters/both.yaml": "- name: three\n- name: four\n",
}
CLUSTERS = (
    Cluster("staging", "https://staging.example.com", {"env": "staging", "tier": "a"}),
    Cluster("Live_1", "https://live.example.com", {"env": "production"}, {"note": "n"}),
)
DIRECTORIES = "[{git: {repoURL: u, revision: HEAD, directories: [{path: apps/*/overlays/*}]}}]"


def by_name(generators: str, name: str, **options: Any) -> list[str]:
    """Return the names that a template of names makes."""
    template = f"metadata: {{name: '{name}'}}\nspec: {{project: shop, destination: {{server: s}}}}\n"
    return names(expansion(application_set(generators, template), FILES, **options))


@pytest.mark.parametrize(
    ("generators", "name", "expected"),
    [
        ("[{list: {elements: [{name: a}, {name: b}]}}]", "{{.name}}", ["a", "b"]),
        ("[{list: {elements: [{n: 2, tags: [x, y]}]}}]", "n{{.n}}-{{index .tags 1}}", ["n2-y"]),
        ("[{list: {elements: [{name: a}], elementsYaml: '[{name: b}]'}}]", "{{.name}}", ["a", "b"]),
        ("[{list: {elements: [{name: a}, {name: b}]}, selector: {matchLabels: {name: b}}}]", "{{.name}}", ["b"]),
        ("[{list: {elements: [{name: a}]}}, {list: {elements: [{name: b}]}}]", "{{.name}}", ["a", "b"]),
        (
            DIRECTORIES,
            "{{.path.basename}}-{{index .path.segments 1}}",
            ["staging-api", "production-web", "staging-web"],
        ),
        ("[{git: {directories: [{path: apps/*}, {path: '*/api', exclude: true}]}}]", "{{.path.basename}}", ["web"]),
        ("[{git: {directories: [{path: apps/*}], pathParamPrefix: my}}]", "{{.my.path.basename}}", ["api", "web"]),
        ("[{git: {directories: [{path: apps/w*}], values: {v: '{{.path.basename}}1'}}}]", "{{.values.v}}", ["web1"]),
        ("[{git: {files: [{path: clusters/*}]}}]", "{{.name}}", ["three", "four", "one", "two"]),
        (
            "[{git: {files: [{path: clusters/one.yaml}]}}]",
            "{{.replicas}}{{last .tags}}-{{.path.filename}}",
            ["2b-one.yaml"],
        ),
    ],
)
def test_parameters_come_from_lists_directories_and_files(generators: str, name: str, expected: list[str]) -> None:
    assert by_name(generators, name) == expected


@pytest.mark.parametrize(
    ("generator", "name", "expected"),
    [
        ("{}", "{{.nameNormalized}}", ["staging", "live-1", "in-cluster"]),
        ("{selector: {matchLabels: {env: staging}}}", "{{.name}}", ["staging"]),
        ("{selector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}", "{{.nameNormalized}}", ["live-1"]),
        ("{selector: {matchExpressions: [{key: env, operator: In, values: [staging]}]}}", "{{.name}}", ["staging"]),
        ("{selector: {matchLabels: {env: staging}}, values: {v: '{{.metadata.labels.tier}}'}}", "{{.values.v}}", ["a"]),
        ("{flatList: true}", "n{{range .clusters}}{{.nameNormalized}}{{end}}", ["nstaginglive-1in-cluster"]),
    ],
)
def test_parameters_come_from_clusters(generator: str, name: str, expected: list[str]) -> None:
    assert by_name(f"[{{clusters: {generator}}}]", name, clusters=CLUSTERS) == expected


def matrix(first: str, second: str) -> str:
    return f"{{matrix: {{generators: [{first}, {second}]}}}}"


def merge(first: str, second: str) -> str:
    return f"{{merge: {{mergeKeys: [name], generators: [{first}, {second}]}}}}"


AB, XY = "{list: {elements: [{name: a}, {name: b}]}}", "{list: {elements: [{x: '1'}, {x: '2'}]}}"
B9, Q = "{list: {elements: [{name: b, x: '9'}]}}", "{list: {elements: [{y: q}]}}"
APPS = "{list: {elements: [{app: web}, {app: api}]}}"
OVERLAYS = "{git: {directories: [{path: 'apps/{{.app}}/overlays/*'}]}}"
STAGING = "{clusters: {selector: {matchLabels: {env: staging}}, values: {v: '{{.e}}'}}}"


@pytest.mark.parametrize(
    ("generator", "name", "expected"),
    [
        (matrix(AB, XY), "{{.name}}{{.x}}", ["a1", "a2", "b1", "b2"]),
        (matrix(APPS, OVERLAYS), "{{.app}}-{{.path.basename}}", ["web-production", "web-staging", "api-staging"]),
        (
            matrix("{list: {elements: [{e: one}, {e: two}]}}", STAGING),
            "{{.values.v}}-{{.name}}",
            ["one-staging", "two-staging"],
        ),
        (matrix(matrix(AB, XY), Q), "{{.name}}{{.x}}{{.y}}", ["a1q", "a2q", "b1q", "b2q"]),
        (matrix(AB, XY)[:-1] + ", selector: {matchLabels: {name: b}}}", "{{.name}}{{.x}}", ["b1", "b2"]),
        (merge(AB, B9), "{{.name}}{{.x | default 0}}", ["a0", "b9"]),
        (merge(matrix(AB, Q), B9), "{{.name}}{{.y}}{{.x | default 0}}", ["aq0", "bq9"]),
    ],
)
def test_generators_combine(generator: str, name: str, expected: list[str]) -> None:
    assert by_name(f"[{generator}]", name, clusters=CLUSTERS) == expected


FAST = GO.replace("{{.name}}", "{{name}}").replace("{{.path.path}}", "{{path}}")


def test_older_templates_take_parameters_by_their_flat_names() -> None:
    template = FAST.replace("{{name}}", "{{ path.basename }}-{{path[1]}}-{{values.v}}")
    generators = DIRECTORIES.replace("HEAD,", "HEAD, values: {v: '{{path[3]}}'},")
    found = expansion(application_set(generators, template, goTemplate=False), FILES)
    assert names(found) == ["staging-api-staging", "production-web-production", "staging-web-staging"]
    assert [item.manifest["spec"]["source"]["path"] for item in found.applications] == [
        "apps/api/overlays/staging",
        "apps/web/overlays/production",
        "apps/web/overlays/staging",
    ]


def test_a_generators_template_comes_before_that_of_the_application_set() -> None:
    own = "template: {metadata: {labels: {tier: a}}, spec: {project: other, destination: {namespace: n}}}"
    body = application_set(f"[{{list: {{elements: [{{name: a}}], {own}}}}}, {AB}]", GO.replace("path: ", "chart: "))
    first, *_ = expansion(body).applications
    assert first.manifest == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": "a",
            "labels": {"tier": "a"},
            "namespace": "argocd",
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "other",
            "destination": {"namespace": "n", "server": "s"},
            "source": {"repoURL": "u", "chart": "<no value>"},
        },
    }


def test_a_template_patch_lies_on_top_and_cannot_change_the_project() -> None:
    patch = "spec:\n  project: other\n  syncPolicy:\n    automated: {prune: {{ .prune }}}\n  source: {path: null}\n"
    body = application_set("[{list: {elements: [{name: a, prune: true, path: {path: p}}]}}]", templatePatch=patch)
    (found,) = expansion(body).applications
    assert found.manifest["spec"] == {
        "project": "shop",
        "source": {"repoURL": "u"},
        "destination": {"server": "s"},
        "syncPolicy": {"automated": {"prune": True}},
    }


def test_every_application_knows_its_element() -> None:
    generators = f"[{{list: {{elements: [{{n: 1, name: a}}, {{n: 2}}]}}}}, {DIRECTORIES[1:-1]}]"
    found = expansion(application_set(generators, GO.replace("{{.name}}", "x")), FILES)
    assert [(item.origin, item.element) for item in found.applications] == [
        (("spec", "generators", 0, "list", "elements", 0), "a"),
        (("spec", "generators", 0, "list", "elements", 1), "element 2"),
        (("spec", "generators", 1, "git", "directories"), "apps/api/overlays/staging"),
        (("spec", "generators", 1, "git", "directories"), "apps/web/overlays/production"),
        (("spec", "generators", 1, "git", "directories"), "apps/web/overlays/staging"),
    ]


ELSEWHERE = 'the generator "{}" takes its parameters from {}'


@pytest.mark.parametrize(
    ("generator", "reason", "pointer"),
    [
        ("{scmProvider: {}}", ELSEWHERE.format("scmProvider", "repositories of a Git server"), ()),
        ("{pullRequest: {}}", ELSEWHERE.format("pullRequest", "pull requests of a Git server"), ()),
        ("{plugin: {}}", ELSEWHERE.format("plugin", "a plugin"), ()),
        ("{clusterDecisionResource: {}}", ELSEWHERE.format("clusterDecisionResource", "an object in the cluster"), ()),
        ("{oci: {}}", ELSEWHERE.format("oci", "an OCI artifact"), ()),
        ("{clusters: {}}", "Argo CD's clusters are not listed as argocd.clusters in gitops.yaml", ()),
        ("{git: {repoURL: u, revision: v1.0}}", 'the files of "u" at "v1.0" are not those here', ()),
        ("{git: {files: [{path: ':!x'}]}}", 'paths that begin with ":" mean something else to git', ("files",)),
    ],
)
def test_what_is_not_here_is_said_not_to_be_checked(generator: str, reason: str, pointer: tuple[str, ...]) -> None:
    kind = generator[1:].partition(":")[0]
    found = expansion(application_set(f"[{AB}, {generator}]", GO.replace(' path: "{{.path.path}}"', "")))
    assert found.unchecked == (Unchecked(reason, ("spec", "generators", 1, kind, *pointer)),)
    assert [item.name for item in found.applications] == ["a", "b"]
    assert found.problems == ()


def test_another_repositorys_files_are_not_looked_for_here() -> None:
    found = expansion(application_set(DIRECTORIES), FILES, here=False)
    assert [item.reason for item in found.unchecked] == ['the files of "u" at "HEAD" are not those here']


def test_an_unknown_repository_is_this_one_if_its_paths_are_here() -> None:
    assert len(expansion(application_set(DIRECTORIES), FILES, here=None).applications) == 3
    elsewhere = expansion(application_set(DIRECTORIES.replace("overlays", "envs")), FILES, here=None)
    assert [item.reason for item in elsewhere.unchecked] == [
        'nothing here matches, and whether "u" is this repository is not known: set argocd.repoURL in gitops.yaml'
    ]
    assert elsewhere.applications == ()
