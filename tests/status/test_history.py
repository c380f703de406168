"""`gitops history`: what ran, as a reader of every single commit sees it."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import git
import jsonschema
import pytest

from gitops_tool.config import load_settings
from gitops_tool.errors import GitopsError
from gitops_tool.git import GitRepo
from gitops_tool.layout import find_app
from gitops_tool.model import Revision
from gitops_tool.status import overlay_history
from gitops_tool.versions import candidates

from .branch import DAY, START, Branch, bump, deployment, image, overlay, path, ran, shop, trailers

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "schemas/output/history.schema.json").read_text())


def test_every_version_and_how_it_came(web: Branch) -> None:
    web.bump("web", "staging", "v1", "v2")
    web.bump("web", "staging", "v2", "v3", "promote")
    web.commit({path("web"): overlay("web", "v4")}, "by hand")
    web.git("revert", "--no-edit", "HEAD")
    web.bump("web", "staging", "v3", "v1", "rollback")
    web.commit({path("web"): overlay("web", "v5")}, f"web(staging): promote {image('web')} to v5")
    squashed = (
        "All of it (#12)\n\n" + trailers("api", "staging", "v1", "v6") + "\n\n" + trailers("web", "staging", "v5", "v6")
    )
    web.commit({path("web"): overlay("web", "v6")}, squashed)
    web.commit({path("web"): overlay("web", "v7")}, bump("web", "staging", "v6", "v8"))
    web.commit({path("web"): overlay("web", "v9")}, bump("api", "staging", "v7", "v9"))
    assert ran(web.history()) == [
        ("v9", "edit", f"api(staging): bump {image('api')} to v9"),
        ("v7", "bump", f"web(staging): bump {image('web')} to v8"),
        ("v6", "bump", "All of it (#12)"),
        ("v5", "promote", f"web(staging): promote {image('web')} to v5"),
        ("v1", "rollback", f"web(staging): rollback {image('web')} to v1"),
        ("v3", "revert", 'Revert "by hand"'),
        ("v4", "edit", "by hand"),
        ("v3", "promote", f"web(staging): promote {image('web')} to v3"),
        ("v2", "bump", f"web(staging): bump {image('web')} to v2"),
        ("v1", "created", "first"),
    ]


def test_of_a_merged_branch_only_its_end_ran_and_its_author_is_named(web: Branch) -> None:
    web.git("switch", "--quiet", "--create", "feature")
    web.bump("web", "staging", "v1", "v2")
    web.commit({path("web"): overlay("web", "v3")}, bump("web", "staging", "v2", "v3"), author="Fay Feature")
    web.git("switch", "--quiet", "main")
    web.commit({"README.md": "x"}, "meanwhile")
    merged = web.merge("feature")
    history = web.history()
    assert ran(history) == [("v3", "bump", f"web(staging): bump {image('web')} to v3"), ("v1", "created", "first")]
    assert (history.changes[0].landed.sha, history.changes[0].commit.author) == (merged, "Fay Feature")
    assert history.changes[0].previous.version == "v1"


def test_the_same_version_merged_twice_has_two_authors(web: Branch) -> None:
    for number, (old, new) in enumerate([("v1", "v2"), ("v2", "v1"), ("v1", "v2")]):
        web.git("switch", "--quiet", "--create", f"branch-{number}")
        web.commit({path("web"): overlay("web", new)}, bump("web", "staging", old, new), author=f"Author {number}")
        web.git("switch", "--quiet", "main")
        web.merge(f"branch-{number}")
    assert [(one.version.version, one.commit.author) for one in web.history().changes] == [
        ("v2", "Author 2"),
        ("v1", "Author 1"),
        ("v2", "Author 0"),
        ("v1", "Dana Deployer"),
    ]


def test_a_merge_that_joins_both_sides_of_one_file_is_its_own_author(web: Branch) -> None:
    web.commit({path("web"): overlay("web", "v1", more="# a\n# b\n# c\n# d\n# e\n# end\n")}, "comments")
    web.git("switch", "--quiet", "--create", "feature")
    web.commit({path("web"): overlay("web", "v2", more="# a\n# b\n# c\n# d\n# e\n# end\n")}, "two")
    web.git("switch", "--quiet", "main")
    web.commit({path("web"): overlay("web", "v1", more="# a\n# b\n# c\n# d\n# e\n# changed\n")}, "other")
    web.merge("feature")
    assert ran(web.history())[0] == ("v2", "edit", "Merge branch 'feature' into 'main'")


def test_renames_of_the_app_are_followed(web: Branch) -> None:
    web.bump("web", "staging", "v1", "v2")
    web.git("mv", "apps/web", "apps/shop")
    web.commit({}, "renamed")
    web.commit({path("shop"): overlay("web", "v3")}, "by hand")
    web.commit({path("shop"): overlay("web", "v4")}, "by hand")
    found = web.history("shop")
    assert [(one.version.version, str(one.overlay.path)) for one in found.changes] == [
        ("v4", "apps/shop/overlays/staging"),
        ("v3", "apps/shop/overlays/staging"),
        ("v2", "apps/web/overlays/staging"),
        ("v1", "apps/web/overlays/staging"),
    ]


def test_another_app_deleted_in_the_same_commit_is_not_taken_for_the_old_name(web: Branch) -> None:
    files = {name.replace("web", "api"): content for name, content in shop("api").items()}
    web.git("rm", "-r", "--quiet", "apps/web")
    web.commit(files, "one goes, one comes")
    assert ran(web.history("api")) == [("v1", "created", "one goes, one comes")]


def test_a_version_in_the_base_counts_and_a_moved_base_is_followed(make: Callable[..., Branch]) -> None:
    branch = make(
        shop("web")
        | {path("web"): "resources: [../../base]\n", "apps/web/base/deployment.yaml": deployment("web", "b1")}
    )
    branch.commit({"apps/web/base/deployment.yaml": deployment("web", "b2")}, "two")
    branch.commit(
        {
            "shared/web/deployment.yaml": deployment("web", "b2"),
            "shared/web/kustomization.yaml": "resources: [deployment.yaml]\n",
        },
        "beside",
    )
    branch.commit({path("web"): "resources: [../../../../shared/web]\n"}, "moved")
    branch.commit({"shared/web/deployment.yaml": deployment("web", "b3")}, "three")
    branch.commit(
        {
            "shared/web/kustomization.yaml": "resources: [deployment.yaml]\n"
            f"images: [{{name: {image('web')}, newTag: b4}}]\n"
        },
        "four",
    )
    assert [(version, subject) for version, _, subject in ran(branch.history())] == [
        ("b4", "four"),
        ("b3", "three"),
        ("b2", "two"),
        ("b1", "first"),
    ]


def test_files_that_could_not_be_read_changed_nothing(web: Branch) -> None:
    web.commit({path("web"): "images: [{name: a\n"}, "broken")
    web.commit({path("web"): "images: [{name: b\n"}, "still broken")
    web.commit({path("web"): overlay("web", "v1")}, "mended")
    web.commit({path("web"): "images: [{name: a\n"}, "broken again")
    web.commit({path("web"): overlay("web", "v2")}, "two")
    assert ran(web.history()) == [("v2", "edit", "two"), ("v1", "created", "first")]


def test_an_overlay_that_was_away_came_and_went(web: Branch) -> None:
    web.commit({path("web"): None}, "away")
    web.commit({path("web"): overlay("web", "v2")}, "back")
    assert ran(web.history()) == [("v2", "created", "back"), ("gone", "edit", "away"), ("v1", "created", "first")]


def test_an_image_of_another_registry_is_the_same_image(web: Branch) -> None:
    moved = overlay("web", "v1", more="    newName: mirror.example.org/web\n")
    web.commit({path("web"): moved}, "mirror")
    changes = web.history().changes
    assert [(one.image, one.version.version) for one in changes] == [
        ("mirror.example.org/web", "v1"),
        (image("web"), "v1"),
    ]
    assert changes[1].until == START + 2 * DAY


@pytest.mark.parametrize(
    ("before", "after", "versions"),
    [
        ("newTag: v1", f"digest: sha256:{'b' * 64}", [f"sha256:{'b' * 64}", "v1"]),
        ("newTag: 'v1'", 'newTag: "v2" # why', ["v2", "v1"]),
        ("newTag: v1@sha256:" + "a" * 64, "newTag: v2", ["v2", "v1@sha256:" + "a" * 64]),
        ("newTag: v1\r", "newTag: v2\r", ["v2", "v1"]),
        ("newTag: one\n      more", "newTag: two\n      more", ["two more", "one more"]),
        ("newTag: null", "newTag: v2", ["v2", ""]),
        ("newTag: &tag v1", "newTag: &tag v2", ["v2", "v1"]),
    ],
)
def test_versions_are_read_as_written(
    make: Callable[..., Branch], before: str, after: str, versions: list[str]
) -> None:
    branch = make(shop("web") | {path("web"): overlay("web", "v1").replace("newTag: v1", before)})
    branch.commit({path("web"): overlay("web", "v1").replace("newTag: v1", after)}, "two")
    assert [one.version.version for one in branch.history().changes] == versions


def test_names_that_look_like_something_else(make: Callable[..., Branch]) -> None:
    app = "--all:(top)*"
    branch = make(shop(app) | {path(app): overlay("web", "v1"), f"apps/{app}/base/deployment.yaml": deployment("web")})
    branch.commit({path(app): overlay("web", "v2")}, ":100644 100644 a b M\n\ntrap\x1b[31m", author="a\x1b[2J김")
    done = branch.gitops("history", "--env", "staging", "--", app)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[3] for line in done.stdout.splitlines()[1:]] == ["v2", "v1"]
    assert "\\x1b[2J김" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_name_that_is_not_utf_8(web: Branch) -> None:
    folder = web.folder / "apps" / os.fsdecode(b"b\xffd") / "overlays/staging"
    folder.mkdir(parents=True)
    (folder / "kustomization.yaml").write_text(overlay("web", "v1", base="../../../web/base"))
    web.commit({}, "a strange name")
    for command in ("status", "status --output json", "status --output html", "report ../out --no-diff"):
        done = web.gitops(*command.split())
        assert (done.returncode, done.stderr) == (0, ""), command


def test_a_user_whose_git_log_is_configured_otherwise(web: Branch) -> None:
    web.bump("web", "staging", "v1", "v2")
    for name, value in {
        "log.showSignature": "true",
        "log.follow": "true",
        "log.showRoot": "false",
        "log.date": "relative",
        "diff.renames": "copies",
        "color.ui": "always",
        "format.pretty": "oneline",
        "core.abbrev": "4",
        "log.diffMerges": "off",
    }.items():
        web.git("config", name, value)
    assert [one[0] for one in ran(web.history())] == ["v2", "v1"]


def test_text_limit_and_since(web: Branch) -> None:
    first = web.git("rev-parse", "--short=12", "HEAD")
    second = web.bump("web", "staging", "v1", "v2")[:12]
    third = web.bump("web", "production", "v1", "v2", "promote")[:12]
    done = web.gitops("history", "web")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "WHEN              ENVIRONMENT  VERSION  RAN            HOW      COMMIT        AUTHOR\n"
        f"2023-11-17 22:13  production   v2       1 day, still   promote  {third}  Dana Deployer\n"
        f"2023-11-16 22:13  staging      v2       2 days, still  bump     {second}  Dana Deployer\n"
        f"2023-11-15 22:13  staging      v1       1 day          created  {first}  Dana Deployer\n"
        f"2023-11-15 22:13  production   v1       2 days         created  {first}  Dana Deployer\n"
    )
    assert web.gitops("history", "web", "--limit", "1").stdout.count("\n") == 2
    since = web.gitops("history", "web", "--since", "2023-11-16T23:00", "--env", "staging").stdout
    assert [line.split()[3] for line in since.splitlines()[1:]] == ["v2"]
    assert web.gitops("history", "web", "--since", "36h").stdout.count("\n") == 4


def test_json_and_markdown(web: Branch) -> None:
    commit = web.bump("web", "staging", "v1", "v2")
    document = json.loads(web.gitops("history", "web", "--output", "json").stdout)
    jsonschema.validate(document, SCHEMA)
    assert [(one["tag"], one["how"]) for one in document["changes"]] == [
        ("v2", "bump"),
        ("v1", "created"),
        ("v1", "created"),
    ]
    assert document["changes"][0]["previous"] == {"tag": "v1", "digest": None}
    assert document["changes"][1]["until"] == document["changes"][0]["time"] == "2023-11-16T22:13:20Z"
    lines = web.gitops("history", "web", "--output", "markdown", "--limit", "1").stdout.splitlines()
    assert lines[2] == (
        f"| 2023-11-16 22:13 | staging | web | **v2** | 1 day, still | bump | {commit[:12]} | Dana Deployer |"
    )


def test_a_shallow_clone_says_so_where_it_matters(web: Branch, tmp_path: Path) -> None:
    for number in range(2, 6):
        web.bump("web", "staging", f"v{number - 1}", f"v{number}")
    web.git("clone", "--quiet", "--depth", "3", web.folder.as_uri(), str(tmp_path / "shallow"))
    done = web.gitops("history", "web", "--env", "staging", folder=tmp_path / "shallow")
    assert done.returncode == 0
    assert [line.split()[3] for line in done.stdout.splitlines()[1:]] == ["v5", "v4", "v3"]
    assert done.stdout.splitlines()[3].split()[6:8] == ["or", "earlier"]
    assert done.stderr == "note: the clone is shallow: what is older is not known (git fetch --unshallow)\n"
    limited = web.gitops("history", "web", "--env", "staging", "--limit", "2", folder=tmp_path / "shallow")
    assert limited.stderr == ""


def test_a_bare_repository_a_detached_head_and_a_folder_inside(web: Branch, tmp_path: Path) -> None:
    web.bump("web", "staging", "v1", "v2")
    web.git("clone", "--quiet", "--bare", str(web.folder), str(tmp_path / "bare.git"))
    web.git("switch", "--quiet", "--detach", "HEAD~1")
    counts = [
        web.gitops("history", "web", "--env", "staging", folder=folder).stdout.count("\n")
        for folder in (tmp_path / "bare.git", web.folder, web.folder / "apps/web")
    ]
    assert counts == [3, 2, 2]
    assert web.gitops("history", "web", "--env", "staging", "--rev", "main").stdout.count("\n") == 3


def test_sha256_repositories(make: Callable[..., Branch]) -> None:
    branch = make(shop("web"), "--object-format=sha256")
    branch.bump("web", "staging", "v1", "v2")
    assert [one[0] for one in ran(branch.history())] == ["v2", "v1"]


@pytest.mark.parametrize(
    ("args", "code", "err"),
    [
        (("wep",), 3, 'error: no app "wep" in this repository\nhint: did you mean "web"?\n'),
        (
            ("web", "--env", "stagin"),
            2,
            'error: no app here has the environment "stagin"\nhint: did you mean "staging"?\n',
        ),
        (("web", "--since", "yesterday"), 2, None),
        (("web", "--limit", "0"), 2, None),
        (
            ("web", "--rev", "--output"),
            3,
            'error: no commit "--output" in this repository\nhint: fetch it first, or check the spelling\n',
        ),
    ],
)
def test_unknown_names_are_refused(web: Branch, args: tuple[str, ...], code: int, err: str | None) -> None:
    done = web.gitops("history", *args)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == err or (err is None and done.stderr.startswith("error: invalid value for '--"))


def test_without_a_commit_or_a_repository(tmp_path: Path, web: Branch) -> None:
    assert web.gitops("history", "web", folder=tmp_path).returncode == 3
    web.git("switch", "--quiet", "--orphan", "empty")
    done = web.gitops("history", "web")
    assert (done.returncode, done.stderr) == (
        3,
        "error: the current branch has no commit yet\nhint: make a first commit with git\n",
    )


def slowly(branch: Branch, app: str) -> list[tuple[str, str, str]]:
    """Read every commit of the branch by itself, the list from GitPython, and compare each with the one before."""
    repo = GitRepo.open(branch.folder)
    with git.Repo(branch.folder) as other:
        commits = [commit.hexsha for commit in other.iter_commits("HEAD", first_parent=True)]
    found, before = [], {}
    for sha in reversed(commits):
        tree = repo.tree(Revision(sha))
        try:
            overlays = find_app(tree, load_settings(tree), app).overlays
            place = next(overlay for overlay in overlays if overlay.environment == "staging")
        except (GitopsError, StopIteration):
            now = {}
        else:
            try:
                now = {one.entry: one.version.version for one in candidates(tree, place.path)}
            except GitopsError:
                continue
        changed = [entry for entry in {*now, *before} if now.get(entry) != before.get(entry)]
        found += [(entry, now.get(entry, "gone"), sha) for entry in changed]
        before = now
    repo.close()
    return found


@pytest.mark.parametrize("seed", range(6))
def test_the_same_as_reading_every_commit(web: Branch, seed: int) -> None:
    chance = random.Random(seed)
    side = 0

    def act() -> None:
        tag = f"v{chance.randrange(5)}"
        base = {"apps/web/base/deployment.yaml": deployment("web", tag)}
        choices: list[dict[str, str | bytes | None]] = [
            {path("web"): overlay("web", tag)},
            {path("web"): overlay("web", tag)},
            {path("web"): overlay("web", f"'{tag}' # {chance.random()}")},
            {path("web"): "resources: [../../base]\n"},
            {path("web"): "resources: [../../base]\n" + f"images: [{{name: {image('web')}, newTag: {tag}}}]\n"},
            {path("web"): "images: {\n"},
            {path("web"): TWO.replace("TAG", tag)},
            base,
            {"apps/web/base/kustomization.yaml": BASES[chance.randrange(2)].replace("TAG", tag)},
            {"README.md": str(chance.random())},
        ]
        branch_files = chance.choice(choices)
        web.commit(branch_files, f"change {chance.random()}")

    for _ in range(30):
        if chance.random() < 0.2:
            side += 1
            web.git("switch", "--quiet", "--create", f"side-{side}")
            for _ in range(chance.randrange(1, 3)):
                act()
            web.git("switch", "--quiet", "main")
            web.day += 1
            web.git("merge", "--quiet", "--no-ff", "-X", "theirs", "--message", "merge", f"side-{side}")
        else:
            act()
    repo = GitRepo.open(web.folder)
    tree = repo.tree(repo.head())
    staging = find_app(tree, load_settings(tree), "web").overlays[:1]
    fast = [
        (one.entry, one.version.version if one.version else "gone", one.landed.sha)
        for one in overlay_history(repo, repo.head(), staging)
    ]
    repo.close()
    assert sorted(fast) == sorted(slowly(web, "web"))


TWO = f"resources: [../../base]\nimages:\n- newTag: TAG\n  name: {image('web')}\n- name: side\n  newTag: TAG\n"
BASES = ("resources: [deployment.yaml]\n", "resources: [deployment.yaml]\nimages:\n- name: side\n  newTag: TAG\n")
