"""What judges look at in a review: the task as the working spec says it, the diff, and what its commits claim."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_agency.change.diff_text import diff_text
from agent_agency.change.model import Change
from agent_agency.facts import GateResult, GateStatus, display_path
from agent_agency.gates.builtin import SECRETS
from agent_agency.git import Repository
from agent_agency.judging.subject import Subject
from agent_agency.spec.model import Spec
from agent_agency.workflows.judge_gates import task_of
from agent_agency.workflows.subject import Subject as Revisions

MOST_CLAIMS = 40
_TRAILER = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)+: \S")


def judge_subject(
    repo: Repository, change: Change, spec: Spec | None, revisions: Revisions, gates: Sequence[GateResult]
) -> Subject:
    """Put together what is judged of a change; nothing of it says who made the change.

    Args:
        repo: where the change is.
        change: the change.
        spec: its working spec, where there is one.
        revisions: its two ends.
        gates: what gates found, so that no model is asked for what they counted.

    Raises:
        GitError: when the diff or a message cannot be read.
    """
    return Subject(
        id=change.digest,
        surface="code",
        task=task_of(spec),
        output=diff_text(repo.view, change),
        claims=_claims(repo, revisions),
        facts={
            "files": len(change.files),
            "lines_added": change.added,
            "lines_deleted": change.deleted,
            "paths": ", ".join(display_path(file.path) for file in change.files[:MOST_CLAIMS]),
            **_secrets_found(gates),
        },
    )


def _secrets_found(gates: Sequence[GateResult]) -> dict[str, int]:
    """How many credentials the gate found; nothing where it missed a part of the change, or is itself not sure."""
    for gate in gates:
        if gate.name == SECRETS and gate.applicable:
            found = gate.facts.get("credentials", 0)
            if gate.status is GateStatus.FAIL and found:
                return {"secrets_found": found}
            if gate.status is GateStatus.PASS and not found and not gate.facts.get("not_scanned", ("",)):
                return {"secrets_found": 0}
    return {}


def _claims(repo: Repository, revisions: Revisions) -> tuple[str, ...]:
    """What the messages of the commits say, a line each, without trailers: those name people and tools."""
    span = f"{revisions.merge_base}..{revisions.tip}"
    output = repo.git(["log", "--reverse", "--format=%B", "--no-show-signature", span])
    lines = (line.strip() for line in output.decode("utf-8", "replace").splitlines())
    said = dict.fromkeys(line for line in lines if line and not _TRAILER.match(line))
    return tuple(said)[:MOST_CLAIMS]
