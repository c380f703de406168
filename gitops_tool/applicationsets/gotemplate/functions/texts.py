"""Functions about texts.

Source: sprig 3.3, strings.go; Argo CD 3.6, applicationset/utils (SanitizeName, SlugifyName). Lengths are in bytes.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from gitops_tool.applicationsets.gotemplate.errors import TemplateError
from gitops_tool.applicationsets.gotemplate.functions.printing import go_quoted
from gitops_tool.applicationsets.gotemplate.functions.signature import Kind, Table, check_size
from gitops_tool.applicationsets.gotemplate.values import StringMap, to_text
from gitops_tool.patterns import lazy_pattern

TABLE = Table()
ANY, INT, TEXT = Kind.ANY, Kind.INT, Kind.TEXT

MAX_NAME = 253
_CODES = (*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
_SPACES = "".join(map(chr, _CODES))
"""What Go takes for white space."""

_WORD_START = lazy_pattern(r"(?<!\w)\w")


def as_text(value: Any) -> str:
    """Return a text itself, anything else as it is printed: sprig's `toString`."""
    return value if isinstance(value, str) else to_text(value)


def as_texts(value: Any) -> list[str]:
    """Return a list's items as texts, and what is no list as the only item: sprig's `toStrings`."""
    items = value if isinstance(value, list) else [value]
    return [as_text(item) for item in items if item is not None]


def normalize_name(text: str) -> str:
    """Return a text as a name that a DNS record can have: Argo CD's `normalize`."""
    return re.sub(r"[^-a-z0-9.]", "-", _by_char(text, str.lower))[:MAX_NAME].strip("-.")


def _by_char(text: str, change: Any) -> str:
    """Change the case of each character, as long as it stays one character: Go knows no others."""
    return "".join(new if len(new := change(char)) == 1 else char for char in text)


def _cut(text: str, start: int | None, end: int | None = None) -> str:
    return text.encode()[start:end].decode("utf-8", "replace")


@TABLE.add("trim", takes=(TEXT,))
def _trim(text: str) -> str:
    return text.strip(_SPACES)


@TABLE.add("upper", takes=(TEXT,))
def _upper(text: str) -> str:
    return _by_char(text, str.upper)


@TABLE.add("lower", takes=(TEXT,))
def _lower(text: str) -> str:
    return _by_char(text, str.lower)


@TABLE.add("title", takes=(TEXT,))
def _title(text: str) -> str:
    return _WORD_START.sub(lambda found: _by_char(found.group(), str.title), text)


@TABLE.add("untitle", takes=(TEXT,))
def _untitle(text: str) -> str:
    return _by_char(text[:1], str.lower) + text[1:]


@TABLE.add("trimAll", "trimall", takes=(TEXT, TEXT))
def _trim_all(chars: str, text: str) -> str:
    return text.strip(chars) if chars else text


