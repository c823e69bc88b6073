"""The entries of one matter, so that an act need not wait for the signatures of all others to be checked.

Nothing is believed here: what an entry says of rulings, signed or not, can only make the matter larger.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agent_agency.arbitration.appeals.model import APPEAL_DECIDED, APPEAL_FILED
from agent_agency.arbitration.appeals.statements import appeal_subject
from agent_agency.ledger.entry import Entry


@dataclass(slots=True)
class _Links:
    """The rulings that each appeal is against or may have led to."""

    of_subject: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> _Links:
        links = cls()
        for entry in entries:
            subject = str(entry.body.get("subject"))
            named = _ruling(entry)
            if named is not None:
                links.of_subject.setdefault(subject, set()).add(named)
        return links

    def together_with(self, rulings: set[str]) -> set[str]:
        """The subjects that are linked to the rulings, over any number of steps."""
        found: set[str] = set()
        while True:
            more = {subject for subject, linked in self.of_subject.items() if subject not in found and linked & rulings}
            if not more:
                return found
            found |= more
            rulings = rulings.union(*(self.of_subject[subject] for subject in more))


def entries_of_matter(entries: Sequence[Entry], *, appeal: str = "", ruling: str = "") -> tuple[Entry, ...]:
    """The entries about an appeal and all appeals of the same matter, or about the matter of a ruling.

    Args:
        entries: of the kinds ``APPEAL_KINDS``, oldest first.
        appeal: an appeal's id.
        ruling: a ruling's id.
    """
    links = _Links.of(entries)
    subject = appeal_subject(appeal)
    wanted = links.together_with({ruling} if ruling else links.of_subject.get(subject, set())) | {subject}
    return tuple(entry for entry in entries if str(entry.body.get("subject")) in wanted)


def _ruling(entry: Entry) -> str | None:
    if entry.kind == APPEAL_DECIDED:
        result = entry.body.get("ruling")
        return result if isinstance(result, str) else None
    if entry.kind != APPEAL_FILED:
        return None
    try:
        payload = json.loads(base64.b64decode(entry.body["attestation"]["payload"]))
        named = payload["predicate"]["ruling"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return named if isinstance(named, str) else None
