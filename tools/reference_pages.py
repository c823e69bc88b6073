"""Writes the reference pages that follow from the code, so that they cannot say anything else than it does.

``python -m tools.reference_pages`` writes them; a test holds what is committed against what this would write.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from agent_agency import errors
from agent_agency.cli.main import cli
from agent_agency.spec.rule_catalogue import Rule, load_catalogue
from benchmarks.figures import Figure, number
from tools.constitution_page import constitution_page
from tools.programs_page import programs_page

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results"
# click leaves two columns of a terminal free
WIDTH = 78
SIGNS = {"lower": "≤", "higher": "≥"}
_NOTE = "<!-- Written by make reference; edit the code, not this page. -->\n"


def pages() -> dict[str, str]:
    """Make every generated page: file name to text."""
    return {
        "cli.md": cli_page(),
        "constitution.md": constitution_page(_NOTE),
        "errors.md": errors_page(),
        "figures.md": figures_page(),
        "real-programs.md": programs_page(_NOTE),
        "rules.md": rules_page(),
    }


def cli_page() -> str:
    """List every command with its own help."""
    parts = [_NOTE, "# Command line\n"]
    for path, text in _helps(cli, "agency", None):
        level = "#" * min(path.count(" ") + 2, 3)
        parts.append(f"{level} {path}\n\n```console\n$ {path} --help\n{_tidy(text)}\n```\n")
    return "\n".join(parts)


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    settings = {"terminal_width": WIDTH, **command.context_settings}
    with click.Context(command, info_name=name, parent=parent, **settings) as context:
        yield context.command_path, command.get_help(context)
        if isinstance(command, click.Group):
            for child_name in command.list_commands(context):
                child = command.get_command(context, child_name)
                if child is not None and not child.hidden:
                    yield from _helps(child, child_name, context)


def errors_page() -> str:
    """List the errors that a person may meet, family by family."""
    rows = ["| code | when |", "| --- | --- |"]
    for code, kind in sorted((kind.code, kind) for kind in _error_classes()):
        first = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
        rows.append(f"| `{code}` | {first} |")
    example = errors.NotARepositoryError("No git repository here", fix="Go to one, or make one with git init.")
    envelope = json.dumps({"schema_version": 1, "error": example.as_dict()}, indent=2)
    return f"""{_NOTE}
# Errors

An error is something that could not be read or run. It is one sentence and the next step on standard error, and exit
code 2. With `--json` it is one document on standard output:

```json
{envelope}
```

A code may be more exact than its family, as `git.timed_out` is in the family `git`.

{chr(10).join(rows)}
"""


def figures_page() -> str:
    """Show the committed figures, each with the command that measured it."""
    parts = [_NOTE, "# Figures\n"]
    parts.append(
        "Measured by `make bench`: the median of several runs, the smallest and the largest beside it. A figure says"
        " something about the machine that it was measured on, so that is named too; measure on yours to compare.\n"
    )
    parts += [_results_section(json.loads(path.read_text("utf-8"))) for path in sorted(RESULTS.glob("*.json"))]
    return "\n".join(parts)


def rules_page() -> str:
    """List every rule with its meaning, by where it comes from."""
    parts = [_NOTE, "# Rules\n"]
    parts.append(
        "Every finding names its rule. `agency spec explain RULE` gives an example of what breaks it and of what mends"
        " it. A `*` stands for names that differ in their last part only.\n"
    )
    by_source: dict[str, list[Rule]] = {}
    for rule in load_catalogue().values():
        by_source.setdefault(rule.source, []).append(rule)
    for source, rules in sorted(by_source.items()):
        parts.append(f"## {_cell(source)}\n\n| rule | means | why |\n| --- | --- | --- |")
        parts += [f"| `{rule.id}` | {_cell(rule.means)} | {_cell(rule.why)} |" for rule in rules]
        parts.append("")
    return "\n".join(parts)


def _cell(text: str) -> str:
    """Text as it stands inside a cell of a Markdown table."""
    special = {"|": "\\|", "<": "&lt;", ">": "&gt;", "*": "\\*", "_": "\\_", "[": "\\[", "`": "\\`"}
    return "".join(special.get(character, character) for character in text.replace("\n", " "))


def _results_section(results: dict[str, Any]) -> str:
    machine = ", ".join(f"{key} {value}" for key, value in results["machine"].items())
    rows = ["| what | median | smallest | largest | budget |", "| --- | ---: | ---: | ---: | ---: |"]
    for figure in (Figure(**{key: row[key] for key in row if key != "kept"}) for row in results["figures"]):
        sign = "≤" if figure.better == "lower" else "≥"
        budget = (
            "" if figure.budget is None else f"{sign} {number(figure.budget)}{'' if figure.kept else ' (not kept)'}"
        )
        spread = f"{number(figure.low)} | {number(figure.high)}"
        rows.append(f"| {figure.name} | {number(figure.median)} {figure.unit} | {spread} | {budget} |")
    title = f"## {results['benchmark']}\n\n`{results['command']}` on {results['measured_at'][:10]}: {machine}.\n"
    return title + "\n" + "\n".join(rows) + "\n"


def _error_classes() -> list[type[errors.AgencyError]]:
    members = vars(errors).values()
    return [kind for kind in members if isinstance(kind, type) and issubclass(kind, errors.AgencyError)]


def _tidy(text: str) -> str:
    return "\n".join(row.rstrip() for row in text.splitlines())


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")
        print(f"wrote docs/reference/{name}")


if __name__ == "__main__":
    main()
