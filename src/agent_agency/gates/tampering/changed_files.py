"""The Python files that a change touches, read and parsed on both sides."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from agent_agency.change.model import Change, FileChange, FileEnd, FileStatus
from agent_agency.gates.tampering.conventions import Conventions
from agent_agency.gates.tampering.python_source import Unparsable, is_python, parse_python
from agent_agency.gates.tampering.units import PythonFile, helpers_of, names_in, read_file

ReadFile = Callable[[str], bytes | None]


@dataclass
class Sources:
    """Test files and product code at the base and at the head, by path.

    ``unread`` names what could not be parsed at the head, with the reason; ``missing`` what git could not give.
    """

    base: dict[str, PythonFile] = field(default_factory=dict)
    head: dict[str, PythonFile] = field(default_factory=dict)
    product_base: dict[str, ast.Module] = field(default_factory=dict)
    product_head: dict[str, ast.Module] = field(default_factory=dict)
    renames: dict[str, str] = field(default_factory=dict)
    unread: list[tuple[FileChange, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@dataclass
class _Trees:
    tests: dict[str, ast.Module] = field(default_factory=dict)
    product: dict[str, ast.Module] = field(default_factory=dict)


def read_sources(change: Change, read_base: ReadFile, read_head: ReadFile, conventions: Conventions) -> Sources:
    """Parse every changed Python file on both sides; each is read once."""
    sources = Sources()
    base, head = _Trees(), _Trees()
    for file in change.files:
        if file.status is not FileStatus.COPIED and file.old and file.new and file.old.path != file.new.path:
            sources.renames[file.old.path] = file.new.path
        for trees, end, read in ((base, _old(file), read_base), (head, file.new, read_head)):
            if end is not None and is_file(end) and is_python(end.path):
                _parse(sources, trees, file, end, read, conventions)
    for trees, target in ((base, sources.base), (head, sources.head)):
        helpers = helpers_of(trees.tests.values())
        named = names_in(trees.tests.values())
        for path, tree in trees.tests.items():
            target[path] = read_file(path, tree, conventions, helpers, named)
    sources.product_base, sources.product_head = base.product, head.product
    return sources


def is_file(end: FileEnd) -> bool:
    """Whether git holds plain content there."""
    return not end.is_symlink and not end.is_submodule


def _old(file: FileChange) -> FileEnd | None:
    return None if file.status is FileStatus.COPIED else file.old


def _parse(
    sources: Sources, trees: _Trees, file: FileChange, end: FileEnd, read: ReadFile, conventions: Conventions
) -> None:
    data = read(end.path)
    if data is None:
        sources.missing.append(end.path)
        return
    tree = parse_python(data)
    if isinstance(tree, Unparsable):
        if end is file.new:
            sources.unread.append((file, tree.reason))
        return
    target = trees.tests if conventions.is_test_file(end.path) else trees.product
    target[end.path] = tree


def touched_files(change: Change) -> Iterator[tuple[FileChange, FileEnd]]:
    """Every file that the head holds as plain content, with its end there."""
    for file in change.files:
        if file.new is not None and is_file(file.new):
            yield file, file.new


def renamed_from(renames: Mapping[str, str]) -> Mapping[str, str]:
    """Base paths by head path."""
    return {new: old for old, new in renames.items()}
