"""Every code block of the documentation does what the page says, top to bottom, as a reader would do it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from support.doc_blocks import Block, output_matches, read_blocks, read_steps
from support.shell_session import ShellSession

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").rglob("*.md"))]

# Figures and file trees; nothing in them can be run.
SHOWN_ONLY = {"text"}
# Commands that build or run the whole project: CI runs them itself, on the fresh clone.
RUN_BY_CI = {
    command: f"make --no-print-directory {command.partition(' ')[2]}\n"
    for command in ("make check", "make run", "make test")
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_block_of_the_page_holds(page: Path, tmp_path: Path) -> None:
    session = ShellSession(tmp_path)
    try:
        _follow(page, session)
    finally:
        for process in ("SSH_AGENT_PID", "SERVING"):  # a page that did not hold leaves none behind
            session.run(f'test -z "${process}" || kill "${process}"')


def _follow(page: Path, session: ShellSession) -> None:
    for block in read_blocks(page):
        place = f"{page.relative_to(PROJECT)}:{block.line}"
        if block.title:
            session.write(block.title, block.text)
        if block.language == "console":
            _run_console(block, session)
        elif block.language == "python":
            _run_python(block, session, place)
        elif block.language in {"yaml", "toml", "json"}:
            _parse(block, place)
        elif block.language == "sh":
            _check_script(block, place)
        else:
            assert block.language in SHOWN_ONLY, f"{place}: nothing here knows how to run {block.language!r} blocks"


def _run_console(block: Block, session: ShellSession) -> None:
    steps = read_steps(block)
    for index, step in enumerate(steps):
        place = f"{block.page.relative_to(PROJECT)}:{step.line}"
        if step.command in RUN_BY_CI:
            assert RUN_BY_CI[step.command] in (PROJECT / ".ci" / "run").read_text("utf-8"), place
            continue
        output = session.run(step.command)
        asks_status = index + 1 < len(steps) and steps[index + 1].command == "echo $?"
        assert session.status == 0 or asks_status, f"{place}: {step.command}: exit {session.status}\n{output}"
        if step.expected is not None:
            assert output_matches(step.expected, output), f"{place}: {step.command} printed\n{output}"


def _run_python(block: Block, session: ShellSession, place: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block.text], cwd=session.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{place}: {done.stderr}"


def _check_script(block: Block, place: str) -> None:
    """A script is a file that the page's commands use; here only its syntax is read."""
    assert block.title, f"{place}: name the script's file with title=, so that the page can run it"
    done = subprocess.run(["sh", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{place}: {done.stderr}"


def _parse(block: Block, place: str) -> None:
    try:
        if block.language == "yaml":
            parsed = list(yaml.safe_load_all(block.text))
        elif block.language == "toml":
            parsed = [tomllib.loads(block.text)]
        else:
            parsed = [json.loads(block.text)]
    except (yaml.YAMLError, ValueError) as error:
        raise AssertionError(f"{place}: {error}") from error
    assert all(parsed), f"{place}: an empty document"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_no_code_hides_from_the_fences(page: Path) -> None:
    """Code by indentation, or inside HTML, would not be run."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt().parse(page.read_text("utf-8"))
    hidden = [token for token in tokens if token.type == "code_block"]
    hidden += [token for token in tokens if token.type == "html_block" and "<pre" in token.content]
    assert [(token.map, token.content) for token in hidden] == []
    assert len(read_blocks(page)) == sum(token.type == "fence" for token in tokens)


def test_the_commands_that_ci_runs_itself_are_make_targets() -> None:
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    for command in RUN_BY_CI:
        assert f"\n{shlex.split(command)[1]}:" in makefile


def test_every_page_is_reached_from_the_contents() -> None:
    contents = yaml.safe_load((PROJECT / "mkdocs.yml").read_text("utf-8"))["nav"]
    pages = {str(page.relative_to(PROJECT / "docs")) for page in PAGES if page.is_relative_to(PROJECT / "docs")}
    assert set(_leaves(contents)) == pages


def _leaves(node: object) -> list[str]:
    if isinstance(node, str):
        return [node]
    children = node.values() if isinstance(node, dict) else node
    assert isinstance(children, Iterable)
    return [leaf for child in children for leaf in _leaves(child)]


@pytest.mark.parametrize("page", sorted((PROJECT / "docs" / "adr").glob("*.md")), ids=lambda page: page.stem)
def test_a_decision_fits_on_forty_lines(page: Path) -> None:
    assert len(page.read_text("utf-8").splitlines()) <= 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
