"""`gitops app`: the life of an app."""

from __future__ import annotations

import click

from gitops_tool.cli.apps.create import create


@click.group()
def app() -> None:
    """Create, list, rename and delete apps, and put them into environments."""


for command in (create,):
    app.add_command(command)
