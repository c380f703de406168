"""Fills parameters into texts: Go templates, or the older `{{parameter}}`.

Source: Argo CD 3.6, applicationset/utils/utils.go (Replace, RenderTemplateParams, RenderGeneratorParams) and
applicationset/generators/value_interpolation.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gitops_tool.applicationsets.gotemplate import (
    Budget,
    MissingKeyError,
    StringMap,
    TemplateError,
    UnsupportedError,
    render,
)
from gitops_tool.applicationsets.results import FaultError, Pointer, UncheckedError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import field, record
from gitops_tool.wording import did_you_mean, quoted

_TAG = lazy_pattern(r"\{\{(.*?)\}\}", re.DOTALL)
_IS_TEMPLATE = lazy_pattern(r"\{\{.*\}\}")
_WANTED = lazy_pattern(r'(?:entry for key|evaluate field) "?([\w.-]+)')


@record
class Substitution:
    """How an ApplicationSet's texts are filled in, and how much work that may be."""

    go_template: bool = False
    options: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)

    def text(self, template: str, parameters: Mapping[str, Any]) -> str:
        """Return a text with its parameters filled in.

        Raises:
            TemplateError: Argo CD refuses the template.
            UnsupportedError: what it says is not known here.
        """
        self.budget.spend()
        if self.go_template:
            return render(template, parameters, self.options, self.budget)
        self.budget.write(len(template))
        return _fill_tags(template, parameters)

    def at(self, template: str, parameters: Mapping[str, Any], pointer: Pointer, element: str) -> str:
        """Return a text with its parameters filled in; what goes wrong is told with its place.

        Raises:
            FaultError: Argo CD refuses the template.
            UncheckedError: what it says is not known here.
        """
        try:
            return self.text(template, parameters)
        except UnsupportedError as error:
            raise UncheckedError(error.what, pointer) from error
        except TemplateError as error:
            message = f"{quoted(template)} cannot be filled in for {quoted(element)}: {error}"
            raise FaultError(message, pointer, _hint(str(error), parameters)) from error

    def everywhere(self, value: Any, parameters: Mapping[str, Any], pointer: Pointer, element: str) -> Any:
        """Return a value with the parameters filled into every text in it, keys included; see `at`."""
        if isinstance(value, str):
            return self.at(value, parameters, pointer, element) if "{{" in value else value
        self.budget.spend()
        if isinstance(value, Mapping):
            return {
                self.everywhere(key, parameters, pointer, element): self.everywhere(
                    item, parameters, (*pointer, key), element
                )
                for key, item in value.items()
                if item is not None
            }
        if isinstance(value, list):
            return [self.everywhere(item, parameters, (*pointer, n), element) for n, item in enumerate(value)]
        return value

    def generator(
        self, body: Mapping[str, Any], parameters: Mapping[str, Any], pointer: Pointer, element: str
    ) -> dict[str, Any]:
        """Return a matrix's second generator with the parameters of the first.

        Its `values` may speak of parameters that it is only going to make: they are kept for then.
        """
        found = dict(body)
        for kind, spec in body.items():
            if isinstance(spec, Mapping) and isinstance(spec.get("values"), Mapping):
                rest = {key: item for key, item in spec.items() if key != "values"}
                values = {key: self._early(str(value), parameters) for key, value in spec["values"].items()}
                found[kind] = self.everywhere(rest, parameters, (*pointer, kind), element) | {"values": values}
            elif kind in {"matrix", "merge"} and isinstance(spec, Mapping) and isinstance(spec.get("generators"), list):
                inner = [
                    self.generator(child, parameters, (*pointer, kind, "generators", number), element)
                    if isinstance(child, Mapping)
                    else child
                    for number, child in enumerate(spec["generators"])
                ]
                found[kind] = {**spec, "generators": inner}
            else:
                found[kind] = self.everywhere(spec, parameters, (*pointer, kind), element)
        return found

    def _early(self, template: str, parameters: Mapping[str, Any]) -> str:
        options = (*self.options, "missingkey=error")
        try:
            return Substitution(self.go_template, options, self.budget).text(template, parameters)
        except MissingKeyError:
            return template

    def add_values(self, values: Any, parameters: dict[str, Any], pointer: Pointer, element: str) -> None:
        """Add a generator's own `values` to its parameters; they may speak of the others, not of each other."""
        if not isinstance(values, Mapping) or not values:
            return
        made = {
            key: self.at(str(value), parameters, (*pointer, "values", key), element) for key, value in values.items()
        }
        if self.go_template:
            parameters["values"] = StringMap(made)
        else:
            parameters.update({f"values.{key}": value for key, value in made.items()})


def _fill_tags(template: str, parameters: Mapping[str, Any]) -> str:
    """Fill in `{{name}}`; what names no parameter stays as it is."""
    if not _IS_TEMPLATE.search(template):
        return template

    def fill(found: re.Match[str]) -> str:
        value = parameters.get(found[1].strip())
        return value if isinstance(value, str) and found[1].strip() else found.group()

    filled, end = [], 0
    for found in _TAG.finditer(template):
        filled += [template[end : found.start()], fill(found)]
        end = found.end()
    if "{{" in template[end:]:
        raise TemplateError('invalid template: "{{" without "}}"')
    return "".join([*filled, template[end:]])


def _hint(message: str, parameters: Mapping[str, Any]) -> str | None:
    wanted = _WANTED.search(message)
    if wanted is None:
        return None
    return did_you_mean(wanted[1], parameters) or f"parameters here: {', '.join(sorted(parameters)[:12]) or 'none'}"
