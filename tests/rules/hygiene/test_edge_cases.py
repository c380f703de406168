"""Cases at the edge of the rules on hygiene: what is deliberate, and what is forgotten."""

# ruff: noqa: E501  one case, one line

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
from rendered import HOME, findings, said

from gitops_tool.rules import deprecations, hygiene

BY_ID = {rule.id: rule for rule in (*hygiene.RULES, *deprecations.RULES)}
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  A: b\n"
LISTED = "resources:\n  - objects.yaml\n"


def secret(fields: str) -> str:
    return f"{{apiVersion: v1, kind: Secret, metadata: {{name: db}}, {fields}}}\n"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def overlay(files: Mapping[str, str], kustomization: str = LISTED) -> dict[str, str]:
    texts = {"kustomization.yaml": kustomization, "objects.yaml": CONFIG_MAP, **files}
    return {f"{HOME}/{name}": text for name, text in texts.items()}


# Secrets: betterleaks#141, checkov#3784, kics#6812


@pytest.mark.parametrize(
    "fields",
    [
        "data: {}",
        "stringData: {password: ''}",
        "stringData: {password: $(PASSWORD)}",
        "stringData: {password: '${PASSWORD}'}",
        "stringData: {password: '{{ .password }}'}",
        "stringData: {password: '<path:kv/data/db#password>'}",
        "stringData: {url: 'postgres://web:<password>@db/web'}",
        "stringData: {password: changeme}",
        "stringData: {password: REPLACE_ME}",
        "stringData: {password: ref+vault://db#password}",
        "stringData: {password: 'ENC[AES256_GCM,data:aGVsbG8=,iv:x,tag:y,type:str]'}",
        "data: {password: 'ENC[AES256_GCM,data:aGVsbG8=]'}, sops: {mac: x}",
        f"data: {{password: {encoded('changeme')}}}",
        f"stringData: {{password: {encoded('changeme')}}}",
        f"data: {{password: {encoded('<path:kv/data/db#password>')}}}",
        "data: {tls.crt: aGVsbG8=, ca.crt: aGVsbG8=}",
        "stringData: {username: web}",
        "type: kubernetes.io/service-account-token",
    ],
)
def test_a_secret_without_a_secret_in_it_is_fine(fields: str, tmp_path: Path) -> None:
    assert said(tmp_path, secret(fields), BY_ID["plain-secret"]) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("stringData: {password: hunter2}", 'error: the Secret "db" has its value of "password" in git'),
        (f"data: {{A: {encoded('x7Gq')}, B: {encoded('y')}}}", 'error: the Secret "db" has its values of "A", "B" in git'),
        ("stringData: {url: 'postgres://web:hunter2@db/web'}", 'error: the Secret "db" has its value of "url" in git'),
        ("stringData: {app.properties: \"a=1\\ndb.password=hunter2\\n\"}",
         'error: the Secret "db" has its value of "app.properties" in git'),
        ("stringData: {app.properties: \"a=1\\ndb.password=__REPLACE_ME__\\n\"}",
         'warning: the Secret "db" has its value of "app.properties" in git'),
        ("stringData: {trustStorePath: /etc/trust}", 'warning: the Secret "db" has its value of "trustStorePath" in git'),
    ],
)  # fmt: skip
def test_a_secret_in_git_is_found(fields: str, message: str, tmp_path: Path) -> None:
    assert said(tmp_path, secret(fields), BY_ID["plain-secret"]) == [message]


def test_a_repository_of_argocd_is_a_secret_only_for_its_credentials(tmp_path: Path) -> None:
    fields = "stringData: {url: https://git.example.com/a.git, type: git%s}"
    labels = "metadata: {name: db, labels: {argocd.argoproj.io/secret-type: repository}}"
    public, private = (secret(fields % more).replace("metadata: {name: db}", labels) for more in ("", ", password: x9"))
    assert said(tmp_path, public, BY_ID["plain-secret"]) == []
    assert said(tmp_path, private, BY_ID["plain-secret"]) == [
        'error: the Secret "db" has its value of "password" in git'
    ]


