"""The facts of a ruling as short, safe lines that the reports for people share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.arbitration.ruling import AppliedWaiver, Ruling
from agent_agency.facts import Finding, GateResult, display_path
from agent_agency.gates.outcome import counted
from agent_agency.report.rows import Outcome
from agent_agency.report.text import clean

_SHORT_ID = 12

_OUTCOME_WORDS = {
    Outcome.FAIL: "FAIL",
    Outcome.ERROR: "ERROR",
    Outcome.NOT_RUN: "NOT RUN",
    Outcome.WAIVED: "waived",
    Outcome.WARN: "warns",
    Outcome.PASS: "pass",
    Outcome.LEFT_OUT: "left out",
}


@dataclass(frozen=True, slots=True)
class Meter:
    """One limit of the budget and how much of it is used."""

    name: str
    used: int
    limit: int

    @property
    def is_over(self) -> bool:
        """Whether more is used than allowed."""
        return self.used > self.limit

    @property
    def share(self) -> float:
        """Used over allowed; may exceed 1. An empty budget that anything uses is wholly used."""
        return self.used / self.limit if self.limit else float(self.used > 0)


def outcome_word(outcome: Outcome) -> str:
    """How people read an outcome."""
    return _OUTCOME_WORDS[outcome]


def shortened(text: str, limit: int) -> str:
    """Text cut at ``limit`` characters, and saying so."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def shortened_path(text: str, limit: int) -> str:
    """A path cut in its middle, so that the file's own name and line stay in view."""
    if len(text) <= limit:
        return text
    tail = limit * 2 // 3
    return f"{text[: limit - tail - 3]}...{text[-tail:]}"


def endings(reason: str) -> list[str]:
    """The reason itself and what follows each of its colons: ``gate: path: message`` ends with ``message``."""
    parts = reason.split(": ")
    return [": ".join(parts[start:]) for start in range(min(len(parts), 10))]


def place(finding: Finding) -> str:
    """``path:line:column`` as far as known, or nothing."""
    where = finding.place
    if where.path is None:
        return ""
    return ":".join(str(part) for part in (display_path(where.path), where.line, where.column) if part is not None)


def gate_reason(gate: GateResult) -> str:
    """Why a gate came out as it did; of one that ran a tool also how that was kept apart, and what it did not say."""
    reason = clean(gate.reason) or counted(len(gate.findings), "finding")
    figures = gate.facts.get("figures")
    flaky = figures.get("flaky") if isinstance(figures, Mapping) else None
    notes = [f"isolation {clean(str(gate.facts['isolation']))}"] if gate.facts.get("isolation") else []
    notes += ["reused"] if gate.facts.get("reused") is True else []
    notes += [f"{flaky} flaky"] if flaky and "flaky" not in reason else []
    notes += _judge_notes(gate.facts)
    return f"{reason} ({', '.join(notes)})" if notes else reason


def _judge_notes(facts: Mapping[str, Any]) -> list[str]:
    """What a judge's answer took: of its prompt's tokens, what had not been computed already; nothing for the rest."""
    if facts.get("kept") is True:
        return ["kept from an earlier review"]
    prompt, computed = facts.get("prompt_tokens"), facts.get("computed_tokens")
    if not isinstance(prompt, int) or not isinstance(computed, int) or not prompt:
        return []
    return [f"{computed:,} of {prompt:,} prompt tokens computed"]


def gate_evidence(gate: GateResult) -> list[tuple[str, str]]:
    """What the runs of a gate's tool left: its name, and its digest or why there is none."""
    rows = []
    for kept in gate.facts.get("evidence") or ():
        size = f"{kept.get('bytes'):,} bytes" if isinstance(kept.get("bytes"), int) else "not read"
        notes = [size, *(word for word in ("capped", "redacted") if kept.get(word))]
        stored = kept.get("digest") or f"not stored: {kept.get('problem')}"
        rows.append((clean(f"{kept.get('kind')} of {kept.get('part')}"), clean(f"{stored} ({', '.join(notes)})")))
    return rows


