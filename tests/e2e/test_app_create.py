"""`gitops app create`, on the repository's own example and on small ones."""

from __future__ import annotations

import difflib
import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from .world import PACKAGE_ROOT, Checkout, Inside, contents

IMAGE = ("--image", "registry.example.org/web:1.10", "--port", "8080")
HINT = "hint: lower-case letters, digits and hyphens; a letter first, no hyphen last: as a Service is named\n"
SETTINGS = """\
version: 1
layout: "{layout}"
environments:
  - name: staging
    namespace: shop-staging
  - name: production
    namespace: shop
"""


@pytest.fixture
def example(tmp_path: Path, env: dict[str, str]) -> Checkout:
    """This repository's manifests."""
    folder = tmp_path / "example"
    folder.mkdir()
    for name in ("apps", "argocd"):
        shutil.copytree(PACKAGE_ROOT / name, folder / name)
    shutil.copy(PACKAGE_ROOT / "gitops.yaml", folder)
    made = Inside(folder, env)
    made.git("init", "--quiet", "--initial-branch=main")
    made.commit({}, "first")
    return made


def small(tmp_path: Path, env: dict[str, str], layout: str = "apps/{app}/overlays/{env}") -> Checkout:
    return Inside.create(tmp_path / "small", env, {"gitops.yaml": SETTINGS.format(layout=layout)})


def validated(checkout: Checkout) -> str:
    result = checkout.gitops("validate")
    assert (result.code, result.err) == (0, ""), result.out
    return result.out.splitlines()[-1]


def added_lines(
    before: dict[str, tuple[int, bytes | str]], after: dict[str, tuple[int, bytes | str]]
) -> dict[str, list[str]]:
    """Return, of each file that differs, the lines that are new; no line may be gone."""
    changed = {}
    for name, (_, content) in after.items():
        if name.startswith(".git/") or before.get(name) == after[name]:
            continue
        old = before[name][1] if name in before else b""
        assert isinstance(old, bytes | str)
        texts = [text.decode() if isinstance(text, bytes) else text for text in (old, content)]
        lines = list(difflib.ndiff(*(text.splitlines() for text in texts)))
        assert not [line for line in lines if line.startswith("- ")]
        changed[name] = [line[2:] for line in lines if line.startswith("+ ")]
    assert [name for name in before if name not in after and not name.startswith(".git/")] == []
    return {name: lines for name, lines in changed.items() if lines}


