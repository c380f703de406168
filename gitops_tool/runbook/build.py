"""Builds a runbook from what an overlay renders to, and from the Applications that sync it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_tool.patterns import lazy_pattern
from gitops_tool.runbook import objects, workloads
from gitops_tool.runbook.kubectl import Kubectl
from gitops_tool.runbook.steps import Command, Runbook, Step

if TYPE_CHECKING:
    from gitops_tool.model import Application, Environment, Overlay, Resource

_NAME = lazy_pattern(r"[a-z0-9]([-a-z0-9.:]*[a-z0-9])?")


def build(
    overlay: Overlay,
    resources: Sequence[Resource],
    applications: Sequence[Application],
    environment: Environment | None,
    context: str | None,
) -> Runbook:
    """Return the runbook of an app in an environment.

    Args:
        overlay: the app and the environment.
        resources: what it renders to.
        applications: those that sync it.
        environment: what the settings say of the environment.
        context: kubectl's, if one is to be named.
    """
    destination = next((_destination(one) for one in applications if _destination(one)), {})
    namespace = destination.get("namespace") or (environment.namespace if environment else None)
    kubectl = Kubectl(context, namespace)
    good = [one for one in resources if _NAME.fullmatch(one.id.name) and _is_namespace(one.id.namespace)]
    left_out = tuple(ascii(str(one.id))[1:-1] for one in resources if one not in good)
    cluster = (environment.cluster if environment else None) or destination.get("server") or destination.get("name")
    steps = (*_steps(good, kubectl), *_argocd(applications, kubectl))
    return Runbook(overlay.app, overlay.environment, cluster, tuple(step for step in steps if step.commands), left_out)


def _is_namespace(name: str) -> bool:
    return not name or _NAME.fullmatch(name) is not None


def _destination(application: Application) -> dict[str, str]:
    found = application.body.get("spec", {}).get("destination")
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def _steps(resources: Sequence[Resource], kubectl: Kubectl) -> Iterator[Step]:
    running = [one for one in resources if one.id.kind in workloads.KINDS]
    for workload in running:
        yield from workloads.steps(workload, kubectl)
    namespaces = dict.fromkeys(one.id.namespace for one in running)
    events = (kubectl("get", "events", "--sort-by=.metadata.creationTimestamp", namespace=name) for name in namespaces)
    yield Step("Events, the newest last", tuple(Command(args) for args in events))
    yield from objects.steps(resources, kubectl)
    yield objects.connections(running, resources, kubectl)


def _argocd(applications: Sequence[Application], kubectl: Kubectl) -> Iterator[Step]:
    """Yield what Argo CD says of the Applications; those whose name is a template are found by their list."""
    for application in applications:
        namespace = application.namespace or "argocd"
        if not _NAME.fullmatch(application.name):
            listed = kubectl("get", "applications.argoproj.io", namespace=namespace)
            yield Step("Argo CD", (Command(listed, note="one of them is made by an ApplicationSet"),))
            continue
        name, kind = f"{namespace}/{application.name}", "applications.argoproj.io"
        yield Step(
            f"Argo CD: {application.name}",
            (
                Command(
                    kubectl("get", "applications.argoproj.io", application.name, "-o", "wide", namespace=namespace)
                ),
                Command(kubectl("describe", kind, application.name, namespace=namespace)),
                Command(("argocd", "app", "get", name, "--show-operation")),
                Command(("argocd", "app", "diff", name), note="ends with 1 if the cluster differs"),
                Command(("argocd", "app", "history", name)),
            ),
        )
