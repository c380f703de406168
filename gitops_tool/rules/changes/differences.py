"""Whether two values are different for an API server, which fills in what is not written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops_tool.rules.api_server.quantity import milli
from gitops_tool.rules.base import dig

if TYPE_CHECKING:
    from gitops_tool.rules.base import Pointer

DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "apiVersion": ("v1",),
    "attachRequired": (True,),
    "completionMode": ("NonIndexed",),
    "defaultMode": (420,),
    "dnsPolicy": ("ClusterFirst",),
    "enableServiceLinks": (True,),
    "failureThreshold": (3,),
    "fsType": ("ext4",),
    "imagePullPolicy": ("Always", "IfNotPresent"),
    "kind": ("PersistentVolumeClaim", "Role"),
    "managedBy": ("kubernetes.io/job-controller",),
    "parallelism": (1,),
    "periodSeconds": (10,),
    "podManagementPolicy": ("OrderedReady",),
    "preemptionPolicy": ("PreemptLowerPriority",),
    "protocol": ("TCP",),
    "reclaimPolicy": ("Delete",),
    "restartPolicy": ("Always",),
    "schedulerName": ("default-scheduler",),
    "scheme": ("HTTP",),
    "successThreshold": (1,),
    "terminationGracePeriodSeconds": (30,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "timeoutSeconds": (1,),
    "type": ("Opaque",),
    "volumeLifecycleModes": (["Persistent"],),
    "volumeBindingMode": ("Immediate",),
    "volumeMode": ("Filesystem",),
}
"""What an API server writes into a field that is not there (pkg/apis/*/v1/defaults.go).

The field's name is enough here: where another field has the same name, a difference is missed, and none is made up.
"""

_POINTERS = frozenset(
    {
        "allowPrivilegeEscalation",
        "attachRequired",
        "automountServiceAccountToken",
        "backoffLimitPerIndex",
        "fsGroup",
        "privileged",
        "readOnlyRootFilesystem",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "shareProcessNamespace",
    }
)
"""Fields where 0 and false say something else than nothing at all."""

_AMOUNTS = frozenset({"capacity", "limits", "requests"})
_MISSING = object()


def changes_of(field: Pointer, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Pointer]:
    """Yield where a field of two objects differs for an API server, the innermost places."""
    yield from _members(dig(before, *field), dig(after, *field), field)


def differences(before: Any, after: Any, pointer: Pointer = ()) -> Iterator[Pointer]:
    """Yield where two values differ for an API server, the innermost places, below a pointer to the values."""
    before = {} if before is None and isinstance(after, Mapping) else before
    after = {} if after is None and isinstance(before, Mapping) else after
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*after, *before]):
            yield from _members(before.get(key, _MISSING), after.get(key, _MISSING), (*pointer, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, (*pointer, index))
    elif not _same(before, after, pointer):
        yield pointer


def _members(before: Any, after: Any, pointer: Pointer) -> Iterator[Pointer]:
    key = pointer[-1]
    for one, other in ((before, after), (after, before)):
        if _is_nothing(one, key) and (_is_nothing(other, key) or _is_default(other, key)):
            return
    yield from differences(None if before is _MISSING else before, None if after is _MISSING else after, pointer)


def _is_nothing(value: Any, key: str | int) -> bool:
    """Whether a value is what Go takes for "not there"."""
    if value is _MISSING or value is None or (isinstance(value, (str, Mapping, Sequence)) and not value):
        return True
    return value in (0, False) and key not in _POINTERS and not isinstance(value, (Mapping, Sequence))


def _is_default(value: Any, key: str | int) -> bool:
    return isinstance(key, str) and value in DEFAULTS.get(key, ())


def _same(before: Any, after: Any, pointer: Pointer) -> bool:
    if before == after and isinstance(before, bool) == isinstance(after, bool):
        return True
    if len(pointer) > 1 and _AMOUNTS & {pointer[-1], pointer[-2]}:
        amount = milli(before)
        return amount is not None and amount == milli(after)
    return False
