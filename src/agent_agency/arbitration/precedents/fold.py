"""How a precedent stands: a pure fold over the ledger's entries about it.

What counts is checked anew at every reading, against the principals that the reader's base lists: a promotion by a key
that is not listed there, by an author of the change, or for a ruling that is not on record, makes no precedent. An
overruling counts under the same conditions, for the overruling case. What does not count is told with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent_agency.arbitration.precedents.acts import (
    DistinctionAct,
    Overruling,
    Promotion,
    read_distinction,
    read_overruling,
    read_promotion,
)
from agent_agency.arbitration.precedents.model import (
    DISTINGUISHED,
    PRECEDENT_KINDS,
    PROMOTED,
    Distinction,
    Ignored,
    Precedent,
    RecordedRuling,
    Status,
)
from agent_agency.arbitration.precedents.similarity import alike, compare
from agent_agency.attestation.person import same_principal
from agent_agency.attestation.principals import Principal, Principals
from agent_agency.ledger.entry import Entry

PROMOTING_ROLES = ("approver", "reviewer")
QUORUM_TIER = 1
"""The risk tier whose precedents need the quorum of the law; any other needs one person."""

RulingOf = Callable[[str, str], RecordedRuling | None]
"""Gives the recorded ruling of an id and of the hash of the entry that records it."""


@dataclass(frozen=True, slots=True)
class Bench:
    """By what a reader judges: who is listed, how many must sign at which tier, the rulings on record, the time."""

    principals: Principals
    quorum: Mapping[int, int]
    ruling_of: RulingOf
    now: datetime


@dataclass(slots=True)
class _Reading:
    """What was read so far of one precedent."""

    promotion: Promotion | None = None
    seq: int = 0
    promoters: dict[str, None] = field(default_factory=dict)
    overrulers: dict[str, dict[str, str]] = field(default_factory=dict)
    distinctions: list[Distinction] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    last: int = 0


def fold(precedent: str, entries: Iterable[Entry], bench: Bench) -> Precedent | None:
    """Work out how a precedent stands.

    Args:
        precedent: its id.
        entries: the entries about it, in the order of the ledger; others are passed over.
        bench: by what it is judged.

    Returns:
        The precedent, or ``None`` where no entry proposes it.
    """
    reading = _Reading()
    named = f"precedent:{precedent}"
    for entry in entries:
        if entry.kind not in PRECEDENT_KINDS or entry.body.get("subject") != named:
            continue
        reading.last = entry.seq
        try:
            _read(reading, precedent, entry, bench)
        except ValueError as error:
            reading.ignored.append(Ignored(entry.seq, entry.kind, str(error)))
    if not reading.last:
        return None
    return _settled(precedent, reading, bench)


def promoted_by(entry: Entry, bench: Bench) -> tuple[Promotion, RecordedRuling, Principal]:
    """What a promotion that counts says, the ruling that it is about, and who signed it.

    Raises:
        ValueError: it counts for nothing; the message is a clause that says why.
    """
    principal, statement = _signed(entry, bench.principals)
    act = read_promotion(statement)
    _require(entry.body.get("subject") == f"precedent:{act.precedent}", "the promotion is of another precedent")
    ruling = _on_record(act, bench)
    _require_may(principal, ruling)
    return act, ruling, principal


def quorum_for(tier: int | None, quorum: Mapping[int, int]) -> int:
    """How many must sign: the quorum of the law at tier 1, its strictest where no tier is known, else one."""
    if tier is None:
        return max(quorum.values(), default=1)
    return quorum.get(QUORUM_TIER, 1) if tier == QUORUM_TIER else 1


def why_may_not(principal: Principal, ruling: RecordedRuling) -> str | None:
    """Why somebody's signature on an act about this ruling does not count, or ``None`` where it does."""
    if not set(PROMOTING_ROLES) & principal.roles:
        return f"{principal.name} is listed neither as approver nor as reviewer"
    if not ruling.authors:
        return f"the record does not say who wrote the change that {ruling.id} rules on"
    if any(same_principal(author, own) for author in ruling.authors for own in (principal.name, principal.address)):
        return f"{principal.name} is an author of the change that {ruling.id} rules on"
    return None


def _read(reading: _Reading, precedent: str, entry: Entry, bench: Bench) -> None:
    if entry.kind == PROMOTED:
        _promoted(reading, entry, bench)
        return
    principal, statement = _signed(entry, bench.principals)
    if entry.kind == DISTINGUISHED:
        _distinguished(reading, precedent, read_distinction(statement), entry, principal, bench)
    else:
        _overruled(reading, precedent, read_overruling(statement), principal, bench)


def _signed(entry: Entry, principals: Principals) -> tuple[Principal, Any]:
    from agent_agency.attestation.verify import verify_envelope
    from agent_agency.errors import NotSignedError

    if set(entry.body) != {"subject", "attestation"}:
        raise ValueError("the entry has not exactly a subject and an attestation")
    try:
        signed = verify_envelope(entry.body["attestation"], principals)
    except NotSignedError as error:
        raise ValueError(error.reason) from error
    return signed.principal, signed.statement


