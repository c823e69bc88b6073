"""``agency identity``: keys are made so that an agent cannot make one that counts."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent_agency.attestation.principals import PRINCIPALS_PATH, Principals, read_principals
from support.command import Done
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.principals import make_principal
from support.terminal import agency_on_terminal
from support.warm_command import agency

PASS_PHRASE = "correct horse battery"  # noqa: S105 - of keys made for one test


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "settings" / "agency" / "keys"
    monkeypatch.delenv("AGENCY_KEYS", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    return folder


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo.create(tmp_path / "repo")
    made.commit("start", **{"README.md": "x\n"})
    return made


def made_on_terminal(name: str, role: str, cwd: Path) -> Any:
    answers = [("New pass phrase", PASS_PHRASE), ("The same again", PASS_PHRASE)]
    return agency_on_terminal("identity", "new", name, "--role", role, cwd=cwd, answers=answers)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def own_keys(repo: GitRepo) -> dict[str, Any]:
    done = agency("identity", "list", "--base", "main", "--json", cwd=repo.path)
    assert done.code == 0, done.err
    return {key["name"]: key for key in done.document["own"]}


def test_a_requesters_key_is_made_for_its_owner_alone(keys: Path, tmp_path: Path) -> None:
    done = agency("identity", "new", "ben", "--role", "requester", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.document["key"]["protected"] is False
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert stat.S_IMODE((keys / "ben").stat().st_mode) == 0o600
    shown = subprocess.run(["ssh-keygen", "-lf", keys / "ben.pub"], capture_output=True, text=True, check=True).stdout
    assert done.document["key"]["key_id"] in shown
    assert names_in(keys) == ["ben", "ben.pub"]


@pytest.mark.parametrize("role", ["approver", "reviewer"])
def test_a_deciding_key_is_not_made_where_no_terminal_is(keys: Path, tmp_path: Path, role: str) -> None:
    typed = f"{PASS_PHRASE}\n{PASS_PHRASE}\n"
    env = {"AGENCY_PASS_PHRASE": PASS_PHRASE, "SSH_ASKPASS": "/bin/true", "SSH_ASKPASS_REQUIRE": "force"}
    done = run_without_terminal("identity", "new", "ada", "--role", role, cwd=tmp_path, stdin=typed, env=env)
    assert done.code == 2
    assert "no terminal" in done.err
    assert names_in(keys) == []


def run_without_terminal(*args: str, cwd: Path, stdin: str, env: dict[str, str]) -> Done:
    """In a session of its own, which has no controlling terminal even where the tests have one."""
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "agent_agency", *args],
        cwd=cwd,
        input=stdin.encode(),
        capture_output=True,
        check=False,
        start_new_session=True,
        env={**os.environ, **env},
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_an_approvers_key_opens_with_the_pass_phrase_that_was_typed(keys: Path, tmp_path: Path) -> None:
    done = made_on_terminal("ada", "approver", tmp_path)
    assert done.code == 0, done.out
    assert PASS_PHRASE not in done.shown
    opened = ["ssh-keygen", "-y", "-f", str(keys / "ada"), "-P"]
    told = subprocess.run([*opened, PASS_PHRASE], capture_output=True, text=True, check=True).stdout
    assert told.split()[:2] == (keys / "ada.pub").read_text().split()[:2]
    assert subprocess.run([*opened, ""], capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([("New pass phrase", "too short")], "fewer than 12"),
        ([("New pass phrase", "")], "No pass phrase"),
        ([("New pass phrase", "long " * 20)], "more than 72 bytes"),
        ([("New pass phrase", PASS_PHRASE), ("The same again", "another pass phrase")], "differ"),
    ],
)
def test_a_pass_phrase_that_does_not_do_makes_no_key(
    keys: Path, tmp_path: Path, answers: list[tuple[str, str]], why: str
) -> None:
    done = agency_on_terminal("identity", "new", "ada", "--role", "approver", cwd=tmp_path, answers=answers)
    assert (done.code, why in done.out) == (2, True), done.out
    assert names_in(keys) == []


@pytest.mark.parametrize("taken", ["ben", "ben.pub"])
def test_no_key_is_ever_replaced(keys: Path, tmp_path: Path, taken: str) -> None:
    keys.mkdir(parents=True, mode=0o700)
    (keys / taken).write_text("precious")
    done = agency("identity", "new", "ben", "--role", "requester", cwd=tmp_path)
    assert (done.code, "already" in done.err) == (2, True)
    assert (keys / taken).read_text() == "precious"
    assert names_in(keys) == [taken]


def test_a_link_in_place_of_a_key_or_of_the_folder_is_not_followed(keys: Path, tmp_path: Path) -> None:
    keys.mkdir(parents=True, mode=0o700)
    (keys / "ben").symlink_to(tmp_path / "elsewhere")
    assert agency("identity", "new", "ben", "--role", "requester", cwd=tmp_path).code == 2
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "other").mkdir(mode=0o700)
    (tmp_path / "linked").symlink_to(tmp_path / "other")
    env = {"AGENCY_KEYS": str(tmp_path / "linked")}
    assert agency("identity", "new", "cy", "--role", "agent", cwd=tmp_path, env=env).code == 2
    assert names_in(tmp_path / "other") == []


def test_a_folder_that_others_may_write_to_holds_no_keys(keys: Path, tmp_path: Path) -> None:
    keys.mkdir(parents=True)
    keys.chmod(0o777)
    done = agency("identity", "new", "ben", "--role", "requester", cwd=tmp_path)
    assert (done.code, "Others may write" in done.err) == (2, True)
    assert names_in(keys) == []


@pytest.mark.parametrize("name", ["../ben", ".ben", "ben.pub", "b n", "", "x" * 65, "bén"])
def test_a_name_that_is_no_file_name_of_its_own_is_refused(keys: Path, tmp_path: Path, name: str) -> None:
    done = agency("identity", "new", "--role", "requester", "--", name, cwd=tmp_path)
    assert done.code == 2
    assert names_in(keys) == []


def test_the_arbiters_name_and_role_go_together(keys: Path, tmp_path: Path) -> None:
    assert agency("identity", "new", "arbiter", "--role", "agent", cwd=tmp_path).code == 2
    assert agency("identity", "new", "judge", "--role", "arbiter", cwd=tmp_path).code == 2
    assert agency("identity", "new", "arbiter", "--role", "arbiter", cwd=tmp_path).code == 0
    assert names_in(keys) == ["arbiter", "arbiter.pub"]


@pytest.mark.usefixtures("keys")
def test_a_key_counts_only_once_the_base_lists_it(repo: GitRepo) -> None:
    assert agency("identity", "new", "ben", "--role", "requester", cwd=repo.path).code == 0
    assert own_keys(repo)["ben"]["counts"] is False
    done = agency("identity", "trust", "ben", "--role", "requester", cwd=repo.path)
    assert (done.code, "It binds once it stands on the base" in done.out) == (0, True), done.err
    assert own_keys(repo)["ben"]["counts"] is False, "an edit of the working tree counts for nothing"
    repo.branch("agents-work")
    repo.commit("list myself")
    assert own_keys(repo)["ben"]["counts"] is False, "nor does one on the judged branch"
    repo.checkout("main")
    repo.git("merge", "-q", "agents-work")
    assert own_keys(repo)["ben"] | {"counts": True, "principal": "ben"} == own_keys(repo)["ben"]


@pytest.mark.usefixtures("keys")
def test_trust_adds_to_the_list_and_keeps_what_is_there(repo: GitRepo) -> None:
    agency("identity", "new", "ben", "--role", "requester", cwd=repo.path)
    agency("identity", "new", "cy", "--role", "agent", cwd=repo.path)
    first = agency("identity", "trust", "ben", "--role", "requester", "--address", "ben@example.org", cwd=repo.path)
    assert first.code == 0, first.err
    path = repo.path / PRINCIPALS_PATH
    path.write_text(f"# who may act here\n{path.read_text()}# the end\n")
    other = Path(os.environ["XDG_CONFIG_HOME"]) / "agency" / "keys" / "cy.pub"
    for args in (["ben", "--key", str(other)], ["dee", "--role", "agent", "--address", "dee@example.org"]):
        source = [] if "--key" in args else ["--key", fresh_line(repo.path)]
        done = agency("identity", "trust", *args, *source, cwd=repo.path)
        assert done.code == 0, done.err
    assert "# who may act here\n" in path.read_text()
    assert "# the end\n" in path.read_text()
    read = read_principals(path.read_bytes(), PRINCIPALS_PATH)
    assert isinstance(read, Principals)
    assert [(one.name, len(one.keys)) for one in read.listed] == [("ben", 2), ("dee", 1)]


def fresh_line(folder: Path) -> str:
    path = folder.parent / "fresh"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path.with_suffix(".pub").read_text()


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    "args",
    [
        ["ben", "--role", "approver"],
        ["ben", "--role", "requester", "--address", "no address"],
        ["ben", "--role", "requester", "--key", "ssh-rsa AAAAB3NzaC1yc2E="],
        ["ben", "--key", "no such file.pub"],
        ["ben"],
        ["nobody", "--role", "requester"],
    ],
)
def test_what_may_not_be_listed_leaves_the_list_as_it_is(repo: GitRepo, args: list[str]) -> None:
    agency("identity", "new", "ben", "--role", "requester", cwd=repo.path)
    done = agency("identity", "trust", *args, cwd=repo.path)
    assert done.code == 2, done.out
    assert not (repo.path / PRINCIPALS_PATH).exists()


@pytest.mark.usefixtures("keys")
def test_trust_writes_through_no_link(repo: GitRepo, tmp_path: Path) -> None:
    agency("identity", "new", "ben", "--role", "requester", cwd=repo.path)
    (tmp_path / "elsewhere").mkdir()
    (repo.path / ".agency").symlink_to(tmp_path / "elsewhere")
    assert agency("identity", "trust", "ben", "--role", "requester", cwd=repo.path).code == 2
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_key_that_cannot_be_used_is_told(keys: Path, repo: GitRepo) -> None:
    agency("identity", "new", "ben", "--role", "requester", cwd=repo.path)
    (keys / "ben").chmod(0o644)
    done = agency("identity", "list", cwd=repo.path)
    assert (done.code, "Others than you may read" in done.out) == (1, True)


@pytest.mark.usefixtures("keys")
def test_show_answers_by_name_and_by_fingerprint(repo: GitRepo) -> None:
    agency("identity", "new", "ben", "--role", "requester", cwd=repo.path)
    shown = agency("identity", "show", "ben", "--json", cwd=repo.path).document
    again = agency("identity", "show", shown["own"][0]["key_id"], cwd=repo.path)
    assert shown["own"][0]["public_key"] in again.out
    assert agency("identity", "show", "nobody", cwd=repo.path).code == 1


@pytest.mark.usefixtures("keys")
def test_a_protected_key_of_openssh_signs_once_its_pass_phrase_is_typed(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "lawful")
    path = tmp_path / "id"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", PASS_PHRASE, "-f", str(path)]
    subprocess.run(command, check=True)
    repo.checkout("main")
    ann = make_principal("ann", ["approver"])
    line = path.with_suffix(".pub").read_text().strip()
    rex = f'[[principal]]\nname = "rex"\naddress = "rex@example.org"\nroles = ["requester"]\nkeys = ["{line}"]\n'
    repo.commit("List", **{PRINCIPALS_PATH: ann.toml + rex})
    ask = ("waiver", "request", "--gate", "scope_boundary", "--spec", "FEAT-1", "--reason", "it belongs beside it")
    args = (*ask, "--ssh-key", str(path), "--base", "main")
    wrong = agency_on_terminal(*args, cwd=repo.path, answers=[("passphrase", "not the pass phrase")])
    assert (wrong.code, "did not sign" in wrong.out) == (2, True), wrong
    done = agency_on_terminal(*args, cwd=repo.path, answers=[("passphrase", PASS_PHRASE)])
    assert done.code == 0, done
    assert "PENDING" in done.out


def test_validate_finds_what_is_wrong_with_the_list(repo: GitRepo) -> None:
    repo.write(
        PRINCIPALS_PATH, '[[principal]]\nname = "ada"\naddress = "ada@example.org"\nroles = ["owner"]\nkeys = []\n'
    )
    done = agency("validate", "--json", cwd=repo.path)
    assert done.code == 1, done.err
    (result,) = done.document["files"] if "files" in done.document else done.document["results"]
    assert [finding["line"] for finding in result["findings"]] == [4, 5]
    repo.write(PRINCIPALS_PATH, make_principal("ada", ["approver"]).toml)
    assert agency("validate", cwd=repo.path).code == 0
    (repo.path / PRINCIPALS_PATH).rename(repo.path / ".agency" / "other.toml")
    (repo.path / PRINCIPALS_PATH).symlink_to("other.toml")
    assert agency("validate", cwd=repo.path).code == 1
