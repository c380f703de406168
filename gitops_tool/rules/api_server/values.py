"""Rules on texts with a syntax: schedules, dates, base64, addresses, hosts and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.api_server import cron, formats
from gitops_tool.rules.api_server.formats import Format
from gitops_tool.rules.api_server.objects import (
    TEMPLATES,
    kind_of,
    part,
)
from gitops_tool.rules.api_server.problems import dotted, existing, invalid
from gitops_tool.rules.api_server.tables import Table, places
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_DATA_LIMIT = 1024 * 1024
_BASE64 = lazy_pattern(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_TIMESTAMP = lazy_pattern(
    r"(\d{4})-(\d\d)-(\d\d)T(?:[01]?\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII
)
_ZONE_PART = lazy_pattern(r"[A-Za-z._0-9+][A-Za-z._0-9+-]{0,13}")


@rule("invalid-schedule", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_schedule(resource: Resource) -> Iterator[Problem]:
    """A CronJob's schedule or time zone cannot be read.

    The schedule has five fields, without seconds; Sunday is 0. A zone is one of the IANA's, its case counts.

    Bad:

        apiVersion: batch/v1
        kind: CronJob
        metadata:
          name: report
        spec:
          schedule: "0 0 3 * * *"
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers:
                    - name: report
                      image: report:1.4

    Good:

        apiVersion: batch/v1
        kind: CronJob
        metadata:
          name: report
        spec:
          schedule: "0 3 * * *"
          timeZone: Asia/Seoul
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers:
                    - name: report
                      image: report:1.4

    Source: pkg/apis/batch/validation/validation.go, validateScheduleFormat and validateTimeZone
    """
    if kind_of(resource) != ("batch", "CronJob"):
        return
    schedule, zone = (dig(resource.body, "spec", field) for field in ("schedule", "timeZone"))
    if isinstance(schedule, str) and schedule and (wrong := cron.refusal(schedule)):
        yield invalid(resource, ("spec", "schedule"), schedule, wrong)
    if not isinstance(zone, str):
        return
    pointer = ("spec", "timeZone")
    if not zone:
        yield invalid(resource, pointer, zone, "timeZone must be nil or non-empty string")
    elif zone.lower() == "local":
        why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        yield invalid(resource, pointer, zone, why)
    elif not all(_ZONE_PART.fullmatch(piece) and piece not in {".", ".."} for piece in zone.split("/")):
        yield invalid(resource, pointer, zone, f"unknown time zone {zone}")
    elif zone not in _FILES_BESIDE_ZONES and zone.removeprefix("posix/").removeprefix("right/") not in _zones():
        yield invalid(resource, pointer, zone, f"unknown time zone {zone}", hint=_zone_meant(zone))


_FILES_BESIDE_ZONES = frozenset({"localtime", "posixrules"})
"""What lies among the zones on many systems, an API server's too."""