class TestOnTheExample:
    def test_a_minimal_app(self, example: Checkout) -> None:
        before = contents(example.folder)
        result = example.gitops("app", "create", "web", *IMAGE)
        example.assert_sound()
        assert (result.code, result.err) == (0, "")
        assert result.out == (
            "creates web in staging, production\n"
            "\n"
            "apps/web/base/deployment.yaml: new, 91 lines\n"
            "apps/web/base/hpa.yaml: new, 41 lines\n"
            "apps/web/base/kustomization.yaml: new, 13 lines\n"
            "apps/web/base/networkpolicy.yaml: new, 44 lines\n"
            "apps/web/base/pdb.yaml: new, 10 lines\n"
            "apps/web/base/service.yaml: new, 13 lines\n"
            "apps/web/base/serviceaccount.yaml: new, 5 lines\n"
            "apps/web/overlays/production/kustomization.yaml: new, 8 lines\n"
            "apps/web/overlays/staging/kustomization.yaml: new, 8 lines\n"
            "\n"
            "argocd/kustomization.yaml\n"
            "  +  - web-staging.yaml\n"
            "  +  - web-production.yaml\n"
            "\n"
            "argocd/web-production.yaml: new, 36 lines\n"
            "argocd/web-staging.yaml: new, 36 lines\n"
            "\n"
            + 2
            * (
                "rendered: Service/kakaopay/web added, ServiceAccount/kakaopay/web-sa added, "
                "Deployment/kakaopay/web added, HorizontalPodAutoscaler/kakaopay/web-hpa added, "
                "NetworkPolicy/kakaopay/web-netpol added, PodDisruptionBudget/kakaopay/web-pdb added\n"
                "validated: 6 objects, no findings\n"
                "\n"
            )
            + "rendered: Application/argocd/web-production added, Application/argocd/web-staging added\n"
            "validated: 15 objects, no findings\n"
            "\n"
            f"committed {example.short}\n"
        )
        changed = added_lines(before, contents(example.folder))
        assert changed["argocd/kustomization.yaml"] == ["  - web-staging.yaml", "  - web-production.yaml"]
        assert {name.partition("/")[0] for name in changed} == {"apps", "argocd"}
        assert 'newTag: "1.10"' in example.read("apps/web/overlays/staging/kustomization.yaml")
        assert example.git("log", "-1", "--format=%B") == (
            "web(staging,production): create\n\nGitops-Action: create\nGitops-App: web\n"
            "Gitops-Environment: staging\nGitops-Environment: production"
        )
        assert validated(example) == "no findings"

    def test_the_payment_service_again(self, example: Checkout) -> None:
        """What the templates make is the article's service, but for what the options cannot say."""
        for path in [*(example.folder / "argocd").glob("payment-*.yaml")]:
            path.unlink()
        shutil.rmtree(example.folder / "apps/payment-service")
        listing = example.read("argocd/kustomization.yaml")
        kept = "".join(line for line in listing.splitlines(keepends=True) if "payment" not in line)
        example.commit({"argocd/kustomization.yaml": kept}, "without")
        result = example.gitops(
            *("app", "create", "payment-service", "--image", "registry.kakaopay.com/payment-service:v1.2.3"),
            *("--port", "3000", "--metrics", "9090", "--replicas", "3:20", "--replicas", "staging=2:5"),
            *("--cpu", "250m:500m", "--memory", "256Mi:512Mi", "--egress", "payment-db:5432"),
            *("--config", str(PACKAGE_ROOT / "apps/payment-service/base/config.yaml")),
        )
        assert (result.code, result.err) == (0, "")
        made, own = (contents(folder / "apps/payment-service") for folder in (example.folder, PACKAGE_ROOT))
        assert made.keys() == own.keys()
        assert {name for name in made if made[name] != own[name]} == {"base/deployment.yaml", "base/networkpolicy.yaml"}
        for name in ("payment-service-staging", "payment-service-production"):
            assert example.read(f"argocd/{name}.yaml") == (PACKAGE_ROOT / f"argocd/{name}.yaml").read_text()

    def test_with_every_option(self, example: Checkout) -> None:
        example.write({"settings.yaml": "a: 1\n", "flags.json": "{}\n"})
        result = example.gitops(
            *("app", "create", "null", "--image", f"registry.example.org/x:1e3@sha256:{'a' * 64}", "--port", "80"),
            *("--metrics", "81", "--ingress", "x.example.org/api", "--ingress", "x.example.org/v2"),
            *("--ingress", "staging=x.staging.example.org", "--ingress-class", "public", "--cluster-issuer", "acme"),
            *("--config", "settings.yaml", "--config", "flags.json", "--secret-store", "SecretStore/vault"),
            *("--secret", "TOKEN=x/token", "--secret", "PASSWORD=x/db#it's", "--replicas", "2", "--replicas"),
            *("staging=1", "--cpu", "0.5", "--memory", "1Gi:2Gi", "--liveness", "/live?a=b", "--readiness", "/"),
            *("--egress", "null-db:5432", "--egress", "on:6379", "--env", "production", "--env", "staging"),
        )
        assert (result.code, result.err) == (0, "")
        for name in ("settings.yaml", "flags.json"):
            (example.folder / name).unlink()
        example.assert_sound()
        assert validated(example) == "no findings"

    def test_what_the_project_lacks_is_added(self, example: Checkout) -> None:
        before = example.read("argocd/project-kakaopay.yaml")
        less = before.replace("    - group: policy\n      kind: PodDisruptionBudget\n", "").replace(
            "    - server: https://kubernetes.default.svc\n      namespace: kakaopay\n", ""
        )
        example.commit({"argocd/project-kakaopay.yaml": less}, "less")
        result = example.gitops("app", "create", "web", *IMAGE)
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(
            "creates web in staging, production\n"
            'project "kakaopay" permits PodDisruptionBudget of group policy\n'
            'project "kakaopay" permits namespace "kakaopay" of https://kubernetes.default.svc\n'
        )
        after = example.read("argocd/project-kakaopay.yaml")
        assert sorted(after.splitlines()) == sorted(before.splitlines())
        assert validated(example) == "no findings"

    def test_json(self, example: Checkout) -> None:
        result = example.gitops("app", "create", "web", *IMAGE, "--dry-run", "--output", "json")
        document = json.loads(result.out)
        schema = json.loads((PACKAGE_ROOT / "schemas/output/change.schema.json").read_text())
        jsonschema.validate(document, schema)
        assert (result.code, document["status"], document["changes"]) == (0, "planned", [])
        assert {edit["path"] for edit in document["edits"]} >= {
            "apps/web/base/deployment.yaml",
            "argocd/web-staging.yaml",
        }


