"""Cases at the edge of rules: what must be found, and what must not."""

# ruff: noqa: E501  one case, one line

from __future__ import annotations

from typing import Any

import pytest

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.problems import dotted

from .checking import BY_ID, errors, load, problems


def pod(spec: str) -> str:
    return f"{{apiVersion: v1, kind: Pod, metadata: {{name: web}}, spec: {{{spec}}}}}"


def container(fields: str, pod_fields: str = "") -> str:
    return pod(f"{pod_fields}containers: [{{name: web, image: nginx, {fields}}}]")


def service(spec: str) -> str:
    return f"{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{{spec}}}}}"


def workload(kind: str, spec: str, pod_fields: str = "") -> str:
    template = f"{{metadata: {{labels: {{app: web}}}}, spec: {{{pod_fields}containers: [{{name: web, image: x}}]}}}}"
    selector = "selector: {matchLabels: {app: web}}, " if "selector" not in spec else ""
    return f"{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: web}}, spec: {{{selector}{spec}template: {template}}}}}"


def ingress(spec: str) -> str:
    return f"{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: web}}, spec: {{{spec}}}}}"


def hpa(spec: str) -> str:
    target = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}"
    return (
        f"{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: web}}, "
        f"spec: {{{target}, maxReplicas: 5, {spec}}}}}"
    )


def named(kind: str, name: str) -> str:
    api = {"Role": "rbac.authorization.k8s.io/v1", "Widget": "example.com/v1", "StatefulSet": "apps/v1"}.get(kind, "v1")
    return f"{{apiVersion: {api}, kind: {kind}, metadata: {{name: {name}}}}}"