def test_no_value_of_a_secret_is_ever_shown(tmp_path: Path) -> None:
    (found,) = findings(
        tmp_path, {f"{HOME}/objects.yaml": secret("stringData: {password: hunter2}")}, BY_ID["plain-secret"]
    )
    assert "hunter2" not in repr(found)


def test_a_generators_literals_are_blamed_in_the_kustomization(tmp_path: Path) -> None:
    kustomization = f"{LISTED}secretGenerator:\n  - name: other\n    literals: [a=$(A)]\n  - name: db\n    literals:\n      - password=hunter2\n"
    (found,) = findings(tmp_path, overlay({}, kustomization), BY_ID["plain-secret"])
    assert str(found.location) == f"{HOME}/kustomization.yaml:7:5"


def test_a_generators_encrypted_file_is_fine(tmp_path: Path) -> None:
    kustomization = f"{LISTED}secretGenerator:\n  - name: db\n    files: [db.yaml]\n"
    files = {"db.yaml": "password: ENC[AES256_GCM,data:aGVsbG8=]\nsops:\n  mac: x\n"}
    assert findings(tmp_path, overlay(files, kustomization), BY_ID["plain-secret"]) == []


# Files that no kustomization lists


@pytest.mark.parametrize(
    ("files", "kustomization"),
    [
        ({"values.yaml": "a: b\n"}, LISTED),
        ({"other.yaml": CONFIG_MAP}, f"{LISTED}  # other.yaml is applied by hand\n"),
        ({"other.yaml": CONFIG_MAP.replace("b", "{{ b }}")}, LISTED),
        ({".hidden.yaml": CONFIG_MAP}, LISTED),
        ({"component.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"}, LISTED),
        ({"root.yaml": f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    path: {HOME}\n"}, LISTED),
        ({"other.yaml": CONFIG_MAP}, f"{LISTED}configMapGenerator:\n  - name: a\n    files: [other.yaml]\n"),
    ],
)  # fmt: skip
def test_a_file_is_left_out_on_purpose(files: Mapping[str, str], kustomization: str, tmp_path: Path) -> None:
    assert findings(tmp_path, overlay(files, kustomization), BY_ID["unlisted-file"]) == []


def test_a_file_is_not_missed_when_only_a_part_was_looked_at(tmp_path: Path) -> None:
    assert findings(tmp_path, overlay({"other.yaml": CONFIG_MAP}), BY_ID["unlisted-file"], complete=False) == []


def test_a_file_that_another_overlay_lists_is_used(tmp_path: Path) -> None:
    files = {
        **overlay({"staging.yaml": CONFIG_MAP.replace("settings", "more")}),
        "apps/web/overlays/staging/kustomization.yaml": "resources:\n  - more\n",
        "apps/web/overlays/staging/more/kustomization.yaml": "resources:\n  - a.yaml\n",
        "apps/web/overlays/staging/more/a.yaml": CONFIG_MAP,
    }
    found = findings(tmp_path, files, BY_ID["unlisted-file"])
    assert [str(item.location) for item in found] == [f"{HOME}/staging.yaml:1:1"]


def test_a_file_in_a_folder_beside_listed_ones_is_found(tmp_path: Path) -> None:
    files = {"more/a.yaml": CONFIG_MAP.replace("settings", "a"), "more/b.yaml": CONFIG_MAP}
    found = findings(tmp_path, overlay(files, f"{LISTED}  - more/a.yaml\n"), BY_ID["unlisted-file"])
    assert [str(item.location) for item in found] == [f"{HOME}/more/b.yaml:1:1"]


# YAML


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("yes", 'unquoted yes is the text "yes" to kustomize, and true to other readers of YAML'),
        ("n", 'unquoted n is the text "n" to kustomize, and false to other readers of YAML'),
        ("1e3", "unquoted 1e3 is the number 1000"),
        ("0x1f", "unquoted 0x1f is the number 31"),
        ("0755", "unquoted 0755 is the number 493"),
        ("1_000", "unquoted 1_000 is the number 1000"),
        ("08", "unquoted 08 is the number 8"),
        ("2024-01-01", "kustomize makes a point in time of the unquoted date 2024-01-01"),
        ("[a, no]", 'unquoted no is the text "no" to kustomize, and false to other readers of YAML'),
    ],
)
def test_an_ambiguous_scalar_is_found(value: str, message: str, tmp_path: Path) -> None:
    text = f"apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  field: {value} # a comment\n"
    found = findings(tmp_path, overlay({"objects.yaml": text}), BY_ID["ambiguous-scalar"])
    assert [(item.message, item.location.line) for item in found] == [(message, 6)]