@pytest.mark.parametrize(
    ("layout", "paths"),
    [
        ("apps/{app}/{env}", ("apps/web/base", "apps/web/staging", "apps/web/production")),
        ("envs/{env}/{app}", ("envs/base/web", "envs/staging/web", "envs/production/web")),
        ("{app}/overlays/{env}", ("web/base", "web/overlays/staging", "web/overlays/production")),
        ("k8s/{app}-{env}", ("k8s/web-base", "k8s/web-staging", "k8s/web-production")),
    ],
)
def test_other_layouts(tmp_path: Path, env: dict[str, str], layout: str, paths: tuple[str, ...]) -> None:
    checkout = small(tmp_path, env, layout)
    result = checkout.gitops("app", "create", "web", *IMAGE)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[1] == "no Application: gitops.yaml does not say where they are (argocd.path)"
    assert all((checkout.folder / path / "kustomization.yaml").exists() for path in paths)
    assert validated(checkout) == "no findings"
    made, tree = contents(checkout.folder), checkout.git("rev-parse", "HEAD^{tree}")
    for words in (("rename", "web", "api"), ("rename", "api", "web")):
        renamed = checkout.gitops("app", *words, "--yes")
        assert (renamed.code, renamed.err) == (0, "")
    assert checkout.git("rev-parse", "HEAD^{tree}") == tree
    assert {name for name in made if not name.startswith(".git")} <= {*contents(checkout.folder)}
    assert checkout.gitops("app", "delete", "web", "--yes").code == 0
    assert checkout.git("ls-files") == "gitops.yaml"


def test_a_flat_layout(tmp_path: Path, env: dict[str, str]) -> None:
    checkout = small(tmp_path, env, "apps/{app}")
    several = checkout.gitops("app", "create", "web", *IMAGE)
    assert (several.code, several.out) == (2, "")
    assert several.err == 'error: the layout "apps/{app}" has one environment for each app, not staging, production\n'
    one = checkout.gitops("app", "create", "web", *IMAGE, "--env", "staging")
    assert (one.code, one.err) == (0, "")
    assert validated(checkout) == "no findings"


REFUSED = {
    "out of the folder": (("../x", *IMAGE), 'error: "../x" is not a name for an app\n' + HINT),
    "capitals": (("Web", *IMAGE), 'error: "Web" is not a name for an app\n' + HINT),
    "a digit first": (("1web", *IMAGE), 'error: "1web" is not a name for an app\n' + HINT),
    "a quote": (("a'b", *IMAGE), 'error: "a\'b" is not a name for an app\n' + HINT),
    "an emoji": (("\U0001f600", *IMAGE), 'error: "\U0001f600" is not a name for an app\n' + HINT),
    "a line break": (("a\nb", *IMAGE), 'error: "a\\nb" is not a name for an app\n' + HINT),
    "an option": (("--", "-x"), "error: missing option '--image'\nhint: see `gitops app create --help`\n"),
    "too long": (
        ("a" * 64, *IMAGE),
        f'error: "{"a" * 64}" is longer than 63 characters, which a Service\'s name may have\n',
    ),
    "reserved": (("base", *IMAGE), 'error: "base" is not a name for an app: it means something else here\n'),
    "no tag": (
        ("web", "--image", "r/x", "--port", "1"),
        'error: --image "r/x" has neither a tag nor a digest\nhint: see `gitops app create --help`\n',
    ),
    "an unknown environment": (
        ("web", *IMAGE, "--env", "stagin"),
        'error: no environment "stagin" in this repository\nhint: did you mean "staging"?\n',
    ),
    "a value for another environment": (
        ("web", *IMAGE, "--env", "staging", "--replicas", "production=2:3"),
        'error: "production" is none of the app\'s environments: staging\n',
    ),
    "a host for one environment only": (
        ("web", *IMAGE, "--ingress", "staging=x.example.org"),
        'error: no host is given for environment "production"\nhint: --ingress HOST/PATH is for all\n',
    ),
    "a placeholder that is none": (
        ("web", *IMAGE, "--message", "{image}"),
        'error: the message template has an unknown "{image}"\nhint: known: app, environment\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("words", "error"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, env: dict[str, str], words: tuple[str, ...], error: str
) -> None:
    checkout = small(tmp_path, env)
    before = checkout.snapshot()
    result = checkout.gitops("app", "create", *words)
    assert (result.code, result.out, result.err) == (2, "", error)
    assert checkout.snapshot() == before


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--ingress", "http://x/y"), ("--ingress", "x y"), ("--replicas", "5:2"), ("--replicas", "0"),
        ("--cpu", "lots"), ("--memory", "2Gi:1Gi"), ("--egress", "db"), ("--liveness", "health"),
        ("--secret", "TOKEN=x"), ("--secret-store", "vault"), ("--config", "missing.yaml"), ("--metrics", "8080"),
    ],
)  # fmt: skip
def test_values_are_checked(tmp_path: Path, env: dict[str, str], option: str, value: str) -> None:
    checkout = small(tmp_path, env)
    before = checkout.snapshot()
    result = checkout.gitops("app", "create", "web", *IMAGE, option, value)
    assert (result.code, result.out) == (2, "")
    assert option in result.err
    assert checkout.snapshot() == before


