"""Brings images to the newest tag that their policies allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gitops_tool.changes.base import Proposal, unfinished
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.effect import prove_images
from gitops_tool.changes.guard import NO_PASS, Pass, judge
from gitops_tool.changes.images import ImageSetting, image_setting, spliced
from gitops_tool.changes.message import commit_message
from gitops_tool.errors import GitopsError, LayoutError, UsageError
from gitops_tool.images import ImageRef
from gitops_tool.layout import find_app, find_apps, unknown_environment
from gitops_tool.policy import marked, newest
from gitops_tool.records import record
from gitops_tool.tree import read
from gitops_tool.versions import candidates

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Finding, Overlay
    from gitops_tool.policy import Policy
    from gitops_tool.registry import Registries
    from gitops_tool.tree import Tree
    from gitops_tool.versions import Candidate


@record
class Update:
    """Sets images to the newest tag that their policies allow; see `Change`.

    Args:
        registries: are asked for tags.
        apps: which; all if empty.
        environments: where; wherever there is a policy if empty.
        template: the commit message's, instead of the standard subject.
        card: what it shows at holds and freezes.
    """

    registries: Registries
    apps: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    template: str | None = None
    card: Pass = NO_PASS

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Find the images that have a policy, and splice in what it wants; see `Change`.

        Raises:
            UsageError: no image has a policy, or one is not right.
            ToolError: a registry cannot be asked.
        """
        draft = Draft(tree)
        found: list[ImageSetting] = []
        notes: list[str] = []
        for overlay, candidate, policy in self._with_policies(tree, settings):
            version = self._newest(policy, candidate)
            name = f"{overlay.app}({overlay.environment}): {candidate.image}"
            if version is None:
                notes.append(f'{name}: no tag fits the policy "{policy}"')
                continue
            setting = image_setting(candidate, overlay, version)
            held = judge(tree, settings, [setting], self.card).findings
            if held:
                notes.append(f"{name}: left at {setting.old_text}: {held[0].message}")
                continue
            found.append(setting)
            draft.put(spliced(draft.now, candidate, setting))
        if not found and not notes:
            hint = 'write "updates" in gitops.yaml, or a comment behind the tag: # gitops: update semver ^1'
            raise UsageError("no image here has an update policy", hint=hint)
        changed = [setting for setting in found if not setting.is_done]
        if not found:
            return Proposal((), "nothing to update\n", summary=("nothing to update",), notes=tuple(notes))
        verdict = judge(tree, settings, changed, self.card)
        message = commit_message(changed or found, self.template, "update", trailers=verdict.trailers)
        notes += verdict.notes
        return Proposal(draft.edits, message, unfinished(found), tuple(found), notes=tuple(notes))

    def _with_policies(self, tree: Tree, settings: Settings) -> Iterator[tuple[Overlay, Candidate, Policy]]:
        """Yield the images that have a policy, where they are to be updated."""
        self._check_environments(settings)
        apps = [find_app(tree, settings, name) for name in self.apps] or find_apps(tree, settings)
        for app in apps:
            for overlay in app.overlays:
                if self.environments and overlay.environment not in self.environments:
                    continue
                for candidate in _images(tree, overlay):
                    if policy := _policy(tree, settings, overlay, candidate):
                        yield overlay, candidate, policy

    def _check_environments(self, settings: Settings) -> None:
        known = [environment.name for environment in settings.environments]
        for name in self.environments:
            if known and name not in known:
                raise unknown_environment(name, known)

    def _newest(self, policy: Policy, candidate: Candidate) -> ImageRef | None:
        """Return the version that a policy wants; with its digest where there is one now."""
        image, now = candidate.image, candidate.version
        tag = newest(
            policy,
            self.registries.tags(image),
            now.tag,
            lambda tag: self.registries.created(ImageRef(image, tag)),
        )
        if tag is None:
            return None
        if not now.digest:
            return ImageRef("", tag)
        manifest = self.registries.manifest(ImageRef(image, tag))
        return ImageRef("", tag, manifest.digest) if manifest else None

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Check that each image became what it should be, and that no other did; see `Change`."""
        return prove_images(proposal.of(overlay), overlay, changes, tree, settings)


def _images(tree: Tree, overlay: Overlay) -> list[Candidate]:
    try:
        return candidates(tree, overlay.path)
    except LayoutError:
        return []


def _policy(tree: Tree, settings: Settings, overlay: Overlay, candidate: Candidate) -> Policy | None:
    """Return an image's policy: the comment behind its tag, else the first rule of the settings that fits.

    A rule without environments is for the first one of the promotion order: the others get it by promotion.

    Raises:
        UsageError: the comment is not a policy, with its place.
    """
    if candidate.in_overlay:
        try:
            if found := marked(_line(tree, candidate)):
                return found
        except UsageError as error:
            raise GitopsError(error.message, location=candidate.location, hint=error.hint) from error
    first = settings.environments[0].name if settings.environments else overlay.environment
    for rule in settings.updates:
        if fnmatchcase(candidate.image, rule.image) and overlay.environment in (rule.environments or (first,)):
            return rule.policy
    return None


def _line(tree: Tree, candidate: Candidate) -> str:
    lines = read(tree, candidate.location.path).decode("utf-8-sig", "replace").splitlines()
    number = candidate.location.line
    return lines[number - 1] if 0 < number <= len(lines) else ""
