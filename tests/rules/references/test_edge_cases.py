"""Cases at the edge of the rules across resources: reported as false by users of other tools, or easily missed."""

# ruff: noqa: E501  one case, one line
from __future__ import annotations

from pathlib import Path

import pytest
from rendered import HOME, SETTINGS, findings, said

from gitops_tool.rules.references import RULES

BY_ID = {rule.id: rule for rule in RULES}


def deployment(
    name: str = "web",
    labels: str = "app: web",
    container: str = "",
    pod: str = "",
    spec: str = "",
    kind: str = "Deployment",
) -> str:
    """Return a workload; `container`, `pod` and `spec` are more fields, each followed by a comma."""
    return (
        f"{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: {name}}}, spec: {{{spec} selector: {{matchLabels: {{{labels}}}}}, "
        f"template: {{metadata: {{labels: {{{labels}}}}}, spec: {{{pod} containers: [{{{container} name: web, image: nginx:1.29}}]}}}}}}}}\n"
    )


def service(spec: str, name: str = "web", labels: str = "") -> str:
    return f"{{apiVersion: v1, kind: Service, metadata: {{name: {name}, labels: {{{labels}}}}}, spec: {{{spec}}}}}\n"


def made(kind: str, name: str, fields: str = "", api: str = "v1") -> str:
    return f"{{apiVersion: {api}, kind: {kind}, metadata: {{name: {name}}}, {fields}}}\n"


def both(*objects: str) -> str:
    return "---\n".join(objects)


OTHER_APP = "# apps/database/overlays/production\n"
OTHER_ENVIRONMENT = "# apps/web/overlays/staging\n"
TO_WEB = service("selector: {app: web}, ports: [{port: 80}]")
HTTP = "ports: [{name: http, containerPort: 8080}],"
INGRESS = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {defaultBackend: {service: {name: web, port: {%s}}}}}\n"
PDB = "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {%s, selector: {matchLabels: {app: web}}}}\n"
HPA = (
    "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {%s maxReplicas: 9, "
    "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}\n"
)
MONITOR = "{apiVersion: monitoring.coreos.com/v1, kind: %s, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, %s}}\n"
POLICY = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web}, spec: {%s}}\n"
ENV = "env: [{name: A, valueFrom: {%s: {name: thing, key: a}}}],"
NEEDS_SECRET = deployment(container=ENV % "secretKeyRef")
NEEDS_CONFIG_MAP = deployment(container=ENV % "configMapKeyRef")
ARTEMIS = made("ActiveMQArtemis", "broker", "spec: {}", "broker.amq.io/v1beta1")

