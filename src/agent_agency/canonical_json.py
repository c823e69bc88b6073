"""Canonical JSON (RFC 8785): one value, one byte sequence, so that a digest means the same everywhere.

Plain JSON data here is dict with str keys, list, tuple, str, int, float, bool and None. A JSON number is a double, so
an ``int`` beyond 2**53 - 1 in size is refused, as a reader in another language would see a different number; such a
number in a text is read as the ``float`` that it is. Text with a lone surrogate is refused too.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NoReturn

_MAX_SAFE = 2**53 - 1
_DEEP = 100  # far below what either can nest
_MAX_PLAIN_DIGITS = 15  # every integer of so many digits is exact in a double
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class NotCanonicalError(ValueError):
    """The bytes are JSON, but not the one canonical form of their value."""


def canonical_json(value: Any) -> bytes:
    """Serialise plain JSON data as RFC 8785 says.

    Raises:
        ValueError: for what JSON has no form for: NaN, infinities, integers beyond 2**53 - 1, lone surrogates, keys
            that are no text, other types, nesting too deep to serialise. The message says what.
    """
    quick = _by_the_standard_library(value)
    if quick is not None:
        return quick
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except UnicodeEncodeError as error:  # a lone surrogate in a key
        raise ValueError("an object key holds a lone surrogate, which UTF-8 has no form for") from error
    except RecursionError as error:
        raise ValueError("the value is nested too deeply for JSON") from error
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error


def _by_the_standard_library(value: Any) -> bytes | None:
    """The canonical form by the standard library, twenty times as quick, where both are sure to agree; else ``None``.

    They differ in how they write fractions, in the order of keys beyond ASCII, and in what they refuse.
    """
    if not _is_simple(value, 0):
        return None
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    except UnicodeEncodeError:
        return None


def _is_simple(value: Any, depth: int) -> bool:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return bool(-_MAX_SAFE <= value <= _MAX_SAFE)
    if depth > _DEEP:
        return False
    if kind is dict:
        return all(type(key) is str and key.isascii() and _is_simple(one, depth + 1) for key, one in value.items())
    return (kind is list or kind is tuple) and all(_is_simple(one, depth + 1) for one in value)


def digest_bytes(data: bytes) -> str:
    """SHA-256 of the bytes, written ``sha256:<64 hex digits>``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_json(value: Any) -> str:
    """SHA-256 over the canonical JSON of a value."""
    return digest_bytes(canonical_json(value))


def parse_json(data: bytes) -> Any:
    """Parse JSON text strictly: UTF-8, no byte order mark, no repeated key, no NaN.

    Raises:
        ValueError: the bytes are no such JSON; the message says what and where.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is no UTF-8") from error
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_int=_double, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON at character {error.pos + 1}: {error.msg}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


class CanonicalReader:
    """Reads bytes that must be the canonical form of their value; keep one for many texts.

    The usual case is one parse and one serialisation at the speed of C. What that serialiser writes differently from
    RFC 8785 (exponents, large integers, keys beyond the basic plane) is compared with the exact serialiser.
    """

    __slots__ = ("_decode", "_encode")

    def __init__(self) -> None:
        decoder = json.JSONDecoder(parse_int=_plain_int, parse_float=_plain_float, parse_constant=_no_constant)
        encoder = json.JSONEncoder(sort_keys=True, ensure_ascii=False, check_circular=False, separators=(",", ":"))
        self._decode = decoder.raw_decode
        self._encode = encoder.encode

    def read(self, data: bytes) -> Any:
        """Parse the bytes.

        Raises:
            NotCanonicalError: JSON, but written differently from its canonical form.
            ValueError: no JSON at all (see `parse_json`).
        """
        try:
            text = data.decode("utf-8")
            value, _ = self._decode(text)
            if self._encode(value) == text and (text.isascii() or not _ASTRAL.search(text)):
                return value
        except (ValueError, RecursionError):
            pass  # the exact way below tells what is wrong, if anything is
        value = parse_json(data)
        if canonical_json(value) != data:
            raise NotCanonicalError("the same value is written differently in canonical JSON")
        return value


def parse_canonical(data: bytes) -> Any:
    """Parse bytes that must be the canonical form of their value.

    Raises:
        NotCanonicalError: JSON, but written differently from its canonical form.
        ValueError: no JSON at all (see `parse_json`).
    """
    return CanonicalReader().read(data)


def _plain_int(text: str) -> int:
    if len(text) > _MAX_PLAIN_DIGITS:
        raise ValueError(text)
    return int(text)


def _double(text: str) -> int | float:
    """Read an integer as what a double makes of it; one that is exact stays an ``int``."""
    exact = int(text) if len(text) <= _MAX_PLAIN_DIGITS + 2 else _MAX_SAFE + 1
    return exact if abs(exact) <= _MAX_SAFE else float(text)


def _plain_float(text: str) -> float:
    """Read a number that Python and ECMAScript write alike: shortest digits, no exponent, a fraction."""
    value = float(text)
    if "e" in text or text.endswith(".0") or repr(value) != text:
        raise ValueError(text)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {json.dumps(repeated)} is given more than once")
    return members
