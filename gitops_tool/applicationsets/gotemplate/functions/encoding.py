"""Functions that encode, decode and hash: JSON, YAML, base64, checksums.

Source: sprig 3.3, defaults.go, strings.go and crypto.go; Argo CD 3.6, applicationset/utils/template_functions.go.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from gitops_tool.applicationsets.gotemplate.errors import TemplateError, UnsupportedError
from gitops_tool.applicationsets.gotemplate.functions.signature import Kind, Table
from gitops_tool.applicationsets.gotemplate.functions.yamltext import yaml_text
from gitops_tool.applicationsets.gotemplate.values import from_json
from gitops_tool.errors import YamlError
from gitops_tool.yamlload import Rules, load_documents

TABLE = Table()
ANY, TEXT = Kind.ANY, Kind.TEXT
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_HERE = PurePosixPath("template")


def read_yaml(text: str) -> Any:
    """Return the first document of a YAML or JSON text, as sigs.k8s.io/yaml gives it to Go.

    Raises:
        YamlError: it is not YAML.
    """
    return from_json(next(iter(load_documents(text.encode(), _HERE, rules=Rules.SIGS)), None))


def _plain(value: Any) -> Any:
    """Return a value as Go writes it to JSON: whole floats without a point."""
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in sorted(value, key=str.encode)}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and (not math.isfinite(value) or (value and not 1e-6 <= abs(value) < 1e21)):
        raise UnsupportedError(f"the number {value} in JSON")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _json(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


@TABLE.add("toJson", "mustToJson", takes=(ANY,))
def _to_json(value: Any) -> str:
    return _json(value).translate(_HTML)


@TABLE.add("toRawJson", "mustToRawJson", takes=(ANY,))
def _to_raw_json(value: Any) -> str:
    return _json(value)


@TABLE.add("mustFromJson", takes=(TEXT,))
def _must_from_json(text: str) -> Any:
    try:
        return from_json(json.loads(text, parse_constant=_no_constant))
    except ValueError as error:
        raise TemplateError(f"not JSON: {error}") from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


@TABLE.add("fromJson", takes=(TEXT,))
def _from_json(text: str) -> Any:
    try:
        return _must_from_json(text)
    except TemplateError:
        return None


@TABLE.add("toYaml", takes=(ANY,))
def _to_yaml(value: Any) -> str:
    return yaml_text(_plain(value))


@TABLE.add("fromYaml", takes=(TEXT,))
def _from_yaml(text: str) -> dict[str, Any]:
    found = _read(text)
    if not isinstance(found, dict | None):
        raise TemplateError("error unmarshaling JSON: it is not a mapping")
    return found or {}


@TABLE.add("fromYamlArray", takes=(TEXT,))
def _from_yaml_array(text: str) -> list[Any]:
    found = _read(text)
    if not isinstance(found, list | None):
        raise TemplateError("error unmarshaling JSON: it is not a list")
    return found or []


def _read(text: str) -> Any:
    try:
        return read_yaml(text)
    except YamlError as error:
        raise TemplateError(f"error converting YAML to JSON: {error.message}") from error


@TABLE.add("b64enc", takes=(TEXT,))
def _b64enc(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@TABLE.add("b64dec", takes=(TEXT,))
def _b64dec(text: str) -> str:
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UnsupportedError("what is not base64 of a text") from error


@TABLE.add("sha1sum", takes=(TEXT,))
def _sha1sum(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@TABLE.add("sha256sum", takes=(TEXT,))
def _sha256sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@TABLE.add("sha512sum", takes=(TEXT,))
def _sha512sum(text: str) -> str:
    return hashlib.sha512(text.encode()).hexdigest()


@TABLE.add("adler32sum", takes=(TEXT,))
def _adler32sum(text: str) -> str:
    return str(zlib.adler32(text.encode()))
