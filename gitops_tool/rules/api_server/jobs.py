"""Rules on Jobs: what needs an index, and what is done about pods that fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import kind_of, members, part, parts
from gitops_tool.rules.api_server.problems import invalid, required
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.api_server.objects import Part
    from gitops_tool.rules.base import Pointer

_SPECS = {("batch", "Job"): ("spec",), ("batch", "CronJob"): ("spec", "jobTemplate", "spec")}
_INDEXED_ONLY = ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy")


@rule("indexed-job", family=Family.API_SERVER, severity=Severity.ERROR)
def indexed_job(resource: Resource) -> Iterator[Problem]:
    """A Job without `completionMode: Indexed` sets what goes by indexes, or an indexed one has no `completions`.

    Bad:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: import
        spec:
          backoffLimitPerIndex: 1
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: import
                  image: import:1.4

    Good:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: import
        spec:
          completionMode: Indexed
          completions: 5
          backoffLimitPerIndex: 1
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: import
                  image: import:1.4

    Source: pkg/apis/batch/validation/validation.go, validateJobSpec
    """
    job = _job(resource)
    if job is None:
        return
    spec, pointer = job
    if spec.get("completionMode") == "Indexed":
        if spec.get("completions") is None and spec.get("parallelism") is not None:
            yield required(resource, (*pointer, "completions"), "when completion mode is Indexed")
        if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
            yield required(resource, (*pointer, "backoffLimitPerIndex"), "when maxFailedIndexes is specified")
        failed, all_ = spec.get("maxFailedIndexes"), spec.get("completions")
        if type(failed) is int and type(all_) is int and failed > all_:
            why = "must be less than or equal to completions"
            yield invalid(resource, (*pointer, "maxFailedIndexes"), failed, why)
        yield from _success_problems(resource, spec, (*pointer, "successPolicy"))
        return
    for field in _INDEXED_ONLY:
        if spec.get(field) is not None:
            yield invalid(resource, (*pointer, field), spec[field], "requires indexed completion mode")


def _success_problems(resource: Resource, spec: Mapping[str, Any], place: Pointer) -> Iterator[Problem]:
    policy = part(spec, ("successPolicy",))
    if policy is None:
        return
    if policy.get("rules") in (None, []):
        yield required(resource, (*place, "rules"), "at least one rule must be specified")
    completions = spec.get("completions")
    for index, item in parts(policy.get("rules")):
        if not members(item, ("succeededCount", "succeededIndexes")):
            why = "at least one of succeededCount or succeededIndexes must be specified"
            yield required(resource, (*place, "rules", index), why)
        count = item.get("succeededCount")
        if type(count) is int and type(completions) is int and not 0 <= count <= completions:
            why = f"must not be negative or more than {completions}, the number of completions"
            yield invalid(resource, (*place, "rules", index, "succeededCount"), count, why)


@rule("pod-failure-policy", family=Family.API_SERVER, severity=Severity.ERROR)
def pod_failure_policy(resource: Resource) -> Iterator[Problem]:
    """A rule of a Job on failed pods has no condition or two, unordered exit codes, or a container that is not there.

    Exit code 0 is no failure, so `In` may not list it. The policy needs `restartPolicy: Never`.

    Bad:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: import
        spec:
          podFailurePolicy:
            rules:
              - action: FailJob
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: import
                  image: import:1.4

    Good:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: import
        spec:
          podFailurePolicy:
            rules:
              - action: FailJob
                onExitCodes:
                  operator: In
                  values: [42]
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: import
                  image: import:1.4

    Source: pkg/apis/batch/validation/validation.go, validatePodFailurePolicy
    """
    job = _job(resource)
    policy = part(job[0], ("podFailurePolicy",)) if job else None
    if job is None or policy is None:
        return
    spec, pointer = job
    if dig(spec, "template", "spec", "restartPolicy") == "OnFailure":
        why = 'only "Never" is supported when podFailurePolicy is specified'
        yield invalid(resource, (*pointer, "template", "spec", "restartPolicy"), "OnFailure", why)
    names = _container_names(spec)
    for index, item in parts(policy.get("rules")):
        place = (*pointer, "podFailurePolicy", "rules", index)
        chosen = members(item, ("onExitCodes", "onPodConditions"))
        if item.get("onPodConditions") == []:
            chosen.remove("onPodConditions")
        if len(chosen) != 1:
            which = "specifying both OnExitCodes and OnPodConditions is not supported"
            yield required(resource, place, which if chosen else "one of OnExitCodes and OnPodConditions is required")
        if item.get("action") == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
            why = "requires the backoffLimitPerIndex to be set"
            yield invalid(resource, (*place, "action"), "FailIndex", why)
        codes = part(item, ("onExitCodes",))
        if codes is not None:
            yield from _code_problems(resource, (codes, (*place, "onExitCodes")), names)


def _code_problems(resource: Resource, condition: Part, names: set[str]) -> Iterator[Problem]:
    codes, place = condition
    values = codes.get("values")
    if isinstance(values, list) and all(value is None or type(value) is int for value in values):
        values = [value or 0 for value in values]
        if not values:
            yield required(resource, (*place, "values"), "at least one value is required")
        if values != sorted(set(values)):
            why = "must be ordered" if values != sorted(values) else "must not hold a code twice"
            yield invalid(resource, (*place, "values"), values, why)
        if codes.get("operator") == "In" and 0 in values:
            yield invalid(resource, (*place, "values", values.index(0)), 0, "must not be 0 for the In operator")
    name = codes.get("containerName")
    if isinstance(name, str) and name not in names:
        why = "must be one of the container or initContainer names in the pod template"
        yield invalid(resource, (*place, "containerName"), name, why)


def _container_names(spec: object) -> set[str]:
    lists = (dig(spec, "template", "spec", field) for field in ("containers", "initContainers"))
    return {str(container.get("name")) for found in lists for _, container in parts(found)}


def _job(resource: Resource) -> Part | None:
    pointer = _SPECS.get(kind_of(resource) or ("", ""))
    spec = part(resource.body, pointer) if pointer else None
    return None if spec is None or pointer is None else (spec, pointer)


RULES = (indexed_job, pod_failure_policy)
