"""``agency trend`` as people run it: on the store's evaluations and on a file."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from agent_agency.store import evaluations, labels
from agent_agency.store.database import Database
from agent_agency.store.evaluation_record import recorded
from agent_agency.store.labels import recorded_label
from support.command import Done
from support.evaluations import evaluation, label
from support.warm_command import agency


def _run(folder: Path, *args: str) -> Done:
    return agency("trend", *args, cwd=folder, env={"AGENCY_STORE_URL": f"sqlite:///{folder}/agency.db"})


def _judged(folder: Path) -> None:
    """Thirty days of a judge that was right nine times of ten, and on the last five days half the time."""
    chance = random.Random(5)
    database = Database.open(f"sqlite:///{folder}/agency.db")
    with database.write() as connection:
        truth = [label(subject=number, source="truth") for number in range(40)]
        labels.add(connection, [recorded_label(one) for one in truth])
        for day in range(1, 31):
            share = 0.9 if day <= 25 else 0.5
            answers = [
                evaluation(
                    at=f"2026-01-{day:02}T08:00:00.000Z",
                    subject=number,
                    verdict="abstain" if number == 0 else "pass" if chance.random() < share else "fail",
                    score=None if number == 0 else 1.0,
                    confidence=None if number == 0 else 0.5,
                    abstained_because="unsure" if number == 0 else "",
                )
                for number in range(40)
            ]
            evaluations.add(connection, [recorded(one) for one in answers])
    database.close()


def test_a_judge_that_got_worse_is_told_from_its_evaluations(tmp_path: Path) -> None:
    _judged(tmp_path)
    shown = _run(tmp_path, "show", "--judge", "safety", "--since", "2026-01-03", "--json").document
    assert shown["metric"] == "accuracy"
    assert {point["n"] for point in shown["points"]} == {39}
    assert shown["change_points"] == ["2026-01-26T00:00:00+00:00"]
    assert (shown["verdict"], shown["change"] < 0) == ("declining", True)
    alerts = _run(tmp_path, "alerts", "--json")
    assert (alerts.code, alerts.document["degraded"]) == (1, 1)
    other = _run(tmp_path, "alerts", "--metric", "abstention")
    assert (other.code, other.out.startswith("safety, abstention: quiet; 0.025 now")) == (0, True)


def test_without_a_store_there_is_nothing_to_watch(tmp_path: Path) -> None:
    done = _run(tmp_path, "alerts")
    assert (done.code, done.out) == (0, "nothing to watch: no evaluation has a label yet\n")
    assert not (tmp_path / "agency.db").exists()
    assert _run(tmp_path, "show").code == 2


def _series(folder: Path, *more: dict[str, object]) -> None:
    rows = [{"time": f"2026-01-{day:02}", "value": 0.5 + day / 100, "n": 50} for day in range(1, 21)]
    (folder / "s.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in [*rows, *more]))


def test_a_file_is_judged_and_drawn(tmp_path: Path) -> None:
    _series(tmp_path)
    told = _run(tmp_path, "show", "--from", "s.jsonl", "--picture", "one.svg")
    assert told.out.startswith("series, value: improving over 20 points\nfrom 2026-01-01 to 2026-01-20: +0.19 (95 %")
    assert (tmp_path / "one.svg").read_bytes().startswith(b"<?xml")


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    _series(tmp_path, {"time": "2026-01-21", "value": None})
    done = _run(tmp_path, "show", "--from", "s.jsonl")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("agency: s.jsonl:21: value is no number. Leave the line out")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--picture", "a.txt"), "ends in .svg or .png"),
        (("--from", "none.jsonl"), "no such file"),
        (("--metric", "speed"), "accuracy and abstention"),
        (("--since", "2026-1-1"), "is no day"),
        (("--from", "s.jsonl", "--since", "2026-01-01"), "choose one"),
        (("--from", "s.jsonl", "--judge", "x"), "no series of x"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path: Path, args: tuple[str, ...], why: str) -> None:
    _series(tmp_path)
    done = _run(tmp_path, "show", *args)
    assert (done.code, done.out) == (2, "")
    assert why in done.err
    assert done.err.count("\n") == 1