FINE = [
    # Names
    ("invalid-name", named("Role", "'system:controller:x'")),
    ("invalid-name", named("Widget", "a.b-c")),
    ("invalid-name", "{apiVersion: v1, kind: Pod, metadata: {generateName: web-}}"),
    ("invalid-name", "{apiVersion: image.openshift.io/v1, kind: ImageStreamTag, metadata: {name: 'web:latest'}}"),
    ("invalid-name", "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.}}"),
    ("missing-name", "{apiVersion: v1, kind: ConfigMapList, items: []}"),
    ("missing-name", "{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, resources: [a.yaml]}"),
    ("missing-name", "{apiVersion: v1, kind: Pod, metadata: a text}"),
    ("invalid-env-name", container("env: [{name: 1A}, {name: a.b-c}], envFrom: [{prefix: '', configMapRef: {name: a}}]")),
    ("invalid-port-name", service("ports: [{port: 80, name: a-name-of-more-than-15-characters}]")),
    ("invalid-referenced-name", workload("StatefulSet", "", "hostname: a.b, ")),
    ("invalid-label", "{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {a: '', b: null}}}"),
    ("invalid-annotation", "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {Example.com/A: '!'}}}"),
    # Selectors
    ("selector-mismatch", workload("Deployment", "selector: {matchExpressions: [{key: b, operator: NotIn, values: [c]}]}, ")),
    ("empty-selector", "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {selector: {}}}"),
    ("empty-selector", "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: a}, spec: {}}"),
    ("job-selector", "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {manualSelector: true, selector: {matchLabels: {a: b}}}}"),
    ("job-selector", "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {selector: {}}}"),
    # Words
    ("unsupported-value", service("type: '', sessionAffinity: '', ports: [{port: 80, protocol: ''}]")),
    ("unsupported-value", container("imagePullPolicy: '', restartPolicy: OnFailure")),
    ("unsupported-value", container("", "tolerations: [{key: a, operator: Gt, value: '5'}], ")),
    ("unsupported-value", container("env: [{name: A, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['a']\"}}}]")),
    ("unsupported-value", container("imagePullPolicy: [Always]")),
    ("unsupported-value", "{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: a}, spec: {type: always}}"),
    ("wrong-restart-policy", pod("restartPolicy: Never, containers: []")),
    # Numbers
    ("number-out-of-range", service("ports: [{port: 65535, targetPort: 0}]")),
    ("number-out-of-range", container("livenessProbe: {periodSeconds: 0, successThreshold: 0, exec: {command: [a]}}")),
    ("number-out-of-range", container("ports: [{containerPort: 1, hostPort: 0}]")),
    ("number-out-of-range", workload("Deployment", "replicas: 2147483647, ")),
    ("number-out-of-range", workload("Deployment", "replicas: true, ")),
    ("node-port-out-of-range", service("type: NodePort, ports: [{port: 80, nodePort: 0}]")),
    ("invalid-share", workload("Deployment", "strategy: {rollingUpdate: {maxSurge: 200%}}, ")),
    ("stuck-rollout", workload("Deployment", "strategy: {rollingUpdate: {maxSurge: 0}}, ")),
    ("stuck-rollout", workload("Deployment", "strategy: {rollingUpdate: {maxUnavailable: 0%}}, ")),
    ("stuck-rollout", workload("DaemonSet", "updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}, ")),
    ("stuck-rollout", workload("Deployment", "minReadySeconds: 599, ")),
    ("autoscaler-bounds", hpa("minReplicas: 0, metrics: [{type: External}]")),
    ("autoscaler-bounds", hpa("minReplicas: 5")),
    # Quantities
    ("invalid-quantity", container("resources: {limits: {cpu: 0.5, memory: 1e9}, requests: {memory: ' 1Gi'}}")),
    ("request-over-limit", container("resources: {requests: {cpu: 0.0002}, limits: {cpu: 0.0001}}")),
    ("request-over-limit", container("resources: {requests: {memory: 1024Mi}, limits: {memory: 1Gi}}")),
    ("invalid-resource-name", container("resources: {limits: {nvidia.com/gpu: 1, hugepages-2Mi: 4Mi, ephemeral-storage: 1Gi}}")),
    # Texts
    ("invalid-base64", "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: \"aGVs\\nbG8=\\n\", b: '', c: null}}"),
    ("invalid-base64", "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: 'ENC[x]'}, sops: {}}"),
    ("invalid-base64", "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: '<path:secret#a>'}}"),
    ("invalid-timestamp", "{apiVersion: v1, kind: Pod, metadata: {name: a, creationTimestamp: null}}"),
    ("invalid-timestamp", "{apiVersion: v1, kind: Pod, metadata: {name: a, creationTimestamp: '2024-02-29T23:59:59.5+09:00'}}"),
    ("invalid-address", service("clusterIP: None, loadBalancerSourceRanges: [' 10.0.0.0/8 ', '010.0.0.0/8', '::/0']")),
    ("invalid-host", service("externalName: not_a_host, type: ClusterIP")),
    ("invalid-host", service("externalName: a.b., type: ExternalName")),
    ("ingress-path", ingress("rules: [{http: {paths: [{pathType: ImplementationSpecific}]}}]")),
    # Unions
    ("one-handler", container("livenessProbe: {grpc: {port: 80}, exec: null}, lifecycle: {preStop: {sleep: {seconds: 1}}}")),
    ("one-volume-source", container("", "volumes: [{name: a}, {name: b, emptyDir: {}, secret: null}], ")),
    ("one-env-source", container("env: [{name: A, value: '', valueFrom: {fieldRef: {fieldPath: metadata.name}}}]")),
    ("one-env-source", container("env: [{name: A, value: b, valueFrom: null}]")),
    ("ingress-backend", ingress("defaultBackend: {resource: {kind: a, name: b}}")),
    ("metric-source", hpa("metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 1}}}]")),
    ("metric-source", hpa("metrics: [{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 1}}, pods: null}]")),
    # References and duplicates
    ("mount-without-volume", workload("StatefulSet", "volumeClaimTemplates: [{metadata: {name: data}}], ").replace(
        "image: x", "image: x, volumeMounts: [{name: data, mountPath: /d}]")),
    ("duplicate-port", container("ports: [{containerPort: 53, protocol: TCP}, {containerPort: 53, protocol: UDP}]")),
    ("duplicate-port", service("ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}]")),
    ("duplicate-port", container("ports: [{containerPort: 1, hostPort: 1, hostIP: 10.0.0.1}, {containerPort: 2, hostPort: 1}]")),
    # Emptiness
    ("missing-spec", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}}"),
    ("service-ports", service("clusterIP: None")),
    ("service-ports", service("type: ExternalName, externalName: a.b")),
    ("missing-image", workload("Deployment", "").replace("image: x", "image: ' '")),
    ("ingress-rules", ingress("defaultBackend: {}")),
    ("binding-subject", "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, subjects: [{kind: ServiceAccount, name: a}]}"),
    ("secret-keys", "{apiVersion: v1, kind: Secret, metadata: {name: a}, type: kubernetes.io/tls, data: {tls.crt: ''}, stringData: {tls.key: ''}}"),
    # Conflicts
    ("service-type", service("type: LoadBalancer, loadBalancerClass: a/b, externalTrafficPolicy: Local, healthCheckNodePort: 30000, ports: [{port: 1, nodePort: 30001}]")),
    ("service-type", service("externalIPs: [8.8.8.8], externalTrafficPolicy: Local")),
    ("service-type", service("loadBalancerSourceRanges: [], ports: [{port: 1, nodePort: 0}]")),
    ("strategy-conflict", workload("Deployment", "strategy: {type: Recreate, rollingUpdate: null}, ")),
    ("strategy-conflict", workload("DaemonSet", "updateStrategy: {type: OnDelete, rollingUpdate: {maxSurge: 1}}, ")),
    ("init-container-field", pod("initContainers: [{name: a, image: b, restartPolicy: Always, startupProbe: {}}]")),
    ("invalid-toleration", container("", "tolerations: [{operator: Exists}, {key: a}, {key: a, effect: NoExecute, tolerationSeconds: 0}], ")),
    # Null in a list is an empty object, or an empty text
    ("empty-value", "{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}, imagePullSecrets: [null], secrets: [null]}"),
    ("ingress-rules", ingress("rules: [null, {host: a.b}]")),
    ("network-policy-peer", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {ingress: [null]}}"),
    # Time zones
    ("invalid-schedule", "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {timeZone: US/Pacific}}"),
    ("invalid-schedule", "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {timeZone: UTC}}"),
    # Operating systems
    ("pod-os", pod("os: {name: windows}, hostPID: false, securityContext: {runAsNonRoot: true, sysctls: []}")),
    ("pod-os", pod("os: {name: linux}, hostPID: true, shareProcessNamespace: false, securityContext: {runAsUser: 1}")),
    ("pod-os", pod("securityContext: {windowsOptions: {runAsUserName: 'NT AUTHORITY\\Local service'}}")),
    ("pod-os", container("", "hostNetwork: true, securityContext: {windowsOptions: {hostProcess: true}}, ")),
    # The resources of a pod as a whole
    ("pod-resources", container("resources: {requests: {cpu: 1}, limits: {memory: 1Gi, a.b/c: 1}}",
     "resources: {requests: {cpu: 1000m}, limits: {memory: 1024Mi, hugepages-2Mi: 2Mi}}, ")),
    # Claims
    ("claim-source", "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {dataSource: {apiGroup: a.b, name: c}}}"),
    ("invalid-quantity", "{apiVersion: v1, kind: LimitRange, metadata: {name: a}, spec: {limits: [{max: {memory: -1}}]}}"),
]  # fmt: skip

