"""DSSE envelopes (Dead Simple Signing Envelope, version 1), in one encoding only.

An envelope is a JSON object with exactly three members::

    {"payload": "<base64>", "payloadType": "application/vnd.in-toto+json",
     "signatures": [{"keyid": "SHA256:…", "sig": "<base64>"}]}

There is exactly one signature. One made by ``ssh-keygen -Y sign`` carries the further member ``"form": "sshsig"``; its
``sig`` is the signature blob of OpenSSH without its armour. Everything else is refused, so that no byte of an envelope
can change and leave it the same act.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

PAYLOAD_TYPE = "application/vnd.in-toto+json"

_KEY_ID = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


class SignatureForm(StrEnum):
    """How the signature over the envelope's bytes was made."""

    ED25519 = "ed25519"
    SSHSIG = "sshsig"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature: the fingerprint of the key that made it, its bytes, and their form."""

    key_id: str
    value: bytes
    form: SignatureForm = SignatureForm.ED25519


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and who is said to have signed it; nothing is verified yet."""

    payload: bytes
    signature: Signature


def pre_authentication_encoding(payload: bytes) -> bytes:
    """The bytes that are signed: type and payload with their lengths (DSSE v1, PAE)."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def write_envelope(envelope: Envelope) -> dict[str, Any]:
    """The envelope as a JSON-ready object."""
    signature = envelope.signature
    written = {"keyid": signature.key_id, "sig": base64.b64encode(signature.value).decode()}
    if signature.form is SignatureForm.SSHSIG:
        written["form"] = str(SignatureForm.SSHSIG)
    return {
        "payload": base64.b64encode(envelope.payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [written],
    }


def read_envelope(value: Mapping[str, Any]) -> Envelope:
    """Read an envelope that `write_envelope` could have written, and nothing else.

    Raises:
        ValueError: it is none; the message is a clause that says why.
    """
    if not isinstance(value, Mapping) or not _has_exactly(value, {"payload", "payloadType", "signatures"}):
        raise ValueError("the envelope has not exactly the members payload, payloadType and signatures")
    if not _is_statement(value["payloadType"]):
        raise ValueError("the envelope's payload is of another type than an in-toto statement")
    return Envelope(_decoded(value["payload"], "payload"), _signature(_only(value["signatures"])))


def _has_exactly(value: Mapping[str, Any], members: set[str]) -> bool:
    return set(value) == members


def _is_statement(payload_type: Any) -> bool:
    return bool(payload_type == PAYLOAD_TYPE)


def _only(signatures: Any) -> Any:
    if not isinstance(signatures, (list, tuple)) or len(signatures) != 1:
        raise ValueError("the envelope has not exactly one signature")
    return signatures[0]


def _signature(value: Any) -> Signature:
    if not isinstance(value, Mapping) or set(value) not in ({"keyid", "sig"}, {"keyid", "sig", "form"}):
        raise ValueError("the signature has not exactly the members keyid and sig")
    key_id = value["keyid"]
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        raise ValueError("the signature names no key by its fingerprint")
    if "form" in value and value["form"] != SignatureForm.SSHSIG:
        raise ValueError("the signature is of a form that is not known")
    form = SignatureForm.SSHSIG if "form" in value else SignatureForm.ED25519
    return Signature(key_id, _decoded(value["sig"], "signature"), form)


def _decoded(text: Any, what: str) -> bytes:
    if not isinstance(text, str):
        raise ValueError(f"the {what} is no text")  # noqa: TRY004 - one error for every envelope that is none
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError(f"the {what} is no base64") from error
    if base64.b64encode(data).decode() != text:
        raise ValueError(f"the {what} is not in canonical base64")
    return data
