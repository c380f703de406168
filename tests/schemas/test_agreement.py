"""Both engines on what nobody chose by hand: random changes, regular expressions, this repository's renders."""

from __future__ import annotations

import copy
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_tool.schemas.catalogue import Catalogue
from gitops_tool.schemas.engines import check_embedded, check_kubeconform, missing
from gitops_tool.schemas.regex import compile_pattern

from .conftest import program
from .corpus import VALID

ROOT = Path(__file__).resolve().parents[2]
ODD_VALUES = [
    *(None, True, False, 0, -1, 1, 80, 1.0, 1.5, -0.0, 1e22, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 10**30, 5e-324),
    *("", "a", "1", "1.10", "0x1f", "1e3", "yes", "null", "~", "2024-01-01", "5m", "10Gi", "<<", "=", "\n---\n", "---"),
    *(
        "{",
        "[",
        "# no comment",
        "- a",
        "? b",
        "!!int 1",
        "&a",
        "*a",
        "'",
        '"',
        "\\",
        "\t",
        "\x85",
        "\u2028",
        "\ufeff",
        "😀",
    ),
    *([], [None], [1], ["a"], [[]], [{}], {}, {"a": None}, {"a": 1}, {"a": "b"}, {"name": "x"}, {"": ""}),
]

PATTERNS = [
    *(
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        r"^$",
        r"a$",
        r"^a",
        r"a|b",
        r"^(a|b)*c$",
        r"^(?i)abort|warn$",
        r"^(?i:AB)c$",
    ),
    *(r"\d", r"\w+$", r"^\s*$", r"^\S+$", r"^[^a-c]$", r"^[[:alpha:]]+$", r"^[^[:space:]]*$", r"^[]a]+$", r"^[a\]-]+$"),
    *(
        r"^a{2}$",
        r"^a{2,}$",
        r"^a{1,3}$",
        r"^a{,3}$",
        r"^a{x}$",
        r"^(ab){2}$",
        r"^.$",
        r"^(?s).$",
        r"^(?:a|b|)$",
        r"^a??b$",
    ),
    *(
        r"\Aa\z",
        r"^\x41\x{42}$",
        r"^\.\*\+\?\(\)\[\]\{\}\^\$\|\\$",
        r"^(?P<name>a)$",
        r"^((?i)sun|mon)day$",
        r"(a*)*b",
        r"()*",
    ),
    *(
        r"^[+-]?[0-9.]+([eE][+-]?\d+)?$",
        r"^(\*\.)?[a-z]+$",
        r"^[\w.-]+$",
        r"^[^\d]+$",
        r"^\/v1\/\S+$",
        r"^[a-zA-Z0-9-_.]+$",
    ),
]
TEXTS = [
    *(
        "",
        "a",
        "b",
        "A",
        "c",
        "ab",
        "aa",
        "aaa",
        "aaaa",
        "abab",
        "ABc",
        "abc",
        "a-b",
        "-a",
        "a.b",
        "*.a",
        "1",
        "1.5e-3",
        "é",
        "٣",
    ),
    *(
        "a\n",
        "\n",
        " ",
        "\t",
        "\u00a0",
        "Warn",
        "warning",
        "sunday",
        "MONday",
        "Sunday",
        "AB",
        ".*+?()[]{}^$|\\",
        "]a",
        "a]-",
    ),
    *("a{,3}", "a{x}", "/v1/logs", "_", "\u017f", "\u212a", "日本", "😀"),
]


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Return every container of a document with each of its keys."""
    items = list(node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ())
    return [(node, key) for key, _ in items] + [place for _, value in items for place in _places(value)]


def _mutated(chance: random.Random) -> dict[str, Any]:
    manifest = copy.deepcopy(chance.choice(list(VALID.values())))
    for _ in range(chance.randint(1, 3)):
        places = [place for place in _places(manifest) if place[1] not in ("apiVersion", "kind")]
        if not places:
            break
        node, key = chance.choice(places)
        if chance.random() < 0.15:
            del node[key]
        elif isinstance(node, dict) and chance.random() < 0.15:
            node[f"{key}x"] = node[key]
        else:
            node[key] = copy.deepcopy(chance.choice(ODD_VALUES))
    return manifest


@pytest.mark.parametrize("seed", range(4))
def test_random_changes_are_judged_alike(seed: int, catalogue: Catalogue, kubeconform: Path) -> None:
    chance = random.Random(seed)
    manifests = [_mutated(chance) for _ in range(400)]

    found = check_kubeconform(manifests, catalogue, binary=kubeconform, timeout=60)

    assert found == check_embedded(manifests, catalogue)
    assert 100 < len({violation.index for violation in found}) < 400


def test_patterns_match_as_they_do_in_go(cache: Path, kubeconform: Path) -> None:
    kinds = {("patterns.test/v1", f"P{number}"): pattern for number, pattern in enumerate(PATTERNS)}
    schemas = {name: {"properties": {"v": {"type": "string", "pattern": pattern}}} for name, pattern in kinds.items()}
    catalogue = Catalogue("1.34", extra=schemas, cache=cache)
    manifests = [{"apiVersion": name[0], "kind": name[1], "v": text} for name in kinds for text in TEXTS]

    refused = {each.index for each in check_kubeconform(manifests, catalogue, binary=kubeconform, timeout=60)}
    wanted = [compile_pattern(pattern).search(text) for pattern in PATTERNS for text in TEXTS]

    differing = [
        (PATTERNS[index // len(TEXTS)], TEXTS[index % len(TEXTS)])
        for index, matches in enumerate(wanted)
        if matches is (index in refused)
    ]
    assert differing == []
    assert check_embedded(manifests, catalogue) == check_kubeconform(
        manifests, catalogue, binary=kubeconform, timeout=60
    )


def _renders() -> list[dict[str, Any]]:
    kustomize = program("kustomize")
    folders = sorted(
        path.parent for path in [*ROOT.glob("apps/*/overlays/*/kustomization.yaml"), ROOT / "argocd/kustomization.yaml"]
    )
    manifests = []
    for folder in folders:
        done = subprocess.run([kustomize, "build", folder], capture_output=True, check=True)
        manifests += [document for document in yaml.safe_load_all(done.stdout) if document]
    return manifests


@pytest.mark.parametrize("version", ["1.31", "1.36", "1.37"])
def test_both_engines_accept_all_that_this_repository_renders(version: str, cache: Path, kubeconform: Path) -> None:
    manifests = _renders()
    catalogue = Catalogue(version, cache=cache)

    assert len(manifests) > 50
    assert missing(manifests, catalogue) == []
    assert check_embedded(manifests, catalogue) == []
    assert check_kubeconform(manifests, catalogue, binary=kubeconform, timeout=60) == []