QUIET = [
    # Services: kube-linter#179, #746, #249, PR#465, pipeline-service#892
    ("service-without-pods", TO_WEB + OTHER_APP + deployment()),
    ("service-without-pods", both(TO_WEB, made("Endpoints", "web", "subsets: []"))),
    (
        "service-without-pods",
        both(
            TO_WEB,
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web-1, labels: "
            "{kubernetes.io/service-name: web}}, addressType: IPv4, endpoints: []}\n",
        ),
    ),
    (
        "service-without-pods",
        both(service("selector: {app: web, statefulset.kubernetes.io/pod-name: web-0}"), deployment(kind="StatefulSet")),
    ),
    ("service-without-pods", service("selector: {cnpg.io/cluster: db, role: primary}")),
    ("service-without-pods", both(service("selector: {app: web, role: master}"), deployment())),
    ("service-without-pods", service("type: ExternalName, externalName: example.com, selector: {app: web}")),
    ("service-without-pods", service("ports: [{port: 80}]")),
    ("service-without-pods", both(service("selector: {deploymentconfig: web}"), made(
        "DeploymentConfig", "web", "spec: {template: {metadata: {labels: {a: b}}, spec: {containers: []}}}", "apps.openshift.io/v1"))),
    ("service-without-pods", both(TO_WEB, made(
        "Rollout", "web", "spec: {template: {metadata: {labels: {app: web}}, spec: {containers: []}}}", "argoproj.io/v1alpha1"))),
    # Ports: declaring a number is optional
    ("service-target-port", both(service("selector: {app: web}, ports: [{port: 80, targetPort: 8080}]"), deployment())),
    ("service-target-port", both(
        service("clusterIP: None, selector: {app: web}, ports: [{port: 80, targetPort: 9}]"), deployment(container=HTTP))),
    ("service-target-port", both(service("selector: {app: web}, ports: [{port: 80, targetPort: http}]"), deployment(
        pod=f"initContainers: [{{name: proxy, image: envoy:1, restartPolicy: Always, {HTTP}}}],"))),
    ("probe-port", deployment(container="livenessProbe: {tcpSocket: {port: 8080}},")),
    ("probe-port", deployment(container='livenessProbe: {httpGet: {port: "8080"}},')),
    # Backends
    ("missing-backend", INGRESS % "number: 80" + OTHER_APP + TO_WEB),
    ("missing-backend", both(INGRESS % "name: use-annotation")),
    ("missing-backend-port", both(INGRESS % "number: 443", service("type: ExternalName, externalName: example.com"))),
    ("missing-backend-port", both(INGRESS % "number: 80", service("ports: [{port: 80, targetPort: 8080}]"))),
    ("missing-backend-port", both(
        made("Route", "web", "spec: {to: {kind: Service, name: web}, port: {targetPort: 8080}}", "route.openshift.io/v1"),
        service("ports: [{name: http, port: 80, targetPort: 8080}]"))),
    ("missing-backend", both(
        made("HTTPRoute", "web", "spec: {rules: [{backendRefs: [{name: web, namespace: shop, port: 80}]}]}",
             "gateway.networking.k8s.io/v1"),
        "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 80}]}}\n")),
    # Autoscalers and budgets: kube-score#536, kics#1957
    ("missing-scale-target", both(HPA % "", OTHER_APP + deployment())),
    ("missing-scale-target", both(made("ScaledObject", "web", "spec: {scaleTargetRef: {name: web}}", "keda.sh/v1alpha1"), deployment())),
    ("eviction-blocked", both(PDB % "minAvailable: 1", deployment())),
    ("eviction-blocked", both(PDB % "maxUnavailable: 1", deployment(spec="replicas: 1,"))),
    ("eviction-blocked", both(PDB % "minAvailable: 1", HPA % "minReplicas: 2,", deployment(spec="replicas: 1,"))),
    ("eviction-blocked", both(PDB % "minAvailable: 50%", deployment(spec="replicas: 2,"))),
    ("eviction-blocked", both(PDB % "minAvailable: 1", deployment(spec="replicas: 0,"))),
    ("eviction-blocked", both(PDB % "minAvailable: 1", deployment(kind="DaemonSet"))),
    ("budget-without-pods", both(PDB % "maxUnavailable: 1", OTHER_APP + deployment())),
    # Monitors: prometheus-operator#2833, #996, #1470, #3354; kube-linter PR#547
    ("monitor-without-targets", both(
        MONITOR % ("ServiceMonitor", "namespaceSelector: {any: true}, endpoints: []"),
        "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: other, labels: {app: web}}, spec: {}}\n")),
    ("monitor-without-targets", both(
        MONITOR % ("ServiceMonitor", "namespaceSelector: {matchNames: [other]}, endpoints: []"),
        "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: other, labels: {app: web}}, spec: {}}\n")),
    ("monitor-port", both(
        MONITOR % ("ServiceMonitor", "endpoints: [{targetPort: http}, {targetPort: 9}, {port: a}]"),
        service("selector: {app: web}, ports: [{name: a, port: 1}]", labels="app: web"), deployment(container=HTTP))),
    ("monitor-port", both(MONITOR % ("PodMonitor", "podMetricsEndpoints: [{port: http}]"), deployment(container=HTTP))),
    # References of pods: open-bank-oss#1241, core#87, monokle#3798
    ("missing-secret", deployment(container=(ENV % "secretKeyRef").replace("key: a", "key: a, optional: true"))),
    ("missing-config-map", deployment(pod="volumes: [{name: a, configMap: {name: thing, optional: true}}],")),
    ("missing-config-map", deployment(pod="volumes: [{name: a, configMap: {name: kube-root-ca.crt}}],")),
    ("missing-config-map", deployment(container="envFrom: [{configMapRef: {name: $(NAME)}}],")),
    ("missing-config-map", NEEDS_CONFIG_MAP + OTHER_APP + made("ConfigMap", "thing", "data: {a: b}")),
    ("missing-service-account", deployment(pod="serviceAccountName: default,")),
    ("missing-service-account", deployment(pod="serviceAccountName: web,") + OTHER_APP + made("ServiceAccount", "web")),
    ("missing-claim", both(
        deployment(pod="volumes: [{name: a, persistentVolumeClaim: {claimName: data-db-0}}],"),
        made("StatefulSet", "db", "spec: {volumeClaimTemplates: [{metadata: {name: data}}]}", "apps/v1"))),
    # Policies
    ("open-network-policy", POLICY % "podSelector: {}, policyTypes: [Ingress, Egress], ingress: [], egress: []"),
    ("open-network-policy", POLICY % "podSelector: {}, ingress: [{ports: [{port: 80}]}]"),
    ("open-network-policy", POLICY % "podSelector: {}, egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}]}]"),
    ("policy-without-pods", POLICY % "podSelector: {}"),
    ("policy-without-pods", POLICY % "podSelector: {matchLabels: {strimzi.io/cluster: a}}"),
    ("policy-without-pods", both(POLICY % "podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}", deployment())),
    ("policy-port", both(POLICY % "podSelector: {}, ingress: [{ports: [{port: http}, {port: 1}]}]", deployment(container=HTTP))),
]  # fmt: skip

