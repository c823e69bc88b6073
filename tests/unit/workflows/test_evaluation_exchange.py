from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_agency.canonical_json import canonical_json, digest_bytes
from agent_agency.errors import AgencyError, EvaluationError
from agent_agency.store.database import Database
from agent_agency.store.evaluation_days import sums_by_version
from agent_agency.store.evaluations import Asked
from agent_agency.workflows.evaluation_exchange import Counted, export_lines, import_file
from agent_agency.workflows.evaluation_records import save_evaluations
from agent_agency.workflows.evaluations import add_labels
from support.evaluations import evaluation, label
from support.kill_at import CALLS

TESTS = Path(__file__).resolve().parents[2]


def _store(folder: Path, name: str) -> Database:
    return Database.open(f"sqlite:///{folder}/{name}.db")


def _filled(folder: Path, count: int = 40) -> Database:
    database, chance = _store(folder, "filled"), random.Random(3)
    moments = [f"2026-01-0{chance.randint(1, 4)}T00:00:00.00{chance.randint(0, 4)}Z" for _ in range(count)]
    made = [
        evaluation(at=at, subject=number % 7, repeat=number, score=chance.random()) for number, at in enumerate(moments)
    ]
    save_evaluations(database, [*made, evaluation(judge="relevance", version="r", reasoning="\u2028 \U0001f600 \x00")])
    add_labels(database, [label(subject=number, score=0.0 if number else None) for number in range(5)])
    return database


def _exported(database: Database, asked: Asked | None = None) -> bytes:
    return b"".join(export_lines(database, asked or Asked()))


def test_what_is_brought_in_comes_out_byte_for_byte(tmp_path: Path, postgres_url: str) -> None:
    whole = _exported(_filled(tmp_path))
    (tmp_path / "export.jsonl").write_bytes(whole)
    for other in (_store(tmp_path, "other"), Database.open(postgres_url)):
        done = import_file(other, tmp_path / "export.jsonl")
        assert (done.held, done.new) == (Counted(5, 41), Counted(5, 41))
        assert _exported(other) == whole
        with other.read() as connection, _store(tmp_path, "filled").read() as first:
            assert sums_by_version(connection) == sums_by_version(first)


def test_the_order_in_which_records_came_makes_no_difference(tmp_path: Path) -> None:
    made = [evaluation(subject=number, at=f"2026-01-01T00:00:00.00{number % 3}Z") for number in range(20)]
    one, other = _store(tmp_path, "one"), _store(tmp_path, "other")
    save_evaluations(one, made)
    for each in reversed(made):
        save_evaluations(other, [each])
    assert _exported(one) == _exported(other)


def test_to_bring_it_in_again_changes_nothing(tmp_path: Path) -> None:
    database = _filled(tmp_path)
    (tmp_path / "export.jsonl").write_bytes(_exported(database))
    done = import_file(database, tmp_path / "export.jsonl")
    assert (done.held, done.new) == (Counted(5, 41), Counted(0, 0))
    assert _exported(database) == (tmp_path / "export.jsonl").read_bytes()


def test_an_export_of_one_judge_can_be_brought_in_by_itself(tmp_path: Path) -> None:
    database = _filled(tmp_path)
    (tmp_path / "export.jsonl").write_bytes(_exported(database, Asked(judge="relevance")))
    assert import_file(_store(tmp_path, "other"), tmp_path / "export.jsonl").new == Counted(0, 1)
    assert _exported(_store(tmp_path, "none")).count(b"\n") == 2


