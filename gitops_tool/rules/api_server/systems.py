"""Rules on the operating system that a pod says it is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.api_server.formats import dns_subdomain
from gitops_tool.rules.api_server.objects import containers, part, pod_spec
from gitops_tool.rules.api_server.problems import forbidden, invalid
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.api_server.objects import Part

_LINUX_PODS = ("hostIPC", "hostPID", "hostUsers", "shareProcessNamespace")
_LINUX_POD_CONTEXT = (
    "appArmorProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "runAsGroup",
    "runAsUser",
    "seLinuxChangePolicy",
    "seLinuxOptions",
    "seccompProfile",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "sysctls",
)
_LINUX_CONTAINER_CONTEXT = (
    "allowPrivilegeEscalation",
    "appArmorProfile",
    "capabilities",
    "privileged",
    "procMount",
    "readOnlyRootFilesystem",
    "runAsGroup",
    "runAsUser",
    "seLinuxOptions",
    "seccompProfile",
)
_LONGEST_USER = 104
_LONGEST_DOMAIN = 255
_DOMAIN = lazy_pattern(r"[^\\/:*?\"<>|.][^\\/:*?\"<>|]{0,14}")
_NO_USER = lazy_pattern(r"[. ]*")
_NOT_IN_USERS = lazy_pattern(r"[\"/\\:;|=,+*?<>@\[\]\x00-\x1f\x7f]")


@rule("pod-os", family=Family.API_SERVER, severity=Severity.ERROR)
def pod_os(resource: Resource) -> Iterator[Problem]:
    """A pod for Windows sets what only Linux has, or one for Linux what only Windows has.

    `os.name` says what a pod is for. A container that runs as a process of its Windows node needs `hostNetwork`, and
    so do the pod's others.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          os:
            name: windows
          securityContext:
            runAsUser: 1000
          containers:
            - name: web
              image: iis:1

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          os:
            name: windows
          securityContext:
            windowsOptions:
              runAsUserName: ContainerUser
          containers:
            - name: web
              image: iis:1

    Source: pkg/apis/core/validation/validation.go (validateWindows, validateLinux,
    validateWindowsSecurityContextOptions, validateWindowsHostProcessPod)
    """
    pod = pod_spec(resource)
    if pod is None:
        return
    system = dig(pod[0], "os", "name")
    if system == "windows":
        yield from _windows_problems(resource, pod)
    found = False
    for body, pointer in (pod, *containers(resource)):
        context = body.get("securityContext")
        options = context.get("windowsOptions") if isinstance(context, dict) else None
        if isinstance(options, dict):
            found = True
            yield from _option_problems(resource, (options, (*pointer, "securityContext", "windowsOptions")), system)
    if found:
        yield from _host_process_problems(resource, pod)


def _option_problems(resource: Resource, options: Part, system: Any) -> Iterator[Problem]:
    found, place = options
    if system == "linux":
        yield forbidden(resource, place, "windows options cannot be set for a linux pod")
    user = found.get("runAsUserName")
    if wrong := _user_refusal(user):
        yield invalid(resource, (*place, "runAsUserName"), user, wrong)
    for field in ("gmsaCredentialSpecName", "gmsaCredentialSpec"):
        if found.get(field) == "":
            yield invalid(resource, (*place, field), "", "cannot be empty")


def _windows_problems(resource: Resource, pod: Part) -> Iterator[Problem]:
    why = "cannot be set for a windows pod"
    spec, pointer = pod
    for field in _LINUX_PODS:
        # The first two cannot be told from those that are not set.
        if spec.get(field) is True or (spec.get(field) is False and field not in _LINUX_PODS[:2]):
            yield forbidden(resource, (*pointer, field), why)
    if spec.get("resources") is not None:
        yield forbidden(resource, (*pointer, "resources"), "may not be set for a windows pod")
    for body, place in (pod, *containers(resource)):
        context = part(body, ("securityContext",)) or {}
        for field in _LINUX_POD_CONTEXT if body is spec else _LINUX_CONTAINER_CONTEXT:
            if context.get(field) is not None and not (field == "sysctls" and context[field] == []):
                yield forbidden(resource, (*place, "securityContext", field), why)


def _user_refusal(name: Any) -> str | None:
    """Return why the API server takes no text for a Windows user: a domain and a backslash, or none, and a user."""
    if not isinstance(name, str):
        return None
    domain, slash, user = name.rpartition("\\")
    is_domain = len(domain) <= _LONGEST_DOMAIN and (_DOMAIN.fullmatch(domain) or not dns_subdomain(domain))
    checks = (
        (not name, "runAsUserName cannot be an empty string"),
        ("\\" in domain, "runAsUserName cannot contain more than one backslash"),
        (bool(slash) and not is_domain, "runAsUserName's Domain doesn't match the NetBios nor the DNS format"),
        (_NO_USER.fullmatch(user), "runAsUserName's User cannot be empty, or contain only periods or spaces"),
        (len(user) > _LONGEST_USER, f"runAsUserName's User must not be longer than {_LONGEST_USER} characters"),
        (_NOT_IN_USERS.search(user), "runAsUserName has a character that no user has"),
    )
    return next((why for wrong, why in checks if wrong), None)


def _host_process_problems(resource: Resource, pod: Part) -> Iterator[Problem]:
    spec, pointer = pod
    whole, *each = (
        dig(body, "securityContext", "windowsOptions", "hostProcess") for body, _ in (pod, *containers(resource))
    )
    if whole is not True and True not in each:
        return
    if any(one is not True and (one is not None or whole is not True) for one in each):
        why = "if pod contains any hostProcess containers then all containers must be HostProcess containers"
        yield invalid(resource, pointer, "", why)
    elif spec.get("hostNetwork") is not True:
        why = "hostNetwork must be true if pod contains any hostProcess containers"
        yield invalid(resource, (*pointer, "hostNetwork"), False, why)


RULES = (pod_os,)
