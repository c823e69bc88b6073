"""A spec's contracts in a whole review."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.contracts import OPENAPI, PROTOBUF, edited
from support.git_repo import GitRepo
from support.law import lawful_repo, spec
from support.warm_command import agency

CONTRACTS = """\
contracts:
  - {name: The HTTP interface, type: api, path: src/openapi.yaml}
  - {name: The events, type: schema, path: src/events.proto}
"""
TIER_2 = "observability: [a log line per total]\nrollback: [revert the commit]\n"


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return with_contracts(lawful_repo(tmp_path / "repo"), tier=2)


def with_contracts(repo: GitRepo, *, tier: int) -> GitRepo:
    repo.checkout("main")
    text = spec().replace("contracts: []\n", CONTRACTS).replace("risk_tier: 3", f"risk_tier: {tier}") + TIER_2
    repo.write(".caws/specs/FEAT-1.yaml", text)
    repo.write("src/openapi.yaml", OPENAPI)
    repo.write("src/events.proto", PROTOBUF)
    repo.commit("Declare contracts")
    repo.git("checkout", "-q", "-B", "work")
    return repo


def review(repo: GitRepo, *more: str) -> Done:
    return agency("review", "--base", "main", "--json", *more, cwd=repo.path)


def gate(document: dict[str, Any]) -> dict[str, Any]:
    (found,) = [gate for gate in document["gates"] if gate["name"] == "declared_contracts"]
    return dict(found)


def test_an_addition_to_a_contract_is_approved(repo: GitRepo) -> None:
    repo.write(
        "src/openapi.yaml",
        edited(OPENAPI, "paths:\n", "paths:\n  /up: {get: {responses: {'200': {description: Up}}}}\n"),
    )
    repo.commit("Add an operation")
    done = review(repo)
    assert done.code == 0, done.out + done.err
    assert gate(done.document)["status"] == "pass"


def test_a_breaking_change_is_rejected_with_its_place_and_can_be_waived(repo: GitRepo) -> None:
    repo.write("src/events.proto", edited(PROTOBUF, "  optional int32 age = 3;\n", ""))
    repo.commit("Drop the age")
    done = review(repo)
    assert (done.code, done.document["verdict"], done.document["caws_verdict"]) == (1, "rejected", "waiver-required")
    (finding,) = [f for f in done.document["findings"] if f["rule"] == "contracts.protobuf.field_removed"]
    assert (finding["path"], finding["line"]) == ("src/events.proto", 10)
    assert "Animal.age" in finding["message"]


def test_a_deleted_contract_is_rejected(repo: GitRepo) -> None:
    repo.git("rm", "-q", "src/openapi.yaml")
    repo.commit("Drop the contract")
    done = review(repo)
    assert done.code == 1
    assert "contracts.missing" in {finding["rule"] for finding in done.document["findings"]}


def test_at_tier_3_a_breaking_change_is_told_and_does_not_block(tmp_path: Path) -> None:
    repo = with_contracts(lawful_repo(tmp_path / "repo"), tier=3)
    repo.write("src/events.proto", edited(PROTOBUF, "int32 age", "bool age"))
    repo.commit("Change a type")
    done = review(repo)
    assert done.code == 0, done.out
    assert (gate(done.document)["status"], gate(done.document)["mode"]) == ("fail", "warn")


def test_without_declared_contracts_the_gate_is_listed_and_changes_nothing(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    repo.write("src/totals.py", "TOTAL = 1\n")
    repo.commit("Change")
    done = review(repo)
    assert done.code == 0, done.out
    assert gate(done.document)["applicable"] is False


def test_a_tool_that_fails_over_the_base_does_not_hide_what_the_base_promises(tmp_path: Path) -> None:
    config = (
        '[[gate]]\nname = "api"\nkind = "contracts"\nshell = "sh"\nargv = ["test -e src/new.py"]\n'
        'report = "src/openapi.yaml"\nformat = "openapi"\nblocking = [1, 2, 3]\n'
    )
    repo = lawful_repo(tmp_path / "repo", config=config)
    repo.checkout("main")
    repo.commit("Describe the interface", **{"src/openapi.yaml": OPENAPI})
    repo.git("checkout", "-q", "-B", "work")
    emptied = OPENAPI.partition("paths:")[0] + "paths: {}\n"
    repo.commit("Take it all back", **{"src/openapi.yaml": emptied, "src/new.py": "NEW = 1\n"})
    done = review(repo)
    (found,) = [gate for gate in done.document["gates"] if gate["name"] == "api"]
    assert (found["status"], done.document["verdict"]) == ("fail", "rejected"), done.out
