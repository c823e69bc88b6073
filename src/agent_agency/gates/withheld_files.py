"""The files of withheld tests: how they are kept on a machine, known by digest, and laid over a checkout.

They lie below ``<git common folder>/agency/withheld/<64 hex digits>``, outside of every tree that a change can hold.
Whoever can read that folder can read the tests: keep it on the machine that reviews, not where the change is made.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from agent_agency.canonical_json import digest_bytes, digest_json
from agent_agency.errors import FileUnreadableError, FileUnwritableError
from agent_agency.facts import display_path
from agent_agency.gates.checkout import Part
from agent_agency.gates.tests_of_tree import is_test_module, overlaid
from agent_agency.git.tree import TreeEntry

MOST_FILES = 1_000
MOST_BYTES = 16 * 1024 * 1024
_FOLDERS = ("agency", "withheld")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class WithheldFiles:
    """Files by their path relative to the repository's root, sorted by it."""

    files: tuple[tuple[str, bytes], ...]

    @cached_property
    def digest(self) -> str:
        """One digest over every path and content."""
        return digest_json([[path, digest_bytes(data)] for path, data in self.files])

    @property
    def paths(self) -> frozenset[str]:
        """Where they lie in a checkout."""
        return frozenset(path for path, _ in self.files)


def withheld_folder(common_dir: Path) -> Path:
    """Where a repository's withheld files are kept, given the folder that all its work trees share."""
    return common_dir.joinpath(*_FOLDERS)


def read_folder(folder: Path) -> WithheldFiles:
    """Read a folder of withheld files.

    Raises:
        FileUnreadableError: when it holds nothing, too much, anything but plain files, or a path that cannot stand
            in a checkout.
    """
    files: list[tuple[str, bytes]] = []
    left = MOST_BYTES
    for path in _walk(folder):
        data = _read(path, left)
        left -= len(data)
        files.append((path.relative_to(folder).as_posix(), data))
        if len(files) > MOST_FILES:
            raise _refused(folder, f"holds more than {MOST_FILES:,} files", "Give the folder of the tests alone.")
    if not files:
        raise _refused(folder, "holds no file", "Give a folder of test files, laid out as in the repository.")
    return WithheldFiles(tuple(sorted(files)))


def find_withheld(store: Path, digest: str) -> WithheldFiles | str:
    """The files behind a digest, or why they are not to be had on this machine."""
    match = _DIGEST.fullmatch(digest)
    folder = store / match[1] if match else None
    if folder is None or not folder.is_dir() or folder.is_symlink():
        return "they are not on this machine ('agency gates withhold DIR' puts them there)"
    try:
        found = read_folder(folder)
    except FileUnreadableError as error:
        return f"they cannot be read: {error.message}"
    return found if found.digest == digest else "what is kept on this machine no longer has the digest declared"


def keep_withheld(store: Path, withheld: WithheldFiles) -> Path:
    """Keep files under their digest, whole or not at all; keeping the same files twice is one folder.

    Raises:
        FileUnwritableError: when they cannot be written.
    """
    target = store / withheld.digest.removeprefix("sha256:")
    if find_withheld(store, withheld.digest) == withheld:
        return target
    try:
        store.mkdir(parents=True, exist_ok=True, mode=0o700)
        incoming = Path(tempfile.mkdtemp(dir=store, prefix=".incoming-"))
        try:
            lay_withheld(withheld, incoming)
            shutil.rmtree(target, ignore_errors=True)
            incoming.replace(target)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
    except OSError as error:
        raise FileUnwritableError(
            f"The withheld tests could not be kept: {error.strerror or error}",
            fix="Make the folder writable and check that the disk has room.",
            path=str(store),
        ) from error
    return target


def withheld_parts(head: Part, base: Part, withheld: WithheldFiles) -> tuple[Part, Part]:
    """The head's code with the base's helpers of tests, and neither's own test modules: only what is withheld is run.

    Nothing is left where a withheld file belongs, so that none is written through a link that the change brought.
    """
    kept, tests = overlaid(head, base)
    return _without(kept, withheld), _without(tests, withheld)


def lay_withheld(withheld: WithheldFiles, root: Path) -> None:
    """Write the files into a folder that holds nothing in their places.

    Raises:
        OSError: when one cannot be written, or something stands in its place.
    """
    for name, data in withheld.files:
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as stream:
            stream.write(data)


def _without(part: Part, withheld: WithheldFiles) -> Part:
    paths = withheld.paths
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    return Part(
        part.tree,
        tuple(
            entry for entry in part.entries if not _in_the_way(entry, paths, folders) and not is_test_module(entry.path)
        ),
    )


def _in_the_way(entry: TreeEntry, paths: frozenset[str], folders: set[str]) -> bool:
    return (
        entry.path in paths
        or entry.path in folders
        or any(str(parent) in paths for parent in PurePosixPath(entry.path).parents)
    )


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder; what Python leaves behind is no file of the owner's."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise _refused(folder, f"cannot be read: {error.strerror}", "Give a folder that you may read.") from error
    for entry in entries:
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            if entry.name == "__pycache__":
                continue
            if entry.name.lower() == ".git":
                raise _refused(path, "cannot stand in a checkout", "Give a folder without a repository in it.")
            yield from _walk(path)
        elif not entry.is_file(follow_symlinks=False):
            raise _refused(path, "is no plain file", "Put a copy of what it leads to in its place.")
        elif not _can_be_told(entry.name):
            raise _refused(path, "has a name with control characters or bytes that are no UTF-8", "Rename it.")
        else:
            yield path


def _can_be_told(name: str) -> bool:
    return name.isprintable() and name.lower() != ".git"


def _read(path: Path, left: int) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(left + 1)
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}", "Make it readable.") from error
    if len(data) > left:
        raise _refused(path.parent, f"holds more than {MOST_BYTES:,} bytes", "Give the folder of the tests alone.")
    return data


def _refused(path: Path, problem: str, fix: str) -> FileUnreadableError:
    return FileUnreadableError(f"{display_path(str(path))} {problem}", fix=fix, path=str(path))
