"""What the law lets somebody ask for; held against a request when it is made, and again at every review.

A request is signed by whoever asks, so its content is the asking party's: everything here is checked again where the
waiver would come into force.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from agent_agency.arbitration.constitution.model import Category, Rule
from agent_agency.arbitration.waivers.model import Terms
from agent_agency.config import WAIVABLE_GATES, LawLimits
from agent_agency.facts import Severity, display_path
from agent_agency.spec.model import Policy
from agent_agency.spec.near_miss import did_you_mean
from agent_agency.spec.policy import max_waiver_days
from agent_agency.spec.waiver_paths import why_not_a_place
from agent_agency.spec.waiver_stricter import is_reason

BUDGET_GATE = "budget_limit"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the law at the base lets a waiver be: its limits, its policy, its gates and its rules by id."""

    limits: LawLimits
    policy: Policy | None
    gates: frozenset[str]
    rules: Mapping[str, Rule]

    @classmethod
    def of(cls, limits: LawLimits, policy: Policy | None, own_gates: Iterable[str], rules: Iterable[Rule]) -> Bounds:
        """Take the bounds from the law.

        Args:
            limits: the law's own limits.
            policy: the policy; it may name further gates and a shorter duration.
            own_gates: names of the gates that ``agency.toml`` configures.
            rules: the rules in force.
        """
        gates = frozenset((*WAIVABLE_GATES, *own_gates, *(policy.gates if policy else ())))
        return cls(limits, policy, gates, {rule.id: rule for rule in rules})

    @property
    def longest(self) -> timedelta:
        """The longest that a waiver may last."""
        days = (self.limits.waiver_max_days, max_waiver_days(self.policy))
        return timedelta(days=min(day for day in days if day is not None))


@dataclass(frozen=True, slots=True)
class Unlawful:
    """One reason why a request cannot be granted, as a clause, and what to ask for instead."""

    why: str
    fix: str


def problems_of(terms: Terms, bounds: Bounds) -> tuple[Unlawful, ...]:
    """Everything that the law has against a request, the plainest first; nothing where it may be granted."""
    return (
        *_of_what(terms, bounds),
        *_of_where(terms),
        *_of_reason(terms),
        *_of_time(terms, bounds),
        *_of_delta(terms, bounds.limits),
    )


def _of_what(terms: Terms, bounds: Bounds) -> Iterator[Unlawful]:
    if not terms.gates and not terms.rules:
        yield Unlawful("it names no gate and no rule", "Name each with --gate or --rule.")
    for gate in terms.gates:
        if gate not in bounds.gates:
            fix = _meant(gate, bounds.gates) or f"Name one of: {', '.join(sorted(bounds.gates))}."
            yield Unlawful(f"'{display_path(gate)}' is no gate that a waiver can cover", fix)
    for named in terms.rules:
        rule = bounds.rules.get(named)
        if rule is None:
            fix = _meant(named, bounds.rules) or "'agency rules list' names the rules in force."
            yield Unlawful(f"'{display_path(named)}' is no rule in force", fix)
        elif not rule.waivable:
            yield Unlawful(f"the rule {rule.id} lets no waiver cover it", "Change what it finds, or appeal.")
        elif rule.category is Category.BUDGET:
            yield Unlawful(f"the rule {rule.id} is about the budget, which a waiver only raises", _ASK_DELTA)
        elif rule.severity is Severity.ADVICE:
            yield Unlawful(f"the rule {rule.id} only advises, so there is nothing to waive", "Ask for nothing.")


_ASK_DELTA = f"Ask for --gate {BUDGET_GATE} with --max-files or --max-loc."


def _meant(word: str, known: Iterable[str]) -> str | None:
    name = did_you_mean(word, list(known))
    return f"Did you mean '{name}'?" if name else None


def _of_where(terms: Terms) -> Iterator[Unlawful]:
    if terms.spec_id is None and not terms.paths:
        yield Unlawful("it is for everything: it names no spec and no path", "Bound it with --spec or --path.")
    for path in terms.paths:
        if why := why_not_a_place(path):
            fix = "State a folder or file, such as --path 'src/billing/**'."
            yield Unlawful(f"the path '{display_path(path)}' bounds nothing: {why}", fix)


def _of_reason(terms: Terms) -> Iterator[Unlawful]:
    if not is_reason(terms.reason):
        yield Unlawful("its reason does not say why", "Say what stands against the law this once, and until when.")


def _of_time(terms: Terms, bounds: Bounds) -> Iterator[Unlawful]:
    lasts = terms.expires_at - terms.created_at
    if lasts <= timedelta():
        yield Unlawful("it ends before it begins", "Ask for at least one day.")
    elif lasts > bounds.longest:
        longest = bounds.longest.days
        yield Unlawful(f"it lasts longer than the {longest} days that the law allows", f"Ask for --days {longest}.")


def _of_delta(terms: Terms, limits: LawLimits) -> Iterator[Unlawful]:
    delta = terms.delta
    if BUDGET_GATE in terms.gates and (delta is None or not (delta.max_files or delta.max_loc)):
        yield Unlawful("it would take the budget away altogether, and a waiver only raises it", _ASK_DELTA)
    if delta is None:
        return
    if BUDGET_GATE not in terms.gates:
        yield Unlawful(f"it raises the budget and does not name {BUDGET_GATE}", _ASK_DELTA)
    if terms.spec_id is None:
        yield Unlawful("it raises a budget and names no spec, and each budget is one spec's", "Name it with --spec.")
    for asked, cap, unit, option in (
        (delta.max_files, limits.max_delta_files, "files", "--max-files"),
        (delta.max_loc, limits.max_delta_loc, "lines", "--max-loc"),
    ):
        if cap is not None and asked > cap:
            yield Unlawful(f"it adds {asked} {unit}, and the law lets waivers add {cap}", f"Ask for {option} {cap}.")
