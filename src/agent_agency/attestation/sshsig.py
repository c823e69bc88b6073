"""Signatures that ``ssh-keygen -Y sign`` makes (OpenSSH's PROTOCOL.sshsig), so that agents and hardware keys can sign.

The blob is read strictly and to its last byte. A hardware key's signature counts only when somebody touched the key
for it (the flag of user presence, PROTOCOL.u2f).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from agent_agency.attestation.ed25519 import check_ed25519
from agent_agency.attestation.keys import HARDWARE, PublicKey, WireReader, ssh_string
from agent_agency.errors import NotSignedError

NAMESPACE = "agent-agency"
"""Keeps a signature made for something else, such as a commit, from counting as an act here."""

_MAGIC = b"SSHSIG"
_VERSION = 1
_HASHES = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_USER_PRESENT = 0x01
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"


@dataclass(frozen=True, slots=True)
class _Blob:
    """The members of a signature blob, in their order."""

    public: bytes
    namespace: bytes
    reserved: bytes
    hash_name: bytes
    signature: bytes


def verify_sshsig(blob: bytes, message: bytes, key: PublicKey) -> None:
    """Check that the key signed the message for this program.

    Raises:
        NotSignedError: the blob is malformed, of another key or namespace, or does not verify.
    """
    try:
        read = _read(blob)
    except ValueError as error:
        raise NotSignedError(f"the signature is none of ssh-keygen's ({error})") from error
    _refuse_other_key(read, key)
    _refuse_other_namespace(read)
    if read.reserved:
        raise NotSignedError("the signature uses what no known ssh-keygen writes")
    digest = _digest(read.hash_name, message)
    signed = _MAGIC + b"".join(map(ssh_string, (read.namespace, read.reserved, read.hash_name, digest)))
    try:
        _check_inner(WireReader(read.signature), signed, key)
    except ValueError as error:
        raise NotSignedError(f"the signature is none of ssh-keygen's ({error})") from error


def _refuse_other_key(read: _Blob, key: PublicKey) -> None:
    if read.public != key.blob:
        raise NotSignedError("the signature was made with another key than the one it names")


def _refuse_other_namespace(read: _Blob) -> None:
    if read.namespace != NAMESPACE.encode():
        raise NotSignedError(f"the signature was not made for the namespace {NAMESPACE}")


def _digest(hash_name: bytes, message: bytes) -> bytes:
    if hash_name not in _HASHES:
        raise NotSignedError("the signature uses a hash that no known ssh-keygen writes")
    return _HASHES[hash_name](message).digest()


def unarmoured(text: str) -> bytes:
    """The blob inside ``ssh-keygen``'s armour.

    Raises:
        ValueError: it is no armoured signature.
    """
    lines = text.strip().splitlines()
    if len(lines) < len((_BEGIN, _END)) or lines[0] != _BEGIN or lines[-1] != _END:
        raise ValueError("no signature in armour")
    try:
        return base64.b64decode("".join(lines[1:-1]), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64 in the armour") from error


def _read(blob: bytes) -> _Blob:
    reader = WireReader(blob)
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != _VERSION:
        raise ValueError("another format or version")
    read = _Blob(*(reader.string() for _ in range(5)))
    reader.end()
    return read


def _refuse_untouched(flags: int) -> None:
    if not flags & _USER_PRESENT:
        raise NotSignedError("nobody touched the hardware key for this signature")


def _check_inner(reader: WireReader, signed: bytes, key: PublicKey) -> None:
    """Check the innermost signature: over the wrapped digest, or for hardware over what the device saw of it."""
    if reader.string() != key.type.encode():
        raise ValueError("its type is not the key's")
    signature = reader.string()
    if key.type == HARDWARE:
        flags_and_counter = reader.take(5)
        _refuse_untouched(flags_and_counter[0])
        application = hashlib.sha256(key.application.encode()).digest()
        signed = application + flags_and_counter + hashlib.sha256(signed).digest()
    reader.end()
    check_ed25519(key.point, signature, signed)
