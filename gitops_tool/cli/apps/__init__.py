"""`gitops app`: the life of an app."""

from __future__ import annotations

import click

from gitops_tool.cli.apps.create import create
from gitops_tool.cli.apps.delete import delete
from gitops_tool.cli.apps.edit import add_environment, rename, templates
from gitops_tool.cli.apps.look import list_apps, show


@click.group()
def app() -> None:
    """Create, list, rename and delete apps, and put them into environments."""


for command in (add_environment, create, delete, list_apps, rename, show, templates):
    app.add_command(command)
