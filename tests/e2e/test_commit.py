"""`gitops bump` without `--push`: one value, one commit, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from . import shop
from .world import PACKAGE_ROOT, Checkout, contents, need

STAGING = shop.overlay_path("web")
PRODUCTION = shop.overlay_path("web", "production")
IMAGE = shop.image("web")
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
SHA = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"


def committed(checkout: Checkout, app: str = "web", old: str = "v1", new: str = "v2", env: str = "staging") -> str:
    """Return what a bump of one app prints."""
    return textwrap.dedent(f"""\
        {app}({env}): {shop.image(app)} {old} -> {new}

        {shop.overlay_path(app, env)}
          -    newTag: {old}
          +    newTag: {new}

        rendered: Deployment/shop/{app} changed
        validated: 1 object, no findings

        committed {checkout.short}
        """)


def test_one_line_of_the_projects_own_content_changes(tmp_path: Path, env: dict[str, str]) -> None:
    folder = tmp_path / "repository"
    for name in ("apps", "argocd"):
        shutil.copytree(PACKAGE_ROOT / name, folder / name)
    shutil.copy(PACKAGE_ROOT / "gitops.yaml", folder)
    checkout = Checkout(folder, env)
    checkout.git("init", "--quiet")
    checkout.commit({}, "first")

    result = checkout.gitops("bump", "payment-service", SHA)

    assert (result.code, result.err) == (0, "")
    path = "apps/payment-service/overlays/staging/kustomization.yaml"
    assert checkout.git("diff", "HEAD~1", "--numstat") == f"1\t1\t{path}"
    assert checkout.read(path).count(SHA) == 1
    assert checkout.commits()[0].summary == (
        "payment-service(staging): bump registry.kakaopay.com/payment-service to 1a2b3c4"
    )
    checkout.assert_sound()


def test_the_commit_says_what_changed_and_who_did_it(web: Checkout) -> None:
    before = web.read(STAGING)

    result = web.gitops("bump", "web", "v2")

    assert (result.code, result.out, result.err) == (0, committed(web), "")
    assert web.read(STAGING) == before.replace("newTag: v1", "newTag: v2")
    assert web.git("diff", "HEAD~1", "--numstat") == f"1\t1\t{STAGING}"
    commit = web.commits()[0]
    assert commit.message == (
        f"web(staging): bump {IMAGE} to v2\n\n"
        f"Gitops-App: web\nGitops-Environment: staging\nGitops-Image: {IMAGE}:v1 -> {IMAGE}:v2\n"
    )
    for person in (commit.author, commit.committer):
        assert (person.name, person.email) == ("Dana Deployer", "dana@example.org")
    assert web.git("log", "-1", "--format=%(trailers:key=Gitops-App,valueonly)").strip() == "web"
    assert web.git("log", "-1", "--format=%gs", "-g").startswith("gitops")
    web.assert_sound()


def test_the_environment_names_another_author_as_for_git(web: Checkout) -> None:
    names = {"GIT_AUTHOR_NAME": "Robin", "GIT_AUTHOR_EMAIL": "robin@example.org", "GIT_COMMITTER_NAME": "CI"}
    assert web.gitops("bump", "web", "v2", env=names).code == 0
    assert web.git("log", "-1", "--format=%an <%ae> %cn <%ce>") == "Robin <robin@example.org> CI <dana@example.org>"


def test_the_same_again_is_done_already(web: Checkout) -> None:
    web.gitops("bump", "web", "v2")
    before = web.snapshot()

    result = web.gitops("bump", "web", "v2")

    assert (result.code, result.out, result.err) == (0, f"web(staging): {IMAGE} is already at v2\n", "")
    assert web.snapshot() == before


def test_several_apps_go_into_one_commit(tmp_path: Path, env: dict[str, str]) -> None:
    checkout = Checkout.create(tmp_path / "r", env, shop.files("api", "web", "done"))

    result = checkout.gitops("bump", "web=v2", "api=v7", "done=v1")

    assert (result.code, result.err) == (0, "")
    api = shop.image("api")
    assert checkout.commits()[0].message == (
        f"bump web, api (staging)\n\n- web(staging): {IMAGE} to v2\n- api(staging): {api} to v7\n\n"
        f"Gitops-App: web\nGitops-Environment: staging\nGitops-Image: {IMAGE}:v1 -> {IMAGE}:v2\n"
        f"Gitops-App: api\nGitops-Environment: staging\nGitops-Image: {api}:v1 -> {api}:v7\n"
    )
    assert checkout.git("diff", "HEAD~1", "--numstat").splitlines() == [
        f"1\t1\t{shop.overlay_path('api')}",
        f"1\t1\t{STAGING}",
    ]
    assert len(checkout.commits()) == 2
    assert f"done(staging): {shop.image('done')} is already at v1\n" in result.out


def test_env_may_be_repeated(web: Checkout) -> None:
    result = web.gitops("bump", "web", "v2", "--env", "production", "--env", "staging")

    assert (result.code, result.err) == (0, "")
    assert web.commits()[0].summary == f"web(production,staging): bump {IMAGE} to v2"
    assert len(web.commits()) == 2
    assert web.git("diff", "HEAD~1", "--numstat").splitlines() == [f"1\t1\t{PRODUCTION}", f"1\t1\t{STAGING}"]


def test_without_env_it_is_the_first_of_the_promotion_order(web: Checkout) -> None:
    reversed_order = shop.SETTINGS.replace("name: staging", "name: X").replace("name: production", "name: staging")
    swapped = reversed_order.replace("name: X", "name: production").replace(
        "promotesFrom: staging", "promotesFrom: production"
    )
    web.commit({"gitops.yaml": swapped}, "production first, for once")
    assert web.gitops("bump", "web", "v2").code == 0
    assert web.git("diff", "HEAD~1", "--numstat") == f"1\t1\t{PRODUCTION}"


@pytest.mark.parametrize(
    ("version", "lines", "subject"),
    [
        pytest.param("v2", "    newTag: v2\n", "v2", id="tag"),
        pytest.param("1.10", '    newTag: "1.10"\n', "1.10", id="tag-that-yaml-reads-as-a-number"),
        pytest.param("123e4567", '    newTag: "123e4567"\n', "123e4567", id="tag-that-yaml-reads-as-infinity"),
        pytest.param("0123456", '    newTag: "0123456"\n', "0123456", id="tag-that-yaml-reads-as-octal"),
        pytest.param(SHA, f"    newTag: {SHA}\n", "1a2b3c4", id="commit-id"),
        pytest.param(DIGEST, f"    digest: {DIGEST}\n", "sha256:0123456789ab", id="digest"),
        pytest.param(f"v2@{DIGEST}", f"    newTag: v2\n    digest: {DIGEST}\n", "v2", id="tag-and-digest"),
        pytest.param(f"{IMAGE}:v2", "    newTag: v2\n", "v2", id="reference"),
        pytest.param(f"{IMAGE}@{DIGEST}", f"    digest: {DIGEST}\n", "sha256:0123456789ab", id="reference-by-digest"),
    ],
)
def test_every_way_to_write_a_version(web: Checkout, version: str, lines: str, subject: str) -> None:
    before = web.read(STAGING)

    result = web.gitops("bump", "web", version)

    assert (result.code, result.err) == (0, "")
    assert web.read(STAGING) == before.replace("    newTag: v1\n", lines)
    assert web.commits()[0].summary == f"web(staging): bump {IMAGE} to {subject}"
    web.assert_sound()


def test_a_tag_after_a_digest_does_not_leave_the_digest_in_charge(web: Checkout) -> None:
    before = web.read(STAGING)
    assert web.gitops("bump", "web", DIGEST).code == 0
    assert web.gitops("bump", "web", "v1").code == 0
    assert web.read(STAGING) == before


def test_a_reference_to_another_image_is_refused(web: Checkout) -> None:
    before = web.snapshot()
    result = web.gitops("bump", "web", "registry.example.org/team/wob:v2")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f'error: web(staging) has no image "registry.example.org/team/wob"\nhint: did you mean "{IMAGE}"?\n'
    )
    assert web.snapshot() == before


class TestSeveralImages:
    """A pod of three containers; none, or two, are called like the app."""

    @pytest.fixture
    def pod(self, tmp_path: Path, env: dict[str, str]) -> Checkout:
        images = "registry.example.org/front:1", "registry.example.org/proxy:2"
        files = shop.files("web")
        files["apps/web/base/deployment.yaml"] = shop.deployment("web", *images)
        files[STAGING] = (
            "resources:\n- ../../base\nnamespace: shop\nimages:\n"
            "- name: registry.example.org/front\n  newTag: '1'\n- name: registry.example.org/proxy\n  newTag: '2'\n"
        )
        return Checkout.create(tmp_path / "pod", env, files)

    def test_an_ambiguous_bump_asks_with_the_candidates(self, pod: Checkout) -> None:
        before = pod.snapshot()
        result = pod.gitops("bump", "web", "v2")
        assert (result.code, result.out) == (2, "")
        assert result.err == (
            "error: web(staging) has several images\n"
            "hint: choose with --image: registry.example.org/front, registry.example.org/proxy\n"
        )
        assert pod.snapshot() == before

    @pytest.mark.parametrize("name", ["proxy", "registry.example.org/proxy"])
    def test_image_chooses(self, pod: Checkout, name: str) -> None:
        before = pod.read(STAGING)
        result = pod.gitops("bump", "web", "3", "--image", name)
        assert (result.code, result.err) == (0, "")
        assert pod.read(STAGING) == before.replace("newTag: '2'", "newTag: '3'")

    def test_a_full_reference_chooses(self, pod: Checkout) -> None:
        assert pod.gitops("bump", "web", "registry.example.org/front:9").code == 0
        assert "- name: registry.example.org/front\n  newTag: '9'\n" in pod.read(STAGING)

    def test_an_unknown_image_is_named_with_the_closest_one(self, pod: Checkout) -> None:
        result = pod.gitops("bump", "web", "3", "--image", "registry.example.org/prxy")
        assert (result.code, result.out) == (2, "")
        assert result.err == (
            'error: web(staging) has no image "registry.example.org/prxy"\n'
            'hint: did you mean "registry.example.org/proxy"?\n'
        )

    def test_the_image_called_like_the_app_goes_without_saying(self, tmp_path: Path, env: dict[str, str]) -> None:
        files = shop.files("web")
        files["apps/web/base/deployment.yaml"] = shop.deployment("web", "registry.example.org/proxy:2", IMAGE)
        checkout = Checkout.create(tmp_path / "r", env, files)
        assert checkout.gitops("bump", "web", "v2").code == 0
        assert checkout.read(STAGING) == shop.overlay("web", "v2")


class TestIfTag:
    def test_it_goes_on_when_the_tag_is_the_one(self, web: Checkout) -> None:
        assert web.gitops("bump", "web", "v2", "--if-tag", "v1").code == 0
        assert web.read(STAGING) == shop.overlay("web", "v2")

    def test_it_stops_when_another_tag_is_there(self, web: Checkout) -> None:
        before = web.snapshot()
        result = web.gitops("bump", "web", "v3", "--if-tag", "v2")
        assert (result.code, result.out) == (5, "")
        assert result.err == f'error: {STAGING}:8:13: web(staging) has "v1", not "v2"\n'
        assert web.snapshot() == before

    def test_the_same_command_again_is_done_already(self, web: Checkout) -> None:
        web.gitops("bump", "web", "v2", "--if-tag", "v1")
        result = web.gitops("bump", "web", "v2", "--if-tag", "v1")
        assert (result.code, result.out, result.err) == (0, f"web(staging): {IMAGE} is already at v2\n", "")


class TestOtherCommits:
    """What `--message`, `--sign` and git's own settings make of the commit."""

    def test_a_template_replaces_the_subject_and_keeps_the_trailers(self, web: Checkout) -> None:
        template = "deploy {app} to {environment}: {short}\n\n{image} was {old}, is {new}"
        assert web.gitops("bump", "web", SHA, "--message", template).code == 0
        assert web.commits()[0].message == (
            f"deploy web to staging: 1a2b3c4\n\n{IMAGE} was v1, is {SHA}\n\n"
            f"Gitops-App: web\nGitops-Environment: staging\nGitops-Image: {IMAGE}:v1 -> {IMAGE}:{SHA}\n"
        )

    def test_the_settings_can_hold_the_template(self, web: Checkout) -> None:
        web.commit({"gitops.yaml": shop.SETTINGS + 'bump:\n  message: "{app}: {new} [skip ci]"\n'}, "settings")
        assert web.gitops("bump", "web", "v2").code == 0
        assert web.commits()[0].summary == "web: v2 [skip ci]"

    @pytest.mark.parametrize(
        ("template", "error"),
        [
            ("{apps}", 'the message template has an unknown "{apps}"\nhint: did you mean "app"?'),
            (
                "{who}",
                'the message template has an unknown "{who}"\nhint: known: app, environment, image, old, new, short',
            ),
            ("", "the message template is empty"),
            (" \n ", "the message template is empty"),
        ],
    )
    def test_a_wrong_template_is_refused(self, web: Checkout, template: str, error: str) -> None:
        before = web.snapshot()
        result = web.gitops("bump", "web", "v2", "--message", template)
        assert (result.code, result.out, result.err) == (2, "", f"error: {error}\n")
        assert web.snapshot() == before

    @pytest.fixture
    def key(self, tmp_path: Path, web: Checkout) -> Path:
        """An ssh key that git is configured to sign with."""
        key = tmp_path / "key"
        subprocess.run([need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(key)], check=True)
        public = key.with_suffix(".pub").read_text()
        (tmp_path / "signers").write_text(f"dana@example.org {public}")
        for name, value in {
            "gpg.format": "ssh",
            "user.signingKey": str(key),
            "gpg.ssh.allowedSignersFile": str(tmp_path / "signers"),
        }.items():
            web.git("config", name, value)
        return key

    @pytest.mark.parametrize("way", ["option", "setting"])
    def test_a_signed_commit_verifies(self, web: Checkout, key: Path, way: str) -> None:
        if way == "setting":
            web.git("config", "commit.gpgSign", "true")
        result = web.gitops("bump", "web", "v2", *(["--sign"] if way == "option" else []))
        assert (result.code, result.err) == (0, "")
        web.git("verify-commit", "HEAD")
        web.assert_sound()

    def test_an_unsigned_commit_does_not_verify(self, web: Checkout, key: Path) -> None:
        web.gitops("bump", "web", "v2")
        with pytest.raises(AssertionError):
            web.git("verify-commit", "HEAD")

    def test_a_key_that_is_gone_is_an_error_before_anything_moves(self, web: Checkout, key: Path) -> None:
        key.unlink()
        before = web.snapshot()
        result = web.gitops("bump", "web", "v2", "--sign")
        assert (result.code, result.out) == (3, "")
        assert result.err.startswith("error: git commit-tree: ")
        assert str(key) in result.err
        assert web.snapshot() == before


