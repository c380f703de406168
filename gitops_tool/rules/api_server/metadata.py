"""Rules on an object's own name, namespace, labels and annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats
from gitops_tool.rules.api_server.formats import Format
from gitops_tool.rules.api_server.objects import (
    RBAC,
    TEMPLATES,
    kind_of,
    part,
    pod_spec,
    pod_template,
)
from gitops_tool.rules.api_server.problems import invalid, required
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_ANNOTATIONS_LIMIT = 256 * 1024
_CRON_JOB_NAME_LENGTH = 52
_LOCAL_GROUPS = frozenset({"kustomize.config.k8s.io"})
_FREE_GROUPS = frozenset({RBAC, "apiregistration.k8s.io", "certificates.k8s.io"})
# The metadata of a PodDisruptionBudget is checked by nobody.
_UNCHECKED = ("policy", "PodDisruptionBudget")
_FREE_KINDS = frozenset({_UNCHECKED, ("networking.k8s.io", "IPAddress")})
_LABEL_KINDS = frozenset({("", "Namespace"), ("", "Service"), ("apps", "StatefulSet")})
_CLUSTER_KINDS = frozenset(
    {
        "APIService",
        "CSIDriver",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)


@rule("missing-name", family=Family.API_SERVER, severity=Severity.ERROR)
def missing_name(resource: Resource) -> Iterator[Problem]:
    """An object has no name.

    Nothing can be applied without a name, not even the LimitRange, which the API server would name itself.
    `generateName` does instead, where the object is created and not applied (Argo CD: hooks).

    Bad:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name:
        data: {}

    Good:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data: {}

    Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, ValidateObjectMetaAccessor
    """
    metadata = resource.body.get("metadata")
    is_list = resource.id.kind.endswith("List") and "items" in resource.body
    if is_list or resource.id.group in _LOCAL_GROUPS or not isinstance(metadata, dict | None):
        return
    if not (metadata or {}).get("name") and not (metadata or {}).get("generateName"):
        found = required(resource, ("metadata", "name"), "name or generateName is required")
        # The API server makes up a name for it; kustomize and `kubectl apply` do not.
        lenient = kind_of(resource) == ("", "LimitRange")
        yield Problem(found.message, resource, found.pointer, severity=Severity.WARNING) if lenient else found


@rule("invalid-name", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_name(resource: Resource) -> Iterator[Problem]:
    """An object's name or namespace has a form that its kind does not allow.

    Most kinds, custom ones too, take a DNS subdomain; a Namespace, a Service and a
    StatefulSet take a DNS label; RBAC takes what can stand in a URL; a CronJob's name ends at
    52 characters, because 11 more are added for each Job. A Service name that begins with a
    digit is a warning: Kubernetes before 1.36 refuses it, and so does a StatefulSet's pod
    hostname with dots in it.

    Bad:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: Payment_Settings
        data: {}

    Good:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: payment-settings
        data: {}

    Source: pkg/apis/core/validation/validation.go, pkg/apis/rbac/validation/validation.go (ValidateRBACName),
    pkg/apis/batch/validation/validation.go (ValidateCronJobCreate)
    """
    metadata = part(resource.body, ("metadata",)) or {}
    name, prefix, namespace = (metadata.get(key) for key in ("name", "generateName", "namespace"))
    check = _name_format(resource)
    if isinstance(name, str) and name:
        if wrong := check(name):
            yield invalid(resource, ("metadata", "name"), name, wrong)
        else:
            yield from _name_limits(resource, name)
    elif isinstance(prefix, str) and prefix and (wrong := check(_masked(prefix))):
        yield invalid(resource, ("metadata", "generateName"), prefix, wrong)
    if isinstance(namespace, str) and namespace and resource.id.kind not in _CLUSTER_KINDS:
        wrong = formats.dns_label(namespace)
        if wrong:
            yield invalid(resource, ("metadata", "namespace"), namespace, wrong)


def _name_format(resource: Resource) -> Format:
    kind = (resource.id.group, resource.id.kind)
    if kind in _LABEL_KINDS:
        return formats.dns_label
    # OpenShift's own API server names users, image tags and OAuth clients more freely.
    free = kind[0] in _FREE_GROUPS or kind in _FREE_KINDS or kind[0].endswith(".openshift.io")
    return formats.path_segment if free else formats.dns_subdomain


def _name_limits(resource: Resource, name: str) -> Iterator[Problem]:
    kind = kind_of(resource)
    pointer = ("metadata", "name")
    if kind == ("batch", "CronJob") and len(name) > _CRON_JOB_NAME_LENGTH:
        yield invalid(resource, pointer, name, f"must be no more than {_CRON_JOB_NAME_LENGTH} characters")
    elif kind == ("batch", "Job") and (wrong := formats.label_value(name)):
        yield invalid(resource, pointer, name, f"becomes a label of its pods: {wrong}")
    elif kind == ("", "Service") and (wrong := formats.dns_1035_label(name)):
        yield invalid(resource, pointer, name, f"{wrong} (before Kubernetes 1.36)", severity=Severity.WARNING)


def _masked(prefix: str) -> str:
    # A prefix may end with a dash, since more follows.
    return f"{prefix[:-2]}a" if len(prefix) > 1 and prefix.endswith("-") else prefix


@rule("invalid-label", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_label(resource: Resource) -> Iterator[Problem]:
    """A label's key or value has a form that the API server refuses.

    A key is `[prefix/]name`, the prefix a DNS subdomain; a value has at most 63 characters, and begins and ends with a
    letter or digit. Checked are the labels of objects and pod templates, `nodeSelector`, and a Service's selector.

    Bad:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          labels:
            app.kubernetes.io/version: 1.4.2+build.7
        data: {}

    Good:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          labels:
            app.kubernetes.io/version: 1.4.2-build.7
        data: {}

    Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go, ValidateLabels
    """
    kind = kind_of(resource)
    if kind != _UNCHECKED:
        yield from labels_problems(resource, ("metadata", "labels"))
    if kind in TEMPLATES:
        yield from labels_problems(resource, (*TEMPLATES[kind], "metadata", "labels"))
    elif kind == ("", "Service"):
        yield from labels_problems(resource, ("spec", "selector"))
    pod = pod_spec(resource)
    if pod:
        yield from labels_problems(resource, (*pod[1], "nodeSelector"))


def labels_problems(resource: Resource, pointer: Pointer) -> Iterator[Problem]:
    """Yield what is wrong with the labels at a pointer."""
    labels = dig(resource.body, *pointer)
    for key, value in labels.items() if isinstance(labels, dict) else ():
        if not isinstance(key, str):
            continue
        if wrong := formats.qualified_name(key):
            yield invalid(resource, (*pointer, key), key, wrong)
        elif isinstance(value, str) and (wrong := formats.label_value(value)):
            yield invalid(resource, (*pointer, key), value, wrong)


@rule("invalid-annotation", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_annotation(resource: Resource) -> Iterator[Problem]:
    """An annotation's key has a form that the API server refuses, or all of them are larger than 256 KiB.

    Bad:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          annotations:
            example.com/owner/team: payments
        data: {}

    Good:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
          annotations:
            example.com/owner-team: payments
        data: {}

    Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, ValidateAnnotations
    """
    if kind_of(resource) != _UNCHECKED:
        yield from _annotations_problems(resource, resource.body.get("metadata"), ("metadata", "annotations"))
    template = pod_template(resource)
    if template:
        yield from _annotations_problems(
            resource, template[0].get("metadata"), (*template[1], "metadata", "annotations")
        )


def _annotations_problems(resource: Resource, metadata: Any, pointer: Pointer) -> Iterator[Problem]:
    annotations = dig(metadata, "annotations")
    if not isinstance(annotations, dict):
        return
    size = 0
    for key, value in annotations.items():
        if isinstance(key, str) and (wrong := formats.annotation_key(key)):
            yield invalid(resource, (*pointer, key), key, wrong)
        size += len(str(key).encode()) + (len(value.encode()) if isinstance(value, str) else 0)
    if size > _ANNOTATIONS_LIMIT:
        yield invalid(resource, pointer, annotations, f"may not be more than {_ANNOTATIONS_LIMIT} bytes")


RULES = (missing_name, invalid_name, invalid_label, invalid_annotation)