LOUD = [
    ("service-without-pods", both(service("selector: {app: web, tier: front}"), deployment(labels="app: web, tier: back")),
     'error: the selector misses "Deployment/web": "tier" is "back" there, not "front"'),
    ("service-without-pods", both(service("selector: {app: web, zone: a}"), deployment()),
     'error: the selector misses "Deployment/web": it has no label "zone"'),
    ("service-without-pods", both(service("selector: {app: x, app.kubernetes.io/part-of: shop}"),
     deployment(labels="app: web, app.kubernetes.io/part-of: shop")),
     'warning: no pod here has the labels "app: x", "app.kubernetes.io/part-of: shop": the Service sends traffic nowhere'),
    ("service-without-pods", TO_WEB + OTHER_ENVIRONMENT + deployment(),
     'warning: no pod here has the labels "app: web": the Service sends traffic nowhere'),
    ("service-without-pods", both(TO_WEB, ARTEMIS),
     'info: no pod here has the labels "app: web": the Service sends traffic nowhere'),
    ("service-target-port", both(service("selector: {app: web}, ports: [{port: 80, targetPort: 9}]"), deployment(container=HTTP)),
     'warning: "Deployment/web" declares no port 9'),
    ("service-target-port", both(service("selector: {app: web}, ports: [{port: 80}]"), deployment(container=HTTP)),
     'warning: "Deployment/web" declares no port 80'),
    ("service-target-port", both(service("selector: {app: web}, ports: [{port: 80, targetPort: http, protocol: UDP}]"),
     deployment(container=HTTP)), 'error: the port "http" of "Deployment/web" is not of protocol UDP'),
    ("service-target-port", TO_WEB.replace("80", "80, targetPort: http") + OTHER_APP + deployment(),
     'error: "Deployment/web" has no port "http"'),
    ("probe-port", deployment(container="lifecycle: {preStop: {httpGet: {port: htp}}}, " + HTTP),
     'error: container "web" has no port "htp"'),
    ("missing-backend", INGRESS % "number: 80" + OTHER_ENVIRONMENT + TO_WEB, 'warning: the Service "web" is nowhere here'),
    ("missing-backend-port", both(INGRESS % "name: https", service("ports: [{name: http, port: 80}]")),
     'error: the Service "web" has no port "https"'),
    ("missing-backend-port", both(
        made("HTTPRoute", "web", "spec: {rules: [{backendRefs: [{name: web, port: 8080}]}]}", "gateway.networking.k8s.io/v1"),
        service("ports: [{port: 80, targetPort: 8080}]")), 'error: the Service "web" has no port 8080'),
    ("missing-scale-target", HPA % "", 'warning: Deployment "web" is nowhere here'),
    ("missing-scale-target", both(HPA % "", deployment("website")), 'error: Deployment "web" is nowhere here'),
    ("missing-scale-target", both((HPA % "").replace("apps/v1", "extensions/v1beta1"), deployment()),
     'error: Deployment "web" is not of "extensions/v1beta1"'),
    ("eviction-blocked", both(PDB % "minAvailable: 1", deployment(spec="replicas: 1,")),
     'warning: no pod of "Deployment/web" may ever be evicted: 1 of 1 must be available'),
    ("eviction-blocked", both(PDB % "minAvailable: 90%", deployment(spec="replicas: 3,")),
     'warning: no pod of "Deployment/web" may ever be evicted: 3 of 3 must be available'),
    ("eviction-blocked", both(PDB % "minAvailable: 2", HPA % "minReplicas: 2,", deployment()),
     'warning: no pod of "Deployment/web" may ever be evicted: 2 of 2 must be available'),
    ("eviction-blocked", both(PDB % "maxUnavailable: 0", deployment()), "warning: no pod may ever be evicted"),
    ("eviction-blocked", both(PDB % "maxUnavailable: 0%", deployment()), "warning: no pod may ever be evicted"),
    ("monitor-without-targets", both(
        MONITOR % ("ServiceMonitor", "endpoints: []"),
        "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: other, labels: {app: web}}, spec: {}}\n").replace(
            "kind: ServiceMonitor, metadata: {", "kind: ServiceMonitor, metadata: {namespace: mine, "),
     "warning: the selector matches no Service here"),
    ("monitor-without-targets", MONITOR % ("PodMonitor", "podMetricsEndpoints: []"), "warning: the selector matches no pod here"),
    ("monitor-port", both(
        MONITOR % ("ServiceMonitor", "endpoints: [{targetPort: metrics}]"),
        service("selector: {app: web}", labels="app: web"), deployment(container=HTTP)),
     'error: "Deployment/web" has no port named "metrics"'),
    ("monitor-port", both(MONITOR % ("PodMonitor", "podMetricsEndpoints: [{port: metrics}]"), deployment(container=HTTP)),
     'error: "Deployment/web" has no port named "metrics"'),
    ("missing-config-map", NEEDS_CONFIG_MAP, 'warning: nothing here makes the ConfigMap "thing"'),
    ("missing-config-map", NEEDS_CONFIG_MAP + OTHER_ENVIRONMENT + made("ConfigMap", "thing", "data: {a: b}"),
     'warning: nothing here makes the ConfigMap "thing"'),
    ("missing-config-map", both(NEEDS_CONFIG_MAP, ARTEMIS), 'info: nothing here makes the ConfigMap "thing"'),
    ("missing-secret", NEEDS_SECRET, 'info: nothing here makes the Secret "thing"'),
    ("missing-secret", both(NEEDS_SECRET, made("SealedSecret", "other", "spec: {encryptedData: {a: b}}", "bitnami.com/v1alpha1")),
     'warning: nothing here makes the Secret "thing"'),
    ("missing-secret", deployment(pod="imagePullSecrets: [{name: thing}],"), 'info: nothing here makes the Secret "thing"'),
    ("missing-secret", deployment(pod="volumes: [{name: a, projected: {sources: [{secret: {name: thing}}]}}],"),
     'info: nothing here makes the Secret "thing"'),
    ("missing-key", both(NEEDS_CONFIG_MAP, made("ConfigMap", "thing", "binaryData: {b: aGk=}")),
     'error: the ConfigMap "thing" has no key "a"'),
    ("missing-key", both(
        deployment(pod="volumes: [{name: a, configMap: {name: thing, items: [{key: a, path: b}]}}],"),
        made("ConfigMap", "thing", "data: {b: c}")), 'error: the ConfigMap "thing" has no key "a"'),
    ("missing-key", both(NEEDS_SECRET, made("SealedSecret", "thing", "spec: {encryptedData: {b: c}}", "bitnami.com/v1alpha1")),
     'error: the Secret "thing" has no key "a"'),
    ("missing-key", both(NEEDS_SECRET, made(
        "ExternalSecret", "thing", "spec: {target: {template: {data: {b: c}}}, data: [{secretKey: a}]}", "external-secrets.io/v1")),
     'error: the Secret "thing" has no key "a"'),
    ("missing-claim", deployment(pod="volumes: [{name: a, persistentVolumeClaim: {claimName: data}}],"),
     'warning: the PersistentVolumeClaim "data" is nowhere here'),
    ("open-network-policy", POLICY % "podSelector: {}, ingress: [{from: []}]",
     'warning: "from: []" allows traffic from anywhere: no peer in the list means every peer'),
    ("open-network-policy", POLICY % "podSelector: {}, egress: [{}]", "info: an empty rule allows all traffic to anywhere"),
    ("open-network-policy", POLICY % "podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]",
     "info: an empty namespaceSelector means every pod of every namespace"),
]  # fmt: skip

