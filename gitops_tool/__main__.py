"""The program: `gitops`, `gitops-tool`, `python -m gitops_tool`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line; `--version` alone answers without loading it."""
    if sys.argv[1:] == ["--version"]:
        from gitops_tool import __version__

        sys.stdout.write(f"gitops {__version__}\n")
        return
    # Most of what a command makes lives to its end: looking for garbage less often saves a twentieth of its time.
    gc.set_threshold(200_000)
    from gitops_tool.cli import run

    status = run(sys.argv[1:])
    gc.freeze()  # nor is it looked through at the end, before all of it goes anyway: another twentieth
    sys.exit(status)


if __name__ == "__main__":
    main()
