"""Kubernetes APIs that are deprecated or removed, and what replaces them.

The versions are those of `APILifecycleDeprecated` and `APILifecycleRemoved` in k8s.io/api v0.37.0
(zz_generated.prerelease-lifecycle.go of each group). What is older or not in that module is from
https://kubernetes.io/docs/reference/using-api/deprecation-guide/.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.records import record
from gitops_tool.rules.base import Family, Problem, Scope, rule

if TYPE_CHECKING:
    from gitops_tool.rules.base import OverlayView, Rule


@record
class Deprecation:
    """When an API was deprecated and is removed, as minor versions of Kubernetes 1; `removed` is None if it stays."""

    deprecated: int
    removed: int | None
    replacement: str


_POD_SECURITY = 'the Namespace\'s labels "pod-security.kubernetes.io/enforce" (Pod Security Admission)'
_RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_DEVICES = ("DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice")
_FLOW = ("FlowSchema", "PriorityLevelConfiguration")
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_VALIDATING_POLICIES = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_MUTATING_POLICIES = ("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding")

_TABLE: tuple[tuple[str, tuple[str, ...], int, int | None, str], ...] = (
    ("admissionregistration.k8s.io/v1alpha1", _VALIDATING_POLICIES, 29, 32, "admissionregistration.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1alpha1", _MUTATING_POLICIES, 35, 38, "admissionregistration.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1beta1", _WEBHOOKS, 16, 22, "admissionregistration.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1beta1", _VALIDATING_POLICIES, 31, 34, "admissionregistration.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1beta1", _MUTATING_POLICIES, 37, 40, "admissionregistration.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", ("CustomResourceDefinition",), 16, 22, "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", ("APIService",), 19, 22, "apiregistration.k8s.io/v1"),
    ("apps/v1beta1", ("ControllerRevision", "Deployment", "StatefulSet"), 8, 16, "apps/v1"),
    ("apps/v1beta2", ("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"), 9, 16, "apps/v1"),
    ("auditregistration.k8s.io/v1alpha1", ("AuditSink",), 19, 19, "the API server's own audit webhook"),
    ("autoscaling/v2beta1", ("HorizontalPodAutoscaler",), 22, 25, "autoscaling/v2"),
    ("autoscaling/v2beta2", ("HorizontalPodAutoscaler",), 23, 26, "autoscaling/v2"),
    ("batch/v1beta1", ("CronJob",), 21, 25, "batch/v1"),
    ("batch/v2alpha1", ("CronJob",), 8, 21, "batch/v1"),
    ("certificates.k8s.io/v1alpha1", ("PodCertificateRequest",), 35, 35, "certificates.k8s.io/v1"),
    ("certificates.k8s.io/v1alpha1", ("ClusterTrustBundle",), 34, 37, "certificates.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", ("CertificateSigningRequest",), 19, 22, "certificates.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", ("ClusterTrustBundle", "PodCertificateRequest"), 37, 40, "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", ("Lease",), 19, 22, "coordination.k8s.io/v1"),
    ("coordination.k8s.io/v1alpha1", ("LeaseCandidate",), 32, 32, "coordination.k8s.io/v1beta1"),
    ("discovery.k8s.io/v1beta1", ("EndpointSlice",), 21, 25, "discovery.k8s.io/v1"),
    ("events.k8s.io/v1beta1", ("Event",), 22, 25, "events.k8s.io/v1"),
    ("extensions/v1beta1", ("DaemonSet", "Deployment", "ReplicaSet"), 8, 16, "apps/v1"),
    ("extensions/v1beta1", ("Ingress",), 14, 22, "networking.k8s.io/v1"),
    ("extensions/v1beta1", ("NetworkPolicy",), 9, 16, "networking.k8s.io/v1"),
    ("extensions/v1beta1", ("PodSecurityPolicy",), 10, 16, _POD_SECURITY),
    ("flowcontrol.apiserver.k8s.io/v1beta1", _FLOW, 23, 26, "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", _FLOW, 26, 29, "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", _FLOW, 29, 32, "flowcontrol.apiserver.k8s.io/v1"),
    ("networking.k8s.io/v1alpha1", ("IPAddress", "ServiceCIDR"), 31, 31, "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", ("Ingress", "IngressClass"), 19, 22, "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", ("IPAddress", "ServiceCIDR"), 34, 37, "networking.k8s.io/v1"),
    ("node.k8s.io/v1beta1", ("RuntimeClass",), 22, 25, "node.k8s.io/v1"),
    ("policy/v1beta1", ("PodDisruptionBudget",), 21, 25, "policy/v1"),
    ("policy/v1beta1", ("PodSecurityPolicy",), 21, 25, _POD_SECURITY),
    ("rbac.authorization.k8s.io/v1beta1", _RBAC, 17, 22, "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1alpha1", _RBAC, 17, 22, "rbac.authorization.k8s.io/v1"),
    ("resource.k8s.io/v1alpha1", ("ResourceClaim", "ResourceClaimTemplate"), 27, 27, "resource.k8s.io/v1"),
    ("resource.k8s.io/v1alpha1", ("ResourceClass",), 27, 27, "resource.k8s.io/v1 DeviceClass"),
    (
        "resource.k8s.io/v1alpha2",
        ("ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"),
        31,
        31,
        "resource.k8s.io/v1",
    ),
    ("resource.k8s.io/v1alpha2", ("ResourceClass",), 31, 31, "resource.k8s.io/v1 DeviceClass"),
    ("resource.k8s.io/v1alpha3", _DEVICES, 34, 34, "resource.k8s.io/v1"),
    ("resource.k8s.io/v1beta1", _DEVICES, 35, 38, "resource.k8s.io/v1"),
    ("resource.k8s.io/v1beta2", _DEVICES, 36, 39, "resource.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", ("PriorityClass",), 14, 22, "scheduling.k8s.io/v1"),
    ("scheduling.k8s.io/v1alpha1", ("PriorityClass",), 14, 22, "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1alpha1", ("VolumeAttributesClass",), 32, 35, "storage.k8s.io/v1"),
    ("settings.k8s.io/v1alpha1", ("PodPreset",), 20, 20, "a mutating admission policy or webhook"),
    ("storage.k8s.io/v1alpha1", ("CSIStorageCapacity", "VolumeAttachment"), 21, 24, "storage.k8s.io/v1"),
    ("storagemigration.k8s.io/v1alpha1", ("StorageVersionMigration",), 35, 35, "storagemigration.k8s.io/v1beta1"),
    ("storage.k8s.io/v1beta1", ("CSIDriver", "StorageClass", "VolumeAttachment"), 19, 22, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", ("CSINode",), 17, 22, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", ("CSIStorageCapacity",), 24, 27, "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", ("VolumeAttributesClass",), 34, 37, "storage.k8s.io/v1"),
    ("storagemigration.k8s.io/v1beta1", ("StorageVersionMigration",), 37, 40, "storagemigration.k8s.io/v1"),
    ("v1", ("Endpoints",), 33, None, "discovery.k8s.io/v1 EndpointSlice"),
)
"""API version, kinds, when it was deprecated, when it is removed, and what replaces it."""


@rule("deprecated-api", family=Family.API_SERVER, severity=Severity.WARNING, scope=Scope.SOURCES)
def deprecated_api(view: OverlayView) -> Iterator[Problem]:
    """An object is of an API that is deprecated at the target Kubernetes version.

    It still works, and an upgrade of the cluster will end that. What is removed already is an error of
    `schema-missing`.

    Bad:

        apiVersion: resource.k8s.io/v1beta2
        kind: ResourceClaimTemplate
        metadata:
          name: gpu
        spec:
          spec:
            devices:
              requests:
                - name: gpu
                  exactly:
                    deviceClassName: gpu.example.com

    Good:

        apiVersion: resource.k8s.io/v1
        kind: ResourceClaimTemplate
        metadata:
          name: gpu
        spec:
          spec:
            devices:
              requests:
                - name: gpu
                  exactly:
                    deviceClassName: gpu.example.com

    Source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
    """
    minor = target_minor(view)
    for resource in view.render.resources:
        name = f"{resource.id.api_version} {resource.id.kind}"
        found = _deprecations().get(name)
        if found is None or found.deprecated > minor or (found.removed or minor + 1) <= minor:
            continue
        end = f" and removes it in 1.{found.removed}" if found.removed else ""
        message = f"Kubernetes deprecated {name} in 1.{found.deprecated}{end}"
        yield Problem(message, resource, ("apiVersion",), f"use {found.replacement}")


def replacement(api_version: str, kind: str) -> str | None:
    """Return what to use instead of a deprecated or removed API; None if it is neither."""
    found = _deprecations().get(f"{api_version} {kind}")
    return found.replacement if found else None


@cache
def _deprecations() -> dict[str, Deprecation]:
    return {
        f"{api_version} {kind}": Deprecation(deprecated, removed, instead)
        for api_version, kinds, deprecated, removed, instead in _TABLE
        for kind in kinds
    }


def target_minor(view: OverlayView) -> int:
    """Return the minor version of the cluster that an overlay goes to; the newest known if nothing says so."""
    environment = view.settings.environment(view.overlay.environment)
    version = (environment and environment.kubernetes_version) or view.settings.kubernetes_version
    if version is None:
        from gitops_tool.schemas.catalogue import newest_version

        version = newest_version()
    return int(version.removeprefix("v").split(".")[1])


RULES: tuple[Rule, ...] = (deprecated_api,)
