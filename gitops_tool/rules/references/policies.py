"""Rules on NetworkPolicies that do not mean what they look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import kind_of, parts
from gitops_tool.rules.base import Family, Problem, Scope, dig, rule
from gitops_tool.rules.references.entries import Reported
from gitops_tool.rules.references.inventory import inventory
from gitops_tool.rules.references.labels import Expressions
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import RepositoryView

_POLICY = ("networking.k8s.io", "NetworkPolicy")
_PEERS = {"ingress": "from", "egress": "to"}
_DIRECTIONS = {"ingress": "from anywhere", "egress": "to anywhere"}


@rule("open-network-policy", family=Family.REFERENCES, severity=Severity.WARNING)
def open_network_policy(resource: Resource) -> Iterator[Problem]:
    """A NetworkPolicy allows everything where it seems to allow nothing.

    An empty list of peers means every peer. To forbid all, leave out the rule and keep its direction in
    `policyTypes`. An empty rule `{}` and a `namespaceSelector: {}` are open, too; they are often meant,
    so they are told as information.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          policyTypes:
            - Egress
          egress:
            - to: []
              ports:
                - port: 443

    Good:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          policyTypes:
            - Egress
          egress: []

    Source: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/#NetworkPolicySpec
    """
    if kind_of(resource) != _POLICY:
        return
    for direction, field in _PEERS.items():
        for index, one in parts(dig(resource.body, "spec", direction)):
            pointer = ("spec", direction, index)
            if one.get(field) == []:
                message = f'"{field}: []" allows traffic {_DIRECTIONS[direction]}: no peer in the list means every peer'
                hint = f'leave out "{field}" to say so, or list the peers'
                yield Problem(message, resource, (*pointer, field), hint)
            elif not one:
                message = f"an empty rule allows all traffic {_DIRECTIONS[direction]}"
                yield Problem(message, resource, pointer, severity=Severity.INFO)
            for number, peer in parts(one.get(field)):
                if peer == {"namespaceSelector": {}}:
                    message = "an empty namespaceSelector means every pod of every namespace"
                    place = (*pointer, field, number, "namespaceSelector")
                    yield Problem(message, resource, place, severity=Severity.INFO)


@rule("policy-without-pods", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def policy_without_pods(view: RepositoryView) -> Iterator[Reported]:
    """A NetworkPolicy's `podSelector` matches no pod that is made here for its namespace.

    The pods it was written for stay without protection.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector:
            matchLabels:
              app: website
          policyTypes:
            - Ingress
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels:
            app: web
        spec:
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector:
            matchLabels:
              app: web
          policyTypes:
            - Ingress
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels:
            app: web
        spec:
          containers:
            - name: web
              image: nginx:1.29

    Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    found = inventory(view)
    for policy in found.of(*_POLICY):
        written = dig(policy.body, "spec", "podSelector")
        selector = Expressions(written)
        if selector.is_empty or found.matched(policy, written) or not found.are_own_labels(selector.keys):
            continue
        if found.is_missing("NetworkPolicy", policy.name, policy.place):
            yield policy.absent("the podSelector matches no pod here", ("spec", "podSelector"))


@rule("policy-port", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def policy_port(view: RepositoryView) -> Iterator[Reported]:
    """A NetworkPolicy lets traffic in on a port by a name that none of its pods has.

    Such a rule allows nothing.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector:
            matchLabels:
              app: web
          ingress:
            - ports:
                - port: https
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels:
            app: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              ports:
                - name: http
                  containerPort: 80

    Good:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector:
            matchLabels:
              app: web
          ingress:
            - ports:
                - port: http
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels:
            app: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              ports:
                - name: http
                  containerPort: 80

    Source: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/#NetworkPolicySpec
    """
    found = inventory(view)
    for policy in found.of(*_POLICY):
        pods = found.matched(policy, dig(policy.body, "spec", "podSelector"))
        names = {name for item in pods for name in item.maker.port_names}
        for index, one in parts(dig(policy.body, "spec", "ingress")) if pods else ():
            for number, port in parts(one.get("ports")):
                name, pointer = port.get("port"), ("spec", "ingress", index, "ports", number, "port")
                if isinstance(name, str) and name not in names:
                    known = f"their ports: {', '.join(sorted(names))}" if names else "their ports have no names"
                    message = f'no pod that the policy is for has a port "{name}"'
                    yield policy.problem(message, pointer, hint=did_you_mean(name, names) or known)


RULES = (open_network_policy, policy_without_pods, policy_port)
