"""``agency rules``: the written law, rule by rule: list, show, test, lint, and try it on a ruling's facts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from agent_agency.arbitration.constitution.examples import ExampleRun
    from agent_agency.arbitration.constitution.model import Rule, RuleOutcome
    from agent_agency.facts import Finding
    from agent_agency.workflows.rules import Linted, RulesInView

SCHEMA_VERSION = 1
FOUND = 1
_FILE = click.Path(path_type=Path)


@click.group(cls=WholeHelpGroup)
def rules() -> None:
    """Show the rules that a change is held to, check your own, and try them on a ruling's facts."""


def _repo_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--repo", type=_FILE, default=Path(), metavar="DIR", help="Where to look for the repository. Default: here."
    )(command)


def _json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")(command)


def _law_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--working-tree", is_flag=True, help="Read the files as they stand, not the base."),
        click.option("--base", metavar="REF", help="Read the rules from its tip. Default: as in a review."),
    ):
        command = option(command)
    return command


@rules.command("list")
@_law_options
@_json_option
@_repo_option
def list_rules(*, base: str | None, working_tree: bool, as_json: bool, repo: Path) -> int:
    """List the rules in force, in the order of their ids."""
    view = _view(repo, base, working_tree=working_tree)
    if as_json:
        _print_json(view, {"rules": [_rule_document(rule) for rule in view.constitution.rules]})
        return 0
    from agent_agency.cli.gate_output import print_columns

    print_columns([(rule.id, str(rule.severity), _kind(rule), rule.title) for rule in view.constitution.rules])
    _say(f"{len(view.constitution.rules)} rules in force at {view.where}, {view.constitution.digest}")
    _tell_weakened(view)
    return 0


@rules.command()
@click.argument("rule_id", metavar="ID")
@_law_options
@_json_option
@_repo_option
def show(*, rule_id: str, base: str | None, working_tree: bool, as_json: bool, repo: Path) -> int:
    """Show one rule: when it applies, what it demands, and where it comes from."""
    view = _view(repo, base, working_tree=working_tree)
    rule = view.named(rule_id)
    if as_json:
        _print_json(view, {"rule": _rule_document(rule)})
        return 0
    from agent_agency.cli.gate_output import print_columns

    print_columns([(name, value) for name, value in _rows(rule, view) if value])
    return 0


@rules.command()
@click.argument("files", nargs=-1, type=_FILE, metavar="[FILE]...")
@_json_option
@_repo_option
def lint(*, files: tuple[Path, ...], as_json: bool, repo: Path) -> int:
    """Check files of rules as they are checked when a review reads them.

    Without a FILE, those of the working tree in .agency/rules. Exit code: 0 nothing is wrong; 1 something is; 2 a file
    could not be read.
    """
    from agent_agency.workflows.rules import lint as lint_files

    linted = lint_files(repo, files)
    if as_json:
        findings = [_finding_document(finding) for finding in linted.findings]
        told = {"files": list(linted.sources), "rules": len(linted.rules), "findings": findings}
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **told}, indent=2))
    elif not linted.sources:
        click.echo("The repository has no rules of its own in .agency/rules; the default rules bind.")
    else:
        _show_findings(linted)
    return FOUND if linted.broken else 0


@rules.command()
@click.argument("files", nargs=-1, type=_FILE, metavar="[FILE]...")
@click.option("--all", "everything", is_flag=True, help="With a FILE: the default rules too.")
@_json_option
@_repo_option
def test(*, files: tuple[Path, ...], everything: bool, as_json: bool, repo: Path) -> int:
    """Run the examples that stand beside the rules.

    Without a FILE, those of the default rules and of the working tree. Exit code: 0 each rule says what its examples
    expect; 1 one does not, or a file is wrong; 2 a file could not be read.
    """
    from agent_agency.workflows.rules import examples_of

    linted, runs = examples_of(repo, files, defaults=everything or not files)
    failed = [run for run in runs if not run.passed]
    if as_json:
        told = {
            "passed": len(runs) - len(failed),
            "failed": [_example_document(run) for run in failed],
            "findings": [_finding_document(finding) for finding in linted.findings],
        }
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **told}, indent=2))
    elif linted.broken:
        _show_findings(linted)
    else:
        _show_examples(runs, failed)
    return FOUND if failed or linted.broken else 0


