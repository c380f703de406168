"""Settings: `gitops.yaml` at the repository's root, read strictly.

The same keys are described for editors in `schemas/gitops.schema.json`; a test holds the two together.
"""

from gitops_tool.config.reading import load_settings
from gitops_tool.config.settings import (
    GENERATE,
    LAYOUTS,
    PROMOTION_ORDER,
    SETTINGS_PATH,
    SEVERITIES,
    Argocd,
    Cluster,
    Kustomize,
    PreviewSettings,
    Settings,
    UpdateRule,
    ValuePath,
)

__all__ = [
    "GENERATE",
    "LAYOUTS",
    "PROMOTION_ORDER",
    "SETTINGS_PATH",
    "SEVERITIES",
    "Argocd",
    "Cluster",
    "Kustomize",
    "PreviewSettings",
    "Settings",
    "UpdateRule",
    "ValuePath",
    "load_settings",
]
