"""Overlays that are built together render to what they render to alone, whatever they have in common."""

from __future__ import annotations

from pathlib import Path
from pathlib import PurePosixPath as P

import pytest

from gitops_tool import process, toolchain
from gitops_tool.config import Settings
from gitops_tool.errors import GitopsError
from gitops_tool.render import Renderer, renderer, together
from gitops_tool.tree import Tree

from .colliding import overlays
from .trees import tree_of

K = "kustomization.yaml"


def deployment(name: str, config: str) -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: app
          image: app:1
          envFrom: [{{configMapRef: {{name: {config}}}}}]
"""


def app(name: str, config: str, more: str = "") -> dict[str, str]:
    return {f"{name}/{K}": f"resources: [d.yaml]\n{more}\n", f"{name}/d.yaml": deployment(name, config)}


def made(name: str, config: str, more: str = "", namespace: str = "team") -> dict[str, str]:
    """Return an overlay with a generated ConfigMap that its Deployment names."""
    generator = f"configMapGenerator: [{{name: {config}, literals: [owner={name}]}}]\nnamespace: {namespace}\n"
    return app(name, config, generator + more)


def binding(account: str, namespace: str | None = None) -> str:
    place = f", namespace: {namespace}" if namespace else ""
    return (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\n"
        "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}\n"
        f"subjects: [{{kind: ServiceAccount, name: {account}{place}}}]\n"
    )


ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot, namespace: before}\n"
RENAME = """[{target: {kind: Deployment}, patch: '[{"op": "replace", "path": "/metadata/name", "value": "other"}]'}]"""
SCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, maxReplicas: 2}
"""
OTHERS = {**made("x", "conf-x"), **made("y", "conf-y"), **made("z", "conf-z", namespace="elsewhere")}
CASES: dict[str, dict[str, str]] = {
    "apps of their own": OTHERS,
    "another's generated name": {**made("a", "conf"), **app("b", "conf", "namespace: team")},
    "another's generated name without a namespace": {
        f"a/{K}": "configMapGenerator: [{name: conf, literals: [a=b]}]",
        **app("b", "conf"),
    },
    "the same generated name in one namespace": {**made("a", "conf"), **made("b", "conf")},
    "the same generated name in two namespaces": {**made("a", "conf"), **made("b", "conf", namespace="two")},
    "the same generator with the same content": {
        f"{name}/{K}": f"configMapGenerator: [{{name: conf, literals: [a=b]}}]\nnamespace: {name}" for name in "ab"
    },
    "another's generated name, and its own beside it in another namespace": {
        **made("a", "conf"),
        f"b/{K}": "resources: [d.yaml]\nconfigMapGenerator: [{name: conf, namespace: two, literals: [owner=a]}]",
        "b/d.yaml": deployment("b", "conf").replace("{name: b}", "{name: b, namespace: team}", 1),
    },
    "an object that both render": {f"{name}/{K}": "resources: [n.yaml]" for name in "ab"}
    | {f"{name}/n.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n" for name in "ab"},
    "an account whose namespace changes": {
        f"a/{K}": "resources: [s.yaml]\nnamespace: after",
        "a/s.yaml": ACCOUNT,
        f"b/{K}": "resources: [r.yaml]",
        "b/r.yaml": binding("robot", "before"),
        f"c/{K}": "resources: [r.yaml]\ncommonAnnotations: {a: b}",
        "c/r.yaml": binding("robot").replace("{name: b}", "{name: c}"),
    },
    "a patch that renames": {
        **app("a", "conf", f"patches: {RENAME}"),
        f"b/{K}": "resources: [h.yaml]",
        "b/h.yaml": SCALER,
    },
    "a patch in a file that renames": {
        **app("a", "conf", "patches: [{target: {kind: Deployment}, path: p.yaml}]"),
        "a/p.yaml": "- op: copy\n  from: /spec/template/spec/containers/0/name\n  path: /metadata/name\n",
        f"b/{K}": "resources: [h.yaml]",
        "b/h.yaml": SCALER,
    },
    "a patch with options": {
        **app("a", "conf", "patches: [{options: {allowNameChange: true}, target: {kind: Deployment}, path: p.yaml}]"),
        "a/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other}\n",
        f"b/{K}": "resources: [h.yaml]",
        "b/h.yaml": SCALER,
    },
    "a patch with options in another spelling": {
        **app("a", "conf", "patches: [{Options: {allowNameChange: true}, target: {kind: Deployment}, path: p.yaml}]"),
        "a/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other}\n",
        f"b/{K}": "resources: [h.yaml]",
        "b/h.yaml": SCALER,
    },
    "a prefix in another spelling": {
        **app("a", "conf", "NamePrefix: x-"),
        f"b/{K}": "resources: [h.yaml]",
        "b/h.yaml": SCALER,
    },
    "a prefix": {**app("a", "conf", "namePrefix: x-"), f"b/{K}": "resources: [h.yaml]", "b/h.yaml": SCALER},
    "a prefix in a base": {
        f"a/{K}": "resources: [base]",
        f"a/base/{K}": "resources: [d.yaml]\nnamePrefix: x-",
        "a/base/d.yaml": deployment("a", "conf"),
        f"b/{K}": "resources: [h.yaml]",
        "b/h.yaml": SCALER,
    },
    "names that kustomize wrote down": {
        f"a/{K}": "resources: [d.yaml]",
        "a/d.yaml": deployment("other", "conf").replace(
            "{name: other}",
            "{name: other, annotations: {internal.config.kubernetes.io/previousNames: a, "
            "internal.config.kubernetes.io/previousKinds: Deployment, "
            "internal.config.kubernetes.io/previousNamespaces: default}}",
            1,
        ),
        f"b/{K}": "resources: [h.yaml]",
        "b/h.yaml": SCALER,
    },
    "a hash that is asked for": {
        f"a/{K}": "resources: [c.yaml]",
        "a/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: conf\n  annotations:\n"
        '    kustomize.config.k8s.io/needs-hash: "true"\n',
        **app("b", "conf"),
    },
    "one base": {
        **{f"{name}/{K}": f"resources: [../base]\nnamespace: {name}" for name in "abcdefgh"},
        f"base/{K}": "resources: [d.yaml]",
        "base/d.yaml": deployment("web", "conf"),
    },
    "one that fails": {**OTHERS, f"a/{K}": "resources: [gone.yaml]"},
    "one that warns": {**OTHERS, f"a/{K}": "bases: [../x]"},
    "one that warns and renders": {**OTHERS, **app("a", "conf", "commonLabels: {a: b}")},
    "one that is empty": {**OTHERS, f"a/{K}": "resources: []"},
    "a component by itself": {**OTHERS, f"a/{K}": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component"},
    "a component in use": {
        **made("a", "conf", "components: [../part]"),
        **made("b", "conf-b", "components: [../other]"),
        f"part/{K}": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {a: b}}]",
        f"other/{K}": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: x-",
    },
    "an order of its own": {**OTHERS, **made("a", "conf", "sortOptions: {order: fifo}")},
    "plain manifests": {**OTHERS, "a/d.yaml": deployment("a", "conf")},
    "vars": {
        **made("a", "conf", "vars: [{name: V, objref: {kind: Deployment, name: a, apiVersion: apps/v1}}]"),
        **app("b", "$(V)"),
    },
    "kinds in the order of kustomize": {
        f"{name}/{K}": "resources: [all.yaml]\nconfigMapGenerator: [{name: m-a, literals: [a=b]}]\nnamespace: " + name
        for name in "ab"
    }
    | {
        f"{name}/all.yaml": "---\n".join(
            f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {one}}}\n"
            for one in ("m", "ma", "m-z", "M", "m.b")
            for version, kind in (
                ("v1", "ConfigMap"),
                ("example.org/v1", "ConfigMap"),
                ("example.org/v2", "Zebra"),
                ("policy/v1", "PodDisruptionBudget"),
                ("v1", "Service"),
                ("batch/v1", "CronJob"),
                ("v1", "ServiceAccount"),
            )
        )
        for name in "ab"
    },
}


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "MANY", 2)


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    calls: list[object] = []
    start = process.start
    monkeypatch.setattr(process, "start", lambda *args, **options: calls.append(args) or start(*args, **options))
    return calls


