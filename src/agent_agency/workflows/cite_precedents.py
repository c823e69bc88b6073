"""What a ruling says of precedents, once its verdict stands: its own facts, and those that it cites."""

from __future__ import annotations

from dataclasses import replace

from agent_agency.arbitration.case_file import Case
from agent_agency.arbitration.ruling import CawsVerdict, Ruling, Verdict
from agent_agency.workflows.case_features import features_of_case
from agent_agency.workflows.precedents import Library, guidance

_LEFT_OPEN = frozenset({Verdict.CONDITIONAL, Verdict.WAIVED})


def cite_precedents(ruling: Ruling, case: Case, library: Library) -> Ruling:
    """The ruling with the features of its case and the precedents beside it; nothing else of it changes.

    Precedents are cited where the law leaves something open: what could not be measured, and what a waiver excuses or
    could excuse.

    Raises:
        LedgerError: the ledger cannot be read or does not verify, or the index of precedents not be written.
    """
    decision = ruling.decision
    features = features_of_case(case, str(decision.verdict))
    if not features.of("issue"):
        return ruling
    asked = decision.verdict in _LEFT_OPEN or decision.caws_verdict is CawsVerdict.WAIVER_REQUIRED
    cited = guidance(library, features) if asked else ()
    return replace(ruling, features=features.as_dict(), precedents=tuple(one.as_dict() for one in cited))