MAKERS = [
    made("Secret", "thing", "stringData: {a: ''}"),
    made("ExternalSecret", "thing", "spec: {data: [{secretKey: a}]}", "external-secrets.io/v1"),
    made(
        "ExternalSecret",
        "other",
        "spec: {target: {name: thing}, dataFrom: [{extract: {key: x}}]}",
        "external-secrets.io/v1",
    ),
    made(
        "ExternalSecret",
        "thing",
        "spec: {target: {template: {mergePolicy: Merge, data: {b: c}}}, data: [{secretKey: a}]}",
        "external-secrets.io/v1",
    ),
    made("SealedSecret", "thing", "spec: {encryptedData: {a: b}}", "bitnami.com/v1alpha1"),
    made(
        "SealedSecret",
        "other",
        "spec: {encryptedData: {a: b}, template: {metadata: {name: thing}}}",
        "bitnami.com/v1alpha1",
    ),
    made("VaultStaticSecret", "other", "spec: {destination: {name: thing}}", "secrets.hashicorp.com/v1beta1"),
    made(
        "SecretProviderClass",
        "other",
        "spec: {secretObjects: [{secretName: thing, data: [{key: a}]}]}",
        "secrets-store.csi.x-k8s.io/v1",
    ),
    made(
        "SopsSecret",
        "other",
        "spec: {secretTemplates: [{name: thing, stringData: {a: b}}]}",
        "isindir.github.com/v1alpha3",
    ),
    made("ObjectBucketClaim", "thing", "spec: {}", "objectbucket.io/v1alpha1"),
    made("KafkaUser", "thing", "spec: {}", "kafka.strimzi.io/v1beta2"),
    made("ServiceAccount", "web", "secrets: [{name: thing}]"),
]

