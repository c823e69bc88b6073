"""Take credentials out of what a tool wrote, before anything of it is kept or told.

Found are: what the detectors of the gate ``secrets`` find, private keys from their first line to their last, and the
values of those of the arbiter's own variables whose names say that they hold credentials, as they are and as JSON, XML,
URLs and base64 write them. What a tool hides on purpose in another way is not found.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from agent_agency.facts import Finding, GateResult
from agent_agency.gates.credential_places import CredentialPlaces, NotLookedThroughError, Stretch
from agent_agency.gates.secret_scanner import Certainty, SecretScanner, open_scanner

MARGIN = 4096
"""Bytes that are looked at beyond a cut, so that a credential that the cut goes through is seen whole."""

PUT_IN_PLACE = "[redacted]"
WITHHELD = "[withheld: it could not be looked through for credentials]"
SHORTEST_EVERYWHERE = 6
SHORTEST_WORD_EVERYWHERE = 12
"""A value of fewer characters (of fewer letters, where it has nothing else) is taken out close behind the keyword that
gives it away, not wherever its characters occur: ``secrets: passed`` must not take every ``passed`` out of a report."""

REACH = 80
"""How far behind a keyword its value may stand."""

MOST_VALUES = 1_000
LONGEST_S = 20
"""Seconds for one text; detectors can be kept busy on purpose."""

_NAMES_CREDENTIAL = re.compile(
    r"(?:^|_)(?:\w*TOKENS?|\w*SECRETS?|\w*PASSWORD|PASSWD|PASS|PASSPHRASE|PWD|CREDENTIALS?|\w*KEY|AUTH|PAT|COOKIE|DSN|JWT)"
    r"(?:_|$)",
    re.IGNORECASE,
)
_BETWEEN = "\n\x1e\n"
_FOLDERS = frozenset({"PWD", "OLDPWD"})
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-[23]")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|Private-(?:MAC|Hash): [0-9a-f]+")
_NAMES = ("output.txt", "output.ini")  # the detectors that go by keywords want quotes in one and not in the other


@dataclass(frozen=True, slots=True)
class Redacted:
    """Bytes without credentials, and how many were taken out."""

    data: bytes
    credentials: int


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes out credentials; may be shared by threads, which then wait for one another.

    The detectors' library keeps its settings for the whole process, so one redactor is used where several threads are.
    """

    known: tuple[str, ...] = ()
    _alone: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Redactor:
        """A redactor that knows the values of those variables whose names say that they hold credentials."""
        values = {
            value
            for name, value in variables.items()
            if name not in _FOLDERS and _NAMES_CREDENTIAL.search(name) and len(value) >= SHORTEST_EVERYWHERE
        }
        return cls(tuple(sorted({form for value in values for form in _forms_of_known(value)})))

    def redact(self, data: bytes, *, start: int = 0, end: int | None = None, torn: bool = False) -> Redacted:
        """The bytes from ``start`` to ``end`` without credentials; what lies outside is only looked at.

        Args:
            data: any bytes.
            start: where what is wanted begins.
            end: where it ends.
            torn: whether bytes came before these, in which a private key may have begun that ends in these.

        Raises:
            NotLookedThroughError: not all of it can be looked through.
        """
        text = data.decode("latin-1")  # a character for each byte, so that places are the same in both
        if "\0" in text and self._spans(text.replace("\0", ""), torn=torn):
            raise NotLookedThroughError("it holds some among NUL bytes")
        return _without(data, self._spans(text, torn=torn), start, len(data) if end is None else end)

    def clean_result(self, result: GateResult, *, paths: bool = True) -> GateResult:
        """The result of a gate with no credential in anything that it tells.

        Args:
            result: what a gate says.
            paths: whether the paths of findings were chosen by a tool; those of git are what they are.
        """
        texts = [result.reason, *_texts(result.facts)]
        for finding in result.findings:
            texts += [finding.message, finding.remedy, finding.subject]
            texts += [finding.place.path] if paths and finding.place.path else []
        cleaned = self._cleaned(list(dict.fromkeys(texts)))
        changed = {text: clean for text, clean in cleaned.items() if text != clean}
        if not changed:
            return result
        return replace(
            result,
            reason=changed.get(result.reason, result.reason),
            findings=tuple(_clean_finding(finding, changed, paths=paths) for finding in result.findings),
            facts=MappingProxyType({key: _clean_value(value, changed) for key, value in result.facts.items()}),
        )

    def _cleaned(self, texts: list[str]) -> dict[str, str]:
        """Each text without credentials; all are looked at in one go, and in halves where that cannot be done."""
        try:
            joined = _BETWEEN.join(texts).encode("utf-8", "surrogatepass")
            data = self.redact(joined).data.decode("utf-8", "surrogatepass")
        except Exception:  # noqa: BLE001 - whatever a detector stumbles over: what was not looked through is not told
            parts = [WITHHELD] if len(texts) == 1 else []
        else:
            parts = [data] if len(texts) == 1 else data.split(_BETWEEN)
        if len(parts) == len(texts):
            return dict(zip(texts, parts, strict=True))
        half = len(texts) // 2
        return {**self._cleaned(texts[:half]), **self._cleaned(texts[half:])}

    def _spans(self, text: str, *, torn: bool) -> list[tuple[int, int]]:
        keys = list(_private_keys(text, torn=torn))
        values, near = self._values(text)
        return sorted([*keys, *near, *(span for value in values for span in _occurrences(text, value))])

    def _values(self, text: str) -> tuple[set[str], list[tuple[int, int]]]:
        """Values to take out wherever they stand, and the places of those too short for that."""
        values = {form for value in self.known if (form := _as_bytes(value)) in text}
        near: list[tuple[int, int]] = []
        with self._alone, open_scanner() as scanner:
            deadline = time.monotonic() + LONGEST_S
            for stretch in CredentialPlaces(scanner).of(text):
                part = text[stretch.start : stretch.end]
                for value in _asked(scanner, part, stretch):
                    if len(value) >= (SHORTEST_WORD_EVERYWHERE if value.isalpha() else SHORTEST_EVERYWHERE):
                        values.update(_forms(value))
                    else:
                        near += _places(stretch, part, value, scanner.keyword)
                if time.monotonic() > deadline:
                    raise NotLookedThroughError(f"it takes more than {LONGEST_S} seconds")
                if len(values) > MOST_VALUES:
                    raise NotLookedThroughError(f"it holds more than {MOST_VALUES:,} different ones")
        return values, near


