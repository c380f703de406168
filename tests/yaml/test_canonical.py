"""The quick reader of kustomize's output gives what the full one gives, or nothing."""

from __future__ import annotations

import random
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from gitops_tool.errors import GitopsError
from gitops_tool.yamlload import Rules, load_documents
from gitops_tool.yamlload.canonical import read_canonical

WORDS = (
    *(
        "web",
        "yes",
        "n",
        "null",
        "true",
        "~",
        "1",
        "0x1f",
        "1e3",
        "-1",
        ".5",
        ".inf",
        "1.10",
        "--port=80",
        "a b",
        "a: b",
    ),
    *(
        "a #b",
        "#a",
        "http://x:80/y",
        "x:",
        "",
        " x",
        "x ",
        "'",
        '"',
        "*",
        "&a",
        "!b",
        "{a}",
        "[a]",
        "%",
        "@",
        "`",
        "|",
        ">",
    ),
    *("- a", "-", "---", "...", "?", "=", "<<", "2024-01-01", "one\ntwo\n", "one\n\n  two", "\n one", "one\ntwo\n\n"),
    *("käse", "tab\there", "a\\b", "$(VAR)", "0o17", "1_000", "(x)", "+1", "a,b", "k8s.io/name"),
)
KEYS = (
    "name",
    "app.kubernetes.io/name",
    "a-b",
    "y",
    "on",
    "null",
    "true",
    "x_1",
    "1",
    "key.yaml",
    "with space",
    "~",
    "",
)


def full(text: str) -> Any:
    try:
        return load_documents(text.encode(), PurePosixPath("rendered"), rules=Rules.KYAML)
    except GitopsError as error:
        return error


def agrees(text: str) -> bool:
    """Whether the quick reader read a text, in which case both have to read the same, in the same order."""
    quick = read_canonical(text)
    if quick is not None:
        other = full(text)
        assert isinstance(other, list), f"{text!r}: {other}"
        assert repr([quick]) == repr(other), text
    return quick is not None


TAME = (
    "web",
    "1.10",
    "yes",
    "true",
    "--port=80",
    "a b",
    "http://x:80/y",
    "one\ntwo\n",
    "one\n\n  two",
    1,
    -7,
    True,
    {},
    [],
)


def made(chance: random.Random, depth: int = 0) -> Any:
    """Return a value of the plain part, mostly: with a word now and then that may not be."""
    kind = chance.random()
    if depth == 0 or (depth < 5 and kind < 0.3):
        keys = [chance.choice(KEYS if chance.random() < 0.05 else KEYS[:5]) for _ in range(chance.randrange(1, 5))]
        return {key: made(chance, depth + 1) for key in keys}
    if depth < 5 and kind < 0.5:
        return [made(chance, depth + 1) for _ in range(chance.randrange(4))]
    return chance.choice(WORDS if chance.random() < 0.05 else TAME)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as literal blocks, as kustomize does."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def damaged(chance: random.Random, text: str) -> str:
    """Return a text with one to three small changes."""
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(text) + 1)
        match chance.randrange(4):
            case 0:
                text = (
                    text[:place]
                    + chance.choice(["\n", " ", "  ", "- ", ": ", "#", "'", '"', "|", "a", ":", "-", ">"])
                    + text[place:]
                )
            case 1:
                text = text[:place] + text[place + chance.randrange(1, 4) :]
            case 2:
                lines = text.split("\n")
                line = chance.randrange(len(lines))
                lines[line] = chance.choice(
                    ["", lines[line].lstrip(), "  " + lines[line], lines[chance.randrange(len(lines))]]
                )
                text = "\n".join(lines)
            case _:
                text = text.rstrip("\n")
    return text


@pytest.mark.parametrize("seed", range(4))
def test_both_readers_read_the_same(seed: int) -> None:
    chance = random.Random(seed)
    read = 0
    for _ in range(700):
        text = yaml.dump(made(chance), Dumper=_Dumper, sort_keys=False, width=chance.choice([60, 10**6]))
        read += agrees(text)
        read += agrees(damaged(chance, text))
    assert read > 150


@pytest.mark.parametrize("key", KEYS)
def test_both_readers_read_the_same_values(key: str) -> None:
    for word in WORDS:
        for text in (
            f"{key}: {word}",
            f"{key}: '{word}'",
            f'{key}: "{word}"',
            f"a:\n- {word}\n",
            f"a:\n  - {key}: {word}\n",
        ):
            agrees(text)
        agrees(f"a:\n  {key}: |\n    {word}\n  b: 1\n")
        agrees(f"a:\n  - |-\n    {word}\n  - 2\n")


RENDERED = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  annotations:
    config.kubernetes.io/origin: |
      path: ../repo/apps/web/base/deployment.yaml
  name: web
spec:
  replicas: 2
  template:
    spec:
      containers:
      - args:
        - --port=80
        - "true"
        env: []
        image: registry.example.org/web:v1
        resources: {}
      securityContext:
        runAsNonRoot: true
"""


def test_what_kustomize_prints_is_read() -> None:
    assert agrees(RENDERED)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a",
            "- a\n",
            "a:\n",
            "a: &b 1\n",
            "a: *b\n",
            "a: !!str 1\n",
            "a: 1 # one\n",
            "# one\na: 1\n",
            "a: .nan\n",
        ),
        *("a: 1\na: 2\n", "null: 1\n", "a: >\n  b\n", "a: |+\n  b\n", "a: |2\n    b\n", "a: |\n  b", "a: |\n\n  b\n"),
        *(
            "a:\n  b: 1\n c: 2\n",
            "a: b\n  c\n",
            "a: 'b\n",
            'a: "\\n"\n',
            "a: ä\n",
            "a: 1\r\n",
            "a: 1\n---\nb: 2\n",
            "a: {b: 1}\n",
        ),
        *(
            "a:\n- - b\n",
            "a:\n-\n",
            "? a\n: b\n",
            "a:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 200)) + " " * 200 + "a: 1\n",
        ),
        "a: " + "b" * 1_000_001 + "\n",
    ],
)
def test_what_else_there_is_is_left_to_the_full_reader(text: str) -> None:
    assert read_canonical(text) is None


def test_objects_read_by_either_reader_have_their_origin() -> None:
    from gitops_tool.render import output

    text = RENDERED + "---\n" + RENDERED.replace("name: web", "name: 'w\u00e4b'")
    quick = list(output.rendered_resources(text.encode(), PurePosixPath("apps/web")))
    assert [item.id.name for item in quick] == ["web", "w\u00e4b"]
    assert output.origins(text.encode()) == [PurePosixPath("apps/web/base/deployment.yaml")] * 2
