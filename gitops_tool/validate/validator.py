"""Brings schemas, rules, severities and suppressions together into findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from gitops_tool.model import Finding, Location, Overlay, Resource, Severity
from gitops_tool.records import record, replace
from gitops_tool.rules import all_rules, change_rules
from gitops_tool.rules.base import (
    ChangeView,
    Family,
    OverlayView,
    Pointer,
    Problem,
    RepositoryView,
    Rule,
    Scope,
)
from gitops_tool.sources import SourceMap
from gitops_tool.tree import LINK
from gitops_tool.validate.built_in import EMPTY_RENDER, rule_ids
from gitops_tool.validate.ignore import UNKNOWN_RULE, is_ignored, unknown_rules_of_files, unknown_rules_of_objects
from gitops_tool.validate.objects import CheckedObject, StoredObjects
from gitops_tool.validate.outline import outlined
from gitops_tool.validate.schema_check import SCHEMA, SCHEMA_MISSING, SchemaChecker

if TYPE_CHECKING:
    from pathlib import PurePosixPath
    from typing import Any

    from gitops_tool.config import Settings
    from gitops_tool.render import Render
    from gitops_tool.rules.base import Revisions
    from gitops_tool.tree import Tree

_Found = tuple[str, Severity, Problem]
Found = dict[int, list[_Found]]
"""What is wrong with objects, by their identity."""
Across = dict[Overlay, list[_Found]]
"""What rules over the whole repository find, by the overlay that reports it."""

_REMEMBERED = 4096
"""Objects without a fault that are kept, so that they need not be looked at again."""

_NO_OUTLINES: Mapping[Overlay, Render] = {}


@record
class Before:
    """The state that a change is compared with: its files, and what overlays rendered to, by their paths."""

    tree: Tree
    renders: Mapping[PurePosixPath, Render]


@record
class Part:
    """A part of what was found in an overlay; `suppressed` counts what the sources say to ignore."""

    findings: tuple[Finding, ...] = ()
    suppressed: int = 0


@record
class Report:
    """What was found in one overlay.

    `suppressed` counts findings that the sources say to ignore; `known` are those that a baseline does.
    """

    overlay: Overlay
    findings: tuple[Finding, ...]
    objects: Sequence[CheckedObject]
    suppressed: int = 0
    known: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, overlay: Overlay, objects: Sequence[CheckedObject], *parts: Part) -> Report:
        """Put together what was found in an overlay by itself, and what the whole repository gives."""
        findings = _in_order(finding for part in parts for finding in part.findings)
        return cls(overlay, findings, objects, sum(part.suppressed for part in parts))

    @property
    def is_checked(self) -> bool:
        """Whether there is a schema for every object."""
        if isinstance(self.objects, StoredObjects):
            return self.objects.have_schemas
        return all(item.has_schema for item in self.objects)

    @property
    def resources(self) -> int:
        """How many objects were rendered."""
        return len(self.objects)


class Validator:
    """Validates renders under one repository's settings.

    Args:
        settings: severities and the Kubernetes version.
        schemas: checks objects against schemas.
        rules: gives the rules to run; asked only when the schemas are checked, as rules take time to import.

    `revisions` may be set to what is known of the repository's branches and tags.
    """

    def __init__(
        self, settings: Settings, schemas: SchemaChecker, rules: Callable[[], tuple[Rule, ...]] = all_rules
    ) -> None:
        self.settings = settings
        self.schemas = schemas
        self.rules = rules
        self.revisions: Revisions | None = None
        self._faultless: dict[int, Mapping[str, Any]] = {}

    def check(
        self,
        tree: Tree,
        renders: Sequence[tuple[Overlay, Render]],
        *,
        complete: bool = False,
        before: Before | None = None,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Report]:
        """Return what is wrong with each overlay's render, at the lines that are to blame.

        Args:
            tree: the files that were rendered.
            renders: the overlays to look at.
            complete: whether these are all of the repository, so that what is not among them does not exist.
            before: what to compare them with; rules on changes have nothing to say without it.
            meanwhile: done while kubeconform runs.

        Raises:
            ConfigError: a target Kubernetes version is not known.
            ToolError: kubeconform does not work.
        """
        views = [OverlayView(tree, self.settings, overlay, render) for overlay, render in renders]

        @cache
        def rules() -> tuple[list[list[tuple[Rule, Problem]]], Across]:
            meanwhile()
            return [self.rule_problems(view) for view in views], self.repository_problems(
                tree, views, complete=complete
            )

        schema = self.schema_problems(tree, renders, meanwhile=rules)
        by_rules, across = rules()
        if before is not None:
            self.add_change_problems(across, tree, views, before, complete=complete)
        return [
            Report.of(
                view.overlay, checked_objects(view, schema), self.across(view, across), self.own(view, found, schema)
            )
            for view, found in zip(views, by_rules, strict=True)
        ]

    def check_changes(self, tree: Tree, renders: Sequence[tuple[Overlay, Render]], before: Before) -> list[Report]:
        """Return what is wrong with the changes of overlays alone, by those of the rules that compare."""
        views = [OverlayView(tree, self.settings, overlay, render) for overlay, render in renders]
        found: Across = {}
        self.add_change_problems(found, tree, views, before, rules=change_rules)
        return [Report.of(view.overlay, (), self.across(view, found)) for view in views]

    def add_change_problems(
        self,
        found: Across,
        tree: Tree,
        views: Sequence[OverlayView],
        before: Before,
        *,
        complete: bool = False,
        rules: Callable[[], tuple[Rule, ...]] | None = None,
    ) -> None:
        """Add what rules on changes find in the overlays that were there before."""
        comparing = [rule for rule in (rules or self.rules)() if rule.scope is Scope.CHANGE]
        repository = RepositoryView(tree, self.settings, tuple(views), complete, self.revisions)
        for after in views:
            render = before.renders.get(after.overlay.path)
            if render is None:
                continue
            change = ChangeView(OverlayView(before.tree, self.settings, after.overlay, render), after, repository)
            for rule in comparing:
                problems = ((rule.id, rule.severity, problem) for problem in rule.check(change))
                found.setdefault(after.overlay, []).extend(problems)

    def schema_problems(
        self,
        tree: Tree,
        renders: Sequence[tuple[Overlay, Render]],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> Found:
        """Check all objects with one run of the engine for each Kubernetes version; returns problems by object."""
        by_version: dict[str | None, list[Resource]] = {}
        for overlay, render in renders:
            environment = self.settings.environment(overlay.environment)
            version = (environment and environment.kubernetes_version) or self.settings.kubernetes_version
            by_version.setdefault(version, []).extend(render.resources)
        found: Found = {}
        for version, resources in by_version.items():
            for item in self.schemas.check(tree, version, resources, meanwhile):
                found.setdefault(id(item.problem.resource), []).append((item.rule, item.severity, item.problem))
        return found

    def rule_problems(self, view: OverlayView) -> list[tuple[Rule, Problem]]:
        """Return what the rules about one overlay find."""
        rules = self.rules()
        return [*self._resource_problems(rules, view.render.resources), *_overlay_problems(rules, view)]

    def _resource_problems(
        self, rules: Iterable[Rule], resources: Iterable[Resource]
    ) -> Iterator[tuple[Rule, Problem]]:
        """Yield what rules about single objects find; not of those that another overlay renders just so.

        Renders share the bodies of documents that are alike. Those that are kept here keep their ids.
        """
        unknown = [resource for resource in resources if id(resource.body) not in self._faultless]
        blamed: set[int] = set()
        for rule in rules:
            if rule.scope is Scope.RESOURCE:  # a hundred rules on every object: nothing beside the rule itself
                check = rule.check
                for resource in unknown:
                    for problem in check(resource):
                        blamed.add(id(resource.body))
                        yield rule, problem
        if len(self._faultless) > _REMEMBERED:
            self._faultless.clear()
        self._faultless.update((id(each.body), each.body) for each in unknown if id(each.body) not in blamed)

    def repository_problems(
        self,
        tree: Tree,
        views: Sequence[OverlayView],
        *,
        complete: bool,
        outlines: Mapping[Overlay, Render] = _NO_OUTLINES,
    ) -> Across:
        """Return what rules over the whole repository find, by the overlay that reports it.

        They are shown the outlines of all objects; see `outline`. What they find is about the objects themselves.
        `outlines` are those that are known already.
        """
        shown = [replace(view, tree=tree, render=outlines.get(view.overlay) or outlined(view.render)) for view in views]
        whole = {
            id(outline): resource
            for view, other in zip(views, shown, strict=True)
            for resource, outline in zip(view.render.resources, other.render.resources, strict=True)
        }
        found: Across = {}
        everything = RepositoryView(tree, self.settings, tuple(shown), complete, self.revisions)
        for rule in self.rules():
            if rule.scope is Scope.REPOSITORY:
                for owner, problem in rule.check(everything):
                    about = replace(problem, resource=whole.get(id(problem.resource), problem.resource))
                    found.setdefault(owner.overlay, []).append((rule.id, rule.severity, about))
        return found

    def own(self, view: OverlayView, problems: Iterable[tuple[Rule, Problem]], schema: Found) -> Part:
        """Turn what was found in an overlay by itself into findings."""
        comments = list(self._unknown_rules(view))
        return self._part(view, _problems(view, problems, schema), comments)

    def across(self, view: OverlayView, found: Across) -> Part:
        """Turn what rules over the whole repository, or on changes, report at an overlay into findings."""
        return self._part(view, found.get(view.overlay, ()))

    def _part(self, view: OverlayView, problems: Iterable[_Found], more: Iterable[Finding] = ()) -> Part:
        """Trace problems to their lines, and leave out what the settings or the sources say to ignore."""
        sources = SourceMap(view.tree, view.render)
        found: list[Finding] = []
        suppressed = 0
        for rule, default, problem in problems:
            severity = self.severity(view.overlay.environment, rule, problem.severity or default)
            if severity is None:
                continue
            finding = _finding(rule, severity, problem, sources, view.render)
            if is_ignored(view.tree, finding, problem.resource):
                suppressed += 1
            else:
                found.append(finding)
        return Part((*found, *more), suppressed)

    def _unknown_rules(self, view: OverlayView) -> Iterator[Finding]:
        severity = self.severity(view.overlay.environment, UNKNOWN_RULE, Severity.WARNING)
        if severity is not None:
            files = [path for path, mode in view.render.closure.files.items() if mode != LINK]
            for finding in unknown_rules_of_files(view.tree, files, rule_ids):
                yield replace(finding, severity=severity)

    def severity(self, environment: str, rule: str, default: Severity) -> Severity | None:
        """Return how bad a rule's findings are in an environment by the settings; None where it is off."""
        level = self.settings.environment_rules.get(environment, {}).get(rule) or self.settings.rules.get(rule)
        if level == "off":
            return None
        return Severity(level) if level else default


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by their places, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda one: (one.location, one.rule, one.message)))


