"""SIGKILL at any moment: the next bump works, and nothing is ever half-done.

`GITOPS_KILLS=200` kills more often at random moments than the default.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from . import shop
from .conftest import Team
from .world import need

KILLS = int(os.environ.get("GITOPS_KILLS", "12"))
MANY = 100
WHEN = ("before", "after", "during")
STAGING = shop.overlay_path("web")
MODES = ("commit alone", "commit with all", "push alone", "push with all")

# Stands before git on PATH. At the call of the given number it kills who called it: before git runs, after it has
# run, or, together with git, while it runs. Calls come at the same time, too: each takes the next free number.
GIT = """\
#!/bin/sh
call=0
until (set -C; : >"$KILL_FOLDER/$call") 2>/dev/null; do call=$((call + 1)); done
if [ "$call" != "$KILL_AT" ]; then exec REAL "$@"; fi
case $KILL_WHEN in
before) kill -KILL $PPID ;;
after) REAL "$@"; kill -KILL $PPID ;;
during) REAL "$@" <&0 & sleep "$KILL_DELAY"; kill -KILL $PPID $! ;;
INT | TERM) kill -$KILL_WHEN $PPID; exec REAL "$@" ;;
esac
"""


def assert_next_bump_works(team: Team, tag: str, options: list[str]) -> None:
    """Bump again, and check that the repository, the checkout and the server are sound and agree."""
    result = team.mine.gitops("bump", "web", tag, *options)
    assert result.code == 0, result.err
    team.mine.assert_sound()
    assert team.mine.read(STAGING) == shop.overlay("web", tag)
    if options:
        assert team.server.tip("main") == team.mine.head
        assert team.server.git("fsck", "--no-dangling", "--strict") == ""


@pytest.mark.parametrize("mode", MODES)
def test_at_random_moments(team: Team, mode: str) -> None:
    options = ["--push"] if mode.startswith("push") else []
    team.mine.gitops("bump", "web", "warm", *options)
    began = time.monotonic()
    team.mine.gitops("bump", "web", "timed", *options)
    duration = time.monotonic() - began
    chance = random.Random(mode)
    for number in range(KILLS // len(MODES)):
        child = team.mine.start("bump", "web", f"killed-{number}", *options)
        time.sleep(chance.uniform(0, 1.1 * duration))
        kill(child, everything=mode.endswith("all"))
        assert_next_bump_works(team, f"next-{number}", options)


@pytest.fixture
def wrapped(team: Team, tmp_path: Path) -> dict[str, str]:
    """Variables with which a bump finds the git above, before the real one."""
    wrapper = tmp_path / "bin/git"
    wrapper.parent.mkdir()
    wrapper.write_text(GIT.replace("REAL", need("git")))
    wrapper.chmod(0o755)
    (tmp_path / "calls").mkdir()
    return {"PATH": f"{wrapper.parent}:{team.mine.env['PATH']}", "KILL_FOLDER": str(tmp_path / "calls")}


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("options", [[], ["--push"]], ids=["commit", "push"])
def test_at_calls_of_git(team: Team, wrapped: dict[str, str], options: list[str], when: str) -> None:
    """Each call is met in one of the three ways; with many `GITOPS_KILLS`, in all of them."""
    first, step = (0, 1) if KILLS >= MANY else (WHEN.index(when), len(WHEN))
    chance = random.Random(when)
    for number in range(first, 100, step):
        calls = Path(wrapped["KILL_FOLDER"])
        for call in calls.iterdir():
            call.unlink()
        moment = {"KILL_AT": str(number), "KILL_WHEN": when, "KILL_DELAY": f"{chance.uniform(0, 0.01):.4f}"}
        child = team.mine.start("bump", "web", f"killed-{number}", *options, env=wrapped | moment)
        child.communicate()
        if not (calls / str(number)).exists():
            assert (child.returncode, number >= 5) == (0, True)
            return
        assert_next_bump_works(team, f"next-{number}", options)
    pytest.fail("one bump calls git a hundred times")


@pytest.mark.parametrize(("name", "code", "words"), [("INT", 130, "interrupted"), ("TERM", 143, "terminated")])
@pytest.mark.parametrize("number", [1, 4, 7])
def test_a_signal_ends_the_run_at_once_and_that_is_said(
    team: Team, wrapped: dict[str, str], number: int, name: str, code: int, words: str
) -> None:
    before = team.mine.snapshot()
    moment = {"KILL_AT": str(number), "KILL_WHEN": name}
    result = team.mine.gitops("bump", "web", "v2", "--push", env=wrapped | moment)
    assert (result.code, result.out, result.err) == (code, "", f"\n{words}\n")
    assert team.mine.snapshot() == before
    assert len(team.server.commits("main")) == 1
    assert_next_bump_works(team, "v3", ["--push"])


def kill(child: subprocess.Popen[str], *, everything: bool) -> None:
    """Kill a run, and all that it started if so asked, in whatever session that is."""
    if everything:
        for process in _freeze(child.pid):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    child.kill()
    child.communicate()


def _freeze(process: int) -> list[int]:
    """Stop a process and all its descendants, so that none starts another, and return them.

    The server's side of a push runs on another machine in life, and is left alone.
    """
    try:
        name = Path(f"/proc/{process}/cmdline").read_bytes()
        if b"receive-pack" in name or b"upload-pack" in name:
            return []
        os.kill(process, signal.SIGSTOP)
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [process, *(found for child in children for found in _freeze(int(child)))]
