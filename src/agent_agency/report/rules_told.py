"""The law of a ruling as short, safe lines that the reports for people share: rules, constitution, case, precedents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agent_agency.arbitration.cases.model import CaseState
from agent_agency.arbitration.constitution.model import RuleOutcome
from agent_agency.arbitration.ruling import Ruling
from agent_agency.gates.outcome import counted
from agent_agency.report.rule_rows import RuleRow, RuleStanding, counted_standings
from agent_agency.report.text import clean

_SHORT_DIGEST = 12
_MAX_FACTS = 6

_ENDED = frozenset(str(state) for state in CaseState if state.ended)
_WORDS = {
    RuleStanding.VIOLATED: "VIOLATED",
    RuleStanding.UNKNOWN: "UNKNOWN",
    RuleStanding.WAIVED: "waived",
    RuleStanding.ADVISES: "advice",
    RuleStanding.SATISFIED: "satisfied",
    RuleStanding.NOT_APPLICABLE: "not applicable",
}


def standing_word(standing: RuleStanding) -> str:
    """How people read a standing."""
    return _WORDS[standing]


def tally(rows: Sequence[RuleRow]) -> str:
    """All rules in one line: ``2 violated, 14 satisfied, 30 not applicable``."""
    counts = counted_standings(rows)
    return ", ".join(f"{number:,} {_WORDS[standing].lower()}" for standing, number in counts.items())


def rules_and_constitution(ruling: Ruling, rows: Sequence[RuleRow]) -> str:
    """The tally, and which constitution it was held under."""
    return "; ".join(filter(None, [tally(rows), constitution(ruling)]))


def constitution(ruling: Ruling) -> str:
    """The constitution by its digest, and the case that keeps it as it is."""
    found = ruling.constitution
    if not found.get("digest"):
        return ""
    named = f"constitution {short_digest(found['digest'])}"
    frozen = found.get("frozen_by")
    return clean(f"{named}, frozen by case {frozen}") if frozen else named


def constitution_note(ruling: Ruling) -> str:
    """What is odd about the constitution, or nothing."""
    return clean(str(ruling.constitution.get("note") or ""))


def weakened(ruling: Ruling) -> list[str]:
    """Default rules that the repository loosened, each with how and by whose leave; shown in every report."""
    rows = ruling.constitution.get("weakened") or ()
    return [clean(f"{row.get('rule')}: {row.get('how')}; allowed by {row.get('allowed_by')}") for row in rows]


def titles(ruling: Ruling) -> dict[str, str]:
    """The title of each rule in force, by id; nothing where the ruling does not hold its rules."""
    if not ruling.constitution_text:
        return {}
    rules = json.loads(ruling.constitution_text).get("rules") or ()
    return {str(rule.get("id")): clean(str(rule.get("title"))) for rule in rules}


def clause(outcome: RuleOutcome, beside: str = "") -> str:
    """The rule, and what it was asked for where the text beside it does not say so."""
    about = f" ({outcome.subject})" if outcome.subject and clean(outcome.subject) not in beside else ""
    return clean(f"{outcome.rule}{about}")


def kind(row: RuleRow) -> str:
    """How much a row weighs and whether a waiver may cover it."""
    said = row.outcome
    if row.standing is RuleStanding.WAIVED:
        return clean(f"{said.severity}, waived by {', '.join(row.waived_by)}")
    if row.standing is RuleStanding.VIOLATED:
        return f"{said.severity}, {'waivable' if said.waivable else 'not waivable'}"
    return str(said.severity) if row.standing is not RuleStanding.ADVISES else str(said.category)


def message(row: RuleRow) -> str:
    """What a rule says, with the missing fact named."""
    said = row.outcome
    if said.missing is None:
        return clean(said.message)
    return clean(f"{said.message} (missing: {said.missing})")


def facts(outcome: RuleOutcome) -> list[str]:
    """The facts that a rule looked at, one line each."""
    return [clean(f"{path} = {_value(value)}") for path, value in sorted(outcome.facts.items())]


def evidence(outcome: RuleOutcome) -> list[str]:
    """The digests behind them."""
    return [clean(digest) for digest in outcome.evidence]


def confidence(ruling: Ruling) -> str:
    """How firm the evidence is, counted; nothing where that has no meaning."""
    found = ruling.confidence
    if found is None:
        return ""
    counts = [f"{found[name]:,} {name}" for name in ("measured", "reused", "flaky") if found.get(name)]
    claimed = found.get("claimed")
    counts += [f"{claimed:,} only claimed"] if claimed else []
    share = found.get("value")
    told = f"{share:.0%}" if isinstance(share, (int, float)) else "unknown"
    return f"{told} of what decides was measured here and held ({', '.join(counts) or 'nothing counted'})"


def case(ruling: Ruling) -> str:
    """The case that the ruling belongs to, how it stands and until when."""
    found = ruling.case
    if found is None:
        return ""
    state = str(found.get("state"))
    due = "" if state in _ENDED else _due(found)
    return clean(f"{found.get('id')}: {state.replace('_', ' ')}{due}")


def case_conditions(ruling: Ruling) -> list[str]:
    """What the case waits for, each with how it stands and until when."""
    rows = (ruling.case or {}).get("conditions") or ()
    return [clean(f"{row.get('id')}: {str(row.get('state')).replace('_', ' ')}{_due(row)}") for row in rows]


def _due(row: Mapping[str, Any]) -> str:
    """The day, in UTC; the hour stands in the JSON document."""
    return f", due {str(row['due']).partition('T')[0]}" if row.get("due") else ""


def signature(ruling: Ruling) -> str:
    """Whose key signed the ruling; nothing where none did."""
    found = ruling.signed_by
    if found is None:
        return ""
    who, key = found.get("principal"), found.get("key_id")
    return clean(f"by {who}, {key}" if who else f"by {key}, listed nowhere")


def precedent_head(citation: Mapping[str, Any]) -> str:
    """A cited precedent: what was done with it, its ruling and what it holds."""
    return clean(
        f"{citation.get('precedent')} {citation.get('relation')}: {citation.get('holding')}"
        f" ({citation.get('verdict')} in {citation.get('ruling')})"
    )


def precedent_facts(citation: Mapping[str, Any]) -> list[str]:
    """The facts that agree, those that differ, and the precedents that contradict it."""
    agree = [f"{row.get('fact')} {row.get('value')}" for row in citation.get("agree") or ()]
    differ = [_differing(row) for row in citation.get("differ") or ()]
    against = [str(name) for name in citation.get("contradicts") or ()]
    groups = (("agree", agree), ("differ", differ), ("contradicted by", against))
    return [f"{name}: {_cut(rows)}" for name, rows in groups if rows]


def short_digest(digest: object) -> str:
    """The first digits of a digest."""
    return clean(str(digest)).removeprefix("sha256:")[:_SHORT_DIGEST]


def _differing(row: Mapping[str, Any]) -> str:
    return f"{row.get('fact')} {row.get('here') or 'none'} here, {row.get('there') or 'none'} there"


def _cut(rows: Sequence[str]) -> str:
    rest = len(rows) - _MAX_FACTS
    told = "; ".join(map(clean, rows[:_MAX_FACTS]))
    return f"{told}; and {counted(rest, 'more fact')}" if rest > 0 else told


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return str(value) if value != "" else "empty"
