"""Apps, environments and overlays, found by looking at names."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from gitops_tool.config import Settings, load_settings
from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.layout import app_names, find_app, find_apps, kustomization_in, select_overlays
from gitops_tool.model import App
from gitops_tool.tree import PatchedTree

from .trees import tree_of

P = PurePosixPath
K = "kustomization.yaml"
ENVIRONMENTS = "environments: [{name: staging}, {name: production, promotesFrom: staging}]\n"


def repo(*paths: str, settings: str | None = None) -> tuple[PatchedTree, Settings]:
    tree = tree_of(dict.fromkeys(paths, "") | ({} if settings is None else {"gitops.yaml": settings}))
    return tree, load_settings(tree)


def overlays(app: App) -> dict[str, str]:
    return {overlay.environment: str(overlay.path) for overlay in app.overlays}


@pytest.mark.parametrize(
    ("layout", "path"),
    [
        ("apps/{app}/overlays/{env}", "apps/web/overlays/staging"),
        ("components/{app}/{env}", "components/web/staging"),
        ("envs/{env}/{app}", "envs/staging/web"),
        ("{env}/{app}", "staging/web"),
        ("{app}-{env}", "web-staging"),
        ("k8s/{env}-cluster/team-{app}/manifests", "k8s/staging-cluster/team-web/manifests"),
        ("{app}/{app}-{env}", "web/web-staging"),
    ],
)
def test_a_layout_has_app_and_environment_in_any_order(layout: str, path: str) -> None:
    tree, settings = repo(f"{path}/{K}", settings=f'layout: "{layout}"\n{ENVIRONMENTS}')
    assert app_names(tree, settings) == ["web"]
    assert overlays(find_app(tree, settings, "web")) == {"staging": path}


@pytest.mark.parametrize(
    "path",
    [
        "apps/web/overlays/staging",
        "apps/web/envs/staging",
        "apps/web/staging",
        "web/overlays/staging",
        "web/envs/staging",
        "overlays/staging/web",
        "envs/staging/web",
        "environments/staging/web",
        "components/web/staging",
    ],
)
def test_common_layouts_are_found_without_settings(path: str) -> None:
    tree, settings = repo(f"{path}/{K}", f"{path.replace('staging', 'prod')}/{K}")
    app = find_app(tree, settings, "web")
    assert overlays(app) == {"staging": path, "prod": path.replace("staging", "prod")}
    assert [overlay.environment for overlay in select_overlays(settings, app, ())] == ["staging"]


def test_a_flat_app_runs_in_the_first_environment() -> None:
    tree, settings = repo(f"apps/web/{K}", settings=ENVIRONMENTS)
    assert overlays(find_app(tree, settings, "web")) == {"staging": "apps/web"}
    tree, settings = repo(f"apps/web/{K}")
    assert overlays(find_app(tree, settings, "web")) == {"default": "apps/web"}


def test_flat_and_layered_apps_live_side_by_side() -> None:
    tree, settings = repo(
        f"apps/web/overlays/staging/{K}", f"apps/web/base/{K}", f"apps/api/{K}", settings=ENVIRONMENTS
    )
    assert {app.name: overlays(app) for app in find_apps(tree, settings)} == {
        "api": {"staging": "apps/api"},
        "web": {"staging": "apps/web/overlays/staging"},
    }


def test_a_base_beside_the_environments_is_none() -> None:
    tree, settings = repo(f"apps/web/base/{K}", f"apps/web/dev/{K}", f"apps/web/prod/{K}")
    assert list(overlays(find_app(tree, settings, "web"))) == ["dev", "prod"]


def test_directories_that_are_no_environment_of_the_settings_are_passed_over() -> None:
    paths = [f"apps/web/overlays/{name}/{K}" for name in ("staging", "production", "old")]
    tree, settings = repo(*paths, settings=ENVIRONMENTS)
    assert list(overlays(find_app(tree, settings, "web"))) == ["staging", "production"]


def test_a_directory_without_manifests_is_no_overlay() -> None:
    tree, settings = repo("apps/web/overlays/staging/notes.md", settings=ENVIRONMENTS)
    assert app_names(tree, settings) == []
    with pytest.raises(LayoutError, match=r'^no app "web" in this repository$') as caught:
        find_app(tree, settings, "web")
    assert caught.value.hint == "apps are looked for at apps/{app}/overlays/{env}, apps/{app}"


def test_plain_manifests_make_an_overlay() -> None:
    tree, settings = repo("apps/web/overlays/staging/deployment.json", settings=ENVIRONMENTS)
    assert app_names(tree, settings) == ["web"]


def test_hidden_directories_are_no_apps() -> None:
    tree, settings = repo(f"apps/.cache/overlays/staging/{K}", f"apps/web/overlays/staging/{K}", settings=ENVIRONMENTS)
    assert app_names(tree, settings) == ["web"]


def test_a_misspelt_app_gets_a_suggestion() -> None:
    tree, settings = repo(f"apps/payment-service/{K}", settings=ENVIRONMENTS)
    with pytest.raises(LayoutError) as caught:
        find_app(tree, settings, "payment-servise")
    assert (caught.value.message, caught.value.hint) == (
        'no app "payment-servise" in this repository',
        'did you mean "payment-service"?',
    )


def test_an_empty_repository_says_where_apps_are_told() -> None:
    tree, settings = repo("README.md")
    with pytest.raises(LayoutError) as caught:
        find_app(tree, settings, "web")
    assert (
        caught.value.hint == "say where apps are with `layout` in gitops.yaml; `gitops adopt` finds out and writes it"
    )


@pytest.mark.parametrize("name", ["", ".", "..", "../web", "a/b", "/web", "new\nline", "esc\x1b[0m", "\u202e"])
def test_what_cannot_be_a_directory_is_no_app(name: str) -> None:
    tree, settings = repo(f"apps/web/{K}", settings=ENVIRONMENTS)
    with pytest.raises(UsageError, match=r"is not an app's name$"):
        find_app(tree, settings, name)


@pytest.mark.parametrize("name", ["-option", "$(id)", ".*", "{env}", "a b", "\U0001f680", 'quo"te', "web[1]"])
def test_odd_names_are_names_and_nothing_else(name: str) -> None:
    tree, settings = repo(f"apps/{name}/{K}", f"apps/web/{K}", settings=ENVIRONMENTS)
    assert overlays(find_app(tree, settings, name)) == {"staging": f"apps/{name}"}
    tree, settings = repo(f"apps/web/{K}", settings=ENVIRONMENTS)
    with pytest.raises(LayoutError, match=r"^no app "):
        find_app(tree, settings, name)


def test_overlays_are_chosen_by_environment() -> None:
    paths = [f"apps/web/overlays/{name}/{K}" for name in ("production", "staging")]
    tree, settings = repo(*paths, settings=ENVIRONMENTS)
    app = find_app(tree, settings, "web")

    def chosen(*names: str) -> list[str]:
        return [overlay.environment for overlay in select_overlays(settings, app, names)]

    assert chosen() == ["staging"]
    assert chosen("production", "staging", "production") == ["production", "staging"]
    with pytest.raises(UsageError) as caught:
        chosen("prodution")
    assert (caught.value.message, caught.value.hint) == (
        'app "web" has no environment "prodution"',
        'did you mean "production"?',
    )


def test_environments_of_unknown_order_must_be_chosen() -> None:
    tree, settings = repo(f"apps/web/overlays/blue/{K}", f"apps/web/overlays/green/{K}")
    app = find_app(tree, settings, "web")
    with pytest.raises(UsageError) as caught:
        select_overlays(settings, app, ())
    assert (caught.value.message, caught.value.hint) == (
        'app "web" has several environments: blue, green',
        "choose with --env",
    )
    assert [overlay.environment for overlay in select_overlays(settings, app, ("green",))] == ["green"]


def test_looking_one_app_up_reads_only_the_directories_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    tree, settings = repo(*(f"apps/app-{number}/overlays/staging/{K}" for number in range(100)), settings=ENVIRONMENTS)
    read: list[PurePosixPath] = []
    modes = tree.modes
    monkeypatch.setattr(tree, "modes", lambda path: (read.append(path), modes(path))[1])
    find_app(tree, settings, "app-7")
    assert len(read) < 20


@pytest.mark.parametrize("name", [K, "kustomization.yml", "Kustomization"])
def test_each_name_of_a_kustomization_is_known(name: str) -> None:
    tree, _ = repo(f"a/{name}")
    assert kustomization_in(tree, P("a")) == P("a") / name
    assert kustomization_in(tree, P("nowhere")) is None


def test_two_kustomizations_in_one_directory_are_refused() -> None:
    tree, _ = repo(f"a/{K}", "a/Kustomization")
    with pytest.raises(LayoutError, match=r'^"a" has several kustomization files: kustomization.yaml, Kustomization$'):
        kustomization_in(tree, P("a"))
