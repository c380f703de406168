"""Writes docs/rules.md from what the rules say about themselves; `--check` only tells whether it is up to date."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from gitops_tool.rules.base import Family
from gitops_tool.rules.documentation import Description
from gitops_tool.validate.built_in import descriptions

PATH = Path(__file__).resolve().parents[1] / "docs" / "rules.md"
FAMILIES = {
    Family.SCHEMA: ("Schemas", "What the schemas of Kubernetes and of custom resources say."),
    Family.API_SERVER: ("API server", "What an API server rejects and no schema knows."),
    Family.ARGOCD: ("Argo CD", "What Argo CD cannot sync, or syncs to something else than is meant."),
    Family.REFERENCES: ("References", "What names something that is not there."),
    Family.IMAGES: ("Images", "What runs is what is written."),
    Family.SECURITY: ("Security", "What a workload may do, and what everybody can read."),
    Family.HYGIENE: ("Hygiene", "What works, and is not what it seems."),
}
INTRODUCTION = """\
# Rules

What `gitops validate` can find. `gitops rules` lists them and `gitops explain RULE` shows one of them on a terminal;
how to change a severity or to ignore a finding is in [gitops validate](validate.md#rules). This page is generated from
the rules' own docstrings by `scripts/generate_rules.py`.
"""


def main() -> None:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 if the page is not up to date; write nothing")
    page = rules_page()
    if parser.parse_args().check:
        current = PATH.read_text("utf-8") if PATH.exists() else ""
        sys.exit(0 if current == page else f"{PATH.name} is not up to date: run python scripts/generate_rules.py")
    PATH.write_text(page, "utf-8")


def rules_page() -> str:
    """Return the whole page: a table of all rules, then a section for each."""
    found = descriptions()
    lines = [INTRODUCTION, "| rule | severity | finds |", "| --- | --- | --- |"]
    lines += [f"| [`{one.id}`](#{one.id}) | {one.severity.value} | {_cell(one.summary)} |" for one in found]
    for family in Family:
        members = [one for one in found if one.family is family]
        if members:
            title, about = FAMILIES[family]
            lines += ["", f"## {title}", "", about]
            for one in members:
                lines += _section(one)
    return "\n".join(lines) + "\n"


def _section(one: Description) -> Iterator[str]:
    # A heading of its own, so that the anchor is the rule's id whatever the page is rendered by.
    yield from ("", f"### {one.id}", "", f"**{one.severity.value}**. {one.summary}")
    if one.why:
        yield from ("", textwrap.dedent(one.why))
    for title, example in (("Bad", one.bad), ("Good", one.good)):
        if example:
            yield from ("", f"{title}:", "", "```yaml", example, "```")
    if one.source:
        yield from ("", f"Source: {one.source}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
