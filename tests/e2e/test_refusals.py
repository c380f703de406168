"""What would not run, or not have the meant effect, is refused: exit 1, nothing written, the source line named."""

from __future__ import annotations

import pytest

from . import shop
from .conftest import Team
from .world import Checkout, Result

STAGING = shop.overlay_path("web")
IMAGE = shop.image("web")
OVERRIDE = f"kustomize:\n  images:\n    - {IMAGE}:v0\n"

FROM_TAG = """\
replacements:
  - source:
      kind: Deployment
      fieldPath: spec.template.spec.containers.0.image
      options: {delimiter: ":", index: 1}
    targets:
      - select: {kind: Deployment}
        fieldPaths: ["%s"]
        options: {create: true}
"""
LABEL = FROM_TAG % "metadata.labels.version"
TEMPLATE_LABEL = FROM_TAG % "spec.template.metadata.labels.version"
REPLICAS = FROM_TAG % "spec.replicas"
PORT = (
    FROM_TAG.replace("        options: {create: true}\n", "") % "spec.template.spec.containers.0.ports.0.containerPort"
)

APPLICATION = f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web-staging
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://git.example.org/manifests.git
    targetRevision: main
    path: apps/web/overlays/staging
    kustomize:
      images:
        - busybox:1
        - {IMAGE}:v0
  destination:
    server: https://kubernetes.default.svc
    namespace: shop
"""
PLAIN_APPLICATION = APPLICATION.replace(
    f"    kustomize:\n      images:\n        - busybox:1\n        - {IMAGE}:v0\n", ""
)
APPLICATION_SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: apps
  namespace: argocd
spec:
  generators:
    - list:
        elements:
          - app: web
  template:
    metadata:
      name: "{{app}}-staging"
    spec:
      project: default
      source:
        repoURL: https://git.example.org/manifests.git
        targetRevision: main
        path: apps/{{app}}/overlays/staging
        kustomize:
          images: [IMAGE]
      destination: {server: https://kubernetes.default.svc, namespace: shop}
"""


def refused(checkout: Checkout, *args: str) -> Result:
    """Run a bump that must be refused and check that nothing happened."""
    before = checkout.snapshot()
    result = checkout.gitops("bump", "web", *args)
    assert (result.code, result.out) == (1, ""), result.err
    assert result.err.endswith("error: web(staging): refused for 1 error; nothing was written\n")
    assert checkout.snapshot() == before
    return result


def overridden(place: str, line: str, column: int, text: str) -> str:
    """Return what is printed about a line that overrides the image."""
    number = place.rpartition(":")[2]
    return (
        f'error[image-overridden] {place}:{column}: Argo CD sets image "{IMAGE}" to "{text}"'
        " whatever the kustomization says\n"
        f"  {number} | {line}\n  {' ' * len(number)} | {' ' * (column - 1)}^\n"
        "  hint: remove the override, so that the repository decides which image runs\n"
        "error: web(staging): refused for 1 error; nothing was written\n"
    )


@pytest.mark.parametrize("engine", ["kubeconform", "embedded"])
@pytest.mark.parametrize(
    ("replacement", "tag", "reason"),
    [
        pytest.param(
            LABEL,
            "a" * 128,
            f"error[invalid-label] apps/web/base/deployment.yaml:3:1 (rendered): metadata.labels.version:"
            f' invalid value "{"a" * 80}...": must be no more than 63 characters\n'
            "  3 | metadata:\n    | ^\n  in Deployment/shop/web\n",
            id="label-too-long",
        ),
        pytest.param(
            TEMPLATE_LABEL,
            "v2-",
            "error[invalid-label] apps/web/base/deployment.yaml:11:7 (rendered): spec.template.metadata.labels.version:"
            ' invalid value "v2-": a valid label must be an empty string or consist of alphanumeric characters: it must'
            " consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
            " character\n"
            "  11 |       labels:\n     |       ^\n  in Deployment/shop/web\n",
            id="label-ends-with-a-dash",
        ),
        pytest.param(
            REPLICAS,
            "v2",
            "error[schema] apps/web/base/deployment.yaml:5:1 (rendered): spec.replicas: expected integer, got"
            " string\n  5 | spec:\n    | ^\n  in Deployment/shop/web\n",
            id="replicas-not-a-number",
        ),
    ],
)
def test_a_tag_that_makes_the_render_invalid(
    web: Checkout, engine: str, replacement: str, tag: str, reason: str
) -> None:
    """Both engines give the same refusal, word for word."""
    web.commit({STAGING: shop.overlay("web", "7", replacement).replace("newTag: 7", 'newTag: "7"')}, "replacement")
    result = refused(web, tag, "--engine", engine)
    assert result.err == reason + "error: web(staging): refused for 1 error; nothing was written\n"


