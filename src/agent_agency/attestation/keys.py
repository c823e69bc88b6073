"""Public keys as OpenSSH writes them, and who may be meant by their fingerprint.

Two types are known: ``ssh-ed25519``, and ``sk-ssh-ed25519@openssh.com``, which lives in a hardware key. A line is
accepted in one spelling only, so that one key has one name: the fingerprint that ``ssh-keygen -l`` shows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

ED25519 = "ssh-ed25519"
HARDWARE = "sk-ssh-ed25519@openssh.com"
KEY_TYPES = (ED25519, HARDWARE)

_SIZE = 32
_LONGEST_LINE = 4096
_FIELD = 2**255 - 19
_CURVE_D = -121665 * pow(121666, -1, _FIELD) % _FIELD
_SIGN = 1 << 255


class BadKeyError(ValueError):
    """A text or blob is no public key that may count; the message is a clause that says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One public key.

    ``type`` is one of ``KEY_TYPES``. ``point`` are the 32 bytes of the Ed25519 key. ``application`` is the name for
    which a hardware key signs (``ssh:`` as a rule), empty for others.
    """

    type: str
    point: bytes
    application: str = ""

    @property
    def blob(self) -> bytes:
        """The key in SSH's wire format (RFC 8709; PROTOCOL.u2f for hardware keys)."""
        parts = [self.type.encode(), self.point]
        if self.type == HARDWARE:
            parts.append(self.application.encode())
        return b"".join(ssh_string(part) for part in parts)

    @property
    def key_id(self) -> str:
        """The fingerprint as OpenSSH shows it: ``SHA256:`` and unpadded base64."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def line(self, comment: str = "") -> str:
        """The one line of a public key file, without a line feed."""
        text = f"{self.type} {base64.b64encode(self.blob).decode()}"
        return f"{text} {comment}" if comment else text


def ed25519_key(point: bytes) -> PublicKey:
    """The key of these 32 bytes.

    Raises:
        BadKeyError: no point of the curve, not in its one encoding, or of small order.
    """
    _check_point(point)
    return PublicKey(ED25519, point)


def parse_public_line(text: str) -> PublicKey:
    """Read ``ssh-ed25519 AAAA… [comment]``; options before the type are refused.

    Raises:
        BadKeyError: it is no such line, or the key may not count.
    """
    if len(text) > _LONGEST_LINE:
        raise BadKeyError("the line is too long for a key")
    kind, _, rest = text.strip().partition(" ")
    encoded = rest.strip().partition(" ")[0]
    if kind not in KEY_TYPES:
        raise BadKeyError(f"the type of key is none of {', '.join(KEY_TYPES)}")
    try:
        blob = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise BadKeyError("the key is no base64") from error
    if base64.b64encode(blob).decode() != encoded:
        raise BadKeyError("the key is no canonical base64")
    key = parse_public_blob(blob)
    if key.type != kind:
        raise BadKeyError(f"the line says {kind} and holds a key of type {key.type}")
    return key


def parse_public_blob(blob: bytes) -> PublicKey:
    """Read a key in SSH's wire format, to its last byte.

    Raises:
        BadKeyError: it is no such blob, or the key may not count.
    """
    reader = WireReader(blob)
    try:
        kind = reader.string()
        point = reader.string()
        application = reader.string() if kind == HARDWARE.encode() else b""
        reader.end()
        told = application.decode("ascii")
    except ValueError as error:
        raise BadKeyError(f"the key is cut off or not in SSH's format ({error})") from error
    if kind.decode("latin-1") not in KEY_TYPES:
        raise BadKeyError(f"the type of key is none of {', '.join(KEY_TYPES)}")
    if kind == HARDWARE.encode() and not (told.startswith("ssh:") and told.isprintable()):
        raise BadKeyError("the hardware key is not one made for SSH")
    _check_point(point)
    return PublicKey(kind.decode("ascii"), point, told)


class WireReader:
    """Reads SSH's wire format (RFC 4251, section 5) strictly from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """So many bytes.

        Raises:
            ValueError: there are fewer.
        """
        if size > len(self._data) - self._at:
            raise ValueError(f"cut off at byte {self._at}")
        part = self._data[self._at : self._at + size]
        self._at += size
        return part

    def number(self) -> int:
        """A 32-bit number.

        Raises:
            ValueError: the data ends before.
        """
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """A byte string with its length in front.

        Raises:
            ValueError: the data ends before.
        """
        return self.take(self.number())

    def end(self) -> None:
        """Make sure that nothing follows.

        Raises:
            ValueError: something does.
        """
        if self._at != len(self._data):
            raise ValueError(f"{len(self._data) - self._at} bytes too many")


def ssh_string(data: bytes) -> bytes:
    """A byte string in SSH's wire format."""
    return len(data).to_bytes(4, "big") + data


def _check_point(point: bytes) -> None:
    """Refuse what verifies signatures for more than one key or for nobody's (RFC 8032, 5.1.3 and 8.4).

    A key of small order accepts a signature that anybody can write down; a point in a second encoding would be a
    second name for one key.
    """
    if len(point) != _SIZE:
        raise BadKeyError(f"the key has {len(point)} bytes, not {_SIZE}")
    number = int.from_bytes(point, "little")
    y = number & (_SIGN - 1)
    if not _is_reduced(y):
        raise BadKeyError("the key is not in its one encoding")
    x_squared = (y * y - 1) * pow(_CURVE_D * y * y + 1, -1, _FIELD) % _FIELD
    if x_squared and pow(x_squared, (_FIELD - 1) // 2, _FIELD) != 1:
        raise BadKeyError("the key is no point of the curve")
    if _has_small_order(y, x_squared):
        raise BadKeyError("the key has small order: anybody can sign for it")


def _is_reduced(y: int) -> bool:
    """Whether the coordinate is below the field's size: the only encoding that counts (RFC 8032, 5.1.3)."""
    return y < _FIELD


def _has_small_order(y: int, x_squared: int) -> bool:
    """Whether eight times the point is the neutral element, told by doubling it three times.

    Doubling in terms of squares (a = -1): with s = x², t = y², y' = (t + s) / (1 - d·s·t), and x' = 0 exactly where
    x = 0 or y = 0.
    """
    for _ in range(3):
        if x_squared == 0:
            return True
        t = y * y % _FIELD
        product = _CURVE_D * x_squared * t % _FIELD
        doubled_y = (t + x_squared) * pow(1 - product, -1, _FIELD) % _FIELD
        x_squared = 4 * x_squared * t * pow(1 + product, -2, _FIELD) % _FIELD
        y = doubled_y
    return x_squared == 0
