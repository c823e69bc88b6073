"""What of a case tells it apart: structured facts for comparison, and words for searching.

Who made the change is never among the facts: like cases are ruled alike, whoever's they are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeGuard

from agent_agency.arbitration.constitution.model import RuleOutcome, RuleStatus
from agent_agency.arbitration.precedents.model import CaseFeatures
from agent_agency.facts import display_path

MOST_PLACES = 12
"""Of each kind of place: a sweeping change would otherwise be like no other."""

MAX_VALUE = 200
MAX_TEXT = 20_000

_OPEN = frozenset({RuleStatus.VIOLATED, RuleStatus.UNKNOWN})
_FILES = (1, 5, 20, 100)
_LINES = (10, 50, 200, 1000)
_DAYS = (7, 30, 90)
_SHARE = (10, 25, 50, 100)
_TESTS = re.compile(r"(?:^|/)(?:tests?|specs?|__tests__)/|(?:^|/)(?:test_[^/]*|[^/]*[_.](?:test|spec))\.[^/.]+$")
_DOCS = re.compile(r"(?:^|/)docs?/|\.(?:md|rst|adoc|txt)$|(?:^|/)(?:readme|changelog|contributing)[^/]*$")


def features(
    facts: Mapping[str, Any], outcomes: Sequence[RuleOutcome], verdict: str, words: Iterable[str] = ()
) -> CaseFeatures:
    """Take from a case what it may have in common with others.

    Args:
        facts: the case's facts, as rules may ask for them; a member that is missing is left out.
        outcomes: what each rule said.
        verdict: what was ruled.
        words: further texts to search: the messages of findings, the reasons of waivers.
    """
    issues = [outcome for outcome in outcomes if outcome.status in _OPEN]
    values: dict[str, set[str]] = defaultdict(set)
    _add_issues(values, issues)
    _add_gates(values, facts, {outcome.gate for outcome in issues})
    _add_findings(values, facts, {cited.fingerprint for outcome in issues for cited in outcome.findings})
    _add_change(values, facts)
    _add_law(values, facts)
    _add_waivers(values, facts, at_issue=bool(issues))
    told = {
        key: tuple(sorted({_value(one) for one in found if one})) for key, found in sorted(values.items()) if any(found)
    }
    messages = [text for outcome in issues for text in (outcome.message, outcome.missing or "")]
    return CaseFeatures(str(verdict), MappingProxyType(told), _text([*messages, *words]))


def issue_of(outcome: RuleOutcome) -> str:
    """The question that a rule put: the rule, and the gate that it was asked about."""
    return f"{outcome.rule} at {outcome.gate}" if outcome.gate else outcome.rule


def _add_issues(values: dict[str, set[str]], issues: Iterable[RuleOutcome]) -> None:
    for outcome in issues:
        values["issue"].add(issue_of(outcome))
        values["answer"].add(f"{issue_of(outcome)}: {outcome.status}")
        values["rule"].add(outcome.rule)
        values["category"].add(str(outcome.category))
        values["severity"].add(str(outcome.severity))
        if outcome.status is RuleStatus.UNKNOWN and outcome.missing:
            values["missing"].add(outcome.missing)


def _add_gates(values: dict[str, set[str]], facts: Mapping[str, Any], at_issue: set[str]) -> None:
    for gate in _elements(facts, "gates"):
        name, status = _word(gate, "name"), _word(gate, "status")
        applies = gate.get("binding") is True or gate.get("mode") == "warn"
        if not name or not applies or status in {"", "pass"}:
            continue
        values["gate" if name in at_issue else "other_gate"].add(f"{name} {status}")


def _add_findings(values: dict[str, set[str]], facts: Mapping[str, Any], cited: set[str]) -> None:
    found = [one for one in _elements(facts, "findings") if one.get("binding") is True]
    at_issue = [one for one in found if _word(one, "fingerprint") in cited] or found
    values["finding"].update(filter(None, (_word(one, "rule") for one in at_issue)))
    values["place"].update(_most(_stems_counted((_word(one, "path"), 1) for one in at_issue)))


def _add_change(values: dict[str, set[str]], facts: Mapping[str, Any]) -> None:
    change, spec = _record(facts, "change"), _record(facts, "spec")
    for key in ("tier", "mode", "lifecycle"):
        values[key].update(filter(None, [_word(spec, key)]))
    values["contract"].update(_words(spec, "contracts"))
    for key, member, steps in (("files", "files", _FILES), ("lines", "lines", _LINES)):
        if _is_number(change.get(member)):
            values[key].add(_bucket(change[member], steps))
    if change.get("only_law") is True:
        values["touches"].add("only law")
    files = _elements(facts, "files")
    for file in files:
        values["touches"].update(_kinds(file))
    values["area"].update(_most(_stems_counted((_word(file, "path"), _weight(file)) for file in files)))
    _add_overrun(values, _record(facts, "budget"))


def _add_overrun(values: dict[str, set[str]], budget: Mapping[str, Any]) -> None:
    for what in ("files", "lines"):
        used, most = budget.get(f"used_{what}"), budget.get(f"max_{what}")
        if _is_number(used) and _is_number(most) and used > most:
            share = f"by {_bucket(-(-100 * (used - most) // most), _SHARE)} %" if most > 0 else "of a budget of none"
            values["overrun"].add(f"{what} {share}")


def _add_law(values: dict[str, set[str]], facts: Mapping[str, Any]) -> None:
    law, evidence = _record(facts, "law"), _record(facts, "evidence")
    if law.get("in_force") is False:
        values["law"].add("not in force")
    values["weakened"].update(_words(law, "weakened"))
    values["governance"].update(filter(None, (_word(edit, "kind") for edit in _elements(facts, "governance"))))
    if _is_number(evidence.get("flaky")) and evidence["flaky"] > 0:
        values["evidence"].add("flaky")
    for claim in _elements(facts, "claims"):
        if isinstance(claim.get("holds"), bool):
            values["claim"].add(f"{_word(claim, 'kind')} {'holds' if claim['holds'] else 'does not hold'}")


def _add_waivers(values: dict[str, set[str]], facts: Mapping[str, Any], *, at_issue: bool) -> None:
    """What waivers excused; where they leave no rule violated, as those that raise a budget, that is the issue."""
    for waiver in _elements(facts, "waivers"):
        if waiver.get("needed") is not True:
            continue
        waived = [*(f"gate {name}" for name in _words(waiver, "gates"))]
        waived += [f"rule {name}" for name in _words(waiver, "rules")]
        values["waived"].update(waived)
        if not at_issue:
            values["issue"].update(f"waiver of {name}" for name in waived)
        if _is_number(waiver.get("days")):
            values["waiver_days"].add(_bucket(waiver["days"], _DAYS))
        if isinstance(waiver.get("signed"), bool):
            values["waiver_approval"].add("signed" if waiver["signed"] else "stated")


def _kinds(file: Mapping[str, Any]) -> Iterable[str]:
    path = _word(file, "path").casefold()
    yield from (kind for kind in ("migration", "dependency", "pipeline", "generated") if file.get(kind) is True)
    if _TESTS.search(path):
        yield "tests"
    elif _DOCS.search(path):
        yield "docs"
    if file.get("status") == "deleted":
        yield "deletion"
    if file.get("binary") is True:
        yield "binary"


def _weight(file: Mapping[str, Any]) -> float:
    counted = (file.get("added"), file.get("deleted"))
    return 1 + sum(number for number in counted if _is_number(number))


def _stems_counted(paths: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """The folders that files lie in, two and three deep, and the name of a file that lies in none."""
    counted: dict[str, float] = defaultdict(int)
    for path, weight in paths:
        parts = [part for part in path.split("/") if part]
        folders = parts[:-1]
        stems = {"/".join(folders[:depth]) for depth in (2, 3)} if folders else set(parts)
        for stem in stems:
            counted[stem] += weight
    return counted


def _most(counted: Mapping[str, float]) -> list[str]:
    return sorted(counted, key=lambda stem: (-counted[stem], stem))[:MOST_PLACES]


def _bucket(number: float, steps: Sequence[int]) -> str:
    """The range that a number lies in, in words that stay the same when it grows a little."""
    for low, high in zip((0, *steps), steps, strict=False):
        if number <= high:
            return f"up to {high}" if high - low > 1 else str(high)
    return f"more than {steps[-1]}"


def _value(text: str) -> str:
    return display_path(" ".join(text.split()))[:MAX_VALUE]


def _text(parts: Iterable[str]) -> str:
    """The words of a case as one text without control characters or what UTF-8 cannot hold."""
    lines = dict.fromkeys(display_path(" ".join(part.split())) for part in parts if part)
    return "\n".join(lines)[:MAX_TEXT]


def _record(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = facts.get(name)
    return found if isinstance(found, Mapping) else {}


def _word(record: Mapping[str, Any], name: str) -> str:
    found = record.get(name)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def _words(record: Mapping[str, Any], name: str) -> list[str]:
    found = record.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, (list, tuple)) else []


def _elements(facts: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = facts.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, (list, tuple)) else []


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