def test_a_tag_that_kustomize_itself_cannot_take(web: Checkout) -> None:
    ports = shop.deployment("web") + "          ports:\n            - containerPort: 80\n"
    numbered = shop.overlay("web", '"8080"', PORT)
    web.commit({STAGING: numbered, "apps/web/base/deployment.yaml": ports}, "a port from the tag")
    result = refused(web, "v2")
    assert result.err == (
        f"error[render] {STAGING}:8:13: kustomize: map[string]interface {{}}(nil): yaml: cannot decode !!str `v2` as"
        " a !!int\n"
        '  8 |     newTag: "v2"\n    |             ^\n'
        "error: web(staging): refused for 1 error; nothing was written\n"
    )
    assert web.gitops("bump", "web", "8081").code == 0


def test_an_overlay_that_was_broken_before_is_not_blamed_on_the_tag(web: Checkout) -> None:
    web.commit({STAGING: shop.overlay("web").replace("../../base", "../../bass")}, "broken")
    before = web.snapshot()
    result = web.gitops("bump", "web", "v2")
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith(f"error: {STAGING}: kustomize: ")
    assert "bass" in result.err
    assert web.snapshot() == before


def test_an_entry_that_matches_nothing(web: Checkout) -> None:
    web.commit({STAGING: shop.overlay("web").replace(IMAGE, "registry.example.org/old/web")}, "renamed")
    assert refused(web, "v2").err.startswith(
        f"error[bump-no-effect] {STAGING}:8:13: the change would change nothing: no rendered image is"
        ' "registry.example.org/old/web:v2" afterwards\n'
        "  8 |     newTag: v2\n    |             ^\n"
        '  hint: does a container use "registry.example.org/old/web"? kustomize sets no images of custom resources by'
        " itself\n"
    )


def test_an_image_of_a_custom_resource_that_kustomize_does_not_set(web: Checkout) -> None:
    game = f"---\napiVersion: example.org/v1\nkind: Game\nmetadata:\n  name: web\nspec:\n  image: {IMAGE}:v1\n"
    web.commit({"apps/web/base/deployment.yaml": game}, "a kind of their own")
    result = refused(web, "v2")
    assert f"error[bump-no-effect] {STAGING}:8:13: " in result.err
    assert "warning[schema-missing] apps/web/base/deployment.yaml:2:" in result.err


def test_a_warning_is_shown_and_does_not_hold_it_up(web: Checkout) -> None:
    game = "---\napiVersion: example.org/v1\nkind: Game\nmetadata:\n  name: web\n"
    web.commit({"apps/web/base/deployment.yaml": shop.deployment("web") + game}, "a kind of their own")
    result = web.gitops("bump", "web", "v2")
    assert (result.code, result.err) == (0, "")
    told = result.out.partition("validated: 2 objects, 1 warning\n\n")[2]
    assert told.startswith("warning[schema-missing] apps/web/base/deployment.yaml:")
    assert told.endswith(f"\n\ncommitted {web.short}\n")


def test_a_bump_that_would_reach_another_image_too(web: Checkout) -> None:
    copied = (
        FROM_TAG.replace(":1}", ":1}")
        .replace("%s", "spec.template.spec.initContainers.0.image")
        .replace("        options: {create: true}\n", '        options: {delimiter: ":", index: 1}\n')
    )
    init = shop.deployment("web") + "      initContainers:\n        - name: wait\n          image: busybox:1\n"
    web.commit({STAGING: shop.overlay("web", more=copied), "apps/web/base/deployment.yaml": init}, "init")
    assert 'the change would also change image "busybox:' in refused(web, "v2").err


