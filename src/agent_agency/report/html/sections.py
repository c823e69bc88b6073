"""The parts of a ruling's page, in reading order: the verdict, what mends it, the measures, the law behind it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agent_agency.arbitration.ruling import CawsVerdict, Condition, Ruling, Verdict
from agent_agency.facts import GateResult
from agent_agency.gates.outcome import counted
from agent_agency.report import appeal_told, rules_told
from agent_agency.report import facts_told as told
from agent_agency.report.html import measures
from agent_agency.report.html import rules as drawn
from agent_agency.report.html.findings import finding_card, findings_list
from agent_agency.report.html.icons import icon
from agent_agency.report.html.markup import Child, Markup, el, join, prose, raw
from agent_agency.report.rows import FindingRow, Outcome, Standing, finding_rows, gates_by_outcome, with_standing
from agent_agency.report.rule_rows import STANDS, RuleRow, RuleStanding, rule_rows
from agent_agency.report.text import clean, clean_lines, json_ready, shown_path

_MAX_DECISIVE = 25
_MAX_REASONS = 25


def whole(ruling: Ruling, *, prefix: str) -> Markup:
    """Everything about one ruling; ``prefix`` keeps the ids of several rulings on one page apart."""
    rows, rules = finding_rows(ruling), rule_rows(ruling)
    decisive = with_standing(rows, Standing.DECIDES)
    parts = (
        ("why", "Why", _why(ruling, decisive, rules)),
        ("measured", appeal_told.measured_title(ruling), drawn.measured_before(ruling)),
        ("conditions", "Before this can be approved", _conditions(ruling.decision.conditions)),
        ("rules", "Rules", drawn.rules(ruling, rules)),
        ("budget", "Budget", measures.budget(ruling.budget)),
        ("gates", "Gates", _gates(ruling)),
        ("findings", "All findings", findings_list(rows, prefix)),
        ("change", "Change", measures.change(ruling.change)),
        ("size", "Size of the edits", measures.minimality(ruling.change)),
        ("waivers", "Waivers", _waivers(ruling)),
        ("case", "Case", drawn.case(ruling)),
        ("precedents", "Precedents", drawn.precedents(ruling)),
        ("law", "Law and provenance", _law(ruling)),
    )
    shown = [(key, title, body) for key, title, body in parts if body]
    links = [el("a", title, href=f"#{prefix}{key}") for key, title, _ in shown]
    bodies = [
        el("section", el("h3" if prefix else "h2", title), body, id=f"{prefix}{key}", class_=f"part p-{key}")
        for key, title, body in shown
    ]
    hero = _hero(ruling, _violations(decisive, rules), heading="p" if prefix else "h1")
    return join(hero, el("nav", links, class_="toc", aria_label="Parts of the ruling"), bodies)


def overview_card(label: str, ruling: Ruling, target: str) -> Markup:
    """A link to one ruling of a page with several: its verdict and what decided it."""
    verdict = str(ruling.decision.verdict)
    reason = next(iter(ruling.decision.reasons), "")
    return el(
        "a",
        el("span", icon(verdict), verdict, class_="card-verdict"),
        el("strong", label),
        el("span", told.shortened(clean(reason), 220), class_="card-why"),
        href=f"#{target}",
        class_=f"card v-{verdict}",
    )


def _violations(decisive: Sequence[FindingRow], rules: Sequence[RuleRow]) -> int:
    """What stands in the way: findings, and violated rules that rest on none."""
    alone = [row for row in rules if row.standing is RuleStanding.VIOLATED and not row.outcome.findings]
    return len(decisive) + len(alone)


def _hero(ruling: Ruling, violations: int, *, heading: str) -> Markup:
    decision, change = ruling.decision, ruling.change
    verdict = str(decision.verdict)
    applicable = [outcome for _, outcome in gates_by_outcome(ruling) if outcome is not Outcome.LEFT_OUT]
    numbers = (
        (f"{change.get('files') or 0:,}", "files changed"),
        (f"+{change.get('added') or 0:,}", "lines added"),
        (f"\N{MINUS SIGN}{change.get('deleted') or 0:,}", "lines deleted"),
        (f"{applicable.count(Outcome.PASS)} of {len(applicable)}", "gates passed"),
    )
    stats = [el("div", el("dt", name), el("dd", value)) for value, name in numbers]
    return el(
        "div",
        el("div", icon(verdict), class_="seal"),
        el(
            "div",
            el("p", _between(ruling), class_="eyebrow"),
            el(heading, verdict.capitalize(), class_="verdict"),
            el("p", _summary(ruling, violations), class_="lead"),
            _chips(ruling),
            class_="hero-text",
        ),
        el("dl", stats, class_="stats"),
        class_=f"hero v-{verdict}",
    )


def _between(ruling: Ruling) -> Markup:
    start = ruling.base.get("ref")
    return join(el("bdi", told.head(ruling)), " against ", el("bdi", str(start) if start else "its base"))


def _summary(ruling: Ruling, violations: int) -> str:
    """One sentence that follows from the decision alone."""
    decision = ruling.decision
    if decision.verdict is Verdict.REJECTED:
        several = violations > 1
        found = counted(violations, "violation") if violations else "A failed gate"
        whole = "all of them" if several else "it"
        could = f"A waiver could cover {whole}; mending is better."
        cannot = f"No waiver can cover {whole}."
        waivable = decision.caws_verdict is CawsVerdict.WAIVER_REQUIRED
        return f"{found} {'stand' if several else 'stands'} in the way. {could if waivable else cannot}"
    if decision.verdict is Verdict.CONDITIONAL:
        return f"Not decided yet: {counted(len(decision.conditions), 'condition')} must be met first."
    if decision.verdict is Verdict.WAIVED:
        return f"Outside the law as written, and covered by {counted(len(ruling.waivers), 'waiver')} in force."
    inside = "The change is inside its working spec, and every" if ruling.spec else "Every"
    return f"{inside} rule that applies is satisfied."


def _chips(ruling: Ruling) -> Markup:
    decision, spec = ruling.decision, ruling.spec
    chips: list[Child] = [f"CAWS {decision.caws_verdict}", f"exit code {decision.exit_code}"]
    if spec:
        chips += told.spec_kind(spec)
        title = prose(str(spec.get("title") or "(not valid)"))
        about = el("p", el("strong", str(spec.get("id"))), " ", title, class_="spec")
    else:
        about = el("p", "No working spec governs this change", class_="spec")
    return join(about, el("ul", [el("li", chip) for chip in chips], class_="chips"))


def _why(ruling: Ruling, decisive: Sequence[FindingRow], rules: Sequence[RuleRow]) -> Markup | None:
    """The reasons that no card or rule below tells, then a card per decisive finding."""
    conditions = {clean(condition.message) for condition in ruling.decision.conditions}
    conditions |= {clean(row.outcome.message) for row in rules if row.standing in STANDS}
    known = {clean(row.finding.message) for row in decisive} | conditions
    left = [text for text in map(clean, ruling.decision.reasons) if known.isdisjoint(told.endings(text))]
    reasons = [el("li", prose(reason)) for reason in left[:_MAX_REASONS]]
    cards = [finding_card(row) for row in decisive[:_MAX_DECISIVE]]
    if not reasons and not cards:
        return None
    rests = (_rest(len(left) - _MAX_REASONS, "reason"), _rest(len(decisive) - _MAX_DECISIVE, "finding"))
    return join(
        el("ul", reasons, class_="reasons") if reasons else None,
        rests[0],
        el("ol", cards, class_="cards") if cards else None,
        rests[1],
    )


def _conditions(conditions: Sequence[Condition]) -> Markup | None:
    if not conditions:
        return None
    return el("ol", [_condition(condition) for condition in conditions], class_="cards")


def _condition(condition: Condition) -> Markup:
    who = "A person with authority decides" if condition.by == "person" else "The author can mend this"
    lines = clean_lines(condition.remedy)
    how = el("pre", el("code", _lines(lines))) if len(lines) > 1 else prose(lines[0])
    return el(
        "li",
        el("p", icon("person"), who, class_="who"),
        el("p", prose(condition.message), class_="message"),
        el("div", el("strong", "Do"), el("div", how), class_="remedy"),
        class_="finding s-condition",
    )


def _gates(ruling: Ruling) -> Markup | None:
    pairs = gates_by_outcome(ruling)
    if not pairs:
        return None
    rows = [_gate(gate, outcome) for gate, outcome in pairs]
    head = el("tr", [el("th", title, scope="col") for title in ("Result", "Gate", "Why")])
    return el("div", el("table", el("thead", head), el("tbody", rows), class_="gates"), class_="wide")


def _gate(gate: GateResult, outcome: Outcome) -> Markup:
    plain = [(str(key), _value(value)) for key, value in sorted(gate.facts.items()) if key != "evidence"]
    facts = [el("div", el("dt", key), el("dd", value)) for key, value in (*plain, *told.gate_evidence(gate))]
    reason = told.gate_reason(gate)
    measured = el("details", el("summary", "measured"), el("dl", facts, class_="facts"), class_="more")
    return el(
        "tr",
        el("td", el("span", told.outcome_word(outcome), class_=f"pill o-{outcome}")),
        el("th", el("code", gate.name), scope="row"),
        el("td", prose(reason), measured if facts else None),
    )


def _value(value: object) -> str:
    ready = json_ready(value)
    return ready if isinstance(ready, str) else json.dumps(ready, ensure_ascii=False)


def _waivers(ruling: Ruling) -> Markup | None:
    idle = [el("li", line) for line in told.waivers_not_in_force(ruling)]
    cards = [
        el(
            "li",
            el("p", el("code", waiver.id), " ", el("strong", waiver.title)),
            el("p", told.waiver(waiver), class_="quiet"),
            class_="finding s-waived",
        )
        for waiver in ruling.waivers
    ]
    if not cards and not idle:
        return None
    return join(
        el("ul", cards, class_="cards") if cards else el("p", "None was needed."),
        join(el("p", "Not in force", class_="subhead"), el("ul", idle, class_="plain")) if idle else None,
    )


def _law(ruling: Ruling) -> Markup:
    law, base, head, spec = ruling.law, ruling.base, ruling.head, ruling.spec or {}
    rows: list[tuple[str, object]] = [
        ("Law", "in force at the base" if law.get("in_force") else "not in force: built-in default used"),
        ("Read from", f"{law.get('source')}, commit {law.get('commit')}"),
        ("Policy", _with_digest(law.get("policy_path"), law.get("policy_digest"))),
        ("Config", law.get("config_digest")),
        ("Waiver files", ", ".join(shown_path(path) or "" for path in law.get("waivers") or ()) or None),
        ("All law together", law.get("constitution")),
        ("Constitution", ruling.constitution.get("digest")),
        ("Confidence", rules_told.confidence(ruling) or None),
        ("Signed", rules_told.signature(ruling) or None),
        ("Spec", _with_digest(spec.get("path"), spec.get("digest"))),
        ("Spec chosen by", str(spec["chosen_by"]).replace("_", " ") if spec.get("chosen_by") else None),
        ("Base", f"{base.get('ref')}, commit {base.get('commit')}"),
        ("Measured from", f"merge base {base.get('merge_base')}"),
        ("Head", f"{head.get('kind')}, tree {head.get('tree')}"),
        ("Head commit", head.get("commit")),
        ("Change", ruling.change.get("digest")),
    ]
    told_rows = [el("div", el("dt", name), el("dd", str(value or "none"), class_="mono")) for name, value in rows]
    return el("dl", told_rows, class_="facts")


def _with_digest(path: str | None, digest: object) -> str | None:
    return f"{shown_path(path) or 'built-in'}, {digest}" if path or digest else None


def _lines(lines: Sequence[str]) -> Markup:
    return join([line, raw("\n")] for line in lines)


def _rest(number: int, noun: str) -> Markup | None:
    return el("p", f"and {counted(number, f'more {noun}')}", class_="quiet") if number > 0 else None
