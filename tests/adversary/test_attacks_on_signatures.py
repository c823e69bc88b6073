"""Acts that somebody signed, bent into other acts or into a second encoding of the same act."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adversary.harness import Attack, Defence, Scene, check, names
from agent_agency.attestation import envelope as envelopes
from agent_agency.attestation.arbiter_act import read_arbiter_act, sign_arbiter_act
from agent_agency.attestation.ed25519 import check_ed25519
from agent_agency.attestation.envelope import Envelope, Signature, SignatureForm, write_envelope
from agent_agency.attestation.keys import HARDWARE, PublicKey, ssh_string
from agent_agency.attestation.principals import Principals
from agent_agency.attestation.signer import sign_statement
from agent_agency.attestation.statement import make_statement
from agent_agency.attestation.verify import verify_envelope
from agent_agency.errors import NotSignedError
from support.git_repo import GitRepo
from support.principals import listed, make_principal

ANN = make_principal("ann", ["approver"])
MALLORY = make_principal("mallory", ["agent"])
JUDGE = make_principal("judge", ["arbiter"])
ORDER = 2**252 + 27742317777372353535851937790883648493
SUBJECT = ("waiver", {"sha256": "ab" * 32})
STATEMENT = make_statement("waiver_approval", [SUBJECT], {"subject": "waiver:WV-1"})
TOUCHED, UNTOUCHED = 1, 0


def _nothing(*_: Any) -> None:
    """A check that checks nothing."""


def _always(*_: Any) -> bool:
    return True


def _counts(envelope: Mapping[str, Any], people: Principals | None = None) -> bool:
    try:
        verify_envelope(envelope, people or listed(ANN))
    except NotSignedError:
        return False
    return True


def _genuine() -> dict[str, Any]:
    return sign_statement(STATEMENT, ANN.signer)


def _with_signature(**members: Any) -> dict[str, Any]:
    made = _genuine()
    return {**made, "signatures": [{**made["signatures"][0], **members}]}


def a_signature_with_a_larger_half(_: Scene) -> bool:
    """The order of the curve added to a signature's second half: other bytes, the same act."""
    value = base64.b64decode(_genuine()["signatures"][0]["sig"])
    larger = (int.from_bytes(value[32:], "little") + ORDER).to_bytes(32, "little")
    return _counts(_with_signature(sig=base64.b64encode(value[:32] + larger).decode()))


def _reduces_first(point: bytes, signature: bytes, data: bytes) -> None:
    half = int.from_bytes(signature[32:], "little") % ORDER
    check_ed25519(point, signature[:32] + half.to_bytes(32, "little"), data)


def a_signature_over_a_bare_file(_: Scene) -> bool:
    """Ann signed a file of these bytes for another tool; her signature is put over them as an act."""
    signature = replace(ANN.signer.sign(STATEMENT), form=SignatureForm.ED25519)
    return _counts(write_envelope(Envelope(STATEMENT, signature)))


def another_payload_type(_: Scene) -> bool:
    """The type of the payload changed, which no signature as it is checked here covers."""
    return _counts({**_genuine(), "payloadType": "application/json"})


def a_second_signature(_: Scene) -> bool:
    """A signature of the agent's own beside the genuine one, so that one approval looks like two."""
    made, other = _genuine(), sign_statement(STATEMENT, MALLORY.signer)
    return _counts({**made, "signatures": [*made["signatures"], *other["signatures"]]})


def _the_first(signatures: Any) -> Any:
    return signatures[0]


def a_member_more(_: Scene) -> bool:
    """A member that nobody signed, beside those that are read."""
    return _counts({**_genuine(), "approved_by": "everybody"})


def white_space_in_base64(_: Scene) -> bool:
    """The same signature with a line feed in its base64, so that its entry has other bytes."""
    sig = _genuine()["signatures"][0]["sig"]
    return _counts(_with_signature(sig=f"{sig[:40]}\n{sig[40:]}"))


def the_url_alphabet(_: Scene) -> bool:
    """The same payload in the alphabet for URLs and without padding."""
    payload = make_statement("waiver_approval", [SUBJECT], {"note": "~~~???>>>"})
    made = sign_statement(payload, ANN.signer)
    other = made["payload"].replace("+", "-").replace("/", "_").rstrip("=")
    assert other != made["payload"]
    return _counts({**made, "payload": other})


def _lenient(text: str, what: str) -> bytes:
    del what
    return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "==")


