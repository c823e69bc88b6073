"""A person's own keys, and whether the base lists them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_agency.attestation.keys import BadKeyError, PublicKey, parse_public_line
from agent_agency.attestation.principals import DECIDING_ROLES, PRINCIPALS_PATH, Principal, Principals
from agent_agency.attestation.principals_edit import Addition, with_addition
from agent_agency.errors import FileUnreadableError, LawError, SigningError, UsageError
from agent_agency.git import Repository
from agent_agency.workflows.key_folder import ARBITER, KeyFolder, OwnKey
from agent_agency.workflows.principals_at import principals_at
from agent_agency.workflows.whole_file import write_whole

_MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Standing:
    """One of this user's keys, and the principal for whom the base lists it; ``None`` where it counts for nothing."""

    key: OwnKey
    principal: Principal | None


@dataclass(frozen=True, slots=True)
class Identities:
    """Who may act at a commit of the base, and which of them this user can act for.

    ``base`` is the name that was asked for and ``commit`` what it means; both ``None`` outside of a repository.
    """

    base: str | None
    commit: str | None
    principals: Principals
    own: tuple[Standing, ...]
    unusable: tuple[SigningError, ...]


def identities(keys: KeyFolder, repo: Repository | None, base: str | None) -> Identities:
    """List this user's keys and those of the base.

    Raises:
        LawError: the list at the base cannot be read.
        UnknownRevisionError: the base means no commit.
        SigningError: the folder of keys cannot be read.
    """
    named = commit = None
    principals = Principals()
    if repo is not None:
        named = base or repo.default_base()
        commit = repo.resolve(named)
        principals = principals_at(repo, commit)
    own: list[Standing] = []
    unusable: list[SigningError] = []
    for name in keys.names():
        try:
            key = keys.read(name)
        except SigningError as error:
            unusable.append(error)
        else:
            own.append(Standing(key, principals.by_key(key.file.public_key.key_id)))
    return Identities(named, commit, principals, tuple(own), tuple(unusable))


def refuse_new_key(name: str, role: str, keys: KeyFolder) -> None:
    """Make sure that a key of this name may be made for the role, before anybody types.

    Raises:
        SigningError: the name is taken, no name for a key, or kept for the arbiter.
    """
    if (name == ARBITER) != (role == "arbiter"):
        raise SigningError(
            f"The name {ARBITER} is kept for the arbiter's own key, and its key for the name",
            fix="Choose another name or role.",
            code="signature.bad_name",
        )
    keys.refuse_taken(name)


def needs_pass_phrase(role: str) -> bool:
    """Whether a key for the role has to be protected."""
    return role in DECIDING_ROLES


def keys_named(given: Sequence[str], name: str, keys: KeyFolder, roles: Sequence[str]) -> tuple[PublicKey, ...]:
    """The public keys that are to be listed: files or lines, or this user's own of that name where none is given.

    Raises:
        SigningError: there is no own key of that name, or it lies open although a role decides for others.
        UsageError: what was given is no public key.
    """
    if given:
        return tuple(_public_key(text) for text in given)
    key = keys.read(name)
    if not key.file.protected and DECIDING_ROLES & set(roles):
        raise SigningError(
            f"The key {name} has no pass phrase, so no act of an approver or reviewer may be signed with it",
            fix=f"Give it one with ssh-keygen -p -a 64 -f {key.path}, or make another with agency identity new.",
            code="signature.unprotected",
        )
    return (key.file.public_key,)


def trust(repo: Repository, addition: Addition) -> Path:
    """Write the addition into the list in the working tree; answer where that is.

    Raises:
        UsageError: there is no working tree, or the addition contradicts what is listed.
        LawError: the list cannot be read, or could not be with the addition.
        FileUnreadableError: something else than a file of this repository stands in its place.
        FileUnwritableError: it cannot be written.
    """
    if repo.root is None:
        raise UsageError("A bare repository has no working tree to write the list to", fix="Use a clone of it.")
    path = repo.root / PRINCIPALS_PATH
    for place in (path.parent, path):
        if place.is_symlink():
            raise FileUnreadableError("This is a link, and no link is law", fix="Replace it.", path=str(place))
    write_whole(path, with_addition(_text(path), addition).encode(), parents=True)
    return path


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MOST_BYTES).decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise LawError("The list of principals is not UTF-8", fix="Save it as UTF-8.", path=PRINCIPALS_PATH) from error
    except OSError as error:
        raise FileUnreadableError(
            f"The list of principals cannot be read: {error.strerror or error}",
            fix="Check that it is a file that you may read.",
            path=str(path),
        ) from error


def _public_key(given: str) -> PublicKey:
    """Read a line of a public key, or the file that holds it."""
    text = given
    if " " not in given.strip() and os.path.lexists(given):
        try:
            with Path(given).open("rb") as stream:
                text = stream.read(_MOST_BYTES).decode("utf-8", "replace")
        except OSError as error:
            raise UsageError(f"{given} cannot be read: {error.strerror or error}", fix="Name a .pub file.") from error
    try:
        return parse_public_line(text)
    except BadKeyError as error:
        raise UsageError(
            f"This is no public key that may count: {error}",
            fix="Give the .pub file, or its line in quotes, of an ssh-ed25519 or sk-ssh-ed25519@openssh.com key.",
        ) from error
