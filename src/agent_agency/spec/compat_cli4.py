"""The verdict of CLI 4.0.0 on a working spec, reproduced exactly (``--compat cli-4.0.0``).

The verdict that the CLI prints is the one meant: for a tier such as ``high`` or ``T2`` it prints ``pass`` and then dies
of an unrelated failure. Its check of the budget never ran and is left out.
"""

from __future__ import annotations

import re
from typing import Any

from agent_agency.facts import Finding
from agent_agency.spec import javascript_values as js
from agent_agency.spec import reference_cli as cli
from agent_agency.spec.document import Document
from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.model import Profile, Spec

NAME = "cli-4.0.0"
_CLI = cli.ReferenceCli(NAME, re.compile(r"[A-Z]+-[0-9]+\Z"), "PREFIX-NUMBER")


def check(document: Document) -> tuple[Finding, ...]:
    """Tell what CLI 4.0.0 holds against the document; its warnings are ``advice``."""
    found = FindingCollector(document, "cli4")
    root = document.value
    if root is None:
        cli.refuse_document(found)
        return found.findings
    try:
        _judge(found, root)
    except js.JavaScriptTypeError:
        cli.refuse_stop(found)
    return found.findings


def _judge(found: FindingCollector, root: Any) -> None:
    cli.check_presence(found, root)
    cli.check_id(found, _CLI, root)
    cli.check_tier_range(found, root)
    cli.check_scope_in(found, root)
    cli.advise_on_lists(found, root)
    cli.check_tier_duties(found, root)
    cli.check_waiver_ids(found, root)
    if js.is_true(js.member(root, "change_budget")):
        found.advise(
            "change_budget.informational",
            ("change_budget",),
            "'change_budget' is read by people only",
            "Set budgets per risk tier in .caws/policy.yaml.",
            at_key=True,
        )


def to_spec(document: Document) -> Spec:
    """Reduce a document that passed ``check``."""
    return cli.reduce_spec(document.value, Profile.SEED, "active", document.path, document.digest)