FOUND = [
    ("invalid-name", named("StatefulSet", "a.b"), "metadata.name"),
    ("invalid-name", named("Widget", "A"), "metadata.name"),
    ("invalid-name", "{apiVersion: v1, kind: Pod, metadata: {generateName: Web-}}", "metadata.generateName"),
    ("invalid-name", "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: a.b}}", "metadata.namespace"),
    ("invalid-name", f"{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: {'a' * 53}}}}}", "metadata.name"),
    ("missing-name", "{apiVersion: v1, kind: Pod}", ""),
    ("missing-name", "{apiVersion: v1, kind: Pod, metadata: null}", "metadata"),
    ("invalid-data-key", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}, binaryData: {a: ''}}", "data.a"),
    ("invalid-label", container("", "nodeSelector: {a/b/c: d}, "), "spec.nodeSelector[a/b/c]"),
    ("empty-selector", workload("DaemonSet", "selector: null, "), "spec.selector"),
    ("selector-mismatch", workload("Deployment", "selector: {matchExpressions: [{key: app, operator: DoesNotExist}]}, "),
     "spec.template.metadata.labels"),
    ("invalid-selector", container("", "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
     "{nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Gt, values: ['1', '2']}]}]}}}, "),
     "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values"),
    ("unsupported-value", container("ports: [{containerPort: 80, protocol: tcp}]"), "spec.containers[0].ports[0].protocol"),
    ("unsupported-value", container("env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.podIp}}}]"),
     "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath"),
    ("wrong-restart-policy", workload("Deployment", "", "restartPolicy: Never, "), "spec.template.spec.restartPolicy"),
    ("number-out-of-range", workload("Deployment", "replicas: 2147483648, "), "spec.replicas"),
    ("number-out-of-range", workload("Deployment", "replicas: -1, "), "spec.replicas"),
    ("number-out-of-range", container("livenessProbe: {successThreshold: 2, exec: {command: [a]}}"),
     "spec.containers[0].livenessProbe.successThreshold"),
    ("invalid-share", workload("Deployment", "strategy: {rollingUpdate: {maxUnavailable: '1.5%'}}, "),
     "spec.strategy.rollingUpdate.maxUnavailable"),
    ("stuck-rollout", workload("DaemonSet", "updateStrategy: {rollingUpdate: {maxSurge: 1}}, "),
     "spec.updateStrategy.rollingUpdate.maxSurge"),
    ("stuck-rollout", workload("Deployment", "minReadySeconds: 600, "), "spec"),
    ("autoscaler-bounds", hpa("minReplicas: 0"), "spec.minReplicas"),
    ("invalid-quantity", container("", "volumes: [{name: a, emptyDir: {sizeLimit: 1GB}}], "), "spec.volumes[0].emptyDir.sizeLimit"),
    ("invalid-resource-name", container("resources: {limits: {nvidia.com/gpu: 500m}}"),
     "spec.containers[0].resources.limits[nvidia.com/gpu]"),
    ("request-over-limit", container("resources: {requests: {nvidia.com/gpu: 1}}"), "spec.containers[0].resources"),
    ("invalid-timestamp", "{apiVersion: v1, kind: Pod, metadata: {name: a, creationTimestamp: '2023-02-29T00:00:00Z'}}",
     "metadata.creationTimestamp"),
    ("invalid-address", service("externalIPs: [10.0.0.256]"), "spec.externalIPs[0]"),
    ("ingress-backend", ingress("defaultBackend: {service: {name: a, port: {name: b, number: 1}}}"),
     "spec.defaultBackend.service.port"),
    ("one-volume-source", "{apiVersion: v1, kind: PersistentVolume, metadata: {name: a}, spec: {capacity: {storage: 1}}}", "spec"),
    ("duplicate-container", pod("containers: [{name: a}], initContainers: [{name: a}]"), "spec.initContainers[0].name"),
    ("duplicate-port", container("ports: [{name: a, containerPort: 1}, {name: a, containerPort: 2}]"),
     "spec.containers[0].ports[1].name"),
    ("missing-containers", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: null}}", "spec.template"),
    ("empty-value", pod("containers: [{name: null, image: a}]"), "spec.containers[0].name"),
    ("service-type", service("type: ClusterIP, loadBalancerClass: a/b"), "spec.loadBalancerClass"),
    ("service-type", service("type: ExternalName"), "spec"),
    ("strategy-conflict", workload("StatefulSet", "updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}, "),
     "spec.updateStrategy.rollingUpdate"),
    ("forbidden-pod-field", workload("DaemonSet", "", "hostNetwork: true, ").replace("image: x", "image: x, ports: [{containerPort: 1, hostPort: 2}]"),
     "spec.template.spec.containers[0].ports[0].hostPort"),
    ("invalid-toleration", container("", "tolerations: [{value: a}], "), "spec.tolerations[0]"),
    ("invalid-toleration", container("", "tolerations: [null], "), "spec.tolerations[0]"),
    ("missing-image", pod("containers: [null]"), "spec.containers[0]"),
    ("network-policy-peer", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {ingress: [{from: [null]}]}}",
     "spec.ingress[0].from[0]"),
    ("network-policy-peer", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {policyTypes: [Egress, Egress, Egress]}}",
     "spec.policyTypes"),
    ("invalid-schedule", "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {timeZone: Mars/Olympus}}", "spec.timeZone"),
    ("invalid-schedule", "{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {timeZone: asia/seoul}}", "spec.timeZone"),
    ("node-port-out-of-range", service("type: NodePort, ports: [{port: 80, nodePort: -1}]"), "spec.ports[0].nodePort"),
    ("pod-os", pod("os: {name: windows}, hostPID: true"), "spec.hostPID"),
    ("pod-os", pod("os: {name: windows}, shareProcessNamespace: false"), "spec.shareProcessNamespace"),
    ("pod-os", pod("os: {name: windows}, resources: {}"), "spec.resources"),
    ("pod-os", container("securityContext: {windowsOptions: {}}", "os: {name: linux}, "), "spec.containers[0].securityContext.windowsOptions"),
    ("pod-os", pod("securityContext: {windowsOptions: {runAsUserName: 'a\\b\\c'}}"), "spec.securityContext.windowsOptions.runAsUserName"),
    ("pod-os", container("", "securityContext: {windowsOptions: {hostProcess: true}}, "), "spec"),
    ("pod-resources", container("resources: {requests: {cpu: 1}}", "resources: {requests: {cpu: 500m}}, "), "spec.resources.requests.cpu"),
    ("pod-resources", container("", "resources: {requests: {ephemeral-storage: 1Gi}}, "), "spec.resources.requests[ephemeral-storage]"),
    ("claim-source", "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {dataSource: {kind: PersistentVolumeClaim}}}",
     "spec.dataSource"),
    ("mount-without-volume", container("volumeDevices: [{name: a, devicePath: /dev/a}]", "volumes: [{name: a, emptyDir: {}}], "),
     "spec.containers[0].volumeDevices[0].name"),
    ("device-request", "{apiVersion: resource.k8s.io/v1, kind: ResourceClaim, metadata: {name: a}, spec: {devices: "
     "{requests: [{name: a, firstAvailable: [{name: b, deviceClassName: c}]}], config: [{requests: [a/c]}]}}}",
     "spec.devices.config[0].requests[0]"),
    ("resource-quota", "{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {hard: {secrets: 1}, scopes: [NotTerminating]}}",
     "spec.scopes"),
]  # fmt: skip


