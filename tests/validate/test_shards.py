"""Shards: what several jobs find in parts is what one finds in the whole."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import jsonschema
import pytest

from gitops_tool.model import Overlay
from gitops_tool.validate.shard import Shard

from .shop import gitops
from .test_memory import CRD, SERVICE, WIDGET, shop

ROOT = Path(__file__).resolve().parents[2]
RENDERED_WITH = "apps/env/overlays/staging/settings.env"
FORMATS = ("text", "json", "junit", "sarif", "gitlab", "github", "tap")


@pytest.fixture
def folder(repository: Callable[..., Any]) -> Path:
    """Return a repository with defects of one overlay, and of the whole."""
    files = shop() | {
        "apps/web/base/service.yaml": SERVICE.replace("app: web", "app: wep"),
        "apps/web/base/forgotten.yaml": SERVICE.replace("name: web", "name: more"),
        "apps/tool/overlays/staging/widget.yaml": WIDGET.replace("size: 3", "size: large"),
        "apps/crds/overlays/staging/crd.yaml": CRD,
        "argocd/project.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: no-project}\n",
    }
    path: Path = repository(files).path
    (path / RENDERED_WITH).write_text("A=1\n")
    return path


def shards(folder: Path, target: Path, total: int, *args: str) -> list[str]:
    """Validate in parts; return the names of the reports."""
    names = []
    for index in range(1, total + 1):
        names.append(str(target / f"{index}.json"))
        done = gitops(folder, "validate", "--shard", f"{index}/{total}", f"--output-file=json={names[-1]}", *args)
        assert done.code in {0, 1}, done.err
        assert "rules about the whole repository: `gitops report-merge` runs them" in done.out
    return names


@pytest.mark.parametrize(
    ("total", "rules"), [(3, {"schema", "project-missing", "service-without-pods", "unlisted-file"}), (2, {"render"})]
)
def test_the_merged_report_is_that_of_the_whole(folder: Path, tmp_path: Path, total: int, rules: set[str]) -> None:
    if "render" in rules:
        (folder / RENDERED_WITH).unlink()
    names = shards(folder, tmp_path, total, "--cache-dir", str(tmp_path / "shared"))
    assert (tmp_path / "shared" / "results").is_dir()
    whole = gitops(folder, "validate", "--output", "json")
    found = {finding["rule"] for overlay in json.loads(whole.out)["overlays"] for finding in overlay["findings"]}
    assert rules <= found
    for name in FORMATS:
        merged = gitops(folder, "report-merge", *reversed(names), "--output", name)
        assert merged == gitops(folder, "validate", "--output", name)


def test_a_shards_report_follows_the_schema_and_holds_no_secrets(folder: Path, tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter22, long: %s}\n"
    (folder / "apps/new/overlays/staging").mkdir(parents=True)
    (folder / "apps/new/overlays/staging/secret.yaml").write_text(secret % ("hunter22" * 9000))
    (name,) = shards(folder, tmp_path, 1)
    document = json.loads(Path(name).read_text())
    jsonschema.Draft202012Validator(json.loads((ROOT / "schemas/output/validate.schema.json").read_text())).validate(
        document
    )
    packed = zlib.decompress(base64.b64decode(document["shard"]["data"]))
    assert b"db" in packed
    assert b"hunter22" not in packed


def test_the_options_of_the_shards_are_those_of_the_merge(folder: Path, tmp_path: Path) -> None:
    options = ("--select", "schema,project-missing,render", "--kubernetes-version", "1.34")
    names = shards(folder, tmp_path, 2, *options)
    merged = gitops(folder, "report-merge", *names, "--severity", "error")
    assert merged == gitops(folder, "validate", *options, "--severity", "error")
    baseline = str(tmp_path / "baseline.json")
    assert gitops(folder, "report-merge", *names, "--write-baseline", baseline).code == 0
    assert "no findings" in gitops(folder, "report-merge", *names, "--baseline", baseline).out


def test_what_is_missing_or_does_not_belong_is_refused(folder: Path, tmp_path: Path) -> None:
    one, two = shards(folder, tmp_path, 2)
    other = tmp_path / "other"
    other.mkdir()
    (selected, _) = shards(folder, other, 2, "--select", "schema")
    cut = str(tmp_path / "cut.json")
    Path(cut).write_text(Path(two).read_text().replace('"data": "', '"data": "AAAA'))
    report = tmp_path / "whole.json"
    gitops(folder, "validate", "--output-file", f"json={report}")
    again = "hint: write the reports anew: gitops validate --shard I/N --output-file json=FILE\n"
    for names, words in {
        (one,): "error: the report of shard 2/2 is missing\nhint: did its job fail before it wrote the report?\n",
        (selected, two): f'error: "{two}" and "{selected}" are not of one run\n{again}',
        (
            one,
            str(tmp_path / "cut.json"),
        ): f'error: "{tmp_path / "cut.json"}" is not the JSON report of a shard\n{again}',
        (str(report),): f'error: "{report}" is not the JSON report of a shard\n{again}',
    }.items():
        done = gitops(folder, "report-merge", *names)
        assert (done.code, done.out, done.err) == (3, "", words)
    copy = tmp_path / "copy.json"
    copy.write_text(Path(one).read_text())
    done = gitops(folder, "report-merge", one, str(copy))
    assert (done.code, done.err) == (3, f'error: "{copy}" and "{one}" are both of shard 1\nhint: name each once\n')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3", 'error: "3" is not a shard such as 3/10\n'),
        ("0/3", 'error: there is no shard "0/3": they count from 1/3 to 3/3\n'),
        ("4/3", 'error: there is no shard "4/3": they count from 1/3 to 3/3\n'),
        ("-1/3", 'error: "-1/3" is not a shard such as 3/10\n'),
        (
            "auto",
            "error: CI_NODE_INDEX and CI_NODE_TOTAL are not set\n"
            "hint: GitLab sets them in a job with `parallel:`; else say --shard I/N\n",
        ),
    ],
)
def test_what_is_no_shard_is_refused(folder: Path, text: str, words: str) -> None:
    done = gitops(folder, "validate", "--shard", text)
    assert (done.code, done.out, done.err) == (2, "", words)


def test_gitlab_tells_which_shard_a_job_is(folder: Path) -> None:
    env = {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "3"}
    assert "note: shard 2/3: 2 of 6 overlays\n" in gitops(folder, "validate", "--shard", "auto", env=env).err


def test_shards_are_even_whole_and_stable() -> None:
    overlays = [Overlay(f"app-{n}", env, PurePosixPath(f"apps/app-{n}/{env}")) for n in range(100) for env in "ab"]
    parts = [Shard(index, 7).of_overlays(overlays) for index in range(1, 8)]
    assert {len(part) for part in parts} == {28, 29}
    assert sorted((one for part in parts for one in part), key=overlays.index) == overlays
    fewer = [Shard(index, 7).of_overlays(overlays[:-2]) for index in range(1, 8)]
    moved = sum(len(set(new) - set(old)) for new, old in zip(fewer, parts, strict=True))
    assert moved <= 2 * 7
