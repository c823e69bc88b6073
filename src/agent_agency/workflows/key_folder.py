"""The folder in which this user's own keys lie: one private key and its public line per name."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent_agency.attestation.key_files import KeyFile, new_key_file, read_key_file
from agent_agency.attestation.keys import BadKeyError
from agent_agency.errors import FileUnwritableError, SigningError

ARBITER = "arbiter"
"""The name of the key that a review signs with."""

ARBITER_KEY = "AGENCY_ARBITER_KEY"
"""Names the file of the arbiter's key where it is kept elsewhere, such as a runner's secret."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
_MOST_BYTES = 64 * 1024
_SHARED = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class OwnKey:
    """One of this user's keys."""

    name: str
    path: Path
    file: KeyFile


class KeyFolder:
    """Makes and reads the keys below ``path``; no link is followed, and nothing that is there is ever replaced.

    ``arbiter`` is the file of the arbiter's key, where the environment names one that is kept elsewhere.
    """

    def __init__(self, path: Path, arbiter: Path | None = None) -> None:
        self.path = path
        self.arbiter = arbiter

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> KeyFolder:
        """The folder that the environment means: ``AGENCY_KEYS``, or ``agency/keys`` in the user's configuration.

        Raises:
            SigningError: the environment names no folder, and the user has no home.
        """
        named = environment.get(ARBITER_KEY)
        arbiter = Path(named) if named else None
        if chosen := environment.get("AGENCY_KEYS"):
            return cls(Path(chosen), arbiter)
        settings = environment.get("XDG_CONFIG_HOME")
        try:
            below = Path(settings) if settings and Path(settings).is_absolute() else Path.home() / ".config"
        except RuntimeError as error:
            raise SigningError("You have no home folder to keep keys in", fix="Name one with AGENCY_KEYS.") from error
        return cls(below / "agency" / "keys", arbiter)

    def make(self, name: str, pass_phrase: bytes | None) -> OwnKey:
        """Make a key; when this answers, both of its files are on the disk.

        Raises:
            SigningError: the name is no name for a key, or is taken, or the folder may not be trusted.
            FileUnwritableError: the files cannot be written.
        """
        self.refuse_taken(name)
        data = new_key_file(pass_phrase)
        key = OwnKey(name, self.path / name, read_key_file(data))
        try:
            with self._opened() as folder:
                _write_new(folder, name, data, 0o600)
                try:
                    _write_new(folder, f"{name}.pub", f"{key.file.public_key.line(name)}\n".encode(), 0o644)
                except BaseException:
                    os.unlink(name, dir_fd=folder)
                    raise
        except FileExistsError as error:
            raise self._taken(name) from error
        except OSError as error:
            raise FileUnwritableError(
                f"The key could not be written: {error.strerror or error}",
                fix="Check that the folder of keys is yours and may be written, or name another with AGENCY_KEYS.",
                path=str(self.path),
            ) from error
        return key

    def refuse_taken(self, name: str) -> None:
        """Make sure that a key of this name can be made.

        Raises:
            SigningError: the name is no name for a key, or is taken.
        """
        if not _NAME.fullmatch(name) or name.endswith(".pub"):
            raise SigningError(
                f"{name!r} is no name for a key",
                fix="Use letters, digits, '.', '_' and '-' of ASCII, 64 at most.",
                code="signature.bad_name",
            )
        if os.path.lexists(self.path / name) or os.path.lexists(self.path / f"{name}.pub"):
            raise self._taken(name)

    def names(self) -> tuple[str, ...]:
        """The names of the keys that are here, sorted.

        Raises:
            SigningError: the folder cannot be read.
        """
        try:
            found = os.listdir(self.path)  # noqa: PTH208 - names only
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _unreadable(self.path, error) from error
        return tuple(sorted(name for name in found if _NAME.fullmatch(name) and not name.endswith(".pub")))

    def read(self, name: str) -> OwnKey:
        """Read a key's file, without opening the key.

        Raises:
            SigningError: no such key is here, others may read or write its file, or it is no key.
        """
        path = self.path / name
        if not _NAME.fullmatch(name) or name not in self.names():
            here = ", ".join(self.names()) or "none"
            raise SigningError(
                f"There is no key {name!r} of yours; here: {here}",
                fix=f"Make one with agency identity new {name if _NAME.fullmatch(name) else 'NAME'} --role ROLE.",
                code="signature.no_key",
            )
        try:
            return OwnKey(name, path, read_key_file(read_private(path)))
        except BadKeyError as error:
            raise SigningError(
                f"The key {name} cannot be used: {error}", fix="Restore it, or make another.", path=str(path)
            ) from error

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """The folder, made where it is absent, as a descriptor that no later exchange of names can redirect."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            self.path.mkdir(mode=0o700)
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            found = os.fstat(folder)
            if found.st_uid != os.geteuid() or found.st_mode & _SHARED:
                raise SigningError(
                    "Others may write to the folder of keys",
                    fix="Make it yours alone with chmod 700, or name another with AGENCY_KEYS.",
                    path=str(self.path),
                    code="signature.shared_folder",
                )
            yield folder
        finally:
            os.close(folder)

    def _taken(self, name: str) -> SigningError:
        return SigningError(
            f"There is a key {name} already, and no key is ever replaced",
            fix="Choose another name, or move both of its files away first.",
            path=str(self.path / name),
            code="signature.name_taken",
        )


def _write_new(folder: int, name: str, data: bytes, mode: int) -> None:
    """Write a file that is there whole or not at all, and forced to the disk.

    Raises:
        OSError: it could not be written; ``FileExistsError`` when something of that name is there.
    """
    part = f".{name}.{os.getpid()}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(part, flags, mode, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    finally:
        os.unlink(part, dir_fd=folder)


def read_private(path: Path) -> bytes:
    """The bytes of a private key's file, which nobody else may read; no link is followed.

    Raises:
        SigningError: it cannot be read, or others may read or write it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            found = os.fstat(stream.fileno())
            data = stream.read(_MOST_BYTES) if stat.S_ISREG(found.st_mode) else b""
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise SigningError(
            "Others than you may read or write the key's file",
            fix=f"Run chmod 600 on {path.name}, and think of the key as known if others use this machine.",
            path=str(path),
            code="signature.shared_key",
        )
    return data


def _unreadable(path: Path, error: OSError) -> SigningError:
    return SigningError(
        f"The key cannot be read: {error.strerror or error}",
        fix="Check that it is a file of yours, and no link.",
        path=str(path),
    )
