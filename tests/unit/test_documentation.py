"""What the documentation names is there, and what is there is named: links, options, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

import gitops_tool

from .test_commands import commands

PACKAGE = Path(gitops_tool.__file__).resolve().parent
ROOT = PACKAGE.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "benchmarks/README.md",
    ROOT / "schemas/README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
COMMANDS = dict(commands())
SYNOPSES = re.compile(r"^```\n(gitops .*?)^```$", re.MULTILINE | re.DOTALL)
FENCES = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
EVERY_CHANGE = {
    "--push", "--branch", "--remote", "--timeout", "--last-wins", "--dry-run", "--no-commit", "--message", "--sign",
    "--engine", "--output", "--repo", "--override", "--mr", "--mr-branch", "--label", "--reviewer", "--auto-merge",
}  # fmt: skip
"""The options that bump.md and merge-requests.md explain for all commands that change the repository."""


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return a page's headings as GitLab and GitHub make anchors of them."""
    headings = re.findall(r"^#+ (.+)$", FENCES.sub("", page.read_text("utf-8")), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCES.sub("", page.read_text("utf-8"))):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def options(name: str) -> set[str]:
    """Return the long options of a command."""
    params = COMMANDS[name].params
    shown = [param for param in params if isinstance(param, click.Option) and not param.hidden]
    return {text for param in shown for text in (*param.opts, *param.secondary_opts) if text.startswith("--")}


def usages() -> Iterator[tuple[str, str]]:
    """Yield every use of a command in a synopsis, with the command's full name."""
    for page in PAGES:
        for block in SYNOPSES.findall(page.read_text("utf-8")):
            for usage in re.split(r"\n(?=gitops )", block):
                words = usage.split()
                two = " ".join(words[1:3]).replace("[list]", "list")
                yield two if two in COMMANDS else words[1], usage


def test_a_synopsis_names_the_options_of_its_command() -> None:
    found = dict.fromkeys(COMMANDS, "")
    for name, usage in usages():
        found[name] += usage + "\n"
    wrong = {}
    for name, text in found.items():
        known, named = options(name), set(OPTION.findall(text))
        left_out = known - named - (EVERY_CHANGE if "the options of every change" in text else set())
        if isinstance(COMMANDS[name], click.Group) or not known:
            continue
        if named - known or left_out:
            wrong[name] = (sorted(named - known), sorted(left_out))
    assert wrong == {}


def test_every_variable_is_listed() -> None:
    listed = (ROOT / "docs/configuration.md").read_text("utf-8").partition("## Environment variables")[2]
    read = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(r'"(GITOPS_[A-Z_]+|SOURCE_DATE_EPOCH|NO_COLOR|ARGOCD_[A-Z_]+)"', path.read_text("utf-8"))
    }
    assert sorted(name for name in read if f"`{name}`" not in listed) == []


def test_the_design_has_a_place_for_every_module() -> None:
    rooms = (ROOT / "docs/design.md").read_text("utf-8").partition("## Rooms")[2].partition("\n## ")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?) \|", rooms, re.MULTILINE) for name in re.findall(r"`([\w./]+)`", row)
    }
    there = {f"{path.name}/" for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    there |= {path.name for path in PACKAGE.glob("[!_]*.py")}
    assert sorted(there - named) == []
    assert sorted(name for name in named - there if not (PACKAGE / name).exists()) == []
