"""The functions that templates call, in tables by subject."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from gitops_tool.applicationsets.gotemplate.errors import TemplateError, UnsupportedError
from gitops_tool.applicationsets.gotemplate.functions.signature import Function, Kind

__all__ = ["Function", "Kind", "call_function", "check_function", "find_function"]

# sprig 3.3, functions.go (GenericFuncMap), without those below; Argo CD takes out env, expandenv and getHostByName.
_UNKNOWN_HERE = frozenset(
    (
        *("ago", "date", "date_in_zone", "date_modify", "dateInZone", "dateModify", "duration"),
        *("durationRound", "htmlDate", "htmlDateInZone", "must_date_modify", "mustDateModify", "mustToDate"),
        *("now", "toDate", "unixEpoch"),
        *("randAlpha", "randAlphaNum", "randAscii", "randBytes", "randInt", "randNumeric", "shuffle", "uuidv4"),
        *("mustRegexFind", "mustRegexFindAll", "mustRegexMatch", "mustRegexReplaceAll"),
        *("mustRegexReplaceAllLiteral", "mustRegexSplit", "regexFind", "regexFindAll", "regexMatch"),
        *("regexQuoteMeta", "regexReplaceAll", "regexReplaceAllLiteral", "regexSplit"),
        *("bcrypt", "buildCustomCert", "decryptAES", "derivePassword", "encryptAES", "genCA", "genCAWithKey"),
        *("genPrivateKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert"),
        *("genSignedCertWithKey", "htpasswd"),
        *("abbrevboth", "b32dec", "b32enc", "camelcase", "hello", "initials", "kebabcase", "snakecase"),
        *("swapcase", "wrap", "wrapWith", "html", "js", "urlquery"),
        *("addf", "add1f", "call", "chunk", "deepEqual", "divf", "maxf", "minf", "mulf", "mustChunk"),
        *("mustToPrettyJson", "osBase", "osClean", "osDir", "osExt", "osIsAbs", "semver", "semverCompare"),
        *("subf", "toPrettyJson", "typeIsLike", "untilStep", "urlJoin", "urlParse"),
    )
)


@cache
def _functions() -> Mapping[str, Function]:
    from gitops_tool.applicationsets.gotemplate.functions import collections, core, encoding, numbers, texts

    found: dict[str, Function] = {}
    for module in (core, texts, numbers, collections, encoding):
        found.update(module.TABLE.functions)
    return found


def check_function(name: str) -> None:
    """Refuse the name of a function that cannot be called.

    Raises:
        TemplateError: Argo CD has no such function.
        UnsupportedError: it has, but this interpreter has not.
    """
    if name in {"and", "or"} or name in _functions():
        return
    if name in _UNKNOWN_HERE:
        raise UnsupportedError(f'template function "{name}"')
    raise TemplateError(f'function "{name}" not defined')


def find_function(name: str) -> Function:
    """Return a function that `check_function` lets pass."""
    return _functions()[name]


def call_function(name: str, function: Function, arguments: list[Any]) -> Any:
    """Call a function with arguments that were accepted.

    Raises:
        TemplateError: it fails, as in Go.
        UnsupportedError: the answer would be too large.
    """
    try:
        return function.run(*arguments)
    except TemplateError as error:
        raise type(error)(f"error calling {name}: {error}") from error
    except (ArithmeticError, ValueError, RecursionError) as error:
        # Go has other words for what a function cannot do, or does it: these are not known.
        raise UnsupportedError(f'template function "{name}" on such a value') from error
