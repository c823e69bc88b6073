"""``agency rules`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command import Done
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.rules import rule_toml
from support.warm_command import agency

RULES = ".agency/rules/ours.toml"
EXAMPLE = """\
[[rule.example]]
name = "a change of tier 1"
expect = "{expect}"
facts = {{ spec = {{ tier = {tier} }} }}
"""


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return lawful_repo(tmp_path / "repo")


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """A repository that no test changes, with files that no command can use."""
    repo = lawful_repo(tmp_path_factory.mktemp("still") / "repo")
    (repo.path / "list.json").write_text("[]", "utf-8")
    (repo.path / "broken.json").write_text("{", "utf-8")
    (repo.path / "link.toml").symlink_to("list.json")
    return repo


def _rules(repo: GitRepo, *args: str) -> Done:
    return agency("rules", *args, cwd=repo.path)


def _write(repo: GitRepo, text: str) -> None:
    path = repo.path / RULES
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_the_law_at_the_base_is_listed_and_not_what_lies_in_the_working_tree(repo: GitRepo) -> None:
    _write(repo, rule_toml())
    at_base = _rules(repo, "list", "--json").document
    in_tree = _rules(repo, "list", "--working-tree", "--json").document
    assert at_base["schema_version"] == 1
    assert len(at_base["rules"]) >= 30
    ids = [{rule["id"] for rule in one["rules"]} for one in (at_base, in_tree)]
    assert ids[1] - ids[0] == {"our.rule"}
    assert at_base["digest"] != in_tree["digest"]
    assert at_base["commit"]
    assert in_tree["commit"] is None


def test_rules_that_the_base_holds_are_in_force(repo: GitRepo) -> None:
    repo.commit("Rules of our own", **{RULES: rule_toml()})
    listed = _rules(repo, "list", "--base", "HEAD", "--json").document
    assert "our.rule" in {rule["id"] for rule in listed["rules"]}
    shown = _rules(repo, "show", "our.rule", "--base", "HEAD")
    assert shown.code == 0
    assert "spec.tier == 1" in shown.out
    assert f"{RULES}:1" in shown.out


def test_a_weakened_default_is_listed_as_such(repo: GitRepo) -> None:
    weak = "[[disable]]\nrule = 'law.in_force'\nreason = 'We begin'\n"
    _write(repo, weak)
    refused = _rules(repo, "lint")
    assert refused.code == 1
    assert "rules.weakens" in refused.out
    (repo.path / "agency.toml").write_text("[law]\nweaken = ['law.in_force']\n", "utf-8")
    listed = _rules(repo, "list", "--working-tree")
    assert listed.code == 0
    assert "weakened: law.in_force: disabled: We begin" in listed.out


def test_a_misspelt_id_is_answered_with_what_was_meant(repo: GitRepo) -> None:
    shown = _rules(repo, "show", "law.inforce")
    assert shown.code == 2
    assert "Did you mean 'law.in_force'?" in shown.err


def test_lint_shows_the_line_with_a_caret_below_the_fault(repo: GitRepo) -> None:
    _write(repo, rule_toml("spec.present && spec.tire == 1"))
    linted = _rules(repo, "lint")
    assert linted.code == 1
    lines = linted.out.splitlines()
    source = next(index for index, line in enumerate(lines) if "spec.tire == 1" in line)
    assert lines[source + 1].index("^") == lines[source].index(".tire")
    assert "Did you mean 'tier'?" in linted.out
    document = _rules(repo, "lint", "--json").document
    (finding,) = document["findings"]
    assert (finding["path"], finding["line"], finding["column"]) == (RULES, 8, 36)


def test_lint_is_silent_about_what_is_right(repo: GitRepo) -> None:
    assert "default rules bind" in _rules(repo, "lint").out
    _write(repo, rule_toml())
    assert _rules(repo, "lint").code == 0
    (repo.path / "other.toml").write_text(rule_toml("1"), "utf-8")
    assert _rules(repo, "lint", "other.toml").code == 1


def test_the_examples_of_all_default_rules_come_out_as_they_say(repo: GitRepo) -> None:
    done = _rules(repo, "test", "--json")
    assert done.code == 0
    assert done.document["failed"] == []
    assert done.document["passed"] >= 90


def test_an_example_that_comes_out_otherwise_is_told_with_its_facts(repo: GitRepo) -> None:
    _write(repo, rule_toml() + EXAMPLE.format(expect="satisfied", tier=2))
    done = _rules(repo, "test", RULES)
    assert done.code == 1
    assert "our.rule: a change of tier 1: expected satisfied, got violated" in done.out
    assert "spec.tier = 2" in done.out
    _write(repo, rule_toml() + EXAMPLE.format(expect="satisfied", tier=1))
    assert _rules(repo, "test", RULES).code == 0
    assert "1 example of 1 rule:" in _rules(repo, "test", RULES).out


def test_a_broken_file_is_not_tested_but_told(repo: GitRepo) -> None:
    _write(repo, rule_toml("spec.tire == 1"))
    done = _rules(repo, "test")
    assert done.code == 1
    assert "rules.condition_type" in done.out


def test_a_recorded_ruling_is_asked_what_a_rule_would_say(repo: GitRepo) -> None:
    repo.git("switch", "-q", "-c", "change")
    repo.commit("Round the total", **{"src/total.py": "def total() -> int:\n    return 0\n"})
    assert agency("review", "--head", "HEAD", cwd=repo.path).code in {0, 1, 4}
    played = _rules(repo, "playground", "--condition", "change.files == 1", "--json")
    assert played.code == 0, played.err
    (outcome,) = played.document["outcomes"]
    assert outcome["status"] == "satisfied"
    assert outcome["facts"] == {"change.files": 1}
    violated = _rules(repo, "playground", "latest", "--condition", "it.added == 0", "--each", "files")
    assert violated.code == 1
    assert "files[src/total.py].added = 2" in violated.out
    by_id = _rules(repo, "playground", "--rule", "law.in_force")
    assert by_id.code == 0, by_id.out + by_id.err
    everything = _rules(repo, "playground", "--json").document["outcomes"]
    assert {one["rule"] for one in everything} >= {"law.in_force"}


def test_facts_can_be_given_in_a_file(repo: GitRepo) -> None:
    facts = {"spec": {"tier": 1}, "gates": [{"name": "tests", "passed": True}, {"name": "lint"}]}
    (repo.path / "facts.json").write_text(json.dumps(facts), "utf-8")
    done = _rules(repo, "playground", "--facts", "facts.json", "--condition", "it.passed", "--each", "gates")
    assert done.code == 1
    assert "missing: gates[lint].passed" in done.out
    assert "1 satisfied, 1 unknown" in done.out
    (repo.path / "mine.toml").write_text(rule_toml(), "utf-8")
    assert _rules(repo, "playground", "--facts", "facts.json", "--file", "mine.toml").code == 0


@pytest.mark.parametrize(
    "args",
    [
        ("playground", "--condition", "spec.tire == 1"),
        ("playground", "--condition", "has(spec.tier)"),
        ("playground", "--condition", "it.passed", "--each", "gate"),
        ("playground", "--condition", "spec.tier"),
        ("playground", "--condition", "spec.present", "--rule", "law.in_force"),
        ("playground", "--each", "gates"),
        ("playground", "--facts", "nowhere.json"),
        ("playground", "--facts", "list.json"),
        ("playground", "--facts", "broken.json"),
        ("playground", "--file", "broken.json"),
        ("playground", "R-none"),
        ("show", "no.such"),
        ("show", "law.in_force", "--base", "nowhere"),
        ("list", "--base", "HEAD", "--working-tree"),
        ("lint", "nowhere.toml"),
        ("lint", "."),
        ("lint", "link.toml"),
        ("test", "nowhere.toml"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(still: GitRepo, args: tuple[str, ...]) -> None:
    done = _rules(still, *args)
    assert done.code == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert "Traceback" not in done.err


def test_an_error_is_one_json_document_where_json_is_asked_for(still: GitRepo) -> None:
    error = _rules(still, "playground", "--condition", "spec.tire == 1", "--json").document["error"]
    assert error["code"] == "usage.invalid"
    assert "1:5" in error["message"]
    assert error["fix"]


def test_the_facts_are_listed_with_their_types(still: GitRepo) -> None:
    facts = _rules(still, "facts", "--json").document["facts"]
    assert facts["spec"]["tier"]["type"] == "int"
    assert facts["gates[]"]["evidence"]["type"] == "list<string>"
    assert "spec.tier" in _rules(still, "facts").out