@rules.command()
@click.argument("ruling", default="latest", metavar="[RULING]")
@click.option("--rule", "rule_id", metavar="ID", help="Try one rule of the law.")
@click.option("--file", type=_FILE, metavar="FILE", help="Try the rules of a file.")
@click.option("--condition", metavar="CEL", help="Try a condition.")
@click.option("--applies", metavar="CEL", default="true", help="With --condition: where it applies.")
@click.option("--each", metavar="LIST", default="", help="With --condition: ask it of each element, such as gates.")
@click.option("--facts", type=_FILE, metavar="FILE", help="Take the facts from a JSON file, not from a ruling.")
@click.option("--base", metavar="REF", help="Read the rules from its tip. Default: as in a review.")
@_json_option
@_repo_option
def playground(
    *,
    ruling: str,
    rule_id: str | None,
    file: Path | None,
    condition: str | None,
    applies: str,
    each: str,
    facts: Path | None,
    base: str | None,
    as_json: bool,
    repo: Path,
) -> int:
    """Say what rules would say of a ruling's facts; nothing is recorded.

    RULING is a ruling's id or the beginning of one, or 'latest', the default. Without --rule, --file and --condition,
    every rule in force is asked. Exit code: 0 nothing is violated or unknown; 1 something is; 2 could not run.
    """
    from agent_agency.arbitration.constitution.model import RuleStatus
    from agent_agency.clock import SystemClock
    from agent_agency.workflows.rules import Play, play

    now = SystemClock().now()
    request = Play(repo, now, ruling, facts, rule_id, file, condition, applies, each, base)
    outcomes = play(request)
    if as_json:
        told = [_outcome_document(outcome) for outcome in outcomes]
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, "outcomes": told}, indent=2))
    else:
        single = rule_id is not None or condition is not None or file is not None
        _show_outcomes(outcomes, with_facts=single)
    held = {RuleStatus.SATISFIED, RuleStatus.NOT_APPLICABLE}
    return 0 if all(outcome.status in held for outcome in outcomes) else FOUND


@rules.command()
@_json_option
def facts(*, as_json: bool) -> int:
    """List the facts that a rule may ask about, with their types."""
    from agent_agency.arbitration.constitution.facts_schema import lists, records

    groups = {**records(), **{f"{name}[]": members for name, members in lists().items()}}
    if as_json:
        told = {
            group: {fact.name: {"type": str(fact.type), "about": fact.about} for fact in members}
            for group, members in groups.items()
        }
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, "facts": told}, indent=2))
        return 0
    from agent_agency.cli.gate_output import print_columns

    rows: list[tuple[str, ...]] = [
        (f"{group}.{fact.name}", str(fact.type), fact.about) for group in groups for fact in groups[group]
    ]
    print_columns(rows)
    return 0


def _view(repo: Path, base: str | None, *, working_tree: bool) -> RulesInView:
    from agent_agency.clock import SystemClock
    from agent_agency.workflows.rules import rules_at_base, rules_in_working_tree

    if working_tree and base is not None:
        raise click.UsageError("--working-tree and --base name two places.")
    return rules_in_working_tree(repo) if working_tree else rules_at_base(repo, base, SystemClock().now())


def _say(line: str) -> None:
    from agent_agency.report.text import clean, no_command

    click.echo(no_command(clean(line)).encode("utf-8"))


def _kind(rule: Rule) -> str:
    return f"{rule.category}, waivable" if rule.waivable else str(rule.category)


def _tell_weakened(view: RulesInView) -> None:
    for one in view.constitution.weakened:
        _say(f"weakened: {one.rule}: {one.how} (allowed by {one.allowed_by})")


def _rows(rule: Rule, view: RulesInView) -> Iterable[tuple[str, str]]:
    yield "rule", f"{rule.id}, version {rule.version}"
    yield "title", rule.title
    yield "severity", f"{rule.severity}; {'a waiver may cover it' if rule.waivable else 'no waiver covers it'}"
    yield "category", str(rule.category)
    yield "asked for", f"each of {rule.each}" if rule.each else "the case"
    yield "applies", rule.applies.strip()
    yield "demands", rule.condition.strip()
    yield "evidence", ", ".join(rule.evidence)
    yield "in force", _days(rule)
    yield "message", rule.message
    yield "remedy", rule.remedy
    yield "source", rule.source
    yield "written in", f"{rule.path}:{rule.line}" if rule.path else "the default rules"
    yield "examples", str(len(rule.examples)) if rule.examples else ""
    yield "weakened", "; ".join(one.how for one in view.constitution.weakened if one.rule == rule.id)


