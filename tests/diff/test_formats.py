"""Markdown and HTML: nothing that a manifest holds gets out of its place, and what is cut is counted."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from gitops_tool.diff.repository import RepositoryDiff
from gitops_tool.output.diff.html import diff_page
from gitops_tool.output.diff.markdown import code, diff_markdown
from gitops_tool.output.diff.text import diff_text

from .comparing import SETTINGS, compared

K = "apps/web/overlays/staging/kustomization.yaml"
HOSTILE = (
    "````\n```\n</details>\n<script>alert(1)</script>\n/close\n/assign @root\n@everyone\n#1 !2\n~~~~\n<!-- x\n"
    "| a | b |\n[x](https://example.org)\n\t```diff\n\u202eevil\x1b[31m\n"
)


def config_maps(number: int, text: str) -> dict[str, str]:
    body = "\n".join(f"    {line}" for line in text.split("\n"))
    maps = "---\n".join(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: map-{one:03}}}\ndata:\n  text: |\n    v{one}\n{body}\n"
        for one in range(number)
    )
    return {"gitops.yaml": SETTINGS, K: "resources: [maps.yaml]\n", K.replace("kustomization", "maps"): maps}


def hostile() -> RepositoryDiff:
    safe = HOSTILE.replace("\x1b", "").replace("\t", " ")
    return compared(config_maps(1, "nothing"), config_maps(1, safe))


def test_quick_actions_fences_and_tags_stay_in_their_lines() -> None:
    text = diff_markdown(hostile(), 1_000_000)
    inside = False
    for line in text.split("\n"):
        fence = re.fullmatch(r"(`{3,})(?:diff)?", line)
        if fence and not inside:
            inside, opened = True, fence[1]
        elif fence and len(fence[1]) >= len(opened):
            inside = False
        elif inside:
            assert re.match(r"([-+! ]|@@) |[-+! ]?$", line), line
        else:
            assert not re.match(r"\s*(/|@|#[0-9]|~~~|<script)", line), line
    assert not inside
    assert len(re.findall("^<details", text, re.MULTILINE)) == len(re.findall("^</details>$", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web", "`web`"),
        ("a|b", r"`a\|b`"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        ("a``b`", "``` a``b` ```"),
        ("</code>@root", "`</code>@root`"),
        ("two\nlines", r"`two\nlines`"),
        (" ", ""),
    ],
)
def test_a_code_span_holds_its_text(text: str, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize("size", [2_000, 5_000, 65_536])
def test_what_does_not_fit_is_left_out_whole_and_counted(size: int) -> None:
    diff = compared(config_maps(1, "a"), config_maps(300, "x" * 700))
    text = diff_markdown(diff, size)
    assert len(text) <= size
    shown = text.count("<details>")
    assert text.count("</details>") == shown
    left = re.search(r"\*\*(\d+) parts did not fit", text)
    assert left
    assert shown + int(left[1]) == len(diff.objects)
    assert "and " in text.splitlines()[-1]
    assert "1 overlay compared, 300 objects differ" in text


def test_what_fits_is_shown_whole() -> None:
    text = diff_markdown(compared(config_maps(1, "a"), config_maps(30, "b")), 65_536)
    assert text.count("<details>") == 30
    assert "did not fit" not in text


class Page(HTMLParser):
    """Collects the elements of a page, and checks that they nest."""

    VOID = frozenset({"meta", "input", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_holds_only_its_own_elements() -> None:
    page = Page()
    text = diff_page(hostile())
    page.feed(text)
    assert page.open == []
    assert page.tags <= {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "section", "p", "code", "table"),
        *("thead", "tbody", "tr", "th", "td", "div", "details", "summary", "span", "input", "label", "ul", "li", "pre"),
    }
    assert "&lt;script&gt;alert(1)" in text
    assert not page.attributes & {"onclick", "src", "href", "style"}
    assert "https://example.org" in text


def test_no_output_moves_a_cursor() -> None:
    diff = hostile()
    for text in (diff_text(diff), diff_markdown(diff, 9_999), diff_page(diff)):
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)


def test_colours_are_for_terminals_only() -> None:
    diff = hostile()
    coloured = diff_text(diff, colour=True)
    assert "\x1b[32m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == diff_text(diff)
