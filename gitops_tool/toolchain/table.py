"""The table of external programs: pinned and oldest versions, checksums, and what each is for."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from gitops_tool.records import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping


@record
class Archive:
    """A release archive: its address and the SHA-256 it must have."""

    url: str
    sha256: str


@record
class Tool:
    """An external program.

    Args:
        name: what it is called on PATH.
        pinned: the version that this project is tested with and installs.
        minimum: the oldest version that is used.
        purpose: why it matters, for people.
        version_args: arguments that make it print its version.
        module: the Go module whose version a binary's build information carries.
        package: the package that `go install` builds; None if it is never installed from here.
        archives: release archives by platform, such as `linux/amd64`.
    """

    name: str
    pinned: str
    minimum: str
    purpose: str
    version_args: tuple[str, ...]
    module: str
    package: str | None = None
    archives: Mapping[str, Archive] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def installable(self) -> bool:
        """Whether `gitops tools install` can bring it."""
        return self.package is not None


def _archives(url: str, checksums: Mapping[str, str]) -> Mapping[str, Archive]:
    """Spell out the archives of a release whose names differ only in system and processor."""
    archives = {}
    for platform, sha256 in checksums.items():
        system, processor = platform.split("/")
        archives[platform] = Archive(url.format(system=system, processor=processor), sha256)
    return MappingProxyType(archives)


# Argo CD 3.6 renders with kustomize 5.8.1. 5.5.0 is the oldest release that was compared with it:
# they differ on 10 of 1,907 public kustomizations (figures of docs/design.md).
KUSTOMIZE = Tool(
    name="kustomize",
    pinned="5.8.1",
    minimum="5.5.0",
    purpose="renders overlays; needed, unless kubectl renders",
    version_args=("version",),
    module="sigs.k8s.io/kustomize/kustomize/v5",
    package="sigs.k8s.io/kustomize/kustomize/v5",
    archives=_archives(
        "https://github.com/kubernetes-sigs/kustomize/releases/download/"
        "kustomize%2Fv5.8.1/kustomize_v5.8.1_{system}_{processor}.tar.gz",
        {
            "linux/amd64": "029a7f0f4e1932c52a0476cf02a0fd855c0bb85694b82c338fc648dcb53a819d",
            "linux/arm64": "0953ea3e476f66d6ddfcd911d750f5167b9365aa9491b2326398e289fef2c142",
            "darwin/amd64": "ee7cf0c1e3592aa7bb66ba82b359933a95e7f2e0b36e5f53ed0a4535b017f2f8",
            "darwin/arm64": "8886f8a78474e608cc81234f729fda188a9767da23e28925802f00ece2bab288",
        },
    ),
)

# kubectl counts by the kustomize inside it: 1.32 has 5.5.0, 1.37 has 5.8.1 (`kubectl version --client`).
KUBECTL = Tool(
    name="kubectl",
    pinned="1.37.1",
    minimum="1.32.0",
    purpose="renders overlays where kustomize is missing, three times as slowly",
    version_args=("version", "--client", "--output=json"),
    module="k8s.io/kubernetes",
)

# 0.7.0 moved to another JSON schema library (jsonschema/v6 in its go.mod), so older verdicts differ.
KUBECONFORM = Tool(
    name="kubeconform",
    pinned="0.8.0",
    minimum="0.7.0",
    purpose="validates against schemas; without it the embedded engine does",
    version_args=("-v",),
    module="github.com/yannh/kubeconform",
    package="github.com/yannh/kubeconform/cmd/kubeconform",
    archives=_archives(
        "https://github.com/yannh/kubeconform/releases/download/v0.8.0/kubeconform-{system}-{processor}.tar.gz",
        {
            "linux/amd64": "9bc2bffbf71f261128533edaf912153948b7ff238f9a531ae6d34466ec287883",
            "linux/arm64": "1f53fc8e81258197a35e8603054162a5af1de8c5af13746c71ab680d9534ed87",
            "darwin/amd64": "71dbc87ac9f24099a62b93570e65aa06312ba6ac8aea63b7f86e9d999edf5a92",
            "darwin/arm64": "f84f4dfbebf4a6b0b230385fa065a39ea35e02608c2b50d025dcf64775a69d67",
        },
    ),
)

TOOLS: Mapping[str, Tool] = MappingProxyType({tool.name: tool for tool in (KUSTOMIZE, KUBECTL, KUBECONFORM)})
"""The programs by name, in the order they are listed."""
