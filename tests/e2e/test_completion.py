"""Completion in a real bash, and what the other shells are answered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from . import shop
from .world import Checkout, need


@pytest.fixture
def shops(tmp_path: Path, env: dict[str, str]) -> Checkout:
    return Checkout.create(tmp_path / "r", env, shop.files("web", "web-api", "a b", "$(touch pwned)"))


def bash(checkout: Checkout, *words: str) -> list[str]:
    """Return what bash offers for the last word."""
    program = checkout.folder.parent / "bin" / "gitops"
    if not program.exists():
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m gitops_tool "$@"\n')
        program.chmod(0o755)
    script = (
        'source <(gitops completion bash); complete -p gitops >/dev/null || exit 1; COMP_WORDS=("$@"); '
        'COMP_CWORD=$(($# - 1)); _gitops_completion "$1"; for one in "${COMPREPLY[@]}"; do printf "%s\\n" "$one"; done'
    )
    env = checkout.env | {"PATH": f"{program.parent}:{checkout.env['PATH']}"}
    done = subprocess.run(
        [need("bash"), "--norc", "-c", script, "bash", *words],
        cwd=checkout.folder,
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_in_a_real_bash(shops: Checkout) -> None:
    assert bash(shops, "gitops", "comp") == ["completion"]
    assert bash(shops, "gitops", "bump", "web") == ["web", "web-api"]
    assert bash(shops, "gitops", "bump", "") == ["\\$\\(touch\\ pwned\\)", "a\\ b", "web", "web-api"]
    assert bash(shops, "gitops", "bump", "web", "") == []
    assert bash(shops, "gitops", "bump", "web=v1", "web-a") == ["web-api"]
    assert bash(shops, "gitops", "bump", "web", "v1", "--env", "s") == ["staging"]
    assert bash(shops, "gitops", "bump", "--with") == ["--with-refs"]
    assert not (shops.folder / "pwned").exists()


def test_without_settings_the_environments_are_those_of_the_apps(shops: Checkout) -> None:
    shops.git("rm", "--quiet", "gitops.yaml")
    assert bash(shops, "gitops", "validate", "--env", "") == ["staging", "production"]
    shops.write({"gitops.yaml": "layout: [\n"})
    assert bash(shops, "gitops", "validate", "--env", "") == []


@pytest.mark.parametrize(
    ("shell", "words", "current", "answer"),
    [
        ("zsh", "gitops bump web-", "2", "plain\nweb-api\n_\n"),
        ("fish", "gitops bump web-", "web-", "plain,web-api\n"),
    ],
)
def test_what_other_shells_are_answered(shops: Checkout, shell: str, words: str, current: str, answer: str) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": current, "_GITOPS_COMPLETE": f"{shell}_complete"}
    result = shops.gitops(env=asked)
    assert (result.code, result.out, result.err) == (0, answer, "")


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_the_scripts_are_for_both_names_of_the_command(shops: Checkout, shell: str) -> None:
    result = shops.gitops("completion", shell)
    assert (result.code, result.err) == (0, "")
    assert f"_GITOPS_COMPLETE={shell}_complete" in result.out or f"_GITOPS_COMPLETE {shell}_complete" in result.out
    assert "gitops-tool" in result.out


def test_another_shell_is_unknown(shops: Checkout) -> None:
    result = shops.gitops("completion", "tcsh")
    assert (result.code, result.out) == (2, "")
    assert "is not one of 'bash', 'fish', 'zsh'" in result.err
