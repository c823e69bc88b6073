"""Who signed an act: the one place where a signature becomes a principal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent_agency.attestation.ed25519 import check_ed25519
from agent_agency.attestation.envelope import Envelope, SignatureForm, pre_authentication_encoding, read_envelope
from agent_agency.attestation.keys import ED25519, PublicKey
from agent_agency.attestation.principals import Principal, Principals
from agent_agency.attestation.sshsig import verify_sshsig
from agent_agency.attestation.statement import Statement, read_statement
from agent_agency.errors import NotSignedError


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """An act, and the listed principal who signed it with one of the keys that are listed."""

    statement: Statement
    principal: Principal
    key_id: str


def verify_envelope(envelope: Mapping[str, Any], principals: Principals) -> SignedStatement:
    """Tell who signed which act.

    Raises:
        NotSignedError: the envelope is not in its one encoding, its key is not listed, its signature does not verify,
            or its payload is no statement.
    """
    try:
        read = read_envelope(envelope)
    except ValueError as error:
        raise NotSignedError(str(error)) from error
    key_id = read.signature.key_id
    principal = principals.by_key(key_id)
    if principal is None:
        raise NotSignedError(f"the key {key_id} is not among those of the listed principals")
    _check_signature(read, next(key for key in principal.keys if key.key_id == key_id))
    try:
        return SignedStatement(read_statement(read.payload), principal, key_id)
    except ValueError as error:
        raise NotSignedError(str(error)) from error


def _check_signature(envelope: Envelope, key: PublicKey) -> None:
    data = pre_authentication_encoding(envelope.payload)
    if envelope.signature.form is SignatureForm.SSHSIG:
        verify_sshsig(envelope.signature.value, data, key)
        return
    if key.type != ED25519:
        raise NotSignedError("a hardware key signs through ssh-keygen only, and this signature is of another form")
    check_ed25519(key.point, envelope.signature.value, data)
