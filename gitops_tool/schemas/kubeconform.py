"""The engine that runs kubeconform: one process for all documents, local schemas, no network.

kubeconform 0.8.0 decides whether a document is valid. It does not say why: behind a `$ref` it reports the reference
only, and its messages quote values, which may be secret. So the embedded engine names the places in those documents.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import ToolError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.process import GO_WITHOUT_COLLECTION, redact, run
from gitops_tool.schemas.catalogue import FILE_TEMPLATE
from gitops_tool.schemas.documents import Entry, prepare
from gitops_tool.schemas.violations import Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from gitops_tool.schemas.catalogue import Catalogue
    from gitops_tool.schemas.embedded import Embedded

# kubeconform hands a document on to its worker as a window into the buffer it goes on reading into. The buffer starts
# at 4 MiB and is not moved before half of it is used (its pkg/resource/stream.go, Go's bufio.Scanner); less than
# that at a time, or a single document, cannot be overwritten while it is being checked.
_BATCH = 1 << 20
_SEPARATOR = b"\n---\n"
# libyaml's limit for a key on one line, in Go's port too.
_LONGEST_KEY = 1000
_LONG_KEY = lazy_pattern(rf'"[^"]{{{_LONGEST_KEY},}}":')
_READ_IN_ANY_CASE = {name.lower(): name for name in ("apiVersion", "kind", "metadata", "items")}
_Batch = list[tuple[Entry, bytes]]
_SPECIAL = lazy_pattern("[^ -~\U00010000-\U0010ffff]")


def check_kubeconform(
    documents: Sequence[Mapping[str, Any]],
    catalogue: Catalogue,
    *,
    binary: Path,
    timeout: float,
    meanwhile: Callable[[], object] = lambda: None,
) -> list[Violation]:
    """Return what is wrong with the documents that have a schema, in their order.

    Args:
        documents: parsed manifests.
        catalogue: where the schemas are.
        binary: the kubeconform program.
        timeout: seconds for one run of it; it is run again for each megabyte of documents.
        meanwhile: done while it runs.

    Raises:
        ConfigError: a schema that the repository brings along cannot be used.
        ToolError: kubeconform does not start, does not end, or does not answer as version 0.8 does.
    """
    entries, violations = prepare(documents, catalogue)
    explain = _explainer(catalogue)
    folder = catalogue.folder({entry.kind for entry in entries})
    alone = {index for index, entry in enumerate(entries) if _is_misread(entry)}
    batches = list(_batches([entry for index, entry in enumerate(entries) if index not in alone]))
    for batch, results in zip(batches, _answers(batches, folder, binary, timeout, meanwhile), strict=True):
        for (entry, _), result in zip(batch, results, strict=True):
            if result["status"] != "statusValid":
                violations += explain(entry) or _unexplained(entry, result)
    for index in sorted(alone):
        violations += explain(entries[index])
    return sorted({*violations})


def _explainer(catalogue: Catalogue) -> Callable[[Entry], list[Violation]]:
    """Return the embedded engine's check; the engine is imported for the first document that needs it."""
    engines: list[Embedded] = []

    def explain(entry: Entry) -> list[Violation]:
        if not engines:
            from gitops_tool.schemas.embedded import Embedded

            engines.append(Embedded(catalogue))
        return engines[0].check(entry)

    return explain


def _is_misread(entry: Entry) -> bool:
    """Tell whether kubeconform would fail on a document, or take it for another, before it comes to the schema.

    It reads `kind` and its like in any case, takes a `List` of any group for a list, and its YAML reader refuses long
    keys. The embedded engine checks such a document alone.
    """
    body, text = entry.body, entry.text
    is_odd = any(key.lower() in _READ_IN_ANY_CASE and key not in _READ_IN_ANY_CASE.values() for key in body)
    may_be_long = text is None or (len(text) > _LONGEST_KEY and ('\\"' in text or _LONG_KEY.search(text) is not None))
    return is_odd or str(body["kind"]).lower() == "list" or (may_be_long and _has_long_key(body))


