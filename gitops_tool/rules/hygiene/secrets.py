"""Rules on secrets in git."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Location, Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.base import Family, OverlayView, Problem, Scope, dig, rule
from gitops_tool.rules.hygiene.sources import sources
from gitops_tool.yamlload import locate

if TYPE_CHECKING:
    from gitops_tool.model import Resource

# What a tool fills in later: $(VAR), ${VAR}, {{ template }}, <path:vault#key>, <name>, %%name%%, ref+vault://,
# and words by which people say "not the real one".
_PLACEHOLDER = lazy_pattern(
    r"\$\([^)]+\)|\$\{[^}]+\}|\$[A-Z_][A-Z0-9_]*|.*\{\{.*\}\}.*|.*<[^<>\s]+(?: [^<>]*)?>.*|%%?\w+%%?|ref\+\w+:.*|vault:.*|op://.*"
    r"|(?:change|replace|fill|insert|update|edit)[-_ ]?(?:me|this|it|in)?\b.*|todo\b.*|x{3,}|\*{3,}|\.{3,}"
    r"|__\w+__|redacted|placeholder|example|dummy|none|null|(?:your|my)[-_ ].*|base64[-_ ].*",
    re.IGNORECASE,
)
_LONGEST_PLACEHOLDER = 500
_ENCRYPTED = lazy_pattern(
    r"ENC\[|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----|\$ANSIBLE_VAULT;|age-encryption\.org/"
)
_SOPS_FILE = lazy_pattern(r"^\"?sops\"?:|\"sops\": *\{|^sops_", re.MULTILINE)
_ARGOCD_TYPE = "argocd.argoproj.io/secret-type"
_ARGOCD_SECRETS = lazy_pattern(r"password|sshPrivateKey|.*PrivateKey|.*Key|bearerToken|config|gcpServiceAccountKey")
_PUBLIC = lazy_pattern(r"ca\.crt|ca-bundle\.crt|tls\.crt|username|user|.*\.pub", re.IGNORECASE)
"""Keys whose values are no secrets."""

_WORDS = r"pass(?:word|wd|phrase|code)|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key"
_TELLING_KEY = lazy_pattern(
    rf"{_WORDS}|credential|bearer|jwt|htpasswd|dockercfg|dockerconfig|kubeconfig|\.(?:key|pem|p12|jks|pfx)$",
    re.IGNORECASE,
)
# Repetitions are bounded, so that no file takes long.
_TELLING_TEXT = lazy_pattern(
    rf"(?:{_WORDS})[\w.-]{{0,40}}[\"']?[ \t]{{0,9}}[:=][ \t]{{0,9}}[\"']?([^\s\"',;]+)"
    r"|(-----BEGIN [A-Z ]{0,30}PRIVATE KEY)"
    r"|://[^/\s:@]{1,200}:([^/\s@]{1,200})@",
    re.IGNORECASE,
)
"""What gives a secret away in a key and in a file. Other files are often only settings."""

_SETTING = lazy_pattern(
    r".*(?:path|host|hostname|port|database|db_?name|version|region|endpoint|bucket|namespace|driver)", re.IGNORECASE
)
"""Keys of single values that are settings."""


@rule("plain-secret", family=Family.HYGIENE, severity=Severity.ERROR, scope=Scope.SOURCES)
def plain_secret(view: OverlayView) -> Iterator[Problem]:
    """A Secret's values are in git as they are. Base64 hides nothing, and git's history keeps them for ever.

    Values that SOPS has encrypted, placeholders that a tool fills in, and empty values are fine, and so are
    ExternalSecrets and SealedSecrets. A generator's literals and files count, too. It is a warning where all
    values are settings or files, and none looks like a secret. No value is ever shown.

    Bad:

        apiVersion: v1
        kind: Secret
        metadata:
          name: database
        stringData:
          password: hunter2

    Good:

        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata:
          name: database
        spec:
          secretStoreRef:
            kind: ClusterSecretStore
            name: vault
          data:
            - secretKey: password
              remoteRef:
                key: web/database
                property: password

    Source: https://kubernetes.io/docs/concepts/security/secrets-good-practices/#avoid-storing-secret-data-in-plain-text
    """
    for resource in view.render.resources:
        if (resource.id.group, resource.id.kind) != ("", "Secret") or "sops" in resource.body:
            continue
        found = dict(_plain_values(resource))
        if not found:
            continue
        names = ", ".join(f'"{pointer[-1]}"' for pointer in found)
        severity = None if any(_is_telling(str(key), text) for (_, key), text in found.items()) else Severity.WARNING
        values = "value" if len(found) == 1 else "values"
        hint = "use an ExternalSecret, seal it, or encrypt it with SOPS; and change it, since git does not forget"
        place = _generator(view, resource)
        message = f'the Secret "{resource.id.name}" has its {values} of {names} in git'
        yield Problem(message, resource, next(iter(found)), hint, severity, place)


def _plain_values(resource: Resource) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield field and key of values that are in git as they are, with the value."""
    argocd = dig(resource.body, "metadata", "labels", _ARGOCD_TYPE)
    for field in ("data", "stringData"):
        for key, value in _pairs(resource.body, field):
            text = _decoded(value) if field == "data" else value
            if argocd and not _ARGOCD_SECRETS.fullmatch(key):
                continue
            if not text.strip() or _PUBLIC.fullmatch(key):
                continue
            # Placeholders are often encoded once more than they need to be.
            if not _is_hidden(text.strip()) and not _is_hidden(_decoded(text).strip()):
                yield (field, key), text


def _is_telling(key: str, text: str) -> bool:
    """Whether a value looks like a secret: every short one that is no setting, and files with secrets in them."""
    if _TELLING_KEY.search(key):
        return True
    if any(not _is_hidden(next(filter(None, match.groups()))) for match in _TELLING_TEXT.finditer(text)):
        return True
    return "\n" not in text.strip() and "=" not in text and not _SETTING.fullmatch(key)


def _is_hidden(text: str) -> bool:
    """Whether a value is encrypted, or stands for one that a tool fills in; files are no placeholders."""
    if _ENCRYPTED.search(text) or (len(text) <= _LONGEST_PLACEHOLDER and _PLACEHOLDER.fullmatch(text)):
        return True
    return _SOPS_FILE.search(text) is not None and "ENC[" in text


def _decoded(value: str) -> str:
    """Return a base64 value as text; a placeholder in its place is no base64."""
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return value


def _pairs(body: Mapping[str, Any], field: str) -> Iterator[tuple[str, str]]:
    found = body.get(field)
    for key, value in found.items() if isinstance(found, dict) else ():
        if isinstance(value, str):
            yield key, value


def _generator(view: OverlayView, resource: Resource) -> Location | None:
    """Return the entry of the `secretGenerator` that makes a Secret; None for one that is written out."""
    origin = view.render.origin(resource)
    if origin not in view.render.closure.kustomizations:
        return None
    for kustomization in sources(view).kustomizations:
        entries = kustomization.body.get("secretGenerator") if kustomization.path == origin else None
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            name = dig(entry, "name")
            if isinstance(name, str) and name in resource.id.name:
                field = next((key for key in ("literals", "files", "envs", "env") if dig(entry, key)), "name")
                return locate(kustomization.data, 0, ("secretGenerator", index, field), kustomization.path)
    return None


RULES = (plain_secret,)