def _promoted(reading: _Reading, entry: Entry, bench: Bench) -> None:
    act, _, principal = promoted_by(entry, bench)
    if reading.promotion is None:
        reading.promotion, reading.seq = act, entry.seq
    reading.promoters[principal.name] = None


def _distinguished(
    reading: _Reading, precedent: str, act: DistinctionAct, entry: Entry, principal: Principal, bench: Bench
) -> None:
    _require(act.precedent == precedent, "the distinction is from another precedent")
    ruling = _on_record(act, bench)
    _require_may(principal, ruling)
    own = _own_ruling(reading, bench)
    if own is None or own.features is None or ruling.features is None:
        raise ValueError("the facts of one of the two cases are not on record")
    differing = compare(ruling.features, own.features, alike).differ
    _require(set(act.because) <= set(differing), "a fact that it rests on does not differ between the two cases")
    reading.distinctions.append(Distinction(act.ruling, act.because, principal.name, entry.seq))


def _overruled(reading: _Reading, precedent: str, act: Overruling, principal: Principal, bench: Bench) -> None:
    _require(act.precedent == precedent, "the overruling is of another precedent")
    _require(reading.promotion is not None, "no promotion of the precedent counts before it")
    ruling = _on_record(act, bench)
    _require_may(principal, ruling)
    if why := why_cannot_overrule(ruling, _own_ruling(reading, bench)):
        raise ValueError(why)
    _require(is_final(ruling, bench.now), f"the overruling case {ruling.id} is not final")
    reading.overrulers.setdefault(act.ruling, {}).setdefault(principal.name, act.reason)


def why_cannot_overrule(by: RecordedRuling, ruling: RecordedRuling | None) -> str | None:
    """Why a ruling cannot be the overruling case of a precedent: it is the same one, older, or about something else."""
    if ruling is None or by.features is None or ruling.features is None:
        return "the facts of one of the two cases are not on record"
    if by.id == ruling.id or by.seq <= ruling.seq:
        return f"{by.id} is no later ruling than the precedent's own"
    if not by.features.of("issue") & ruling.features.of("issue"):
        return f"{by.id} has no issue in common with the precedent"
    return None


def is_final(ruling: RecordedRuling, now: datetime) -> bool:
    """Whether a ruling stands for good."""
    return not ruling.replaced_by and ruling.final_from is not None and ruling.final_from <= now


def _on_record(act: Promotion | DistinctionAct | Overruling, bench: Bench) -> RecordedRuling:
    ruling = bench.ruling_of(act.ruling, act.ruling_entry)
    if ruling is None:
        raise ValueError(f"no ruling {act.ruling} is on record at the entry that it names")
    return ruling


def _own_ruling(reading: _Reading, bench: Bench) -> RecordedRuling | None:
    act = reading.promotion
    return bench.ruling_of(act.ruling, act.ruling_entry) if act else None


def _require_may(principal: Principal, ruling: RecordedRuling) -> None:
    if why := why_may_not(principal, ruling):
        raise ValueError(why)


def _require(holds: bool, why: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise ValueError(why)


def _settled(precedent: str, reading: _Reading, bench: Bench) -> Precedent:
    act = reading.promotion
    ruling = _own_ruling(reading, bench)
    if act is None or ruling is None:
        return Precedent(
            precedent, "", "", "", Status.VOID, reading.last, 1, ignored=tuple(reading.ignored), last=reading.last
        )
    needed = quorum_for(ruling.tier, bench.quorum)
    by, overrulers = max(reading.overrulers.items(), key=lambda found: len(found[1]), default=("", {}))
    overruled = len(overrulers) >= needed
    return Precedent(
        id=precedent,
        ruling=act.ruling,
        holding=act.holding,
        verdict=ruling.verdict,
        status=_status(ruling, len(reading.promoters) >= needed, overruled, bench.now),
        seq=reading.seq,
        needed=needed,
        promoters=tuple(reading.promoters),
        overruled_by=by if overruled else "",
        overruling_reason=next(iter(overrulers.values()), ""),
        overrulers=tuple(overrulers),
        distinctions=tuple(reading.distinctions),
        ignored=tuple(reading.ignored),
        last=reading.last,
        features=ruling.features,
        ruling_entry=act.ruling_entry,
    )


def _status(ruling: RecordedRuling, promoted: bool, overruled: bool, now: datetime) -> Status:  # noqa: FBT001
    if overruled:
        return Status.OVERRULED
    if ruling.replaced_by:
        return Status.SUPERSEDED
    if ruling.features is None:
        return Status.VOID
    if not promoted:
        return Status.PROPOSED
    return Status.IN_FORCE if is_final(ruling, now) else Status.DORMANT
