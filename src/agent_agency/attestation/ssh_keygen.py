"""Signing through ``ssh-keygen -Y sign``, so that ssh-agents and hardware keys can sign."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from agent_agency.attestation.envelope import Signature, SignatureForm
from agent_agency.attestation.key_files import read_key_file
from agent_agency.attestation.keys import HARDWARE, BadKeyError, PublicKey, parse_public_line
from agent_agency.attestation.sshsig import NAMESPACE, unarmoured, verify_sshsig
from agent_agency.errors import NotSignedError, SigningError

TIME_LIMIT = 120.0
"""Seconds in which somebody has to type a pass phrase or touch a hardware key."""

MAX_KEY_BYTES = 64 * 1024
_MISSING = "Install OpenSSH 8.2 or newer, or sign with a key of agency identity new."
_PRIVATE = b"PRIVATE KEY-----"


class SshKeygenSigner:
    """Signs with the key that a file names: a private key's file, or a public key whose private half an agent holds.

    Args:
        path: the file, as ``ssh-keygen -f`` takes it.
        public_key: the key that the file names.
    """

    def __init__(self, path: Path, public_key: PublicKey) -> None:
        self._path = path
        self.public_key = public_key

    @property
    def key_id(self) -> str:
        """The fingerprint of the key."""
        return self.public_key.key_id

    def sign(self, data: bytes) -> Signature:
        """Have ``ssh-keygen`` sign; it asks on the terminal, or the agent asks, for whatever it needs.

        Raises:
            SigningError: there is no ``ssh-keygen``, or it did not sign with this key.
        """
        program = shutil.which("ssh-keygen")
        if program is None:
            raise SigningError("ssh-keygen is not on PATH", fix=_MISSING, code="signature.no_ssh_keygen")
        told = self._run([program, "-q", "-Y", "sign", "-f", str(self._path), "-n", NAMESPACE], data)
        try:
            blob = unarmoured(told)
            verify_sshsig(blob, data, self.public_key)
        except (ValueError, NotSignedError) as error:
            raise self._refused(str(error)) from error
        return Signature(self.key_id, blob, SignatureForm.SSHSIG)

    def _run(self, command: list[str], data: bytes) -> str:
        """Run it over the bytes, which lie in no file that another program could exchange before they are signed.

        It asks for a pass phrase on the terminal, or through the program that the user chose for that
        (``SSH_ASKPASS``); what it says of a hardware key that wants to be touched is shown as it comes.
        """
        environment = dict(os.environ)
        if "SSH_ASKPASS" not in environment:
            environment.setdefault("SSH_ASKPASS_REQUIRE", "never")
        said = None if self.public_key.type == HARDWARE else subprocess.PIPE
        try:
            done = subprocess.run(
                command,
                input=data,
                stdout=subprocess.PIPE,
                stderr=said,
                env=environment,
                check=False,
                timeout=TIME_LIMIT,
            )
        except subprocess.TimeoutExpired as error:
            raise self._refused(f"nobody answered for {TIME_LIMIT:g} seconds") from error
        except OSError as error:
            raise self._refused(str(error.strerror or error)) from error
        if done.returncode != 0:
            raise self._refused(_first_line(done.stderr or b"") or "it gave no reason")
        return done.stdout.decode("ascii", "replace")

    def _refused(self, why: str) -> SigningError:
        return SigningError(
            f"ssh-keygen did not sign with {self.key_id}: {why}",
            fix="Check with ssh-add -l that the agent holds the key, or name the file of its private half.",
            path=str(self._path),
        )


def ssh_signer(path: Path, *, decides: bool) -> SshKeygenSigner:
    """The signer for a key's file.

    Args:
        path: a private key's file or a ``.pub`` file.
        decides: whether the act decides for others, so that a private key that lies open on the disk is refused.

    Raises:
        SigningError: the file names no key that may count, or its private half lies open.
    """
    data = _read(path)
    try:
        public = _public_key(path, data)
    except (BadKeyError, UnicodeDecodeError) as error:
        raise SigningError(
            f"The file names no key that can sign: {error}",
            fix="Name the .pub file of an ssh-ed25519 or sk-ssh-ed25519@openssh.com key.",
            path=str(path),
        ) from error
    if decides and public.type != HARDWARE and _lies_open(path, data):
        raise SigningError(
            "The private half of the key lies open on the disk, so any program of this user could have signed",
            fix="Give it a pass phrase with ssh-keygen -p, or use a hardware key.",
            path=str(path),
            code="signature.unprotected",
        )
    return SshKeygenSigner(path, public)


def _public_key(path: Path, data: bytes) -> PublicKey:
    if _PRIVATE not in data:
        return parse_public_line(data.decode("utf-8"))
    if data.startswith(b"-----BEGIN OPENSSH"):
        return read_key_file(data).public_key
    return parse_public_line(_read(path.with_name(f"{path.name}.pub")).decode("utf-8"))


def _lies_open(path: Path, data: bytes) -> bool:
    """Whether a private half without protection can be seen: in the file itself, or beside a ``.pub`` file."""
    if _PRIVATE not in data:
        beside = path.with_name(path.name.removesuffix(".pub"))
        if beside == path or not beside.exists():
            return False
        data = _read(beside)
    if not data.startswith(b"-----BEGIN OPENSSH"):
        return b"ENCRYPTED" not in data
    try:
        return not read_key_file(data).protected
    except BadKeyError:
        return True


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_KEY_BYTES)
    except OSError as error:
        raise SigningError(
            f"The key's file cannot be read: {error.strerror or error}",
            fix="Name the file of a private key, or its .pub file.",
            path=str(path),
        ) from error


def _first_line(said: bytes) -> str:
    line = next((line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()), "")
    return "".join(char if char.isprintable() else "?" for char in line)[:200].rstrip(".")
