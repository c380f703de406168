# syntax=docker/dockerfile:1
# An image of gitops with git, kustomize and kubeconform, for pipelines: docs/service.md.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_CACHE_DIR=/var/.cache/pip

# Before the sources, so that this layer is cached until a dependency changes: all packages, by version and hash.
COPY requirements.txt ./
RUN --mount=type=cache,target=/var/.cache/pip pip install --no-compile --require-hashes --requirement requirements.txt

# What .dockerignore lets through. "schemas" is what gitops_tool/schemas/data points to.
COPY . .
RUN --mount=type=cache,target=/var/.cache/pip pip install --no-compile --no-deps .
# Releases with the pinned checksums.
RUN gitops tools install && PATH="$(gitops tools path):$PATH" \
    && cp "$(command -v kustomize)" "$(command -v kubeconform)" /usr/local/bin/

FROM python:3.13-slim
# Not pinned: Debian's mirrors keep the newest only.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1001 --create-home gitops
COPY --from=build /venv /venv
COPY --from=build /usr/local/bin/kustomize /usr/local/bin/kubeconform /usr/local/bin/
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1

USER 1001:1001
WORKDIR /work
# No entrypoint: GitLab starts a shell in it.
CMD ["gitops", "--help"]
