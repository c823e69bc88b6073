"""Finding the key that an act is signed with, and refusing one that anybody could have used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.attestation.key_files import WrongPassPhraseError, open_key, read_key_file
from agent_agency.attestation.keys import BadKeyError, PublicKey
from agent_agency.attestation.principals import DECIDING_ROLES, Principals
from agent_agency.errors import SigningError, UsageError
from agent_agency.workflows.key_folder import ARBITER, ARBITER_KEY, KeyFolder, OwnKey, read_private

if TYPE_CHECKING:
    from agent_agency.attestation.signer import Ed25519Signer, Signer

AskPassPhrase = Callable[[str], bytes]
"""Asks a person on the terminal, with this prompt; raises `SigningError` where there is no terminal."""


@dataclass(frozen=True, slots=True)
class ArbiterKey:
    """The arbiter's signer; ``made`` is where its key was just made, ``None`` when it was there before."""

    signer: Ed25519Signer
    made: Path | None


def find_signer(
    name: str | None,
    *,
    role: str,
    keys: KeyFolder,
    ask: AskPassPhrase,
    ssh_key: Path | None = None,
    principals: Principals | None = None,
) -> Signer:
    """The key with which a person signs in a role.

    Args:
        name: whose key in the folder; ``None`` takes the only one that the role can have.
        role: the role in which the act is signed.
        keys: the folder of this user's keys.
        ask: asks for the pass phrase.
        ssh_key: a key's file for ``ssh-keygen``, in place of a key in the folder.
        principals: who is listed at the base, so that a key that counts for nothing is refused before anybody types.

    Raises:
        SigningError: there is no such key, it lies open although the role decides for others, its pass phrase was not
            given, or the base does not list it in the role.
        UsageError: both a name and a file were given.
    """
    decides = role in DECIDING_ROLES
    if ssh_key is not None:
        from agent_agency.attestation.ssh_keygen import ssh_signer

        if name is not None:
            raise UsageError("--as and --ssh-key both name a key", fix="Give one of them.")
        signer = ssh_signer(ssh_key, decides=decides)
        _refuse_unlisted(signer.public_key, role, principals)
        return signer
    key = keys.read(name) if name is not None else _only_key(keys, role, principals)
    _refuse_unlisted(key.file.public_key, role, principals)
    if decides:
        _refuse_open(key)
    return _opened(key, ask)


def arbiter_signer(keys: KeyFolder, environment: Mapping[str, str]) -> ArbiterKey:
    """The key with which the arbiter signs rulings and heads; made at its first use, without a pass phrase.

    ``AGENCY_ARBITER_KEY`` names the file of a key that is kept elsewhere, such as a runner's secret.

    Raises:
        SigningError: the key that is named or there cannot be used.
        FileUnwritableError: it could not be made.
    """
    if chosen := environment.get(ARBITER_KEY):
        return ArbiterKey(_arbiters(_key_in(Path(chosen))), None)
    if ARBITER in keys.names():
        return ArbiterKey(_arbiters(keys.read(ARBITER)), None)
    try:
        made = keys.make(ARBITER, None)
    except SigningError as error:
        if error.stable_code != "signature.name_taken":
            raise
        return ArbiterKey(_arbiters(keys.read(ARBITER)), None)  # another process was quicker
    return ArbiterKey(_arbiters(made), made.path)


def _only_key(keys: KeyFolder, role: str, principals: Principals | None) -> OwnKey:
    """The one key that can be meant where nobody names one."""
    own = [keys.read(name) for name in keys.names() if name != ARBITER]
    if principals is not None:
        listed = {key.key_id for principal in principals.with_role(role) for key in principal.keys}
        own = [key for key in own if key.file.public_key.key_id in listed] or own
    if len(own) == 1:
        return own[0]
    if not own:
        raise SigningError(
            "You have no key to sign with",
            fix=f"Make one with agency identity new NAME --role {role}, or name one with --ssh-key FILE.",
            code="signature.no_key",
        )
    names = ", ".join(key.name for key in own)
    raise SigningError(f"You have several keys: {names}", fix="Name one with --as.", code="signature.which_key")


def _refuse_unlisted(key: PublicKey, role: str, principals: Principals | None) -> None:
    if principals is None:
        return
    principal = principals.by_key(key.key_id)
    if principal is not None and role in principal.roles:
        return
    what = f"{principal.name} is listed at the base without the role" if principal else "the base does not list it for"
    raise SigningError(
        f"The key {key.key_id} counts for nothing here: {what} {role}",
        fix="Have agency identity trust list it, and somebody who may put that on the base branch.",
        code="signature.not_listed",
    )


def _refuse_open(key: OwnKey) -> None:
    if not key.file.protected:
        raise SigningError(
            f"The key {key.name} has no pass phrase, so any program of this user could have signed",
            fix=f"Give it one with ssh-keygen -p -a 64 -f {key.path}, or make another with agency identity new.",
            code="signature.unprotected",
        )


def _opened(key: OwnKey, ask: AskPassPhrase) -> Ed25519Signer:
    pass_phrase = ask(f"Pass phrase of the key {key.name}: ") if key.file.protected else None
    try:
        return open_key(key.file, pass_phrase)
    except WrongPassPhraseError as error:
        raise SigningError(
            f"The pass phrase does not open the key {key.name}", fix="Try again.", code="signature.pass_phrase"
        ) from error
    except BadKeyError as error:
        raise SigningError(f"The key {key.name} cannot be used: {error}", fix="Restore it, or make another.") from error


def _arbiters(key: OwnKey) -> Ed25519Signer:
    if key.file.protected:
        raise SigningError(
            "The arbiter's key has a pass phrase, and a review asks nobody",
            fix="Name a key without one, which only the arbiter's user may read.",
            path=str(key.path),
        )
    return _opened(key, _nobody)


def _nobody(prompt: str) -> bytes:
    raise SigningError(f"nobody is asked: {prompt}", fix="Name a key without a pass phrase.")


def _key_in(path: Path) -> OwnKey:
    try:
        return OwnKey(path.name, path, read_key_file(read_private(path)))
    except BadKeyError as error:
        raise SigningError(
            f"The file that {ARBITER_KEY} names is no key: {error}",
            fix="Name the file of an Ed25519 key in OpenSSH's format.",
            path=str(path),
        ) from error
