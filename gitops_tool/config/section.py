"""A mapping of the settings file, read strictly: every key is known, and every error has its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitops_tool.config.settings import SETTINGS_PATH
from gitops_tool.errors import ConfigError
from gitops_tool.wording import did_you_mean
from gitops_tool.yamlload import locate


class Section:
    """A mapping of the settings file; every key must be asked for before `done`."""

    def __init__(self, values: Mapping[str, Any], pointer: tuple[str | int, ...], data: bytes) -> None:
        self.values = values
        self.pointer = pointer
        self.data = data
        self.asked: list[str] = []

    def error(self, message: str, *keys: str | int, hint: str | None = None) -> ConfigError:
        """Return the error for a value, with its place."""
        return ConfigError(message, location=locate(self.data, 0, (*self.pointer, *keys), SETTINGS_PATH), hint=hint)

    def get(self, key: str, kind: type, expected: str) -> Any:
        """Return a value of a kind; None if it is not there.

        Raises:
            ConfigError: it is of another kind.
        """
        self.asked.append(key)
        value = self.values.get(key)
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise self.error(f'"{key}" must be {expected}', key)
        return value

    def text(self, key: str, pattern: re.Pattern[str] | None = None, expected: str = "a text") -> str | None:
        """Return a text that fits a pattern."""
        value: str | None = self.get(key, str, expected if pattern else "a text, in quotes")
        if value is not None and pattern and not pattern.fullmatch(value):
            raise self.error(f'"{key}" is "{value}", which is not {expected}', key)
        return value

    def flag(self, key: str) -> bool:
        """Return whether something is set to true."""
        return bool(self.get(key, bool, "true or false"))

    def choice(self, key: str, allowed: Sequence[str]) -> str | None:
        """Return one of some words."""
        value = self.text(key)
        if value is not None and value not in allowed:
            raise self.error(f'"{key}" is "{value}"', key, hint=f"one of: {', '.join(allowed)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty if it is not there."""
        values = self.get(key, list, "a list of texts") or []
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise self.error(f'"{key}" must be a list of texts', key, index)
        return tuple(values)

    def section(self, key: str) -> Section:
        """Return a mapping; empty if it is not there."""
        return Section(self.get(key, dict, "a mapping") or {}, (*self.pointer, key), self.data)

    def sections(self, key: str) -> Iterator[Section]:
        """Yield the mappings of a list."""
        for index, value in enumerate(self.get(key, list, "a list") or []):
            if not isinstance(value, dict):
                raise self.error(f'an entry of "{key}" must be a mapping', key, index)
            yield Section(value, (*self.pointer, key, index), self.data)

    def done(self) -> None:
        """Stop at a key that nobody has asked for.

        Raises:
            ConfigError: with a similar one.
        """
        for key in self.values:
            if key not in self.asked:
                known = f"known here: {', '.join(sorted(self.asked))}"
                raise self.error(f'unknown key "{key}"', key, hint=did_you_mean(str(key), self.asked) or known)
