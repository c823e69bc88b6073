"""Take credentials out of bytes that a tool wrote, before anything of them is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent_agency.change.model import AddedLine

MARGIN = 4096
"""Bytes that are looked at beyond a cut, so that a credential that the cut goes through is seen whole."""

PUT_IN_PLACE = b"[redacted]"
SHORTEST_EVERYWHERE = 6
"""A value of fewer characters is taken out of the line that gives it away, not wherever its characters occur."""

_NAMES_CREDENTIAL = re.compile(
    r"(?:^|_)(?:\w*TOKENS?|\w*SECRETS?|\w*PASSWORD|PASSWD|PASS|PASSPHRASE|PWD|CREDENTIALS?|\w*KEY|AUTH|PAT|COOKIE|DSN|JWT)"
    r"(?:_|$)",
    re.IGNORECASE,
)
_FOLDERS = frozenset({"PWD", "OLDPWD"})


@dataclass(frozen=True, slots=True)
class Redacted:
    """Bytes without credentials, and how many were taken out."""

    data: bytes
    credentials: int


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes out what the detectors of credentials find, and values that are known to be credentials."""

    known: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Redactor:
        """A redactor that knows the values of those variables whose names say that they hold credentials."""
        values = {
            value.encode("utf-8", "surrogateescape")
            for name, value in variables.items()
            if name not in _FOLDERS and _NAMES_CREDENTIAL.search(name) and len(value) >= SHORTEST_EVERYWHERE
        }
        return cls(tuple(sorted(values)))

    def redact(self, data: bytes, *, start: int = 0, end: int | None = None, torn: bool = False) -> Redacted:
        """The bytes from ``start`` to ``end`` without credentials; what lies outside is only looked at.

        Args:
            data: any bytes.
            start: where what is wanted begins.
            end: where it ends.
            torn: whether bytes came before these, in which something may have begun that ends in these.
        """
        text = data.decode("latin-1")
        end = len(text) if end is None else end
        spans = sorted(self._spans(text))
        return _without(data, spans, start, end)

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        from agent_agency.gates.secret_scanner import open_scanner

        values = {value.decode("latin-1") for value in self.known}
        with open_scanner() as scanner:
            lines = [AddedLine(number, line) for number, line in enumerate(text.split("\n"), start=1)]
            values |= {value for _, _, _, value in scanner._in_lines("output.ini", lines, guess=True)}
        if values:
            for match in re.finditer("|".join(map(re.escape, sorted(values, key=len, reverse=True))), text):
                yield match.span()


def _without(data: bytes, spans: list[tuple[int, int]], start: int, end: int) -> Redacted:
    parts, at, count = [], start, 0
    for first, last in spans:
        if last <= at or first >= end:
            continue
        parts += [data[at : max(first, at)], PUT_IN_PLACE]
        at, count = min(last, end), count + 1
    return Redacted(b"".join([*parts, data[at:end]]), count)
