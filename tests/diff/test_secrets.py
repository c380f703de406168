"""Values of Secrets are in no output of any format, not even in part, wherever they are in the repository."""

from __future__ import annotations

import base64
import json

import pytest

from gitops_tool.diff.concealing import SECRET_LIKE
from gitops_tool.diff.repository import RepositoryDiff, Side
from gitops_tool.output.diff.html import diff_page
from gitops_tool.output.diff.json import diff_json
from gitops_tool.output.diff.markdown import diff_markdown
from gitops_tool.output.diff.text import diff_text

from .comparing import SETTINGS, Files, compared, edited

PLACE = "apps/vault/overlays/staging"
K = f"{PLACE}/kustomization.yaml"
OLD, NEW = "Qv7plantedOLDx9", "Zk3plantedNEWw4"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(fields: str, annotations: str = "{}") -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: token, annotations: {annotations}}}\n{fields}\n"


def applied(value: str) -> str:
    return json.dumps(
        json.dumps(
            {"kind": "Secret", "apiVersion": "v1", "data": {"password": encoded(value)}, "stringData": {"p": value}}
        )
    )


ONE = "resources: [one.yaml]\n"
SEALED = """\
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: sealed}
spec: {encryptedData: {a: AgBy}, template: {data: {config: "VALUE"}, stringData: {b: "VALUE"}}}
"""
POLICY = """\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: generate}
spec:
  rules:
    - generate:
        apiVersion: v1
        kind: Secret
        data: {a: VALUE}
"""
SOPS = secret("data:\n  key: ENC[AES256_GCM,data:VALUE,iv:aaaa,tag:bbbb,type:str]\nsops:\n  mac: VALUE\n  age: [VALUE]")
MAP_OF_MANIFEST = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: manifests}
data:
  secret.yaml: |
    apiVersion: v1
    kind: Secret
    stringData:
      key: VALUE
"""
KEY = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: key}
data:
  tls.key: |
    -----BEGIN RSA PRIVATE KEY-----
    VALUE
    -----END RSA PRIVATE KEY-----
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"env": "VALUE"}'
spec: {replicas: 1}
"""

RENDERED: dict[str, dict[str, str]] = {
    "data": {K: ONE, f"{PLACE}/one.yaml": secret("data: {a: ENCODED}")},
    "stringData": {K: ONE, f"{PLACE}/one.yaml": secret("stringData: {a: VALUE, b: same}")},
    "several lines": {K: ONE, f"{PLACE}/one.yaml": secret("stringData:\n  a: |\n    first\n    VALUE\n    last")},
    "data that is no mapping": {K: ONE, f"{PLACE}/one.yaml": secret("stringData: VALUE")},
    "a field that no Secret has": {K: ONE, f"{PLACE}/one.yaml": secret("data: {}\nextra: {deep: [VALUE]}")},
    "a generator's literal": {K: "secretGenerator: [{name: token, literals: [a=VALUE]}]\n"},
    "a generator's file": {K: "secretGenerator: [{name: token, files: [a.txt]}]\n", f"{PLACE}/a.txt": "VALUE"},
    "a generator's variables": {K: "secretGenerator: [{name: token, envs: [a.env]}]\n", f"{PLACE}/a.env": "A=VALUE\n"},
    "the applied configuration": {
        K: ONE,
        f"{PLACE}/one.yaml": secret("type: Opaque", "{kubectl.kubernetes.io/last-applied-configuration: APPLIED}"),
    },
    "the applied configuration of anything": {K: ONE, f"{PLACE}/one.yaml": DEPLOYMENT},
    "an annotation of whoever": {K: ONE, f"{PLACE}/one.yaml": secret("type: Opaque", "{example.org/copy: VALUE}")},
    "a copy in an annotation that is shown": {
        K: ONE,
        f"{PLACE}/one.yaml": secret("stringData: {a: VALUE}", "{argocd.argoproj.io/sync-options: VALUE}"),
    },
    "the template of another kind": {K: ONE, f"{PLACE}/one.yaml": SEALED},
    "a manifest within a manifest": {K: ONE, f"{PLACE}/one.yaml": POLICY},
    "a manifest in a ConfigMap": {K: ONE, f"{PLACE}/one.yaml": MAP_OF_MANIFEST},
    "a private key in a ConfigMap": {K: ONE, f"{PLACE}/one.yaml": KEY},
    "SOPS": {K: ONE, f"{PLACE}/one.yaml": SOPS},
    "a patch": {
        K: ONE
        + "patches: [{patch: '{apiVersion: v1, kind: Secret, metadata: {name: token}, stringData: {a: VALUE}}'}]\n",
        f"{PLACE}/one.yaml": secret("type: Opaque"),
    },
    "a plain directory": {f"{PLACE}/one.yaml": secret("stringData: {a: VALUE}")},
}

