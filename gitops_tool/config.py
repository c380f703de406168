"""Settings: `gitops.yaml` at the repository's root, read strictly.

The same keys are described for editors in `schemas/gitops.schema.json`; a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import ConfigError, UsageError
from gitops_tool.model import Environment, Location
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import field, record
from gitops_tool.tree import mode_at, read
from gitops_tool.wording import did_you_mean
from gitops_tool.yamlload import load_documents, locate

if TYPE_CHECKING:
    from gitops_tool.holds import Window
    from gitops_tool.policy import Policy
    from gitops_tool.tree import Tree

SETTINGS_PATH = PurePosixPath("gitops.yaml")
LAYOUTS = (
    "apps/{app}/overlays/{env}",
    "apps/{app}/envs/{env}",
    "apps/{app}/{env}",
    "{app}/overlays/{env}",
    "{app}/envs/{env}",
    "overlays/{env}/{app}",
    "envs/{env}/{app}",
    "environments/{env}/{app}",
    "components/{app}/{env}",
    "apps/{app}",
)
"""Where to look when no `gitops.yaml` says so, the design's own layout first."""

PROMOTION_ORDER = (
    *("dev", "development", "test", "testing", "qa", "uat"),
    *("stage", "staging", "preprod", "prod", "production"),
)
"""How people name their environments, in the order of promotion; for repositories without settings."""

