"""What is signed about an appeal, written and read: the filing and each review, as predicates of in-toto statements.

An appeal's id follows from what its appellant signed, so that it names one filing and no other. A predicate is read
strictly: exactly the known members, each of its type, so that nothing unread is ever signed along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent_agency.arbitration.appeals.model import LAST_LEVEL, Claim, Filing, Form, Ground, Review, Vote
from agent_agency.attestation.statement import Statement, make_statement
from agent_agency.canonical_json import digest_bytes, digest_json

FILING = "appeal"
REVIEW = "appeal_review"
MAX_CLAIMS = 20
MAX_EVIDENCE = 50
MAX_TEXT = 10_000

_FILING_MEMBERS = frozenset({"subject", "ruling", "ruling_entry", "ground", "reason", "claims", "nonce"})
_CLAIM_MEMBERS = frozenset({"form", "target", "value", "rule", "evidence"})
_REVIEW_MEMBERS = frozenset({"subject", "appeal", "level", "votes"})
_SHA256 = "sha256:"


def appeal_subject(appeal_id: str) -> str:
    """The subject under which the ledger keeps the entries about an appeal."""
    return f"appeal:{appeal_id}"


def ruling_subject(ruling_id: str) -> str:
    """The subject under which the ledger keeps the entries about a ruling."""
    return f"ruling:{ruling_id}"


def filing_statement(
    ruling: str, ruling_entry: str, ground: Ground, reason: str, claims: Sequence[Claim], nonce: str
) -> bytes:
    """The statement that an appellant signs.

    Args:
        ruling: the id of the ruling under appeal.
        ruling_entry: the hash of the entry that records it.
        ground: the ground of all claims.
        reason: for the reviewers to read; nothing is decided by it.
        claims: what is alleged.
        nonce: fresh random digits, so that the same words can be filed again after an appeal has lapsed.
    """
    predicate = {
        "ruling": ruling,
        "ruling_entry": ruling_entry,
        "ground": str(ground),
        "reason": reason,
        "claims": [_claim(claim) for claim in claims],
        "nonce": nonce,
    }
    subject = (ruling_subject(ruling), {"sha256": ruling_entry.removeprefix(_SHA256)})
    return make_statement(FILING, [subject], {**predicate, "subject": appeal_subject(_id_of(predicate))})


def read_filing(statement: Statement) -> Filing:
    """Read what `filing_statement` wrote.

    Raises:
        ValueError: it is no filing; the message is a clause that says why.
    """
    said = statement.predicate
    if statement.kind != FILING or set(said) != _FILING_MEMBERS:
        raise ValueError("the statement is no filing of an appeal")
    unsigned = {key: value for key, value in said.items() if key != "subject"}
    ident = _id_of(unsigned)
    if said["subject"] != appeal_subject(ident):
        raise ValueError("the appeal's id does not follow from what was signed")
    ruling, entry = _text(said["ruling"], "ruling"), _text(said["ruling_entry"], "ruling entry")
    _text(said["nonce"], "nonce")
    if statement.subjects != ((ruling_subject(ruling), {"sha256": entry.removeprefix(_SHA256)}),):
        raise ValueError("the statement is not about the ruling that it names")
    ground = Ground(_text(said["ground"], "ground"))
    claims = said["claims"]
    if not isinstance(claims, list) or not 1 <= len(claims) <= MAX_CLAIMS:
        raise ValueError(f"an appeal makes 1 to {MAX_CLAIMS} claims")
    read = tuple(_read_claim(claim) for claim in claims)
    if any(claim.form.ground is not ground for claim in read):
        raise ValueError("a claim does not belong to the ground that is stated")
    return Filing(ident, ruling, entry, ground, _text(said["reason"], "reason"), read)


def review_statement(
    appeal_id: str, payload_digest: str, level: int, votes: Sequence[Vote], reasons: Sequence[str]
) -> bytes:
    """The statement that a reviewer signs, over the digest of what the appellant signed."""
    predicate = {
        "subject": appeal_subject(appeal_id),
        "appeal": payload_digest,
        "level": level,
        "votes": [{"vote": str(vote), "reason": reason} for vote, reason in zip(votes, reasons, strict=True)],
    }
    subject = (appeal_subject(appeal_id), {"sha256": payload_digest.removeprefix(_SHA256)})
    return make_statement(REVIEW, [subject], predicate)


def read_review(statement: Statement) -> Review:
    """Read what `review_statement` wrote.

    Raises:
        ValueError: it is no review; the message is a clause that says why.
    """
    said = statement.predicate
    if statement.kind != REVIEW or set(said) != _REVIEW_MEMBERS:
        raise ValueError("the statement is no review of an appeal")
    digest, subject, level = _text(said["appeal"], "appeal"), _text(said["subject"], "subject"), said["level"]
    if statement.subjects != ((subject, {"sha256": digest.removeprefix(_SHA256)}),):
        raise ValueError("the statement is not about the appeal that it names")
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= LAST_LEVEL:
        raise ValueError("the review names no level")
    votes = said["votes"]
    if not isinstance(votes, list) or not 1 <= len(votes) <= MAX_CLAIMS:
        raise ValueError("the review has no votes")
    read = [_read_vote(vote) for vote in votes]
    return Review(digest, level, tuple(vote for vote, _ in read), tuple(reason for _, reason in read))


def payload_digest(statement: bytes) -> str:
    """The digest by which reviews name a filing."""
    return digest_bytes(statement)


def statement_bytes(statement: Statement) -> bytes:
    """The exact bytes of a statement that was read: it has one form only."""
    return make_statement(statement.kind, statement.subjects, statement.predicate)


def _id_of(predicate: Mapping[str, Any]) -> str:
    return "A-" + digest_json(predicate).removeprefix(_SHA256)[:20]


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "form": str(claim.form),
        "target": claim.target,
        "value": list(claim.value) if isinstance(claim.value, tuple) else claim.value,
        "rule": claim.rule,
        "evidence": list(claim.evidence),
    }


def _read_claim(value: Any) -> Claim:
    if not isinstance(value, Mapping) or set(value) != _CLAIM_MEMBERS:
        raise ValueError("a claim has not exactly the known members")
    evidence = value["evidence"]
    if not isinstance(evidence, list) or len(evidence) > MAX_EVIDENCE:
        raise ValueError(f"a claim names {MAX_EVIDENCE} pieces of evidence at most")
    digests = tuple(_text(digest, "evidence") for digest in evidence)
    if len(set(digests)) != len(digests):
        raise ValueError("a claim names a piece of evidence twice")
    told = value["value"]
    return Claim(
        form=Form(_text(value["form"], "form")),
        target=_text(value["target"], "target", may_be_empty=True),
        value=tuple(told) if isinstance(told, list) else told,
        rule=_text(value["rule"], "rule", may_be_empty=True),
        evidence=digests,
    )


def _read_vote(value: Any) -> tuple[Vote, str]:
    if not isinstance(value, Mapping) or set(value) != {"vote", "reason"}:
        raise ValueError("a vote has not exactly a vote and a reason")
    return Vote(_text(value["vote"], "vote")), _text(value["reason"], "reason")


def _text(value: Any, what: str, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not (value.strip() or may_be_empty):
        raise ValueError(f"the {what} is no text of 1 to {MAX_TEXT:,} characters")
    return value
