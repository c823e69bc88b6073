from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import Severity, display_path
from agent_agency.report import github
from agent_agency.report.text import clean
from support import rulings

_COMMAND = re.compile(r"::(?P<level>\w+) (?P<properties>[^:]*)::(?P<data>.*)", re.DOTALL)
any_text = st.text(st.characters(exclude_categories=()))


def _read(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as GitHub's runner does."""
    match = _COMMAND.fullmatch(line)
    assert match is not None, line
    pairs = (pair.split("=", 1) for pair in match["properties"].split(","))
    return match["level"], {key: _unescaped(value) for key, value in pairs}, _unescaped(match["data"])


def _unescaped(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


@given(any_text, any_text, any_text.filter(bool))
def test_a_command_is_read_back_as_it_was_meant(text: str, title: str, path: str) -> None:
    line = github.annotation("error", text, title=title, path=path, line=3, column=2)
    assert len(line.splitlines()) == 1
    level, properties, data = _read(line)
    assert (level, data) == ("error", clean(text))
    assert properties == {"file": display_path(path), "line": "3", "col": "2", "title": clean(title)}


def test_every_line_is_one_command_however_hostile_the_change() -> None:
    lines = github.render(rulings.hostile()).split("\n")
    assert lines.pop() == ""
    assert all(_read(line)[0] in {"error", "warning", "notice"} for line in lines)


def test_the_verdict_comes_first_and_findings_stand_at_their_places() -> None:
    lines = [_read(line) for line in github.render(rulings.rejected()).splitlines()]
    assert lines[0][0] == "error"
    assert lines[0][2].startswith("rejected (waiver-required): ")
    places = {properties["title"]: properties.get("file") for _, properties, _ in lines[1:]}
    assert places == {"budget.loc": None, "scope.outside": "tools/keys.py", "todo.in_code": "src/auth/limit.py"}


def test_a_gate_without_a_result_is_an_error() -> None:
    lines = [_read(line) for line in github.render(rulings.conditional()).splitlines()]
    assert ("error", {"title": "mutation: not run"}) in [(level, properties) for level, properties, _ in lines]


def test_a_rule_that_no_gate_stands_for_is_an_annotation() -> None:
    lines = [_read(line) for line in github.render(rulings.argued()).splitlines()]
    told = {properties["title"]: (level, data) for level, properties, data in lines}
    assert told["violated: migrations.rollback"][0] == "error"
    assert told["unknown: claims.verdict"][0] == "error"
    assert told["waived: provenance.author_address"][1].endswith("(waived by WV-0011)")
    assert told["advice: migrations.declared"][0] == "notice"
    assert told["waiver WV-0011"] == (
        "notice",
        "covers provenance.author_address; approved by lead@example.org (signed); expires 2026-03-01T00:00:00Z",
    )
    assert told["weakened default rule"][1].startswith("quality.deferred_work: disabled")


def test_an_approval_is_a_notice_and_what_is_waived_is_no_error() -> None:
    assert github.render(rulings.approved()).startswith("::notice title=agency%3A approved::approved (pass)")
    assert "::error" not in github.render(rulings.waived())


def test_what_decides_is_never_a_mere_notice() -> None:
    deciding = {severity: github.finding_level(severity) for severity in Severity}
    assert deciding == {
        Severity.ADVICE: "notice",
        Severity.MINOR: "warning",
        Severity.MODERATE: "warning",
        Severity.MAJOR: "error",
        Severity.CRITICAL: "error",
    }
    assert "error" not in {github.finding_level(severity, decides=False) for severity in Severity}
