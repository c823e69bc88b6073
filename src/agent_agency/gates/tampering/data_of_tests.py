"""What tests read from files beside them: the values in their JSON, and the lines and cells of their text files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from agent_agency.gates.tampering.data_literals import is_data
from agent_agency.gates.tampering.inputs_of_tests import TestInputs
from agent_agency.gates.tampering.literals import spelled_number

ReadFile = Callable[[str], bytes | None]
MAX_FILE = 1 << 20
MAX_FILES = 200
LEAST_TEXT = 4
LEAST_NUMBER = 1000
_PLAIN_WORD = re.compile(r"[A-Za-z]?[a-z _.-]*")
_FOLDERS = frozenset({"test", "tests"})
_ENDINGS = frozenset({".json", ".txt", ".csv", ".tsv", ".yaml", ".yml", ".toml", ".dat", ".in", ".out"})
_BETWEEN = re.compile(r"\s*(?:=>|->|\t|\||;)\s*")


def data_inputs(paths: Iterable[str], read: ReadFile, functions: frozenset[str]) -> Iterator[TestInputs]:
    """The data files of tests, each as what a test of these functions puts in and expects."""
    chosen = sorted(path for path in paths if _is_data(path))[:MAX_FILES]
    for path in chosen:
        data = read(path) or b""
        if not data or len(data) > MAX_FILE:
            continue
        values = frozenset(_values(path, data.decode("utf-8", "replace")))
        asked = frozenset(filter(_is_telling, values))
        yield TestInputs(
            path=path, name="a test", line=1, mentions=functions, inputs=asked, expected=values, stood=True
        )


def _is_data(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.suffix in _ENDINGS and not _FOLDERS.isdisjoint(pure.parts[:-1])


def _values(path: str, text: str) -> Iterator[str]:
    if path.endswith(".json"):
        try:
            yield from _of_json(json.loads(text))
        except (ValueError, RecursionError):
            return
    else:
        for line in text.splitlines():
            for part in (line.strip(), *_BETWEEN.split(line.strip())):
                yield from _of_text(part)


def _of_json(value: object) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, str):
            yield from _of_text(item)
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield repr(int(item) if float(item).is_integer() else item)


def _is_telling(value: str) -> bool:
    """Whether a value says more than a word or a small number, which any program and any file of data hold."""
    if is_data(value):
        return True
    if value[:1] in "'\"":
        return len(value) - 2 >= LEAST_TEXT and not _PLAIN_WORD.fullmatch(value[1:-1])
    digits = value.lstrip("-")
    return "." in digits or (digits.isdigit() and int(digits) >= LEAST_NUMBER)


def _of_text(text: str) -> Iterator[str]:
    """The text as a literal, squeezed as well, and the number that it spells."""
    yield repr(text)
    yield repr("".join(text.split()))
    yield from spelled_number(repr(text))
