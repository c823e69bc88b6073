"""Who signed: one encoding of each envelope, and only keys that are listed."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.attestation.arbiter_act import Standing, read_arbiter_act, sign_arbiter_act
from agent_agency.attestation.principals import Principals
from agent_agency.attestation.signer import sign_statement
from agent_agency.attestation.statement import make_statement
from agent_agency.attestation.verify import verify_envelope
from agent_agency.canonical_json import canonical_json
from agent_agency.errors import NotSignedError
from support.principals import listed, make_principal

ADA = make_principal("ada", ["approver"])
BEN = make_principal("ben", ["requester"])
JUDGE = make_principal("judge", ["arbiter"])
BASE = listed(ADA, BEN)
SUBJECTS = [("waiver:1", {"sha256": "ab" * 32})]
STATEMENT = make_statement("waiver_approval", SUBJECTS, {"subject": "waiver:1"})
ENVELOPE = sign_statement(STATEMENT, ADA.signer)
L = 2**252 + 27742317777372353535851937790883648493


def changed(**members: Any) -> dict[str, Any]:
    envelope = copy.deepcopy(ENVELOPE)
    signature = {name: value for name, value in members.items() if name in {"keyid", "sig", "form", "x"}}
    envelope["signatures"][0].update(signature)
    envelope.update({name: value for name, value in members.items() if name not in signature})
    return envelope


def refused(envelope: Any, principals: Principals = BASE) -> str:
    with pytest.raises(NotSignedError) as told:
        verify_envelope(envelope, principals)
    assert told.value.fix
    return told.value.reason


def test_a_signed_statement_tells_who_signed_it() -> None:
    signed = verify_envelope(ENVELOPE, BASE)
    assert (signed.principal.name, signed.key_id) == ("ada", ADA.signer.key_id)
    assert signed.statement.kind == "waiver_approval"
    assert verify_envelope(json.loads(json.dumps(ENVELOPE)), BASE) == signed


def test_securesystemslib_verifies_it() -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer._key import SSlibKey

    key_id, point = ADA.signer.key_id, ADA.signer.public_key.point
    key = SSlibKey(key_id, "ed25519", "ed25519", {"public": point.hex()})
    read = Envelope.from_dict(copy.deepcopy(ENVELOPE))
    assert read.payload == STATEMENT
    assert set(read.verify([key], 1)) == {key_id}
    broken = Envelope.from_dict(changed(payload=base64.b64encode(STATEMENT[:-1] + b" ").decode()))
    with pytest.raises(VerificationError):
        broken.verify([key], 1)


def test_a_key_that_the_base_does_not_list_is_worthless() -> None:
    own = make_principal("ada", ["approver"])
    assert verify_envelope(sign_statement(STATEMENT, own.signer), listed(ADA)).principal.name == "ada"
    made_by_an_agent = make_principal("ada-made-by-an-agent", ["approver"])
    assert "not among" in refused(sign_statement(STATEMENT, made_by_an_agent.signer))
    assert "not among" in refused(ENVELOPE, Principals())


def test_a_signature_under_another_listed_name_does_not_verify() -> None:
    assert "does not verify" in refused(changed(keyid=BEN.signer.key_id))


def test_a_signature_over_one_act_does_not_count_for_another() -> None:
    other = make_statement("waiver_denial", SUBJECTS, {"subject": "waiver:1"})
    assert "does not verify" in refused(changed(payload=base64.b64encode(other).decode()))


SIG = ENVELOPE["signatures"][0]["sig"]
PAYLOAD = ENVELOPE["payload"]


def twin(text: str) -> str:
    """Other characters that a lax reader takes for the same bytes: the unused bits of the last one are set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    body = text.rstrip("=")
    other = body[:-1] + alphabet[alphabet.index(body[-1]) ^ 1] + text[len(body) :]
    assert base64.b64decode(other) == base64.b64decode(text)
    return other


def padded_statement() -> str:
    """A signed payload whose base64 ends in padding."""
    for length in range(3):
        data = make_statement("act", SUBJECTS, {"x": "x" * length})
        if len(data) % 3:
            return base64.b64encode(data).decode()
    raise AssertionError


def test_another_base64_of_the_same_bytes_is_refused() -> None:
    assert "canonical base64" in refused(changed(sig=twin(SIG)))
    assert "canonical base64" in refused(changed(payload=twin(padded_statement())))


