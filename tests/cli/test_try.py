"""The bundled example, as a newcomer meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.git_repo import GitRepo
from support.ledgers import entries_of
from support.warm_command import agency

EXPECTED = {
    "good": ("approved", "pass", None),
    "leaves-scope": ("rejected", "waiver-required", "scope_boundary"),
    "over-budget": ("rejected", "waiver-required", "budget_limit"),
    "edits-policy": ("rejected", "fail", "governance_edit"),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("try") / "example"
    done = agency("try", "--keep", str(folder), "--json", cwd=folder.parent)
    assert done.code == 0, done.out + done.err
    (folder.parent / "try.json").write_text(done.out)
    return folder


def test_each_branch_gets_the_verdict_that_it_deserves_for_the_reason_that_it_shows(kept: Path) -> None:
    document = json.loads((kept.parent / "try.json").read_text())
    rulings = {row["branch"]: row["ruling"] for row in document["reviews"]}
    assert list(rulings) == list(EXPECTED)
    for branch, (verdict, caws, failing) in EXPECTED.items():
        ruling = rulings[branch]
        assert (ruling["verdict"], ruling["caws_verdict"]) == (verdict, caws), branch
        failed = [gate["name"] for gate in ruling["gates"] if gate["status"] == "fail" and gate["mode"] == "block"]
        assert failed == ([failing] if failing else []), branch


def test_the_kept_repository_is_real_and_clean_and_holds_the_four_rulings(kept: Path) -> None:
    repo = GitRepo(kept)
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("fsck", "--strict", "--no-dangling") == ""
    done = agency("ledger", "verify", cwd=kept)
    assert done.code == 0, done.err
    verdicts = [entry.body["verdict"] for entry in entries_of(kept) if entry.kind == "ruling"]
    assert verdicts == [verdict for verdict, _, _ in EXPECTED.values()]


def test_the_page_of_rulings_is_where_the_answer_says(kept: Path) -> None:
    document = json.loads((kept.parent / "try.json").read_text())
    page = Path(document["report"]).read_text(encoding="utf-8")
    assert all(branch in page for branch in EXPECTED)


@pytest.mark.parametrize("kept", [False, True])
def test_ctrl_c_in_the_middle_leaves_no_half_of_an_example(kept: bool, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "agent_agency", "try", *(["--keep", str(tmp_path / "example")] if kept else [])]
    with subprocess.Popen(
        command, env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while process.poll() is None and not list(tmp_path.glob("**/.git/HEAD")):
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_the_table_fits_80_columns_and_names_the_page(tmp_path: Path) -> None:
    done = agency("try", "--keep", str(tmp_path / "example"), cwd=tmp_path)
    assert done.code == 0, done.err
    table = [line for line in done.out.splitlines() if str(tmp_path) not in line]
    assert max(map(len, table)) <= 80
    assert all(branch in done.out for branch in EXPECTED)
    assert ".html" in done.out


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    done = agency("try", "--keep", str(tmp_path), cwd=tmp_path)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_example_is_the_same_on_every_machine(kept: Path, tmp_path: Path) -> None:
    assert agency("try", "--keep", str(tmp_path / "again"), "--json", cwd=tmp_path).code == 0
    refs = [GitRepo(folder).git("for-each-ref", "refs/heads", "refs/tags") for folder in (kept, tmp_path / "again")]
    assert refs[0] == refs[1]
