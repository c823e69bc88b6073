"""Checking a plain Ed25519 signature."""

from __future__ import annotations

from agent_agency.errors import NotSignedError


def check_ed25519(point: bytes, signature: bytes, data: bytes) -> None:
    """Check a signature over the bytes; the library refuses one whose second half is not reduced (RFC 8032, 5.1.7).

    Raises:
        NotSignedError: it does not verify.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(point).verify(signature, data)
    except (InvalidSignature, ValueError) as error:
        raise NotSignedError("the signature does not verify") from error
