"""What a review answers when the very ruling that it comes to was appealed.

A review measures, and measures the same again. Where an appeal replaced that ruling, the appeal's ruling is the answer.
Nothing of it is believed: who voted is read from signatures of principals whom the review's own base lists, the case
that they heard must be the one that was just measured, and each level is heard again from what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.appeals.model import Appeal, AppealedRuling, Appeals, Court, Outcome
from agent_agency.arbitration.case_file import Case, decision_bytes
from agent_agency.arbitration.ruling import Ruling, Verdict
from agent_agency.canonical_json import digest_bytes
from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import AppealError
from agent_agency.git import Repository
from agent_agency.ledger.entry import Entry
from agent_agency.workflows.appeal_sources import AppealSources, parties_of
from agent_agency.workflows.appeals import Registry, read_matter
from agent_agency.workflows.record import Record
from agent_agency.workflows.record_ruling import Examined, signed_by
from agent_agency.workflows.ruling_members import gate_digest, outcome_digest

if TYPE_CHECKING:
    from agent_agency.attestation.signer import Ed25519Signer

NOT_FOLLOWED = "it does not follow from what is stored"
OTHER_CASE = "it heard another case than the one that was measured"
_APPROVING = frozenset({Verdict.APPROVED, Verdict.WAIVED})


@dataclass(frozen=True, slots=True)
class AppealAnswer:
    """What became of a ruling on appeal.

    ``ruling`` is the one that stands instead of the measured one, ``None`` where that stands. ``appeals`` are the
    appeals of the matter, level by level, as plain JSON data (member ``on_appeal.appeals`` of a ruling's document).
    """

    ruling: Ruling | None
    appeals: tuple[Mapping[str, Any], ...]

    @property
    def settles(self) -> bool:
        """Whether the change is approved all the same, so that nothing is left open about it."""
        return self.ruling is not None and self.ruling.decision.verdict in _APPROVING

    def told_with(self, measured: Ruling) -> Ruling:
        """The ruling to answer, with what was measured and what became of it."""
        decision = measured.decision
        told = {
            "measured": {
                "ruling_id": measured.ruling_id,
                "verdict": str(decision.verdict),
                "exit_code": decision.exit_code,
                "reasons": list(decision.reasons),
            },
            "appeals": [dict(appeal) for appeal in self.appeals],
        }
        return replace(self.ruling or measured, on_appeal=told)


def answer_on_appeal(
    repo: Repository,
    record: Record,
    examined: Examined,
    clock: Clock,
    new_id: Callable[[], str],
    arbiter: Callable[[], Ed25519Signer],
) -> AppealAnswer | None:
    """What became of the ruling that a review came to; ``None`` where the very same ruling was never appealed.

    Args:
        repo: the repository.
        record: its record; the caller refuses one that contradicts its anchors.
        examined: what the review measured and ruled.
        clock: tells which appeals have lapsed.
        new_id: gives fresh random digits.
        arbiter: the key that signs rulings; nothing is signed here.

    Raises:
        LedgerError: the ledger cannot be read or does not verify.
    """
    sources = SourcesAtBase(repo, record, examined.subject.law_commit)
    registry = Registry(repo, record, sources, clock, new_id, arbiter)
    steps = tuple(_Walk(registry, examined).steps(read_matter(registry, ruling=examined.ruling.ruling_id)))
    if not steps:
        return None
    changed = any(step.ruling is not None and step.appeal.result is not None and _overturned(step) for step in steps)
    last = next((step.ruling for step in reversed(steps) if step.ruling is not None), None)
    return AppealAnswer(last if changed else None, tuple(map(_told, steps)))


class SourcesAtBase(AppealSources):
    """What appeals ask for, with the base of one review for the court: nobody counts whom that base does not list."""

    def __init__(self, repo: Repository, record: Record, base: str) -> None:
        super().__init__(repo, record)
        self._base = base

    def court(self, root: AppealedRuling, commit: str | None) -> Court | None:  # noqa: ARG002 - the base decides alone
        """The court at the review's base."""
        return super().court(root, self._base)


@dataclass(frozen=True, slots=True)
class _Step:
    """An appeal against the ruling or one that followed; ``ruling`` is what it led to, ``why`` why nothing counts."""

    appeal: Appeal
    ruling: Ruling | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes from the measured ruling up, level by level, as far as everything follows."""

    registry: Registry
    examined: Examined

    def steps(self, appeals: Appeals) -> Iterator[_Step]:
        """The appeals of the matter, each with the ruling that it led to."""
        below = self.examined.ruling.ruling_id
        heard: Ruling | None = None
        while True:
            against = appeals.of_ruling(below)
            yield from (_Step(appeal) for appeal in against if appeal.result is None)
            decided = next((appeal for appeal in against if appeal.result is not None), None)
            if decided is None or decided.result is None:
                return
            step = self._followed(decided, heard)
            yield step
            if step.ruling is None:
                return
            heard, below = step.ruling, decided.result.ruling

    def _followed(self, appeal: Appeal, below: Ruling | None) -> _Step:
        """Hear a decided appeal again; ``below`` is what the level before led to, none for what was measured."""
        from agent_agency.workflows.appeal_hearing import hear

        try:
            same = self._is_measured(appeal) if below is None else appeal.ruling.case == digest_bytes(below.case_file)
            if not same:
                return _Step(appeal, why=OTHER_CASE)
            ruling = hear(self.registry, appeal).ruling
        except AppealError as error:
            return _Step(appeal, why=error.message)
        entry = self._recorded(appeal, ruling)
        return _Step(appeal, why=NOT_FOLLOWED) if entry is None else _Step(appeal, self._placed(ruling, entry))

    def _is_measured(self, appeal: Appeal) -> bool:
        """Whether the case that was heard is the measured one in all that decides, and has the same parties.

        One ruling id may be recorded by several entries, and one that is signed by a key which counts only because the
        base lists no arbiter could hold another case.
        """
        own, under = self.examined.ruling, appeal.ruling
        entry = next((one for one in self._entries(under.id) if one.hash == under.entry), None)
        if entry is None or entry.body.get("inputs_digest") != own.inputs_digest:
            return False
        if under.parties != parties_of(self.registry.record.document_of(own)):
            return False
        return _decisive(self.registry.sources.recorded_case(entry).case) == _decisive(self.examined.case)

    def _recorded(self, appeal: Appeal, ruling: Ruling) -> Entry | None:
        """The arbiter's entry of the ruling that follows, where the recorded result is that one."""
        result = appeal.result
        if result is None or (result.ruling, result.verdict) != (ruling.ruling_id, str(ruling.decision.verdict)):
            return None
        expected = {
            "verdict": result.verdict,
            "case_file": digest_bytes(ruling.case_file),
            "decision": digest_bytes(decision_bytes(ruling.decision)),
            "appeal_of": ruling.appeal_of,
        }
        entries = reversed(self._entries(result.ruling))
        return next((one for one in entries if expected.items() <= dict(one.body).items()), None)

    def _entries(self, ruling_id: str) -> tuple[Entry, ...]:
        """The entries of a ruling that are the arbiter's by the law at the review's base."""
        base = self.examined.subject.law_commit
        found = self.registry.sources.entries_of(ruling_id)
        return tuple(entry for entry in found if (entry.body.get("law") or {}).get("commit") == base)

    def _placed(self, ruling: Ruling, entry: Entry) -> Ruling:
        """The ruling as it is recorded: where, when and by whom."""
        document = self.registry.sources.document(entry) or {}
        key_id = entry.body["attestation"]["signatures"][0]["keyid"]
        return replace(
            ruling,
            reviewed_at=str(document.get("reviewed_at", ruling.reviewed_at)),
            ledger=self.registry.record.place(entry),
            signed_by=signed_by(key_id, self.examined.measurements.law.principals),
        )


def _decisive(case: Case) -> tuple[Any, ...]:
    """What of a case decides; the words of a tool may differ from run to run."""
    gates = sorted(map(gate_digest, case.gates), key=lambda told: str(told[0]))
    return (case.constitution.digest, gates, sorted(map(outcome_digest, case.outcomes)), case.decide().verdict)


def _overturned(step: _Step) -> bool:
    result = step.appeal.result
    return result is not None and result.outcome is Outcome.OVERTURNED


def _told(step: _Step) -> dict[str, Any]:
    appeal, result = step.appeal, step.appeal.result
    return {
        "id": appeal.id,
        "level": appeal.level,
        "state": str(appeal.state),
        "of": appeal.ruling.id,
        "due": rfc3339(appeal.due),
        "outcome": str(result.outcome) if result else None,
        "ruling": result.ruling if result else None,
        "verdict": result.verdict if result else None,
        "counts": step.ruling is not None,
        "why_not": step.why,
    }
