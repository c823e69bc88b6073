"""A ruling as a signed statement: what is signed, and reading it back.

``docs/reference/attestation.md`` documents the members of the predicate.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from agent_agency.attestation.arbiter_act import ArbiterAct, read_arbiter_act, sign_arbiter_act
from agent_agency.attestation.keys import PublicKey
from agent_agency.attestation.principals import Principals
from agent_agency.attestation.signer import Ed25519Signer
from agent_agency.attestation.statement import Subject
from agent_agency.errors import NotSignedError

KIND = "ruling"

_AS_THEY_ARE = ("ruling_id", "verdict", "caws_verdict", "inputs_digest", "reviewed_at", "base")
_RECORDED = ("subject", "ruling_id", "verdict", "caws_verdict", "inputs_digest", "base")
_LAW = ("commit", "constitution")
_STORED = ("document", "case_file", "constitution", "decision")


def sign_ruling(document: Mapping[str, Any], signer: Ed25519Signer) -> dict[str, Any]:
    """Sign a ruling; the answer is a JSON-ready envelope.

    Args:
        document: the ruling's document, with the digests under which its document, case file, constitution and
            decision are stored.
        signer: the arbiter's.

    Raises:
        ValueError: the document names neither a commit nor a tree.
    """
    return sign_arbiter_act(KIND, _subjects(document["head"]), _predicate(document), signer)


def read_ruling(
    envelope: Mapping[str, Any], ruling_id: str, principals: Principals, own: Collection[PublicKey] = ()
) -> ArbiterAct:
    """Verify the signature over a ruling.

    Raises:
        NotSignedError: it does not verify, its key may not count, or it is over another ruling.
    """
    act = read_arbiter_act(envelope, KIND, principals, own)
    if act.statement.predicate.get("ruling_id") != ruling_id:
        raise NotSignedError("the signature is over another ruling")
    return act


def read_recorded_ruling(
    body: Mapping[str, Any], principals: Principals, own: Collection[PublicKey] = ()
) -> ArbiterAct:
    """Verify the signature over a recorded ruling, and that what is recorded is what was signed.

    Args:
        body: of the ruling's entry, with the envelope under ``attestation``.
        principals: those at the base.
        own: this user's own arbiter key, where there is one.

    Raises:
        NotSignedError: there is no signature, it does not verify, its key may not count, or it is over another ruling.
    """
    envelope = body.get("attestation")
    if not isinstance(envelope, Mapping):
        raise NotSignedError("it carries no signature")
    act = read_ruling(envelope, str(body.get("ruling_id")), principals, own)
    said = act.statement.predicate
    recorded = {name: body.get(name) for name in _RECORDED}
    signed = {name: said.get(name) for name in _RECORDED} | {"evidence": said.get("evidence")}
    if signed != {**recorded, "evidence": {name: body.get(name) for name in _STORED}}:
        raise NotSignedError("the signature is over another ruling than the one that is recorded")
    law = _members(body, "law")
    if said.get("law") != {name: law.get(name) for name in _LAW}:
        raise NotSignedError("the signature is over a ruling by another law than the recorded one")
    if act.statement.subjects != _subjects(_members(body, "head")):
        raise NotSignedError("the signature is over another commit or tree than the recorded one")
    return act


def _members(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A member of an entry that has members itself; whoever wrote the entry may have put anything there."""
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}


def _subjects(head: Mapping[str, Any]) -> tuple[Subject, ...]:
    """What was ruled on: the commit, where it was committed, and the tree."""
    subjects: list[Subject] = []
    for name, member, algorithm in (("commit", "commit", "gitCommit"), ("tree", "tree", "gitTree")):
        if head.get(member):
            subjects.append((name, {algorithm: head[member]}))
    return tuple(subjects)


def _predicate(document: Mapping[str, Any]) -> dict[str, Any]:
    spec = document.get("spec")
    return {
        "subject": f"{KIND}:{document['ruling_id']}",
        **{name: document[name] for name in _AS_THEY_ARE},
        "evidence": {name: document.get(name) for name in _STORED},
        "change": document["change"]["digest"],
        "law": {name: document["law"].get(name) for name in _LAW},
        "spec": {name: spec[name] for name in ("id", "digest")} if spec else None,
        "waivers": [{"id": waiver["id"], "digest": waiver["digest"]} for waiver in document["waivers"]],
        "tool_version": document["tool"]["version"],
    }
