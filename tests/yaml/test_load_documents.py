"""`load_documents`: Go's values, and a place for everything that is refused."""

from __future__ import annotations

import time
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_tool.errors import YamlError
from gitops_tool.yamlload import MAX_BYTES, Rules, load_documents

PATH = PurePosixPath("apps/web/deployment.yaml")


def load(text: str, rules: Rules = Rules.KYAML) -> list[Any]:
    return load_documents(text.encode(), PATH, rules=rules)


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("", []),
        ("# nothing\n", []),
        ("---\n---\na: 1\n", [None, {"a": 1}]),
        ("a:\n", [{"a": None}]),
        ('{"a": [1, 1.5, "x", null, true]}', [{"a": [1, 1.5, "x", None, True]}]),
        ("port: 8080\nratio: 1.0\nlarge: 1e3\n", [{"port": 8080, "ratio": 1, "large": 1000}]),
        ("small: 1e-3\nnegative: -0.5\n", [{"small": 0.001, "negative": -0.5}]),
        ("mode: 0644\nmode12: 0o644\nhex: 0xff\nbits: 0b101\n", [{"mode": 420, "mode12": 420, "hex": 255, "bits": 5}]),
        ("date: 2024-01-01\ntime: 12:30:45\n", [{"date": "2024-01-01", "time": "12:30:45"}]),
        ("commit: 123e4567\n", [{"commit": "123e4567"}]),
        ("q: '1'\nd: \"yes\"\nb: |\n  1\n", [{"q": "1", "d": "yes", "b": "1\n"}]),
        ("1: a\ntrue: b\n1.5: c\n", [{"1": "a", "true": "b", "1.5": "c"}]),
        ("a: &x {k: v}\nb: *x\nc: {<<: *x, l: w}\n", [{"a": {"k": "v"}, "b": {"k": "v"}, "c": {"k": "v", "l": "w"}}]),
        ("a: &a {k: 1, l: 1}\nb: &b {k: 2, m: 2}\nc: {k: 3, <<: [*a, *b]}\n", [
            {"a": {"k": 1, "l": 1}, "b": {"k": 2, "m": 2}, "c": {"k": 3, "m": 2, "l": 1}}]),
        ("a: !!str 1\nb: !!int '3'\nc: !own 1\nd: !!binary aGk=\ne: !!float 3\nf: !own {g: 1}\n", [
            {"a": "1", "b": 3, "c": "1", "d": "hi", "e": 3, "f": {"g": 1}}]),
        ("a: <<\nb: =\n", [{"a": "<<", "b": "="}]),
        ("\ufeffa: ä🚀\r\nb: c\r\n", [{"a": "ä🚀", "b": "c"}]),
    ],
)  # fmt: skip
def test_documents_are_what_go_makes_of_them(text: str, documents: list[Any]) -> None:
    loaded = load(text)
    assert loaded == documents
    assert repr(loaded) == repr(documents)