def _days(rule: Rule) -> str:
    parts = [f"from {rule.effective}" if rule.effective else "", f"until {rule.expires}" if rule.expires else ""]
    return " ".join(part for part in parts if part)


def _show_findings(linted: Linted) -> None:
    """Each problem with its line and a caret."""
    from agent_agency.report import validation
    from agent_agency.spec.model import PolicyResult

    results = []
    for path in linted.sources:
        findings = tuple(finding for finding in linted.findings if finding.place.path == path)
        results.append(PolicyResult(path, valid=not _binding(findings), findings=findings))
    click.echo(validation.plain_text(results, linted.sources).encode("utf-8"), nl=False)


def _binding(findings: Iterable[Finding]) -> bool:
    from agent_agency.facts import Severity

    return any(finding.severity is not Severity.ADVICE for finding in findings)


def _show_examples(runs: Sequence[ExampleRun], failed: Sequence[ExampleRun]) -> None:
    for run in failed:
        _say(f"{run.rule.id}: {run.example.name}: expected {run.example.expect}, got {run.got}")
        for outcome in run.outcomes:
            _show_facts(outcome)
    from agent_agency.gates.outcome import counted

    told = f"{counted(len(runs), 'example')} of {counted(len({run.rule.id for run in runs}), 'rule')}"
    _say(f"{told}: {len(runs) - len(failed)} as expected, {len(failed)} not")


def _show_outcomes(outcomes: Sequence[RuleOutcome], *, with_facts: bool) -> None:
    from collections import Counter

    for outcome in outcomes:
        subject = f" [{outcome.subject}]" if outcome.subject else ""
        _say(f"{outcome.status:<14} {outcome.rule}{subject}: {outcome.message}")
        if with_facts or outcome.missing:
            _show_facts(outcome, every=with_facts)
    said = Counter(str(outcome.status) for outcome in outcomes)
    _say(", ".join(f"{count} {status}" for status, count in sorted(said.items())))


def _show_facts(outcome: RuleOutcome, *, every: bool = True) -> None:
    if outcome.missing:
        _say(f"    missing: {outcome.missing}")
    if every:
        for path, value in outcome.facts.items():
            _say(f"    {path} = {json.dumps(value, ensure_ascii=False)}")


def _print_json(view: RulesInView, members: Mapping[str, Any]) -> None:
    law = view.constitution
    weakened = [{"rule": one.rule, "how": one.how, "allowed_by": one.allowed_by} for one in law.weakened]
    told = {"digest": law.digest, "where": view.where, "commit": view.commit, "weakened": weakened}
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **told, **members}, indent=2))


def _rule_document(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "version": rule.version,
        "title": rule.title,
        "category": str(rule.category),
        "severity": str(rule.severity),
        "waivable": rule.waivable,
        "each": rule.each or None,
        "applies": rule.applies,
        "condition": rule.condition,
        "evidence": list(rule.evidence),
        "message": rule.message,
        "remedy": rule.remedy,
        "effective": rule.effective.isoformat() if rule.effective else None,
        "expires": rule.expires.isoformat() if rule.expires else None,
        "source": rule.source,
        "path": rule.path or None,
        "line": rule.line if rule.path else None,
        "examples": len(rule.examples),
    }


def _finding_document(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "message": finding.message,
        "remedy": finding.remedy,
        "path": place.path,
        "line": place.line,
        "column": place.column,
    }


def _example_document(run: ExampleRun) -> dict[str, Any]:
    return {
        "rule": run.rule.id,
        "example": run.example.name,
        "expected": str(run.example.expect),
        "got": str(run.got),
        "outcomes": [_outcome_document(outcome) for outcome in run.outcomes],
    }


def _outcome_document(outcome: RuleOutcome) -> dict[str, Any]:
    return {
        "rule": outcome.rule,
        "subject": outcome.subject or None,
        "status": str(outcome.status),
        "message": outcome.message,
        "remedy": outcome.remedy or None,
        "missing": outcome.missing,
        "facts": dict(outcome.facts),
    }
