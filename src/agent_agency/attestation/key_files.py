"""Private keys in OpenSSH's file format (PROTOCOL.key), as ``ssh-keygen`` writes and reads them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.attestation.keys import BadKeyError, PublicKey, WireReader, parse_public_blob

if TYPE_CHECKING:
    from agent_agency.attestation.signer import Ed25519Signer

BCRYPT_ROUNDS = 64
"""Four times OpenSSH's own number, so that each guess at a pass phrase takes a good part of a second."""

_BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----"
_END = "-----END OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"


class WrongPassPhraseError(ValueError):
    """The pass phrase does not open the key."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What a private key's file tells without its pass phrase."""

    public_key: PublicKey
    protected: bool
    data: bytes


def new_key_file(pass_phrase: bytes | None, *, rounds: int = BCRYPT_ROUNDS) -> bytes:
    """Make an Ed25519 key from the operating system's randomness, as the bytes of its file.

    Args:
        pass_phrase: what protects the file; ``None`` leaves it open.
        rounds: bcrypt's work factor, for a protected file.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        KeySerializationEncryption,
        NoEncryption,
        PrivateFormat,
    )

    protection: KeySerializationEncryption = NoEncryption()
    if pass_phrase is not None:
        protection = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(rounds).build(pass_phrase)
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, protection)


def read_key_file(data: bytes) -> KeyFile:
    """Read the part of the file that is not encrypted.

    Raises:
        BadKeyError: it is no such file, or its key may not count.
    """
    try:
        return _read(data)
    except BadKeyError:
        raise
    except ValueError as error:
        raise BadKeyError(f"the file is no private key in OpenSSH's format ({error})") from error


def open_key(file: KeyFile, pass_phrase: bytes | None) -> Ed25519Signer:
    """Open the private key, so that it can sign.

    Raises:
        WrongPassPhraseError: the pass phrase does not open it.
        BadKeyError: the file is damaged, or its private half belongs to another public key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    from agent_agency.attestation.signer import Ed25519Signer

    try:
        key = load_ssh_private_key(file.data, pass_phrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if file.protected:
            raise WrongPassPhraseError("the pass phrase does not open the key") from error
        raise BadKeyError(f"the private key is damaged ({error})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKeyError("the private key is none of Ed25519")
    signer = Ed25519Signer(key)
    if signer.public_key != file.public_key:
        raise BadKeyError("the two halves of the key do not belong together")
    return signer


def _read(data: bytes) -> KeyFile:
    """The head of the file: its magic, how it is protected, and the one public key.

    Raises:
        ValueError: it is no such file; a `BadKeyError` where the key may not count.
    """
    text = data.decode("ascii").strip()
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        raise ValueError("no such armour")
    blob = base64.b64decode(text.removeprefix(_BEGIN).removesuffix(_END).replace("\n", ""), validate=True)
    reader = WireReader(blob)
    if reader.take(len(_MAGIC)) != _MAGIC:
        raise ValueError("another format")
    cipher, derivation, _ = reader.string(), reader.string(), reader.string()
    if reader.number() != 1:
        raise ValueError("not exactly one key")
    return KeyFile(parse_public_blob(reader.string()), protected=b"none" not in {cipher, derivation}, data=data)
