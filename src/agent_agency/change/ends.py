"""Fill in both ends of every changed file: sizes, symlink targets, LFS pointers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from agent_agency.change.model import FileEnd
from agent_agency.change.raw_diff import RawEntry
from agent_agency.git.lfs_pointer import LARGEST_POINTER, SMALLEST_POINTER, LfsPointer, parse_pointer
from agent_agency.git.objects import ObjectInfo, contents, infos
from agent_agency.git.view import ObjectView

_SYMLINK = "120000"
_SUBMODULE = "160000"

Ends = tuple[FileEnd | None, FileEnd | None]


def read_ends(view: ObjectView, entries: Sequence[RawEntry]) -> list[Ends]:
    """Both ends of every entry, in order; ``None`` where nothing stands.

    Raises:
        GitError: when an object is missing.
    """
    sides = list(_sides(entries))
    known = infos(view, (blob for mode, blob in sides if mode != _SUBMODULE))
    links = _links(view, known, sides)
    pointers = _pointers(view, known, sides)

    def end(path: str, mode: str, blob: str) -> FileEnd:
        pointer = pointers.get(blob) if mode not in {_SYMLINK, _SUBMODULE} else None
        return FileEnd(
            path=path,
            mode=mode,
            blob=blob,
            size=None if mode == _SUBMODULE else known[blob].size,
            link_target=links[blob] if mode == _SYMLINK else None,
            lfs_oid=pointer.oid if pointer else None,
            lfs_size=pointer.size if pointer else None,
        )

    return [
        (
            end(entry.old_path, entry.old_mode, entry.old_id) if entry.has_old else None,
            end(entry.new_path, entry.new_mode, entry.new_id) if entry.has_new else None,
        )
        for entry in entries
    ]


def _sides(entries: Iterable[RawEntry]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        if entry.has_old:
            yield entry.old_mode, entry.old_id
        if entry.has_new:
            yield entry.new_mode, entry.new_id


def _links(view: ObjectView, known: Mapping[str, ObjectInfo], sides: Iterable[tuple[str, str]]) -> dict[str, str]:
    wanted = dict.fromkeys(blob for mode, blob in sides if mode == _SYMLINK)
    return {blob: os.fsdecode(data) for blob, data in contents(view, [known[blob] for blob in wanted])}


def _pointers(
    view: ObjectView, known: Mapping[str, ObjectInfo], sides: Iterable[tuple[str, str]]
) -> dict[str, LfsPointer]:
    regular = dict.fromkeys(blob for mode, blob in sides if mode not in {_SYMLINK, _SUBMODULE})
    wanted = [known[blob] for blob in regular if SMALLEST_POINTER <= known[blob].size <= LARGEST_POINTER]
    parsed = ((blob, parse_pointer(data)) for blob, data in contents(view, wanted))
    return {blob: pointer for blob, pointer in parsed if pointer is not None}
