"""Reads schemas back out of npm's `@kubernetes-models/*`, which ships them compiled to JavaScript.

The packages are generated from the Go types of each project; a file of `_schemas/` holds one type as a validator
compiled by Ajv. That code is regular: each function checks one node of the schema and names every keyword it checks,
so the schema can be read back. A function that names a keyword which was not understood stops the work, and so does
a type whose TypeScript declaration has fields that its validator has not.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

_FUNCTION = re.compile(r"function (validate\d+)\(data,")
_IMPORT = re.compile(r'import\{validate as (validate\d+)\}from"([^"]+)"')
_EXPORT = re.compile(r"export const validate=(validate\d+);")
_ENUM = re.compile(r"let (schema\d+_enum)=(\[.*?\]);")
_KEYWORD = re.compile(
    r'keyword:"(?P<word>\w+)",params:\{'
    r'(?:type:"(?P<type>\w+)"|missingProperty:"(?P<missing>[^"]+)"|allowedValues:(?P<enum>\w+)'
    r'|(?:comparison:"[^"]*",)?limit:(?P<limit>-?[\d.e]+)|pattern:(?P<pattern>"(?:[^"\\]|\\.)*")'
    r'|format:"(?P<format>[^"]+)")\}'
)
_PROPERTY = re.compile(r'void 0!==data(?:\.([\w$]+)|\["([^"]+)"\])&&\((validate\d+)\(')
_ITEM = re.compile(r"(validate\d+)\(data\[i\d+\]")
_VALUE = re.compile(r"(validate\d+)\(data\[key\d+\]")
_SAME = re.compile(r"(validate\d+)\(data,\{instancePath,")


_FIELD = re.compile(r'^((?:    )+)"?([\w$-]+)"?(\??): (.*)$')


class Types:
    """The types of one package, by the names of their files.

    Args:
        files: the text of each file of the package's `_schemas/`, by its name without `.js`.
        declarations: the text of the `.d.ts` of each type, by the same name.
        builtin: Kubernetes' own definitions.
    """

    def __init__(
        self, files: Mapping[str, str], declarations: Mapping[str, str], builtin: Mapping[str, Schema]
    ) -> None:
        self._files = files
        self._declarations = declarations
        self._builtin = builtin
        # `io.k8s.api.core.v1.Affinity` is imported as `IoK8sApiCoreV1Affinity`.
        self._imported = {name.replace(".", "").replace("-", "").lower(): name for name in builtin}
        self._read: dict[str, Schema] = {}

    def named(self, version: str, kind: str) -> str:
        """Return the file's name of a kind's type."""
        found = [name for name in self._files if name.lower().endswith(f"{version}{kind}".lower())]
        if len(found) != 1:
            raise ValueError(f"{kind} {version} is found {len(found)} times")
        return found[0]

    def schema_of(self, name: str) -> Schema:
        """Return the OpenAPI-like schema of a type; other types are `$ref` to `#/definitions/<name>`.

        Raises:
            ValueError: the validator and the type's declaration do not have the same fields.
        """
        if name not in self._read:
            schema = _File(self._files[name], self).schema()
            self._read[name] = schema
            if name in self._declarations:
                _complete(self.resolved(schema), self._declarations[name], name)
        return self._read[name]

    def reference(self, path: str) -> Schema:
        """Return the `$ref` that an import stands for; a type of a package that is not read may be anything."""
        name = path.rpartition("/")[2].removesuffix(".js")
        if path.startswith("./"):
            return {"$ref": f"#/definitions/{name}"}
        if name == "IoK8sApimachineryPkgApisMetaV1ObjectMeta":
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        known = self._imported.get(name.lower())
        return {"$ref": f"#/definitions/{known}"} if known else {}

    def resolved(self, schema: Schema) -> Schema:
        """Return what a `$ref` stands for, through references to references."""
        name = str(schema.get("$ref", "")).removeprefix("#/definitions/")
        if name in self._builtin:
            return self._builtin[name]
        return self.resolved(self.schema_of(name)) if name in self._files else schema


def _complete(schema: Schema, declaration: str, name: str) -> None:
    """Add the fields named `description`, which the packages' compiler takes for texts and drops.

    Raises:
        ValueError: another field is missing.
    """
    path: list[str] = []
    interface = declaration.partition("export interface ")[2].partition("\n}\n")[0]
    for line in interface.splitlines():
        field = _FIELD.match(line)
        if field is None or line.lstrip().startswith("*"):
            continue
        path[len(field[1]) // 4 - 1 :] = [field[2]]
        owner = _descend(schema, path[:-1])
        if owner is None or field[2] in owner.get("properties", {}):
            continue
        if "properties" not in owner and len(path) > 1:
            continue  # the parts of another type, written out
        if field[2] != "description":
            raise ValueError(f"{name} lacks the field {'.'.join(path)}")
        owner["properties"]["description"] = {"type": "string"}
        if not field[3]:
            owner["required"] = [*owner.get("required", []), "description"]


def _descend(schema: Schema, path: list[str]) -> Schema | None:
    """Return the node of an inline object; None where another type begins."""
    node: Schema | None = schema
    for step in path:
        node = (node or {}).get("properties", {}).get(step)
        while node is not None and "properties" not in node and ("items" in node or "additionalProperties" in node):
            node = node.get("items") or node.get("additionalProperties")
    return node


class _File:
    """One file: functions that call each other, enumerations, imports."""

    def __init__(self, text: str, types: Types) -> None:
        self._types = types
        self._imports = dict(_IMPORT.findall(text))
        self._enums = {name: json.loads(values) for name, values in _ENUM.findall(text)}
        starts = [(found.start(), found[1]) for found in _FUNCTION.finditer(text)]
        ends = [start for start, _ in starts[1:]] + [len(text)]
        self._functions = {name: text[start:end] for (start, name), end in zip(starts, ends, strict=True)}
        exported = _EXPORT.search(text)
        if exported is None:
            raise ValueError("no validator is exported")
        self._main = exported[1]

    def schema(self) -> Schema:
        return self._node(self._main)

    def _node(self, function: str) -> Schema:
        if function in self._imports:
            return self._types.reference(self._imports[function])
        body = self._functions[function]
        schema = self._keywords(function, body)
        properties = {dotted or quoted: self._node(name) for dotted, quoted, name in _PROPERTY.findall(body)}
        if properties:
            schema["properties"] = properties
        for pattern, word in ((_ITEM, "items"), (_VALUE, "additionalProperties")):
            found = pattern.search(body)
            if found:
                schema[word] = self._node(found[1])
        for other in _SAME.findall(body):
            schema = self._merged(schema, self._node(other))
        return schema

    def _keywords(self, function: str, body: str) -> Schema:
        schema: Schema = {}
        found = list(_KEYWORD.finditer(body))
        if len(found) != body.count('keyword:"'):
            raise ValueError(f"{function} checks a keyword that is not understood: {body[:400]}")
        for keyword in found:
            word = keyword["word"]
            if word == "required":
                schema.setdefault("required", []).append(keyword["missing"])
            elif word == "enum":
                schema["enum"] = self._enums[keyword["enum"]]
            elif word == "pattern":
                schema["pattern"] = json.loads(keyword["pattern"])
            elif word in ("type", "format"):
                schema[word] = keyword[word]
            else:
                schema[word] = json.loads(keyword["limit"])
        return schema

    def _merged(self, schema: Schema, other: Schema) -> Schema:
        """Join a node with another type that the same value must be: an embedded Go struct, or a named string."""
        if not schema:
            return other
        base = self._types.resolved(other)
        merged = {**base, **schema}
        for word, join in (("properties", dict), ("required", list)):
            if word in base or word in schema:
                parts = (base.get(word, join()), schema.get(word, join()))
                merged[word] = {**parts[0], **parts[1]} if join is dict else sorted({*parts[0], *parts[1]})
        if "enum" in base and "enum" in schema:
            merged["enum"] = [value for value in schema["enum"] if value in base["enum"]]
        return merged