class TestNoCommit:
    def test_the_file_is_written_and_nothing_else(self, web: Checkout) -> None:
        (web.folder / STAGING).chmod(0o664)
        result = web.gitops("bump", "web", "v2", "--no-commit")
        assert (result.code, result.err) == (0, "")
        assert result.out.endswith("\nwrote 1 file, no commit\n")
        assert web.git("diff", "HEAD", "--numstat") == f"1\t1\t{STAGING}"
        assert web.git("status", "--porcelain") == f"M {STAGING}"
        assert (web.folder / STAGING).stat().st_mode & 0o777 == 0o664
        assert [path.name for path in (web.folder / STAGING).parent.iterdir()] == ["kustomization.yaml"]
        assert len(web.commits()) == 1

    def test_a_folder_without_git_will_do(self, web: Checkout) -> None:
        shutil.rmtree(web.folder / ".git")
        assert web.gitops("bump", "web", "v2", "--no-commit").code == 0
        assert web.read(STAGING) == shop.overlay("web", "v2")

    def test_the_users_own_edits_of_the_file_stay(self, web: Checkout) -> None:
        web.write({STAGING: shop.overlay("web") + "# in progress\n"})
        assert web.gitops("bump", "web", "v2", "--no-commit").code == 0
        assert web.read(STAGING) == shop.overlay("web", "v2") + "# in progress\n"


