"""Streams of events as servers send them, whole again whatever the borders of the chunks that they came in.

Server-sent events as in the WHATWG HTML standard, section 9.2 (a blank line ends an event, lines end in CR, LF or
both, several ``data`` lines are one text, comments and an event without its blank line are dropped), and JSON lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agent_agency.inference.untrusted_json import bad_answer

MAX_EVENT_BYTES = 4 * 1024 * 1024
_ANY_END = re.compile(rb"\r\n|\n|\r")
_LF = re.compile(rb"\n")
_BOM = b"\xef\xbb\xbf"


def sse_events(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The data of each event.

    Raises:
        EngineError: one event is larger than 4 MiB.
    """
    data: list[bytes] = []
    size = 0
    first = True
    for line in _lines(chunks, _ANY_END):
        text = line.removeprefix(_BOM) if first else line
        first = False
        if not text:
            if data:
                yield b"\n".join(data)
            data, size = [], 0
        elif text.startswith(b"data:") or text == b"data":
            data.append(text[5:].removeprefix(b" "))
            size = _within(size + len(text))


def json_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Each line that is not blank, the last one also without an end.

    Raises:
        EngineError: one line is larger than 4 MiB.
    """
    for line in _lines(chunks, _LF, whole_end=True):
        if line.strip():
            yield line


def _lines(chunks: Iterable[bytes], end: re.Pattern[bytes], *, whole_end: bool = False) -> Iterator[bytes]:
    rest: list[bytes] = []
    size = 0
    after_cr = False
    for chunk in chunks:
        begun = chunk.removeprefix(b"\n") if after_cr else chunk  # the second half of a CR LF
        if not begun:
            after_cr = after_cr and not chunk
            continue
        at = 0
        for found in end.finditer(begun):
            yield b"".join([*rest, begun[at : found.start()]])
            rest, size, at = [], 0, found.end()
        after_cr = end is _ANY_END and begun.endswith(b"\r")
        if at < len(begun):
            rest.append(begun[at:])
            size = _within(size + len(begun) - at)
    if whole_end and rest:
        yield b"".join(rest)


def _within(size: int) -> int:
    if size > MAX_EVENT_BYTES:
        raise bad_answer(f"one event of the stream is larger than {MAX_EVENT_BYTES:,} bytes")
    return size
