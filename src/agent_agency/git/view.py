"""A private git directory that borrows a repository's objects and nothing else of it.

What is measured is read through such a view: it has no configuration but ours, no ``info/attributes``, no replace refs,
no grafts, no hooks, no remotes, no index and no working tree, so that none of these can change an answer or start a
program. Objects made for a review (a frozen working tree) are written here and vanish with it.
"""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from agent_agency.errors import GitError
from agent_agency.git.process import Finished, GitProgram, environment, failure
from agent_agency.owned_folders import OwnedFolder

PREFIX = "agency-view-"
"""How the names of these folders begin, for whoever takes away what a killed process left."""

_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tbare = true
\tfileMode = {file_mode}
\tsymlinks = {symlinks}
\tignoreCase = {ignore_case}
\tlooseCompression = 0
\tfsmonitor = false
\tuntrackedCache = false
\tcommitGraph = false
\tsafecrlf = false
\tquotePath = false
\texcludesFile = /dev/null
\tattributesFile = /dev/null
\thooksPath = /dev/null
[gc]
\tauto = 0
[extensions]
{extensions}"""


@dataclass(frozen=True, slots=True)
class Filesystem:
    """Whether the file system keeps executable bits and symlinks, and whether it ignores letter case."""

    file_mode: bool
    symlinks: bool
    ignore_case: bool


class ObjectView:
    """Runs git over the objects below ``object_folder`` in a temporary git directory.

    Args:
        program: the git to run.
        object_folder: the repository's ``objects`` folder.
        object_format: ``sha1`` or ``sha256``.
        shallow_file: the repository's list of shallow boundaries, copied when it exists.
        filesystem: what git found out about the file system.
    """

    def __init__(
        self,
        program: GitProgram,
        object_folder: Path,
        object_format: str,
        shallow_file: Path,
        filesystem: Filesystem,
    ) -> None:
        self.program = program
        self.filesystem = filesystem
        self.object_format = object_format
        try:
            owned = OwnedFolder(PREFIX)
            self.folder = owned.path
            self._finalizer = weakref.finalize(self, _remove, owned)
            self._write(object_folder, object_format, shallow_file, filesystem)
        except OSError as error:
            raise GitError(
                f"no temporary git directory could be made ({error.strerror})",
                fix="Free some space in the temporary folder, or point TMPDIR to another.",
            ) from error
        self.environment = environment(
            GIT_DIR=str(self.folder), HOME=str(self.folder), XDG_CONFIG_HOME=str(self.folder)
        )

    def _write(self, object_folder: Path, object_format: str, shallow_file: Path, filesystem: Filesystem) -> None:
        self.objects.joinpath("info").mkdir(parents=True)
        self.folder.joinpath("refs").mkdir()
        self.folder.joinpath("HEAD").write_text("ref: refs/heads/none\n")
        self.objects.joinpath("info", "alternates").write_bytes(quoted_path(object_folder) + b"\n")
        sha1 = object_format == "sha1"
        told = {name: str(value).lower() for name, value in asdict(filesystem).items()}
        config = _CONFIG.format(
            version=0 if sha1 else 1, extensions="" if sha1 else f"\tobjectFormat = {object_format}\n", **told
        )
        self.folder.joinpath("config").write_text(config)
        if shallow_file.exists():
            shutil.copyfile(shallow_file, self.folder / "shallow")

    @property
    def objects(self) -> Path:
        """Where the view's own objects lie."""
        return self.folder / "objects"

    @property
    def is_shallow(self) -> bool:
        """Whether the repository's history is cut off."""
        return self.folder.joinpath("shallow").exists()

    def attempt(self, args: Sequence[str | bytes], *, stdin: bytes | None = None, **extra: str) -> Finished:
        """Run git on the view, with ``extra`` environment variables; any exit code comes back.

        A command that is given a working tree runs at its top: below it, git would answer for that folder alone.
        """
        folder = extra.get("GIT_WORK_TREE", str(self.folder))
        return self.program.run(args, environment={**self.environment, **extra}, folder=folder, stdin=stdin)

    def git(self, args: Sequence[str | bytes], *, stdin: bytes | None = None, **extra: str) -> bytes:
        """Run git on the view and hand back its standard output.

        Raises:
            GitError: when git exits with anything but 0.
        """
        done = self.attempt(args, stdin=stdin, **extra)
        if done.code != 0:
            raise failure(args, done)
        return done.stdout

    def close(self) -> None:
        """Remove the temporary git directory; frozen trees are gone after this."""
        self._finalizer()


def _remove(owned: OwnedFolder) -> None:
    shutil.rmtree(owned.path, ignore_errors=True)
    owned.close()


def quoted_path(path: Path) -> bytes:
    """A path in the C-style quoting that ``objects/info/alternates`` understands."""
    import os

    plain = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')
    return b'"' + b"".join(bytes([byte]) if byte in plain else b"\\%03o" % byte for byte in os.fsencode(path)) + b'"'
