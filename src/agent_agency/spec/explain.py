"""Answers ``agency spec explain``: one rule, or all of them."""

from __future__ import annotations

from collections.abc import Mapping

from agent_agency.errors import UsageError
from agent_agency.spec.rule_catalogue import ANY, Rule, load_catalogue


def explain_rule(name: str) -> Rule:
    """The entry of a rule.

    Raises:
        UsageError: there is no such rule; it names the nearest one.
    """
    catalogue = load_catalogue()
    found = find_rule(catalogue, name)
    if found is None:
        raise UsageError(f"There is no rule '{name[:80]}'", fix=_suggestion(catalogue, name))
    return found


def find_rule(catalogue: Mapping[str, Rule], name: str) -> Rule | None:
    """The rule of this id, or the one that stands for its kind (``secrets.*``, ``gate.*.test_failed``)."""
    head = name.rpartition(".")[0]
    return catalogue.get(name) or (catalogue.get(f"{head}.{ANY}") if head else None) or _of_gate(catalogue, name)


def _of_gate(catalogue: Mapping[str, Rule], name: str) -> Rule | None:
    """The rule of a configured gate, whatever the gate's name and the tool's own rule are."""
    family, _, rest = name.partition(".")
    gate, _, found = rest.partition(".")
    if family != "gate" or not gate or not found:
        return None
    kind = found.partition(".")[0]
    tried = (f"gate.{ANY}.{found}", f"gate.{ANY}.{kind}.{ANY}", f"gate.{ANY}.{ANY}")
    return next((catalogue[rule] for rule in tried if rule in catalogue), None)


def list_rules() -> tuple[Rule, ...]:
    """All rules, by id."""
    return tuple(load_catalogue().values())


def _suggestion(catalogue: Mapping[str, Rule], name: str) -> str:
    from difflib import get_close_matches

    tails = {rule.partition(".")[2]: rule for rule in catalogue}
    wanted = name.strip().lower()
    close = get_close_matches(wanted, catalogue, n=1, cutoff=0.6)
    by_tail = get_close_matches(wanted, tails, n=1, cutoff=0.7)
    meant = close[0] if close else tails[by_tail[0]] if by_tail else None
    listing = "Run 'agency spec explain' for the list."
    return f"Did you mean '{meant}'? {listing}" if meant else listing
