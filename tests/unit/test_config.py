"""`gitops.yaml`, read strictly."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest

from gitops_tool.config import LAYOUTS, SETTINGS_PATH, Settings, load_settings
from gitops_tool.errors import ConfigError, GitopsError, TreeError, YamlError
from gitops_tool.tree import DirTree

from .trees import tree_of

FULL = """\
version: 1
layout: apps/{app}/overlays/{env}
environments:
  - name: production
    promotesFrom: staging
    cluster: https://kubernetes.default.svc
    rules:
      latest-tag: error
  - name: staging
    namespace: staging
    kubernetesVersion: "1.33"
kubernetesVersion: "1.34"
kustomize:
  version: 5.8.1
  allowRemote: true
  loadRestrictor: none
argocd:
  path: argocd
  namespace: argo
  repoURL: https://git.example.org/manifests.git
  projects: [shared]
schemas: [schemas/crds]
external: [ConfigMap/kube-root-ca.crt]
rules:
  latest-tag: off
  no-limits: warning
bump:
  message: "{app}: {tag}"
promote:
  files: [version.yaml, settings/*.yaml]
freeze:
  - reason: nobody is in
    environments: [production]
    days: [fri, sat]
    from: "18:00"
    until: "09:00"
    timeZone: Asia/Seoul
diff:
  maskKeys: ["*_dsn"]
"""


def load(text: str) -> Settings:
    return load_settings(tree_of({"gitops.yaml": text}))


def test_every_setting_is_read() -> None:
    settings = load(FULL)
    assert [environment.name for environment in settings.environments] == ["staging", "production"]
    production = settings.environment("production")
    assert production is not None
    assert (production.promotes_from, production.cluster) == ("staging", "https://kubernetes.default.svc")
    assert settings.environments[0].kubernetes_version == "1.33"
    assert settings.layout == ("apps/{app}/overlays/{env}",)
    assert settings.kubernetes_version == "1.34"
    kustomize = settings.kustomize
    assert (kustomize.version, kustomize.allow_remote, kustomize.load_restrictor) == ("5.8.1", True, "none")
    argocd = settings.argocd
    assert (argocd.path, argocd.namespace, argocd.projects) == (PurePosixPath("argocd"), "argo", ("shared",))
    assert argocd.repo_url == "https://git.example.org/manifests.git"
    assert settings.schemas == (PurePosixPath("schemas/crds"),)
    assert settings.rules == {"latest-tag": "off", "no-limits": "warning"}
    assert settings.environment_rules["production"] == {"latest-tag": "error"}
    assert settings.message == "{app}: {tag}"
    assert settings.mask_keys == ("*_dsn",)
    assert settings.promoted_files == ("version.yaml", "settings/*.yaml")
    [window] = settings.freezes
    assert (window.reason, window.environments, window.zone.key) == ("nobody is in", ("production",), "Asia/Seoul")
    assert (window.begins, window.length) == ((timedelta(days=4.75), timedelta(days=5.75)), timedelta(hours=15))
    assert str(window.location) == "gitops.yaml:32:5"
    assert settings.path == SETTINGS_PATH


def test_without_a_file_the_defaults_apply() -> None:
    settings = load_settings(tree_of({"README.md": ""}))
    assert settings == Settings()
    assert settings.path is None
    assert settings.layout == LAYOUTS


def test_a_file_without_layout_means_the_layout_of_the_design() -> None:
    assert load("version: 1\n").layout == ("apps/{app}/overlays/{env}", "apps/{app}")
    assert load("layout: ['a/{app}', 'b/{env}/{app}']\n").layout == ("a/{app}", "b/{env}/{app}")


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("enviroments: []\n", "1:14", 'unknown key "enviroments"', 'did you mean "environments"?'),
        ("kustomize:\n  allowremote: true\n", "2:16", 'unknown key "allowremote"', 'did you mean "allowRemote"?'),
        (
            "bump:\n  subject: x\n",
            "2:12",
            'unknown key "subject"',
            "known here: markers, message, targets",
        ),
        (
            "environments:\n  - name: dev\n    promoteFrom: x\n",
            "3:18",
            'unknown key "promoteFrom"',
            'did you mean "promotesFrom"?',
        ),
        ("version: 2\n", "1:10", '"version" is 2', "this gitops reads version 1"),
        ("version: true\n", "1:10", '"version" must be the number 1', None),
        ("environments: dev\n", "1:15", '"environments" must be a list', None),
        ("environments: [dev]\n", "1:16", 'an entry of "environments" must be a mapping', None),
        ("environments:\n  - namespace: x\n", "2:5", 'an environment has no "name"', None),
        ("environments: [{name: a}, {name: a}]\n", "1:34", 'environment "a" is there twice', None),
        (
            "environments: [{name: Prod}]\n",
            "1:23",
            '"name" is "Prod", which is not an environment\'s name: lower-case letters, digits, and - _ . inside',
            None,
        ),
        (
            "environments: [{name: ../x}]\n",
            "1:23",
            '"name" is "../x", which is not an environment\'s name: lower-case letters, digits, and - _ . inside',
            None,
        ),
        (
            "environments:\n  - name: staging\n  - name: prod\n    promotesFrom: stagin\n",
            "4:19",
            'environment "prod" promotes from "stagin", which is not there',
            'did you mean "staging"?',
        ),
        (
            "environments: [{name: a, promotesFrom: b}, {name: b, promotesFrom: a}]\n",
            "1:15",
            "the environments promote from each other in a circle",
            None,
        ),
        (
            "environments: [{name: a, promotesFrom: a}]\n",
            "1:15",
            "the environments promote from each other in a circle",
            None,
        ),
        ("kubernetesVersion: 1.34\n", "1:20", '"kubernetesVersion" must be a version such as "1.36"', None),
        ('kubernetesVersion: "2"\n', "1:20", '"kubernetesVersion" is "2", which is not a version such as "1.36"', None),
        ("kustomize: {loadRestrictor: off}\n", "1:29", '"loadRestrictor" is "off"', "one of: rootOnly, none"),
        ('kustomize: {allowRemote: "yes"}\n', "1:26", '"allowRemote" must be true or false', None),
        ("rules: {latest-tag: fatal}\n", "1:21", '"latest-tag" is "fatal"', "one of: error, warning, info, off"),
        (
            "argocd: {path: ../argocd}\n",
            "1:16",
            '"path" is "../argocd", which is not a folder of this repository',
            None,
        ),
        ("argocd: {path: /argocd}\n", "1:16", '"path" is "/argocd", which is not a folder of this repository', None),
        ("argocd: []\n", "1:9", '"argocd" must be a mapping', None),
        ("argocd: {projects: [1]}\n", "1:21", '"projects" must be a list of texts', None),
        ("layout: apps/{env}\n", "1:9", 'layout "apps/{env}" is not a pattern', 'such as "apps/{app}/overlays/{env}"'),
        ("layout: ../{app}\n", "1:9", 'layout "../{app}" is not a pattern', 'such as "apps/{app}/overlays/{env}"'),
        ("layout: /{app}\n", "1:9", 'layout "/{app}" is not a pattern', 'such as "apps/{app}/overlays/{env}"'),
        (
            'layout: "{app}/{cluster}"\n',
            "1:9",
            'layout "{app}/{cluster}" is not a pattern',
            'such as "apps/{app}/overlays/{env}"',
        ),
        (
            'layout: "{app}{app}"\n',
            "1:9",
            'layout "{app}{app}" is not a pattern',
            'such as "apps/{app}/overlays/{env}"',
        ),
        ("layout: {a: b}\n", "1:9", '"layout" must be a text, in quotes', None),
        (
            "promote: {files: [../x]}\n",
            "1:19",
            '"../x" is not a pattern of files in an overlay',
            'such as "version.yaml" or "settings/*.yaml"',
        ),
        ("freeze:\n  - days: [sat]\n", "2:5", 'a freeze has no "reason"', None),
        (
            "freeze:\n  - {reason: x, days: [saturday]}\n",
            "2:5",
            '"saturday" is not one of mon, tue, wed, thu, fri, sat, sun',
            None,
        ),
        (
            "freeze:\n  - {reason: x, from: fri 18:00, until: '09:00'}\n",
            "2:5",
            '"from" and "until" both name a day, or neither does',
            None,
        ),
        (
            "freeze:\n  - {reason: x, from: '25:00'}\n",
            "2:5",
            '"from" is "25:00", which is neither a time such as "18:00" nor one such as "fri 18:00"',
            None,
        ),
        (
            "freeze:\n  - {reason: x, timeZone: Asia/Soul}\n",
            "2:27",
            '"Asia/Soul" is not a time zone that this machine knows',
            "such as Asia/Seoul; a machine without time zones gets them by the Python package tzdata",
        ),
        (
            "environments: [{name: production}]\nfreeze:\n  - {reason: x, environments: [productoin]}\n",
            "3:32",
            'there is no environment "productoin"',
            'did you mean "production"?',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, place: str, message: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert (str(caught.value), caught.value.hint) == (f"gitops.yaml:{place}: {message}", hint)


@pytest.mark.parametrize("text", ["", "- a\n", "a: 1\n---\nb: 2\n", "just text\n"])
def test_the_file_must_hold_one_mapping(text: str) -> None:
    with pytest.raises(ConfigError, match=r'^"gitops.yaml" must hold one mapping$'):
        load(text)


@pytest.mark.parametrize("text", ["a: [\n", "a: 1\na: 2\n", "a: *x\n"])
def test_what_is_not_yaml_is_told_with_its_place(text: str) -> None:
    with pytest.raises(YamlError) as caught:
        load(text)
    assert caught.value.line > 0


def test_promotion_order_is_followed_whatever_the_order_of_writing() -> None:
    names = ["prod", "qa", "dev", "edge"]
    sources = {"prod": "qa", "qa": "dev"}
    lines = [f"  - {{name: {name}{f', promotesFrom: {sources[name]}' if name in sources else ''}}}" for name in names]
    settings = load("environments:\n" + "\n".join(lines) + "\n")
    assert [environment.name for environment in settings.environments] == ["dev", "qa", "prod", "edge"]


def test_a_settings_file_behind_a_link_is_read_and_one_outside_is_not(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("version: 1\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "real.yaml").write_text("kubernetesVersion: '1.35'\n")
    (root / "gitops.yaml").symlink_to("real.yaml")
    assert load_settings(DirTree(root)).kubernetes_version == "1.35"
    (root / "gitops.yaml").unlink()
    (root / "gitops.yaml").symlink_to("../outside.yaml")
    with pytest.raises(TreeError, match="leads out of the repository"):
        load_settings(DirTree(root))


def test_a_directory_in_the_files_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "gitops.yaml").mkdir()
    with pytest.raises(GitopsError, match=r'^"gitops.yaml" is not a file$'):
        load_settings(DirTree(tmp_path))