NAMED_MAKERS = [
    ("web-tls", "tls.crt", made("Certificate", "web", "spec: {secretName: web-tls}", "cert-manager.io/v1")),
    ("web-tls", "tls.key", "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, annotations: "
     "{cert-manager.io/cluster-issuer: ca}}, spec: {tls: [{secretName: web-tls}]}}\n"),
    ("web-tls", "tls.crt", "{apiVersion: v1, kind: Service, metadata: {name: web, annotations: "
     "{service.beta.openshift.io/serving-cert-secret-name: web-tls}}, spec: {}}\n"),
    ("db-app", "password", made("Cluster", "db", "spec: {}", "postgresql.cnpg.io/v1")),
    ("db-pguser-web", "password", made("PostgresCluster", "db", "spec: {users: [{name: web}]}", "postgres-operator.crunchydata.com/v1beta1")),
    ("bus-cluster-ca-cert", "ca.crt", made("Kafka", "bus", "spec: {}", "kafka.strimzi.io/v1beta2")),
    ("search-es-elastic-user", "elastic", made("Elasticsearch", "search", "spec: {}", "elasticsearch.k8s.elastic.co/v1")),
    ("web.db.credentials.postgresql.acid.zalan.do", "password", made("postgresql", "db", "spec: {users: {web: []}}", "acid.zalan.do/v1")),
]  # fmt: skip