FAILING: dict[str, dict[str, str]] = {
    "a literal without a key": {K: "secretGenerator: [{name: token, literals: [VALUE]}]\n"},
    "a patch that is no YAML": {K: ONE + "patches: [{patch: 'kind: Secret, data: {a: VALUE'}]\n"},
    "a patch that is cut off": {K: ONE + "patches:\n  - patch: |\n      kind: Secret\n      stringData: {a: VALUE\n"},
    "variables that are not UTF-8": {
        K: "secretGenerator: [{name: token, envs: [a.env]}]\n",
        f"{PLACE}/a.env": "\udcff\udcfe=VALUE\n",
    },
    "a Secret without a name": {
        K: ONE,
        f"{PLACE}/one.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {nme: VALUE}\nstringData: {a: VALUE}\n",
    },
    "a Secret that is no YAML": {K: ONE, f"{PLACE}/one.yaml": secret("stringData:\n  a: *VALUE\n  b: VALUE: VALUE")},
    "an alias for a value": {f"{PLACE}/one.yaml": secret("stringData:\n  a: *VALUE")},
    "a patch of a Secret by its path": {
        K: ONE + "patches: [{path: p.yaml, target: {kind: Secret}}]\n",
        f"{PLACE}/one.yaml": secret("type: Opaque"),
        f"{PLACE}/p.yaml": "- {op: VALUE, path: /data/a, value: VALUE}\n",
    },
    "an unknown field": {K: "secretGenerator: [{name: token, literal: [a=VALUE]}]\n"},
    "an image that is no mapping": {
        K: ONE + "secretGenerator: [{name: token, literals: [a=VALUE]}]\nimages: [VALUE]\n",
        f"{PLACE}/one.yaml": secret("stringData: {a: VALUE}"),
    },
}


def planted(files: Files, value: str) -> dict[str, str]:
    return {
        name: text.replace("VALUE", value).replace("ENCODED", encoded(value)).replace("APPLIED", applied(value))
        for name, text in files.items()
    }


def base(files: Files) -> dict[str, str]:
    other = {"apps/other/overlays/staging/kustomization.yaml": "namePrefix: x-\nconfigMapGenerator: [{name: a}]\n"}
    return {"gitops.yaml": SETTINGS, **other, **files}


def outputs(diff: RepositoryDiff) -> dict[str, str]:
    return {
        "text": diff_text(diff, colour=True),
        "markdown": diff_markdown(diff, 100_000),
        "html": diff_page(diff),
        "json": diff_json(diff),
        "value": repr(diff),
    }


def leaks(text: str) -> list[str]:
    """Return the parts of planted values in a text, in whatever spelling."""
    found = []
    for value in (OLD, NEW):
        spellings = (
            value,
            encoded(value),
            encoded(f"first\n{value}\nlast\n"),
            " ".join(str(byte) for byte in value.encode()),
        )
        for spelling in spellings:
            parts = {spelling[start : start + 6] for start in range(len(spelling) - 5)}
            found += [part for part in parts if part in text]
    return found


