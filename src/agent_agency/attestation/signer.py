"""Signing a statement with a key, whatever keeps the key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from agent_agency.attestation.envelope import Envelope, Signature, pre_authentication_encoding, write_envelope
from agent_agency.attestation.keys import PublicKey, ed25519_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Signer(Protocol):
    """Somebody who signs bytes with one key."""

    @property
    def key_id(self) -> str:
        """The fingerprint of the key."""
        ...

    def sign(self, data: bytes) -> Signature:
        """Sign the bytes.

        Raises:
            SigningError: the key's keeper refused.
        """
        ...


class Ed25519Signer:
    """Signs with a private key in this process's memory."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key: PublicKey = ed25519_key(key.public_key().public_bytes_raw())

    @classmethod
    def from_seed(cls, seed: bytes) -> Ed25519Signer:
        """The key whose 32 secret bytes these are (RFC 8032, 5.1.5)."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def key_id(self) -> str:
        """The fingerprint of the key."""
        return self.public_key.key_id

    def sign(self, data: bytes) -> Signature:
        """Sign the bytes with Ed25519 as they are."""
        return Signature(self.key_id, self._key.sign(data))


def sign_statement(statement: bytes, signer: Signer) -> dict[str, Any]:
    """Put a statement (see `make_statement`) into an envelope with the signer's signature, as a JSON-ready object.

    Raises:
        ValueError: the bytes are no statement.
        SigningError: the key's keeper refused.
    """
    from agent_agency.attestation.statement import read_statement

    read_statement(statement)
    return write_envelope(Envelope(statement, signer.sign(pre_authentication_encoding(statement))))