def spec(ruling: Ruling) -> str:
    """The governing spec in one line."""
    found = ruling.spec
    if found is None:
        return "no working spec governs this change"
    kind = f" ({', '.join(spec_kind(found))})" if spec_kind(found) else ""
    return clean(f"{found.get('id')}: {found.get('title') or 'not valid'}{kind}")


def spec_kind(found: Mapping[str, Any]) -> list[str]:
    """Tier, mode and profile of the governing spec, as far as a valid one tells them."""
    tier = [f"tier {found['risk_tier']}"] if found.get("risk_tier") is not None else []
    return tier + [clean(str(found[key])) for key in ("mode", "profile") if found.get(key)]


def change(ruling: Ruling) -> str:
    """What was measured between which points."""
    measured, base = ruling.change, ruling.base
    files, added, deleted = (measured.get(key) or 0 for key in ("files", "added", "deleted"))
    size = f"{counted(files, 'file')}, +{added:,} -{deleted:,}"
    start = short_id(base.get("merge_base"))
    return f"{size}; {head(ruling)} against {clean(str(base.get('ref')))} (measured from {start})"


def head(ruling: Ruling) -> str:
    """What the head of the change is called."""
    found = ruling.head
    if found.get("kind") in {"worktree", "index"}:
        word = "the working tree" if found["kind"] == "worktree" else "the index"
        branch = found.get("branch")
        return f"{word} of {clean(str(branch))}" if branch else word
    name = found.get("ref") or found.get("branch")
    commit = short_id(found.get("commit"))
    return f"{clean(str(name))} ({commit})" if name and name != found.get("commit") else commit


def law(ruling: Ruling) -> str:
    """Where the law comes from."""
    found = ruling.law
    if not found.get("in_force"):
        return "not in force: the base holds none, so the built-in default was used"
    policy = found.get("policy_path")
    told = display_path(policy) if policy else "built-in default policy"
    return f"{told} as of {clean(str(ruling.base.get('ref')))} ({short_id(found.get('commit'))})"


def waivers_not_in_force(ruling: Ruling) -> list[str]:
    """Waivers that were read at the base and cover nothing, with the reason."""
    found = ruling.law.get("waivers_not_in_force") or {}
    return [f"{clean(str(waiver))}: {clean(str(why))}" for waiver, why in found.items()]


def short_id(commit: object) -> str:
    """The first digits of an object id."""
    return clean(str(commit))[:_SHORT_ID] if commit else "none"


def meters(budget: Mapping[str, Any]) -> tuple[Meter, ...]:
    """Files and lines, used and allowed."""
    return (
        Meter("files", int(budget.get("used_files") or 0), int(budget.get("max_files") or 0)),
        Meter("lines", int(budget.get("used_loc") or 0), int(budget.get("max_loc") or 0)),
    )


def budget_notes(budget: Mapping[str, Any]) -> list[str]:
    """How the limits came about: the baseline, the waivers that added to it and those that could not."""
    notes = []
    applied = ", ".join(clean(str(waiver)) for waiver in budget.get("applied") or ())
    if applied:
        files, lines = (budget.get(key) or 0 for key in ("baseline_files", "baseline_loc"))
        base = f"{counted(files, 'file')} and {counted(lines, 'line')}"
        notes.append(f"the tier allows {base}; raised by {applied}")
    skipped = budget.get("skipped") or {}
    notes += [f"waiver {clean(str(waiver))} adds nothing: {clean(str(why))}" for waiver, why in skipped.items()]
    return notes


def file_lines(file: Mapping[str, Any]) -> tuple[str, str]:
    """Added and deleted lines of a file, or that it is binary."""
    if file.get("binary"):
        return "bin", ""
    return f"+{file.get('added')}", f"-{file.get('deleted')}"


