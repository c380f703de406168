"""Rules on the annotations by which an object says when Argo CD is to apply it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.base import Family, Problem, dig, rule
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.model import Resource

HOOK = "argocd.argoproj.io/hook"
DELETE_POLICY = "argocd.argoproj.io/hook-delete-policy"
WAVE = "argocd.argoproj.io/sync-wave"

_PHASES = frozenset({"PreSync", "Sync", "PostSync", "SyncFail"})
_DELETIONS = frozenset({"PreDelete", "PostDelete"})
_SKIP = "Skip"
_HELM_PHASES = frozenset({"pre-install", "pre-upgrade", "post-upgrade", "post-install"})
_POLICIES = frozenset({"HookSucceeded", "HookFailed", "BeforeHookCreation"})
_INTEGER = lazy_pattern(r"[+-]?[0-9]+")


def annotation(resource: Resource, name: str) -> str | None:
    """Return an annotation's text, None where there is none."""
    text = dig(resource.body, "metadata", "annotations", name)
    return text if isinstance(text, str) else None


def words(text: str | None) -> list[str]:
    """Return the items of a comma-separated annotation."""
    return list(dict.fromkeys(word.strip() for word in (text or "").split(",") if word.strip()))


def is_hook(resource: Resource) -> bool:
    """Whether an object is no part of what an Application keeps in the cluster."""
    return annotation(resource, HOOK) is not None or annotation(resource, "helm.sh/hook") not in {None, "crd-install"}


def is_applied(resource: Resource) -> bool:
    """Whether a sync applies an object at all."""
    if not is_hook(resource):
        return True
    phases = _PHASES & set(words(annotation(resource, HOOK)))
    return bool(phases or _HELM_PHASES & set(words(annotation(resource, "helm.sh/hook"))))


@rule("hook-unknown", family=Family.ARGOCD, severity=Severity.ERROR)
def hook_unknown(resource: Resource) -> Iterator[Problem]:
    """A hook names a phase that Argo CD does not know.

    Any value of `argocd.argoproj.io/hook` makes an object a hook; one of an unknown phase is never applied, and nothing
    says so. Case counts. Beside a known phase, an unknown one is only left out (a warning).

    Bad:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: migrate
          annotations:
            argocd.argoproj.io/hook: Presync
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: migrate:1.4

    Good:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: migrate
          annotations:
            argocd.argoproj.io/hook: PreSync
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: migrate:1.4

    Source: Argo CD 3.6, gitops-engine/pkg/sync/hook/hook.go (IsHook, Types), controller/hook.go
    """
    text = annotation(resource, HOOK)
    known = _PHASES | _DELETIONS | {_SKIP}
    if text is None:
        return
    found = words(text)
    lost = not known & set(found) and not is_applied(resource)
    severity = Severity.ERROR if lost else Severity.WARNING
    pointer = ("metadata", "annotations", HOOK)
    for word in found:
        if word not in known:
            effect = "the object is never applied" if lost else "it has no effect"
            message = f'hook "{word}" is none that Argo CD knows: {effect}'
            yield Problem(message, resource, pointer, _hint(word, known), severity)
    if not found and lost:
        message = "the hook names no phase: the object is never applied"
        yield Problem(message, resource, pointer, f"one of: {', '.join(sorted(known))}")


@rule("hook-delete-policy-unknown", family=Family.ARGOCD, severity=Severity.WARNING)
def hook_delete_policy_unknown(resource: Resource) -> Iterator[Problem]:
    """A hook has a delete policy that Argo CD does not know.

    It is ignored; where no known policy is left, the hook is deleted before it is created anew.

    Bad:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: migrate
          annotations:
            argocd.argoproj.io/hook: PreSync
            argocd.argoproj.io/hook-delete-policy: HookSuccess
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: migrate:1.4

    Good:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: migrate
          annotations:
            argocd.argoproj.io/hook: PreSync
            argocd.argoproj.io/hook-delete-policy: HookSucceeded
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: migrate:1.4

    Source: Argo CD 3.6, gitops-engine/pkg/sync/hook/delete_policy.go (DeletePolicies)
    """
    for word in words(annotation(resource, DELETE_POLICY)):
        if word not in _POLICIES:
            message = f'hook delete policy "{word}" is none that Argo CD knows: it has no effect'
            yield Problem(message, resource, ("metadata", "annotations", DELETE_POLICY), _hint(word, _POLICIES))


@rule("sync-wave-not-integer", family=Family.ARGOCD, severity=Severity.WARNING)
def sync_wave_not_integer(resource: Resource) -> Iterator[Problem]:
    """A sync wave is not an integer, so the object goes with wave 0.

    Bad:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web
          annotations:
            argocd.argoproj.io/sync-wave: "1.5"

    Good:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web
          annotations:
            argocd.argoproj.io/sync-wave: "2"

    Source: Argo CD 3.6, gitops-engine/pkg/sync/syncwaves/waves.go (Wave)
    """
    text = annotation(resource, WAVE)
    if text is not None and not _INTEGER.fullmatch(text):
        message = f'sync wave "{text}" is not an integer: the object goes with wave 0'
        yield Problem(message, resource, ("metadata", "annotations", WAVE), 'write a whole number, such as "-1"')


@rule("generated-name", family=Family.ARGOCD, severity=Severity.ERROR)
def generated_name(resource: Resource) -> Iterator[Problem]:
    """An object leaves its name to the API server, and is no hook.

    Such an object can only be created, and Argo CD applies: "cannot use generate name with apply". Hooks are created
    anew at each sync. Only a plain directory can have one, as kustomize wants a name.

    Bad:

        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/plain
          destination:
            server: https://kubernetes.default.svc
            namespace: web
        # apps/web/plain/job.yaml
        apiVersion: batch/v1
        kind: Job
        metadata:
          generateName: migrate-
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: registry.example.com/web:1.4.0

    Good:

        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/plain
          destination:
            server: https://kubernetes.default.svc
            namespace: web
        # apps/web/plain/job.yaml
        apiVersion: batch/v1
        kind: Job
        metadata:
          generateName: migrate-
          annotations:
            argocd.argoproj.io/hook: PreSync
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: registry.example.com/web:1.4.0

    Source: k8s.io/kubectl/pkg/cmd/apply/apply.go (applyOneObject);
    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/ (hooks with generateName)
    """
    prefix = dig(resource.body, "metadata", "generateName")
    replaced = "Replace=true" in words(annotation(resource, "argocd.argoproj.io/sync-options"))
    if prefix and not dig(resource.body, "metadata", "name") and not is_hook(resource) and not replaced:
        message = "an object without a name of its own cannot be applied"
        yield Problem(message, resource, ("metadata", "generateName"), "give it a name, or make it a hook")


def _hint(word: str, known: frozenset[str]) -> str:
    return did_you_mean(word, known) or f"one of: {', '.join(sorted(known))}"


RULES = (hook_unknown, hook_delete_policy_unknown, sync_wave_not_integer, generated_name)