@pytest.mark.parametrize(
    "field",
    [
        "field: 'yes'",
        "field: true",
        "field: 1.50",
        "field: 80",
        "field: -1",
        "field: 2024-01-01T00:00:00Z",
        "field: 12:30:45",
        "field: 123e4567",
        "field: a yes",
        "field: |\n    yes\n    no",
        "defaultMode: 0755",
        "field: !!str yes",
        "on: a",
        "# field: yes",
    ],
)
def test_a_scalar_is_what_it_looks_like(field: str, tmp_path: Path) -> None:
    text = f"apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  other: a\n  {field}\n"
    assert findings(tmp_path, overlay({"objects.yaml": text}), BY_ID["ambiguous-scalar"]) == []


_POLICY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\nspec:\n  podSelector: {}\n"


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("ingress:\n  - # all of it", 8),
        ("ingress: [null]", 7),
        ("ingress:\n  - {}\n  - ~", 9),
        ("ingress:\n  - from:\n      -\n", 9),
        ("ingress: [{}, null ]", 7),
    ],
)
def test_an_item_that_is_null_is_found(field: str, line: int, tmp_path: Path) -> None:
    found = findings(tmp_path, overlay({"objects.yaml": f"{_POLICY}  {field}\n"}), BY_ID["null-item"])
    assert [(item.message.partition('"')[2][:4], item.location.line) for item in found] in (
        [("ingr", line)],
        [("from", line)],
    )


@pytest.mark.parametrize(
    "text",
    [
        f"---\n{_POLICY}  ingress:\n  -\n    from: []\n---\n",
        f"{_POLICY}  ingress: null\n",
        f'{_POLICY}  policyTypes: ["null", "~"]\n',
        "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  values: [null]\n",
    ],
)
def test_an_item_that_begins_on_the_next_line_is_not_null(text: str, tmp_path: Path) -> None:
    assert findings(tmp_path, overlay({"objects.yaml": text}), BY_ID["null-item"]) == []


def test_a_plain_directory_is_read_by_argocd_itself(tmp_path: Path) -> None:
    text = "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  field: yes\n"
    assert said(tmp_path, text, BY_ID["ambiguous-scalar"]) == ["warning: unquoted yes is true to Argo CD"]


def test_what_a_generator_takes_in_may_be_anything(tmp_path: Path) -> None:
    kustomization = f"{LISTED}configMapGenerator:\n  - name: a\n    files: [app.yaml]\n"
    files = overlay({"app.yaml": "kind: x\na: yes\na: no\n"}, kustomization)
    assert findings(tmp_path, files, BY_ID["ambiguous-scalar"], BY_ID["duplicate-key"]) == []


def test_a_duplicate_key_in_a_patch_that_is_written_in_place(tmp_path: Path) -> None:
    patch = "      kind: ConfigMap\n      apiVersion: v1\n      metadata: {name: settings}\n      data: {A: c, A: d}\n"
    found = findings(tmp_path, overlay({}, f"{LISTED}patches:\n  - patch: |\n{patch}"), BY_ID["duplicate-key"])
    assert [(item.message, item.location.line) for item in found] == [('the key "A" is written twice in this patch', 4)]


# Annotations of ingress-nginx