@cache
def _zones() -> frozenset[str]:
    """Return the names of all time zones, the old ones too: the system's, and those of the package tzdata."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def _zone_meant(zone: str) -> str | None:
    meant = next((name for name in _zones() if name.casefold() == zone.casefold().replace(" ", "_")), None)
    return f'write "{meant}"' if meant else None


@rule("invalid-timestamp", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_timestamp(resource: Resource) -> Iterator[Problem]:
    """A time in an object's metadata is not in the form of RFC 3339.

    Bad:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          creationTimestamp: "2026-07-01"
        data: {}

    Good:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          creationTimestamp: "2026-07-01T09:00:00Z"
        data: {}

    Source: k8s.io/apimachinery/pkg/apis/meta/v1/time.go, Time.UnmarshalJSON
    """
    ways: list[Pointer] = [("metadata",)]
    kind = kind_of(resource)
    if kind in TEMPLATES:
        ways.append((*TEMPLATES[kind], "metadata"))
    for way in ways:
        metadata = part(resource.body, way) or {}
        for field in ("creationTimestamp", "deletionTimestamp"):
            value = metadata.get(field)
            if isinstance(value, str) and not _is_timestamp(value):
                yield invalid(resource, (*way, field), value, "must be a time by RFC 3339, as 2026-07-01T09:00:00Z")


def _is_timestamp(text: str) -> bool:
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        return False
    from calendar import monthrange

    year, month, day = (int(number) for number in match.groups())
    return 1 <= month <= 12 and 1 <= day <= monthrange(year or 4, month)[1]


_BUNDLES = places(
    {
        **{
            ("admissionregistration.k8s.io", f"{kind}WebhookConfiguration"): ("webhooks.*.clientConfig.caBundle",)
            for kind in ("Mutating", "Validating")
        },
        ("apiextensions.k8s.io", "CustomResourceDefinition"): ("spec.conversion.webhook.clientConfig.caBundle",),
        ("apiregistration.k8s.io", "APIService"): ("spec.caBundle",),
    }
)


@rule("invalid-base64", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_base64(resource: Resource) -> Iterator[Problem]:
    """A value in a Secret's `data` or a ConfigMap's `binaryData`, or a bundle of certificates, is not base64.

    Plain text belongs into `stringData` of a Secret. A Secret that SOPS or the Vault plugin of
    Argo CD fills in before it is applied is left alone. The value is never shown.

    Bad:

        apiVersion: v1
        kind: Secret
        metadata:
          name: database
        data:
          password: change-me

    Good:

        apiVersion: v1
        kind: Secret
        metadata:
          name: database
        stringData:
          password: change-me

    Source: k8s.io/api/core/v1/types.go (Secret.Data is []byte, and so base64 in JSON)
    """
    for value, pointer, _ in _BUNDLES.fields(resource):
        if isinstance(value, str) and not _is_base64(value):
            yield invalid(resource, pointer, value, "illegal base64 data")
    field = {("", "Secret"): "data", ("", "ConfigMap"): "binaryData"}.get(kind_of(resource) or ("", ""))
    if field is None or "sops" in resource.body or _is_templated(resource):
        return
    for key, value in (part(resource.body, (field,)) or {}).items():
        if isinstance(key, str) and isinstance(value, str) and not _is_base64(value):
            message = f"{dotted((field, key))}: illegal base64 data"
            hint = 'put plain text into "stringData"' if field == "data" else 'put text into "data"'
            yield Problem(message, resource, existing(resource, (field, key)), hint)


def _is_templated(resource: Resource) -> bool:
    annotations = part(resource.body, ("metadata", "annotations")) or {}
    return "avp.kubernetes.io/path" in annotations


def _is_base64(text: str) -> bool:
    # Go's decoder skips line breaks; "<path:...>" is a placeholder of argocd-vault-plugin.
    packed = text.replace("\n", "").replace("\r", "")
    return bool(_BASE64.fullmatch(packed)) or text.startswith("<path:")


@rule("data-too-large", family=Family.API_SERVER, severity=Severity.ERROR)
def data_too_large(resource: Resource) -> Iterator[Problem]:
    """The values of a ConfigMap or Secret are larger than 1 MiB together.

    Bad:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: movie
        data:
          film.txt: <1048577 bytes>

    Good:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: movie
        data:
          url: https://example.com/film.txt

    Source: pkg/apis/core/validation/validation.go, ValidateConfigMap and ValidateSecret (MaxSecretSize)
    """
    kind = kind_of(resource)
    if kind not in {("", "ConfigMap"), ("", "Secret")}:
        return
    encoded = "binaryData" if kind == ("", "ConfigMap") else "data"
    size = 0
    for field in ("data", "binaryData") if kind == ("", "ConfigMap") else ("data", "stringData"):
        for value in (part(resource.body, (field,)) or {}).values():
            size += _size(value, encoded=field == encoded) if isinstance(value, str) else 0
    if size > _DATA_LIMIT:
        message = f"data: too long: may not be more than {_DATA_LIMIT} bytes, is {size}"
        yield Problem(message, resource, existing(resource, ("data",)))


def _size(text: str, *, encoded: bool) -> int:
    if not encoded:
        return len(text.encode())
    packed = text.replace("\n", "").replace("\r", "")
    return len(packed) * 3 // 4 - packed.count("=")


_ITEMS = ("configMap", "downwardAPI", "secret")
_SOURCES = tuple(f"projected.sources.*.{source}" for source in _ITEMS)
_PATHS: Table[Format] = Table(
    {("", "PersistentVolume"): {"spec.hostPath.path": formats.no_backsteps, "spec.nfs.path": formats.absolute_path}},
    pod={
        "volumes.*.nfs.path": formats.absolute_path,
        "volumes.*.hostPath.path": formats.no_backsteps,
        **{f"volumes.*.{source}.items.*.path": formats.relative_path for source in (*_ITEMS, *_SOURCES)},
    },
    container={
        "volumeDevices.*.devicePath": formats.no_backsteps,
        "volumeMounts.*.subPath": formats.relative_path,
        "volumeMounts.*.subPathExpr": formats.relative_path,
    },
)


@rule("volume-path", family=Family.API_SERVER, severity=Severity.ERROR)
def volume_path(resource: Resource) -> Iterator[Problem]:
    """A path inside a volume is absolute, or climbs out of it with `..`; or one on a server is not absolute.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          volumes:
            - name: data
              emptyDir: {}
          containers:
            - name: web
              image: nginx:1.29
              volumeMounts:
                - name: data
                  mountPath: /data
                  subPath: /web

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          volumes:
            - name: data
              emptyDir: {}
          containers:
            - name: web
              image: nginx:1.29
              volumeMounts:
                - name: data
                  mountPath: /data
                  subPath: web

    Source: pkg/apis/core/validation/validation.go, validateLocalDescendingPath and validatePathNoBacksteps
    """
    for value, pointer, check in _PATHS.fields(resource):
        if isinstance(value, str) and (wrong := check(value)):
            yield invalid(resource, pointer, value, wrong)


RULES = (invalid_schedule, invalid_timestamp, invalid_base64, data_too_large, volume_path)
