"""Read ``[tools]`` of ``agency.toml``: paths of tools that every gate may read, and what must never be among them.

The code under review runs as a gate's tool, so whatever a path opens it can read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from agent_agency.gate_reader.values import LONGEST_PATH, Refuse, is_texts

MOST_READABLE = 100
_CREDENTIAL_FOLDERS = frozenset(
    {
        *(".ssh", ".aws", ".gnupg", ".config", ".docker", ".kube", ".azure", ".oci", ".terraform.d", ".password-store"),
        *(".mozilla", ".thunderbird", ".claude", ".claude.json", ".codex", ".gemini", ".cursor", ".copilot"),
        *(".netrc", "_netrc", ".git-credentials", ".pypirc", ".npmrc", ".yarnrc.yml", ".pgpass", ".my.cnf", ".boto"),
        *(".s3cfg", ".vault-token", ".bash_history", ".zsh_history", ".python_history", ".huggingface", ".electrum"),
    }
)
"""Names that hold credentials, or what was typed, wherever they stand."""

_CREDENTIAL_PLACES = tuple(
    tuple(place.split("/"))
    for place in (
        ".local/share/keyrings",
        ".cargo/credentials",
        ".cargo/credentials.toml",
        ".m2/settings.xml",
        ".m2/settings-security.xml",
        ".gradle/gradle.properties",
        ".gem/credentials",
        ".bundle/config",
        ".composer/auth.json",
        ".nuget/nuget",
        ".subversion/auth",
        ".cache/huggingface",
        "library/keychains",
        "library/application support",
        "library/cookies",
    )
)
"""Paths of a home that hold credentials: neither they nor a folder around them may be opened."""

_PEOPLE = frozenset({"home", "Users"})
_SYSTEM_HOMES = frozenset({"/root", "/var/root"})
_SHARED = frozenset({"/", "/home", "/Users", "/var", "/srv", "/tmp", "/var/tmp", "/private", "/mnt", "/media"})  # noqa: S108  named to be refused
_OF_THE_SYSTEM = ("/proc", "/sys", "/dev", "/run", "/var/run", "/private/var/run")
_DEPTH_OF_A_HOME = 3


def read_readable(value: Any, refuse: Refuse) -> tuple[str, ...]:
    """Read the list; each path that would open too much is refused."""
    if not is_texts(value) or len(value) > MOST_READABLE:
        problem = f"'readable' is no list of at most {MOST_READABLE} paths"
        refuse("readable", problem, 'Write absolute paths: readable = ["~/.cargo/bin"].')
        return ()
    for path in value:
        if reason := why_not_readable(path):
            refuse("readable", f"'{path[:60]}' cannot be opened to the tools: {reason}", "Name the tool's own folder.")
    return tuple(dict.fromkeys(value))


def why_not_readable(path: str, home: str | None = None) -> str | None:
    """Say why no gate may read a path; ``None`` when it may.

    Args:
        path: absolute, or with ``~`` for the home of whoever reviews.
        home: that home's absolute path, where it is known: a path inside it is then held to the rules of homes.
    """
    if not path.isprintable() or len(path) > LONGEST_PATH or not path.startswith(("/", "~/", "~")):
        return "it is no absolute path, and none that begins with '~/'"
    if path.startswith("~") and path != "~" and not path.startswith("~/"):
        return "it is another user's home"
    plain = path.rstrip("/") or "/"
    parts = plain.split("/")
    if {"..", "."} & set(parts) or ("" in parts[1:] and plain != "/"):
        return "it is not written plainly: without '.', '..' and '//'"
    return _opens_too_much(plain, home)


def _opens_too_much(path: str, home: str | None) -> str | None:
    if path in _SHARED or (home is not None and path != home and PurePosixPath(home).is_relative_to(path)):
        return "it holds everybody's files"
    if any(PurePosixPath(path).is_relative_to(place) for place in _OF_THE_SYSTEM):
        return "it leads to devices, processes or the sockets of services"
    homes = tuple(_inside_homes(path, home))
    if () in homes:
        return "it is a whole home"
    near = any(_overlap(inside, place) for inside in homes for place in _CREDENTIAL_PLACES)
    if near or any(part.casefold() in _CREDENTIAL_FOLDERS for part in path.split("/")):
        return "credentials are kept there; name a folder beside them"
    return None


def _inside_homes(path: str, home: str | None) -> Iterator[tuple[str, ...]]:
    """The parts of a path below each home that it may lie in, in small letters."""
    parts = tuple(part.casefold() for part in path.split("/"))
    if path == "~" or path.startswith("~/"):
        yield parts[1:]
    if len(parts) >= _DEPTH_OF_A_HOME and path.split("/")[1] in _PEOPLE:
        yield parts[_DEPTH_OF_A_HOME:]
    for known in (*_SYSTEM_HOMES, *([home.rstrip("/")] if home else [])):
        if PurePosixPath(path).is_relative_to(known):
            yield parts[len(known.split("/")) :]


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one path lies in the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
