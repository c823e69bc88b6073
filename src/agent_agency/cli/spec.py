"""``agency spec``: migrate old specs, explain rules, print schemas."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from agent_agency.spec.model import Profile
    from agent_agency.spec.rule_catalogue import Rule
    from agent_agency.workflows.migrate import PlannedMigration

SCHEMA_VERSION = 1
UNFINISHED = 1
CANNOT_RUN = 2
_PROFILES = ("caws-vnext", "caws-2025.10", "caws-10")
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group()
def spec() -> None:
    """Migrate old working specs, explain rules, print schemas for editors."""


@spec.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path, readable=False))
@click.option("--to", type=click.Choice(["caws-vnext"]), default="caws-vnext", show_default=True, help="The new form.")
@click.option("--profile", type=click.Choice(_PROFILES), help="The form of FILE. Default: told by its fields.")
@click.option("--write", is_flag=True, help="Write to .caws/specs/<id>.yaml; the original is kept as <name>.orig.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to a new file instead.")
@_json_option
def migrate(
    *, files: tuple[Path, ...], to: str, profile: str | None, write: bool, output: Path | None, as_json: bool
) -> int:
    """Turn specs of 2025.10 and version 10 into vNext, telling every field changed, guessed or dropped.

    Without FILE: the specs under .caws. Without --write or --output the outcome is shown and nothing is written. What
    only a person can say is marked FILL IN; such an outcome is never put into place. Exit 0 when complete, 1 when
    something is left to fill in or mend, 2 when it could not be done.
    """
    from agent_agency.errors import UsageError
    from agent_agency.spec.model import Profile as Form
    from agent_agency.workflows.migrate import find_specs, project_root

    if write and output is not None:
        raise UsageError("--write and --output exclude each other", fix="Choose one of the two.")
    root = project_root(files[0].parent if files else Path())
    paths = files or tuple(Path(os.path.relpath(path)) for path in find_specs(root))
    if output is not None and len(paths) > 1:
        raise UsageError("--output takes one spec, but there are several", fix="Name the one file to migrate.")
    form = Form(profile) if profile else None
    answers = [_migrate_one(path, form, _Wish(root, write, output)) for path in paths]
    if as_json:
        _print_json({"to": to, "results": [row for _, row in answers]})
    else:
        for plan, row in answers:
            _show(plan, row)
    if any("error" in row for _, row in answers):
        return CANNOT_RUN
    return 0 if all(row["complete"] for _, row in answers) else UNFINISHED


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the person wants done with an outcome, and in which project."""

    root: Path
    write: bool
    output: Path | None


def _migrate_one(path: Path, profile: Profile | None, wish: _Wish) -> tuple[PlannedMigration | None, dict[str, Any]]:
    """Migrate one file and tell it as a row; a file that cannot be read or written is a row with an error."""
    from agent_agency.errors import AgencyError
    from agent_agency.workflows.migrate import plan_migration

    try:
        plan = plan_migration(path, profile)
        return plan, _carry_out(plan, wish)
    except AgencyError as error:
        return None, {"path": str(path), "complete": False, "error": error.as_dict()}


def _carry_out(plan: PlannedMigration, wish: _Wish) -> dict[str, Any]:
    """Write what was asked for and may be written."""
    from agent_agency.workflows.migrate import write_output, write_planned

    outcome = plan.migration
    written: Path | None = None
    kept: Path | None = None
    if outcome is not None and not outcome.unchanged:
        if wish.output is not None:
            write_output(plan, wish.output)
            written = wish.output
        elif wish.write and plan.done and plan.target is not None:
            kept = write_planned(plan, wish.root)
            written = plan.target
    return _row(plan, written, kept)


def _row(plan: PlannedMigration, written: Path | None, kept: Path | None) -> dict[str, Any]:
    outcome = plan.migration
    findings = (*plan.findings, *(outcome.findings if outcome else ()))
    return {
        "path": str(plan.path),
        "profile": str(outcome.source) if outcome else None,
        "target": str(plan.target) if plan.target else None,
        "unchanged": bool(outcome and outcome.unchanged),
        "complete": plan.done,
        "written": str(written) if written else None,
        "original": str(kept) if kept else None,
        "notes": [
            {"kind": note.kind, "field": note.field, "message": note.message, "line": note.line}
            for note in (outcome.notes if outcome else ())
        ],
        "findings": [
            {"rule": item.rule, "message": item.message, "remedy": item.remedy, "line": item.place.line}
            for item in findings
        ],
        "text": outcome.text if outcome else None,
    }


