"""Several overlays in one run of kustomize, where that makes no difference: half of a run goes into its start.

kustomize builds each entry of `resources` by itself. Only at the end, over all objects together, it adds hashes to the
names of generated ones, corrects references to names that changed, resolves `vars` and sorts
(https://github.com/kubernetes-sigs/kustomize, release 5.8.1, api/internal/target/kusttarget.go, makeCustomizedResMap).
So overlays are built together only if nothing but a hash can change a name in them (`joining`), and what comes out is
taken for an overlay's render only if no name can have come into it from another one (`_is_own`). Whatever fails
together, such as two objects of one name, is built again one by one.
"""

from __future__ import annotations

import json
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_tool import process
from gitops_tool.errors import GitopsError, ToolError
from gitops_tool.layout import HASH
from gitops_tool.patterns import lazy_pattern
from gitops_tool.render.job import TIMEOUT, Job, engine_environment
from gitops_tool.render.joining import may_join
from gitops_tool.render.output import BETWEEN_DOCUMENTS, rendered_resources
from gitops_tool.render.workspace import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import PurePosixPath

    from gitops_tool.model import ResourceId
    from gitops_tool.render.renderer import Renderer

AT_ONCE = 6
"""Overlays in one run: with more, the time that kustomize takes grows faster than they do."""

_OPEN = 4
"""Groups that wait for their last members at a time; the overlays of one app, say, cannot go into the same one."""

_MOST_FAILURES = 1 / 3
"""The share of groups that may fail, the first one apart; where more do, overlays do not go together."""

_HASHED = lazy_pattern(rf"{HASH}$")
_FIRST = (
    *("Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy"),
    *("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service"),
    *("LimitRange", "PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet"),
    *("CronJob", "PodDisruptionBudget"),
)
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
"""Kinds that kustomize prints first and last; others, and those of one kind, by their ids
(api/internal/builtins/SortOrderTransformer.go, legacyIDSorter)."""

_NAMING_WITH_NAMESPACES = (
    "rbac.authorization.k8s.io",
    "admissionregistration.k8s.io",
    "apiregistration.k8s.io",
    "apiextensions.k8s.io",
)
_NAMED_WITH_NAMESPACES = ("ServiceAccount", "Service")
"""API groups whose objects name such objects with their namespaces, for which kustomize writes those that changed
(api/internal/konfig/builtinpluginconsts/namereference.go, where a path leads to an object instead of a name)."""

_Part = list[tuple[bytes, "ResourceId"]]
"""What an overlay renders to: documents with the ids of their objects."""


class Group:
    """Overlays that are built by one run.

    Args:
        renderer: whose engine and settings to use.
        told: called with whether they could be built together.
    """

    def __init__(self, renderer: Renderer, told: Callable[[bool], object]) -> None:
        self.renderer = renderer
        self.jobs: list[Job] = []
        self._told = told
        self._files: set[PurePosixPath] = set()
        self._token = secrets.token_hex(16)
        self._child: process.Child | None = None
        self._folder = Path()

    def admits(self, job: Job) -> bool:
        """Tell whether an overlay shares no file with those that are here: the same base has the same objects."""
        return self._files.isdisjoint(job.closure.files)

    def add(self, job: Job) -> None:
        """Take in an overlay."""
        self.jobs.append(job)
        self._files.update(job.closure.files)

    def start(self, folder: Path) -> None:
        """Start the engine on copies of all files in a folder that is not there yet."""
        self._folder = folder
        with suppress(OSError, GitopsError):  # of which the overlay at fault has to tell
            wrapper = folder / "wrapper"
            wrapper.mkdir(parents=True)
            entries: list[str] = []
            for index, job in enumerate(self.jobs):
                lay_out(job.tree, job.closure.files, folder / "repo")
                (wrapper / f"{index}.yaml").write_bytes(self._mark(index))
                entries += [f"../repo/{job.overlay}", f"{index}.yaml"]
            body = {"resources": entries, "sortOptions": {"order": "fifo"}}
            (wrapper / "kustomization.yaml").write_text(json.dumps(body), encoding="utf-8")
            environment = engine_environment(self.renderer.settings)
            self._child = process.start(self._command(), cwd=folder, env=environment)

    def _command(self) -> tuple[str, ...]:
        return self.renderer.command("wrapper")

    def _mark(self, index: int) -> bytes:
        """Return the object that stands behind those of an overlay, as kustomize prints it."""
        name = f"{self._token}-{index}"
        return f"apiVersion: gitops-tool.invalid/v1\nkind: Mark\nmetadata:\n  name: {name}\n".encode()

    def finish(self) -> None:
        """Wait for the engine; what it did not build as if it were alone is built alone."""
        output = self._output()
        self._told(output is not None)
        if output is not None:
            self._take(output)
        for index, job in enumerate(self.jobs):
            job.start(self._folder / str(index))
            job.finish()

    def _output(self) -> bytes | None:
        """Return what the engine printed; None if it failed, or had to say something of somebody."""
        if self._child is None:
            return None
        try:
            with self._child as child:
                done = process.finish(child, self._command(), timeout=TIMEOUT)
        except ToolError:
            return None
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        return None if done.returncode != 0 or done.stderr else done.stdout

    def _take(self, output: bytes) -> None:
        """Give each overlay its objects, unless something of another one may have come into them."""
        parts = self._split(output)
        for job, part in zip(self.jobs, parts, strict=False):
            if _is_own(part, [each for other in parts if other is not part for each in other]):
                job.keep(_text(part))

    def _split(self, output: bytes) -> list[_Part]:
        """Return what each overlay rendered to; nothing if the marks are not where they should be."""
        parts: list[_Part] = []
        part: _Part = []
        for document in output.removesuffix(b"\n").split(BETWEEN_DOCUMENTS):
            text = document + b"\n"
            if text == self._mark(len(parts)):
                parts.append(part)
                part = []
            elif len(objects := list(rendered_resources(text, self.jobs[0].overlay))) == 1:
                part.append((text, objects[0].id))
            else:
                return []
        return parts if len(parts) == len(self.jobs) and not part else []

    def stop(self) -> None:
        """End the engine without waiting for its output."""
        if self._child is not None:
            with self._child as child:
                process.stop(child)


