"""The wheel: what a user gets who never sees the repository."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__, "../../..").resolve()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy: a build leaves its own files beside its source."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    for name in ("gitops_tool", "schemas"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", source, source],
        check=True,
    )
    return zipfile.ZipFile(next(source.glob("gitops_tool-*.whl")))


def test_both_commands_are_there(wheel: zipfile.ZipFile) -> None:
    name = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    entries = configparser.ConfigParser()
    entries.read_string(wheel.read(name).decode())
    assert dict(entries["console_scripts"]) == {
        "gitops": "gitops_tool.__main__:main",
        "gitops-tool": "gitops_tool.__main__:main",
    }


def test_every_module_and_schema_of_the_checkout_is_in_it(wheel: zipfile.ZipFile) -> None:
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "gitops_tool").rglob("*.py")}
    schemas = {
        str(Path("gitops_tool/schemas/data", path.relative_to(ROOT / "schemas")))
        for path in (ROOT / "schemas").rglob("*")
        if path.is_file()
    }
    assert (modules | schemas | {"gitops_tool/py.typed"}) - set(wheel.namelist()) == set()
    assert len(schemas) > 20


def test_the_templates_are_in_it(wheel: zipfile.ZipFile) -> None:
    folder = ROOT / "gitops_tool/templates"
    wanted = {f"gitops_tool/templates/{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file()}
    assert len(wanted) > 20
    assert wanted <= {*wheel.namelist()}


def test_nothing_but_the_package_is_in_it(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel.namelist()} == {"gitops_tool"}


def test_ranges_are_not_pins_so_that_others_can_import_the_package(wheel: zipfile.ZipFile) -> None:
    metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("/METADATA"))).decode()
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert len(needed) == len(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    assert [line for line in needed if "==" in line or "<" not in line] == []
