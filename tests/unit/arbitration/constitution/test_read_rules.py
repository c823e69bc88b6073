"""Reading files of rules: form, places, and no input that breaks the reader."""

from __future__ import annotations

import time
import tomllib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.arbitration.constitution.model import Category, RuleStatus
from agent_agency.arbitration.constitution.read_rules import RulePlaces, read_rules
from agent_agency.arbitration.constitution.toml_texts import places_in_text
from agent_agency.facts import Place, Severity
from support.rules import rule_toml

PATH = ".agency/rules/ours.toml"


def test_a_whole_rule_is_read() -> None:
    text = rule_toml(
        "it.binding",
        each='"gates"',
        applies="\"it.kind == 'tests'\"",
        evidence='["tests", "coverage", "tests"]',
        effective="2026-01-01",
        expires="2027-01-01",
    )
    example = "[[rule.example]]\nname = 'ordinary'\nexpect = 'satisfied'\nfacts = { gates = [{ binding = true }] }\n"
    disable = "[[disable]]\nrule = 'law.in_force'\nreason = 'We begin'\n"
    read = read_rules((text + example + disable).encode(), PATH)
    assert read.findings == ()
    (rule,) = read.rules
    assert (rule.category, rule.severity, rule.each, rule.evidence) == (
        Category.PROCESS,
        Severity.MAJOR,
        "gates",
        ("tests", "coverage"),
    )
    assert (rule.effective, rule.expires) == (date(2026, 1, 1), date(2027, 1, 1))
    assert (rule.path, rule.line) == (PATH, 1)
    assert [(one.name, one.expect, dict(one.facts)) for one in rule.examples] == [
        ("ordinary", RuleStatus.SATISFIED, {"gates": [{"binding": True}]})
    ]
    assert [(one.rule, one.reason) for one in read.disabled] == [("law.in_force", "We begin")]


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ("[[rule", "rules.toml.parse_failed", 1),
        ("a = 1\na = 2\n", "rules.toml.parse_failed", 2),
        ("x = " + "[" * 5_000, "rules.toml.parse_failed", None),
        ("n = " + "9" * 5_000, "rules.toml.parse_failed", None),
        ("rule = 1\n", "rules.wrong_value", 1),
        ("rule = [1]\n", "rules.wrong_value", 1),
        ("disable = 'all'\n", "rules.wrong_value", 1),
        ("[[disable]]\nrule = 'a.b'\n", "rules.wrong_value", 1),
        ("\n[[rulez]]\n", "rules.unknown_key", 2),
        (rule_toml(id="''"), "rules.wrong_value", 2),
        (rule_toml(id="'Upper.case'"), "rules.bad_id", 2),
        (rule_toml(id="'single'"), "rules.bad_id", 2),
        (rule_toml(id="'a.b\\u202e'"), "rules.bad_id", 2),
        (rule_toml(id=f"'{'a' * 99}.b'"), "rules.bad_id", 2),
        (rule_toml(version="0"), "rules.wrong_value", 3),
        (rule_toml(version="true"), "rules.wrong_value", 3),
        (rule_toml(version="1.0"), "rules.wrong_value", 3),
        (rule_toml(category="'speed'"), "rules.wrong_value", 5),
        (rule_toml(severity="'high'"), "rules.wrong_value", 6),
        (rule_toml(waivable="'no'"), "rules.wrong_value", 7),
        (rule_toml(waivable="0"), "rules.wrong_value", 7),
        (rule_toml(message="'  '"), "rules.wrong_value", 9),
        (rule_toml(message=f"'{'a' * 2_001}'"), "rules.too_costly", 9),
        (rule_toml("spec.present && " * 200 + "true"), "rules.too_costly", 8),
        (rule_toml(effective="'2026-01-01'"), "rules.wrong_value", 12),
        (rule_toml(effective="2026-01-01T00:00:00Z"), "rules.wrong_value", 12),
        (rule_toml(evidence="'tests'"), "rules.wrong_value", 12),
        (rule_toml(each="1"), "rules.wrong_value", 12),
        (rule_toml(applies="''"), "rules.wrong_value", 12),
        (rule_toml(source=""), "rules.missing_key", 1),
        (rule_toml(colour="'red'"), "rules.unknown_key", 12),
        (rule_toml() + "[[rule.example]]\nname = 'x'\nexpect = 'pass'\n", "rules.wrong_value", 14),
        (rule_toml() + "[[rule.example]]\nname = 'x'\nexpect = 'unknown'\nfact = {}\n", "rules.unknown_key", 15),
        (rule_toml() + "[[rule.example]]\nname = 'x'\nexpect = 'unknown'\nfacts = 1\n", "rules.wrong_value", 15),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, rule: str, line: int | None) -> None:
    (finding,) = read_rules(text.encode(), PATH).findings
    assert (finding.rule, finding.place.path) == (rule, PATH)
    assert line is None or finding.place.line == line
    assert finding.remedy
    assert not finding.waivable


