"""Rules on fields of a pod that go with others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import containers, members, part, parts, pod_spec
from gitops_tool.rules.api_server.problems import forbidden, invalid, required
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.api_server.objects import Part

_NAMESERVERS, _SEARCHES = 3, 32


@rule("pod-dns", family=Family.API_SERVER, severity=Severity.ERROR)
def pod_dns(resource: Resource) -> Iterator[Problem]:
    """A pod with the DNS policy `None` names no server, or a pod names more than 3 servers or 32 search domains.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          dnsPolicy: None
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          dnsPolicy: None
          dnsConfig:
            nameservers:
              - 10.0.0.10
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, validatePodDNSConfig
    """
    pod = pod_spec(resource)
    if pod is None:
        return
    spec, pointer = pod
    servers, searches = (dig(spec, "dnsConfig", field) for field in ("nameservers", "searches"))
    if spec.get("dnsPolicy") == "None" and not servers:
        yield required(resource, (*pointer, "dnsConfig"), "must provide `dnsConfig` when `dnsPolicy` is None")
    for field, found, most in (("nameservers", servers, _NAMESERVERS), ("searches", searches, _SEARCHES)):
        if isinstance(found, list) and len(found) > most:
            why = f"must not have more than {most} {'nameservers' if most == _NAMESERVERS else 'search paths'}"
            yield invalid(resource, (*pointer, "dnsConfig", field), found, why)


@rule("security-profile", family=Family.API_SERVER, severity=Severity.ERROR)
def security_profile(resource: Resource) -> Iterator[Problem]:
    """A seccomp or AppArmor profile on the node is not named, or named beside another type.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          securityContext:
            seccompProfile:
              type: Localhost
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          securityContext:
            seccompProfile:
              type: Localhost
              localhostProfile: profiles/web.json
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, validateSeccompProfile and validateAppArmorProfile
    """
    for holder, pointer in _pod_and_containers(resource):
        for field in ("seccompProfile", "appArmorProfile"):
            profile = part(holder, ("securityContext", field))
            if profile is None:
                continue
            place = (*pointer, "securityContext", field, "localhostProfile")
            local, named = profile.get("type") == "Localhost", profile.get("localhostProfile")
            if local and not named:
                yield required(resource, place, "must be set when the type is Localhost")
            elif named and profile.get("type") in ("RuntimeDefault", "Unconfined"):
                yield invalid(resource, place, named, "can only be set when the type is Localhost")


def _pod_and_containers(resource: Resource) -> Iterator[Part]:
    pod = pod_spec(resource)
    if pod is not None:
        yield pod
        yield from containers(resource)


@rule("mount-option", family=Family.API_SERVER, severity=Severity.ERROR)
def mount_option(resource: Resource) -> Iterator[Problem]:
    """A mount propagates to the node from a container without privileges, or is read-only in depth and not at all.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              volumeMounts:
                - name: cache
                  mountPath: /cache
                  mountPropagation: Bidirectional
          volumes:
            - name: cache
              emptyDir: {}

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              volumeMounts:
                - name: cache
                  mountPath: /cache
                  mountPropagation: HostToContainer
          volumes:
            - name: cache
              emptyDir: {}

    Source: pkg/apis/core/validation/validation.go, validateMountPropagation and validateMountRecursiveReadOnly
    """
    for container, pointer in containers(resource):
        privileged = dig(container, "securityContext", "privileged") is True
        for index, mount in parts(container.get("volumeMounts")):
            place = (*pointer, "volumeMounts", index)
            if mount.get("mountPropagation") == "Bidirectional" and not privileged:
                why = "Bidirectional mount propagation is available only to privileged containers"
                yield forbidden(resource, (*place, "mountPropagation"), why)
            if mount.get("recursiveReadOnly") in ("Enabled", "IfPossible") and mount.get("readOnly") is not True:
                why = "may only be specified when readOnly is true"
                yield forbidden(resource, (*place, "recursiveReadOnly"), why)


_PROJECTED = ("clusterTrustBundle", "configMap", "downwardAPI", "podCertificate", "secret", "serviceAccountToken")
_DOWNWARD = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")


@rule("projected-item", family=Family.API_SERVER, severity=Severity.ERROR)
def projected_item(resource: Resource) -> Iterator[Problem]:
    """A projected source has several origins, or a file of the downward API has not exactly one, or an unknown field.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
          volumes:
            - name: about
              downwardAPI:
                items:
                  - path: phase
                    fieldRef:
                      fieldPath: status.phase

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
          volumes:
            - name: about
              downwardAPI:
                items:
                  - path: labels
                    fieldRef:
                      fieldPath: metadata.labels

    Source: pkg/apis/core/validation/validation.go, validateProjectionSources and validateDownwardAPIVolumeFile
    """
    pod = pod_spec(resource)
    for index, volume in parts(pod[0].get("volumes")) if pod else ():
        place = (*pod[1], "volumes", index) if pod else ()
        yield from _downward_problems(resource, (volume, place))
        for number, source in parts(dig(volume, "projected", "sources")):
            inner = (*place, "projected", "sources", number)
            for name in members(source, _PROJECTED)[1:]:
                yield forbidden(resource, (*inner, name), "may not specify more than 1 volume type per source")
            yield from _downward_problems(resource, (source, inner))


def _downward_problems(resource: Resource, holder: Part) -> Iterator[Problem]:
    body, pointer = holder
    for index, item in parts(dig(body, "downwardAPI", "items")):
        place = (*pointer, "downwardAPI", "items", index)
        chosen = members(item, ("fieldRef", "resourceFieldRef"))
        if len(chosen) != 1:
            why = "fieldRef and resourceFieldRef can not be specified simultaneously" if chosen else ""
            yield required(resource, place, why or "one of fieldRef and resourceFieldRef is required")
        path = dig(item, "fieldRef", "fieldPath")
        if isinstance(path, str) and path and not _is_downward(path):
            yield invalid(resource, (*place, "fieldRef", "fieldPath"), path, f"known are: {', '.join(_DOWNWARD)}")
        if chosen == ["resourceFieldRef"] and not dig(item, "resourceFieldRef", "containerName"):
            yield required(resource, (*place, "resourceFieldRef", "containerName"))


def _is_downward(path: str) -> bool:
    return path in _DOWNWARD or path.startswith(("metadata.annotations['", "metadata.labels['"))


@rule("grace-period", family=Family.API_SERVER, severity=Severity.ERROR)
def grace_period(resource: Resource) -> Iterator[Problem]:
    """A container sleeps longer before it stops than its pod waits, or a readiness probe sets a grace period.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          terminationGracePeriodSeconds: 30
          containers:
            - name: web
              image: nginx:1.29
              lifecycle:
                preStop:
                  sleep:
                    seconds: 60

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          terminationGracePeriodSeconds: 90
          containers:
            - name: web
              image: nginx:1.29
              lifecycle:
                preStop:
                  sleep:
                    seconds: 60

    Source: pkg/apis/core/validation/validation.go, validateSleepAction and validateReadinessProbe
    """
    pod = pod_spec(resource)
    period = pod[0].get("terminationGracePeriodSeconds") if pod else None
    longest = period if type(period) is int else 30
    for container, pointer in containers(resource):
        for hook in ("postStart", "preStop"):
            seconds = dig(container, "lifecycle", hook, "sleep", "seconds")
            if type(seconds) is int and not 0 <= seconds <= longest:
                why = f"must be non-negative and less than terminationGracePeriodSeconds ({longest})"
                yield invalid(resource, (*pointer, "lifecycle", hook, "sleep", "seconds"), seconds, why)
        seconds = dig(container, "readinessProbe", "terminationGracePeriodSeconds")
        if seconds is not None:
            place = (*pointer, "readinessProbe", "terminationGracePeriodSeconds")
            yield invalid(resource, place, seconds, "must not be set for readinessProbes")


@rule("pod-claim", family=Family.API_SERVER, severity=Severity.ERROR)
def pod_claim(resource: Resource) -> Iterator[Problem]:
    """A pod's resource claim names neither a claim nor a template, or both.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          resourceClaims:
            - name: gpu
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          resourceClaims:
            - name: gpu
              resourceClaimTemplateName: gpu
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, validatePodResourceClaim
    """
    pod = pod_spec(resource)
    for index, claim in parts(pod[0].get("resourceClaims")) if pod else ():
        place = (*pod[1], "resourceClaims", index) if pod else ()
        names = ("resourceClaimName", "resourceClaimTemplateName", "podGroupResourceClaim")
        chosen = members(claim, (*names, "source"))
        if not chosen:
            yield required(resource, place, f"must specify one of: {', '.join(names[:2])}")
        for name in chosen[1:]:
            yield forbidden(resource, (*place, name), f"at most one of {', '.join(names[:2])} may be specified")


RULES = (pod_dns, security_profile, mount_option, projected_item, grace_period, pod_claim)
