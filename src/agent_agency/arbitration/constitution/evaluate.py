"""What every rule says of a case: a pure function of rules, facts and day.

A rule's four answers:

1. ``not_applicable``: it is not in force on that day, its ``applies`` is false, or there is no element to ask it for.
2. ``violated``: its condition is false, whatever else is missing.
3. ``unknown``: ``applies`` or the condition hangs on a missing fact or hits a bound, or evidence that the rule
   requires was not measured.
4. ``satisfied``: its condition is exactly true, and what it requires was measured.

As conditions are monotone in what is known (``subset`` refuses what is not), taking a fact away can turn an answer
into unknown, and never a violated or unknown one into satisfied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from agent_agency.arbitration.constitution.cel import FALSE, TRUE, Answer, Evaluator, Program
from agent_agency.arbitration.constitution.checked_facts import CheckedFacts, SchemaIndex, check_facts
from agent_agency.arbitration.constitution.closed_values import BUILT_IN
from agent_agency.arbitration.constitution.fact_paths import (
    IT,
    Read,
    element_name,
    fact_of_element,
    fact_read,
    reads_of,
    scope_of,
    scope_with_element,
)
from agent_agency.arbitration.constitution.model import CitedFinding, Constitution, Rule, RuleOutcome, RuleStatus
from agent_agency.arbitration.constitution.three_valued import Scope, Unknown, evaluate_tree
from agent_agency.arbitration.constitution.wording import fill
from agent_agency.arbitration.constitution.work_bound import MAX_ELEMENTS, MAX_STEPS, Work, bound_of_rule, work_of

_ALWAYS = "true"
_MEASURED = ("pass", "fail")
_OF_THE_AUTHOR = frozenset({"spec", "change"})
_NOT_THIS_CASE = "What the rule is about is not so in this case"
_MAX_NAMED = 5
_IN_ONE_GO = 64  # elements: the runtime copies the list of answers with each that it adds, so not the whole list


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its conditions ready.

    ``applies`` is None where it always applies; ``idle`` is its outcome where there is nothing that it is about.
    """

    rule: Rule
    applies: Program | None
    condition: Program
    reads: tuple[Read, ...]
    idle: RuleOutcome


class _Subject:
    """The case, or one element of a list in it, that a rule is asked for."""

    __slots__ = ("_activation", "_evaluator", "_facts", "each", "it", "name")

    def __init__(
        self, each: str, it: dict[str, Any] | None, evaluator: Evaluator | None, facts: dict[str, Any]
    ) -> None:
        self.each = each
        self.it = it
        self.name = "" if it is None else element_name(each, it)
        self._evaluator = evaluator
        self._facts = facts
        self._activation: Any = None

    @property
    def activation(self) -> Any:
        """The facts, and the element as ``it``, as the runtime takes them; bound when first asked for."""
        if self._activation is None and self._evaluator is not None:
            self._activation = self._evaluator.bind(self._facts if self.it is None else {**self._facts, IT: self.it})
        return self._activation


class Evaluation:
    """The rules of a constitution, compiled once for many cases; a rule is compiled when it is first in force."""

    def __init__(self, constitution: Constitution) -> None:
        self._rules = constitution.rules
        self._evaluator = Evaluator()
        self._schema = SchemaIndex()
        self._compiled: dict[int, CompiledRule] = {}

    def outcomes(self, facts: Mapping[str, Any], day: date) -> tuple[RuleOutcome, ...]:
        """Ask every rule, in the order of ids and, below that, of subjects.

        Args:
            facts: as ``facts_schema`` names them; what could not be measured is left out.
            day: the day of the ruling in UTC.
        """
        case = _Case(check_facts(facts, self._schema), self._evaluator)
        found: list[RuleOutcome] = []
        for position, rule in enumerate(self._rules):
            out_of_force = _out_of_force(rule, day)
            if out_of_force:
                found.append(_not_applicable(rule, out_of_force))
                continue
            try:
                ready = self._ready(position)
            except ValueError:  # no rule that was checked, but perhaps one of a frozen law that somebody changed
                found.append(_cannot_be_asked(rule))
            else:
                found.extend(_ask(ready, case))
        return tuple(found)

    def _ready(self, position: int) -> CompiledRule:
        ready = self._compiled.get(position)
        if ready is None:
            ready = self._compiled[position] = _compiled(self._rules[position], self._evaluator)
        return ready


def evaluate(constitution: Constitution, facts: Mapping[str, Any], day: date) -> tuple[RuleOutcome, ...]:
    """Ask every rule of a constitution once; see ``Evaluation`` for many cases."""
    return Evaluation(constitution).outcomes(facts, day)


