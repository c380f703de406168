"""Which fields of which kinds an API server lets nobody change.

From the functions `Validate...Update` in pkg/apis/*/validation/validation.go of Kubernetes 1.25 to 1.36 and in
k8s.io/apiextensions-apiserver. Where a change is undone without a word, as in a CertificateSigningRequest, a
sync does not fail; such kinds are not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.records import record
from gitops_tool.rules.api_server.quantity import milli
from gitops_tool.rules.base import dig
from gitops_tool.rules.changes.differences import changes_of

if TYPE_CHECKING:
    from gitops_tool.rules.base import Pointer

Body = Mapping[str, Any]
Kind = tuple[str, str]
"""An API group, and a kind in it."""


@record
class Refused:
    """A change that is refused: the immutable field, the value in it that differs, and why."""

    field: Pointer
    value: Pointer
    why: str = "field is immutable"
    severity: Severity | None = None
    hint: str | None = None


@record
class _Strategy:
    """How a workload replaces pods: the field, the strategy that does not roll, and those that are filled in."""

    field: str
    other: str
    filled: tuple[str | None, ...]


_STRATEGIES: Mapping[Kind, _Strategy] = {
    ("apps", "Deployment"): _Strategy("strategy", "Recreate", (None, "RollingUpdate")),
    ("apps", "StatefulSet"): _Strategy("updateStrategy", "OnDelete", (None,)),
}

SELECTORS = frozenset(
    {
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("batch", "Job"),
    }
)
"""Workloads that keep the `spec.selector` they were made with."""

_FIELDS: Mapping[Kind, tuple[Pointer, ...]] = {
    ("", "Secret"): (("type",),),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (("spec", "scope"), ("spec", "names", "kind")),
    ("apps", "ControllerRevision"): (("data",),),
    ("certificates.k8s.io", "ClusterTrustBundle"): (("spec", "signerName"),),
    ("discovery.k8s.io", "EndpointSlice"): (("addressType",),),
    ("networking.k8s.io", "IPAddress"): (("spec", "parentRef"),),
    ("networking.k8s.io", "IngressClass"): (("spec", "controller"),),
    ("node.k8s.io", "RuntimeClass"): (("handler",),),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io", "RoleBinding"): (("roleRef",),),
    ("resource.k8s.io", "ResourceClaim"): (("spec",),),
    ("resource.k8s.io", "ResourceClaimTemplate"): (("spec",),),
    ("scheduling.k8s.io", "PriorityClass"): (("value",), ("preemptionPolicy",)),
    ("storage.k8s.io", "CSIDriver"): (("spec", "attachRequired"), ("spec", "volumeLifecycleModes")),
    ("storage.k8s.io", "StorageClass"): (("parameters",), ("provisioner",), ("reclaimPolicy",), ("volumeBindingMode",)),
    ("storage.k8s.io", "VolumeAttachment"): (("spec",),),
    ("storage.k8s.io", "VolumeAttributesClass"): (("driverName",), ("parameters",)),
}

_MUTABLE_IN_STATEFUL_SETS = frozenset(
    {
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "selector",  # has a rule of its own
        "template",
        "updateStrategy",
    }
)
_IMMUTABLE_IN_JOBS = ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")
_OF_SUSPENDED_JOBS: tuple[Pointer, ...] = (
    ("metadata", "annotations"),
    ("metadata", "labels"),
    ("spec", "affinity", "nodeAffinity"),
    ("spec", "nodeSelector"),
    ("spec", "schedulingGates"),
    ("spec", "tolerations"),
)
_MUTABLE_IN_CLAIMS = frozenset({"resources", "volumeAttributesClassName"})
_GIVEN_TO_CLAIMS = frozenset({"storageClassName", "volumeName"})
"""Fields of a claim that the cluster fills in: to write them down afterwards is no change."""
_DATA_SOURCES = frozenset({"dataSource", "dataSourceRef"})
"""Fields of a claim that the cluster fills in from each other."""
_MUTABLE_IN_VOLUMES = frozenset(
    {
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
    }
)
_MUTABLE_IN_PODS = frozenset({"activeDeadlineSeconds", "nodeName", "schedulingGates", "tolerations"})


def refused(kind: Kind, before: Body, after: Body, minor: int, *, server_side: bool) -> Iterator[Refused]:
    """Yield the changes of an object that an API server refuses, but for those of a workload's selector.

    Args:
        kind: the object's.
        before: the object as it is in the cluster.
        after: what is to become of it.
        minor: the API server's version, the number behind "1.".
        server_side: whether it is sent with server-side apply.
    """
    for field in _FIELDS.get(kind, ()):
        yield from _different(before, after, field)
    special = _SPECIAL.get(kind)
    if special is not None:
        yield from special(before, after)
    if kind == ("apps", "StatefulSet") and minor < 33:
        yield from _different(before, after, ("spec", "revisionHistoryLimit"))
    strategy = _STRATEGIES.get(kind)
    if strategy is not None and (server_side or kind != ("apps", "Deployment")):
        yield from _left_over(before, after, strategy, server_side=server_side)


def _left_over(before: Body, after: Body, strategy: _Strategy, *, server_side: bool) -> Iterator[Refused]:
    """Yield a change of strategy that leaves behind what the API server had filled in for the old one.

    Client-side apply clears it in a Deployment (`retainKeys` in k8s.io/api/apps/v1/types.go), and where null is
    written; server-side apply removes only what was applied before.
    """
    field: Pointer = ("spec", strategy.field)
    one, other = (value if isinstance(value, dict) else {} for value in (dig(before, *field), dig(after, *field)))
    rolled = one.get("type") in strategy.filled and not one.get("rollingUpdate")
    cleared = "rollingUpdate" in other and not server_side
    if rolled and other.get("type") == strategy.other and not cleared:
        why = f'rollingUpdate, which the API server filled in, stays and may not stand beside "{strategy.other}"'
        hint = "first apply it with its rollingUpdate written down" if server_side else "write `rollingUpdate: null`"
        yield Refused(field, (*field, "type"), why, hint=hint)


def _different(before: Body, after: Body, field: Pointer, why: str = "field is immutable") -> Iterator[Refused]:
    """Yield the first difference in one field."""
    found = next(changes_of(field, before, after), None)
    if found is not None:
        yield Refused(field, found, why)


def _fields_but(
    before: Body, after: Body, mutable: frozenset[str], why: str = "field is immutable"
) -> Iterator[Refused]:
    """Yield the first difference in each field of `spec` that is not among the mutable ones."""
    keys = dict.fromkeys(key for body in (after, before) for key in _spec(body) if key not in mutable)
    for key in keys:
        yield from _different(before, after, ("spec", key))


def _spec(body: Body) -> Mapping[str, Any]:
    found = body.get("spec")
    return found if isinstance(found, dict) else {}


def _stateful_set(before: Body, after: Body) -> Iterator[Refused]:
    yield from _fields_but(before, after, _MUTABLE_IN_STATEFUL_SETS)


def _job(before: Body, after: Body) -> Iterator[Refused]:
    for key in _IMMUTABLE_IN_JOBS:
        yield from _different(before, after, ("spec", key))
    one, other = _completions(before), _completions(after)
    if one != other and ("completions" in _spec(before) or "completions" in _spec(after)):
        indexed = dig(after, "spec", "completionMode") == "Indexed"
        if not indexed:
            yield Refused(("spec", "completions"), ("spec", "completions"))
        elif other is not None and other != (_spec(after).get("parallelism") or 1):
            why = "can only be modified in tandem with spec.parallelism"
            yield Refused(("spec", "completions"), ("spec", "completions"), why)
    template: Pointer = ("spec", "template")
    found = changes_of(template, before, after)
    if _spec(before).get("suspend") is True:
        found = (value for value in found if not _may_change_while_suspended(value[2:]))
    value = next(iter(found), None)
    if value is not None:
        # A finished Job that is gone by then is made anew.
        kept = _spec(before).get("ttlSecondsAfterFinished") is None
        yield Refused(template, value, severity=None if kept else Severity.WARNING)


def _completions(body: Body) -> Any:
    spec = _spec(body)
    found = spec.get("completions")
    return 1 if found is None and spec.get("parallelism") is None else found


def _may_change_while_suspended(pointer: Pointer) -> bool:
    if any(pointer[: len(start)] == start for start in _OF_SUSPENDED_JOBS):
        return True
    return len(pointer) > 3 and pointer[1] in {"containers", "initContainers"} and pointer[3] == "resources"


def _claim(before: Body, after: Body) -> Iterator[Refused]:
    given = frozenset(key for key in _GIVEN_TO_CLAIMS if _spec(before).get(key) is None)
    if any(_spec(before).get(key) is not None for key in _DATA_SOURCES):
        given |= frozenset(
            key for key in _DATA_SOURCES if _spec(before).get(key) is None or _spec(after).get(key) is None
        )
    yield from _fields_but(before, after, _MUTABLE_IN_CLAIMS | given)
    yield from _different(before, after, ("spec", "resources", "limits"))
    size: Pointer = ("spec", "resources", "requests", "storage")
    one, other = milli(dig(before, *size)), milli(dig(after, *size))
    if one is not None and other is not None and other < one:
        yield Refused(size, size, "field can not be less than previous value")


def _volume(before: Body, after: Body) -> Iterator[Refused]:
    mutable = _MUTABLE_IN_VOLUMES
    if _spec(before).get("nodeAffinity") is None:
        mutable |= {"nodeAffinity"}
    yield from _fields_but(before, after, mutable)


def _pod(before: Body, after: Body) -> Iterator[Refused]:
    why = "pod updates may not change it"
    for key in dict.fromkeys([*_spec(after), *_spec(before)]):
        if key in _MUTABLE_IN_PODS:
            continue
        field: Pointer = ("spec", key)
        for value in changes_of(field, before, after):
            is_image = key in {"containers", "initContainers"} and value[3:] == ("image",)
            if not is_image:
                yield Refused(field, value, why)
                break


def _service(before: Body, after: Body) -> Iterator[Refused]:
    """Compare what an API server allots once: addresses, their families, the class of a load balancer."""
    types = [_spec(body).get("type") or "ClusterIP" for body in (before, after)]
    if "ExternalName" in types:
        return
    field: Pointer = ("spec", "clusterIP")
    one, other = dig(before, *field) or "", dig(after, *field) or ""
    if one != other and ("None" in (one, other) or (one and other)):
        # Where the field goes away, the API server puts back what it has.
        why = "may not change once set" if other else "stays as it is in the cluster though it is not written any more"
        yield Refused(field, field, why, None if other else Severity.WARNING)
    if one != "None" and other != "None":
        families = [dig(body, "spec", "ipFamilies", 0) for body in (before, after)]
        if None not in families and families[0] != families[1]:
            yield Refused(("spec", "ipFamilies"), ("spec", "ipFamilies", 0), "may not change once set")
    if types == ["LoadBalancer", "LoadBalancer"]:
        yield from _different(before, after, ("spec", "loadBalancerClass"), "may not change once set")
        ports = [dig(body, "spec", "healthCheckNodePort") for body in (before, after)]
        if all(ports) and ports[0] != ports[1]:
            yield Refused(("spec", "healthCheckNodePort"), ("spec", "healthCheckNodePort"))


def _quota(before: Body, after: Body) -> Iterator[Refused]:
    one, other = (dig(body, "spec", "scopes") or [] for body in (before, after))
    if isinstance(one, list) and isinstance(other, list) and {*map(str, one)} != {*map(str, other)}:
        yield Refused(("spec", "scopes"), ("spec", "scopes"))


def _data(before: Body, after: Body) -> Iterator[Refused]:
    """Compare a ConfigMap or Secret that says of itself that it never changes."""
    if before.get("immutable") is True:
        for key in ("immutable", "data", "binaryData", "stringData"):
            yield from _different(before, after, (key,), "field is immutable when `immutable` is set")


_SPECIAL: Mapping[Kind, Callable[[Body, Body], Iterator[Refused]]] = {
    ("", "ConfigMap"): _data,
    ("", "PersistentVolume"): _volume,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "ResourceQuota"): _quota,
    ("", "Secret"): _data,
    ("", "Service"): _service,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
}
