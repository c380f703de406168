"""The first promise of the design, on generated files: the value's bytes change, and nothing else."""

from __future__ import annotations

import io

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gitops_tool.yamledit import replace_scalar, set_image
from gitops_tool.yamledit.entries import KUSTOMIZATION
from gitops_tool.yamlload import Rules, load_documents

TAGS = st.one_of(
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{7,40}", fullmatch=True),
    st.from_regex(r"[0-9]{1,4}([._-][0-9]{1,3}){0,2}([eE][0-9]{1,4})?", fullmatch=True),
    st.from_regex(r"0[xob]-?[0-9a-f_]{1,8}", fullmatch=True),
    st.sampled_from(["yes", "No", "on", "OFF", "y", "N", "null", "NULL", "true", "False", "nan", "inf", "_", "1_0"]),
    st.sampled_from(
        ["2024-01-01", "2024-1-1", "1.10", "0123", "1e3", "123e4567", "0o7", "12e03", "1_000.5", "0.", "08"]
    ),
)
COMMENTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co")), max_size=20
).map(lambda text: f" # {text}".replace("\ufeff", ""))
BLANKS = st.sampled_from(["", " ", "   "])
NEIGHBOURS = st.sampled_from(
    [
        "- name: db\n  newTag: v1\n",
        "- {name: db, newTag: 'v1'}\n",
        "# - name: app\n",
        '- "name": "db"\n  "newName": "x"\n',
        "\n",
    ]
)
HEADS = st.sampled_from(
    [
        "",
        "---\n",
        "%YAML 1.1\n---\n",
        "resources:\n- ../base\n",
        "patches:\n- patch: |-\n    - op: add\n      value: 'images:'\n",
        "commonLabels: &l {a: b}\ncommonAnnotations: *l\n",
        "namePrefix: 'é🚀-'\n",
    ]
)
TAILS = st.sampled_from(["", "components: [../c]\n", "...\n", "---\nimages: []\n", "\n\n", "configurations:\n"])
STYLES = st.sampled_from(["{}", "'{}'", '"{}"'])


@st.composite
def kustomizations(draw: st.DrawFn) -> tuple[str, str, str]:
    """Draw what stands before the value, the value as written, and what stands behind it."""
    value = draw(STYLES).format("v1")
    comment = draw(st.one_of(st.just(""), COMMENTS))
    around = [draw(st.lists(NEIGHBOURS, max_size=2)) for _ in range(2)]
    if draw(st.booleans()):
        entry, end = f"-{draw(BLANKS)} {{name: app, newTag:{draw(BLANKS)} ", f"{draw(BLANKS)}}}"
    else:
        dash = f"- {draw(BLANKS)}"
        entry, end = f"{dash}name: app\n{' ' * len(dash)}newTag:{draw(BLANKS)} ", draw(BLANKS)
    before = f"{draw(HEADS)}images:\n{''.join(around[0])}{entry}"
    behind = f"{end}{comment}\n{''.join(around[1])}{draw(TAILS)}"
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    if draw(st.booleans()):
        behind = behind.rstrip("\n")
    return before.replace("\n", newline), value, behind.replace("\n", newline)


def tag_of(kustomization: object) -> object:
    assert isinstance(kustomization, dict)
    return next(entry["newTag"] for entry in kustomization["images"] if entry["name"] == "app")


@settings(max_examples=300, deadline=None)
@given(kustomizations(), TAGS, st.booleans())
def test_only_the_value_changes_and_every_reader_reads_the_tag(file: tuple[str, str, str], tag: str, bom: bool) -> None:
    before, value, behind = file
    mark = b"\xef\xbb\xbf" if bom else b""
    after = set_image(mark + f"{before}{value}{behind}".encode(), "app", tag=tag)

    start, end = mark + before.encode(), behind.encode()
    assert after.startswith(start)
    assert after.endswith(end)
    written = after[len(start) : len(after) - len(end)].decode()
    quotes = [value[0]] if value[0] in "'\"" else ["", "'", '"']
    assert written in [f"{quote}{tag}{quote}" for quote in quotes]

    assert tag_of(next(iter(yaml.safe_load_all(after)))) == tag
    if b"%YAML 1.1" not in after:
        assert tag_of(next(iter(YAML(typ="safe", pure=True).load_all(io.BytesIO(after.removeprefix(mark)))))) == tag
    for rules in Rules:
        assert tag_of(load_documents(after, KUSTOMIZATION, rules=rules)[0]) == tag
    assert set_image(after, "app", tag=tag) == after


@settings(max_examples=200, deadline=None)
@given(st.text(), STYLES, st.booleans())
def test_any_string_can_be_written_and_reads_back(text: str, style: str, flow: bool) -> None:
    value = style.format("old")
    before = f"a: [{{k: {value}}}] # c\nb: c\n" if flow else f"a:\n- k: {value} # c\nb: c\n"
    after = replace_scalar(before.encode(), ("a", 0, "k"), text, path=KUSTOMIZATION)
    start, end = before.split(value)
    assert after.startswith(start.encode())
    assert after.endswith(end.encode())
    assert load_documents(after, KUSTOMIZATION) == [{"a": [{"k": text}], "b": "c"}]
    assert yaml.safe_load(after) == {"a": [{"k": text}], "b": "c"}
