"""One overlay on its way through the engine, and what comes out of it."""

from __future__ import annotations

import json
import os
import shutil
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool import process
from gitops_tool.errors import GitopsError, RenderError, ToolError
from gitops_tool.graph import Closure, closure
from gitops_tool.model import Location, Resource
from gitops_tool.records import record
from gitops_tool.render.limits import refuse_hostile
from gitops_tool.render.origins import Origins
from gitops_tool.render.output import directory_resources, in_repository, origins, render_error, rendered_resources
from gitops_tool.render.workspace import lay_out, scratch, write_wrapper

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.contentcache import ContentCache
    from gitops_tool.render.renderer import Renderer
    from gitops_tool.tree import Tree

TIMEOUT = 120.0
"""Seconds for one run of the engine."""

_NOWHERE = "http://127.0.0.1:9"
_NO_NETWORK = {"GIT_ALLOW_PROTOCOL": "none", "HTTPS_PROXY": _NOWHERE, "HTTP_PROXY": _NOWHERE}
"""A second line of defence behind `_refuse_network`: what that missed is not fetched."""

_DROPPED = ("KUSTOMIZE_", "GIT_")
_PROXIES = frozenset({"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"})


@record
class Render:
    """What one overlay renders to.

    `closure` is what it was built from; `warnings` are kustomize's; `origins` knows the files of objects that kustomize
    rendered.
    """

    overlay: PurePosixPath
    resources: tuple[Resource, ...]
    closure: Closure
    warnings: tuple[str, ...] = ()
    origins: Origins | None = None

    def origin(self, resource: Resource) -> PurePosixPath | None:
        """Return the file that declares an object, or configures its generator; None where nobody can tell."""
        return resource.file or (self.origins.of(resource) if self.origins else None)

    @property
    def entry(self) -> PurePosixPath:
        """The overlay's own kustomization file, or the first manifest of a plain directory."""
        return next(iter(self.closure.kustomizations or self.closure.files))


class Job:
    """One overlay to render: `prepare` it, `start` and `finish` it if it is pending, take the result.

    What goes wrong on the way is its result.

    Args:
        renderer: whose engine, settings and cache to use.
        tree: the files.
        overlay: the overlay's directory.
        with_origins: whether the engine is to tell where the objects come from.
    """

    def __init__(self, renderer: Renderer, tree: Tree, overlay: PurePosixPath, *, with_origins: bool = False) -> None:
        self.renderer = renderer
        self.tree = tree
        self.overlay = overlay
        self.closure = Closure(overlay, (), {}, ())
        self.is_pending = False
        self._with_origins = with_origins
        self._text: bytes | None = None
        self._words = ""
        self._error: GitopsError | None = None
        self._child: process.Child | None = None
        self._folder = Path()

    def prepare(self) -> None:
        """Find out what it is built from, and whether the engine is needed for that.

        It is not for a plain directory or a render in the cache, nor for what the engine must not get.
        """
        try:
            self.closure = closure(self.tree, self.overlay)
            _refuse_network(self.closure, self.renderer.settings)
            if not self.closure.kustomizations:
                return
            if (cache := self._cache()) and (stored := cache.get(self._key)) is not None:
                words, _, self._text = stored.partition(b"\0")
                self._words = words.decode()
                return
            refuse_hostile(self.tree, self.closure)
            self.is_pending = True
        except GitopsError as error:
            self._error = error

    def start(self, folder: Path) -> None:
        """Start the engine on a copy of the files in a folder that is not there yet."""
        if not self.is_pending:
            return
        self._folder = folder
        try:
            lay_out(self.tree, self.closure.files, folder / "repo")
            if self._with_origins:
                write_wrapper(self.tree, self.closure, folder)
            place = folder if self._with_origins else folder / "repo"
            self._child = process.start(self._command(), cwd=place, env=engine_environment(self.renderer.settings))
        except GitopsError as error:
            self._fail(error)
        except OSError as error:
            words = f'"{self.overlay}" cannot be laid out in "{folder}": {error.strerror}'
            self._fail(ToolError(words, hint="is the disk full?"))

    def _command(self) -> tuple[str, ...]:
        return self.renderer.command("wrapper" if self._with_origins else str(self.overlay))

    def finish(self) -> None:
        """Wait for the engine, if it was started, and keep what it printed."""
        if self._child is None:
            return
        try:
            with self._child as child:
                done = process.finish(child, self._command(), timeout=TIMEOUT)
        except ToolError as error:  # this overlay is to blame, not the program
            self._fail(RenderError(error.message, location=Location(self.closure.kustomizations[0])))
            return
        finally:  # now, while the other engines run, and before there are too many
            shutil.rmtree(self._folder, ignore_errors=True)
        words = in_repository(done.error_text, self._folder / "repo")
        if done.returncode == 0:
            self.keep(done.stdout, words)
        else:
            self._fail(render_error(words or f"it ended with status {done.returncode}", self.tree, self.closure))

    def keep(self, text: bytes, words: str = "") -> None:
        """Take what the engine printed, also for the next time."""
        self.is_pending, self._text, self._words = False, text, words
        if cache := self._cache():
            cache.put(self._key, words.encode() + b"\0" + text)

    def _fail(self, error: GitopsError) -> None:
        self.is_pending, self._error = False, error

    def stop(self) -> None:
        """End the engine without waiting for its output: nobody wants it any more."""
        if self._child is not None:
            with self._child as child:
                process.stop(child)

    def result(self) -> Render | GitopsError:
        """Return the parsed output, or what went wrong."""
        if self._error is not None:
            return self._error
        try:
            if self._text is None:
                resources = tuple(directory_resources(self.tree, self.closure))
            else:
                resources = tuple(rendered_resources(self._text, self.overlay))
        except GitopsError as error:
            return error
        warnings = tuple(line.removeprefix("# Warning: ") for line in self._words.splitlines() if line.strip())
        told = Origins(self.tree, self.closure, resources, self._asked_origins)
        return Render(self.overlay, resources, self.closure, warnings, told)

    def _asked_origins(self) -> list[PurePosixPath | None]:
        """Render once more, and return the file that each object comes from; nothing if kustomize does not tell."""
        job = Job(self.renderer, self.tree, self.overlay, with_origins=True)
        job.prepare()
        with scratch() as folder:
            job.start(folder / "0")
            job.finish()
        return origins(job._text or b"")

    def _cache(self) -> ContentCache | None:
        """Return the cache; None where a part comes over the network and can differ next time."""
        return None if self.closure.remotes else self.renderer.cache

    @cached_property
    def _key(self) -> str:
        """Name everything that the output depends on."""
        files = sorted((str(path), mode, self.tree.oid(path)) for path, mode in self.closure.files.items())
        kustomize = self.renderer.settings.kustomize
        parts = [2, self._with_origins, self.renderer.engine.version, kustomize.load_restrictor]
        return json.dumps([*parts, str(self.overlay), files])


def engine_environment(settings: Settings) -> dict[str, str]:
    """Return the engine's environment; without leave for remote bases, nothing can be fetched."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
    env |= process.GO_WITHOUT_COLLECTION
    if settings.kustomize.allow_remote:
        return env
    return {name: value for name, value in env.items() if name.upper() not in _PROXIES} | _NO_NETWORK


def _refuse_network(found: Closure, settings: Settings) -> None:
    if found.remotes and not settings.kustomize.allow_remote:
        remote = found.remotes[0]
        raise RenderError(
            f'"{process.redact(remote.url)}" would be fetched over the network',
            location=remote.location,
            hint="copy it into the repository, or set kustomize.allowRemote in gitops.yaml (a bump: or --unrendered)",
        )
