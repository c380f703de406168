"""A browser, and a report of this repository's own apps with a history of sixty changes."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.status.branch import Branch

ROOT = Path(__file__).resolve().parents[2]
NAMES = (os.environ.get("GITOPS_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
APPS = {"payment-service": "v1.2.3", "user-service": "v2.0.4", "notification-service": "v1.1.0"}
CHANGES = 60


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium; a machine without one fails the tests."""
    path = next((found for name in NAMES if name and (found := shutil.which(name))), None)
    assert path, 'no Chromium: run "make test-browser", which installs what is missing'
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


def change(branch: Branch, app: str, environment: str, version: str, chance: random.Random) -> None:
    """Commit another version of an app, as the tool or somebody by hand does it."""
    name = f"apps/{app}/overlays/{environment}/kustomization.yaml"
    lines = (branch.folder / name).read_text().splitlines(keepends=True)
    old = next(line for line in lines if "newTag:" in line)
    text = "".join(f"{line.partition(':')[0]}: {version}\n" if "newTag:" in line else line for line in lines)
    image = f"registry.kakaopay.com/{app}"
    action = "bump" if environment == "staging" else "promote"
    trailers = f"Gitops-App: {app}\nGitops-Environment: {environment}\nGitops-Action: {action}\n"
    trailers += f"Gitops-Image: {image}:{old.split()[-1]} -> {image}:{version}\n"
    message = (
        f"{app}({environment}): {action} {image} to {version}\n\n{trailers}" if chance.random() < 0.9 else "hotfix"
    )
    branch.commit({name: text}, message, author=chance.choice(["Dana Deployer", "김민지", "Ops Bot"]))


@pytest.fixture(scope="session")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Branch:
    """This repository's apps with a history, a change on top of it, and something to find."""
    branch = Branch(tmp_path_factory.mktemp("browser") / "k8s-manifests")
    branch.folder.mkdir()
    for name in ("apps", "argocd", "schemas"):
        shutil.copytree(ROOT / name, branch.folder / name)
    shutil.copy(ROOT / "gitops.yaml", branch.folder)
    branch.git("init", "--quiet", "--initial-branch=main")
    branch.commit({}, "the manifests")
    chance = random.Random(1)
    running = dict(APPS)
    for number in range(CHANGES):
        app = chance.choice(list(APPS))
        if chance.random() < 0.65:
            running[app] = f"{running[app].rpartition('.')[0]}.{number}"
            change(branch, app, "staging", running[app], chance)
        else:
            change(branch, app, "production", running[app], chance)
    change(branch, "payment-service", "staging", f"{running['payment-service']}-rc1", chance)
    branch.git("branch", "base")
    base = "apps/payment-service/base/deployment.yaml"
    text = (branch.folder / base).read_text()
    found = text.replace("memory:", "memry:", 1)
    assert found != text
    branch.commit({base: found}, "a misspelt field")
    return branch


@pytest.fixture(scope="session")
def report(manifests: Branch) -> Path:
    """The page."""
    done = manifests.gitops("report", "out", "--base", "base")
    assert (done.returncode, done.stderr) == (0, "")
    return manifests.folder / "out/index.html"


@pytest.fixture(scope="session")
def matrix(manifests: Branch) -> Path:
    """The page of `gitops status`."""
    done = manifests.gitops("status", "--output", "html")
    assert (done.returncode, done.stderr) == (0, "")
    page = manifests.folder / "status.html"
    page.write_text(done.stdout)
    return page
