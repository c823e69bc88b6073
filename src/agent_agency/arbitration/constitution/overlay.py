"""A repository's own rules laid over the defaults.

A file may add rules in a name space of its own; write a default rule anew, under its id with a higher version; or
disable a default. Written anew, a rule is a tightening only where that is certain from its text (`loosened_by`); any
other, and a disabling, weakens the law: it needs the policy's leave, and every ruling shows it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent_agency.arbitration.constitution.cel import Evaluator
from agent_agency.arbitration.constitution.check import CheckedRule, RuleCheck, checked_default
from agent_agency.arbitration.constitution.contradictions import contradictions
from agent_agency.arbitration.constitution.default_rules import default_constitution, default_rules
from agent_agency.arbitration.constitution.model import Constitution, Rule, Weakening
from agent_agency.arbitration.constitution.read_rules import Disabled, RulesRead, read_rules
from agent_agency.arbitration.constitution.satisfiable import shape
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.arbitration.constitution.syntax_tree import Call, Constant, Node
from agent_agency.facts import Finding, Place, Severity

MAX_RULES = 500
MAX_FILES = 100
ALLOWED_BY = "agency.toml [law] weaken"
"""What in the policy lets a default rule be weakened."""


def constitution_of(files: Mapping[str, bytes], weaken: Collection[str] = ()) -> Constitution | tuple[Finding, ...]:
    """The law of a repository: the defaults with its own rules laid over them.

    Args:
        files: the bytes of its files of rules by path, as they stand at the base.
        weaken: ids of default rules that its policy lets it weaken.

    Returns:
        The constitution; or what keeps it from being read, and then nothing may be approved under it.
    """
    if not files:
        return default_constitution()
    laid = lay_over(files, weaken)
    if laid.binding_findings:
        return laid.findings
    return make_constitution(laid.rules, laid.weakened)


@dataclass(slots=True)
class Laid:
    """The outcome of laying files over the defaults; ``findings`` of severity advice keep nothing from being read."""

    rules: tuple[Rule, ...] = ()
    weakened: tuple[Weakening, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def binding_findings(self) -> tuple[Finding, ...]:
        """The findings above advice."""
        return tuple(finding for finding in self.findings if finding.severity is not Severity.ADVICE)


def lay_over(files: Mapping[str, bytes], weaken: Collection[str] = ()) -> Laid:
    """Lay files over the defaults and gather all that is wrong."""
    overlay = _Overlay(default_rules(), frozenset(weaken))
    if len(files) > MAX_FILES:
        message = f"There are {len(files)} files of rules; there may be {MAX_FILES}"
        place = Place(min(files))
        return Laid(findings=(_finding("too_many", message, "Put rules into fewer files.", place, ""),))
    for path in sorted(files):
        overlay.add(read_rules(files[path], path))
    return overlay.laid()


def loosened_by(default: CheckedRule, anew: CheckedRule) -> str:
    """Say in what a default rule written anew is looser, or may be; empty where it is certainly as strict.

    The condition must be the default's and more, joined by ``&&``; ``applies`` the default's or more, joined by
    ``||``. Conditions are compared by shape: white space and names of variables make no difference.
    """
    return ", ".join(_loosened(default.rule, anew.rule)) or ", ".join(_loosened_conditions(default, anew))


def _loosened(old: Rule, new: Rule) -> Iterator[str]:
    if new.severity.rank < old.severity.rank:
        yield f"severity {new.severity} instead of {old.severity}"
    if new.waivable and not old.waivable:
        yield "waivable"
    if new.each != old.each:
        yield "asked for another list"
    if not set(old.evidence) <= set(new.evidence):
        yield "less evidence required"
    if new.effective is not None and (old.effective is None or new.effective > old.effective):
        yield "in force later"
    if new.expires is not None and (old.expires is None or new.expires < old.expires):
        yield "out of force earlier"


def _loosened_conditions(default: CheckedRule, anew: CheckedRule) -> Iterator[str]:
    each = default.rule.each
    if not _parts(default.condition_tree, "_&&_", each) <= _parts(anew.condition_tree, "_&&_", each):
        yield "a condition that does not hold all of the default's"
    old, new = default.applies_tree, anew.applies_tree
    always = isinstance(new, Constant) and new.value is True
    if not always and not _parts(old, "_||_", each) <= _parts(new, "_||_", each):
        yield "'applies' does not hold all of the default's"


def _parts(node: Node, operator: str, each: str) -> frozenset[str]:
    """The shapes of what an operator joins."""
    if isinstance(node, Call) and node.function == operator:
        return frozenset().union(*(_parts(one, operator, each) for one in node.arguments))
    return frozenset({shape(node, each)})


@dataclass(slots=True)
class _Overlay:
    """Gathers the rules of a repository file by file."""

    defaults: Sequence[Rule]
    weaken: frozenset[str]
    check: RuleCheck = field(default_factory=RuleCheck)
    evaluator: Evaluator = field(default_factory=Evaluator)
    own: dict[str, CheckedRule] = field(default_factory=dict)
    weakened: dict[str, Weakening] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def add(self, read: RulesRead) -> None:
        checked, findings = self.check.file(read)
        self.findings.extend(findings)
        for one in checked:
            self._add_rule(one)
        for disabled in read.disabled:
            self._disable(disabled)

    def laid(self) -> Laid:
        by_id = {rule.id: rule for rule in self.defaults if rule.id not in self.disabled}
        both = sorted(self.disabled & self.own.keys())
        for name in both:
            self._refuse("disabled_and_written", f"{name} is disabled and written anew", "Drop one.", self.own[name])
        rules = {**by_id, **{name: one.rule for name, one in self.own.items()}}
        if len(rules) > MAX_RULES:
            message = f"There are {len(rules)} rules, defaults included; there may be {MAX_RULES}"
            self._refuse("too_many", message, "Write fewer rules.", list(self.own.values())[-1])
        if not self.findings:
            self.findings.extend(contradictions(list(self.own.values()), self._standing()))
        ordered = sorted(
            self.findings, key=lambda one: (one.place.path or "", one.place.line or 0, one.place.column or 0)
        )
        return Laid(tuple(rules.values()), tuple(self.weakened.values()), tuple(ordered))

    def _standing(self) -> list[CheckedRule]:
        """The defaults that are left as they are."""
        return [
            checked_default(rule, self.evaluator)
            for rule in self.defaults
            if rule.id not in self.disabled | self.own.keys()
        ]

    def _default(self, name: str) -> Rule | None:
        return next((rule for rule in self.defaults if rule.id == name), None)

    def _add_rule(self, one: CheckedRule) -> None:
        rule = one.rule
        default = self._default(rule.id)
        taken = {known.id.split(".")[0] for known in self.defaults}
        if rule.id in self.own:
            if self.own[rule.id].rule.path != rule.path:  # within a file it is told already
                message = f"{rule.id} stands in {self.own[rule.id].rule.path} too"
                self._refuse("duplicate_id", message, "Give each rule an id of its own.", one)
            return
        if default is None and rule.id.split(".")[0] in taken:
            message = f"{rule.id} is no default rule, but '{rule.id.split('.')[0]}' is a name space of theirs"
            self._refuse("name_space", message, "Begin its id with a word of your own, such as 'our.'.", one)
        if default is not None:
            self._write_anew(default, one)
        self.own[rule.id] = one

    def _write_anew(self, default: Rule, one: CheckedRule) -> None:
        rule = one.rule
        if rule.version <= default.version:
            message = f"{rule.id} has version {rule.version}; the default that it replaces has {default.version}"
            self._refuse("version", message, f"Write 'version = {default.version + 1}'.", one)
        how = loosened_by(checked_default(default, self.evaluator), one)
        if how:
            self._weaken(rule.id, f"loosened: {how}", one.rule_place)

    def _disable(self, disabled: Disabled) -> None:
        if self._default(disabled.rule) is None:
            message = f"'{disabled.rule}' is no default rule, so it cannot be disabled"
            remedy = "'agency rules list' names the rules."
            self.findings.append(_finding("unknown_rule", message, remedy, disabled.place, disabled.rule))
            return
        self.disabled.add(disabled.rule)
        self._weaken(disabled.rule, f"disabled: {disabled.reason}", disabled.place)

    def _weaken(self, name: str, how: str, place: Place) -> None:
        if name in self.weaken:
            self.weakened[name] = Weakening(name, how, ALLOWED_BY)
            return
        message = f"{name} would be weakened ({how}), and the policy does not allow it"
        remedy = f"Put it back, or let '[law] weaken' in agency.toml name '{name}'."
        self.findings.append(_finding("weakens", message, remedy, place, name))

    def _refuse(self, rule: str, message: str, remedy: str, one: CheckedRule) -> None:
        self.findings.append(_finding(rule, message, remedy, one.rule_place, one.rule.id))


def _finding(rule: str, message: str, remedy: str, place: Place, subject: str) -> Finding:
    return Finding(f"rules.{rule}", Severity.MAJOR, message, remedy, place, waivable=False, subject=subject)
