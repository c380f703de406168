"""Which refs of remote bases a bump moves, which images go along, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from gitops_tool.changes.reach import Reach
from gitops_tool.errors import GitopsError

from .bumping import changed, proposed, refusal

SETTINGS = "version: 1\nlayout: components/{app}/{env}\nenvironments: [{name: staging}, {name: production}]\n"
FILE = "components/web/staging/kustomization.yaml"
PRODUCTION = FILE.replace("staging", "production")
BASE = "components/web/base/kustomization.yaml"
IMAGE = "registry.example.org/team/web"
DIGESTS = [f"sha256:{digit * 64}" for digit in "12"]


def far(ref: str, repository: str = "web") -> str:
    return f"https://git.example.org/team/{repository}/config/default?ref={ref}"


def kustomization(*urls: str, tag: str = "v1", more: str = "") -> str:
    bases = "".join(f"- {url}\n" for url in urls)
    return f"resources:\n{bases}namespace: web\nimages:\n- name: {IMAGE}\n  newTag: {tag}\n{more}"


def reach(**values: Any) -> Reach:
    return Reach(refs=True, unrendered=True, **values)


ALONG = reach()


@dataclass(frozen=True)
class Move:
    before: str
    after: str
    version: str = "v2"
    reach: Reach = ALONG
    image: str | None = None


SIDE = "- name: registry.example.org/team/side\n  newTag: {}\n"
MOVES = {
    "the one with the old tag": Move(
        kustomization(far("v1"), far("v9", "db")), kustomization(far("v2"), far("v9", "db"), tag="v2")
    ),
    "the one called like the app": Move(
        kustomization(far("v0"), far("v9", "db")), kustomization(far("v2"), far("v9", "db"), tag="v2")
    ),
    "the only one": Move(kustomization(far("v0", "x")), kustomization(far("v2", "x"), tag="v2")),
    "the one named": Move(
        kustomization(far("v0"), far("v9", "db")),
        kustomization(far("v0"), far("v2", "db"), tag="v2"),
        reach=reach(ref_url="*/db/*"),
    ),
    "all that have the old tag": Move(
        kustomization(far("v1"), far("v1", "crds")), kustomization(far("v2"), far("v2", "crds"), tag="v2")
    ),
    "every image that has the ref": Move(
        kustomization(far("v1"), more=SIDE.format("v1")), kustomization(far("v2"), tag="v2", more=SIDE.format("v2"))
    ),
    "not an image with another tag": Move(
        kustomization(far("v1"), more=SIDE.format("v0")), kustomization(far("v2"), tag="v2", more=SIDE.format("v0"))
    ),
    "only the image that is named": Move(
        kustomization(far("v1"), more=SIDE.format("v1")),
        kustomization(far("v2"), more=SIDE.format("v2")),
        image="side",
    ),
    "two bases with an image each": Move(
        kustomization(far("v1"), far("v5", "side"), more=SIDE.format("v5")),
        kustomization(far("v2"), far("v5", "side"), tag="v2", more=SIDE.format("v5")),
    ),
    "what is left where the image is there already": Move(
        kustomization(far("v1"), tag="v2"), kustomization(far("v2"), tag="v2")
    ),
    "the ref alone": Move(kustomization(far("v1")), kustomization(far("feature/x")), "feature/x", reach(images=False)),
    "another ref than the tag": Move(
        kustomization(far("v1")), kustomization(far("release-2"), tag='"2.0"'), "2.0", reach(ref="release-2")
    ),
    "a digest with the ref beside it": Move(
        kustomization(far("v1")).replace("newTag: v1", f"digest: {DIGESTS[0]}"),
        kustomization(far("v2")).replace("newTag: v1", f"digest: {DIGESTS[1]}"),
        DIGESTS[1],
        reach(ref="v2"),
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_what_moves(name: str) -> None:
    move = MOVES[name]
    proposal = proposed({"gitops.yaml": SETTINGS, FILE: move.before}, move.version, move.reach, image=move.image)
    assert changed(proposal) == {FILE: move.after}
    assert [overlay.environment for overlay, _ in proposal.unrendered] == ["staging"]
    again = proposed({"gitops.yaml": SETTINGS, FILE: move.after}, move.version, move.reach, image=move.image)
    assert (again.edits, again.unrendered) == ((), ())


SEVERAL = "git.example.org/team/a/config/default, git.example.org/team/b/config/default"


@pytest.mark.parametrize(
    ("before", "version", "asked", "if_tag", "error"),
    [
        (
            kustomization(far("v0", "a"), far("v0", "b")),
            "v2",
            reach(),
            None,
            f"web(staging) has several remote bases\nchoose with --ref-url: {SEVERAL}",
        ),
        (
            kustomization(far("v1")),
            "v2",
            reach(ref_url="git.example.org/team/wob"),
            None,
            'web(staging) has no remote base "git.example.org/team/wob"\n'
            'did you mean "git.example.org/team/web/config/default"?',
        ),
        (
            kustomization(far("v1")),
            DIGESTS[0],
            reach(),
            None,
            f'"{DIGESTS[0]}" names no commit, branch or tag for the remote base\ngive the ref with --ref, or a tag',
        ),
        (
            kustomization(far("v1")),
            "a..b",
            reach(images=False),
            None,
            '"a..b" is not a valid git ref\na ref is a branch, a tag or a commit\'s id',
        ),
        (
            kustomization("d.yaml"),
            "v2",
            reach(),
            None,
            'web(staging) has no remote base with a ref\nsuch as "https://host/owner/app//base?ref=v1"',
        ),
        (kustomization(far("v1")), "v2", reach(), "v0", f'{FILE}:6:11: web(staging) has "v1", not "v0"\n'),
        (kustomization(far("v1")), "v2", reach(images=False), "v0", f'{FILE}:2:3: web(staging) has "v1", not "v0"\n'),
        (
            kustomization(far("v1")),
            "v2",
            Reach(refs=True),
            None,
            f'{FILE}:2:3: web(staging) cannot be rendered: "{far("v1")}" would be fetched over the network\n'
            "set kustomize.allowRemote in gitops.yaml, or set it with --unrendered:"
            " its effect is not proven then, and the commit says so",
        ),
    ],
)
def test_refusals(before: str, version: str, asked: Reach, if_tag: str | None, error: str) -> None:
    with pytest.raises(GitopsError) as caught:
        proposed({"gitops.yaml": SETTINGS, FILE: before}, version, asked, if_tag=if_tag)
    assert refusal(caught.value) == error


def test_an_old_ref_that_stays_behind_is_told() -> None:
    old, new = "a" * 40, "b" * 40
    raw = f"https://raw.example.org/team/web/{old}/crd.yaml"
    before = kustomization(far(old), raw, tag=old, more=f"# released: {old}\n")
    proposal = proposed({"gitops.yaml": SETTINGS, FILE: before}, new, reach())
    after = kustomization(far(new), raw, tag=new, more=f"# released: {old}\n")
    assert changed(proposal) == {FILE: after}
    assert proposal.notes == (f'"{old}" still stands in {FILE}, line 3, 8: that is no ref of a remote base',)


def test_credentials_in_a_url_are_shown_nowhere() -> None:
    before = kustomization("https://user:hunter2@git.example.org/team/web?ref=v1")
    proposal = proposed({"gitops.yaml": SETTINGS, FILE: before}, "v2", reach())
    assert changed(proposal) == {FILE: before.replace("ref=v1", "ref=v2").replace("newTag: v1", "newTag: v2")}
    assert "hunter2" not in proposal.message
    assert "hunter2" not in str([(one.name, one.key, one.trailers()) for one in proposal.settings])
    assert "hunter2" not in str([reason for _, reason in proposal.unrendered])


class TestSharedBase:
    def test_its_ref_and_its_image_move_for_all(self) -> None:
        base = kustomization(far("v1"))
        files = {
            "gitops.yaml": SETTINGS,
            BASE: base,
            FILE: "resources: [../base]\n",
            PRODUCTION: "resources: [../base]\n",
        }
        proposal = proposed(files, "v2", reach(), "staging", "production")
        assert changed(proposal) == {BASE: kustomization(far("v2"), tag="v2")}
        assert [overlay.environment for overlay, _ in proposal.unrendered] == ["staging", "production"]

    def test_or_not_at_all(self) -> None:
        files = {
            "gitops.yaml": SETTINGS,
            BASE: f"resources:\n- {far('v1')}\n",
            FILE: kustomization("../base"),
            PRODUCTION: kustomization("../base"),
        }
        with pytest.raises(GitopsError) as caught:
            proposed(files, "v2", reach())
        assert refusal(caught.value) == (
            f'{BASE}:2:3: the ref of "git.example.org/team/web/config/default" is shared with web(production)\n'
            "bump them together: --env staging --env production"
        )
        both = proposed(files, "v2", reach(), "staging", "production")
        assert changed(both) == {
            BASE: f"resources:\n- {far('v2')}\n",
            FILE: kustomization("../base", tag="v2"),
            PRODUCTION: kustomization("../base", tag="v2"),
        }

    def test_a_base_of_another_app_is_left_alone(self) -> None:
        files = {
            "gitops.yaml": SETTINGS,
            BASE: f"resources:\n- {far('v1')}\n",
            FILE: kustomization("../base"),
            FILE.replace("web", "api"): kustomization("../../web/base"),
        }
        with pytest.raises(GitopsError, match=r"is shared with api\(staging\)"):
            proposed(files, "v2", reach())
