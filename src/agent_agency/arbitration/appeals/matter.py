"""The entries of one matter, so that an act need not wait for the signatures of all others to be checked.

The entries of a filing and of a decision name the ruling in a member ``subject`` of their own (``RULED_ON``), by which
the ledger finds them. An entry that names another one there than it is about counts for nothing. Nothing is believed
here: what an entry says of rulings, signed or not, can only make the matter larger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from agent_agency.arbitration.appeals.statements import ruling_subject
from agent_agency.ledger.entry import Entry

RULED_ON = "ruled_on"
"""The member of a filing's body that names the ruling under appeal, and of a decision's that names its result."""


def ruled_on(ruling: str) -> Mapping[str, str]:
    """What stands in an entry's body so that it is found by its ruling."""
    return {"subject": ruling_subject(ruling)}


def names_ruling(body: Mapping[str, Any], ruling: str) -> bool:
    """Whether an entry is found by this ruling, and by no other."""
    return body.get(RULED_ON) == ruled_on(ruling)


def entries_of_matter(subject: str, naming: Callable[[str], Iterable[Entry]]) -> tuple[Entry, ...]:
    """The entries about an appeal or a ruling and all appeals of the same matter, oldest first.

    Args:
        subject: of the appeal, or of the ruling.
        naming: the entries of ``APPEAL_KINDS`` that name a subject.
    """
    found: dict[int, Entry] = {}
    seen, waiting = {subject}, [subject]
    while waiting:
        for entry in naming(waiting.pop()):
            found[entry.seq] = entry
            named = entry.body.get(RULED_ON)
            further = {entry.body.get("subject"), named.get("subject") if isinstance(named, dict) else None}
            new = {one for one in further if isinstance(one, str)} - seen
            seen |= new
            waiting.extend(sorted(new))
    return tuple(found[seq] for seq in sorted(found))
