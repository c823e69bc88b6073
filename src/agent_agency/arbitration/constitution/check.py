"""Checks of rules when they are loaded: against the facts schema, the part of CEL that rules may use, and each other.

Each problem is a finding with file, line and column; of a condition, the column of the character at fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from agent_agency.arbitration.constitution.cel import CelProblem, Checked, Checker, Evaluator
from agent_agency.arbitration.constitution.checked_facts import problem_of
from agent_agency.arbitration.constitution.closed_values import closed_values
from agent_agency.arbitration.constitution.facts_schema import Fact, lists, records
from agent_agency.arbitration.constitution.model import Rule, RuleExample
from agent_agency.arbitration.constitution.read_rules import RulePlaces, RulesRead
from agent_agency.arbitration.constitution.satisfiable import (
    Formula,
    Not,
    UndecidedError,
    all_of,
    can_hold,
    fact_of,
    formula_of,
)
from agent_agency.arbitration.constitution.subset import refusals
from agent_agency.arbitration.constitution.syntax_tree import Call, Constant, ListOf, Node, every_node
from agent_agency.arbitration.constitution.wording import problems_of
from agent_agency.config import WAIVABLE_GATES
from agent_agency.facts import Finding, Place, Severity
from agent_agency.gate_reader import did_you_mean
from agent_agency.gate_settings import GateKind
from agent_agency.toml_places import Pointer

EVIDENCE_KINDS = (*(kind.value for kind in GateKind), "law", "proposed_law", *WAIVABLE_GATES)
"""What a rule may require to have been measured: a kind of gate, or a built-in gate by its name."""

_SEE_FACTS = "'agency rules facts' lists the facts and their types."
_CEL_RULES = MappingProxyType({True: "condition_syntax", False: "condition_type"})
_STRUCT = re.compile(r"'agency\.(\w+)'")
_UNDECLARED = re.compile(r"undeclared reference to '(\w+)")
_HOW_IT = "Write 'each = \"gates\"' in the rule, so that 'it' is each gate in turn."
_FIELD = re.compile(r"undefined field '([^']*)' not found in struct 'agency\.(\w+)'")


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """A rule whose conditions compile, taken apart for comparing it with others."""

    rule: Rule
    applies_tree: Node
    condition_tree: Node
    place: Place
    """Where its condition stands."""
    rule_place: Place

    @property
    def applies(self) -> Formula:
        """Its applicability, taken apart."""
        return formula_of(self.applies_tree, self.rule.each)

    @property
    def condition(self) -> Formula:
        """Its condition, taken apart."""
        return formula_of(self.condition_tree, self.rule.each)


def checked_default(rule: Rule, evaluator: Evaluator) -> CheckedRule:
    """A shipped rule, which needs no check: a test checks each."""
    applies, condition = evaluator.compile(rule.applies), evaluator.compile(rule.condition)
    return CheckedRule(rule, applies.tree, condition.tree, Place(), Place())


class RuleCheck:
    """Checks rules one by one; keep one for many files, as it holds the typed environments."""

    def __init__(self) -> None:
        self._checker = Checker()
        self._evaluator = Evaluator()

    def file(self, read: RulesRead) -> tuple[tuple[CheckedRule, ...], tuple[Finding, ...]]:
        """Check the rules that a file holds: those that compile, and what is wrong with any."""
        if read.places is None:
            return (), read.findings
        found = list(read.findings)
        checked = []
        for position, rule in zip(read.positions, read.rules, strict=True):
            problems = _Problems(read.places, ("rule", position), rule)
            made = self._rule(rule, problems)
            if made is not None:
                checked.append(made)
            found.extend(problems.found)
        found.extend(_repeated_ids(read))
        return tuple(checked), tuple(sorted(found, key=lambda one: (one.place.line or 0, one.place.column or 0)))

    def _rule(self, rule: Rule, problems: _Problems) -> CheckedRule | None:
        _check_frame(rule, problems)
        if rule.each and rule.each not in lists():
            message = f"'{rule.each}' is no list of facts"
            problems.tell("unknown_list", message, did_you_mean(rule.each, tuple(lists())), "each")
            return None
        for key in ("message", "remedy"):
            for clause in problems_of(getattr(rule, key), rule.each):
                remedy = "Name facts as {spec.tier} or, in a rule with 'each', as {it.name}."
                problems.tell("no_such_fact", f"'{key}' {clause}", remedy, key)
        for index, example in enumerate(rule.examples):
            _check_example(example, index, problems)
        applies = self.condition(rule, "applies", problems)
        condition = self.condition(rule, "condition", problems)
        if applies is None or condition is None:
            return None
        made = CheckedRule(rule, applies, condition, problems.place("condition"), problems.place())
        _check_reach(made, problems)
        return made

    def condition(self, rule: Rule, key: str, problems: _Problems) -> Node | None:
        """Check one condition; its tree where nothing is wrong with it."""
        text = getattr(rule, key)
        checked = self._checker.check(text, rule.each)
        if not isinstance(checked, Checked):
            for problem in checked:
                problems.tell_cel(key, problem)
            return None
        before = len(problems.found)
        if checked.type != "BOOL":
            message = f"'{key}' is of type {checked.type.lower()}, not true or false"
            problems.tell("not_bool", message, "Write a comparison.", key)
        for refusal in refusals(checked):
            rule_id = "too_costly" if refusal.costly else "not_allowed"
            remedy = "Split the rule in two." if refusal.costly else "See 'Conditions' in the reference of rules."
            problems.tell_at(rule_id, key, refusal.offset, refusal.message, remedy)
        if len(problems.found) == before:
            self._check_patterns(checked, key, problems)
            _check_values(checked, rule.each, key, problems)
        return checked.tree if len(problems.found) == before else None

    def _check_patterns(self, checked: Checked, key: str, problems: _Problems) -> None:
        for node in every_node(checked.tree):
            if isinstance(node, Call) and node.function == "matches":
                pattern = node.arguments[-1]
                text = pattern.value if isinstance(pattern, Constant) else ""
                if isinstance(text, str) and self._evaluator.matches("", text) is None:
                    offset = checked.offsets.get(pattern.id, 0)
                    problems.tell_at("bad_pattern", key, offset, "this is no pattern", "Write it in RE2's syntax.")


def problems_of_conditions(rule: Rule) -> Iterator[str]:
    """What is wrong with the conditions of a rule that stands in no file, one sentence each."""
    if rule.each and rule.each not in lists():
        yield f"'{rule.each}' is no list of facts; there are {', '.join(lists())}"
        return
    check = RuleCheck()
    for key in ("applies", "condition"):
        problems = _Problems(_NoFile("", ""), (), rule)
        check.condition(rule, key, problems)
        for finding in problems.found:
            place = finding.place
            where = f"{key}:{place.line}:{place.column}: " if place.line else f"{key}: "
            yield where + finding.message.removeprefix(f"{rule.id}: ")


class _NoFile(RulePlaces):
    """The places of a condition that was given as a text alone."""

    def within(self, pointer: Pointer, value: str, line: int, column: int) -> Place:  # noqa: ARG002 - as its base
        return Place(None, line, column)


class _Problems:
    """Gathers what is wrong with one rule, with places."""

    def __init__(self, places: RulePlaces, at: Pointer, rule: Rule) -> None:
        self._places = places
        self._at = at
        self._rule = rule
        self.found: list[Finding] = []

    def place(self, *keys: str | int) -> Place:
        return self._places.of((*self._at, *keys))

    def tell(self, rule: str, message: str, remedy: str, *keys: str | int) -> None:
        self._add(rule, message, remedy, self.place(*keys), "/".join(str(key) for key in keys))

    def tell_at(self, rule: str, key: str, offset: int, message: str, remedy: str) -> None:
        """Tell of a character of a condition, by its offset."""
        text = getattr(self._rule, key)
        line = text.count("\n", 0, offset) + 1
        column = offset - (text.rfind("\n", 0, offset) + 1) + 1
        self._add(rule, message, remedy, self._places.within((*self._at, key), text, line, column), key)

    def tell_cel(self, key: str, problem: CelProblem) -> None:
        """Tell of what the compiler refuses."""
        place = self._places.within((*self._at, key), getattr(self._rule, key), problem.line, problem.column)
        rule = "too_costly" if "recursion" in problem.message else _CEL_RULES[problem.syntax]
        message = _STRUCT.sub(lambda found: f"'{found[1].lower()}'", problem.message).replace(" in struct ", " in ")
        self._add(rule, message, _remedy_of(problem), place, key)

    def _add(self, rule: str, message: str, remedy: str, place: Place, key: str) -> None:
        subject = f"{self._rule.id}/{key}"
        told = f"{self._rule.id}: {message}"
        self.found.append(
            Finding(f"rules.{rule}", Severity.MAJOR, told, remedy, place, waivable=False, subject=subject)
        )


def _remedy_of(problem: CelProblem) -> str:
    if "recursion" in problem.message:
        return "Nest it less deeply, or write two rules."
    if problem.syntax:
        return "Mend the syntax; the reference of rules describes it."
    name = _UNDECLARED.search(problem.message)
    if name is not None:
        return _HOW_IT if name[1] == "it" else did_you_mean(name[1], (*records(), *lists()))
    field = _FIELD.search(problem.message)
    if field is None:
        return _SEE_FACTS
    named = {name.capitalize(): facts for name, facts in {**records(), **lists()}.items()}
    return did_you_mean(field[1], [fact.name for fact in named.get(field[2], ())])


def _repeated_ids(read: RulesRead) -> Iterator[Finding]:
    seen: set[str] = set()
    for position, rule in zip(read.positions, read.rules, strict=True):
        if rule.id in seen and read.places is not None:
            problems = _Problems(read.places, ("rule", position), rule)
            problems.tell("duplicate_id", "another rule has that id", "Give each rule an id of its own.", "id")
            yield from problems.found
        seen.add(rule.id)


def _check_frame(rule: Rule, problems: _Problems) -> None:
    if rule.effective is not None and rule.expires is not None and rule.effective >= rule.expires:
        message = f"it expires on {rule.expires} and binds from {rule.effective} on, so it never binds"
        problems.tell("never_in_force", message, "Write a later day of expiry.", "expires")
    for kind in rule.evidence:
        if kind not in EVIDENCE_KINDS:
            message = f"'{kind}' is no kind of gate and no built-in gate, so it is never measured"
            problems.tell("unknown_evidence", message, did_you_mean(kind, EVIDENCE_KINDS), "evidence")


def _check_example(example: RuleExample, index: int, problems: _Problems) -> None:
    for message in _example_problems(example):
        told = f"the example '{example.name}' {message}"
        problems.tell("example_facts", told, _SEE_FACTS, "example", index)


def _example_problems(example: RuleExample) -> Iterator[str]:
    for name, value in example.facts.items():
        if name in records():
            elements, known = [value], records()[name]
        elif name in lists():
            elements, known = value if isinstance(value, list) else [None], lists()[name]
        else:
            yield f"holds '{name}', which is no fact"
            continue
        for element in elements:
            yield from _member_problems(name, element, {fact.name: fact for fact in known})


def _member_problems(name: str, element: object, known: dict[str, Fact]) -> Iterator[str]:
    if not isinstance(element, dict):
        yield f"holds '{name}' in a wrong form"
        return
    for key, value in element.items():
        fact = known.get(key)
        problem = problem_of(value, fact.type) if fact else "is no fact"
        if problem:
            yield f"holds '{name}.{key}', which {problem}"


def _check_values(checked: Checked, each: str, key: str, problems: _Problems) -> None:
    """Tell of a fact that is compared with a value that it cannot have."""
    for node in every_node(checked.tree):
        if not isinstance(node, Call) or node.function not in {"_==_", "_!=_", "@in"}:
            continue
        paths = [path for one in node.arguments if (path := fact_of(one, each))]
        known = closed_values(paths[0]) if paths else ()
        for constant in _constants(node.arguments):
            if known and constant.value not in known:
                named = ".".join((paths[0][0].split("@")[0], *paths[0][1:]))
                values = ", ".join(str(value) for value in known)
                message = f"'{named}' is never {constant.value!r}; it is one of {values}"
                offset = checked.offsets.get(constant.id, 0)
                problems.tell_at("impossible_value", key, offset, message, "Compare it with one of them.")


def _constants(arguments: Sequence[Node]) -> Iterator[Constant]:
    for one in arguments:
        if isinstance(one, Constant):
            yield one
        elif isinstance(one, ListOf):
            yield from _constants(one.elements)


def _check_reach(made: CheckedRule, problems: _Problems) -> None:
    """Tell of a rule that cannot apply, or whose condition has one answer whatever the facts."""
    remedy = "Mend the condition, or drop the rule."
    if not _may_hold(made.applies):
        problems.tell("never_applies", "'applies' can never be true", remedy, "applies")
    elif not _may_hold(all_of(made.applies, made.condition)):
        problems.tell("constant", "its condition can never be true where it applies", remedy, "condition")
    elif not _may_hold(all_of(made.applies, Not(made.condition))):
        problems.tell(
            "constant", "its condition is true wherever it applies, so it forbids nothing", remedy, "condition"
        )


def _may_hold(formula: Formula) -> bool:
    try:
        return can_hold(formula)
    except UndecidedError:
        return True
