"""What makes ConfigMaps and Secrets: objects that are one, and those that a controller makes one of.

Sources: the API references of each project, named at its function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.records import record
from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import dig

if TYPE_CHECKING:
    from gitops_tool.model import Resource

CONFIG_MAP = "ConfigMap"
SECRET = "Secret"  # noqa: S105 - the name of a kind

_TLS_KEYS = frozenset({"tls.crt", "tls.key"})
_INJECTED_LABEL = "config.openshift.io/inject-trusted-cabundle"
_INJECTED_ANNOTATION = "service.beta.openshift.io/inject-cabundle"
_SERVING_SECRETS = (
    "service.beta.openshift.io/serving-cert-secret-name",
    "service.alpha.openshift.io/serving-cert-secret-name",
)
_CERT_MANAGER = ("cert-manager.io/", "kubernetes.io/tls-acme")
_REFLECTED = "reflector.v1.k8s.emberstack.com/reflection-auto-namespaces"
_ANYWHERE = ""


@record
class Product:
    """A ConfigMap or Secret that comes to be.

    `keys` are all it has, None if only its controller knows. `namespace` is set where it differs from
    its maker's; empty for several.
    """

    kind: str
    name: str
    keys: frozenset[str] | None = None
    namespace: str | None = None


def products(resource: Resource) -> Iterator[Product]:
    """Yield what an object makes, the object itself included."""
    makers = _MAKERS.get(resource.id.kind)
    if makers is None or makers[0] not in {None, resource.id.group}:
        return
    for product in makers[1](resource):
        if product.name:
            yield product


def _config_map(resource: Resource) -> Iterator[Product]:
    labels, annotations = _metadata(resource, "labels"), _metadata(resource, "annotations")
    filled = _INJECTED_LABEL in labels or _INJECTED_ANNOTATION in annotations
    keys = None if filled else _keys(resource.body, "data", "binaryData")
    yield Product(CONFIG_MAP, resource.id.name, keys)
    if _REFLECTED in annotations:
        yield Product(CONFIG_MAP, resource.id.name, keys, _ANYWHERE)


def _secret(resource: Resource) -> Iterator[Product]:
    annotations = _metadata(resource, "annotations")
    # An empty one is there to be filled: a token's by Kubernetes, others by a job or an operator.
    keys = _keys(resource.body, "data", "stringData") or None
    yield Product(SECRET, resource.id.name, keys)
    if _REFLECTED in annotations:
        yield Product(SECRET, resource.id.name, keys, _ANYWHERE)


def _external_secret(resource: Resource) -> Iterator[Product]:
    """https://external-secrets.io/latest/api/externalsecret/."""
    spec = _mapping(resource.body, "spec")
    target = _mapping(spec, "target")
    name = target.get("name")
    template = _mapping(target, "template")
    made = {entry.get("secretKey") for _, entry in parts(spec.get("data"))}
    written = _keys(template, "data")
    if spec.get("dataFrom") or template.get("templateFrom"):
        keys: frozenset[str] | None = None
    elif written and template.get("mergePolicy") != "Merge":
        keys = written
    else:
        keys = frozenset(key for key in made if isinstance(key, str)) | written
    if target.get("creationPolicy") not in {"Merge", "None"}:
        yield Product(SECRET, name if isinstance(name, str) and name else resource.id.name, keys)


def _cluster_external_secret(resource: Resource) -> Iterator[Product]:
    spec = _mapping(resource.body, "spec")
    name = dig(spec, "externalSecretSpec", "target", "name") or spec.get("externalSecretName") or resource.id.name
    yield Product(SECRET, _text(name), None, _ANYWHERE)


def _sealed_secret(resource: Resource) -> Iterator[Product]:
    """https://github.com/bitnami-labs/sealed-secrets: the template may give the Secret another name."""
    spec = _mapping(resource.body, "spec")
    name = dig(spec, "template", "metadata", "name")
    keys = _keys(spec, "encryptedData") | _keys(_mapping(spec, "template"), "data")
    yield Product(SECRET, name if isinstance(name, str) and name else resource.id.name, keys)


