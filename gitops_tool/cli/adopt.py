"""`gitops adopt`: write gitops.yaml for a repository that nobody prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session
    from gitops_tool.pipeline import Outcome


@click.command()
@change_options(last_wins=False, placeholders="")
@click.pass_obj
def adopt(session: Session, options: ChangeOptions) -> int:
    """Write gitops.yaml for a repository that nobody prepared.

    Layout, apps and environments are found from directories, kustomizations and Argo CD's objects. What is
    guessed, and what is not understood, is listed. Afterwards bump, validate and diff work.

    \b
    gitops adopt --dry-run     show the file, the guesses and what is not understood
    gitops adopt               commit it
    gitops adopt --no-commit   write the file only, to be looked through
    """
    from gitops_tool.changes.adopt import Adopt

    change = Adopt(options.message)

    def as_json(outcome: Outcome) -> str:
        from gitops_tool.output.adoption import adoption_json

        return adoption_json(outcome, change.found)

    return carry_out(session, change, options, as_json)
