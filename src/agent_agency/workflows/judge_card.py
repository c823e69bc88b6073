"""Measure one version of a judge and put its card on record, signed by the arbiter."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent_agency.canonical_json import digest_json
from agent_agency.clock import Clock, rfc3339
from agent_agency.errors import JudgeError, NotSignedError
from agent_agency.judging.cards.card import JudgeCard, read_card
from agent_agency.judging.cards.measuring import Effort, FirstChosen, Labelled, Tell, put_to_the_test
from agent_agency.judging.modes.mode_judge import ModeJudge
from agent_agency.ledger.entry import Entry

if TYPE_CHECKING:
    from agent_agency.attestation.keys import PublicKey
    from agent_agency.attestation.principals import Principals
    from agent_agency.attestation.signer import Ed25519Signer
    from agent_agency.workflows.record import Record

JUDGE_CARD = "judge_card"
"""The kind of entry, and of signed act, that holds a card."""


@dataclass(frozen=True, slots=True)
class Items:
    """Labelled subjects to measure with, and which part of the data they are."""

    labelled: Sequence[Labelled]
    split: str

    @property
    def digest(self) -> str:
        """``sha256:…`` over contents and labels, in order."""
        return digest_json([[one.subject.digest, one.truth] for one in self.labelled])


def measure_card(
    judge: ModeJudge,
    items: Items,
    effort: Effort,
    clock: Clock,
    first_chosen: FirstChosen | None,
    tell: Tell,
    asked: Mapping[str, str] = MappingProxyType({}),
) -> JudgeCard:
    """Put a judge to the test and write its card; ``asked`` says how it is asked where that is not the usual way.

    Raises:
        JudgeError: its prompt holds one of the items that it would be measured on.
        MissingExtraError: numpy is not installed.
    """
    from agent_agency.judging.canaries.injections import shipped_injections

    shown = {one.subject.digest for one in judge.prompt.demonstrations}
    known = [one.subject.id for one in items.labelled if one.subject.digest in shown]
    if known:
        raise JudgeError(
            f"The prompt of {judge.prompt.judge} shows {len(known)} of the items that it is to be measured on",
            fix="Measure it on items that it has not seen, or activate a prompt that was made from other ones.",
            code="judge.card_leak",
        )
    tested = put_to_the_test(judge, items.labelled, shipped_injections(), effort, first_chosen=first_chosen, tell=tell)
    engine = judge.engine
    return JudgeCard(
        judge=judge.prompt.judge,
        version=judge.version,
        prompt=judge.prompt.digest,
        engine=engine.name,
        identity=dict(engine.identity),
        parameters={**dataclasses.asdict(judge.parameters), **asked},
        language_model=engine.capabilities().language_model,
        items=items.digest,
        split=items.split,
        measured_at=rfc3339(clock.now()),
        measures=tested.measures,
        flipped=tested.flipped,
    )


def record_card(record: Record, card: JudgeCard, signer: Ed25519Signer) -> Entry:
    """Put a card on record.

    Raises:
        LedgerError: the ledger could not take it.
    """
    from agent_agency.attestation.arbiter_act import sign_arbiter_act

    algorithm, _, value = card.version.partition(":")
    envelope = sign_arbiter_act(
        JUDGE_CARD, [(f"judge {card.judge}", {algorithm: value})], {"card": card.as_dict()}, signer
    )
    return record.ledger.append(
        JUDGE_CARD, {"subject": subject_of(card.version), "judge": card.judge, "attestation": envelope}
    )


def cards_on_record(
    record: Record, principals: Principals, own: Collection[PublicKey], version: str | None = None
) -> tuple[JudgeCard, ...]:
    """The cards that the arbiter signed, the newest of each version, in the order of their recording.

    Of an entry only the signed statement is believed; one that does not verify, or whose key nobody vouches for, is no
    card. A card that is put on record once more stays where it was first, so that no old one returns in the place of
    a newer one.

    Args:
        record: the repository's record.
        principals: those at the base; only the keys of their arbiters count, and this user's own.
        own: this user's own arbiter key, where there is one.
        version: only cards of this version of a judge.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    entries = record.ledger.of_kinds((JUDGE_CARD,)) if version is None else record.ledger.about(subject_of(version))
    newest: dict[str, JudgeCard] = {}
    seen: set[str] = set()
    for entry in entries:
        card = _signed_card(entry, principals, own)
        if card is not None and version in {None, card.version} and card.digest not in seen:
            seen.add(card.digest)
            newest.pop(card.version, None)
            newest[card.version] = card
    return tuple(newest.values())


def subject_of(version: str) -> str:
    """The subject under which the ledger knows a version of a judge."""
    return f"judge_version:{version}"


def _signed_card(entry: Entry, principals: Principals, own: Collection[PublicKey]) -> JudgeCard | None:
    from agent_agency.attestation.arbiter_act import Standing, read_arbiter_act

    envelope: Any = entry.body.get("attestation")
    if entry.kind != JUDGE_CARD or not isinstance(envelope, dict):
        return None
    try:
        act = read_arbiter_act(envelope, JUDGE_CARD, principals, own)
        return None if act.standing is Standing.UNLISTED else read_card(act.statement.predicate.get("card"))
    except (NotSignedError, JudgeError):
        return None
