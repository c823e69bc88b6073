"""Where a server is, and the key that it wants, which is never written anywhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from agent_agency.errors import EngineError

_LONGEST_KEY = 8192
_LEAST_TOLD = 8


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server's base URL in parts, without a slash at its end.

    ``base`` is where ``/chat/completions`` lies below, ``root`` the same without the ``/v1`` at its end.
    """

    base: str
    root: str
    host: str
    scheme: str

    @property
    def loopback(self) -> bool:
        """Whether it is this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_address(url: str) -> ServerAddress:
    """Read a base URL such as ``http://127.0.0.1:8080/v1``; a URL without a path gets ``/v1``.

    Raises:
        ValueError: it is none; the message is a clause that says why.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it does not begin with http:// or https:// and a host")
    if parts.username or parts.password:
        raise ValueError("it holds a user or a password; name the key's environment variable instead")
    if parts.query or parts.fragment or not url.isprintable() or " " in url or not url.isascii():
        raise ValueError("it holds more than scheme, host, port and path")
    origin = _origin(parts)
    path = parts.path.rstrip("/") or "/v1"
    return ServerAddress(origin + path, origin + path.removesuffix("/v1"), parts.hostname, parts.scheme)


def _origin(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        raise ValueError("its port is no number up to 65535") from None
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{named}" + (f":{port}" if port is not None else "")


class ServerKey:
    """A bearer key; neither its text nor its length shows in a representation, a message or a record."""

    __slots__ = ("_text", "variable")

    def __init__(self, variable: str, text: str) -> None:
        self.variable = variable
        self._text = text

    def __repr__(self) -> str:
        return f"ServerKey({self.variable})"

    def header(self) -> tuple[bytes, bytes]:
        """The header that carries it."""
        return b"Authorization", b"Bearer " + self._text.encode("ascii")

    def hidden_in(self, text: str) -> str:
        """A text of the server's with the key blotted out, should the server have told it; also where it was cut."""
        for length in range(len(self._text), min(len(self._text), _LEAST_TOLD) - 1, -1):
            text = text.replace(self._text[:length], f"[{self.variable}]")
        return text


def read_key(variable: str | None, environment: Mapping[str, str], address: ServerAddress) -> ServerKey | None:
    """Take the key from the environment variable that the settings name.

    Raises:
        EngineError: the variable is not set or holds no key, or the key would travel in the clear.
    """
    if variable is None:
        return None
    text = environment.get(variable, "").strip()
    if not text:
        raise EngineError(
            f"The environment variable {variable}, which is to hold the server's key, is not set",
            fix=f"Set {variable}, or take 'api_key_env' out of the engine's settings.",
            code="engine.key_missing",
        )
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > _LONGEST_KEY:
        raise EngineError(
            f"The environment variable {variable} holds no key: a key is one word of ASCII letters, digits and signs",
            fix=f"Set {variable} to the key alone.",
            code="engine.key_missing",
        )
    if address.scheme != "https" and not address.loopback:
        raise EngineError(
            f"The key in {variable} would go to {address.host} in the clear",
            fix="Give the server's https:// URL, or reach it through a tunnel on this machine.",
            code="engine.key_in_clear",
        )
    return ServerKey(variable, text)
