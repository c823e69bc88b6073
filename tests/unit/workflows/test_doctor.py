from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_agency.workflows.doctor import (
    Check,
    Diagnosis,
    Machine,
    Standing,
    check_bubblewrap,
    check_git,
    check_namespaces,
    check_python,
    check_system,
    check_yaml,
    diagnose,
    this_machine,
)
from agent_agency.workflows.key_folder import KeyFolder
from support.git_repo import GitRepo
from support.ledgers import replace_line

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def _machine(
    system: str = "Linux",
    python: tuple[int, int, int] = (3, 12, 1),
    tools: Sequence[str] = (),
    status: int | None = 0,
) -> Machine:
    """A machine of another kind than the one that the tests run on."""
    return Machine(system, python, lambda name: f"/usr/bin/{name}" if name in tools else None, lambda _command: status)


def _standing(diagnosis: Diagnosis, name: str) -> Standing:
    return next(check.standing for check in diagnosis.checks if check.name == name)


def _found(diagnosis: Diagnosis, name: str) -> str:
    return next(check.found for check in diagnosis.checks if check.name == name)


@pytest.mark.parametrize(
    ("system", "standing", "words"),
    [
        ("Linux", Standing.FINE, "full"),
        ("Darwin", Standing.LIMITED, "without namespaces"),
        ("Windows", Standing.MISSING, "WSL"),
        ("FreeBSD", Standing.LIMITED, "untested"),
        ("", Standing.LIMITED, "unnamed"),
    ],
)
def test_each_system_finds_its_row_of_the_support_table(system: str, standing: Standing, words: str) -> None:
    check = check_system(_machine(system))
    assert check.standing is standing
    assert words in check.found


def test_an_old_python_is_told_as_missing_with_the_version_that_is_needed() -> None:
    check = check_python(_machine(python=(3, 10, 4)))
    assert (check.standing, check.found) == (Standing.MISSING, "3.10.4")
    assert "3.11" in check.remedy


def test_git_without_a_path_is_told_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    check = check_git()
    assert check.standing is Standing.MISSING
    assert check.remedy


def test_the_yaml_reader_of_this_installation_is_the_fast_one() -> None:
    assert check_yaml().standing is Standing.FINE


@pytest.mark.parametrize("status", [0, 1, None])
def test_namespaces_are_told_as_tried_and_never_decide(status: int | None) -> None:
    machine = _machine(tools=("unshare", "bwrap"), status=status)
    for check in (check_namespaces(machine), check_bubblewrap(machine)):
        assert check.standing is Standing.NOTED
        assert ("refused" in check.found) is (status != 0)


def test_namespaces_that_cannot_be_tried_are_not_told_as_working() -> None:
    assert "not tried" in check_namespaces(_machine()).found
    assert "not installed" in check_bubblewrap(_machine()).found
    assert "none on this system" in check_namespaces(_machine("Darwin", tools=("unshare",))).found


@pytest.mark.parametrize(
    ("standings", "code"),
    [
        ([Standing.FINE, Standing.NOTED, Standing.LIMITED], 0),
        ([Standing.FINE, Standing.PROBLEM], 1),
        ([Standing.PROBLEM, Standing.MISSING], 2),
    ],
)
def test_the_worst_answer_gives_the_exit_code(standings: list[Standing], code: int) -> None:
    assert Diagnosis("Linux", tuple(Check("x", standing, "") for standing in standings)).exit_code == code


def test_outside_a_repository_that_is_what_is_missing(tmp_path: Path) -> None:
    diagnosis = diagnose(this_machine(), tmp_path, NOW)
    assert _standing(diagnosis, "repository") is Standing.MISSING
    assert _standing(diagnosis, "git") is Standing.FINE
    assert diagnosis.exit_code == 2


def test_a_repository_without_law_is_told_how_to_get_one(git_repo: GitRepo) -> None:
    git_repo.commit("first", **{"a.py": "x = 1\n"})
    diagnosis = diagnose(this_machine(), git_repo.path, NOW)
    assert _standing(diagnosis, "law") is Standing.PROBLEM
    assert "holds no law" in _found(diagnosis, "law")
    assert _standing(diagnosis, "ledger") is Standing.FINE
    assert diagnosis.exit_code == 1


def test_broken_law_at_the_base_is_a_problem(git_repo: GitRepo) -> None:
    git_repo.commit("law", **{".caws/policy.yaml": "version: 2\n"})
    diagnosis = diagnose(this_machine(), git_repo.path, NOW)
    assert _standing(diagnosis, "law") is Standing.PROBLEM
    assert "holds no law" not in _found(diagnosis, "law")


def test_an_empty_repository_is_answered_without_a_crash(git_repo: GitRepo) -> None:
    diagnosis = diagnose(this_machine(), git_repo.path, NOW)
    assert _standing(diagnosis, "law") is Standing.PROBLEM


def test_a_ledger_that_was_tampered_with_is_a_problem(git_repo: GitRepo) -> None:
    from agent_agency.clock import SystemClock
    from agent_agency.ledger.opening import open_ledger

    git_repo.commit("first", **{"a.py": "x = 1\n"})
    ledger = open_ledger(git_repo.path / ".git" / "agency", SystemClock(), lambda: "0" * 32, {})
    ledger.append("note", {"amount": 1})
    assert "verify" in _found(diagnose(this_machine(), git_repo.path, NOW), "ledger")
    replace_line(ledger, 2, b'"amount":1', b'"amount":2')
    diagnosis = diagnose(this_machine(), git_repo.path, NOW)
    assert _standing(diagnosis, "ledger") is Standing.PROBLEM


