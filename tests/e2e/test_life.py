"""The life of apps as random sequences of commands, against a model of a few lines.

After each step the repository validates without a finding, files that the step is not about are as before byte
by byte, and undoing a step brings back the very tree.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from .world import Checkout, Inside, environment

ENVIRONMENTS = ("staging", "production")
APPS = ("cart", "mail")
DIGEST = "sha256:" + "0123456789abcdef" * 4
VERSIONS = ("v2", "v3", "1.10", "0123", DIGEST, f"v4@{DIGEST}")
QUOTED = ("1.10", "0123")
"""What YAML would read as a number."""

VERSION_LINE = re.compile(r"\s+(newTag|digest): \S+")

app_names = st.sampled_from(APPS)
environments = st.sampled_from(ENVIRONMENTS)
versions = st.sampled_from(VERSIONS)


def overlay(app: str, env: str) -> str:
    return f"apps/{app}/overlays/{env}/kustomization.yaml"


def hold(app: str, env: str) -> str:
    return f".gitops/holds/{app}/{env}.yaml"


class Place:
    """The model of an app in an environment: what it ran, newest last, with what a rollback left."""

    def __init__(self, version: str) -> None:
        self.past: list[tuple[str, str | None]] = [(version, None)]
        self.hold: str | None = None

    @property
    def now(self) -> str:
        return self.past[-1][0]

    def set(self, version: str, left: str | None = None) -> None:
        if version != self.now:
            self.past.append((version, left))

    def before(self) -> str | None:
        """Return where a rollback goes: to the last other version that was not left since."""
        bad: set[str] = set()
        later: str | None = None
        for version, left in reversed(self.past):
            if later is not None and version != self.now and version not in bad:
                return version
            bad |= {left} if left else set()
            later = version
        return None


class Life(RuleBasedStateMachine):
    """Runs each command for real, and keeps what must be so in mind."""

    template: Checkout

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.template.folder, self.folder / "repository", symlinks=True)
        self.repository = Inside(self.folder / "repository", self.template.env)
        self.places: dict[tuple[str, str], Place] = {}
        self.frozen: set[str] = set()
        self.touched = True

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def files(self) -> dict[str, bytes]:
        """Return every committed file; that the working tree has the same is checked, too."""
        names = self.repository.git("ls-files", "-z").split("\0")
        return {name: (self.repository.folder / name).read_bytes() for name in names if name}

    @contextmanager
    def step(self, *paths: str) -> Iterator[None]:
        """Check that a step changes these files, and no others."""
        before, head = self.files(), self.repository.head
        yield
        after = self.files()
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert changed == set(paths)
        assert (self.repository.head == head) == (not paths)
        for name in changed & {name for name in before.keys() & after.keys() if name.startswith("apps/")}:
            lines = [set(files[name].decode().splitlines()) for files in (before, after)]
            assert all(VERSION_LINE.fullmatch(line) for line in lines[0] ^ lines[1]), (name, lines)
        self.touched = True

    def tree(self) -> str:
        """Return the id of all committed files."""
        return self.repository.git("rev-parse", "HEAD^{tree}")

    def run(self, *command: str, code: int = 0) -> None:
        result = self.repository.gitops(*command)
        assert result.code == code, (command, result)

    def present(self, app: str) -> str:
        """Return an app, or another one where it does not exist; empty if there is none."""
        names = {name for name, _ in self.places}
        return app if app in names else min(names, default="")

    def stopped(self, app: str, env: str, *, by_rollback: bool = True) -> bool:
        """Whether something keeps changes away."""
        held = self.places[app, env].hold
        return env in self.frozen or held == "hold" or (held == "rollback" and by_rollback)

    @initialize()
    def two_apps(self) -> None:
        for app in APPS:
            self.create(app)

    @precondition(lambda self: len(self.places) < len(APPS) * len(ENVIRONMENTS))
    @rule(app=app_names)
    def create(self, app: str) -> None:
        if (app, "staging") in self.places:
            return
        before = self.files()
        self.run("app", "create", app, "--image", f"registry.example.org/shop/{app}:v1", "--port", "8080")
        after = self.files()
        new = {name for name in after if name not in before}
        assert {overlay(app, env) for env in ENVIRONMENTS} <= new
        assert all(f"/{app}" in name for name in new)
        self.places |= {(app, env): Place("v1") for env in ENVIRONMENTS}
        self.touched = True

    @rule(app=app_names)
    def delete(self, app: str) -> None:
        if (app, "staging") not in self.places:
            return
        before = self.files()
        self.run("app", "delete", app, "--yes")
        after = self.files()
        gone = before.keys() - after.keys()
        assert gone == {name for name in before if f"/{app}" in name}
        self.places = {place: model for place, model in self.places.items() if place[0] != app}
        self.touched = True

    @rule(app=app_names)
    def create_and_delete(self, app: str) -> None:
        if (app, "staging") in self.places:
            return
        tree = self.tree()
        self.create(app)
        self.delete(app)
        assert self.tree() == tree

    @rule(app=app_names, env=environments, version=versions, override=st.booleans())
    def bump(self, app: str, env: str, version: str, override: bool) -> None:
        app = self.present(app)
        if not app:
            return
        place = self.places[app, env]
        stopped = self.stopped(app, env) and not override and version != place.now
        options = ("--override", "because") if override else ()
        with self.step(*([] if stopped or version == place.now else [overlay(app, env)])):
            self.run("bump", app, version, "--env", env, *options, code=1 if stopped else 0)
        if not stopped:
            place.set(version)

    @rule(app=app_names, version=versions)
    def bump_there_and_back(self, app: str, version: str) -> None:
        app = self.present(app)
        if not app or self.stopped(app, "staging"):
            return
        text = self.repository.read(overlay(app, "staging"))
        if version in QUOTED and '"' not in text:
            return  # quotes that had to be set stay: only the history knows that there were none
        tag_first = 0 <= text.find("newTag:") < text.find("digest:")
        if "@" in self.places[app, "staging"].now and "@" not in version and (version == DIGEST or not tag_first):
            return  # nor does the file know where the line was that went: it comes back behind the other
        place = self.places[app, "staging"]
        start, tree = place.now, self.tree()
        self.run("bump", app, version)
        self.run("bump", app, start)
        assert self.tree() == tree
        place.set(version)
        place.set(start)

    @rule(app=app_names)
    def promote(self, app: str) -> None:
        app = self.present(app)
        if not app:
            return
        place, version = self.places[app, "production"], self.places[app, "staging"].now
        equal = version == place.now
        stopped = self.stopped(app, "production") and not equal
        with self.step(*([] if stopped or equal else [overlay(app, "production")])):
            self.run("promote", app, code=1 if stopped else 0)
        if not stopped:
            place.set(version)

    @rule(app=app_names, env=environments)
    def rollback(self, app: str, env: str) -> None:
        app = self.present(app)
        if not app:
            return
        place = self.places[app, env]
        target = place.before()
        code = 2 if target is None else 1 if self.stopped(app, env, by_rollback=False) else 0
        with self.step(*([] if code else [overlay(app, env), hold(app, env)])):
            self.run("rollback", app, "--env", env, "--reason", f"was {place.now}", code=code)
        if target is not None and not code:
            place.set(target, place.now)
            place.hold = "rollback"

    @rule(app=app_names, version=versions)
    def change_and_roll_back(self, app: str, version: str) -> None:
        """A rollback to the commit before is the inverse of a bump or a promotion, byte by byte."""
        app = self.present(app)
        if not app or self.stopped(app, "production"):
            return
        place, source = self.places[app, "production"], self.places[app, "staging"].now
        tree, head, start = self.tree(), self.repository.head, place.now
        command = ("promote", app) if source != start else ("bump", app, version, "--env", "production")
        self.run(*command)
        self.run("rollback", app, "--env", "production", "--to", head, "--no-hold")
        assert self.tree() == tree
        changed = source if source != start else version
        if changed != start:
            place.set(changed)
            place.set(start, changed)

    @rule(app=app_names, env=environments)
    def hold_and_lift(self, app: str, env: str) -> None:
        app = self.present(app)
        if not app or self.places[app, env].hold:
            return
        tree = self.tree()
        with self.step(hold(app, env)):
            self.run("hold", app, "--env", env, "--reason", 'an "audit": 1.10')
        with self.step(hold(app, env)):
            self.run("unhold", app, "--env", env)
        assert self.tree() == tree

    @rule(app=app_names, env=environments)
    def hold(self, app: str, env: str) -> None:
        app = self.present(app)
        if not app:
            return
        place = self.places[app, env]
        if place.hold is None:
            with self.step(hold(app, env)):
                self.run("hold", app, "--env", env, "--reason", "audit")
            place.hold = "hold"
        else:
            with self.step():
                self.run("hold", app, "--env", env, "--reason", "leak", code=5)

    @rule(app=app_names, env=environments)
    def unhold(self, app: str, env: str) -> None:
        app = self.present(app)
        if not app:
            return
        place = self.places[app, env]
        with self.step(*([hold(app, env)] if place.hold else [])):
            self.run("unhold", app, "--env", env)
        place.hold = None

    @rule(env=environments)
    def freeze(self, env: str) -> None:
        if env in self.frozen:
            with self.step(f".gitops/freezes/{env}.yaml"):
                self.run("unfreeze", "--env", env)
            self.frozen.remove(env)
        else:
            with self.step(f".gitops/freezes/{env}.yaml"):
                self.run("freeze", "--env", env, "--reason", "settlement")
            self.frozen.add(env)

    @invariant()
    def everything_is_valid(self) -> None:
        if not self.touched:
            return
        self.touched = False
        result = self.repository.gitops("validate", "--output", "json")
        assert (result.code, json.loads(result.out)["summary"]["findings"]) == (
            0,
            {"error": 0, "warning": 0, "info": 0},
        ), result.out
        assert self.repository.git("status", "--porcelain") == ""

    @invariant()
    def every_version_is_as_it_should_be(self) -> None:
        for (app, env), place in self.places.items():
            text = self.repository.read(overlay(app, env))
            found = dict(re.findall(r"^\s+(newTag|digest): [\"']?([^\s\"']+)", text, re.MULTILINE))
            assert "@".join(found[key] for key in ("newTag", "digest") if key in found) == place.now
            assert (self.repository.folder / hold(app, env)).exists() == (place.hold is not None)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A repository as `gitops init` makes it."""
    folder = tmp_path_factory.mktemp("life")
    checkout = Checkout(folder / "shop", environment(folder / "home"))
    checkout.folder.mkdir()
    result = checkout.gitops("init", "--repo-url", "https://git.example.org/shop/manifests.git")
    assert result.code == 0, result.err
    return checkout


