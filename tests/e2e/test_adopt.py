"""`gitops adopt` on repositories that nobody prepared, and bump, validate and diff afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from . import shop
from .world import PACKAGE_ROOT, Checkout, bare

SCHEMA = json.loads((PACKAGE_ROOT / "schemas/output/adopt.schema.json").read_text())
HERE = "https://git.example.org/shop/manifests.git"
CLUSTER = "https://kubernetes.default.svc"


def kustomization(resource: str = "deployment.yaml", app: str = "web", environment: str = "dev") -> str:
    images = f"images:\n- name: {shop.image(app)}\n  newTag: v1\n"
    return f"namespace: shop-{environment}\nresources:\n- {resource}\n{images}"


def overlays(pattern: str, *environments: str, base: str = "") -> dict[str, str]:
    """Return the files of two apps in a layout."""
    files = {}
    for app in ("web", "api"):
        for environment in environments:
            folder = pattern.format(app=app, env=environment)
            up = "/".join(".." for _ in Path(folder).parts)
            resource = f"{up}/{base.format(app=app)}" if base else "deployment.yaml"
            files[f"{folder}/kustomization.yaml"] = kustomization(resource, app, environment)
            if not base:
                files[f"{folder}/deployment.yaml"] = shop.deployment(app)
        if base:
            files[f"{base.format(app=app)}/kustomization.yaml"] = "resources: [deployment.yaml]\n"
            files[f"{base.format(app=app)}/deployment.yaml"] = shop.deployment(app)
    return files


def application(name: str, path: str, namespace: str = "shop", more: str = "") -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata:\n  name: {name}\n  namespace: argocd\nspec:\n  project: default\n"
        f"  destination:\n    server: {CLUSTER}\n    namespace: {namespace}\n"
        f"  source:\n    repoURL: {HERE}\n    path: {path}\n    targetRevision: main\n{more}"
    )


def directories(*environments: str) -> dict[str, str]:
    """Return apps of plain manifests, with an Application for each."""
    files = {}
    for app in ("web", "api"):
        for environment in environments:
            path = f"deploy/{app}/{environment}"
            deployment = shop.deployment(app, f"{shop.image(app)}:v1")
            namespaced = deployment.replace("metadata:\n", f"metadata:\n  namespace: shop-{environment}\n", 1)
            files[f"{path}/deployment.yaml"] = namespaced
            files[f"argo/{app}-{environment}.yaml"] = application(f"{app}-{environment}", path, f"shop-{environment}")
    return files


APP_OF_APPS = {
    "argo/root.yaml": application("root", "argo/apps", "argocd"),
    **{
        f"argo/apps/{app}-{env}.yaml": application(f"{app}-{env}", f"services/{app}/{env}", f"shop-{env}")
        for app in ("web", "api")
        for env in ("dev", "prod")
    },
}
SET = f"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: services, namespace: argocd}}
spec:
  goTemplate: true
  generators:
  - git:
      repoURL: {HERE}
      revision: main
      directories:
      - path: services/*/*
  template:
    metadata:
      name: '{{{{index .path.segments 1}}}}-{{{{.path.basename}}}}'
    spec:
      project: default
      source: {{repoURL: '{HERE}', targetRevision: main, path: '{{{{.path.path}}}}'}}
      destination: {{server: '{CLUSTER}', namespace: 'shop-{{{{.path.basename}}}}'}}
"""