def _list(git_repo: GitRepo, *people: tuple[str, str, str]) -> None:
    tables = [
        f'[[principal]]\nname = "{name}"\naddress = "{name}@example.org"\nroles = ["{role}"]\nkeys = ["{key}"]\n'
        for name, role, key in people
    ]
    git_repo.commit("list", **{".agency/principals.toml": "\n".join(tables)})


def _key(name: str, pass_phrase: bytes | None = None) -> str:
    return KeyFolder.of(os.environ).make(name, pass_phrase).file.public_key.line(name)


def test_a_repository_without_people_keys_and_record_is_told_so(git_repo: GitRepo) -> None:
    git_repo.commit("first", **{"a.py": "x = 1\n"})
    diagnosis = diagnose(this_machine(), git_repo.path, NOW)
    told = {name: _found(diagnosis, name) for name in ("store", "anchor", "principals", "own keys", "arbiter key")}
    assert told["store"].startswith("SQLite: ")
    assert told["store"].endswith("agency.db, made by the first review")
    assert "lists nobody" in told["principals"]
    assert all(told[name].startswith("none") for name in ("anchor", "own keys", "arbiter key"))


def test_which_keys_count_at_the_base_is_told(git_repo: GitRepo) -> None:
    _list(git_repo, ("ben", "requester", _key("ben")), ("arbiter", "arbiter", _key("arbiter")))
    _key("eve")
    diagnosis = diagnose(this_machine(), git_repo.path, NOW)
    assert _found(diagnosis, "principals") == "main lists 2: 1 requester, 1 arbiter"
    assert _found(diagnosis, "own keys") == "ben counts as ben (requester); eve counts for nothing here"
    assert "listed at main as arbiter" in _found(diagnosis, "arbiter key")


def test_an_arbiter_whom_a_base_with_arbiters_does_not_list_is_limited(git_repo: GitRepo) -> None:
    elsewhere = KeyFolder(git_repo.path.parent / "elsewhere").make("other", None).file.public_key.line("other")
    _list(git_repo, ("arbiter", "arbiter", elsewhere))
    _key("arbiter")
    diagnosis = diagnose(this_machine(), git_repo.path, NOW)
    assert _standing(diagnosis, "arbiter key") is Standing.LIMITED


def test_keys_and_lists_that_cannot_be_used_are_problems(git_repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    git_repo.commit("first", **{"a.py": "x = 1\n"})
    _key("arbiter", b"a pass phrase of words")
    assert _standing(diagnose(this_machine(), git_repo.path, NOW), "arbiter key") is Standing.PROBLEM
    monkeypatch.setenv("AGENCY_ARBITER_KEY", str(git_repo.path / "a.py"))
    assert _standing(diagnose(this_machine(), git_repo.path, NOW), "arbiter key") is Standing.PROBLEM
    git_repo.commit("broken", **{".agency/principals.toml": "[[principal]]\n"})
    assert _standing(diagnose(this_machine(), git_repo.path, NOW), "principals") is Standing.PROBLEM


@pytest.mark.parametrize("url", ["mysql://here/x", "postgresql+psycopg://nobody@127.0.0.1:1/none"])
def test_a_store_that_cannot_be_reached_is_a_problem(
    git_repo: GitRepo, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    git_repo.commit("first", **{"a.py": "x = 1\n"})
    monkeypatch.setenv("AGENCY_STORE_URL", url)
    assert _standing(diagnose(this_machine(), git_repo.path, NOW), "store") is Standing.PROBLEM


def test_an_anchor_is_told_and_one_that_the_record_contradicts_is_a_problem(git_repo: GitRepo) -> None:
    from agent_agency.clock import SystemClock
    from agent_agency.git import Repository
    from agent_agency.workflows.anchor import anchor_head
    from agent_agency.workflows.record import ledger_of
    from agent_agency.workflows.signing import arbiter_signer

    git_repo.commit("first", **{"a.py": "x = 1\n"})
    with Repository.discover(git_repo.path) as repo:
        ledger = ledger_of(repo)
        ledger.append("note", {"amount": 1})
        anchor_head(repo, ledger, arbiter_signer(KeyFolder.of(os.environ), os.environ).signer, SystemClock())
        ledger.database.close()
    assert _found(diagnose(this_machine(), git_repo.path, NOW), "anchor").startswith("entry 2 is anchored")
    shutil.rmtree(git_repo.path / ".git" / "agency")
    assert _standing(diagnose(this_machine(), git_repo.path, NOW), "anchor") is Standing.PROBLEM


def test_looking_leaves_nothing_behind(git_repo: GitRepo) -> None:
    git_repo.commit("first", **{"a.py": "x = 1\n"})
    before = sorted(str(path) for path in git_repo.path.rglob("*"))
    diagnose(this_machine(), git_repo.path, NOW)
    assert sorted(str(path) for path in git_repo.path.rglob("*")) == before


def test_a_folder_that_cannot_take_the_ledger_is_missing(git_repo: GitRepo) -> None:
    git_repo.commit("first", **{"a.py": "x = 1\n"})
    (git_repo.path / ".git" / "agency").write_text("a file stands where the folder should be")
    assert _standing(diagnose(this_machine(), git_repo.path, NOW), "ledger folder") is Standing.MISSING
