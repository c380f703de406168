"""Results as text for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gitops_tool.findings import source_lines
from gitops_tool.model import Finding, Location, Severity
from gitops_tool.output.rendered import edit_lines
from gitops_tool.schemas import SchemaEngine
from gitops_tool.validate.schema_check import SCHEMA_MISSING
from gitops_tool.wording import harmless

if TYPE_CHECKING:
    from gitops_tool.changes import Setting
    from gitops_tool.changes.argocd.pruning import Removed
    from gitops_tool.model import Edit
    from gitops_tool.pipeline import Outcome, OverlayEffect
    from gitops_tool.validate.fingerprints import MergedFinding
    from gitops_tool.validate.run import Result

_MOST_OBJECTS = 4
_MOST_LINES = 20
_ENGINES = {SchemaEngine.KUBECONFORM: "kubeconform", SchemaEngine.EMBEDDED: "the embedded engine"}


def outcome_text(outcome: Outcome, remote: str | None) -> str:
    """Return what a mutating command did, or would do."""
    from gitops_tool.pipeline import Status

    full = outcome.status is Status.PLANNED
    lines = [*_setting_lines(outcome.plan.proposal.settings), *outcome.plan.proposal.summary]
    is_line = False
    for edit in outcome.plan.proposal.edits:
        shown = list(_edit_lines(edit, full=full))
        lines += shown if is_line and len(shown) == 1 else ["", *shown]
        is_line = len(shown) == 1
    for effect in outcome.plan.effects:
        lines += ["", *_effect_lines(effect, full=full)]
    lines += removed_lines(outcome.plan.removed())
    for overlay, reason in outcome.plan.proposal.unrendered:
        lines += ["", f"not rendered, not validated: {overlay}: {reason}"]
    if full or outcome.plan.findings:
        lines += ["", *findings_lines(outcome.plan.findings, source_lines(outcome.plan.tree, outcome.plan.findings))]
    lines += _end_line(outcome, remote)
    return "\n".join(lines) + "\n"


def removed_lines(removed: Sequence[Removed]) -> Iterator[str]:
    """Yield what Argo CD does with objects that are not rendered any more, by Application and fate."""
    heads = {
        "pruned": "Argo CD deletes",
        "confirm": "Argo CD deletes after confirmation",
        "kept": "stays in the cluster",
    }
    groups: dict[tuple[str, str, str], list[Removed]] = {}
    for one in removed:
        groups.setdefault((one.fate.value, one.overlay.environment, one.reason), []).append(one)
    for (fate, environment, reason), members in groups.items():
        yield ""
        yield f"{heads[fate]}{f' in {environment}' if environment else ''} ({reason}):"
        yield from (f"  {one.id}{f', and with it {one.loss}' if one.loss else ''}" for one in members)


def _setting_lines(settings: Sequence[Setting]) -> Iterator[str]:
    """Yield what is set, and what need not be, the latter not for more values than people read."""
    done = [setting for setting in settings if setting.is_done]
    few = len(done) <= _MOST_LINES
    yield from (_setting_line(setting) for setting in settings if few or not setting.is_done)
    if not few:
        yield f"{len(done)} others are already as they should be"


def _setting_line(setting: Setting) -> str:
    where = f"{setting.overlay.app}({setting.overlay.environment})"
    if setting.is_done:
        return f"{where}: {setting.name} is already at {setting.new_text}"
    return f"{where}: {setting.name} {setting.old_text or '(no tag)'} -> {setting.new_text}"


def _edit_lines(edit: Edit, *, full: bool) -> Iterator[str]:
    """Yield a file's changed lines; of one that is new or goes only how many, unless all is asked for."""
    lines = edit_lines(edit)
    if edit.before is not None and edit.after is not None:
        yield str(edit.path)
    else:
        yield f"{edit.path}: {'new' if edit.before is None else 'removed'}, {_count(len(lines), 'line')}"
        lines = lines if full else []
    yield from (f"  {line}" for line in lines)


def _effect_lines(effect: OverlayEffect, *, full: bool) -> Iterator[str]:
    where = str(effect.overlay)
    if full:
        from gitops_tool.output.diff.text import rendered_lines

        yield f"rendered diff of {where}:"
        yield from rendered_lines(effect.overlay, effect.diffs)
    else:
        changed = ", ".join(f"{diff.id} {diff.kind}" for diff in effect.diffs)
        yield f"rendered: {changed or 'no object differs'}"
    yield f"validated: {_count(effect.resources, 'object')}, {_tally(effect.findings, effect.suppressed)}"


def _tally(findings: Sequence[Finding], suppressed: int) -> str:
    counts = [(sum(f.severity is level for f in findings), level.value) for level in Severity]
    parts = [_count(number, word) for number, word in counts if number] or ["no findings"]
    return ", ".join(parts + ([f"{suppressed} suppressed"] if suppressed else []))


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 or word == Severity.INFO.value else f"{number} {word}s"


def _end_line(outcome: Outcome, remote: str | None) -> list[str]:
    from gitops_tool.pipeline import Status

    if outcome.status is Status.COMMITTED:
        return ["", f"committed {outcome.revision}"]
    if outcome.status is Status.PUSHED:
        tries = "" if outcome.attempts == 1 else f" at attempt {outcome.attempts}"
        return ["", f"pushed {outcome.revision} to {remote}/{outcome.branch}{tries}"]
    if outcome.status is Status.REQUESTED:
        where = f"merge request {outcome.request}" if outcome.request else "a merge request"
        branch = f"{remote}/{outcome.branch}"
        done = (
            f"pushed {outcome.revision} to {branch}"
            if outcome.attempts
            else f"{branch} is at {outcome.revision} already,"
        )
        return ["", f"{done} for {where}"]
    if outcome.status is Status.WRITTEN:
        return ["", f"wrote {_count(len(outcome.plan.proposal.edits), 'file')}, no commit"]
    if outcome.status is Status.PLANNED:
        return ["dry run: nothing was written"]
    return []