def _has_long_key(value: Any) -> bool:
    if isinstance(value, dict):
        return any(len(key) > _LONGEST_KEY or _has_long_key(part) for key, part in value.items())
    return isinstance(value, list) and any(_has_long_key(part) for part in value)


def _text(body: Mapping[str, Any]) -> bytes:
    """Return a document as JSON that YAML reads alike.

    YAML has line breaks and forbidden characters outside ASCII, so those are escaped; but not the characters beyond
    16 bits, for which JSON writes two escapes that YAML does not take for one character.
    """
    text = json.dumps(body, ensure_ascii=False)
    return _SPECIAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def _batches(entries: Sequence[Entry]) -> Iterator[_Batch]:
    """Yield the documents' texts in portions of at most a megabyte, or of one document."""
    batch: _Batch = []
    size = 0
    for entry in entries:
        text = entry.text.encode() if entry.text is not None else _text(entry.body)
        if batch and size + len(text) > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append((entry, text))
        size += len(text) + len(_SEPARATOR)
    if batch:
        yield batch


def _answers(
    batches: Sequence[_Batch], folder: Path, binary: Path, timeout: float, meanwhile: Callable[[], object]
) -> Iterator[list[dict[str, Any]]]:
    """Yield kubeconform's results for each portion, as many portions at a time as there are processors."""
    if len(batches) < 2:
        yield from (_run(batch, folder, binary, timeout, meanwhile) for batch in batches)
        return
    from concurrent.futures import ThreadPoolExecutor  # for large repositories only: a bump need not wait for it

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        answers = pool.map(lambda batch: _run(batch, folder, binary, timeout), batches)
        meanwhile()
        yield from answers
    finally:
        pool.shutdown(cancel_futures=True)


def _run(
    batch: _Batch, folder: Path, binary: Path, timeout: float, meanwhile: Callable[[], object] = lambda: None
) -> list[dict[str, Any]]:
    """Return kubeconform's result for each document.

    Results carry no position, and several workers give them in any order: so there is one worker. `-verbose` makes
    it report the valid ones too.
    """
    args = [str(binary.absolute()), "-output", "json", "-verbose", "-strict", "-n", "1"]
    # Relative to the folder: kubeconform takes the location for a template and a URL, so "{{", "%" and "#" mislead it.
    args += ["-schema-location", FILE_TEMPLATE, "-"]
    env = os.environ | GO_WITHOUT_COLLECTION
    text = _SEPARATOR.join(text for _, text in batch)
    done = run(args, timeout=timeout, cwd=folder, env=env, stdin=text, meanwhile=meanwhile)
    try:
        results = json.loads(done.stdout)["resources"]
    except (ValueError, KeyError, TypeError) as error:
        hint = "gitops needs kubeconform 0.8; see `gitops tools`"
        detail = done.error_text or f"exit status {done.returncode}"
        raise ToolError(f'"{binary.name}" did not answer in JSON: {detail}', hint=hint) from error
    if len(results) != len(batch):
        raise ToolError(f'"{binary.name}" gave {len(results)} answers for {len(batch)} documents')
    return list(results)


def _unexplained(entry: Entry, result: Mapping[str, Any]) -> list[Violation]:
    """Return what to say about a document that only kubeconform refuses.

    Raises:
        ToolError: it could not be checked at all.
    """
    if result["status"] != "statusInvalid":
        hint = 'delete the folder "schemas" in the cache if this happens again'
        raise ToolError(f'kubeconform cannot check "{entry.kind[1]}": {redact(str(result["msg"]))}', hint=hint)
    paths = [str(error["path"]) for error in result.get("validationErrors") or ()]
    return [entry.violation(path, "is refused by kubeconform") for path in paths or [""]]
