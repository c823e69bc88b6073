"""A ruling as Markdown for a pull request: the verdict first, then what mends it, the rest folded away.

Everything that a stranger can choose (names, messages, titles) is written in character references and broken where
GitHub would link, mention or cross-reference, so it can neither format the page nor notify anybody.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from agent_agency.arbitration.ruling import AppliedWaiver, Ruling, Verdict
from agent_agency.report import appeal_told, rules_told
from agent_agency.report import facts_told as told
from agent_agency.report.rows import FindingRow, Outcome, Standing, finding_rows, gates_by_outcome, with_standing
from agent_agency.report.rule_rows import STANDS, TOLD, RuleRow, RuleStanding, rule_rows
from agent_agency.report.text import clean, clean_lines

_MAX_TEXT = 400
_BREAK = "&#8203;"

_ICONS = {
    Verdict.APPROVED: "\N{WHITE HEAVY CHECK MARK}",
    Verdict.CONDITIONAL: "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}",
    Verdict.WAIVED: "\N{MEMO}",
    Verdict.REJECTED: "\N{CROSS MARK}",
}
_MAX_COMMENT = 65_000  # GitHub refuses a comment of more than 65,536 characters
_SPECIAL = re.compile(r"""[&<>\\`*_\[\]|~#@$!^{}"']|:(?=[:])|(?<=:):|^[-+=.)]|(?<=^\d)[.)]|(?<=^\d\d)[.)]""")
_AUTOLINK = re.compile(r"(?i)(?<=[@#])|(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=\bgh)(?=-)")


def escaped(text: str) -> str:
    """Text that GitHub's Markdown shows as it is, in a table cell too, without links, mentions or formatting."""
    parts = _AUTOLINK.split(clean(text).strip())
    return _BREAK.join(_SPECIAL.sub(lambda match: f"&#{ord(match[0])};", part) for part in parts)


def code(text: str) -> str:
    """The same in a fixed-width face."""
    return f"<code>{escaped(text)}</code>" if text else ""


def render(ruling: Ruling) -> str:
    """The comment as text: short enough for GitHub whatever the size of the change, with a told rest."""
    rows = finding_rows(ruling)
    text = ""
    for limit in (25, 8, 2):
        text = _comment(ruling, rows, limit)
        if len(text) <= _MAX_COMMENT:
            break
    return text


def _comment(ruling: Ruling, rows: Sequence[FindingRow], limit: int) -> str:
    rules = rule_rows(ruling)
    beside = [row for row in rules if row.standing in TOLD and row.standing not in STANDS]
    sections = [
        _head(ruling, rules),
        _open(escaped(appeal_told.measured_title(ruling)), _measured_first(ruling), limit),
        _rules([row for row in rules if row.standing in STANDS], limit),
        _decisive(ruling, with_standing(rows, Standing.DECIDES), rules, limit),
        _conditions(ruling, limit),
        _gates(ruling),
        _budget(ruling),
        _folded("Waived", _bullets(rows, Standing.WAIVED, limit)),
        _open("Waivers in force", [_waiver_line(waiver) for waiver in ruling.waivers], limit),
        _folded("Rules that are waived or only advise", (len(beside), [_rule(row) for row in beside[:limit]])),
        _open("Default rules that this repository weakened", _weakened(ruling), limit),
        _folded("Precedents, which do not decide", _precedents(ruling, limit)),
        _folded("Warnings", _bullets(rows, Standing.WARNS, limit)),
        _folded("Advice", _bullets(rows, Standing.ADVISES, limit)),
        _files(ruling, 2 * limit),
        _folded("What was measured", _measured(ruling, 2 * limit)),
        _foot(ruling),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _head(ruling: Ruling, rules: Sequence[RuleRow]) -> str:
    decision = ruling.decision
    verdict = str(decision.verdict).capitalize()
    lines = [
        f"## {_ICONS[decision.verdict]} {verdict}: Agent Agency",
        "",
        f"**CAWS {decision.caws_verdict}** \N{MIDDLE DOT} {escaped(told.spec(ruling))}  ",
        escaped(told.change(ruling)),
    ]
    known = (
        ("rules", rules_told.rules_and_constitution(ruling, rules)),
        ("", rules_told.constitution_note(ruling)),
        ("appeal", "; ".join(appeal_told.on_appeal(ruling))),
        ("case", rules_told.case(ruling)),
        ("confidence", rules_told.confidence(ruling)),
    )
    for name, value in known:
        if value:
            lines[-1] += "  "
            lines.append(escaped(f"{name}: {value}" if name else value))
    return "\n".join(lines)


def _rules(rows: Sequence[RuleRow], limit: int) -> str:
    if not rows:
        return ""
    shown = [_rule(row) for row in rows[:limit]]
    return "\n".join(["### Rules that stand in the way", "", *_with_rest(shown, len(rows))])


def _rule(row: RuleRow) -> str:
    said, message = row.outcome, rules_told.message(row)
    word = rules_told.standing_word(row.standing).lower()
    lines = [
        f"- **{word}** {code(rules_told.clause(said, message))} {escaped(rules_told.kind(row))}  ",
        f"  {escaped(_cut(message))}",
    ]
    if said.remedy and not row.by_gate and row.standing in {RuleStanding.VIOLATED, RuleStanding.ADVISES}:
        lines[-1] += "  "
        lines.append(f"  **Fix:** {escaped(_cut(clean(said.remedy)))}")
    return "\n".join(lines)


def _open(title: str, lines: Sequence[str], limit: int) -> str:
    """Lines that are never folded: who reads the ruling must see what law it was not held to."""
    return "\n".join([f"### {title}", "", *_with_rest(list(lines[:limit]), len(lines))]) if lines else ""


def _measured_first(ruling: Ruling) -> list[str]:
    """Why the review itself came to another ruling than the one that an appeal put in its place."""
    return [f"- {escaped(_cut(reason))}" for reason in appeal_told.measured_reasons(ruling)]


def _weakened(ruling: Ruling) -> list[str]:
    return [f"- {escaped(_cut(line))}" for line in rules_told.weakened(ruling)]


def _precedents(ruling: Ruling, limit: int) -> tuple[int, list[str]]:
    shown = []
    for citation in ruling.precedents[:limit]:
        lines = [rules_told.precedent_head(citation), *rules_told.precedent_facts(citation)]
        shown.append("- " + "  \n  ".join(escaped(_cut(line)) for line in lines))
    return len(ruling.precedents), shown


def _decisive(ruling: Ruling, rows: Sequence[FindingRow], rules: Sequence[RuleRow], limit: int) -> str:
    known = {clean(row.finding.message) for row in rows} | {clean(c.message) for c in ruling.decision.conditions}
    known |= {clean(row.outcome.message) for row in rules if row.standing in STANDS}
    reasons = [clean(reason) for reason in ruling.decision.reasons]
    left = [reason for reason in reasons if known.isdisjoint(told.endings(reason))]
    parts = []
    if left:
        shown = [f"- {escaped(_cut(reason))}" for reason in left[:limit]]
        parts.append("\n".join(["### Why", "", *_with_rest(shown, len(left))]))
    if rows:
        shown = [_bullet(row) for row in rows[:limit]]
        parts.append("\n".join(["### Why, and what mends it", "", *_with_rest(shown, len(rows))]))
    return "\n\n".join(parts)


def _bullets(rows: Sequence[FindingRow], standing: Standing, limit: int) -> tuple[int, list[str]]:
    found = with_standing(rows, standing)
    return len(found), [_bullet(row) for row in found[:limit]]


def _bullet(row: FindingRow) -> str:
    finding = row.finding
    where = code(told.shortened_path(told.place(finding), _MAX_TEXT)) or "the change as a whole"
    lines = [
        f"- **{finding.severity}** {code(finding.rule)} {where}  ",
        f"  {escaped(_cut(clean(finding.message)))}",
    ]
    if finding.remedy and not row.waived_by:
        lines[-1] += "  "
        lines.append(f"  **Fix:** {escaped(_cut(clean(finding.remedy)))}")
    if row.waived_by:
        lines[-1] += f" (waived by {code(row.waived_by)})"
    return "\n".join(lines)


def _conditions(ruling: Ruling, limit: int) -> str:
    conditions = ruling.decision.conditions
    if not conditions:
        return ""
    parts = ["### Before this can be approved"]
    for number, condition in enumerate(conditions[:limit], 1):
        who = "A person with authority" if condition.by == "person" else "The author"
        parts.append(f"**{number}.** {escaped(_cut(clean(condition.message)))}  \n{who}:")
        parts.append(_block(condition.remedy))
    return "\n\n".join(_with_rest(parts, len(conditions) - limit + len(parts)))


def _block(text: str) -> str:
    """Lines with commands, ready to be copied; nothing in them can end the block or order a runner about."""
    lines = [html.escape(line).replace("::", "&#58;:").replace("##", "&#35;#") for line in clean_lines(text)]
    return "<pre>{}</pre>".format("\n".join(line or "&nbsp;" for line in lines))


def _gates(ruling: Ruling) -> str:
    if not ruling.gates:
        return "### Gates: none"
    icons = {
        Outcome.FAIL: "\N{CROSS MARK}",
        Outcome.ERROR: "\N{CROSS MARK}",
        Outcome.NOT_RUN: "\N{BLACK QUESTION MARK ORNAMENT}",
        Outcome.WAIVED: "\N{MEMO}",
        Outcome.WARN: "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}",
        Outcome.PASS: "\N{WHITE HEAVY CHECK MARK}",
        Outcome.LEFT_OUT: "\N{HEAVY MINUS SIGN}",
    }
    lines = ["### Gates", "", "| | Gate | Result | Why |", "| --- | --- | --- | --- |"]
    for gate, outcome in gates_by_outcome(ruling):
        why = escaped(_cut(told.gate_reason(gate)))
        lines.append(f"| {icons[outcome]} | {code(gate.name)} | {told.outcome_word(outcome)} | {why} |")
    return "\n".join(lines)


def _budget(ruling: Ruling) -> str:
    if ruling.budget is None:
        return ""
    tier = escaped(str(ruling.budget.get("tier")))
    lines = [f"### Budget (tier {tier})", "", "| | Used | Allowed | |", "| --- | ---: | ---: | --- |"]
    for meter in told.meters(ruling.budget):
        word = f"**over by {meter.used - meter.limit:,}**" if meter.is_over else "within"
        lines.append(f"| {meter.name} | {meter.used:,} | {meter.limit:,} | {word} |")
    notes = [f"- {escaped(note)}" for note in told.budget_notes(ruling.budget)]
    return "\n".join([*lines, *(["", *notes] if notes else [])])


def _waiver_line(waiver: AppliedWaiver) -> str:
    return f"- {code(waiver.id)} {escaped(waiver.title)}: {escaped(_cut(told.waiver(waiver)))}"


def _files(ruling: Ruling, limit: int) -> str:
    files = ruling.change.get("files_changed") or ()
    if not files:
        return ""
    rows = [
        f"| {escaped(str(file.get('status')))} | {' '.join(told.file_lines(file))} "
        f"| {code(told.shortened_path(told.file_name(file), _MAX_TEXT))} |"
        for file in files[:limit]
    ]
    table = ["| | Lines | File |", "| --- | ---: | --- |", *rows]
    return _details(f"Files ({len(files):,})", _with_rest(table, len(files) - len(rows) + len(table)))


def _measured(ruling: Ruling, limit: int) -> tuple[int, list[str]]:
    change = ruling.change
    groups = (
        ("Governs the change", told.governance(change)),
        ("Not counted", told.excluded(change)),
        ("Size of the edit", told.minimality(change)),
        ("Note", told.notes(change)),
        ("Waiver not in force", told.waivers_not_in_force(ruling)),
        ("The case waits for", rules_told.case_conditions(ruling)),
    )
    lines = [(name, line) for name, lines in groups for line in lines]
    return len(lines), [f"- {name}: {escaped(_cut(line))}" for name, line in lines[:limit]]


def _foot(ruling: Ruling) -> str:
    law = escaped(told.law(ruling))
    recorded = f" \N{MIDDLE DOT} {escaped(told.ledger(ruling))}" if ruling.ledger else ""
    ids = f"Ruling {code(ruling.ruling_id)} \N{MIDDLE DOT} inputs {code(ruling.inputs_digest)}"
    signed = f" \N{MIDDLE DOT} signed {escaped(rules_told.signature(ruling))}" if ruling.signed_by else ""
    return f"<sub>{ids}{recorded}{signed} \N{MIDDLE DOT} law: {law}</sub>"


def _folded(title: str, lines: tuple[int, list[str]]) -> str:
    count, shown = lines
    return _details(f"{title} ({count:,})", _with_rest(shown, count)) if count else ""


def _details(summary: str, lines: Iterable[str]) -> str:
    return "\n".join(["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"])


def _with_rest(lines: list[str], count: int) -> list[str]:
    rest = count - len(lines)
    return [*lines, *(["", f"and {rest:,} more"] if rest > 0 else [])]


def _cut(text: str) -> str:
    return told.shortened(text, _MAX_TEXT)
