"""The constitution of an open case: the rules that bound when it was opened bind until it ends.

This must never be a way round the law. The rules are read again from git, at a commit that the base itself once stood
at; the case must be vouched for by the ruling that opened it; and it binds for no longer than the law of the base
gives a case. Where any of this does not hold, the rules at the base bind, and the ruling says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from agent_agency.arbitration.cases.model import CaseRecord, LawAtOpening, Matter
from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.clock import rfc3339
from agent_agency.git import Repository
from agent_agency.workflows.base_history import came_back, stood_at
from agent_agency.workflows.cases import newest_case

if TYPE_CHECKING:
    from agent_agency.ledger.entry import Entry
    from agent_agency.ledger.journal import Ledger

RULING = "ruling"


@dataclass(frozen=True, slots=True)
class Bench:
    """Under which base a review takes place.

    ``constitution`` is the digest of the rules at its tip, ``case_days`` how long its law lets a case be open.
    """

    base_tip: str
    base_ref: str
    constitution: str
    case_days: int
    now: datetime


@dataclass(frozen=True, slots=True)
class KeptRules:
    """What an open case says of the rules that bind a review.

    ``constitution`` is ``None`` where the rules at the base bind; ``commit`` is where the rules stand. ``frozen_by`` is
    the case that keeps them. ``note`` is for the ruling: which rules bind, or why those of the case do not.
    """

    commit: str
    constitution: Constitution | None = None
    frozen_by: str | None = None
    note: str | None = None


def kept_rules(
    repo: Repository,
    ledger: Ledger,
    matter: Matter,
    bench: Bench,
    *,
    read: Callable[[str], Constitution | None],
    vouched: Callable[[Entry], bool],
) -> KeptRules:
    """Tell which rules bind a review of a matter.

    Args:
        repo: the repository.
        ledger: its record; reading it verifies its chain.
        matter: what is reviewed.
        bench: the base and the moment.
        read: reads the constitution at a commit, ``None`` where it cannot be read whole.
        vouched: whether a ruling's entry is really the arbiter's (its signature).

    Raises:
        CaseError: the entries of the matter's case contradict each other.
        LedgerError: the ledger cannot be read or does not verify.
    """
    record = newest_case(ledger, matter).record
    law = record.law if record else None
    if record is None or law is None or record.state.ended or law.constitution == bench.constitution:
        return KeptRules(bench.base_tip)
    refused = _out_of_time(record, bench) or _of_another_base(repo, law, bench) or _unvouched(ledger, record, vouched)
    constitution = None if refused else read(law.commit)
    if refused is None and (constitution is None or constitution.digest != law.constitution):
        refused = f"what stands at {law.commit[:12]} is not the constitution that it was opened under"
    if refused is not None or constitution is None:
        return KeptRules(bench.base_tip, note=f"The rules at the base bind, not those of case {record.id}: {refused}")
    until = rfc3339(record.lapses_at)
    note = f"The rules at {law.commit[:12]} bind, as when case {record.id} was opened, until it ends or {until}"
    return KeptRules(law.commit, constitution, record.id, note)


def _out_of_time(record: CaseRecord, bench: Bench) -> str | None:
    """The entry's own due date is believed only so far as the law of the base would give it."""
    if bench.now < record.opened_at:
        return "it says that it was opened in the future"
    if record.is_due(bench.now) or bench.now >= record.opened_at + timedelta(days=bench.case_days):
        return "its time has passed"
    return None


def _of_another_base(repo: Repository, law: LawAtOpening, bench: Bench) -> str | None:
    if law.base_ref != bench.base_ref:
        return f"it was opened against another base ({law.base_ref})"
    if not stood_at(repo, bench.base_tip, law.commit):
        return f"the base never stood at {law.commit[:12]}, or its history was written anew"
    if came_back(repo, bench.base_tip, law.commit):
        return f"the base took back what changed the law at {law.commit[:12]}"
    return None


def _unvouched(ledger: Ledger, record: CaseRecord, vouched: Callable[[Entry], bool]) -> str | None:
    """The ruling that opened the case must stand in the record, name the same law, and be the arbiter's."""
    opening = record.history[0].details.get("ruling_id")
    law = record.law
    for entry in ledger.about(f"{RULING}:{opening}"):
        named = entry.body.get("law")
        same_law = isinstance(named, dict) and law is not None and named.get("commit") == law.commit
        if entry.kind == RULING and same_law and entry.body.get("case") == record.id and vouched(entry):
            return None
    return "no ruling of the arbiter vouches for it"
