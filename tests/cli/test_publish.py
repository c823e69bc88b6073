"""``agency publish``: whoever has the commit finds the ruling, and no commit is changed for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_agency.ledger.opening import open_ledger
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.ledgers import TickingClock, counted_ids, entries_of
from support.signed_rulings import signed_body
from support.warm_command import agency


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = lawful_repo(tmp_path / "repo")
    repo.checkout("main")
    repo.git("checkout", "-q", "-B", "work", "main")
    repo.commit("Note", **{"notes.txt": "x\n"})
    return repo


def ruling_on(repo: GitRepo, rev: str = "work", **members: Any) -> str:
    """Record a signed ruling on a commit, or on the tree of one, as a review does."""
    number = len(entries_of(repo.path)) + 1
    commit = repo.git("rev-parse", f"{rev}^{{commit}}")
    body = {
        "ruling_id": f"R-{number}",
        "verdict": "approved",
        "head": {"commit": commit, "tree": repo.git("rev-parse", f"{rev}^{{tree}}")},
        "base": {"commit": repo.git("rev-parse", "main"), "merge_base": repo.git("merge-base", rev, "main")},
        **members,
    }
    ledger = open_ledger(repo.path / ".git" / "agency", TickingClock(), counted_ids(), {})
    ledger.append("ruling", signed_body(body) if "attestation" not in members else body)
    return f"R-{number}"


def uncommitted(repo: GitRepo, rev: str = "work") -> dict[str, Any]:
    return {"head": {"commit": None, "tree": repo.git("rev-parse", f"{rev}^{{tree}}")}}


def note_on(repo: GitRepo, rev: str = "work") -> str:
    return repo.git("notes", "--ref=agency", "show", rev)


def published(repo: GitRepo) -> list[dict[str, Any]]:
    return [dict(entry.body) for entry in entries_of(repo.path) if entry.kind == "published"]


def test_a_real_ruling_is_bound_to_its_commit_once(repo: GitRepo) -> None:
    reviewed = agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path).document
    before = repo.git("rev-parse", "work")
    first = agency("publish", "--json", cwd=repo.path)
    assert first.code == 0, first.err
    assert first.document["published"]["ruling_id"] == reviewed["ruling_id"]
    assert first.document["published"]["new"] is True
    again = agency("publish", reviewed["ruling_id"], "--json", cwd=repo.path)
    assert again.document["published"]["new"] is False
    assert note_on(repo) == f"CAWS-VERDICT-ID: {reviewed['ruling_id']}"
    assert repo.git("rev-list", "--count", "refs/notes/agency") == "1"
    assert repo.git("rev-parse", "work") == before
    subject = f"ruling:{reviewed['ruling_id']}"
    assert published(repo) == [{"subject": subject, "commit": before, "by": "note"}]


def test_what_others_noted_stays(repo: GitRepo) -> None:
    repo.git("notes", "--ref=agency", "add", "-m", "Looked at by a person", "work")
    first, second = ruling_on(repo), ruling_on(repo)
    for ruling in (first, second, first):
        assert agency("publish", ruling, cwd=repo.path).code == 0
    lines = ["Looked at by a person", f"CAWS-VERDICT-ID: {first}", f"CAWS-VERDICT-ID: {second}"]
    assert note_on(repo).splitlines() == lines


def test_work_that_was_committed_after_its_review_gets_the_note(repo: GitRepo) -> None:
    ruling_on(repo, **uncommitted(repo))
    assert agency("publish", cwd=repo.path).code == 0
    assert note_on(repo).startswith("CAWS-VERDICT-ID: R-")


def test_a_ruling_is_not_bound_to_another_commit(repo: GitRepo) -> None:
    ruling = ruling_on(repo)
    repo.git("checkout", "-q", "-b", "twin", "main~1" if repo.git("rev-list", "--count", "main") != "1" else "main")
    repo.git("read-tree", "-u", "--reset", "work")
    repo.git("commit", "-q", "-m", "the same tree elsewhere")
    for rev in ("twin", "main"):
        done = agency("publish", ruling, "--commit", rev, cwd=repo.path)
        assert (done.code, "is not on commit" in done.err) == (2, True)
    assert repo.git("for-each-ref", "refs/notes") == ""
    assert published(repo) == []


@pytest.mark.parametrize("ruling", ["R-none", "R-1'; --", "$(id)"])
def test_a_ruling_that_is_not_recorded_is_refused(repo: GitRepo, ruling: str) -> None:
    done = agency("publish", ruling, cwd=repo.path)
    assert (done.code, "no ruling" in done.err) == (2, True)
    assert agency("publish", cwd=repo.path).code == 2


def test_a_ruling_that_no_arbiter_signed_is_refused(repo: GitRepo) -> None:
    sound = signed_body({"ruling_id": "R-9", "verdict": "rejected", **uncommitted(repo)})
    attestations: tuple[Any, ...] = (None, {}, sound["attestation"])
    for attestation in attestations:
        ruling = ruling_on(repo, attestation=attestation, subject="ruling:R-9", ruling_id="R-9")
        done = agency("publish", "R-9", cwd=repo.path)
        assert (done.code, "does not count" in done.err) == (2, True), ruling


def message(repo: GitRepo, text: str) -> Path:
    path = repo.path / ".git" / "COMMIT_EDITMSG"
    path.write_text(text)
    return path


def test_a_message_gets_the_trailer_once(repo: GitRepo) -> None:
    ruling = ruling_on(repo, **uncommitted(repo))
    path = message(repo, "Add a note\n\nWhy it is there.\n---\nnot a divider\n\nSigned-off-by: A <a@example.org>\n")
    for new in (True, False):
        done = agency("publish", "--message-file", str(path), "--json", cwd=repo.path)
        assert done.code == 0, done.err
        assert done.document["published"]["new"] is new
    assert path.read_text().endswith(f"Signed-off-by: A <a@example.org>\nCAWS-VERDICT-ID: {ruling}\n")
    assert [entry["by"] for entry in published(repo)] == ["trailer"]


def test_an_earlier_rulings_trailer_is_replaced(repo: GitRepo) -> None:
    ruling = ruling_on(repo, **uncommitted(repo))
    path = message(repo, "Add a note\n\nCAWS-VERDICT-ID: R-old\n")
    assert agency("publish", "--message-file", str(path), cwd=repo.path).code == 0
    assert path.read_text() == f"Add a note\n\nCAWS-VERDICT-ID: {ruling}\n"


def test_a_message_claims_no_ruling_that_approves_nothing(repo: GitRepo) -> None:
    ruling_on(repo, verdict="rejected", **uncommitted(repo))
    path = message(repo, "Add a note\n")
    done = agency("publish", "--message-file", str(path), cwd=repo.path)
    assert (done.code, path.read_text()) == (1, "Add a note\n")
    assert published(repo) == []


def test_a_message_claims_no_ruling_on_something_else(repo: GitRepo) -> None:
    ruling = ruling_on(repo, **uncommitted(repo))
    repo.write("notes.txt", "slipped in after the review\n")
    repo.git("add", "-A")
    path = message(repo, "Add a note\n")
    for args in ([], [ruling]):
        assert agency("publish", *args, "--message-file", str(path), cwd=repo.path).code == 2
    assert path.read_text() == "Add a note\n"


def test_settings_of_the_repository_run_nothing(repo: GitRepo, tmp_path: Path) -> None:
    repo.git("config", "trailer.caws.key", "CAWS-VERDICT-ID")
    repo.git("config", "trailer.caws.cmd", f"touch {tmp_path / 'ran'}; echo R-forged")
    ruling = ruling_on(repo, **uncommitted(repo))
    path = message(repo, "Add a note\n")
    assert agency("publish", "--message-file", str(path), cwd=repo.path).code == 0
    assert path.read_text() == f"Add a note\n\nCAWS-VERDICT-ID: {ruling}\n"
    assert not (tmp_path / "ran").exists()


def test_a_forged_ruling_in_the_record_is_told(repo: GitRepo) -> None:
    ruling_on(repo)
    assert agency("ledger", "verify", cwd=repo.path).code == 0
    ruling_on(repo, attestation=None)
    done = agency("ledger", "verify", cwd=repo.path)
    assert (done.code, "is no arbiter's: it carries no signature" in done.out) == (1, True)