def unused_bits_in_base64(_: Scene) -> bool:
    """The same signature with bits set in its last digit that no byte takes in."""
    sig = _genuine()["signatures"][0]["sig"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert sig.endswith("==")
    last = alphabet[alphabet.index(sig[-3]) | 0b1111]
    other = f"{sig[:-3]}{alphabet[alphabet.index(sig[-3]) ^ 1] if last == sig[-3] else last}=="
    return _counts(_with_signature(sig=other))


def a_member_given_twice(_: Scene) -> bool:
    """A payload that Ann was shown by its first member, and that is read by its last."""
    twice = STATEMENT.replace(b'{"subject":"waiver:WV-1"}', b'{"subject":"waiver:WV-1","subject":"waiver:WV-2"}')
    return _read_about_another(twice)


def _read_about_another(payload: bytes) -> bool:
    signature = ANN.signer.sign(envelopes.pre_authentication_encoding(payload))
    try:
        signed = verify_envelope(write_envelope(Envelope(payload, signature)), listed(ANN))
    except NotSignedError:
        return False
    return bool(signed.statement.predicate["subject"] == "waiver:WV-2")


def one_kind_of_act_for_another(_: Scene) -> bool:
    """A head of the ledger that the arbiter never signed, from a signed note that says the same words."""
    head = {"chain": "a" * 32, "seq": 3, "hash": "sha256:" + "b" * 64, "time": "2026-01-31T08:00:00.000Z"}
    subject = ("ledger:" + "a" * 32, {"sha256": "b" * 64})
    note = sign_arbiter_act("note", [subject], head, JUDGE.signer)
    try:
        read_arbiter_act(note, "ledger_head", listed(JUDGE))
    except NotSignedError:
        return False
    return True


def _ssh_signature(
    key: PublicKey,
    *,
    namespace: bytes = b"agent-agency",
    hash_name: str = "sha512",
    embedded: PublicKey | None = None,
    flags: int = TOUCHED,
) -> dict[str, Any]:
    """What a program that keeps Ann's key would make when it is asked for a signature of this kind."""
    data = envelopes.pre_authentication_encoding(STATEMENT)
    digest = hashlib.new(hash_name, data, usedforsecurity=False).digest()
    named = (namespace, b"", hash_name.encode(), digest)
    signed = b"SSHSIG" + b"".join(map(ssh_string, named))
    rest = b""
    if key.type == HARDWARE:
        rest = bytes([flags]) + (7).to_bytes(4, "big")
        signed = hashlib.sha256(key.application.encode()).digest() + rest + hashlib.sha256(signed).digest()
    inner = ssh_string(key.type.encode()) + ssh_string(ANN.signer.sign(signed).value) + rest
    outer = ((embedded or key).blob, namespace, b"", hash_name.encode(), inner)
    blob = b"SSHSIG" + (1).to_bytes(4, "big") + b"".join(map(ssh_string, outer))
    return write_envelope(Envelope(STATEMENT, Signature(key.key_id, blob, SignatureForm.SSHSIG)))


def a_signature_for_another_program(_: Scene) -> bool:
    """The same bytes, which an agent that holds Ann's key signed as a file for another program."""
    return _counts(_ssh_signature(ANN.signer.public_key, namespace=b"file"))


def a_signature_over_a_weak_hash(_: Scene) -> bool:
    """A signature over the MD5 of the act, so that another act with the same MD5 would do."""
    return _counts(_ssh_signature(ANN.signer.public_key, hash_name="md5"))


def _any_hash(hash_name: bytes, message: bytes) -> bytes:
    return hashlib.new(hash_name.decode(), message, usedforsecurity=False).digest()


def another_key_inside_the_signature(_: Scene) -> bool:
    """A signature of Ann's whose blob names the agent's key: the blob's own word is signed by nobody."""
    return _counts(_ssh_signature(ANN.signer.public_key, embedded=MALLORY.signer.public_key))


def a_hardware_key_that_nobody_touched(_: Scene) -> bool:
    """A signature that a program had from a key that was plugged in, without anybody at the machine."""
    key = PublicKey(HARDWARE, ANN.signer.public_key.point, "ssh:")
    people = Principals((replace(ANN.principal, keys=(key,)),))
    assert _counts(_ssh_signature(key), people), "a touched key signs"
    return _counts(_ssh_signature(key, flags=UNTOUCHED), people)


ATTACKS = (
    Attack(
        "a signature with a larger half",
        a_signature_with_a_larger_half,
        Defence("attestation.verify:check_ed25519", _reduces_first),
    ),
    Attack(
        "a signature over a bare file",
        a_signature_over_a_bare_file,
        Defence("attestation.verify:pre_authentication_encoding", bytes),
    ),
    Attack("another payload type", another_payload_type, Defence("attestation.envelope:_is_statement", _always)),
    Attack("a second signature", a_second_signature, Defence("attestation.envelope:_only", _the_first)),
    Attack("a member more", a_member_more, Defence("attestation.envelope:_has_exactly", _always)),
    Attack("white space in base64", white_space_in_base64, Defence("attestation.envelope:_decoded", _lenient)),
    Attack("the alphabet for URLs", the_url_alphabet, Defence("attestation.envelope:_decoded", _lenient)),
    Attack("unused bits in base64", unused_bits_in_base64, Defence("attestation.envelope:_decoded", _lenient)),
    Attack("a member given twice", a_member_given_twice, Defence("attestation.statement:parse_canonical", json.loads)),
    Attack(
        "one kind of act for another",
        one_kind_of_act_for_another,
        Defence("attestation.arbiter_act:_refuse_other_kind", _nothing),
    ),
    Attack(
        "a signature for another program",
        a_signature_for_another_program,
        Defence("attestation.sshsig:_refuse_other_namespace", _nothing),
    ),
    Attack(
        "a signature over a weak hash", a_signature_over_a_weak_hash, Defence("attestation.sshsig:_digest", _any_hash)
    ),
    Attack(
        "another key inside the signature",
        another_key_inside_the_signature,
        Defence("attestation.sshsig:_refuse_other_key", _nothing),
    ),
    Attack(
        "a hardware key that nobody touched",
        a_hardware_key_that_nobody_touched,
        Defence("attestation.sshsig:_refuse_untouched", _nothing),
    ),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_signatures(attack: Attack, tmp_path: Path) -> None:
    check(attack, lambda _: Scene(tmp_path, GitRepo(tmp_path)))
