"""Appealing a ruling as people do it: commands, keys, a terminal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.command import agency as fresh_agency
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.terminal import OnTerminal, agency_on_terminal
from support.warm_command import agency

PASS_PHRASE = "correct horse battery"  # noqa: S105 - of a key that the test makes
NEW_EVIDENCE = ("--ground", "new_evidence", "--reason", "the owner of this folder agreed")


def new_key(name: str, role: str, cwd: Path) -> str:
    """Make a key as a person does, and give its public line."""
    if role == "reviewer":
        answers = [(f"key {name}", PASS_PHRASE), ("again", PASS_PHRASE)]
        assert agency_on_terminal("identity", "new", name, "--role", role, cwd=cwd, answers=answers).code == 0
    else:
        made = agency("identity", "new", name, "--role", role, cwd=cwd)
        assert made.code == 0, made.err
    folder = Path(os.environ["XDG_CONFIG_HOME"]) / "agency" / "keys"
    return (folder / f"{name}.pub").read_text().strip()


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """A rejected change, its author's key and a reviewer's, both listed at the base; mallory's is not."""
    repo = lawful_repo(tmp_path / "repo")
    addresses = {"writer": "author@example.org", "rita": "rita@example.org"}
    tables = [
        f'[[principal]]\nname = "{name}"\naddress = "{addresses[name]}"\nroles = ["{role}"]\n'
        f'keys = ["{new_key(name, role, repo.path)}"]\n'
        for name, role in (("writer", "requester"), ("rita", "reviewer"))
    ]
    new_key("mallory", "requester", repo.path)
    repo.checkout("main")
    repo.commit("List", **{".agency/principals.toml": "\n".join(tables)})
    repo.git("checkout", "-q", "-B", "work", "main")
    repo.commit("Add", **{"src/frozen/new.py": "x = 1\n"})
    repo.write("proof.txt", "signed off by the owner\n")
    return repo


def reviewed(repo: GitRepo) -> Any:
    return agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path).document


def fingerprint(ruling: Any) -> str:
    return str(next(one["fingerprint"] for one in ruling["findings"] if one["severity"] != "advice"))


def filed(repo: GitRepo, ruling: Any, *more: str, key: str = "writer") -> Done:
    options = ("--finding", fingerprint(ruling), "--evidence", "proof.txt", "--as", key, *more)
    return agency("appeal", "file", ruling["ruling_id"], *NEW_EVIDENCE, *options, cwd=repo.path)


def review(repo: GitRepo, appeal: str, *votes: str) -> OnTerminal:
    options = (*votes, "--reason", "I asked the owner", "--as", "rita")
    return agency_on_terminal(
        "appeal", "review", appeal, *options, cwd=repo.path, answers=[("Pass phrase", PASS_PHRASE)]
    )


def test_from_a_rejection_to_an_approval_that_anybody_can_check(repo: GitRepo) -> None:
    ruling = reviewed(repo)
    assert ruling["verdict"] == "rejected"
    waiting = filed(repo, ruling, "--json")
    assert waiting.code == 4, waiting.err
    appeal = waiting.document["appeal"]
    assert (appeal["state"], appeal["appellant"]["standing"]) == ("filed", "author")
    assert appeal["panel"]["may_review"] == ["rita"]
    assert agency("appeal", "show", appeal["id"], cwd=repo.path).code == 4

    unseen = agency("appeal", "review", appeal["id"], "--admit", "all", "--reason", "x", "--as", "rita", cwd=repo.path)
    assert unseen.code == 2
    assert "the finding says: src/frozen/new.py: " in unseen.err
    evidence = next(line for line in unseen.err.splitlines() if "(proof.txt)" in line)
    assert Path(evidence.rpartition(" ")[2]).read_text() == "signed off by the owner\n", "a reviewer can open it"
    assert "no terminal" in unseen.err
    assert "nobody whom the base lists" not in unseen.err, "who may hear it was not looked up for this"

    done = review(repo, appeal["id"], "--admit", "all")
    assert done.code == 0, done
    assert "overturned: rejected -> approved" in done.out
    shown = agency("appeal", "show", appeal["id"], "--json", cwd=repo.path)
    result = shown.document["appeal"]["result"]
    assert (shown.code, result["verdict"], result["follows"]) == (0, "approved", "same")

    old = agency("explain", ruling["ruling_id"], cwd=repo.path)
    assert f"overturned by {result['ruling']}: approved" in old.out
    new = fresh_agency("explain", result["ruling"], "--json", cwd=repo.path)  # with another seed of hashes
    assert (new.code, new.document["reexecution"]["same_bytes"]) == (0, True)
    assert new.document["on_appeal"]["follows_from"]["id"] == appeal["id"]

    again = agency("review", "--base", "main", "--head", "work", cwd=repo.path)
    assert again.code == 0, again
    told = f"{ruling['ruling_id']}: rejected; on appeal {appeal['id']}, level 1: approved ({result['ruling']})"
    assert told in " ".join(again.out.split())
    assert agency("publish", result["ruling"], cwd=repo.path).code == 0
    assert f"CAWS-VERDICT-ID: {result['ruling']}" in repo.git("notes", "--ref=agency", "show", "work")

    labels = agency("appeal", "labels", "--json", cwd=repo.path).document["labels"]
    assert [(one["ruling"], one["was"], one["label"], one["source"], one["level"]) for one in labels] == [
        (ruling["ruling_id"], "rejected", "approved", "appeal", 1)
    ]
    taken = agency("label", "import-rulings", "--json", cwd=repo.path)
    assert taken.document == {"schema_version": 1, "new": 0, "known": 0, "not_final": 1}
    assert agency("ledger", "verify", cwd=repo.path).code == 0