class TestArgoCdOverrides:
    def test_an_application(self, web: Checkout) -> None:
        web.commit({"argocd/web.yaml": APPLICATION}, "application")
        line = f"        - {IMAGE}:v0"
        assert refused(web, "v2").err == overridden("argocd/web.yaml:15", line, 11, f"{IMAGE}:v0")

    def test_an_application_in_the_folder_that_the_settings_name(self, web: Checkout) -> None:
        settings = shop.SETTINGS + "argocd:\n  path: clusters\n"
        web.commit({"clusters/eu/web.yaml": "---\n" + APPLICATION, "gitops.yaml": settings}, "application")
        line = f"        - {IMAGE}:v0"
        assert refused(web, "v2").err == overridden("clusters/eu/web.yaml:16", line, 11, f"{IMAGE}:v0")

    def test_one_of_several_sources(self, web: Checkout) -> None:
        sources = APPLICATION.replace("  source:\n    repoURL", "  sources:\n  - repoURL")
        web.commit({"argocd/web.yaml": sources}, "application")
        line = f"        - {IMAGE}:v0"
        assert refused(web, "v2").err == overridden("argocd/web.yaml:15", line, 11, f"{IMAGE}:v0")

    def test_another_name_for_the_image(self, web: Checkout) -> None:
        text = f"{IMAGE}=mirror.example.org/web:v0"
        web.commit({"argocd/web.yaml": APPLICATION.replace(f"{IMAGE}:v0", text)}, "application")
        assert refused(web, "v2").err == overridden("argocd/web.yaml:15", f"        - {text}", 11, text)

    @pytest.mark.parametrize("text", [f"{IMAGE}:v0", "registry.example.org/team/{{app}}:{{tag}}"])
    def test_an_application_sets_template(self, web: Checkout, text: str) -> None:
        web.commit({"argocd/apps.yaml": APPLICATION_SET.replace("IMAGE", f'"{text}"')}, "application set")
        line = f'          images: ["{text}"]'
        assert refused(web, "v2").err == overridden("argocd/apps.yaml:21", line, 20, text)

    def test_the_file_that_argo_cd_reads_for_every_application(self, web: Checkout) -> None:
        path = "apps/web/overlays/staging/.argocd-source.yaml"
        web.commit({path: OVERRIDE}, "override")
        assert refused(web, "v2").err == overridden(f"{path}:3", f"    - {IMAGE}:v0", 7, f"{IMAGE}:v0")

    def test_the_file_that_argo_cd_reads_for_this_application(self, web: Checkout) -> None:
        path = "apps/web/overlays/staging/.argocd-source-web-staging.yaml"
        web.commit({path: OVERRIDE, "argocd/web.yaml": PLAIN_APPLICATION}, "override")
        assert refused(web, "v2").err == overridden(f"{path}:3", f"    - {IMAGE}:v0", 7, f"{IMAGE}:v0")

    def test_what_overrides_something_else_does_not_matter(self, web: Checkout) -> None:
        elsewhere = {
            "argocd/web-production.yaml": APPLICATION.replace("staging", "production"),
            "argocd/web.yaml": APPLICATION.replace(f"{IMAGE}:v0", f"{IMAGE}-worker:v0"),
            "apps/web/overlays/staging/.argocd-source-other.yaml": OVERRIDE,
            "docs/example.yaml": "# kind: Application, web\nimages: []\n",
        }
        web.commit(elsewhere, "overrides of others")
        result = web.gitops("bump", "web", "v2")
        assert (result.code, result.err) == (0, "")

    def test_an_override_to_the_same_version_may_stay(self, web: Checkout) -> None:
        web.commit({"argocd/web.yaml": APPLICATION}, "application")
        assert web.gitops("bump", "web", "v0").code == 0


@pytest.mark.parametrize("options", [[], ["--push"], ["--no-commit"], ["--push", "--last-wins"]])
def test_no_way_leads_around_a_refusal(team: Team, options: list[str]) -> None:
    invalid = shop.overlay("web", "v1", LABEL)
    team.mine.commit({STAGING: invalid}, "replacement")
    team.mine.git("push", "--quiet")
    tip = team.server.tip("main")
    refused(team.mine, "v2-", *options)
    assert team.server.tip("main") == tip


def test_one_refused_app_keeps_the_others_from_being_written(team: Team) -> None:
    team.mine.commit({STAGING: shop.overlay("web", "v1", LABEL)}, "replacement")
    before = team.mine.snapshot()
    result = team.mine.gitops("bump", "api=v2", "web=v2-")
    assert (result.code, result.out) == (1, "")
    assert result.err.endswith("error: api(staging), web(staging): refused for 1 error; nothing was written\n")
    assert team.mine.snapshot() == before


def test_an_ignored_finding_is_counted_not_refused(web: Checkout) -> None:
    ignoring = shop.base("web") + "commonAnnotations:\n  gitops/ignore: invalid-label\n"
    web.commit({STAGING: shop.overlay("web", "v1", LABEL), "apps/web/base/kustomization.yaml": ignoring}, "ignore")
    result = web.gitops("bump", "web", "v2-")
    assert (result.code, result.err) == (0, "")
    assert "validated: 1 object, no findings, 1 suppressed\n" in result.out


def test_a_job_that_stays_in_the_cluster_cannot_get_another_image(web: Checkout) -> None:
    job = (
        shop.deployment("web", kind="Job")
        .replace("apps/v1", "batch/v1")
        .replace("  selector:\n    matchLabels:\n      app: web\n", "")
        .replace("      containers:", "      restartPolicy: Never\n      containers:")
    )
    web.commit({"apps/web/base/deployment.yaml": job}, "a job")
    result = refused(web, "v2")
    assert result.err.startswith(
        "error[immutable-field] apps/web/overlays/staging/kustomization.yaml:8:13: spec.template: field is immutable;"
        f' spec.containers[0].image was "{IMAGE}:v1" and is now "{IMAGE}:v2"\n'
    )
    hook = job.replace("metadata:\n", "metadata:\n  annotations: {argocd.argoproj.io/hook: PreSync}\n", 1)
    web.commit({"apps/web/base/deployment.yaml": hook}, "a hook")
    assert web.gitops("bump", "web", "v2").code == 0


def test_a_tag_that_reaches_a_selector(web: Checkout) -> None:
    targets = "spec.selector.matchLabels.version", "spec.template.metadata.labels.version"
    fields = FROM_TAG % '", "'.join(targets)
    web.commit({STAGING: shop.overlay("web", more=fields)}, "a label with the tag")
    result = refused(web, "v2")
    assert result.err.startswith(
        "error[immutable-selector] apps/web/base/deployment.yaml:7:5 (rendered): spec.selector: field is immutable;"
        ' matchLabels.version was "v1" and is now "v2"\n'
    )
