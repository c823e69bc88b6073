"""Appeals in words and as JSON: what is claimed, who has heard it, what followed, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent_agency.arbitration.appeals.model import Appeal, Appeals, Claim, State, Vote
from agent_agency.arbitration.appeals.panel import admitted_claims
from agent_agency.clock import rfc3339
from agent_agency.gates.outcome import counted
from agent_agency.report.text import clean, json_ready

EXIT_OK = 0
EXIT_STANDS = 1
EXIT_PEOPLE = 4
_PASSING = frozenset({"approved", "waived"})


@dataclass(frozen=True, slots=True)
class MattersOfRuling:
    """What became of one ruling on appeal: the appeal that it follows from, and those that were filed against it."""

    ruling: str
    follows_from: Appeal | None
    filed: tuple[Appeal, ...]

    @classmethod
    def of(cls, ruling: str, appeals: Appeals) -> MattersOfRuling:
        """Find them."""
        return cls(ruling, appeals.leading_to(ruling), appeals.of_ruling(ruling))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "follows_from": to_document(self.follows_from) if self.follows_from else None,
            "appeals": [to_document(appeal) for appeal in self.filed],
        }

    def lines(self) -> Iterator[str]:
        """For a person; nothing where it was never appealed."""
        if self.follows_from is None and not self.filed:
            return
        yield ""
        yield "Appeals"
        if self.follows_from is not None:
            before = self.follows_from
            yield f"  it follows from appeal {before.id} (level {before.level}) against ruling {before.ruling.id}"
        for appeal in self.filed:
            yield f"  {_became(appeal)}"


def _became(appeal: Appeal) -> str:
    result = appeal.result
    if result is None:
        waits = "waits for its reviewers" if appeal.open else "lapsed, and the ruling stands"
        return f"appeal {appeal.id} (level {appeal.level}) {waits}"
    return f"{result.outcome} by {result.ruling}: {result.verdict} (appeal {appeal.id}, level {appeal.level})"


def exit_code(appeal: Appeal) -> int:
    """4 while people must hear it, 0 when it ended in an approval, 1 when it ended otherwise or lapsed."""
    if appeal.open:
        return EXIT_PEOPLE
    if appeal.result is not None and appeal.result.outcome == "overturned" and appeal.result.verdict in _PASSING:
        return EXIT_OK
    return EXIT_STANDS


def to_document(appeal: Appeal, *, may_review: Sequence[str] = (), follows: str | None = None) -> dict[str, Any]:
    """One appeal as plain JSON data.

    Args:
        appeal: the appeal.
        may_review: the names of those who may still join the panel.
        follows: whether the recorded decision was made again to the same ruling: ``same``, ``differs`` or
            ``impossible``; ``None`` where it was not asked.
    """
    filing, result = appeal.filing, appeal.result
    return {
        "id": appeal.id,
        "state": str(appeal.state),
        "level": appeal.level,
        "ruling": appeal.ruling.id,
        "chain": [{"ruling": one.id, "verdict": one.verdict, "entry": one.entry} for one in appeal.chain],
        "ground": str(filing.ground),
        "reason": json_ready(filing.reason),
        "appellant": {"name": appeal.appellant, "standing": appeal.standing},
        "claims": [_claim(number, appeal) for number in range(len(filing.claims))],
        "panel": {
            "reviewers": appeal.size,
            "needed": appeal.needed,
            "reviews": [_review(appeal, number) for number in range(len(appeal.reviews))],
            "may_review": list(may_review),
        },
        "filed_at": rfc3339(appeal.filed_at),
        "due": rfc3339(appeal.due),
        "result": None
        if result is None
        else {
            "ruling": result.ruling,
            "outcome": str(result.outcome),
            "was": appeal.ruling.verdict,
            "verdict": result.verdict,
            "admitted": [number + 1 for number in result.admitted],
            "follows": follows,
            "decided_at": rfc3339(result.at),
            "closes": _moment(appeal.closes),
        },
        "ignored": [{"seq": one.seq, "kind": one.kind, "why": json_ready(one.why)} for one in appeal.ignored],
    }


def line(appeal: Appeal) -> str:
    """One appeal on one line."""
    result = appeal.result
    what = f"{appeal.ruling.verdict} -> {result.verdict}" if result else appeal.ruling.verdict
    return clean(
        f"{appeal.id}  {appeal.state.replace('_', ' ')}  level {appeal.level}  {appeal.ruling.id} ({what})"
        f"  {appeal.filing.ground.replace('_', ' ')}, by {appeal.appellant}"
    )


def lines(
    appeal: Appeal,
    looked_at: Mapping[str, str],
    *,
    may_review: Sequence[str] | None = None,
    follows: str | None = None,
) -> Iterator[str]:
    """One appeal for a person; no text in it can move a cursor or forge a line.

    ``looked_at`` says what the fingerprint of a finding stands for, and where the file of a digest lies. Who may still
    hear it, and what to type for that, is left out where ``may_review`` is ``None``: nobody looked.
    """
    yield line(appeal)
    yield f"  filed {rfc3339(appeal.filed_at)} as {appeal.standing}; to be heard by {rfc3339(appeal.due)}"
    yield clean(f"  reason: {appeal.filing.reason}")
    for number in range(len(appeal.filing.claims)):
        yield from _claim_lines(number, appeal, looked_at)
    yield (
        f"  panel: {len(appeal.reviews)} of {counted(appeal.size, 'reviewer')}; a claim is admitted by {appeal.needed}"
    )
    yield from _what_next(appeal, may_review)
    yield from _result_lines(appeal, follows)
    for one in appeal.ignored:
        yield clean(f"  entry {one.seq} ({one.kind}) counts for nothing: {one.why}")


def _claim(number: int, appeal: Appeal) -> dict[str, Any]:
    claim = appeal.filing.claims[number]
    told = list(claim.value) if isinstance(claim.value, tuple) else claim.value
    return {
        "number": number + 1,
        "form": str(claim.form),
        "target": json_ready(claim.target),
        "value": json_ready(told),
        "rule": claim.rule or None,
        "evidence": list(claim.evidence),
        "admitted": _admitted(number, appeal),
    }


def _admitted(number: int, appeal: Appeal) -> bool | None:
    if appeal.result is not None:
        return number in appeal.result.admitted
    if not appeal.heard:
        return None
    return number in admitted_claims(appeal.reviews, len(appeal.filing.claims), appeal.needed)


def _review(appeal: Appeal, number: int) -> dict[str, Any]:
    counted_review = appeal.reviews[number]
    review = counted_review.review
    return {
        "reviewer": counted_review.principal,
        "at": rfc3339(counted_review.at),
        "votes": [
            {"claim": place + 1, "vote": str(vote), "reason": json_ready(reason)}
            for place, (vote, reason) in enumerate(zip(review.votes, review.reasons, strict=True))
        ],
    }


def _claim_lines(number: int, appeal: Appeal, looked_at: Mapping[str, str]) -> Iterator[str]:
    claim = appeal.filing.claims[number]
    admitted = _admitted(number, appeal)
    word = "" if admitted is None else ": admitted" if admitted else ": refused"
    yield clean(f"  claim {number + 1}: {_told(claim)}{word}")
    if claim.form == "false_positive" and claim.target in looked_at:
        yield clean(f"    the finding says: {looked_at[claim.target]}")
    for digest in claim.evidence:
        yield clean(f"    evidence {looked_at.get(digest, digest)}")
    for one in appeal.reviews:
        vote, reason = one.review.votes[number], one.review.reasons[number]
        yield clean(f"    {one.principal} {'admits' if vote is Vote.ADMIT else 'refuses'} it: {reason}")


def _told(claim: Claim) -> str:
    what = {
        "measurement": f"{', '.join(_names(claim.value))} measured anew by ruling {claim.target}",
        "false_positive": f"finding {claim.target} is false",
        "fact": f"{claim.target} is {claim.value}",
        "fact_contradicted": f"{claim.target} is {claim.value}, as the ruling's own evidence says",
        "rule_not_in_force": f"{claim.target} was not in force on the day of the record",
        "waiver_wrongly_applied": f"waiver {claim.target} should not have counted",
        "waiver_not_applied": f"waiver {claim.target} was in force and did not count",
        "wrong_law": f"the law and spec of ruling {claim.target} should have been applied",
    }[claim.form]
    return f"{what} (outcome of {claim.rule})" if claim.rule else what


def _names(value: Any) -> Sequence[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []


def _what_next(appeal: Appeal, may_review: Sequence[str] | None) -> Iterator[str]:
    if may_review is None or not appeal.open:
        return
    names = ", ".join(may_review) or "nobody whom the base lists"
    yield clean(f"  may review it: {names}")
    if len(may_review) + len(appeal.reviews) < appeal.size:
        yield "  there are too few of them: the appeal lapses unless the base lists more reviewers in time"
    yield f"  next: agency appeal review {appeal.id} --admit all --reason '...'   or --refuse"


def _result_lines(appeal: Appeal, follows: str | None) -> Iterator[str]:
    result = appeal.result
    if appeal.state is State.LAPSED:
        yield f"  it lapsed: the panel was not full in time, and the ruling {appeal.ruling.id} stands"
    if result is None:
        return
    yield f"  {result.outcome}: {appeal.ruling.verdict} -> {result.verdict}, by ruling {result.ruling}"
    if follows is not None:
        yield f"  heard again from what is stored: {_FOLLOWS.get(follows, follows)}"
    if appeal.state is State.FINAL:
        yield "  final"
    elif appeal.closes is not None:
        yield f"  ruling {result.ruling} can be appealed until {rfc3339(appeal.closes)}"


_FOLLOWS = {
    "same": "the same ruling follows",
    "differs": "ANOTHER RULING FOLLOWS",
    "impossible": "impossible, as something that it rests on is gone",
}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
