"""The program: `gitops`, `gitops-tool`, `python -m gitops_tool`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line; `--version` alone answers without loading it."""
    _reopen()
    if sys.argv[1:] == ["--version"]:
        from gitops_tool import __version__

        sys.stdout.write(f"gitops {__version__}\n")
        return
    # Most of what a command makes lives to its end: looking for garbage less often saves a twentieth of its time.
    gc.set_threshold(200_000)
    try:
        from gitops_tool.cli import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the command line was loaded, or a second one at the end
        sys.stderr.write("\ninterrupted\n")
        status = 130
    gc.freeze()  # nor is it looked through at the end, before all of it goes anyway: another twentieth
    sys.exit(status)


def _reopen() -> None:
    """Lead the streams that the caller closed nowhere, so that no file of ours takes the number of one of them."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r"))


if __name__ == "__main__":
    main()
