"""Appeals when processes are killed, and when several act at the same moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agent_agency.arbitration.appeals.model import Appeal, State
from agent_agency.errors import AppealError
from support.appeals import Town, make_town
from support.kill_at import CALLS

TESTS = Path(__file__).resolve().parents[2]
needs_tracing = pytest.mark.skipif(not CALLS, reason="NOT RUN: killing at each call needs ptrace on Linux")
TOGETHER = {"appeal_reviewed", "appeal_decided", "label", "case_closed"}


def _sweep(folder: Path, stride: int) -> list[dict[str, Any]]:
    program = [sys.executable, str(TESTS / "support" / "appeal_kills.py"), str(folder), str(stride)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _check(kills: list[dict[str, Any]]) -> None:
    for kill in kills:
        left = kill["left"]
        assert isinstance(left, dict), (left, kill["calls"])
        there = TOGETHER & set(left["before"])
        assert there in (set(), TOGETHER), kill
        assert left["before"].count("ruling") == (2 if there else 1), kill
        assert left["state"] == "overturned", kill
        assert left["follows"] == "same", kill
        assert left["labels"] == 1
        assert [left["kinds"].count(kind) for kind in (*sorted(TOGETHER), "ruling")] == [1, 1, 1, 1, 2], kill
    assert not kills[-1]["killed"]


@needs_tracing
def test_a_kill_between_writes_leaves_the_appeal_undecided_or_decided_whole(tmp_path: Path) -> None:
    _check(_sweep(tmp_path, stride=31))


@needs_tracing
@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_kill_between_any_two_writes_leaves_the_appeal_undecided_or_decided_whole(tmp_path: Path) -> None:
    _check(_sweep(tmp_path, stride=1))


def _votes(town: Town, appeal: Appeal, who: str) -> str:
    try:
        return str(town.vote(appeal, who).state)
    except AppealError as error:
        return error.message


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("town") / "repo"
    return make_town(folder, config="[law]\nappeal_reviewers = [2, 3, 4]\n")


def test_two_last_votes_at_once_give_one_decision(town: Town) -> None:
    appeal = town.file(town.ruling.ruling_id, [town.false_positive(town.ruling)])
    town.vote(appeal, "judge1")
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda who: _votes(town, appeal, who), ["judge2", "judge3", "judge4", "judge5"]))
    assert told.count("overturned") == 1
    others = [text for text in told if text != "overturned"]
    assert all("decided" in text or "panel was full" in text for text in others), others
    with town.registry() as registry:
        kinds = [entry.kind for entry in registry.record.ledger.entries()]
    assert (kinds.count("appeal_decided"), kinds.count("ruling"), kinds.count("label")) == (1, 2, 1)
    assert len(town.look(appeal).reviews) == 2
    assert town.look(appeal).state is State.OVERTURNED


def test_two_filings_at_once_leave_one_appeal(tmp_path: Path) -> None:
    other = make_town(tmp_path / "repo")
    claim = other.false_positive(other.ruling)

    def file(who: str) -> str:
        try:
            return other.file(other.ruling.ruling_id, [claim], by=who).id
        except AppealError as error:
            return error.message

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(file, ["judge1", "judge2"]))
    assert sum(text.startswith("A-") for text in told) == 1, told