def _clean_finding(finding: Finding, changed: Mapping[str, str], *, paths: bool) -> Finding:
    path = finding.place.path
    is_told = paths and path in changed
    return replace(
        finding,
        message=changed.get(finding.message, finding.message),
        remedy=changed.get(finding.remedy, finding.remedy),
        subject=changed.get(finding.subject, finding.subject),
        place=replace(finding.place, path=changed[path]) if path is not None and is_told else finding.place,
    )


def _clean_value(value: Any, changed: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return changed.get(value, value)
    if isinstance(value, Mapping):
        return {changed.get(str(key), key): _clean_value(item, changed) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean_value(item, changed) for item in value]
    return value


def _asked(scanner: SecretScanner, part: str, stretch: Stretch) -> Iterator[str]:
    """What the detectors find in a stretch as it is, and with the quotes that XML or JSON write differently."""
    views = {part}
    if "&" in part:
        views.add(html.unescape(part))
    if "\\" in part:
        views.add(part.replace('\\"', '"').replace("\\'", "'").replace("\\n", " "))
    names = _NAMES if stretch.certainty is Certainty.KEYWORD else _NAMES[:1]
    for view in sorted(views):
        for name in names:
            yield from scanner.values(name, view, stretch.certainty, stretch.detectors)


def _places(stretch: Stretch, part: str, value: str, keyword: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where a value stands close to a keyword, or wherever it does if the stretch shows no keyword as it is."""
    lowered = part.lower()
    for match in re.finditer(re.escape(value), part) if value else ():
        around = lowered[max(match.start() - REACH, 0) : match.end() + REACH]
        if keyword.search(around) or not keyword.search(lowered):
            yield stretch.start + match.start(), stretch.start + match.end()


def _occurrences(text: str, value: str) -> Iterator[tuple[int, int]]:
    at = text.find(value)
    while at >= 0:
        yield at, at + len(value)
        at = text.find(value, at + 1)


def _forms(value: str) -> set[str]:
    """A value as it is, and as XML and JSON write it."""
    return {value, html.escape(value), html.escape(value, quote=False), json.dumps(value)[1:-1]}


def _forms_of_known(value: str) -> Iterator[str]:
    """A known value in the ways in which tools write it; of one of several lines also each long line."""
    raw = value.encode("utf-8", "surrogateescape")
    yield from _forms(value)
    yield quote(raw, safe="")
    yield base64.b64encode(raw).decode("ascii").rstrip("=")
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= 2 * SHORTEST_EVERYWHERE)


def _as_bytes(value: str) -> str:
    return value.encode("utf-8", "surrogateescape").decode("latin-1")


def _private_keys(text: str, *, torn: bool) -> Iterator[tuple[int, int]]:
    """Private keys from their first line to their last; one that does not end goes on to the end of the text."""
    at = 0
    first_end = _KEY_ENDS.search(text)
    first = _KEY_BEGINS.search(text)
    if torn and first_end and (first is None or first_end.start() < first.start()):
        yield 0, first_end.end()
    while begin := _KEY_BEGINS.search(text, at):
        end = _KEY_ENDS.search(text, begin.end())
        at = end.end() if end else len(text)
        yield begin.start(), at


def _texts(value: Any) -> Iterator[str]:
    """Every text in JSON-ready data, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _without(data: bytes, spans: list[tuple[int, int]], start: int, end: int) -> Redacted:
    parts: list[bytes] = []
    at, count = start, 0
    for first, last in spans:
        if last <= at or first >= end:
            continue
        parts += [data[at : max(first, at)], PUT_IN_PLACE.encode()]
        at, count = min(last, end), count + 1
    return Redacted(b"".join([*parts, data[at:end]]), count)