GENERATE = ("applications", "applicationset")
SEVERITIES = ("error", "warning", "info", "off")
_NAME = lazy_pattern(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_PREVIEW_PATTERN = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_DURATION = lazy_pattern(r"never|(?=\d)(\d+w)?(\d+d)?(\d+h)?(\d+m)?")
_VERSION = lazy_pattern(r"v?1\.\d+(\.\d+)?")


@record
class Kustomize:
    """How kustomize is to render. `version` is the one Argo CD uses; another one found is warned about."""

    version: str | None = None
    allow_remote: bool = False
    load_restrictor: str = "rootOnly"


@record
class Cluster:
    """A cluster that Argo CD knows, by name and API server, with the labels and annotations of its Secret."""

    name: str
    server: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@record
class Argocd:
    """Where Argo CD's objects lie, and what exists only in the cluster.

    `project`, `repo_url` and `target_revision` are what new Applications get; `generate` tells whether an
    environment of an app has an `applications` of its own, or all come from one `applicationset`. `clusters` is
    None where nobody has listed them.
    """

    path: PurePosixPath | None = None
    namespace: str = "argocd"
    repo_url: str | None = None
    target_revision: str | None = None
    project: str | None = None
    generate: str = "applications"
    projects: tuple[str, ...] = ()
    clusters: tuple[Cluster, ...] | None = None


@record
class ValuePath:
    """A value that a bump of an app sets: a file, with `{env}` and `{app}`, and a YAML path in it.

    `sets` is what it holds of an image: `tag`, `digest` or `image`; None if its key and its value tell.
    """

    file: str
    path: str
    sets: str | None = None


@record
class PreviewSettings:
    """How `gitops preview` makes environments; the patterns have `{app}` and, but for the template, `{name}`.

    `environment` is the one whose cluster they go to; the first if None.
    """

    template: str = "apps/{app}/overlays/preview"
    path: str = "apps/{app}/previews/{name}"
    namespace: str = "{app}-{name}"
    environment: str | None = None
    ttl: str = "7d"


@record
class UpdateRule:
    """A rule for `gitops update`: images by a glob, and the policy for them; `environments` empty for the first."""

    image: str
    policy: Policy
    environments: tuple[str, ...] = ()


@record
class Settings:
    """What `gitops.yaml` says, with defaults; environments in promotion order."""

    path: PurePosixPath | None = None
    layout: tuple[str, ...] = LAYOUTS
    environments: tuple[Environment, ...] = ()
    kubernetes_version: str | None = None
    kustomize: Kustomize = Kustomize()
    argocd: Argocd = Argocd()
    schemas: tuple[PurePosixPath, ...] = ()
    external: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    environment_rules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    message: str | None = None
    templates: PurePosixPath | None = None
    mask_keys: tuple[str, ...] = ()
    targets: Mapping[str, tuple[ValuePath, ...]] = field(default_factory=dict)
    markers: bool = False
    freezes: tuple[Window, ...] = ()
    promoted_files: tuple[str, ...] = ()
    updates: tuple[UpdateRule, ...] = ()
    preview: PreviewSettings = PreviewSettings()

    def environment(self, name: str) -> Environment | None:
        """Return an environment by its name."""
        return next((known for known in self.environments if known.name == name), None)


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
    return _settings(_Section(documents[0], (), data))


class _Section:
    """A mapping of the settings file; every key must be asked for before `done`."""

    def __init__(self, values: Mapping[str, Any], pointer: tuple[str | int, ...], data: bytes) -> None:
        self.values = values
        self.pointer = pointer
        self.data = data
        self.asked: list[str] = []

    def error(self, message: str, *keys: str | int, hint: str | None = None) -> ConfigError:
        return ConfigError(message, location=locate(self.data, 0, (*self.pointer, *keys), SETTINGS_PATH), hint=hint)

    def get(self, key: str, kind: type, expected: str) -> Any:
        self.asked.append(key)
        value = self.values.get(key)
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise self.error(f'"{key}" must be {expected}', key)
        return value

    def text(self, key: str, pattern: re.Pattern[str] | None = None, expected: str = "a text") -> str | None:
        value: str | None = self.get(key, str, expected if pattern else "a text, in quotes")
        if value is not None and pattern and not pattern.fullmatch(value):
            raise self.error(f'"{key}" is "{value}", which is not {expected}', key)
        return value

    def flag(self, key: str) -> bool:
        return bool(self.get(key, bool, "true or false"))

    def choice(self, key: str, allowed: Sequence[str]) -> str | None:
        value = self.text(key)
        if value is not None and value not in allowed:
            raise self.error(f'"{key}" is "{value}"', key, hint=f"one of: {', '.join(allowed)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.get(key, list, "a list of texts") or []
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise self.error(f'"{key}" must be a list of texts', key, index)
        return tuple(values)

    def section(self, key: str) -> _Section:
        return _Section(self.get(key, dict, "a mapping") or {}, (*self.pointer, key), self.data)

    def sections(self, key: str) -> Iterator[_Section]:
        for index, value in enumerate(self.get(key, list, "a list") or []):
            if not isinstance(value, dict):
                raise self.error(f'an entry of "{key}" must be a mapping', key, index)
            yield _Section(value, (*self.pointer, key, index), self.data)

    def done(self) -> None:
        for key in self.values:
            if key not in self.asked:
                known = f"known here: {', '.join(sorted(self.asked))}"
                raise self.error(f'unknown key "{key}"', key, hint=did_you_mean(str(key), self.asked) or known)


def _settings(top: _Section) -> Settings:
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
        targets=_targets(bump),
        markers=bump.flag("markers"),
        updates=tuple(_updates(top, environments)),
        preview=_preview(top, environments),
        freezes=tuple(_windows(top, [environment.name for environment in environments])),
        promoted_files=_globs(promote, "files"),
    )
    for section in (top, kustomize, argocd, bump, diff, promote):
        section.done()
    return settings


def _environments(top: _Section) -> tuple[tuple[Environment, ...], Mapping[str, Mapping[str, str]]]:
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


def _clusters(argocd: _Section) -> tuple[Cluster, ...] | None:
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


def _labels(section: _Section, key: str) -> Mapping[str, str]:
    labels = section.section(key)
    found = {name: labels.text(name) or "" for name in labels.values}
    labels.done()
    return found


def _in_promotion_order(top: _Section, found: Mapping[str, Environment]) -> tuple[Environment, ...]:
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


def _layout(top: _Section) -> tuple[str, ...]:
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


def _targets(bump: _Section) -> Mapping[str, tuple[ValuePath, ...]]:
    apps = bump.section("targets")
    return {str(app): tuple(_value_paths(apps, str(app))) for app in apps.values}


def _value_paths(apps: _Section, app: str) -> Iterator[ValuePath]:
    for section in apps.sections(app):
        from gitops_tool.yamledit.paths import PARTS, parse_path

        file, path = section.text("file"), section.text("path")
        if file is None or path is None:
            raise section.error(f'a target of "{app}" has no "{"path" if file else "file"}"')
        if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
            raise section.error(f'"file" is "{file}", which is not a file of this repository', "file")
        try:
            parse_path(path)
        except UsageError as error:
            raise section.error(error.message, "path", hint=error.hint) from error
        yield ValuePath(file, path, section.choice("sets", PARTS))
        section.done()


def _preview(top: _Section, environments: Sequence[Environment]) -> PreviewSettings:
    section, standard = top.section("preview"), PreviewSettings()
    patterns = {}
    for key, places in (("template", ("{app}",)), ("path", ("{app}", "{name}")), ("namespace", ("{app}", "{name}"))):
        text = section.text(key) or getattr(standard, key)
        rest = text
        for place in places:
            if place not in text:
                raise section.error(f'"{key}" has no {place}', key)
            rest = rest.replace(place, "x")
        if not _PREVIEW_PATTERN.fullmatch(rest) or ".." in rest.split("/"):
            raise section.error(f'"{key}" is "{text}", which is no pattern for one', key)
        patterns[key] = text
    name = section.text("environment")
    known = [environment.name for environment in environments]
    if name is not None and name not in known:
        raise section.error(f'there is no environment "{name}"', "environment", hint=did_you_mean(name, known))
    ttl = section.text("ttl") or standard.ttl
    if not _DURATION.fullmatch(ttl):
        raise section.error(f'"ttl" is "{ttl}", which is no duration such as 7d or 12h, nor never', "ttl")
    section.done()
    return PreviewSettings(**patterns, environment=name, ttl=ttl)


def _updates(top: _Section, environments: Sequence[Environment]) -> Iterator[UpdateRule]:
    for section in top.sections("updates"):
        from gitops_tool.policy import policy

        image, kind = section.text("image"), section.text("policy")
        if not image or not kind:
            raise section.error(f'a rule of "updates" has no "{"policy" if image else "image"}"')
        key, other = ("range", "pattern") if kind == "semver" else ("pattern", "range")
        if section.text(other):
            raise section.error(f'"{other}" does not go with the policy "{kind}"', other)
        try:
            found = policy(kind, section.text(key) or "")
        except UsageError as error:
            raise section.error(error.message, key if key in section.values else "policy", hint=error.hint) from error
        names = section.texts("environments")
        known = [environment.name for environment in environments]
        for index, name in enumerate(names):
            if name not in known:
                message = f'there is no environment "{name}"'
                raise section.error(message, "environments", index, hint=did_you_mean(name, known))
        yield UpdateRule(image, found, names)
        section.done()


def _folder(section: _Section, key: str) -> PurePosixPath | None:
    value = section.text(key)
    if value is None:
        return None
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts:
        raise section.error(f'"{key}" is "{value}", which is not a folder of this repository', key)
    return path


def _rules(section: _Section) -> Mapping[str, str]:
    rules = section.section("rules")
    return {str(name): rules.choice(str(name), SEVERITIES) or "off" for name in rules.values}


def _globs(section: _Section, key: str) -> tuple[str, ...]:
    patterns = section.texts(key)
    for index, pattern in enumerate(patterns):
        path = PurePosixPath(pattern)
        if not path.parts or path.is_absolute() or ".." in path.parts:
            message = f'"{pattern}" is not a pattern of files in an overlay'
            raise section.error(message, key, index, hint='such as "version.yaml" or "settings/*.yaml"')
    return patterns


def _windows(top: _Section, environments: Sequence[str]) -> Iterator[Window]:
    """Yield the weekly windows in which environments are frozen."""
    for section in top.sections("freeze"):
        from gitops_tool.holds.windows import Window, parse_span, parse_zone

        names = section.texts("environments")
        for index, name in enumerate(names):
            if environments and name not in environments:
                hint = did_you_mean(name, environments) or f"known: {', '.join(environments)}"
                raise section.error(f'there is no environment "{name}"', "environments", index, hint=hint)
        reason = section.text("reason")
        if not reason:
            raise section.error('a freeze has no "reason"')
        try:
            begins, length = parse_span(section.texts("days"), section.text("from"), section.text("until"))
        except ValueError as error:
            raise section.error(str(error)) from None
        try:
            zone = parse_zone(section.text("timeZone") or "UTC")
        except ValueError as error:
            hint = "such as Asia/Seoul; a machine without time zones gets them by the Python package tzdata"
            raise section.error(str(error), "timeZone", hint=hint) from None
        section.done()
        yield Window(reason, names, begins, length, zone, section.error("").location or Location(SETTINGS_PATH))
