"""Whether what is recorded of an appeal follows from what is stored, and who may still hear it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent_agency.arbitration.appeals.model import APPEAL_FILED, Appeal, Form
from agent_agency.arbitration.appeals.panel import REVIEWER, why_not_on_panel
from agent_agency.arbitration.appeals.statements import appeal_subject
from agent_agency.errors import AppealError
from agent_agency.evidence import EvidenceState
from agent_agency.facts import display_path
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


def looked_at(registry: Registry, appeal: Appeal) -> Mapping[str, str]:
    """What a reviewer has to look at: findings in words by fingerprint, places of evidence by digest."""
    return {**dict(_findings(registry, appeal)), **dict(_evidence(registry, appeal))}


def _findings(registry: Registry, appeal: Appeal) -> Iterator[tuple[str, str]]:
    claimed = {claim.target for claim in appeal.filing.claims if claim.form is Form.FALSE_POSITIVE}
    entries = registry.sources.entries_of(appeal.ruling.id) if claimed else ()
    ruling = next((entry for entry in entries if entry.hash == appeal.ruling.entry), None)
    document = registry.sources.document(ruling) if ruling is not None else None
    findings = (document or {}).get("findings")
    for finding in findings if isinstance(findings, list) else ():
        if finding.get("fingerprint") in claimed:
            path = finding.get("path")
            where = f"{display_path(path)}: " if isinstance(path, str) else ""
            yield finding["fingerprint"], f"{where}{finding.get('message')} ({finding.get('rule')})"


def _evidence(registry: Registry, appeal: Appeal) -> Iterator[tuple[str, str]]:
    """The digest, what the appellant called the file, which is a statement, and the file to open."""
    store, names = registry.record.evidence, _names_given(registry, appeal)
    for digest in {digest for claim in appeal.filing.claims for digest in claim.evidence if store.is_digest(digest)}:
        state = store.state(digest)
        where = display_path(str(store.place(digest))) if state is EvidenceState.OK else f"not here whole ({state})"
        name = names.get(digest, digest)
        yield digest, f"{digest}: {where}" if name == digest else f"{digest} ({name}): {where}"


def _names_given(registry: Registry, appeal: Appeal) -> Mapping[str, str]:
    entries = registry.record.ledger.about(appeal_subject(appeal.id))
    given = next((entry.body.get("evidence") for entry in entries if entry.kind == APPEAL_FILED), None)
    parts = [part for part in given if isinstance(part, dict)] if isinstance(given, list) else []
    return {str(part.get("digest")): display_path(str(part.get("part"))) for part in parts}