def _certificate(resource: Resource) -> Iterator[Product]:
    """https://cert-manager.io/docs/usage/certificate/; `ca.crt` is there if the issuer knows it."""
    spec = _mapping(resource.body, "spec")
    more = spec.get("keystores") or spec.get("additionalOutputFormats")
    yield Product(SECRET, _text(spec.get("secretName")), None if more else _TLS_KEYS | {"ca.crt"})


def _bundle(resource: Resource) -> Iterator[Product]:
    """https://cert-manager.io/docs/trust/trust-manager/: a target of the Bundle's name in every namespace."""
    target = _mapping(_mapping(resource.body, "spec"), "target")
    for field, kind in (("configMap", CONFIG_MAP), ("secret", SECRET)):
        if field in target:
            yield Product(kind, resource.id.name, None, _ANYWHERE)


def _ingress(resource: Resource) -> Iterator[Product]:
    """https://cert-manager.io/docs/usage/ingress/: with the annotation, each `tls` entry gets its Secret."""
    if any(key.startswith(_CERT_MANAGER) for key in _metadata(resource, "annotations")):
        for _, entry in parts(dig(resource.body, "spec", "tls")):
            yield Product(SECRET, _text(entry.get("secretName")), _TLS_KEYS | {"ca.crt"})


def _gateway(resource: Resource) -> Iterator[Product]:
    """https://cert-manager.io/docs/usage/gateway/."""
    if any(key.startswith(_CERT_MANAGER) for key in _metadata(resource, "annotations")):
        for _, listener in parts(dig(resource.body, "spec", "listeners")):
            for _, reference in parts(dig(listener, "tls", "certificateRefs")):
                yield Product(SECRET, _text(reference.get("name")), _TLS_KEYS | {"ca.crt"})


def _service(resource: Resource) -> Iterator[Product]:
    """https://docs.openshift.com, "Securing service traffic using service serving certificate secrets"."""
    annotations = _metadata(resource, "annotations")
    for key in _SERVING_SECRETS:
        yield Product(SECRET, _text(annotations.get(key)), _TLS_KEYS)


def _service_account(resource: Resource) -> Iterator[Product]:
    """What a ServiceAccount lists in `secrets` exists: OpenShift and older Kubernetes make them."""
    for _, secret in parts(resource.body.get("secrets")):
        yield Product(SECRET, _text(secret.get("name")))


def _cnpg_cluster(resource: Resource) -> Iterator[Product]:
    """https://cloudnative-pg.io/docs/, "Connecting from an application" and "Certificates"."""
    for suffix in ("app", "superuser", "ca", "server", "replication"):
        yield Product(SECRET, f"{resource.id.name}-{suffix}")


def _strimzi_kafka(resource: Resource) -> Iterator[Product]:
    """https://strimzi.io/docs/operators/latest/deploying: the cluster's and the clients' certificate authorities."""
    for suffix in ("cluster-ca-cert", "cluster-ca", "clients-ca-cert", "clients-ca"):
        yield Product(SECRET, f"{resource.id.name}-{suffix}")


def _same_name(resource: Resource) -> Iterator[Product]:
    """An object whose controller makes a Secret of its name: KafkaUser, VaultStaticSecret and the like."""
    spec = _mapping(resource.body, "spec")
    names = (
        dig(spec, "destination", "name"),
        dig(spec, "writeConnectionSecretToRef", "name"),
        spec.get("secretName"),
        spec.get("name") if resource.id.kind == "InfisicalSecret" else None,
        dig(spec, "managedSecretReference", "secretName"),
    )
    yield Product(SECRET, next((name for name in names if isinstance(name, str) and name), resource.id.name))


def _sops_secret(resource: Resource) -> Iterator[Product]:
    """https://github.com/isindir/sops-secrets-operator."""
    for _, template in parts(dig(resource.body, "spec", "secretTemplates")):
        yield Product(SECRET, _text(template.get("name")), _keys(template, "data", "stringData"))


def _provider_class(resource: Resource) -> Iterator[Product]:
    """https://secrets-store-csi-driver.sigs.k8s.io/topics/sync-as-kubernetes-secret."""
    for _, secret in parts(dig(resource.body, "spec", "secretObjects")):
        keys = [item.get("key") for _, item in parts(secret.get("data"))]
        yield Product(SECRET, _text(secret.get("secretName")), frozenset(key for key in keys if isinstance(key, str)))


