"""What a Kubernetes object may look like: schemas, scopes, and two engines that check objects against them."""

from __future__ import annotations

from enum import StrEnum


class SchemaEngine(StrEnum):
    """Which program checks schemas; `auto` takes kubeconform where it is found."""

    AUTO = "auto"
    KUBECONFORM = "kubeconform"
    EMBEDDED = "embedded"
