"""Verdicts by a constitution, without a repository."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.constitution.default_rules import default_constitution, default_rules
from agent_agency.arbitration.constitution.model import Constitution, Rule
from agent_agency.arbitration.constitution.overlay import constitution_of
from agent_agency.arbitration.ruling import Verdict
from agent_agency.arbitration.verdict import LawState, WaiverInForce
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from support.case_facts import DAY, ORDINARY

OWN_RULES = ".agency/rules/{}.toml"


def rules_of(files: Mapping[str, str], weaken: Collection[str] = ()) -> Constitution | None:
    """The law of a base that holds these files of rules, none where it is refused."""
    read = constitution_of({OWN_RULES.format(name): text.encode() for name, text in files.items()}, weaken)
    return read if isinstance(read, Constitution) else None


def failing(name: str, *, waivable: bool = True) -> GateResult:
    """A blocking gate that found something."""
    found = Finding("found.it", Severity.MAJOR, "it is wrong", "mend it", Place("src/app.py"), waivable=waivable)
    return GateResult(name, GateStatus.FAIL, GateMode.BLOCK, (found,), "1 finding")


def verdict(
    gates: Iterable[GateResult],
    constitution: Constitution | None = None,
    *,
    kinds: Mapping[str, str] | None = None,
    waivers: tuple[WaiverInForce, ...] = (),
    **facts: Any,
) -> Verdict:
    """The verdict on gates over ordinary facts, with some replaced."""
    stated = {**ORDINARY, **facts}
    law = default_constitution() if constitution is None else constitution
    case = Case(tuple(gates), waivers, LawState(in_force=True), law, DAY, stated, kinds or {})
    return case.decide().verdict


def default_text(rule_id: str, **changed: str) -> str:
    """A default rule written anew in a file, one version on; members are given as TOML."""
    rule: Rule = next(rule for rule in default_rules() if rule.id == rule_id)
    members = {
        "id": f'"{rule.id}"',
        "version": str(rule.version + 1),
        "title": '"Written anew"',
        "category": f'"{rule.category}"',
        "severity": f'"{rule.severity}"',
        "waivable": str(rule.waivable).lower(),
        "each": f'"{rule.each}"',
        "applies": f"'''{rule.applies}'''",
        "condition": f"'''{rule.condition}'''",
        "message": '"it is wrong"',
        "remedy": '"mend it"',
        "source": '"the owner"',
    }
    return "[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in {**members, **changed}.items())
