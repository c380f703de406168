"""Rules on what an AppProject itself says."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.api_server.cron import refusal
from gitops_tool.rules.argocd.objects import GROUP
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource

_Fault = tuple[tuple[str | int, ...], str, Severity]
_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

_ROLE = lazy_pattern(r"[a-zA-Z0-9]([-_a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII)
_RESOURCES = frozenset({"applications", "applicationsets", "logs", "exec", "clusters", "repositories"})
_ACTIONS = frozenset({"get", "create", "update", "delete", "sync", "override", "rollback", "*"})
_SUB_ACTION = lazy_pattern(r"(action|update|delete)/.*")
_DURATION = lazy_pattern(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)", re.ASCII)
_ZONE = lazy_pattern(r"(CRON_)?TZ=\S+\s+")
_NOT_IN_ACCOUNTS = frozenset("!*[]{}\\/")


@rule("project-invalid", family=Family.ARGOCD, severity=Severity.ERROR)
def project_invalid(resource: Resource) -> Iterator[Problem]:
    """An AppProject says what Argo CD cannot use.

    A policy of a role is `p, proj:PROJECT:ROLE, RESOURCE, ACTION, PROJECT/OBJECT, allow` (or `deny`). A sync window has
    five fields of cron and a duration such as `1h30m`; one that cannot be read keeps every Application of the project
    from syncing. The API server takes all of this, Argo CD's own API does not, and then saves no other change of the
    project either. What is wrong in a role, or there twice, is a warning: it keeps no Application from syncing.

    Bad:

        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata:
          name: team
          namespace: argocd
        spec:
          syncWindows:
            - kind: allow
              schedule: "0 22 * * *"
              duration: 1d
              applications: ["*"]

    Good:

        apiVersion: argoproj.io/v1alpha1
        kind: AppProject
        metadata:
          name: team
          namespace: argocd
        spec:
          syncWindows:
            - kind: allow
              schedule: "0 22 * * *"
              duration: 24h
              applications: ["*"]

    Source: Argo CD 3.6, pkg/apis/application/v1alpha1/app_project_types.go (ValidateProject) and types.go
    (validatePolicy, SyncWindow.Validate, CanSync)
    """
    spec = resource.body.get("spec")
    if resource.id.group != GROUP or resource.id.kind != "AppProject" or not isinstance(spec, dict):
        return
    for check in (_permissions, _roles, _windows, _service_accounts):
        for pointer, message, severity in check(resource.id.name, spec):
            yield Problem(message, resource, ("spec", *pointer), severity=severity)


def _permissions(_project: str, spec: Mapping[str, Any]) -> Iterator[_Fault]:
    for index, item in _mappings(spec, "destinations"):
        for key in ("name", "server", "namespace"):
            if item.get(key) == "!*":
                yield ("destinations", index, key), 'the pattern "!*" is not allowed', _ERROR
    for index, url in _texts(spec, "sourceRepos"):
        if url == "!*":
            yield ("sourceRepos", index), 'the pattern "!*" is not allowed', _ERROR
    where = ((index, _destination(item)) for index, item in _mappings(spec, "destinations"))
    if len(str(spec.get("description") or "")) > 255:
        yield ("description",), "the description is longer than 255 characters", _ERROR
    yield from _repeated("destinations", where, "the destination")
    yield from _repeated("sourceRepos", _texts(spec, "sourceRepos"), "the repository")
    yield from _repeated("sourceNamespaces", _texts(spec, "sourceNamespaces"), "the namespace")


def _destination(item: Mapping[str, Any]) -> Hashable:
    return str(item.get("server") or item.get("name") or ""), str(item.get("namespace") or "")


def _repeated(field: str, items: Iterable[tuple[int, Hashable]], what: str) -> Iterator[_Fault]:
    seen: set[Hashable] = set()
    for index, value in items:
        if value in seen:
            yield (field, index), f"{what} is already listed", _WARNING
        seen.add(value)


def _roles(project: str, spec: Mapping[str, Any]) -> Iterator[_Fault]:
    names: set[str] = set()
    for index, role in _mappings(spec, "roles"):
        name, place = str(role.get("name") or ""), ("roles", index)
        if not _ROLE.fullmatch(name):
            yield (*place, "name"), f'role "{name}" has other characters than letters, digits, "-" and "_"', _WARNING
        elif name in names:
            yield (*place, "name"), f'there are two roles "{name}"', _WARNING
        names.add(name)
        for number, policy in _texts(role, "policies"):
            wrong = _policy_refusal(project, name, policy)
            if wrong:
                yield (*place, "policies", number), wrong, _WARNING
        for number, group in _texts(role, "groups"):
            wrong = _group_refusal(group)
            if wrong:
                yield (*place, "groups", number), wrong, _WARNING
        for field in ("policies", "groups"):
            for pointer, message, severity in _repeated(field, _texts(role, field), f'of role "{name}", this'):
                yield (*place, *pointer), message, severity


def _policy_refusal(project: str, role: str, policy: str) -> str | None:
    parts = [part.strip(" ") for part in policy.split(",")]
    if len(parts) != 6 or parts[0] != "p":
        return "a policy has six parts: p, subject, resource, action, object, effect"
    _, subject, resource, action, target, effect = parts
    if subject != f"proj:{project}:{role}":
        return f'the policy\'s subject is "{subject}", and not "proj:{project}:{role}"'
    if resource not in _RESOURCES:
        return f'a project has no resource "{resource}": {", ".join(sorted(_RESOURCES))}'
    if action not in _ACTIONS and not _SUB_ACTION.search(action):
        return f'there is no action "{action}": {", ".join(sorted(_ACTIONS))}'
    if not re.fullmatch(rf"{re.escape(project)}(/[*\w.-]+)?/[*\w.-]+", target, re.ASCII):
        return f'the policy\'s object is "{target}", and not of the form "{project}/NAME"'
    return None if effect in {"allow", "deny"} else f'the policy\'s effect is "{effect}", and not allow or deny'


def _group_refusal(group: str) -> str | None:
    name = group.strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = name[1:-1]
    elif "," in name:
        return f'the group "{group}" has a comma, and has to be in double quotes'
    if not name:
        return "the group is empty"
    if any(char in name for char in '"\n\r\t') or (len(group) > 1 and group != group.strip()):
        return f'the group "{name}" has quotes in it, line breaks, or blanks around it'
    return None


def _windows(_project: str, spec: Mapping[str, Any]) -> Iterator[_Fault]:
    seen: set[str] = set()
    for index, window in _mappings(spec, "syncWindows"):
        place = ("syncWindows", index)
        for key, wrong in _window_refusals(window):
            yield (*place, key) if key in window else place, wrong, _ERROR
        if not any(window.get(key) for key in ("applications", "namespaces", "clusters")):
            message = "the window names no applications, namespaces or clusters, so it is for none"
            yield place, message, _WARNING
        identity = {key: value for key, value in window.items() if key not in {"manualSync", "description"}}
        text = json.dumps(identity, sort_keys=True, default=str)
        if text in seen:
            yield place, "the window is already listed", _WARNING
        seen.add(text)


def _window_refusals(window: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind, schedule, duration = (str(window.get(key) or "") for key in ("kind", "schedule", "duration"))
    if kind not in {"allow", "deny"}:
        yield "kind", f'a window\'s kind is allow or deny, and not "{kind}"'
    plain = _ZONE.sub("", schedule, count=1) if schedule.startswith(("TZ=", "CRON_TZ=")) else schedule
    wrong = "words such as @daily are not known here" if plain.startswith("@") else refusal(plain)
    if wrong:
        yield "schedule", f'schedule "{schedule}" cannot be read: {wrong}'
    if not _DURATION.fullmatch(duration):
        yield "duration", f'duration "{duration}" cannot be read: write it as 30m, 24h or 1h30m'
    if len(str(window.get("description") or "").encode()) > 255:
        yield "description", "the description is longer than 255 bytes"


def _service_accounts(_project: str, spec: Mapping[str, Any]) -> Iterator[_Fault]:
    for index, item in _mappings(spec, "destinationServiceAccounts"):
        place = ("destinationServiceAccounts", index)
        for key in ("server", "namespace"):
            if "!" in str(item.get(key) or ""):
                yield (*place, key), f'a {key} here cannot be excluded with "!"', _ERROR
        account = str(item.get("defaultServiceAccount") or "")
        if not account.strip(" ") or _NOT_IN_ACCOUNTS & set(account):
            message = f'"{account}" is no name of a ServiceAccount'
            yield (*place, "defaultServiceAccount") if account else place, message, _ERROR
    where = (
        (index, (str(item.get("server") or ""), str(item.get("namespace") or "")))
        for index, item in _mappings(spec, "destinationServiceAccounts")
    )
    yield from _repeated("destinationServiceAccounts", where, "the destination")


def _mappings(body: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    found = dig(body, key)
    yield from ((i, item) for i, item in enumerate(found if isinstance(found, list) else []) if isinstance(item, dict))


def _texts(body: Mapping[str, Any], key: str) -> Iterator[tuple[int, str]]:
    found = dig(body, key)
    yield from ((i, item) for i, item in enumerate(found if isinstance(found, list) else []) if isinstance(item, str))


RULES = (project_invalid,)
