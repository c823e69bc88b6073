"""The files in which an earlier version kept its chains: never passed over in silence, and never deleted."""

from __future__ import annotations

import os
from pathlib import Path

from agent_agency.errors import LedgerError
from agent_agency.store.files import sync_folder, told

_OWN = "ledger.jsonl"
_IMPORTED = "chains/*.jsonl"
_ENDING = ".taken-in"


def is_old_file(folder: Path, path: Path) -> bool:
    """Whether the path is such a file of this ledger's folder."""
    return any(path.absolute() == old.absolute() for old in _old_files(folder))


def refuse_old_files(folder: Path, *, but: Path | None = None) -> None:
    """Refuse to go on while chains of an earlier version lie in the folder; the own one is to come in first.

    Raises:
        LedgerError: with the code ``ledger.not_taken_in``.
    """
    for old in _old_files(folder):
        if but is None or but.absolute() != old.absolute():
            raise LedgerError(
                "A ledger of an earlier version lies here, and its entries are not in the database",
                fix=f"Run agency ledger import {old}, or move the file away.",
                path=str(old),
                code="ledger.not_taken_in",
            )
        return


def set_taken_in(path: Path) -> None:
    """Rename a file whose chain is in the database now.

    Raises:
        LedgerError: it cannot be renamed; its chain is in the database all the same.
    """
    with told(path, "Renaming the file that was taken in"):
        path.rename(path.with_name(path.name + _ENDING))
        sync_folder(path.parent)


def _old_files(folder: Path) -> list[Path]:
    own = folder / _OWN
    return [*([own] if os.path.lexists(own) else []), *sorted(folder.glob(_IMPORTED))]
