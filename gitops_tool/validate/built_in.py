"""The checks that are no generators of `gitops_tool.rules`, described like those, and the list of them all."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.rules import all_rules, own_drift_rules
from gitops_tool.rules.base import Family
from gitops_tool.validate.ignore import UNKNOWN_RULE
from gitops_tool.validate.schema_check import SCHEMA, SCHEMA_MISSING

if TYPE_CHECKING:
    from gitops_tool.rules.documentation import Description

RENDER = "render"
REMOTE_BASE = "remote-base"
EMPTY_RENDER = "empty-render"
BUMP_NO_EFFECT = "bump-no-effect"
BUMP_OTHER_IMAGE = "bump-other-image"
BUMP_IMAGE_MISSING = "bump-image-missing"
NOT_CONFIRMED = "removal-not-confirmed"
HELD = "held"

_SCHEMA = """\
An object violates the schema of its kind: a wrong type, a field that does not exist, a required one that is missing.

The schema is that of the environment's Kubernetes version, or of the custom resource. It is strict: a misspelt field,
which an API server would drop or refuse, is an error.

Bad:

    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      replica: 3
      selector:
        matchLabels:
          app: web
      template:
        metadata:
          labels:
            app: web
        spec:
          containers:
            - name: web
              image: nginx:1.29

Good:

    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      replicas: 3
      selector:
        matchLabels:
          app: web
      template:
        metadata:
          labels:
            app: web
        spec:
          containers:
            - name: web
              image: nginx:1.29

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
"""
_SCHEMA_MISSING = """\
There is no schema for an object's kind.

In a group of Kubernetes' own that is an error: the target version does not serve that version of the kind. In any other
it is a warning, as the object was not checked; a folder of schemas, or the CustomResourceDefinition in the repository,
makes it known.

Bad:

    apiVersion: policy/v1beta1
    kind: PodDisruptionBudget
    metadata:
      name: web
    spec:
      maxUnavailable: 1
      selector:
        matchLabels:
          app: web

Good:

    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata:
      name: web
    spec:
      maxUnavailable: 1
      selector:
        matchLabels:
          app: web

Source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
"""
_RENDER = """\
An overlay cannot be rendered: kustomize refuses it, or its files cannot be read.

Argo CD would report a ComparisonError and sync nothing.

Bad:

    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    resources:
      - deploiment.yaml

Good:

    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    resources:
      - deployment.yaml

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/
"""
_REMOTE_BASE = """\
An overlay is built from something on the network, and was therefore not rendered and not checked.

What it syncs can change without a commit in this repository. With `kustomize.allowRemote: true` in gitops.yaml
it is fetched.

Bad:

    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    resources:
      - https://github.com/argoproj/argo-cd//manifests/crds?ref=v3.2.0

Good:

    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    resources:
      - ../../vendor/argo-cd/crds

Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/
"""
_EMPTY_RENDER = """\
An overlay renders no object at all.

Argo CD refuses to sync it automatically, as that would delete everything that runs; with `allowEmpty` it would.

Bad:

    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    resources: []

Good:

    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    resources:
      - deployment.yaml

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-pruning-with-allow-empty-v18
"""
_UNKNOWN_RULE = """\
A comment or an annotation ignores a rule that does not exist.

It ignores nothing: the name is misspelt, or the rule is gone.

Bad:

    containers:
      - name: tool
        image: registry.example.com/tool # gitops: ignore[mutable-imagea] rebuilt every night

Good:

    containers:
      - name: tool
        image: registry.example.com/tool # gitops: ignore[mutable-image] rebuilt every night

Source: docs/validate.md
"""
_BUMP_NO_EFFECT = """\
A bump would change no rendered image: `gitops bump` refuses it.

Kustomize is silent about an `images:` entry whose name matches no container.

Bad:

    images:
      - name: registry.example.com/shop/wbe
        newTag: v2

Good:

    images:
      - name: registry.example.com/shop/web
        newTag: v2

Source: https://github.com/kubernetes-sigs/kustomize/issues/2798
"""
_BUMP_OTHER_IMAGE = """\
A bump would change an image that it is not about: `gitops bump` refuses it.

