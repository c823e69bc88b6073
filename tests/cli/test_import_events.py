from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_agency.canonical_json import canonical_json
from agent_agency.ledger.caws_events import event_hash
from support.command import Done
from support.git_repo import GitRepo
from support.warm_command import agency


def log(count: int, *, actor: Any = None, genesis: str | None = None) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for seq in range(1, count + 1):
        event: dict[str, Any] = {
            "seq": seq,
            "event": "gate_evaluated",
            "ts": f"2026-01-31T08:00:0{seq % 10}.000Z",
            "actor": actor or {"kind": "agent", "id": "a1"},
            "data": {"gate": "budget_limit", "n": seq},
            "prev_hash": events[-1]["event_hash"] if events else genesis,
        }
        events.append({**event, "event_hash": event_hash(event)})
    return events


def write(path: Path, events: list[dict[str, Any]]) -> Path:
    path.write_bytes(b"".join(canonical_json(event) + b"\n" for event in events))
    return path


@pytest.fixture
def repo(git_repo: GitRepo) -> GitRepo:
    git_repo.commit("Start", **{"a.txt": "a\n"})
    return git_repo


def take_in(repo: GitRepo, events: list[dict[str, Any]]) -> Done:
    write(repo.path / "events.jsonl", events)
    return agency("ledger", "import", "events.jsonl", "--json", cwd=repo.path)


def test_a_log_that_verifies_is_taken_in_once_and_may_grow(repo: GitRepo) -> None:
    events = log(5)
    first = take_in(repo, events[:3])
    assert (first.code, first.document["outcome"], first.document["count"]) == (0, "stored", 3)
    assert first.document["head"] == events[2]["event_hash"]
    assert take_in(repo, events[:3]).document["outcome"] == "unchanged"
    grown = take_in(repo, events)
    assert (grown.document["outcome"], grown.document["count"]) == ("extended", 5)
    older = take_in(repo, events[:2])
    assert (older.document["outcome"], older.document["count"]) == ("unchanged", 5)
    verified = agency("ledger", "verify", "--evidence", "--json", cwd=repo.path).document
    assert (verified["verified"], verified["files"][0]["evidence"]["ok"]) == (True, 2)


def test_a_log_of_version_10_begins_with_an_empty_hash(repo: GitRepo) -> None:
    done = take_in(repo, log(3, actor="agent", genesis=""))
    assert (done.code, done.document["form"]) == (0, "caws-events-v10")
    assert take_in(repo, log(3, genesis="")).code == 1


def test_a_log_that_says_something_else_than_before_is_refused(repo: GitRepo) -> None:
    assert take_in(repo, log(3)).code == 0
    other = log(3)
    other[2]["data"] = {"gate": "budget_limit", "n": 99}
    other[2]["event_hash"] = event_hash(other[2])
    done = take_in(repo, other)
    assert (done.code, done.document["outcome"]) == (1, "refused")
    assert done.document["problems"][0] == {
        "code": "evidence.chain.parts_from_the_record",
        "message": "The line is not the one that was taken in before",
        "line": 3,
        "seq": None,
    }


@pytest.mark.parametrize("change", ["edit", "drop", "swap", "double", "cut", "spaces"])
def test_a_log_that_was_tampered_with_is_refused_and_nothing_is_recorded(repo: GitRepo, change: str) -> None:
    lines = [canonical_json(event) + b"\n" for event in log(4)]
    if change == "edit":
        lines[1] = lines[1].replace(b"budget_limit", b"budget_Limit")
    elif change == "drop":
        del lines[1]
    elif change == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    elif change == "double":
        lines.insert(1, lines[1])
    elif change == "cut":
        lines[3] = lines[3][:-5]
    else:
        lines[2] = b"{" + lines[2][1:].replace(b'"data":', b'"data":{},"data":', 1)
    (repo.path / "events.jsonl").write_bytes(b"".join(lines))
    done = agency("ledger", "import", "events.jsonl", cwd=repo.path)
    assert done.code == 1
    assert "not taken in" in done.out
    assert "evidence.chain." in done.out
    assert agency("ledger", "list", cwd=repo.path).out == ""


def test_pruning_keeps_what_was_imported(repo: GitRepo) -> None:
    take_in(repo, log(3))
    assert agency("evidence", "prune", "--keep-rulings", "0", cwd=repo.path).code == 0
    assert agency("ledger", "verify", "--evidence", "--json", cwd=repo.path).document["verified"] is True
    assert take_in(repo, log(4)).document["outcome"] == "extended"