class TestDryRun:
    def test_it_shows_the_line_the_rendered_diff_and_the_findings(self, web: Checkout) -> None:
        result = web.gitops("bump", "web", "v2", "--dry-run")
        assert (result.code, result.err) == (0, "")
        assert result.out == textwrap.dedent(f"""\
            web(staging): {IMAGE} v1 -> v2

            {STAGING}
              -    newTag: v1
              +    newTag: v2

            rendered diff of web(staging):
              changed: Deployment/shop/web
                - spec.template.spec.containers[name=web].image: {IMAGE}:v1
                + spec.template.spec.containers[name=web].image: {IMAGE}:v2
            validated: 1 object, no findings

            dry run: nothing was written
            """)

    @pytest.mark.parametrize("args", [["v2"], ["v1"], ["v2", "--output", "json"]])
    def test_not_a_byte_is_written(self, web: Checkout, args: list[str]) -> None:
        before = contents(web.folder)
        assert web.gitops("bump", "web", *args, "--dry-run").code == 0
        assert contents(web.folder) == before

    def test_findings_are_shown_and_set_the_exit_status(self, web: Checkout) -> None:
        web.commit({STAGING: shop.overlay("web", more=REPLICAS_FROM_TAG)}, "replacement")
        before = contents(web.folder)
        result = web.gitops("bump", "web", "v2", "--dry-run")
        assert (result.code, result.err) == (1, "")
        assert "error[schema] apps/web/base/deployment.yaml" in result.out
        assert result.out.endswith("\ndry run: nothing was written\n")
        assert contents(web.folder) == before


