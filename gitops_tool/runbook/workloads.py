"""What to ask about a workload: its pods, its rollout, its logs, its use of the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.runbook.kubectl import Kubectl, selector
from gitops_tool.runbook.steps import Command, Effect, Step

if TYPE_CHECKING:
    from gitops_tool.model import Resource

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod")
_ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")
LINES = 200
"""Lines of a log."""

_IMAGES = (
    r"""jsonpath={range .items[*]}{.metadata.name}{"\t"}{.status.phase}{"\t"}"""
    r"""{.spec.containers[*].image}{"\n"}{end}"""
)


def steps(workload: Resource, kubectl: Kubectl) -> Iterator[Step]:
    """Yield the steps for one workload."""
    name, where = f"{workload.id.kind.lower()}/{workload.id.name}", workload.id.namespace
    labels = _selector(workload)
    select = ("-l", labels) if labels else ()
    yield Step(f"Pods of {name}", tuple(_pods(workload, kubectl, name, select)))
    if workload.id.kind in _ROLLED_OUT:
        yield Step(
            f"Rollout of {name}",
            (
                Command(kubectl("rollout", "status", name, "--watch=false", namespace=where)),
                Command(kubectl("rollout", "history", name, namespace=where)),
                Command(kubectl("describe", name, namespace=where)),
            ),
        )
    if workload.id.kind != "CronJob":
        yield Step(f"Logs of {name}", tuple(_logs(workload, kubectl, name, select)))
        yield Step(f"Inside {name}", tuple(_shells(workload, kubectl, name)))
    if select:
        use = Command(kubectl("top", "pods", *select, "--containers", namespace=where), note="needs metrics-server")
        yield Step(f"Memory and CPU of {name}", (use,))


def _pods(workload: Resource, kubectl: Kubectl, name: str, select: tuple[str, ...]) -> Iterator[Command]:
    where = workload.id.namespace
    if workload.id.kind == "CronJob":
        yield Command(kubectl("get", name, "-o", "wide", namespace=where))
        yield Command(kubectl("get", "jobs", "--sort-by=.status.startTime", namespace=where))
        return
    if not select:
        yield Command(kubectl("get", name, "-o", "wide", namespace=where))
        yield Command(kubectl("describe", name, namespace=where))
        return
    yield Command(kubectl("get", "pods", *select, "-o", "wide", namespace=where))
    wanted = ", ".join(str(one.get("image", "")) for one in containers(workload))
    yield Command(kubectl("get", "pods", *select, "-o", _IMAGES, namespace=where), note=f"should run {wanted}")
    yield Command(kubectl("describe", "pods", *select, namespace=where))


def _logs(workload: Resource, kubectl: Kubectl, name: str, select: tuple[str, ...]) -> Iterator[Command]:
    where = workload.id.namespace
    for one in (*containers(workload), *containers(workload, "initContainers")):
        container = ("-c", str(one.get("name", "")))
        yield Command(kubectl("logs", name, *container, f"--tail={LINES}", namespace=where))
        pods = select or (name,)
        previous = kubectl("logs", *pods, *container, "--previous", f"--tail={LINES}", namespace=where)
        yield Command(previous, note="of the container that died before", may_fail=True)
    if select:
        follow = kubectl("logs", *select, "--all-containers", "--prefix", "-f", namespace=where)
        yield Command(follow, Effect.WAITS, "all pods, as they write")


def _shells(workload: Resource, kubectl: Kubectl, name: str) -> Iterator[Command]:
    for one in containers(workload):
        container = str(one.get("name", ""))
        args = kubectl("exec", "-it", name, "-c", container, "--", "/bin/sh", namespace=workload.id.namespace)
        yield Command(args, Effect.STARTS, "a shell, if the image has one")


def containers(workload: Resource, key: str = "containers") -> list[Mapping[str, Any]]:
    """Return a workload's containers."""
    spec = pod_spec(workload)
    found = spec.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def pod_spec(workload: Resource) -> Mapping[str, Any]:
    """Return the `spec` of a workload's pods."""
    spec = _mapping(workload.body.get("spec"))
    if workload.id.kind == "CronJob":
        spec = _mapping(_mapping(spec.get("jobTemplate")).get("spec"))
    return spec if workload.id.kind == "Pod" else _mapping(_mapping(spec.get("template")).get("spec"))


def _selector(workload: Resource) -> str | None:
    if workload.id.kind == "Job":
        return f"job-name={workload.id.name}"
    return selector(_mapping(_mapping(workload.body.get("spec")).get("selector")))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
