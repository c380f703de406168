"""Expands ApplicationSets: the Applications that the controller would write.

Source: Argo CD 3.6, applicationset/controllers/template/template.go and validateGeneratedApplications in
applicationset/controllers/applicationset_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.applicationsets.generators import Generators
from gitops_tool.applicationsets.gotemplate import OPTIONS, UnsupportedError, from_json
from gitops_tool.applicationsets.merging import filled
from gitops_tool.applicationsets.patching import patched
from gitops_tool.applicationsets.repository import IsHere, Repository
from gitops_tool.applicationsets.results import (
    Expansion,
    Fault,
    FaultError,
    Generated,
    ParameterSet,
    Pointer,
    Unchecked,
    UncheckedError,
)
from gitops_tool.applicationsets.substitution import Substitution
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.wording import did_you_mean, quoted

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree

FINALIZER = "resources-finalizer.argocd.argoproj.io"
_SPEC, _TEMPLATE, _PATCH = ("spec",), ("spec", "template"), ("spec", "templatePatch")
_METADATA = ("name", "labels", "annotations", "finalizers")
_NAME = lazy_pattern(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LEFT = lazy_pattern(r"\{\{\s*(.*?)\s*\}\}|<no value>")
_PLAIN_FIELDS = ("repoURL", "path", "targetRevision", "chart", "ref")


def expand(
    body: Mapping[str, Any], tree: Tree, settings: Settings, is_here: IsHere = lambda _url, _revision: None
) -> Expansion:
    """Return the Applications that an ApplicationSet generates, and what is wrong or cannot be told.

    Args:
        body: the ApplicationSet's manifest.
        tree: the repository's files.
        settings: what `gitops.yaml` says; of interest are Argo CD's clusters.
        is_here: whether a URL and revision are those of `tree`. Where that is not known (None), a git
            generator is taken to mean the files here if it finds any.
    """
    expansion = _Expansion([], {}, {}, {})
    try:
        spec = _mapping(from_json(_mapping(body.get("spec"))))
        substitution = _substitution(spec)
    except UnsupportedError as error:
        return Expansion((), (), (Unchecked(error.what, _SPEC),))
    except FaultError as error:
        return Expansion((), (error.fault,), ())
    generators = Generators(substitution, Repository(tree, is_here), settings.argocd.clusters)
    writer = _Writer(body, spec, substitution)
    entries = spec.get("generators")
    for index, generator in enumerate(entries if isinstance(entries, list) else []):
        expansion.add(writer, generators, generator, ("spec", "generators", index))
    expansion.check_names()
    problems = {**expansion.leftovers, **expansion.problems}
    return Expansion(tuple(expansion.applications), tuple(problems.values()), tuple(expansion.unchecked.values()))


def _substitution(spec: Mapping[str, Any]) -> Substitution:
    go_template, options = spec.get("goTemplate") is True, spec.get("goTemplateOptions")
    texts = tuple(str(option) for option in options) if isinstance(options, list) else ()
    for index, option in enumerate(texts if go_template else ()):
        if option not in OPTIONS:
            pointer = ("spec", "goTemplateOptions", index)
            raise FaultError(f'Go has no template option "{option}"', pointer, did_you_mean(option, OPTIONS))
    return Substitution(go_template, texts)


@record
class _Expansion:
    """What was found so far; faults and gaps once for each place, however many elements have them."""

    applications: list[Generated]
    problems: dict[Pointer, Fault]
    leftovers: dict[Pointer, Fault]
    unchecked: dict[Pointer, Unchecked]

    def add(self, writer: _Writer, generators: Generators, generator: Any, pointer: Pointer) -> None:
        """Run one generator and write its Applications."""
        try:
            for kind, sets in generators.run(_mapping(generator), pointer):
                template = writer.template(generator[kind])
                for parameters in sets:
                    self._write(writer, template, parameters)
        except FaultError as error:
            self.problems.setdefault(error.fault.pointer, error.fault)
        except UncheckedError as error:
            self.unchecked.setdefault(error.unchecked.pointer, error.unchecked)

    def _write(self, writer: _Writer, template: Mapping[str, Any], parameters: ParameterSet) -> None:
        try:
            application = Generated(writer.write(template, parameters), parameters.origin, parameters.element)
        except FaultError as error:
            self.problems.setdefault(error.fault.pointer, error.fault)
            return
        self.applications.append(application)
        for fault in _leftovers(application, parameters):
            self.leftovers.setdefault(fault.pointer, fault)

    def check_names(self) -> None:
        """Find names that the API server refuses, and those that are there twice."""
        seen: dict[str, Generated] = {}
        pointer = (*_TEMPLATE, "metadata", "name")
        for application in self.applications:
            name, first = application.name, seen.setdefault(application.name, application)
            if not name:
                fault = Fault(f"the Application of {quoted(application.element)} has no name", pointer)
            elif not _NAME.fullmatch(name):
                message = f"{quoted(name)}, made of {quoted(application.element)}, is not a name for an Application"
                fault = Fault(message, pointer, "lower-case letters, digits, - and . only; see the function normalize")
            elif first is not application:
                message = f"two Applications are named {quoted(name)}"
                by = f": of {quoted(first.element)} and of {quoted(application.element)}"
                fault = Fault(message + by, pointer, "Argo CD refuses both; put more parameters into the name")
            else:
                continue
            self.problems.setdefault(pointer, fault)


@record
class _Writer:
    """Writes Applications from templates."""

    body: Mapping[str, Any]
    spec: Mapping[str, Any]
    substitution: Substitution

    def template(self, generator: Any) -> dict[str, Any]:
        """Return the template for a generator: its own, with what it lacks taken from the ApplicationSet's."""
        own = _mapping(_mapping(generator).get("template"))
        whole = filled(own, _mapping(self.spec.get("template")))
        metadata = {key: value for key, value in _mapping(whole.get("metadata")).items() if key in _METADATA}
        return {"metadata": metadata, "spec": _mapping(whole.get("spec"))}

    def write(self, template: Mapping[str, Any], parameters: ParameterSet) -> dict[str, Any]:
        """Return the manifest of one Application."""
        application = dict(template)
        if parameters.values:
            application = self.substitution.everywhere(template, parameters.values, _TEMPLATE, parameters.element)
            kept = _mapping(self.spec.get("syncPolicy")).get("preserveResourcesOnDeletion") is True
            if not kept and not application["metadata"].get("finalizers"):
                application["metadata"]["finalizers"] = [FINALIZER]
        patch = self.spec.get("templatePatch")
        if isinstance(patch, str):
            text = self.substitution.at(patch, parameters.values, _PATCH, parameters.element)
            application = patched(application, text, _PATCH)
        namespace = _mapping(self.body.get("metadata")).get("namespace")
        metadata = {"name": "", **_mapping(application.get("metadata"))}
        metadata |= {"namespace": namespace} if namespace else {}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": metadata,
            "spec": application["spec"],
        }


