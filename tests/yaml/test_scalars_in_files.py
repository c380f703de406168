"""`replace_scalar`, `set_container_image`, `container_images` and `read_images`."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from gitops_tool.errors import ImageError, YamlError
from gitops_tool.model import ImageOverride, Location
from gitops_tool.yamledit import container_images, read_images, replace_scalar, set_container_image

PATH = PurePosixPath("apps/web/app.yaml")
DIGEST = f"sha256:{'1' * 64}"
VALUES = b"""\
image:
  tag: v1 # the tag
  args: ['-v', "x"]
replicas: 2
text: |
  block
base: &b {k: v}
user: *b
merged:
  <<: *b
---
image: {tag: 'v1'}
"""


@pytest.mark.parametrize(
    ("pointer", "document", "value", "old", "new"),
    [
        (("image", "tag"), 0, "v2", b"tag: v1 #", b"tag: v2 #"),
        (("image", "tag"), 0, "a: b", b"tag: v1 #", b"tag: 'a: b' #"),
        (("image", "tag"), 0, "", b"tag: v1 #", b"tag: '' #"),
        (("image", "tag"), 0, "two words", b"tag: v1 #", b"tag: two words #"),
        (("image", "tag"), 0, "line\nbreak\t\u2028", b"tag: v1 #", b'tag: "line\\nbreak\\t\\u2028" #'),
        (("image", "args", 0), 0, "it's", b"'-v'", b"'it''s'"),
        (("image", "args", 0), 0, "a\nb", b"'-v'", b'"a\\nb"'),
        (("image", "args", 1), 0, 'say "hi"', b'"x"', b'"say \\"hi\\""'),
        (("replicas",), 0, "3", b"replicas: 2", b"replicas: '3'"),
        (("image", "tag"), 1, "1.10", b"{tag: 'v1'}", b"{tag: '1.10'}"),
    ],
)
def test_a_scalar_is_replaced_in_its_style(
    pointer: tuple[str | int, ...], document: int, value: str, old: bytes, new: bytes
) -> None:
    assert VALUES.count(old) == 1
    assert replace_scalar(VALUES, pointer, value, path=PATH, document=document) == VALUES.replace(old, new)


@pytest.mark.parametrize(
    ("pointer", "document", "message"),
    [
        (("image", "tog"), 0, ':2:3: "image" is a mapping without "tog"'),
        (("nothing",), 0, ':1:1: the document is a mapping without "nothing"'),
        (("image", "args", 5), 0, ':3:9: "image.args" is a list without "5"'),
        (("replicas", "x"), 0, ':4:11: "replicas" is a scalar without "x"'),
        (("image",), 0, ':2:3: "image" is not a scalar'),
        (("text",), 0, ':5:7: "text" is a block scalar ("|")'),
        (("base", "k"), 0, ':7:7: "base" carries the anchor "b", and its alias on line 8 would change with it'),
        (("user", "k"), 0, ':8:7: "user" is an alias of the anchor "b" on line 7'),
        (("merged", "k"), 0, ':10:3: "merged" has no "k" of its own, only a merge key "<<"'),
        (("image",), 2, ": the file has 2 documents, none with number 2"),
    ],
)
def test_a_place_that_cannot_be_edited_is_named(pointer: tuple[str | int, ...], document: int, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        replace_scalar(VALUES, pointer, "x", path=PATH, document=document)
    assert str(caught.value) == f"{PATH}{message}"


MANIFEST = f"""\
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      initContainers:
        - {{name: init, image: "registry:5000/app:v1"}} # first
      containers:
        - name: app
          image: registry:5000/app@{DIGEST}
        - name: sidecar
          image: registry:5000/app-sidecar:v1
        - name: none
---
kind: CronJob
spec:
  jobTemplate: {{spec: {{template: {{spec: {{containers: [{{image: 'registry:5000/app'}}]}}}}}}}}
---
kind: ConfigMap
data:
  image: registry:5000/app:v1
"""


def test_the_images_of_all_containers_are_found() -> None:
    assert container_images(MANIFEST.encode(), PATH) == (
        ("registry:5000/app:v1", Location(PATH, 7, 31)),
        (f"registry:5000/app@{DIGEST}", Location(PATH, 10, 18)),
        ("registry:5000/app-sidecar:v1", Location(PATH, 12, 18)),
        ("registry:5000/app", Location(PATH, 17, 63)),
    )


def test_every_container_of_the_image_is_set_and_nothing_else() -> None:
    expected = (
        MANIFEST.replace('"registry:5000/app:v1"', '"registry:5000/app:1.10"')
        .replace(f"registry:5000/app@{DIGEST}", "registry:5000/app:1.10")
        .replace("'registry:5000/app'", "'registry:5000/app:1.10'")
    )
    after = set_container_image(MANIFEST.encode(), "registry:5000/app", tag="1.10", path=PATH)
    assert after == expected.encode()
    assert set_container_image(after, "registry:5000/app", tag="1.10", path=PATH) == after
    both = set_container_image(after, "registry:5000/app", tag="v2", digest=DIGEST, path=PATH)
    assert both == expected.replace("app:1.10", f"app:v2@{DIGEST}").encode()


def test_an_image_nobody_uses_is_refused() -> None:
    with pytest.raises(YamlError, match=r'^apps/web/app\.yaml: no container uses the image "app"$'):
        set_container_image(MANIFEST.encode(), "app", tag="v2", path=PATH)
    with pytest.raises(ImageError):
        set_container_image(MANIFEST.encode(), "registry:5000/app", tag="a b", path=PATH)


def test_containers_that_share_an_anchor_are_refused() -> None:
    manifest = b"a: {containers: [{image: &i app:v1}]}\nb: {containers: [{image: *i}]}\n"
    with pytest.raises(YamlError, match=r':1:26: "image" carries the anchor "i", and its alias on line 2'):
        set_container_image(manifest, "app", tag="v2", path=PATH)


def test_image_overrides_are_read_as_written_with_the_place_of_the_version() -> None:
    kustomization = f"""\
images:
- name: app
  newName: registry:5000/app
  newTag: 1.10
- {{name: db, digest: {DIGEST}}}
- name: cache
  newTag: ""
- name: queue
- newTag: orphan
imageTags:
- name: old
  newTag: v1
""".encode()
    assert read_images(kustomization, PATH) == (
        ImageOverride("app", "registry:5000/app", "1.10", None, Location(PATH, 4, 11)),
        ImageOverride("db", None, None, DIGEST, Location(PATH, 5, 22)),
        ImageOverride("cache", None, "", None, Location(PATH, 7, 11)),
        ImageOverride("queue", None, None, None, Location(PATH, 8, 3)),
        ImageOverride("old", None, "v1", None, Location(PATH, 12, 11)),
    )


@pytest.mark.parametrize("kustomization", [b"", b"# nothing\n", b"resources: []\n", b"images:\n", b"images: []\n"])
def test_a_kustomization_without_images_has_none(kustomization: bytes) -> None:
    assert read_images(kustomization, PATH) == ()
