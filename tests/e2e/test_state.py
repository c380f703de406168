"""The repository a bump starts from: what stands in its way, and what it leaves alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import shop
from .conftest import Team
from .world import COMMAND, Checkout, contents, environment, mortal, path_without

STAGING = shop.overlay_path("web")
IMAGE = shop.image("web")
UNDER_WAY = "hint: conclude what is under way or abort it, `git status` says how; or use --push with another --branch\n"


class TestOtherWork:
    """What the user has under way stays as it is, and stays out of the commit."""

    def test_an_edited_target_file_stops_the_bump(self, web: Checkout) -> None:
        web.write({STAGING: shop.overlay("web") + "# in progress\n"})
        before = web.snapshot()
        result = web.gitops("bump", "web", "v2")
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            f"error: the checkout cannot follow: Your local changes to the following files would be overwritten by"
            f" merge:\n\t{STAGING}\n"
            "hint: commit, stash or undo your changes to these files; or use --push with another --branch\n"
        )
        assert web.snapshot() == before

    def test_a_staged_target_file_stops_the_bump(self, web: Checkout) -> None:
        web.write({STAGING: shop.overlay("web") + "# in progress\n"})
        web.git("add", STAGING)
        before = web.snapshot()
        result = web.gitops("bump", "web", "v2")
        assert (result.code, result.out) == (3, "")
        assert STAGING in result.err
        assert web.snapshot() == before

    def test_a_deleted_target_file_stops_the_bump(self, web: Checkout) -> None:
        (web.folder / STAGING).unlink()
        before = web.snapshot()
        result = web.gitops("bump", "web", "v2")
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            f'error: the checkout cannot follow: "{STAGING}" was deleted, but not committed\n'
            "hint: commit, stash or undo your changes to these files; or use --push with another --branch\n"
        )
        assert web.snapshot() == before

    def test_every_other_kind_of_work_is_left_alone(self, tmp_path: Path, env: dict[str, str]) -> None:
        checkout = Checkout.create(tmp_path / "r", env, shop.files("web", "api") | {".gitignore": "*.log\n"})
        checkout.write({"README.md": "edited\n", "staged.txt": "new\n", "both.txt": "1\n", "run.log": "ignored\n"})
        checkout.git("add", "staged.txt", "both.txt")
        checkout.git("rm", "--quiet", "--cached", shop.overlay_path("api"))
        checkout.write({"both.txt": "2\n", "untracked/x": "x\n"})
        (checkout.folder / "apps/api/base/deployment.yaml").unlink()
        (checkout.folder / "apps/web/base/deployment.yaml").chmod(0o755)
        status = checkout.git("status", "--porcelain", "--ignored")
        staged = checkout.git("diff", "--cached")
        files = contents(checkout.folder)

        result = checkout.gitops("bump", "web", "v2")

        assert (result.code, result.err) == (0, "")
        assert checkout.git("diff", "HEAD~1", "HEAD", "--numstat") == f"1\t1\t{STAGING}"
        assert checkout.git("status", "--porcelain", "--ignored") == status
        assert checkout.git("diff", "--cached") == staged
        after = contents(checkout.folder)
        assert {name for name, file in after.items() if files.get(name) != file and not name.startswith(".git/")} == {
            STAGING
        }

    def test_the_bump_is_planned_over_the_commit_not_over_edited_files(self, web: Checkout) -> None:
        web.write({"apps/web/base/deployment.yaml": "not: [yaml"})
        result = web.gitops("bump", "web", "v2")
        assert (result.code, result.err) == (0, "")
        assert web.read("apps/web/base/deployment.yaml") == "not: [yaml"

    def test_a_merge_under_way_is_not_disturbed(self, web: Checkout) -> None:
        web.git("checkout", "--quiet", "-b", "side")
        web.commit({"README.md": "side\n"}, "side")
        web.git("checkout", "--quiet", "main")
        web.commit({"README.md": "main\n"}, "main")
        subprocess.run(
            ["git", "merge", "--quiet", "side"], cwd=web.folder, env=web.env, capture_output=True, check=False
        )
        before = web.snapshot()
        result = web.gitops("bump", "web", "v2")
        assert (result.code, result.out) == (3, "")
        assert result.err.startswith("error: the checkout cannot follow: ")
        assert result.err.endswith(UNDER_WAY)
        assert web.snapshot() == before
        assert (web.folder / ".git/MERGE_HEAD").exists()

    def test_a_merge_that_is_only_to_be_concluded(self, web: Checkout) -> None:
        web.git("checkout", "--quiet", "-b", "side")
        web.commit({"README.md": "side\n"}, "side")
        web.git("checkout", "--quiet", "main")
        web.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
        result = web.gitops("bump", "web", "v2")
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            "error: the checkout cannot follow: You have not concluded your merge (MERGE_HEAD exists).\n" + UNDER_WAY
        )

    def test_hooks_of_the_checkout_are_the_users_business(self, web: Checkout) -> None:
        """`git commit` runs them; a bump builds its commit of objects and runs none that could move things."""
        for name in ("pre-commit", "post-merge", "post-commit"):
            hook = web.folder / ".git/hooks" / name
            hook.parent.mkdir(exist_ok=True)
            hook.write_text("#!/bin/sh\ntouch hook-ran\nexit 1\n")
            hook.chmod(0o755)
        assert web.gitops("bump", "web", "v2").code == 0
        assert not (web.folder / "hook-ran").exists()


class TestFilesOnDisk:
    def test_a_filter_for_line_ends_still_applies_in_the_checkout(self, tmp_path: Path, env: dict[str, str]) -> None:
        files = shop.files("web") | {".gitattributes": "*.yaml text eol=crlf\n"}
        checkout = Checkout.create(tmp_path / "r", env, files)
        checkout.git("rm", "--quiet", "--cached", "-r", ".")
        checkout.git("reset", "--quiet", "--hard")
        assert b"\r\n" in (checkout.folder / STAGING).read_bytes()
        result = checkout.gitops("bump", "web", "v2")
        assert (result.code, result.err) == (0, "")
        assert checkout.git("diff", "HEAD~1", "--numstat") == f"1\t1\t{STAGING}"
        assert checkout.read(STAGING) == shop.overlay("web", "v2").replace("\n", "\r\n")
        checkout.assert_sound()

    def test_crlf_in_the_repository_stays_as_it_is(self, web: Checkout) -> None:
        crlf = shop.overlay("web").replace("\n", "\r\n")
        web.commit({STAGING: crlf}, "windows")
        assert web.gitops("bump", "web", "v2").code == 0
        assert web.read(STAGING) == crlf.replace("newTag: v1", "newTag: v2")
        assert web.git("cat-file", "blob", f"HEAD:{STAGING}") + "\r\n" == web.read(STAGING).replace("\r\n", "\r\n")

    def test_an_executable_file_stays_executable(self, web: Checkout) -> None:
        (web.folder / STAGING).chmod(0o755)
        web.commit({}, "odd, but theirs")
        assert web.gitops("bump", "web", "v2").code == 0
        assert web.git("ls-files", "--stage", STAGING).startswith("100755 ")
        assert (web.folder / STAGING).stat().st_mode & 0o111
        web.assert_sound()

    @pytest.mark.parametrize("name", ["my apps", "приложение", 'quo"ted', "a\tb", "-dash", "*"])
    def test_any_name_a_folder_can_have(self, tmp_path: Path, env: dict[str, str], name: str) -> None:
        files = {"gitops.yaml": 'version: 1\nlayout: "k8s/{env}/apps-{app}"\n'}
        checkout = Checkout.create(tmp_path / name / "r", env, files)
        folder = f"k8s/{name}/apps-web" if "\t" not in name else "k8s/x/apps-web"
        flat = shop.overlay("web").replace("../../base", "deployment.yaml")
        checkout.commit(
            {f"{folder}/kustomization.yaml": flat, f"{folder}/deployment.yaml": shop.deployment("web")}, "x"
        )
        result = checkout.gitops("bump", "web", "v2")
        assert (result.code, result.err) == (0, "")
        assert checkout.read(f"{folder}/kustomization.yaml") == flat.replace("newTag: v1", "newTag: v2")
        checkout.assert_sound()


class TestWhereItIsRun:
    def test_a_folder_below_the_root(self, web: Checkout) -> None:
        result = web.gitops("bump", "web", "v2", folder=web.folder / "apps/web/base")
        assert (result.code, result.err) == (0, "")
        assert web.read(STAGING) == shop.overlay("web", "v2")
        web.assert_sound()

    @pytest.mark.parametrize("below", [".", "apps"])
    def test_another_folder_by_option(self, web: Checkout, tmp_path: Path, below: str) -> None:
        result = web.gitops("-C", str(web.folder / below), "bump", "web", "v2", folder=tmp_path)
        assert (result.code, result.err) == (0, "")
        web.assert_sound()
        assert len(web.commits()) == 2

    def test_a_relative_folder_by_option(self, web: Checkout) -> None:
        assert web.gitops("-C", "../web", "bump", "web", "v2").code == 0
        assert len(web.commits()) == 2

    def test_a_folder_that_is_not_there(self, web: Checkout) -> None:
        result = web.gitops("-C", "nowhere", "bump", "web", "v2")
        assert (result.code, result.out) == (2, "")
        assert '"nowhere"' in result.err or "'nowhere'" in result.err

    def test_another_working_tree_of_the_same_repository(self, web: Checkout, tmp_path: Path) -> None:
        web.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
        side = Checkout(tmp_path / "side", web.env)
        result = side.gitops("bump", "web", "v2")
        assert (result.code, result.err) == (0, "")
        assert (len(web.commits("side")), len(web.commits("main"))) == (2, 1)
        for tree in (web, side):
            assert tree.git("status", "--porcelain") == ""

    def test_git_variables_of_a_calling_hook_do_not_confuse_it(self, web: Checkout) -> None:
        env = {"GIT_DIR": str(web.folder / ".git"), "GIT_WORK_TREE": str(web.folder)}
        result = web.gitops("bump", "web", "v2", env=env)
        assert (result.code, result.err) == (0, "")
        web.assert_sound()

    def test_a_detached_head_has_no_branch_to_commit_on(self, web: Checkout) -> None:
        web.git("checkout", "--quiet", "--detach")
        before = web.snapshot()
        result = web.gitops("bump", "web", "v2")
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            "error: HEAD is detached: there is no branch to commit on\n"
            "hint: git switch BRANCH, or use --push --branch BRANCH\n"
        )
        assert web.snapshot() == before

    def test_a_detached_head_can_push_as_pipelines_do(self, team: Team) -> None:
        team.mine.git("checkout", "--quiet", "--detach")
        result = team.mine.gitops("bump", "web", "v2", "--push", env={"CI_COMMIT_BRANCH": "main"})
        assert result.code == 0
        assert team.server.git("show", f"main:{STAGING}") == shop.overlay("web", "v2").strip()

    def test_a_repository_without_a_commit(self, tmp_path: Path, env: dict[str, str]) -> None:
        (tmp_path / "r").mkdir()
        checkout = Checkout(tmp_path / "r", env)
        checkout.git("init", "--quiet")
        checkout.write(shop.files("web"))
        result = checkout.gitops("bump", "web", "v2")
        assert (result.code, result.out) == (3, "")
        assert result.err == "error: the current branch has no commit yet\nhint: make a first commit with git\n"
        assert checkout.git("status", "--porcelain") != ""

    def test_no_repository(self, tmp_path: Path, env: dict[str, str]) -> None:
        result = Checkout(tmp_path, env).gitops("bump", "web", "v2")
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            "error: this is not a git repository\n"
            "hint: run it in one, or name its folder with -C; `gitops init` sets a new one up\n"
        )

    def test_a_bare_repository_takes_the_commit_on_its_branch(self, team: Team) -> None:
        result = team.server.gitops("bump", "web", "v2")
        assert (result.code, result.err) == (0, "")
        assert team.server.git("show", f"main:{STAGING}") == shop.overlay("web", "v2").strip()
        assert team.server.git("fsck", "--no-dangling") == ""

    def test_a_shallow_clone_without_blobs(self, team: Team, tmp_path: Path) -> None:
        team.server.git("config", "uploadpack.allowFilter", "true")
        team.server.git(
            "clone",
            "--quiet",
            "--depth=1",
            "--filter=blob:none",
            "--no-checkout",
            f"file://{team.server.folder}",
            str(tmp_path / "thin"),
        )
        thin = Checkout(tmp_path / "thin", team.mine.env)
        result = thin.gitops("bump", "web", "v2", "--push")
        assert result.code == 0, result.err
        assert team.server.git("show", f"main:{STAGING}") == shop.overlay("web", "v2").strip()

    def test_a_repository_in_sha256(self, tmp_path: Path, env: dict[str, str]) -> None:
        (tmp_path / "r").mkdir()
        checkout = Checkout(tmp_path / "r", env)
        checkout.git("init", "--quiet", "--object-format=sha256")
        checkout.write(shop.files("web"))
        checkout.git("add", "--all")
        checkout.git("commit", "--quiet", "--message", "first")
        result = checkout.gitops("bump", "web", "v2")
        assert (result.code, result.err) == (0, "")
        assert checkout.git("diff", "HEAD~1", "--numstat") == f"1\t1\t{STAGING}"
        assert checkout.git("fsck", "--no-dangling", "--strict") == ""


class TestBadMachine:
    """No room, no rights, no programs: a reason, and nothing half-done."""

    def test_nobody_to_commit_as(self, web: Checkout, tmp_path: Path) -> None:
        nobody = {"HOME": str(tmp_path / "empty"), "XDG_CONFIG_HOME": str(tmp_path / "empty"), "EMAIL": "a@example.org"}
        before = web.snapshot()
        result = web.gitops("bump", "web", "v2", env=nobody)
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            "error: git knows no author for the commit\n"
            "hint: set one: git config user.name NAME && git config user.email ADDRESS\n"
        )
        assert web.snapshot() == before

    def test_a_name_alone_is_not_enough(self, web: Checkout, tmp_path: Path) -> None:
        web.git("config", "user.name", "Dana")
        result = web.gitops("bump", "web", "v2", env={"HOME": str(tmp_path / "empty")})
        assert (result.code, result.out) == (3, "")
        assert result.err.startswith("error: git knows no author for the commit\n")

    def test_a_checkout_that_cannot_be_written(self, web: Checkout) -> None:
        before = contents(web.folder)
        folders = [web.folder, *(path for path in web.folder.rglob("*") if path.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        try:
            result = web.gitops("bump", "web", "v2", wrapper=mortal(()))
        finally:
            for folder in folders:
                folder.chmod(0o755)
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            f'error: cannot write "{web.folder}/.git/gitops.lock": Permission denied\n'
            "hint: is the repository read-only?\n"
        )
        assert contents(web.folder) == before

    def test_a_dry_run_needs_no_rights(self, web: Checkout) -> None:
        folders = [web.folder, *(path for path in web.folder.rglob("*") if path.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        try:
            result = web.gitops("bump", "web", "v2", "--dry-run", wrapper=mortal(()))
        finally:
            for folder in folders:
                folder.chmod(0o755)
        assert (result.code, result.err) == (0, "")

    def test_objects_that_cannot_be_written(self, web: Checkout) -> None:
        before = web.snapshot()
        objects = web.folder / ".git/objects"
        folders = [objects, *(path for path in objects.iterdir() if path.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        try:
            result = web.gitops("bump", "web", "v2", wrapper=mortal(()))
        finally:
            for folder in folders:
                folder.chmod(0o755)
        assert (result.code, result.out) == (3, "")
        assert "insufficient permission for adding an object to repository database" in result.err
        assert web.snapshot() == before

    def test_a_working_tree_that_cannot_be_written(self, web: Checkout) -> None:
        before = web.snapshot()
        folder = (web.folder / STAGING).parent
        folder.chmod(0o555)
        try:
            result = web.gitops("bump", "web", "v2", wrapper=mortal(()))
        finally:
            folder.chmod(0o755)
        assert (result.code, result.out) == (3, "")
        assert "Permission denied" in result.err
        assert web.snapshot() == before
        assert web.gitops("bump", "web", "v2").code == 0
        web.assert_sound()

    @pytest.fixture
    def small_disk(self, tmp_path: Path) -> Iterator[Path]:
        folder = tmp_path / "small"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("only root can mount a small disk")
        yield folder
        subprocess.run(["umount", str(folder)], check=True)

    @pytest.mark.parametrize("free", [0, 4096, 8192, 16384, 24576, 32768, 40960, 49152])
    def test_a_disk_that_fills_up(self, small_disk: Path, env: dict[str, str], free: int) -> None:
        checkout = Checkout.create(small_disk / "r", env, shop.files("web"))
        before = checkout.snapshot()
        (small_disk / "ballast").write_bytes(bytes(os.statvfs(small_disk).f_bavail * 4096 - free))
        result = checkout.gitops("bump", "web", "v2")
        (small_disk / "ballast").unlink()
        assert result.code in {0, 3}
        if result.code == 3:
            assert result.out == ""
            assert re.search("No space left on device|unable to write|couldn't write|Out of disk", result.err), (
                result.err
            )
            assert checkout.snapshot() == before
        assert checkout.gitops("bump", "web", "v3").code == 0
        checkout.assert_sound()

    def test_no_kustomize(self, web: Checkout, tmp_path: Path) -> None:
        bare = {
            "PATH": path_without(tmp_path / "bin", "kustomize", "kubectl", "kubeconform"),
            "GITOPS_CACHE_DIR": str(tmp_path / "cache"),
        }
        before = web.snapshot()
        result = web.gitops("bump", "web", "v2", env=bare)
        assert (result.code, result.out) == (3, "")
        assert result.err.startswith("error: nothing here renders with kustomize: ")
        assert "hint: run " in result.err
        assert "gitops tools install" in result.err
        assert web.snapshot() == before

    def test_no_kubeconform_leaves_the_embedded_engine(self, web: Checkout, tmp_path: Path) -> None:
        bare = {
            "PATH": path_without(tmp_path / "bin", "kubeconform"),
            "GITOPS_CACHE_DIR": str(tmp_path / "cache"),
        }
        result = web.gitops("bump", "web", "v2", env=bare)
        assert (result.code, result.err) == (0, "")
        assert "validated: 1 object, no findings\n" in result.out
        result = web.gitops("bump", "web", "v3", "--engine", "kubeconform", env=bare)
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            'error: "kubeconform" was not found\nhint: run `gitops tools install`, or use --engine embedded\n'
        )

    def test_no_git(self, web: Checkout, tmp_path: Path) -> None:
        result = web.gitops("bump", "web", "v2", env={"PATH": path_without(tmp_path / "bin", "git")})
        assert (result.code, result.out) == (3, "")
        assert result.err == 'error: "git" was not found\nhint: install git 2.36 or newer\n'

    def test_no_home(self, web: Checkout) -> None:
        env = {name: value for name, value in web.env.items() if name not in {"HOME", "GITOPS_CACHE_DIR"}}
        done = subprocess.run(
            [*COMMAND, "bump", "web", "v2", "--dry-run"],
            cwd=web.folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def test_nothing_is_left_in_the_temporary_folder(self, tmp_path: Path, web: Checkout) -> None:
        env = environment(tmp_path / "home")
        for args in (["v2"], ["v3", "--dry-run"], ["a/b"]):
            web.gitops("bump", "web", *args, env=env)
        left = [path for path in Path(env["TMPDIR"]).rglob("*") if path.is_file()]
        assert left == []