def file_name(file: Mapping[str, Any]) -> str:
    """A file's path, where it came from, and what else is odd about it."""
    path, old = file.get("path"), file.get("old_path")
    shown = display_path(str(path))
    shown = f"{display_path(str(old))} => {shown}" if old and old != path else shown
    marks = file_marks(file)
    return f"{shown}  ({', '.join(marks)})" if marks else shown


def file_marks(file: Mapping[str, Any]) -> list[str]:
    """What else is told of a file: modes, LFS, generated, edits that say nothing."""
    marks = [word for key, word in _FILE_MARKS.items() if file.get(key)]
    before, after = file.get("mode_from"), file.get("mode_to")
    if before and after and before != after:
        marks.append(f"mode {clean(str(before))} => {clean(str(after))}")
    if "120000" in {before, after}:
        marks.append("symbolic link")
    if "160000" in {before, after}:
        marks.append("submodule")
    if file.get("counted") is False:
        marks.append("not counted")
    return marks


_FILE_MARKS = {
    "lfs": "Git LFS",
    "generated": "generated",
    "whitespace_only": "white space only",
    "no_op": "content unchanged",
}


def governance(change: Mapping[str, Any]) -> list[str]:
    """Edits to law, CI, hooks, configuration."""
    rows = change.get("governance") or ()
    return [f"{display_path(str(row.get('path')))}: {clean(_governed(row))}" for row in rows]


def excluded(change: Mapping[str, Any]) -> list[str]:
    """Files that the policy leaves out of the count."""
    rows = change.get("excluded") or ()
    return [f"{display_path(str(row.get('path')))}: {clean(str(row.get('reason')))}" for row in rows]


def minimality(change: Mapping[str, Any]) -> list[str]:
    """How large each edit is beside what it edits, and by which method that was measured."""
    rows = (change.get("minimality") or {}).get("files") or ()
    return [f"{display_path(str(row.get('path')))}: {minimality_of(row)}" for row in rows]


def minimality_of(row: Mapping[str, Any]) -> str:
    """One row of the minimality, without its path."""
    ratio = row.get("ratio")
    share = f"{ratio:.1%}" if isinstance(ratio, (int, float)) else "unknown"
    method = str(row.get("method"))
    unit = {"tree": "nodes of the syntax tree", "line": "lines"}.get(method, f"by {method}")
    parts = [f"{share} ({row.get('edit_size')} of {row.get('tree_size')} {unit})"]
    if row.get("moved"):
        parts.append(f"{row['moved']} moved")
    if row.get("note"):
        parts.append(str(row["note"]))
    return clean("; ".join(parts))


def notes(change: Mapping[str, Any]) -> list[str]:
    """What was odd and how it was handled."""
    return [clean(str(note)) for note in change.get("notes") or ()]


def waiver(applied: AppliedWaiver) -> str:
    """What a waiver did, by whom and how long."""
    parts = []
    of = ", ".join((*applied.gates, *applied.rules)) or "no gate"
    if applied.covers:
        parts.append(f"covers {counted(len(applied.covers), 'finding')} of {of}")
    elif applied.rules:
        parts.append(f"covers {of}")
    if applied.added_files or applied.added_loc:
        parts.append(f"adds {counted(applied.added_files, 'file')} and {counted(applied.added_loc, 'line')}")
    how = "signed" if applied.signed else "a statement, not signed"
    parts += [f"approved by {', '.join(applied.approvers) or 'nobody'} ({how})", f"expires {applied.expires_at}"]
    return clean("; ".join(parts))


def ledger(ruling: Ruling) -> str:
    """Where the ruling is recorded; nothing when it is not."""
    found = ruling.ledger
    if found is None:
        return ""
    where = display_path(str(found.get("path")))
    return f"entry {found.get('seq')} of {where}"


def _governed(row: Mapping[str, Any]) -> str:
    return str(row.get("detail") or row.get("kind")).replace("_", " ")
