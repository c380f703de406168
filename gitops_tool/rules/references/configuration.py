"""Rules on the ConfigMaps, Secrets, ServiceAccounts and volume claims that pods need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import Family, Scope, dig, rule
from gitops_tool.rules.references.entries import Entry, Reported
from gitops_tool.rules.references.inventory import Inventory, Pods, inventory
from gitops_tool.rules.references.needs import Need
from gitops_tool.rules.references.producers import CONFIG_MAP, SECRET
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.rules.base import RepositoryView

_EVERYWHERE = {CONFIG_MAP: {"kube-root-ca.crt", "openshift-service-ca.crt"}, SECRET: set[str]()}
"""What Kubernetes and OpenShift put into every namespace."""

_ACCOUNTS = frozenset({"default", "builder", "deployer", "pipeline"})
"""The ServiceAccounts that Kubernetes, OpenShift and its Pipelines put into every namespace."""

_TOKEN = lazy_pattern(r".+-(token|dockercfg)-[a-z0-9]{5}")
_ORDINAL = lazy_pattern(r"(.+)-\d+")


@rule("missing-config-map", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def missing_config_map(view: RepositoryView) -> Iterator[Reported]:
    """A pod needs a ConfigMap that nothing here makes: its containers do not start.

    It is an error in a namespace that gitops.yaml gives to an environment, since the repository is in
    charge of it. What exists only in the cluster is named in `external` in gitops.yaml.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              envFrom:
                - configMapRef:
                    name: setings
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              envFrom:
                - configMapRef:
                    name: settings
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info

    Source: https://kubernetes.io/docs/concepts/configuration/configmap/#configmaps-and-pods
    """
    found = inventory(view)
    for pods in found.pods:
        for need in _missing(found, pods, CONFIG_MAP):
            user = pods.entry
            environment = user.view.settings.environment(user.view.overlay.environment)
            own = environment is not None and environment.namespace and environment.namespace == user.place.namespace
            message = f'nothing here makes the ConfigMap "{need.name}"{_where(user)}'
            hint = _similar(found, user, need)
            yield user.absent(message, need.pointer, hint=hint, severity=Severity.ERROR if own else None)


@rule("missing-secret", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def missing_secret(view: RepositoryView) -> Iterator[Reported]:
    """A pod needs a Secret that nothing here makes: its containers do not start.

    ExternalSecrets, SealedSecrets, Certificates, database operators and the like count as what they make.
    Where a namespace's Secrets are all made elsewhere, it is information only. What exists only in the
    cluster is named in `external` in gitops.yaml.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              env:
                - name: PASSWORD
                  valueFrom:
                    secretKeyRef:
                      name: databse
                      key: password
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata:
          name: database
        spec:
          secretStoreRef:
            kind: ClusterSecretStore
            name: vault
          data:
            - secretKey: password
              remoteRef:
                key: web/database
                property: password

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              env:
                - name: PASSWORD
                  valueFrom:
                    secretKeyRef:
                      name: database
                      key: password
        ---
        apiVersion: external-secrets.io/v1
        kind: ExternalSecret
        metadata:
          name: database
        spec:
          secretStoreRef:
            kind: ClusterSecretStore
            name: vault
          data:
            - secretKey: password
              remoteRef:
                key: web/database
                property: password

    Source: https://kubernetes.io/docs/concepts/configuration/secret/#using-a-secret
    """
    found = inventory(view)
    for pods in found.pods:
        for need in _missing(found, pods, SECRET):
            user = pods.entry
            message = f'nothing here makes the Secret "{need.name}"{_where(user)}'
            severity = None if found.makes_any(user, SECRET) else Severity.INFO
            yield user.absent(message, need.pointer, hint=_similar(found, user, need), severity=severity)


@rule("missing-key", family=Family.REFERENCES, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def missing_key(view: RepositoryView) -> Iterator[Reported]:
    """A pod needs a key that its ConfigMap or Secret does not have: its containers do not start.

    Keys are looked for where all of them can be known: not in what `dataFrom` or a controller fills in.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              env:
                - name: LOG_LEVEL
                  valueFrom:
                    configMapKeyRef:
                      name: settings
                      key: log-level
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          logLevel: info

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              env:
                - name: LOG_LEVEL
                  valueFrom:
                    configMapKeyRef:
                      name: settings
                      key: logLevel
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          logLevel: info

    Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/#restrictions
    """
    found = inventory(view)
    for pods in found.pods:
        for need in pods.needs:
            made = found.made(pods.entry, need.kind, need.name) if need.keys else []
            if not made or any(item.product.keys is None for item in made):
                continue
            known = sorted({key for item in made for key in item.product.keys or ()})
            for key, pointer in need.keys:
                if key not in known:
                    keys = f"its keys are {', '.join(known)}" if known else "it is empty"
                    message = f'the {need.kind} "{need.name}" has no key "{key}"'
                    yield pods.entry.problem(message, pointer, hint=did_you_mean(key, known) or keys)


@rule("missing-service-account", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def missing_service_account(view: RepositoryView) -> Iterator[Reported]:
    """A pod runs under a ServiceAccount that is not here: it is refused when it is to be made.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          serviceAccountName: web-sa
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          serviceAccountName: web
          containers:
            - name: web
              image: nginx:1.29
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: web

    Source: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller
    """
    found = inventory(view)
    for pods in found.pods:
        user, (spec, pointer) = pods.entry, pods.maker.spec
        field = "serviceAccountName" if spec.get("serviceAccountName") else "serviceAccount"
        name = spec.get(field)
        if not isinstance(name, str) or not name or name in _ACCOUNTS or found.named(user, "", "ServiceAccount", name):
            continue
        if found.is_missing("ServiceAccount", name, user.place):
            names = {entry.name for entry in found.near(user, user.place, found.of("", "ServiceAccount"))}
            message = f'the ServiceAccount "{name}" is nowhere here{_where(user)}'
            yield user.absent(message, (*pointer, field), hint=did_you_mean(name, names))


@rule("missing-claim", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def missing_claim(view: RepositoryView) -> Iterator[Reported]:
    """A pod mounts a PersistentVolumeClaim that is not here: it waits for it for ever.

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
            - name: data
              persistentVolumeClaim:
                claimName: web-data

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
            - name: data
              persistentVolumeClaim:
                claimName: web-data
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: web-data
        spec:
          accessModes:
            - ReadWriteOnce
          resources:
            requests:
              storage: 1Gi

    Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#claims-as-volumes
    """
    found = inventory(view)
    for pods in found.pods:
        spec, pointer = pods.maker.spec
        for index, volume in parts(spec.get("volumes")):
            name = dig(volume, "persistentVolumeClaim", "claimName")
            if isinstance(name, str) and name and not _is_claimed(found, pods.entry, name):
                place = (*pointer, "volumes", index, "persistentVolumeClaim", "claimName")
                message = f'the PersistentVolumeClaim "{name}" is nowhere here{_where(pods.entry)}'
                yield pods.entry.absent(message, place)


def _is_claimed(found: Inventory, user: Entry, name: str) -> bool:
    """Whether a claim is here, is made from a StatefulSet's template or a data volume, or may be elsewhere."""
    if not found.is_missing("PersistentVolumeClaim", name, user.place):
        return True
    if found.named(user, "", "PersistentVolumeClaim", name) or found.named(user, "cdi.kubevirt.io", "DataVolume", name):
        return True
    match = _ORDINAL.fullmatch(name)
    for entry in found.near(user, user.place, found.of("apps", "StatefulSet")) if match else ():
        for _, claim in parts(dig(entry.body, "spec", "volumeClaimTemplates")):
            if match and match[1] == f"{dig(claim, 'metadata', 'name')}-{entry.name}":
                return True
    return False


def _missing(found: Inventory, pods: Pods, kind: str) -> Iterator[Need]:
    """Yield what a pod needs and nothing makes, each name once."""
    seen: set[str] = set()
    for need in pods.needs if found.complete else ():
        if need.kind != kind or need.name in seen or need.name in _EVERYWHERE[kind]:
            continue
        seen.add(need.name)
        if kind == SECRET and _TOKEN.fullmatch(need.name):
            continue
        if not found.made(pods.entry, kind, need.name) and found.is_missing(kind, need.name, pods.entry.place):
            yield need


def _similar(found: Inventory, user: Entry, need: Need) -> str | None:
    return did_you_mean(need.name, found.names_made(user, need.kind))


def _where(user: Entry) -> str:
    return f' in the namespace "{user.place.namespace}"' if user.place.namespace else ""


RULES = (missing_config_map, missing_secret, missing_key, missing_service_account, missing_claim)
