"""Picks the external programs for one run and makes the renderer and the validator that use them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gitops_tool import toolchain
from gitops_tool.cachedir import cache_folder
from gitops_tool.errors import ToolError
from gitops_tool.records import record
from gitops_tool.render import Renderer
from gitops_tool.rules import all_rules
from gitops_tool.schemas import SchemaEngine

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitops_tool.config import Settings
    from gitops_tool.rules.base import Rule
    from gitops_tool.validate import Validator


@record
class Engines:
    """What renders and validates; `notes` tell people what is not as they may expect."""

    renderer: Renderer
    validator: Validator
    notes: tuple[str, ...]


def pick(settings: Settings, schema_engine: SchemaEngine, cache: Path | None = None) -> Engines:
    """Find the programs for a repository's settings.

    Args:
        settings: the repository's.
        schema_engine: the program that is wanted.
        cache: the folder for renders, schemas and results; None for the user's.

    Raises:
        ToolError: nothing renders here, or kubeconform is asked for and missing.
    """
    renderer, notes = pick_renderer(settings, cache)
    return Engines(renderer, pick_validator(settings, schema_engine, cache=cache), notes)


def pick_renderer(settings: Settings, cache: Path | None = None) -> tuple[Renderer, tuple[str, ...]]:
    """Find what renders; the notes are for people.

    Raises:
        ToolError: nothing renders here.
    """
    folder = cache_folder()
    engine = toolchain.kustomize_engine(settings.kustomize.version or toolchain.KUSTOMIZE.pinned)
    notes = [folder.note] if folder.note and cache is None else []
    wanted = settings.kustomize.version
    if wanted is not None and wanted != engine.version:
        notes.append(f"rendered with kustomize {engine.version}; gitops.yaml asks for {wanted}")
    return Renderer(engine, settings, cache or folder.path), tuple(notes)


def pick_validator(
    settings: Settings,
    schema_engine: SchemaEngine,
    rules: Callable[[], tuple[Rule, ...]] = all_rules,
    cache: Path | None = None,
) -> Validator:
    """Find what checks schemas.

    Args:
        settings: the repository's.
        schema_engine: the program that is wanted.
        rules: gives the rules to run.
        cache: the folder for unpacked schemas; None for the user's.

    Raises:
        ToolError: kubeconform is asked for and missing.
    """
    from gitops_tool.validate import SchemaChecker, Validator

    return Validator(
        settings, SchemaChecker(settings, cache or cache_folder().path, _kubeconform(schema_engine)), rules
    )


def _kubeconform(schema_engine: SchemaEngine) -> Path | None:
    """Return the binary to check schemas with; None for the embedded engine."""
    found = None if schema_engine is SchemaEngine.EMBEDDED else toolchain.usable("kubeconform")
    if found is None and schema_engine is SchemaEngine.KUBECONFORM:
        raise ToolError('"kubeconform" was not found', hint="run `gitops tools install`, or use --engine embedded")
    return found.path if found else None
