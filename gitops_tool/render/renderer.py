"""Runs the engines, some at a time, and keeps what they print."""

from __future__ import annotations

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Generator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool import process
from gitops_tool.contentcache import ContentCache
from gitops_tool.errors import GitopsError, RenderError, ToolError
from gitops_tool.graph import Closure, closure
from gitops_tool.model import Location, Resource
from gitops_tool.records import record
from gitops_tool.render.limits import refuse_hostile
from gitops_tool.render.output import directory_resources, in_repository, render_error, rendered_resources
from gitops_tool.render.workspace import lay_out, scratch, write_wrapper

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.toolchain import RenderEngine
    from gitops_tool.tree import Tree

TIMEOUT = 120.0
"""Seconds for one overlay."""

AT_A_TIME = min(os.cpu_count() or 1, 16) + 1
"""Engines that run at once: one for each processor, and one that is ready when the output of another is read."""

_NOWHERE = "http://127.0.0.1:9"
_NO_NETWORK = {"GIT_ALLOW_PROTOCOL": "none", "HTTPS_PROXY": _NOWHERE, "HTTP_PROXY": _NOWHERE}
"""A second line of defence behind `_refuse_network`: what that missed is not fetched."""

_DROPPED = ("KUSTOMIZE_", "GIT_")
_PROXIES = frozenset({"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"})


@record
class Render:
    """What one overlay renders to.

    `closure` is what it was built from; `warnings` are kustomize's.
    """

    overlay: PurePosixPath
    resources: tuple[Resource, ...]
    closure: Closure
    warnings: tuple[str, ...] = ()

    @property
    def entry(self) -> PurePosixPath:
        """The overlay's own kustomization file, or the first manifest of a plain directory."""
        return next(iter(self.closure.kustomizations or self.closure.files))


class Renderer:
    """Renders with one engine under one repository's settings.

    Args:
        engine: the program that renders.
        settings: what the repository allows kustomize to do.
        cache: the folder for renders; None to render each time.
    """

    def __init__(self, engine: RenderEngine, settings: Settings, cache: Path | None) -> None:
        self.engine = engine
        self.settings = settings
        self.cache = ContentCache(cache / "renders") if cache else None

    def render(self, tree: Tree, overlay: PurePosixPath) -> Render:
        """Render one overlay; see `render_all`."""
        return self.render_all([(tree, overlay)])[0]

    def render_all(self, wanted: Sequence[tuple[Tree, PurePosixPath]]) -> list[Render]:
        """Render overlays, some at a time, in the order they were asked for.

        Raises:
            RenderError: kustomize refuses one, in its own words.
            ToolError: the engine is missing or takes too long.
            LayoutError, TreeError, YamlError: the overlay's files cannot be read.
        """
        renders = []
        for result in self.render_each(wanted):
            if isinstance(result, GitopsError):
                raise result
            renders.append(result)
        return renders

    def render_each(
        self, wanted: Sequence[tuple[Tree, PurePosixPath]], meanwhile: Callable[[], object] = lambda: None
    ) -> Generator[Render | GitopsError, None, None]:
        """Render overlays as `render_all` does, but yield the error of one that cannot be rendered.

        Args:
            wanted: the overlays, each in its tree.
            meanwhile: done once, before the first engine is waited for.
        """
        running: deque[_Job | GitopsError] = deque()
        with scratch() as folder:
            try:
                for number, (tree, overlay) in enumerate(wanted):
                    if len(running) == AT_A_TIME:
                        if number == AT_A_TIME:
                            meanwhile()
                        yield _result(running.popleft())
                    running.append(self._started(tree, overlay, folder / str(number)))
                if len(wanted) <= AT_A_TIME:
                    meanwhile()
                while running:
                    yield _result(running.popleft())
            finally:
                for job in running:
                    if isinstance(job, _Job):
                        job.stop()

    def _started(self, tree: Tree, overlay: PurePosixPath, folder: Path) -> _Job | GitopsError:
        try:
            job = _Job(self, tree, overlay, closure(tree, overlay))
            job.start(folder)
        except GitopsError as error:
            return error
        except OSError as error:
            return ToolError(
                f'"{overlay}" cannot be laid out in "{folder}": {error.strerror}', hint="is the disk full?"
            )
        return job


