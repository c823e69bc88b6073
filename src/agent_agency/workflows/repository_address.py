"""Where a repository comes from, told without the secrets that an address may hold."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

from agent_agency.git import Repository

_SCHEMES = ("https", "http", "ssh", "git")
_SCP_LIKE = re.compile(r"(?:[^/@:]+@)?([^/@:]+):(?!//)(.+)", re.DOTALL)


def repository_address(repo: Repository) -> str | None:
    """The public address of the remote ``origin``; ``None`` when there is none that others could use."""
    address = repo.origin()
    return public_address(address.strip()) if address else None


def public_address(address: str) -> str | None:
    """An address less its user part, query and fragment, as an ASCII URI.

    ``user@host:path`` becomes ``ssh://host/path``. A path of this machine, or what cannot be told apart safely, gives
    ``None``: leaving an address out is better than telling a token.
    """
    if "://" not in address and (found := _SCP_LIKE.fullmatch(address)):
        address = f"ssh://{found[1]}/{found[2].lstrip('/')}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or not host or not re.fullmatch(r"[A-Za-z0-9.:_-]+", host):
        return None
    place = f"[{host}]" if ":" in host else host
    path = quote(parts.path.encode("utf-8", "surrogateescape"), safe="/~%")
    return urlunsplit((parts.scheme, f"{place}{port}", path, "", ""))