@pytest.mark.parametrize(
    "envelope",
    [
        None,
        [],
        "x",
        {},
        changed(extra=1),
        changed(payloadType="application/json"),
        changed(payloadType=None),
        changed(payload=None),
        changed(payload=PAYLOAD + "\n"),
        changed(payload=PAYLOAD.rstrip("=") + "===="),
        changed(payload=PAYLOAD.replace("+", "-").replace("/", "_") + "-"),
        changed(payload="Ä"),
        changed(signatures=[]),
        changed(signatures={}),
        changed(signatures=ENVELOPE["signatures"] * 2),
        changed(signatures=[*ENVELOPE["signatures"], sign_statement(STATEMENT, BEN.signer)["signatures"][0]]),
        changed(signatures=[None]),
        changed(x=1),
        changed(form="ed25519"),
        changed(form="sshsig"),
        changed(form=None),
        changed(keyid=ADA.signer.key_id + "="),
        changed(keyid=ADA.signer.key_id.replace("SHA256", "sha256")),
        changed(keyid=None),
        changed(sig=None),
        changed(sig=""),
        changed(sig=SIG + " "),
        changed(sig=base64.b64encode(base64.b64decode(SIG) + b"\0").decode()),
        changed(sig=base64.b64encode(base64.b64decode(SIG)[:-1]).decode()),
    ],
)
def test_any_other_shape_of_an_envelope_is_refused(envelope: Any) -> None:
    refused(envelope)


def test_a_signature_with_an_unreduced_half_is_refused() -> None:
    raw = base64.b64decode(SIG)
    s = int.from_bytes(raw[32:], "little")
    malleable = raw[:32] + (s + L).to_bytes(32, "little")
    assert "does not verify" in refused(changed(sig=base64.b64encode(malleable).decode()))


def test_a_payload_in_another_spelling_is_refused_although_it_is_signed() -> None:
    from agent_agency.attestation.envelope import Envelope, pre_authentication_encoding, write_envelope

    for payload in (STATEMENT + b" ", b"{}", b"not json", STATEMENT.replace(b'"subject":"w', b'"subject": "w')):
        signed = ADA.signer.sign(pre_authentication_encoding(payload))
        refused(write_envelope(Envelope(payload, signed)))


@given(st.integers(0, len(canonical_json(ENVELOPE)) - 1), st.integers(1, 255))
def test_no_byte_of_an_envelope_can_change(place: int, difference: int) -> None:
    data = bytearray(canonical_json(ENVELOPE))
    data[place] ^= difference
    try:
        envelope = json.loads(bytes(data))
    except ValueError:
        return
    refused(envelope)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_nothing_else_is_an_envelope(value: Any) -> None:
    refused(value)


def test_who_signs_nothing_readable_is_stopped_before_signing() -> None:
    with pytest.raises(ValueError, match="statement"):
        sign_statement(b"{}", ADA.signer)


class TestArbiterActs:
    """What the arbiter signs names its key, and the base says what that is worth."""

    ACT = sign_arbiter_act("ruling", SUBJECTS, {"ruling_id": "R-1"}, JUDGE.signer)

    @pytest.mark.parametrize(
        ("principals", "own", "standing"),
        [
            (listed(JUDGE), (), Standing.LISTED),
            (listed(JUDGE), (JUDGE.signer.public_key,), Standing.LISTED),
            (listed(ADA), (), Standing.UNLISTED),
            (Principals(), (), Standing.UNLISTED),
            (listed(make_principal("other", ["arbiter"])), (JUDGE.signer.public_key,), Standing.OWN),
        ],
    )
    def test_how_far_the_key_is_known(self, principals: Principals, own: Any, standing: Standing) -> None:
        act = read_arbiter_act(self.ACT, "ruling", principals, own)
        assert act.standing is standing
        assert act.statement.predicate["ruling_id"] == "R-1"
        assert act.key_id in act.told

    def test_where_arbiters_are_listed_no_other_key_counts(self) -> None:
        with pytest.raises(NotSignedError, match="none of theirs"):
            read_arbiter_act(self.ACT, "ruling", listed(make_principal("other", ["arbiter"])))

    def test_another_kind_of_act_does_not_count(self) -> None:
        with pytest.raises(NotSignedError, match="over a ruling, not over a ledger_head"):
            read_arbiter_act(self.ACT, "ledger_head", listed(JUDGE))

    def test_an_act_that_names_another_key_than_its_signature_is_refused(self) -> None:
        said = {"ruling_id": "R-1", "key": ADA.signer.public_key.line()}
        envelope = sign_statement(make_statement("ruling", SUBJECTS, said), JUDGE.signer)
        with pytest.raises(NotSignedError, match="another key"):
            read_arbiter_act(envelope, "ruling", Principals())
        said["key"] = JUDGE.signer.public_key.line("a comment")
        with pytest.raises(NotSignedError, match="another key"):
            read_arbiter_act(
                sign_statement(make_statement("ruling", SUBJECTS, said), JUDGE.signer), "ruling", Principals()
            )

    def test_an_act_without_a_key_or_with_a_broken_signature_is_refused(self) -> None:
        bare = sign_statement(make_statement("ruling", SUBJECTS, {"ruling_id": "R-1"}), JUDGE.signer)
        with pytest.raises(NotSignedError, match="does not name"):
            read_arbiter_act(bare, "ruling", Principals())
        broken = {**self.ACT, "signatures": [{**self.ACT["signatures"][0], "sig": SIG}]}
        with pytest.raises(NotSignedError, match="does not verify"):
            read_arbiter_act(broken, "ruling", Principals())