def _bucket_claim(resource: Resource) -> Iterator[Product]:
    """https://rook.io/docs/rook/latest/Storage-Configuration/Object-Storage-RGW/ceph-object-bucket-claim/."""
    yield Product(SECRET, resource.id.name)
    yield Product(CONFIG_MAP, resource.id.name)


def _postgresql(resource: Resource) -> Iterator[Product]:
    """https://postgres-operator.readthedocs.io/en/latest/user/: one Secret for each user."""
    users = _mapping(_mapping(resource.body, "spec"), "users")
    for user in (*users, "postgres", "standby"):
        name = f"{str(user).replace('_', '-')}.{resource.id.name}.credentials.postgresql.acid.zalan.do"
        yield Product(SECRET, name)


def _crunchy(resource: Resource) -> Iterator[Product]:
    """https://access.crunchydata.com/documentation/postgres-operator/, "Connect to a Postgres cluster"."""
    for _, user in parts(dig(resource.body, "spec", "users")):
        yield Product(SECRET, f"{resource.id.name}-pguser-{user.get('name')}")
    yield Product(SECRET, f"{resource.id.name}-pguser-{resource.id.name}")
    yield Product(SECRET, f"{resource.id.name}-cluster-cert")


def _elastic(resource: Resource) -> Iterator[Product]:
    """https://www.elastic.co/docs/deploy-manage/deploy/cloud-on-k8s."""
    short = {"Elasticsearch": "es", "Kibana": "kb"}[resource.id.kind]
    for suffix in ("elastic-user", "http-certs-public", "http-certs-internal", "http-ca-internal"):
        yield Product(SECRET, f"{resource.id.name}-{short}-{suffix}")


_Maker = Callable[["Resource"], Iterator[Product]]

_MAKERS: dict[str, tuple[str | None, _Maker]] = {
    "ConfigMap": ("", _config_map),
    "Secret": ("", _secret),
    "Service": ("", _service),
    "ServiceAccount": ("", _service_account),
    "Ingress": (None, _ingress),
    "Gateway": ("gateway.networking.k8s.io", _gateway),
    "Certificate": (None, _certificate),
    "Bundle": ("trust.cert-manager.io", _bundle),
    "ExternalSecret": (None, _external_secret),
    "ClusterExternalSecret": (None, _cluster_external_secret),
    "SealedSecret": ("bitnami.com", _sealed_secret),
    "SopsSecret": (None, _sops_secret),
    "SecretProviderClass": (None, _provider_class),
    "Cluster": ("postgresql.cnpg.io", _cnpg_cluster),
    "postgresql": ("acid.zalan.do", _postgresql),
    "PostgresCluster": (None, _crunchy),
    "Kafka": ("kafka.strimzi.io", _strimzi_kafka),
    "KafkaUser": ("kafka.strimzi.io", _same_name),
    "Elasticsearch": ("elasticsearch.k8s.elastic.co", _elastic),
    "Kibana": ("kibana.k8s.elastic.co", _elastic),
    "ObjectBucketClaim": ("objectbucket.io", _bucket_claim),
    "VaultSecret": (None, _same_name),
    "VaultStaticSecret": (None, _same_name),
    "VaultDynamicSecret": (None, _same_name),
    "VaultPKISecret": (None, _same_name),
    "OnePasswordItem": (None, _same_name),
    "BitwardenSecret": (None, _same_name),
    "DopplerSecret": (None, _same_name),
    "InfisicalSecret": (None, _same_name),
    "AzureKeyVaultSecret": (None, _same_name),
    "RandomSecret": (None, _same_name),
}
"""By kind: the group it must have (any if None), and what yields its products."""


def _metadata(resource: Resource, field: str) -> Mapping[str, Any]:
    found = dig(resource.body, "metadata", field)
    return found if isinstance(found, dict) else {}


def _mapping(body: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    found = body.get(field)
    return found if isinstance(found, dict) else {}


def _keys(body: Mapping[str, Any], *fields: str) -> frozenset[str]:
    return frozenset(key for field in fields for key in _mapping(body, field))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
