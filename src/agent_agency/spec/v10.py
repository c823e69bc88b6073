"""The profile ``caws-10``: the verdict of CLI 10.2.0 on a spec under ``.caws/specs``.

The hand-written validator of 10.2.0 decides; what its JSON Schema says is advice only, as it is there. Source:
``spec-validation.js`` of the reference at the tag v10.2.0.
"""

from __future__ import annotations

import re
from typing import Any

from agent_agency.facts import Finding
from agent_agency.spec import javascript_values as js
from agent_agency.spec import reference_cli as cli
from agent_agency.spec import v10_schema
from agent_agency.spec.document import Document
from agent_agency.spec.finding_collector import FindingCollector
from agent_agency.spec.model import Profile, Spec

_CLI = cli.ReferenceCli(
    "cli-10.2.0", re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-[0-9]+[a-z]*\Z"), "PREFIX-SEGMENT-NUMBER"
)
LIFECYCLES = {
    "draft": "draft",
    "active": "active",
    "in_progress": "active",
    "completed": "closed",
    "closed": "closed",
    "archived": "archived",
}


def check(document: Document) -> tuple[Finding, ...]:
    """Tell what CLI 10.2.0 holds against the document; schema findings and warnings are ``advice``."""
    found = FindingCollector(document, "caws10")
    root = document.value
    if root is None:
        cli.refuse_document(found)
        return found.findings
    root = with_acceptance(root)
    try:
        _judge(found, root)
    except js.JavaScriptTypeError:
        cli.refuse_stop(found)
    v10_schema.advise(found, root)
    return found.findings


def _judge(found: FindingCollector, root: Any) -> None:
    cli.check_presence(found, root)
    cli.check_id(found, _CLI, root)
    cli.check_tier_range(found, root)
    _check_scope_out(found, root)
    cli.check_scope_in(found, root)
    cli.advise_on_lists(found, root)
    cli.check_tier_duties(found, root)
    _check_rollback(found, root)
    cli.check_waiver_ids(found, root)


def with_acceptance(root: Any) -> Any:
    """Read ``acceptance_criteria`` as ``acceptance`` where only the former lists something."""
    if not isinstance(root, dict):
        return root
    criteria, listed = root.get("acceptance_criteria"), root.get("acceptance")
    if isinstance(criteria, list) and criteria and not (isinstance(listed, list) and listed):
        return {**root, "acceptance": criteria}
    return root


def _check_scope_out(found: FindingCollector, root: Any) -> None:
    scope = js.member(root, "scope")
    outside = js.member(scope, "out") if js.is_true(scope) else js.UNDEFINED
    if not isinstance(outside, list):
        return
    for index, entry in enumerate(outside):
        if not isinstance(entry, str | list | bytes):
            found.add(
                "scope.out_not_text",
                ("scope", "out", index),
                "An entry of 'scope.out' is not text",
                "Write each entry as the path of a folder or file.",
            )
        elif _has_wildcard(entry):
            found.add(
                "scope.out_glob",
                ("scope", "out", index),
                f"'{js.to_text(entry)}' has a wildcard, which 'scope.out' does not understand",
                "Name the folder itself, for example build/ instead of build/**.",
            )


def _has_wildcard(entry: str | list[Any] | bytes) -> bool:
    """Both text and lists have ``includes`` in JavaScript; bytes are never a wildcard."""
    return not isinstance(entry, bytes) and ("*" in entry or "?" in entry)


def _check_rollback(found: FindingCollector, root: Any) -> None:
    steps = js.member(root, "rollback")
    if steps is js.UNDEFINED:
        return
    if not isinstance(steps, list):
        found.add(
            "rollback.not_a_list", ("rollback",), "'rollback' is not a list", "Write the steps as a list of sentences."
        )
        return
    for index, step in enumerate(steps):
        if not isinstance(step, str):
            found.add(
                "rollback.not_text",
                ("rollback", index),
                "A rollback step is not text",
                "Write the step as one sentence, in quotes where it holds a colon.",
            )
    texts = [step for step in steps if isinstance(step, str)]
    if len(set(texts)) != len(texts):
        found.advise("rollback.duplicate", ("rollback",), "'rollback' names a step twice", "Remove the repeated step.")


def to_spec(document: Document) -> Spec:
    """Reduce a document that passed ``check``; an unknown ``status`` counts as a draft."""
    root = with_acceptance(document.value)
    status = root.get("status")
    lifecycle = "active" if status is None else LIFECYCLES.get(cli.text_of(status), "draft")
    return cli.reduce_spec(root, Profile.V10, lifecycle, document.path, document.digest)
