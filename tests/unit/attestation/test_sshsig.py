"""Signatures of ssh-keygen count, byte for byte, and only for this program."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.attestation.envelope import (
    Envelope,
    Signature,
    SignatureForm,
    pre_authentication_encoding,
    write_envelope,
)
from agent_agency.attestation.keys import ED25519, HARDWARE, PublicKey, parse_public_line, ssh_string
from agent_agency.attestation.principals import Principal, Principals
from agent_agency.attestation.sshsig import NAMESPACE, unarmoured, verify_sshsig
from agent_agency.attestation.statement import make_statement
from agent_agency.attestation.verify import verify_envelope
from agent_agency.errors import NotSignedError

MESSAGE = b"DSSEv1 the bytes that are signed"
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
POINT = PRIVATE.public_key().public_bytes_raw()
PLAIN = PublicKey(ED25519, POINT)
TOUCHED = PublicKey(HARDWARE, POINT, "ssh:")


def blob_of(key: PublicKey, message: bytes = MESSAGE, **other: Any) -> bytes:
    """A signature blob made by hand, as PROTOCOL.sshsig and PROTOCOL.u2f say, or with one part made otherwise."""
    space = other.get("namespace", NAMESPACE.encode())
    reserved, name = other.get("reserved", b""), other.get("hash_name", b"sha512")
    digest = hashlib.new(name.decode() if name in {b"sha256", b"sha512", b"sha1"} else "sha512", message).digest()
    signed = b"SSHSIG" + b"".join(map(ssh_string, (space, reserved, name, digest)))
    tail = b""
    if key.type == HARDWARE:
        tail = bytes([other.get("flags", 1)]) + (7).to_bytes(4, "big")
        application = hashlib.sha256(other.get("application", key.application.encode())).digest()
        signed = application + tail + hashlib.sha256(signed).digest()
    inner = ssh_string(other.get("inner", key.type.encode())) + ssh_string(PRIVATE.sign(signed)) + tail
    head = other.get("magic", b"SSHSIG") + other.get("version", 1).to_bytes(4, "big")
    whole = inner + other.get("inner_more", b"")
    parts: tuple[bytes, ...] = (other.get("public", key.blob), space, reserved, name, whole)
    more: bytes = other.get("more", b"")
    return bytes(head) + b"".join(map(ssh_string, parts)) + more


@pytest.mark.parametrize("key", [PLAIN, TOUCHED], ids=["plain", "hardware"])
@pytest.mark.parametrize("name", [b"sha512", b"sha256"])
def test_a_signature_made_by_the_protocol_counts(key: PublicKey, name: bytes) -> None:
    verify_sshsig(blob_of(key, hash_name=name), MESSAGE, key)


@pytest.mark.parametrize("key", [PLAIN, TOUCHED], ids=["plain", "hardware"])
def test_ssh_keygen_agrees_that_it_counts(key: PublicKey, tmp_path: Path) -> None:
    import base64

    (tmp_path / "allowed").write_text(f"ada {key.line()}\n")
    armour = base64.encodebytes(blob_of(key)).decode()
    (tmp_path / "sig").write_text(f"-----BEGIN SSH SIGNATURE-----\n{armour}-----END SSH SIGNATURE-----\n")
    command = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "allowed"), "-I", "ada", "-n", NAMESPACE]
    done = subprocess.run([*command, "-s", str(tmp_path / "sig")], input=MESSAGE, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_ssh_keygen_signs_counts_as_the_listed_persons_act(tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True)
    key = parse_public_line((tmp_path / "k.pub").read_text())
    statement = make_statement("waiver_approval", [("waiver:1", {"sha256": "ab" * 32})], {})
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(tmp_path / "k"), "-n", NAMESPACE]
    done = subprocess.run(command, input=pre_authentication_encoding(statement), capture_output=True, check=True)
    signature = Signature(key.key_id, unarmoured(done.stdout.decode()), SignatureForm.SSHSIG)
    envelope = write_envelope(Envelope(statement, signature))
    base = Principals((Principal("ada", "ada@example.org", frozenset({"approver"}), (key,)),))
    assert verify_envelope(envelope, base).principal.name == "ada"
    del envelope["signatures"][0]["form"]
    with pytest.raises(NotSignedError):
        verify_envelope(envelope, base)


def test_a_hardware_key_does_not_count_in_the_plain_form() -> None:
    statement = make_statement("act", [("x", {"sha256": "ab" * 32})], {})
    raw = Signature(TOUCHED.key_id, PRIVATE.sign(pre_authentication_encoding(statement)))
    base = Principals((Principal("ada", "ada@example.org", frozenset({"approver"}), (TOUCHED,)),))
    with pytest.raises(NotSignedError, match="hardware key signs through ssh-keygen"):
        verify_envelope(write_envelope(Envelope(statement, raw)), base)


OTHER = PublicKey(ED25519, Ed25519PrivateKey.from_private_bytes(b"q" * 32).public_key().public_bytes_raw())


@pytest.mark.parametrize(
    ("key", "other", "why"),
    [
        (PLAIN, {"namespace": b"git"}, "namespace"),
        (PLAIN, {"namespace": b"file"}, "namespace"),
        (PLAIN, {"reserved": b"x"}, "no known ssh-keygen"),
        (PLAIN, {"hash_name": b"sha1"}, "no known ssh-keygen"),
        (PLAIN, {"magic": b"SSHSIX"}, "another format"),
        (PLAIN, {"version": 2}, "another format"),
        (PLAIN, {"public": OTHER.blob}, "another key"),
        (PLAIN, {"public": TOUCHED.blob}, "another key"),
        (PLAIN, {"inner": b"ssh-rsa"}, "type"),
        (PLAIN, {"inner_more": b"\0"}, "too many"),
        (PLAIN, {"more": b"\0"}, "too many"),
        (TOUCHED, {"flags": 0}, "nobody touched"),
        (TOUCHED, {"flags": 4}, "nobody touched"),
        (TOUCHED, {"application": b"ssh:other"}, "does not verify"),
        (TOUCHED, {"inner_more": b"\0"}, "too many"),
        (TOUCHED, {"inner": b"ssh-ed25519"}, "type"),
    ],
)
def test_a_signature_that_is_otherwise_made_is_refused(key: PublicKey, other: dict[str, Any], why: str) -> None:
    with pytest.raises(NotSignedError, match=why):
        verify_sshsig(blob_of(key, **other), MESSAGE, key)


def test_a_signature_over_another_message_is_refused() -> None:
    with pytest.raises(NotSignedError, match="does not verify"):
        verify_sshsig(blob_of(PLAIN), MESSAGE + b" ", PLAIN)


@given(st.sampled_from([PLAIN, TOUCHED]), st.data(), st.integers(1, 255))
def test_no_byte_of_it_can_change(key: PublicKey, data: st.DataObject, difference: int) -> None:
    changed = bytearray(blob_of(key))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= difference
    with pytest.raises(NotSignedError):
        verify_sshsig(bytes(changed), MESSAGE, key)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_way(data: bytes) -> None:
    for blob in (data, b"SSHSIG" + (1).to_bytes(4, "big") + data):
        with pytest.raises(NotSignedError):
            verify_sshsig(blob, MESSAGE, PLAIN)


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN SSH SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----"]
)
def test_what_is_no_armour_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="armour"):
        unarmoured(text)
