"""``agency ledger`` as a person or a pipeline runs it: real processes, real repositories."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent_agency.ledger.journal import Ledger
from support import warm_command
from support.git_repo import GitRepo
from support.ledgers import lines_of, make_ledger, replace_line, tamper


def agency(repo: GitRepo | Path, *args: str | Path) -> subprocess.CompletedProcess[str]:
    folder = repo.path if isinstance(repo, GitRepo) else repo
    done = warm_command.agency("ledger", *map(str, args), cwd=folder)
    assert "Traceback" not in done.err
    return subprocess.CompletedProcess(args, done.code, done.out, done.err)


@pytest.fixture
def ledger(git_repo: GitRepo) -> Ledger:
    return make_ledger(git_repo.path / ".git" / "agency", 3, signed=True)


def test_a_sound_ledger_verifies_with_exit_0(git_repo: GitRepo, ledger: Ledger) -> None:
    done = agency(git_repo, "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert "verified, 4 entries" in done.stdout
    document = json.loads(agency(git_repo, "verify", "--json").stdout)
    (file,) = document["files"]
    assert (document["verified"], file["count"], file["problems"]) == (True, 4, [])
    assert file["head"] == list(ledger.entries())[-1].hash


def test_an_edited_ledger_is_named_with_exit_1(git_repo: GitRepo, ledger: Ledger) -> None:
    replace_line(ledger, 3, b"R-2", b"R-9")
    done = agency(git_repo, "verify")
    assert done.returncode == 1
    assert "does not verify" in done.stdout
    assert "entry 3 was changed" in done.stdout
    document = json.loads(agency(git_repo, "verify", "--json").stdout)
    assert document["files"][0]["problems"][0]["seq"] == 3


@pytest.mark.usefixtures("ledger")
def test_an_export_goes_the_whole_way_and_each_damage_to_it_is_named(git_repo: GitRepo, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = agency(git_repo, "export", "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert agency(tmp_path, "verify", "--file", out).returncode == 0
    assert all(isinstance(json.loads(line), dict) for line in out.read_text().splitlines())

    header, *entries = out.read_bytes().splitlines(keepends=True)
    damages = {
        "entry 3 was changed": [header, *entries[:2], entries[2].replace(b"R-2", b"R-3"), *entries[3:]],
        "entry 3 is missing": [header, *entries[:2], *entries[3:]],
        "entry 4 is missing at the end": [header, *entries[:3]],
        "entry 2 appears again": [header, *entries[:2], entries[1], *entries[2:]],
        "entry 2 stands after entry 3": [header, entries[0], entries[2], entries[1], entries[3]],
        "the export's header does not verify": [header.replace(b'"count":4', b'"count":3'), *entries[:3]],
    }
    for named, lines in damages.items():
        out.write_bytes(b"".join(lines))
        done = agency(tmp_path, "verify", "--file", out)
        assert (done.returncode, done.stderr) == (1, "")
        assert named in done.stdout


def test_standard_output_takes_an_export_too(git_repo: GitRepo, ledger: Ledger) -> None:
    done = agency(git_repo, "export", "--out", "-")
    assert done.stdout.encode().partition(b"\n")[2] == b"".join(lines_of(ledger))
    assert agency(git_repo, "export").stdout == done.stdout


@pytest.mark.usefixtures("ledger")
def test_a_chain_travels_to_another_clone(git_repo: GitRepo, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    agency(git_repo, "export", "--out", out)
    clone = GitRepo.create(tmp_path / "clone")
    assert "Took in chain" in agency(clone, "import", out).stdout
    assert json.loads(agency(clone, "import", out, "--json").stdout)["outcome"] == "unchanged"
    chain = json.loads(out.read_text().splitlines()[0])["chain"]
    assert len(agency(clone, "list", "--chain", chain).stdout.splitlines()) == 4
    assert agency(clone, "export", "--chain", chain).stdout == out.read_text()
    assert agency(clone, "list").stdout == ""

    with sqlite3.connect(clone.path / ".git" / "agency" / "agency.db") as connection:
        connection.execute("DROP TRIGGER agency_entries_no_update")
        connection.execute("UPDATE agency_entries SET line = CAST(replace(line, 'R-1', 'R-8') AS BLOB) WHERE seq = 2")
    connection.close()
    done = agency(clone, "verify")
    assert done.returncode == 1
    assert "entry 2 was changed" in done.stdout


@pytest.mark.usefixtures("ledger")
def test_a_damaged_export_is_not_taken_in(git_repo: GitRepo, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    agency(git_repo, "export", "--out", out)
    out.write_bytes(out.read_bytes().replace(b"R-1", b"R-8"))
    clone = GitRepo.create(tmp_path / "clone")
    done = agency(clone, "import", out)
    assert done.returncode == 1
    assert "not taken in" in done.stdout
    assert "entry 2 was changed" in done.stdout
    assert json.loads(agency(clone, "import", out, "--json").stdout)["outcome"] == "refused"
    assert not (clone.path / ".git" / "agency").exists()


@pytest.mark.usefixtures("ledger")
def test_all_worktrees_share_one_ledger(git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.commit("first", **{"a.txt": "a"})
    git_repo.git("worktree", "add", "-q", str(tmp_path / "other"))
    assert agency(tmp_path / "other", "list").stdout == agency(git_repo, "list").stdout != ""


def test_list_shows_one_line_for_each_entry_and_show_the_whole_of_one(git_repo: GitRepo, ledger: Ledger) -> None:
    lines = agency(git_repo, "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4"]
    assert lines[3].split()[2:] == ["ruling", "approved", "R-3"]
    assert agency(git_repo, "list", "-n", "1").stdout.splitlines() == lines[3:]
    rows = json.loads(agency(git_repo, "list", "--json").stdout)["entries"]
    assert [row["ruling_id"] for row in rows] == [None, "R-1", "R-2", "R-3"]
    by_seq = json.loads(agency(git_repo, "show", "3").stdout)
    by_ruling = json.loads(agency(git_repo, "show", "R-2", "--json").stdout)["entry"]
    assert by_seq == by_ruling == list(ledger.entries())[2].as_dict()


def test_show_finds_the_newest_record_of_a_repeated_ruling(git_repo: GitRepo, ledger: Ledger) -> None:
    ledger.append("ruling", {"ruling_id": "R-1", "again": True})
    assert json.loads(agency(git_repo, "show", "R-1").stdout)["seq"] == 5


def test_nothing_is_shown_from_a_chain_that_does_not_verify(git_repo: GitRepo, ledger: Ledger) -> None:
    replace_line(ledger, 3, b"R-2", b"R-9")
    for command in (["list"], ["show", "2"]):
        done = agency(git_repo, *command)
        assert (done.returncode, done.stdout) == (1, "")
        assert "entry 3 was changed" in done.stderr
    assert json.loads(agency(git_repo, "list", "--json").stdout)["verified"] is False


def test_control_characters_from_an_entry_do_not_reach_the_terminal(git_repo: GitRepo, ledger: Ledger) -> None:
    ledger.append("ruling", {"ruling_id": "\x1b[2J\nfake", "verdict": "\x1b]0;owned\x07"})
    assert "\x1b" not in agency(git_repo, "list").stdout + agency(git_repo, "show", "5").stdout
    assert len(agency(git_repo, "list").stdout.splitlines()) == 5


def test_a_repository_without_a_ledger_has_nothing_to_complain_of(git_repo: GitRepo) -> None:
    done = agency(git_repo, "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing is recorded yet" in done.stdout
    assert json.loads(agency(git_repo, "verify", "--json").stdout) == {
        "schema_version": 1,
        "verified": True,
        "files": [],
    }
    assert not (git_repo.path / ".git" / "agency").exists()


def test_a_removed_ledger_is_named_with_exit_1(git_repo: GitRepo, ledger: Ledger) -> None:
    for path in ledger.folder.glob("agency.db*"):
        path.unlink()
    done = agency(git_repo, "verify")
    assert done.returncode == 1
    assert "does not hold this repository's chain" in done.stdout


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["verify", "--file", "missing.jsonl"], "There is no such file"),
        (["verify", "--file", "."], "no regular file"),
        (["import", "missing.jsonl"], "There is no such file"),
        (["export", "--out", "no/such/folder.jsonl"], "No such file or directory"),
        (["export", "--chain", "../../HEAD"], "No chain '../../HEAD' is here"),
        (["show", "99"], "no entry 99"),
        (["show", "R-99"], "no entry R-99"),
        (["list", "-n", "0"], "0 is not in the range"),
        (["verfy"], "No such command"),
    ],
)
@pytest.mark.usefixtures("ledger")
def test_what_cannot_be_done_is_one_sentence_and_exit_2(git_repo: GitRepo, args: list[str], reason: str) -> None:
    done = agency(git_repo, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("args", [["verify"], ["list"], ["show", "1"], ["export"], ["import", __file__]])
def test_outside_a_repository_there_is_one_sentence_and_exit_2(tmp_path: Path, args: list[str]) -> None:
    done = agency(tmp_path, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_an_export_from_a_repository_without_rulings_is_refused(git_repo: GitRepo) -> None:
    done = agency(git_repo, "export", "--out", "out.jsonl")
    assert done.returncode == 2
    assert "Nothing is recorded yet" in done.stderr
    assert not (git_repo.path / "out.jsonl").exists()


@pytest.mark.usefixtures("ledger")
def test_another_repository_can_be_named(git_repo: GitRepo, tmp_path: Path) -> None:
    assert "4 entries" in agency(tmp_path, "verify", "--repo", git_repo.path).stdout


def test_tail_shows_the_newest_entries(git_repo: GitRepo, ledger: Ledger) -> None:
    lines = agency(git_repo, "list").stdout.splitlines()
    assert agency(git_repo, "tail").stdout.splitlines() == lines
    assert agency(git_repo, "tail", "-n", "2").stdout.splitlines() == lines[2:]
    assert agency(git_repo, "tail", "-n", "0").stdout == ""
    rows = json.loads(agency(git_repo, "tail", "-n", "1", "--json").stdout)["entries"]
    assert [row["hash"] for row in rows] == [list(ledger.entries())[-1].hash]
    assert agency(git_repo, "tail", "--follow", "--json").returncode == 2


def test_tail_follows_what_others_append_until_it_is_interrupted(git_repo: GitRepo, ledger: Ledger) -> None:
    command = [sys.executable, "-m", "agent_agency", "ledger", "tail", "-n", "1", "--follow"]
    with subprocess.Popen(
        command, cwd=git_repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        assert following.stdout.readline().split()[0] == "4"
        ledger.append("ruling", {"ruling_id": "R-new"})
        assert "R-new" in following.stdout.readline()
        following.send_signal(signal.SIGINT)
        out, err = following.communicate(timeout=100)
    assert (following.returncode, out, err) == (0, "", "")


def test_tail_ends_with_exit_1_when_the_chain_stops_verifying(git_repo: GitRepo, ledger: Ledger) -> None:
    command = [sys.executable, "-m", "agent_agency", "ledger", "tail", "--follow"]
    with subprocess.Popen(
        command, cwd=git_repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        assert [following.stdout.readline().split()[0] for _ in range(4)] == ["1", "2", "3", "4"]
        tamper(ledger, "UPDATE agency_chains SET seq = 9")
        _, err = following.communicate(timeout=100)
    assert following.returncode == 1
    assert "does not verify" in err


def test_a_shared_postgres_is_named_by_a_variable_and_shown_without_its_password(
    git_repo: GitRepo, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENCY_STORE_URL", postgres_url.replace("agency@", "agency:hunter2@"))
    make_ledger(git_repo.path / ".git" / "agency", 3, postgres_url, signed=True)
    done = agency(git_repo, "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert "verified, 4 entries" in done.stdout
    assert "hunter2" not in done.stdout
    out = tmp_path / "out.jsonl"
    assert agency(git_repo, "export", "--out", out).returncode == 0
    monkeypatch.delenv("AGENCY_STORE_URL")
    assert agency(tmp_path, "verify", "--file", out).returncode == 0
    assert "does not hold this repository's chain" in agency(git_repo, "list").stderr
    assert agency(git_repo, "import", out).returncode == 0
    assert len(agency(git_repo, "list").stdout.splitlines()) == 4


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nonsense", "postgresql://host", "sqlite:////a?mode=ro"]
)
def test_a_store_that_cannot_be_used_is_one_sentence(
    git_repo: GitRepo, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("AGENCY_STORE_URL", url)
    done = agency(git_repo, "verify")
    assert (done.returncode, done.stdout) == (2, "")
    assert "The store's URL cannot be used" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (git_repo.path / ".git" / "agency").exists()


def test_a_damaged_database_is_one_sentence_and_exit_2(git_repo: GitRepo, ledger: Ledger) -> None:
    ledger.database.close()
    (ledger.folder / "agency.db").write_bytes(b"no database" * 1000)
    for command in (["verify"], ["list"], ["export"], ["tail"], ["show", "1"]):
        done = agency(git_repo, *command)
        assert (done.returncode, done.stdout) == (2, "")
        assert "is no SQLite database" in done.stderr
        assert len(done.stderr.splitlines()) == 1