Replacements and patches can carry a tag into another container.

Bad:

    replacements:
      - source: {kind: Deployment, name: web, fieldPath: spec.template.spec.containers.0.image}
        targets:
          - select: {kind: Deployment, name: worker}
            fieldPaths: [spec.template.spec.containers.0.image]

Good:

    images:
      - name: registry.example.com/shop/web
        newTag: v2
      - name: registry.example.com/shop/worker
        newTag: v1

Source: docs/bump.md
"""
_BUMP_IMAGE_MISSING = """\
The registry has no image of that tag or digest: `gitops bump --verify-image` refuses it.

Pods of an image that is not there wait in ImagePullBackOff, and the rollout stops half-way.

Bad:

    images:
      - name: registry.example.com/shop/web
        newTag: v1.2.3-never-built

Good:

    images:
      - name: registry.example.com/shop/web
        newTag: v1.2.3

Source: https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff
"""
_NOT_CONFIRMED = """\
An object would go that was not among those that a person confirmed: `gitops app delete` and `rename` refuse it.

Somebody added it to the app between the question and the push.

Bad:

    # added by others after the question "Go on?" was answered
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

Good:

    # run the command again, and look at what it lists now
    apiVersion: v1
    kind: Service
    metadata:
      name: web
    spec:
      ports:
        - port: 80

Source: docs/apps.md
"""
_HELD = """\
An app is held or its environment is frozen: bump, promote and rollback refuse to change it.

The message tells why, by whom and until when. `--override REASON` changes it all the same, and the commit records the
reason.

Bad:

    # .gitops/holds/web/production.yaml, and then: gitops bump web v2 --env production
    reason: memory leak
    author: Dana Deployer <dana@example.org>
    until: 2999-01-05T09:00:00Z

Good:

    # .gitops/holds/web/production.yaml, and then: gitops bump web v3 --env production
    reason: memory leak
    author: Dana Deployer <dana@example.org>
    until: 2999-01-05T09:00:00Z
    versions:
      - v2

Source: docs/promote.md
"""
_BUILT_IN = (
    (SCHEMA, Family.SCHEMA, Severity.ERROR, _SCHEMA),
    (SCHEMA_MISSING, Family.SCHEMA, Severity.WARNING, _SCHEMA_MISSING),
    (RENDER, Family.ARGOCD, Severity.ERROR, _RENDER),
    (REMOTE_BASE, Family.ARGOCD, Severity.WARNING, _REMOTE_BASE),
    (EMPTY_RENDER, Family.ARGOCD, Severity.ERROR, _EMPTY_RENDER),
    (BUMP_NO_EFFECT, Family.IMAGES, Severity.ERROR, _BUMP_NO_EFFECT),
    (BUMP_OTHER_IMAGE, Family.IMAGES, Severity.ERROR, _BUMP_OTHER_IMAGE),
    (BUMP_IMAGE_MISSING, Family.IMAGES, Severity.ERROR, _BUMP_IMAGE_MISSING),
    (NOT_CONFIRMED, Family.ARGOCD, Severity.ERROR, _NOT_CONFIRMED),
    (HELD, Family.HYGIENE, Severity.ERROR, _HELD),
    (UNKNOWN_RULE, Family.HYGIENE, Severity.WARNING, _UNKNOWN_RULE),
)


@cache
def built_in() -> tuple[Description, ...]:
    """Return the descriptions of what no rule finds, but the program itself."""
    from gitops_tool.rules.documentation import Description

    return tuple(Description.parse(*row) for row in _BUILT_IN)


@cache
def descriptions() -> tuple[Description, ...]:
    """Return the description of everything that can be found, family by family."""
    from gitops_tool.rules.documentation import Description

    found = (*built_in(), *(Description.of(rule) for rule in (*all_rules(), *own_drift_rules())))
    order = list(Family)
    return tuple(sorted(found, key=lambda description: order.index(description.family)))


def rule_ids() -> tuple[str, ...]:
    """Return the id of everything that can be found; cheaper than their descriptions."""
    return (*(rule_id for rule_id, *_ in _BUILT_IN), *(rule.id for rule in (*all_rules(), *own_drift_rules())))
