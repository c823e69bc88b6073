"""What ``agency validate`` says: text with the source and a caret, one JSON document, SARIF, GitHub annotations.

``schemas/validation.v1.json`` describes the document. Nothing here imports rich, so that the other forms start fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from agent_agency.errors import AgencyError
from agent_agency.facts import Finding, Severity, display_path
from agent_agency.gates.outcome import counted
from agent_agency.report.excerpt import excerpt, split_lines
from agent_agency.report.text import clean, clean_lines, json_ready, no_command, sentences, shown_path
from agent_agency.spec.model import PolicyResult, ValidationResult, WaiverResult

if TYPE_CHECKING:
    from rich.console import Console

Checked: TypeAlias = ValidationResult | PolicyResult | WaiverResult
Segment: TypeAlias = tuple[str, str]

SCHEMA_VERSION = 1

_EXCERPT_WIDTH = 70


def to_document(results: Sequence[Checked], errors: Sequence[AgencyError] = ()) -> dict[str, Any]:
    """One document: a result per file that was read; ``errors`` is there only when a file could not be read."""
    told = {"errors": [_error(error) for error in errors]} if errors else {}
    return {"schema_version": SCHEMA_VERSION, "results": [_result(result) for result in results], **told}


def plain_text(results: Sequence[Checked], sources: Mapping[str, bytes], errors: Sequence[AgencyError] = ()) -> str:
    """The text without any colour, as it goes into a pipe or a log."""
    lines = ("".join(text for text, _ in line) for line in _lines(results, sources, errors))
    return "".join(f"{no_command(line)}\n" for line in lines)


def render_text(
    results: Sequence[Checked],
    sources: Mapping[str, bytes],
    console: Console,
    errors: Sequence[AgencyError] = (),
) -> None:
    """Print the text; the console alone decides on colour.

    Args:
        results: what each file was found to be.
        sources: the bytes that were read, by the path of the result; without them the excerpt is left out.
        console: where to print.
        errors: what could not be read.
    """
    from rich.text import Text

    from agent_agency.report.console_output import fit_for_reading

    with fit_for_reading(console):
        for line in _lines(results, sources, errors):
            console.print(Text.assemble(*line), soft_wrap=True, highlight=False)


def to_sarif(results: Sequence[Checked], errors: Sequence[AgencyError] = ()) -> dict[str, Any]:
    """A SARIF 2.1.0 log: a result per finding, a notification per file that could not be read."""
    from agent_agency.report import sarif_log

    found = [(result, finding) for result in results for finding in result.findings]
    rules = sarif_log.rules(finding for _, finding in found)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    fingerprints = sarif_log.numbered(_fingerprint(result, finding) for result, finding in found)
    return sarif_log.log(
        {
            "tool": sarif_log.tool(rules),
            "automationDetails": {"id": "agency/validate/"},
            "originalUriBaseIds": sarif_log.root_bases(),
            "columnKind": "unicodeCodePoints",
            "invocations": [
                {
                    "executionSuccessful": not errors,
                    "toolExecutionNotifications": [_notification(error) for error in errors],
                }
            ],
            "results": [
                sarif_log.result(finding, index, fingerprint, path=finding.place.path or result.path)
                for (result, finding), fingerprint in zip(found, fingerprints, strict=True)
            ],
        }
    )


def to_github(results: Sequence[Checked], errors: Sequence[AgencyError] = ()) -> str:
    """One annotation per error and per finding; nothing at all when every file is valid and quiet."""
    from agent_agency.report import github

    lines = [
        github.annotation("error", sentences(error.message, error.fix), title=error.stable_code, path=error.path)
        for error in errors
    ]
    lines += [
        github.annotation(
            github.finding_level(finding.severity),
            sentences(finding.message, finding.remedy),
            title=finding.rule,
            path=finding.place.path or result.path,
            line=finding.place.line,
            column=finding.place.column,
        )
        for result in results
        for finding in result.findings
    ]
    return "".join(f"{line}\n" for line in lines)


def _result(result: Checked) -> dict[str, Any]:
    profile = _profile(result)
    return {
        "path": display_path(result.path),
        "profile": profile,
        "valid": result.valid,
        "findings": [
            {
                "rule": json_ready(finding.rule),
                "severity": str(finding.severity),
                "message": json_ready(finding.message),
                "line": finding.place.line,
                "column": finding.place.column,
                "remedy": json_ready(finding.remedy),
            }
            for finding in result.findings
        ],
    }


def _error(error: AgencyError) -> dict[str, Any]:
    envelope = json_ready(error.as_dict())
    return {**envelope, "path": shown_path(error.path)}


def _profile(result: Checked) -> str | None:
    profile = result.profile if isinstance(result, ValidationResult) else None
    return str(profile) if profile else None


def _fingerprint(result: Checked, finding: Finding) -> str:
    if finding.place.path is not None:
        return finding.fingerprint
    return f"{finding.fingerprint}:{display_path(result.path)}"


def _notification(error: AgencyError) -> dict[str, Any]:
    from agent_agency.report import sarif_log

    told: dict[str, Any] = {"level": "error", "message": sarif_log.message(sentences(error.message, error.fix))}
    if error.path:
        told["locations"] = [sarif_log.location(error.path, error.line)]
    return {**told, "descriptor": {"id": error.stable_code}}


def _lines(
    results: Sequence[Checked], sources: Mapping[str, bytes], errors: Sequence[AgencyError]
) -> Iterator[list[Segment]]:
    split: dict[str, list[str]] = {}
    for result in results:
        if not result.findings:
            yield [(display_path(result.path), ""), ("  valid", "green"), (_profile_note(result), "dim")]
            continue
        for finding in result.findings:
            path = finding.place.path or result.path
            if path not in split:
                split[path] = split_lines(sources.get(path, b""))
            yield from _finding_lines(path, finding, split[path])
        yield _file_summary(result)
        yield []
    for error in errors:
        where = f"{display_path(error.path)}: " if error.path else ""
        yield [(where, ""), ("not read", "bold red"), (f"  {clean(sentences(error.message, error.fix))}", "")]
    yield _total(results, errors)


def _finding_lines(path: str, finding: Finding, source: list[str]) -> Iterator[list[Segment]]:
    from agent_agency.report.styles import SEVERITY_STYLES

    place = finding.place
    where = ":".join(str(part) for part in (display_path(path), place.line, place.column) if part is not None)
    yield [
        (where, "bold"),
        ("  ", ""),
        (str(finding.severity), SEVERITY_STYLES[finding.severity]),
        (f"  {clean(finding.rule)}", ""),
    ]
    yield [(f"  {clean(finding.message)}", "")]
    shown = excerpt(source, place.line, place.column, width=_EXCERPT_WIDTH)
    if shown is not None:
        number = str(place.line)
        yield [(f"  {number} | ", "dim"), (shown.source, "")]
        yield [(f"  {' ' * len(number)} | ", "dim"), (shown.caret, SEVERITY_STYLES[finding.severity])]
    if finding.remedy:
        first, *rest = clean_lines(finding.remedy)
        yield [("  fix: ", "green"), (first, "")]
        yield from ([(f"       {line}", "")] for line in rest)


def _file_summary(result: Checked) -> list[Segment]:
    word, style = ("valid", "green") if result.valid else ("not valid", "bold red")
    return [(display_path(result.path), ""), (f"  {word}", style), (_profile_note(result), "dim")]


def _profile_note(result: Checked) -> str:
    profile = _profile(result)
    return f"  ({profile})" if profile else ""


def _total(results: Sequence[Checked], errors: Sequence[AgencyError]) -> list[Segment]:
    if not results and not errors:
        return [("No file to check.", "")]
    findings = [finding for result in results for finding in result.findings]
    advice = sum(finding.severity is Severity.ADVICE for finding in findings)
    valid = sum(result.valid for result in results)
    parts = [f"{valid} valid", f"{len(results) - valid} not valid"]
    parts += [f"{len(errors)} not read"] if errors else []
    told = f"{counted(len(findings) - advice, 'finding')}, {advice} advice" if findings else "no findings"
    files = counted(len(results) + len(errors), "file")
    return [(f"{files}: {', '.join(parts)}; {told}", "bold")]
