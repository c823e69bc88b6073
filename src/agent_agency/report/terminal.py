"""A ruling for people at a terminal: what decides first, then the details, the ruling's id and its record last.

Every line fits the console's width. Meaning never rests on colour alone, so the text reads the same without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent_agency.arbitration.ruling import Ruling
from agent_agency.gates.outcome import counted
from agent_agency.report import appeal_told, rules_told
from agent_agency.report import facts_told as told
from agent_agency.report.console_output import fit_for_reading
from agent_agency.report.rows import FindingRow, Standing, finding_rows, gates_by_outcome, with_standing
from agent_agency.report.rule_rows import STANDS, TOLD, RuleRow, RuleStanding, rule_rows
from agent_agency.report.styles import OUTCOME_STYLES, RULE_STYLES, SEVERITY_STYLES, VERDICT_STYLES
from agent_agency.report.text import clean, clean_lines

_MAX_WIDTH = 100
_MAX_REASONS = 5
_MAX_DECISIVE = 20
_MAX_OTHER = 10
_MAX_FILES = 15
_MAX_PRECEDENTS = 3
_MAX_PATH = 150
_MAX_TEXT = 400


@dataclass(frozen=True, slots=True)
class _Paper:
    """A console with the few marks that it can show."""

    console: Console
    width: int
    dash: str
    full: str
    empty: str

    @classmethod
    def on(cls, console: Console) -> _Paper:
        marks = ("-", "#", ".") if console.options.ascii_only else ("\N{EN DASH}", "█", "░")
        return cls(console, min(console.width, _MAX_WIDTH), *marks)

    def put(self, content: RenderableType, indent: int = 2) -> None:
        self.console.print(Padding(content, (0, 0, 0, indent)), width=self.width, highlight=False, overflow="fold")

    def heading(self, text: str) -> None:
        self.console.print()
        self.console.print(Text(text, "bold"), highlight=False)


def render(ruling: Ruling, console: Console) -> None:
    """Print the ruling within the console's width."""
    with fit_for_reading(console):
        _print(ruling, _Paper.on(console))


def _print(ruling: Ruling, paper: _Paper) -> None:
    rows, rules = finding_rows(ruling), rule_rows(ruling)
    _head(ruling, rules, paper)
    decisive = with_standing(rows, Standing.DECIDES)
    _reasons(ruling, decisive, rules, paper)
    _listed(appeal_told.measured_title(ruling), appeal_told.measured_reasons(ruling), paper)
    _rules(
        "Rules that stand in the way", [row for row in rules if row.standing in STANDS], _MAX_DECISIVE, ruling, paper
    )
    _findings("Why, and what mends it", decisive, _MAX_DECISIVE, paper)
    _conditions(ruling, paper)
    _budget(ruling.budget, paper)
    _gates(ruling, paper)
    _findings("Warnings (these do not decide)", with_standing(rows, Standing.WARNS), _MAX_OTHER, paper)
    _findings("Advice", with_standing(rows, Standing.ADVISES), _MAX_OTHER, paper)
    _findings("Waived", with_standing(rows, Standing.WAIVED), _MAX_OTHER, paper)
    beside = [row for row in rules if row.standing in TOLD and row.standing not in STANDS]
    _rules("Rules that are waived or only advise", beside, _MAX_OTHER, ruling, paper)
    _change(ruling.change, paper)
    _waivers(ruling, paper)
    _listed("Waivers that are not in force", told.waivers_not_in_force(ruling), paper)
    _listed("Default rules that this repository weakened", rules_told.weakened(ruling), paper)
    _listed("What the case waits for", rules_told.case_conditions(ruling), paper)
    _precedents(ruling, paper)
    _foot(ruling, paper)


def _head(ruling: Ruling, rules: Sequence[RuleRow], paper: _Paper) -> None:
    decision = ruling.decision
    style = VERDICT_STYLES[decision.verdict]
    line = Text.assemble(
        (f" {str(decision.verdict).upper()} ", f"{style} reverse"),
        (f"  CAWS {decision.caws_verdict}, exit code {decision.exit_code}", "bold"),
    )
    paper.put(line, 0)
    known = [("spec", told.spec(ruling)), ("change", told.change(ruling)), ("law", told.law(ruling))]
    known += [("rules", rules_told.rules_and_constitution(ruling, rules)), ("", rules_told.constitution_note(ruling))]
    known += [("appeal", "\n".join(appeal_told.on_appeal(ruling))), ("case", rules_told.case(ruling))]
    paper.put(_pairs([(name, value) for name, value in known if value]), 0)


