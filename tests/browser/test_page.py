"""The report as people use it: by mouse and keyboard, on wide and narrow screens, with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

WIDE, NARROW = 1280, 400


@contextmanager
def opened(browser: Browser, path: Path, *, width: int = WIDE, **options: Any) -> Iterator[Page]:
    """Open a page without a network; nothing may be asked for, and nothing may be complained about."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url != path.as_uri() else None)
    page.goto(path.as_uri())
    yield page
    assert complaints == []
    context.close()


def hash_of(page: Page) -> str:
    return str(page.evaluate("location.hash"))


def test_navigation_by_mouse(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        assert page.title() == "k8s-manifests"
        links = page.get_by_role("navigation").get_by_role("link")
        assert links.all_inner_texts() == ["What runs where", "Changes", "Findings", "Apps"]
        for link in links.all():
            link.click()
            name = hash_of(page)
            expect(page.locator(name)).to_be_in_viewport()
        page.get_by_role("row").get_by_role("link", name="user-service").click()
        assert hash_of(page) == "#app-user-service"
        expect(page.get_by_role("heading", name="user-service", level=3)).to_be_in_viewport()


def test_navigation_by_keyboard(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        summary = page.locator("article summary").first
        summary.focus()
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        assert page.evaluate(outline) == "solid"
        details = page.locator("article details").first
        before = details.get_attribute("open")
        page.keyboard.press("Enter")
        assert details.get_attribute("open") != before


def test_the_matrix_is_filtered(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        rows = page.locator("tr[data-app]")
        everything = rows.count()
        page.get_by_label("Find an app").fill("SERVICE")
        shown = page.locator("tr[data-app]:visible")
        assert shown.count() == 3
        expect(page.locator('[data-count="apps"]')).to_have_text(f"3 of {everything}")
        assert page.locator("article:visible").count() == 3
        page.get_by_label("only those behind").check()
        late = page.locator("tr[data-app][data-late]").count()
        assert 0 < late < everything
        assert shown.count() == late
        page.get_by_label("Find an app").fill("")
        page.get_by_label("only those behind").uncheck()
        assert shown.count() == everything
        expect(page.locator('[data-count="apps"]')).to_have_text("")


def test_findings_are_filtered(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        shown = page.locator("tr[data-finding]:visible")
        everything = shown.count()
        assert everything > 0
        assert "memry" in page.locator("#findings ~ .scroll").inner_text()
        page.get_by_label("Severity").select_option("info")
        assert shown.count() == page.locator('tr[data-finding][data-level="info"]').count() < everything
        page.get_by_label("Severity").select_option("")
        page.get_by_label("Find in findings").fill("no such thing")
        assert shown.count() == 0
        expect(page.locator('[data-count="findings"]')).to_have_text(f"0 of {everything}")


def test_folding(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        page.get_by_role("button", name="Fold all", exact=True).click()
        assert page.locator("details[open]").count() == 0
        page.get_by_role("button", name="Unfold all").click()
        assert page.locator("details:not([open])").count() == 0
        expect(page.locator("article table").first).to_be_visible()
        expect(page.locator("article details ul").first).to_be_visible()


def test_the_diff_is_shown_one_below_the_other_and_side_by_side(chromium: Browser, report: Path) -> None:
    for scripts in (True, False):
        with opened(chromium, report, java_script_enabled=scripts) as page:
            unified, beside = page.locator(".lines.unified").first, page.locator(".lines.beside").first
            expect(unified).to_be_visible()
            expect(beside).to_be_hidden()
            page.get_by_label("side by side").check()
            expect(unified).to_be_hidden()
            expect(beside).to_be_visible()
            assert "memry" in beside.inner_text()


def test_without_scripts_all_can_be_read_and_nothing_is_offered_that_does_nothing(
    chromium: Browser, report: Path
) -> None:
    with opened(chromium, report, java_script_enabled=False) as page:
        for tools in page.locator(".tools").all():
            expect(tools).to_be_hidden()
        assert page.locator("tr[data-app]:visible").count() == page.locator("article:visible").count() == 5
        table = page.locator("article table").first
        expect(table).to_be_hidden()
        page.locator("article summary").filter(has_text="All versions").first.click()
        expect(table).to_be_visible()
        page.get_by_role("navigation").get_by_role("link", name="Findings").click()
        expect(page.locator("#findings")).to_be_in_viewport()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_narrow_screen_scrolls_tables_and_not_the_page(chromium: Browser, report: Path, scripts: bool) -> None:
    with opened(chromium, report, width=NARROW, java_script_enabled=scripts) as page:
        box = page.locator("html").bounding_box()
        assert box is not None
        assert box["width"] == NARROW
        if scripts:
            assert page.evaluate("document.documentElement.scrollWidth") == NARROW
            assert page.evaluate("document.querySelector('.matrix').parentElement.scrollWidth") > NARROW
        page.mouse.wheel(300, 0)
        first = page.locator("h1").bounding_box()
        assert first is not None
        assert first["x"] >= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("which", ["report", "matrix"])
def test_axe_finds_nothing(
    chromium: Browser, request: pytest.FixtureRequest, which: str, width: int, scheme: str
) -> None:
    path: Path = request.getfixturevalue(which)
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,  # axe is a script, too
    )
    page = context.new_page()
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    context.close()
    problems = [
        (one["id"], one["impact"], [node["html"] for node in one["nodes"]]) for one in found.response["violations"]
    ]
    assert problems == []
    assert len(found.response["passes"]) > 15


def test_the_schemes_differ(chromium: Browser, report: Path) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        with opened(chromium, report, color_scheme=scheme) as page:
            colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2


def test_the_policy_stops_what_gets_onto_the_page(chromium: Browser, report: Path, tmp_path: Path) -> None:
    evil = "<script>document.title = 'broken'</script><img src='https://example.org/x.png' onerror='document.title=1'>"
    page_with = tmp_path / "index.html"
    page_with.write_text(report.read_text("utf-8").replace("</main>", f"{evil}</main>"), "utf-8")
    context = chromium.new_context(offline=True)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(page_with.as_uri())
    assert page.title() == "k8s-manifests"
    assert sum("Content Security Policy" in text for text in refused) >= 2
    context.close()


def test_on_paper_everything_is_unfolded_and_no_control_is_left(chromium: Browser, report: Path) -> None:
    with opened(chromium, report) as page:
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert page.locator("details:not([open])").count() == 0
        expect(page.get_by_role("navigation")).to_be_hidden()
        expect(page.locator(".tools").first).to_be_hidden()
        assert len(page.pdf()) > 10_000