def _leftovers(application: Generated, parameters: ParameterSet) -> Iterator[Fault]:
    """Find parameters that were not filled in where no placeholder can be meant."""
    for pointer, value in _plain_texts(application.manifest):
        left = _LEFT.search(value)
        if left is None:
            continue
        place = (*_TEMPLATE, *pointer)
        known = f"parameters of {quoted(application.element)}: {', '.join(sorted(parameters.values)[:12]) or 'none'}"
        message = f"{quoted(left.group())} is left in what is made of {quoted(application.element)}: {quoted(value)}"
        yield Fault(message, place, did_you_mean(left[1] or "", parameters.values) or known)


def _plain_texts(manifest: Mapping[str, Any]) -> Iterator[tuple[Pointer, str]]:
    spec = _mapping(manifest["spec"])
    listed = spec.get("sources")
    sources = listed if isinstance(listed, list) else []
    fields: list[tuple[Pointer, Any]] = [(("metadata", "name"), manifest["metadata"].get("name"))]
    fields.append((("spec", "project"), spec.get("project")))
    fields += [(("spec", "destination", key), value) for key, value in _mapping(spec.get("destination")).items()]
    for pointer, source in [(("source",), spec.get("source")), *((("sources", n), s) for n, s in enumerate(sources))]:
        fields += [(("spec", *pointer, key), _mapping(source).get(key)) for key in _PLAIN_FIELDS]
    yield from ((pointer, value) for pointer, value in fields if isinstance(value, str))


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