def test_a_refused_appeal_leaves_the_verdict_and_exits_with_one(repo: GitRepo) -> None:
    ruling = reviewed(repo)
    appeal = filed(repo, ruling, "--json").document["appeal"]["id"]
    done = review(repo, appeal, "--refuse", "1")
    assert done.code == 1, done
    assert "upheld: rejected -> rejected" in done.out
    assert agency("appeal", "show", appeal, cwd=repo.path).code == 1
    assert agency("appeal", "labels", "--json", cwd=repo.path).document["labels"] == []
    again = filed(repo, ruling)
    assert again.code == 2
    assert "was decided" in again.err


def test_a_key_that_the_base_does_not_list_files_nothing(repo: GitRepo) -> None:
    ruling = reviewed(repo)
    refused = filed(repo, ruling, key="mallory")
    assert refused.code == 2
    assert "counts for nothing here" in refused.err
    listed = agency("appeal", "list", "--json", cwd=repo.path)
    assert (listed.code, listed.document["appeals"]) == (0, [])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--ground", "new_evidence", "--reason", "x"), "claims nothing"),
        (("--ground", "new_evidence", "--reason", "x", "--finding", "0" * 32), "has no finding"),
        (("--ground", "new_evidence", "--reason", "x", "--fact", "law.in_force=true"), "nothing that people find"),
        (("--ground", "new_evidence", "--reason", "x", "--evidence", "absent.txt"), "evidence cannot be read"),
        (
            ("--ground", "legal_error", "--reason", "x", "--rule", "scope.boundary", "--error", "rule_not_in_force"),
            "the day on which it was recorded",
        ),
        (
            ("--ground", "legal_error", "--reason", "x", "--rule", "scope.boundary", "--error", "waiver_not_applied"),
            "needs --waiver",
        ),
    ],
)
def test_what_makes_no_claim_is_refused_with_the_way_out(model: GitRepo, options: tuple[str, ...], told: str) -> None:
    done = agency(
        "appeal", "file", "latest", *options, *(("--evidence", "proof.txt") if "law" in str(options) else ()),
        "--as", "writer", cwd=model.path,
    )  # fmt: skip
    assert done.code == 2, done
    assert told in done.err
    assert "Traceback" not in done.err


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """A repository with one ruling, for commands that write nothing."""
    from support.principals import make_principal, principals_toml

    repo = lawful_repo(tmp_path_factory.mktemp("model") / "repo")
    repo.checkout("main")
    people = [make_principal("writer", ["requester"], address="author@example.org")]
    repo.commit("List", **{".agency/principals.toml": principals_toml(people)})
    repo.git("checkout", "-q", "-B", "work", "main")
    repo.commit("Add", **{"src/frozen/new.py": "x = 1\n"})
    repo.write("proof.txt", "proof\n")
    keys = {"AGENCY_KEYS": str(repo.path.parent / "keys")}
    assert agency("review", "--base", "main", "--head", "work", cwd=repo.path, env=keys).code == 1
    return repo


def test_an_unknown_appeal_is_told(model: GitRepo) -> None:
    done = agency("appeal", "show", "A-nothing", "--json", cwd=model.path)
    assert done.code == 2
    assert done.document["error"]["code"] == "appeal.unknown"


def test_every_command_tells_that_an_appeal_lapsed_and_the_ruling_stands(tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    from support.appeals import make_town

    town = make_town(tmp_path / "repo")
    town.clock.moment = datetime.now(UTC) - timedelta(days=40)
    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    listed = agency("appeal", "list", "--json", cwd=town.git.path).document["appeals"]
    assert [(one["id"], one["state"]) for one in listed] == [(appeal.id, "lapsed")]
    assert agency("appeal", "show", appeal.id, cwd=town.git.path).code == 1
    ticks = [agency("cases", "tick", "--json", cwd=town.git.path).document["appeals"] for _ in range(2)]
    assert ticks == [[appeal.id], []]
    reviewed = agency("review", "--base", "main", "--head", "work", "--json", cwd=town.git.path)
    assert (reviewed.code, reviewed.document["ruling_id"]) == (1, ruling.ruling_id)
    assert [one["state"] for one in reviewed.document["on_appeal"]["appeals"]] == ["lapsed"]


def test_nothing_was_appealed_yet(model: GitRepo) -> None:
    assert agency("appeal", "list", cwd=model.path).out == "no ruling was appealed\n"
    assert agency("appeal", "labels", cwd=model.path).out == "no ruling was overturned\n"