def test_from_creation_to_deletion(template: Checkout, tmp_path: Path) -> None:
    """Every command once, as a process of its own; at the end nothing is left of the app."""
    shop = template.clone(tmp_path / "shop")
    start = shop.git("rev-parse", "HEAD^{tree}")
    for command, files in (
        (("app", "create", "cart", "--image", "registry.example.org/shop/cart:v1", "--port", "8080"), None),
        (("bump", "cart", "v2"), [overlay("cart", "staging")]),
        (("promote", "cart"), [overlay("cart", "production")]),
        (("rollback", "cart", "--env", "production"), [hold("cart", "production"), overlay("cart", "production")]),
        (("unhold", "cart", "--env", "production"), [hold("cart", "production")]),
        (("hold", "cart", "--env", "staging", "--reason", "audit"), [hold("cart", "staging")]),
        (("freeze", "--reason", "year-end"), [".gitops/freeze.yaml"]),
        (("unfreeze",), [".gitops/freeze.yaml"]),
        (("app", "delete", "cart", "--yes"), None),
    ):
        result = shop.gitops(*command)
        assert (result.code, result.err) == (0, ""), command
        if files is not None:
            assert shop.git("diff", "--name-only", "HEAD~1", "HEAD").splitlines() == files
        assert Inside.of(shop).gitops("validate").out.endswith("\nno findings\n")
        shop.assert_sound()
    assert shop.git("rev-parse", "HEAD^{tree}") == start


def test_the_life_of_apps(template: Checkout) -> None:
    machine = type("LifeOfApps", (Life,), {"template": template})
    long = bool(os.environ.get("LONG_TESTS"))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=100 if long else 5,
            stateful_step_count=50 if long else 14,
            deadline=None,
            derandomize=not long,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