@pytest.mark.parametrize(("rule_id", "text"), QUIET)
def test_is_not_found(rule_id: str, text: str, tmp_path: Path) -> None:
    assert said(tmp_path, text, BY_ID[rule_id]) == []


@pytest.mark.parametrize(("rule_id", "text", "message"), LOUD)
def test_is_found(rule_id: str, text: str, message: str, tmp_path: Path) -> None:
    assert said(tmp_path, text, BY_ID[rule_id]) == [message]


@pytest.mark.parametrize(
    "rule_id", [rule.id for rule in RULES if rule.id.startswith("missing-") or "without" in rule.id]
)
def test_nothing_is_missing_when_only_a_part_was_looked_at(rule_id: str, tmp_path: Path) -> None:
    texts = [text for other, text, _ in LOUD if other == rule_id and OTHER_ENVIRONMENT not in text]
    objects = "---\n".join(text for text in texts if "has no" not in text)
    found = said(tmp_path, objects, BY_ID[rule_id], complete=False)
    assert [message for message in found if "nowhere" in message or "nothing" in message or "no pod" in message] == []


@pytest.mark.parametrize("maker", MAKERS)
def test_what_makes_a_secret_counts_as_the_secret(maker: str, tmp_path: Path) -> None:
    text = both(NEEDS_SECRET, maker)
    assert said(tmp_path, text, BY_ID["missing-secret"]) == []
    assert said(tmp_path, text, BY_ID["missing-key"]) == []


@pytest.mark.parametrize(("name", "key", "maker"), NAMED_MAKERS)
def test_operators_name_their_secrets(name: str, key: str, maker: str, tmp_path: Path) -> None:
    text = both(NEEDS_SECRET.replace("thing", name).replace("key: a", f"key: {key}"), maker)
    assert said(tmp_path, text, BY_ID["missing-secret"]) == []
    assert said(tmp_path, text, BY_ID["missing-key"]) == []


def test_an_ingress_without_cert_manager_makes_no_secret(tmp_path: Path) -> None:
    ingress = NAMED_MAKERS[1][2].replace("cert-manager.io/cluster-issuer", "example.com/issuer")
    text = both(NEEDS_SECRET.replace("thing", "web-tls"), ingress)
    assert said(tmp_path, text, BY_ID["missing-secret"]) == ['info: nothing here makes the Secret "web-tls"']


@pytest.mark.parametrize(
    "external", ["Secret//thing", "Secret/shop/thing", "Secret/*/th*", "*/shop/thing"]
)  # fmt: skip
def test_what_the_settings_call_external_is_not_missing(external: str, tmp_path: Path) -> None:
    settings = f'{SETTINGS}external:\n  - "{external}"\n'
    text = NEEDS_SECRET.replace("name: web}, spec", "name: web, namespace: shop}, spec")
    assert said(tmp_path, text, BY_ID["missing-secret"], settings=settings) == []


def test_another_namespace_of_the_settings_does_not_count(tmp_path: Path) -> None:
    settings = f"{SETTINGS}external:\n  - Secret/other/thing\n"
    text = NEEDS_SECRET.replace("name: web}, spec", "name: web, namespace: shop}, spec")
    assert said(tmp_path, text, BY_ID["missing-secret"], settings=settings) == [
        'info: nothing here makes the Secret "thing" in the namespace "shop"'
    ]


def test_a_config_map_is_an_error_in_an_environments_own_namespace(tmp_path: Path) -> None:
    settings = SETTINGS.replace(
        "cluster: production.example.com", "cluster: production.example.com\n    namespace: shop"
    )
    assert said(tmp_path, NEEDS_CONFIG_MAP, BY_ID["missing-config-map"], settings=settings) == [
        'error: nothing here makes the ConfigMap "thing" in the namespace "shop"'
    ]


def test_environments_on_one_cluster_share_what_is_in_a_namespace(tmp_path: Path) -> None:
    settings = SETTINGS.replace("staging.example.com", "production.example.com")
    text = NEEDS_CONFIG_MAP + OTHER_ENVIRONMENT + made("ConfigMap", "thing", "data: {a: b}")
    assert said(tmp_path, text, BY_ID["missing-config-map"], settings=settings) == []


