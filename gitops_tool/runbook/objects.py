"""What to ask about the objects around a workload: services, scaling, policies, configuration, connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops_tool.patterns import lazy_pattern
from gitops_tool.runbook.kubectl import Kubectl
from gitops_tool.runbook.steps import Command, Effect, Step
from gitops_tool.runbook.workloads import containers

if TYPE_CHECKING:
    from gitops_tool.model import Resource

DEBUG_IMAGE = "busybox:1.37"
_DESCRIBED = {
    "HorizontalPodAutoscaler": ("Scaling", "horizontalpodautoscaler"),
    "PodDisruptionBudget": ("Disruption budget", "poddisruptionbudget"),
    "NetworkPolicy": ("Network policy", "networkpolicy"),
    "Ingress": ("Ingress", "ingress"),
    "PersistentVolumeClaim": ("Volume claim", "persistentvolumeclaim"),
    "ExternalSecret": ("External secret", "externalsecrets.external-secrets.io"),
    "Certificate": ("Certificate", "certificates.cert-manager.io"),
    "ServiceMonitor": ("Metrics", "servicemonitors.monitoring.coreos.com"),
}
_ADDRESS = lazy_pattern(
    r"(?:[a-z][a-z0-9+.-]*:)*//(?:[^/\s@]*@)?([a-zA-Z0-9.-]+):(\d{1,5})(?![\w.])|([a-zA-Z0-9.-]+):(\d{2,5})(?![\w.:])"
)
_HOST = lazy_pattern(r"[a-zA-Z][a-zA-Z0-9.-]*")
_PORTS = {"HOST": "PORT", "HOSTNAME": "PORT"}


def steps(resources: Sequence[Resource], kubectl: Kubectl) -> Iterator[Step]:
    """Yield the steps for the objects around the workloads."""
    for one in resources:
        if one.id.kind == "Service":
            yield Step(f"Service {one.id.name}", tuple(_service(one, kubectl)))
    for one in resources:
        if one.id.kind in _DESCRIBED:
            title, kind = _DESCRIBED[one.id.kind]
            args = kubectl("describe", kind, one.id.name, namespace=one.id.namespace)
            yield Step(f"{title} {one.id.name}", (Command(args),))
    yield Step("Configuration", tuple(_configuration(resources, kubectl)))


def _service(service: Resource, kubectl: Kubectl) -> Iterator[Command]:
    name, where = service.id.name, service.id.namespace
    yield Command(kubectl("describe", "service", name, namespace=where))
    slices = kubectl("get", "endpointslices", "-l", f"kubernetes.io/service-name={name}", namespace=where)
    yield Command(slices, note="no address: no pod is ready, or the selector finds none")
    spec = _mapping(service.body.get("spec"))
    for port in spec.get("ports") or () if spec.get("type") != "ExternalName" else ():
        number = _mapping(port).get("port")
        if isinstance(number, int):
            local = number if number >= 1024 else 8000 + number
            forward = kubectl("port-forward", f"service/{name}", f"{local}:{number}", namespace=where)
            yield Command(forward, Effect.WAITS, f"then http://127.0.0.1:{local} is port {number}")


def _configuration(resources: Sequence[Resource], kubectl: Kubectl) -> Iterator[Command]:
    """Yield what shows ConfigMaps; of Secrets only that they are there, and with how many keys."""
    for one in resources:
        if one.id.kind == "ConfigMap":
            yield Command(kubectl("get", "configmap", one.id.name, "-o", "yaml", namespace=one.id.namespace))
        elif one.id.kind in {"Secret", "SealedSecret"}:
            yield Command(kubectl("get", "secret", one.id.name, namespace=one.id.namespace))
        elif one.id.kind == "ExternalSecret":
            target = _mapping(_mapping(one.body.get("spec")).get("target")).get("name")
            secret = target if isinstance(target, str) and target else one.id.name
            yield Command(kubectl("get", "secret", secret, namespace=one.id.namespace))


def connections(workloads: Sequence[Resource], resources: Sequence[Resource], kubectl: Kubectl) -> Step:
    """Return the step that tries the addresses which a workload's environment and ConfigMaps name."""
    commands = []
    for workload in workloads:
        first = next(iter(containers(workload)), None)
        if first is None or workload.id.kind in {"CronJob", "Job"}:
            continue
        name, where = f"{workload.id.kind.lower()}/{workload.id.name}", workload.id.namespace
        for host, port in _addresses(workload, resources):
            container = str(first.get("name", ""))
            inside = kubectl("exec", name, "-c", container, "--", "nc", "-zv", "-w", "5", host, port, namespace=where)
            commands.append(Command(inside, Effect.STARTS, "from the container, if its image has nc"))
            pod = ("--rm", "-i", f"--image={DEBUG_IMAGE}", "--restart=Never", "--", "nc", "-zv", "-w", "5", host, port)
            beside = kubectl("run", "gitops-debug", *pod, namespace=where)
            commands.append(Command(beside, Effect.STARTS, "from a pod of its own; network policies may differ"))
    return Step("Connections", tuple(commands))


def _addresses(workload: Resource, resources: Sequence[Resource]) -> list[tuple[str, str]]:
    """Return hosts and ports that a workload is told of, each once; Secrets are not looked at."""
    maps = {one.id.name: _mapping(one.body.get("data")) for one in resources if one.id.kind == "ConfigMap"}
    values: dict[str, str] = {}
    for container in containers(workload):
        for source in container.get("envFrom") or ():
            values |= _texts(maps.get(str(_mapping(_mapping(source).get("configMapRef")).get("name")), {}))
        for variable in container.get("env") or ():
            name, reference = str(_mapping(variable).get("name")), _mapping(_mapping(variable).get("valueFrom"))
            key = _mapping(reference.get("configMapKeyRef"))
            text = (
                maps.get(str(key.get("name")), {}).get(str(key.get("key"))) if key else _mapping(variable).get("value")
            )
            values |= _texts({name: text})
    found = [(host, port) for host, port in _named(values) if _HOST.fullmatch(host)]
    return list(dict.fromkeys(found))


def _named(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        for match in _ADDRESS.finditer(value):
            yield (match[1], match[2]) if match[1] else (match[3], match[4])
        stem, _, last = name.rpartition("_")
        port = values.get(f"{stem}_PORT" if stem else "PORT", "")
        if last in _PORTS and port.isdecimal():
            yield value, port


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