def shown(tree: Tree, paths: list[P]) -> list[object]:
    """Return what overlays render to, or why not."""
    found: list[object] = []
    alone = Renderer(toolchain.kustomize_engine(), Settings(), None)
    for result in alone.render_each([(tree, path) for path in paths]):
        if isinstance(result, GitopsError):
            found.append(str(result))
        else:
            found.append(([(item.id, item.body) for item in result.resources], result.warnings))
    return found


@pytest.mark.parametrize("name", CASES)
def test_together_is_as_alone(name: str) -> None:
    files = CASES[name]
    tree = tree_of(files)
    names = sorted({P(path).parts[0] for path in files})
    for order in (names, names[::-1]):
        assert shown(tree, [P(one) for one in order]) == [shown(tree, [P(one)])[0] for one in order]


@pytest.mark.parametrize("seed", range(60))
def test_colliding_overlays_are_together_as_alone(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(together, "_MOST_FAILURES", 1)
    names, files = overlays(seed)
    tree = tree_of(files)
    alone = {name: shown(tree, [P(name)])[0] for name in names}
    sound = [name for name in names if not isinstance(alone[name], str)]  # one that fails lets all of them fail
    assert shown(tree, [P(name) for name in sound]) == [alone[name] for name in sound]


def test_what_has_nothing_in_common_takes_one_run(starts: list[object]) -> None:
    shown(tree_of(OTHERS), [P("x"), P("y"), P("z")])
    assert len(starts) == 1


def test_overlays_of_one_base_go_into_different_runs(starts: list[object]) -> None:
    files = {
        path: text
        for app in "abc"
        for path, text in {
            f"{app}/base/{K}": "resources: [d.yaml]",
            f"{app}/base/d.yaml": deployment(app, "conf"),
            f"{app}/one/{K}": "resources: [../base]",
            f"{app}/two/{K}": "resources: [../base]\nnamespace: two",
        }.items()
    }
    found = shown(tree_of(files), [P(app) / overlay for app in "abc" for overlay in ("one", "two")])
    assert len(starts) == 2
    assert len(found) == 6


def test_overlays_that_do_not_go_together_are_soon_left_alone(starts: list[object]) -> None:
    files = {f"{number}/{K}": "resources: [n.yaml]" for number in range(60)}
    files |= {f"{number}/n.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n" for number in range(60)}
    found = shown(tree_of(files), [P(str(number)) for number in range(60)])
    assert all(one == found[0] for one in found)
    assert 60 < len(starts) <= 66


def test_a_render_that_was_built_together_is_in_the_cache(tmp_path: Path, starts: list[object]) -> None:
    cached = Renderer(toolchain.kustomize_engine(), Settings(), tmp_path)
    tree = tree_of(OTHERS)
    first = list(cached.render_each([(tree, P(one)) for one in "xyz"]))
    again = [cached.render(tree, P(one)) for one in "xyz"]
    assert len(starts) == 1
    for before, after in zip(first, again, strict=True):
        assert not isinstance(before, GitopsError)
        assert before.resources == after.resources
