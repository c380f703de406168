"""The generators that combine others: matrix and merge.

Source: Argo CD 3.6, applicationset/generators/matrix.go and merge.go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.applicationsets.gotemplate import to_text
from gitops_tool.applicationsets.merging import overlaid
from gitops_tool.applicationsets.results import FaultError, ParameterSet, Pointer

if TYPE_CHECKING:
    from gitops_tool.applicationsets.generators import Generators


def matrix(generators: Generators, spec: Mapping[str, Any], pointer: Pointer, nesting: int) -> Iterator[ParameterSet]:
    """Yield each set of the first generator joined with each that the second gives for it.

    Raises:
        FaultError: there are not two generators, or their parameters contradict each other.
    """
    children = _children(spec)
    if len(children) != 2:
        raise FaultError(f"a matrix needs two generators, not {len(children)}", pointer)
    place = (*pointer, "generators")
    for first in generators.one(children[0], (*place, 0), nesting=nesting + 1):
        for second in generators.one(children[1], (*place, 1), nesting=nesting + 1, outer=first):
            if generators.substitution.go_template:
                values = _laid_over(second.values, first.values, pointer)
            else:
                values = _joined(first.values, second.values, (*place, 1))
            yield ParameterSet(values, first.origin, f"{first.element}, {second.element}")


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any], pointer: Pointer) -> dict[str, Any]:
    try:
        return overlaid(overlaid({}, below), above)
    except TypeError as error:
        message = f'the parameter "{error}" cannot be put among the labels, annotations or values of another generator'
        raise FaultError(message, pointer, "give one of them another name: Argo CD fails to merge them") from error


def _joined(first: Mapping[str, Any], second: Mapping[str, Any], pointer: Pointer) -> dict[str, Any]:
    found = {key: to_text(value) for key, value in first.items()}
    for key, value in second.items():
        text = to_text(value)
        if found.setdefault(key, text) != text:
            message = f'both generators of a matrix give "{key}", as "{found[key]}" and as "{text}"'
            raise FaultError(message, pointer, "rename one of them, or set pathParamPrefix")
    return found


def merge(generators: Generators, spec: Mapping[str, Any], pointer: Pointer, nesting: int) -> Iterator[ParameterSet]:
    """Yield the sets of the first generator, each with the parameters of those that have the same merge keys.

    Raises:
        FaultError: there are fewer than two generators, no keys, or two sets of one generator are alike in them.
    """
    children, keys = _children(spec), spec.get("mergeKeys")
    if len(children) < 2:
        raise FaultError(f"a merge needs two generators or more, not {len(children)}", pointer)
    names = [str(key) for key in keys] if isinstance(keys, list) else []
    found = [
        generators.one(child, (*pointer, "generators", index), nesting=nesting + 1)
        for index, child in enumerate(children)
    ]
    if not names:
        raise FaultError("a merge has no mergeKeys", pointer)
    base, *others = [_by_key(names, sets, (*pointer, "generators", index)) for index, sets in enumerate(found)]
    for key, item in base.items():
        values = dict(item.values)
        for other in others:
            if key in other and generators.substitution.go_template:
                values = _laid_over(values, other[key].values, pointer)
            elif key in other:
                values.update(other[key].values)
        yield ParameterSet(values, item.origin, item.element)


def _by_key(names: list[str], sets: list[ParameterSet], pointer: Pointer) -> dict[str, ParameterSet]:
    found: dict[str, ParameterSet] = {}
    for item in sets:
        key = json.dumps({name: item.values.get(name) for name in names}, sort_keys=True)
        if key in found:
            message = f"two sets of parameters of one generator are alike in the merge keys: {key}"
            raise FaultError(message, pointer, "merge by keys whose values are unique within each generator")
        found[key] = item
    return found


def _children(spec: Mapping[str, Any]) -> list[Any]:
    found = spec.get("generators")
    return found if isinstance(found, list) else []
