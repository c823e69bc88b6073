"""Which paths hold source code, and which of those are tests, told from the name alone."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_SUFFIXES = frozenset(
    """
    .bash .c .cc .clj .cljs .cpp .cs .cxx .dart .erl .ex .exs .f90 .fs .go .groovy .h .hh .hpp .hs .java .jl .js .jsx
    .kt .kts .lua .m .mjs .cjs .ml .mm .mts .cts .nim .php .pl .pm .ps1 .py .pyi .pyx .r .rb .rs .scala .sh .sol .sql
    .svelte .swift .tcl .ts .tsx .v .vb .vhd .vue .zig .zsh
    """.split()  # noqa: SIM905 - a list literal of it runs over many lines
)
_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "testing", "e2e"})
_TEST_NAME = re.compile(r"(?:^test_.*|^conftest|.*_test|.*_spec|.*[.\-](?:test|spec)|.*Tests?)$")


def is_source(path: str) -> bool:
    """Whether the name says that the file is written in a programming language."""
    return PurePosixPath(path).suffix.lower() in _SUFFIXES


def is_test(path: str) -> bool:
    """Whether the path lies in a folder for tests or is named as a test by a common convention."""
    pure = PurePosixPath(path)
    return not _TEST_FOLDERS.isdisjoint(pure.parts[:-1]) or bool(_TEST_NAME.match(pure.stem))
