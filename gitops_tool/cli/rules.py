"""`gitops rules` and `gitops explain`: what can be found, and why it matters."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitops_tool.rules.documentation import Description

_OUTPUT = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of the result."
)
_FAMILIES = ("schema", "api-server", "argocd", "references", "images", "security", "hygiene")


@click.command()
@click.option("--family", type=click.Choice(_FAMILIES), help="Only the rules of one family.")
@_OUTPUT
def rules(family: str | None, output: str) -> None:
    """List the rules of `gitops validate`: severity, name, what it finds.

    `gitops explain RULE` tells more about one of them.
    """
    from gitops_tool.validate.built_in import descriptions

    found = [one for one in descriptions() if family in {None, one.family.value}]
    if output == "json":
        from gitops_tool.output.json import rules_json

        click.echo(rules_json(found), nl=False)
        return
    width = max(len(one.id) for one in found)
    for name in dict.fromkeys(one.family.value for one in found):
        click.echo(f"{name}:")
        for one in found:
            if one.family.value == name:
                click.echo(f"  {one.severity.value:<7}  {one.id:<{width}}  {one.summary}")


@click.command()
@click.argument("rule", metavar="RULE")
@_OUTPUT
def explain(rule: str, output: str) -> None:
    """Tell why a rule is there, with a bad and a good example, and its source."""
    from gitops_tool.errors import UsageError
    from gitops_tool.validate.built_in import descriptions
    from gitops_tool.wording import did_you_mean, quoted

    known = {one.id: one for one in descriptions()}
    if rule not in known:
        raise UsageError(
            f"there is no rule {quoted(rule)}", hint=did_you_mean(rule, known) or "`gitops rules` lists them"
        )
    if output == "json":
        from gitops_tool.output.json import description_json

        click.echo(description_json(known[rule]), nl=False)
        return
    for line in _lines(known[rule]):
        click.echo(line)


def _lines(one: Description) -> Iterator[str]:
    yield f"{one.id} ({one.severity.value}, {one.family.value})"
    yield from ("", one.summary)
    if one.why:
        yield from ("", *one.why.splitlines())
    for title, example in (("bad", one.bad), ("good", one.good)):
        if example:
            yield from ("", f"{title}:", "", *textwrap.indent(example, "    ").splitlines())
    if one.source:
        yield from ("", f"source: {one.source}")