def _show(plan: PlannedMigration | None, row: Mapping[str, Any]) -> None:
    """Print one outcome; unwritten, it is YAML with the notes as comments, fit to be redirected."""
    from agent_agency.facts import display_path

    if plan is None:
        error = row["error"]
        where = error["path"] or row["path"]
        click.echo(f"agency: {display_path(where)}: {error['message']}. {error['fix']}", err=True)
        return
    path, outcome = display_path(str(plan.path)), plan.migration
    if outcome is None:
        for item in plan.findings:
            place = f":{item.place.line}" if item.place.line else ""
            click.echo(f"{path}{place}: {item.message}. {item.remedy} [{item.rule}]")
        return
    if outcome.unchanged:
        click.echo(f"{path} is {outcome.source} already; unchanged.")
        return
    shown = row["written"] is None
    mark = "# " if shown else ""
    click.echo(f"{mark}{path} ({outcome.source}) becomes {row['target'] or 'a spec without an id'} (caws-vnext):")
    for note in outcome.notes:
        line = f" (line {note.line})" if note.line else ""
        click.echo(f"{mark}  {note.kind:<8} {note.field or 'comments'}{line}: {note.message}")
    for item in outcome.findings:
        click.echo(f"{mark}  mend     {item.message}. {item.remedy} [{item.rule}]")
    click.echo(f"{mark}{_summary(plan, row)}")
    if shown:
        click.echo(outcome.text, nl=False)


def _summary(plan: PlannedMigration, row: Mapping[str, Any]) -> str:
    left = sum(note["kind"] == "needed" for note in row["notes"]) + len(row["findings"])
    parts = [f"Wrote {row['written']}."] if row["written"] else ["Nothing was written."]
    if row["original"]:
        parts.append(f"The original is kept as {row['original']}.")
    if not plan.done:
        parts.append(f"{left} {'thing is' if left == 1 else 'things are'} left for a person to fill in or mend.")
        if not row["written"]:
            parts.append("Use --output FILE to get the outcome as a file.")
    elif not row["written"]:
        parts.append("Use --write to put it into place, then run agency validate.")
    return " ".join(parts)


@spec.command()
@click.argument("rule", required=False)
@_json_option
def explain(*, rule: str | None, as_json: bool) -> None:
    """Say what a rule means, why it exists, what breaks it and what mends it. Without RULE: list them all."""
    from agent_agency.spec.explain import explain_rule, list_rules

    if rule is None:
        rules = list_rules()
        if as_json:
            _print_json({"rules": [known.as_dict() for known in rules]})
        else:
            _show_list(rules)
        return
    known = explain_rule(rule)
    if as_json:
        _print_json(known.as_dict())
    else:
        _show_rule(known)


def _show_list(rules: tuple[Rule, ...]) -> None:
    width = max(len(rule.id) for rule in rules)
    for rule in rules:
        click.echo(f"{rule.id:<{width}}  {rule.means}")


def _show_rule(rule: Rule) -> None:
    click.echo(f"{rule.id}\n\n{_wrapped(rule.means)}\n")
    click.echo(f"Why\n{_wrapped(rule.why, '  ')}")
    for title, text in (("Breaks it", rule.breaks), ("Mends it", rule.mends)):
        click.echo(f"\n{title}\n" + "".join(f"  {line}\n" for line in text.splitlines()), nl=False)
    click.echo(f"\nSource\n{_wrapped(rule.source, '  ')}")


def _wrapped(text: str, indent: str = "") -> str:
    from textwrap import fill

    return fill(text, 80, initial_indent=indent, subsequent_indent=indent)


@spec.command()
@click.option(
    "--kind",
    type=click.Choice(["spec", "policy", "waiver", "config"]),
    default="spec",
    show_default=True,
    help="Of what.",
)
@click.option("--profile", type=click.Choice(_PROFILES), default="caws-vnext", show_default=True, help="In which form.")
def schema(*, kind: str, profile: str) -> None:
    """Print a JSON Schema (2020-12) for editors.

    Save it, and begin the YAML file with the line  # yaml-language-server: $schema=FILE
    """
    from agent_agency.spec.schema import schema_text

    click.echo(schema_text(kind, profile), nl=False)


def _print_json(document: Mapping[str, Any]) -> None:
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2))