@TABLE.add("trimPrefix", takes=(TEXT, TEXT))
def _trim_prefix(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


@TABLE.add("trimSuffix", takes=(TEXT, TEXT))
def _trim_suffix(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


@TABLE.add("contains", takes=(TEXT, TEXT))
def _contains(part: str, text: str) -> bool:
    return part in text


@TABLE.add("hasPrefix", takes=(TEXT, TEXT))
def _has_prefix(prefix: str, text: str) -> bool:
    return text.startswith(prefix)


@TABLE.add("hasSuffix", takes=(TEXT, TEXT))
def _has_suffix(suffix: str, text: str) -> bool:
    return text.endswith(suffix)


@TABLE.add("replace", takes=(TEXT, TEXT, TEXT))
def _replace(old: str, new: str, text: str) -> str:
    check_size(len(text) + (text.count(old) if old else len(text)) * len(new))
    return text.replace(old, new)


@TABLE.add("repeat", takes=(INT, TEXT))
def _repeat(count: int, text: str) -> str:
    if count < 0:
        raise TemplateError("strings: negative Repeat count")
    check_size(count * len(text))
    return text * count


@TABLE.add("trunc", takes=(INT, TEXT))
def _trunc(count: int, text: str) -> str:
    size = len(text.encode())
    if count < 0:
        return _cut(text, size + count) if size + count > 0 else text
    return _cut(text, 0, count)


@TABLE.add("substr", takes=(INT, INT, TEXT))
def _substr(start: int, end: int, text: str) -> str:
    size = len(text.encode())
    if start < 0:
        start, end = 0, end if end >= 0 else size + 1
    elif end < 0 or end > size:
        end = size
    if not 0 <= start <= end <= size:
        raise TemplateError(f"slice bounds out of range [{start}:{end}]")
    return _cut(text, start, end)


@TABLE.add("abbrev", takes=(INT, TEXT))
def _abbrev(width: int, text: str) -> str:
    return text if width < 4 or len(text.encode()) <= width else f"{_cut(text, 0, width - 3)}..."


@TABLE.add("nospace", takes=(TEXT,))
def _nospace(text: str) -> str:
    return "".join(char for char in text if char not in _SPACES)


@TABLE.add("quote", further=ANY)
def _quote(*values: Any) -> str:
    return " ".join(go_quoted(as_text(value)) for value in values if value is not None)


@TABLE.add("squote", further=ANY)
def _squote(*values: Any) -> str:
    return " ".join(f"'{to_text(value)}'" for value in values if value is not None)


@TABLE.add("cat", further=ANY)
def _cat(*values: Any) -> str:
    return " ".join(to_text(value) for value in values if value is not None)


@TABLE.add("indent", takes=(INT, TEXT))
def _indent(count: int, text: str) -> str:
    check_size(len(text) + count * (text.count("\n") + 1))
    pad = _repeat(count, " ")
    return pad + text.replace("\n", f"\n{pad}")


@TABLE.add("nindent", takes=(INT, TEXT))
def _nindent(count: int, text: str) -> str:
    return f"\n{_indent(count, text)}"


@TABLE.add("plural", takes=(TEXT, TEXT, INT))
def _plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


@TABLE.add("toString", takes=(ANY,))
def _to_string(value: Any) -> str:
    return as_text(value)


@TABLE.add("toStrings", takes=(ANY,))
def _to_strings(value: Any) -> list[str]:
    return [] if value is None else as_texts(value)


@TABLE.add("join", takes=(TEXT, ANY))
def _join(separator: str, value: Any) -> str:
    texts = as_texts(value)
    check_size(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _parts(separator: str, text: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    most = limit - 1 if limit > 0 else -1
    if not separator:
        chars = list(text)
        return chars if most < 0 or len(chars) <= limit else [*chars[:most], "".join(chars[most:])]
    return text.split(separator, most)


@TABLE.add("splitList", takes=(TEXT, TEXT))
def _split_list(separator: str, text: str) -> list[str]:
    return _parts(separator, text)


@TABLE.add("split", takes=(TEXT, TEXT))
def _split(separator: str, text: str) -> StringMap:
    return StringMap({f"_{index}": part for index, part in enumerate(_parts(separator, text))})


@TABLE.add("splitn", takes=(TEXT, INT, TEXT))
def _splitn(separator: str, limit: int, text: str) -> StringMap:
    return StringMap({f"_{index}": part for index, part in enumerate(_parts(separator, text, limit))})


@TABLE.add("normalize", takes=(TEXT,))
def _normalize(text: str) -> str:
    return normalize_name(text)


@TABLE.add("slugify", further=ANY)
def _slugify(*values: Any) -> str:
    """Return a name with dashes only; a long one is cut at a dash (gosimple/slug 1.15)."""
    *settings, name = values or ("",)
    kinds = (int, bool)
    if not isinstance(name, str) or any(type(value) is not kind for value, kind in zip(settings, kinds, strict=False)):
        raise TemplateError("interface conversion: slugify takes a length, whether to cut at a dash, and a text")
    longest, smart = [*settings[:2], 50, True][:1][0], settings[1] if len(settings) > 1 else True
    text = normalize_name(name)
    if not smart:
        text = text[:longest] if len(text) >= longest else text
    text = re.sub(r"-+", "-", text.replace(".", "-")).strip("-_")
    if not smart or longest <= 0 or len(text) <= longest:
        return text
    cut = text.rfind("-", 0, longest + 1)
    return text[:cut] if cut >= 0 else text[:longest]


@TABLE.add("base", takes=(TEXT,))
def _base(path: str) -> str:
    return posixpath.basename(path.rstrip("/")) or ("/" if path else ".")


@TABLE.add("dir", takes=(TEXT,))
def _dir(path: str) -> str:
    return _clean(path[: path.rfind("/") + 1])


@TABLE.add("clean", takes=(TEXT,))
def _clean(path: str) -> str:
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


@TABLE.add("ext", takes=(TEXT,))
def _ext(path: str) -> str:
    last = path.rpartition("/")[2]
    return last[last.rfind(".") :] if "." in last else ""


@TABLE.add("isAbs", takes=(TEXT,))
def _is_abs(path: str) -> bool:
    return path.startswith("/")
