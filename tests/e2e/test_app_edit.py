"""`gitops app add-env` and `gitops app rename`, on this repository's own example."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .world import PACKAGE_ROOT, Checkout, Inside, contents

QA = "  - name: qa\n    namespace: kakaopay-qa\n    cluster: qa-1\n    promotesFrom: staging\n"
PRODUCTION = "  - name: production\n"


@pytest.fixture
def example(tmp_path: Path, env: dict[str, str]) -> Checkout:
    """This repository's manifests, with an environment more in the settings."""
    folder = tmp_path / "example"
    folder.mkdir()
    for name in ("apps", "argocd"):
        shutil.copytree(PACKAGE_ROOT / name, folder / name)
    settings = (PACKAGE_ROOT / "gitops.yaml").read_text()
    assert PRODUCTION in settings
    checkout = Inside(folder, env)
    checkout.git("init", "--quiet", "--initial-branch=main")
    checkout.commit({"gitops.yaml": settings.replace(PRODUCTION, QA + PRODUCTION)}, "first")
    return checkout


def last_line(checkout: Checkout, *words: str) -> str:
    result = checkout.gitops(*words)
    assert (result.code, result.err) == (0, ""), result.out
    return result.out.splitlines()[-1]


class TestAddEnvironment:
    def test_overlay_and_application_are_copied_with_what_is_written_by_hand(self, example: Checkout) -> None:
        staging = example.read("argocd/payment-service-staging.yaml")
        by_hand = staging.replace("  project:", "  revisionHistoryLimit: 3 # we look back\n  project:").replace(
            "    server: https://kubernetes.staging.kakaopay.com:6443\n    namespace: kakaopay\n",
            "    namespace: kakaopay # of staging\n    server: https://kubernetes.staging.kakaopay.com:6443\n",
        )
        example.commit({"argocd/payment-service-staging.yaml": by_hand}, "by hand")
        before = contents(example.folder)
        result = example.gitops("app", "add-env", "payment-service", "qa")
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(
            "puts payment-service into qa, as it is in staging\n"
            'project "kakaopay" permits namespace "kakaopay-qa" of qa-1\n'
            "\n"
            "apps/payment-service/overlays/qa/hpa.yaml: new, 7 lines\n"
            "apps/payment-service/overlays/qa/kustomization.yaml: new, 10 lines\n"
        )
        example.assert_sound()
        copy = example.read("argocd/payment-service-qa.yaml")
        assert copy == by_hand.replace("service-staging", "service-qa").replace(
            "environment: staging", "environment: qa"
        ).replace("overlays/staging", "overlays/qa").replace(
            "    namespace: kakaopay # of staging\n    server: https://kubernetes.staging.kakaopay.com:6443\n",
            "    namespace: kakaopay-qa # of staging\n    name: qa-1\n",
        )
        folder = "apps/payment-service/overlays"
        assert example.read(f"{folder}/qa/hpa.yaml") == example.read(f"{folder}/staging/hpa.yaml")
        assert example.read(f"{folder}/qa/kustomization.yaml") == example.read(
            f"{folder}/staging/kustomization.yaml"
        ).replace("namespace: kakaopay\n", "namespace: kakaopay-qa\n")
        after = contents(example.folder)
        changed = {name for name in before if before[name] != after[name] and not name.startswith(".git")}
        assert {name for name in changed if name.endswith(".yaml")} == {
            *("argocd/kustomization.yaml", "argocd/project-kakaopay.yaml")
        }

    def test_where_the_copy_still_names_the_other_environment(self, example: Checkout) -> None:
        result = example.gitops("app", "add-env", "api-gateway", "qa", "--from", "staging")
        assert result.out.startswith(
            "puts api-gateway into qa, as it is in staging\n"
            'project "kakaopay" permits namespace "kakaopay-qa" of qa-1\n'
            'the copy still says "staging":\n'
            "  apps/api-gateway/overlays/qa/host.yaml:3\n"
            "  apps/api-gateway/overlays/qa/host.yaml:6\n"
        )

    def test_what_it_makes_is_in_step(self, example: Checkout) -> None:
        for app in ("platform", "user-service"):
            assert last_line(example, "app", "add-env", app, "qa").startswith("committed ")
        assert last_line(example, "argocd", "check") == "no findings"

    @pytest.mark.parametrize(
        ("words", "code", "error"),
        [
            (("payment-service", "staging"), 2, 'app "payment-service" is in environment "staging" already'),
            (
                ("payment-service", "prodction"),
                2,
                'no environment "prodction" in this repository\nhint: did you mean "production"?',
            ),
            (
                ("payment-service", "qa", "--from", "dev"),
                2,
                'app "payment-service" has no environment "dev"\nhint: it has: staging, production',
            ),
            (("pay", "qa"), 3, 'no app "pay" in this repository\nhint: '),
        ],
    )
    def test_refused(self, example: Checkout, words: tuple[str, ...], code: int, error: str) -> None:
        before = example.snapshot()
        result = example.gitops("app", "add-env", *words)
        assert (result.code, result.out) == (code, "")
        assert result.err.startswith(f"error: {error}")
        assert example.snapshot() == before