def findings_text(findings: Iterable[Finding], lines: Mapping[Location, str]) -> str:
    """Return findings as text, each with its source line and a caret."""
    return "".join(f"{line}\n" for line in findings_lines(findings, lines))


def findings_lines(findings: Iterable[Finding], lines: Mapping[Location, str]) -> list[str]:
    """Return findings as lines of text; `lines` holds the source line of each location that has one."""
    return [line for finding in findings for line in _finding_lines(finding, lines.get(finding.location))]


def _finding_lines(finding: Finding, source: str | None, where: str | None = None) -> Iterator[str]:
    """Yield a finding's lines; `where` tells the objects it is in, if it is in more than its own."""
    place = f"{finding.location} (rendered)" if finding.rendered else str(finding.location)
    yield f"{finding.severity}[{finding.rule}] {place}: {finding.message}"
    if source is not None:
        number = str(finding.location.line)
        shown, column = _window(source, finding.location.column)
        yield f"  {number} | {shown}"
        if column:
            yield f"  {' ' * len(number)} | {' ' * (column - 1)}^"
    if where or finding.resource is not None:
        yield f"  in {where or finding.resource}"
    if finding.hint:
        yield f"  hint: {finding.hint}"


def _window(line: str, column: int) -> tuple[str, int]:
    """Cut a long line to what surrounds the column."""
    start = max(0, column - 60) if len(line) > 120 else 0
    return line[start : start + 120].replace("\t", " "), column - start


def result_text(result: Result, lines: Mapping[Location, str]) -> str:
    """Return what a validation found, app by app, what it did not look at and why, and the counts.

    Args:
        result: what was found.
        lines: the source line of each location that has one.
    """
    text: list[str] = []
    from gitops_tool.validate.fingerprints import merged

    for app, group in _by_app(merged(result.reports)):
        text.append(app)
        for one in group:
            text += [f"  {line}" for line in _finding_lines(one.finding, lines.get(one.finding.location), _where(one))]
        text.append("")
    text += _section(
        "not checked", [*_without_schema(result), *(f"{one.path}: {one.reason}" for one in result.unchecked)]
    )
    stale = (f"{entry.path}: {entry.rule}: {entry.message}" for entry in result.stale)
    text += _section("in the baseline, but not found any more", list(stale))
    return "".join(f"{harmless(line)}\n" for line in [*text, *_counts(result)])


def _by_app(found: Iterable[MergedFinding]) -> Iterator[tuple[str, list[MergedFinding]]]:
    """Yield the findings of each app; those of kinds without a schema are counted elsewhere."""
    groups: dict[str, list[MergedFinding]] = {}
    for one in found:
        if not _is_skip(one.finding):
            groups.setdefault(one.places[0][0].app, []).append(one)
    yield from sorted(groups.items())


def _is_skip(finding: Finding) -> bool:
    return finding.rule == SCHEMA_MISSING and finding.severity is not Severity.ERROR


def _where(one: MergedFinding) -> str | None:
    """Return the objects a finding is in, each with the overlays; None where the finding itself tells enough."""
    apps = {overlay.app for overlay, _ in one.places}
    objects: dict[str, list[str]] = {}
    for overlay, finding in one.places:
        name = f"{overlay.app}({overlay.environment})" if len(apps) > 1 and overlay.environment else ""
        name = name or (overlay.app if len(apps) > 1 else overlay.environment)
        objects.setdefault(str(finding.resource or ""), []).append(name)
    listed = [_with_overlays(name, ", ".join(filter(None, who))) for name, who in objects.items()]
    shown = [*listed[:_MOST_OBJECTS], *([f"{len(listed) - _MOST_OBJECTS} more"] if len(listed) > _MOST_OBJECTS else [])]
    return ", ".join(filter(None, shown)) or None


def _with_overlays(name: str, overlays: str) -> str:
    return f"{name} ({overlays})" if name and overlays else name or overlays


def _without_schema(result: Result) -> list[str]:
    """Return a line for each kind without a schema, with how many objects of it were not checked."""
    lacking = (report for report in result.reports if not report.is_checked)
    found = (item.id for report in lacking for item in report.objects if not item.has_schema)
    kinds = Counter(f"{one.api_version or '(no apiVersion)'} {one.kind or '(no kind)'}" for one in found)
    return [f"{kind}: no schema ({_count(number, 'object')})" for kind, number in sorted(kinds.items())]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    """Return lines under a title, not more of them than people read."""
    if not lines:
        return []
    more = [f"  and {len(lines) - _MOST_LINES} more; --output json lists all"] if len(lines) > _MOST_LINES else []
    return [f"{title}:", *(f"  {line}" for line in lines[:_MOST_LINES]), *more, ""]


def _counts(result: Result) -> Iterator[str]:
    from gitops_tool.output.tally import Tally

    tally = Tally.of(result.reports)
    yield f"rendered with kustomize {result.kustomize}, schemas checked by {_ENGINES[result.schemas]}"
    sorts = f"{tally.valid} valid, {tally.invalid} invalid, {tally.skipped} skipped"
    yield f"{_count(tally.overlays, 'overlay')}, {_count(tally.objects, 'object')}: {sorts}"
    counts = [(tally.findings[level], level.value) for level in Severity]
    parts = [_count(number, word) for number, word in counts if number] or ["no findings"]
    parts += [f"{tally.suppressed} suppressed"] if tally.suppressed else []
    parts += [f"{tally.known} in the baseline"] if tally.known else []
    yield ", ".join(parts)
