"""Image references by the grammar of the distribution project."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_tool.errors import ExitCode, ImageError
from gitops_tool.images import ImageRef

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"

TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)
COMPONENTS = st.from_regex(r"[a-z0-9]{1,5}((\.|_|__|--?)[a-z0-9]{1,5}){0,2}", fullmatch=True)
HOSTS = st.from_regex(r"[a-zA-Z0-9]{1,5}(\.[a-zA-Z0-9]{1,5}){1,2}(:[0-9]{1,5})?", fullmatch=True)
PATHS = st.lists(COMPONENTS, min_size=1, max_size=3).map("/".join)
NAMES = st.one_of(PATHS, st.tuples(HOSTS, PATHS).map("/".join))


@given(NAMES, st.none() | TAGS, st.sampled_from([None, DIGEST]))
def test_a_reference_is_written_as_it_was_read(name: str, tag: str | None, digest: str | None) -> None:
    ref = ImageRef(name, tag, digest)
    assert ImageRef.parse(str(ref)) == ref


@given(st.text(max_size=60))
def test_taking_apart_loses_nothing_and_never_fails(text: str) -> None:
    ref = ImageRef.split(text)
    tag = "" if ref.tag is None else f":{ref.tag}"
    digest = "" if ref.digest is None else f"@{ref.digest}"
    assert f"{ref.name}{tag}{digest}" == text


@given(st.text(max_size=60))
def test_any_text_is_read_as_a_version_or_refused_with_a_reason(text: str) -> None:
    try:
        ref = ImageRef.parse_version(text)
    except ImageError as error:
        assert error.message  # noqa: PT017 - both ends are right
    else:
        assert ref.tag or ref.digest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("registry:5000/app", ("registry:5000/app", None, None)),
        ("registry:5000/app:1", ("registry:5000/app", "1", None)),
        (f"registry:5000/app@{DIGEST}", ("registry:5000/app", None, DIGEST)),
        (f"app:v1@{DIGEST}", ("app", "v1", DIGEST)),
        ("app", ("app", None, None)),
        ("[::1]:5000/app:1", ("[::1]:5000/app", "1", None)),
    ],
)
def test_a_colon_is_the_tags_only_behind_the_last_slash(text: str, expected: tuple[str, str, str]) -> None:
    ref = ImageRef.split(text)
    assert (ref.name, ref.tag, ref.digest) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1a2b3c4", ImageRef("", "1a2b3c4")),
        ("1.10", ImageRef("", "1.10")),
        (DIGEST, ImageRef("", None, DIGEST)),
        (f"v1@{DIGEST}", ImageRef("", "v1", DIGEST)),
        ("ghcr.io/org/app:v2", ImageRef("ghcr.io/org/app", "v2")),
        (f"localhost:5000/app@{DIGEST}", ImageRef("localhost:5000/app", None, DIGEST)),
        ("app:v2", ImageRef("app", "v2")),
    ],
)
def test_a_bump_takes_a_tag_a_digest_both_or_a_full_reference(text: str, expected: ImageRef) -> None:
    assert ImageRef.parse_version(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a tag is empty"),
        ("-x", '"-x" is not a valid tag: it begins with "-"'),
        (".x", '".x" is not a valid tag: it begins with "."'),
        ("a b", '"a b" is not a valid tag: U+0020 is not one of letters, digits, "_", "." and "-"'),
        ("v1\n", '"v1\\n" is not a valid tag: U+000A is not one of letters, digits, "_", "." and "-"'),
        ("v\u00e9", '"v\u00e9" is not a valid tag: "\u00e9" is not one of letters, digits, "_", "." and "-"'),
        ("a" * 129, f'tag "{"a" * 77}..." is longer than 128 characters'),
        ("ghcr.io/org/app", '"ghcr.io/org/app" names an image, but neither a tag nor a digest'),
        ("localhost:5000/app", '"localhost:5000/app" names an image, but neither a tag nor a digest'),
        ("ghcr.io/Org/app:v1", '"ghcr.io/Org/app" is not a valid image name: it must be lower case'),
        ("a//b:v1", '"a//b" is not a valid image name: see the distribution grammar'),
        (
            "sha256:abc",
            '"sha256:abc" is not a valid digest: sha256 needs 64 lower-case hexadecimal digits, not 3 characters',
        ),
        (
            DIGEST.upper().replace("SHA", "sha"),
            f'"sha256:{HEX.upper()}" is not a valid digest: its hexadecimal digits must be lower case',
        ),
        ("app@", '"" is not a valid digest: it must look like "sha256:" and 64 digits'),
        (
            "app@sha256",
            '"sha256" is not a valid digest: sha256 needs 64 lower-case hexadecimal digits, not 0 characters',
        ),
    ],
)
def test_what_is_no_version_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        ImageRef.parse_version(text)
    assert caught.value.message == reason
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_name_may_have_255_characters() -> None:
    assert ImageRef.parse(f"{'a' * 255}:v1").name == "a" * 255
    with pytest.raises(ImageError, match="is longer than 255 characters"):
        ImageRef.parse(f"{'a' * 256}:v1")


def test_the_last_segment_is_what_an_app_is_named_like() -> None:
    assert ImageRef("registry.example.com:5000/team/web").last_segment == "web"
    assert ImageRef("web").last_segment == "web"