class TestRename:
    def test_every_reference_that_can_be_proven_follows(self, example: Checkout) -> None:
        result = example.gitops("app", "rename", "payment-service", "pay", "--yes")
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(
            "renames payment-service to pay: objects get new names, so the old ones are deleted\n"
            "still named by:\n"
            "  apps/pay/base/deployment.yaml:33\n"
            "  apps/pay/overlays/production/kustomization.yaml:7\n"
            "  apps/pay/overlays/staging/kustomization.yaml:7\n"
            "\n"
            "apps/api-gateway/base/ingress.yaml\n"
            "  -                name: payment-service\n"
            "  +                name: pay\n"
        )
        assert (
            'Argo CD deletes in staging (Application "payment-service-staging" is deleted with its objects):\n'
        ) in result.out
        example.assert_sound()
        left = example.git("grep", "-n", "payment-service")
        assert [line.partition(":")[2].partition(":")[2].strip() for line in left.splitlines()] == [
            "image: registry.kakaopay.com/payment-service",
            "- name: registry.kakaopay.com/payment-service",
            "- name: registry.kakaopay.com/payment-service",
        ]
        assert last_line(example, "validate") == "no findings"
        assert last_line(example, "argocd", "check") == "no findings"
        assert example.git("log", "-1", "--format=%s") == "payment-service(staging,production): rename to pay"

    def test_the_inverse_gives_the_same_bytes(self, example: Checkout) -> None:
        for old, new in (("payment-service", "pay"), ("pay", "payment-service")):
            assert last_line(example, "app", "rename", old, new, "--yes").startswith("committed ")
        assert example.git("diff", "HEAD~2", "HEAD") == ""

    def test_what_is_ambiguous_or_text_stays_and_is_told(self, example: Checkout) -> None:
        example.commit(
            {
                "apps/user-service/base/other.yaml": (
                    "apiVersion: v1\nkind: Service\nmetadata:\n  name: payment-service\nspec:\n"
                    "  selector: {app: user-service}\n  ports: [{name: http, port: 80}]\n"
                ),
                "apps/notification-service/base/config.yaml": (
                    example.read("apps/notification-service/base/config.yaml") + "peer: http://payment-service/x\n"
                ),
            },
            "ambiguous",
        )
        result = example.gitops("app", "rename", "payment-service", "pay", "--yes")
        assert (result.code, result.err) == (0, "")
        told = result.out.partition("still named by:\n")[2].partition("\n\n")[0].split()
        assert {path.partition(":")[0] for path in told} >= {
            "apps/user-service/base/other.yaml",
            "apps/notification-service/base/config.yaml",
            "apps/api-gateway/base/ingress.yaml",  # which of the two Services is meant?
        }
        assert "name: payment-service" in example.read("apps/user-service/base/other.yaml")
        assert "name: pay-sa" in example.read("apps/platform/base/nonroot-rolebinding.yaml")

    def test_a_kustomization_elsewhere_that_builds_on_it(self, example: Checkout) -> None:
        text = "resources:\n  # the same, smaller\n  - ../../../payment-service/base # base\nnamePrefix: small-\n"
        example.commit({"apps/canary/overlays/staging/kustomization.yaml": text}, "canary")
        assert example.gitops("app", "rename", "payment-service", "pay", "--yes").code == 0
        assert example.read("apps/canary/overlays/staging/kustomization.yaml") == text.replace("payment-service", "pay")

    def test_holds_go_along_whatever_they_say(self, example: Checkout) -> None:
        """The reason of a rollback's hold names the image, which is called like the app."""
        held = ".gitops/holds/{}/production.yaml"
        mine = 'reason: "rolled back from registry.kakaopay.com/payment-service:v1"\n'
        other = 'reason: "waits for payment-service"\n'
        example.commit({held.format("payment-service"): mine, held.format("user-service"): other}, "holds")
        result = example.gitops("app", "rename", "payment-service", "pay", "--yes")
        assert (result.code, result.err) == (0, "")
        assert example.read(held.format("pay")) == mine
        assert example.read(held.format("user-service")) == other
        assert not (example.folder / held.format("payment-service")).exists()

    def test_a_claim_is_lost_and_that_is_said(self, example: Checkout) -> None:
        claim = (
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: payment-service-data\nspec:\n"
            "  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n"
        )
        kustomization = example.read("apps/payment-service/base/kustomization.yaml").replace(
            "  - service.yaml\n", "  - service.yaml\n  - claim.yaml\n"
        )
        project = example.read("argocd/project-kakaopay.yaml").replace(
            "      kind: ConfigMap\n", '      kind: ConfigMap\n    - group: ""\n      kind: PersistentVolumeClaim\n'
        )
        files = {
            "apps/payment-service/base/claim.yaml": claim,
            "apps/payment-service/base/kustomization.yaml": kustomization,
            "argocd/project-kakaopay.yaml": project,
        }
        example.commit(dict(files), "claim")
        before = example.snapshot()
        result = example.gitops("app", "rename", "payment-service", "pay")
        assert (result.code, result.out) == (2, "")
        assert (
            "  PersistentVolumeClaim/kakaopay/payment-service-data, and with it what is stored in it, "
            "if its class deletes volumes\n"
        ) in result.err
        assert example.snapshot() == before

    @pytest.mark.parametrize(
        ("words", "code", "error"),
        [
            (("payment-service", "user-service"), 3, 'app "user-service" exists already'),
            (("payment-service", "../x"), 2, '"../x" is not a name for an app'),
            (("payments", "pay"), 3, 'no app "payments" in this repository'),
        ],
    )
    def test_refused(self, example: Checkout, words: tuple[str, ...], code: int, error: str) -> None:
        before = example.snapshot()
        result = example.gitops("app", "rename", *words, "--yes")
        assert (result.code, result.out) == (code, "")
        assert result.err.startswith(f"error: {error}")
        assert example.snapshot() == before
