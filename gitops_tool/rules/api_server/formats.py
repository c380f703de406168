"""Formats of texts, each a function that returns what is wrong in the API server's words, or None.

Source: k8s.io/apimachinery/pkg/util/validation/validation.go and pkg/api/validate/content.
"""

from __future__ import annotations

from collections.abc import Callable

from gitops_tool.patterns import lazy_pattern

Format = Callable[[str], "str | None"]
"""Returns what is wrong with a text, None if nothing is."""

LABEL_LENGTH = 63
SUBDOMAIN_LENGTH = 253
PORT_NAME_LENGTH = 15

_LONGEST_ATTRIBUTE = 32
_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_DNS_LABEL = lazy_pattern(_LABEL)
_DNS_SUBDOMAIN = lazy_pattern(rf"{_LABEL}(?:\.{_LABEL})*")
_DNS_1035_LABEL = lazy_pattern(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_WILDCARD = lazy_pattern(rf"\*\.{_LABEL}(?:\.{_LABEL})*")
_QUALIFIED_PART = lazy_pattern(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
_PORT_NAME = lazy_pattern(r"[-a-z0-9]+")
_CONFIG_KEY = lazy_pattern(r"[-._a-zA-Z0-9]+")
_HEADER = lazy_pattern(r"[-A-Za-z0-9]+")
_ENV_NAME = lazy_pattern(r"[ -<>-~]+")
_IDENTIFIER = lazy_pattern(r"[_a-zA-Z][_a-zA-Z0-9]*")
_SYSCTL_PART = r"[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?"
_SYSCTL = lazy_pattern(rf"(?:{_SYSCTL_PART}[./])*{_SYSCTL_PART}")
_SEARCH = lazy_pattern(r"(?:_?[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?)(?:\._?[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?)*")
_PERCENT = lazy_pattern(r"[0-9]+%")

_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_DNS_1035_RULE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_QUALIFIED_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)


def _too_long(text: str, limit: int) -> str | None:
    # Go counts bytes.
    return f"must be no more than {limit} characters" if len(text.encode()) > limit else None


def dns_label(text: str) -> str | None:
    """RFC 1123 label: `my-name`, `123-abc`."""
    if _DNS_LABEL.fullmatch(text):
        return _too_long(text, LABEL_LENGTH)
    return "must not contain dots" if _DNS_SUBDOMAIN.fullmatch(text) else _LABEL_RULE


def dns_1035_label(text: str) -> str | None:
    """RFC 1035 label: as RFC 1123, and begins with a letter."""
    return _too_long(text, LABEL_LENGTH) if _DNS_1035_LABEL.fullmatch(text) else _DNS_1035_RULE


def dns_subdomain(text: str) -> str | None:
    """RFC 1123 subdomain: labels with dots between them."""
    return _too_long(text, SUBDOMAIN_LENGTH) if _DNS_SUBDOMAIN.fullmatch(text) else _SUBDOMAIN_RULE


def ingress_host(text: str) -> str | None:
    """A DNS name, or one that begins with `*.`; no address."""
    if "*" not in text:
        return "must be a DNS name, not an IP address" if _is_ipv4(text) else dns_subdomain(text)
    if _WILDCARD.fullmatch(text):
        return _too_long(text, SUBDOMAIN_LENGTH)
    return "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain"


def path_segment(text: str) -> str | None:
    """A name that can stand in a URL's path; all that RBAC asks of a name."""
    if text in {".", ".."}:
        return f"may not be '{text}'"
    return next((f"may not contain '{character}'" for character in "/%" if character in text), None)


def qualified_name(text: str) -> str | None:
    """A label's key: `[prefix/]name`, the prefix a DNS subdomain."""
    prefix, slash, name = text.rpartition("/")
    if slash:
        if not prefix:
            return "prefix part must be non-empty"
        if "/" in prefix:
            return f"a qualified name {_QUALIFIED_RULE} with an optional DNS subdomain prefix and '/'"
        if wrong := dns_subdomain(prefix):
            return f"prefix part {wrong}"
    if not name:
        return "name part must be non-empty"
    if wrong := _too_long(name, LABEL_LENGTH):
        return f"name part {wrong}"
    return None if _QUALIFIED_PART.fullmatch(name) else f"name part {_QUALIFIED_RULE}"


def driver_name(text: str) -> str | None:
    """A driver of storage or devices: a DNS subdomain without regard to case, no longer than a label."""
    return dns_subdomain(text.lower()) or _too_long(text, LABEL_LENGTH)


def extended_resource(text: str) -> str | None:
    """A resource that a device plugin or driver offers: a domain that is not Kubernetes' own, and a name."""
    if "/" not in text or "kubernetes.io/" in text or text.startswith("requests."):
        return "must be a valid extended resource name"
    return "must be a valid extended resource name" if qualified_name(f"requests.{text}") else None


def device_attribute(text: str) -> str | None:
    """An attribute of devices: a domain and an identifier."""
    domain, *names = text.split("/")
    if not names:
        return "a fully qualified name must be a domain and a name separated by a slash"
    if len(names) > 1:  # the API server looks at neither part then
        return None
    wrong = driver_name(domain) or _too_long(names[0], _LONGEST_ATTRIBUTE)
    return wrong or (None if _IDENTIFIER.fullmatch(names[0]) else "a valid C identifier is expected as the name")


def annotation_key(text: str) -> str | None:
    """A label's key without regard to case."""
    return qualified_name(text.lower())


def label_value(text: str) -> str | None:
    """A label's value; may be empty."""
    if wrong := _too_long(text, LABEL_LENGTH):
        return wrong
    if not text or _QUALIFIED_PART.fullmatch(text):
        return None
    return f"a valid label must be an empty string or consist of alphanumeric characters: it {_QUALIFIED_RULE}"


def port_name(text: str) -> str | None:
    """An IANA service name: at most 15 characters, a letter among them."""
    if wrong := _too_long(text, PORT_NAME_LENGTH):
        return wrong
    if not _PORT_NAME.fullmatch(text):
        return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not any("a" <= character <= "z" for character in text):
        return "must contain at least one letter (a-z)"
    if "--" in text:
        return "must not contain consecutive hyphens"
    return "must not begin or end with a hyphen" if text[0] == "-" or text[-1] == "-" else None


def env_name(text: str) -> str | None:
    """An environment variable's name by the relaxed rule of Kubernetes 1.32."""
    if _ENV_NAME.fullmatch(text):
        return None
    return "a valid environment variable name must consist only of printable ASCII characters other than '='"


def config_key(text: str) -> str | None:
    """A key of a ConfigMap or Secret; it becomes a file's name."""
    if wrong := _too_long(text, SUBDOMAIN_LENGTH):
        return wrong
    if not _CONFIG_KEY.fullmatch(text):
        return "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    if text in {".", ".."}:
        return f"must not be '{text}'"
    return "must not start with '..'" if text.startswith("..") else None


def header_name(text: str) -> str | None:
    """An HTTP header's name in a probe."""
    return None if _HEADER.fullmatch(text) else "a valid HTTP header must consist of alphanumeric characters or '-'"


def identifier(text: str) -> str | None:
    """A name in CEL."""
    return None if _IDENTIFIER.fullmatch(text) else "must be a valid CEL identifier"


def group_version(text: str) -> str | None:
    """An API group and version; only the core group has no name."""
    if text.count("/") > 1:
        return f"unexpected GroupVersion string: {text}"
    return None if "/" in text or text == "v1" else "apiVersion must specify API group"


def prefixed_path(text: str) -> str | None:
    """A domain and a path: `acme.io/foo`."""
    domain, slash, path = text.partition("/")
    if not slash or not domain or not path:
        return 'must be a domain-prefixed path (such as "acme.io/foo")'
    return dns_subdomain(domain)


def sysctl(text: str) -> str | None:
    """A kernel parameter's name."""
    if len(text) <= SUBDOMAIN_LENGTH and _SYSCTL.fullmatch(text):
        return None
    return "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9].*$"


def search_domain(text: str) -> str | None:
    """A DNS search domain; it may begin with an underscore, and end with a dot."""
    if text == "." or _SEARCH.fullmatch(text.removesuffix(".")):
        return _too_long(text, SUBDOMAIN_LENGTH)
    return _SUBDOMAIN_RULE.replace("'-' or", "'_', '-' or")


def initiator(text: str) -> str | None:
    """An iSCSI name."""
    return None if text.startswith(("iqn.", "eui.", "naa.")) else "must be valid format starting with iqn, eui, or naa"


def absolute_path(text: str) -> str | None:
    """A path that begins with a slash."""
    return None if text.startswith("/") else "must be an absolute path"


def percentage(text: str) -> str | None:
    """Digits and a percent sign."""
    if _PERCENT.fullmatch(text):
        return None
    return "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%' or '93%')"


def relative_path(text: str) -> str | None:
    """A path inside a volume."""
    return "must be a relative path" if text.startswith("/") else no_backsteps(text)


def no_backsteps(text: str) -> str | None:
    """A path that never climbs."""
    return "must not contain '..'" if ".." in text.split("/") else None


def _is_ipv4(text: str) -> bool:
    numbers = text.split(".")
    return len(numbers) == 4 and all(number.isdecimal() and int(number) < 256 for number in numbers)
