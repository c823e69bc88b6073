"""Gate ``todo_detection``: the change adds no comment that puts work off.

Only comments on added lines count; a string, a docstring or an identifier that holds the word does not. The markers
are the standard's (CAWS 10.2): TODO, FIXME, HACK, XXX, as whole words in upper case anywhere in a comment, and in any
case where they open the comment and a colon or a parenthesis follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent_agency.canonical_json import digest_bytes
from agent_agency.change.model import FileChange
from agent_agency.facts import Finding, GateMode, GateResult, Place, Severity, display_path
from agent_agency.gates.comments import Comment, CommentReader
from agent_agency.gates.context import GateContext
from agent_agency.gates.outcome import concluded, counted, not_run

NAME = "todo_detection"
_WORDS = "TODO|FIXME|HACK|XXX"
_ANYWHERE = re.compile(_WORDS, re.IGNORECASE)
_WHOLE_WORD = re.compile(rf"(?<![A-Za-z0-9_])({_WORDS})(?![A-Za-z0-9_])")
_OPENING = re.compile(rf"\W*({_WORDS})\s*[:(]", re.IGNORECASE)


@dataclass
class _Tally:
    findings: list[Finding] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    read_by: dict[str, int] = field(default_factory=dict)


def evaluate(context: GateContext, mode: GateMode) -> GateResult:
    """Look for markers in the comments of added lines."""
    reader = CommentReader()
    tally = _Tally()
    for file in context.change.files:
        _look_at(context, file, reader, tally)
    findings = [*tally.findings, *_unread_thresholds(context)]
    facts = {"markers": len(tally.findings), "files_read_by": dict(sorted(tally.read_by.items()))}
    if tally.missing:
        reason = f"the added lines of {display_path(min(tally.missing))} are not known"
        if len(tally.missing) > 1:
            reason += f", nor those of {counted(len(tally.missing) - 1, 'other file')}"
        return not_run(NAME, mode, reason, findings=findings, facts=facts)
    number = len(tally.findings)
    found = f"{counted(number, 'comment')} on added lines {'puts' if number == 1 else 'put'} work off"
    reason = found if number else "no comment on an added line puts work off"
    return concluded(NAME, mode, findings, reason=reason, facts=facts)


def _look_at(context: GateContext, file: FileChange, reader: CommentReader, tally: _Tally) -> None:
    if file.new is None or file.added == 0 or file.binary or file.new.is_symlink or file.new.is_submodule:
        return
    lines = context.added_lines.get(file.new.path)
    if lines is None or len(lines) != file.added:
        tally.missing.append(file.new.path)
        return
    suspects = {line.number for line in lines if _ANYWHERE.search(line.text)}
    if not suspects:
        return
    data = context.read_head(file.new.path)
    if data is None:
        tally.missing.append(file.new.path)
        return
    comments = reader.read(file.new.path, data)
    tally.read_by[comments.how] = tally.read_by.get(comments.how, 0) + 1
    tally.findings += _findings(file.new.path, [item for item in comments.items if item.line in suspects])


def _findings(path: str, comments: Sequence[Comment]) -> Iterator[Finding]:
    for comment in comments:
        if marker := marker_in(comment.text):
            word, offset = marker
            yield Finding(
                rule=f"{NAME}.{word.lower()}",
                severity=Severity.MODERATE,
                message=f"a comment on an added line of {display_path(path)} puts work off ({word})",
                remedy=f"Do what it says, or take the {word} out and file it where work is planned",
                place=Place(path, comment.line, comment.column + offset),
                subject=_text_digest(comment.text[offset:]),
            )


def marker_in(comment: str) -> tuple[str, int] | None:
    """The first marker of one line of a comment, in upper case, and its offset; ``None`` when there is none."""
    match = _OPENING.match(comment) or _WHOLE_WORD.search(comment)
    return (match.group(1).upper(), match.start(1)) if match else None


def _text_digest(text: str) -> str:
    """Tells two comments of one file apart without quoting them: a comment may hold what no report should."""
    return digest_bytes(" ".join(text.split()).encode("utf-8", "surrogatepass"))[7:15]


def _unread_thresholds(context: GateContext) -> list[Finding]:
    gate = context.policy.gates.get(NAME)
    return [
        Finding(
            rule=f"{NAME}.threshold_not_applied",
            severity=Severity.ADVICE,
            message=f"gates.{NAME}.thresholds.{key} has no effect: comments are read exactly, nothing is guessed",
            remedy="Take it out of the policy",
            place=Place(context.policy.path),
            subject=key,
        )
        for key in (gate.thresholds if gate else ())
    ]