@pytest.mark.parametrize("place", RENDERED)
def test_no_value_is_shown_but_that_it_changed(place: str) -> None:
    before, after = (base(planted(RENDERED[place], value)) for value in (OLD, NEW))
    diff = compared(before, after)
    assert diff.failures == ()
    assert len(diff.objects) == 1
    assert any(field.masked for field in diff.objects[0].fields)
    for name, text in outputs(diff).items():
        assert leaks(text) == [], name
    assert "not shown" in diff_text(diff) or "***" in diff_text(diff)


@pytest.mark.parametrize("place", RENDERED)
def test_no_value_is_shown_of_what_comes_or_goes(place: str) -> None:
    files = planted(RENDERED[place], OLD)
    for diff in (compared(base({}), base(files)), compared(base(files), base({}))):
        assert len(diff.objects) == 1
        for name, text in outputs(diff).items():
            assert leaks(text) == [], name


@pytest.mark.parametrize("place", FAILING)
def test_no_value_is_shown_by_an_error(place: str) -> None:
    good = {K: "secretGenerator: [{name: token, literals: [a=b]}]\n"}
    diff = compared(base(good), base(planted(FAILING[place], NEW)))
    assert [failure.side for failure in diff.failures] == [Side.HEAD]
    assert diff.broken
    for name, text in outputs(diff).items():
        assert leaks(text) == [], name


def test_the_length_of_a_value_is_not_shown() -> None:
    before = base(planted(RENDERED["stringData"], "a"))
    one, other = (compared(before, base(planted(RENDERED["stringData"], value))) for value in ("bb", "c" * 99))
    assert outputs(one) == outputs(other)


CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {DB_PASSWORD: VALUE, app.ini: "db.password=VALUE\\nmode=fast\\n"}
"""
ENV = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: web, env: [{name: API_TOKEN, value: VALUE}]}]}}}
"""


@pytest.mark.parametrize(("manifest", "name"), [(CONFIG, "DB_PASSWORD"), (CONFIG, "app.ini"), (ENV, "API_TOKEN")])
def test_names_like_password_are_masked_elsewhere_if_that_is_asked_for(manifest: str, name: str) -> None:
    files = {K: ONE, f"{PLACE}/one.yaml": manifest}
    before, after = (base(planted(files, value)) for value in (OLD, NEW))
    masked = outputs(compared(before, after, mask_keys=SECRET_LIKE))
    assert [leaks(text) for text in masked.values()] == [[]] * len(masked)
    assert name in masked["text"]
    assert leaks(diff_text(compared(before, after))) != []


def test_two_secrets_with_other_values_are_no_rename() -> None:
    files = {K: "resources: [one.yaml, two.yaml]\n", f"{PLACE}/one.yaml": secret("stringData: {a: VALUE}")}
    before = planted(files, OLD) | {f"{PLACE}/two.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"}
    after = edited(before, {f"{PLACE}/one.yaml": planted(files, NEW)[f"{PLACE}/one.yaml"].replace("token", "other")})
    diff = compared(base(before), base(after))
    assert sorted(change.kind for change in diff.objects) == ["added", "removed"]


def test_parameters_of_applications_are_masked_if_that_is_asked_for() -> None:
    application = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: a, namespace: argocd}
spec:
  destination: {server: https://kubernetes.default.svc, namespace: a}
  source: {path: charts/a, repoURL: https://example.org/a.git, helm: {parameters: [{name: db.password, value: VALUE}]}}
"""
    template = application.split("spec:\n")[1].replace("\n  ", "\n      ")
    generated = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s, namespace: argocd}\n"
        "spec:\n  generators: [{list: {elements: [{name: b}]}}]\n  template:\n    metadata: {name: '{{name}}'}\n"
        f"    spec:\n      project: shop\n    {template}"
    )
    files = {"argocd/a.yaml": application, "argocd/s.yaml": generated}
    diff = compared(*(base(planted(files, value)) for value in (OLD, NEW)), mask_keys=SECRET_LIKE)
    changed = [effect for effect in diff.effects if effect.kind == "Application changed"]
    assert {effect.id.name for effect in changed} == {"a", "b"}
    assert all(effect.reasons[0] == "source.helm.parameters[name=db.password].value" for effect in changed)
    for name, text in outputs(diff).items():
        assert leaks(text) == [], name
