"""The features of a case: at a review, and anew from the case file that a ruling recorded."""

from __future__ import annotations

from collections.abc import Iterator

from agent_agency.arbitration.case_file import Case, from_json
from agent_agency.arbitration.constitution.model import Constitution
from agent_agency.arbitration.precedents.features import features
from agent_agency.arbitration.precedents.model import CaseFeatures
from agent_agency.errors import EvidenceError, PrecedentError
from agent_agency.evidence import EvidenceStore
from agent_agency.ledger.entry import Entry


def features_of_case(case: Case, verdict: str) -> CaseFeatures:
    """What of a case tells it apart from others."""
    return features(case.facts, case.outcomes, verdict, _words(case))


def features_of_file(entry: Entry, evidence: EvidenceStore) -> CaseFeatures:
    """The features that a recorded ruling's own case file gives.

    Raises:
        PrecedentError: the case file or its constitution is not there whole.
    """
    from agent_agency.arbitration.constitution.serialise import constitution_from

    def constitution_of(_: str) -> Constitution:
        return constitution_from(evidence.get(str(entry.body.get("constitution"))))

    try:
        case = from_json(evidence.get(str(entry.body.get("case_file"))), constitution_of)
    except (EvidenceError, ValueError) as error:
        raise PrecedentError(
            f"The case file of ruling {entry.body.get('ruling_id')} is not there whole: {error}",
            fix="Restore the evidence folder from a backup.",
            code="precedent.no_case",
        ) from error
    return features_of_case(case, str(case.decide().verdict))


def _words(case: Case) -> Iterator[str]:
    for gate in case.gates:
        if gate.applicable and gate.status != "pass":
            yield gate.reason
        yield from (finding.message for finding in gate.findings)