@pytest.mark.parametrize(
    ("data", "rule"), [(b"\xff\xfe", "rules.toml.not_utf8"), (b"#" * (256 * 1024 + 1), "rules.too_large")]
)
def test_bytes_that_are_no_file_of_rules_are_told(data: bytes, rule: str) -> None:
    assert [finding.rule for finding in read_rules(data, PATH).findings] == [rule]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    read = read_rules(data, PATH)
    assert not read.rules


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_to_a_file_breaks_the_reader(data: st.DataObject) -> None:
    whole = rule_toml(each='"gates"', evidence='["tests"]').encode()
    at = data.draw(st.integers(0, len(whole)))
    read = read_rules(whole[:at] + data.draw(st.binary(max_size=4)) + whole[at + 1 :], PATH)
    assert read.findings or read.rules or not whole[:at].strip()


@pytest.mark.parametrize(
    "bomb", ["a." * 100_000 + "b = 1", "[" + "a." * 50_000 + "b]", "x = [" + "1," * 100_000 + "]", "a" * 250_000]
)
def test_a_file_that_is_hard_to_read_takes_no_long_time(bomb: str) -> None:
    begun = time.process_time()
    read_rules(bomb.encode(), PATH)
    assert time.process_time() - begun < 10


def _toml_strings(text: str) -> list[str]:
    """Ways to write a text as a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    ways = [f'"{escaped}"'.replace("\n", "\\n"), f'"""\n{escaped}"""', f'"""{escaped}"""']
    if "'" not in text:
        ways += [f"'''{text}'''", f"'''\n{text}'''"] + ([f"'{text}'"] if "\n" not in text else [])
    return ways


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab \n\\\"'é\U0001f600", max_size=20), st.integers(0, 20))
def test_each_character_of_a_string_is_found_however_it_is_written(text: str, at: int) -> None:
    for written in _toml_strings(text):
        source = f"# first\n[[rule]]\ncondition   = {written} # last\n"
        value = tomllib.loads(source)["rule"][0]["condition"]
        places = places_in_text(source, 3, 1, value)
        assert places is not None
        assert len(places) == len(value) + 1
        if at < len(value) and value[at] not in '\n\\"':
            line, column = places[at]
            assert source.split("\n")[line - 1][column - 1] == value[at]


def test_a_string_through_escapes_and_joined_lines_is_found() -> None:
    source = 'k = "\\u0061\\tb"\nm = """\\\n   one \\\n   two"""\n'
    assert places_in_text(source, 1, 1, "a\tb") == [(1, 6), (1, 12), (1, 14), (1, 15)]
    places = places_in_text(source, 2, 1, "one two")
    assert places is not None
    assert (places[0], places[4]) == ((3, 4), (4, 4))


def test_a_string_that_is_not_found_has_the_place_of_its_key() -> None:
    places = RulePlaces("rule = [{ condition = 'x' }]\n", PATH)
    assert places.within(("rule", 0, "condition"), "x", 1, 1) == Place(PATH, 1, 1)


def test_windows_line_ends_do_not_move_places() -> None:
    text = rule_toml("spec.present &&\n spec.valid").replace("\n", "\r\n")
    read = read_rules(text.encode(), PATH)
    assert read.findings == ()
    assert read.places is not None
    assert read.places.within(("rule", 0, "condition"), read.rules[0].condition, 2, 2) == Place(PATH, 9, 2)
