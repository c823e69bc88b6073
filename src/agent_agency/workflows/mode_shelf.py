"""What is kept of modes of judging between commands: calibrations of labels, and how far modes agreed.

They lie in this user's own data folder, a JSON file each, named by the version of the judge that they are of. Each
carries a digest of itself; one that does not match is an error and not a missing file, as a judge without its
calibration says something else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_agency.canonical_json import digest_json, parse_json
from agent_agency.errors import FileUnreadableError, StoreError
from agent_agency.judging.modes.calibration import Calibration, read_calibration, written_calibration
from agent_agency.workflows.learning_store import users_folder
from agent_agency.workflows.whole_file import write_whole

FOLDER = "judge-modes"
MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ModeShelf:
    """The folder; ``None`` where nobody's home is known: then nothing is found, and nothing can be kept."""

    folder: Path | None

    def calibration(self, base: str) -> Calibration | None:
        """The calibration that was made for a version of labels.

        Raises:
            FileUnreadableError: its file cannot be read.
            JudgeError: ``judge.calibration_unreadable``.
        """
        found = self._read("calibration", base)
        return None if found is None else read_calibration(found, str(self._path("calibration", base)))

    def keep_calibration(self, calibration: Calibration) -> Path:
        """Keep a calibration in the place of an older one of the same version.

        Raises:
            FileUnwritableError: it could not be written.
            StoreError: there is no home to keep it in.
        """
        return self._write("calibration", calibration.base, written_calibration(calibration))

    def agreement(self, version: str) -> Mapping[str, Any] | None:
        """What was measured of the modes of a judge, by the version of its whole answers; ``None`` for nothing whole.

        Raises:
            FileUnreadableError: its file cannot be read.
        """
        found = self._read("agreement", version)
        if not isinstance(found, dict) or found.pop("digest", None) != digest_json(found):
            return None
        return found

    def keep_agreement(self, version: str, document: Mapping[str, Any]) -> Path:
        """Keep what was measured.

        Raises:
            FileUnwritableError: it could not be written.
            StoreError: there is no home to keep it in.
        """
        return self._write("agreement", version, {**document, "digest": digest_json(dict(document))})

    def _path(self, kind: str, version: str) -> Path:
        if self.folder is None:
            raise StoreError(
                "There is no home folder to keep this in",
                fix="Set HOME or XDG_DATA_HOME.",
                code="store.no_home",
            )
        return self.folder / f"{kind}-{version.removeprefix('sha256:')}.json"

    def _read(self, kind: str, version: str) -> Any:
        if self.folder is None:
            return None
        path = self._path(kind, version)
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
            return parse_json(data)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise FileUnreadableError(
                f"What is kept of a judge's modes cannot be read: {getattr(error, 'strerror', None) or error}",
                fix="Remove the file, and calibrate or measure again.",
                path=str(path),
            ) from error

    def _write(self, kind: str, version: str, document: Mapping[str, Any]) -> Path:
        path = self._path(kind, version)
        write_whole(path, json.dumps(document, indent=2, allow_nan=False).encode() + b"\n", parents=True)
        return path


NO_SHELF = ModeShelf(None)
"""Finds nothing."""


def open_shelf(environment: Mapping[str, str]) -> ModeShelf:
    """The shelf of this user."""
    try:
        return ModeShelf(users_folder(environment) / FOLDER)
    except StoreError:
        return ModeShelf(None)
