"""A recorded ruling explained in words and as JSON: why it was ruled so, what it rests on, and whether that holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent_agency._version import __version__
from agent_agency.gates.outcome import counted
from agent_agency.report.explained_law import law_lines, precedent_lines, rule_lines, weakened_lines
from agent_agency.report.text import clean, clean_lines, json_ready
from agent_agency.workflows.explain_ruling import Explanation, Reexecution

SCHEMA_VERSION = 1
MOST_REASONS = 20
MOST_FINDINGS = 5

_WORDS = {"fail": "FAIL", "error": "ERROR", "not_run": "NOT RUN", "warn": "warns", "left_out": "left out"}
_MODES = {"block": "blocks", "warn": "advises"}


def to_document(explanation: Explanation) -> dict[str, Any]:
    """Plain JSON data; ``ruling`` is the stored ruling document, null where it is not there whole."""
    entry = explanation.entry
    return {
        "schema_version": SCHEMA_VERSION,
        "holds": explanation.holds,
        "ruling_id": json_ready(entry.body.get("ruling_id")),
        "not_signed": json_ready(explanation.unsigned),
        "entry": {"chain": entry.chain, "seq": entry.seq, "hash": entry.hash, "ts": entry.ts},
        "tool": {"recorded": json_ready(entry.body.get("tool_version")), "here": __version__},
        "reexecution": {
            "outcome": str(explanation.outcome),
            "same_bytes": explanation.outcome is Reexecution.SAME,
            "digest": explanation.digest,
            "recorded": json_ready(entry.body.get("decision")),
            "differences": json_ready(explanation.differences),
        },
        "evidence": [
            {"digest": json_ready(found.evidence.digest), "what": json_ready(found.evidence.what), "state": found.state}
            for found in explanation.evidence
        ],
        "recorded": json_ready(dict(entry.body)),
        "ruling": json_ready(explanation.document),
    }


def lines(explanation: Explanation) -> Iterator[str]:
    """The explanation for a person, line by line; no text in it can move a cursor or forge a line."""
    said = explanation.document or explanation.entry.body
    yield from _head(explanation, said)
    yield from _titled("Why", _reasons(said))
    yield from _titled("What each rule says", rule_lines(said))
    yield from _titled("Default rules that the repository weakened", weakened_lines(said))
    yield from _titled("What would have to come true", _conditions(said))
    states = {found.evidence.digest: found.state for found in explanation.evidence}
    yield from _titled("Gates", _gates(said, states))
    yield from _titled("Waivers", _waivers(said))
    yield from _titled("Precedents, which do not decide", precedent_lines(said))
    yield from _titled("Evidence", _evidence(explanation))
    yield from _titled("The verdict, decided again", _again(explanation))


def _titled(title: str, rows: Iterator[str]) -> Iterator[str]:
    listed = list(rows)
    if listed:
        yield ""
        yield title
        yield from (f"  {row}" for row in listed)


def _head(explanation: Explanation, said: Mapping[str, Any]) -> Iterator[str]:
    entry = explanation.entry
    yield f"{_text(said.get('verdict'))} ({_text(said.get('caws_verdict'))}): {_text(said.get('ruling_id'))}"
    recorded = _text(entry.body.get("tool_version"))
    here = "" if recorded == __version__ else f"; explained by {__version__}"
    yield f"  entry {entry.seq} of chain {entry.chain}, {entry.ts}, by agent-agency {recorded}{here}"
    spec, head, base, change = (_members(said.get(key)) for key in ("spec", "head", "base", "change"))
    size = f"{counted(_number(change.get('files')), 'file')}, +{change.get('added')} -{change.get('deleted')}"
    yield _text(f"  change {size}: {head.get('ref') or head.get('kind')} against {base.get('ref')}")
    yield _text(f"  head tree {head.get('tree')}, law at {_members(said.get('law')).get('commit')}")
    yield _text(f"  spec {spec.get('id')} ({spec.get('path')})") if spec else "  no working spec governed it"
    yield from (_text(f"  {line}") for line in law_lines(said))
    if explanation.unsigned is not None:
        yield _text(f"  NO ARBITER'S RULING: {explanation.unsigned}")
    if explanation.document is None:
        yield "  the ruling document is not there whole: what follows is what the ledger alone keeps"


def _reasons(said: Mapping[str, Any]) -> Iterator[str]:
    reasons = _list(said.get("reasons"))
    for number, reason in enumerate(reasons[:MOST_REASONS], start=1):
        yield f"{number}. {_text(reason)}"
    if len(reasons) > MOST_REASONS:
        yield f"and {len(reasons) - MOST_REASONS:,} more; --json lists all"


def _conditions(said: Mapping[str, Any]) -> Iterator[str]:
    for condition in map(_members, _list(said.get("conditions"))):
        yield f"- {_text(condition.get('message'))} (by: {_text(condition.get('by'))})"
        yield from (f"    {line}" for line in clean_lines(str(condition.get("remedy"))))


def _gates(said: Mapping[str, Any], states: Mapping[str, str]) -> Iterator[str]:
    gates = said.get("gates")
    if isinstance(gates, Mapping):  # what the ledger alone keeps
        yield from (f"{_text(name)}: {_text(status)}" for name, status in gates.items())
        return
    findings = [_members(finding) for finding in _list(said.get("findings"))]
    for gate in map(_members, _list(gates)):
        outcome = str(gate.get("outcome"))
        mode = _MODES.get(str(gate.get("mode")), "") if gate.get("applicable") else ""
        word = f"{_WORDS.get(outcome, outcome)} ({mode})" if mode else _WORDS.get(outcome, outcome)
        yield _text(f"{gate.get('name')}: {word}, {gate.get('reason')}")
        yield from (f"    {line}" for line in _gate_details(gate, states))
        yield from (
            f"    {line}" for line in _findings([one for one in findings if one.get("gate") == gate.get("name")])
        )


def _gate_details(gate: Mapping[str, Any], states: Mapping[str, str]) -> Iterator[str]:
    facts = _members(gate.get("facts"))
    if gate.get("reused"):
        yield "reused: an earlier review measured it, and nothing that it depends on has changed"
    figures = _members(gate.get("figures"))
    if figures:
        yield f"figures: {_pairs(figures)}"
    if gate.get("isolation"):
        ended = f", exit code {facts.get('exit_code')}" if facts.get("exit_code") is not None else ""
        yield _text(f"isolation: {gate['isolation']}{ended}, {facts.get('duration_s')} s")
    yield from _tools(_members(facts.get("tool_environment")))
    for kept in map(_members, _list(gate.get("evidence"))):
        yield _kept(kept, states)


def _tools(environment: Mapping[str, Any]) -> Iterator[str]:
    for program in map(_members, _list(environment.get("programs"))):
        outside = "outside the checkout" if program.get("outside") else "of the checkout"
        called = " ".join(str(program[key]) for key in ("name", "version") if program.get(key))
        yield _text(f"tool: {called}, {program.get('path')} ({outside}), {program.get('digest')}")
    if environment:
        yield _text(f"tool environment: {environment.get('digest')}")


def _kept(kept: Mapping[str, Any], states: Mapping[str, str]) -> str:
    digest = kept.get("digest")
    if digest is None:
        return _text(
            f"{kept.get('kind')} of {kept.get('part')}: not stored, {kept.get('problem')}; was {kept.get('of')}"
        )
    notes = [states.get(str(digest), "not named by the entry"), f"{_number(kept.get('bytes')):,} bytes"]
    if kept.get("capped"):
        notes.append("first and last part stored")
    if kept.get("redacted"):
        notes.append(f"{counted(_number(kept['redacted']), 'place')} redacted")
    return _text(f"{kept.get('kind')} of {kept.get('part')}: {', '.join(notes)}, {digest}")


def _findings(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for finding in findings[:MOST_FINDINGS]:
        place = ":".join(str(part) for part in (finding.get("path"), finding.get("line")) if part is not None)
        waived = f" [covered by {finding['waived_by']}]" if finding.get("waived_by") else ""
        told = f"{place}: " if place else ""
        yield _text(f"- {finding.get('severity')} {finding.get('rule')}: {told}{finding.get('message')}{waived}")
        yield from (f"    {line}" for line in clean_lines(str(finding.get("remedy"))) if line)
    if len(findings) > MOST_FINDINGS:
        yield f"and {len(findings) - MOST_FINDINGS:,} more; --json lists all"


def _waivers(said: Mapping[str, Any]) -> Iterator[str]:
    for waiver in _list(said.get("waivers")):
        if not isinstance(waiver, Mapping):
            yield _text(waiver)
            continue
        covered = ", ".join(map(str, [*_list(waiver.get("gates")), *_list(waiver.get("rules"))]))
        covers = f"covers {counted(len(_list(waiver.get('covers'))), 'finding')} of {covered}"
        approvers = ", ".join(map(str, _list(waiver.get("approvers"))))
        how = "signed" if waiver.get("signed") is True else "a statement, not signed"
        yield _text(
            f"{waiver.get('id')}: {covers}; approved by {approvers} ({how}); expires {waiver.get('expires_at')}"
        )


def _evidence(explanation: Explanation) -> Iterator[str]:
    for found in explanation.evidence:
        state = found.state if found.state == "ok" else found.state.upper()
        yield _text(f"{found.evidence.what}: {state}, {found.evidence.digest}")
    if not explanation.evidence:
        yield "the entry names none"


def _again(explanation: Explanation) -> Iterator[str]:
    if explanation.outcome is Reexecution.SAME:
        yield f"re-executed: same bytes, {explanation.digest}"
        if not explanation.holds:
            yield "but not all evidence is there and whole; see above"
        return
    if explanation.outcome is Reexecution.DIFFERS:
        yield f"re-executed: NOT the same, {explanation.digest}"
    else:
        yield "cannot be re-executed"
    yield from (f"- {_text(difference)}" for difference in explanation.differences)


def _pairs(figures: Mapping[str, Any]) -> str:
    return ", ".join(f"{_text(name)} {_text(value)}" for name, value in figures.items())


def _text(value: Any) -> str:
    return clean(str(value))


def _members(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
