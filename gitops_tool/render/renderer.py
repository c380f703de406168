"""Runs the engines, some at a time, and keeps what they print."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from gitops_tool.contentcache import ContentCache
from gitops_tool.errors import GitopsError
from gitops_tool.render.job import Job, Render
from gitops_tool.render.workspace import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path, PurePosixPath

    from gitops_tool.config import Settings
    from gitops_tool.render.together import Group
    from gitops_tool.toolchain import RenderEngine
    from gitops_tool.tree import Tree

AT_A_TIME = min(os.cpu_count() or 1, 16) + 1
"""Engines that run at once: one for each processor, and one that is ready when the output of another is read."""

MANY = 4 * AT_A_TIME
"""Overlays from which on several are built by one run: fewer are done sooner if every processor has its own."""


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
        order: deque[Job] = deque()
        running: deque[Job | Group] = deque()
        prepared = self._prepared(wanted, order)
        runs = self._together(prepared) if len(wanted) >= MANY else prepared
        number = 0
        with scratch() as folder:
            try:
                for number, run in enumerate(runs):
                    if number == AT_A_TIME:
                        meanwhile()
                    if len(running) == AT_A_TIME:
                        yield from _finished(running.popleft(), order)
                    running.append(run)
                    run.start(folder / str(number))
                if number < AT_A_TIME:
                    meanwhile()
                while running:
                    yield from _finished(running.popleft(), order)
            finally:
                for run in running:
                    run.stop()

    def _prepared(self, wanted: Iterable[tuple[Tree, PurePosixPath]], order: deque[Job]) -> Iterator[Job]:
        """Yield the jobs, ready to be started; `order` gets them, too, for they may be finished in another one."""
        for tree, overlay in wanted:
            job = Job(self, tree, overlay)
            job.prepare()
            order.append(job)
            yield job

    def _together(self, jobs: Iterable[Job]) -> Iterator[Job | Group]:
        from gitops_tool.render.together import Groups  # a bump need not wait for it

        return Groups(self).of(jobs)

    def command(self, directory: str) -> tuple[str, ...]:
        """Return the command that renders a directory below the one that it runs in."""
        restrictor = self.settings.kustomize.load_restrictor
        options = ("--load-restrictor", "LoadRestrictionsNone") if restrictor == "none" else ()
        return (*self.engine.command, *options, "--", directory)


def _finished(run: Job | Group, order: deque[Job]) -> Iterator[Render | GitopsError]:
    """Finish a run, and yield all results that are next in order."""
    run.finish()
    while order and not order[0].is_pending:
        yield order.popleft().result()