def test_a_generated_config_map_is_found_under_its_name_with_hash(tmp_path: Path) -> None:
    files = {
        f"{HOME}/kustomization.yaml": (
            "resources: [objects.yaml]\nconfigMapGenerator:\n  - name: thing\n    literals: [b=1]\nnamePrefix: shop-\n"
        ),
        f"{HOME}/objects.yaml": NEEDS_CONFIG_MAP,
    }
    found = findings(tmp_path, files, BY_ID["missing-config-map"], BY_ID["missing-key"])
    column = NEEDS_CONFIG_MAP.index("key: a") + len("key: ") + 1
    assert [(item.rule, str(item.location)) for item in found] == [("missing-key", f"{HOME}/objects.yaml:1:{column}")]


def test_a_finding_in_a_patched_value_blames_the_patch(tmp_path: Path) -> None:
    files = {
        f"{HOME}/kustomization.yaml": "resources: [objects.yaml]\npatches:\n  - path: port.yaml\n",
        f"{HOME}/objects.yaml": both(service("selector: {app: web}, ports: [{port: 80, targetPort: http}]"), deployment(container=HTTP)),
        f"{HOME}/port.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: 80\n      targetPort: htp\n",
    }  # fmt: skip
    (found,) = findings(tmp_path, files, BY_ID["service-target-port"])
    assert (str(found.location), found.hint) == (f"{HOME}/port.yaml:8:19", 'did you mean "http"?')


def test_hints_name_what_was_meant(tmp_path: Path) -> None:
    monitor = MONITOR % ("ServiceMonitor", "endpoints: []")
    (found,) = findings(
        tmp_path, {f"{HOME}/objects.yaml": both(monitor, TO_WEB, deployment())}, BY_ID["monitor-without-targets"]
    )
    assert found.hint == 'the Service "web" selects these labels, but does not have them itself'


@pytest.mark.parametrize("value", ["null", "[]", "{}", "''", "7", "[null]", "[[]]", "{a: null}", "true"])
def test_no_shape_of_an_object_breaks_a_rule(value: str, tmp_path: Path) -> None:
    kinds = [
        ("v1", "Service"), ("v1", "Pod"), ("v1", "Secret"), ("v1", "ConfigMap"), ("v1", "ServiceAccount"), ("apps/v1", "Deployment"),
        ("batch/v1", "CronJob"), ("networking.k8s.io/v1", "Ingress"), ("networking.k8s.io/v1", "NetworkPolicy"),
        ("policy/v1", "PodDisruptionBudget"), ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"), ("monitoring.coreos.com/v1", "PodMonitor"),
        ("route.openshift.io/v1", "Route"), ("gateway.networking.k8s.io/v1", "HTTPRoute"), ("external-secrets.io/v1", "ExternalSecret"),
        ("bitnami.com/v1alpha1", "SealedSecret"), ("cert-manager.io/v1", "Certificate"), ("acid.zalan.do/v1", "postgresql"),
    ]  # fmt: skip
    fields = ("spec", "metadata", "data", "secrets")
    objects = [f"{{apiVersion: {api}, kind: {kind}, {field}: {value}}}\n" for api, kind in kinds for field in fields]
    nested = (
        "selector",
        "ports",
        "template",
        "rules",
        "endpoints",
        "data",
        "target",
        "tls",
        "users",
        "egress",
        "scaleTargetRef",
    )
    objects += [
        f"{{apiVersion: {api}, kind: {kind}, metadata: {{name: a}}, spec: {{{field}: {value}}}}}\n"
        for api, kind in kinds
        for field in nested
    ]
    pods = ("containers", "volumes", "imagePullSecrets", "serviceAccountName", "initContainers")
    objects += [f"{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{{field}: {value}}}}}\n" for field in pods]
    found = findings(tmp_path, {f"{HOME}/objects.yaml": "---\n".join(objects)}, *RULES)
    assert all(finding.location.path.name == "objects.yaml" for finding in found)
