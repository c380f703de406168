"""The two engines, on a catalogue with a cache of the session's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gitops_tool.schemas.catalogue import Catalogue
from gitops_tool.schemas.engines import Violation, check_embedded, check_kubeconform

Engine = Callable[[Sequence[Mapping[str, Any]], Catalogue], list[Violation]]


def program(name: str) -> Path:
    """Return a program's place; a machine without it fails the test."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f'{name} is not on PATH: run "make test", which installs it')
    return Path(found)


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    return program("kubeconform")


@pytest.fixture(params=["embedded", "kubeconform"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn, called alike."""
    if request.param == "embedded":
        return check_embedded
    return partial(check_kubeconform, binary=request.getfixturevalue("kubeconform"), timeout=60)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def catalogue(cache: Path) -> Catalogue:
    return Catalogue("1.34", cache=cache)