def _compiled(rule: Rule, evaluator: Evaluator) -> CompiledRule:
    applies = None if rule.applies.strip() == _ALWAYS else evaluator.compile(rule.applies)
    condition = evaluator.compile(rule.condition)
    trees = (condition.tree,) if applies is None else (applies.tree, condition.tree)
    reason = f"No element of {rule.each} is one that the rule is about" if rule.each else _NOT_THIS_CASE
    return CompiledRule(rule, applies, condition, reads_of(*trees), _not_applicable(rule, reason))


def _out_of_force(rule: Rule, day: date) -> str:
    if rule.effective is not None and day < rule.effective:
        return f"The rule binds from {rule.effective.isoformat()} on"
    if rule.expires is not None and day >= rule.expires:
        return f"The rule bound until {rule.expires.isoformat()}"
    return ""


class _Case:
    """One case's facts, with what is bound once and asked of many rules."""

    def __init__(self, facts: CheckedFacts, evaluator: Evaluator) -> None:
        self.facts = facts.values
        self.defects = facts.defects
        self._evaluator = evaluator
        self.whole = _Subject("", None, evaluator, self.facts)
        self._told: dict[Read, dict[str, Any]] = {}
        self._subjects: dict[str, tuple[_Subject, ...]] = {}
        self._applying: dict[tuple[str, str], tuple[Sequence[_Subject], Sequence[tuple[_Subject, Answer]]]] = {}
        self._chunks: dict[str, list[Any]] = {}
        self._work: dict[tuple[Any, ...], Work] = {}
        self._scope: dict[str, Any] = {}

    def subjects(self, each: str) -> tuple[_Subject, ...] | None:
        """What a rule is asked for; None where the list is missing."""
        if not each:
            return (self.whole,)
        if each not in self.facts:
            return None
        if each not in self._subjects:
            self._subjects[each] = tuple(_Subject(each, one, self._evaluator, self.facts) for one in self.facts[each])
        return self._subjects[each]

    def answers(self, program: Program, subjects: Sequence[_Subject]) -> list[Answer]:
        """What a condition comes to for all that a rule is asked for."""
        if program.folds or len(subjects) == 1:
            return [self.answer(program, subject) for subject in subjects]
        answers: list[Answer] = []
        for number, first in enumerate(range(0, len(subjects), _IN_ONE_GO)):
            chunk = subjects[first : first + _IN_ONE_GO]
            together = self._in_one_go(program, number, chunk)
            answers.extend(together or [self.answer(program, subject) for subject in chunk])
        return answers

    def applying(
        self, program: Program, subjects: Sequence[_Subject]
    ) -> tuple[Sequence[_Subject], Sequence[tuple[_Subject, Answer]]]:
        """To which subjects a rule applies, and for which that is unknown; kept, as many rules share ``applies``."""
        key = (subjects[0].each, program.text) if subjects else ("", "")
        if key not in self._applying:
            answered = list(zip(subjects, self.answers(program, subjects), strict=True))
            about = [subject for subject, answer in answered if answer.value is True]
            self._applying[key] = about, [(subject, answer) for subject, answer in answered if answer.value is None]
        return self._applying[key]

    def answer(self, program: Program, subject: _Subject) -> Answer:
        """What a condition comes to for one subject."""
        if program.folds:
            work = self._work_of(program, subject)
            if work.bound:
                return Answer(None, work.bound)
            if work.copies:
                return _as_answer(evaluate_tree(program.tree, self.scope(subject)))
        return program.answer(subject.activation)

    def bound(self, program: Program, subjects: Sequence[_Subject]) -> str:
        """Which bound a condition would hit if it were asked for all of these; empty where it hits none."""
        if not program.folds or len(subjects) <= 1:
            return ""
        return bound_of_rule(sum(self._work_of(program, one).iterations for one in subjects), len(subjects))

    def explained(self, program: Program, subject: _Subject) -> Unknown | None:
        """What a condition without a value hangs on; None where a bound is hit, or would be by working that out."""
        if program.folds:
            work = self._work_of(program, subject)
            if work.bound or work.steps > MAX_STEPS:
                return None
        value = evaluate_tree(program.tree, self.scope(subject))
        return value if isinstance(value, Unknown) else None

    def _work_of(self, program: Program, subject: _Subject) -> Work:
        """What a condition can take; the same for all elements whose own lists are of the same sizes."""
        sizes = [(name, len(value)) for name, value in (subject.it or {}).items() if isinstance(value, list)]
        key = (program.text, *sorted(sizes))
        if key not in self._work:
            self._work[key] = work_of(program.tree, self.facts, subject.it)
        return self._work[key]

    def _in_one_go(self, program: Program, number: int, subjects: Sequence[_Subject]) -> list[Answer] | None:
        """The answers for a chunk of a list, by its number; bound once for all conditions that are asked for it."""
        elements = [subject.it for subject in subjects]
        bound = self._chunks.setdefault(subjects[0].each, [])
        if number == len(bound):
            bound.append(self._evaluator.bind({**self.facts, IT: elements}))
        return self._evaluator.answers(program, elements, bound[number])

    def told(self, reads: Sequence[Read], subject: _Subject) -> dict[str, Any]:
        """The facts that a rule looks at, by their paths; those of the whole case are gathered once."""
        told: dict[str, Any] = {}
        for read in reads:
            if read[0] == IT:
                told |= {} if subject.it is None else fact_of_element(read, subject.each, subject.it)
            else:
                if read not in self._told:
                    self._told[read] = fact_read(read, self.facts)
                told |= self._told[read]
        return told

    def scope(self, subject: _Subject) -> Scope:
        """The facts with their paths, to say what an unknown hangs on."""
        if not self._scope:
            self._scope = scope_of(self.facts)
        values = self._scope if subject.it is None else scope_with_element(self._scope, subject.each, subject.it)
        return Scope(values, self._evaluator.matches)

    def gates_of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The gates that measure a kind: of that kind, or built in under that name."""
        return [gate for gate in self.facts.get("gates", []) if _measures(gate, kind)]


def _as_answer(value: Any) -> Answer:
    if isinstance(value, bool):
        return TRUE if value else FALSE
    return Answer(None, "it has no value")


def _measures(gate: Mapping[str, Any], kind: str) -> bool:
    return gate.get("kind") == kind or (gate.get("kind") == BUILT_IN and gate.get("name") == kind)


def _ask(ready: CompiledRule, case: _Case) -> list[RuleOutcome]:
    rule = ready.rule
    subjects = case.subjects(rule.each)
    if subjects is None:
        return [_of_the_list(ready, case, _with_defects([rule.each], case))]
    if len(subjects) > MAX_ELEMENTS:
        bound = f"{rule.each} ({len(subjects):,} elements; a rule is asked for at most {MAX_ELEMENTS:,})"
        return [_of_the_list(ready, case, bound)]
    bound = "" if ready.applies is None else case.bound(ready.applies, subjects)
    if bound:
        return [_of_the_list(ready, case, bound)]
    found, about = _applying(ready, case, subjects)
    bound = case.bound(ready.condition, about)
    if bound:
        return [_of_the_list(ready, case, bound), *sorted(found, key=lambda outcome: outcome.subject)]
    if len(about) == len(subjects):
        answers = case.answers(ready.condition, about)
    else:
        answers = [case.answer(ready.condition, subject) for subject in about]
    found.extend(_of_subject(ready, case, one, holds) for one, holds in zip(about, answers, strict=True))
    if not found:
        return [_not_about_this(ready, case)]
    return sorted(found, key=lambda outcome: outcome.subject) if len(found) > 1 else found


def _of_the_list(ready: CompiledRule, case: _Case, missing: str) -> RuleOutcome:
    """The one outcome of a rule that cannot be asked for elements one by one."""
    return _unknown(ready, case, _Subject(ready.rule.each, None, None, {}), missing)


def _applying(
    ready: CompiledRule, case: _Case, subjects: Sequence[_Subject]
) -> tuple[list[RuleOutcome], Sequence[_Subject]]:
    """The outcomes where it is unknown whether the rule applies, and the subjects to which it does."""
    if ready.applies is None:
        return [], subjects
    about, open_for = case.applying(ready.applies, subjects)
    unknown = [
        _unknown(ready, case, subject, _missing(ready.applies, answer, case, subject)) for subject, answer in open_for
    ]
    return unknown, about


def _of_subject(ready: CompiledRule, case: _Case, subject: _Subject, holds: Answer) -> RuleOutcome:
    """The outcome for a subject that the rule applies to."""
    if holds.value is False:
        return _violated(ready, case, subject)
    if holds.value is None:
        return _unknown(ready, case, subject, _missing(ready.condition, holds, case, subject))
    for kind in ready.rule.evidence:
        if not any(gate.get("status") in _MEASURED for gate in case.gates_of_kind(kind)):
            return _unknown(ready, case, subject, f"evidence of kind {kind}", kind)
    return _outcome(ready, case, subject, RuleStatus.SATISFIED)


def _missing(program: Program, answer: Answer, case: _Case, subject: _Subject) -> str:
    """The missing facts by their paths, or why the condition has no value."""
    unknown = case.explained(program, subject)
    if unknown is None:
        return answer.why
    missing = unknown.missing
    return _with_defects(sorted(missing), case) if missing else "; ".join(sorted(unknown.why))


def _with_defects(paths: Sequence[str], case: _Case) -> str:
    named = [f"{path} ({case.defects[path]})" if path in case.defects else path for path in paths[:_MAX_NAMED]]
    more = len(paths) - len(named)
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _violated(ready: CompiledRule, case: _Case, subject: _Subject) -> RuleOutcome:
    cited = _cited(subject, case)
    firm = subject.each == "gates" and ("findings" not in case.facts or (subject.it or {}).get("firm") != 0)
    waivable = ready.rule.waivable and not firm and all(finding.waivable for finding in cited)
    return replace(_outcome(ready, case, subject, RuleStatus.VIOLATED), findings=cited, waivable=waivable)


def _cited(subject: _Subject, case: _Case) -> tuple[CitedFinding, ...]:
    """The findings that a violated outcome rests on: those of its gate that bind, or the finding itself."""
    if subject.it is None:
        return ()
    if subject.each == "findings":
        return (_finding(subject.it),)
    if subject.each != "gates":
        return ()
    name = subject.it.get("name")
    found = (
        _finding(finding)
        for finding in case.facts.get("findings", [])
        if finding.get("gate") == name and finding.get("binding") is not False
    )
    return tuple(sorted(found, key=lambda finding: (finding.rule, finding.path or "", finding.fingerprint)))


def _finding(finding: Mapping[str, Any]) -> CitedFinding:
    return CitedFinding(
        fingerprint=finding.get("fingerprint", ""),
        rule=finding.get("rule", ""),
        path=finding.get("path") or None,
        waivable=finding.get("waivable") is True,
    )


def _unknown(ready: CompiledRule, case: _Case, subject: _Subject, missing: str, kind: str = "") -> RuleOutcome:
    by = _by_evidence(case, kind) if kind else _by(subject, missing)
    return replace(_outcome(ready, case, subject, RuleStatus.UNKNOWN), missing=missing, by=by)


def _by(subject: _Subject, missing: str) -> str:
    if subject.each == "gates" and subject.it is not None:
        return "author" if subject.it.get("mendable") is True else "person"
    return "author" if missing.split(".", 1)[0] in _OF_THE_AUTHOR else "person"


def _by_evidence(case: _Case, kind: str) -> str:
    return "author" if any(gate.get("mendable") is True for gate in case.gates_of_kind(kind)) else "person"


def _outcome(ready: CompiledRule, case: _Case, subject: _Subject, status: RuleStatus) -> RuleOutcome:
    rule = ready.rule
    return RuleOutcome(
        rule=rule.id,
        version=rule.version,
        status=status,
        category=rule.category,
        severity=rule.severity,
        waivable=rule.waivable,
        message=fill(rule.message, case.facts, subject.it),
        remedy=fill(rule.remedy, case.facts, subject.it),
        subject=subject.name,
        gate=_gate(subject),
        facts=MappingProxyType(case.told(ready.reads, subject)),
        evidence=_digests(rule, case, subject),
    )


def _gate(subject: _Subject) -> str:
    if subject.it is None:
        return ""
    if subject.each == "gates":
        return str(subject.it.get("name", ""))
    return str(subject.it.get("gate", "")) if subject.each == "findings" else ""


def _digests(rule: Rule, case: _Case, subject: _Subject) -> tuple[str, ...]:
    gates = [gate for kind in rule.evidence for gate in case.gates_of_kind(kind)]
    if subject.each == "gates" and subject.it is not None:
        gates.append(subject.it)
    if not gates:
        return ()
    return tuple(sorted({digest for gate in gates for digest in gate.get("evidence", [])}))


def _not_about_this(ready: CompiledRule, case: _Case) -> RuleOutcome:
    if ready.rule.each:
        return ready.idle
    return replace(ready.idle, facts=MappingProxyType(case.told(ready.reads, case.whole)))


def _cannot_be_asked(rule: Rule) -> RuleOutcome:
    unasked = _not_applicable(rule, rule.message)
    why = "the condition of the rule, which is no CEL"
    return replace(unasked, status=RuleStatus.UNKNOWN, remedy=rule.remedy, missing=why, by="person")


def _not_applicable(rule: Rule, reason: str) -> RuleOutcome:
    return RuleOutcome(
        rule=rule.id,
        version=rule.version,
        status=RuleStatus.NOT_APPLICABLE,
        category=rule.category,
        severity=rule.severity,
        waivable=rule.waivable,
        message=reason,
        remedy="",
    )
