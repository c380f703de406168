"""Rules on roles and bindings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats
from gitops_tool.rules.api_server.objects import (
    RBAC,
    kind_of,
    parts,
)
from gitops_tool.rules.api_server.problems import invalid, required, unsupported
from gitops_tool.rules.base import Family, Problem, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer


@rule("incomplete-role", family=Family.API_SERVER, severity=Severity.ERROR)
def incomplete_role(resource: Resource) -> Iterator[Problem]:
    """A rule of a Role or ClusterRole has no verbs, no resources or no API groups.

    The core group is the empty text: `apiGroups: [""]`. URLs stand in a rule of their own, in a ClusterRole.

    Bad:

        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: reader
        rules:
          - resources: [pods]
            verbs: [get]

    Good:

        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: reader
        rules:
          - apiGroups: [""]
            resources: [pods]
            verbs: [get]

    Source: pkg/apis/rbac/validation/validation.go, ValidatePolicyRule
    """
    kind = kind_of(resource)
    if kind not in {(RBAC, "Role"), (RBAC, "ClusterRole")}:
        return
    for index, policy in parts(resource.body.get("rules")):
        pointer = ("rules", index)
        if policy.get("verbs") in (None, []):
            yield required(resource, (*pointer, "verbs"), "verbs must contain at least one value")
        urls = policy.get("nonResourceURLs")
        if urls:
            yield from _url_problems(resource, policy, pointer)
            continue
        if policy.get("apiGroups") in (None, []):
            why = "resource rules must supply at least one api group"
            yield required(resource, (*pointer, "apiGroups"), why, hint='the core group is ""')
        if policy.get("resources") in (None, []):
            yield required(resource, (*pointer, "resources"), "resource rules must supply at least one resource")


def _url_problems(resource: Resource, policy: Mapping[str, Any], pointer: Pointer) -> Iterator[Problem]:
    pointer = (*pointer, "nonResourceURLs")
    if resource.id.kind == "Role":
        yield invalid(
            resource, pointer, policy["nonResourceURLs"], "namespaced rules cannot apply to non-resource URLs"
        )
    if policy.get("apiGroups") or policy.get("resources") or policy.get("resourceNames"):
        why = "rules cannot apply to both regular resources and non-resource URLs"
        yield invalid(resource, pointer, policy["nonResourceURLs"], why)


@rule("binding-subject", family=Family.API_SERVER, severity=Severity.ERROR)
def binding_subject(resource: Resource) -> Iterator[Problem]:
    """A subject of a binding lacks its namespace, stands in the wrong API group, or can be no ServiceAccount's name.

    A ServiceAccount is of the core group, and in a ClusterRoleBinding needs its namespace; kustomize's `namespace`
    sets it only for an account that is in the same kustomization, or is named `default`.

    Bad:

        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: reader
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: view
        subjects:
          - kind: ServiceAccount
            name: reader

    Good:

        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata:
          name: reader
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: ClusterRole
          name: view
        subjects:
          - kind: ServiceAccount
            name: reader
            namespace: payments

    Source: pkg/apis/rbac/validation/validation.go, ValidateRoleBindingSubject
    """
    kind = kind_of(resource)
    if kind not in {(RBAC, "RoleBinding"), (RBAC, "ClusterRoleBinding")}:
        return
    for index, subject in parts(resource.body.get("subjects")):
        group, pointer = subject.get("apiGroup") or "", ("subjects", index)
        if subject.get("kind") == "ServiceAccount":
            if isinstance(group, str) and group:
                yield unsupported(resource, (*pointer, "apiGroup"), group, ("",))
            if kind[1] == "ClusterRoleBinding" and subject.get("namespace") in (None, ""):
                yield required(resource, (*pointer, "namespace"))
            name = subject.get("name")
            if isinstance(name, str) and name and (wrong := formats.dns_subdomain(name)):
                yield invalid(resource, (*pointer, "name"), name, wrong)
        elif subject.get("kind") in ("Group", "User") and isinstance(group, str) and group not in {"", RBAC}:
            yield unsupported(resource, (*pointer, "apiGroup"), group, (RBAC,))


RULES = (incomplete_role, binding_subject)