def test_an_app_that_is_there_and_files_in_the_way(tmp_path: Path, env: dict[str, str]) -> None:
    checkout = small(tmp_path, env)
    assert checkout.gitops("app", "create", "web", *IMAGE).code == 0
    again = checkout.gitops("app", "create", "web", *IMAGE)
    assert (again.code, again.err) == (3, 'error: app "web" exists already\nhint: see `gitops app show web`\n')
    checkout.commit({"apps/api/base/service.yaml": "mine: 1\n"}, "mine")
    before = checkout.snapshot()
    blocked = checkout.gitops("app", "create", "api", *IMAGE)
    assert (blocked.code, blocked.err) == (3, "error: apps/api/base/service.yaml: this is in the way of a new file\n")
    assert checkout.snapshot() == before


def test_the_repositorys_own_templates(tmp_path: Path, env: dict[str, str]) -> None:
    checkout = small(tmp_path, env)
    checkout.commit(
        {
            "gitops.yaml": checkout.read("gitops.yaml") + "templates: templates/app\n",
            "templates/app/base/kustomization.yaml.j2": "resources: [{{ files | join(', ') }}]\n",
            "templates/app/base/config.yaml.j2": (
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ name }}\ndata:\n  image: {{ image | yaml }}\n"
            ),
            "templates/app/overlay/kustomization.yaml.j2": (
                "namespace: {{ environment.namespace }}\nresources:\n  - {{ base }}\n"
            ),
        },
        "templates",
    )
    result = checkout.gitops("app", "create", "web", *IMAGE)
    assert (result.code, result.err) == (0, "")
    assert checkout.read("apps/web/base/kustomization.yaml") == "resources: [config.yaml]\n"
    assert validated(checkout) == "no findings"


def test_the_templates_as_a_start(tmp_path: Path, env: dict[str, str]) -> None:
    checkout = small(tmp_path, env)
    settings = checkout.read("gitops.yaml")
    result = checkout.gitops("app", "templates")
    assert (result.code, result.err) == (0, "")
    checkout.assert_sound()
    assert checkout.read("gitops.yaml") == settings + "templates: templates/app\n"
    copied = contents(checkout.folder / "templates/app")
    own = contents(PACKAGE_ROOT / "gitops_tool/templates/app")
    assert {name: text for name, (_, text) in copied.items()} == {name: text for name, (_, text) in own.items()}
    created = checkout.gitops("app", "create", "web", *IMAGE)
    assert (created.code, created.err) == (0, "")
    assert validated(checkout) == "no findings"
    again = checkout.gitops("app", "templates")
    assert (again.code, again.out) == (3, "")
    outside = checkout.gitops("app", "templates", "../x")
    assert (outside.code, outside.out) == (3, "")
