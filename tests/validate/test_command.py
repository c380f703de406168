"""`gitops validate`, as typed: what it looks at, which rules count, where the reports go, how it exits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from .shop import CONFIG, RULES, SETTINGS, WEB, Ran, files, gitops, kustomization, write

ROOT = Path(__file__).resolve().parents[2]
GOOD = WEB.replace("website", "web").replace("History: 3", "HistoryLimit: 3").replace('"8080"', "http")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", files())


def overlays(done: Ran) -> list[str]:
    """Return the overlays that a JSON report is about."""
    return [overlay["path"] for overlay in json.loads(done.out)["overlays"]]


def rules(done: Ran) -> set[str]:
    """Return the rules that a JSON report has findings of."""
    return {finding["rule"] for overlay in json.loads(done.out)["overlays"] for finding in overlay["findings"]}


def looked_at(folder: Path, *args: str) -> list[str]:
    done = gitops(folder, "validate", *args, "--select", "render", "--output", "json")
    assert done.code in {0, 1}, done.err
    return overlays(done)


# --- what is looked at -----------------------------------------------------------------------------------------------


def test_without_arguments_everything_of_the_layout_is(shop: Path) -> None:
    expected = ["apps/api/overlays/staging", "apps/tool/overlays/staging"]
    assert looked_at(shop) == [*expected, "apps/web/overlays/staging", "apps/web/overlays/production"]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["web"], ["apps/web/overlays/staging", "apps/web/overlays/production"]),
        (["apps/web"], ["apps/web/overlays/staging", "apps/web/overlays/production"]),
        (["web", "--env", "production"], ["apps/web/overlays/production"]),
        (["--env", "production"], ["apps/web/overlays/production"]),
        (["apps/web/overlays/production"], ["apps/web/overlays/production"]),
        (["apps/web/overlays/production/kustomization.yaml"], ["apps/web/overlays/production"]),
        (["apps/web/base"], ["apps/web/base"]),
        (["apps/api/overlays/qa"], ["apps/api/overlays/qa"]),
        (["apps/web/base/deployment.yaml"], ["apps/web/overlays/staging", "apps/web/overlays/production"]),
        (["tool", "apps/tool"], ["apps/tool/overlays/staging"]),
    ],
)
def test_an_argument_is_an_app_a_directory_or_a_file(shop: Path, args: list[str], expected: list[str]) -> None:
    assert looked_at(shop, *args) == expected


def test_paths_start_where_the_user_stands(shop: Path) -> None:
    gitops_in = shop / "apps/web"
    (shop / ".git").mkdir()  # not a repository: the folder alone counts
    assert looked_at(gitops_in, "overlays/staging") == ["overlays/staging"]


def test_paths_start_where_the_user_stands_in_a_repository(repository: Callable[..., object]) -> None:
    checkout = repository(files())
    folder: Path = checkout.path  # type: ignore[attr-defined]
    assert looked_at(folder / "apps/web", "overlays/staging") == ["apps/web/overlays/staging"]
    assert looked_at(folder / "apps/web", ".") == ["apps/web/overlays/staging", "apps/web/overlays/production"]
    assert looked_at(folder / "apps/web", "../tool") == ["apps/tool/overlays/staging"]
    assert looked_at(folder / "apps/web", "--rev", "HEAD", "overlays/staging") == ["apps/web/overlays/staging"]


@pytest.mark.parametrize(
    ("args", "code", "error"),
    [
        (["wbe"], 3, 'error: no app "wbe" in this repository\nhint: did you mean "web"?\n'),
        (["apps/wbe"], 3, 'error: "apps/wbe" is neither an app nor a path in this repository\n'),
        (["../else"], 3, 'error: "../else" leads out of the repository\n'),
        (["--env", "prod"], 2, 'error: nothing here has the environment "prod"\nhint: it has: staging, production\n'),
        (["--select", "shcema"], 2, 'error: there is no rule "shcema"\nhint: did you mean "schema"?\n'),
        (["--ignore", "nothing-like-it"], 2, 'error: there is no rule "nothing-like-it"\nhint: '),
        (["--kubernetes-version", "1.2"], 2, 'error: Kubernetes "1.2" is not known\nhint: there are schemas for 1.25 '),
        (["--baseline", "none.json"], 2, 'error: the baseline "none.json" does not exist\nhint: write it first: '),
        (["--baseline", "a", "--write-baseline", "a"], 2, "error: --baseline and --write-baseline contradict each"),
        (["--output-file", "sarif"], 2, "error: invalid value for '--output-file': \"sarif\" is not FORMAT=FILE"),
        (["--output-file", "pdf=x"], 2, "error: invalid value for '--output-file': \"pdf\" is not a format; there are"),
        (["--output-file", "sarif=no/x"], 2, 'error: the folder of "no/x" does not exist\nhint: make it first: '),
        (["--rev", "HEAD"], 3, "error: this is not a git repository\nhint: run it in one, or "),
        (["--changed-since", "HEAD"], 3, "error: this is not a git repository: nothing is known about changes\n"),
    ],
)
def test_what_cannot_be_meant_is_refused(shop: Path, args: list[str], code: int, error: str) -> None:
    done = gitops(shop, "validate", *args)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(error), done.err


def test_a_rule_in_the_settings_that_does_not_exist_is_refused(shop: Path) -> None:
    write(shop, {"gitops.yaml": SETTINGS + "rules: {shcema: off}\n"})
    done = gitops(shop, "validate")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        'error: "gitops.yaml" sets the severity of "shcema", which is no rule\nhint: did you mean "schema"?\n'
    )


# --- without any settings --------------------------------------------------------------------------------------------


def test_without_settings_every_kustomization_that_no_other_uses_is_looked_at(tmp_path: Path) -> None:
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
    write(
        tmp_path,
        {
            "clusters/a/kustomization.yaml": kustomization("../../parts/web", "../../parts/db"),
            "parts/web/kustomization.yaml": kustomization("web.yaml"),
            "parts/web/web.yaml": GOOD,
            "parts/db/kustomization.yaml": kustomization("db.yaml"),
            "parts/db/db.yaml": CONFIG,
            "parts/alone/kustomization.yml": kustomization("alone.yaml"),
            "parts/alone/alone.yaml": CONFIG,
            "extras/tls/kustomization.yaml": component,
            "plain/settings.yaml": CONFIG,
            "chart/Chart.yaml": "name: chart\n",
            "chart/templates/a.yaml": CONFIG,
            ".github/workflows/a.yaml": CONFIG,
            "docs/mkdocs.yml": "site_name: x\n",
        },
    )
    done = gitops(tmp_path, "validate", "--select", "render", "--output", "json")
    assert (done.code, done.err) == (0, "")
    assert overlays(done) == ["clusters/a", "parts/alone", "plain"]
    assert json.loads(done.out)["unchecked"] == [
        {"path": "extras/tls", "reason": "a component that no overlay uses"},
    ]


def test_the_template_of_previews_is_called_by_its_name(tmp_path: Path) -> None:
    settings = "version: 1\nenvironments: [{name: staging}]\n"
    overlay = kustomization("../../base")
    names = {f"apps/web/overlays/{name}/kustomization.yaml": overlay for name in ("staging", "preview", "qa")}
    base = {"apps/web/base/kustomization.yaml": kustomization("web.yaml"), "apps/web/base/web.yaml": WEB}
    write(tmp_path, {"gitops.yaml": settings, **base, **names})
    done = gitops(tmp_path, "validate", "--select", "render", "--output", "json")
    assert json.loads(done.out)["unchecked"] == [
        {"path": "apps/web/overlays/preview", "reason": "the template of previews"},
        {"path": "apps/web/overlays/qa", "reason": 'the environment "qa" is not in gitops.yaml'},
    ]


def test_one_kustomization_is_enough(tmp_path: Path) -> None:
    write(tmp_path, {"kustomization.yaml": kustomization("web.yaml"), "web.yaml": WEB})
    assert looked_at(tmp_path) == looked_at(tmp_path, ".") == ["."]
    assert rules(gitops(tmp_path, "validate", "--select", "api-server", "--output", "json")) == {
        "selector-mismatch",
        "invalid-port-name",
    }


def test_a_folder_without_anything_to_render_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": "# Nothing\n", "values.yaml": "a: 1\n"})
    message = "error: nothing here can be rendered: no kustomization, and no directory of manifests\n"
    assert gitops(tmp_path, "validate") == Ran(3, "", message)


def test_circles_of_bases_are_looked_at_once(tmp_path: Path) -> None:
    write(tmp_path, {"a/kustomization.yaml": kustomization("../b"), "b/kustomization.yaml": kustomization("../a")})
    done = gitops(tmp_path, "validate", "--output", "json")
    assert done.code == 1
    assert overlays(done) == ["a"]
    assert rules(done) == {"render"}


# --- which rules count -----------------------------------------------------------------------------------------------


def test_rules_and_families_are_selected_and_ignored(shop: Path) -> None:
    def found(*args: str) -> set[str]:
        return rules(gitops(shop, "validate", "web", *args, "--output", "json"))

    assert found("--select", RULES) == {"schema", "selector-mismatch", "invalid-port-name"}
    assert found("--select", "api-server") == {"selector-mismatch", "invalid-port-name"}
    assert found("--select", "schema,api-server", "--ignore", "invalid-port-name") == {"schema", "selector-mismatch"}
    assert found("--select", "schema", "--ignore", "schema") == set()


def test_what_cannot_be_rendered_counts_whatever_is_selected(shop: Path) -> None:
    assert rules(gitops(shop, "validate", "api", "--select", "schema", "--output", "json")) == {"render"}
    assert gitops(shop, "validate", "api", "--ignore", "render").code == 0


def test_the_exit_status_tells_of_errors_only(shop: Path) -> None:
    assert gitops(shop, "validate", "tool", "--select", RULES).code == 0
    assert gitops(shop, "validate", "web", "--select", RULES).code == 1
    warning = "rules: {schema: warning, selector-mismatch: warning, invalid-port-name: info}\n"
    write(shop, {"gitops.yaml": SETTINGS + warning})
    done = gitops(shop, "validate", "web", "--select", RULES)
    assert (done.code, done.out.splitlines()[-1]) == (0, "2 warnings, 1 info")
    done = gitops(shop, "validate", "web", "--select", RULES, "--severity", "error")
    assert (done.code, done.out.splitlines()[-2:]) == (
        0,
        ["2 overlays, 2 objects: 2 valid, 0 invalid, 0 skipped", "no findings"],
    )


def test_the_kubernetes_version_of_the_command_line_wins(tmp_path: Path) -> None:
    autoscaler = (
        "apiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\n"
        "spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n"
    )
    settings = SETTINGS.replace("  - name: staging\n", '  - name: staging\n    kubernetesVersion: "1.35"\n')
    overlay = "apps/web/overlays/staging"
    write(
        tmp_path,
        {
            "gitops.yaml": settings,
            f"{overlay}/kustomization.yaml": kustomization("autoscaler.yaml"),
            f"{overlay}/autoscaler.yaml": autoscaler,
        },
    )
    done = gitops(tmp_path, "validate", "--select", "schema")
    assert done.code == 1
    assert "Kubernetes 1.35 has no autoscaling/v2beta2 HorizontalPodAutoscaler" in done.out
    done = gitops(tmp_path, "validate", "--select", "schema", "--kubernetes-version", "v1.25.3")
    assert (done.code, done.out.splitlines()[-1]) == (0, "no findings")


# --- where the reports go --------------------------------------------------------------------------------------------


def test_several_formats_are_written_in_one_run(shop: Path) -> None:
    options = ("validate", "--select", RULES)
    expected = {name: gitops(shop, *options, "--output", name).out for name in ("text", "sarif", "junit", "gitlab")}
    done = gitops(
        shop,
        *options,
        *("--output-file", "sarif=report.sarif", "--output-file", "junit=junit.xml"),
        *("--output-file", "gitlab=gl.json", "--output-file", "text=report.txt"),
    )
    assert (done.code, done.out, done.err) == (1, expected["text"], "")
    written = {"sarif": "report.sarif", "junit": "junit.xml", "gitlab": "gl.json", "text": "report.txt"}
    assert {name: (shop / file).read_text("utf-8") for name, file in written.items()} == expected


def test_a_report_replaces_a_file_whole_and_keeps_its_mode(shop: Path) -> None:
    target = shop / "report.json"
    target.write_text("old")
    target.chmod(0o600)
    gitops(shop, "validate", "--select", RULES, "--output-file", f"json={target}")
    assert json.loads(target.read_text())["version"] == 1
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in shop.iterdir() if path.name.startswith(".report")] == []


def test_a_refused_run_leaves_the_file_as_it_was(shop: Path) -> None:
    target = shop / "report.json"
    target.write_text("old")
    assert gitops(shop, "validate", "nothing", "--output-file", f"json={target}").code == 3
    assert target.read_text() == "old"


def test_a_report_can_go_to_a_device(shop: Path) -> None:
    done = gitops(shop, "validate", "tool", "--select", RULES, "--output-file", "tap=/dev/stderr")
    assert done.code == 0
    assert done.err.startswith("TAP version 13\n1..2\n")


# --- baselines -------------------------------------------------------------------------------------------------------


def test_with_a_baseline_only_new_findings_count(shop: Path) -> None:
    options = ("validate", "--select", RULES)
    done = gitops(shop, *options, "--write-baseline", "baseline.json")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-2:] == [
        "4 overlays, 4 objects: 1 valid, 2 invalid, 1 skipped",
        "no findings, 5 in the baseline",
    ]
    document = json.loads((shop / "baseline.json").read_text())
    schema = json.loads((ROOT / "schemas/output/baseline.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    assert [entry["rule"] for entry in document["findings"]] == [
        *("render", "schema-missing", "invalid-port-name", "schema", "selector-mismatch")
    ]
    assert gitops(shop, *options, "--baseline", "baseline.json").code == 0

    write(shop, {"apps/web/base/deployment.yaml": "# moved down\n\n" + WEB.replace("web:v1", "web:v2")})
    assert gitops(shop, *options, "--baseline", "baseline.json").code == 0

    write(shop, {"apps/web/base/deployment.yaml": WEB.replace("replicas: 2", "replica: 2")})
    done = gitops(shop, *options, "--baseline", "baseline.json", "--output", "json")
    assert done.code == 1
    messages = [f["message"] for o in json.loads(done.out)["overlays"] for f in o["findings"]]
    assert len(messages) == 2
    assert all("replica" in message for message in messages)


def test_stale_entries_of_a_baseline_are_told(shop: Path) -> None:
    options = ("validate", "--select", RULES)
    gitops(shop, "validate", "--write-baseline", "baseline.json")
    write(shop, {"apps/web/base/deployment.yaml": GOOD})
    out = gitops(shop, "validate", "--baseline", "baseline.json").out
    section = out.partition("in the baseline, but not found any more:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split(": ")[:2] for line in section] == [
        ["  apps/web/base/deployment.yaml", rule] for rule in ("invalid-port-name", "schema", "selector-mismatch")
    ]
    # Where not everything is looked at, nothing is known about the rest.
    assert "not found any more" not in gitops(shop, *options, "--baseline", "baseline.json").out
    assert "not found any more" not in gitops(shop, "validate", "web", "--baseline", "baseline.json").out


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2}', '{"version": 1, "findings": [{"rule": "schema"}]}'])
def test_what_is_no_baseline_is_refused(shop: Path, text: str) -> None:
    write(shop, {"baseline.json": text})
    done = gitops(shop, "validate", "--baseline", "baseline.json")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith('error: "baseline.json" is not a baseline')
    assert done.err.endswith("hint: write it anew with --write-baseline\n")


def test_a_mistake_that_is_there_twice_has_two_fingerprints(tmp_path: Path) -> None:
    port = '            - containerPort: 9090\n              name: "8080"\n'
    write(tmp_path, {"web/web.yaml": WEB + port})
    options = ("validate", "web", "--select", "invalid-port-name", "--output", "gitlab")
    prints = {entry["fingerprint"] for entry in json.loads(gitops(tmp_path, *options).out)}
    assert len(prints) == 2


# --- beside it -------------------------------------------------------------------------------------------------------


def test_suppressed_findings_are_counted(shop: Path) -> None:
    ignored = WEB.replace('name: "8080"', 'name: "8080" # gitops: ignore[invalid-port-name] an old client wants it')
    write(shop, {"apps/web/base/deployment.yaml": ignored})
    out = gitops(shop, "validate", "web", "--select", RULES).out
    assert out.splitlines()[-1] == "2 errors, 2 suppressed"


def test_a_commit_is_validated_instead_of_the_files(repository: Callable[..., object]) -> None:
    checkout = repository(files())
    folder: Path = checkout.path  # type: ignore[attr-defined]
    write(folder, {"apps/web/base/deployment.yaml": GOOD})
    assert gitops(folder, "validate", "web", "--select", RULES).code == 0
    assert gitops(folder, "validate", "web", "--select", RULES, "--rev", "HEAD").code == 1


def test_help_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    script = "import sys; from gitops_tool.cli import run; run(['validate', '--help']); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"yaml", "git", "ruamel", "jsonschema", "gitops_tool.rules", "gitops_tool.validate"}


def is_there(group: int) -> bool:
    """Whether a group of processes has any."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [(signal.SIGINT, 130, b"interrupted"), (signal.SIGTERM, 143, b"terminated"), (signal.SIGHUP, 129, b"terminated")],
)
def test_a_run_that_is_ended_leaves_nothing_behind(tmp_path: Path, number: int, status: int, words: bytes) -> None:
    apps = {f"apps/app{n}/overlays/staging/objects.yaml": GOOD for n in range(30)}
    listing = {f"apps/app{n}/overlays/staging/kustomization.yaml": kustomization("objects.yaml") for n in range(30)}
    folder = write(tmp_path / "shop", {"gitops.yaml": SETTINGS, **apps, **listing})
    (tmp_path / "scratch").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "scratch"), "GITOPS_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "gitops_tool", "validate"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as child:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "scratch").glob("gitops-render-*/*/3")) and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(number)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (status, b"", b"\n" + words + b"\n")
    assert list((tmp_path / "scratch").glob("gitops-render-*/*")) == []
    deadline = time.monotonic() + 10
    while is_there(child.pid) and time.monotonic() < deadline:
        time.sleep(0.02)  # what was killed is there until the system has collected it
    assert not is_there(child.pid)
    assert list((tmp_path / "scratch").glob("gitops-render-*/*")) == []