def _is_own(part: _Part, others: _Part) -> bool:
    """Tell whether an overlay renders to this by itself.

    kustomize could have taken a name in it for that of another overlay's object. Then that object's name is in it now,
    if it is one that was given a hash, as no others are changed; or its namespace is beside the name, where one
    object refers to another with both.
    """
    hashed = {identity.name for _, identity in others if _HASHED.search(identity.name)}
    named = {identity.name for _, identity in others if identity.kind in _NAMED_WITH_NAMESPACES}
    with_namespaces = [text for text, identity in part if identity.group in _NAMING_WITH_NAMESPACES]
    return (
        bool(part)
        and not any(name.encode() in text for text, _ in part for name in hashed)
        and not any(name.encode() in text for text in with_namespaces for name in named)
    )


def _text(part: _Part) -> bytes:
    """Return documents as kustomize prints them if it is not told in which order."""
    documents = sorted(part, key=lambda item: _place(item[1]))
    return b"---\n".join(text for text, _ in documents)


def _place(identity: ResourceId) -> tuple[int, str, str]:
    """Return a key in kustomize's order: see `_FIRST`."""
    kind = identity.kind
    rank = _FIRST.index(kind) - len(_FIRST) if kind in _FIRST else 1 + _LAST.index(kind) if kind in _LAST else 0
    return (
        rank,
        "_".join((identity.group or "~G", identity.version, kind)),
        "|".join((identity.namespace or "~X", identity.name)),
    )


class Groups:
    """Puts jobs together, as long as that does not fail."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._finished = self._failed = 0

    def of(self, jobs: Iterable[Job]) -> Iterator[Group | Job]:
        """Yield prepared jobs in groups where they can be built together, and alone where they cannot."""
        waiting: list[Group] = []
        for job in jobs:
            if not (job.is_pending and self._go_together and may_join(job.tree, job.closure)):
                yield job
                continue
            group = next((group for group in waiting if group.admits(job)), None)
            if group is None:
                if len(waiting) == _OPEN:
                    yield _alone_or_together(waiting.pop(0))
                group = Group(self._renderer, self._count)
                waiting.append(group)
            group.add(job)
            if len(group.jobs) == AT_ONCE:
                waiting.remove(group)
                yield group
        yield from map(_alone_or_together, waiting)

    def _count(self, together: bool) -> None:
        self._finished += 1
        self._failed += not together

    @property
    def _go_together(self) -> bool:
        return self._failed <= 1 + _MOST_FAILURES * self._finished


def _alone_or_together(group: Group) -> Group | Job:
    return group if len(group.jobs) > 1 else group.jobs[0]
