"""Bounds on what one report may hold; what exceeds one is refused whole, never cut to less than it says."""

from __future__ import annotations

from agent_agency.gates.reports.model import MESSAGE_LIMIT, cut
from agent_agency.gates.reports.refusal import Code, Refused

MAX_CASES = 1_000_000
MAX_FILES = 200_000
MAX_PARTS = 1_000_000
MAX_LINES = 50_000_000
MAX_LINES_OF_ONE_FILE = 1_000_000
MAX_ISSUES = 200_000
MAX_MUTANTS = 500_000
MAX_NAME = 4096
_ALL_MESSAGES = 8 * 2**20


def bounded(count: int, most: int, what: str) -> None:
    """Refuse a report with more than ``most`` of something."""
    if count > most:
        raise Refused(Code.TOO_MANY, f"The report has more than {most:,} {what}")


def name_of(text: str, what: str) -> str:
    """A name, id or path as the report gives it, at most ``MAX_NAME`` characters, never cut as it must stay unique."""
    if len(text) > MAX_NAME:
        raise Refused(Code.TOKEN_TOO_LONG, f"{what} has more than {MAX_NAME:,} characters")
    return text


class Messages:
    """Cuts every message, and keeps no more once all together fill their room: only their number is unbounded."""

    def __init__(self) -> None:
        self._room = _ALL_MESSAGES

    def keep(self, text: str, limit: int = MESSAGE_LIMIT) -> str:
        """The message as it is kept."""
        kept = cut(text.strip(), min(limit, self._room)) if self._room > 1 else ""
        self._room -= len(kept)
        return kept
