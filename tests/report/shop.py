"""A repository with a history, findings, secrets, and names that would break a page."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from tests.status.branch import Branch, bump, deployment, overlay, path, shop

SECRET = "c3VwZXItc2VjcmV0LXZhbHVl"
EVIL = "<script>alert(1)</script>\"'&{{7*7}}"


def make(folder: Path) -> Branch:
    """Return a branch `main` of two apps, and on top of it a merge request's changes."""
    folder.mkdir()
    branch = Branch(folder)
    branch.git("init", "--quiet", "--initial-branch=main")
    files = shop("web", "api")
    files["apps/web/base/secret.yaml"] = (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: web-token}}\ndata: {{token: {SECRET}}}\n"
    )
    files["apps/web/base/kustomization.yaml"] = "resources: [deployment.yaml, secret.yaml, service.yaml]\n"
    files["apps/web/base/service.yaml"] = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n"
    )
    branch.commit(files, "first")
    for number in range(2, 5):
        branch.bump("web", "staging", f"v{number - 1}", f"v{number}")
    branch.bump("web", "production", "v1", "v3", "promote")
    branch.commit({path("api"): overlay("api", "v2")}, f"{EVIL} by hand", author=EVIL.replace("<", "").replace(">", ""))
    branch.git("branch", "base")
    secret = files["apps/web/base/secret.yaml"].replace(SECRET, SECRET[::-1])
    changed = {
        "apps/web/base/secret.yaml": secret,
        path("web"): overlay("web", "v5"),
        path("api", "production"): "x: [\n",
    }
    branch.commit(changed, bump("web", "staging", "v4", "v5"))
    branch.commit({"apps/api/base/deployment.yaml": deployment("api", container="Bad_Name")}, "a finding")
    return branch


def text_of(page: str) -> str:
    """Return what a page shows, without its tags, styles and script."""
    body = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", body))


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
