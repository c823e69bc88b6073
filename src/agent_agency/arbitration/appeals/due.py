"""What time alone makes of appeals: which have lapsed without saying so yet, and which only lack their decision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent_agency.arbitration.appeals.model import APPEAL_LAPSED, Appeal, Appeals, State
from agent_agency.arbitration.appeals.statements import appeal_subject
from agent_agency.clock import rfc3339

if TYPE_CHECKING:
    from agent_agency.ledger.journal import Draft


def appeals_due(appeals: Appeals) -> tuple[Draft, ...]:
    """The entries to append for appeals that have lapsed without saying so; nobody needs them to believe it."""
    return tuple(_lapsed(appeals))


def undecided(appeals: Appeals) -> tuple[Appeal, ...]:
    """Appeals whose panel is full and whose decision was never recorded: whoever reads them decides them."""
    return tuple(appeal for appeal in appeals.appeals if appeal.open and appeal.heard)


def _lapsed(appeals: Appeals) -> Iterator[Draft]:
    from agent_agency.ledger.journal import Draft

    for appeal in appeals.appeals:
        if appeal.state is State.LAPSED and not appeal.lapse_recorded:
            body = {
                "subject": appeal_subject(appeal.id),
                "ruling": appeal.ruling.id,
                "level": appeal.level,
                "due": rfc3339(appeal.due),
                "reviews": len(appeal.reviews),
                "reviewers": appeal.size,
                "why": "the time to hear it ended before the panel was full; the ruling stands",
            }
            yield Draft(APPEAL_LAPSED, body)
