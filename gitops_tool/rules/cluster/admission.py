"""Rules on admission webhooks and policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats
from gitops_tool.rules.api_server.objects import kind_of, members, part, parts
from gitops_tool.rules.api_server.problems import forbidden, invalid, required
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.api_server.objects import Part
    from gitops_tool.rules.base import Pointer

_GROUP = "admissionregistration.k8s.io"
_WEBHOOKS = frozenset({(_GROUP, "MutatingWebhookConfiguration"), (_GROUP, "ValidatingWebhookConfiguration")})
_POLICIES = frozenset(
    (_GROUP, f"{kind}AdmissionPolicy{suffix}") for kind in ("Mutating", "Validating") for suffix in ("", "Binding")
)
_BINDINGS = frozenset(kind for kind in _POLICIES if kind[1].endswith("Binding"))
_MATCHING: tuple[Pointer, ...] = tuple(
    ("spec", way, field)
    for way in ("matchConstraints", "matchResources")
    for field in ("resourceRules", "excludeResourceRules")
)
_REVIEWS = frozenset({"v1", "v1beta1"})


@rule("webhook", family=Family.API_SERVER, severity=Severity.ERROR)
def webhook(resource: Resource) -> Iterator[Problem]:
    """An admission webhook has no full name, no address or a bad one, or a list that holds `*` beside others.

    A name has at least three parts: `check.example.com`. The address is a service or a URL of https without user,
    query and fragment.

    Bad:

        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata:
          name: check
        webhooks:
          - name: check
            admissionReviewVersions: [v1]
            sideEffects: None
            clientConfig:
              service:
                namespace: default
                name: check

    Good:

        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata:
          name: check
        webhooks:
          - name: check.example.com
            admissionReviewVersions: [v1]
            sideEffects: None
            clientConfig:
              service:
                namespace: default
                name: check

    Source: pkg/apis/admissionregistration/validation/validation.go, validateValidatingWebhook
    """
    if kind_of(resource) not in _WEBHOOKS:
        return
    for index, hook in parts(resource.body.get("webhooks")):
        place: Pointer = ("webhooks", index)
        name = hook.get("name")
        if isinstance(name, str) and name:
            wrong = formats.dns_subdomain(name)
            if not wrong and name.count(".") < 2:
                wrong = "should be a domain with at least three segments separated by dots"
            if wrong:
                yield invalid(resource, (*place, "name"), name, wrong)
        reviews = hook.get("admissionReviewVersions")
        if isinstance(reviews, list) and reviews and not _REVIEWS & {str(version) for version in reviews}:
            why = "must include at least one of v1, v1beta1"
            yield invalid(resource, (*place, "admissionReviewVersions"), reviews, why)
        yield from _client_problems(resource, (hook, place))
        for number, item in parts(hook.get("rules")):
            yield from _star_problems(resource, (item, (*place, "rules", number)))


def _client_problems(resource: Resource, hook: Part) -> Iterator[Problem]:
    client, place = part(hook[0], ("clientConfig",)), (*hook[1], "clientConfig")
    if client is None:
        return
    if len(members(client, ("service", "url"))) != 1:
        yield required(resource, place, "exactly one of url or service is required")
    url, path = client.get("url"), dig(client, "service", "path")
    if isinstance(url, str) and (wrong := _url_refusal(url)):
        yield invalid(resource, (*place, "url"), url, wrong)
    if isinstance(path, str) and path not in {"", "/"} and (not path.startswith("/") or "//" in path):
        yield invalid(resource, (*place, "service", "path"), path, "must start with a '/' and have no empty segment")


def _url_refusal(url: str) -> str | None:
    """Return why the API server takes no URL for a webhook."""
    from urllib.parse import urlsplit

    form = "desired format: https://host[/path]"
    try:
        found = urlsplit(url)
    except ValueError as error:
        return f"{error}; {form}"
    checks = (
        (found.scheme != "https", "'https' is the only allowed URL scheme"),
        (not found.hostname, "host must be specified"),
        ("@" in found.netloc, "user information is not permitted in the URL"),
        (bool(found.fragment) or url.endswith("#"), "fragments are not permitted in the URL"),
        (bool(found.query), "query parameters are not permitted in the URL"),
    )
    return next((f"{why}; {form}" for wrong, why in checks if wrong), None)


def _star_problems(resource: Resource, rule_: Part) -> Iterator[Problem]:
    item, place = rule_
    for field in ("apiVersions", "resources"):
        values = item.get(field)
        for index, value in enumerate(values if isinstance(values, list) else ()):
            if value in (None, ""):
                yield required(resource, (*place, field, index))
    for field in ("operations", "apiGroups", "apiVersions"):
        values = item.get(field)
        if isinstance(values, list) and "*" in values and len(values) > 1:
            yield invalid(resource, (*place, field), values, f"if '*' is present, must not specify other {field}")
    resources = item.get("resources")
    if not isinstance(resources, list):
        return
    if "*/*" in resources and len(resources) > 1:
        yield invalid(
            resource, (*place, "resources"), resources, "if '*/*' is present, must not specify other resources"
        )
    elif "*" in resources and any("/" not in str(name) for name in resources if name != "*"):
        why = "if '*' is present, must not specify other resources without subresources"
        yield invalid(resource, (*place, "resources"), resources, why)


@rule("admission-policy", family=Family.API_SERVER, severity=Severity.ERROR)
def admission_policy(resource: Resource) -> Iterator[Problem]:
    """An admission policy checks nothing, or its binding denies and warns, or names its parameters twice or not at all.

    Bad:

        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata:
          name: replicas
        spec:
          policyName: replicas
          validationActions: [Deny, Warn]

    Good:

        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata:
          name: replicas
        spec:
          policyName: replicas
          validationActions: [Deny, Audit]

    Source: pkg/apis/admissionregistration/validation/validation.go, validateValidatingAdmissionPolicySpec and
    validateValidatingAdmissionPolicyBindingSpec
    """
    spec = part(resource.body, ("spec",))
    if spec is None:
        return
    kind = kind_of(resource)
    for way in _MATCHING if kind in _POLICIES else ():
        for index, item in parts(dig(resource.body, *way)):
            yield from _star_problems(resource, (item, (*way, index)))
    if kind == (_GROUP, "ValidatingAdmissionPolicy"):
        yield from _policy_problems(resource, spec)
    for index, mutation in parts(spec.get("mutations")) if kind == (_GROUP, "MutatingAdmissionPolicy") else ():
        yield from _mutation_problems(resource, mutation, ("spec", "mutations", index))
    if kind in _BINDINGS:
        yield from _binding_problems(resource, spec)


def _binding_problems(resource: Resource, spec: Mapping[Any, Any]) -> Iterator[Problem]:
    actions = spec.get("validationActions")
    if isinstance(actions, list) and {"Deny", "Warn"} <= {str(action) for action in actions}:
        why = "must not contain both Deny and Warn"
        yield invalid(resource, ("spec", "validationActions"), actions, why)
    reference = part(spec, ("paramRef",))
    if reference is not None:
        chosen = [field for field in ("name", "selector") if reference.get(field) not in (None, "")]
        if not chosen:
            yield required(resource, ("spec", "paramRef"), "one of name or selector must be specified")
        for name in chosen[1:]:
            yield forbidden(resource, ("spec", "paramRef", name), "name and selector are mutually exclusive")


def _mutation_problems(resource: Resource, mutation: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    form = mutation.get("patchType")
    field = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}.get(str(form))
    for name in ("applyConfiguration", "jsonPatch") if field else ():
        if name == field and mutation.get(name) is None:
            yield required(resource, (*place, name), f"must be specified when patchType is {form}")
        elif name != field and mutation.get(name) is not None:
            yield forbidden(resource, (*place, name), f"must not be specified when patchType is {form}")


def _policy_problems(resource: Resource, spec: Mapping[Any, Any]) -> Iterator[Problem]:
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        why = "validations or auditAnnotations must contain at least one item"
        yield required(resource, ("spec", "validations"), why)
    for index, validation in parts(spec.get("validations")):
        message = validation.get("message")
        if isinstance(message, str) and "\n" in message.strip():
            place: Pointer = ("spec", "validations", index, "message")
            yield invalid(resource, place, message, "message must not contain line breaks")


RULES = (webhook, admission_policy)
