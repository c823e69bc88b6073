"""What a person at the command line has before them: the waivers that concern one base, and how each stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from agent_agency.arbitration.waivers.fold import fold, standing
from agent_agency.arbitration.waivers.force import quorum_of
from agent_agency.arbitration.waivers.lawful import Bounds
from agent_agency.arbitration.waivers.model import ENTRY_KINDS, Standing, WaiverRecord, WaiverState
from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import UsageError
from agent_agency.git import Repository
from agent_agency.spec.model import Waiver
from agent_agency.workflows.law import Law, read_law
from agent_agency.workflows.waiver_evidence import WaiverEvidence, read_evidence
from agent_agency.workflows.waiver_uses import uses_by_waiver

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principals
    from agent_agency.ledger.journal import Ledger

FOLDER = "agency"
LEAST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Desk:
    """The law of a base, the record, and every waiver with the acts about it.

    ``base`` is the name that was asked for, ``commit`` what it means. ``seen`` maps each subject to the newest entry
    about it, so that nobody signs over what they did not see.
    """

    repo: Repository
    base: str
    commit: str
    law: Law
    ledger: Ledger
    evidence: WaiverEvidence
    records: tuple[WaiverRecord, ...]
    seen: Mapping[str, int]
    uses: Mapping[str, int]
    now: datetime

    @property
    def principals(self) -> Principals:
        """Whom the base lists."""
        return self.law.principals

    @property
    def bounds(self) -> Bounds:
        """What the law at the base lets a waiver be."""
        law = self.law
        return Bounds.of(law.limits, law.policy, [gate.name for gate in law.config.gates], law.constitution.rules)

    def find(self, waiver_id: str, digest: str | None = None) -> WaiverRecord:
        """The waiver of an id; where several contents hold it, the one whose digest begins as given.

        Raises:
            UsageError: there is none, or more than one.
        """
        held = [record for record in self.records if record.waiver.id == waiver_id]
        found = held if digest is None else [record for record in held if _begins(record.digest, digest)]
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(record.digest.removeprefix("sha256:")[:12] for record in found)
            raise UsageError(f"{len(found)} waivers hold the id {waiver_id}: {shown}", fix="Name one with --digest.")
        if held:
            raise UsageError(f"No waiver {waiver_id} has the digest {digest!r}", fix="Leave --digest out.")
        gone = next((one for one in self.evidence.discarded if one.waiver_id == waiver_id), None)
        if gone is not None:
            raise UsageError(f"No waiver {waiver_id} counts: {gone.where}: {gone.why}", fix="Ask for it anew.")
        known = ", ".join(dict.fromkeys(record.waiver.id for record in self.records))
        fix = f"Those that there are: {known}." if known else "Ask for one with agency waiver request."
        raise UsageError(f"There is no waiver {waiver_id!r}", fix=fix)

    def standing_of(self, record: WaiverRecord) -> Standing:
        """How a waiver stands now; who the authors of a change are only a review can tell."""
        quorum = self.quorum_of(record.waiver)
        uses = self.uses_of(record.waiver.id)
        if self.evidence.signatures_needed:
            return standing(record, now=self.now, quorum=quorum, uses=uses)
        return _by_statement(record.waiver, self.now, quorum, uses)

    def uses_of(self, waiver_id: str) -> int:
        """How many changes needed the waiver so far."""
        return self.uses.get(waiver_id, 0)

    def quorum_of(self, waiver: Waiver) -> int:
        """How many must approve: by the tier of its spec, else as many as the strictest tier asks for."""
        specs = {spec.id: spec.result.spec for spec in self.law.specs}
        spec = specs.get(waiver.spec_id) if waiver.spec_id else None
        tiers = [spec.risk_tier] if spec else [1, 2, 3]
        return max(quorum_of(waiver, tier, self.bounds) for tier in tiers)


def open_desk(
    repo: Repository, base: str | None, clock: Clock, new_id: Callable[[], str], environment: Mapping[str, str]
) -> Desk:
    """Read everything about waivers that counts at a base; the usual one where none is named.

    Raises:
        UnknownRevisionError: the base means no commit.
        LedgerError: the record cannot be read or does not verify.
        UsageError: the law at the base cannot be read, so that nobody can be told to count.
    """
    from agent_agency.ledger.opening import open_ledger

    now = clock.now()
    named = base or repo.default_base()
    commit = repo.resolve(named)
    law = read_law(repo, commit, now)
    if law.problems:
        first = law.problems[0]
        place = first.place
        message = f"The law at {named} cannot be read: {first.message}"
        raise UsageError(message, fix=first.remedy, path=place.path, line=place.line, code="law.invalid")
    ledger = open_ledger(repo.common_dir / FOLDER, clock, new_id, environment)
    evidence = read_evidence(repo, commit, law.principals, ledger)
    if evidence.problem is not None:
        raise evidence.problem
    files = [result.waiver for result in law.waivers if result.waiver is not None]
    records = fold(files, evidence.acts)
    if not evidence.signatures_needed:
        stated = {(waiver.id, waiver.digest): waiver for waiver in files}
        records = tuple(replace(record, waiver=stated[record.waiver.id, record.digest]) for record in records)
    seen = {str(entry.body.get("subject")): entry.seq for entry in ledger.of_kinds(tuple(ENTRY_KINDS.values()))}
    return Desk(repo, named, commit, law, ledger, evidence, records, seen, uses_by_waiver(ledger), now)


def _begins(digest: str, asked: str) -> bool:
    digits = asked.removeprefix("sha256:")
    return len(digits) >= LEAST_DIGITS and digest.removeprefix("sha256:").startswith(digits)


def _by_statement(waiver: Waiver, now: datetime, quorum: int, uses: int) -> Standing:
    """How a waiver stands where the base lists no approver, so that what its file says counts."""
    state, why = WaiverState.APPROVED, None
    if waiver.status != "active":
        state, why = WaiverState.REVOKED, f"its status is {waiver.status}"
    elif waiver.expires_at <= now:
        state, why = WaiverState.EXPIRED, f"it expired at {rfc3339(waiver.expires_at)}"
    elif len(waiver.approvers) < quorum:
        state, why = WaiverState.PENDING, f"it names {len(waiver.approvers)} of the {quorum} approvers that it needs"
    elif waiver.max_uses is not None and uses >= waiver.max_uses:
        state, why = WaiverState.USED_UP, f"its {waiver.max_uses} use(s) are used up"
    return Standing(state, (), (), quorum, why)
