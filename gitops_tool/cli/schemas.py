"""`gitops schemas`: which schemas there are, and bringing in those of custom resources."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitops_tool.cli.app import Session
    from gitops_tool.cli.repository import Opened
    from gitops_tool.schemas.importing import SchemaFile
    from gitops_tool.validate.schema_listing import KnownSchema, SchemaListing


@click.group()
def schemas() -> None:
    """List the schemas that manifests are checked against, or bring in those of custom resources."""


@schemas.command("list")
@click.option("--rev", metavar="REV", help="Look at a commit instead of the files as they are now.")
@click.option("--kubernetes-version", metavar="V", help="For this version, in every environment.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of the result."
)
@click.pass_obj
def list_command(session: Session, rev: str | None, kubernetes_version: str | None, output: str) -> int:
    """Show what is bundled, what the repository adds, and which kinds it uses that have no schema.

    Renders every overlay to know what is used. A kind that an environment's Kubernetes version does not serve counts
    as one without a schema.
    """
    from gitops_tool.cli.repository import opened
    from gitops_tool.errors import ExitCode

    with opened(session.folder, rev) as here:
        listing = _listing(here, kubernetes_version)
    if output == "json":
        from gitops_tool.output.json import schemas_json

        click.echo(schemas_json(listing), nl=False)
    else:
        click.echo("\n".join(_lines(listing)))
    return ExitCode.OK


def _listing(here: Opened, kubernetes_version: str | None) -> SchemaListing:
    """Render everything and see what it needs."""
    from gitops_tool import engines
    from gitops_tool.cachedir import cache_folder
    from gitops_tool.config import load_settings
    from gitops_tool.errors import GitopsError, ToolError
    from gitops_tool.validate.overrides import with_kubernetes_version
    from gitops_tool.validate.schema_listing import list_schemas
    from gitops_tool.validate.selection import everything

    settings = load_settings(here.tree)
    if kubernetes_version is not None:
        settings = with_kubernetes_version(settings, kubernetes_version)
    overlays = everything(here.tree, settings)
    renderer, notes = engines.pick_renderer(settings)
    renders = []
    for overlay, result in zip(
        overlays, renderer.render_each([(here.tree, overlay.path) for overlay in overlays]), strict=True
    ):
        if isinstance(result, ToolError):
            raise result
        if isinstance(result, GitopsError):
            notes = (*notes, f"{overlay.path} cannot be rendered: what it uses is not known")
        else:
            renders.append((overlay, result))
    for note in notes:
        click.echo(f"note: {note}", err=True)
    return list_schemas(here.tree, settings, renders, cache_folder().path)


def _lines(listing: SchemaListing) -> Iterable[str]:
    from gitops_tool.validate.schema_listing import Source

    first, last = listing.kubernetes_versions[0], listing.kubernetes_versions[-1]
    titles = {
        Source.KUBERNETES: f"Kubernetes {listing.kubernetes_version} (there are {first} to {last}):",
        Source.BUNDLED: "custom resources, bundled:",
        Source.DEFINITION: "custom resources, defined by what is rendered:",
        Source.FILE: "custom resources, files of the repository:",
    }
    for source, title in titles.items():
        known = [one for one in listing.known if one.source is source]
        if known:
            yield from (title, *(_with_indent(known)), "")
    if not listing.missing:
        yield "every kind that is rendered has a schema"
        return
    yield "used, and without a schema:"
    for one in listing.missing:
        count = "1 object" if one.objects == 1 else f"{one.objects} objects"
        name = f"{one.api_version} {one.kind}".strip() or "objects without a kind"
        yield f"  {name} (Kubernetes {one.kubernetes_version}): {count} in {', '.join(map(str, one.overlays))}"


def _with_indent(known: Iterable[KnownSchema]) -> Iterable[str]:
    """Yield a line for each API version with its kinds, and how many objects are rendered of each."""
    names = {(one.api_version, one.kind) for one in known}
    by_version: dict[str, list[str]] = {}
    for one in known:
        if (one.api_version, one.kind.removesuffix("List")) in names and one.kind.endswith("List"):
            continue
        used = f" ({one.objects} used)" if one.objects else ""
        by_version.setdefault(one.api_version, []).append(f"{one.kind}{used}")
    return (f"  {api_version}: {', '.join(kinds)}" for api_version, kinds in by_version.items())


@schemas.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="FILE|DIR|-...")
@change_options(last_wins=False, placeholders="")
@click.pass_obj
def import_command(session: Session, sources: tuple[str, ...], options: ChangeOptions) -> int:
    """Write the schemas of CustomResourceDefinitions into the repository, through a commit.

    Each version that a definition serves becomes a strict JSON Schema in the first of the folders that gitops.yaml
    names under `schemas`, else in schemas/crds: <group>/<kind>_<version>.json. What is there already is replaced;
    what is the same stays as it is.

    \b
    gitops schemas import crds/                                  all definitions in and below a folder
    kubectl get crd -o yaml | gitops schemas import -            those of a cluster
    gitops schemas import widgets.yaml --no-commit               only write the files
    """
    from gitops_tool.changes.schemas import ImportSchemas
    from gitops_tool.validate.schema_check import OWN_SCHEMAS

    files = tuple(file for source in dict.fromkeys(sources) for file in _read(session.folder, source))
    return carry_out(session, ImportSchemas(files, OWN_SCHEMAS, options.message), options)


def _read(folder: Path, source: str) -> tuple[SchemaFile, ...]:
    from pathlib import PurePosixPath

    from gitops_tool.errors import UsageError
    from gitops_tool.schemas.importing import read_definitions, schema_files

    if source == "-":
        return schema_files([(sys.stdin.buffer.read(), PurePosixPath("standard input"))], "standard input")
    path = folder / source
    if not path.exists():
        raise UsageError(f'"{source}" does not exist')
    return read_definitions(path, source)
