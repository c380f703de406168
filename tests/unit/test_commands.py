"""Every command is there, explains itself, and has its place in the documentation."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

import gitops_tool
from gitops_tool.cli.app import main, run
from gitops_tool.cli.commands import MODULES, SECTIONS

DOCS = Path(gitops_tool.__file__).resolve().parents[1] / "docs"


def commands() -> list[tuple[str, click.Command]]:
    """Return every command and sub-command by its full name."""
    context = click.Context(main)
    found: list[tuple[str, click.Command]] = []
    for name in MODULES:
        command = main.get_command(context, name)
        assert command is not None, name
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {inner}", one) for inner, one in command.commands.items()]
    return found


def test_every_command_is_in_one_section() -> None:
    listed = [name for section in SECTIONS.values() for name in section]
    assert sorted(listed) == sorted(set(listed)) == sorted(main.list_commands(click.Context(main)))


@pytest.mark.parametrize(("name", "command"), commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_command_explains_itself(name: str, command: click.Command) -> None:
    assert command.help
    assert command.help.partition("\n")[0].endswith((".", ":"))
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help or isinstance(option.type, click.Choice), f"{name} {option.opts}"


def test_every_result_is_there_as_json() -> None:
    """But for what is to be read by a shell alone."""
    missing = [
        name
        for name, command in commands()
        if not (isinstance(command, click.Group) and command.commands)
        and not any(param.name == "output" for param in command.params)
    ]
    assert missing == ["tools path", "completion"]


def test_every_command_is_documented() -> None:
    text = "".join(path.read_text("utf-8") for path in DOCS.glob("*.md"))
    assert [name for name, _ in commands() if f"gitops {name}" not in text] == []


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("statu", 'error: no command "statu"\nhint: did you mean "status"?\n'),
        ("deploy-now", 'error: no command "deploy-now"\nhint: see `gitops --help`\n'),
        ("a\x1b[31m", 'error: no command "a\\x1b[31m"\nhint: see `gitops --help`\n'),
    ],
)
def test_an_unknown_command(word: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([word]) == 2
    assert tuple(capsys.readouterr()) == ("", error)