def test_only_the_words_of_yaml_1_1_tell_the_two_readers_apart() -> None:
    words = "y Y yes Yes YES on On ON n N no No NO off Off OFF".split()  # noqa: SIM905 - words read better without their quotes
    assert load(f"[{', '.join(words)}]") == [words]
    assert load(f"[{', '.join(words)}]", Rules.SIGS) == [[True] * 8 + [False] * 8]
    assert load("on: push\n") == [{"on": "push"}]
    assert load("on: push\n", Rules.SIGS) == [{"true": "push"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", ':5:3: the key "c" is written twice, first on line 3'),
        ("1: a\n'1': b\n", ':2:1: the key "1" is written twice, first on line 1'),
        ("{a: 1, a: 2}", ':1:8: the key "a" is written twice, first on line 1'),
        ("a: b\nc: \0\n", ":2:4: not valid YAML: control characters are not allowed (U+0000)"),
        ("ä: 🚀\nc: \x1b\n", ":2:4: not valid YAML: control characters are not allowed (U+001B)"),
        ("a: b: c\n", ":1:5: not valid YAML: mapping values are not allowed in this context"),
        ("a: [1\n", ":2:1: not valid YAML: while parsing a flow sequence, did not find expected ',' or ']'"),
        ("a: *b\n", ':1:4: the alias "*b" names no anchor above it'),
        ("a: &b [*b]\n", ':1:8: the alias "*b" stands inside the value it names'),
        ("a: &x 1\n---\nb: *x\n", ':3:4: the alias "*x" names no anchor above it'),
        ("a: .inf\n", ':1:4: ".inf" cannot be written as JSON'),
        ("a: !!int x\n", ':1:4: "x" is not a value of the type "!!int"'),
        ("a: !!binary '?'\n", ':1:4: a value of the type "!!binary" is not base64'),
        ("a: 1\n~: b\n", ":2:1: a mapping key is null"),
        ("? [a]\n: b\n", ":1:3: a mapping key is not a scalar"),
        ("a: &x [1]\n*x : b\n", ":2:1: a mapping key is not a scalar"),
        ("<<: 1\n", ':1:5: the value of a merge key "<<" must be a mapping or a list of mappings'),
        ("<<: {a: 1}\n<<: {b: 1}\n", ':2:1: the merge key "<<" is written twice'),
        ("%YAML 3.0\n---\na\n", ":1:1: not valid YAML: found incompatible YAML document"),
    ],
)
def test_what_go_would_refuse_is_refused_at_its_place(text: str, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        load(text)
    assert str(caught.value) == f"{PATH}{message}"


def test_an_alias_bomb_is_refused_without_being_built() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40)]
    with pytest.raises(YamlError, match="aliases expand to more than 1000000 values"):
        load("\n".join(lines))


def test_a_merge_bomb_is_refused() -> None:
    lines = ["a0: &a0 {x0: 1, y0: 2}"]
    lines += [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], x{n}: 1}}" for n in range(1, 40)]
    with pytest.raises(YamlError, match="aliases expand to more than 1000000 values"):
        load("\n".join(lines))


def test_many_aliases_of_small_values_are_fine() -> None:
    (document,) = load("a: &x {k: v}\n" + "".join(f"b{number}: *x\n" for number in range(10_000)))
    assert len(document) == 10_001


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000 + "x", "{a: " * 100_000, "&a [" * 100_000])
def test_deep_nesting_is_refused_quickly_and_crashes_nothing(text: str) -> None:
    started = time.process_time()
    with pytest.raises(YamlError, match=r"nested deeper than 1000 levels"):
        load(text)
    assert time.process_time() - started < 5


def test_nesting_up_to_the_limit_is_read() -> None:
    (document,) = load("[" * 1000 + "]" * 1000)
    depth = 0
    while document:
        (document,) = document
        depth += 1
    assert depth == 999


def test_a_file_beyond_the_size_limit_is_refused() -> None:
    with pytest.raises(
        YamlError, match="the file holds 67108865 bytes, more than the 67108864 that are read"
    ) as caught:
        load_documents(b"#" * (MAX_BYTES + 1), PATH)
    assert (caught.value.line, caught.value.column) == (0, 0)


VALUES = st.recursive(
    st.one_of(st.integers(-(2**62), 2**62), st.booleans(), st.none(), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=3), st.booleans(), st.sampled_from(Rules))
def test_whatever_pyyaml_writes_with_quotes_and_tags_is_read_back(
    documents: list[Any], flow: bool, rules: Rules
) -> None:
    text = yaml.safe_dump_all(documents, default_flow_style=flow, default_style='"', allow_unicode=True)
    assert load_documents(text.encode(), PATH, rules=rules) == documents


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text("[]{}-:,&*!|>'\"%#\n\t ab0<~?", max_size=60).map(str.encode)))
def test_any_bytes_are_read_or_refused_in_our_words(data: bytes) -> None:
    assert (refusal(data) or str(PATH)).startswith(str(PATH))


def refusal(data: bytes) -> str | None:
    try:
        load_documents(data, PATH)
    except YamlError as error:
        return str(error)
    return None
