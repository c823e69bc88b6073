"""Whether what is recorded of an appeal follows from what is stored, and who may still hear it."""

from __future__ import annotations

from agent_agency.arbitration.appeals.model import Appeal
from agent_agency.arbitration.appeals.panel import REVIEWER, why_not_on_panel
from agent_agency.errors import AppealError
from agent_agency.workflows.appeal_hearing import hear
from agent_agency.workflows.appeals import Registry

SAME, DIFFERS, IMPOSSIBLE = "same", "differs", "impossible"


def follows_again(registry: Registry, appeal: Appeal) -> str | None:
    """Hear a decided appeal again: ``same`` where the recorded ruling follows; ``None`` where none is decided."""
    result = appeal.result
    if result is None:
        return None
    try:
        ruling = hear(registry, appeal).ruling
    except AppealError:
        return IMPOSSIBLE
    recorded = registry.sources.entries_of(result.ruling)
    said = [str(entry.body.get("verdict")) for entry in recorded]
    same = ruling.ruling_id == result.ruling and str(ruling.decision.verdict) == result.verdict
    return SAME if same and said and set(said) == {result.verdict} else DIFFERS


def may_review(registry: Registry, appeal: Appeal) -> tuple[str, ...]:
    """The names of those who may still join the panel of an open appeal."""
    court = registry.sources.court(appeal.chain[0], None)
    if court is None or not appeal.open:
        return ()
    spoken = {review.principal for review in appeal.reviews}
    return tuple(
        principal.name
        for principal in court.principals.with_role(REVIEWER)
        if principal.name not in spoken and why_not_on_panel(principal, appeal.barred) is None
    )