LAYOUTS = {
    "overlays below each app": (
        overlays("apps/{app}/overlays/{env}", "staging", "production", base="apps/{app}/base"),
        'layout: "apps/{app}/overlays/{env}"\n',
        ("staging", "production"),
    ),
    "environments below each app": (overlays("{app}/{env}", "dev", "prod"), 'layout: "{app}/{env}"\n', ("dev", "prod")),
    "apps below each environment": (
        overlays("envs/{env}/{app}", "qa", "prod-eu", base="bases/{app}"),
        'layout: "envs/{env}/{app}"\n',
        ("qa", "prod-eu"),
    ),
    "components": (
        overlays("components/{app}/{env}", "development", "staging", "production", base="components/{app}/base"),
        'layout: "components/{app}/{env}"\n',
        ("development", "staging", "production"),
    ),
    "flat": (overlays("apps/{app}", "any"), 'layout: "apps/{app}"\n', ()),
    "clusters": (
        overlays("clusters/{env}/team/{app}", "stage", "prod", base="shared/{app}"),
        'layout: "clusters/{env}/team/{app}"\n',
        ("stage", "prod"),
    ),
    "one directory for app and environment": (
        overlays("deploy/{app}-{env}", "test", "prod"),
        'layout: "deploy/{app}-{env}"\n',
        ("test", "prod"),
    ),
    "names that tell no order": (
        overlays("sites/{app}/overlays/{env}", "oslo", "rome", base="sites/{app}/base"),
        'layout: "sites/{app}/overlays/{env}"\n',
        (),
    ),
    "directories of manifests": (directories("dev", "prod"), 'layout: "deploy/{app}/{env}"\n', ("dev", "prod")),
    "app of apps": (
        overlays("services/{app}/{env}", "dev", "prod") | APP_OF_APPS,
        'layout: "services/{app}/{env}"\n',
        ("dev", "prod"),
    ),
    "ApplicationSet": (
        overlays("services/{app}/{env}", "dev", "prod") | {"argo/set.yaml": SET},
        'layout: "services/{app}/{env}"\n',
        ("dev", "prod"),
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_afterwards_bump_validate_and_diff_work(tmp_path: Path, env: dict[str, str], name: str) -> None:
    files, layout, environments = LAYOUTS[name]
    checkout = Checkout.create(tmp_path / "r", env, files)

    result = checkout.gitops("adopt", "--output", "json")

    assert (result.code, result.err) == (0, "")
    found = json.loads(result.out)
    jsonschema.validate(found, SCHEMA)
    assert checkout.git("show", "--name-only", "--format=%s") == "adopt the repository: gitops.yaml\n\ngitops.yaml"
    assert checkout.read("gitops.yaml") == found["file"]
    assert layout in found["file"]
    assert tuple(one["name"] for one in found["environments"]) == environments
    assert [one["name"] for one in found["apps"]] == ["api", "web"]
    assert found["unclear"] == []
    checkout.assert_sound()

    chosen = found["apps"][1]["overlays"][-1]
    bumped = checkout.gitops("bump", "web", "v2", "--env", chosen["environment"])
    assert (bumped.code, bumped.err) == (0, "")
    (changed,) = checkout.git("diff", "HEAD~1", "--name-only").splitlines()
    assert changed.startswith(f"{chosen['path']}/")
    assert checkout.read(changed) == files[changed].replace("Tag: v1", "Tag: v2").replace(":v1\n", ":v2\n")

    validated = checkout.gitops("validate", "--output", "json")
    assert validated.code == 0, validated.out
    assert {one["path"] for one in json.loads(validated.out)["overlays"]} >= {
        overlay["path"] for app in found["apps"] for overlay in app["overlays"]
    }

    diff = checkout.gitops("diff", "HEAD~1")
    assert diff.code == 0
    assert ":v2" in diff.out


def test_what_applications_say_of_environments(tmp_path: Path, env: dict[str, str]) -> None:
    files, _, _ = LAYOUTS["app of apps"]
    other = application("web-prod", "services/web/prod", "elsewhere")
    checkout = Checkout.create(tmp_path / "r", env, files | {"argo/apps/web-prod.yaml": other})
    result = checkout.gitops("adopt", "--no-commit")
    assert (result.code, result.err) == (0, "")
    assert checkout.read("gitops.yaml") == (
        "# Written by `gitops adopt` from what it found. Every key: docs/configuration.md of gitops.\nversion: 1\n"
        'layout: "services/{app}/{env}"\n# The order of promotion is guessed from the names.\nenvironments:\n'
        f"  - name: dev\n    namespace: shop-dev\n    cluster: {CLUSTER}\n"
        f"  - name: prod\n    cluster: {CLUSTER}\n    promotesFrom: dev\n"
        f"argocd:\n  path: argo\n  repoURL: {HERE}\n"
        "# The version of the oldest cluster; without it, the newest that is known.\n"
        '# kubernetesVersion: "1.36"\n'
    )


MIXED = {
    **overlays("apps/{app}/overlays/{env}", "staging", "production", base="apps/{app}/base"),
    "platform/dns/kustomization.yaml": "resources: [c.yaml]\n",
    "platform/dns/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
    "clusters/live/kustomization.yaml": "resources: [../../apps/web/overlays/production]\n",
    "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
    "charts/db/templates/d.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: {{ .Values.kind }}\n",
    "argocd/db.yaml": application("db", "charts/db"),
    "argocd/far.yaml": application("far", "somewhere").replace(HERE, "https://git.example.org/far.git"),
    "argocd/broken.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\n a: b\n",
    "argocd/web.yaml": application("web-staging", "apps/web/overlays/staging"),
    "far/kustomization.yaml": "resources:\n- https://git.example.org/a/b//c?ref=v1\n",
}


def test_what_is_not_understood_is_listed(tmp_path: Path, env: dict[str, str]) -> None:
    checkout = Checkout.create(tmp_path / "r", env, MIXED)
    before = checkout.snapshot()
    result = checkout.gitops("adopt", "--dry-run")
    assert (result.code, result.err) == (0, "")
    assert result.out.partition("\ngitops.yaml: new")[0] == (
        "layout: apps/{app}/overlays/{env}\nenvironments: staging, production\n"
        "apps: 2, overlays: 4, Applications that sync them from here: 2\n\n"
        "guessed:\n"
        "  the order of promotion is that of the names: staging -> production\n"
        '  "apps/api/overlays/production" and 2 more are in the layout, and no Application here syncs it\n\n'
        "not understood:\n"
        "  argocd/broken.yaml: not valid YAML: mapping values are not allowed in this context\n"
        "  https://git.example.org/far.git: 1 source of Applications in another repository\n"
        '  charts/db: Application "db": Helm is not rendered here\n'
        "  clusters/live, far, platform/dns: no environment stands in its path\n"
        "\n`gitops validate PATH` checks what the layout leaves out, such as clusters/live\n"
    )
    assert "  +# 1 directory has bases over the network; without this they are not rendered.\n" in result.out
    assert checkout.snapshot() == before


@pytest.mark.parametrize(
    ("files", "error"),
    [
        (
            shop.files(),
            'error: "gitops.yaml" is there already\nhint: remove it to have it written anew\n',
        ),
        (
            {"README.md": "x\n", "values.yaml": "a: 1\n"},
            "error: nothing here can be rendered: no kustomization, and no directory of manifests\n",
        ),
    ],
)
def test_refusals(tmp_path: Path, env: dict[str, str], files: dict[str, str], error: str) -> None:
    checkout = Checkout.create(tmp_path / "r", env, files)
    before = checkout.snapshot()
    result = checkout.gitops("adopt")
    assert (result.code, result.out, result.err) == (3, "", error)
    assert checkout.snapshot() == before


def test_it_can_be_pushed_and_uncommitted_work_stays(tmp_path: Path, env: dict[str, str]) -> None:
    first = Checkout.create(tmp_path / "first", env, overlays("{app}/{env}", "dev", "prod"))
    server = bare(tmp_path / "server.git", first)
    mine = server.clone(tmp_path / "mine")
    mine.write({"notes.txt": "mine\n"})
    result = mine.gitops("adopt", "--push")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith(f"pushed {server.tip('main')[:12]} to origin/main\n")
    assert mine.git("status", "--porcelain") == "?? notes.txt"
