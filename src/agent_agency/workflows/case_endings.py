"""How a case ended that a person or a comparison ended, checked again from rulings and signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent_agency.arbitration.cases.model import CaseEvent, CaseRecord
from agent_agency.errors import CaseError, NotSignedError
from agent_agency.workflows.competing_patches import confirm_choice
from agent_agency.workflows.withdraw_case import who_withdrew

if TYPE_CHECKING:
    from agent_agency.attestation.principals import Principals


@dataclass(frozen=True, slots=True)
class Ending:
    """Who or what ended a case.

    ``by`` is ``law``, ``facts`` or ``person``; ``signed`` tells a person's signature from a mere statement.
    ``why_not`` says why it does not count, where what the record says does not hold; nothing else is told then.
    """

    by: str | None = None
    ruling_id: str | None = None
    who: str | None = None
    reason: str | None = None
    signed: bool = False
    why_not: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {name: getattr(self, name) for name in Ending.__slots__}


def ending_of(record: CaseRecord, principals: Principals) -> Ending | None:
    """How a case ended by a choice or a withdrawal; ``None`` where it is open or ended by a ruling, appeal or date."""
    last = record.history[-1].event
    try:
        if last is CaseEvent.PATCH_CHOSEN:
            chosen = confirm_choice(record, principals)
            signed = chosen.who is not None
            return Ending(str(chosen.by), chosen.ruling_id, chosen.who, chosen.reason, signed)
        if last is CaseEvent.WITHDRAWN:
            who, reason, signed = who_withdrew(record, principals)
            return Ending("person", None, who, reason, signed)
    except (CaseError, NotSignedError) as error:
        return Ending(why_not=error.message)
    return None
