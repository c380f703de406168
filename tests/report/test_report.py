"""`gitops report`: what stands on the page, what does not, and where it is written."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from tests.status.branch import Branch

from .shop import EVIL, SECRET, load, make, text_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Branch:
    """A repository with a report in `out`."""
    branch = make(tmp_path_factory.mktemp("report") / "manifests")
    (branch.folder / ".git/info/exclude").write_text("out/\n")  # or the report is among what changed
    done = branch.gitops("report", "out", "--base", "base")
    assert (done.returncode, done.stdout) == (0, "wrote out/index.html\nwrote out/report.json\n")
    assert done.stderr.startswith("note: api(production) cannot be read: ")
    return branch


@pytest.fixture(scope="module")
def page(written: Branch) -> str:
    return (written.folder / "out/index.html").read_text("utf-8")


def test_the_page_shows_versions_lags_findings_changes_and_objects(page: str) -> None:
    text = " ".join(text_of(page).split())
    for expected in (
        "manifests",
        "v5 2 days",
        "behind staging: 2 versions, 2 commits",
        "unreadable",
        "Images",
        "promote by Dana Deployer",
        "Bad_Name",
        "Secret web-token",
        "The same as a list",
        "All versions as a table",
    ):
        assert expected in text, expected


def test_no_value_of_a_secret_is_anywhere(written: Branch) -> None:
    for name in ("index.html", "report.json"):
        content = (written.folder / "out" / name).read_text("utf-8")
        for value in (SECRET, SECRET[::-1], base64.b64decode(SECRET).decode()):
            assert value not in content
    assert "web-token" in content


def test_names_cannot_break_out_of_their_place(page: str) -> None:
    assert EVIL in text_of(page)
    assert "<script>alert" not in page
    assert page.count("<script>") == 1


class _Outline(HTMLParser):
    """Collects what must fit together in a page."""

    VOID = frozenset({"meta", "link", "input", "br", "path", "rect", "line"})

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.outside: list[str] = []
        self.styled: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in self.VOID:
            self.stack.append(tag)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.styled += [tag for name in found if name == "style" or name.startswith("on")]
        for value in (found.get("href"), found.get("src")):
            if value is not None:
                (self.targets if value.startswith("#") else self.outside).append(value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.stack.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_from_outside(page: str) -> None:
    outline = _Outline()
    outline.feed(page)
    assert outline.stack == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert {target[1:] for target in outline.targets} <= set(outline.ids)
    assert outline.outside == ["data:,"]
    assert outline.styled == []  # the policy would refuse them
    assert not re.search(r"url\((?!#)", page)


def test_the_policy_allows_only_what_is_there(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    rules = dict(part.strip().split(" ", 1) for part in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        content = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert content is not None
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_the_json_is_described(written: Branch) -> None:
    document = load(written.folder / "out/report.json")
    schemas = ROOT / "schemas/output"
    jsonschema.validate(document, load(schemas / "report.schema.json"))
    jsonschema.validate({"version": 1, **document["status"]}, load(schemas / "status.schema.json"))
    jsonschema.validate(document["validation"], load(schemas / "validate.schema.json"))
    jsonschema.validate(document["diff"], load(schemas / "diff.schema.json"))
    changes = load(schemas / "history.schema.json")["properties"]["changes"]
    jsonschema.validate(document["history"], changes)


def test_equal_input_gives_equal_output(written: Branch) -> None:
    before = {name: (written.folder / "out" / name).read_bytes() for name in ("index.html", "report.json")}
    done = written.gitops("report", "out", "--base", "base", "--output", "json")
    assert json.loads(done.stdout) == {"version": 1, "files": ["out/index.html", "out/report.json"]}
    jsonschema.validate(json.loads(done.stdout), load(ROOT / "schemas/output/report-files.schema.json"))
    assert {name: (written.folder / "out" / name).read_bytes() for name in before} == before


def test_no_diff_a_title_and_no_default_branch(written: Branch, tmp_path: Path) -> None:
    done = written.gitops("report", str(tmp_path / "a"), "--no-diff", "--title", "<i>Mine</i>")
    assert done.returncode == 0
    without = (tmp_path / "a/index.html").read_text()
    assert 'id="changes"' not in without
    assert "<h1>&lt;i&gt;Mine&lt;/i&gt;</h1>" in without
    assert written.gitops("report", str(tmp_path / "b")).returncode == 0
    assert "there is no default branch to compare with" in (tmp_path / "b/index.html").read_text()


def test_a_folder_with_something_else_is_left_alone(written: Branch, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = written.gitops("report", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f'error: "{tmp_path}" holds something else than a report\n'
        "hint: choose an empty or a new folder, or write beside what is there with --force\n"
    )
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]
    assert written.gitops("report", str(tmp_path), "--force", "--no-diff").returncode == 0
    assert {one.name for one in tmp_path.iterdir()} == {"mine.txt", "index.html", "report.json"}
    (tmp_path / "mine.txt").unlink()
    assert written.gitops("report", str(tmp_path), "--no-diff").returncode == 0
    assert written.gitops("report", str(tmp_path / "index.html")).returncode == 2
    assert written.gitops("report", str(tmp_path), "--no-diff", "--base", "HEAD").returncode == 2


def test_without_git_there_is_a_page_all_the_same(written: Branch, tmp_path: Path) -> None:
    shutil.copytree(written.folder / "apps", tmp_path / "copy/apps")
    shutil.copy(written.folder / "gitops.yaml", tmp_path / "copy/gitops.yaml")
    done = written.gitops("report", "out", folder=tmp_path / "copy")
    assert done.returncode == 0
    assert "No version of an image is known" in (tmp_path / "copy/out/index.html").read_text()


def test_status_as_html_is_the_matrix_alone(written: Branch) -> None:
    done = written.gitops("status", "--output", "html", "--app", "web")
    outline = _Outline()
    outline.feed(done.stdout)
    assert (done.returncode, done.stderr, outline.outside) == (0, "", ["data:,"])
    assert "behind staging" in text_of(done.stdout)
