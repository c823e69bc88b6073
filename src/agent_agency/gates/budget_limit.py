"""Gate ``budget_limit``: the change is no larger than its risk tier and the waivers in force allow.

A renamed or copied file counts once, a binary one as a file without lines; lines are insertions plus deletions, also
those that git does not see because of NUL bytes or carriage returns. Source code that is binary all the same is a
finding: its lines cannot be counted.
Only what the law excludes (``budget_exclude``, ``exclude_generated``) does not count, and it is listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent_agency.change.model import FileChange
from agent_agency.facts import Finding, GateMode, GateResult, Place, Severity, display_path
from agent_agency.gates.context import GateContext
from agent_agency.gates.outcome import concluded, counted, not_run
from agent_agency.gates.source_code import is_source
from agent_agency.spec.glob import Globs
from agent_agency.spec.model import Budget, BudgetDecision

NAME = "budget_limit"
_NAMED_CONTRIBUTORS = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """What counts in the budget, and what the law leaves out with its reason."""

    counted: tuple[FileChange, ...]
    excluded: tuple[tuple[FileChange, str], ...]

    @property
    def files(self) -> int:
        """Files that count."""
        return len(self.counted)

    @property
    def lines(self) -> int:
        """Insertions plus deletions that count."""
        return sum(map(lines_of, self.counted))


def lines_of(file: FileChange) -> int:
    """What a file counts for: insertions plus deletions, those that git does not see included."""
    return file.lines + file.unseen_lines


def evaluate(context: GateContext, mode: GateMode) -> GateResult:
    """Hold the size of the change against the effective budget."""
    if context.spec is None:
        return not_run(NAME, mode, "no valid working spec governs this change, so there is no risk tier to budget by")
    if context.budget is None:
        return not_run(NAME, mode, f"no budget is known for risk tier {context.spec.risk_tier}")
    measured = measure_budget(context)
    budget = context.budget.budget
    findings = [*_findings(measured, budget, context.spec.risk_tier), *_uncountable(measured.counted)]
    reason = within_reason(Budget(measured.files, measured.lines), budget)
    return concluded(NAME, mode, findings, reason=reason, facts=_facts(measured, context.budget))


def within_reason(used: Budget, budget: Budget) -> str:
    """What the gate says: what the change uses of what it may."""
    files, lines = counted(used.max_files, "file"), counted(used.max_loc, "line")
    return f"{files} of {budget.max_files:,}, {lines} of {budget.max_loc:,}"


def measure_budget(context: GateContext) -> Measured:
    """Tell what counts in the budget from what the law leaves out.

    A rename or copy is left out only when both of its ends are.
    """
    globs = Globs()
    limits = context.limits
    counting: list[FileChange] = []
    excluded: list[tuple[FileChange, str]] = []
    for file in sorted(context.change.files, key=lambda file: file.path):
        entries = [globs.first_match(path, limits.budget_exclude) for path in file.paths]
        if entry := entries[-1] if all(entries) else None:
            excluded.append((file, f"budget_exclude '{entry}'"))
        elif limits.exclude_generated and file.generated:
            excluded.append((file, "generated (gitattributes)"))
        else:
            counting.append(file)
    return Measured(tuple(counting), tuple(excluded))


def _findings(measured: Measured, budget: Budget, tier: int) -> list[Finding]:
    sides = (
        ("files", measured.files, budget.max_files, "changed file", "max_files"),
        ("lines", measured.lines, budget.max_loc, "changed line", "max_loc"),
    )
    return [
        Finding(
            rule=f"{NAME}.{side}",
            severity=Severity.MAJOR,
            message=f"{counted(number, noun)} where risk tier {tier} allows {limit:,}: over by {number - limit:,};"
            f" {_contributors(measured.counted, side)}",
            remedy=f"Split the change so that at most {limit:,} {side} remain,"
            f" or ask for a waiver of {NAME} with a delta of {key}: {number - limit}",
            subject=side,
        )
        for side, number, limit, noun, key in sides
        if number > limit
    ]


def _uncountable(files: Sequence[FileChange]) -> Iterator[Finding]:
    for file in files:
        if file.new is None or file.no_op or not is_source(file.path):
            continue
        pointer = file.new.lfs_oid is not None
        if pointer or (file.binary and not file.unseen_lines):
            yield Finding(
                rule=f"{NAME}.uncountable",
                severity=Severity.MAJOR,
                message=f"{display_path(file.path)} is source code by its name and"
                f" {'a Git LFS pointer' if pointer else 'binary'} by its content, so its lines cannot be counted",
                remedy="Save it as UTF-8 text, name it for what it is, or ask for it in budget_exclude of agency.toml",
                place=Place(file.path),
            )


def _contributors(files: Sequence[FileChange], side: str) -> str:
    if side == "files":
        return _largest_folders(files)
    largest = sorted(files, key=lambda file: (-lines_of(file), file.path))[:_NAMED_CONTRIBUTORS]
    named = [f"{display_path(file.path)} {_told_lines(file)}" for file in largest]
    return "largest: " + ", ".join(named)


def _told_lines(file: FileChange) -> str:
    return f"{lines_of(file):,}" if file.unseen_lines else f"+{file.added:,} -{file.deleted:,}"


def _largest_folders(files: Sequence[FileChange]) -> str:
    counts: dict[str, int] = {}
    for file in files:
        folder = file.path.rpartition("/")[0] or "."
        counts[folder] = counts.get(folder, 0) + 1
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_NAMED_CONTRIBUTORS]
    return "most in: " + ", ".join(f"{display_path(folder)} {number:,}" for folder, number in largest)


def _facts(measured: Measured, decision: BudgetDecision) -> dict[str, object]:
    return {
        "files": measured.files,
        "lines": measured.lines,
        "added": sum(file.added for file in measured.counted),
        "deleted": sum(file.deleted for file in measured.counted),
        "unseen_lines": sum(file.unseen_lines for file in measured.counted),
        "binary_files": sum(file.binary for file in measured.counted),
        "max_files": decision.budget.max_files,
        "max_loc": decision.budget.max_loc,
        "baseline": {"max_files": decision.baseline.max_files, "max_loc": decision.baseline.max_loc},
        "waivers_applied": list(decision.applied),
        "waivers_skipped": dict(decision.skipped),
        "excluded": [
            {"path": display_path(file.path), "lines": lines_of(file), "because": because}
            for file, because in measured.excluded
        ],
    }
