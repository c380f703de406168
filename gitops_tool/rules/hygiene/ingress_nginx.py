"""Rules on annotations of ingress-nginx, which ignores what it does not know without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.rules.base import Family, Problem, dig, rule
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.model import Resource

_PREFIX = "nginx.ingress.kubernetes.io/"
_FORMER_PREFIX = "ingress.kubernetes.io/"

# The keys of every `parser.AnnotationFields` and its aliases in internal/ingress/annotations of
# https://github.com/kubernetes/ingress-nginx at 52c50467d67d (July 2024), and what came later by its changelog.
_KNOWN = frozenset(
    {
        "affinity", "affinity-canary-behavior", "affinity-mode", "allowlist-source-range", "app-root",
        "auth-always-set-cookie", "auth-cache-duration", "auth-cache-key", "auth-keepalive",
        "auth-keepalive-requests", "auth-keepalive-share-vars", "auth-keepalive-timeout", "auth-method",
        "auth-proxy-set-headers", "auth-realm", "auth-request-redirect", "auth-response-headers", "auth-secret",
        "auth-secret-type", "auth-signin", "auth-signin-redirect-param", "auth-snippet", "auth-tls-error-page",
        "auth-tls-match-cn", "auth-tls-pass-certificate-to-upstream", "auth-tls-secret",
        "auth-tls-verify-client", "auth-tls-verify-depth", "auth-type", "auth-url", "backend-protocol",
        "canary", "canary-by-cookie", "canary-by-header", "canary-by-header-pattern", "canary-by-header-value",
        "canary-weight", "canary-weight-total", "client-body-buffer-size", "configuration-snippet",
        "connection-proxy-header", "cors-allow-credentials", "cors-allow-headers", "cors-allow-methods",
        "cors-allow-origin", "cors-expose-headers", "cors-max-age", "custom-headers", "custom-http-errors",
        "default-backend", "denylist-source-range", "disable-proxy-intercept-errors", "enable-access-log",
        "enable-cors", "enable-global-auth", "enable-modsecurity", "enable-opentelemetry",
        "enable-owasp-core-rules", "enable-rewrite-log", "fastcgi-index", "fastcgi-params-configmap",
        "force-ssl-redirect", "from-to-www-redirect", "global-rate-limit", "global-rate-limit-ignored-cidrs",
        "global-rate-limit-key", "global-rate-limit-window", "http2-push-preload", "limit-allowlist",
        "limit-burst-multiplier", "limit-connections", "limit-rate", "limit-rate-after", "limit-rpm",
        "limit-rps", "limit-whitelist", "load-balance", "mirror-host", "mirror-request-body", "mirror-target",
        "modsecurity-snippet", "modsecurity-transaction-id", "opentelemetry-operation-name",
        "opentelemetry-trust-incoming-span", "permanent-redirect", "permanent-redirect-code",
        "preserve-trailing-slash", "proxy-body-size", "proxy-buffer-size", "proxy-buffering",
        "proxy-buffers-number", "proxy-busy-buffers-size", "proxy-connect-timeout", "proxy-cookie-domain",
        "proxy-cookie-path", "proxy-http-version", "proxy-max-temp-file-size", "proxy-next-upstream",
        "proxy-next-upstream-timeout", "proxy-next-upstream-tries", "proxy-read-timeout", "proxy-redirect-from",
        "proxy-redirect-to", "proxy-request-buffering", "proxy-send-timeout", "proxy-ssl-ciphers",
        "proxy-ssl-name", "proxy-ssl-protocols", "proxy-ssl-secret", "proxy-ssl-server-name",
        "proxy-ssl-verify", "proxy-ssl-verify-depth", "relative-redirects", "rewrite-target", "satisfy",
        "server-alias", "server-snippet", "service-upstream", "session-cookie-change-on-failure",
        "session-cookie-conditional-samesite-none", "session-cookie-domain", "session-cookie-expires",
        "session-cookie-max-age", "session-cookie-name", "session-cookie-path", "session-cookie-samesite",
        "session-cookie-secure", "ssl-ciphers", "ssl-passthrough", "ssl-prefer-server-ciphers", "ssl-redirect",
        "stream-snippet", "temporal-redirect", "upstream-hash-by", "upstream-hash-by-subset",
        "upstream-hash-by-subset-size", "upstream-vhost", "use-port-in-redirects", "use-regex",
        "whitelist-source-range", "x-forwarded-prefix",
    }
)  # fmt: skip

_FORMER = {
    "add-base-url": "it was removed in 0.22",
    "base-url-scheme": "it was removed in 0.22",
    "enable-influxdb": "it was removed in 1.7.1",
    "enable-opentracing": "use enable-opentelemetry",
    "grpc-backend": 'use backend-protocol: "GRPC"',
    "influxdb-host": "it was removed in 1.7.1",
    "influxdb-measurement": "it was removed in 1.7.1",
    "influxdb-port": "it was removed in 1.7.1",
    "influxdb-server-name": "it was removed in 1.7.1",
    "opentracing-trust-incoming-span": "use opentelemetry-trust-incoming-span",
    "rate-limit": "use limit-rps or limit-rpm",
    "rate-limit-window": "use limit-rps (each second) or limit-rpm (each minute)",
    "secure-backends": 'use backend-protocol: "HTTPS"',
    "session-cookie-hash": "it was removed in 0.24",
}
"""What people write and no controller of today reads, with the way out."""


@rule("unknown-ingress-annotation", family=Family.HYGIENE, severity=Severity.WARNING)
def unknown_ingress_annotation(resource: Resource) -> Iterator[Problem]:
    """An Ingress has an annotation that looks like one of ingress-nginx and is none.

    The controller ignores it without a word: a rate limit that was written is not there.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
          annotations:
            nginx.ingress.kubernetes.io/rate-limit-window: "1m"
        spec:
          defaultBackend:
            service:
              name: web
              port:
                number: 80

    Good:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
          annotations:
            nginx.ingress.kubernetes.io/limit-rpm: "100"
        spec:
          defaultBackend:
            service:
              name: web
              port:
                number: 80

    Source: https://github.com/kubernetes/ingress-nginx/blob/main/docs/user-guide/nginx-configuration/annotations.md
    """
    annotations = dig(resource.body, "metadata", "annotations") if resource.id.kind == "Ingress" else None
    for key in annotations if isinstance(annotations, dict) else ():
        pointer = ("metadata", "annotations", key)
        if key.startswith(_PREFIX) and key.removeprefix(_PREFIX) not in _KNOWN:
            name = key.removeprefix(_PREFIX)
            hint = _FORMER.get(name) or did_you_mean(name, _KNOWN)
            yield Problem(f'ingress-nginx has no annotation "{name}" and ignores it', resource, pointer, hint)
        elif key.startswith(_FORMER_PREFIX) and key.removeprefix(_FORMER_PREFIX) in _KNOWN:
            message = f'ingress-nginx ignores annotations with the former prefix "{_FORMER_PREFIX}"'
            yield Problem(message, resource, pointer, f'write "{_PREFIX}{key.removeprefix(_FORMER_PREFIX)}"')


RULES = (unknown_ingress_annotation,)
