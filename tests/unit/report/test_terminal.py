from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from agent_agency.arbitration.ruling import Ruling
from agent_agency.report import terminal
from support import rulings


def _text(ruling: Ruling, *, width: int = 80, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    terminal.render(ruling, Console(file=stream, width=width))
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("name", list(rulings.every_ruling()))
@pytest.mark.parametrize("width", [80, 40, 200])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    lines = _text(rulings.every_ruling()[name], width=width).split("\n")
    assert max(cell_len(line) for line in lines) <= width


@pytest.mark.parametrize("name", list(rulings.every_ruling()))
def test_the_text_is_plain_where_there_are_no_colours(name: str) -> None:
    text = _text(rulings.every_ruling()[name])
    assert all(char.isprintable() or char == "\n" for char in text)
    assert not any(line.endswith(" ") for line in text.split("\n"))


def test_the_verdict_comes_first_and_the_record_last() -> None:
    lines = _text(rulings.rejected()).strip().split("\n")
    assert lines[0].split() == ["REJECTED", "CAWS", "waiver-required,", "exit", "code", "1"]
    assert lines[-2].split() == ["ruling", "RUL-5e1d5e1d5e1d5e1d"]
    assert lines[-1].split() == ["record", "entry", "12", "of", ".git/agency/agency.db"]


def test_a_rejection_tells_each_reason_once_with_its_place_and_remedy() -> None:
    text = " ".join(_text(rulings.rejected()).split())
    assert text.count(rulings.BUDGET.message) == 1
    assert text.count(rulings.SCOPE.message) == 1
    assert rulings.SCOPE.remedy in text
    assert text.index("tools/keys.py scope.outside") < text.index("Budget, tier 2") < text.index("Gates")


def test_the_commands_of_a_condition_stand_on_lines_of_their_own() -> None:
    lines = [line.strip() for line in _text(rulings.conditional()).split("\n")]
    assert {"agency init", "git add .caws agency.toml", "git commit -m 'Adopt a working spec'"} <= set(lines)


def test_outcomes_are_words_and_not_only_colours() -> None:
    text = _text(rulings.rejected())
    assert re.search(r"FAIL +budget_limit", text)
    assert re.search(r"warns +todo_detection", text)
    assert re.search(r"pass +secrets", text)
    assert re.search(r"lines .*OVER by 834", text)
    assert re.search(r"NOT RUN +mutation", _text(rulings.conditional()))


def test_a_thousand_findings_are_cut_with_a_told_rest() -> None:
    text = _text(rulings.crowded())
    assert "1,000 findings" in text
    assert "and 980 more findings; --json lists all" in text
    assert "and 985 more files; --json lists all" in text
    assert len(text.split("\n")) < 400


def test_a_very_long_path_keeps_the_name_of_its_file() -> None:
    assert "file_0000.py:1" in _text(rulings.crowded()).replace("\n  ", "")


def test_a_stranger_cannot_move_the_cursor_or_order_a_ci_runner() -> None:
    text = _text(rulings.hostile())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(line.lstrip().startswith("::") for line in text.split("\n"))


def test_no_color_is_respected_on_a_terminal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    colour = re.compile(r"\x1b\[(?:\d+;)*(?:3|4|9|10)\d(?:;\d+)*m")
    for setting, expected in (("1", False), (None, True)):
        if setting is None:
            monkeypatch.delenv("NO_COLOR")
        stream = io.StringIO()
        console = Console(file=stream, width=80, force_terminal=True, color_system="standard")
        terminal.render(rulings.rejected(), console)
        assert bool(colour.search(stream.getvalue())) is expected


def test_a_terminal_without_utf8_still_gets_everything() -> None:
    text = _text(rulings.rejected(), encoding="ascii")
    assert "####" in text
    assert "REJECTED" in text


def test_markup_in_a_message_is_shown_and_not_obeyed() -> None:
    ruling = rulings.a_ruling(
        rulings.approved().decision.verdict, rulings.approved().decision.caws_verdict, 0, ["[red]x[/red] :boom:"]
    )
    assert "[red]x[/red] :boom:" in _text(ruling)


def test_conditions_decide_and_so_come_before_the_details_and_only_once() -> None:
    ruling = rulings.conditional()
    text = _text(ruling)
    assert text.index("Before this can be approved") < text.index("\nGates")
    assert all(" ".join(text.split()).count(condition.message) == 1 for condition in ruling.decision.conditions[:1])


def test_an_approval_tells_the_rules_in_one_line() -> None:
    text = _text(rulings.approved())
    assert re.search(r"\nrules   \d+ satisfied, \d+ not applicable; constitution 5e1d5e1d5e1d\n", text)
    assert "Rules that" not in text


def test_a_rule_that_no_gate_stands_for_is_told_with_its_clause_and_remedy() -> None:
    text = " ".join(_text(rulings.argued()).split())
    assert "VIOLATED migrations.rollback major, waivable The change migrates data" in text
    assert "fix: Write the way back into 'rollback'" in text
    assert "UNKNOWN claims.verdict major" in text
    assert "(missing: claims[RUL-7].holds)" in text
    assert text.count("The change migrates data") == 1


def test_a_rule_that_a_gate_stands_for_leaves_the_remedy_to_the_findings() -> None:
    text = " ".join(_text(rulings.rejected()).split())
    assert "VIOLATED budget.limit major, waivable budget_limit: over by 834 lines" in text
    assert "ask for a waiver of budget_limit with the delta that is missing" not in text


def test_an_unknown_rule_names_the_missing_fact_and_its_condition_tells_the_rest() -> None:
    text = " ".join(_text(rulings.conditional()).split())
    assert "UNKNOWN law.in_force critical missing: law.digest" in text
    assert "UNKNOWN gates.other major missing: gates[mutation].passed" in text


def test_weakened_rules_waivers_case_precedents_and_signature_are_visible() -> None:
    text = " ".join(_text(rulings.argued()).split())
    assert "appeal a new hearing of RUL-0000000000000001" in text
    assert "case C-1f0c: under appeal, due 2026-02-14" in text
    assert "quality.deferred_work: disabled; allowed by [law] weaken" in text
    assert "waived provenance.author_address major, waived by WV-0011" in text
    assert "covers provenance.author_address; approved by lead@example.org (signed)" in text
    assert "P-0a1b departed" in text
    assert "signed by arbiter, SHA256:abcdef" in text


def test_a_waiver_that_nobody_signed_says_so() -> None:
    assert "(a statement, not signed)" in " ".join(_text(rulings.waived()).split())


def test_very_many_rules_are_cut_and_counted() -> None:
    text = _text(rulings.crowded())
    assert "Rules that stand in the way: 1,001\n" in text
    assert "and 981 more rules; --json lists all" in text
