"""Gate ``governance_edit``: the judged change does not rewrite what it is judged by.

An edit of the law is never waivable. An edit of CI, hooks, test or tool configuration or agents' settings is a finding
unless the governing spec names that very file: then the law itself has authorised it. A change of nothing but law is
no violation but a question to a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent_agency.change.governance import GovernanceEdit
from agent_agency.change.model import Change, FileChange
from agent_agency.facts import Finding, GateMode, GateResult, Place, Severity, display_path
from agent_agency.gates.context import GateContext
from agent_agency.gates.outcome import concluded, counted, not_run
from agent_agency.gates.touched import edited_paths
from agent_agency.gates.undo import undo_command
from agent_agency.spec.glob import is_glob

NAME = "governance_edit"
LAW = "law"


def evaluate(context: GateContext, mode: GateMode) -> GateResult:
    """Weigh every edit of what governs this repository."""
    edits = sorted(context.governance, key=lambda edit: (edit.path, edit.kind, edit.detail))
    files = _file_of_each_path(context.change)
    facts = {"edits": [{"path": display_path(edit.path), "kind": edit.kind, "detail": edit.detail} for edit in edits]}
    law_only = only_law_edited(context.change, edits)
    findings = [_finding(context, edit, files.get(edit.path), asks=law_only) for edit in edits]
    findings += _generated_marks(context)
    if law_only:
        reason = "only law is edited; a person with authority must decide"
        return not_run(NAME, mode, reason, findings=findings, facts=facts, mendable=False)
    reason = f"{counted(len(edits), 'governance edit')}" if edits else "nothing that governs the repository is edited"
    return concluded(NAME, mode, findings, reason=reason, facts=facts)


def only_law_edited(change: Change, edits: Sequence[GovernanceEdit]) -> bool:
    """Whether the change edits law and nothing else."""
    law = {edit.path for edit in edits if edit.kind == LAW}
    touched = [path for file in change.files for path in edited_paths(file)]
    return bool(touched) and all(path in law for path in touched)


def _file_of_each_path(change: Change) -> dict[str, FileChange]:
    """The file to take back for each path: where two changes touch one path, the one that writes it."""
    files = sorted(change.files, key=lambda file: file.path)
    return {path: file for file in files for path in file.paths} | {file.path: file for file in files}


def _finding(context: GateContext, edit: GovernanceEdit, file: FileChange | None, *, asks: bool) -> Finding:
    is_law = edit.kind == LAW
    severity = Severity.CRITICAL if is_law else Severity.MAJOR
    named = not is_law and _named_literally(context, edit.path)
    message = f"{display_path(edit.path)} is edited: {edit.detail}"
    return Finding(
        rule=f"{NAME}.{edit.kind}",
        severity=Severity.ADVICE if named or asks else severity,
        message=f"{message}; the governing spec names this file" if named else message,
        remedy=_remedy(context, edit, file, named=named, asks=asks),
        place=Place(edit.path),
        waivable=not is_law,
        subject=edit.detail,
    )


def _named_literally(context: GateContext, path: str) -> bool:
    spec = context.spec
    return spec is not None and not is_glob(path) and path in {*spec.scope.inside, *spec.scope.support}


def _generated_marks(context: GateContext) -> Iterator[Finding]:
    """Lines of ``.gitattributes`` by which files would leave the budget of later changes."""
    counts = context.limits.exclude_generated
    for file in context.change.files:
        if file.path.rpartition("/")[2] != ".gitattributes":
            continue
        for line in context.added_lines.get(file.path) or ():
            if any(_marks_generated(word) for word in line.text.split()[1:]):
                yield Finding(
                    rule=f"{NAME}.generated_mark",
                    severity=Severity.MAJOR if counts else Severity.ADVICE,
                    message=f"{display_path(file.path)} calls files generated"
                    + (", which takes them out of the budget of every later change" if counts else ""),
                    remedy=f"Take the line out with: {undo_command(context.change, file)}",
                    place=Place(file.path, line.number),
                    subject=line.text.strip(),
                )


def _marks_generated(attribute: str) -> bool:
    name, _, value = attribute.partition("=")
    return name == "linguist-generated" and value != "false"


def _remedy(context: GateContext, edit: GovernanceEdit, file: FileChange | None, *, named: bool, asks: bool) -> str:
    if named:
        return "Nothing to do"
    if asks:
        return "Have a person with authority over the law review and merge this change"
    undo = f"Take it back with: {undo_command(context.change, file)}" if file else "Take the edit back"
    if edit.kind == LAW:
        return f"{undo}; propose the edit in a change of its own that a person decides on"
    where = display_path(context.spec.path) if context.spec else "the working spec"
    return f"{undo}; or ask for '{display_path(edit.path)}' by its exact path in scope.in of {where}"
