"""`gitops status`: the matrix in every format, ages, lags, and what it cannot read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from .branch import DAY, START, Branch, deployment, image, overlay, path, shop

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "schemas/output/status.schema.json").read_text())


def document(branch: Branch, *args: str) -> dict[str, object]:
    done = branch.gitops("status", "--output", "json", *args)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def images(branch: Branch, *args: str) -> dict[str, dict[str, object]]:
    """Return the first image of each environment."""
    return {one["environment"]: one["images"][0] for one in document(branch, *args)["overlays"]}


def test_text_shows_versions_ages_authors_and_lags(make: Callable[..., Branch]) -> None:
    branch = make(shop("web", "api"))
    first = branch.git("rev-parse", "--short=12", "HEAD")
    branch.bump("web", "staging", "v1", "v2")
    second = branch.bump("web", "staging", "v2", "v3")[:12]
    third = branch.commit({path("api", "production"): overlay("api", "v9")}, "hotfix", author="김 다나")[:12]
    done = branch.gitops("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "APP  ENVIRONMENT  IMAGE  VERSION  AGE     COMMIT        AUTHOR         BEHIND\n"
        f"api  staging      api    v1       4 days  {first}  Dana Deployer\n"
        f"     production   api    v9       1 day   {third}  김 다나        never ran in staging\n"
        f"web  staging      web    v3       2 days  {second}  Dana Deployer\n"
        f"     production   web    v1       4 days  {first}  Dana Deployer  2 versions, 2 commits, 3 days\n"
    )


def test_markdown_has_a_row_for_an_app_and_escapes_names(web: Branch) -> None:
    commit = web.commit({path("web"): overlay("web", "v2")}, "edit", author="Eve | *x* @all")[:12]
    done = web.gitops("status", "--output", "markdown", "--env", "staging")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"| app | staging |\n| --- | --- |\n| **web** | **v2** 1 day by Eve \\| \\*x\\* \\@all in {commit} |\n"
    )


def test_json_tells_the_lag_in_numbers(web: Branch) -> None:
    web.bump("web", "staging", "v1", "v2")
    web.bump("web", "staging", "v2", "v3", "promote")
    web.commit({"apps/web/base/deployment.yaml": deployment("web", container="other")}, "not a version")
    found = images(web)
    assert found["staging"]["tag"] == "v3"
    assert found["staging"]["committed"] is True
    assert found["staging"]["behind"] is None
    assert found["staging"]["since"]["how"] == "promote"
    assert found["production"]["behind"] == {
        "environment": "staging",
        "versions": 2,
        "commits": 3,
        "seconds": 2 * DAY,
        "since": "2023-11-16T22:13:20Z",
    }
    assert START + 2 * DAY == 1_700_172_800  # 2023-11-16T22:13:20Z


def test_a_version_that_is_not_committed_is_called_so(web: Branch) -> None:
    web.write({path("web"): overlay("web", "v2")})
    assert (images(web)["staging"]["committed"], images(web)["staging"]["since"]) == (False, None)
    assert "uncommitted" in web.gitops("status").stdout
    assert images(web, "--rev", "HEAD")["staging"]["tag"] == "v1"


def test_images_of_the_base_several_and_renamed_ones_are_found(make: Callable[..., Branch]) -> None:
    files = shop("web") | {
        "apps/web/base/deployment.yaml": deployment("web", "b1") + "        - name: proxy\n          image: proxy:p1\n",
        path("web"): "resources:\n  - ../../base\n",
        path("web", "production"): f"resources:\n  - ../../base\nimages:\n  - name: {image('web')}\n"
        f"    newName: mirror.example.org/web\n    digest: sha256:{'a' * 64}\n",
        "apps/none/base/x.txt": "",
        "apps/none/overlays/staging/kustomization.yaml": "resources: []\n",
    }
    branch = make(files)
    changed = branch.commit({"apps/web/base/deployment.yaml": deployment("web", "b2")}, "base")[:12]
    lines = branch.gitops("status").stdout.splitlines()[1:]
    assert [line.split()[:4] for line in lines] == [
        ["none", "staging", "-", "no"],
        ["web", "staging", "web", "b2"],
        ["production", "web", "sha256:" + "a" * 12, "2"],
    ]
    assert changed in lines[1]


def test_what_cannot_be_read_is_said_and_the_rest_is_shown(web: Branch) -> None:
    web.commit({path("web", "production"): "images: [{name: a\n"}, "broken")
    done = web.gitops("status")
    assert done.returncode == 0
    assert "production   -      unreadable" in done.stdout
    assert done.stderr.startswith(
        "note: web(production) cannot be read: apps/web/overlays/production/kustomization.yaml:"
    )


def test_without_git_there_are_versions_but_no_ages(tmp_path: Path, web: Branch) -> None:
    copy = tmp_path / "copy"
    (web.folder / "apps").rename(tmp_path / "apps")
    copy.mkdir()
    (tmp_path / "apps").rename(copy / "apps")
    (copy / "gitops.yaml").write_text((web.folder / "gitops.yaml").read_text())
    done = web.gitops("status", folder=copy)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].split() == ["web", "staging", "web", "v1", "-", "-", "-"]


def test_a_shallow_clone_is_called_shallow(web: Branch, tmp_path: Path) -> None:
    web.bump("web", "staging", "v1", "v2")
    web.git("clone", "--quiet", "--depth", "1", web.folder.as_uri(), str(tmp_path / "shallow"))
    done = web.gitops("status", folder=tmp_path / "shallow")
    assert done.returncode == 0
    assert done.stderr == ("note: the clone is shallow: ages may be higher, and lags unknown (git fetch --unshallow)\n")


@pytest.mark.parametrize(
    ("args", "code", "err"),
    [
        (("--app", "wep"), 3, 'error: no app "wep" in this repository\nhint: did you mean "web"?\n'),
        (
            ("--env", "prodution"),
            2,
            'error: no app here has the environment "prodution"\nhint: did you mean "production"?\n',
        ),
        (
            ("--rev", "nope"),
            3,
            'error: no commit "nope" in this repository\nhint: fetch it first, or check the spelling\n',
        ),
    ],
)
def test_unknown_names_are_refused(web: Branch, args: tuple[str, ...], code: int, err: str) -> None:
    done = web.gitops("status", *args)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", err)
