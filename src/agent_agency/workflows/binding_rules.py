"""The rules that bind a review: those at the base, or those that an open case keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from agent_agency.arbitration.cases.model import Matter
from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.errors import LedgerError
from agent_agency.git import Repository
from agent_agency.ledger.journal import Ledger
from agent_agency.workflows.frozen_rules import Bench, kept_rules
from agent_agency.workflows.law import Law, constitution_at
from agent_agency.workflows.ruling_members import RulesFrom
from agent_agency.workflows.vouched_rulings import is_vouched


@dataclass(frozen=True, slots=True)
class BindingRules:
    """The constitution that binds a review, and where it comes from."""

    constitution: Constitution
    read_from: RulesFrom


def binding_rules(
    repo: Repository, ledger: Ledger, matter: Matter, law: Law, base_ref: str, now: datetime
) -> BindingRules:
    """Tell which rules bind a review of a matter; those at the base where the record cannot be read.

    A review whose record cannot be read comes to a ruling that is shown, never recorded, and never exits 0.

    Args:
        repo: the repository.
        ledger: its record.
        matter: what is reviewed.
        law: the law at the tip of the base.
        base_ref: what the base is called.
        now: the moment of the review.

    Raises:
        CaseError: the entries of the matter's case contradict each other.
    """
    bench = Bench(law.commit, base_ref, law.constitution.digest, law.limits.case_days, now)
    try:
        kept = kept_rules(
            repo,
            ledger,
            matter,
            bench,
            read=_reader(repo, now),
            vouched=lambda entry: is_vouched(entry, law.principals),
        )
    except LedgerError as error:
        note = f"The rules at the base bind, because the record cannot be read: {error.message}"
        return BindingRules(law.constitution, RulesFrom(law.commit, None, note))
    if kept.constitution is None:
        return BindingRules(law.constitution, RulesFrom(law.commit, None, kept.note))
    return BindingRules(kept.constitution, RulesFrom(kept.commit, kept.frozen_by, kept.note))


def _reader(repo: Repository, now: datetime) -> Callable[[str], Constitution | None]:
    def read(commit: str) -> Constitution | None:
        found = constitution_at(repo, commit, now)
        return found if isinstance(found, Constitution) else None

    return read