def checked_objects(view: OverlayView, schema: Found) -> tuple[CheckedObject, ...]:
    """Return the objects of an overlay, as they are reported."""
    return tuple(
        CheckedObject(
            resource.id,
            has_schema=not any(rule == SCHEMA_MISSING for rule, _, _ in schema.get(id(resource), ())),
        )
        for resource in view.render.resources
    )


def _problems(view: OverlayView, by_rules: Iterable[tuple[Rule, Problem]], schema: Found) -> Iterator[_Found]:
    """Yield what was found in one overlay: by the schemas first, then by the rules."""
    render = view.render
    if not render.resources:
        message = f'"{render.overlay}" renders nothing; Argo CD would not sync it, or delete what runs'
        yield EMPTY_RENDER, Severity.ERROR, Problem(message, location=Location(render.entry))
    for resource in render.resources:
        yield from schema.get(id(resource), [])
    refused = _places(schema, render)
    for rule, problem in by_rules:
        # Where the schema refuses a value, a rule on the same value says the same again.
        if rule.family is not Family.API_SERVER or (id(problem.resource), problem.pointer) not in refused:
            yield rule.id, rule.severity, problem
    for resource, name in unknown_rules_of_objects(render.resources, rule_ids):
        message = f'the annotation gitops/ignore names an unknown rule "{name}"'
        pointer = ("metadata", "annotations", "gitops/ignore")
        yield UNKNOWN_RULE, Severity.WARNING, Problem(message, resource, pointer)


def _places(earlier: Found, render: Render) -> set[tuple[int, Pointer]]:
    """Return the values that a schema refuses: the object, and where in it."""
    found = ((resource, item) for resource in render.resources for item in earlier.get(id(resource), []))
    return {(id(resource), problem.pointer) for resource, (rule, _, problem) in found if rule == SCHEMA}


def _overlay_problems(rules: Iterable[Rule], view: OverlayView) -> Iterator[tuple[Rule, Problem]]:
    """Yield what rules about an overlay as a whole find."""
    for rule in rules:
        match rule.scope:
            case Scope.OVERLAY:
                yield from ((rule, problem) for problem in rule.check(view.render.resources))
            case Scope.SOURCES:
                yield from ((rule, problem) for problem in rule.check(view))


def _finding(rule: str, severity: Severity, problem: Problem, sources: SourceMap, render: Render) -> Finding:
    resource = problem.resource
    if problem.location is not None or resource is None:
        location = problem.location or Location(render.entry)
        return Finding(rule, severity, problem.message, location, resource.id if resource else None, problem.hint)
    trace = sources.trace(resource, problem.pointer)
    return Finding(rule, severity, problem.message, trace.location, resource.id, problem.hint, rendered=not trace.exact)