def _reasons(ruling: Ruling, decisive: Sequence[FindingRow], rules: Sequence[RuleRow], paper: _Paper) -> None:
    """The reasons, less those that the rules, findings and conditions right below tell together with their remedy."""
    told_below = {clean(row.finding.message) for row in decisive}
    told_below |= {clean(row.outcome.message) for row in rules if row.standing in STANDS}
    told_below |= {clean(condition.message) for condition in ruling.decision.conditions}
    reasons = [clean(reason) for reason in ruling.decision.reasons]
    left = [reason for reason in reasons if told_below.isdisjoint(told.endings(reason))]
    if not left:
        return
    paper.heading("Why")
    for reason in left[:_MAX_REASONS]:
        paper.put(_hanging(paper.dash, told.shortened(reason, _MAX_TEXT)))
    _rest(len(left) - _MAX_REASONS, "reason", paper)


def _rules(title: str, rows: Sequence[RuleRow], limit: int, ruling: Ruling, paper: _Paper) -> None:
    """Clause by clause; what a gate came to, and what a condition asks for, is told below with what mends it."""
    if not rows:
        return
    asked = {(condition.rule, condition.subject) for condition in ruling.decision.conditions}
    paper.heading(f"{title}: {len(rows):,}")
    for row in rows[:limit]:
        said = row.outcome
        below = (said.rule, said.subject) in asked and said.missing is not None
        message = clean(f"missing: {said.missing}") if below else rules_told.message(row)
        paper.put(
            Text.assemble(
                (rules_told.standing_word(row.standing), RULE_STYLES[row.standing]),
                "  ",
                (told.shortened(rules_told.clause(said, message), _MAX_PATH), "bold"),
                (f"  {rules_told.kind(row)}", "dim"),
            )
        )
        paper.put(Text(told.shortened(message, _MAX_TEXT)), 4)
        if said.remedy and not row.by_gate and row.standing in {RuleStanding.VIOLATED, RuleStanding.ADVISES}:
            paper.put(_hanging("fix:", "\n".join(clean_lines(said.remedy)), "green"), 4)
    _rest(len(rows) - limit, "rule", paper)


def _findings(title: str, rows: Sequence[FindingRow], limit: int, paper: _Paper) -> None:
    if not rows:
        return
    paper.heading(f"{title}: {counted(len(rows), 'finding')}")
    for row in rows[:limit]:
        finding = row.finding
        waived = f"  waived by {clean(row.waived_by)}" if row.waived_by else ""
        paper.put(
            Text.assemble(
                (str(finding.severity), SEVERITY_STYLES[finding.severity]),
                "  ",
                (told.shortened_path(told.place(finding), _MAX_PATH) or "the change as a whole", "bold"),
                (f"  {clean(finding.rule)}{waived}", "dim"),
            )
        )
        paper.put(Text(told.shortened(clean(finding.message), _MAX_TEXT)), 4)
        if finding.remedy and not row.waived_by:
            paper.put(_hanging("fix:", "\n".join(clean_lines(finding.remedy)), "green"), 4)
    _rest(len(rows) - limit, "finding", paper)


def _budget(budget: Mapping[str, Any] | None, paper: _Paper) -> None:
    if budget is None:
        return
    paper.heading(f"Budget, tier {clean(str(budget.get('tier')))}")
    table = Table.grid(padding=(0, 2))
    for meter in told.meters(budget):
        full = max(round(min(meter.share, 1.0) * 20), int(meter.used > 0))
        style = "bold red" if meter.is_over else "green"
        bar = Text(paper.full * full + paper.empty * (20 - full), style)
        word = Text(f"OVER by {meter.used - meter.limit:,}", "bold red") if meter.is_over else Text("within")
        table.add_row(meter.name, bar, f"{meter.used:,} of {meter.limit:,}", word)
    paper.put(table)
    for line in told.budget_notes(budget):
        paper.put(Text(line, "dim"))


