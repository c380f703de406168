"""The least that a Python program can do for a bump: no rules, no second render, no way back; see README.md.

It imports click and PyYAML, and runs what the shell script runs, with a fetch before. The difference to the script is
what Python takes, the difference to `gitops bump` is what that does more.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import click
import yaml


def run(*args: str, stdin: bytes = b"") -> bytes:
    """Run a program and return its output."""
    return subprocess.run(args, input=stdin, stdout=subprocess.PIPE, check=True).stdout


@click.command()
@click.argument("app")
@click.argument("tag")
def main(app: str, tag: str) -> None:
    """Set an app's tag, validate, commit and push."""
    run("git", "fetch", "--quiet", "origin")
    path = Path("apps") / app / "overlays/staging/kustomization.yaml"
    path.write_text(re.sub("newTag: .*", f"newTag: {tag}", path.read_text("utf-8")), "utf-8")
    rendered = run("kustomize", "build", str(path.parent))
    for document in yaml.load_all(rendered, yaml.CSafeLoader):
        if document["metadata"]["name"] is None:
            raise click.ClickException("an object has no name")
    run("kubeconform", "-strict", "-schema-location", os.environ["SCHEMAS"], "-", stdin=rendered)
    run("git", "commit", "--quiet", "--message", f"{app}(staging): bump to {tag}", str(path))
    run("git", "push", "--quiet", "origin", "HEAD:main")


if __name__ == "__main__":
    main()
