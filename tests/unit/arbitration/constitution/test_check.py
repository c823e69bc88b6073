"""Rules checked when they are loaded: each defect with the place of the character at fault."""

from __future__ import annotations

import pytest

from agent_agency.arbitration.constitution.check import RuleCheck
from agent_agency.arbitration.constitution.default_rules import default_files
from agent_agency.arbitration.constitution.read_rules import read_rules
from support.rules import rule_toml

PATH = ".agency/rules/ours.toml"
MULTI = "\nspec.present &&\n  spec.tire == 1"
EXAMPLE = "[[rule.example]]\nname = 'x'\nexpect = 'satisfied'\nfacts = {}\n"


@pytest.fixture(scope="module")
def check() -> RuleCheck:
    return RuleCheck()


@pytest.mark.parametrize(
    ("text", "rule", "place", "told"),
    [
        (rule_toml("spec.tire == 1"), "condition_type", (8, 20), "undefined field 'tire' not found in 'spec'"),
        (rule_toml(MULTI), "condition_type", (10, 7), "undefined field 'tire'"),
        (rule_toml("spec.tier == 'a'"), "condition_type", (8, 26), "no matching overload"),
        (rule_toml("spec.tier =="), "condition_syntax", (8, 28), "Syntax error"),
        (rule_toml("change.files"), "not_bool", (8, 1), "of type int"),
        (rule_toml("it.binding"), "condition_type", (8, 18), "undeclared reference"),
        (rule_toml("has(spec.tier)"), "not_allowed", (8, 19), "'has'"),
        (rule_toml("(" * 50 + "true" + ")" * 50), "too_costly", (8, 16), "recursion"),
        (rule_toml(" && ".join(["spec.valid"] * 140)), "too_costly", (8, 16), "parts"),
        (rule_toml('spec.id.matches("[")'), "bad_pattern", (8, 32), "no pattern"),
        (rule_toml('spec.id.matches("(a{90}){90}")'), "not_allowed", (8, 31), "written out"),
        (rule_toml("spec.tier == 4"), "impossible_value", (8, 29), "one of 1, 2, 3"),
        (rule_toml("it.status in ['pass', 'ok']", each="'gates'"), "impossible_value", (8, 38), "never 'ok'"),
        (rule_toml(each="'gate'"), "unknown_list", (12, 1), "no list"),
        (rule_toml(evidence="['test']"), "unknown_evidence", (12, 1), "never measured"),
        (rule_toml(message="'{spec.tire}'"), "no_such_fact", (9, 1), "'{spec.tire}'"),
        (rule_toml(remedy="'{it.name}'"), "no_such_fact", (10, 1), "'{it.name}'"),
        (rule_toml(message="'{spec.tier'"), "no_such_fact", (9, 1), "brace"),
        (rule_toml(effective="2026-02-01", expires="2026-02-01"), "never_in_force", (13, 1), "never binds"),
        (rule_toml(applies="'spec.tier > 1 && spec.tier < 2'"), "never_applies", (12, 1), "never be true"),
        (rule_toml("spec.tier > 3"), "constant", (8, 1), "never be true"),
        (rule_toml("spec.tier < 4"), "constant", (8, 1), "forbids nothing"),
        (rule_toml("true"), "constant", (8, 1), "forbids nothing"),
        (rule_toml("spec.present", applies="'spec.present'"), "constant", (8, 1), "forbids nothing"),
        (rule_toml() + EXAMPLE.replace("{}", "{ spec = { tire = 1 } }"), "example_facts", (12, 1), "'spec.tire'"),
        (rule_toml() + EXAMPLE.replace("{}", "{ spec = { tier = '1' } }"), "example_facts", (12, 1), "no whole number"),
        (rule_toml() + EXAMPLE.replace("{}", "{ gates = { name = 'a' } }"), "example_facts", (12, 1), "wrong form"),
        (rule_toml() + EXAMPLE.replace("{}", "{ gate = [] }"), "example_facts", (12, 1), "no fact"),
        (rule_toml() + rule_toml(), "duplicate_id", (13, 1), "another rule"),
    ],
)  # fmt: skip
def test_a_defect_is_told_with_its_place(
    check: RuleCheck, text: str, rule: str, place: tuple[int, int], told: str
) -> None:
    _, findings = check.file(read_rules(text.encode(), PATH))
    (finding,) = findings
    assert finding.rule == f"rules.{rule}"
    assert (finding.place.path, finding.place.line, finding.place.column) == (PATH, *place)
    assert told in finding.message
    assert finding.remedy


@pytest.mark.parametrize(
    ("condition", "remedy"),
    [
        ("spec.tire == 1", "Did you mean 'tier'?"),
        ("specs.tier == 1", "Did you mean 'spec'?"),
        ("it.binding", "Write 'each = \"gates\"' in the rule, so that 'it' is each gate in turn."),
    ],
)
def test_a_misspelt_fact_is_answered_with_what_was_meant(check: RuleCheck, condition: str, remedy: str) -> None:
    _, (finding,) = check.file(read_rules(rule_toml(condition).encode(), PATH))
    assert finding.remedy == remedy


def test_one_defect_does_not_hide_another(check: RuleCheck) -> None:
    text = rule_toml("spec.tire == 1", message="'{spec.tire}'", applies="'1'") + rule_toml("nothing", id="'our.other'")
    _, findings = check.file(read_rules(text.encode(), PATH))
    assert [finding.rule for finding in findings] == [
        "rules.condition_type",
        "rules.no_such_fact",
        "rules.not_bool",
        "rules.condition_type",
    ]


def test_a_good_file_has_no_findings(check: RuleCheck) -> None:
    text = rule_toml("it.violations == 0", each="'gates'", applies="'it.binding'", evidence="['tests', 'secrets']")
    checked, findings = check.file(read_rules((text + EXAMPLE).encode(), PATH))
    assert findings == ()
    assert [one.rule.id for one in checked] == ["our.rule"]


@pytest.mark.parametrize("name", sorted(default_files()))
def test_the_shipped_rules_pass_every_check_that_a_review_spares_them(check: RuleCheck, name: str) -> None:
    read = read_rules(default_files()[name], name)
    checked, findings = check.file(read)
    assert findings == ()
    assert len(checked) == len(read.rules) > 0