def _result(job: _Job | GitopsError) -> Render | GitopsError:
    if isinstance(job, GitopsError):
        return job
    try:
        job.finish()
        return job.result()
    except GitopsError as error:
        return error


class _Job:
    """One overlay on its way through the engine."""

    def __init__(self, renderer: Renderer, tree: Tree, overlay: PurePosixPath, found: Closure) -> None:
        self.renderer = renderer
        self.tree = tree
        self.overlay = overlay
        self.closure = found
        self.text: bytes | None = None
        self.errors = ""
        self._child: process.Child | None = None
        self._folder = Path()

    def start(self, folder: Path) -> None:
        """Start the engine, unless there is nothing to run: a plain directory, or a render in the cache."""
        _refuse_network(self.closure, self.renderer.settings)
        if not self.closure.kustomizations:
            return
        if (cache := self._cache()) and (stored := cache.get(self._key)) is not None:
            errors, _, self.text = stored.partition(b"\0")
            self.errors = errors.decode()
            return
        refuse_hostile(self.tree, self.closure)
        self._folder = folder
        lay_out(self.tree, self.closure.files, folder / "repo")
        write_wrapper(self.tree, self.closure, folder)
        self._child = process.start(self._command(), cwd=folder, env=_environment(self.renderer.settings))

    def _command(self) -> tuple[str, ...]:
        restrictor = self.renderer.settings.kustomize.load_restrictor
        options = ("--load-restrictor", "LoadRestrictionsNone") if restrictor == "none" else ()
        return (*self.renderer.engine.command, *options, "wrapper")

    def finish(self) -> None:
        """Wait for the engine and keep what it printed."""
        child = self._child
        if child is None:
            return
        with child:
            try:
                done = process.finish(child, self._command(), timeout=TIMEOUT)
            except ToolError as error:  # this overlay is to blame, not the program
                raise RenderError(error.message, location=Location(self.closure.kustomizations[0])) from error
            finally:  # now, while the other engines run, and before there are too many
                shutil.rmtree(self._folder, ignore_errors=True)
        words = in_repository(done.error_text, self._folder)
        if done.returncode != 0:
            raise render_error(words or f"it ended with status {done.returncode}", self.tree, self.closure)
        self.text, self.errors = done.stdout, words
        if cache := self._cache():
            cache.put(self._key, words.encode() + b"\0" + done.stdout)

    def stop(self) -> None:
        """End the engine without waiting for its output: nobody wants it any more."""
        if self._child is not None:
            with self._child as child:
                process.stop(child)

    def _cache(self) -> ContentCache | None:
        """Return the cache; None where a part comes over the network and can differ next time."""
        return None if self.closure.remotes else self.renderer.cache

    @cached_property
    def _key(self) -> str:
        """Name everything that the output depends on."""
        files = sorted((str(path), mode, self.tree.oid(path)) for path, mode in self.closure.files.items())
        kustomize = self.renderer.settings.kustomize
        parts = [1, self.renderer.engine.version, kustomize.load_restrictor, str(self.overlay), files]
        return json.dumps(parts)

    def result(self) -> Render:
        """Return the parsed output."""
        if self.text is None:
            resources = tuple(directory_resources(self.tree, self.closure))
        else:
            resources = tuple(rendered_resources(self.text, self.overlay))
        warnings = tuple(line.removeprefix("# Warning: ") for line in self.errors.splitlines() if line.strip())
        return Render(self.overlay, resources, self.closure, warnings)


def _environment(settings: Settings) -> dict[str, str]:
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
