"""Where a model comes from: a file or folder of this machine, a URL, or a name on a hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from agent_agency.errors import EngineError
from agent_agency.inference.server_address import read_address

HUB = "hf:"
HUB_ENDPOINT = "HF_ENDPOINT"
HUB_TOKEN = "HF_TOKEN"  # noqa: S105 - a variable's name
DEFAULT_ENDPOINT = "https://huggingface.co"
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Remote:
    """A file elsewhere.

    Args:
        url: of it.
        name: the file's own name.
        token_variable: the environment variable whose token may go to this URL's host, and to no other.
    """

    url: str
    name: str
    token_variable: str | None = None


def read_source(text: str, environment: Mapping[str, str]) -> Path | Remote:
    """Read what a person names: ``hf:owner/repo/path/file.gguf[@revision]``, a URL, or else a path.

    Raises:
        EngineError: ``engine.bad_source``: it is none of these.
    """
    if text.startswith(HUB):
        return _on_hub(text, environment)
    if "://" in text:
        if not is_url(text):
            raise _bad(text, "it is no http:// or https:// URL without a user and a fragment")
        return Remote(text, _file_name(unquote(urlsplit(text).path).rpartition("/")[2], text))
    if not text or "\0" in text:
        raise _bad(text, "it is empty")
    return Path(text)


def is_url(text: str) -> bool:
    """Whether a text is a URL of a file that can be asked for: plain, with a host, without a user and a fragment."""
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > _LONGEST:
        return False
    try:
        parts = urlsplit(text)
        read_address(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        return False
    return not parts.fragment


def _on_hub(text: str, environment: Mapping[str, str]) -> Remote:
    named, _, revision = text.removeprefix(HUB).partition("@")
    owner, _, rest = named.partition("/")
    repository, _, path = rest.partition("/")
    inner = path.split("/") if path else []
    if not all(_PART.fullmatch(one) for one in (owner, repository)) or not inner:
        raise _bad(text, "it is not of the form hf:owner/repo/path/file.gguf")
    if any(one in {"", ".", ".."} or not one.isprintable() for one in inner):
        raise _bad(text, "its path is none")
    if revision and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise _bad(text, "its revision is none")
    endpoint = environment.get(HUB_ENDPOINT, "").strip().rstrip("/") or DEFAULT_ENDPOINT
    try:
        read_address(endpoint)
    except ValueError as error:
        raise _bad(endpoint, f"the address in {HUB_ENDPOINT} cannot be used: {error}") from error
    resolved = f"{endpoint}/{owner}/{repository}/resolve/{quote(revision or 'main', safe='')}/{quote(path)}"
    return Remote(resolved, _file_name(inner[-1], text), HUB_TOKEN if environment.get(HUB_TOKEN) else None)


def _file_name(name: str, text: str) -> str:
    if not name.lower().endswith(".gguf") or "/" in name or "\0" in name or not name.isprintable():
        raise _bad(text, "it names no file that ends in .gguf")
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[-120:]


def _bad(text: str, why: str) -> EngineError:
    return EngineError(
        f"{text[:120]!r} names no model: {why}",
        fix="Give a GGUF file, an OpenVINO folder, a URL of a GGUF file, or hf:owner/repo/path/file.gguf.",
        code="engine.bad_source",
    )