def _gates(ruling: Ruling, paper: _Paper) -> None:
    paper.heading("Gates" if ruling.gates else "Gates: none")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=24)
    table.add_column(overflow="fold")
    for gate, outcome in gates_by_outcome(ruling):
        word = Text(told.outcome_word(outcome), OUTCOME_STYLES[outcome])
        reason = told.shortened(told.gate_reason(gate), _MAX_TEXT)
        table.add_row(word, Text(clean(gate.name)), Text(reason))
    paper.put(table)


def _change(change: Mapping[str, Any], paper: _Paper) -> None:
    files = change.get("files_changed") or ()
    if files:
        paper.heading("Files")
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for file in files[:_MAX_FILES]:
        added, deleted = told.file_lines(file)
        table.add_row(
            str(file.get("status")),
            Text(added, "green"),
            Text(deleted, "red"),
            Text(told.shortened_path(told.file_name(file), _MAX_PATH)),
        )
    paper.put(table)
    _rest(len(files) - _MAX_FILES, "file", paper)
    _listed("Edits to what governs the change", told.governance(change), paper)
    _listed("Not counted", told.excluded(change), paper)
    _listed("Size of the edits beside what they edit", told.minimality(change), paper)
    _listed("Notes", told.notes(change), paper)


def _listed(title: str, lines: Sequence[str], paper: _Paper) -> None:
    if not lines:
        return
    paper.heading(title)
    for line in lines[:_MAX_OTHER]:
        paper.put(_hanging(paper.dash, told.shortened(line, _MAX_TEXT)))
    _rest(len(lines) - _MAX_OTHER, "line", paper)


def _waivers(ruling: Ruling, paper: _Paper) -> None:
    if not ruling.waivers:
        return
    paper.heading("Waivers in force")
    for waiver in ruling.waivers[:_MAX_OTHER]:
        paper.put(Text.assemble((clean(waiver.id), "cyan"), "  ", clean(waiver.title)))
        paper.put(Text(told.waiver(waiver), "dim"), 4)
    _rest(len(ruling.waivers) - _MAX_OTHER, "waiver", paper)


def _conditions(ruling: Ruling, paper: _Paper) -> None:
    conditions = ruling.decision.conditions
    if not conditions:
        return
    paper.heading("Before this can be approved")
    for number, condition in enumerate(conditions[:_MAX_OTHER], 1):
        who = "a person with authority" if condition.by == "person" else "the author"
        paper.put(_hanging(f"{number}.", clean(condition.message)))
        paper.put(Text(f"for {who}:", "dim"), 5)
        for line in clean_lines(condition.remedy):
            paper.put(Text(line, "green"), 7)
    _rest(len(conditions) - _MAX_OTHER, "condition", paper)


def _precedents(ruling: Ruling, paper: _Paper) -> None:
    """The precedents that are cited, with what both cases share and where they differ."""
    if not ruling.precedents:
        return
    paper.heading("Precedents (these do not decide)")
    for citation in ruling.precedents[:_MAX_PRECEDENTS]:
        paper.put(_hanging(paper.dash, told.shortened(rules_told.precedent_head(citation), _MAX_TEXT)))
        for line in rules_told.precedent_facts(citation):
            paper.put(Text(told.shortened(line, _MAX_TEXT), "dim"), 4)
    _rest(len(ruling.precedents) - _MAX_PRECEDENTS, "precedent", paper)


def _foot(ruling: Ruling, paper: _Paper) -> None:
    paper.console.print()
    known = [("confidence", rules_told.confidence(ruling)), ("signed", rules_told.signature(ruling))]
    known += [("ruling", clean(ruling.ruling_id)), ("record", told.ledger(ruling) or "not recorded")]
    paper.put(_pairs([(name, value) for name, value in known if value]), 0)


def _pairs(pairs: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True, min_width=6)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, Text(value))
    return table


def _hanging(mark: str, text: str, style: str = "") -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, style=style)
    table.add_column(overflow="fold")
    table.add_row(mark, Text(text))
    return table


def _rest(number: int, noun: str, paper: _Paper) -> None:
    if number > 0:
        paper.put(Text(f"and {counted(number, f'more {noun}')}; --json lists all", "dim"))