REPLICAS_FROM_TAG = """\
replacements:
  - source:
      kind: Deployment
      fieldPath: spec.template.spec.containers.0.image
      options: {delimiter: ":", index: 1}
    targets:
      - select: {kind: Deployment}
        fieldPaths: [spec.replicas]
        options: {create: true}
"""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((PACKAGE_ROOT / "schemas/output/change.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(document)
    return document


class TestJson:
    def result(self, checkout: Checkout, schema: dict[str, Any], *args: str, code: int = 0) -> dict[str, Any]:
        result = checkout.gitops("bump", *args, "--output", "json")
        assert (result.code, result.err) == (code, "")
        document: dict[str, Any] = json.loads(result.out)
        jsonschema.Draft202012Validator(schema).validate(document)
        return document

    def test_a_commit(self, web: Checkout, schema: dict[str, Any]) -> None:
        base = web.head
        document = self.result(web, schema, "web", "v2")
        diffs = document["rendered"][0].pop("diffs")
        assert [(diff["resource"], diff["change"]) for diff in diffs] == [("Deployment/shop/web", "changed")]
        assert document == {
            "version": 1,
            "status": "committed",
            "base": base,
            "revision": web.head,
            "branch": "main",
            "attempts": 0,
            "mergeRequest": None,
            "changes": [
                {
                    "app": "web",
                    "environment": "staging",
                    "path": "apps/web/overlays/staging",
                    "kind": "image",
                    "name": IMAGE,
                    "old": "v1",
                    "new": "v2",
                    "changed": True,
                }
            ],
            "edits": [{"path": STAGING, "diff": ["-    newTag: v1", "+    newTag: v2"]}],
            "rendered": [{"app": "web", "environment": "staging", "resources": 1, "suppressed": 0}],
            "unrendered": [],
            "removed": [],
            "findings": [],
            "notes": [],
        }

    def test_nothing_to_do(self, web: Checkout, schema: dict[str, Any]) -> None:
        document = self.result(web, schema, "web", "v1")
        assert (document["status"], document["revision"], document["edits"]) == ("unchanged", None, [])
        assert [change["changed"] for change in document["changes"]] == [False]

    def test_a_dry_run_with_findings(self, web: Checkout, schema: dict[str, Any]) -> None:
        web.commit({STAGING: shop.overlay("web", more=REPLICAS_FROM_TAG)}, "replacement")
        document = self.result(web, schema, "web", "v2", "--dry-run", code=1)
        assert document["status"] == "planned"
        assert {finding["rule"] for finding in document["findings"]} == {"schema"}

    def test_files_only(self, web: Checkout, schema: dict[str, Any]) -> None:
        document = self.result(web, schema, "web", "v2", "--no-commit")
        assert (document["status"], document["base"], document["branch"]) == ("written", None, None)

    def test_an_error_leaves_stdout_empty(self, web: Checkout) -> None:
        result = web.gitops("bump", "wob", "v2", "--output", "json")
        assert (result.code, result.out) == (3, "")
        assert result.err == 'error: no app "wob" in this repository\nhint: did you mean "web"?\n'


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["--no-commit", "--push"], "--no-commit and --push contradict each other"),
        (["--no-commit", "--dry-run"], "--no-commit and --dry-run contradict each other"),
        (["--no-commit", "--sign"], "--no-commit and --sign contradict each other"),
        (["--branch", "b"], "--branch goes with --push or --mr"),
        (["--last-wins"], "--last-wins goes with --push"),
        (["v3"], '"web" is neither APP=TAG nor an APP with its TAG'),
        (["web=v3"], '"web" is neither APP=TAG nor an APP with its TAG'),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(web: Checkout, args: list[str], error: str) -> None:
    before = contents(web.folder)
    result = web.gitops("bump", "web", "v2", *args)
    assert (result.code, result.out, result.err) == (2, "", f"error: {error}\nhint: see `gitops bump --help`\n")
    assert contents(web.folder) == before


def test_an_app_named_twice_is_a_usage_error(web: Checkout) -> None:
    result = web.gitops("bump", "web=v2", "web=v3")
    assert (result.code, result.out) == (2, "")
    assert result.err == 'error: app "web" is named twice\nhint: see `gitops bump --help`\n'
