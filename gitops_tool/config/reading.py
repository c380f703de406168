"""Reads `gitops.yaml`, strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.config.parts import read_globs, read_preview, read_targets, read_updates, read_windows
from gitops_tool.config.section import Section
from gitops_tool.config.settings import (
    GENERATE,
    LAYOUTS,
    SETTINGS_PATH,
    SEVERITIES,
    Argocd,
    Cluster,
    Kustomize,
    Settings,
)
from gitops_tool.errors import ConfigError
from gitops_tool.model import Environment
from gitops_tool.patterns import lazy_pattern
from gitops_tool.tree import mode_at, read
from gitops_tool.wording import did_you_mean
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.tree import Tree

_NAME = lazy_pattern(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_VERSION = lazy_pattern(r"v?1\.\d+(\.\d+)?")


def load_settings(tree: Tree) -> Settings:
    """Read a tree's `gitops.yaml`; the defaults if it has none.

    Raises:
        ConfigError: it is not valid, with line and column.
        YamlError: it is not YAML.
    """
    if mode_at(tree, SETTINGS_PATH) is None:
        return Settings()
    data = read(tree, SETTINGS_PATH)
    documents = load_documents(data, SETTINGS_PATH)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ConfigError(f'"{SETTINGS_PATH}" must hold one mapping', hint="see docs/configuration.md")
    return _settings(Section(documents[0], (), data))


def _settings(top: Section) -> Settings:
    if top.get("version", int, "the number 1") not in {None, 1}:
        raise top.error(f'"version" is {top.values["version"]}', "version", hint="this gitops reads version 1")
    environments, environment_rules = _environments(top)
    kustomize, argocd, bump, diff = (top.section(name) for name in ("kustomize", "argocd", "bump", "diff"))
    promote = top.section("promote")
    settings = Settings(
        path=SETTINGS_PATH,
        layout=_layout(top),
        environments=environments,
        kubernetes_version=top.text("kubernetesVersion", _VERSION, 'a version such as "1.36"'),
        kustomize=Kustomize(
            version=kustomize.text("version"),
            allow_remote=kustomize.flag("allowRemote"),
            load_restrictor=kustomize.choice("loadRestrictor", ("rootOnly", "none")) or "rootOnly",
        ),
        argocd=Argocd(
            path=_folder(argocd, "path"),
            namespace=argocd.text("namespace", _NAME, "a namespace") or "argocd",
            repo_url=argocd.text("repoURL"),
            target_revision=argocd.text("targetRevision"),
            project=argocd.text("project", _NAME, "a project's name"),
            generate=argocd.choice("generate", GENERATE) or GENERATE[0],
            projects=argocd.texts("projects"),
            clusters=_clusters(argocd),
        ),
        schemas=tuple(PurePosixPath(folder) for folder in top.texts("schemas")),
        external=top.texts("external"),
        rules=_rules(top),
        environment_rules=environment_rules,
        message=bump.text("message"),
        templates=_folder(top, "templates"),
        mask_keys=diff.texts("maskKeys"),
        targets=read_targets(bump),
        markers=bump.flag("markers"),
        updates=tuple(read_updates(top, environments)),
        preview=read_preview(top, environments),
        freezes=tuple(read_windows(top, [environment.name for environment in environments])),
        promoted_files=read_globs(promote, "files"),
    )
    for section in (top, kustomize, argocd, bump, diff, promote):
        section.done()
    return settings


def _environments(top: Section) -> tuple[tuple[Environment, ...], Mapping[str, Mapping[str, str]]]:
    found: dict[str, Environment] = {}
    rules = {}
    for section in top.sections("environments"):
        name = section.text("name", _NAME, "an environment's name: lower-case letters, digits, and - _ . inside")
        if name is None:
            raise section.error('an environment has no "name"')
        if name in found:
            raise section.error(f'environment "{name}" is there twice', "name")
        found[name] = Environment(
            name=name,
            namespace=section.text("namespace", _NAME, "a namespace"),
            cluster=section.text("cluster"),
            promotes_from=section.text("promotesFrom"),
            kubernetes_version=section.text("kubernetesVersion", _VERSION, 'a version such as "1.36"'),
            merge_request=section.flag("mergeRequest"),
        )
        rules[name] = _rules(section)
        section.done()
    return _in_promotion_order(top, found), rules


def _clusters(argocd: Section) -> tuple[Cluster, ...] | None:
    found: dict[str, Cluster] = {}
    for section in argocd.sections("clusters"):
        name, server = section.text("name"), section.text("server")
        if not name or not server:
            raise section.error(f'a cluster has no "{"server" if name else "name"}"')
        if name in found:
            raise section.error(f'cluster "{name}" is there twice', "name")
        found[name] = Cluster(name, server, _labels(section, "labels"), _labels(section, "annotations"))
        section.done()
    return tuple(found.values()) if argocd.values.get("clusters") is not None else None


def _labels(section: Section, key: str) -> Mapping[str, str]:
    labels = section.section(key)
    found = {name: labels.text(name) or "" for name in labels.values}
    labels.done()
    return found


def _in_promotion_order(top: Section, found: Mapping[str, Environment]) -> tuple[Environment, ...]:
    """Order environments so that each stands behind the one it promotes from; ties as they are written."""
    for index, environment in enumerate(found.values()):
        source = environment.promotes_from
        if source is not None and source not in found:
            message = f'environment "{environment.name}" promotes from "{source}", which is not there'
            raise top.error(message, "environments", index, "promotesFrom", hint=did_you_mean(source, found))
    ordered: list[Environment] = []
    while len(ordered) < len(found):
        names = {environment.name for environment in ordered}
        ready = [e for e in found.values() if e.name not in names and (e.promotes_from or "") in {"", *names}]
        if not ready:
            raise top.error("the environments promote from each other in a circle", "environments")
        ordered.append(ready[0])
    return tuple(ordered)


def _layout(top: Section) -> tuple[str, ...]:
    one = top.values.get("layout")
    patterns = top.texts("layout") if isinstance(one, list) else tuple(filter(None, (top.text("layout"),)))
    for pattern in patterns:
        parts = PurePosixPath(pattern).parts
        wrong = pattern.startswith("/") or ".." in parts or not any("{app}" in part for part in parts)
        wrong = wrong or any(part.count(name) > 1 for part in parts for name in ("{app}", "{env}"))
        if wrong or re.sub(r"\{(app|env)\}", "", pattern).count("{"):
            raise top.error(
                f'layout "{pattern}" is not a pattern', "layout", hint='such as "apps/{app}/overlays/{env}"'
            )
    return patterns or (LAYOUTS[0], "apps/{app}")


def _folder(section: Section, key: str) -> PurePosixPath | None:
    value = section.text(key)
    if value is None:
        return None
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts:
        raise section.error(f'"{key}" is "{value}", which is not a folder of this repository', key)
    return path


def _rules(section: Section) -> Mapping[str, str]:
    rules = section.section("rules")
    return {str(name): rules.choice(str(name), SEVERITIES) or "off" for name in rules.values}
