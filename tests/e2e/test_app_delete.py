"""`gitops app delete`, `list` and `show`."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import jsonschema
import pytest

from .world import COMMAND, PACKAGE_ROOT, Checkout, Inside, bare, contents

IMAGE = ("--image", "registry.example.org/web:1.10", "--port", "8080")
OBJECTS = "".join(
    f"  {kind}/shop-{{env}}/{name}\n"
    for kind, name in [
        ("Service", "web"), ("ServiceAccount", "web-sa"), ("Deployment", "web"),
        ("HorizontalPodAutoscaler", "web-hpa"), ("NetworkPolicy", "web-netpol"), ("PodDisruptionBudget", "web-pdb"),
    ]
)  # fmt: skip
PRUNED = (
    "\n".join(
        f'\nArgo CD deletes in {env} (Application "web-{env}" is deleted with its objects):\n{OBJECTS.format(env=env)}'
        for env in ("staging", "production")
    )
    + '\nArgo CD deletes (Application "root" prunes):\n'
    "  Application/argocd/web-production, and with it all that it syncs, because of its finalizer\n"
    "  Application/argocd/web-staging, and with it all that it syncs, because of its finalizer\n"
).replace("\n\n\n", "\n\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Checkout:
    """A repository as `gitops init` and `gitops app create` make it."""
    from .world import environment

    folder = tmp_path_factory.mktemp("made") / "shop"
    folder.mkdir()
    checkout = Inside(folder, environment(home))
    assert checkout.gitops("init", "--repo-url", "https://git.example.org/shop.git").code == 0
    assert checkout.gitops("app", "create", "web", *IMAGE).code == 0
    return checkout


@pytest.fixture
def shop(made: Checkout, tmp_path: Path) -> Checkout:
    return Inside.of(made.clone(tmp_path / "shop"))


def validated(name: str, text: str) -> object:
    document = json.loads(text)
    jsonschema.validate(document, json.loads((PACKAGE_ROOT / f"schemas/output/{name}.schema.json").read_text()))
    return document


def test_deleting_is_the_inverse_of_creating(shop: Checkout) -> None:
    result = shop.gitops("app", "delete", "web", "--yes")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("deletes web\n\napps/web/base/deployment.yaml: removed, 91 lines\n")
    assert PRUNED in result.out
    assert shop.git("diff", "HEAD~2", "HEAD") == ""
    shop.assert_sound()
    checked = shop.gitops("validate")
    assert (checked.code, checked.out.splitlines()[-1]) == (0, "no findings")


def test_one_environment_goes_and_the_rest_stays(shop: Checkout) -> None:
    before = contents(shop.folder)
    result = shop.gitops("app", "delete", "web", "--env", "staging", "--yes")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("deletes web in staging\n")
    after = contents(shop.folder)
    gone = {name for name in before if name not in after and not name.startswith(".git/")}
    assert gone == {
        *("apps/web/overlays/staging", "apps/web/overlays/staging/kustomization.yaml", "argocd/web-staging.yaml")
    }
    changed = {name for name in after if before.get(name) != after[name] and not name.startswith(".git")}
    assert changed == {"argocd/kustomization.yaml"}
    assert shop.gitops("validate").out.splitlines()[-1] == "no findings"
    again = shop.gitops("app", "delete", "web", "--env", "staging", "--yes")
    assert (again.code, again.err) == (
        2,
        'error: app "web" has no environment "staging"\nhint: it has: production\n',
    )


def test_where_nobody_can_answer_it_lists_what_goes_and_does_nothing(shop: Checkout) -> None:
    before = shop.snapshot()
    result = shop.gitops("app", "delete", "web")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"deletes web\n{PRUNED}"
        "error: nobody is there to confirm this: look at it with --dry-run, then use --yes\n"
        "hint: see `gitops app delete --help`\n"
    )
    assert shop.snapshot() == before


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 130), ("\n", 130)])
def test_on_a_terminal_it_asks(shop: Checkout, answer: str, code: int) -> None:
    before = shop.head
    leader, follower = pty.openpty()
    os.write(leader, answer.encode())
    done = subprocess.run(
        [*COMMAND, "app", "delete", "web"],
        cwd=shop.folder, env=shop.env, stdin=follower, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    os.close(follower)
    os.close(leader)
    assert done.returncode == code
    assert "\nGo on? [y/N]: " in done.stderr
    assert (shop.head != before) is (code == 0)


def test_dry_run_and_json(shop: Checkout) -> None:
    before = shop.snapshot()
    result = shop.gitops("app", "delete", "web", "--dry-run", "--output", "json")
    document = validated("change", result.out)
    assert isinstance(document, dict)
    assert len(document["removed"]) == 14
    assert document["removed"][0] == {
        "resource": "Service/shop-staging/web",
        "app": "web",
        "environment": "staging",
        "application": "web-staging",
        "fate": "pruned",
        "reason": 'Application "web-staging" is deleted with its objects',
        "loss": None,
    }
    assert shop.snapshot() == before


def test_what_stays_in_the_cluster_is_told_apart(shop: Checkout) -> None:
    text = shop.read("argocd/web-production.yaml")
    kept = text.replace("  finalizers:\n    - resources-finalizer.argocd.argoproj.io\n", "")
    service = shop.read("apps/web/base/service.yaml").replace(
        "metadata:\n", "metadata:\n  annotations:\n    argocd.argoproj.io/sync-options: Delete=false\n"
    )
    shop.commit({"argocd/web-production.yaml": kept, "apps/web/base/service.yaml": service}, "kept")
    result = shop.gitops("app", "delete", "web", "--dry-run")
    objects = OBJECTS.format(env="staging").replace("  Service/shop-staging/web\n", "")
    assert (
        "\nstays in the cluster in staging (Delete=false):\n  Service/shop-staging/web\n"
        '\nArgo CD deletes in staging (Application "web-staging" is deleted with its objects):\n'
        f"{objects}"
        '\nstays in the cluster in production (Application "web-production" has no finalizer and leaves it behind):\n'
        f"{OBJECTS.format(env='production')}"
    ) in result.out


def test_applications_in_one_file(shop: Checkout) -> None:
    names = ("platform-staging", "web-staging", "web-production", "platform-production")
    together = "---\n".join(f"# {name}\n" + shop.read(f"argocd/{name}.yaml") for name in names)
    listing = "resources:\n  - project-root.yaml\n  - project.yaml\n  - root.yaml\n  - apps.yaml\n"
    for name in names:
        (shop.folder / f"argocd/{name}.yaml").unlink()
    shop.commit({"argocd/apps.yaml": together, "argocd/kustomization.yaml": listing}, "one file")
    assert shop.gitops("app", "delete", "web", "--yes").code == 0
    kept = [text for text in together.split("---\n") if not text.startswith("# web")]
    assert shop.read("argocd/apps.yaml") == "---\n".join(kept)
    assert shop.read("argocd/kustomization.yaml") == listing


class TestRefused:
    def test_what_another_app_is_built_from(self, shop: Checkout) -> None:
        shop.commit({"apps/api/overlays/staging/kustomization.yaml": "resources:\n  - ../../../web/base\n"}, "api")
        before = shop.snapshot()
        result = shop.gitops("app", "delete", "web", "--yes")
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            'error: apps/api/overlays/staging/kustomization.yaml: it is built from "apps/web/base/deployment.yaml"\n'
            "hint: change it first\n"
        )
        assert shop.snapshot() == before

    def test_an_application_that_syncs_more(self, shop: Checkout) -> None:
        text = shop.read("argocd/web-staging.yaml")
        source = text[text.index("  source:\n") : text.index("  destination:\n")]
        several = (
            "  sources:\n    - repoURL: https://git.example.org/shop.git\n      path: apps/web/overlays/staging\n"
            "    - repoURL: https://charts.example.org\n      chart: cache\n      targetRevision: 1.2.3\n"
        )
        shop.commit({"argocd/web-staging.yaml": text.replace(source, several)}, "several")
        result = shop.gitops("app", "delete", "web", "--yes")
        assert (result.code, result.out) == (3, "")
        assert result.err.startswith('error: argocd/web-staging.yaml:13:1: Application "web-staging" syncs more than')

    def test_no_such_app(self, shop: Checkout) -> None:
        result = shop.gitops("app", "delete", "wbe", "--yes")
        assert (result.code, result.out) == (3, "")
        assert result.err == 'error: no app "wbe" in this repository\nhint: did you mean "web"?\n'


def test_who_still_names_it_is_told(shop: Checkout) -> None:
    shop.commit({"apps/platform/base/note.yaml": "a: web\nb: webhook\nc: cobweb\nd: my-web\ne: web-sa\n"}, "note")
    result = shop.gitops("app", "delete", "web", "--yes")
    assert result.out.startswith(
        "deletes web\nstill named by:\n  apps/platform/base/note.yaml:1\n  apps/platform/base/note.yaml:5\n\n"
    )


def test_a_push(shop: Checkout, tmp_path: Path) -> None:
    server = bare(tmp_path / "server.git", shop)
    clone = server.clone(tmp_path / "clone")
    result = clone.gitops("app", "delete", "web", "--push", "--yes")
    assert (result.code, result.err) == (0, "")
    assert server.tip("main") == clone.head
    assert not (clone.folder / "apps/web").exists()


class TestLooking:
    def test_list(self, shop: Checkout) -> None:
        result = shop.gitops("app", "list")
        assert (result.code, result.err) == (0, "")
        assert result.out == (
            "APP       ENVIRONMENT  IMAGES\n"
            "platform  staging      -\n"
            "platform  production   -\n"
            "web       staging      registry.example.org/web:1.10\n"
            "web       production   registry.example.org/web:1.10\n"
        )
        earlier = shop.gitops("app", "list", "--rev", "HEAD~1", "--output", "json")
        document = validated("app-list", earlier.out)
        assert isinstance(document, dict)
        assert [app["name"] for app in document["apps"]] == ["platform"]

    def test_show(self, shop: Checkout) -> None:
        result = shop.gitops("app", "show", "web")
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(
            "web (apps/web)\n"
            "\n"
            "staging (apps/web/overlays/staging)\n"
            "  images: registry.example.org/web:1.10\n"
            "  Application web-staging (argocd/web-staging.yaml:4:9): https://kubernetes.default.svc, "
            "namespace shop-staging, project shop\n"
            "  ServiceAccount/shop-staging/web-sa\n"
        )
        document = validated("app-show", shop.gitops("app", "show", "web", "--output", "json").out)
        assert isinstance(document, dict)
        assert [one["name"] for one in document["environments"]] == ["staging", "production"]

    def test_show_what_does_not_render(self, shop: Checkout) -> None:
        shop.write({"apps/web/overlays/staging/kustomization.yaml": "resources: [missing.yaml]\n"})
        result = shop.gitops("app", "show", "web")
        assert result.code == 0
        assert "  does not render: apps/web/overlays/staging/kustomization.yaml: kustomize: " in result.out

    def test_completion(self, shop: Checkout) -> None:
        variables = {"_GITOPS_COMPLETE": "bash_complete", "COMP_WORDS": "gitops app delete w", "COMP_CWORD": "3"}
        done = subprocess.run(
            [*COMMAND], cwd=shop.folder, env=shop.env | variables, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, "plain,web\n")


def test_what_was_not_there_when_it_was_confirmed_does_not_go(shop: Checkout) -> None:
    """Between the question and the commit, somebody adds a claim to the app."""
    leader, follower = pty.openpty()
    child = subprocess.Popen(
        [*COMMAND, "app", "delete", "web"],
        cwd=shop.folder, env=shop.env, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stderr is not None
    shown = ""
    while "Go on?" not in shown:
        shown += child.stderr.read(1)
    claim = (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: web-data\nspec:\n"
        "  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n"
    )
    listing = shop.read("apps/web/base/kustomization.yaml").replace("resources:\n", "resources:\n  - claim.yaml\n")
    shop.commit({"apps/web/base/claim.yaml": claim, "apps/web/base/kustomization.yaml": listing}, "claim")
    before = shop.snapshot()
    os.write(leader, b"y\n")
    out, err = child.communicate(timeout=120)
    os.close(follower)
    os.close(leader)
    assert (child.returncode, out) == (1, "")
    assert (
        "error[removal-not-confirmed] apps/web/overlays/staging: PersistentVolumeClaim/shop-staging/web-data "
        "would go, too: it was not there when this was confirmed\n"
    ) in err
    assert shop.snapshot() == before


def test_argocds_objects_are_not_rendered_where_they_are_too_many(
    shop: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitops_tool.changes.argocd.objects._MOST_RENDERED", 3)
    result = shop.gitops("app", "delete", "web", "--yes")
    assert (result.code, result.err) == (0, "")
    assert (
        "\nnot rendered, not validated: argocd: 8 files are more than kustomize renders in seconds; "
        "`gitops validate` does\n"
    ) in result.out
