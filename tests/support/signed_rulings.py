"""Bodies of ruling entries, signed by an arbiter whom no base lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent_agency.attestation.arbiter_act import sign_arbiter_act
from support.principals import TestPrincipal, make_principal

TREE = "ab" * 20
SAMPLE_ARBITER = make_principal("sample-arbiter", ["arbiter"])


def signed_body(body: Mapping[str, Any], arbiter: TestPrincipal = SAMPLE_ARBITER) -> dict[str, Any]:
    """The body with a subject, a tree that was ruled on, and the arbiter's signature over what it says."""
    whole = {"subject": f"ruling:{body['ruling_id']}", "head": {"commit": None, "tree": TREE}, **body}
    recorded = ("subject", "ruling_id", "verdict", "caws_verdict", "inputs_digest", "base")
    stored = ("document", "case_file", "constitution", "decision")
    predicate = {
        **{name: whole.get(name) for name in recorded},
        "law": {name: (whole.get("law") or {}).get(name) for name in ("commit", "constitution")},
        "evidence": {name: whole.get(name) for name in stored},
    }
    head = whole["head"]
    commit = [("commit", {"gitCommit": head["commit"]})] if head["commit"] else []
    subjects = [*commit, ("tree", {"gitTree": head["tree"]})]
    return {**whole, "attestation": sign_arbiter_act("ruling", subjects, predicate, arbiter.signer)}
