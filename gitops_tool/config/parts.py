"""The sections of the settings file that one command each is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.config.settings import SETTINGS_PATH, PreviewSettings, UpdateRule, ValuePath
from gitops_tool.errors import UsageError
from gitops_tool.model import Location
from gitops_tool.patterns import lazy_pattern
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.config.section import Section
    from gitops_tool.holds import Window
    from gitops_tool.model import Environment

_PREVIEW_PATTERN = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_DURATION = lazy_pattern(r"never|(?=\d)(\d+w)?(\d+d)?(\d+h)?(\d+m)?")


def read_targets(bump: Section) -> Mapping[str, tuple[ValuePath, ...]]:
    """Return the values that a bump sets instead of an app's image, by app."""
    apps = bump.section("targets")
    return {str(app): tuple(_value_paths(apps, str(app))) for app in apps.values}


def _value_paths(apps: Section, app: str) -> Iterator[ValuePath]:
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


def read_preview(top: Section, environments: Sequence[Environment]) -> PreviewSettings:
    """Return how previews are made."""
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


def read_updates(top: Section, environments: Sequence[Environment]) -> Iterator[UpdateRule]:
    """Yield the rules of `gitops update`."""
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


def read_globs(section: Section, key: str) -> tuple[str, ...]:
    """Return patterns of files that a promotion copies."""
    patterns = section.texts(key)
    for index, pattern in enumerate(patterns):
        path = PurePosixPath(pattern)
        if not path.parts or path.is_absolute() or ".." in path.parts:
            message = f'"{pattern}" is not a pattern of files in an overlay'
            raise section.error(message, key, index, hint='such as "version.yaml" or "settings/*.yaml"')
    return patterns


def read_windows(top: Section, environments: Sequence[str]) -> Iterator[Window]:
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
