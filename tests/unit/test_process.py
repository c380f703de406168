"""Programs: their end, their output, and no secret in either."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from gitops_tool import process
from gitops_tool.errors import ToolError


def test_a_program_gets_its_input_and_its_output_comes_back() -> None:
    done = process.run(["sh", "-c", "cat; echo problem >&2; exit 3"], stdin=b"\0input\n", timeout=10)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"\0input\n", b"problem\n")
    assert done.error_text == "problem"


def test_a_large_output_and_input_do_not_block() -> None:
    data = b"x" * 3_000_000
    assert process.run(["cat"], stdin=data, timeout=30).stdout == data


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_something_else_is_done_while_a_program_reads_its_input(tmp_path: Path, size: int) -> None:
    """What fits into the pipe is read to its end meanwhile, without anybody waiting for the program."""
    seen = tmp_path / "seen"

    def look() -> None:
        while 0 < size < 65_536 and not seen.exists():
            time.sleep(0.01)

    data = b"x" * size
    done = process.run(["sh", "-c", 'cat; : > "$0"', str(seen)], stdin=data, timeout=30, cwd=tmp_path, meanwhile=look)
    assert done.stdout == data


def test_an_error_meanwhile_stops_the_program() -> None:
    def fail() -> None:
        raise ValueError("meanwhile")

    start = time.monotonic()
    with pytest.raises(ValueError, match="meanwhile"):
        process.run(["sleep", "30"], timeout=60, meanwhile=fail)
    assert time.monotonic() - start < 20


def test_a_program_that_reads_nothing_is_no_error() -> None:
    assert process.run(["true"], stdin=b"x" * 3_000_000, timeout=30).returncode == 0


def test_no_shell_reads_the_arguments() -> None:
    assert process.run(["printf", "%s", "$(id) `id` ; id"], timeout=10).stdout == b"$(id) `id` ; id"


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ToolError, match=r'^"no-such-program" was not found$'):
        process.run(["no-such-program"], timeout=1)


def test_a_missing_folder_is_not_mistaken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=f'^the folder "{tmp_path / "gone"}" is gone$'):
        process.run(["true"], cwd=tmp_path / "gone", timeout=1)


def test_a_program_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a program")
    with pytest.raises(ToolError, match=r'text" cannot be started: Permission denied$'):
        process.run([str(tmp_path / "text")], timeout=1)


@pytest.mark.parametrize("detached", [False, True])
def test_a_program_that_takes_too_long_is_ended(detached: bool) -> None:
    began = time.monotonic()
    with pytest.raises(ToolError, match=r'^"sleep" did not end within 0.2 seconds$'):
        process.run(["sleep", "60"], timeout=0.2, detached=detached)
    assert time.monotonic() - began < 10


def test_the_children_of_a_detached_program_end_with_it(tmp_path: Path) -> None:
    note = tmp_path / "child"
    script = f"sleep 60 & echo $! > '{note}'; wait"
    with pytest.raises(ToolError):
        process.run(["sh", "-c", script], timeout=0.5, detached=True)
    child = int(note.read_text())
    for _ in range(100):
        if not _alive(child):
            return
        time.sleep(0.05)
    pytest.fail("the child outlived its parent")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_program_whose_end_is_told_before_it_can_be_waited_for_gets_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of one that is traced: its end belongs to the tracer first."""
    monkeypatch.setattr(process, "_watch", lambda _pid, _timeout: None)
    done = process.run(["sh", "-c", "exec 1>&- 2>&-; sleep 0.3"], timeout=30)
    assert done.returncode == 0


def test_a_program_that_ignores_sigterm_is_killed() -> None:
    with process.start(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        process.stop(child)
        assert child.wait(5) == -signal.SIGKILL


def test_stopping_what_has_ended_is_no_error() -> None:
    with process.start(["true"], detached=True) as child:
        child.wait(5)
        process.stop(child)


def test_a_descriptor_is_inherited_only_when_it_is_named() -> None:
    reader, writer = os.pipe()
    command = [sys.executable, "-c", f"import os; os.write({writer}, b'x')"]
    with process.start(command, inherit=[writer]) as child:
        assert process.finish(child, command, timeout=10).returncode == 0
    with process.start(command) as child:
        assert process.finish(child, command, timeout=10).returncode != 0
    os.close(writer)
    assert os.read(reader, 10) == b"x"
    os.close(reader)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:secret@example.org/x", "https://***@example.org/x"),
        ("https://secret@example.org", "https://***@example.org"),
        ("https://user:p@ssw@rd@example.org/x", "https://***@example.org/x"),
        ("'ssh://git@example.org/x' and https://a:b@c/d", "'ssh://***@example.org/x' and https://***@c/d"),
        ("https://example.org/a@b", "https://example.org/a@b"),
        ("token glpat-abcdefgh1234 here", "token *** here"),
        ("ghp_abcdefgh1234", "***"),
        ("github_pat_11ABCDEFG_x", "***"),
        ("git@example.org:team/repo.git", "git@example.org:team/repo.git"),
        ("payment-service:1a2b3c4", "payment-service:1a2b3c4"),
    ],
)
def test_credentials_are_not_shown(text: str, shown: str) -> None:
    assert process.redact(text) == shown
    assert process.Completed(1, b"", text.encode()).error_text == shown


def test_output_that_is_not_utf8_is_shown_all_the_same() -> None:
    assert process.Completed(1, b"", b" \xff broken \n").error_text == "\ufffd broken"
