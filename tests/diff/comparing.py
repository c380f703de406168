"""Compares two states of a repository that exist in memory only, rendered by the real kustomize."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from unit.trees import tree_of

from gitops_tool import toolchain
from gitops_tool.cachedir import cache_folder
from gitops_tool.config import load_settings
from gitops_tool.diff.compare import Wanted, compare
from gitops_tool.diff.reach import Reach, State
from gitops_tool.diff.repository import ObjectChange, RepositoryDiff
from gitops_tool.diff.values import path_text
from gitops_tool.git.changes import ChangeKind, PathChange
from gitops_tool.render import Render, Renderer
from gitops_tool.tree import ROOT, Tree
from gitops_tool.validate.selection import everything

Files = Mapping[str, str]
Edits = Mapping[str, "str | None"]

SETTINGS = """\
version: 1
layout: apps/{app}/overlays/{env}
environments:
  - name: staging
  - name: production
    promotesFrom: staging
argocd: {path: argocd, namespace: argocd, repoURL: https://git.example.org/shop.git}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
        - {name: migrate, image: registry.example.org/web:1.4.1}
        - {name: wait, image: busybox:1}
      containers:
        - name: web
          image: registry.example.org/web:1.4.1
          args: [--level, info]
          env:
            - {name: MODE, value: fast}
            - {name: COLOUR, value: red}
          envFrom: [{configMapRef: {name: conf}}, {secretRef: {name: keys}}]
          ports: [{containerPort: 8080, name: http}, {containerPort: 9090, name: metrics}]
          volumeMounts: [{name: tmp, mountPath: /tmp}, {name: data, mountPath: /data}]
        - {name: proxy, image: proxy:2}
      volumes: [{name: tmp, emptyDir: {}}, {name: data, emptyDir: {}}]
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}, {name: metrics, port: 9090, targetPort: metrics}]
"""
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
  - {apiGroups: [""], resources: [pods, services], verbs: [get, list]}
"""
SETTINGS_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  mode: fast
  app.conf: |
    level = info
    colour = red
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {token: planted-one}
"""
BASE = """\
resources: [deployment.yaml, service.yaml]
configMapGenerator: [{name: conf, literals: [A=1]}]
secretGenerator: [{name: keys, literals: [KEY=planted-two]}]
"""


def overlay(*resources: str, more: str = "") -> str:
    return f"resources: [{', '.join(resources)}]\n{more}"


def application(app: str, environment: str, more: str = "") -> str:
    return f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {app}-{environment}, namespace: argocd{more}}}
spec:
  project: shop
  source: {{repoURL: https://git.example.org/shop.git, path: apps/{app}/overlays/{environment}, targetRevision: main}}
  destination: {{server: https://kubernetes.default.svc, namespace: {app}}}
"""


def shop() -> dict[str, str]:
    """Return two apps: one with a base and two environments, one with plain objects in one environment."""
    return {
        "gitops.yaml": SETTINGS,
        "README.md": "# Shop\n",
        "apps/web/base/kustomization.yaml": BASE,
        "apps/web/base/deployment.yaml": DEPLOYMENT,
        "apps/web/base/service.yaml": SERVICE,
        "apps/web/overlays/staging/kustomization.yaml": overlay("../../base", more="namespace: web\n"),
        "apps/web/overlays/production/kustomization.yaml": overlay("../../base", more="namespace: web\n"),
        "apps/tool/overlays/staging/kustomization.yaml": overlay("role.yaml", "settings.yaml", "token.yaml"),
        "apps/tool/overlays/staging/role.yaml": ROLE,
        "apps/tool/overlays/staging/settings.yaml": SETTINGS_MAP,
        "apps/tool/overlays/staging/token.yaml": SECRET,
        "argocd/web-staging.yaml": application("web", "staging"),
        "argocd/tool-staging.yaml": application("tool", "staging"),
    }


def edited(files: Files, edits: Edits) -> dict[str, str]:
    return {name: text for name, text in {**files, **edits}.items() if text is not None}


def changes(before: Files, after: Files) -> list[PathChange]:
    kinds = {
        name: ChangeKind.ADDED
        if name not in before
        else ChangeKind.REMOVED
        if name not in after
        else ChangeKind.MODIFIED
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
    return [PathChange(PurePosixPath(name), kind) for name, kind in kinds.items()]


def state(files: Files, name: str) -> State:
    tree = tree_of({path: text.encode("utf-8", "surrogateescape") for path, text in files.items()})
    return State(tree, load_settings(tree), name)


def renderer(side: State) -> Renderer:
    return Renderer(toolchain.kustomize_engine(), side.settings, cache_folder().path)


class Everything:
    """Looks at all files of a tree, one by one."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def has_links(self) -> bool:
        return False

    def search_named(self, needles: Sequence[str], names: Sequence[str]) -> list[PurePosixPath]:
        return [path for path in self.tree.search(needles, ROOT) if path.name in names]


def compared(
    before: Files,
    after: Files,
    *,
    wanted: Wanted | None = None,
    mask_keys: tuple[str, ...] = (),
    late: Callable[[PathChange], bool] = lambda _: False,
) -> RepositoryDiff:
    """Compare two states; `late` tells which changes are known only after a while."""
    base, head = state(before, "before"), state(after, "after")
    found = changes(before, after)
    soon, later = [one for one in found if not late(one)], [one for one in found if late(one)]
    with Reach(base, head, soon, Everything(base.tree), lambda: later) as reach:
        return compare(
            base, head, reach, (renderer(base), renderer(head)), wanted=wanted or Wanted(), mask_keys=mask_keys
        )


def told(change: ObjectChange) -> str:
    """Return a change of an object as one line: what, where, which object, which fields."""
    where = f"{change.overlay.app}/{change.overlay.environment}".rstrip("/")
    old = f"{change.old_id} -> " if change.old_id is not None else ""
    moved = f" from {change.old_overlay.app}/{change.old_overlay.environment}" if change.old_overlay else ""
    fields = [path_text(field.path) for field in change.told]
    more = [f"{change.consequences} follow"] if change.consequences else []
    more += [f"{change.orders} order"] if change.orders else []
    return f"{change.kind} {where} {old}{change.id}{moved}" + (
        f": {', '.join([*fields, *more])}" if fields or more else ""
    )


def rendered(side: State) -> Iterator[tuple[str, str, Render]]:
    """Yield app, environment and render of every overlay of a state, by no way that the diff goes."""
    run = renderer(side)
    for one in everything(side.tree, side.settings):
        yield one.app, one.environment, run.render(side.tree, one.path)
