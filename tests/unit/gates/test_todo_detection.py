from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.gates.context import GateContext
from agent_agency.gates.todo_detection import evaluate, marker_in
from agent_agency.spec.model import PolicyGate
from support.gate_context import added, context, policy, rules, symlink, with_text


def run(built: GateContext) -> GateResult:
    return evaluate(built, GateMode.BLOCK)


@pytest.mark.parametrize("word", ["TODO", "FIXME", "HACK", "XXX"])
def test_a_marker_in_an_added_comment_fails_with_its_place(word: str) -> None:
    result = run(with_text("src/a.py", f"x = 1\ny = 2  # {word} later\n"))
    assert (result.status, rules(result.findings)) == (GateStatus.FAIL, [f"todo_detection.{word.lower()}"])
    place = result.findings[0].place
    assert (place.path, place.line, place.column) == ("src/a.py", 2, 10)


def test_a_marker_outside_a_comment_or_on_an_old_line_does_not_count() -> None:
    old = "# TODO: old\n"
    new = old + 's = \'TODO\'\nTODO = 1\ndef f():\n    """TODO in a docstring."""\n'
    assert run(with_text("src/a.py", new, old=old)).status is GateStatus.PASS


def test_a_marker_inside_a_comment_block_that_began_before_the_change_counts() -> None:
    result = run(with_text("src/a.js", "/*\n FIXME this\n*/\n", old="/*\n*/\n"))
    assert rules(result.findings) == ["todo_detection.fixme"]


@pytest.mark.parametrize("path", ["README.md", "docs/a.txt", "notes.rst"])
def test_prose_is_no_code(path: str) -> None:
    assert run(with_text(path, "# TODO: write\n")).status is GateStatus.PASS


@pytest.mark.parametrize(
    ("comment", "marker"),
    [
        ("# TODO", "TODO"),
        ("# (TODO)", "TODO"),
        ("#TODO:x", "TODO"),
        ("# see TODO list", "TODO"),
        ("# todo: x", "TODO"),
        ("// Todo(ann): x", "TODO"),
        ("/* fixme : x", "FIXME"),
        ("# TODOs", None),
        ("# TODO_LIST", None),
        ("# mktemp a.XXXXXX", None),
        ("# the todo app", None),
        ("# todo app", None),
        ("# hackathon", None),
        ("# autodoc: todo:", None),
    ],
)
def test_markers_are_whole_words_in_upper_case_or_open_the_comment(comment: str, marker: str | None) -> None:
    found = marker_in(comment)
    assert (found[0] if found else None) == marker


def test_the_finding_does_not_quote_the_comment() -> None:
    result = run(with_text("src/a.py", "# TODO rotate hunter2hunter2\n"))
    assert "hunter2" not in repr(result)


def test_the_fingerprint_stays_when_the_comment_moves_and_differs_between_comments() -> None:
    first = run(with_text("src/a.py", "# TODO: a\n# TODO: b\n")).findings
    moved = run(with_text("src/a.py", "x = 1\n\n# TODO: a\n")).findings
    assert moved[0].fingerprint == first[0].fingerprint != first[1].fingerprint


def test_added_lines_that_are_not_known_are_named_and_the_gate_does_not_pass() -> None:
    result = run(context(added("src/b.py"), added("src/a.py"), added_lines={}))
    assert result.status is GateStatus.NOT_RUN
    assert result.reason == "the added lines of src/a.py are not known, nor those of 1 other file"


def test_a_head_that_cannot_be_read_where_a_marker_stands_does_not_pass() -> None:
    built = replace(with_text("src/a.py", "# TODO\n"), read_head=lambda _path: None)
    assert run(built).status is GateStatus.NOT_RUN


def test_files_without_a_marker_are_not_read_at_all() -> None:
    def unread(path: str) -> bytes | None:
        raise AssertionError(path)

    assert run(replace(with_text("src/a.py", "# fine\n"), read_head=unread)).status is GateStatus.PASS


def test_a_symbolic_link_is_no_code() -> None:
    assert run(context(symlink("src/link.py", "# TODO"), added_lines={})).status is GateStatus.PASS


def test_thresholds_have_no_meaning_here_and_that_is_told() -> None:
    law = policy({"todo_detection": PolicyGate("block", enabled=True, thresholds={"min_confidence": 0.8})})
    result = run(context(policy=law))
    assert (result.status, rules(result.findings)) == (GateStatus.PASS, ["todo_detection.threshold_not_applied"])


def test_how_files_were_read_is_in_the_facts() -> None:
    result = run(with_text("src/a.zzz", "# TODO\n"))
    assert result.facts["files_read_by"] == {"markers": 1}
    assert result.status is GateStatus.FAIL
