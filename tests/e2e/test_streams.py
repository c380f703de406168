"""Streams that are closed or full, and an interruption before anything runs: an end in words, never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from . import shop
from .world import COMMAND, Checkout, contents, mortal

INTERRUPTED = """\
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "gitops_tool.cli.app":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from gitops_tool.__main__ import main
main()
"""


def run_in_shell(checkout: Checkout, script: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script whose arguments are a command."""
    return subprocess.run(
        ["sh", "-c", script, "sh", *command],
        cwd=checkout.folder,
        env=checkout.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_closed_stdout(web: Checkout) -> None:
    for words in (("--version",), ("app", "list"), ("bump", "web", "v2")):
        done = run_in_shell(web, '"$@" >&-', *COMMAND, *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), words
    assert web.read(shop.overlay_path("web")) == shop.overlay("web", "v2")
    web.assert_sound()


def test_all_streams_closed(web: Checkout) -> None:
    """No file of the repository gets the number of a stream, and with it what is printed."""
    assert run_in_shell(web, '"$@" <&- >&- 2>&-', *COMMAND, "bump", "web", "v2").returncode == 0
    assert run_in_shell(web, '"$@" <&- >&- 2>&-', *COMMAND, "bump", "nothing", "v2").returncode == 3
    assert web.read(shop.overlay_path("web")) == shop.overlay("web", "v2")
    web.assert_sound()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_device(web: Checkout) -> None:
    done = run_in_shell(web, '"$@" >/dev/full', *COMMAND, "app", "list")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "error: No space left on device\nhint: make room on the disk, and run it again\n"


def test_a_folder_that_cannot_be_written(web: Checkout, tmp_path: Path) -> None:
    place = tmp_path / "closed"
    place.mkdir(mode=0o555)
    result = web.gitops("report", str(place / "public"), wrapper=mortal(()))
    assert (result.code, result.out) == (3, "")
    assert result.err.endswith(f'error: "{place}/public": Permission denied\nhint: check its permissions\n')
    assert contents(place) == {}


def test_an_interruption_while_the_program_is_loaded(web: Checkout) -> None:
    done = run_in_shell(web, '"$@"', sys.executable, "-c", INTERRUPTED)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\ninterrupted\n")