@pytest.mark.parametrize(("rule_id", "text"), FINE)
def test_is_not_found(rule_id: str, text: str) -> None:
    assert [problem.message for problem in problems(BY_ID[rule_id], load(text))] == []


@pytest.mark.parametrize(("rule_id", "text", "place"), FOUND)
def test_is_found(rule_id: str, text: str, place: str) -> None:
    assert [dotted(problem.pointer) for problem in problems(BY_ID[rule_id], load(text))] == [place]


@pytest.mark.parametrize(
    ("rule_id", "text"),
    [
        ("invalid-name", named("Service", "1a")),
        ("duplicate-port", container("ports: [{containerPort: 1}, {containerPort: 1}]")),
        ("invalid-share", workload("StatefulSet", "updateStrategy: {rollingUpdate: {maxUnavailable: 150%}}, ")),
        ("missing-name", "{apiVersion: v1, kind: LimitRange, metadata: {}}"),
    ],
)  # fmt: skip
def test_what_only_some_versions_refuse_is_a_warning(rule_id: str, text: str) -> None:
    assert [problem.severity for problem in problems(BY_ID[rule_id], load(text))] == [Severity.WARNING]


def test_messages_are_the_api_servers() -> None:
    body = load(service("ports: [{port: 0, protocol: tcp}]"))[0]
    assert sorted(errors(body)) == [
        ("number-out-of-range", "spec.ports[0].port: invalid value 0: must be between 1 and 65535, inclusive"),
        (
            "unsupported-value",
            'spec.ports[0].protocol: unsupported value "tcp": supported values: "SCTP", "TCP", "UDP"',
        ),
    ]


def test_the_word_meant_is_in_the_hint() -> None:
    found = problems(BY_ID["unsupported-value"], load(container("imagePullPolicy: if-not-present")))
    assert [problem.hint for problem in found] == ['write "IfNotPresent"']


def test_a_secret_value_is_in_no_message() -> None:
    secret: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
    secret["data"] = {"password": "hunter two", "a/b": "hunter two"}
    secret["stringData"] = {"..": "hunter two"}
    found = list(errors(secret))
    assert {identity for identity, _ in found} == {"invalid-base64", "invalid-data-key"}
    assert not any("hunter" in message for _, message in found)


def test_two_versions_of_one_group_are_one_object() -> None:
    bodies = load("{apiVersion: example.com/v1, kind: A, metadata: {name: a}}\n---\n"
                  "{apiVersion: example.com/v1beta1, kind: A, metadata: {name: a}}\n---\n"
                  "{apiVersion: example.com/v1, kind: A, metadata: {name: a, namespace: b}}")  # fmt: skip
    found = problems(BY_ID["duplicate-object"], bodies)
    assert [problem.message for problem in found] == ['"A/a" is rendered twice']