def _record(line: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    """A line of an evaluation with a change, and the digest that is right for it."""
    members = json.loads(line)["evaluation"]
    change(members)
    data = canonical_json(members)
    return canonical_json({"digest": digest_bytes(data), "evaluation": members}) + b"\n"


_DAMAGES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int, str]] = {
    "cut off": (lambda lines: lines[:-1], 48, "cut off"),
    "cut inside": (lambda lines: [*lines[:-1], lines[-1][:-1]], 48, "cut off"),
    "a line left out": (lambda lines: [*lines[:4], *lines[5:]], 47, "tells other records"),
    "two lines swapped": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], 48, "tells other records"),
    "a changed record": (lambda lines: [*lines[:9], lines[9].replace(b"safety", b"sofety"), *lines[10:]], 10, "digest"),
    "no JSON": (lambda lines: [*lines[:5], b"{\n", *lines[5:]], 6, "no canonical JSON"),
    "other spelling": (lambda lines: [*lines[:5], lines[5].replace(b":", b": ", 1), *lines[6:]], 6, "canonical"),
    "an array": (lambda lines: [*lines[:5], b"[]\n", *lines[5:]], 6, "no JSON object"),
    "another kind": (lambda lines: [*lines[:5], b'{"digest":"x","gossip":{}}\n', *lines[5:]], 6, "neither a label"),
    "no digest": (lambda lines: [*lines[:5], b'{"label":{}}\n', *lines[5:]], 6, "neither a label"),
    "a digest of another shape": (
        lambda lines: [*lines[:5], b'{"digest":7,"label":{}}\n', *lines[5:]],
        6,
        "another digest",
    ),
    "more after the end": (lambda lines: [*lines, lines[-1]], 49, "more after"),
    "no first line": (lambda lines: lines[1:], 1, "does not begin"),
    "another version": (lambda lines: [lines[0].replace(b"1", b"2"), *lines[1:]], 1, "version"),
    "nothing": (lambda _: [], 1, "cut off"),
    "a score that is none": (
        lambda lines: [*lines[:9], _record(lines[9], lambda one: one.update(score=2)), *lines[10:]],
        10,
        "'score'",
    ),
    "a member too many": (
        lambda lines: [*lines[:9], _record(lines[9], lambda one: one.update(more=2)), *lines[10:]],
        10,
        "'more'",
    ),
    "a member too few": (
        lambda lines: [*lines[:9], _record(lines[9], lambda one: one.pop("judge")), *lines[10:]],
        10,
        "'judge'",
    ),
}


@pytest.mark.parametrize("damage", _DAMAGES)
def test_a_damaged_file_is_refused_with_its_line_and_nothing_is_brought_in(tmp_path: Path, damage: str) -> None:
    change, place, why = _DAMAGES[damage]
    lines = _exported(_filled(tmp_path)).splitlines(keepends=True)
    path = tmp_path / "export.jsonl"
    path.write_bytes(b"".join(change(lines)))
    other = _store(tmp_path, "other")
    with pytest.raises(EvaluationError, match=why) as caught:
        import_file(other, path)
    assert (caught.value.line, caught.value.path, caught.value.exit_code) == (place, str(path), 2)
    assert not other.exists()


def test_a_file_that_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(AgencyError) as caught:
            import_file(_store(tmp_path, "other"), path)
        assert caught.value.stable_code == "file.unreadable"


def test_a_version_of_another_judge_undoes_the_whole_import(tmp_path: Path) -> None:
    source, other = _store(tmp_path, "source"), _store(tmp_path, "other")
    save_evaluations(source, [evaluation(subject=number) for number in range(700)])
    save_evaluations(source, [evaluation(judge="relevance", version="taken", at="2027-01-01T00:00:00.000Z")])
    (tmp_path / "export.jsonl").write_bytes(_exported(source))
    save_evaluations(other, [evaluation(judge="rubric", version="taken")])
    before = _exported(other)
    with pytest.raises(EvaluationError, match="is one of the judge rubric"):
        import_file(other, tmp_path / "export.jsonl")
    assert _exported(other) == before


@pytest.mark.skipif(not CALLS, reason="NOT RUN: killing at each call needs ptrace on Linux")
def test_a_kill_while_records_are_brought_in_leaves_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "export.jsonl").write_bytes(_exported(_filled(tmp_path)))
    program = [
        sys.executable,
        str(TESTS / "support" / "import_kills.py"),
        str(tmp_path),
        str(tmp_path / "export.jsonl"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run([*program, "13"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    kills = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(kills) > 3
    for kill in kills:
        assert kill["left"] in ([0, 1, 1], [5, 42, 42]), kill
        assert kill["left"] == [5, 42, 42] or not kill["told"], kill
    assert kills[0]["left"] == [0, 1, 1]
    assert kills[-1]["left"] == [5, 42, 42]


def test_labels_that_claim_to_come_from_rulings_are_told_as_no_file_can_prove_it(tmp_path: Path) -> None:
    database = _store(tmp_path, "theirs")
    add_labels(database, [label(subject="a", source="ruling", who="me, honestly"), label(subject="b")])
    (tmp_path / "export.jsonl").write_bytes(_exported(database))
    assert import_file(_store(tmp_path, "ours"), tmp_path / "export.jsonl").rulings == 1
