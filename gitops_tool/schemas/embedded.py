"""The engine that needs nothing but this package: `jsonschema`, with Go's regular expressions."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import ConfigError
from gitops_tool.schemas.documents import Entry, prepare
from gitops_tool.schemas.regex import compile_pattern
from gitops_tool.schemas.violations import Violation, describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitops_tool.schemas.catalogue import Catalogue


def check_embedded(documents: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> list[Violation]:
    """Return what is wrong with the documents that have a schema, in their order.

    Raises:
        ConfigError: a schema that the repository brings along cannot be used.
    """
    entries, violations = prepare(documents, catalogue)
    engine = Embedded(catalogue)
    for entry in entries:
        violations += engine.check(entry)
    return sorted({*violations})


class Embedded:
    """Checks objects, compiling the schema of each kind once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._validators: dict[tuple[str, str], Any] = {}

    def check(self, entry: Entry) -> list[Violation]:
        """Return what is wrong with an object whose kind has a schema.

        Raises:
            ConfigError: a schema that the repository brings along cannot be used.
        """
        if entry.kind not in self._validators:
            self._validators[entry.kind] = self._compile(*entry.kind)
        try:
            errors = list(self._validators[entry.kind].iter_errors(entry.body))
        except RecursionError as error:
            raise ConfigError(f'the schema of "{entry.kind[1]}" refers to itself without end') from error
        return [entry.violation(pointer, message) for error in errors for pointer, message in describe(error)]

    def _compile(self, api_version: str, kind: str) -> Any:
        from jsonschema import FormatChecker
        from jsonschema.exceptions import SchemaError

        schema = self._catalogue.find(api_version, kind)
        validator = _validator_class()
        if self._catalogue.is_extra(api_version, kind):
            try:
                # Without formats: one of them wants patterns in Python's syntax.
                validator.check_schema(schema, format_checker=FormatChecker(formats=()))
            except SchemaError as error:
                message = f'the schema of "{kind}" is not a JSON Schema: {error.json_path} is wrong'
                raise ConfigError(message, hint="see https://json-schema.org/draft-07 for what it may say") from error
        return validator(schema)


@cache
def _validator_class() -> Any:
    from jsonschema import Draft7Validator, validators

    extend: Any = validators.extend
    return extend(Draft7Validator, {"pattern": _pattern, "patternProperties": _pattern_properties})


def _pattern(validator: Any, pattern: str, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if validator.is_type(instance, "string") and not compile_pattern(pattern).search(instance):
        yield ValidationError("")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, part in patterns.items():
        for name, value in instance.items():
            if compile_pattern(pattern).search(name):
                yield from validator.descend(value, part, path=name, schema_path=pattern)
