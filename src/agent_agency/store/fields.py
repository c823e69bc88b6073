"""Reading the members of a record strictly: what is missing, unknown or of another kind is said, never guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from agent_agency.errors import EvaluationError

LONGEST_NAME = 200
LONGEST_TEXT = 1_000_000
MOST_ITEMS = 1000
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)
_FIX = "Correct the record, or export it anew with agency evaluations export."


class Fields:
    """The members of one record, each read once; `done` refuses those that nobody asked for.

    Args:
        members: what was parsed.
        what: names the record in messages, as ``evaluation``.
    """

    __slots__ = ("_left", "_members", "_what")

    def __init__(self, members: Any, what: str) -> None:
        if not isinstance(members, Mapping):
            raise EvaluationError(f"The {what} is no JSON object", fix=_FIX)
        self._members = members
        self._left = set(members)
        self._what = what

    def name(self, key: str, *, empty: bool = False) -> str:
        """A short text without control characters, which may stand in a column and on a terminal.

        Raises:
            EvaluationError: it is missing or something else.
        """
        found = self._of(key, str)
        if len(found) > LONGEST_NAME or not found.isprintable() or not (found or empty):
            raise self.wrong(key, f"must be text of {0 if empty else 1} to {LONGEST_NAME} printable characters")
        return str(found)

    def text(self, key: str) -> str:
        """Any text up to a million characters."""
        return self._text(key, self._of(key, str))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        found = self._of(key, list)
        if len(found) > MOST_ITEMS or not all(isinstance(one, str) for one in found):
            raise self.wrong(key, f"must be a list of at most {MOST_ITEMS} texts")
        return tuple(self._text(key, one) for one in found)

    def names(self, key: str) -> dict[str, str]:
        """An object of texts."""
        found = self._of(key, dict)
        if len(found) > MOST_ITEMS or not all(isinstance(one, str) for one in found.values()):
            raise self.wrong(key, f"must be an object of at most {MOST_ITEMS} texts")
        return dict(found)

    def digest(self, key: str, *, empty: bool = False) -> str:
        """``sha256:`` and 64 hexadecimal digits."""
        found = self._of(key, str)
        if not (_DIGEST.fullmatch(found) or (empty and not found)):
            raise self.wrong(key, "must be sha256: and 64 hexadecimal digits")
        return str(found)

    def moment(self, key: str) -> str:
        """RFC 3339 in UTC with milliseconds, always 24 characters, so that text sorts as time does."""
        found = self._of(key, str)
        if not is_moment(found):
            raise self.wrong(key, "must be a moment in UTC like 2026-01-31T08:00:00.000Z")
        return str(found)

    def one_of(self, key: str, words: Collection[str]) -> str:
        """One of some words."""
        found = self._of(key, str)
        if found not in words:
            raise self.wrong(key, f"must be one of {', '.join(sorted(words))}")
        return str(found)

    def share(self, key: str) -> float | None:
        """A number from 0 to 1, or null; 0 is a number like any other."""
        found = self._number(key)
        if found is not None and not 0 <= found <= 1:
            raise self.wrong(key, "must be a number from 0 to 1, or null")
        return found

    def seconds(self, key: str) -> float:
        """A number that is 0 or more."""
        found = self._number(key)
        if found is None or not (math.isfinite(found) and found >= 0):
            raise self.wrong(key, "must be a number of seconds")
        return found

    def count(self, key: str, *, optional: bool = False) -> int | None:
        """A whole number that is 0 or more; with ``optional``, or null."""
        found = self._take(key)
        if found is None and optional:
            return None
        if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 2**53:
            raise self.wrong(key, "must be a whole number of 0 or more" + (", or null" if optional else ""))
        return found

    def whether(self, key: str) -> bool:
        """True or false."""
        return bool(self._of(key, bool))

    def inside(self, key: str) -> Fields:
        """The members of an object inside of the record."""
        return Fields(self._of(key, dict), f"{self._what}'s {key}")

    def done(self) -> None:
        """Refuse members that no record of this version has.

        Raises:
            EvaluationError: there are some.
        """
        if self._left:
            raise self.wrong(min(map(str, self._left)), "is no member of it in this version")

    def wrong(self, key: str, why: str) -> EvaluationError:
        """The refusal of one member."""
        return EvaluationError(f"The {self._what}'s member {key!r} {why}", fix=_FIX)

    def _take(self, key: str) -> Any:
        if key not in self._members:
            raise self.wrong(key, "is missing")
        self._left.discard(key)
        return self._members[key]

    def _of(self, key: str, kind: type) -> Any:
        found = self._take(key)
        if not isinstance(found, kind):
            told = {str: "text", list: "a list", dict: "an object", bool: "true or false"}
            raise self.wrong(key, f"must be {told[kind]}")
        return found

    def _number(self, key: str) -> float | None:
        found = self._take(key)
        if found is None:
            return None
        if not isinstance(found, int | float) or isinstance(found, bool):
            raise self.wrong(key, "must be a number")
        return float(found)

    def _text(self, key: str, found: str) -> str:
        if len(found) > LONGEST_TEXT:
            raise self.wrong(key, f"must be at most {LONGEST_TEXT} characters long")
        return found


def is_moment(text: str) -> bool:
    """Whether a text is RFC 3339 in UTC with milliseconds, of a day that there is."""
    found = _MOMENT.fullmatch(text)
    try:
        return found is not None and bool(date.fromisoformat(found[1]))
    except ValueError:
        return False
