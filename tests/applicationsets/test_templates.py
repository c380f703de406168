"""What the template interpreter says of templates that it does not fill in, and that it leaves parameters alone."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_tool.applicationsets.gotemplate import MissingKeyError, TemplateError, UnsupportedError, render

PARAMETERS = {"name": "web", "labels": {"env": "staging"}, "list": ["a", "b"], "null": None}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ if .name }}x", "unexpected EOF"),
        ("{{ end }}", "unexpected {{end}}"),
        ("{{ .name.x }}", "can't evaluate field x in type string"),
        ("{{ .null.x }}", "nil pointer evaluating interface {}.x"),
        ("{{ upper 3 }}", "expected string; found 3"),
        ("{{ upper .list }}", "wrong type for value; expected string; got []interface {}"),
        ("{{ upper }}", "wrong number of args for upper: want 1 got 0"),
        ("{{ index .list 9 }}", "error calling index: index out of range: 9"),
        ("{{ $x }}", 'undefined variable "$x"'),
        ("{{ range .name }}{{ end }}", "range can't iterate over web"),
        ("{{ eq .name 1 }}", "error calling eq: incompatible types for comparison"),
        ('{{ fail "no such environment" }}', "error calling fail: no such environment"),
        ('{{ getHostByName "x" }}', 'function "getHostByName" not defined'),
    ],
)
def test_errors_are_in_gos_words(template: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(template, PARAMETERS)
    assert str(caught.value) == message


@pytest.mark.parametrize("template", ["{{ .labels.nope }}", "{{ .nope }}"])
def test_a_missing_key_is_an_error_if_asked_for(template: str) -> None:
    assert render(template, PARAMETERS) == "<no value>"
    with pytest.raises(MissingKeyError, match='map has no entry for key "nope"'):
        render(template, PARAMETERS, ["missingkey=error"])


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ('{{ regexReplaceAll "a" .name "b" }}', 'template function "regexReplaceAll"'),
        ("{{ randAlpha 5 }}", 'template function "randAlpha"'),
        ('{{ define "x" }}{{ end }}', 'template action "define"'),
        ("{{ keys . }}", 'the order of "keys"'),
        ('{{ printf "%#v" .name }}', '"%#v" in printf'),
        ("{{ 1i }}", "complex numbers"),
    ],
)
def test_what_is_outside_the_subset_is_named(template: str, what: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        render(template, PARAMETERS)
    assert caught.value.what == what


PIECES = st.sampled_from(
    [
        *("{{", "}}", "{{-", " -}}", " ", ".", ".name", "$", "$x", ":=", "=", "|", "(", ")", ",", '"a"', "`b`", "'c'"),
        *("1", "-2.5", "true", "nil", "if", "else", "end", "with", "range", "index", "upper", "printf", "default"),
        *("eq", "list", "/*", "*/", "\n", "text", ".list", ".labels", "é", "\\", '"', "break", "dict", "merge"),
        *("toYaml", "tpl", "dig"),
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_any_text_is_filled_in_refused_or_not_known(template: str) -> None:
    with suppress(TemplateError, UnsupportedError):
        assert isinstance(render(template, {"name": "web", "list": ["a"], "labels": {"env": "x"}}), str)