@pytest.mark.parametrize(
    ("annotation", "hint"),
    [
        ("nginx.ingress.kubernetes.io/limit-rsp", 'did you mean "limit-rps"?'),
        ("nginx.ingress.kubernetes.io/secure-backends", 'use backend-protocol: "HTTPS"'),
        ("ingress.kubernetes.io/ssl-redirect", 'write "nginx.ingress.kubernetes.io/ssl-redirect"'),
        ("nginx.ingress.kubernetes.io/zzz", None),
    ],
)
def test_an_annotation_that_ingress_nginx_ignores(annotation: str, hint: str | None, tmp_path: Path) -> None:
    text = f"{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: a, annotations: {{{annotation}: x}}}}}}\n"
    (found,) = findings(tmp_path, {f"{HOME}/objects.yaml": text}, BY_ID["unknown-ingress-annotation"])
    assert found.hint == hint


@pytest.mark.parametrize(
    "annotation",
    [
        "nginx.ingress.kubernetes.io/limit-whitelist",
        "nginx.ingress.kubernetes.io/auth-response-headers",
        "nginx.org/anything",
        "ingress.kubernetes.io/of-another-controller",
        "cert-manager.io/cluster-issuer",
    ],
)
def test_an_annotation_that_is_known_or_of_another_controller(annotation: str, tmp_path: Path) -> None:
    text = f"{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: a, annotations: {{{annotation}: x}}}}}}\n"
    assert said(tmp_path, text, BY_ID["unknown-ingress-annotation"]) == []


# Advice


@pytest.mark.parametrize("kind", ["Job", "CronJob", "Pod"])
def test_only_what_runs_for_long_needs_probes(kind: str, tmp_path: Path) -> None:
    pod = "{containers: [{name: web, image: 'web:1', ports: [{containerPort: 1}]}]}"
    job = f"{{template: {{spec: {pod}}}}}"
    spec = {"Pod": pod, "Job": job, "CronJob": f"{{jobTemplate: {{spec: {job}}}}}"}[kind]
    api = "v1" if kind == "Pod" else "batch/v1"
    text = f"{{apiVersion: {api}, kind: {kind}, metadata: {{name: a}}, spec: {spec}}}\n"
    assert said(tmp_path, text, BY_ID["missing-probe"]) == []


def test_what_resources_are_missing_is_told_in_one_finding(tmp_path: Path) -> None:
    text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: web, image: 'web:1'}]}}\n"
    assert said(tmp_path, text, BY_ID["missing-resources"]) == [
        'info: container "web" has no request for cpu and memory and no memory limit'
    ]


# Deprecated APIs


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.28", []),
        ("1.29", ["warning: Kubernetes deprecated flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema in 1.29 and removes it in 1.32"]),
        ("1.31", ["warning: Kubernetes deprecated flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema in 1.29 and removes it in 1.32"]),
        ("1.32", []),
    ],
)  # fmt: skip
def test_an_api_is_deprecated_at_the_target_version(version: str, expected: list[str], tmp_path: Path) -> None:
    settings = f'version: 1\nlayout: apps/{{app}}/overlays/{{env}}\nkubernetesVersion: "{version}"\n'
    text = "{apiVersion: flowcontrol.apiserver.k8s.io/v1beta3, kind: FlowSchema, metadata: {name: a}}\n"
    assert said(tmp_path, text, BY_ID["deprecated-api"], settings=settings) == expected


def test_what_replaces_a_removed_api_is_known() -> None:
    assert deprecations.replacement("extensions/v1beta1", "Ingress") == "networking.k8s.io/v1"
    assert deprecations.replacement("policy/v1beta1", "PodSecurityPolicy") == (
        'the Namespace\'s labels "pod-security.kubernetes.io/enforce" (Pod Security Admission)'
    )
    assert deprecations.replacement("apps/v1", "Deployment") is None


def test_the_table_agrees_with_the_schemas_on_what_is_served() -> None:
    from gitops_tool.schemas.catalogue import served_in, versions

    newest = int(versions()[-1].partition(".")[2])
    for api_version, kinds, deprecated, removed, _ in deprecations._TABLE:
        for kind in kinds:
            span = served_in(api_version, kind)
            if removed is not None and removed <= newest:
                assert span is None or int(span[1].partition(".")[2]) == removed - 1, (api_version, kind, span)
            else:
                assert span is not None, (api_version, kind)
                assert deprecated <= newest
